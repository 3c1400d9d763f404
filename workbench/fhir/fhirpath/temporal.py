"""Dates, date-times and times as FHIRPath knows them: each with the precision it was written in.

Comparison has three outcomes: `@2018-03` and `@2018-03-01` are neither equal nor different (FHIRPath N1, 6.1, 6.2).
Seconds and their fractions are one precision. Offsets are minutes from UTC, None when none was written.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_DATE_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(?:(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?(Z|[+-]\d\d:\d\d)?)?)?)?)?"
)
_TIME = re.compile(r"(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?")
_LIMITS = ((1, 9999), (1, 12), (1, 31), (0, 23), (0, 59), (0, 60))
_ZULU = "Z"

Part = int | Decimal


class TemporalKind(IntEnum):
    DATE = 1
    DATE_TIME = 2
    TIME = 3


class Unit(IntEnum):
    """Places of a date-time, in the order of its parts."""

    YEAR = 0
    MONTH = 1
    DAY = 2
    HOUR = 3
    MINUTE = 4
    SECOND = 5


@dataclass(frozen=True, slots=True)
class Temporal:
    """parts: as many as were written: year, month, day, hour, minute, second; of a time: hour, minute, second."""

    kind: TemporalKind
    parts: tuple[Part, ...]
    offset: int | None = None
    zone: str = ""

    def __str__(self) -> str:
        if self.kind is TemporalKind.TIME:
            return _clock(self.parts)
        text = "-".join(f"{part:0{width}d}" for part, width in zip(self.parts[:3], (4, 2, 2), strict=False))
        if self.kind is TemporalKind.DATE or len(self.parts) <= 3:
            return text
        return f"{text}T{_clock(self.parts[3:])}{self.zone}"

    @property
    def digits(self) -> int:
        """Number of digits written, zone apart: what FHIRPath's precision() counts."""
        text = str(Temporal(self.kind, self.parts))
        return sum(character.isdigit() for character in text)

    def at_utc(self) -> tuple[Part, ...]:
        """The parts moved to UTC; unchanged without an offset or at the edge of the calendar."""
        if not self.offset or len(self.parts) < 4:
            return self.parts
        year, month, day, hour, *rest = (*self.parts, 0) if len(self.parts) == 4 else self.parts
        try:
            moved = datetime(int(year), int(month), int(day), int(hour), int(rest[0])) - timedelta(minutes=self.offset)
        except (ValueError, OverflowError):
            return self.parts
        return (moved.year, moved.month, moved.day, moved.hour, moved.minute, *self.parts[5:])


def _clock(parts: tuple[Part, ...]) -> str:
    texts = [f"{part:02d}" for part in parts[:2]]
    if len(parts) > 2:
        whole, _, fraction = str(parts[2]).partition(".")
        texts.append(f"{int(whole):02d}" + (f".{fraction}" if fraction else ""))
    return ":".join(texts)


def parse_literal(text: str) -> Temporal | None:
    """`@2015`, `@2015-02T`, `@2015-02-04T14:34Z`, `@T14:34`; None when there is no such day or time."""
    body = text.removeprefix("@")
    if body.startswith("T"):
        return parse_time(body[1:])
    return parse_date_time(body.rstrip("T")) if "T" in body else parse_date(body)


@lru_cache(maxsize=4096)
def parse_date(text: str) -> Temporal | None:
    match = _DATE.fullmatch(text)
    return _made(TemporalKind.DATE, match.groups(), "") if match else None


@lru_cache(maxsize=4096)
def parse_date_time(text: str) -> Temporal | None:
    match = _DATE_TIME.fullmatch(text)
    return _made(TemporalKind.DATE_TIME, match.groups()[:6], match.group(7) or "") if match else None


@lru_cache(maxsize=4096)
def parse_time(text: str) -> Temporal | None:
    match = _TIME.fullmatch(text)
    return _made(TemporalKind.TIME, match.groups(), "") if match else None


def _made(kind: TemporalKind, groups: tuple[str | None, ...], zone: str) -> Temporal | None:
    parts = tuple(Decimal(group) if "." in group else int(group) for group in groups if group is not None)
    limits = _LIMITS[3:] if kind is TemporalKind.TIME else _LIMITS
    if not all(low <= part <= high for part, (low, high) in zip(parts, limits, strict=False)):
        return None
    if kind is not TemporalKind.TIME and len(parts) > 2 and parts[2] > monthrange(int(parts[0]), int(parts[1]))[1]:
        return None
    offset = None
    if zone:
        offset = 0 if zone == _ZULU else (int(zone[1:3]) * 60 + int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    return Temporal(kind, parts, offset, zone)


def comparable(left: Temporal, right: Temporal) -> bool:
    """False for a time against a date."""
    return (left.kind is TemporalKind.TIME) == (right.kind is TemporalKind.TIME)


def compare(left: Temporal, right: Temporal) -> int | None:
    """-1, 0, 1; None when the precisions or a missing offset leave it open."""
    first, second = left.parts, right.parts
    if len(first) > 3 and len(second) > 3 and left.kind is not TemporalKind.TIME:
        if (left.offset is None) != (right.offset is None):
            return None
        first, second = left.at_utc(), right.at_utc()
    for one, other in zip(first, second, strict=False):
        if one != other:
            return -1 if one < other else 1
    return 0 if len(first) == len(second) else None


def moved(value: Temporal, amount: int, unit: Unit | None) -> Temporal | None:
    """The value that many units later, in its own precision; `unit` None stands for milliseconds.

    A smaller unit than the precision counts as far as it fills the precision: `@2014 + 24 months` is `@2016`.
    None at the edge of the calendar.
    """
    if value.kind is TemporalKind.TIME:
        return _moved_time(value, amount, unit)
    if unit in (Unit.YEAR, Unit.MONTH):
        return _moved_months(value, amount * 12 if unit is Unit.YEAR else amount)
    seconds = _seconds(amount, unit)
    parts = value.parts
    if len(parts) < 3:
        days = int(seconds / 86400)
        return _moved_months(value, int(days / 365) * 12 if len(parts) == 1 else int(days / 30))
    if len(parts) == 3:
        seconds = int(seconds / 86400) * Decimal(86400)
    elif len(parts) < 6:
        step = 3600 if len(parts) == 4 else 60
        seconds = int(seconds / step) * Decimal(step)
    whole = [int(part) for part in parts]
    fraction = Decimal(parts[5]) % 1 if len(parts) == 6 else Decimal(0)
    try:
        year, month, day, hour, minute, second = (*whole, 0, 0, 0)[:6]
        base = datetime(year, month, day, hour, minute, min(second, 59))
        total = fraction + seconds
        later = base + timedelta(seconds=int(total // 1))
    except (ValueError, OverflowError):
        return None
    seconds_part = _like(Decimal(later.second) + total % 1, parts[5]) if len(parts) == 6 else 0
    fields: tuple[Part, ...] = (later.year, later.month, later.day, later.hour, later.minute, seconds_part)
    return Temporal(value.kind, fields[: len(parts)], value.offset, value.zone)


def _seconds(amount: int, unit: Unit | None) -> Decimal:
    if unit is None:
        return Decimal(amount) / 1000
    return Decimal(amount) * {Unit.DAY: 86400, Unit.HOUR: 3600, Unit.MINUTE: 60, Unit.SECOND: 1}[unit]


def _like(second: Decimal, written: Part) -> Part:
    """The second with at least as many decimals as were written before."""
    exponent = written.as_tuple().exponent if isinstance(written, Decimal) else 0
    digits = -exponent if isinstance(exponent, int) else 0
    if second == second.to_integral_value() and not digits:
        return int(second)
    exact = second.normalize()
    own = exact.as_tuple().exponent
    places = max(digits, -own if isinstance(own, int) else 0)
    return second.quantize(Decimal(1).scaleb(-places))


def _moved_months(value: Temporal, months: int) -> Temporal | None:
    parts = list(value.parts)
    if len(parts) == 1:
        parts[0] = int(parts[0]) + int(months / 12)
    else:
        total = int(parts[0]) * 12 + int(parts[1]) - 1 + months
        parts[0], parts[1] = total // 12, total % 12 + 1
    if not 1 <= parts[0] <= 9999:
        return None
    if len(parts) > 2:
        parts[2] = min(int(parts[2]), monthrange(int(parts[0]), int(parts[1]))[1])
    return Temporal(value.kind, tuple(parts), value.offset, value.zone)


def _moved_time(value: Temporal, amount: int, unit: Unit | None) -> Temporal | None:
    if unit in (Unit.YEAR, Unit.MONTH, Unit.DAY):
        return None
    hour, minute, second = (*value.parts, 0, 0)[:3]
    total = (Decimal(hour) * 3600 + Decimal(minute) * 60 + Decimal(second) + _seconds(amount, unit)) % 86400
    fields = (int(total // 3600), int(total % 3600 // 60), _like(total % 60, second))
    return Temporal(value.kind, fields[: len(value.parts)])


_EARLIEST: tuple[Part, ...] = (1, 1, 1, 0, 0, Decimal("0.000"))
_LATEST: tuple[Part, ...] = (9999, 12, 31, 23, 59, Decimal("59.999"))
_PARTS_OF = {4: 1, 6: 2, 8: 3, 10: 4, 12: 5, 14: 6, 17: 6}
_PARTS_OF_TIME = {2: 1, 4: 2, 6: 3, 9: 3}


def boundary(value: Temporal, high: bool, precision: int | None) -> Temporal | None:
    """The first or last moment a value can mean, in as many digits as asked for (N1, lowBoundary, highBoundary)."""
    is_time = value.kind is TemporalKind.TIME
    default = 9 if is_time else 8 if value.kind is TemporalKind.DATE else 17
    count = (_PARTS_OF_TIME if is_time else _PARTS_OF).get(default if precision is None else precision)
    if count is None:
        return None
    fill = (_LATEST if high else _EARLIEST)[3:] if is_time else _LATEST if high else _EARLIEST
    parts = list(value.parts) + list(fill[len(value.parts) :])
    if not is_time and high and len(value.parts) < 3:
        parts[2] = monthrange(int(parts[0]), int(parts[1]))[1]
    zone, offset = value.zone, value.offset
    if not is_time and count > 3 and offset is None:
        zone, offset = ("-12:00", -720) if high else ("+14:00", 840)
    kind = value.kind
    if not is_time:
        kind = TemporalKind.DATE if count <= 3 and kind is TemporalKind.DATE else TemporalKind.DATE_TIME
    if count <= 3 and not is_time:
        zone, offset = "", None
    return Temporal(kind, tuple(parts[:count]), offset, zone)
