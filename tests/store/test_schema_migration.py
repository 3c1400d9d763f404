from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from workbench.kernel.errors import Refused, Unavailable
from workbench.security.keys import Argon2Cost
from workbench.store import header as header_file
from workbench.store import schema
from workbench.store.header import SchemaVersion, read_header
from workbench.store.schema import MIGRATIONS, Migration
from workbench.store.workspace import Workspace

PASSPHRASE = "correct horse battery"
CHEAP = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)
V1_1 = Migration(
    SchemaVersion(1, 1),
    (
        "CREATE TABLE review (id TEXT PRIMARY KEY, verdict TEXT NOT NULL) STRICT",
        "INSERT INTO review SELECT id, 'open' FROM documents WHERE body IS NOT NULL",
    ),
)
V1_2 = Migration(SchemaVersion(1, 2), ("ALTER TABLE review ADD COLUMN comment TEXT NOT NULL DEFAULT ''",))
V2_0 = Migration(SchemaVersion(2, 0), ("DROP TABLE settings",))


def know(monkeypatch: pytest.MonkeyPatch, *later: Migration) -> None:
    """Be a program that knows these versions beyond 1.0."""
    monkeypatch.setattr(schema, "MIGRATIONS", (MIGRATIONS[0], *later))


def header_version(folder: Path) -> SchemaVersion:
    return read_header(folder, SchemaVersion(99, 0)).schema


@pytest.fixture
def old(folder: Path) -> Path:
    """A workspace of version 1.0 with one document and one audit entry."""
    with Workspace.open(folder, PASSPHRASE) as workspace:
        workspace.documents.put("case", "c-1", {"n": 1}, based_on=0)
        workspace.audit.append("anna", "case.save", "case", "c-1")
    return folder


def test_an_older_workspace_is_brought_up_to_date_with_its_content(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    know(monkeypatch, V1_1, V1_2)
    with Workspace.open(old, PASSPHRASE) as workspace:
        assert workspace._database.rows("SELECT id, verdict, comment FROM review") == [("c-1", "open", "")]
        assert workspace.documents.get("case", "c-1") is not None
        assert workspace.audit.verify().intact
        assert workspace.header.schema == SchemaVersion(1, 2)
    assert header_version(old) == SchemaVersion(1, 2)
    with Workspace.open(old, PASSPHRASE) as workspace:
        assert workspace._database.rows("SELECT count(*) FROM review") == [(1,)]


def test_only_the_missing_steps_are_run(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    know(monkeypatch, V1_1)
    Workspace.open(old, PASSPHRASE).close()
    know(monkeypatch, V1_1, V1_2)
    with Workspace.open(old, PASSPHRASE) as workspace:
        assert schema.schema_of(workspace._database) == SchemaVersion(1, 2)


def test_a_failing_step_leaves_the_workspace_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    know(monkeypatch, V1_1, Migration(SchemaVersion(1, 2), ("CREATE TABLE review (id TEXT) STRICT",)))
    with pytest.raises(apsw.SQLError):
        Workspace.open(old, PASSPHRASE)
    know(monkeypatch)
    with Workspace.open(old, PASSPHRASE) as workspace:
        assert schema.schema_of(workspace._database) == SchemaVersion(1, 0)
        assert workspace._database.row("SELECT 1 FROM sqlite_schema WHERE name = 'review'") is None


def test_a_kill_between_migration_and_header_is_made_good_on_the_next_open(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(monkeypatch, V1_1)
    with monkeypatch.context() as killed:

        def fail(folder: Path, header: object) -> None:
            raise Unavailable("KRN-0002", "The disk is full.")

        killed.setattr(header_file, "write_header", fail)
        with pytest.raises(Unavailable):
            Workspace.open(old, PASSPHRASE)
    assert header_version(old) == SchemaVersion(1, 0)
    Workspace.open(old, PASSPHRASE).close()
    assert header_version(old) == SchemaVersion(1, 1)


def test_reading_an_older_workspace_asks_for_its_migration_first(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    know(monkeypatch, V1_1)
    with pytest.raises(Refused) as refusal:
        Workspace.open(old, PASSPHRASE, writable=False)
    assert refusal.value.code == "STO-0009"
    assert header_version(old) == SchemaVersion(1, 0)


def test_a_newer_minor_opens_reads_writes_and_stays_newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    know(monkeypatch, V1_1)
    Workspace.create(tmp_path / "w", PASSPHRASE, cost=CHEAP).close()
    know(monkeypatch)
    with Workspace.open(tmp_path / "w", PASSPHRASE) as workspace:
        workspace.documents.put("case", "c-1", {}, based_on=0)
        workspace.change_passphrase("a brand new one")
    assert header_version(tmp_path / "w") == SchemaVersion(1, 1)
    with Workspace.open(tmp_path / "w", "a brand new one") as workspace:
        assert schema.schema_of(workspace._database) == SchemaVersion(1, 1)


def test_a_newer_major_is_refused_by_the_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    know(monkeypatch, V2_0)
    Workspace.create(tmp_path / "w", PASSPHRASE, cost=CHEAP).close()
    know(monkeypatch)
    with pytest.raises(Refused) as refusal:
        Workspace.open(tmp_path / "w", PASSPHRASE)
    assert refusal.value.code == "STO-0002"


def test_a_newer_major_in_the_database_is_refused_though_an_old_header_was_put_back(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (old / "header.json").read_bytes()
    know(monkeypatch, V2_0)
    Workspace.open(old, PASSPHRASE).close()
    (old / "header.json").write_bytes(before)
    know(monkeypatch)
    with pytest.raises(Refused) as refusal:
        Workspace.open(old, PASSPHRASE)
    assert refusal.value.code == "STO-0002"


def test_the_shipped_steps_are_in_order() -> None:
    versions = [step.to for step in MIGRATIONS]
    assert versions == sorted(set(versions))
    assert versions[0] == SchemaVersion(1, 0)
