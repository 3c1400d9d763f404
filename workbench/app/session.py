"""What a face works with: the workspace, who works in it, what is open.

A session is made once at the start and handed to whoever needs it; nothing imports it.
"""

from __future__ import annotations

import base64
import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from workbench.kernel.errors import Refused
from workbench.kernel.shipped import shipped, user_data_folder
from workbench.messages.capture import Capture
from workbench.security.audit import AuditEntry, AuditReport
from workbench.security.key_store import KeyStore
from workbench.security.keys import new_data_key
from workbench.security.passphrase import PassphraseSource, first_of, headless_sources
from workbench.store.documents import Document, DocumentHead
from workbench.store.journal import JournalledEdit, UnsavedDocument
from workbench.store.workspace import SUFFIX, Workspace

SAMPLE_PASSPHRASE = "sample workspace"
"""Protects synthetic patients only, and is therefore no secret."""
SAMPLE_NAME = "sample"


def sample_workspace_folder() -> Path:
    """Where the sample workspace of this user lies."""
    return user_data_folder() / f"{SAMPLE_NAME}{SUFFIX}"


def sample_capture_paths() -> list[Path]:
    """The shipped sample messages, all of synthetic patients."""
    return sorted(shipped("resources", "samples").glob("*.hl7"))


def standard_package_folder() -> Path:
    """The shipped mapping package from v2 to FHIR R4."""
    return shipped("mappings", "v2-to-fhir-r4")


@dataclass(eq=False)
class Session:
    """One workspace in use.

    actor    who acts, for the audit trail: the account's name unless the user says otherwise
    capture  the messages that are open
    package  folder of the mapping package that is open
    """

    workspace: Workspace
    actor: str = field(default_factory=getpass.getuser)
    capture: Capture | None = None
    package: Path | None = None

    @property
    def name(self) -> str:
        """The workspace's name as people see it."""
        return self.workspace.folder.name.removesuffix(SUFFIX)

    def record(self, action: str, kind: str, object_id: str, content_hash: str = "") -> AuditEntry:
        """Write down that the actor did something; ids and hashes only."""
        return self.workspace.audit.append(self.actor, action, kind, object_id, content_hash)

    def record_opened(self, capture: Capture) -> AuditEntry:
        """Write down that the actor opened messages; names of files may name patients, so only their hash is kept."""
        names = "\n".join(str(path.resolve()) for path in capture.paths)
        return self.record("capture.open", "capture", sha256(names.encode("utf-8", "surrogateescape")).hexdigest())

    def keep(self, action: str, kind: str, object_id: str, body: Mapping[str, Any]) -> Document:
        """Store a document and the fact that it was stored, both or neither.

        raises  Refused STO-0007 when somebody else stored a newer one meanwhile
        """
        with self.workspace.transaction():
            stored = self.workspace.documents.get(kind, object_id)
            document = self.workspace.documents.put(kind, object_id, body, based_on=stored.revision if stored else 0)
            self.record(action, kind, object_id, document.content_hash)
        return document

    def kept(self, kind: str, object_id: str) -> Document | None:
        """A stored document."""
        return self.workspace.documents.get(kind, object_id)

    def kept_heads(self, kind: str) -> tuple[DocumentHead, ...]:
        """The stored documents of a kind, without their bodies."""
        return self.workspace.documents.list(kind)

    def journal(self, kind: str, object_id: str, edit: Mapping[str, Any], *, based_on: int = 0) -> int:
        """Make one edit survive a kill; returns its sequence."""
        return self.workspace.journal.append(kind, object_id, edit, based_on=based_on)

    def journalled(self, kind: str, object_id: str) -> tuple[JournalledEdit, ...]:
        """The edits of one object that were not saved."""
        return self.workspace.journal.edits(kind, object_id)

    def unsaved(self) -> tuple[UnsavedDocument, ...]:
        """What a crash left behind."""
        return self.workspace.journal.unsaved()

    def forget_edits(self, kind: str, object_id: str, after: int | None = None) -> None:
        """Drop journalled edits: all of an object after it was saved, or those after a sequence that was undone."""
        if after is None:
            self.workspace.journal.drop(kind, object_id)
        else:
            self.workspace.journal.drop_after(kind, object_id, after)

    def audit_entries(self, after: int = 0) -> Iterator[AuditEntry]:
        """The audit trail, oldest first."""
        return self.workspace.audit.entries(after)

    def verify_audit(self) -> AuditReport:
        """Check the whole chain."""
        return self.workspace.audit.verify()

    def setting(self, name: str, default: Any = None) -> Any:
        return self.workspace.settings.get(name, default)

    def set_setting(self, name: str, value: Any) -> None:
        self.workspace.settings.set(name, value)

    def close(self) -> None:
        """Close the workspace; closing twice is no error."""
        self.workspace.close()


def workspace_key(workspace: Workspace, name: str) -> bytes:
    """The random key that the workspace keeps under a name, made when it is first asked for.

    raises  Refused STO-0008: there is none yet and the workspace is open for reading
    """
    kept = workspace.settings.get(name)
    if isinstance(kept, str):
        return base64.b64decode(kept)
    key = new_data_key()
    workspace.settings.set(name, base64.b64encode(key).decode("ascii"))
    return key


def create_session(folder: Path, passphrase: str | PassphraseSource) -> Session:
    """Make a workspace and work in it; raises as `Workspace.create` does."""
    session = Session(Workspace.create(folder, passphrase))
    session.record("workspace.create", "workspace", session.workspace.id)
    return session


def open_session(
    folder: Path, passphrase: str | PassphraseSource | None, *, key_store: KeyStore | None = None
) -> Session:
    """Open a workspace for writing; raises as `Workspace.open` does."""
    session = Session(Workspace.open(folder, passphrase, key_store=key_store))
    session.record("workspace.open", "workspace", session.workspace.id)
    return session


def sample_session() -> Session:
    """The sample workspace, made on first use, with nothing open in it yet."""
    folder = sample_workspace_folder()
    if (folder / "header.json").exists():
        return open_session(folder, SAMPLE_PASSPHRASE)
    return create_session(folder, SAMPLE_PASSPHRASE)


@contextmanager
def reading(folder: Path, passphrase_descriptor: int | None) -> Iterator[Workspace]:
    """A workspace opened for reading from a command, with the passphrase from wherever a command finds one.

    raises  Refused CLI-0002: the folder is no workspace, and whatever `Workspace.open` raises
    """
    if not folder.is_dir():
        raise Refused(
            "CLI-0002", f"{folder} is no workspace folder.", f"A workspace is a folder named like name{SUFFIX}."
        )
    source = (
        SAMPLE_PASSPHRASE if folder == sample_workspace_folder() else first_of(*headless_sources(passphrase_descriptor))
    )
    with Workspace.open(folder, source, writable=False) as workspace:
        yield workspace
