"""Edits of code maps: each can be undone, journalled, and never leaves an invalid map."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.terminology.code_map import CodeMap, CodeMapRow, Mark, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.edits import (
    AddRow,
    Edit,
    RemoveRow,
    RowKey,
    SetStatus,
    SetTarget,
    from_json,
    key_of,
    to_json,
)

LOINC = "http://loinc.org"
SODIUM, POTASSIUM = Coding(LOINC, "2951-2", "Sodium"), Coding(LOINC, "2823-3", "Potassium")
NA = RowKey("L", "NA")
LAB = CodeMap(
    "lab",
    source_system="L",
    target_system=LOINC,
    rows=(
        CodeMapRow(Coding("L", "NA", "Natrium"), remarks=("first",)),
        CodeMapRow(Coding("L", "LYTES"), SODIUM, status=RowStatus.MAPPED, author="Ann"),
        CodeMapRow(Coding("L", "LYTES"), POTASSIUM, status=RowStatus.MAPPED, author="Ann"),
    ),
)


def test_choosing_a_target_maps_the_row_and_can_be_undone() -> None:
    mapped, change = SetTarget(NA, SODIUM, author="Ann").apply(LAB)
    assert (mapped.rows[0].target, mapped.rows[0].status, mapped.rows[0].author) == (SODIUM, RowStatus.MAPPED, "Ann")
    assert mapped.rows[0].remarks == ("first",)
    assert mapped.translate("NA")[0].target == SODIUM
    undone, _ = change.inverse.apply(mapped)
    assert undone == LAB


def test_another_target_takes_the_approval_away() -> None:
    approved, _ = SetStatus(RowKey("L", "LYTES"), RowStatus.APPROVED, by="Bob").apply(LAB)
    changed, _ = SetTarget(RowKey("L", "LYTES"), Coding(LOINC, "2947-0"), author="Ann").apply(approved)
    assert (changed.rows[1].status, changed.rows[1].approver) == (RowStatus.MAPPED, "")


def test_the_author_of_a_row_cannot_approve_it() -> None:
    with pytest.raises(Refused, match="must not be its author"):
        SetStatus(RowKey("L", "LYTES"), RowStatus.APPROVED, by="ann").apply(LAB)


def test_an_approval_needs_a_name() -> None:
    with pytest.raises(Refused, match="name of who approves"):
        SetStatus(RowKey("L", "LYTES"), RowStatus.APPROVED).apply(LAB)


def test_no_map_needs_its_reason_and_drops_the_target() -> None:
    with pytest.raises(Refused, match="reason"):
        SetStatus(NA, RowStatus.NO_MAP, by="Ann").apply(LAB)
    changed, _ = SetStatus(NA, RowStatus.NO_MAP, by="Ann", comment="a panel").apply(LAB)
    assert (changed.rows[0].target, changed.rows[0].author) == (None, "Ann")


def test_rows_of_one_source_are_told_apart_by_their_place() -> None:
    second = key_of(LAB, 2)
    assert second == RowKey("L", "LYTES", place=1)
    removed, change = RemoveRow(second).apply(LAB)
    assert [row.target for row in removed.rows] == [None, SODIUM]
    assert change.inverse.apply(removed)[0] == LAB


def test_a_row_is_added_where_it_was_asked_for_and_a_doubled_one_is_refused() -> None:
    row = CodeMapRow(Coding("L", "K"), POTASSIUM, status=RowStatus.SUGGESTED)
    added, change = AddRow(row, 1).apply(LAB)
    assert [r.source.code for r in added.rows] == ["NA", "K", "LYTES", "LYTES"]
    assert change.inverse.apply(added)[0] == LAB
    with pytest.raises(Refused) as refusal:
        AddRow(row).apply(added)
    assert refusal.value.code == "TERM-0021"


def test_a_row_that_is_gone_is_named() -> None:
    with pytest.raises(Refused) as refusal:
        RemoveRow(RowKey("L", "GONE")).apply(LAB)
    assert refusal.value.code == "TERM-0020"


edits = st.one_of(
    st.builds(SetTarget, st.just(NA), st.sampled_from([SODIUM, POTASSIUM]), author=st.sampled_from(["Ann", "Bob"])),
    st.builds(SetStatus, st.just(NA), st.sampled_from(RowStatus), by=st.sampled_from(["Ann", "Bob"])),
    st.builds(
        AddRow,
        st.builds(
            CodeMapRow,
            st.builds(Coding, st.just("L"), st.sampled_from("ABC")),
            marks=st.frozensets(st.sampled_from(Mark)),
        ),
    ),
    st.builds(RemoveRow, st.builds(RowKey, st.just("L"), st.sampled_from(["NA", "LYTES", "A"]))),
)


@given(st.lists(edits, max_size=8))
def test_any_sequence_of_edits_survives_the_journal_and_is_undone_backwards(sequence: list[Edit]) -> None:
    states, inverses = [LAB], []
    for edit in sequence:
        journalled = from_json(json.loads(json.dumps(to_json(edit))))
        assert journalled == edit
        try:
            result, change = journalled.apply(states[-1])
        except Refused:
            continue
        states.append(result)
        inverses.append(change.inverse)
    for inverse in reversed(inverses):
        assert from_json(json.loads(json.dumps(to_json(inverse)))) == inverse
        assert inverse.apply(states.pop())[0] == states[-1]


@pytest.mark.parametrize(
    "entry", [{}, {"edit": "other"}, {"edit": "remove-row"}, {"edit": "set-status", "key": {}, "status": "x"}]
)
def test_a_journal_entry_that_is_no_edit_is_refused(entry: dict) -> None:
    with pytest.raises(Refused) as refusal:
        from_json(entry)
    assert refusal.value.code == "TERM-0022"
