"""What a primitive value must look like, by data type (HL7 v2.5.1 2.A, v2.7 2.A).

Each check takes the unescaped text of a value that is present and says whether it is well formed. The sections
named here are those of v2.5.1.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Callable
from datetime import date

Check = Callable[[str], bool]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_SEQUENCE = re.compile(r"[0-9]+")
_DATE = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})?)?")
_CLOCK = r"(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:[0-5][0-9](?:\.[0-9]{1,4})?)?)?"
_ZONE = r"(?:[+-](?:[01][0-9]|2[0-3])[0-5][0-9])?"
_TIME = re.compile(_CLOCK + _ZONE)
_DATE_TIME = re.compile(r"([0-9]{4}(?:[0-9]{2}(?:[0-9]{2})?)?)" + _ZONE + r"|([0-9]{8})" + _CLOCK + _ZONE)
_COMPARATORS = frozenset({"", ">", "<", ">=", "<=", "=", "<>"})
_SEPARATORS = frozenset({"", "-", "+", "/", ".", ":"})
_HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2})*")


def is_number(text: str) -> bool:
    """NM, 2.A.47: digits with an optional sign and point; no blanks, no exponent."""
    return _NUMBER.fullmatch(text) is not None


def is_sequence_number(text: str) -> bool:
    """SI, 2.A.69: a non-negative integer."""
    return _SEQUENCE.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """DT, 2.A.21: `YYYY[MM[DD]]`, a day of the calendar."""
    match = _DATE.fullmatch(text)
    return match is not None and _on_calendar(match.group(1), match.group(2), match.group(3))


def is_full_date(text: str) -> bool:
    """DT before 2.3: `YYYYMMDD`."""
    return len(text) == 8 and is_date(text)


def is_time(text: str) -> bool:
    """TM, 2.A.75: `HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]`."""
    return _TIME.fullmatch(text) is not None


def is_date_time(text: str) -> bool:
    """DTM and TS.1, 2.A.22: `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`, a day of the calendar."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return False
    day = match.group(1) or match.group(2)
    return _on_calendar(day[:4], day[4:6], day[6:8])


def _on_calendar(year: str, month: str | None, day: str | None) -> bool:
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return False
    return True


def is_structured_numeric(components: list[str]) -> bool:
    """SN, 2.A.71: comparator, number, separator, number; a separator needs something to separate."""
    comparator, first, separator, second = [*components, "", "", "", ""][:4]
    return comparator in _COMPARATORS and separator in _SEPARATORS and (not second or bool(first or separator))


def is_encoded(text: str, encoding: str) -> bool:
    """ED.5, 2.A.24: the data fit the encoding named in ED.4 (table 0299); other encodings are not judged."""
    if encoding == "Base64":
        packed = re.sub(r"\s+", "", text)
        try:
            a2b_base64(packed, strict_mode=True)
        except ValueError:  # binascii.Error, and what is said of characters beyond ASCII
            return False
        return len(packed) % 4 == 0
    if encoding == "Hex":
        return _HEXADECIMAL.fullmatch(re.sub(r"\s+", "", text)) is not None
    return True


def check_digit_fits(number: str, digit: str, scheme: str) -> bool:
    """CX.2, 2.A.14.2: the check digit of an identifier by the scheme of CX.3 (table 0061).

    Schemes that are not known, and identifiers that are no numbers, are not judged.
    """
    if not number.isascii() or not number.isdigit():
        return True
    if scheme == "M10":
        return digit == _mod_10(number)
    if scheme == "M11":
        return digit == _mod_11(number)
    if scheme == "ISO":
        return digit.upper() in (_iso_7064_mod_11_2(number), _iso_7064_mod_11_10(number))
    return True


def _mod_10(number: str) -> str:
    doubled = str(int(number[::-2]) * 2) if number else "0"
    total = sum(map(int, doubled)) + sum(map(int, number[-2::-2]))
    return str(-total % 10)


def _mod_11(number: str) -> str:
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(number)))
    return str((11 - (total % 11 or 1)) % 10)


def _iso_7064_mod_11_2(number: str) -> str:
    rest = 0
    for digit in number:
        rest = (rest + int(digit)) * 2 % 11
    return "0123456789X"[(12 - rest) % 11]


def _iso_7064_mod_11_10(number: str) -> str:
    rest = 10
    for digit in number:
        rest = (rest + int(digit)) % 10 or 10
        rest = rest * 2 % 11
    return str((11 - rest) % 10)
