from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.issues import MASK
from workbench.security.redaction import mask, mask_keeping_shape


@given(st.text(min_size=1))
def test_a_mask_tells_nothing_not_even_the_length(text: str) -> None:
    assert mask(text) == MASK


def test_nothing_stays_nothing() -> None:
    assert mask("") == ""
    assert mask_keeping_shape("") == ""


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("123-45-6789", "999-99-9999"),
        ("Müller^Anne-Marie", "Xxxxxx^Xxxx-Xxxxx"),
        ("19800102", "99999999"),
        ("0.125 mg", "9.999 xx"),
        ("山田 太郎", "xx xx"),
        ("Zoe\u0308", "Xxxx"),
        ("½²Ⅷ", "999"),
    ],
)
def test_the_shape_keeps_what_delimits_and_hides_what_is_said(value: str, shape: str) -> None:
    assert mask_keeping_shape(value) == shape


@given(st.text())
def test_no_letter_digit_or_symbol_survives_but_in_its_stand_in(text: str) -> None:
    masked = mask_keeping_shape(text)
    assert len(masked) == len(text)
    assert all(character in "Xx9" or not character.isalnum() for character in masked)
    assert all(character.isascii() or character.isspace() for character in masked)
