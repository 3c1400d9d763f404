"""Rules proposed for fields that have none, each with the reason; a person accepts them one by one.

Two things speak for a rule: that a package we know maps the same field into the same resource (its rules are the
guide's tables in readable form), or that field and element have like names and types that go together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz

from workbench.fhir.definitions import definitions
from workbench.mapping.edits import AddRule, ChangeHeader, Edit, MapAddress, PutCodeMap, PutMap
from workbench.mapping.fhir_target import Element, FhirSchema, fhir_schema
from workbench.mapping.model import Direction, LedgerRule, Package, Rule, RuleMap, RuleStatus
from workbench.mapping.origins import own_map_edits
from workbench.mapping.overlay import laid_over
from workbench.v2.dictionary import Dictionary, dictionary

MOST_FOR_A_FIELD = 3
LIKE_ENOUGH = 0.62
LIKELY_ENOUGH = 0.35
_SAID_ABOUT = 0.95
_KNOWN_RULE = 0.95
_TAKEN = 0.25
"""How much less likely an element is that another rule writes already."""
_EXTENSION = re.compile(r"extension\(([^():]+)\)")
_CODES_IN_CONDITION = re.compile(r"\bin codes ([A-Za-z0-9._-]+)")
_FIELD = re.compile(r"\b([A-Z][A-Z0-9]{2})-(\d+)")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SAID_IN_BOTH = frozenset({"of", "the", "and", "or", "for", "patient", "number", "code", "s"})
_PRIMITIVES: Mapping[str, frozenset[str]] = {
    "ST": frozenset({"string", "markdown", "code", "id", "uri"}),
    "TX": frozenset({"string", "markdown"}),
    "FT": frozenset({"string", "markdown"}),
    "ID": frozenset({"code", "string", "boolean"}),
    "IS": frozenset({"code", "string"}),
    "NM": frozenset({"decimal", "integer", "positiveInt", "unsignedInt"}),
    "SI": frozenset({"positiveInt", "integer", "unsignedInt"}),
    "DT": frozenset({"date", "dateTime"}),
    "TM": frozenset({"time"}),
    "TS": frozenset({"dateTime", "instant", "date"}),
    "DTM": frozenset({"dateTime", "instant", "date"}),
}
_SAME_TYPE = {"CE": "CWE", "CNE": "CWE", "CF": "CWE", "TS": "DTM", "CK": "CX", "CN": "XCN", "XPN": "XPN", "PN": "XPN"}
"""Older data types, and the one their maps are made for."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One proposed rule.

    source  the field: `PID-10`
    map     where the rule would stand: `segments/PID-Patient`
    rule    as a draft
    reason  why, one sentence
    score   0 to 1, how much speaks for it; for the order, no probability
    brings  type maps and code maps the rule needs and the package does not have
    extensions  short names the rule uses and package.yaml does not have
    """

    source: str
    map: str
    rule: Rule
    reason: str
    score: float
    brings: tuple[PutMap | PutCodeMap, ...] = ()
    extensions: Mapping[str, str] = field(default_factory=dict)


def accept_edits(package: Package, suggestion: Suggestion) -> tuple[Edit, ...]:
    """What accepting a suggestion does to a package as it is now, in one step."""
    whole = laid_over(package)
    edits: list[Edit] = []
    for edit in suggestion.brings:
        there = edit.name in whole.codes if isinstance(edit, PutCodeMap) else whole.rule_map(edit.content.name)
        if not there:
            edits.append(edit)
    missing = {name: url for name, url in suggestion.extensions.items() if name not in whole.header.extensions}
    if missing:
        edits.append(ChangeHeader(replace(package.header, extensions={**package.header.extensions, **missing})))
    edits += own_map_edits(package, suggestion.map)
    here = whole.rule_map(MapAddress.parse(suggestion.map).name)
    taken = {rule.id for rule in here.walk()} if here is not None else set()
    return (*edits, AddRule(suggestion.map, _with_free_ids(suggestion.rule, taken)))


def suggestions(package: Package, fields: Iterable[str], known: Package | None = None) -> tuple[Suggestion, ...]:
    """Rules for fields such as `PID-10`; the likeliest of each field first, fields in the order given; () for
    directions other than v2-to-fhir.

    known   a package whose rules may be copied: the shipped standard one
    raises  Refused MAP-0108: as `overlay.laid_over`
    """
    if package.header.direction is not Direction.V2_TO_FHIR:
        return ()
    asked = _Asked(package, known)
    found: list[Suggestion] = []
    for name in dict.fromkeys(fields):
        match = _FIELD.fullmatch(name)
        if match is not None:
            some = [*asked.from_rules(name, match[1]), *asked.from_names(name, match[1], int(match[2]))]
            best: dict[tuple[str, str], Suggestion] = {}
            for each in sorted(some, key=lambda suggestion: -suggestion.score):
                if each.score < LIKELY_ENOUGH:
                    break
                best.setdefault((each.map, each.rule.target), each)
            found += [asked.needing(each) for each in list(best.values())[:MOST_FOR_A_FIELD]]
    return tuple(found)


def fields_without_rule(package: Package) -> tuple[str, ...]:
    """The fields of the segments the package maps that no rule reads, ignores or keeps, by the source's dictionary.

    raises  Refused MAP-0108: as `overlay.laid_over`
    """
    whole = laid_over(package)
    if whole.header.direction is not Direction.V2_TO_FHIR:
        return ()
    known = dictionary(whole.header.source.version)
    taken = _fields_named(whole)
    found = []
    for segment in sorted({rule_map.source for rule_map in whole.segments.values()}):
        definition = known.segment(segment)
        if definition is not None and segment not in taken:
            found += [f"{segment}-{each.position}" for each in definition.fields if each.data_type]
    return tuple(name for name in found if name not in taken)


def fields_of(paths: Iterable[str]) -> tuple[str, ...]:
    """The fields of places in the notation of a ledger: `PID-3.4.2` → `PID-3`, each once."""
    matches = (_FIELD.match(path) for path in paths)
    return tuple(dict.fromkeys(f"{match[1]}-{match[2]}" for match in matches if match))


class _Asked:
    """A package being looked at, with what is known of source, target and the rules of others."""

    def __init__(self, package: Package, known: Package | None) -> None:
        self.whole = laid_over(package)
        self.known = laid_over(known) if known is not None else None
        self.dictionary: Dictionary = dictionary(self.whole.header.source.version)
        self.definitions = definitions(self.whole.header.target.version)
        self.schema: FhirSchema = fhir_schema(self.whole.header.target.version)

    def from_rules(self, asked_for: str, segment: str) -> Iterator[Suggestion]:
        """What the known package does with the field, for the maps here that fill the same resource."""
        if self.known is None:
            return
        for own, siblings in self._fullest(segment):
            for other in self._maps_of(self.known, segment):
                if other.target != own.target:
                    continue
                for rule in other.rules:
                    done = any(_done(each, asked_for, rule.target) for each in siblings)
                    if asked_for in _fields_read(rule) and not done:
                        yield self._copied(asked_for, own, other, rule)

    def from_names(self, asked_for: str, segment: str, position: int) -> Iterator[Suggestion]:
        """Elements whose name is like the field's and whose type goes with its."""
        definition = self.dictionary.field(segment, position)
        if definition is None:
            return
        words = _words(definition.name)
        for own, siblings in self._fullest(segment):
            root = self.schema.root(own.target)
            if root is None or any(_reads(each, asked_for) for each in siblings):
                continue
            taken = {rule.target.partition(".")[0].partition("[")[0] for rule in own.walk()}
            for name in self.schema.children(root):
                element = self.schema.child(root, name)
                alike = self._likeness(words, own.target, name) if element is not None else 0.0
                if element is None or alike < LIKE_ENOUGH:
                    continue
                found = self._by_type(asked_for, definition.data_type, element)
                if found is not None:
                    rule, how = found
                    score = alike * 0.9 - (_TAKEN if name in taken else 0)
                    reason = f"“{definition.name}” is like {own.target}.{name}, and {how}"
                    free = replace(rule, id=_free_id(own, asked_for))
                    yield Suggestion(asked_for, _address(own), free, reason, round(score, 3))

    def _likeness(self, words: str, resource: str, name: str) -> float:
        """How alike a field is to an element, by its name or by what the standard says of it in a few words."""
        definition = self.definitions.element(f"{resource}.{name}")
        said = _words(definition.short.partition("|")[0]) if definition is not None else ""
        return max(_alike(words, _words(name)), _SAID_ABOUT * _alike(words, said) if said else 0.0)

    def _by_type(self, asked_for: str, data_type: str, element: Element) -> tuple[Rule, str] | None:
        """A rule that brings the type into the element, and in words how; None when they do not go together."""
        rule = Rule("", (asked_for,), element.name, status=RuleStatus.DRAFT)
        usual = _SAME_TYPE.get(data_type, data_type)
        if element.kind.type in _PRIMITIVES.get(data_type, frozenset()):
            return rule, f"{data_type} becomes {element.kind.type}"
        for package in (self.whole, self.known):
            for type_map in sorted(package.types.values(), key=lambda each: each.name) if package else ():
                if type_map.source in (data_type, usual) and self.schema.takes(element.kind, type_map.target):
                    return replace(
                        rule, using=type_map.name
                    ), f"{data_type} becomes {type_map.target} by {type_map.name}"
        return None

    def _copied(self, asked_for: str, own: RuleMap, other: RuleMap, rule: Rule) -> Suggestion:
        assert self.known is not None
        taken = {each.id for each in own.walk()}
        targets = {each.target for each in own.walk() if each.target}
        clash = bool(rule.target) and rule.target in targets
        copy = _with_free_ids(replace(rule, status=RuleStatus.DRAFT, after="", place=None), taken)
        cited = f" ({rule.cite or other.cite})" if rule.cite or other.cite else ""
        reason = f"{self.known.header.id} does it so in {other.name}/{rule.id}{cited}"
        score = _KNOWN_RULE - (_TAKEN if clash else 0) - (0.03 if len(_fields_read(rule)) > 1 else 0)
        return Suggestion(asked_for, _address(own), copy, reason, round(score, 3))

    def needing(self, suggestion: Suggestion) -> Suggestion:
        """The suggestion with all its rule stands on, and what that stands on, that the package has not."""
        if self.known is None:
            return suggestion
        edits: dict[str, PutMap | PutCodeMap] = {}
        names: set[str] = set()
        waiting = [*suggestion.rule.walk()]
        while waiting:
            rule = waiting.pop()
            names |= set(_EXTENSION.findall(rule.target))
            type_map = self.known.types.get(rule.using)
            if type_map is not None and rule.using not in self.whole.types and rule.using not in edits:
                edits[rule.using] = PutMap(_address(type_map), type_map)
                waiting += type_map.walk()
            for name in (rule.codes, *_CODES_IN_CONDITION.findall(rule.when)):
                code_map = self.known.codes.get(name)
                if code_map is not None and name not in self.whole.codes:
                    edits[f"codes/{name}"] = PutCodeMap(name, code_map)
        there, offered = self.whole.header.extensions, self.known.header.extensions
        extensions = {name: offered[name] for name in sorted(names) if name in offered and name not in there}
        return replace(suggestion, brings=tuple(edits.values()), extensions=extensions)

    def _fullest(self, segment: str) -> Iterator[tuple[RuleMap, tuple[RuleMap, ...]]]:
        """For each resource a segment fills, the map with the most rules, and all maps that fill it."""
        maps = self._maps_of(self.whole, segment)
        for target in dict.fromkeys(each.target for each in maps):
            siblings = tuple(each for each in maps if each.target == target)
            yield max(siblings, key=lambda each: sum(1 for _ in each.walk())), siblings

    @staticmethod
    def _maps_of(package: Package, segment: str) -> tuple[RuleMap, ...]:
        return tuple(each for _, each in sorted(package.segments.items()) if each.source == segment)


def _address(rule_map: RuleMap) -> str:
    return f"{rule_map.kind}/{rule_map.name}"


def _fields_read(rule: Rule) -> set[str]:
    """The fields a rule and those below it read or account for."""
    texts = [text for each in rule.walk() for text in (*each.source, *each.accounts_for)]
    return {f"{segment}-{number}" for text in texts for segment, number in _FIELD.findall(text)}


def _reads(own: RuleMap, asked_for: str) -> bool:
    return any(asked_for in _fields_read(rule) for rule in own.rules)


def _done(own: RuleMap, asked_for: str, target: str) -> bool:
    """True when a rule here brings the field there already; a block is taken to do what a block does."""
    return any(asked_for in _fields_read(rule) and (not target or rule.target in (target, "")) for rule in own.walk())


def _fields_named(package: Package) -> set[str]:
    """The fields, and whole segments, that any rule takes care of."""
    found: set[str] = set()
    for rule_map in package.rule_maps():
        for rule in rule_map.rules:
            found |= _fields_read(rule)
    ledger_rules: list[LedgerRule] = [*package.header.ignore]
    for rule_map in package.rule_maps():
        ledger_rules += rule_map.ignore
    for message_map in package.messages.values():
        ledger_rules += message_map.ignore
    for ledger_rule in ledger_rules:
        found |= set(ledger_rule.source)
    return found


def _words(name: str) -> str:
    """`Mother's Maiden Name`, `multipleBirthInteger` → lower-case words that carry meaning."""
    found = [word.lower() for word in _WORD.findall(name)]
    return " ".join(word for word in found if word not in _SAID_IN_BOTH) or " ".join(found)


def _alike(one: str, other: str) -> float:
    """0 to 1; words in any order, and forms of one word are like each other."""
    return float(0.6 * fuzz.token_sort_ratio(one, other) + 0.4 * fuzz.token_set_ratio(one, other)) / 100


def _free_id(own: RuleMap, asked_for: str) -> str:
    return _free(asked_for.lower(), {rule.id for rule in own.walk()})


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def _with_free_ids(rule: Rule, taken: set[str]) -> Rule:
    name = _free(rule.id, taken)
    taken.add(name)
    copy = replace(rule, id=name)
    return copy.with_children(tuple(_with_free_ids(child, taken) for child in rule.children)) if rule.children else copy
