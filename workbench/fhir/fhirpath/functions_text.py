"""Functions on strings, and conversions (N1, 5.5 and 5.6)."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache

from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.faults import Fault
from workbench.fhir.fhirpath.registry import function, integer_of, single, text_of
from workbench.fhir.fhirpath.temporal import Temporal, TemporalKind, parse_date_time, parse_time
from workbench.fhir.fhirpath.values import CALENDAR_UNITS, EMPTY, FALSE, TRUE, Items, Quantity

_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([a-z]+))?", re.ASCII)
_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})
_MOST_REPETITION = re.compile(r"\{\d{4,}")


def _boolean(value: bool | None) -> Items:
    return EMPTY if value is None else TRUE if value else FALSE


def _on_two(name: str, work: Callable[[str, str], object]) -> None:
    """Enter a function of a string and a string argument; empty when one is missing."""

    @function(name, 1)
    def apply(env: Environment, items: Items, argument: Items) -> Items:
        text, other = text_of(items), text_of(argument)
        return EMPTY if text is None or other is None else (work(text, other),)


@lru_cache(maxsize=512)
def _regex(pattern: str) -> re.Pattern[str]:
    try:
        if _MOST_REPETITION.search(pattern):
            raise Fault("The regular expression repeats too often")
        return re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise Fault(f"The regular expression cannot be read: {error.msg}") from None


_on_two("indexOf", lambda text, part: text.find(part))
_on_two("lastIndexOf", lambda text, part: text.rfind(part))
_on_two("startsWith", lambda text, part: text.startswith(part))
_on_two("endsWith", lambda text, part: text.endswith(part))
_on_two("contains", lambda text, part: part in text)
_on_two("matches", lambda text, pattern: _regex(pattern).search(text) is not None)
_on_two("matchesFull", lambda text, pattern: _regex(pattern).fullmatch(text) is not None)


def _on_one(name: str, work: Callable[[str], object]) -> None:
    """Enter a function of a string."""

    @function(name)
    def apply(env: Environment, items: Items) -> Items:
        text = text_of(items)
        return EMPTY if text is None else (work(text),)


_on_one("upper", str.upper)
_on_one("lower", str.lower)
_on_one("length", len)
_on_one("trim", str.strip)


@function("toChars")
def _to_chars(env: Environment, items: Items) -> Items:
    return list(text_of(items) or "")


@function("substring", 1, 2)
def _substring(env: Environment, items: Items, start: Items, length: Items | None = None) -> Items:
    text, begin = text_of(items), integer_of(start)
    if text is None or begin is None or not 0 <= begin < len(text):
        return EMPTY
    count = integer_of(length) if length else None
    return (text[begin:] if count is None else text[begin : begin + max(0, count)],)


@function("replace", 2)
def _replace(env: Environment, items: Items, pattern: Items, substitution: Items) -> Items:
    text, old, new = text_of(items), text_of(pattern), text_of(substitution)
    return EMPTY if text is None or old is None or new is None else (text.replace(old, new),)


@function("replaceMatches", 2)
def _replace_matches(env: Environment, items: Items, pattern: Items, substitution: Items) -> Items:
    text, regex, new = text_of(items), text_of(pattern), text_of(substitution)
    if text is None or regex is None or new is None:
        return EMPTY
    if not regex:
        return (text,)
    replacement = re.sub(r"\$(\d+)", r"\\g<\1>", new.replace("\\", r"\\"))
    try:
        return (_regex(regex).sub(replacement, text),)
    except re.error as error:
        raise Fault(f"The substitution cannot be read: {error.msg}") from None


@function("split", 1)
def _split(env: Environment, items: Items, separator: Items) -> Items:
    text, mark = text_of(items), text_of(separator)
    if text is None or mark is None:
        return EMPTY
    return text.split(mark) if mark else list(text)


@function("join", 0, 1)
def _join(env: Environment, items: Items, separator: Items = EMPTY) -> Items:
    return ((text_of(separator) or "").join(text_of((item,)) or "" for item in items),) if items else EMPTY


_ENCODERS: Mapping[str, Callable[[str], str]] = {
    "hex": lambda text: text.encode("utf-8").hex(),
    "base64": lambda text: base64.b64encode(text.encode("utf-8")).decode("ascii"),
    "urlbase64": lambda text: base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii"),
}
_DECODERS: Mapping[str, Callable[[str], str]] = {
    "hex": lambda text: bytes.fromhex(text).decode("utf-8"),
    "base64": lambda text: base64.b64decode(text, validate=True).decode("utf-8"),
    "urlbase64": lambda text: base64.urlsafe_b64decode(text).decode("utf-8"),
}


def _rewritten(name: str, items: Items, form: Items, ways: Mapping[str, Callable[[str], str]]) -> Items:
    """A text in another form, one of those that the function of this name knows."""
    text = text_of(items)
    if text is None:
        return EMPTY
    way = ways.get(text_of(form) or "")
    if way is None:
        *others, last = ways
        raise Fault(f"{name}() knows {', '.join(others)} and {last}")
    return (way(text),)


@function("encode", 1)
def _encode(env: Environment, items: Items, encoding: Items) -> Items:
    return _rewritten("encode", items, encoding, _ENCODERS)


@function("decode", 1)
def _decode(env: Environment, items: Items, encoding: Items) -> Items:
    try:
        return _rewritten("decode", items, encoding, _DECODERS)
    except (binascii.Error, ValueError):
        return EMPTY


@function("escape", 1)
def _escape(env: Environment, items: Items, target: Items) -> Items:
    return _rewritten("escape", items, target, _ESCAPES)


@function("unescape", 1)
def _unescape(env: Environment, items: Items, target: Items) -> Items:
    return _rewritten("unescape", items, target, _UNESCAPES)


def _json_text(text: str) -> str:
    quoted = text if re.search(r'(?<!\\)"', text) is None else text.replace('"', '\\"')
    try:
        return str(json.loads(f'"{quoted}"'))
    except ValueError:
        return text


_ESCAPES: Mapping[str, Callable[[str], str]] = {
    "html": html.escape,
    "json": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
}
_UNESCAPES: Mapping[str, Callable[[str], str]] = {"html": html.unescape, "json": _json_text}


# Conversions: each gives the value, or None when there is none.


def _to_boolean(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return value == 1 if value in (0, 1) else None
    if isinstance(value, str):
        folded = value.casefold()
        return True if folded in _TRUE else False if folded in _FALSE else None
    return None


def _to_integer(value: object) -> object:
    if isinstance(value, bool | int):
        return int(value)
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


def _to_decimal(value: object) -> object:
    if isinstance(value, bool | int | Decimal):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def _to_string(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, int | str | Temporal | Quantity) else None


def _to_date(value: object) -> object:
    if isinstance(value, Temporal) and value.kind is not TemporalKind.TIME:
        return Temporal(TemporalKind.DATE, value.parts[:3])
    found = parse_date_time(value) if isinstance(value, str) else None
    return None if found is None else Temporal(TemporalKind.DATE, found.parts[:3])


def _to_date_time(value: object) -> object:
    if isinstance(value, Temporal) and value.kind is not TemporalKind.TIME:
        return Temporal(TemporalKind.DATE_TIME, value.parts, value.offset, value.zone)
    return parse_date_time(value) if isinstance(value, str) else None


def _to_time(value: object) -> object:
    if isinstance(value, Temporal):
        return value if value.kind is TemporalKind.TIME else None
    return parse_time(value.removeprefix("T")) if isinstance(value, str) else None


def _to_quantity(value: object) -> object:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, bool | int | Decimal):
        return Quantity(Decimal(value), "1")
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or (match[3] and match[3] not in CALENDAR_UNITS):
        return None
    return Quantity(Decimal(match[1]), CALENDAR_UNITS[match[3]] if match[3] else match[2] or "1", bool(match[3]))


def _conversion(name: str, convert: Callable[[object], object]) -> None:
    """Enter `toX` and `convertsToX`."""

    @function(f"to{name}")
    def to(env: Environment, items: Items) -> Items:
        value = convert(single(items)) if items else None
        return EMPTY if value is None else (value,)

    @function(f"convertsTo{name}")
    def converts(env: Environment, items: Items) -> Items:
        return _boolean(convert(single(items)) is not None) if items else EMPTY


_conversion("Boolean", _to_boolean)
_conversion("Integer", _to_integer)
_conversion("Decimal", _to_decimal)
_conversion("String", _to_string)
_conversion("Date", _to_date)
_conversion("DateTime", _to_date_time)
_conversion("Time", _to_time)


@function("toQuantity", 0, 1)
def _quantity(env: Environment, items: Items, unit: Items = EMPTY) -> Items:
    value = _to_quantity(single(items)) if items else None
    wanted = text_of(unit)
    if not isinstance(value, Quantity) or (wanted is not None and value.unit != wanted):
        return EMPTY
    return (value,)


@function("convertsToQuantity", 0, 1)
def _converts_to_quantity(env: Environment, items: Items, unit: Items = EMPTY) -> Items:
    return _boolean(bool(_quantity(env, items, unit))) if items else EMPTY
