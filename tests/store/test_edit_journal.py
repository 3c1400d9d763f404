from __future__ import annotations

from pathlib import Path

import pytest

from workbench.kernel.errors import Refused
from workbench.store.workspace import Workspace

PASSPHRASE = "correct horse battery"


def edits_of(workspace: Workspace, document_id: str) -> list[object]:
    return [entry.edit for entry in workspace.journal.edits("mapping", document_id)]


def test_edits_come_back_in_order_after_reopening(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE) as workspace:
        for n in range(3):
            workspace.journal.append("mapping", "lab", {"add": n}, based_on=4)
        workspace.journal.append("mapping", "adt", {"remove": "x"}, based_on=0)
    with Workspace.open(folder, PASSPHRASE) as workspace:
        assert [(left.kind, left.id, left.edits) for left in workspace.journal.unsaved()] == [
            ("mapping", "lab", 3),
            ("mapping", "adt", 1),
        ]
        entries = workspace.journal.edits("mapping", "lab")
        assert [entry.edit for entry in entries] == [{"add": 0}, {"add": 1}, {"add": 2}]
        assert {entry.base_revision for entry in entries} == {4}
        assert entries[0].sequence < entries[1].sequence < entries[2].sequence


def test_saving_a_document_drops_its_edits_and_no_others(workspace: Workspace) -> None:
    workspace.journal.append("mapping", "lab", {"n": 1}, based_on=0)
    workspace.journal.append("mapping", "adt", {"n": 2}, based_on=0)
    workspace.documents.put("mapping", "lab", {}, based_on=0)
    assert [left.id for left in workspace.journal.unsaved()] == ["adt"]


def test_edits_made_while_a_save_was_under_way_stay_and_build_on_what_was_saved(workspace: Workspace) -> None:
    saved = workspace.journal.append("mapping", "lab", {"n": 1}, based_on=0)
    workspace.journal.append("mapping", "lab", {"n": 2}, based_on=0)
    document = workspace.documents.put("mapping", "lab", {}, based_on=0, edits_through=saved)
    (left,) = workspace.journal.edits("mapping", "lab")
    assert (left.edit, left.base_revision) == ({"n": 2}, document.revision)


def test_a_refused_save_keeps_the_edits(workspace: Workspace) -> None:
    workspace.documents.put("mapping", "lab", {}, based_on=0)
    workspace.journal.append("mapping", "lab", {"n": 1}, based_on=1)
    with pytest.raises(Refused):
        workspace.documents.put("mapping", "lab", {}, based_on=9)
    assert edits_of(workspace, "lab") == [{"n": 1}]


def test_edits_can_be_given_up_wholly_or_from_a_point_on(workspace: Workspace) -> None:
    sequences = [workspace.journal.append("mapping", "lab", {"n": n}, based_on=0) for n in range(4)]
    assert workspace.journal.drop_after("mapping", "lab", sequences[1]) == 2
    assert edits_of(workspace, "lab") == [{"n": 0}, {"n": 1}]
    assert workspace.journal.drop("mapping", "lab") == 2
    assert workspace.journal.unsaved() == ()


def test_a_sequence_is_never_given_out_twice(workspace: Workspace) -> None:
    first = workspace.journal.append("mapping", "lab", {}, based_on=0)
    workspace.journal.drop("mapping", "lab")
    assert workspace.journal.append("mapping", "lab", {}, based_on=0) > first


def test_deleting_a_document_drops_its_edits(workspace: Workspace) -> None:
    workspace.documents.put("mapping", "lab", {}, based_on=0)
    workspace.journal.append("mapping", "lab", {"n": 1}, based_on=1)
    workspace.documents.delete("mapping", "lab", based_on=1)
    assert workspace.journal.unsaved() == ()
