"""The operating system's own place for secrets, used when the user agrees to be remembered.

What is kept there is the key-encrypting key of one workspace, never its passphrase. A changed passphrase makes
the entry worthless.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Protocol

from workbench.kernel.errors import Unavailable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "clinical-mapping-workbench"


class KeyStore(Protocol):
    """Remembers one key for each workspace id; every method may raise Unavailable SEC-0004."""

    def recall(self, workspace_id: str) -> bytes | None: ...

    def remember(self, workspace_id: str, key: bytes) -> None: ...

    def forget(self, workspace_id: str) -> None: ...


class SystemKeyStore:
    """Keychain, Credential Manager, Secret Service or KWallet, whichever the session offers."""

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = backend

    def recall(self, workspace_id: str) -> bytes | None:
        """The remembered key, None when there is none or the entry is not one of ours."""
        import keyring.errors

        try:
            text = self._backend.get_password(SERVICE, workspace_id)
        except keyring.errors.KeyringError as error:
            raise _unavailable("could not be read") from error
        try:
            return None if text is None else base64.b64decode(text, validate=True)
        except ValueError:
            return None

    def remember(self, workspace_id: str, key: bytes) -> None:
        import keyring.errors

        try:
            self._backend.set_password(SERVICE, workspace_id, base64.b64encode(key).decode("ascii"))
        except keyring.errors.KeyringError as error:
            raise _unavailable("did not take the key") from error

    def forget(self, workspace_id: str) -> None:
        """Remove the key; no entry is no error."""
        import keyring.errors

        try:
            if self._backend.get_password(SERVICE, workspace_id) is not None:
                self._backend.delete_password(SERVICE, workspace_id)
        except keyring.errors.KeyringError as error:
            raise _unavailable("did not remove the key") from error


def system_key_store() -> SystemKeyStore:
    """The key store of this session.

    raises  Unavailable SEC-0004: there is none that keyring recommends (priority 1 or more); the others
            keep secrets in plain text
    """
    import keyring  # searching for back ends takes about 0.1 s; who types a passphrase need not wait for it

    backend = keyring.get_keyring()
    if backend.priority < 1:
        raise _unavailable("does not exist on this system or is not running")
    return SystemKeyStore(backend)


def _unavailable(what: str) -> Unavailable:
    return Unavailable(
        "SEC-0004",
        f"The key store of the operating system {what}.",
        "Unlock it or start one (Keychain, Credential Manager, GNOME Keyring, KWallet), or use the passphrase.",
    )
