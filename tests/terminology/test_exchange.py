"""Code maps in other tools' forms: round trips are lossless, or the loss is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.kernel.issues import blocks
from workbench.terminology.code_map import CodeMap, CodeMapRow, Mark, Relationship, RowStatus
from workbench.terminology.codes import Coding, Concept
from workbench.terminology.exchange.concept_map_r5 import from_concept_map_r5, is_r5, to_concept_map_r5
from workbench.terminology.exchange.fhir_codes import to_code_system, to_value_set
from workbench.terminology.exchange.files import read_map, write_map
from workbench.terminology.exchange.sssom import read_sssom, write_sssom
from workbench.terminology.releases.fhir_resources import code_system_records, value_set_codings
from workbench.validation.fhir_validator import validate_value

LOINC = "http://loinc.org"
EVERY = frozenset(RowStatus)
MAP = CodeMap(
    "lab",
    title="Laboratory",
    source_system="urn:l",
    target_system=LOINC,
    rows=(
        CodeMapRow(
            Coding("urn:l", "NA", "Sodium"),
            Coding(LOINC, "2951-2", "Sodium [Moles/volume]"),
            status=RowStatus.APPROVED,
            author="ann",
            approver="bob",
            decided="2026-05-04",
        ),
        CodeMapRow(
            Coding("urn:l", "007", "Glucose"),
            Coding(LOINC, "2345-7", "Glucose"),
            Relationship.SOURCE_IS_NARROWER,
            RowStatus.MAPPED,
            author="ann",
            sender="LAB 1",
        ),
        CodeMapRow(
            Coding("urn:l", "B"),
            Coding(LOINC, "1-8"),
            Relationship.SOURCE_IS_BROADER,
            RowStatus.IN_REVIEW,
            comment="two kinds, one code",
            marks=frozenset({Mark.FLAGGED, Mark.STALE}),
            decided="2026-05-05",
        ),
        CodeMapRow(
            Coding("urn:l", "HOLD", "Tube"),
            status=RowStatus.NO_MAP,
            comment="not a test",
            author="ann",
            decided="2026-05-06",
        ),
    ),
)
words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
maps = st.lists(
    st.tuples(words, words, words, st.sampled_from(list(Relationship))), max_size=6, unique_by=lambda r: r[0]
)


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json", "r5.json", "sssom.tsv"])
def test_a_map_survives_the_way_through_a_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"lab.{ending}"
    write_map(MAP, path, draft=True)
    back, _ = read_map(path)
    assert back.rows == MAP.rows
    assert (back.id, back.source_system, back.target_system) == (MAP.id, MAP.source_system, MAP.target_system)


@pytest.mark.parametrize("ending", ["codesystem.json", "valueset.json"])
def test_the_codes_of_a_map_go_out_as_valid_resources(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"lab.{ending}"
    write_map(MAP, path, draft=True)
    resource = json.loads(path.read_text(encoding="utf-8"))
    assert [issue.text for issue in validate_value(resource) if blocks(issue)] == []
    if ending == "codesystem.json":
        assert {concept["code"] for concept in resource["concept"]} == {row.source.code for row in MAP.rows}
    else:
        assert set(value_set_codings(resource)[0]) == {row.target for row in MAP.rows if row.target}


def test_local_codes_without_one_system_are_no_code_system(tmp_path: Path) -> None:
    named = CodeMap("lab", rows=(CodeMapRow(Coding("L", "a"), None, status=RowStatus.NO_MAP, comment="why"),))
    with pytest.raises(Refused) as refused:
        write_map(named, tmp_path / "lab.codesystem.json")
    assert refused.value.code == "TERM-0015"


def test_only_approved_rows_leave_and_what_stays_is_named(tmp_path: Path) -> None:
    issues = write_map(MAP, tmp_path / "lab.sssom.tsv")
    back, _ = read_map(tmp_path / "lab.sssom.tsv")
    assert [row.status for row in back.rows] == [RowStatus.APPROVED, RowStatus.NO_MAP]
    assert issues[0].text == "2 rows that nobody approved were left out."


def test_r5_says_the_relationship_from_the_source_and_no_map_without_targets() -> None:
    resource, _ = to_concept_map_r5(MAP, EVERY)
    elements = {element["code"]: element for element in resource["group"][0]["element"]}
    assert elements["007"]["target"][0]["relationship"] == "source-is-narrower-than-target"
    assert elements["HOLD"]["noMap"] is True
    assert "target" not in elements["HOLD"]
    assert resource["additionalAttribute"][0]["code"] == "sender"
    assert is_r5(resource)


def test_r4_and_r5_of_one_map_are_one_map(tmp_path: Path) -> None:
    write_map(MAP, tmp_path / "a.json", draft=True)
    write_map(MAP, tmp_path / "b.r5.json", draft=True)
    assert read_map(tmp_path / "a.json")[0].rows == read_map(tmp_path / "b.r5.json")[0].rows
    assert not is_r5(json.loads((tmp_path / "a.json").read_text(encoding="utf-8")))


def test_a_foreign_r5_map_arrives_as_mapped_rows() -> None:
    element = {"code": "A", "target": [{"code": "1", "relationship": "related-to"}]}
    no_map = {"code": "B", "noMap": True}
    group = {"source": "urn:l", "target": LOINC, "element": [element, no_map]}
    back, _ = from_concept_map_r5({"resourceType": "ConceptMap", "id": "x", "status": "draft", "group": [group]})
    assert [(row.relationship, row.status) for row in back.rows] == [
        (Relationship.RELATED, RowStatus.MAPPED),
        (Relationship.EQUIVALENT, RowStatus.NO_MAP),
    ]


@given(maps)
def test_sssom_is_lossless(rows: list[tuple[str, str, str, Relationship]]) -> None:
    built = tuple(
        CodeMapRow(Coding("urn:l", a, b), Coding(LOINC, c, b), relationship, RowStatus.MAPPED, comment=b)
        for a, b, c, relationship in rows
    )
    code_map = CodeMap("m", source_system="urn:l", target_system=LOINC, rows=built)
    back, issues = read_sssom(write_sssom(code_map, EVERY, "test 1"), "m")
    assert (back.rows, issues) == (built, ())


def test_sssom_names_the_direction_from_the_target() -> None:
    text = write_sssom(MAP, EVERY, "test 1")
    assert "\tskos:broadMatch\t" in next(line for line in text.splitlines() if ":007\t" in line)
    assert "sssom:NoTermFound" in text


def test_a_foreign_sssom_table_is_read_by_its_curie_map() -> None:
    text = (
        "#curie_map:\n#  A: https://a.example/\n#mapping_set_id: https://a.example/set\n"
        "subject_id\tsubject_label\tpredicate_id\tobject_id\tmapping_justification\treviewer_label\n"
        "A:1\tone\tskos:closeMatch\tLN:2-3\tsemapv:ManualMappingCuration\tCat\n"
        "A:2\ttwo\tx:strange\tLN:2-4\tsemapv:ManualMappingCuration\t\n"
    )
    back, issues = read_sssom(text, "set")
    assert back.rows[0].source == Coding("https://a.example/", "1", "one")
    assert (back.rows[0].relationship, back.rows[0].status) == (Relationship.RELATED, RowStatus.IN_REVIEW)
    assert [issue.rule for issue in issues] == ["TERM-0213"]
    with pytest.raises(Refused, match="subject_id"):
        read_sssom("a\tb\n1\t2\n", "x")


def test_usagi_keeps_our_codes_beside_and_warns_of_its_direction(tmp_path: Path) -> None:
    issues = write_map(MAP, tmp_path / "lab.usagi.csv", draft=True)
    assert {"TERM-0210", "TERM-0211"} <= {issue.rule for issue in issues}
    back, read_issues = read_map(tmp_path / "lab.usagi.csv")
    assert [row.target for row in back.rows] == [row.target for row in MAP.rows]
    assert [row.relationship for row in back.rows] == [row.relationship for row in MAP.rows]
    assert back.rows[0].status is RowStatus.APPROVED
    assert "TERM-0210" in {issue.rule for issue in read_issues}


def test_an_approval_in_usagi_by_one_person_is_no_approval_here(tmp_path: Path) -> None:
    text = "sourceCode,sourceName,mappingStatus,equivalence,conceptId,conceptName,createdBy,statusSetBy\n"
    text += "A,a,APPROVED,EQUAL,3,c,ann,ann\n"
    (tmp_path / "u.csv").write_text(text, encoding="utf-8")
    back, _ = read_map(tmp_path / "u.csv")
    assert (back.rows[0].status, back.rows[0].approver) == (RowStatus.IN_REVIEW, "")


def test_a_plain_table_becomes_a_map_and_a_wrong_one_names_its_row(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("source_code,target_code\nA,1\nB,\n", encoding="utf-8")
    back, _ = read_map(tmp_path / "plain.csv")
    assert [row.status for row in back.rows] == [RowStatus.MAPPED, RowStatus.UNMAPPED]
    (tmp_path / "plain.csv").write_text("source_code,target_code,status\nA,1,odd\n", encoding="utf-8")
    with pytest.raises(Refused, match="row 2"):
        read_map(tmp_path / "plain.csv")


def test_code_systems_and_value_sets_go_out_and_come_back() -> None:
    concepts = (
        Concept(Coding("urn:s", "a", "Alpha"), ("first",), {"colour": "red"}),
        Concept(Coding("urn:s", "b", "Beta"), retired=True, replaced_by=("a",)),
    )
    records = list(code_system_records(to_code_system("urn:s", "S", "1", concepts)))
    assert [(r.code, r.text, r.synonyms, r.properties, r.retired, r.replaced_by) for r in records] == [
        ("a", "Alpha", ("first",), {"colour": "red"}, False, ()),
        ("b", "Beta", (), {}, True, ("a",)),
    ]
    codings = (Coding("urn:s", "a", "Alpha"), Coding("urn:t", "x"))
    assert value_set_codings(to_value_set("urn:v", "V", codings)) == (codings, ())


def test_children_of_concepts_and_expansions_are_read_and_open_parts_named() -> None:
    nested = {"resourceType": "CodeSystem", "url": "urn:s", "concept": [{"code": "a", "concept": [{"code": "b"}]}]}
    assert [record.code for record in code_system_records(nested)] == ["a", "b"]
    value_set = {
        "resourceType": "ValueSet",
        "compose": {
            "include": [
                {"system": "urn:s", "concept": [{"code": "a"}, {"code": "b"}]},
                {"system": "urn:t", "filter": [{"property": "x", "op": "=", "value": "y"}]},
            ],
            "exclude": [{"system": "urn:s", "concept": [{"code": "b"}]}],
        },
    }
    codings, issues = value_set_codings(value_set)
    assert codings == (Coding("urn:s", "a"),)
    assert [issue.rule for issue in issues] == ["TERM-0214"]
    with pytest.raises(Refused):
        value_set_codings({"resourceType": "Patient"})


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="form"):
        write_map(replace(MAP, rows=()), tmp_path / "x.doc")


@pytest.mark.parametrize(
    "broken",
    [{"group": True}, {"group": 5}, {"group": [{"element": 5}]}, {"group": [{"element": [{"target": True}]}]}],
)
def test_a_concept_map_of_the_wrong_form_is_refused(tmp_path: Path, broken: dict[str, object]) -> None:
    path = tmp_path / "map.json"
    for version in ({}, {"sourceScopeUri": "urn:v"}):
        path.write_text(json.dumps({"resourceType": "ConceptMap", "status": "draft", **broken, **version}))
        with pytest.raises(Refused) as refused:
            read_map(path)
        assert refused.value.code == "TERM-0010"


def test_an_sssom_head_without_prefixes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.sssom.tsv"
    path.write_text("#curie_map: none\nsubject_id\tpredicate_id\tobject_id\n")
    with pytest.raises(Refused) as refused:
        read_map(path)
    assert refused.value.code == "TERM-0013"
