from __future__ import annotations

import unicodedata

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import ExitCode, Refused
from workbench.security.keys import (
    ORDINARY_COST,
    Argon2Cost,
    WrappedKey,
    is_right_key,
    key_check,
    new_data_key,
    new_salt,
    passphrase_key,
    require_strength,
    subkey,
    unwrap,
    wrap,
)

CHEAP = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)
SALT = bytes(range(16))
KEK = bytes(32)


def test_the_key_is_the_one_another_implementation_derives() -> None:
    openssl = Argon2id(salt=SALT, length=32, iterations=3, lanes=4, memory_cost=64 * 1024)
    assert passphrase_key("correct horse", SALT, ORDINARY_COST) == openssl.derive(b"correct horse")


def test_composed_and_decomposed_accents_are_one_passphrase() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Zürich Österåker") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert passphrase_key(composed, SALT, CHEAP) == passphrase_key(decomposed, SALT, CHEAP)


@pytest.mark.parametrize(
    ("passphrase", "salt", "cost"),
    [
        ("another one", SALT, CHEAP),
        ("correct horse", SALT[::-1], CHEAP),
        ("correct horse", SALT, Argon2Cost(2, 8, 1)),
        ("correct horse", SALT, Argon2Cost(1, 16, 1)),
    ],
)
def test_every_input_changes_the_key(passphrase: str, salt: bytes, cost: Argon2Cost) -> None:
    assert passphrase_key(passphrase, salt, cost) != passphrase_key("correct horse", SALT, CHEAP)


@pytest.mark.parametrize("values", [(0, 65536, 4), (3, 65536, 0), (3, 31, 4), (3, (4 << 20) + 1, 4), (65, 65536, 4)])
def test_a_cost_that_no_workstation_should_pay_is_no_cost(values: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        Argon2Cost(*values)


@given(data_key=st.binary(min_size=32, max_size=32), associated=st.binary(max_size=200))
def test_what_is_wrapped_unwraps(data_key: bytes, associated: bytes) -> None:
    wrapped = wrap(KEK, data_key, associated)
    assert unwrap(KEK, wrapped, associated) == data_key
    assert data_key not in wrapped.ciphertext


@given(position=st.integers(0, 12 + 48 + 6 - 1), bit=st.integers(0, 7))
def test_any_changed_bit_of_wrapped_key_or_associated_data_is_noticed(position: int, bit: int) -> None:
    wrapped = wrap(KEK, bytes(range(32)), b"header")
    changed = bytearray(wrapped.nonce + wrapped.ciphertext + b"header")
    changed[position] ^= 1 << bit
    with pytest.raises(InvalidTag):
        unwrap(KEK, WrappedKey(bytes(changed[:12]), bytes(changed[12:60])), bytes(changed[60:]))


def test_the_check_knows_its_own_key_only() -> None:
    check = key_check(KEK)
    assert is_right_key(KEK, check)
    assert not is_right_key(b"\x01" + KEK[1:], check)
    assert len(check) == 16


def test_subkeys_of_different_purposes_differ() -> None:
    assert len({subkey(KEK, purpose) for purpose in ("database", "audit anchor", "wrap", "passphrase check")}) == 4


def test_random_keys_and_salts_are_never_the_same() -> None:
    assert len({new_data_key() for _ in range(50)} | {new_salt() for _ in range(50)}) == 100


def test_a_short_new_passphrase_is_refused() -> None:
    require_strength("x" * 8)
    with pytest.raises(Refused) as refusal:
        require_strength("x" * 7)
    assert refusal.value.code == "SEC-0003"
    assert refusal.value.exit_code == ExitCode.REFUSED
