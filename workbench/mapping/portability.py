"""Which rules leave the core that every production engine can carry, and which engines cannot carry a rule.

What an engine can do is that of its exported artefact: its own functions, and the helpers that are generated beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from workbench.mapping.conditions import Both, Check, Condition, Either, Not, Relation, SyntaxProblem, read_condition
from workbench.mapping.directed import direction_of
from workbench.mapping.model import Direction, Package, Place, Row, Rule
from workbench.mapping.transforms import TRANSFORMS, of_plugin


class Engine(StrEnum):
    """The production engines a package can be meant for, as `engines` of package.yaml names them."""

    PYTHON = "python"
    FHIR_PACKAGE = "fhir-package"
    MIRTH = "mirth"
    MULESOFT = "mulesoft"
    AZURE = "azure"
    GOOGLE = "google"
    MATCHBOX = "matchbox"
    RHAPSODY = "rhapsody"
    HEALTHLAKE = "healthlake"


class Capability(StrEnum):
    """What goes beyond the portable core; the text is what an engine then has."""

    TIMES = "arithmetic with times"
    NUMBERS = "arithmetic with numbers"
    DIGITS = "numbers that keep their digits"
    PATTERNS = "patterns (matches)"
    BASE64 = "Base64 of hexadecimal and text"
    FHIR_SOURCE = "FHIR as its source"
    V2_TARGET = "HL7 v2 as its target"
    PLUGINS = "transforms of plug-ins"


_ALL = frozenset(Capability) - {Capability.PLUGINS}
_SCRIPT = frozenset({Capability.TIMES, Capability.NUMBERS, Capability.PATTERNS, Capability.BASE64})
CARRIES: dict[Engine, frozenset[Capability]] = {
    Engine.PYTHON: _ALL,
    Engine.HEALTHLAKE: _ALL - {Capability.V2_TARGET},
    Engine.MIRTH: _SCRIPT | {Capability.DIGITS, Capability.V2_TARGET},
    Engine.RHAPSODY: _SCRIPT | {Capability.DIGITS, Capability.V2_TARGET},
    Engine.MULESOFT: _SCRIPT | {Capability.V2_TARGET},
    Engine.GOOGLE: frozenset(),
    Engine.AZURE: frozenset({Capability.DIGITS}),
    Engine.MATCHBOX: frozenset({Capability.PATTERNS, Capability.DIGITS, Capability.FHIR_SOURCE}),
    Engine.FHIR_PACKAGE: frozenset({Capability.PATTERNS, Capability.DIGITS, Capability.FHIR_SOURCE}),
}
"""What each engine has beyond the portable core."""

_OF_TRANSFORMS = {
    "plus": Capability.TIMES,
    "minus": Capability.TIMES,
    "fixed": Capability.NUMBERS,
    "number": Capability.DIGITS,
    "base64": Capability.BASE64,
}


@dataclass(frozen=True, slots=True)
class NotPortable:
    """A rule some engines cannot carry, and what it is that they cannot do."""

    map: str
    rule: str
    why: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class EngineFlag:
    """A rule or row that an engine cannot carry; `rule` "" for the package as a whole.

    map  the plain name of a segment or type map, `messages/ADT` of a message map, "" for the package
    """

    map: str
    rule: str
    engine: str
    why: str


def not_portable(package: Package) -> tuple[NotPortable, ...]:
    """The rules and rows that use more than the portable core, in the package's order.

    Decimals with all their digits and times with an assumed zone are no matter of single rules: the report of each
    exporter says what its engine does with them. Rules whose condition is not understood are the compiler's to report.
    """
    found = [
        NotPortable(rule_map.name, rule.id, why, rule.place)
        for rule_map in package.rule_maps()
        for rule in rule_map.walk()
        for _, why in dict.fromkeys(_needs(rule))
    ]
    found += [
        NotPortable(message_map.name, row.id, why, row.place)
        for message_map in package.messages.values()
        for row in message_map.rows
        for _, why in dict.fromkeys(_needs(row))
    ]
    return tuple(found)


def engine_flags(package: Package) -> tuple[EngineFlag, ...]:
    """What the engines named in package.yaml cannot carry, in the package's order; rules that are off count, too."""
    known = [engine for engine in Engine if engine in package.header.engines]
    found = [
        EngineFlag("", "", name, f"{name} is no engine we know; known are {', '.join(Engine)}")
        for name in package.header.engines
        if name not in set(Engine)
    ]
    needed = _of_direction(direction_of(package))
    found += [
        EngineFlag("", "", e, f"{e} cannot have {need}") for e in known for need in needed if need not in CARRIES[e]
    ]
    for name, entry in _entries(package):
        for need, what in _needs(entry):
            found += [
                EngineFlag(name, entry.id, engine, f"{engine} cannot carry {what}")
                for engine in known
                if need not in CARRIES[engine]
            ]
    return tuple(found)


def rules_of_plugins(package: Package) -> tuple[str, ...]:
    """The rules whose transforms are of plug-ins, loaded or not: `PID-Patient/mrn (acme.check-digit)`."""
    found = []
    for rule_map in package.rule_maps():
        for rule in rule_map.walk():
            names = [call.name for call in rule.transform if of_plugin(call.name)]
            if names and rule.enabled:
                found.append(f"{rule_map.name}/{rule.id} ({', '.join(names)})")
    return tuple(found)


def _entries(package: Package) -> Iterator[tuple[str, Rule | Row]]:
    for rule_map in package.rule_maps():
        for rule in rule_map.walk():
            yield rule_map.name, rule
    for message_map in package.messages.values():
        for row in message_map.rows:
            yield f"messages/{message_map.name}", row


def _of_direction(direction: Direction) -> tuple[Capability, ...]:
    source, _, target = str(direction).partition("-to-")
    needs = (Capability.FHIR_SOURCE,) if source == "fhir" else ()
    return (*needs, Capability.V2_TARGET) if target == "v2" else needs


def _needs(entry: Rule | Row) -> Iterator[tuple[Capability, str]]:
    """What an entry needs beyond the core, and by which of its parts."""
    for call in entry.transform if isinstance(entry, Rule) else ():
        transform = TRANSFORMS.get(call.name)
        if of_plugin(call.name):
            yield Capability.PLUGINS, f"the transform {call.name}, which is a plug-in's"
        elif transform is not None and not transform.portable:
            yield _OF_TRANSFORMS.get(call.name, Capability.NUMBERS), f"the transform {call.name}"
    if _uses_pattern(entry.when):
        yield Capability.PATTERNS, "a pattern (matches)"


def _uses_pattern(text: str) -> bool:
    try:
        condition = read_condition(text) if text else None
    except SyntaxProblem:
        return False
    return condition is not None and _matches(condition)


def _matches(condition: Condition) -> bool:
    match condition:
        case Both(conditions) | Either(conditions):
            return any(_matches(part) for part in conditions)
        case Not(inner):
            return _matches(inner)
        case Check(test=test):
            return test is Relation.MATCHES
        case _:
            return False
