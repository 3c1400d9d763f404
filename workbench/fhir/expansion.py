"""Value sets expanded from their `compose` (R4 valueset.html#compositions)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workbench.fhir.definitions import CodeSystem, Definitions, ValueSet

Json = dict[str, Any]


class Expander:
    """Value sets from their `compose` (R4 valueset.html#compositions), as far as the code systems are at hand."""

    def __init__(
        self, code_systems: Iterable[Json], value_sets: Iterable[Json], beneath: Definitions | None = None
    ) -> None:
        """`beneath` answers for what is not given."""
        self.systems: Mapping[str, Json] = {system["url"]: system for system in code_systems}
        self.value_sets: Mapping[str, Json] = {value_set["url"]: value_set for value_set in value_sets}
        self._beneath = beneath
        self._codes: dict[str, dict[str, str]] = {}

    @classmethod
    def over(cls, systems: Mapping[str, Json], value_sets: Mapping[str, Json], beneath: Definitions | None) -> Expander:
        """An expander whose resources are read when they are needed."""
        made = cls((), (), beneath)
        made.systems, made.value_sets = systems, value_sets
        return made

    def code_system(self, url: str) -> CodeSystem:
        system = self.systems[url]
        return CodeSystem(
            url,
            system.get("title") or system.get("name", ""),
            "supplement" if "supplements" in system else system.get("content", "complete"),
            system.get("caseSensitive", False),
            tuple(self._flat(system)),
        )

    def value_set(self, url: str) -> ValueSet:
        value_set = self.value_sets[url]
        codes, missing = self._expand(url, ())
        groups: dict[str, list[tuple[str, str]]] = {}
        for (system, code), display in codes.items():
            known = code in self._displays(system)
            groups.setdefault(system, []).append((code, "" if known else display))
        return ValueSet(
            url,
            value_set.get("title") or value_set.get("name", ""),
            tuple((system, tuple(concepts)) for system, concepts in groups.items()),
            tuple(sorted(missing)),
        )

    def _expand(self, url: str, inside: tuple[str, ...]) -> tuple[dict[tuple[str, str], str], set[str]]:
        """(system, code) to display, and the systems or value sets that could not be enumerated."""
        url = url.split("|", 1)[0]
        if url not in self.value_sets or url in inside or "compose" not in self.value_sets[url]:
            return self._otherwise(url, inside)
        compose = self.value_sets[url]["compose"]
        codes: dict[tuple[str, str], str] = {}
        missing: set[str] = set()
        for include in compose["include"]:
            found, lacks = self._include(include, (*inside, url))
            missing |= lacks
            for key, display in found.items():
                codes.setdefault(key, display)
        for exclude in compose.get("exclude", []):
            found, lacks = self._include(exclude, (*inside, url))
            missing |= lacks
            for key in found:
                codes.pop(key, None)
        return codes, missing

    def _otherwise(self, url: str, inside: tuple[str, ...]) -> tuple[dict[tuple[str, str], str], set[str]]:
        """A value set that cannot be composed: the one beneath, or the expansion that came with it."""
        whole = self.value_sets.get(url, {}).get("expansion")
        if whole is not None and url not in inside and "contains" in whole and "parameter" not in whole:
            return dict(_expanded(whole["contains"])), set()
        found = None if self._beneath is None or url in self.value_sets else self._beneath.value_set(url)
        if found is None:
            return {}, {url}
        codes = {(system, code): display for system, concepts in found.groups for code, display in concepts}
        return codes, set(found.missing)

    def _of_system_beneath(self, include: Json) -> dict[str, str] | None:
        system = None if self._beneath is None else self._beneath.code_system(include["system"])
        if system is None or system.content != "complete" or include.get("filter"):
            return None
        return system.displays()

    def _displays(self, url: str) -> dict[str, str]:
        if url not in self._codes:
            self._codes[url] = dict(self._flat(self.systems[url])) if url in self.systems else {}
        return self._codes[url]

    def _include(self, include: Json, inside: tuple[str, ...]) -> tuple[dict[tuple[str, str], str], set[str]]:
        parts: list[dict[tuple[str, str], str]] = []
        missing: set[str] = set()
        if "system" in include:
            chosen = self._of_system(include)
            if chosen is None:
                missing.add(include["system"])
            else:
                parts.append({(include["system"], code): display for code, display in chosen.items()})
        for url in include.get("valueSet", []):
            found, lacks = self._expand(url, inside)
            missing |= lacks
            parts.append(found)
        if not parts:
            return {}, missing
        common = set(parts[0]).intersection(*parts[1:])
        return {key: display for key, display in parts[0].items() if key in common}, missing

    def _of_system(self, include: Json) -> dict[str, str] | None:
        """The chosen codes of one code system, None when that cannot be known."""
        displays = self._displays(include["system"])
        if "concept" in include:
            return {c["code"]: c.get("display", displays.get(c["code"], "")) for c in include["concept"]}
        system = self.systems.get(include["system"])
        if system is None:
            return self._of_system_beneath(include)
        if system.get("content") != "complete":
            return None
        chosen = set(displays)
        for condition in include.get("filter", []):
            met = self._meeting(system, condition)
            if met is None:
                return None
            chosen &= met
        return {code: display for code, display in displays.items() if code in chosen}

    def _meeting(self, system: Json, condition: Json) -> set[str] | None:
        """The codes that meet a filter, None for one this expander does not know."""
        if condition["property"] != "concept":
            return None
        below = self._below(system, condition["value"])
        match condition["op"]:
            case "is-a":
                return below
            case "descendent-of":
                return below - {condition["value"]}
            case "is-not-a":
                return set(self._displays(system["url"])) - below
        return None

    def _below(self, system: Json, root: str) -> set[str]:
        """A code and all codes below it, by nesting and by the properties that name parents or children."""
        children: dict[str, set[str]] = {}
        for parent, concept in self._concepts(system):
            if parent is not None:
                children.setdefault(parent, set()).add(concept["code"])
            for prop in concept.get("property", []):
                if prop["code"] in ("subsumedBy", "parent") and "valueCode" in prop:
                    children.setdefault(prop["valueCode"], set()).add(concept["code"])
                if prop["code"] == "child" and "valueCode" in prop:
                    children.setdefault(concept["code"], set()).add(prop["valueCode"])
        found, waiting = set(), [root]
        while waiting:
            code = waiting.pop()
            if code not in found:
                found.add(code)
                waiting.extend(children.get(code, ()))
        return found

    def _flat(self, system: Json) -> Iterator[tuple[str, str]]:
        for _, concept in self._concepts(system):
            yield concept["code"], concept.get("display", "")

    def _concepts(self, system: Json) -> Iterator[tuple[str | None, Json]]:
        """(parent code, concept), parents first."""
        waiting: list[tuple[str | None, Json]] = [(None, c) for c in reversed(system.get("concept", []))]
        while waiting:
            parent, concept = waiting.pop()
            yield parent, concept
            waiting.extend((concept["code"], child) for child in reversed(concept.get("concept", [])))


def _expanded(contains: Iterable[Json]) -> Iterator[tuple[tuple[str, str], str]]:
    """(system, code) and display of an expansion, nested ones included."""
    for entry in contains:
        if "code" in entry and not entry.get("abstract"):
            yield (entry.get("system", ""), entry["code"]), entry.get("display", "")
        yield from _expanded(entry.get("contains", ()))
