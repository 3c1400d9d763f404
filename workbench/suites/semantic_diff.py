"""What two FHIR resources or Bundles say differently, keyed by identity instead of by position.

Entries of a Bundle are matched by fullUrl, then by identifier, then by likeness; items of lists by what identifies
them (url, system and value, system and code, reference); other lists after their common beginning and end are put
aside. One entry removed is one change, and references to an entry whose fullUrl changed are not changes.

Numbers keep their digits and times their precision: `5.40` and `5.4` differ, and the difference says how.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import msgspec

from workbench.kernel.partial_time import PartialDateTime

Object: TypeAlias = Mapping[str, object]
Pair: TypeAlias = tuple[int | None, int | None]
_KEYS = (("url",), ("system", "value"), ("system", "code"), ("reference",), ("linkId",), ("fullUrl",), ("id",))
_CODE_OF = ("code", "type", "identifier")
_LIKE_ENOUGH = 0.5
_MOST_PAIRS = 2500
_MISSING = object()
_written = msgspec.json.Encoder(decimal_format="number").encode


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Nuance(StrEnum):
    """How two values that look different are the same after all."""

    NONE = ""
    DIGITS = "the same number with other digits"
    PRECISION = "the same time, stated more or less exactly"
    OFFSET = "the same moment in another time zone"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    path    `Patient.name[0].family`; `Observation[2].status` when a Bundle has several of a type (0-based,
            counted among those of the type, on the side where the thing is; the expected one when on both)
    before  the expected value, None when it was added; `after` the actual one, None when it was removed
    """

    kind: ChangeKind
    path: str
    before: object = None
    after: object = None
    nuance: Nuance = Nuance.NONE


@dataclass(frozen=True, slots=True)
class Comparison:
    """changes  in the order of the expected document
    ignored    how many differences each ignore rule kept away
    """

    changes: tuple[Change, ...]
    ignored: Mapping[str, int]


def diff(expected: Object, actual: Object, ignore: Iterable[str] = ()) -> Comparison:
    """Compare two decoded resources (decimals as `Decimal`).

    ignore  paths without indexes that may differ, with everything below them: `Bundle.timestamp`,
            `*.meta.lastUpdated` (one name), `**.recorded` (any names). Inside a Bundle paths begin at the resource.
    """
    walk = _Walk([(rule, _rule_pattern(rule)) for rule in ignore])
    if expected.get("resourceType") == actual.get("resourceType") == "Bundle":
        walk.bundles(expected, actual)
    else:
        walk.objects(expected, actual, str(expected.get("resourceType", "")))
    return Comparison(tuple(walk.changes), dict(walk.ignored))


def _rule_pattern(rule: str) -> re.Pattern[str]:
    names = [{"*": r"\w+", "**": r"\w+(?:\.\w+)*"}.get(name, re.escape(name)) for name in rule.split(".")]
    return re.compile(rf"{'[.]'.join(names)}(?:\.|$)")


@dataclass(slots=True)
class _Walk:
    """One comparison under way. `moved` holds the fullUrls that changed, expected to actual."""

    rules: list[tuple[str, re.Pattern[str]]]
    changes: list[Change] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    moved: dict[str, str] = field(default_factory=dict)

    def bundles(self, expected: Object, actual: Object) -> None:
        """Compare the entries as a set and everything else as elements of the Bundle."""
        old, new = _entries(expected), _entries(actual)
        same, pairs = _matched(old, new)
        for n, m in pairs:
            before, after = str(old[n].get("fullUrl", "")), str(new[m].get("fullUrl", ""))
            if before != after:
                self.moved[before] = after
        self.objects(_without_entries(expected), _without_entries(actual), "Bundle")
        if len(same) == len(old) == len(new):
            return
        names, new_names = _entry_names(old), _entry_names(new)
        partner = dict(pairs)
        for n in sorted(set(range(len(old))) - same.keys()):
            if n not in partner:
                self._note(ChangeKind.REMOVED, names[n], old[n].get("resource"), None)
            elif old[n].get("fullUrl") != new[partner[n]].get("fullUrl") or not self._same(old[n], new[partner[n]]):
                self._entry(old[n], new[partner[n]], names[n])
        for m in sorted(set(range(len(new))) - set(same.values()) - set(partner.values())):
            self._note(ChangeKind.ADDED, new_names[m], None, new[m].get("resource"))

    def _entry(self, old: Object, new: Object, name: str) -> None:
        """`fullUrl` and `request` are told as elements of Bundle.entry, the resource under its own name."""
        before, after = old.get("fullUrl"), new.get("fullUrl")
        if before != after:
            self._note(ChangeKind.CHANGED, f"Bundle.entry({name}).fullUrl", before, after)
        told = ("fullUrl", "resource")
        outer, outer_new = ({key: each[key] for key in each if key not in told} for each in (old, new))
        self.objects(outer, outer_new, f"Bundle.entry({name})")
        self.values(old.get("resource", _MISSING), new.get("resource", _MISSING), name)

    def objects(self, expected: Object, actual: Object, path: str) -> None:
        for key, value in expected.items():
            self.values(value, actual.get(key, _MISSING), f"{path}.{key}")
        for key, value in actual.items():
            if key not in expected:
                self._note(ChangeKind.ADDED, f"{path}.{key}", None, value)

    def values(self, expected: object, actual: object, path: str) -> None:
        if self._same(expected, actual):
            return
        if isinstance(expected, dict) and isinstance(actual, dict):
            self.objects(expected, actual, path)
        elif isinstance(expected, list) and isinstance(actual, list):
            self._lists(expected, actual, path)
        elif actual is _MISSING:
            self._note(ChangeKind.REMOVED, path, expected, None)
        elif expected is _MISSING:
            self._note(ChangeKind.ADDED, path, None, actual)
        else:
            self._note(ChangeKind.CHANGED, path, expected, actual, _nuance(expected, actual))

    def _lists(self, expected: list[object], actual: list[object], path: str) -> None:
        for n, m in self._paired(expected, actual):
            if m is None:
                self._note(ChangeKind.REMOVED, f"{path}[{n}]", expected[n or 0], None)
            elif n is None:
                self._note(ChangeKind.ADDED, f"{path}[{m}]", None, actual[m])
            else:
                self.values(expected[n], actual[m], f"{path}[{n}]")

    def _paired(self, expected: list[object], actual: list[object]) -> list[Pair]:
        keyed = _keyed_pairs(expected, actual)
        return self._placed_pairs(expected, actual) if keyed is None else keyed

    def _placed_pairs(self, expected: list[object], actual: list[object]) -> list[Pair]:
        """The middle of two lists after their common beginning and end were put aside, paired in order."""
        short = min(len(expected), len(actual))
        head = 0
        while head < short and self._same(expected[head], actual[head]):
            head += 1
        tail = 0
        while tail < short - head and self._same(expected[-1 - tail], actual[-1 - tail]):
            tail += 1
        old, new = range(head, len(expected) - tail), range(head, len(actual) - tail)
        pairs: list[Pair] = list(zip(old, new, strict=False))
        return pairs + [(n, None) for n in old[len(pairs) :]] + [(None, m) for m in new[len(pairs) :]]

    def _same(self, a: object, b: object) -> bool:
        """Equal in value and digits; what refers to a moved entry is equal to what refers to its new place."""
        kind = type(a)
        if kind is not type(b):
            return False
        if kind is str:
            return a == b or (bool(self.moved) and self.moved.get(a) == b)  # type: ignore[call-overload]
        if kind is dict:
            if len(a) != len(b):  # type: ignore[arg-type]
                return False
            same = self._same
            for key, value in a.items():  # type: ignore[attr-defined]
                other = b.get(key, _MISSING)  # type: ignore[attr-defined]
                if value is not other and not same(value, other):
                    return False
            return True
        if kind is list:
            return len(a) == len(b) and all(map(self._same, a, b))  # type: ignore[arg-type, call-overload]
        return str(a) == str(b) if kind is Decimal else a == b

    def _note(self, kind: ChangeKind, path: str, before: object, after: object, nuance: Nuance = Nuance.NONE) -> None:
        rule = self._rule_for(_plain(path), after if before is None else before)
        if rule:
            self.ignored[rule] += 1
        else:
            self.changes.append(Change(kind, path, before, after, nuance))

    def _rule_for(self, path: str, value: object) -> str:
        """The rule that covers the path, or all that stands below it; "" when something remains to be told."""
        for rule, pattern in self.rules:
            if pattern.match(path):
                return rule
        below = _children(value) if self.rules else []
        covering = {self._rule_for(f"{path}{name}", child) for name, child in below}
        return covering.pop() if len(covering) == 1 else ""


def _children(value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [(f".{name}", child) for name, child in value.items()]
    return [("", child) for child in value] if isinstance(value, list) else []


def _plain(path: str) -> str:
    """The path without indexes; `Bundle.entry(Observation[2]).request` becomes `Bundle.entry.request`."""
    return re.sub(r"\([^)]*\)|\[\d+\]", "", path)


def _entries(bundle: Object) -> list[Object]:
    entries = bundle.get("entry")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _without_entries(bundle: Object) -> Object:
    return {key: value for key, value in bundle.items() if key != "entry"}


def _resource(entry: Object) -> Object:
    resource = entry.get("resource")
    return resource if isinstance(resource, dict) else {}


def _entry_names(entries: Sequence[Object]) -> list[str]:
    """`Patient`, or `Observation[0]`, `Observation[1]` … when there are several of the type."""
    types = [str(_resource(entry).get("resourceType", "entry")) for entry in entries]
    counts, seen = Counter(types), Counter[str]()
    names = []
    for kind in types:
        names.append(f"{kind}[{seen[kind]}]" if counts[kind] > 1 else kind)
        seen[kind] += 1
    return names


def _matched(old: Sequence[Object], new: Sequence[Object]) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """Numbers of entries that are the same thing: those equal to the last digit, and those that may differ.

    The second are matched by fullUrl, then by identifier, then by likeness. Writing the entries out compares them at
    the speed of C and, unlike `==`, tells `5.40` from `5.4`.
    """
    same = _matched_by(_written, old, range(len(old)), new, range(len(new)))
    rest_old, rest_new = _left(old, same.keys()), _left(new, same.values())
    pairs: dict[int, int] = {}
    for key_of in (_by_full_url, _by_identifier):
        pairs |= _matched_by(key_of, old, rest_old, new, rest_new)
        rest_old, rest_new = _left(old, same.keys() | pairs.keys()), _left(new, {*same.values(), *pairs.values()})
    alike = _most_alike([*map(_resource, old)], [*map(_resource, new)], rest_old, rest_new)
    return same, [*pairs.items(), *alike.items()]


def _left(entries: Sequence[Object], taken: Collection[int]) -> list[int]:
    return [n for n in range(len(entries)) if n not in taken] if len(taken) < len(entries) else []


def _matched_by(
    key_of: Callable[[Object], object],
    old: Sequence[Object],
    some: Iterable[int],
    new: Sequence[Object],
    others: Iterable[int],
) -> dict[int, int]:
    """Pairs with the same key, each number used once; a key of None matches nothing."""
    waiting: dict[object, list[int]] = {}
    for m in others:
        waiting.setdefault(key_of(new[m]), []).append(m)
    waiting.pop(None, None)
    pairs = {}
    for n in some:
        numbers = waiting.get(key_of(old[n]))
        if numbers:
            pairs[n] = numbers.pop(0)
    return pairs


def _by_full_url(entry: Object) -> object:
    url = entry.get("fullUrl")
    return (_resource(entry).get("resourceType"), url) if url else None


def _by_identifier(entry: Object) -> object:
    resource = _resource(entry)
    identifiers = resource.get("identifier")
    listed = identifiers if isinstance(identifiers, list) else [identifiers]
    keys = [(each.get("system"), each["value"]) for each in listed if isinstance(each, dict) and "value" in each]
    return (resource.get("resourceType"), *sorted(map(str, keys))) if keys else None


def _most_alike(
    old: Sequence[Object], new: Sequence[Object], rest_old: Sequence[int], rest_new: Sequence[int]
) -> dict[int, int]:
    """Pairs of what is left, the most alike first; with very many left, in order."""
    if len(rest_old) * len(rest_new) > _MOST_PAIRS:
        scored = [(-_likeness(old[n], new[m]), n, m) for n, m in zip(rest_old, rest_new, strict=False)]
    else:
        scored = [(-_likeness(old[n], new[m]), n, m) for n in rest_old for m in rest_new]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for score, n, m in sorted(scored):
        if -score >= _LIKE_ENOUGH and n not in pairs and m not in taken:
            pairs[n] = m
            taken.add(m)
    return pairs


def _likeness(a: Object, b: Object) -> float:
    """Share of elements that are equal, 0 for resources of different types; ids are left out."""
    if a.get("resourceType") != b.get("resourceType"):
        return 0.0
    names = (a.keys() | b.keys()) - {"id"}
    return sum(a.get(name, _MISSING) == b.get(name, _MISSING) for name in names) / max(1, len(names))


def _keyed_pairs(expected: list[object], actual: list[object]) -> list[Pair] | None:
    """Items that are equal, then those with the same key in order, then those most alike; None when one has no key.

    Equal ones first: of ten extensions with one URL, one that is new must not shift the other nine.
    """
    old = [item for item in expected if isinstance(item, dict) and _key(item) is not None]
    new = [item for item in actual if isinstance(item, dict) and _key(item) is not None]
    if len(old) < len(expected) or len(new) < len(actual):
        return None
    partner: dict[int, int] = {}
    for key_of in (_written, _key):
        partner |= _matched_by(key_of, old, _left(old, partner), new, _left(new, partner.values()))
    partner |= _most_alike(old, new, _left(old, partner), _left(new, partner.values()))
    pairs: list[Pair] = [(n, partner.get(n)) for n in range(len(old))]
    return pairs + [(None, m) for m in _left(new, partner.values())]


def _key(item: object) -> object:
    if not isinstance(item, dict):
        return None
    for names in _KEYS:
        if isinstance(item.get(names[-1]), str):
            return (names[-1], *(str(item.get(name, "")) for name in names))
    for name in _CODE_OF:
        inner = item.get(name)
        coding = inner.get("coding") if isinstance(inner, dict) else None
        if isinstance(coding, list) and coding and isinstance(coding[0], dict):
            return (name, str(coding[0].get("system", "")), str(coding[0].get("code", "")))
    return None


def _nuance(before: object, after: object) -> Nuance:
    if isinstance(before, int | Decimal) and isinstance(after, int | Decimal):
        return Nuance.DIGITS if before == after else Nuance.NONE
    if not (isinstance(before, str) and isinstance(after, str)):
        return Nuance.NONE
    try:
        one, other = PartialDateTime.from_fhir(before), PartialDateTime.from_fhir(after)
    except ValueError:
        return Nuance.NONE
    if one.precision != other.precision:
        coarse = min(one.precision, other.precision)
        units = ("year", "month", "day", "hour", "minute", "second", "fraction")[:coarse]
        same = all(getattr(one, unit) == getattr(other, unit) for unit in units)
        return Nuance.PRECISION if same else Nuance.NONE
    if one.offset is not None and other.offset is not None and one.moment() == other.moment():
        return Nuance.OFFSET
    return Nuance.NONE
