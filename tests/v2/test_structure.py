from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.v2 import er7
from workbench.v2.dictionary import dictionary
from workbench.v2.structure import GroupNode, MisfitKind, Placement, StructureMatch, group_tree


def _match(kind: str, names: str, version: str = "2.5.1") -> StructureMatch:
    header = f"MSH|^~\\&|A|B|C|D|20240101||{kind}|1|P|{version}"
    return group_tree(er7.parse("\r".join([header, *(f"{name}|1" for name in names.split())]).encode()))


def _outline(group: GroupNode) -> str:
    """`MSH PATIENT[1](PID) …`"""
    return " ".join(
        f"{node.name}[{node.index}]({_outline(node)})" if isinstance(node, GroupNode) else node.name
        for node in group.children
    )


def _misfits(match: StructureMatch) -> list[tuple[str, str]]:
    return [(misfit.kind.value, misfit.name) for misfit in match.misfits]


def test_results_are_grouped_by_order() -> None:
    match = _match("ORU^R01^ORU_R01", "PID PV1 ORC OBR NTE OBX NTE OBX OBR OBX")
    assert _outline(match.root) == (
        "MSH PATIENT_RESULT[1](PATIENT[1](PID VISIT[1](PV1)) "
        "ORDER_OBSERVATION[1](ORC OBR NTE OBSERVATION[1](OBX NTE) OBSERVATION[2](OBX)) "
        "ORDER_OBSERVATION[2](OBR OBSERVATION[1](OBX)))"
    )
    assert match.misfits == ()


def test_a_second_patient_begins_a_new_result() -> None:
    match = _match("ORU^R01", "PID OBR OBX PID OBR OBX")
    assert len(match.root.groups("PATIENT_RESULT")) == 2
    assert match.misfits == ()


def test_an_observation_after_a_specimen_belongs_to_it() -> None:
    match = _match("ORU^R01", "PID OBR OBX SPM OBX")
    specimen = match.root.descend("PATIENT_RESULT", "ORDER_OBSERVATION", "SPECIMEN")[0]
    assert [segment.name for segment in specimen.segments()] == ["SPM", "OBX"]


def test_a_second_order_is_not_taken_for_a_prior_result() -> None:
    match = _match("OML^O21", "PID PV1 ORC OBR OBX SPM ORC OBR OBX")
    assert len(match.root.groups("ORDER")) == 2
    assert match.misfits == ()


def test_what_one_source_wrongly_calls_a_choice_is_a_sequence() -> None:
    match = _match("QBP^E22", "QPD RCP", "2.8")
    assert _outline(match.root) == "MSH QUERY[1](QPD RCP)"
    assert match.misfits == ()


def test_choices_are_no_groups_of_the_message() -> None:
    match = _match("ORM^O01", "PID ORC RXO NTE ORC OBR", "2.3")
    assert (
        _outline(match.root)
        == "MSH PATIENT[1](PID) ORDER[1](ORC ORDER_DETAIL[1](RXO NTE)) ORDER[2](ORC ORDER_DETAIL[1](OBR))"
    )


@pytest.mark.parametrize("kind", ["ADT^A04", "ADT^A04^ADT_A04", "ADT^A04^ADT_A01", "ADT^A04^NONSENSE"])
def test_the_structure_is_derived_when_it_is_absent_or_unknown(kind: str) -> None:
    assert _match(kind, "EVN PID PV1").structure_id == "ADT_A01"


def test_a_stated_structure_that_is_known_is_believed() -> None:
    assert _match("ADT^A04^ADT_A05", "EVN PID PV1").structure_id == "ADT_A05"


def test_a_message_of_no_known_structure_is_flat() -> None:
    match = _match("XYZ^Z01", "PID ZPD QQQ OBX")
    assert match.structure_id == ""
    assert _outline(match.root) == "MSH PID ZPD QQQ OBX"
    assert _misfits(match) == [("unplaced", "QQQ")]


@pytest.mark.parametrize(
    ("names", "misfits"),
    [
        ("EVN PID PV1", []),
        ("EVN PV1 PID", [("unplaced", "PID")]),
        ("EVN PID IN1 PV1", [("unplaced", "PV1")]),
        ("PID PV1 EVN", [("unplaced", "EVN")]),
        ("EVN PID", [("missing segment", "PV1")]),
        ("EVN PID PID PV1", [("too many", "PID")]),
        ("EVN PID PV1 ZPD", [("unplaced", "ZPD")]),
        ("EVN PID PV1 QQQ", [("unplaced", "QQQ")]),
        ("EVN PID PV1 SCH", [("unplaced", "SCH")]),
        ("EVN PID PV1 IN2", [("unplaced", "IN2")]),
        ("EVN PID PV1 IN1 IN2 IN2", [("too many", "IN2")]),
    ],
)
def test_what_does_not_fit_an_admission_is_named(names: str, misfits: list[tuple[str, str]]) -> None:
    assert _misfits(_match("ADT^A01", names)) == misfits


@pytest.mark.parametrize(
    ("name", "placement"),
    [
        ("EVN", Placement.MISPLACED),
        ("SCH", Placement.FOREIGN),
        ("ZPD", Placement.LOCAL),
        ("QQQ", Placement.UNKNOWN),
        ("PI", Placement.NO_SEGMENT),
    ],
)
def test_an_unplaced_segment_says_why(name: str, placement: Placement) -> None:
    match = _match("ADT^A01", f"EVN PID PV1 {name}")
    assert match.misfits[0].placement is placement
    assert match.root.children[-1].placement is placement  # type: ignore[union-attr]


def test_missing_groups_are_named_with_the_groups_around_them() -> None:
    match = _match("ORU^R01", "PID")
    assert match.misfits[0][:3] == (MisfitKind.MISSING_GROUP, "ORDER_OBSERVATION", ("PATIENT_RESULT[1]",))


def test_a_missing_choice_names_what_could_stand_there() -> None:
    match = _match("OSR^Q06", "MSA QRD PID ORC CTI", "2.5")
    assert ("missing segment", "OBR or RQD or RQ1 or RXO or ODS or ODT") in _misfits(match)


def test_an_observation_without_its_request_is_grouped_and_the_request_is_missed() -> None:
    match = _match("ORU^R01", "PID OBX OBX")
    assert _misfits(match) == [("missing segment", "OBR")]
    assert len(match.root.descend("PATIENT_RESULT", "ORDER_OBSERVATION", "OBSERVATION")) == 2


def test_a_segment_knows_the_groups_around_it() -> None:
    match = _match("ORU^R01", "PID OBR OBX OBR OBX OBX")
    last = match.root.all_segments("OBX")[-1]
    assert match.group_path(last) == "PATIENT_RESULT/ORDER_OBSERVATION[2]/OBSERVATION[2]"
    assert match.groups_of(last)[0] is match.root
    assert match.group_path(match.root.segments("MSH")[0]) == ""


def test_more_shapes_than_are_remembered_are_laid_out_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.v2.structure.REMEMBERED_SHAPES", 2)
    outlines = {_outline(_match("ORU^R01", "PID OBR " + "OBX " * count).root) for count in (1, 2, 3, 4, 1, 2, 3, 4)}
    assert len(outlines) == 4


NAMES = st.sampled_from(
    ["PID", "PV1", "OBR", "ORC", "OBX", "NTE", "EVN", "ZZZ", "QQQ", "SPM", "IN1", "IN2", "MSH", "x"]
)


@given(
    st.lists(NAMES, max_size=25), st.sampled_from(["ORU^R01", "ADT^A01", "OML^O21", "ORM^O01", "XYZ^X01", "VXU^V04"])
)
def test_no_segment_is_ever_lost_or_moved(names: list[str], kind: str) -> None:
    match = _match(kind, " ".join(names))
    laid_out = [segment.index for segment in match.root.all_segments()]
    assert laid_out == list(range(len(names) + 1))


@given(st.lists(NAMES, max_size=25))
def test_every_segment_has_its_groups(names: list[str]) -> None:
    match = _match("ORU^R01", " ".join(names))
    for segment in match.root.all_segments():
        assert segment in match.groups_of(segment)[-1].segments()


def test_a_structure_that_is_asked_for_overrules_the_message() -> None:
    message = er7.parse(b"MSH|^~\\&|A|B|C|D|20240101||XYZ^Z01|1|P|2.5.1\rPID|1\rOBR|1\r")
    assert group_tree(message, dictionary("2.5.1"), "ORU_R01").misfits == ()
    with pytest.raises(KeyError):
        group_tree(message, dictionary("2.5.1"), "NO_SUCH")
