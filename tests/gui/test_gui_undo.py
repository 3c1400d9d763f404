"""Undo over immutable documents."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication

from workbench.gui.undo import DocumentHolder


def test_undo_gives_back_the_very_same_document(qapp: QApplication) -> None:
    first, second = ("a",), ("a", "b")
    holder: DocumentHolder[tuple[str, ...]] = DocumentHolder(first)
    holder.edit(second, "Add b")
    holder.stack.undo()
    assert holder.document is first
    holder.stack.redo()
    assert holder.document is second


def test_an_edit_that_changes_nothing_is_no_step(qapp: QApplication) -> None:
    holder: DocumentHolder[tuple[str, ...]] = DocumentHolder(("a",))
    assert not holder.edit(("a",), "Nothing")
    assert holder.stack.count() == 0


def test_saving_and_undoing_make_the_document_unsaved_again(qapp: QApplication) -> None:
    holder: DocumentHolder[int] = DocumentHolder(1)
    holder.edit(2, "Two")
    holder.saved()
    assert holder.is_clean
    holder.stack.undo()
    assert not holder.is_clean


def test_steps_with_one_key_become_one(qapp: QApplication) -> None:
    holder: DocumentHolder[str] = DocumentHolder("")
    for text in ("p", "pi", "pid"):
        holder.edit(text, "Type", merge="cell")
    assert holder.stack.count() == 1
    holder.stack.undo()
    assert holder.document == ""


@given(st.lists(st.integers(), min_size=1, max_size=20))
def test_as_many_undos_as_edits_end_at_the_start(values: list[int]) -> None:
    holder: DocumentHolder[tuple[int, ...]] = DocumentHolder(())
    for value in values:
        holder.edit((*holder.document, value), "Append")
    for _ in values:
        holder.stack.undo()
    assert holder.document == ()
    assert holder.is_clean
