"""What a single rule does: the result with it beside the result without it.

A rule alone would often do nothing: constants need a value beside them, alternatives one that came first. So the map
runs whole, and once more with the rule switched off; what differs is the rule's effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from workbench.fhir.json_tree import FhirDocument
from workbench.fhir.json_tree import parse as parse_json
from workbench.kernel.errors import Refused
from workbench.mapping.directed import AnyMapping, AnyTraced, compile_any, direction_of, recompile_any, traced
from workbench.mapping.directions.result import TracedDocument
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.model import Direction, Json, MapKind, MessageMap, Package, Row, Rule, RuleMap
from workbench.suites.examples.example import ExampleFile
from workbench.suites.examples.excerpt import excerpt_of_map, excerpts_of_row, types_used, with_maps
from workbench.suites.examples.segment_effect import segment_changes
from workbench.suites.semantic_diff import ChangeKind, diff
from workbench.v2.delimiters import STANDARD
from workbench.v2.er7 import Message, parse

HEADER = r"MSH|^~\&|SENDER|HOSPITAL|WORKBENCH|HOSPITAL|20240102030405+0100||{event}|EXAMPLE|P|2.5.1"
"""Put before an input that has no MSH."""

_TRIED = "tried"
_URL = re.compile(r"urn:uuid:[0-9a-f-]{36}")
_OF_TRANSPORT = ("Bundle.entry", "Bundle.timestamp", "*.id")
"""Follows from the content and would hide it: addresses of entries, ids made of keys."""

Effect = Mapping[str, Json]
"""Path -> what the rule adds or puts in place of something else, None where it takes something away. `(accounts for)`
holds the places that would be lost without the rule, `(issues)` what it reports."""


class Trial:
    """One map of a package with what it needs to run.

    package  an effective one
    raises   Refused SUI-0020: the package has no such map; MAP-0110: it has a defect
    """

    def __init__(self, package: Package, examples: ExampleFile) -> None:
        self._direction = direction_of(package)
        self._of_message = examples.map in package.messages
        self._whole = package
        self._map = examples.map
        self._package = self._tried(package, examples)
        self._variants: dict[tuple[str, str], AnyMapping] = {}
        self._results: dict[tuple[str, str, str], AnyTraced] = {}

    def _tried(self, package: Package, examples: ExampleFile) -> Package:
        if self._direction is not Direction.V2_TO_FHIR:
            return package if self._of_message else excerpt_of_map(package, examples)
        return _one_message_map(package, examples) if self._of_message else _alone(package, examples)

    @property
    def _message_map(self) -> MessageMap:
        name = _TRIED if self._direction is Direction.V2_TO_FHIR else self._map
        return self._package.messages[name]

    def rules(self) -> tuple[str, ...]:
        """The ids of the rules or rows that are in force, in order."""
        if self._of_message:
            return tuple(row.id for row in self._message_map.rows if row.enabled)
        tried = self._package.rule_map(self._map)
        assert tried is not None  # looked up when the trial was made
        return tuple(_in_force(tried.rules))

    def effect(self, rule: str, text: str) -> Effect:
        """What the rule does with an input; empty when it does nothing.

        raises  Refused V2-…, FHIR-…: the input is no message or resource; MAP-…: it cannot be mapped
        """
        part = rule if self._of_message and self._direction is not Direction.V2_TO_FHIR else ""
        with_rule, without = self._result(part, "", text), self._result(part, rule, text)
        found = self._changes(without, with_rule, text)
        said = [issue.text for issue in with_rule.issues if issue not in without.issues]
        if said:
            found["(issues)"] = said
        return found or _accounts(without, with_rule)

    def _changes(self, without: AnyTraced, with_rule: AnyTraced, text: str) -> dict[str, Json]:
        if isinstance(with_rule, TracedDocument) and isinstance(without, TracedDocument) and self._writes_v2:
            source = self._document(text)
            delimiters = source.delimiters if isinstance(source, Message) else STANDARD
            return segment_changes(without.texts, with_rule.texts, delimiters, self._of_message)
        comparison = diff(without.bundle, with_rule.bundle, _OF_TRANSPORT)
        types = {**_types(without.bundle), **_types(with_rule.bundle)}
        found: dict[str, Json] = {}
        for change in comparison.changes:
            after = None if change.kind is ChangeKind.REMOVED else _readable(change.after, types)
            is_resource = isinstance(after, dict) and "resourceType" in after
            found[change.path] = _elements(after) if is_resource and self._of_message else after
        return found

    @property
    def _writes_v2(self) -> bool:
        return self._direction in (Direction.FHIR_TO_V2, Direction.V2_TO_V2)

    def _document(self, text: str) -> Message | FhirDocument:
        if self._direction in (Direction.FHIR_TO_V2, Direction.FHIR_TO_FHIR):
            return parse_json(text.encode())
        return parse(_message(text))

    def _result(self, part: str, rule: str, text: str) -> AnyTraced:
        key = (part, rule, text)
        if key not in self._results:
            self._results[key] = traced(self._variant(part, rule), self._document(text))
        return self._results[key]

    def _variant(self, part: str, rule: str) -> AnyMapping:
        """The map without a rule, "" for all rules; `part` is the row whose part of the package is enough."""
        key = (part, rule)
        if key not in self._variants:
            if part:
                whole, less = excerpts_of_row(self._package, self._message_map, part)
                self._variants[key] = compile_any(less if rule else whole)
            elif rule:
                self._variants[key] = recompile_any(self._variant("", ""), self._without(rule))
            else:
                self._variants[key] = compile_any(self._package)
        return self._variants[key]

    def _without(self, rule: str) -> Package:
        package, name = self._package, self._map
        if self._of_message:
            return replace(package, messages={_TRIED: _without_row(package.messages[_TRIED], rule)})
        tried = package.rule_map(name)
        assert tried is not None  # looked up when the trial was made
        less = replace(tried, rules=tuple(_rules_without(tried.rules, rule)))
        if tried.kind is MapKind.SEGMENT:
            return replace(package, segments={**package.segments, name: less})
        return replace(package, types={**package.types, name: less})


def _lines(text: str) -> list[str]:
    """The segments of an input; other characters that end lines elsewhere belong to values."""
    return [line.strip() for line in re.split(r"[\r\n]+", text.strip())]


def _message(text: str) -> bytes:
    lines = _lines(text)
    if not lines[0].startswith("MSH"):
        lines.insert(0, HEADER.format(event="ADT^A08"))
    return ("\r".join(lines) + "\r").encode()


# --- packages in which a rule is tried --------------------------------------------------------------------------------


def _one_message_map(package: Package, examples: ExampleFile) -> Package:
    """The package with the message map the examples are about, or one that includes it, for every message."""
    host = package.messages.get(examples.within or examples.map)
    if host is None:
        what = f"there is no message map {examples.within}"
        raise Refused("SUI-0020", f"{examples.path.name}: {what}.", "Name in within a map that includes this one.")
    used = [package.segments[name] for row in host.rows for name in row.using if name in package.segments]
    tried = replace(host, name=_TRIED, triggers=("*",), structures=(), ignore=(), keep=())
    return with_maps(package, {_TRIED: tried}, used)


def _alone(package: Package, examples: ExampleFile) -> Package:
    """The package with one message map, for every message, that runs the map the examples are about."""
    tried = package.rule_map(examples.map)
    if tried is None:
        raise Refused("SUI-0020", f"{examples.path.name}: the package has no map {examples.map}.", "Rename the file.")
    host = tried if tried.kind is MapKind.SEGMENT else _host(package, tried, examples)
    row = Row(_TRIED, host.source, using=(host.name,))
    row = replace(row, fill="bundle") if host.target == "Bundle" else replace(row, make=host.target)
    rows = (*examples.rows, *(() if any(host.name in other.using for other in examples.rows) else (row,)))
    used = [package.segments[name] for each in rows for name in each.using if name in package.segments]
    return with_maps(package, {_TRIED: MessageMap(_TRIED, triggers=("*",), rows=rows)}, used)


def _host(package: Package, tried: RuleMap, examples: ExampleFile) -> RuleMap:
    """The segment map in which a type map is tried."""
    if examples.within in package.segments:
        return package.segments[examples.within]
    if examples.within:
        what = f"there is no segment map {examples.within}"
    else:
        read = {line[:3] for line in _lines(examples.input)}
        for each in package.segments.values():
            if each.source in read and tried.name in types_used(package, [each]):
                return each
        what = f"no map of a segment in the input uses {tried.name}"
    raise Refused("SUI-0020", f"{examples.path.name}: {what}.", "Name in within the segment map to try it in.")


def _in_force(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        if rule.enabled:
            yield rule.id
            yield from _in_force(rule.children)


def _rules_without(rules: Iterable[Rule], gone: str) -> Iterator[Rule]:
    """Without one rule, and without blocks that held nothing else."""
    for rule in rules:
        if rule.id == gone:
            continue
        children = tuple(_rules_without(rule.children, gone))
        if children or not rule.children:
            yield rule.with_children(children) if rule.children else rule
        elif rule.using:
            yield replace(rule, rules=(), first_of=())


def _without_row(message_map: MessageMap, gone: str) -> MessageMap:
    """Without one row, and without those that fill what only it makes."""
    rows = [row for row in message_map.rows if row.id != gone]
    removed = message_map.row(gone)
    if removed is not None and removed.make and not any(row.make and row.name == removed.name for row in rows):
        rows = [row for row in rows if row.fill != removed.name]
    return replace(message_map, rows=tuple(rows))


# --- effects as people read them --------------------------------------------------------------------------------------


def _types(bundle: Mapping[str, Json]) -> dict[str, str]:
    """The type of the resource at each address of a bundle."""
    entries = bundle.get("entry")
    return {
        str(entry["fullUrl"]): str(entry["resource"]["resourceType"])
        for entry in (entries if isinstance(entries, list) else [])
    }


def _readable(value: Json, types: Mapping[str, str]) -> Json:
    """Without ids, and with the type of a resource for its address."""
    if isinstance(value, dict):
        own = "resourceType" in value
        return {key: _readable(item, types) for key, item in value.items() if not (own and key == "id")}
    if isinstance(value, list):
        return [_readable(item, types) for item in value]
    if isinstance(value, str) and "urn:uuid:" in value:
        return _URL.sub(lambda found: types.get(found.group(), found.group()), value)
    return value


def _elements(resource: Json) -> Json:
    """The names of a resource's elements: what a row makes is said by the examples of its maps."""
    assert isinstance(resource, dict)
    return sorted(key for key in resource if key != "resourceType")


def _accounts(without: AnyTraced, with_rule: AnyTraced) -> dict[str, Json]:
    """The places that are lost only without the rule."""
    lost = {entry.location.path for entry in without.ledger.of(Fate.LOST)}
    lost -= {entry.location.path for entry in with_rule.ledger.of(Fate.LOST)}
    return {"(accounts for)": sorted(lost)} if lost else {}
