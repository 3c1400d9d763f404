"""Code maps: what they translate, what their files keep, what they refuse."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.terminology.code_map import (
    CodeMap,
    CodeMapRow,
    MapStatus,
    Mark,
    Relationship,
    RowStatus,
    UnmappedPolicy,
    format_code_map,
    load_code_map,
    map_problem,
    read_code_map,
)
from workbench.terminology.codes import Coding

LOCAL, LOINC = "urn:oid:1.2.3", "http://loinc.org"
SEX = """\
## Shipped with the product.
# id: administrative-sex
# source_system: http://terminology.hl7.org/CodeSystem/v2-0001
# target_system: http://hl7.org/fhir/administrative-gender
# unmapped: default
# default: http://hl7.org/fhir/administrative-gender|unknown|Unknown
# citation: HL7 v2-to-FHIR IG, Table HL70001
source_code,source_display,target_code,relationship,status,comment
F,Female,female,equivalent,approved,
## The guide has no better word.
A,"Ambiguous, says 2.5.1",other,source-is-narrower-than-target,approved,
X,Indeterminate,,,no-map,"Local, never sent"
"""


def row(code: str, target: str | None = "2951-2", status: RowStatus = RowStatus.MAPPED, **other: str) -> CodeMapRow:
    relationship = Relationship(other.pop("relationship", Relationship.EQUIVALENT))
    return CodeMapRow(
        Coding(other.pop("system", LOCAL), code),
        Coding(LOINC, target) if target else None,
        relationship=relationship,
        status=status,
        **other,
    )


def lab(*rows: CodeMapRow, **other: str) -> CodeMap:
    return CodeMap("lab", source_system=LOCAL, target_system=LOINC, rows=rows, **other)


def targets(code_map: CodeMap, *question: str) -> list[str]:
    return [found.target.code for found in code_map.translate(*question) if found.target]


def test_a_file_is_read_with_its_head_rows_and_remarks() -> None:
    code_map = read_code_map(SEX, "sex.csv")
    assert code_map.unmapped is UnmappedPolicy.DEFAULT
    assert code_map.default == Coding("http://hl7.org/fhir/administrative-gender", "unknown", "Unknown")
    assert code_map.remarks == ("Shipped with the product.",)
    assert [r.source.code for r in code_map.rows] == ["F", "A", "X"]
    assert code_map.rows[1].source.display == "Ambiguous, says 2.5.1"
    assert code_map.rows[1].remarks == ("The guide has no better word.",)
    assert code_map.rows[1].relationship is Relationship.SOURCE_IS_NARROWER
    assert code_map.rows[0].target == Coding("http://hl7.org/fhir/administrative-gender", "female")


def test_what_is_written_is_what_was_read_and_stays_stable() -> None:
    code_map = read_code_map(SEX, "sex.csv")
    written = format_code_map(code_map)
    assert read_code_map(written, "again") == code_map
    assert format_code_map(read_code_map(written, "again")) == written
    assert "## The guide has no better word.\nA," in written


def test_a_file_with_windows_line_ends_and_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sex.csv"
    path.write_bytes(b"\xef\xbb\xbf" + SEX.replace("\n", "\r\n").encode())
    assert load_code_map(path) == read_code_map(SEX, "sex.csv")


def test_a_code_has_as_many_targets_as_it_has_rows() -> None:
    assert targets(lab(row("LYTES", "2951-2"), row("LYTES", "2823-3"), row("NA")), "LYTES") == ["2951-2", "2823-3"]


def test_codes_are_compared_as_written() -> None:
    assert targets(lab(row("na")), "NA") == []
    assert targets(lab(row("007")), "7") == []


def test_a_sender_s_row_wins_over_the_row_for_everybody() -> None:
    code_map = lab(row("GLU", "2345-7"), row("GLU", "2339-0", sender="POC"))
    assert targets(code_map, "GLU", "", "POC") == ["2339-0"]
    assert targets(code_map, "GLU", "", "MAIN") == ["2345-7"]
    assert targets(code_map, "GLU") == ["2345-7"]


def test_a_sender_s_no_map_hides_the_row_for_everybody() -> None:
    code_map = lab(row("GLU"), row("GLU", None, RowStatus.NO_MAP, sender="POC", comment="means a panel there"))
    assert targets(code_map, "GLU", "", "POC") == []
    assert targets(code_map, "GLU", "", "MAIN") == ["2951-2"]


@pytest.mark.parametrize("status", [RowStatus.SUGGESTED, RowStatus.REJECTED])
def test_a_row_no_person_stands_for_does_not_translate(status: RowStatus) -> None:
    assert targets(lab(row("NA", status=status)), "NA") == []


def test_a_row_that_is_not_related_does_not_translate() -> None:
    assert targets(lab(row("NA", relationship=Relationship.NOT_RELATED, comment="other specimen")), "NA") == []


def test_a_foreign_system_is_not_translated_and_no_system_matches_any() -> None:
    assert targets(lab(row("NA")), "NA", "urn:oid:9.9") == []
    assert targets(lab(row("NA")), "NA", LOCAL) == ["2951-2"]
    anywhere = CodeMap("any", target_system=LOINC, rows=(row("NA", system=""),))
    assert targets(anywhere, "NA", "urn:oid:9.9") == ["2951-2"]


@pytest.mark.parametrize("code", ["##1", "#1", " 1 ", 'a"b', "a,b", "a\nb"])
def test_a_code_that_looks_like_something_else_survives_its_file(code: str) -> None:
    code_map = lab(row(code), row("NA"))
    assert read_code_map(format_code_map(code_map), "x.csv") == code_map


HEAD = "# id: x\n# target_system: http://loinc.org\n"
DEFECTS = {
    "an unknown column": (HEAD + "source_code,target_code,colour\n", "TERM-0003", 3),
    "a missing column": (HEAD + "source_code,comment\n", "TERM-0003", 3),
    "a doubled column": (HEAD + "source_code,target_code,comment,comment\n", "TERM-0003", 3),
    "no columns at all": (HEAD, "TERM-0003", 2),
    "a misspelt head key": ("# id: x\n# unmaped: error\n", "TERM-0002", 2),
    "a doubled head key": ("# id: x\n# id: y\n", "TERM-0002", 2),
    "an unknown policy": ("# id: x\n# unmapped: guess\nsource_code,target_code\n", "TERM-0002", 1),
    "no id": ("source_code,target_code\nA,B\n", "TERM-0002", 1),
    "a default that is not given": ("# id: x\n# unmapped: default\nsource_code,target_code\n", "TERM-0002", 1),
    "too few cells": (HEAD + "source_code,target_code\nA\n", "TERM-0004", 4),
    "an open quote": (HEAD + 'source_code,target_code\nA,"B\n', "TERM-0004", 4),
    "an unknown status": (HEAD + "source_code,target_code,status\nA,B,fine\n", "TERM-0004", 4),
    "an unknown relationship": (HEAD + "source_code,target_code,relationship\nA,B,wider\n", "TERM-0004", 4),
    "no source code": (HEAD + "source_code,target_code\n,B\n", "TERM-0004", 4),
    "a doubled row": (HEAD + "source_code,target_code\nA,B\n## why\nA,B\n", "TERM-0004", 6),
    "mapped without target": (HEAD + "source_code,target_code,status\nA,,mapped\n", "TERM-0004", 4),
    "no map with a target": (HEAD + "source_code,target_code,status,comment\nA,B,no-map,why\n", "TERM-0004", 4),
    "no map without a reason": (HEAD + "source_code,target_code,status\nA,,no-map\n", "TERM-0004", 4),
    "no map beside a map": (
        HEAD + "source_code,target_code,status,comment\nA,,no-map,panel\nA,B,mapped,\n",
        "TERM-0004",
        5,
    ),
    "loss without a comment": (
        HEAD + "source_code,target_code,relationship\nA,B,source-is-broader-than-target\n",
        "TERM-0004",
        4,
    ),
    "approved by nobody": (HEAD + "source_code,target_code,status\nA,B,approved\n", "TERM-0004", 4),
    "approved by its author": (
        HEAD + "source_code,target_code,status,author,approver\nA,B,approved,Ann, ann\n",
        "TERM-0004",
        4,
    ),
}


@pytest.mark.parametrize("what", DEFECTS)
def test_a_defective_file_is_refused_with_its_line(what: str) -> None:
    text, code, line = DEFECTS[what]
    with pytest.raises(Refused) as refusal:
        read_code_map(text, "codes/x.csv")
    assert refusal.value.code == code
    assert f"codes/x.csv, line {line}:" in refusal.value.text


def test_an_authored_row_needs_an_approver_even_in_a_cited_map() -> None:
    approved = row("NA", status=RowStatus.APPROVED, author="Ann")
    assert map_problem(lab(approved, citation="a guide")) == (0, "An approved row needs an approver.")
    assert map_problem(lab(row("NA", status=RowStatus.APPROVED), citation="a guide")) is None


def test_a_missing_file_and_one_in_another_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="There is no code map"):
        load_code_map(tmp_path / "none.csv")
    latin = tmp_path / "latin.csv"
    latin.write_bytes(b"# id: x\n# title: Gr\xf6\xdfe\n")
    with pytest.raises(Refused, match="is not UTF-8"):
        load_code_map(latin)


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
one_line = words.map(lambda text: " ".join(text.split()))
no_breaks = one_line.filter(lambda text: len(text.splitlines()) <= 1)


@st.composite
def code_maps(draw: st.DrawFn) -> CodeMap:
    system = draw(st.sampled_from(["", LOCAL]))
    codes = draw(st.lists(st.text(min_size=1, max_size=6).filter(lambda t: t.isprintable()), unique=True, max_size=5))
    rows = tuple(
        CodeMapRow(
            Coding(draw(st.sampled_from([system or "L", "urn:oid:9"])), code, draw(words)),
            draw(st.one_of(st.none(), st.builds(Coding, st.just(LOINC), st.text(min_size=1, max_size=4), words))),
            relationship=draw(st.sampled_from(Relationship)),
            status=RowStatus.DRAFT,
            author=draw(words),
            comment=draw(words) + "because",
            sender=draw(words),
            remarks=tuple(draw(st.lists(no_breaks, max_size=2))),
            marks=draw(st.frozensets(st.sampled_from(Mark))),
            decided=draw(st.sampled_from(["", "2026-05-04"])),
        )
        for code in codes
    )
    return CodeMap(
        "x",
        title=draw(no_breaks),
        source_system=system,
        target_system=LOINC,
        rows=rows,
        unmapped=draw(st.one_of(st.none(), st.just(UnmappedPolicy.ERROR))),
        status=draw(st.sampled_from(MapStatus)),
        remarks=tuple(draw(st.lists(no_breaks, max_size=2))),
        closing_remarks=tuple(draw(st.lists(no_breaks, max_size=2))),
    )


@given(code_maps())
def test_every_code_map_survives_its_file(code_map: CodeMap) -> None:
    assert read_code_map(format_code_map(code_map), "x.csv") == code_map
