from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.security.sealing import KeySeal

SEAL = KeySeal(b"k" * 32, "tests")


@given(st.binary(max_size=200))
def test_what_is_sealed_is_hidden_and_comes_back(data: bytes) -> None:
    sealed = SEAL.seal(data)
    assert SEAL.unseal(sealed) == data
    assert len(data) < 8 or data not in sealed
    assert SEAL.seal(data) != sealed


@pytest.mark.parametrize(
    "sealed",
    [
        b"",
        b"x" * 27,
        SEAL.seal(b"data")[:-1],
        KeySeal(b"j" * 32, "tests").seal(b"data"),
        KeySeal(b"k" * 32, "other").seal(b"data"),
    ],
    ids=["nothing", "noise", "cut short", "another key", "another purpose"],
)
def test_what_was_changed_or_is_of_another_key_or_purpose_is_refused(sealed: bytes) -> None:
    with pytest.raises(Refused, match="sealed"):
        SEAL.unseal(sealed)
