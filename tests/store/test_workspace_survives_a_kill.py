from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.security.keys import Argon2Cost
from workbench.store.workspace import Workspace

PASSPHRASE = "correct horse battery"
CHEAP = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)
PROJECT = Path(__file__).resolve().parents[2]

# Each child says what it has confirmed and goes on until it is killed.
SAVES = """
n = 0
while True:
    with w.transaction():
        d = w.documents.put("case", str(n), {"n": n, "text": "x" * 3000}, based_on=0)
        w.audit.append("anna", "case.save", d.kind, d.id, d.content_hash)
    print(n, flush=True)
    n += 1
"""
EDITS = """
w.documents.put("mapping", "lab", {}, based_on=0)
n = 0
while True:
    w.journal.append("mapping", "lab", {"n": n}, based_on=1)
    print(n, flush=True)
    n += 1
"""
HALF_A_TRANSACTION = """
w.documents.put("case", "whole", {}, based_on=0)
with w.transaction():
    for n in range(5000):
        w.documents.put("case", str(n), {"text": "x" * 500}, based_on=0)
    print("inside", flush=True)
    sys.stdin.read()
"""


def kill_after(folder: Path, work: str, lines: int) -> list[str]:
    """Run `work` in another process, kill it after so many lines, and return all lines it wrote."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom workbench.store.workspace import Workspace\n"
        f"w = Workspace.open(Path(sys.argv[1]), {PASSPHRASE!r})\n{work}"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    ) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        said += child.stdout.readlines()
    return [line.strip() for line in said if line.endswith("\n")]


@pytest.mark.parametrize("lines", [1, 40, 400])
def test_every_confirmed_document_is_there_after_a_kill(folder: Path, lines: int) -> None:
    confirmed = kill_after(folder, SAVES, lines)
    assert len(confirmed) >= lines
    with Workspace.open(folder, PASSPHRASE) as workspace:
        workspace.check()
        for name in confirmed:
            document = workspace.documents.get("case", name)
            assert document is not None
            assert document.body["n"] == int(name)
        kept = len(workspace.documents.list("case"))
        assert kept - len(confirmed) in (0, 1)  # the last one may have been written and not yet said
        report = workspace.audit.verify()
        assert (report.intact, report.count) == (True, kept)


def test_every_confirmed_edit_is_replayed_after_a_kill(folder: Path) -> None:
    confirmed = kill_after(folder, EDITS, 100)
    with Workspace.open(folder, PASSPHRASE) as workspace:
        (left,) = workspace.journal.unsaved()
        replayed = [entry.edit["n"] for entry in workspace.journal.edits(left.kind, left.id)]
        assert replayed == list(range(len(replayed)))
        assert len(replayed) - len(confirmed) in (0, 1)
        workspace.documents.put(left.kind, left.id, {"edits": replayed}, based_on=1)
        assert workspace.journal.unsaved() == ()


def test_a_transaction_cut_by_a_kill_leaves_nothing(folder: Path) -> None:
    assert kill_after(folder, HALF_A_TRANSACTION, 1) == ["inside"]
    with Workspace.open(folder, PASSPHRASE) as workspace:
        workspace.check()
        assert [head.id for head in workspace.documents.list()] == ["whole"]


def test_a_reader_sees_what_a_killed_writer_had_confirmed(folder: Path) -> None:
    confirmed = kill_after(folder, SAVES, 5)
    with Workspace.open(folder, PASSPHRASE, writable=False) as workspace:
        assert {head.id for head in workspace.documents.list()} >= set(confirmed)


def test_a_kill_while_a_workspace_is_created_leaves_one_or_none(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom workbench.store import header\n"
        "from workbench.store.workspace import Workspace\n"
        "header.write_header = lambda *_: os.abort()\n"
        f"Workspace.create(Path(sys.argv[1]), {PASSPHRASE!r})\n"
    )
    folder = tmp_path / "w"
    subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, check=False, cwd=PROJECT)
    assert (folder / "workspace.db").exists()
    assert not (folder / "header.json").exists()
    with Workspace.create(folder, PASSPHRASE, cost=CHEAP) as workspace:
        assert workspace.documents.list() == ()
