from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from workbench.kernel.errors import Refused
from workbench.security.audit import Break, BrokenLink
from workbench.store import audit_trail
from workbench.store.workspace import Workspace

PASSPHRASE = "correct horse battery"


@pytest.fixture
def trail(workspace: Workspace) -> Workspace:
    """A workspace in which seven deeds were done."""
    for n in range(7):
        document = workspace.documents.put("mapping", f"lab-{n}", {"n": n}, based_on=0)
        workspace.audit.append("anna", "mapping.save", document.kind, document.id, document.content_hash)
    return workspace


def interfere(workspace: Workspace, *statements: str) -> None:
    """Change rows as someone would who got hold of the open database."""
    with workspace.transaction():
        for statement in (
            "DROP TRIGGER IF EXISTS audit_keeps_entries",
            "DROP TRIGGER IF EXISTS audit_keeps_content",
            *statements,
        ):
            workspace._database.change(statement)


def test_an_untouched_trail_is_intact_and_survives_reopening(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE) as workspace:
        assert workspace.audit.verify().intact
        entry = workspace.audit.append("anna", "workspace.open", "workspace", workspace.id)
    with Workspace.open(folder, PASSPHRASE, writable=False) as workspace:
        report = workspace.audit.verify()
        assert (report.intact, report.count, report.head) == (True, 1, entry.own_hash)
        assert list(workspace.audit.entries()) == [entry]


@pytest.mark.parametrize(
    ("statements", "broken"),
    [
        (["UPDATE audit SET actor = 'bob' WHERE sequence = 3"], BrokenLink(3, Break.ALTERED)),
        (["UPDATE audit SET object_hash = '' WHERE sequence = 7"], BrokenLink(7, Break.ALTERED)),
        (["DELETE FROM audit WHERE sequence = 4"], BrokenLink(4, Break.MISSING)),
        (["DELETE FROM audit WHERE sequence > 5"], BrokenLink(6, Break.TRUNCATED)),
        (["DELETE FROM audit"], BrokenLink(1, Break.TRUNCATED)),
        (["UPDATE audit SET sequence = -1 WHERE sequence = 1"], BrokenLink(1, Break.MISSING)),
        (["DELETE FROM audit", "DELETE FROM meta WHERE name = 'audit_anchor'"], BrokenLink(0, Break.ANCHOR)),
        (["UPDATE meta SET value = '0' || value WHERE name = 'audit_anchor'"], None),
        (["UPDATE meta SET value = '1' || value WHERE name = 'audit_anchor'"], BrokenLink(0, Break.ANCHOR)),
        (["UPDATE meta SET value = replace(value, ':', 'é') WHERE name = 'audit_anchor'"], BrokenLink(0, Break.ANCHOR)),
        (["UPDATE meta SET value = 'nonsense' WHERE name = 'audit_anchor'"], BrokenLink(0, Break.ANCHOR)),
    ],
)
def test_the_first_broken_link_is_named(trail: Workspace, statements: Sequence[str], broken: BrokenLink | None) -> None:
    interfere(trail, *statements)
    assert trail.audit.verify().broken == broken


def test_an_entry_added_after_the_end_was_cut_off_does_not_heal_the_trail(trail: Workspace) -> None:
    interfere(trail, "DELETE FROM audit WHERE sequence > 5")
    trail.audit.append("bob", "mapping.save", "mapping", "lab")
    assert trail.audit.verify().broken == BrokenLink(6, Break.MISSING)


def test_nothing_is_added_to_a_trail_whose_anchor_was_changed(trail: Workspace) -> None:
    interfere(trail, "UPDATE meta SET value = '1' || value WHERE name = 'audit_anchor'")
    with pytest.raises(Refused) as refusal:
        trail.audit.append("anna", "mapping.save", "mapping", "lab")
    assert refusal.value.code == "SEC-0010"


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET actor = 'bob'"])
def test_our_own_code_cannot_change_the_trail_by_mistake(trail: Workspace, statement: str) -> None:
    with pytest.raises(apsw.ConstraintError, match="never"), trail.transaction():
        trail._database.change(statement)
    assert trail.audit.verify().count == 7


def test_long_trails_are_read_in_batches(trail: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_trail, "_BATCH", 3)
    assert [entry.sequence for entry in trail.audit.entries()] == [1, 2, 3, 4, 5, 6, 7]
    assert [entry.sequence for entry in trail.audit.entries(after=5)] == [6, 7]
    assert trail.audit.verify().count == 7


def test_entries_hold_ids_and_hashes_and_no_values(workspace: Workspace) -> None:
    document = workspace.documents.put("case", "c-1", {"name": "Rosalind Testperson"}, based_on=0)
    entry = workspace.audit.append("anna", "case.save", document.kind, document.id, document.content_hash)
    assert "Rosalind" not in repr(entry)
    assert entry.object_hash == document.content_hash
    assert len(entry.object_hash) == 64
