"""Profiles as plain mappings, lists and texts, and back: the bridge to YAML and JSON.

A value object becomes a mapping of those of its attributes that differ from their defaults. Paths, cardinalities
and lengths become short texts; where several kinds may stand, the mapping has one key that names the kind.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from workbench.validation.profiles import expressions, model
from workbench.validation.profiles.expressions import ProfilePath
from workbench.validation.profiles.model import Cardinality, Length

_KINDS: dict[str, type] = {
    "present": expressions.Presence,
    "is": expressions.OneOf,
    "matches": expressions.Matches,
    "compares": expressions.Compared,
    "same": expressions.PathsCompared,
    "in set": expressions.InSet,
    "set number": expressions.SetNumber,
    "counts": expressions.Counted,
    "all": expressions.All,
    "any": expressions.Some,
    "one": expressions.ExactlyOne,
    "not": expressions.Not,
    "if": expressions.Implies,
    "foreign": expressions.Foreign,
    "segment": model.SegmentUse,
    "group": model.GroupUse,
    "value": model.CellText,
    "code": model.CellCode,
    "codes": model.CellSet,
    "sets": model.Binding,
    "single code": model.SingleCode,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_LENGTH = re.compile(r"(?:(\d+)\.\.(\d+|\*))?\s*(?:(\d+[#=]?))?")
_CARDINALITY = re.compile(r"(\d+)\.\.(\d+|\*)")
_UNSTATED = "none"


class NotThisForm(ValueError):
    """Plain data that is no profile; `place` leads to it, such as `segments.PID.fields[3].usage`."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__(place, text)
        self.place = place
        self.text = text


def to_plain(value: Any) -> Any:
    """Mappings, lists, texts, numbers and truth values that say the same."""
    if isinstance(value, ProfilePath | Cardinality):
        return str(value)
    if isinstance(value, Length):
        return _length_text(value)
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: _kinded(getattr(value, each.name))
            for each in fields(value)
            if not _is_default(each, getattr(value, each.name))
        }
    if isinstance(value, Mapping):
        return {key: _kinded(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_kinded(inner) for inner in value]
    return value


def _kinded(value: Any) -> Any:
    name = _NAMES.get(type(value))
    return {name: to_plain(value)} if name else to_plain(value)


def _is_default(each: Any, value: Any) -> bool:
    if each.default is not MISSING:
        return bool(value == each.default)
    return each.default_factory is not MISSING and not value


def _length_text(length: Length) -> str:
    if not length.stated and length.least is None and not length.conformance:
        return _UNSTATED
    plain = ""
    if length.least is not None or length.most is not None:
        plain = f"{length.least or 0}..{'*' if length.most is None else length.most}"
    return f"{plain} {length.conformance}".strip()


def from_plain(kind: Any, data: Any, place: str = "") -> Any:
    """The value of a type that plain data describe. raises NotThisForm: they describe none"""
    if kind is ProfilePath or kind is Cardinality or kind is Length:
        return _short(kind, data, place)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _of_union(kind, data, place)
    if origin is tuple:
        return _of_tuple(get_args(kind), data, place)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(data, Mapping):
            raise NotThisForm(place, "is no mapping")
        inner = get_args(kind)[1]
        return {str(key): from_plain(inner, value, f"{place}.{key}") for key, value in data.items()}
    if is_dataclass(kind):
        if kind in _NAMES and isinstance(data, Mapping) and tuple(data) == (_NAMES[kind],):
            data = data[_NAMES[kind]]
        return _of_dataclass(kind, data, place)
    return _of_scalar(kind, data, place)


def _of_dataclass(kind: Any, data: Any, place: str) -> Any:
    if not isinstance(data, Mapping):
        raise NotThisForm(place, "is no mapping")
    known = {each.name for each in fields(kind)}
    unknown = [key for key in data if key not in known]
    if unknown:
        raise NotThisForm(f"{place}.{unknown[0]}", "is not known here")
    hints = _hints(kind)
    given = {key: from_plain(hints[key], value, f"{place}.{key}") for key, value in data.items()}
    try:
        return kind(**given)
    except TypeError:
        missing = [
            each.name
            for each in fields(kind)
            if each.default is MISSING and each.default_factory is MISSING and each.name not in given
        ]
        raise NotThisForm(place, f"lacks {', '.join(missing)}") from None


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _of_union(kind: Any, data: Any, place: str) -> Any:
    options = get_args(kind)
    if data is None:
        if type(None) in options:
            return None
        raise NotThisForm(place, "is empty")
    kinds = [option for option in options if option is not type(None)]
    if len(kinds) == 1:
        return from_plain(kinds[0], data, place)
    if not isinstance(data, Mapping) or len(data) != 1:
        raise NotThisForm(place, "needs one key that names its kind")
    name = next(iter(data))
    chosen = _KINDS.get(str(name))
    if chosen not in kinds:
        raise NotThisForm(f"{place}.{name}", "is not known here")
    return _of_dataclass(chosen, data[name], f"{place}.{name}")


def _of_tuple(inner: tuple[Any, ...], data: Any, place: str) -> Any:
    if not isinstance(data, list | tuple):
        raise NotThisForm(place, "is no list")
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(from_plain(inner[0], each, f"{place}[{n}]") for n, each in enumerate(data, start=1))
    if len(inner) != len(data):
        raise NotThisForm(place, f"needs {len(inner)} entries")
    return tuple(from_plain(kind, each, place) for kind, each in zip(inner, data, strict=True))


def _of_scalar(kind: Any, data: Any, place: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(data)
        except ValueError:
            raise NotThisForm(place, f"is {data}, not one of {', '.join(str(each.value) for each in kind)}") from None
    if kind is str and isinstance(data, int | float) and not isinstance(data, bool):
        return str(data)
    if kind is bool and isinstance(data, bool):
        return data
    if kind is int and isinstance(data, int) and not isinstance(data, bool):
        return data
    if kind is str and isinstance(data, str):
        return data
    raise NotThisForm(place, f"is no {kind.__name__}")


def _short(kind: Any, data: Any, place: str) -> Any:
    text = str(data)
    if kind is ProfilePath:
        try:
            return ProfilePath.parse(text)
        except ValueError as error:
            raise NotThisForm(place, str(error)) from None
    if kind is Cardinality:
        match = _CARDINALITY.fullmatch(text)
        if match is None:
            raise NotThisForm(place, f"is {text}, not like 0..1 or 1..*")
        return Cardinality(int(match.group(1)), None if match.group(2) == "*" else int(match.group(2)))
    if text == _UNSTATED:
        return Length(stated=False)
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise NotThisForm(place, f"is {text}, not like 1..20 or 20#")
    least, most, conformance = match.groups()
    return Length(
        int(least) if least else None,
        int(most) if most and most != "*" else None,
        conformance or "",
        not (least and conformance),
    )
