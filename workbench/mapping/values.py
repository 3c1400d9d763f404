"""From the text of a v2 value to the primitive types of FHIR (R4 datatypes.html#primitive).

Every function returns the JSON value or raises `Misfit`; nothing is rounded, guessed or cut. Blanks around a date, a
number or a code, with which senders fill up fields, are no part of it; strings keep theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from workbench.kernel.partial_time import PartialDateTime, Precision
from workbench.mapping.model import Json

_INTEGER = re.compile(r"[+-]?\d+(?:\.0*)?")
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d)(?:([0-5]\d)(?:\.(\d{1,4}))?)?(?:[+-]\d{4})?")
_CODE = re.compile(r"[^\s]+(?:\s[^\s]+)*")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+")
_BLANKS = re.compile(r"\s+")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


class Misfit(ValueError):
    """The text cannot be a value of the element's type."""


class Zone(NamedTuple):
    """What a time without an offset means in one message.

    offset  minutes east of UTC that MSH-7 states, None when it states none
    name    IANA name the package gives, "" when it gives none
    """

    offset: int | None = None
    name: str = ""

    def zone(self) -> tzinfo | None:
        if self.offset is not None:
            return timezone(timedelta(minutes=self.offset))
        return ZoneInfo(self.name) if self.name else None


@lru_cache(maxsize=8192)
def partial(text: str) -> PartialDateTime:
    """A v2 date or time, read once.

    raises  Misfit
    """
    try:
        return PartialDateTime.from_hl7(text.strip())
    except ValueError as error:
        raise Misfit(str(error)) from None


def zone_note(text: str, zone: Zone) -> str:
    """What was assumed about the zone of a time, for the trace; "" when nothing was."""
    value = partial(text)
    if value.precision < Precision.HOUR or value.offset is not None:
        return ""
    if zone.offset is not None:
        return "The time has the zone of MSH-7."
    return f"The time has the package's zone {zone.name}." if zone.name else "No zone is known: only the date is kept."


@lru_cache(maxsize=8192)
def _date_time(text: str, zone: Zone) -> str:
    value = partial(text)
    if value.offset is None and value.precision >= Precision.HOUR:
        known = zone.zone()
        if known is not None:
            value = value.in_zone(known)
    return value.to_fhir()


def _date(text: str, zone: Zone) -> Json:
    return partial(text).to_fhir_date()


def _instant(text: str, zone: Zone) -> Json:
    written = _date_time(text, zone)
    if "T" not in written:
        raise Misfit("an instant needs a time and a zone")
    return written


def _time(text: str, zone: Zone) -> Json:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise Misfit("not a time of day")
    hour, minute, second, fraction = match.groups()
    return f"{hour}:{minute}:{second or '00'}" + (f".{fraction}" if fraction else "")


def _string(text: str, zone: Zone) -> Json:
    if text.isspace():
        raise Misfit("a string holds more than blanks")
    return text


def _boolean(text: str, zone: Zone) -> Json:
    if text not in ("true", "false"):
        raise Misfit("neither true nor false")
    return text == "true"


def _integer(text: str, zone: Zone) -> Json:
    number = text.strip()
    if not _INTEGER.fullmatch(number):
        raise Misfit("not a whole number")
    return int(number.partition(".")[0])


def _positive(text: str, zone: Zone) -> Json:
    value = _integer(text, zone)
    if not isinstance(value, int) or value < 1:
        raise Misfit("not a positive whole number")
    return value


def _unsigned(text: str, zone: Zone) -> Json:
    value = _integer(text, zone)
    if not isinstance(value, int) or value < 0:
        raise Misfit("not a whole number from 0")
    return value


def _decimal(text: str, zone: Zone) -> Json:
    number = text.strip()
    if not _DECIMAL.fullmatch(number):
        raise Misfit("not a number")
    return Decimal(number.lstrip("+"))


def _code(text: str, zone: Zone) -> Json:
    """R4 code: no blanks around, single blanks inside."""
    return text if text.isalnum() else _BLANKS.sub(" ", text.strip()) or _no("a code")


def _uri(text: str, zone: Zone) -> Json:
    stripped = text.strip()
    if not stripped or _BLANKS.search(stripped):
        raise Misfit("a URI has no blanks")
    return stripped


def _oid(text: str, zone: Zone) -> Json:
    return text if _OID.fullmatch(text) else _no("urn:oid: and an OID")


def _id(text: str, zone: Zone) -> Json:
    return text if _ID.fullmatch(text) else _no("an id")


def _base64(text: str, zone: Zone) -> Json:
    joined = _BLANKS.sub("", text)
    return joined if joined and _BASE64.fullmatch(joined) else _no("base64")


def _no(what: str) -> Json:
    raise Misfit(f"not {what}")


Converter = Callable[[str, Zone], Json]

CONVERTERS: Mapping[str, Converter] = {
    "string": _string,
    "markdown": _string,
    "code": _code,
    "id": _id,
    "uri": _uri,
    "url": _uri,
    "canonical": _uri,
    "oid": _oid,
    "uuid": _uri,
    "boolean": _boolean,
    "integer": _integer,
    "positiveInt": _positive,
    "unsignedInt": _unsigned,
    "decimal": _decimal,
    "date": _date,
    "dateTime": _date_time,
    "instant": _instant,
    "time": _time,
    "base64Binary": _base64,
}
"""By FHIR primitive type."""

ZONED = frozenset({"dateTime", "instant"})
"""Types whose value may take an assumed zone."""
