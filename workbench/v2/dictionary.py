"""What the HL7 v2 standard says of segments, fields, data types, tables and message structures, by version.

The data are built by `packaging/build_v2_dictionary.py`; resources/SOURCES.md names where they come from. A
version is read when it is first asked for, and each definition is made when it is first looked up.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, StrEnum
from functools import cache, cached_property
from typing import Any

import msgspec

from workbench.kernel.errors import Unavailable
from workbench.kernel.shipped import shipped

VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2")
"""The versions that have a dictionary of their own."""

ALSO_PUBLISHED = ("2.3.2", "2.7.1", "2.9")
"""Versions of the standard that are read with the dictionary of their nearest relative."""

DEFAULT_VERSION = "2.5.1"
"""What a message without a readable version is taken for."""

_FORMAT = 1
_WILDCARDS = {"nnnn": r"\d{4}", "xxx": r"[A-Z]{3}", "zzz": r".+"}


class Usage(StrEnum):
    """Whether an element must be there (v2.5.1 2.5.3, v2.7 2.12.3)."""

    REQUIRED = "R"
    OPTIONAL = "O"
    CONDITIONAL = "C"
    WITHDRAWN = "W"


class Disputed(Flag):
    """What two compilations of the standard state differently; findings resting on it are warnings."""

    NOTHING = 0
    TYPE = 8
    USAGE = 16
    REPETITION = 32


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """One field of a segment.

    position         1-based, withdrawn positions counted
    data_type        `CX`, or `varies` where another field decides
    max_repetitions  None when unlimited
    max_length       characters of one repetition, separators included; None from 2.7 on
    table            four digits, "" when there is none
    """

    segment: str
    position: int
    name: str
    data_type: str
    usage: Usage
    max_repetitions: int | None
    max_length: int | None
    table: str
    disputed: Disputed = Disputed.NOTHING

    @property
    def required(self) -> bool:
        return self.usage is Usage.REQUIRED

    @property
    def repeats(self) -> bool:
        return self.max_repetitions != 1

    @property
    def label(self) -> str:
        """`PID-5`."""
        return f"{self.segment}-{self.position}"

    def description(self) -> str:
        """`PID-5 Patient Name, XPN, required, repeats`."""
        times = "" if self.max_repetitions == 1 else ", repeats"
        if self.max_repetitions and self.max_repetitions > 1:
            times = f", up to {self.max_repetitions} times"
        table = f", table {self.table}" if self.table else ""
        return f"{self.label} {self.name}, {self.data_type}, {_USAGE_WORDS[self.usage]}{times}{table}"


_USAGE_WORDS = {
    Usage.REQUIRED: "required",
    Usage.OPTIONAL: "optional",
    Usage.CONDITIONAL: "conditional",
    Usage.WITHDRAWN: "withdrawn",
}


@dataclass(frozen=True, slots=True)
class ComponentDefinition:
    """One component of a data type; `position`, `max_length` and `table` as in `FieldDefinition`."""

    position: int
    name: str
    data_type: str
    usage: Usage
    max_length: int | None
    table: str
    disputed: Disputed = Disputed.NOTHING

    @property
    def required(self) -> bool:
        return self.usage is Usage.REQUIRED


@dataclass(frozen=True, slots=True)
class DataTypeDefinition:
    """One data type; a primitive has no components."""

    name: str
    title: str
    components: tuple[ComponentDefinition, ...] = ()

    @property
    def primitive(self) -> bool:
        return not self.components


@dataclass(frozen=True, slots=True)
class SegmentDefinition:
    """One segment; `fields[n - 1]` is field n."""

    name: str
    title: str
    fields: tuple[FieldDefinition, ...]

    def field(self, position: int) -> FieldDefinition | None:
        return self.fields[position - 1] if 0 < position <= len(self.fields) else None


class TableKind(StrEnum):
    """Who decides on the codes (v2.5.1 2.5.3.6)."""

    HL7 = "HL7"
    USER = "user"
    OTHER = ""


@dataclass(frozen=True)
class Table:
    """The codes of one table.

    codes       code → display, "" where no display is known; empty when the standard only names the table
    is_open     the standard describes further codes that it does not list
    by_version  False when the codes are those of all versions together
    """

    id: str
    title: str
    kind: TableKind
    codes: Mapping[str, str]
    is_open: bool = False
    by_version: bool = True

    def display(self, code: str) -> str:
        return self.codes.get(code, "")

    def has(self, code: str) -> bool:
        """True when the code is listed or fits a listed pattern such as `HL7nnnn` or `99zzz`."""
        return code in self.codes or any(pattern.fullmatch(code) for pattern in self._patterns)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(
            re.compile(re.escape(code[: -len(tail)]) + form)
            for code in self.codes
            for tail, form in _WILDCARDS.items()
            if code.endswith(tail)
        )


@dataclass(frozen=True, slots=True)
class GrammarItem:
    """One place in a message structure: a segment, or a group when it has `children`.

    least, most  how often it may stand there; most None is unlimited
    choice       exactly one of the children stands there
    """

    name: str
    least: int
    most: int | None
    children: tuple[GrammarItem, ...] = ()
    choice: bool = False

    @property
    def is_group(self) -> bool:
        return bool(self.children)


@dataclass(frozen=True, slots=True)
class StructureDefinition:
    """The abstract syntax of a message, such as `ADT_A01`."""

    id: str
    title: str
    items: tuple[GrammarItem, ...]


@dataclass(eq=False)
class Dictionary:
    """The standard in one version. Lookups give None where the version knows no such thing."""

    version: str
    _data: dict[str, Any] = field(repr=False)
    _segments: dict[str, SegmentDefinition] = field(default_factory=dict, repr=False)
    _types: dict[str, DataTypeDefinition] = field(default_factory=dict, repr=False)
    _tables: dict[str, Table] = field(default_factory=dict, repr=False)
    _structures: dict[str, StructureDefinition] = field(default_factory=dict, repr=False)

    @property
    def segment_names(self) -> tuple[str, ...]:
        return tuple(self._data["segments"])

    @property
    def data_type_names(self) -> tuple[str, ...]:
        return tuple(self._data["types"])

    @property
    def structure_ids(self) -> tuple[str, ...]:
        return tuple(self._data["structures"])

    def segment(self, name: str) -> SegmentDefinition | None:
        found = self._segments.get(name)
        if found is None and name in self._data["segments"]:
            title, fields = self._data["segments"][name]
            found = SegmentDefinition(name, title, tuple(_field(name, parts) for parts in fields))
            self._segments[name] = found
        return found

    def field(self, segment: str, position: int) -> FieldDefinition | None:
        definition = self.segment(segment)
        return definition.field(position) if definition else None

    def data_type(self, name: str) -> DataTypeDefinition | None:
        found = self._types.get(name)
        if found is None and name in self._data["types"]:
            title, components = self._data["types"][name]
            found = self._types[name] = DataTypeDefinition(name, title, tuple(map(_component, components)))
        return found

    def table(self, table_id: str) -> Table | None:
        """A table by its number: `0001`, `1` or `HL70001`."""
        key = table_id.removeprefix("HL7").zfill(4)
        found = self._tables.get(key)
        if found is None and key in self._data["tables"]:
            title, kind, is_open, by_version, codes = self._data["tables"][key]
            found = self._tables[key] = Table(key, title, TableKind(kind), codes, is_open, by_version)
        return found

    def structure(self, structure_id: str) -> StructureDefinition | None:
        found = self._structures.get(structure_id)
        if found is None and structure_id in self._data["structures"]:
            title, items = self._data["structures"][structure_id]
            found = self._structures[structure_id] = StructureDefinition(structure_id, title, _items(items))
        return found

    def structure_for(self, message_code: str, trigger_event: str = "") -> str | None:
        """The structure of a message code and trigger event (table 0354): `ADT`, `A04` → `ADT_A01`.

        ACK of any event is `ACK`. Without an event the answer is the code's only structure, if it has but one.
        """
        events = self._data["events"]
        found = events.get(f"{message_code}^{trigger_event}") if trigger_event else None
        if found is None:
            found = events.get(message_code)
        if found is None and not trigger_event and message_code:
            candidates = [name for name in self._data["structures"] if name.partition("_")[0] == message_code]
            found = candidates[0] if len(candidates) == 1 else None
        return found

    def describe(self, segment: str, position: int = 0, component: int = 0) -> str:
        """One line on a segment, field or component, "" when the version does not know it."""
        definition = self.segment(segment)
        if definition is None:
            return ""
        if not position:
            return f"{segment} {definition.title}"
        found = definition.field(position)
        if found is None or not component:
            return found.description() if found else ""
        data_type = self.data_type(found.data_type)
        if data_type is None or component > len(data_type.components):
            return ""
        part = data_type.components[component - 1]
        table = f", table {part.table}" if part.table else ""
        return f"{found.label}.{component} {part.name}, {part.data_type}, {_USAGE_WORDS[part.usage]}{table}"


def dictionary(version: str) -> Dictionary:
    """The dictionary of a version; of the nearest known one when the version has none, see `nearest`.

    raises  Unavailable KRN-0001, V2-0002: the installation's data are missing or of another format
    """
    return _load(nearest(version))


def is_published(version: str) -> bool:
    """True for versions that HL7 has published."""
    return version in VERSIONS or version in ALSO_PUBLISHED


@cache
def nearest(version: str) -> str:
    """The latest known version that is not later than `version`; the first known one before that.

    What is no version number at all counts as `DEFAULT_VERSION`.
    """
    wanted = _numbers(version)
    if wanted is None:
        return DEFAULT_VERSION
    earlier = [known for known in VERSIONS if (_numbers(known) or ()) <= wanted]
    return earlier[-1] if earlier else VERSIONS[0]


def _numbers(version: str) -> tuple[int, ...] | None:
    return tuple(int(part) for part in version.split(".")) if re.fullmatch(r"2(\.\d{1,2}){1,2}", version) else None


@cache
def _load(version: str) -> Dictionary:
    data = msgspec.msgpack.decode(
        zlib.decompress(shipped("resources", "v2", f"{version}.msgpack").read_bytes()), type=dict[str, Any]
    )
    if data["format"] != _FORMAT:
        raise Unavailable(
            "V2-0002",
            f"The dictionary of HL7 v{version} has format {data['format']}, this program reads format {_FORMAT}.",
            "Install the workbench again; no data of yours is touched by that.",
        )
    return Dictionary(version, data)


def _field(segment: str, parts: list[Any]) -> FieldDefinition:
    position, name, data_type, flags, most, length, table = parts
    return FieldDefinition(
        segment, position, name, data_type, _usage(flags), most or None, length, table, Disputed(flags & 0b111000)
    )


def _component(parts: list[Any]) -> ComponentDefinition:
    position, name, data_type, flags, _, length, table = parts
    return ComponentDefinition(position, name, data_type, _usage(flags), length, table, Disputed(flags & 0b111000))


def _usage(flags: int) -> Usage:
    if flags & 4:
        return Usage.WITHDRAWN
    if flags & 1:
        return Usage.REQUIRED
    return Usage.CONDITIONAL if flags & 2 else Usage.OPTIONAL


def _items(entries: list[list[Any]]) -> tuple[GrammarItem, ...]:
    return tuple(
        GrammarItem(entry[0], entry[1], entry[2] or None)
        if len(entry) == 3
        else GrammarItem(entry[0], entry[1], entry[2] or None, _items(entry[4]), entry[3])
        for entry in entries
    )
