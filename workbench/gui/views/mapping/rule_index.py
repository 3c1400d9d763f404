"""Which rules read a source end and which write a target end, for a whole package. Qt-free.

Made anew after every edit; what belongs to maps the edit did not touch is taken over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workbench.gui.models.rule_tree import RuleName
from workbench.gui.views.mapping.ends import above, plain_fhir_sources, plain_sources, plain_target
from workbench.mapping.directed import direction_of
from workbench.mapping.edits import MESSAGES
from workbench.mapping.model import Direction, MapKind, MessageMap, Package, Rule, RuleMap


@dataclass(frozen=True, slots=True)
class RuleEnds:
    """What one rule joins.

    sources  plain paths; of a rule in a block that reads parts of a value: those of the block
    targets  plain paths from the type its map fills: the target, and what the preset sets; () when it writes nothing
    type     what the map fills: `Patient`, `HumanName`
    enabled  False for a rule that is switched off, or stands in a block that is
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    type: str
    enabled: bool = True
    read: str = ""


@dataclass(frozen=True)
class _MapPart:
    content: RuleMap | MessageMap
    ends: Mapping[RuleName, RuleEnds]


class RuleIndex:
    """The ends of all rules of a package, looked up by either end."""

    def __init__(self, package: Package | None = None, before: RuleIndex | None = None) -> None:
        self._parts: dict[str, _MapPart] = {}
        self.ends: dict[RuleName, RuleEnds] = {}
        self._readers: dict[str, list[RuleName]] = {}
        self._writers: dict[str, dict[str, list[RuleName]]] = {}
        self._read: frozenset[str] | None = None
        if package is None:
            return
        self._take(package, before)
        if before is not None and before.ends == self.ends and [*before.ends] == [*self.ends]:
            self.ends, self._readers, self._writers, self._read = (
                before.ends,
                before._readers,
                before._writers,
                before._read,
            )
            return
        for rule, ends in self.ends.items():
            for path in ends.sources:
                self._readers.setdefault(path, []).append(rule)
            for path in ends.targets:
                self._writers.setdefault(ends.type, {}).setdefault(path, []).append(rule)

    def _take(self, package: Package, before: RuleIndex | None) -> None:
        """Read the ends of the maps that are not those of the index before."""
        fhir = direction_of(package) in (Direction.FHIR_TO_V2, Direction.FHIR_TO_FHIR)
        for name, content in _maps(package):
            kept = before._parts.get(name) if before is not None else None
            same = kept is not None and kept.content is content
            part = kept if kept is not None and same else _MapPart(content, dict(_ends(name, content, fhir)))
            self._parts[name] = part
            self.ends.update(part.ends)

    def same_ends(self, other: RuleIndex) -> bool:
        """Whether the rules of both join the same; then what is looked up in either is the very same object."""
        return self.ends is other.ends

    def reading(self, path: str, *, inside: bool = True, read: str = "") -> tuple[RuleName, ...]:
        """The rules that read an end or something around it; `inside`: or something in it.

        read  the FHIR type the path is in, "" for HL7 v2
        """
        found = dict.fromkeys(self._readers.get(path, ()))
        around = above(path)
        while around and ("-" in around or "." in around or read):
            found.update(dict.fromkeys(self._readers.get(around, ())))
            around = above(around)
        if inside:
            stems = (f"{path}.", f"{path}-")
            for other, rules in self._readers.items():
                if other.startswith(stems):
                    found.update(dict.fromkeys(rules))
        return tuple(rule for rule in found if self.ends[rule].read == read)

    def writing(self, type_name: str, path: str, *, inside: bool = True) -> tuple[RuleName, ...]:
        """The rules that write an element of a type; `inside`: or something in it."""
        writers = self._writers.get(type_name, {})
        found = dict.fromkeys(writers.get(path, ()))
        if inside:
            for other, rules in writers.items():
                if other.startswith(f"{path}."):
                    found.update(dict.fromkeys(rules))
        return tuple(found)

    def written_paths(self, type_name: str) -> Mapping[str, int]:
        """How many enabled rules write each element of a type, or something in it."""
        counts: dict[str, int] = {}
        for path, rules in self._writers.get(type_name, {}).items():
            number = sum(1 for rule in rules if self.ends[rule].enabled)
            at = path
            while at and number:
                counts[at] = counts.get(at, 0) + number
                at = above(at)
        return counts

    def read_paths(self) -> frozenset[str]:
        """Every end that an enabled rule reads, and every end around one."""
        if self._read is None:
            self._read = self._read_paths()
        return self._read

    def _read_paths(self) -> frozenset[str]:
        found: set[str] = set()
        for path, rules in self._readers.items():
            if any(self.ends[rule].enabled for rule in rules):
                at = path
                while at and at not in found:
                    found.add(at)
                    at = above(at)
        return frozenset(found)


def _maps(package: Package) -> Iterator[tuple[str, RuleMap | MessageMap]]:
    for name, message_map in package.messages.items():
        yield f"{MESSAGES}/{name}", message_map
    for rule_map in package.rule_maps():
        yield rule_map.name, rule_map


def _ends(name: str, content: RuleMap | MessageMap, fhir: bool) -> Iterator[tuple[RuleName, RuleEnds]]:
    if isinstance(content, MessageMap):
        for row in content.rows:
            segment = row.source.rsplit("/", 1)[-1]
            yield RuleName(name, row.id), RuleEnds((segment,), (), row.make, row.enabled)
        return
    around = RuleEnds((), (), content.target, True, content.source if fhir else "")
    yield from _of_rules(name, content.rules, around, content.kind is MapKind.TYPE)


def _of_rules(name: str, rules: Iterable[Rule], around: RuleEnds, in_type: bool) -> Iterator[tuple[RuleName, RuleEnds]]:
    stem = around.targets[0] if around.targets else ""
    for rule in rules:
        own = _sources(rule, around, in_type)
        target = plain_target(rule.target)
        whole = f"{stem}.{target}" if stem and target else stem or target
        enabled = around.enabled and rule.enabled
        inside = RuleEnds(own, (whole,) if whole else (), around.type, enabled, around.read)
        presets = tuple(f"{whole}.{key}" if whole else key for key in rule.preset)
        written = (whole, *presets) if target else presets
        yield RuleName(name, rule.id), RuleEnds(own, written, around.type, enabled, around.read)
        yield from _of_rules(name, rule.children, inside, in_type)


def _sources(rule: Rule, around: RuleEnds, in_type: bool) -> tuple[str, ...]:
    if around.read:
        stem = f"{around.sources[0]}." if around.sources else ""
        return tuple(stem + path for text in rule.source for path in plain_fhir_sources(text)) or around.sources
    own = tuple(path for text in rule.source for path in plain_sources(text))
    if in_type:
        return own
    return tuple(path for path in own if "-" in path) or around.sources  # `CX.1` has no place among fields
