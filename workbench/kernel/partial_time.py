"""Dates and times with the precision that was stated, no more and no less.

HL7 v2 DT, TM and DTM (v2.5.1 2.A.21, 2.A.22, 2.A.75) and FHIR date, dateTime and instant
(R4 datatypes.html#dateTime) say how exact they are by how much is written. Turning `198001` into
`1980-01-01` would invent a birthday, so precision is part of the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone, tzinfo
from enum import IntEnum

_HL7 = re.compile(
    r"(?P<year>\d{4})(?:(?P<month>\d\d)(?:(?P<day>\d\d)(?:(?P<hour>\d\d)(?:(?P<minute>\d\d)"
    r"(?:(?P<second>\d\d)(?:\.(?P<fraction>\d{1,4}))?)?)?)?)?)?(?P<offset>[+-]\d{4})?",
    re.ASCII,
)
_FHIR = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)(?:T(?P<hour>\d\d):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?(?P<offset>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


class Precision(IntEnum):
    """The smallest unit that was stated."""

    YEAR = 1
    MONTH = 2
    DAY = 3
    HOUR = 4
    MINUTE = 5
    SECOND = 6
    FRACTION = 7


@dataclass(frozen=True, slots=True)
class PartialDateTime:
    """A point in time, stated as far as `precision`.

    Units below the precision hold their lowest value and mean nothing. `fraction` is the digits as
    written. `offset` is minutes east of UTC, None when the text named no zone.
    """

    precision: Precision
    year: int
    month: int = 1
    day: int = 1
    hour: int = 0
    minute: int = 0
    second: int = 0
    fraction: str = ""
    offset: int | None = None

    @classmethod
    def from_hl7(cls, text: str) -> PartialDateTime:
        """Read a v2 DT, DTM or TS.1: `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`.

        raises  ValueError: not of that form, or no such day, time or zone (60 seconds included)
        """
        return cls._read(_HL7, text)

    @classmethod
    def from_fhir(cls, text: str) -> PartialDateTime:
        """Read a FHIR date, dateTime or instant.

        raises  ValueError: not of that form, or no such day, time or zone
        """
        return cls._read(_FHIR, text)

    @classmethod
    def _read(cls, form: re.Pattern[str], text: str) -> PartialDateTime:
        match = form.fullmatch(text)
        if match is None:
            raise ValueError("not a date or time of the standard's form")
        units = match.groupdict()
        stated = [name for name in ("year", "month", "day", "hour", "minute", "second", "fraction") if units[name]]
        numbers = {name: int(units[name]) for name in stated if name != "fraction"}
        value = cls(
            precision=Precision(len(stated)),
            fraction=units["fraction"] or "",
            offset=_offset_minutes(units["offset"]),
            **numbers,
        )
        value.moment()  # refuses 30 February, 25 o'clock and their like
        return value

    def moment(self, zone: tzinfo | None = None) -> datetime:
        """The earliest datetime this value can mean; aware when it has an offset or a zone is given."""
        micro = int(self.fraction.ljust(6, "0")[:6]) if self.fraction else 0
        own = timezone(timedelta(minutes=self.offset)) if self.offset is not None else zone
        return datetime(self.year, self.month, self.day, self.hour, self.minute, self.second, micro, tzinfo=own)

    def date(self) -> date:
        """The (earliest) calendar day."""
        return date(self.year, self.month, self.day)

    def in_zone(self, zone: tzinfo) -> PartialDateTime:
        """The same wall-clock time with the zone's offset of that day; unchanged when it has an offset or no time.

        A wall time that the zone skips or repeats when clocks change is read as the earlier offset (PEP 495 fold=0).
        """
        if self.offset is not None or self.precision < Precision.HOUR:
            return self
        offset = self.moment(zone).utcoffset()
        return self if offset is None else replace(self, offset=round(offset.total_seconds() / 60))

    def to_hl7(self) -> str:
        """The v2 text of this value at its own precision."""
        units = (f"{self.year:04}", *(f"{n:02}" for n in (self.month, self.day, self.hour, self.minute, self.second)))
        text = "".join(units[: min(self.precision, Precision.SECOND)])
        if self.precision == Precision.FRACTION:
            text += f".{self.fraction}"
        return text if self.offset is None else text + _offset_text(self.offset, "")

    def to_fhir_date(self) -> str:
        """The FHIR `date` of this value: at most a day."""
        return "-".join((f"{self.year:04}", f"{self.month:02}", f"{self.day:02}")[: min(self.precision, Precision.DAY)])

    def to_fhir(self) -> str:
        """The FHIR `dateTime` of this value.

        FHIR allows hours only with minutes, seconds and a zone: missing minutes and seconds become `00`
        (R4: "seconds may be zero-filled"). A time without an offset falls back to its date, because FHIR
        has no way to say a time of unknown zone; give it one with `in_zone` first.
        """
        if self.precision < Precision.HOUR or self.offset is None:
            return self.to_fhir_date()
        clock = f"{self.hour:02}:{self.minute:02}:{self.second:02}"
        fraction = f".{self.fraction}" if self.fraction else ""
        offset = "Z" if self.offset == 0 else _offset_text(self.offset, ":")
        return f"{self.to_fhir_date()}T{clock}{fraction}{offset}"


def _offset_minutes(text: str | None) -> int | None:
    """Minutes east of UTC of `+0130`, `+01:30` or `Z`.

    raises  ValueError: beyond 23 hours or 59 minutes
    """
    if not text:
        return None
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("no such time zone")
    return (hours * 60 + minutes) * (-1 if text[0] == "-" else 1)


def _offset_text(minutes: int, colon: str) -> str:
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}{colon}{abs(minutes) % 60:02}"
