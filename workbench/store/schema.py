"""The tables and how an older workspace comes to have them.

Within a major version a step may only add, so that an older program of the same major still reads and writes
correctly. A step that changes meaning starts a new major.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.store import refusals
from workbench.store.database import Database
from workbench.store.header import SchemaVersion


@dataclass(frozen=True, slots=True)
class Migration:
    """The statements that lead from the version before to this one."""

    to: SchemaVersion
    statements: tuple[str, ...]


_TABLES = (
    """CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    # A deleted document keeps its row without a body, so that its revision is never given out twice.
    """CREATE TABLE documents (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        updated TEXT NOT NULL,
        body TEXT,
        PRIMARY KEY (kind, id)
    ) STRICT""",
    """CREATE TABLE edit_journal (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        base_revision INTEGER NOT NULL,
        time TEXT NOT NULL,
        edit TEXT NOT NULL
    ) STRICT""",
    """CREATE INDEX edit_journal_document ON edit_journal (kind, id, sequence)""",
    """CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        object_kind TEXT NOT NULL,
        object_id TEXT NOT NULL,
        object_hash TEXT NOT NULL,
        previous TEXT NOT NULL,
        own_hash TEXT NOT NULL
    ) STRICT""",
    # Against our own mistakes; against others there is the chain.
    """CREATE TRIGGER audit_keeps_entries BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END""",
    """CREATE TRIGGER audit_keeps_content BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END""",
)

MIGRATIONS: tuple[Migration, ...] = (Migration(SchemaVersion(1, 0), _TABLES),)


def newest(migrations: Sequence[Migration]) -> SchemaVersion:
    """The schema this program writes."""
    return migrations[-1].to


def schema_of(database: Database) -> SchemaVersion:
    """The schema the tables have; 0.0 for an empty database."""
    row = database.row("PRAGMA user_version")
    return SchemaVersion(*divmod(row[0] if row else 0, 1000))


def bring_up_to_date(database: Database, migrations: Sequence[Migration]) -> SchemaVersion:
    """Run the steps the database has not seen, all in one transaction, and return the schema it has then.

    raises  Refused STO-0002: a newer major; Refused STO-0009: steps are needed but it is open for reading
    """
    found, known = schema_of(database), newest(migrations)
    if found.major > known.major:
        raise refusals.newer_workspace(found, known)
    missing = [step for step in migrations if step.to > found]
    if not missing:
        return found
    if not database.writable:
        raise refusals.migrate_first()
    with database.transaction():
        for step in missing:
            for statement in step.statements:
                database.change(statement)
        # PRAGMA takes no bound values; these are two integers of ours.
        database.change(f"PRAGMA user_version = {known.major * 1000 + known.minor}")
    return known
