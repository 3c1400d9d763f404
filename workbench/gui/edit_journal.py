"""Unsaved edits of a mapping package in the workspace's journal, in step with undo: a kill loses none of them.

The journal only grows until the package is saved; an undo is written as the inverse edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.app.session import Session
from workbench.kernel.log import area_log
from workbench.mapping.edits import Change, ChangeRule, Edit, from_json, to_json

KIND = "mapping-package"

log = area_log("gui")


class EditJournal:
    """The edits of one package since it was last saved.

    A position is the index of the undo stack after the step; the first step has position 1.
    """

    def __init__(self, session: Session, package_id: str) -> None:
        self._session = session
        self._package_id = package_id
        self._steps: list[Sequence[Change]] = []
        self._waiting: list[Edit] = []

    def left_behind(self) -> tuple[Edit, ...]:
        """What an earlier session did and did not save; forgotten here, because doing it again writes it anew.

        raises  Refused MAP-0403: an entry is no edit
        """
        found = self._session.journalled(KIND, self._package_id)
        edits = tuple(from_json(str(entry.edit["text"])) for entry in found)
        self._session.forget_edits(KIND, self._package_id)
        return edits

    def did(self, position: int, changes: Sequence[Change]) -> None:
        """A new step of one or more edits; those that were undone before it can never come again."""
        del self._steps[position - 1 :]
        self._steps.append(changes)
        self.redid(position)

    def merged(self, position: int, changes: Sequence[Change]) -> None:
        """Changes that became part of the step at a position; they wait for `flush`, so that typing is not held up."""
        del self._steps[position:]
        self._steps[position - 1] = (*self._steps[position - 1], *changes)
        for change in changes:
            self._wait(change.edit)

    def _wait(self, edit: Edit) -> None:
        last = self._waiting[-1] if self._waiting else None
        if (
            isinstance(edit, ChangeRule)
            and isinstance(last, ChangeRule)
            and (last.map, last.rule.id) == (edit.map, edit.rule_id)
        ):
            self._waiting[-1] = replace(edit, rule_id=last.rule_id)
        else:
            self._waiting.append(edit)

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        for edit in waiting:
            self._put(edit)

    def vanished(self, position: int, changes: Sequence[Change]) -> None:
        """Changes that made the step after a position one that changes nothing."""
        del self._steps[position:]
        for change in changes:
            self._write(change.edit)

    def undid(self, position: int) -> None:
        """The step after a position was taken back."""
        for change in reversed(self._steps[position]):
            self._write(change.inverse)

    def redid(self, position: int) -> None:
        """The step at a position was done again."""
        for change in self._steps[position - 1]:
            self._write(change.edit)

    def saved(self) -> None:
        """The package is on disk: nothing is left to recover."""
        self._waiting = []
        self._session.forget_edits(KIND, self._package_id)

    def _write(self, edit: Edit) -> None:
        self.flush()
        self._put(edit)

    def _put(self, edit: Edit) -> None:
        self._session.journal(KIND, self._package_id, {"text": to_json(edit)})
        log.debug("journalled %s of %s", type(edit).__name__, self._package_id)
