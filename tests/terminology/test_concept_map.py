"""Code maps as FHIR R4 ConceptMaps and back."""

import pytest

from workbench.kernel.errors import Refused
from workbench.terminology.code_map import CodeMap, CodeMapRow, MapStatus, Relationship, RowStatus, UnmappedPolicy
from workbench.terminology.codes import Coding
from workbench.terminology.concept_map import SENDER_PROPERTY, computable_name, from_concept_map, to_concept_map

LOCAL, LOINC = "urn:oid:1.2.3", "http://loinc.org"


def row(code: str, target: str | None, **other: object) -> CodeMapRow:
    coding = Coding(LOINC, target, "a test") if target else None
    status = RowStatus.APPROVED if target else RowStatus.NO_MAP
    return CodeMapRow(Coding(LOCAL, code, code.title()), coding, **{"status": status, "comment": "why", **other})


def lab(*rows: CodeMapRow, **other: object) -> CodeMap:
    head = {"source_system": LOCAL, "target_system": LOINC, "status": MapStatus.ACTIVE, "citation": "a guide", **other}
    return CodeMap("lab", rows=rows, **head)


def target_of(*rows: CodeMapRow, **other: object) -> dict:
    return to_concept_map(lab(*rows, **other))[0]["group"][0]["element"][0]["target"][0]


@pytest.mark.parametrize(
    ("relationship", "equivalence"),
    [
        (Relationship.EQUIVALENT, "equivalent"),
        (Relationship.SOURCE_IS_NARROWER, "wider"),
        (Relationship.SOURCE_IS_BROADER, "narrower"),
        (Relationship.RELATED, "relatedto"),
        (Relationship.NOT_RELATED, "disjoint"),
    ],
)
def test_r4_says_the_direction_from_the_target(relationship: Relationship, equivalence: str) -> None:
    assert target_of(row("NA", "2951-2", relationship=relationship))["equivalence"] == equivalence


@pytest.mark.parametrize(
    ("equivalence", "relationship"),
    [
        ("equal", Relationship.EQUIVALENT),
        ("subsumes", Relationship.SOURCE_IS_NARROWER),
        ("specializes", Relationship.SOURCE_IS_BROADER),
        ("inexact", Relationship.RELATED),
    ],
)
def test_r4_words_without_an_r5_word_of_their_own_stay_in_the_comment(
    equivalence: str, relationship: Relationship
) -> None:
    resource, _ = to_concept_map(lab(row("NA", "2951-2")))
    resource["group"][0]["element"][0]["target"][0] = {"code": "2951-2", "equivalence": equivalence}
    read, _ = from_concept_map(resource)
    assert read.rows[0].relationship is relationship
    assert f"R4 equivalence: {equivalence}" in read.rows[0].comment


def test_everything_but_remarks_survives_the_round_trip() -> None:
    code_map = lab(
        row("NA", "2951-2", author="Ann; A]", approver="Bob = B", comment="two\nlines"),
        row("NA", "2947-0", sender="POC", relationship=Relationship.SOURCE_IS_NARROWER),
        row("OLD", None, comment="not made any more", author="Ann"),
        row("GLU", "2345-7", comment="see [a=b]"),
        row("K", "2823-3", comment="[status=approved]", status=RowStatus.MAPPED),
        unmapped=UnmappedPolicy.DEFAULT,
        default=Coding(LOINC, "0-0", "None"),
        title="Laboratory",
        url="http://example.org/lab",
        version="1.2.0",
    )
    resource, lost = to_concept_map(code_map, statuses={*RowStatus})
    read, noticed = from_concept_map(resource)
    assert (lost, noticed) == ((), ())
    assert read == code_map


def test_a_row_for_one_sender_depends_on_the_sender() -> None:
    assert target_of(row("NA", "2951-2", sender="POC"))["dependsOn"] == [{"property": SENDER_PROPERTY, "value": "POC"}]


def test_no_map_is_said_as_unmatched() -> None:
    target = target_of(row("OLD", None))
    assert target["equivalence"] == "unmatched"
    assert "code" not in target


def test_only_approved_and_no_map_rows_go_along_and_the_rest_is_counted() -> None:
    code_map = lab(row("NA", "2951-2"), row("K", "2823-3", status=RowStatus.SUGGESTED, remarks=("hm",)))
    resource, lost = to_concept_map(code_map)
    assert [element["code"] for element in resource["group"][0]["element"]] == ["NA"]
    assert [issue.text for issue in lost] == [
        "1 rows that are suggested were left out.",
        "1 remark lines of the code map file were left out: a ConceptMap has no place for them.",
    ]


def test_the_same_map_gives_the_same_resource_twice() -> None:
    assert to_concept_map(lab(row("NA", "2951-2"))) == to_concept_map(lab(row("NA", "2951-2")))


def test_an_id_that_fhir_does_not_allow_is_kept_beside_one_that_it_does() -> None:
    resource, _ = to_concept_map(CodeMap("lab codes/äöü"))
    assert resource["id"] == "lab-codes----"
    assert from_concept_map(resource)[0].id == "lab codes/äöü"


FOREIGN = {
    "resourceType": "ConceptMap",
    "id": "foreign",
    "status": "active",
    "description": "Made elsewhere.",
    "group": [
        {
            "source": LOCAL,
            "target": LOINC,
            "element": [
                {"code": "NA", "target": [{"code": "2951-2", "equivalence": "equivalent"}]},
                {
                    "code": "K",
                    "target": [
                        {
                            "code": "2823-3",
                            "equivalence": "equivalent",
                            "dependsOn": [{"property": "http://x.org/specimen", "value": "serum"}],
                        }
                    ],
                },
                {"code": "OPEN"},
            ],
            "unmapped": {"mode": "provided"},
        }
    ],
}


def test_another_s_map_is_mapped_not_approved_and_conditional_rows_wait_for_a_person() -> None:
    code_map, noticed = from_concept_map(FOREIGN)
    assert [r.status for r in code_map.rows] == [RowStatus.MAPPED, RowStatus.SUGGESTED, RowStatus.UNMAPPED]
    assert code_map.translate("K") == ()
    assert code_map.unmapped is UnmappedPolicy.PRESERVE
    assert [issue.rule for issue in noticed] == ["TERM-0204", "TERM-0205", "TERM-0203"]
    assert noticed[0].location.path == "ConceptMap.group[0].element[1].target[0]"


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Patient"},
        {"resourceType": "ConceptMap", "group": {}},
        {"resourceType": "ConceptMap", "id": "x", "group": [{"element": [{"code": 1}]}]},
        {"resourceType": "ConceptMap", "id": "x", "status": "odd"},
        {"resourceType": "ConceptMap", "status": "active"},
        {
            "resourceType": "ConceptMap",
            "id": "x",
            "group": [{"element": [{"code": "A", "target": [{"code": "B", "equivalence": "source-is-narrower"}]}]}],
        },
    ],
)
def test_what_is_no_r4_concept_map_is_refused(resource: dict) -> None:
    with pytest.raises(Refused) as refusal:
        from_concept_map(resource)
    assert refusal.value.code == "TERM-0010"


@pytest.mark.parametrize(
    ("identity", "name"), [("address-use", "AddressUse"), ("v2_0001.x", "V20001X"), ("0001", "Map0001"), ("", "Map")]
)
def test_a_name_can_be_used_by_programs(identity: str, name: str) -> None:
    assert computable_name(identity) == name
