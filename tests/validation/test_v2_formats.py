"""The literals that a format check must get right (HL7 v2.5.1 2.A)."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.validation.v2_formats import (
    Check,
    check_digit_fits,
    is_date,
    is_date_time,
    is_encoded,
    is_full_date,
    is_number,
    is_sequence_number,
    is_structured_numeric,
    is_time,
)

VALID: list[tuple[Check, str]] = [
    (is_number, "1 +1 -1 1. -1.0 .5 -.5 007 0.125"),
    (is_sequence_number, "0 1 0042"),
    (is_date, "2016 201602 20160229 20000229"),
    (is_full_date, "20160229"),
    (is_time, "00 0000 000000.0000 00-0000 2359 235959 00+2300 00-2359 12+0530"),
    (is_date_time, "2016 201601 20160101 2016+1234 2016010100 20160101000000.0 201601012359-0000 20160229+2300"),
]
INVALID: list[tuple[Check, tuple[str, ...]]] = [
    (is_number, ("", " 1", "1 ", "1e7", "1E5", "NaN", ">10", "1,5", ".", "+", "--1", "١", "1\n")),
    (is_sequence_number, ("", "-1", "+1", "1.0", "A", " 1", "²")),
    (is_date, ("", "12", "201613", "201600", "20140431", "20150229", " 2016", "2016 ", "0000", "2016-01-01")),
    (is_full_date, ("2016", "201602", "20150229")),
    (
        is_time,
        ("", "0", "24", "0060", "005960", "000000.", "000000.00000", "00+", "+1200", "00+2400", "00+2360", "00+00000"),
    ),
    (
        is_date_time,
        (
            "",
            "201600",
            "2016010124",
            "201601010060",
            "201601010000.1",
            "20160101000000.",
            "20160101000000.00000",
            "20150229",
            "20150229120000",
            "2016+2400",
            "2016+2360",
            "2016+00000",
            "20160",
            "+0000",
            "2016Z",
            "2016-01-01",
        ),
    ),
]


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in VALID for text in texts.split()])
def test_valid_literals_are_accepted(check: Check, text: str) -> None:
    assert check(text)


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in INVALID for text in texts])
def test_invalid_literals_are_refused(check: Check, text: str) -> None:
    assert not check(text)


@given(st.datetimes(min_value=datetime(1, 1, 1)), st.sampled_from([4, 6, 8, 10, 12, 14]))
def test_every_moment_is_a_date_and_time_at_every_precision(moment: datetime, digits: int) -> None:
    text = f"{moment.year:04}{moment:%m%d%H%M%S}"[:digits]
    assert is_date_time(text)
    assert is_date_time(text + "+0100")
    assert is_date(text) == (digits <= 8)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_every_plain_decimal_is_a_number(number: object) -> None:
    assert is_number(f"{number:f}")


@pytest.mark.parametrize(
    ("components", "valid"),
    [
        ([">", "100"], True),
        (["", "1", ":", "128"], True),
        (["<=", "5", "-", "7"], True),
        (["", "2", "+"], True),
        (["~", "5"], False),
        (["100", "1", ":", "1"], False),
        (["", "1", "x", "2"], False),
    ],
)
def test_structured_numerics(components: list[str], valid: bool) -> None:
    assert is_structured_numeric(components) is valid


@given(st.binary(max_size=60))
def test_what_was_encoded_is_accepted(data: bytes) -> None:
    assert is_encoded(b64encode(data).decode(), "Base64")
    assert is_encoded(data.hex(), "Hex")


@pytest.mark.parametrize(
    ("text", "encoding", "valid"),
    [
        ("QUJD", "Base64", True),
        ("QUJ\r\nD", "Base64", True),
        ("QUI", "Base64", False),
        ("Q*JD", "Base64", False),
        ("QÜJD", "Base64", False),
        ("4142", "Hex", True),
        ("414", "Hex", False),
        ("4G", "Hex", False),
        ("anything", "A", True),
    ],
)
def test_encapsulated_data(text: str, encoding: str, valid: bool) -> None:
    assert is_encoded(text, encoding) is valid


@pytest.mark.parametrize(
    ("number", "digit", "scheme", "fits"),
    [
        ("12345", "5", "M10", True),
        ("12345", "4", "M10", False),
        ("1234567", "4", "M11", True),
        ("1234567", "5", "M11", False),
        ("14", "0", "M11", True),
        ("0794", "0", "ISO", True),
        ("0794", "1", "ISO", False),
        ("PAT1", "9", "M10", True),
        ("12345", "9", "XYZ", True),
    ],
)
def test_check_digits(number: str, digit: str, scheme: str, fits: bool) -> None:
    assert check_digit_fits(number, digit, scheme) is fits


@given(st.integers(min_value=10, max_value=10**12), st.integers(min_value=1, max_value=9))
def test_a_changed_last_digit_never_keeps_its_check_digit(number: int, change: int) -> None:
    text = str(number)
    changed = text[:-1] + str((int(text[-1]) + change) % 10)
    for scheme in ("M10",):
        fitting = [digit for digit in "0123456789" if check_digit_fits(text, digit, scheme)]
        assert len(fitting) == 1
        assert not check_digit_fits(changed, fitting[0], scheme)
