"""The encrypted SQLite file: opened, keyed, checked, and its errors said in our words.

Cipher, page authentication and what they cost: resources/docs/adr/0003.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import apsw

from workbench.security.keys import subkey
from workbench.store import refusals
from workbench.store.header import CIPHER

FILE_NAME = "workspace.db"
PAGE_BYTES = 4096
CHECKED_ON_OPEN = 64 << 20
BUSY_MS = 5000

Value: TypeAlias = int | float | str | bytes | None
Row: TypeAlias = tuple[Any, ...]


class Database:
    """One connection; may be used from any thread, by one at a time."""

    def __init__(self, connection: apsw.Connection, file: Path, writable: bool) -> None:
        self._connection = connection
        self._file = file
        self._turn = threading.RLock()
        self.writable = writable

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """All rows of a query."""
        with self._turn, _spoken(self._file):
            return list(self._connection.execute(sql, values))

    def row(self, sql: str, values: Sequence[Value] = ()) -> Row | None:
        """The first row of a query, None when there is none."""
        return next(iter(self.rows(sql, values)), None)

    def change(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Run one statement and return how many rows it changed; use it inside `transaction`."""
        with self._turn, _spoken(self._file):
            self._connection.execute(sql, values)
            return self._connection.changes()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing; on the disk when the outermost one ends. Nests.

        raises  Refused STO-0008: opened for reading
        """
        if not self.writable:
            raise refusals.reading_only()
        with self._turn, _spoken(self._file), self._connection:
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reads inside see one state, whatever another process writes meanwhile."""
        with self._turn, _spoken(self._file), self._connection:
            yield

    def check(self) -> None:
        """Read and authenticate every page in use; raises Refused STO-0005."""
        if self.rows("PRAGMA quick_check(1)") != [("ok",)]:
            raise refusals.content_changed(self._file)

    def close(self) -> None:
        with self._turn, _spoken(self._file):
            self._connection.close()


def create_database(folder: Path, data_key: bytes) -> Database:
    """A new, empty database in `folder`; raises Unavailable STO-0012, STO-0013."""
    file = folder / FILE_NAME
    with _disk(file), _spoken(file), ExitStack() as stack:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = stack.enter_context(closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)))
        _give_key(connection, data_key)
        connection.pragma("journal_mode", "wal")
        _make_durable(connection)
        stack.pop_all()
    return Database(connection, file, writable=True)


def open_database(folder: Path, data_key: bytes, writable: bool) -> Database:
    """The database of an existing workspace, its pages checked unless there are very many.

    A database above 64 MiB is authenticated page by page as it is read; `check` does it all.

    raises  Refused STO-0001: there is none; STO-0004: cut short; STO-0005: a page was changed
            Unavailable STO-0012: the drive failed; STO-0013: SQLite without encryption
    """
    file = folder / FILE_NAME
    if not file.exists():
        raise refusals.no_workspace(folder)
    with _disk(file), _spoken(file), ExitStack() as stack:
        size, log = file.stat().st_size, _log_size(file)
        # A log that still waits to be taken over may hold what the file lacks.
        if not log and (size == 0 or size % PAGE_BYTES):
            raise refusals.truncated(file)
        name, flags = _way_to_open(file, writable, bool(log))
        connection = stack.enter_context(closing(apsw.Connection(name, flags=flags)))
        _give_key(connection, data_key)
        _require_all_pages(connection, file)
        _make_durable(connection)
        connection.pragma("query_only", int(not writable))
        database = Database(connection, file, writable)
        if size <= CHECKED_ON_OPEN:
            database.check()
        stack.pop_all()
    return database


def _way_to_open(file: Path, writable: bool, has_log: bool) -> tuple[str, int]:
    """File name and flags. Even a reader shares the log's index file, so it opens for writing where it may."""
    if writable or os.access(file.parent, os.W_OK):
        return str(file), apsw.SQLITE_OPEN_READWRITE
    if has_log:
        return str(file), apsw.SQLITE_OPEN_READONLY
    return f"{file.resolve().as_uri()}?immutable=1", apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI


def _give_key(connection: apsw.Connection, data_key: bytes) -> None:
    connection.set_busy_timeout(BUSY_MS)
    # Plain apsw goes by the same import name, takes the pragmas in silence and writes clear text.
    if connection.pragma("cipher", CIPHER) != CIPHER:
        raise refusals.no_encryption()
    # The x'…' form is taken as the key itself; any other text would be stretched by PBKDF2 once more.
    connection.pragma("key", f"x'{subkey(data_key, 'database').hex()}'")


def _require_all_pages(connection: apsw.Connection, file: Path) -> None:
    """Tell a file that lost its end from one that was changed.

    This pragma reads the first page alone. SQLite calls the file corrupt there when that page, authenticated,
    counts more pages than the file has; a first page that fails authentication is "not a database". No
    workspace has version 0, an empty file has.
    """
    try:
        version = connection.pragma("user_version")
    except apsw.CorruptError as error:
        raise refusals.truncated(file) from error
    if not version:
        raise refusals.truncated(file)


def _make_durable(connection: apsw.Connection) -> None:
    connection.pragma("synchronous", "full")
    connection.pragma("fullfsync", 1)  # macOS: fsync alone leaves data in the drive's cache
    connection.pragma("trusted_schema", 0)
    connection.pragma("cell_size_check", 1)


def _log_size(file: Path) -> int:
    log = file.with_name(file.name + "-wal")
    return log.stat().st_size if log.exists() else 0


@contextmanager
def _spoken(file: Path) -> Iterator[None]:
    """Damage and failing surroundings become Refused and Unavailable; all else is a defect and stays as it is."""
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise refusals.content_changed(file) from error
    except (
        apsw.BusyError,
        apsw.CantOpenError,
        apsw.FullError,
        apsw.IOError,
        apsw.LockedError,
        apsw.PermissionsError,
        apsw.ProtocolError,
        apsw.ReadOnlyError,
    ) as error:
        raise refusals.failed(file, str(error)) from error


@contextmanager
def _disk(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise refusals.failed(file, error.strerror or type(error).__name__) from error
