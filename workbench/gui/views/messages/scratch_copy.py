"""An edited copy of one message, its undo, and its edits in the workspace's journal: a kill loses none. Qt-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from workbench.app.session import Session
from workbench.kernel.errors import Refused
from workbench.v2.edits import Edit, InsertSegment, RemoveSegment, from_json, to_json
from workbench.v2.er7 import Message

KIND = "scratch-message"
TYPED_TOGETHER = 40
"""Keys typed one after the other are one step of undo, up to so many."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of undo: the edits, where they were made, the message after them, and their place in the journal."""

    edits: tuple[Edit, ...]
    path: str
    message: Message
    sequence: int
    typed: bool = False


class ScratchJournal:
    """The edits of one message in the workspace, kept by what its bytes are, wherever the message lies."""

    def __init__(self, session: Session, raw: bytes) -> None:
        self._session = session
        self._id = blake2b(raw, digest_size=16).hexdigest()

    def write(self, path: str, edits: Sequence[Edit]) -> int:
        """Make edits survive; returns their sequence, 0 where the workspace is only read."""
        if not self._session.workspace.writable:
            return 0
        return self._session.journal(KIND, self._id, {"path": path, "edits": [to_json(edit) for edit in edits]})

    def take_back(self, after: int) -> None:
        """Drop what was written after a sequence, 0 for everything."""
        if self._session.workspace.writable:
            self._session.forget_edits(KIND, self._id, after)

    def left_behind(self) -> list[tuple[int, str, tuple[Edit, ...]]]:
        """Sequence, path and edits of each step that was neither undone nor discarded.

        raises  Refused V2-0007: an entry is no edit
        """
        entries = self._session.journalled(KIND, self._id)
        return [
            (entry.sequence, str(entry.edit["path"]), tuple(from_json(edit) for edit in entry.edit["edits"]))
            for entry in entries
        ]


class ScratchCopy:
    """The original message and the steps taken from it; `at` of them are done, the others undone."""

    def __init__(self, original: Message, journal: ScratchJournal) -> None:
        self.original = original
        self.steps: list[Step] = []
        self.at = 0
        self._journal = journal

    @property
    def shown(self) -> Message:
        return self.steps[self.at - 1].message if self.at else self.original

    def apply(self, edits: Sequence[Edit], path: str, typed: bool = False) -> None:
        """Take a step; what was undone is forgotten. Raises Refused as the edits do, and nothing is changed then."""
        message = _edited(self.shown, edits)
        del self.steps[self.at :]
        last = self.steps[-1] if self.steps else None
        if typed and last is not None and last.typed and len(last.edits) < TYPED_TOGETHER:
            edits = (*last.edits, *edits)
            self.undo()
            del self.steps[self.at :]
        self.steps.append(Step(tuple(edits), path, message, self._journal.write(path, edits), typed))
        self.at += 1

    def undo(self) -> str:
        """Take the last step back; returns where it was taken."""
        self.at -= 1
        self._journal.take_back(self.steps[self.at - 1].sequence if self.at else 0)
        return self.steps[self.at].path

    def redo(self) -> str:
        """Take the next step again; returns where."""
        step = self.steps[self.at]
        sequence = self._journal.write(step.path, step.edits)
        self.steps[self.at] = Step(step.edits, step.path, step.message, sequence, step.typed)
        self.at += 1
        return step.path

    def recover(self) -> None:
        """Take the steps that an earlier session left behind; those that do not fit any more are dropped."""
        try:
            for sequence, path, edits in self._journal.left_behind():
                self.steps.append(Step(edits, path, _edited(self.shown, edits), sequence))
                self.at += 1
        except Refused:
            self._journal.take_back(self.steps[-1].sequence if self.steps else 0)

    def discard(self) -> None:
        """Forget every step, in the journal as well."""
        self._journal.take_back(0)
        self.steps.clear()
        self.at = 0


def _edited(message: Message, edits: Sequence[Edit]) -> Message:
    for edit in edits:
        message, _ = edit.apply(message)
    return message


def duplicated(message: Message, index: int) -> tuple[Edit, ...]:
    """The edits that write a segment a second time, behind itself."""
    return (InsertSegment(index + 1, message.segments[index].text),)


def moved(message: Message, index: int, by: int) -> tuple[Edit, ...]:
    """The edits that move a segment up (`by` negative) or down; none where it would leave the message."""
    place = index + by
    if not 1 <= place < len(message.segments):
        return ()
    return (RemoveSegment(index), InsertSegment(place, message.segments[index].text))
