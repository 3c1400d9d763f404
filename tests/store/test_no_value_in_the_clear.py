"""Canaries: values of a made-up patient must be nowhere on the disk and in no exception."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.kernel.errors import WorkbenchError
from workbench.security.keys import Argon2Cost
from workbench.store.workspace import Workspace

PASSPHRASE = "correct horse battery"
CHEAP = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)
CANARIES = ("Quetzalina^Testperson", "MRN-90417733", "19571103", "Penicillin-Kanarienvogel")
BODY = {"name": CANARIES[0], "mrn": CANARIES[1], "born": CANARIES[2], "allergies": [CANARIES[3]] * 400}
FORMS = [form for canary in CANARIES for form in (canary.encode(), canary.encode("utf-16-le"))]


def live_in(workspace: Workspace) -> None:
    for n in range(5):
        document = workspace.documents.put("case", f"c-{n}", BODY, based_on=0)
        workspace.journal.append("case", f"c-{n}", {"set": BODY}, based_on=document.revision)
        workspace.audit.append("anna", "case.save", document.kind, document.id, document.content_hash)
    workspace.settings.set("last search", CANARIES[0])
    workspace.documents.delete("case", "c-4", based_on=1)


def clear_text_in(folder: Path) -> list[tuple[str, bytes]]:
    return [
        (path.name, form)
        for path in folder.rglob("*")
        if path.is_file()
        for form in (*FORMS, b"SQLite format 3", b"CREATE TABLE", PASSPHRASE.encode())
        if form in path.read_bytes()
    ]


def test_no_file_holds_a_value_while_open_or_after_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("SQLITE_TMPDIR", str(temporary))
    with Workspace.create(tmp_path / "w", PASSPHRASE, cost=CHEAP) as workspace:
        live_in(workspace)
        log = tmp_path / "w" / "workspace.db-wal"
        assert log.stat().st_size > 10_000
        assert clear_text_in(tmp_path) == []
        with workspace.transaction():
            workspace.documents.put("case", "open", BODY, based_on=0)
            assert clear_text_in(tmp_path) == []
    assert clear_text_in(tmp_path) == []
    assert list(temporary.iterdir()) == []


def test_the_search_for_clear_text_does_find_it(tmp_path: Path) -> None:
    (tmp_path / "leak").write_text(CANARIES[1])
    assert clear_text_in(tmp_path) == [("leak", CANARIES[1].encode())]


def test_no_refusal_shows_a_value(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE) as workspace:
        live_in(workspace)
    with Workspace.open(folder, PASSPHRASE, writable=False) as reader:
        refused: list[Callable[[], object]] = [
            lambda: reader.documents.put("case", "c-0", BODY, based_on=7),
            lambda: reader.settings.set("last search", CANARIES[0]),
            lambda: reader.journal.append("case", "c-0", BODY, based_on=0),
        ]
        shown = [traceback_of(action) for action in refused]
    with Workspace.open(folder, PASSPHRASE) as writer:
        shown.append(traceback_of(lambda: writer.documents.put("case", "c-0", BODY, based_on=7)))
        shown.append(
            traceback_of(lambda: writer.documents.put("case", "n", {**BODY, "bad": CANARIES[0] + "\ud800"}, based_on=0))
        )
    assert len(shown) == 5
    assert not [canary for canary in CANARIES for text in shown if canary in text]


def traceback_of(action: Callable[[], object]) -> str:
    with pytest.raises(WorkbenchError) as refusal:
        action()
    # Source lines are left out: they are this test's own.
    error = refusal.value
    chain = [error, error.__cause__, error.__context__]
    return "\n".join("".join(traceback.format_exception_only(link)) + repr(link) for link in chain if link)
