"""Whole segments of a scratch copy: insert, duplicate, remove, move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtWidgets import QInputDialog, QLineEdit

from workbench.gui.bench import Bench
from workbench.gui.views.messages.scratch_copy import duplicated, moved
from workbench.v2.edits import Edit, InsertSegment, RemoveSegment
from workbench.v2.er7 import Message


class Copies(Protocol):
    """Whoever keeps the scratch copies."""

    def editable(self) -> Message | None:
        """The message that can be edited; says why when there is none."""
        ...

    def take(self, edits: Sequence[Edit], path: str, typed: bool = False) -> bool:
        """Take a step; False when it was refused."""
        ...


class SegmentEdits:
    """Each edit is one step of undo, and the segment it made or moved is selected afterwards."""

    def __init__(self, copies: Copies, bench: Bench) -> None:
        self._copies, self._bench = copies, bench

    def _segment(self) -> tuple[Message, int] | None:
        """The message and the 0-based place of the segment that the selection lies in."""
        document, path = self._copies.editable(), self._bench.place.path
        if document is None:
            return None
        span = self._bench.place.span
        found = document.at(path.partition("-")[0]) if path and not path.startswith("line ") else []
        if found:
            return document, found[0].segment.index
        if span is not None:
            holding = [segment.index for segment in document.segments if segment.span().start <= span.start]
            return document, holding[-1] if holding else 0
        self._bench.say("Select a segment first.")
        return None

    def ask(self) -> None:
        """Ask for a new segment, which comes after the selected one."""
        where = self._segment()
        if where is None:
            return
        document, index = where
        separator = document.delimiters.field
        question = f"A new segment after {document.segments[index].path()}, as it is to be written"
        text, ok = QInputDialog.getText(
            None, "Insert segment", question, QLineEdit.EchoMode.Normal, f"NTE{separator}1{separator}{separator}"
        )
        if ok and text:
            self._step((InsertSegment(index + 1, text),), index + 1)

    def duplicate(self) -> None:
        """Write the selected segment a second time."""
        where = self._segment()
        if where is not None:
            self._step(duplicated(*where), where[1] + 1)

    def remove(self) -> None:
        """Take the selected segment away."""
        where = self._segment()
        if where is not None:
            self._step((RemoveSegment(where[1]),), where[1] - 1)

    def move(self, by: int) -> None:
        """Move the selected segment up or down."""
        where = self._segment()
        if where is not None:
            edits = moved(*where, by)
            if edits:
                self._step(edits, where[1] + by)
            else:
                self._bench.say("The segment cannot be moved further; the header stays first.")

    def _step(self, edits: Sequence[Edit], index: int) -> None:
        """Edit segments and select the one at `index` afterwards."""
        if self._copies.take(edits, "") and isinstance(document := self._bench.document, Message):
            segment = document.segments[min(max(index, 0), len(document.segments) - 1)]
            self._bench.select_place(segment.path(), segment.span())
