"""Edits that were made and not yet saved. Each survives a kill once `append` has returned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workbench.store.database import Database
from workbench.store.json_text import from_text, to_text


@dataclass(frozen=True, slots=True)
class JournalledEdit:
    """One edit, in the words of whoever made it.

    sequence       grows over the whole workspace and never repeats
    base_revision  the stored revision of the document that the edits build on, 0 when it was never saved
    """

    sequence: int
    kind: str
    id: str
    base_revision: int
    time: datetime
    edit: dict[str, Any]


@dataclass(frozen=True, slots=True)
class UnsavedDocument:
    """A document with edits that wait to be replayed or dropped."""

    kind: str
    id: str
    edits: int
    last_edit: datetime


class EditJournal:
    """Append-only for each document until it is saved (`Documents.put` drops what it contains) or given up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, kind: str, document_id: str, edit: Mapping[str, Any], *, based_on: int) -> int:
        """Write one edit to the disk and return its sequence.

        edit      a JSON object that can be applied again
        based_on  the stored revision the edited document came from, 0 when it was never saved
        """
        text = to_text(edit, f"The edit of {kind} {document_id}")
        with self._database.transaction():
            rows = self._database.rows(
                "INSERT INTO edit_journal (kind, id, base_revision, time, edit) VALUES (?, ?, ?, ?, ?)"
                " RETURNING sequence",
                (kind, document_id, based_on, datetime.now(UTC).isoformat(), text),
            )
        return int(rows[0][0])

    def unsaved(self) -> tuple[UnsavedDocument, ...]:
        """What a crash left behind, the longest untouched first; asked once after opening."""
        rows = self._database.rows(
            "SELECT kind, id, count(*), max(time) FROM edit_journal GROUP BY kind, id ORDER BY max(sequence)"
        )
        return tuple(UnsavedDocument(row[0], row[1], row[2], datetime.fromisoformat(row[3])) for row in rows)

    def edits(self, kind: str, document_id: str) -> tuple[JournalledEdit, ...]:
        """The edits of one document in the order in which they were made."""
        rows = self._database.rows(
            "SELECT sequence, base_revision, time, edit FROM edit_journal WHERE kind = ? AND id = ? ORDER BY sequence",
            (kind, document_id),
        )
        return tuple(
            JournalledEdit(sequence, kind, document_id, base, datetime.fromisoformat(time), from_text(edit))
            for sequence, base, time, edit in rows
        )

    def drop(self, kind: str, document_id: str) -> int:
        """Give up the edits of one document; how many there were."""
        with self._database.transaction():
            return self._database.change("DELETE FROM edit_journal WHERE kind = ? AND id = ?", (kind, document_id))

    def drop_after(self, kind: str, document_id: str, sequence: int) -> int:
        """Take back the edits made after `sequence`, for undo; how many there were."""
        with self._database.transaction():
            return self._database.change(
                "DELETE FROM edit_journal WHERE kind = ? AND id = ? AND sequence > ?", (kind, document_id, sequence)
            )
