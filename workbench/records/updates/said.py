"""What one message says about a record: its Bundle, when it happened, what it deletes, which segment told of what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from workbench.kernel.partial_time import PartialDateTime, Precision
from workbench.mapping.engine.trace import TracedResult, TraceEntry
from workbench.mapping.model import Package, Rule
from workbench.mapping.update_rules import ACTION_FIELDS
from workbench.records.updates.facets import FACETED, facet_of
from workbench.v2.delimiters import NULL
from workbench.v2.er7 import Message, Segment
from workbench.v2.path import V2Path

Resource = dict[str, object]

USUAL_TIME = ("EVN-2", "MSH-7")
_ABOUT = {"AL1": 3, "DG1": 3, "IAM": 3, "PR1": 3, "PRB": 3}
"""The field that says what a segment is about: `""` there deletes all of them (v2.5.1, 2.10.4.1)."""
EMPTIABLE = frozenset(_ABOUT)
_ACTIONS = {"AD": "A", "CO": "U", "DE": "D", "LI": "A", "UC": "X", "UN": "D", "UP": "U"}
"""Table 0287 in the words of table 0206."""
_STEP = re.compile(r"(?P<name>[A-Za-z]\w*)(?:\((?P<extension>[^)]*)\))?(?:\[[^\]]*\])?")


@dataclass(frozen=True, slots=True)
class Removed:
    """An element that `""` deletes.

    path    names from the resource inward: ("period", "end")
    facets  of a list that several fields write: which of its items are meant; None for all
    """

    path: tuple[str, ...]
    facets: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The repeating segment that told of a resource.

    place   `IAM[2]`
    action  A, D, U or X as table 0206 has them; "" when the segment says none
    """

    segment: str
    place: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One message as a change of a record.

    bundle    the transaction that the mapping made
    sender    by the name the mapping knows
    time      of the event, as `stamps.Stamp` has it; "" when the message does not say
    message   control id
    code      message code, such as ADT; "" for FHIR
    event     trigger event, such as A03
    removed   what `""` deletes, by the fullUrl of its resource
    origins   by fullUrl
    segments  names of all segments of the message
    emptied   segments that delete all of their kind: place by name
    """

    bundle: Resource
    sender: str = ""
    time: str = ""
    message: str = ""
    code: str = ""
    event: str = ""
    removed: Mapping[str, tuple[Removed, ...]] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    emptied: Mapping[str, str] = field(default_factory=dict)


def said_by(message: Message, traced: TracedResult, package: Package) -> Said:
    """What a v2 message says; `package` is the effective one that mapped it."""
    return Said(
        bundle=traced.bundle,
        sender=traced.sender,
        time=event_time(message, package),
        message=message.control_id,
        code=message.message_code,
        event=message.trigger_event,
        removed=_removed(traced.trace, package),
        origins=_origins(message, traced.trace, package),
        segments=frozenset(segment.name for segment in message.segments),
        emptied={segment.name: segment.path() for segment in message.segments if _empties(segment)},
    )


def said_by_bundle(bundle: Resource) -> Said:
    """What a FHIR transaction says: its header names sender and event, its own `timestamp` the time."""
    entries = bundle.get("entry")
    resources = [entry.get("resource") for entry in (entries if isinstance(entries, list) else ())]
    header = next(
        (each for each in resources if isinstance(each, dict) and each.get("resourceType") == "MessageHeader"), {}
    )
    source, coding, identifier = header.get("source"), header.get("eventCoding"), bundle.get("identifier")
    return Said(
        bundle=bundle,
        sender=str(source.get("name", "")) if isinstance(source, dict) else "",
        time=str(bundle.get("timestamp", "")),
        message=str(identifier.get("value", "")) if isinstance(identifier, dict) else "",
        event=str(coding.get("code", "")) if isinstance(coding, dict) else "",
    )


def event_time(message: Message, package: Package) -> str:
    """The time of the event where `updates: time` says it stands, with the zone that the mapping gives it, as DTM."""
    for source in package.header.updates.time or USUAL_TIME:
        try:
            found = PartialDateTime.from_hl7(message.value(source))
        except ValueError:
            continue
        return _zoned(found, message, package).to_hl7()
    return ""


def _zoned(time: PartialDateTime, message: Message, package: Package) -> PartialDateTime:
    if time.offset is not None or time.precision < Precision.HOUR:
        return time
    try:
        offset = PartialDateTime.from_hl7(message.value("MSH-7")).offset
    except ValueError:
        offset = None
    return (
        replace(time, offset=offset)
        if offset is not None
        else time.in_zone(ZoneInfo(package.header.time_zone or "UTC"))
    )


def made_by_segments(package: Package) -> Mapping[str, frozenset[str]]:
    """The types of resource that the rows of an effective package make of each segment."""
    found: dict[str, set[str]] = {}
    for message_map in package.messages.values():
        for row in message_map.rows:
            if row.make and row.enabled:
                found.setdefault(row.source.rpartition("/")[2], set()).add(row.make)
    return {segment: frozenset(kinds) for segment, kinds in found.items()}


def _origins(message: Message, trace: Iterable[TraceEntry], package: Package) -> Mapping[str, Origin]:
    made = made_by_segments(package)
    found: dict[str, Origin] = {}
    for entry in trace:
        kind, full_url, _ = _target(entry.target)
        path = V2Path.read(entry.source[0].path) if entry.source and full_url not in found else None
        if path is None or kind not in made.get(path.segment, ()):
            continue
        segment = message.named(path.segment)[max(path.occurrence, 1) - 1]
        found[full_url] = Origin(segment.name, segment.path(), _action(segment))
    return found


def _action(segment: Segment) -> str:
    at = ACTION_FIELDS.get(segment.name)
    code = segment.value(at) if at else ""
    return _ACTIONS.get(code, code)


def _empties(segment: Segment) -> bool:
    """True when the segment says `""` of what it is about, or of everything but its number."""
    fields = [text for text in segment.fields[2:] if text]
    about = _ABOUT.get(segment.name)
    return (about is not None and segment.raw(about) == NULL) or (bool(fields) and set(fields) == {NULL})


def _removed(trace: Iterable[TraceEntry], package: Package) -> Mapping[str, tuple[Removed, ...]]:
    found: dict[str, tuple[Removed, ...]] = {}
    for entry in trace:
        if entry.outcome != "deleted" or not entry.target:
            continue
        _, full_url, place = _target(entry.target)
        removed = _removal(entry, place, package)
        if removed is not None:
            found[full_url] = (*found.get(full_url, ()), removed)
    return found


def _removal(entry: TraceEntry, place: str, package: Package) -> Removed | None:
    """What a deletion means: the trace knows the object, the rule the way from there to the element."""
    used = package.rule_map(entry.map_id)
    rule = used.rule(entry.rule_id) if used is not None else None
    if used is None or rule is None:
        return None
    above = place.rpartition(".")[0]
    way = rule.target if rule.target and not rule.target.startswith(("$", "../")) else place.rpartition(".")[2]
    steps = list(_STEP.finditer(f"{above}.{way}" if above else way))
    path = tuple(step["name"] for step in steps)
    if not path:
        return None
    if (short := steps[0]["extension"]) is not None:
        return Removed(("extension",), frozenset({package.header.extensions.get(short, short)}))
    if path[0] not in FACETED or len(path) > 1:
        return Removed(path)
    others = [
        each for each in used.rules if each is not rule and _STEP.match(each.target or "") and _top(each) == path[0]
    ]
    return Removed(path, _facets(rule, path[0])) if others else Removed(path)


def _top(rule: Rule) -> str:
    match = _STEP.match(rule.target)
    return match["name"] if match else ""


def _facets(rule: Rule, name: str) -> frozenset[str]:
    """Which items of a list a rule writes, as far as its constants say."""
    constants: Resource = dict(rule.preset)
    for child in rule.rules:
        steps = [step["name"] for step in _STEP.finditer(child.target)]
        if child.literal is not None and steps:
            value: object = child.literal
            for step in reversed(steps[1:]):
                value = {step: [value] if step == "coding" else value}
            constants[steps[0]] = [value] if steps[0] in ("type", "relationship") else value
    return frozenset({facet_of(name, constants)})


def _target(target: str) -> tuple[str, str, str]:
    """Type, fullUrl and path of `Patient/…#birthDate`."""
    whole, _, path = target.partition("#")
    kind, _, identity = whole.partition("/")
    return kind, f"urn:uuid:{identity}", path
