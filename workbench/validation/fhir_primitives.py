"""Formats of the primitive types (R4 datatypes.html#primitive), with the one that R5 adds.

`accepts(code)` gives the test for values as `json_tree` decodes them: JSON numbers with a fraction or an exponent are
Decimal, so `1.0` is no integer. Tests are the inner loop of validation; each is one regular expression at most.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from decimal import Decimal

Test = Callable[[object], bool]

LONGEST_STRING = 1024 * 1024

_YEAR = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_MONTH = r"(0[1-9]|1[0-2])"
_DAY = r"(0[1-9]|[1-2][0-9]|3[0-1])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

_date = re.compile(rf"{_YEAR}(-{_MONTH}(-{_DAY})?)?").fullmatch
_date_time = re.compile(rf"{_YEAR}(-{_MONTH}(-{_DAY}(T{_CLOCK}{_ZONE})?)?)?").fullmatch
_instant = re.compile(rf"{_YEAR}-{_MONTH}-{_DAY}T{_CLOCK}{_ZONE}").fullmatch
_time = re.compile(_CLOCK).fullmatch
_code = re.compile(r"[^\s]+(\s[^\s]+)*").fullmatch
_id = re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch
_space = re.compile(r"\s").search
_oid = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+").fullmatch
_uuid = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE).fullmatch
_whole = re.compile(r"0|[-+]?[1-9][0-9]{0,18}").fullmatch
_base64 = re.compile(r"[0-9A-Za-z+/\s]*={0,2}\s*").fullmatch
_whitespace = re.compile(r"\s+")
_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]").search

FORMS = {
    "base64Binary": "base64 in groups of four characters",
    "boolean": "true or false, without quotation marks",
    "canonical": "a URL without white space",
    "code": "text without leading, trailing or double white space",
    "date": "YYYY, YYYY-MM or YYYY-MM-DD, and a day that exists",
    "dateTime": "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a time zone",
    "decimal": "a number, without quotation marks",
    "id": "1 to 64 letters, digits, hyphens and dots",
    "instant": "YYYY-MM-DDThh:mm:ss with a time zone",
    "integer": "a whole number of 32 bits, without quotation marks",
    "integer64": "a whole number of 64 bits in quotation marks",
    "markdown": "text without control characters, 1 MB at most",
    "oid": "urn:oid: and an OID",
    "positiveInt": "a whole number from 1 on, without quotation marks",
    "string": "text without control characters, 1 MB at most",
    "time": "hh:mm:ss without a time zone",
    "unsignedInt": "a whole number from 0 on, without quotation marks",
    "uri": "a URI without white space (urn:oid: and urn:uuid: in their own form)",
    "url": "a URL without white space",
    "uuid": "urn:uuid: and a UUID",
    "xhtml": "XHTML text",
}
NOT_TEXT = frozenset({"boolean", "decimal", "integer", "positiveInt", "unsignedInt"})
"""Types that are no JSON string."""


def _is_string(value: object) -> bool:
    if type(value) is not str or not value or value.isspace():
        return False
    return len(value) <= LONGEST_STRING and (value.isprintable() or _control(value) is None)


def _is_code(value: object) -> bool:
    return type(value) is str and _code(value) is not None


def _is_id(value: object) -> bool:
    return type(value) is str and _id(value) is not None


def _is_uri(value: object) -> bool:
    if type(value) is not str or not value or _space(value) is not None:
        return False
    if not value.startswith("urn:"):
        return True
    if value.startswith("urn:oid:"):
        return _oid(value) is not None
    return not value.startswith("urn:uuid:") or _uuid(value.partition("#")[0]) is not None


def _is_oid(value: object) -> bool:
    return type(value) is str and _oid(value) is not None


def _is_uuid(value: object) -> bool:
    return type(value) is str and _uuid(value) is not None


def _is_date(value: object) -> bool:
    return type(value) is str and _date(value) is not None and _day_exists(value)


def _is_date_time(value: object) -> bool:
    return type(value) is str and _date_time(value) is not None and _day_exists(value)


def _is_instant(value: object) -> bool:
    return type(value) is str and _instant(value) is not None and _day_exists(value)


def _day_exists(text: str) -> bool:
    """False for 30 February; the form has been checked."""
    return text[8:10] <= "28" or int(text[8:10]) <= monthrange(int(text[:4]), int(text[5:7]))[1]


def _is_time(value: object) -> bool:
    return type(value) is str and _time(value) is not None


def _is_boolean(value: object) -> bool:
    return type(value) is bool


def _is_integer(value: object) -> bool:
    return type(value) is int and -(2**31) <= value < 2**31


def _is_integer64(value: object) -> bool:
    """R5 only; JSON readers lose digits of numbers of that size, so it is a text (R5 datatypes.html#integer64)."""
    return type(value) is str and _whole(value) is not None and -(2**63) <= int(value) < 2**63


def _is_unsigned(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**31


def _is_positive(value: object) -> bool:
    return type(value) is int and 0 < value < 2**31


def _is_decimal(value: object) -> bool:
    return type(value) in (int, Decimal, float)


def _is_base64(value: object) -> bool:
    if type(value) is not str or not value or _base64(value) is None:
        return False
    return len(_whitespace.sub("", value)) % 4 == 0


_TESTS: dict[str, Test] = {
    "base64Binary": _is_base64,
    "boolean": _is_boolean,
    "canonical": _is_uri,
    "code": _is_code,
    "date": _is_date,
    "dateTime": _is_date_time,
    "decimal": _is_decimal,
    "id": _is_id,
    "instant": _is_instant,
    "integer": _is_integer,
    "integer64": _is_integer64,
    "markdown": _is_string,
    "oid": _is_oid,
    "positiveInt": _is_positive,
    "string": _is_string,
    "time": _is_time,
    "unsignedInt": _is_unsigned,
    "uri": _is_uri,
    "url": _is_uri,
    "uuid": _is_uuid,
    "xhtml": _is_string,
}


def accepts(code: str) -> Test:
    """The test of a primitive type: True when a decoded value has its form.

    raises  KeyError: not a primitive type
    """
    return _TESTS[code]
