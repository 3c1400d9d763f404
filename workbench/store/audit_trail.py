"""The rows of the audit chain; its logic is `security.audit`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from workbench.security.audit import (
    NOTHING,
    Anchor,
    AuditEntry,
    AuditReport,
    anchor_at,
    is_genuine,
    next_entry,
    verify_anchored,
)
from workbench.store import refusals
from workbench.store.database import Database

_BATCH = 1000
_BEFORE_ALL = -(1 << 63)
_ANCHOR = re.compile(r"(\d{1,18}):([0-9a-f]{64}):([0-9a-f]{64})", re.ASCII)
_COLUMNS = "sequence, time, actor, action, object_kind, object_id, object_hash, previous, own_hash"


class AuditTrail:
    """Who did what to which object; entries are added and read, never changed."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    def start(self) -> None:
        """Anchor the empty trail of a new workspace."""
        self._write_anchor(0, NOTHING)

    def append(self, actor: str, action: str, kind: str, object_id: str, content_hash: str = "") -> AuditEntry:
        """Add an entry; durable on return, or with the transaction around it.

        actor         who, as the session knows them
        action        what was done: `mapping.approve`
        kind          what kind of object, `object_id` which one; an id must not be made of patient data
        content_hash  SHA-256 in hex of the object's content (`Document.content_hash`), "" when it has none
        raises        Refused SEC-0010: the record of the trail's end was changed
        """
        with self._database.transaction():
            anchor = self._anchor()
            if not is_genuine(anchor, self._key):
                raise refusals.audit_changed()
            entry = next_entry(anchor, actor, action, kind, object_id, content_hash, datetime.now(UTC))
            self._database.change(
                f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  our own names
                (
                    entry.sequence,
                    entry.time,
                    entry.actor,
                    entry.action,
                    entry.object_kind,
                    entry.object_id,
                    entry.object_hash,
                    entry.previous,
                    entry.own_hash,
                ),
            )
            self._write_anchor(entry.sequence, entry.own_hash)
        return entry

    def entries(self, after: int = 0) -> Iterator[AuditEntry]:
        """The entries with a sequence above `after`, in order, read in batches."""
        while True:
            rows = self._database.rows(
                f"SELECT {_COLUMNS} FROM audit WHERE sequence > ? ORDER BY sequence LIMIT {_BATCH}",  # noqa: S608
                (after,),
            )
            yield from (AuditEntry(*row) for row in rows)
            if len(rows) < _BATCH:
                return
            after = rows[-1][0]

    def verify(self) -> AuditReport:
        """Read the whole trail and say where it is broken first, if it is."""
        with self._database.snapshot():
            anchor = self._anchor()
            return verify_anchored(self.entries(after=_BEFORE_ALL), anchor, self._key)

    def _anchor(self) -> Anchor:
        """The stored anchor; one that cannot be genuine when there is none or it is no anchor."""
        row = self._database.row("SELECT value FROM meta WHERE name = 'audit_anchor'")
        match = _ANCHOR.fullmatch(row[0]) if row else None
        return Anchor(int(match[1]), match[2], match[3]) if match else Anchor(0, NOTHING, "")

    def _write_anchor(self, count: int, head: str) -> None:
        anchor = anchor_at(self._key, count, head)
        with self._database.transaction():
            self._database.change(
                "INSERT OR REPLACE INTO meta (name, value) VALUES ('audit_anchor', ?)",
                (f"{anchor.count}:{anchor.head}:{anchor.mac}",),
            )
