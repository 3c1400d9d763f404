"""What may stand at a place of a package's text: keys, paths, maps, codes, elements and words, each with what it is.

The text is looked at as it stands, half-typed lines included; nothing here needs it to be sound YAML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from workbench.fhir.definitions import definitions
from workbench.kernel.errors import WorkbenchError
from workbench.mapping.fhir_target import FhirSchema, Kind, fhir_schema
from workbench.mapping.files import CODES, MESSAGES, PACKAGE_FILE
from workbench.mapping.model import (
    Direction,
    MapKind,
    Null,
    Package,
    Policy,
    Removal,
    Repeat,
    Resolve,
    RuleStatus,
    Silence,
    Write,
)
from workbench.mapping.overlay import laid_over
from workbench.mapping.portability import Engine
from workbench.mapping.reading import (
    GROUP_KEYS,
    HEADER_KEYS,
    LEDGER_KEYS,
    MESSAGE_MAP_KEYS,
    ROW_KEYS,
    RULE_KEYS,
    RULE_MAP_KEYS,
)
from workbench.mapping.transforms import TRANSFORMS
from workbench.mapping.update_rules import UPDATE_KEYS
from workbench.v2.dictionary import Dictionary, dictionary

MOST_OFFERS = 200
_TELLING = 3
"""Letters from which on an offer is also found by what it is."""
_KEY = re.compile(r"(?:^|[{,]|^\s*-)\s*([A-Za-z][\w-]*)\s*:(?=\s|$)")
_HEAD = re.compile(r"^(?P<key>[a-z][\w-]*):[ \t]*(?P<value>[^\n#]*)", re.M)
_WORD_END = re.compile(r"[\w$.()\[\]@*/^-]*$")
_SEGMENT_PATH = re.compile(r"^(?P<segment>[A-Z][A-Z0-9]{2})-(?P<field>\d+)\.(?P<rest>[\d.]*)$")
_TARGET_LINE = re.compile(r"\s*(?:- )?to:\s*([^\s,}#]+)")
_CONDITION_WORDS = (
    "valued", "not valued", "null", "and", "or", "not", "in", "in codes", "matches", "made", "count(", "length(",
    "version",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that may stand there; `detail` says what it is."""

    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What may replace the characters from `start` to the cursor (0-based columns of the line)."""

    start: int
    offers: tuple[Offer, ...]


class _Part(StrEnum):
    """Where in a file the cursor stands."""

    HEAD = "head"
    RULES = "rules"
    ROWS = "rows"
    LEDGER = "ledger"
    GROUPS = "groups"


_KEYS: dict[_Part, tuple[str, ...]] = {
    _Part.RULES: RULE_KEYS,
    _Part.ROWS: ROW_KEYS,
    _Part.LEDGER: LEDGER_KEYS,
    _Part.GROUPS: GROUP_KEYS,
}


def complete(package: Package, file: str, text: str, line: int, column: int) -> Completion:
    """What may stand at the cursor (0-based line and column) of a file of the package."""
    lines = text.split("\n")
    before = lines[line][:column] if line < len(lines) else ""
    match = _WORD_END.search(before)
    start = match.start() if match else column
    start += len(before[start:]) - len(before[start:].lstrip("["))  # a list begins, not a path
    word = before[start:]
    if before.lstrip().startswith("#") or file.startswith(f"{CODES}/"):
        return Completion(column, ())
    place = _Place(package, file, lines, line, before[:start])
    offers = _matching(place.offers(word), word)
    return Completion(start, offers)


def _matching(offers: Iterable[Offer], word: str) -> tuple[Offer, ...]:
    """Those that begin with the word first, then those that hold it, each text once."""
    wanted = word.lower()
    unique = {offer.text: offer for offer in offers}
    first = [offer for offer in unique.values() if offer.text.lower().startswith(wanted)]
    by_detail = len(wanted) >= _TELLING
    later = [
        offer
        for offer in unique.values()
        if wanted in offer.text.lower() or (by_detail and wanted in offer.detail.lower())
    ]
    return tuple(dict.fromkeys((*first, *later)))[:MOST_OFFERS]


class _Place:
    """The surroundings of the cursor; `before` is the line up to the word at it."""

    def __init__(self, package: Package, file: str, lines: list[str], line: int, before: str) -> None:
        try:
            self.package = laid_over(package)
        except WorkbenchError:
            self.package = package
        self.file = file
        self.folder = file.partition("/")[0]
        self.lines, self.line, self.before = lines, line, before
        self.head = {match["key"]: match["value"].strip().strip("\"'") for match in _HEAD.finditer("\n".join(lines))}
        self.part = self._part()
        self.key = self._key()

    def offers(self, word: str) -> Iterator[Offer]:
        if not self.key:
            yield from self._keys()
        elif self.key in ("from", "accounts-for", "each", "identity", "sender"):
            yield from self._sources(word)
        elif self.key == "when":
            yield from self._sources(word)
            yield from (Offer(text, "condition") for text in _CONDITION_WORDS)
            yield from self.code_maps()
        elif self.key == "to":
            yield from self._targets(word)
        elif self.key.startswith("link."):
            yield from self.instances() if self.key != "link." else ()
        else:
            values = _VALUES.get(self.key)
            yield from values(self) if values else ()

    # Where the cursor stands

    def _part(self) -> _Part:
        """The list or mapping of the file around the cursor."""
        for number in range(self.line, -1, -1):
            match = re.match(r"([a-z-]+):", self.lines[number] if number < self.line else self.before)
            if match is None:
                continue
            if number == self.line:
                return _Part.HEAD
            named = {"rules": _Part.RULES, "rows": _Part.ROWS, "groups": _Part.GROUPS}
            ledger = _Part.LEDGER if match[1] in ("ignore", "keep") else _Part.HEAD
            return named.get(match[1], ledger) if self._is_inside() else _Part.HEAD
        return _Part.HEAD

    def _is_inside(self) -> bool:
        own = self.lines[self.line] if self.line < len(self.lines) else ""
        return own.startswith((" ", "-")) or self.before.startswith((" ", "-"))

    def _key(self) -> str:
        """The key whose value is being written, "" where a key is; a list that goes on over lines keeps its key."""
        text = self.before
        if "{" in text and text.count("{") > text.count("}"):
            inner = text[text.rfind("{") + 1 :]
            outer = self._last_key(text[: text.rfind("{")])
            if outer in ("link", "preset", "literal", "transform", "unmapped", "raise", "source", "target", "updates"):
                found = self._last_key(inner)
                return f"{outer}.{found}" if found else f"{outer}."
            return self._open_key(inner)
        return self._open_key(text)

    def _open_key(self, text: str) -> str:
        """The last key of a stretch, unless a comma outside brackets has ended its value."""
        matches = list(_KEY.finditer(text))
        if not matches:
            return ""
        value = text[matches[-1].end() :]
        ended = re.sub(r"\[[^\]]*\]?|\"[^\"]*\"?|'[^']*'?", "", value)
        return "" if "," in ended and "{" in self.before else matches[-1].group(1)

    @staticmethod
    def _last_key(text: str) -> str:
        matches = list(_KEY.finditer(text))
        return matches[-1].group(1) if matches else ""

    # What may stand there

    def _keys(self) -> Iterator[Offer]:
        if self.part is _Part.HEAD:
            known = {PACKAGE_FILE: HEADER_KEYS}.get(self.file) or (
                MESSAGE_MAP_KEYS if self.folder == MESSAGES else RULE_MAP_KEYS
            )
            yield from (Offer(f"{key}: ", "key") for key in known if key not in self.head)
            return
        there = {match.group(1) for match in _KEY.finditer(self._own_entry())}
        yield from (Offer(f"{key}: ", "key") for key in _KEYS[self.part] if key not in there)

    def _own_entry(self) -> str:
        """The text of the entry the cursor stands in, as far as it is on this line or directly above."""
        if "{" in self.before:
            return self.lines[self.line][self.before.rfind("{") :] if self.line < len(self.lines) else self.before
        indent = len(self.before) - len(self.before.lstrip())
        above = []
        for number in range(self.line - 1, -1, -1):
            text = self.lines[number]
            own = len(text) - len(text.lstrip())
            if text.lstrip().startswith("- ") and own < indent:
                above.append(text)
                break
            if own < indent:
                break
            if own == indent:
                above.append(text)
        return "\n".join((*above, self.before))

    def _sources(self, word: str) -> Iterator[Offer]:
        words = self.dictionary()
        if self.package.header.direction in (Direction.FHIR_TO_V2, Direction.FHIR_TO_FHIR):
            return
        if self.folder == str(MapKind.TYPE):
            yield from self._components(words, self.head.get("from", ""))
            return
        if self.folder == MESSAGES:
            yield from (Offer(group.name, "group") for each in self.package.messages.values() for group in each.groups)
            if self.key == "from":
                yield from (Offer(name, _title(words, name)) for name in words.segment_names)
        path = _SEGMENT_PATH.match(word)
        segment = path["segment"] if path else word.partition("-")[0] if "-" in word else self.head.get("from", "")
        definition = words.segment(segment) if segment else None
        if definition is None:
            return
        if path is not None:
            field = words.field(segment, int(path["field"]))
            if field is not None:
                yield from self._components(words, field.data_type, f"{segment}-{path['field']}")
            return
        for each in definition.fields:
            if each.data_type:
                yield Offer(f"{segment}-{each.position}", f"{each.name}, {each.data_type}")

    def _components(self, words: Dictionary, type_name: str, prefix: str = "") -> Iterator[Offer]:
        data_type = words.data_type(type_name)
        for number, component in enumerate(data_type.components if data_type else (), 1):
            yield Offer(f"{prefix or type_name}.{number}", f"{component.name}, {component.data_type}")
        if not prefix:
            yield Offer(type_name, "the whole value")

    def _targets(self, word: str) -> Iterator[Offer]:
        if self.part is _Part.HEAD:
            yield from self.types()
            return
        schema = self.schema()
        kind = schema.root(self.head.get("to", "")) if schema else None
        for path in self._outer_targets():
            kind = _below(schema, kind, path) if schema and kind else None
        above, dot, _ = word.rpartition(".")
        if schema and kind and dot:
            kind = _below(schema, kind, above)
        if schema is None or kind is None:
            return
        for name in schema.children(kind):
            element = schema.child(kind, name)
            if element is not None:
                many = ", repeats" if element.repeats else ""
                yield Offer(f"{above}{dot}{name}", f"{element.kind.type}{many}")
        for name in self.package.header.extensions:
            yield Offer(f"{above}{dot}extension({name})", "extension")

    def _outer_targets(self) -> list[str]:
        """The `to` of the blocks around the cursor, outermost first."""
        found: list[str] = []
        inside = not self.before.lstrip().startswith("- ")
        limit = _indent(self.before)
        for text in reversed(self.lines[: self.line]):
            if not text.strip() or _indent(text) >= limit:
                continue
            begins = text.lstrip().startswith("- ")
            if not _indent(text) and not begins:
                break
            match = None if inside else _TARGET_LINE.match(text)
            if match is not None:
                found.insert(0, match[1])
            if begins:
                limit, inside = _indent(text), False
        return found

    def code_maps(self) -> Iterator[Offer]:
        for name, code_map in sorted(self.package.codes.items()):
            yield Offer(name, code_map.title or f"code map, {len(code_map.rows)} rows")

    def maps_used(self) -> Iterator[Offer]:
        maps = self.package.segments if self.part is _Part.ROWS else self.package.types
        for name, found in sorted(maps.items()):
            yield Offer(name, f"{found.source} → {found.target}")

    def instances(self) -> Iterator[Offer]:
        for message_map in self.package.messages.values():
            for row in message_map.rows:
                if row.make:
                    yield Offer(row.name, f"{row.make} of {message_map.name}")

    def types(self) -> Iterator[Offer]:
        if self.package.header.target.name == "FHIR":
            yield from (
                Offer(name, "resource") for name in definitions(self.package.header.target.version).resource_types()
            )

    def messages(self) -> Iterator[Offer]:
        yield from (Offer(name, found.title or "message map") for name, found in sorted(self.package.messages.items()))

    def groups(self) -> Iterator[Offer]:
        yield from (Offer(group.name, "group") for each in self.package.messages.values() for group in each.groups)

    def transforms(self) -> Iterator[Offer]:
        for name, found in TRANSFORMS.items():
            yield Offer(name, found.does + ("" if found.portable else ", not portable"))

    def dictionary(self) -> Dictionary:
        return dictionary(self.package.header.source.version)

    def schema(self) -> FhirSchema | None:
        header = self.package.header
        return fhir_schema(header.target.version) if header.target.name == "FHIR" else None


def _words(vocabulary: Iterable[str], detail: str = "") -> Callable[[_Place], Iterator[Offer]]:
    return lambda place: (Offer(str(word), detail) for word in vocabulary)


_VALUES: dict[str, Callable[[_Place], Iterator[Offer]]] = {
    "using": _Place.maps_used,
    "codes": _Place.code_maps,
    "fill": _Place.instances,
    "reference": _Place.instances,
    "follows": lambda place: (Offer(name) for name in place.dictionary().segment_names),
    "make": _Place.types,
    "include": _Place.messages,
    "within": _Place.groups,
    "transform": _Place.transforms,
    "transform.": _Place.transforms,
    "status": _words(RuleStatus, "status"),
    "repeat": _words(Repeat),
    "write": _words(Write),
    "null": _words(Null),
    "enabled": _words(("true", "false")),
    "remove": _words(("true",)),
    "unmapped": _words([policy for policy in Policy if policy not in (Policy.DEFAULT, Policy.PREFIX)], "policy"),
    "unmapped.": _words(("default: ", "prefix: ")),
    "updates.": _words([f"{key}: " for key in UPDATE_KEYS]),
    "raise.": _words(("severity: ", "text: ")),
    "raise.severity": _words(("error", "warning", "information")),
    "late": _words(Resolve),
    "backward": _words(Resolve),
    "merged": _words(Resolve),
    "silence": _words(Silence),
    "missing": _words(Removal),
    "emptied": _words(Removal),
    "direction": _words(Direction),
    "engines": _words(Engine, "export target"),
}


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _below(schema: FhirSchema, kind: Kind, path: str) -> Kind | None:
    """What a target path leads to, None when it leads nowhere."""
    found: Kind | None = kind
    for step in re.split(r"\.(?![^()]*\))", path):
        name = re.sub(r"\[[^\]]*\]$", "", step)
        if name.startswith("extension("):
            found = schema.root("Extension")
            continue
        element = schema.child(found, name) if found is not None else None
        found = element.kind if element is not None else None
    return found


def _title(words: Dictionary, name: str) -> str:
    definition = words.segment(name)
    return definition.title if definition is not None else "segment"
