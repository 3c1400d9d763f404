"""Captures that a workspace holds: what its listener received, sealed, and opened again only through the workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from workbench.app.session import Session, reading, workspace_key
from workbench.exchange.mllp_frames import framed
from workbench.kernel.errors import Refused, Unavailable
from workbench.security.sealed_log import Records, SealedLog, read_records
from workbench.security.sealing import KeySeal

FOLDER = "received"
SUFFIX = ".sealed"
LARGEST_FILE = 256 << 20
"""Bytes after which another file is begun; a sealed file is opened in memory."""
_KEY_SETTING = "received.key"
_PURPOSE = "received messages"
_PLAIN = ".mllp"
_UNFINISHED = ".unfinished"
_RECORD = 8 << 20
_STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """One sealed capture; `began` is aware (UTC), `size` in bytes."""

    path: Path
    began: datetime
    size: int


class SealedStore:
    """Where a listener keeps messages in a workspace; each is sealed and on the disk when `append` returns.

    raises  Unavailable EXC-0012: the file cannot be written; Refused STO-0008: the workspace is open for reading
    """

    def __init__(self, session: Session) -> None:
        self._folder = session.workspace.folder / FOLDER
        self._seal = _seal(session)
        try:
            self._log = _new_log(self._folder, self._seal)
        except OSError as error:
            raise _not_kept(error) from error

    @property
    def path(self) -> Path:
        """The file that is written now."""
        return self._log.path

    def append(self, message: bytes) -> None:
        """raises  OSError: the message is not on the disk"""
        if self._log.size > LARGEST_FILE:
            following = _new_log(self._folder, self._seal)
            self._log.close()
            self._log = following
        self._log.append(framed(message))

    def close(self) -> None:
        self._log.close()


def keep_lines(session: Session, lines: Iterable[bytes]) -> Path:
    """Keep JSON documents, one a line, as a capture of the workspace; raises as `SealedStore` does."""
    try:
        log = _new_log(session.workspace.folder / FOLDER, _seal(session))
        try:
            for line in lines:
                log.append(line + b"\n")
        finally:
            log.close()
    except OSError as error:
        raise _not_kept(error) from error
    return log.path


def received_files(session: Session) -> tuple[ReceivedFile, ...]:
    """What the workspace has received, the newest first."""
    found: list[ReceivedFile] = []
    for path in (session.workspace.folder / FOLDER).glob(f"*{SUFFIX}"):
        try:
            began = datetime.strptime(path.name.removesuffix(SUFFIX), _STAMP).replace(tzinfo=UTC)
        except ValueError:
            continue  # no name of ours
        found.append(ReceivedFile(path, began, path.stat().st_size))
    return tuple(sorted(found, key=lambda file: file.began, reverse=True))


def delete_received(session: Session, file: ReceivedFile) -> None:
    """Remove a received capture for good; raises Unavailable EXC-0014."""
    try:
        file.path.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(
            "EXC-0014", f"The capture cannot be deleted ({error.strerror}).", "Close what uses it, then try again."
        ) from error
    session.record("received.delete", "capture", file.path.name)


def plain_files(session: Session) -> list[Path]:
    """What earlier versions received and kept unsealed, where the workspace may be changed."""
    folder = session.workspace.folder / FOLDER
    return sorted(folder.glob(f"*{_PLAIN}")) if session.workspace.writable else []


def seal_plain_files(session: Session) -> int:
    """Seal what earlier versions kept in plain files, and remove those; gives how many there were.

    A sealed file stands under its own name only when it is whole, and the plain one goes after that: whenever this
    is interrupted, the messages are there, and the next time it is done.

    raises  Unavailable EXC-0012: a file cannot be read or written; the plain one is still there then
    """
    plain = plain_files(session)
    for path in plain:
        try:
            content = path.read_bytes()
            sealed = _sealed(path, content, session)
            path.unlink()
        except OSError as error:
            raise _not_kept(error) from error
        session.record("received.seal", "capture", sealed.name, sha256(content).hexdigest())
    return len(plain)


def _sealed(path: Path, content: bytes, session: Session) -> Path:
    """A sealed copy of a plain file, named by the time of that; the one that is there when it is the same."""
    seal, began = _seal(session), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    target = path.with_name(f"{began:{_STAMP}}{SUFFIX}")
    while target.exists():
        if b"".join(read_records(target.read_bytes(), seal).contents) == content:
            return target
        began += timedelta(microseconds=1)
        target = path.with_name(f"{began:{_STAMP}}{SUFFIX}")
    unfinished = path.with_name(path.name + _UNFINISHED)
    unfinished.unlink(missing_ok=True)
    log = SealedLog(unfinished, seal)
    try:
        for at in range(0, len(content), _RECORD):
            log.append(content[at : at + _RECORD])
    finally:
        log.close()
    return unfinished.rename(target)


def unsealing(session: Session) -> Callable[[Path, bytes], Records]:
    """Opens what this workspace has received; what another one has is refused by its seal."""
    return lambda _path, data: read_records(data, _seal(session))


def _seal(session: Session) -> KeySeal:
    return KeySeal(workspace_key(session.workspace, _KEY_SETTING), _PURPOSE)


def _new_log(folder: Path, seal: KeySeal) -> SealedLog:
    """A log named by the time it begins."""
    return SealedLog(folder / f"{datetime.now(UTC):{_STAMP}}{SUFFIX}", seal)


def _not_kept(error: OSError) -> Unavailable:
    return Unavailable(
        "EXC-0012",
        f"Messages cannot be kept in the workspace ({error.strerror or type(error).__name__}).",
        "Check the space and the permissions of its folder.",
    )


def headless_unsealing(passphrase_descriptor: int | None = None) -> Callable[[Path, bytes], Records]:
    """Opens a sealed file where it lies, in the folder of its workspace; each passphrase is asked for once.

    raises (when asked)  Refused CLI-0002: it does not lie in a workspace, and whatever `Workspace.open` raises
    """
    known: dict[Path, KeySeal] = {}

    def ask(path: Path) -> KeySeal:
        folder = path.absolute().parent.parent
        if folder not in known:
            with reading(folder, passphrase_descriptor) as workspace:
                if not isinstance(workspace.settings.get(_KEY_SETTING), str):
                    raise Refused(
                        "EXC-0015",
                        f"{path} was not received by the workspace it lies in.",
                        "Open it where it was received.",
                    )
                known[folder] = KeySeal(workspace_key(workspace, _KEY_SETTING), _PURPOSE)
        return known[folder]

    return lambda path, data: read_records(data, ask(path))
