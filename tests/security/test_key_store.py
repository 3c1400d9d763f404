from __future__ import annotations

import keyring
import keyring.backends.fail
import keyring.errors
import pytest
from keyring.backend import KeyringBackend

from workbench.kernel.errors import ExitCode, Unavailable
from workbench.security.key_store import SERVICE, SystemKeyStore, system_key_store


class MemoryKeyring(KeyringBackend):
    """A key store of one test; `broken` makes every call fail as a locked one does."""

    priority = 5

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.broken = False

    def _work(self) -> dict[tuple[str, str], str]:
        if self.broken:
            raise keyring.errors.KeyringLocked("locked")
        return self.entries

    def get_password(self, service: str, username: str) -> str | None:
        return self._work().get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._work()[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self._work().pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not found")


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    memory = MemoryKeyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: memory)
    return memory


def test_a_key_comes_back_for_its_workspace_only(backend: MemoryKeyring) -> None:
    store = system_key_store()
    store.remember("one", bytes(range(32)))
    assert store.recall("one") == bytes(range(32))
    assert store.recall("two") is None


def test_a_forgotten_key_is_gone_and_forgetting_twice_is_no_error(backend: MemoryKeyring) -> None:
    store = system_key_store()
    store.remember("one", bytes(32))
    store.forget("one")
    store.forget("one")
    assert backend.entries == {}


@pytest.mark.parametrize("entry", ["not base64 !", "schlüssel"])
def test_an_entry_that_is_not_ours_counts_as_none(backend: MemoryKeyring, entry: str) -> None:
    backend.entries[SERVICE, "one"] = entry
    assert system_key_store().recall("one") is None


def test_a_system_without_key_store_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
    with pytest.raises(Unavailable) as refusal:
        system_key_store()
    assert refusal.value.code == "SEC-0004"
    assert refusal.value.exit_code == ExitCode.UNAVAILABLE
    assert "passphrase" in refusal.value.hint


def test_a_plain_text_key_store_is_not_used(backend: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryKeyring, "priority", 0.5)
    with pytest.raises(Unavailable):
        system_key_store()


@pytest.mark.parametrize("verb", ["recall", "remember", "forget"])
def test_a_locked_key_store_is_unavailable(backend: MemoryKeyring, verb: str) -> None:
    store = SystemKeyStore(backend)
    backend.broken = True
    with pytest.raises(Unavailable) as refusal:
        getattr(store, verb)(*(("one", bytes(32)) if verb == "remember" else ("one",)))
    assert refusal.value.code == "SEC-0004"
