"""v2 as a target: its elements by the dictionary of a version, its values, and the message as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from workbench.kernel.partial_time import PartialDateTime, Precision
from workbench.mapping.directions.running import Instance, Object
from workbench.mapping.fhir_target import Element, Kind, Step, TargetPath, TargetProblem
from workbench.mapping.model import Json
from workbench.mapping.values import Misfit
from workbench.v2.delimiters import STANDARD, Delimiters
from workbench.v2.dictionary import VERSIONS, DataTypeDefinition, dictionary
from workbench.v2.er7 import HEADERS
from workbench.v2.escapes import escaper

SEGMENT_END = "\r"
VARIES = "varies"
"""The type of a field whose type another field says: OBX-5."""

CODED_TYPES = frozenset({"CWE", "CE", "CNE", "CF"})
_TIMES = frozenset({"DTM", "TS", "DT", "TM"})
_ALIKE = (
    CODED_TYPES,
    *(frozenset(pair) for pair in (("DTM", "TS"), ("CQ", "NM"), ("XPN", "PN"), ("XCN", "CN"), ("XAD", "AD"))),
    *(frozenset(pair) for pair in (("XTN", "TN"), ("CX", "CK"))),
)
"""Types whose components mean the same, number by number; which of them a field has depends on the version."""

_PATH = re.compile(r"([A-Z][A-Z0-9]{1,2})(?:-(\d{1,3})(\[[^\]]*\])?)?((?:\.\d{1,3})*)")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_WHOLE = re.compile(r"\d+")
_LABEL = re.compile(r"[A-Za-z][\w-]*|\d*")
_FRACTION = 4
"""Digits of a second that v2 can say (v2.5.1 2.A.22)."""


class Raw(str):
    """A text that has its escapes already: taken over from a message with the same delimiters."""

    __slots__ = ()


class Verbatim(Raw):
    """A repetition, or of a segment all of it, taken over with its separators; none of them stands at an end."""

    __slots__ = ()


def tree_of(text: str, separators: tuple[str, ...]) -> Json:
    """A raw text as nested numbers and raw texts, split at the separators, the outer one first."""
    separator = separators[0] if separators else ""
    if not separator or separator not in text:
        return Raw(text)
    parts: Object = {
        str(number): tree_of(part, separators[1:]) for number, part in enumerate(text.split(separator), 1) if part
    }
    return parts or Raw(text)


@lru_cache(maxsize=64)
def untidy(delimiters: Delimiters) -> re.Pattern[str]:
    """Finds a separator that would not be written again: nothing follows it in what it divides."""
    field, repetition, component, subcomponent = (
        f"[{re.escape(one)}]" if one else "(?!)"
        for one in (delimiters.field, delimiters.repetition, delimiters.component, delimiters.subcomponent)
    )
    return re.compile(
        f"{repetition}(?:{repetition}|{field}|$)|{field}(?:{repetition}|$)|^{repetition}"
        f"|{component}(?:{repetition}|{field}|$)|{subcomponent}(?:{component}|{repetition}|{field}|$)"
    )


class V2Target:
    """The target side of packages that write v2.

    A field that a later version adds, or a primitive that it makes composite (OBX-29, OBX-8), may be used in an earlier
    one: receivers ignore what their version does not know (v2.5.1 2.8.2).

    every_field_repeats  of messages that come from v2: what a sender repeats stays repeated, whatever the version says
    """

    def __init__(self, version: str, every_field_repeats: bool = False) -> None:
        self._every_field_repeats = every_field_repeats
        self._dictionary = dictionary(version)
        self._latest = dictionary(VERSIONS[-1])

    def root(self, name: str) -> Kind | None:
        known = self._type(name) or self.is_segment(name) or name[:1] == "Z"
        return Kind(name, name) if known or name == VARIES else None

    def is_segment(self, name: str) -> bool:
        known = self._dictionary.segment(name) or self._latest.segment(name)
        return len(name) == 3 and (known is not None or name[0] == "Z")

    def takes(self, kind: Kind, made: str) -> bool:
        return (
            kind.type in (made, VARIES)
            or self.is_primitive(kind)
            or any(kind.type in alike and made in alike for alike in _ALIKE)
        )

    def is_primitive(self, kind: Kind) -> bool:
        definition = self._type(kind.type)
        return kind.type != VARIES and not self._is_z(kind) and (definition is None or definition.primitive)

    def holds_codes_alone(self, kind: Kind) -> bool:
        """True for a field that is a primitive in this version and coded in a later one."""
        return kind.prefix != kind.type and self.is_primitive(Kind(kind.prefix, kind.prefix))

    def _is_z(self, kind: Kind) -> bool:
        return len(kind.type) == 3 and kind.type[0] == "Z"

    def child(self, kind: Kind, number: int) -> Element | None:
        """Field or component `number`; its name is the number."""
        if self._is_z(kind):
            return Element(str(number), Kind(VARIES, VARIES), True, False)
        if kind.type == VARIES:
            return Element(str(number), Kind(VARIES, VARIES), False, False)
        if self.is_segment(kind.type):
            field = self._dictionary.field(kind.type, number)
            later = self._latest.field(kind.type, number)
            field = later if field is None else field
            if field is None:
                return None
            inner = self._richer(field.data_type, later.data_type if later is not None else "")
            return Element(str(number), inner, field.repeats or self._every_field_repeats, self.is_primitive(inner))
        own, latest = self._component(self._type(kind.type), number), self._component(self._alike(kind), number)
        if own is None and latest is None:
            return None
        if own is None:
            inner = Kind(latest, latest) if latest is not None else kind
        else:
            inner = self._richer(own, latest or "")
        return Element(str(number), inner, False, self.is_primitive(inner))

    def _component(self, definition: DataTypeDefinition | None, number: int) -> str | None:
        """The data type of a component, None when there is none."""
        components = definition.components if definition is not None else ()
        return components[number - 1].data_type if 0 < number <= len(components) else None

    def _alike(self, kind: Kind) -> DataTypeDefinition | None:
        """A type as the latest version has it; a CE is a CWE there."""
        return self._latest.data_type("CWE" if kind.type in CODED_TYPES else kind.type)

    def _type(self, name: str) -> DataTypeDefinition | None:
        return self._dictionary.data_type(name) or self._latest.data_type(name)

    def _richer(self, name: str, later: str) -> Kind:
        """The type of a later version where that of this one is a primitive and the later one is not.

        The prefix of the answer is the type in this version.
        """
        own, kind = Kind(name, name), Kind(later, later)
        taken = bool(later) and later != VARIES and self.is_primitive(own) and not self.is_primitive(kind)
        return Kind(later, name) if taken and name != VARIES else own

    def read(self, text: str, kinds: tuple[Kind, ...]) -> TargetPath:
        """`PID-3.4.1` in a map to a segment, `CX.4.1` in one to a data type, `$value` for the value itself.

        raises  TargetProblem: not a path, or no such field or component
        """
        if text == "$value":
            return TargetPath(0, ())
        up = 0
        while text.startswith("../", up * 3):
            up += 1
        if up >= len(kinds):
            raise TargetProblem("there is nothing to write to beside this element (../)")
        match = _PATH.fullmatch(text, up * 3)
        if match is None:
            raise TargetProblem(f"{text} is not a v2 path")
        name, field, bracket, parts = match.groups()
        kind = kinds[-1 - up]
        if name != kind.type and not (
            kind.type == VARIES or any(name in alike and kind.type in alike for alike in _ALIKE)
        ):
            raise TargetProblem(f"{text} is not part of {kind.type}, which the map writes")
        numbers = [int(number) for number in ([field] if field else []) + parts.split(".")[1:]]
        if not numbers or bool(field) is not (self.is_segment(kind.type)):
            raise TargetProblem(f"{text} names no field or component of {kind.type}")
        steps = tuple(self._steps(text, kind, numbers, None if bracket is None else bracket[1:-1]))
        return TargetPath(up, steps)

    def _steps(self, text: str, kind: Kind, numbers: list[int], label: str | None) -> Iterator[Step]:
        if label is not None and not _LABEL.fullmatch(label):
            raise TargetProblem(f"[{label}] is neither a number nor a name")
        for number in numbers:
            element = self.child(kind, number)
            if element is None:
                raise TargetProblem(f"{kind.type} has no {'field' if self.is_segment(kind.type) else 'component'} "
                                    f"{number} in this version (in {text})")  # fmt: skip
            yield Step(element, label)
            kind, label = element.kind, None

    def leaf(self, path: TargetPath) -> TargetPath:
        """The path of the primitive a text is written to: a composite takes it in its first component."""
        steps = list(path.steps)
        while steps and not steps[-1].element.primitive and steps[-1].element.kind.type != VARIES:
            first = self.child(steps[-1].element.kind, 1)
            if first is None:
                break
            steps.append(Step(first))
        return replace(path, steps=tuple(steps))

    def converter(self, kind: Kind) -> Callable[[str], tuple[str, str]]:
        """What makes a text a value of a data type, and says what was assumed about it.

        The function raises  Misfit: it cannot be one
        """
        name = kind.type
        if name in _TIMES:
            return lambda text: _time(text, name)
        return {"NM": _number, "SI": _whole}.get(name, _text)


def _number(text: str) -> tuple[str, str]:
    if not _NUMBER.fullmatch(text):
        raise Misfit("not a number")
    return text, ""


def _whole(text: str) -> tuple[str, str]:
    if not _WHOLE.fullmatch(text):
        raise Misfit("not a whole number")
    return text, ""


def _text(text: str) -> tuple[str, str]:
    if not text.strip():
        raise Misfit("nothing but blanks")
    return text, ""


def time_of(text: str) -> PartialDateTime:
    """A date or time of FHIR or of v2.

    raises  Misfit
    """
    try:
        return PartialDateTime.from_fhir(text) if "-" in text[:5] or "T" in text else PartialDateTime.from_hl7(text)
    except ValueError as error:
        raise Misfit(str(error)) from None


def _time(text: str, name: str) -> tuple[str, str]:
    if name == "TM":
        digits = re.fullmatch(r"(\d\d):(\d\d)(?::(\d\d)(\.\d{1,4})?\d*)?", text)
        return ("".join(part or "" for part in digits.groups()), "") if digits else (text, "")
    value = time_of(text)
    if name == "DT" and value.precision > Precision.DAY:
        return replace(value, precision=Precision.DAY, offset=None).to_hl7(), "Only the day is said there."
    if len(value.fraction) > _FRACTION:
        value = replace(value, fraction=value.fraction[:_FRACTION])
        return value.to_hl7(), "v2 says four digits of a second."
    return value.to_hl7(), ""


# --- the message as text ----------------------------------------------------------------------------------------------


def render(root: Instance, delimiters: Delimiters = STANDARD) -> str:
    """The message in ER7, segments ended by CR (v2.5.1 2.5.4)."""
    return "".join(segment_text(one.kind, one.content, delimiters) + SEGMENT_END for one in root.walk() if one.kind)


def segment_text(name: str, fields: Object, delimiters: Delimiters) -> str:
    """One segment; nothing trails behind the last value."""
    if "0" in fields:  # taken over as it was
        return str(fields["0"])
    texts = _parts(fields, delimiters, 0, _escaper(delimiters))
    if name in HEADERS:
        texts = [delimiters.encoding_characters, *texts[2:]]
    return delimiters.field.join([name, *texts])


@lru_cache(maxsize=64)
def _escaper(delimiters: Delimiters) -> Callable[[str], str]:
    """`escapes.escape`, the shorter way for texts of letters and digits where none of these is a delimiter."""
    plain = escaper(delimiters)

    def escaped(text: str) -> str:
        return plain(text.replace("\r\n", "\n"))  # one line break, not two

    if any(each.isalnum() for each in f"{delimiters.encoding_characters}{delimiters.field}"):
        return escaped
    return lambda text: text if text.isalnum() else escaped(text)


def _parts(parts: Object, delimiters: Delimiters, level: int, written: Callable[[str], str]) -> list[str]:
    """The texts of fields (level 0), components or subcomponents, with empty ones up to the last that is there."""
    texts = [""] * max(map(int, parts), default=0)
    for key, value in parts.items():
        if isinstance(value, str):
            text = str(value) if isinstance(value, Raw) else written(value)
        elif isinstance(value, list):
            text = delimiters.repetition.join([_value(item, delimiters, level + 1, written) for item in value])
        else:
            text = _value(value, delimiters, level + 1, written)
        texts[int(key) - 1] = text
    return texts


def _value(value: Json, delimiters: Delimiters, level: int, written: Callable[[str], str]) -> str:
    if isinstance(value, dict):
        if level > 2:  # below subcomponents v2 has no place; the first value stands for all
            return _value(value.get("1"), delimiters, level, written)
        separator = delimiters.component if level == 1 else delimiters.subcomponent
        return separator.join(_parts(value, delimiters, level, written))
    if value is None:
        return ""
    return str(value) if isinstance(value, Raw) else written(str(value))


def objects(roots: Iterable[Instance]) -> set[int]:
    """The objects in the messages by their identity in memory: those that `paths` gives a place."""
    found: set[int] = set()
    for root in roots:
        for one in root.walk():
            if one.kind:
                found.add(id(one.content))
                for value in one.content.values():
                    _collect(value, found, 1)
    return found


def _collect(value: Json, found: set[int], level: int) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, found, level)
    elif isinstance(value, dict):
        if level <= 2:
            found.add(id(value))
            for item in value.values():
                if isinstance(item, dict | list):
                    _collect(item, found, level + 1)
        elif "1" in value:
            found.add(id(value))


def paths(roots: Iterable[Instance]) -> dict[int, str]:
    """The place of every object in the messages by its identity in memory: `PID-3[2].4`, `#2:PID-3` in the second."""
    found: dict[int, str] = {}
    for number, root in enumerate(roots, 1):
        prefix = "" if number == 1 else f"#{number}:"
        seen: dict[str, int] = {}
        segments = [one for one in root.walk() if one.kind]
        alike = Counter(one.kind for one in segments)
        for one in segments:
            seen[one.kind] = seen.get(one.kind, 0) + 1
            several = alike[one.kind] > 1
            name = f"{prefix}{one.kind}[{seen[one.kind]}]" if several else f"{prefix}{one.kind}"
            found[id(one.content)] = name
            for key, value in one.content.items():
                _walk(value, f"{name}-{key}", found, 1)
    return found


def _walk(value: Json, path: str, found: dict[int, str], level: int) -> None:
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            _walk(item, f"{path}[{number}]" if len(value) > 1 else path, found, level)
    elif isinstance(value, dict) and level <= 2:
        found[id(value)] = path
        for key, item in value.items():
            _walk(item, f"{path}.{key}", found, level + 1)
    elif isinstance(value, dict) and "1" in value:
        found[id(value)] = path


_SEGMENT_PATH = re.compile(r"(?:#\d+:)?[A-Z][A-Z0-9]{2}(?:\[\d+\])?")


def place_text(path: str, key: str, item: int | None, container: Object) -> str:
    """The place of a value in an object whose place is known."""
    if not key:
        return path
    joint = "-" if _SEGMENT_PATH.fullmatch(path) else "."
    many = container.get(key)
    number = f"[{item + 1}]" if item is not None and isinstance(many, list) and len(many) > 1 else ""
    return f"{path}{joint}{key}{number}"
