"""The closed list of functions a rule may apply to a text. Each works on v2 text and gives v2 text, or None: no value.

`portable` says whether every production engine we export to can do the same.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from workbench.kernel.offers import Offers
from workbench.kernel.partial_time import PartialDateTime, Precision
from workbench.mapping.model import TransformCall
from workbench.mapping.values import Misfit, partial

Function = Callable[..., str | None]
Argument = str | int

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)")
_UNITS = {
    "S": 1, "SEC": 1, "M": 60, "MIN": 60, "H": 3600, "HR": 3600, "D": 86400, "DAY": 86400, "W": 604800, "WK": 604800,
}  # fmt: skip
_MEDIA = {
    "PDF": "application/pdf", "RTF": "application/rtf", "HTML": "text/html", "XML": "application/xml",
    "JPEG": "image/jpeg", "JPG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "TIF": "image/tiff",
    "GIF": "image/gif", "BMP": "image/bmp", "DICOM": "application/dicom", "PLAIN": "text/plain", "TEXT": "text/plain",
    "TXT": "text/plain", "TX": "text/plain", "FT": "text/plain", "BASIC": "audio/basic",
    "X-HL7-CDA-LEVEL-ONE": "application/xml", "CDA": "application/xml", "SGML": "text/sgml",
    "POSTSCRIPT": "application/postscript", "OCTET-STREAM": "application/octet-stream",
    "MSWORD": "application/msword", "DOC": "application/msword",
}  # fmt: skip


class TransformProblem(ValueError):
    """A call that cannot be; the message is the rest of a sentence."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a transform; `source` when its text is a source path whose value the function gets."""

    name: str
    kind: type[str] | type[int] = str
    required: bool = True
    source: bool = False


@dataclass(frozen=True, slots=True)
class Transform:
    """One function: `apply(text, *arguments)` in the order of `parameters`; a missing argument is None."""

    name: str
    does: str
    apply: Function
    parameters: tuple[Parameter, ...] = ()
    portable: bool = True

    def arguments(self, call: TransformCall) -> tuple[Argument | None, ...]:
        """The arguments of a call in order.

        raises  TransformProblem: unknown, missing or mistyped parameter
        """
        given: Mapping[str, Argument] = call.arguments
        if "" in given:
            if len(self.parameters) != 1:
                raise TransformProblem(f"{self.name} takes {self._signature()}")
            given = {self.parameters[0].name: given[""]}
        known = {parameter.name for parameter in self.parameters}
        unknown = [name for name in given if name not in known]
        if unknown:
            raise TransformProblem(f"{self.name} has no {unknown[0]}; it takes {self._signature()}")
        found: list[Argument | None] = []
        for parameter in self.parameters:
            value = given.get(parameter.name)
            if value is None and parameter.required:
                raise TransformProblem(f"{self.name} needs {parameter.name}")
            if parameter.kind is int and value is not None and (not isinstance(value, int) or value < 1):
                raise TransformProblem(f"{parameter.name} of {self.name} is a whole number from 1")
            found.append(value if value is None or parameter.kind is int else str(value))
        return tuple(found)

    def _signature(self) -> str:
        return ", ".join(parameter.name for parameter in self.parameters) or "no parameters"


def _substring(text: str, start: int, length: int | None) -> str | None:
    return text[start - 1 : None if length is None else start - 1 + length] or None


def _before(text: str, sign: str) -> str | None:
    return text.partition(sign)[0] or None


def _after(text: str, sign: str) -> str | None:
    return text.partition(sign)[2] or None


def _split(text: str, by: str, part: int) -> str | None:
    parts = text.split(by)
    return parts[part - 1] or None if part <= len(parts) else None


def _digits(text: str) -> str | None:
    return "".join(character for character in text if character in "0123456789") or None


def _strip_zeros(text: str) -> str | None:
    return text.lstrip("0") or text[-1:]


def _oid(text: str) -> str | None:
    if _OID.fullmatch(text):
        return f"urn:oid:{text}"
    try:
        return f"urn:uuid:{uuid.UUID(text)}"
    except ValueError:
        return None


def _uri(text: str) -> str | None:
    return text if _URI.fullmatch(text) else _oid(text)


def _day(text: str) -> str | None:
    value = partial(text)
    return replace(value, precision=min(value.precision, Precision.DAY), offset=None).to_hl7()


def _clock(text: str) -> str | None:
    value = partial(text)
    if value.precision < Precision.MINUTE:
        return None
    return replace(value, offset=None).to_hl7()[8:]


def _number(text: str) -> str | None:
    match = _NUMBER.search(text)
    return match.group() if match else None


def _fixed(text: str, digits: int) -> str | None:
    sign, number = ("-", text[1:]) if text.startswith("-") else ("", text.lstrip("+"))
    if not number.isdecimal():
        raise Misfit("not a whole number")
    padded = number.zfill(digits + 1)
    return f"{sign}{padded[:-digits]}.{padded[-digits:]}"


def _moved(text: str, amount: str | None, unit: str | None, sign: int) -> str | None:
    """A time moved by a duration in whole seconds; without a duration the time itself is no answer."""
    value = partial(text)
    seconds = _UNITS.get((unit or "MIN").upper())
    if not amount or seconds is None or value.precision < Precision.HOUR:
        return None
    if not amount.isdecimal():
        raise Misfit("not a whole number of units")
    precision = max(value.precision, Precision.SECOND if seconds == 1 else Precision.MINUTE)
    moment = value.moment() + timedelta(seconds=sign * int(amount) * seconds)
    return PartialDateTime(
        precision=precision,
        year=moment.year,
        month=moment.month,
        day=moment.day,
        hour=moment.hour,
        minute=moment.minute,
        second=moment.second,
        fraction=value.fraction,
        offset=value.offset,
    ).to_hl7()


def _plus(text: str, amount: str | None, unit: str | None) -> str | None:
    return _moved(text, amount, unit, 1)


def _minus(text: str, amount: str | None, unit: str | None) -> str | None:
    return _moved(text, amount, unit, -1)


def _base64(text: str, encoding: str | None) -> str | None:
    """ED.4 (table 0299): Base64, Hex or A (no encoding)."""
    if (encoding or "").lower() == "base64":
        return text
    try:
        data = binascii.unhexlify(text) if (encoding or "").lower() == "hex" else text.encode("utf-8")
    except ValueError:
        raise Misfit("not hexadecimal") from None
    return base64.b64encode(data).decode("ascii")


def _media_type(text: str) -> str | None:
    return text.lower() if "/" in text else _MEDIA.get(text.upper())


def _same(text: str) -> str | None:
    return text


TRANSFORMS = Offers[Transform](
    (
        Transform("text", "the whole value as text", _same),
        Transform("trim", "blanks around removed", lambda text: text.strip() or None),
        Transform("upper", "capital letters", str.upper),
        Transform("lower", "small letters", str.lower),
        Transform("prefix", "text before", lambda text, more: f"{more}{text}", (Parameter("text"),)),
        Transform("suffix", "text after", lambda text, more: f"{text}{more}", (Parameter("text"),)),
        Transform(
            "substring", "a part", _substring, (Parameter("start", int), Parameter("length", int, required=False))
        ),
        Transform(
            "replace", "every occurrence", lambda text, find, new: text.replace(find, new) or None,
            (Parameter("find"), Parameter("with")),
        ),
        Transform("before", "what stands before a sign", _before, (Parameter("sign"),)),
        Transform("after", "what stands after a sign", _after, (Parameter("sign"),)),
        Transform("split", "one of the parts between signs", _split, (Parameter("by"), Parameter("part", int))),
        Transform("digits", "only the digits", _digits),
        Transform("strip-zeros", "leading zeros removed", _strip_zeros),
        Transform("oid", "OID or UUID as URI", _oid),
        Transform("uri", "OID, UUID or URI as URI", _uri),
        Transform("date", "the day of a time", _day),
        Transform("clock", "the time of day of a time", _clock),
        Transform("number", "the first number", _number, portable=False),
        Transform("fixed", "an implied decimal point", _fixed, (Parameter("digits", int),), portable=False),
        Transform(
            "plus", "a time plus a duration", _plus,
            (Parameter("amount", source=True), Parameter("unit", required=False, source=True)), portable=False,
        ),
        Transform(
            "minus", "a time minus a duration", _minus,
            (Parameter("amount", source=True), Parameter("unit", required=False, source=True)), portable=False,
        ),
        Transform("base64", "ED data as base64", _base64, (Parameter("encoding", source=True),), portable=False),
        Transform("media-type", "ED type as media type", _media_type),
    )
)  # fmt: skip
"""By name, in the order of the help page; those of plug-ins follow."""


def of_plugin(name: str) -> bool:
    """True for the name of a plug-in's transform, loaded or not: `acme.check-digit`; names of our own have no dot."""
    return "." in name


def called(number: int, call: TransformCall) -> tuple[Transform, tuple[Argument | None, ...]]:
    """The function a call names, and its arguments; `number` is the place among the rule's transforms, from 0.

    raises  TransformProblem
    """
    transform = TRANSFORMS.get(call.name)
    if transform is None and of_plugin(call.name):
        raise TransformProblem(f"there is no transform {call.name}: the plug-in that brings it is not loaded")
    if transform is None:
        raise TransformProblem(f"there is no transform {call.name}; known are {', '.join(TRANSFORMS)}")
    if call.name == "text":
        raise TransformProblem("text stands first among the transforms")
    return transform, transform.arguments(call)
