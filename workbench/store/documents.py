"""Typed, revisioned JSON documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workbench.store import refusals
from workbench.store.database import Database
from workbench.store.json_text import content_hash, from_text, to_text


@dataclass(frozen=True, slots=True)
class DocumentHead:
    """A document without its body. `revision` counts from 1 and never repeats; `updated` is aware, UTC."""

    kind: str
    id: str
    revision: int
    updated: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document; `body` is the caller's own copy, fractions in it are `Decimal`."""

    kind: str
    id: str
    revision: int
    updated: datetime
    body: dict[str, Any]

    @property
    def content_hash(self) -> str:
        """SHA-256 in hex of the body, whatever the order of its names; what audit entries hold."""
        return content_hash(self.body)


class Documents:
    """`kind` and `id` are chosen by the callers. They show up in the audit trail: no patient data in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, kind: str, document_id: str) -> Document | None:
        row = self._database.row(
            "SELECT revision, updated, body FROM documents WHERE kind = ? AND id = ? AND body IS NOT NULL",
            (kind, document_id),
        )
        return Document(kind, document_id, row[0], datetime.fromisoformat(row[1]), from_text(row[2])) if row else None

    def list(self, kind: str = "") -> tuple[DocumentHead, ...]:
        """All documents of a kind, or of all kinds, in order of kind and id."""
        rows = self._database.rows(
            "SELECT kind, id, revision, updated FROM documents"
            " WHERE (kind = ?1 OR ?1 = '') AND body IS NOT NULL ORDER BY kind, id",
            (kind,),
        )
        return tuple(DocumentHead(row[0], row[1], row[2], datetime.fromisoformat(row[3])) for row in rows)

    def put(
        self,
        kind: str,
        document_id: str,
        body: Mapping[str, Any],
        *,
        based_on: int,
        edits_through: int | None = None,
    ) -> Document:
        """Store a body and drop the journalled edits it contains, in one transaction; durable on return.

        body           a JSON object
        based_on       the revision the change started from, 0 for a document that must not exist yet
        edits_through  the last journal sequence that `body` contains; None means all of the document's edits
        raises         Refused STO-0007: the stored revision is another; Refused STO-0010: not valid Unicode
        """
        text = to_text(body, f"{kind} {document_id}")
        now = datetime.now(UTC)
        with self._database.transaction():
            revision = self._next_revision(kind, document_id, based_on)
            self._database.change(
                "INSERT INTO documents (kind, id, revision, updated, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE"
                " SET revision = excluded.revision, updated = excluded.updated, body = excluded.body",
                (kind, document_id, revision, now.isoformat(), text),
            )
            self._database.change(
                "DELETE FROM edit_journal WHERE kind = ?1 AND id = ?2 AND (?3 IS NULL OR sequence <= ?3)",
                (kind, document_id, edits_through),
            )
            self._database.change(
                "UPDATE edit_journal SET base_revision = ?3 WHERE kind = ?1 AND id = ?2", (kind, document_id, revision)
            )
        return Document(kind, document_id, revision, now, from_text(text))

    def delete(self, kind: str, document_id: str, *, based_on: int) -> None:
        """Remove a document and its journalled edits.

        raises  Refused STO-0007: the stored revision is another, or there is no such document
        """
        with self._database.transaction():
            if based_on == 0:
                raise refusals.conflict(kind, document_id)
            revision = self._next_revision(kind, document_id, based_on)
            self._database.change(
                "UPDATE documents SET body = NULL, revision = ?3, updated = ?4 WHERE kind = ?1 AND id = ?2",
                (kind, document_id, revision, datetime.now(UTC).isoformat()),
            )
            self._database.change("DELETE FROM edit_journal WHERE kind = ? AND id = ?", (kind, document_id))

    def _next_revision(self, kind: str, document_id: str, based_on: int) -> int:
        row = self._database.row(
            "SELECT revision, body IS NULL FROM documents WHERE kind = ? AND id = ?", (kind, document_id)
        )
        stored, deleted = row or (0, True)
        if based_on != (0 if deleted else stored):
            raise refusals.conflict(kind, document_id)
        return int(stored) + 1
