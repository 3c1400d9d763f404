"""The clear-text header of a workspace: what it is, how old, and the data key under the passphrase.

Two guards, because they tell different stories. A plain SHA-256 finds damage before a passphrase is tried, so
that a flipped bit in the salt is not reported as a wrong passphrase. The wrapped key is bound to every other
field (AES-256-GCM associated data), so that a change by someone who also mends the SHA-256 is found too.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag

from workbench.kernel.atomic_file import write_atomically
from workbench.security.keys import Argon2Cost, WrappedKey, is_right_key, key_check, new_salt, passphrase_key
from workbench.security.keys import unwrap as unwrap_key
from workbench.security.keys import wrap as wrap_key
from workbench.store import refusals

FORMAT = "clinical-mapping-workbench/workspace"
FILE_NAME = "header.json"
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})", re.ASCII)
_LARGEST = 64 * 1024
CIPHER = "chacha20"  # ChaCha20-Poly1305, RFC 8439, in SQLite3 Multiple Ciphers
_KDF = "argon2id-v19"
_WRAPPING = "aes-256-gcm"


class SchemaVersion(NamedTuple):
    """A newer major cannot be read; a newer minor only adds what an older program may ignore."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True)
class Header:
    """A header whose form is valid.

    fields   everything but the wrapped key and the checksum, including what a newer minor version added
    wrapped  the data key under the key-encrypting key, bound to `fields`
    """

    fields: Mapping[str, Any]
    wrapped: WrappedKey

    @property
    def schema(self) -> SchemaVersion:
        return _version(self.fields["schema"])

    @property
    def workspace_id(self) -> str:
        """A random UUID; the name under which the key store remembers the key."""
        return str(self.fields["workspace"])

    @property
    def created(self) -> datetime:
        return datetime.fromisoformat(self.fields["created"])

    def key_of(self, passphrase: str) -> bytes:
        """The key-encrypting key that this header derives from a passphrase; right or wrong is for `is_opened_by`."""
        return passphrase_key(passphrase, _unbase64(self.fields["salt"]), _cost(self.fields))

    def is_opened_by(self, kek: bytes) -> bool:
        return is_right_key(kek, _unbase64(self.fields["passphrase_check"]))

    def data_key(self, kek: bytes) -> bytes:
        """The data key.

        raises  cryptography.exceptions.InvalidTag: the header was changed (given that `is_opened_by` said yes)
        """
        return unwrap_key(kek, self.wrapped, _canonical(self.fields))

    def with_schema(self, schema: SchemaVersion, kek: bytes) -> Header:
        """The same header for a migrated workspace."""
        return _sealed({**self.fields, "schema": str(schema)}, kek, self.data_key(kek))

    def with_passphrase(self, passphrase: str, kek: bytes) -> tuple[Header, bytes]:
        """The same data key under a new passphrase with a new salt, and the new key-encrypting key."""
        return _protected(self.fields, passphrase, _cost(self.fields), self.data_key(kek))


def new_header(passphrase: str, schema: SchemaVersion, cost: Argon2Cost, data_key: bytes) -> tuple[Header, bytes]:
    """The header of a new workspace and its key-encrypting key."""
    fields = {
        "format": FORMAT,
        "schema": str(schema),
        "workspace": str(uuid.uuid4()),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "cipher": CIPHER,
    }
    return _protected(fields, passphrase, cost, data_key)


def read_header(folder: Path, known: SchemaVersion) -> Header:
    """The header of the workspace in `folder`; `known` is the newest schema this program can use.

    raises  Refused STO-0001: there is none
            Refused STO-0002: a newer major
            Refused STO-0003: damaged; Refused STO-0004: cut short
            Unavailable STO-0012: cannot be read
    """
    path = folder / FILE_NAME
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise refusals.no_workspace(folder) from error
    except OSError as error:
        raise refusals.failed(path, error.strerror or type(error).__name__) from error
    # Only the last brace stands at the start of a line, so every shorter file lacks it.
    if not raw.rstrip().endswith(b"\n}") and len(raw) <= _LARGEST:
        raise refusals.truncated(path)
    try:
        return _parse(raw, known)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise refusals.header_changed(folder) from error


def write_header(folder: Path, header: Header) -> None:
    """Replace the header in one step; raises Unavailable KRN-0002."""
    content = {**header.fields, "wrapped_key": _wrapped_fields(header.wrapped)}
    document = {**content, "checksum": hashlib.sha256(_canonical(content)).hexdigest()}
    write_atomically(folder / FILE_NAME, (json.dumps(document, indent=2) + "\n").encode("ascii"))


def unlocked(header: Header, kek: bytes, folder: Path) -> bytes:
    """The data key, given a key-encrypting key that opens the header; raises Refused STO-0003."""
    try:
        return header.data_key(kek)
    except InvalidTag as error:
        raise refusals.header_changed(folder) from error


def _parse(raw: bytes, known: SchemaVersion) -> Header:
    document = json.loads(raw)
    checksum = document.pop("checksum")
    if document["format"] != FORMAT or checksum != hashlib.sha256(_canonical(document)).hexdigest():
        raise ValueError("checksum differs")
    schema = _version(document["schema"])
    # Before anything else is looked at: a newer major may protect its key in a way this program has not heard of.
    if schema.major > known.major:
        raise refusals.newer_workspace(schema, known)
    wrapped = document.pop("wrapped_key")
    header = Header(document, WrappedKey(_unbase64(wrapped["nonce"]), _unbase64(wrapped["ciphertext"])))
    if (document["cipher"], document["kdf"], wrapped["algorithm"]) != (CIPHER, _KDF, _WRAPPING):
        raise ValueError("unknown algorithm")
    # What is read lazily is read once here, so that a bad form is refused here and nowhere else.
    _ = (header.workspace_id, header.created, _cost(document))
    _ = (_unbase64(document["salt"]), _unbase64(document["passphrase_check"]))
    return header


def _protected(fields: Mapping[str, Any], passphrase: str, cost: Argon2Cost, data_key: bytes) -> tuple[Header, bytes]:
    salt = new_salt()
    kek = passphrase_key(passphrase, salt, cost)
    protection = {
        "kdf": _KDF,
        "time_cost": cost.time_cost,
        "memory_kib": cost.memory_kib,
        "lanes": cost.lanes,
        "salt": _base64(salt),
        "passphrase_check": _base64(key_check(kek)),
    }
    return _sealed({**fields, **protection}, kek, data_key), kek


def _sealed(fields: Mapping[str, Any], kek: bytes, data_key: bytes) -> Header:
    return Header(fields, wrap_key(kek, data_key, _canonical(fields)))


def _wrapped_fields(wrapped: WrappedKey) -> dict[str, str]:
    return {
        "algorithm": _WRAPPING,
        "nonce": _base64(wrapped.nonce),
        "ciphertext": _base64(wrapped.ciphertext),
    }


def _cost(fields: Mapping[str, Any]) -> Argon2Cost:
    return Argon2Cost(int(fields["time_cost"]), int(fields["memory_kib"]), int(fields["lanes"]))


def _version(text: str) -> SchemaVersion:
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ValueError("not a schema version")
    return SchemaVersion(int(match[1]), int(match[2]))


def _canonical(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unbase64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
