"""Some rows of a map changed as one step that can be written down and undone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.mapping import edits
from workbench.mapping.edits import PutCodeRows
from workbench.mapping.model import Header, Package
from workbench.terminology.code_map import CodeMap, CodeMapRow, Mark, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.edits import RowKey
from workbench.terminology.row_changes import PutRows, changed, from_json, put_rows, to_json


def row(code: str, target: str = "", sender: str = "", status: RowStatus | None = None) -> CodeMapRow:
    usual = RowStatus.MAPPED if target else RowStatus.UNMAPPED
    return CodeMapRow(
        Coding("L", code), Coding("T", target) if target else None, status=status or usual, sender=sender, comment="why"
    )


LAB = CodeMap("lab", "", "L", "T", (row("A", "1"), row("B"), row("A", "2"), row("C", "3", "S")))


def test_rows_are_replaced_where_they_stand_and_added_at_the_end() -> None:
    edit = put_rows(LAB, [(LAB.rows[2], row("A", "9")), (None, row("D", "4"))])
    after, inverse = edit.apply(LAB)
    assert [(each.source.code, each.target.code if each.target else "") for each in after.rows] == [
        ("A", "1"), ("B", ""), ("A", "9"), ("C", "3"), ("D", "4")
    ]  # fmt: skip
    assert [found.target.code for found in after.translate("A") if found.target] == ["1", "9"]
    assert after.row_of("D") is after.rows[4]
    assert inverse.apply(after)[0] == LAB


def test_a_change_that_contradicts_another_row_of_its_code_is_refused() -> None:
    with pytest.raises(Refused) as twice:
        put_rows(LAB, [(None, row("A", "2"))])
    assert twice.value.code == "TERM-0021"
    with pytest.raises(Refused):
        changed(LAB, [(LAB.rows[0], row("A", status=RowStatus.NO_MAP))])
    with pytest.raises(Refused) as gone:
        PutRows(((RowKey("L", "Z"), None),)).apply(LAB)
    assert gone.value.code == "TERM-0020"


def test_a_looked_up_map_knows_the_changed_rows_and_the_old_one_keeps_its_own() -> None:
    assert LAB.translate("B") == ()
    after = changed(LAB, [(LAB.rows[1], row("B", "5")), (LAB.rows[3], None)])
    assert after.translate("B")
    assert after.translate("C", sender="S") == ()
    assert LAB.translate("B") == ()
    assert LAB.translate("C", sender="S") == (LAB.rows[3],)


one = st.builds(row, st.sampled_from("ABC"), st.sampled_from(["", "1", "2", "3"]), st.sampled_from(["", "S"]))


@given(st.lists(one, max_size=5), st.lists(one, max_size=3), st.data())
def test_changes_equal_a_map_made_anew_and_their_inverse_undoes_them(
    rows: list[CodeMapRow], extra: list[CodeMapRow], data: st.DataObject
) -> None:
    before = CodeMap("lab", "", "L", "T", tuple(rows))
    picked = data.draw(st.sets(st.integers(0, max(0, len(rows) - 1)), max_size=len(rows))) if rows else set()
    changes = [(rows[n], replace(rows[n], marks=frozenset({Mark.FLAGGED}))) for n in sorted(picked)]
    try:
        edit = put_rows(before, [*changes, *((None, each) for each in extra)])
    except Refused:
        return
    after, inverse = from_json(json.loads(json.dumps(to_json(edit)))).apply(before)
    fresh = CodeMap("lab", "", "L", "T", after.rows)
    assert [after.translate(code, sender="S") for code in "ABC"] == [
        fresh.translate(code, sender="S") for code in "ABC"
    ]
    assert len(after.rows) == len(rows) + len(extra)
    assert inverse.apply(after)[0].rows == before.rows


def test_an_edit_of_the_package_goes_through_the_journal() -> None:
    package = Package(Header("p", "1"), codes={"lab": LAB})
    edit = PutCodeRows("lab", put_rows(LAB, [(LAB.rows[1], row("B", "5"))]))
    read = edits.from_json(edits.to_json(edit))
    assert read == edit
    after, change = read.apply(package)
    assert change.inverse.apply(after)[0] == package
    with pytest.raises(Refused) as missing:
        edit.apply(Package(Header("p", "1")))
    assert missing.value.code == "MAP-0401"
