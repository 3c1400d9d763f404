"""Every sentence with which a workspace says no; each cause has its own code, so that callers can tell them apart."""

from __future__ import annotations

from pathlib import Path

from workbench.kernel.errors import Refused, Unavailable

_RESTORE = "Restore the workspace from a backup; nothing in it was changed now."


def no_workspace(folder: Path) -> Refused:
    return Refused(
        "STO-0001",
        f"{folder} is not a workspace.",
        "Choose a folder that holds header.json and workspace.db, or create a workspace there.",
    )


def newer_workspace(found: object, known: object) -> Refused:
    return Refused(
        "STO-0002",
        f"The workspace has format {found}; this program knows formats up to {known}.",
        "Open it with a newer version of the workbench.",
    )


def header_changed(folder: Path) -> Refused:
    return Refused("STO-0003", f"The header of workspace {folder} was damaged or changed by another program.", _RESTORE)


def truncated(file: Path) -> Refused:
    return Refused("STO-0004", f"{file} is shorter than it should be: its end is missing.", _RESTORE)


def content_changed(file: Path) -> Refused:
    return Refused("STO-0005", f"{file} was damaged or changed by another program.", _RESTORE)


def wrong_passphrase(folder: Path) -> Refused:
    return Refused(
        "SEC-0001",
        f"The passphrase does not open {folder}.",
        "Check the keyboard layout and Caps Lock. There is no other way in.",
    )


def outdated_key(folder: Path) -> Refused:
    return Refused(
        "SEC-0008",
        f"The key in the key store does not open {folder} any more.",
        "Open the workspace with its passphrase; it can then be remembered again.",
    )


def nothing_remembered(folder: Path) -> Refused:
    return Refused(
        "SEC-0009",
        f"The key store holds no key for {folder}.",
        "Open the workspace with its passphrase; it can then be remembered.",
    )


def audit_changed() -> Refused:
    return Refused(
        "SEC-0010",
        "The audit trail was changed, so nothing can be added to it.",
        "Run `workbench audit verify` to see where, and restore the workspace from a backup.",
    )


def occupied(folder: Path) -> Refused:
    return Refused("STO-0006", f"{folder} is not empty.", "Choose another name, or open the workspace that is there.")


def conflict(kind: str, document_id: str) -> Refused:
    return Refused(
        "STO-0007",
        f"{kind} {document_id} was changed by someone else since it was read.",
        "Read it again and repeat the change; the stored state is untouched.",
    )


def reading_only() -> Refused:
    return Refused("STO-0008", "The workspace is open for reading only.", "Open it for writing to change it.")


def migrate_first() -> Refused:
    return Refused(
        "STO-0009",
        "The workspace has an older format that must be brought up to date before it can be read.",
        "Open it for writing once.",
    )


def not_storable(what: str) -> Refused:
    return Refused("STO-0010", f"{what} holds text that is not valid Unicode.", "Correct the text and save again.")


def locked(folder: Path) -> Unavailable:
    return Unavailable(
        "STO-0011",
        f"{folder} is open for writing in another program.",
        "Close it there, or open it here for reading.",
    )


def no_encryption() -> Unavailable:
    return Unavailable(
        "STO-0013",
        "The SQLite library of this installation cannot encrypt.",
        "Remove the package apsw and install apsw-sqlite3mc.",
    )


def failed(file: Path, reason: str) -> Unavailable:
    return Unavailable(
        "STO-0012",
        f"{file} cannot be used ({reason}).",
        "Check free space, permissions and the connection to the drive; what was confirmed before is kept.",
    )
