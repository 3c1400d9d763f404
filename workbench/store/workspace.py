"""A workspace: a folder with a clear-text header and an encrypted database, open in one process for writing.

acme.workspace/
    header.json     what it is, and the data key under the passphrase
    workspace.db    everything else, encrypted; beside it SQLite's log while it is open
    lock            held by the one process that writes
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType

from workbench.security.key_store import KeyStore
from workbench.security.keys import ORDINARY_COST, Argon2Cost, new_data_key, require_strength, subkey
from workbench.security.passphrase import PassphraseSource, first_of, from_value
from workbench.store import database as database_file
from workbench.store import header as header_file
from workbench.store import refusals, schema
from workbench.store.audit_trail import AuditTrail
from workbench.store.database import Database
from workbench.store.documents import Documents
from workbench.store.header import Header
from workbench.store.journal import EditJournal
from workbench.store.lock import WriterLock
from workbench.store.settings import Settings

SUFFIX = ".workspace"


class Workspace:
    """Made by `create` and `open`; a context manager that closes.

    documents  typed JSON documents with revisions
    journal    edits not yet saved
    audit      who did what to which object
    settings   named values
    """

    def __init__(
        self, folder: Path, header: Header, kek: bytes, database: Database, audit: AuditTrail, open_parts: ExitStack
    ) -> None:
        self.folder = folder
        self._header = header
        self._kek = kek
        self._database = database
        self._open_parts = open_parts
        self.documents = Documents(database)
        self.journal = EditJournal(database)
        self.audit = audit
        self.settings = Settings(database)

    @classmethod
    def create(cls, folder: Path, passphrase: str | PassphraseSource, *, cost: Argon2Cost = ORDINARY_COST) -> Workspace:
        """Make a workspace in a new or empty folder and open it for writing.

        The header is written last: a folder that a crash left without one is no workspace and may be used again.

        raises  Refused STO-0006: the folder holds something; Refused SEC-0003: passphrase too short
                Unavailable STO-0011: another process is at it; Unavailable STO-0012, KRN-0002: disk
        """
        secret = _source(passphrase)() or ""
        require_strength(secret)
        with ExitStack() as stack:
            _make_folder(folder)
            stack.callback(WriterLock(folder).release)
            _require_empty(folder)
            data_key = new_data_key()
            database = database_file.create_database(folder, data_key)
            stack.callback(database.close)
            version = schema.bring_up_to_date(database, schema.MIGRATIONS)
            audit = AuditTrail(database, subkey(data_key, "audit anchor"))
            audit.start()
            header, kek = header_file.new_header(secret, version, cost, data_key)
            header_file.write_header(folder, header)
            return cls(folder, header, kek, database, audit, stack.pop_all())

    @classmethod
    def open(
        cls,
        folder: Path,
        passphrase: str | PassphraseSource | None = None,
        *,
        key_store: KeyStore | None = None,
        writable: bool = True,
    ) -> Workspace:
        """Open a workspace, with the remembered key if a key store is given and holds it, else with the passphrase.

        The passphrase is asked for only after the header was found good and the workspace free. Reading
        (`writable=False`) works beside a writer and sees what was confirmed at that time.

        raises  Refused STO-0001: not a workspace; STO-0002: newer; STO-0003: header changed
                Refused STO-0004: cut short; STO-0005: content changed; STO-0009: must be migrated first
                Refused SEC-0001: wrong passphrase; SEC-0008: key outdated; SEC-0009: no key and no passphrase
                Unavailable STO-0011: open for writing elsewhere; STO-0012: disk; SEC-0004: no key store
                and whatever the passphrase source raises
        """
        with ExitStack() as stack:
            known = schema.newest(schema.MIGRATIONS)
            header_file.read_header(folder, known)
            if writable:
                stack.callback(WriterLock(folder).release)
            # Read again under the lock: whoever held it may have migrated.
            header = header_file.read_header(folder, known)
            kek = _key(folder, header, passphrase, key_store)
            data_key = header_file.unlocked(header, kek, folder)
            database = database_file.open_database(folder, data_key, writable)
            stack.callback(database.close)
            version = schema.bring_up_to_date(database, schema.MIGRATIONS)
            if writable and version != header.schema:
                header = header.with_schema(version, kek)
                header_file.write_header(folder, header)
            audit = AuditTrail(database, subkey(data_key, "audit anchor"))
            return cls(folder, header, kek, database, audit, stack.pop_all())

    @property
    def id(self) -> str:
        """Random, given at creation, never changed."""
        return self._header.workspace_id

    @property
    def writable(self) -> bool:
        return self._database.writable

    @property
    def header(self) -> Header:
        return self._header

    def transaction(self) -> AbstractContextManager[None]:
        """Everything done inside happens wholly or not at all; on the disk when the outermost one ends.

        with workspace.transaction():
            document = workspace.documents.put(...)
            workspace.audit.append(actor, "mapping.save", document.kind, document.id, document.content_hash)
        """
        return self._database.transaction()

    def check(self) -> None:
        """Read and authenticate every page in use; raises Refused STO-0005."""
        self._database.check()

    def remember(self, key_store: KeyStore) -> None:
        """Let the key store open this workspace from now on; only when the user agreed. Raises Unavailable SEC-0004."""
        key_store.remember(self.id, self._kek)

    def forget(self, key_store: KeyStore) -> None:
        """Take the key out of the key store again; raises Unavailable SEC-0004."""
        key_store.forget(self.id)

    def change_passphrase(self, passphrase: str | PassphraseSource) -> None:
        """Protect the data key with a new passphrase; the old one and remembered keys do not open this folder any more.

        The data key stays, so copies made before still open with the old passphrase.

        raises  Refused SEC-0003: too short; Refused STO-0008: open for reading; Unavailable KRN-0002
        """
        if not self.writable:
            raise refusals.reading_only()
        secret = _source(passphrase)() or ""
        require_strength(secret)
        header, kek = self._header.with_passphrase(secret, self._kek)
        header_file.write_header(self.folder, header)
        self._header, self._kek = header, kek

    def close(self) -> None:
        """Close the database and give the lock back; closing twice is no error."""
        self._open_parts.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _source(passphrase: str | PassphraseSource) -> PassphraseSource:
    return from_value(passphrase) if isinstance(passphrase, str) else passphrase


def _key(folder: Path, header: Header, passphrase: str | PassphraseSource | None, key_store: KeyStore | None) -> bytes:
    """The key-encrypting key that opens the header."""
    remembered = key_store.recall(header.workspace_id) if key_store else None
    if remembered is not None and header.is_opened_by(remembered):
        return remembered
    if passphrase is None and key_store is not None:
        raise refusals.nothing_remembered(folder) if remembered is None else refusals.outdated_key(folder)
    sources = () if passphrase is None else (_source(passphrase),)
    kek = header.key_of(first_of(*sources)() or "")
    if not header.is_opened_by(kek):
        raise refusals.wrong_passphrase(folder)
    return kek


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise refusals.occupied(folder) from error
    except OSError as error:
        raise refusals.failed(folder, error.strerror or type(error).__name__) from error


def _require_empty(folder: Path) -> None:
    """Refuse a folder that is in use; remove what a crashed `create` left, which no key opens any more."""
    leftovers = {database_file.FILE_NAME + end for end in ("", "-wal", "-shm")}
    try:
        found = {entry.name for entry in os.scandir(folder)} - {"lock"}
        if found - leftovers:
            raise refusals.occupied(folder)
        for name in found:
            (folder / name).unlink()
    except OSError as error:
        raise refusals.failed(folder, error.strerror or type(error).__name__) from error
