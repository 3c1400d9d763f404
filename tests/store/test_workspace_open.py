from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest

from workbench.kernel.errors import ExitCode, Refused, Unavailable, WorkbenchError
from workbench.security.keys import Argon2Cost
from workbench.store import database as database_file
from workbench.store.header import SchemaVersion, read_header
from workbench.store.workspace import Workspace

PASSPHRASE = "correct horse battery"
CHEAP = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)
PAGE = 4096


def refusal_of(action: Callable[[], object]) -> WorkbenchError:
    with pytest.raises((Refused, Unavailable)) as refusal:
        action()
    error: WorkbenchError = refusal.value
    assert error.text.endswith(".")
    assert error.hint.endswith(".")
    return error


def opening(folder: Path, passphrase: str = PASSPHRASE) -> WorkbenchError:
    return refusal_of(lambda: Workspace.open(folder, passphrase).close())


def change_header(folder: Path, mend_checksum: bool, **fields: object) -> None:
    """Change fields of the header as another program would."""
    import hashlib

    path = folder / "header.json"
    document = {**json.loads(path.read_bytes()), **fields}
    if mend_checksum:
        del document["checksum"]
        canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
        document["checksum"] = hashlib.sha256(canonical.encode()).hexdigest()
    path.write_text(json.dumps(document, indent=2) + "\n")


class MemoryKeyStore:
    def __init__(self) -> None:
        self.keys: dict[str, bytes] = {}

    def recall(self, workspace_id: str) -> bytes | None:
        return self.keys.get(workspace_id)

    def remember(self, workspace_id: str, key: bytes) -> None:
        self.keys[workspace_id] = key

    def forget(self, workspace_id: str) -> None:
        self.keys.pop(workspace_id, None)


def test_what_was_put_is_there_after_closing_and_opening(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "acme.workspace", PASSPHRASE, cost=CHEAP) as created:
        created.documents.put("mapping", "lab", {"rules": [1, 2]}, based_on=0)
        identity = created.id
    with Workspace.open(tmp_path / "acme.workspace", PASSPHRASE) as opened:
        document = opened.documents.get("mapping", "lab")
        assert document is not None
        assert document.body == {"rules": [1, 2]}
        assert opened.id == identity
        assert opened.header.schema == SchemaVersion(1, 0)


def test_the_folder_holds_what_the_format_says_and_only_its_owner_reads_it(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["header.json", "lock", "workspace.db"]
    header = json.loads((folder / "header.json").read_text())
    assert header["format"] == "clinical-mapping-workbench/workspace"
    assert header["schema"] == "1.0"
    if sys.platform != "win32":
        assert folder.stat().st_mode & 0o077 == 0
        assert (folder / "workspace.db").stat().st_mode & 0o077 == 0


def test_the_ordinary_cost_is_written_to_the_header(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "w", PASSPHRASE).close()
    fields = read_header(tmp_path / "w", SchemaVersion(1, 0)).fields
    assert (fields["kdf"], fields["time_cost"], fields["memory_kib"], fields["lanes"]) == ("argon2id-v19", 3, 65536, 4)
    Workspace.open(tmp_path / "w", PASSPHRASE).close()


def test_a_wrong_passphrase_has_its_own_refusal(folder: Path) -> None:
    error = opening(folder, "correct horse buttery")
    assert (error.code, error.exit_code) == ("SEC-0001", ExitCode.REFUSED)
    assert "buttery" not in str(error)


def test_no_passphrase_is_unavailable(folder: Path) -> None:
    assert opening(folder, "").code == "SEC-0002"


def test_the_passphrase_is_asked_for_only_when_the_workspace_can_be_opened(folder: Path) -> None:
    def never() -> str:
        raise AssertionError("asked in vain")

    change_header(folder, mend_checksum=True, schema="2.0")
    assert refusal_of(lambda: Workspace.open(folder, never)).code == "STO-0002"


@pytest.mark.parametrize("name", ["nothing here", "file"])
def test_what_is_no_workspace_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"MSH|")
    error = opening(tmp_path / name)
    assert error.code == "STO-0001"
    assert not (tmp_path / "nothing here").exists()


def test_a_header_without_database_is_no_workspace(folder: Path) -> None:
    (folder / "workspace.db").unlink()
    assert opening(folder).code == "STO-0001"


def test_a_newer_major_is_refused_with_both_versions(folder: Path) -> None:
    change_header(folder, mend_checksum=True, schema="2.0", kdf="something new")
    error = opening(folder)
    assert error.code == "STO-0002"
    assert "2.0" in error.text
    assert "1.0" in error.text


def test_every_shortened_header_is_called_truncated(folder: Path) -> None:
    path = folder / "header.json"
    whole = path.read_bytes()
    for length in range(len(whole) - 2):
        path.write_bytes(whole[:length])
        assert opening(folder).code == "STO-0004", length


def test_every_changed_byte_of_the_header_is_refused_as_a_change(folder: Path) -> None:
    path = folder / "header.json"
    whole = path.read_bytes()
    for place in range(len(whole) - 3):
        changed = bytearray(whole)
        changed[place] ^= 0x02
        path.write_bytes(changed)
        try:
            same = json.loads(changed) == json.loads(whole)
        except ValueError:
            same = False
        if not same:
            assert opening(folder).code == "STO-0003", place


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": "1.7"},
        {"workspace": "another"},
        {"created": "2001-01-01T00:00:00+00:00"},
        {"added": "by someone"},
    ],
)
def test_a_changed_header_with_a_mended_checksum_is_still_refused(folder: Path, fields: dict[str, object]) -> None:
    change_header(folder, mend_checksum=True, **fields)
    assert opening(folder).code == "STO-0003"


@pytest.mark.parametrize(
    "fields",
    [
        {"memory_kib": 1 << 40},
        {"time_cost": "many"},
        {"schema": "one"},
        {"schema": 1.0},
        {"salt": "ü"},
        {"cipher": "none"},
        {"wrapped_key": []},
    ],
)
def test_nonsense_in_the_header_is_refused_before_it_costs_anything(folder: Path, fields: dict[str, object]) -> None:
    change_header(folder, mend_checksum=True, **fields)
    assert opening(folder).code == "STO-0003"


@pytest.mark.parametrize("content", [b"[]\n}", b"[" * 60_000 + b"\n}", b"{" + b" " * 70_000 + b"\n}\n", b"\xff\n}"])
def test_a_header_that_is_no_header_is_refused(folder: Path, content: bytes) -> None:
    (folder / "header.json").write_bytes(content)
    assert opening(folder).code == "STO-0003"


@pytest.fixture
def filled(folder: Path) -> Path:
    """A workspace of some forty pages."""
    with Workspace.open(folder, PASSPHRASE) as workspace:
        for n in range(40):
            workspace.documents.put("case", f"{n}", {"text": f"{n:05}" * 600}, based_on=0)
    return folder


def test_a_shortened_database_is_called_truncated(filled: Path) -> None:
    path = filled / "workspace.db"
    whole = path.read_bytes()
    for length in (0, 1, 15, 100, PAGE - 1, PAGE, PAGE + 1, 5 * PAGE, len(whole) - PAGE, len(whole) - 1):
        path.write_bytes(whole[:length])
        error = opening(filled)
        assert (error.code, error.exit_code) == ("STO-0004", ExitCode.REFUSED), length


def test_a_changed_byte_anywhere_in_the_database_is_refused_as_a_change(filled: Path) -> None:
    path = filled / "workspace.db"
    whole = path.read_bytes()
    first_page = [*range(0, 100, 7), *range(16, 24), 1000, PAGE - 1]
    each_page = [number * PAGE + number * 97 % PAGE for number in range(1, len(whole) // PAGE)]
    for place in [*first_page, *each_page]:
        changed = bytearray(whole)
        changed[place] ^= 0x10
        path.write_bytes(changed)
        assert opening(filled).code == "STO-0005", place


def test_exchanged_pages_are_refused_as_a_change(filled: Path) -> None:
    path = filled / "workspace.db"
    pages = path.read_bytes()
    path.write_bytes(pages[: 3 * PAGE] + pages[4 * PAGE : 5 * PAGE] + pages[3 * PAGE : 4 * PAGE] + pages[5 * PAGE :])
    assert opening(filled).code == "STO-0005"


def test_a_database_of_another_workspace_is_refused_as_a_change(filled: Path, tmp_path: Path) -> None:
    Workspace.create(tmp_path / "other", PASSPHRASE, cost=CHEAP).close()
    (filled / "workspace.db").write_bytes((tmp_path / "other" / "workspace.db").read_bytes())
    assert opening(filled).code == "STO-0005"


def test_a_change_in_a_database_too_large_to_check_at_once_is_found_on_reading(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_file, "CHECKED_ON_OPEN", 0)
    path = filled / "workspace.db"
    changed = bytearray(path.read_bytes())
    for number in range(12, len(changed) // PAGE):
        changed[number * PAGE + 9] ^= 1
    path.write_bytes(changed)
    with Workspace.open(filled, PASSPHRASE, writable=False) as workspace:
        assert refusal_of(workspace.check).code == "STO-0005"
        assert refusal_of(lambda: [workspace.documents.get("case", f"{n}") for n in range(40)]).code == "STO-0005"


def test_refusals_release_the_lock(filled: Path) -> None:
    path = filled / "workspace.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    opening(filled)
    opening(filled, "wrong passphrase")
    path.write_bytes(whole)
    Workspace.open(filled, PASSPHRASE).close()


def in_another_process(folder: Path, writable: bool) -> str:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from workbench.kernel.errors import WorkbenchError\n"
        "from workbench.store.workspace import Workspace\n"
        "try:\n"
        f"    with Workspace.open(Path(sys.argv[1]), {PASSPHRASE!r}, writable={writable}) as w:\n"
        "        print(*(head.id for head in w.documents.list()))\n"
        "except WorkbenchError as error:\n"
        "    print(error.code, int(error.exit_code), error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    return run.stdout.strip()


def test_a_second_writer_is_told_and_a_reader_sees_what_was_confirmed(workspace: Workspace) -> None:
    workspace.documents.put("case", "confirmed", {}, based_on=0)
    with workspace.transaction():
        workspace.documents.put("case", "not-yet", {}, based_on=0)
        assert in_another_process(workspace.folder, writable=False) == "confirmed"
    assert in_another_process(workspace.folder, writable=False) == "confirmed not-yet"
    told = in_another_process(workspace.folder, writable=True)
    assert told.startswith("STO-0011 3 ")
    assert "open for writing in another program" in told


def test_a_second_writer_in_the_same_process_is_told_too(workspace: Workspace) -> None:
    assert opening(workspace.folder).code == "STO-0011"


def test_writing_is_possible_beside_a_reader(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE, writable=False) as reader, Workspace.open(folder, PASSPHRASE) as writer:
        assert reader.documents.list() == ()
        writer.documents.put("case", "new", {}, based_on=0)
        assert [head.id for head in reader.documents.list()] == ["new"]


def test_a_reader_changes_nothing(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE, writable=False) as reader:
        for change in (
            lambda: reader.documents.put("case", "1", {}, based_on=0),
            lambda: reader.journal.append("case", "1", {}, based_on=0),
            lambda: reader.audit.append("anna", "open", "workspace", reader.id),
            lambda: reader.settings.set("theme", "dark"),
            lambda: reader.change_passphrase("another passphrase"),
        ):
            assert refusal_of(change).code == "STO-0008"
        assert not reader.writable


def test_a_workspace_on_a_medium_that_cannot_be_written_is_readable(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests may run as a user whom no permission stops, so the question is answered instead of the permission set.
    monkeypatch.setattr("workbench.store.database.os.access", lambda path, mode: False)
    before = sorted(path.name for path in filled.iterdir())
    with Workspace.open(filled, PASSPHRASE, writable=False) as reader:
        assert len(reader.documents.list("case")) == 40
        assert sorted(path.name for path in filled.iterdir()) == before


def test_create_keeps_away_from_a_folder_in_use(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    (tmp_path / "file").write_text("keep me")
    for taken in (folder, tmp_path / "mine", tmp_path / "file"):
        assert refusal_of(partial(Workspace.create, taken, PASSPHRASE, cost=CHEAP)).code == "STO-0006"
    assert (tmp_path / "mine" / "letter.txt").read_text() == "keep me"
    Workspace.open(folder, PASSPHRASE).close()


def test_create_goes_on_where_a_killed_create_left_off(folder: Path) -> None:
    (folder / "header.json").unlink()
    assert opening(folder).code == "STO-0001"
    Workspace.create(folder, PASSPHRASE, cost=CHEAP).close()
    Workspace.open(folder, PASSPHRASE).close()


def test_create_refuses_a_short_passphrase_and_makes_nothing(tmp_path: Path) -> None:
    assert refusal_of(lambda: Workspace.create(tmp_path / "w", "short")).code == "SEC-0003"
    assert not (tmp_path / "w").exists()


def test_a_changed_passphrase_opens_and_the_old_one_does_not(folder: Path) -> None:
    keys = MemoryKeyStore()
    with Workspace.open(folder, PASSPHRASE) as workspace:
        workspace.remember(keys)
        workspace.documents.put("case", "1", {}, based_on=0)
        assert refusal_of(lambda: workspace.change_passphrase("short")).code == "SEC-0003"
        workspace.change_passphrase("a brand new one")
    assert opening(folder).code == "SEC-0001"
    assert refusal_of(lambda: Workspace.open(folder, key_store=keys)).code == "SEC-0008"
    with Workspace.open(folder, "a brand new one") as workspace:
        assert workspace.documents.get("case", "1") is not None


def test_a_remembered_key_opens_without_passphrase_until_it_is_forgotten(folder: Path) -> None:
    keys = MemoryKeyStore()
    assert refusal_of(lambda: Workspace.open(folder, key_store=keys)).code == "SEC-0009"
    with Workspace.open(folder, PASSPHRASE, key_store=keys) as workspace:
        workspace.remember(keys)
    with Workspace.open(folder, key_store=keys) as workspace:
        workspace.forget(keys)
    assert keys.keys == {}
    assert refusal_of(lambda: Workspace.open(folder, key_store=keys)).code == "SEC-0009"


def test_a_changed_header_is_noticed_with_a_remembered_key_too(folder: Path) -> None:
    keys = MemoryKeyStore()
    with Workspace.open(folder, PASSPHRASE) as workspace:
        workspace.remember(keys)
    change_header(folder, mend_checksum=True, created="2001-01-01T00:00:00+00:00")
    assert refusal_of(lambda: Workspace.open(folder, key_store=keys)).code == "STO-0003"


def test_a_sqlite_that_cannot_encrypt_is_never_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain(apsw.Connection):
        def pragma(self, name: str, *values: Any, **options: Any) -> Any:
            return None if name == "cipher" else super().pragma(name, *values, **options)

    monkeypatch.setattr(apsw, "Connection", Plain)
    assert refusal_of(lambda: Workspace.create(tmp_path / "w", PASSPHRASE, cost=CHEAP)).code == "STO-0013"
    assert (tmp_path / "w" / "workspace.db").stat().st_size == 0


def test_every_commit_reaches_the_disk_before_it_is_confirmed(workspace: Workspace) -> None:
    assert workspace._database.row("PRAGMA synchronous") == (2,)
    assert workspace._database.row("PRAGMA journal_mode") == ("wal",)
    assert workspace._database.row("PRAGMA cipher") == ("chacha20",)


def test_closing_twice_is_no_error(folder: Path) -> None:
    workspace = Workspace.open(folder, PASSPHRASE)
    workspace.close()
    workspace.close()
    Workspace.open(folder, PASSPHRASE).close()
