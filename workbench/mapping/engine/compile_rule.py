"""Compiling the rules of segment and type maps to plain functions of a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from workbench.kernel.errors import Refused
from workbench.kernel.issues import IssueType, Severity
from workbench.mapping.conditions import Condition, Text
from workbench.mapping.engine.compile_element import block, block_in_place, copied, fill_each, make_each
from workbench.mapping.engine.compile_source import guard_of, holds
from workbench.mapping.engine.compile_target import Object, Target
from workbench.mapping.engine.compile_value import (
    CODED,
    Writing,
    report,
    short_way,
    write_code,
    write_primitive,
)
from workbench.mapping.engine.effects import Effect, keys_written, parts_read
from workbench.mapping.engine.memory import Copied
from workbench.mapping.engine.plans import CompiledMap, Entry
from workbench.mapping.engine.rule_parts import Place, RuleParts
from workbench.mapping.engine.running import (
    ACCOUNTED,
    CONSTANT,
    DEFAULTED,
    LITERAL,
    NOTHING,
    OCCUPIED,
    VALUE,
    Frame,
    Pending,
    RuleName,
    Step,
    Written,
)
from workbench.mapping.engine.shapes import Source
from workbench.mapping.fhir_target import Kind, TargetSchema
from workbench.mapping.model import Json, MapKind, Package, Repeat, Rule, RuleMap, RuleStatus
from workbench.mapping.values import CONVERTERS, ZONED, Zone, zone_note
from workbench.v2.delimiters import NULL

CompiledMaps = Mapping[tuple[str, tuple[Kind, ...]], CompiledMap]
"""By the name of the map and the kinds of the elements around the place it is used in."""


class Compiler:
    """Compiles the rules of one package; a map is compiled once for each kind of place it is used in."""

    def __init__(self, package: Package, schema: TargetSchema, kept: CompiledMaps | None = None) -> None:
        self.package = package
        self.schema = schema
        self.rule_maps: dict[tuple[str, tuple[Kind, ...]], CompiledMap] = dict(kept or {})

    def rule_map(self, rule_map: RuleMap, outer: tuple[Kind, ...]) -> CompiledMap:
        """A map, used by a rule that fills an element of the last of `outer`.

        raises  Refused MAP-0110
        """
        beside = any("../" in rule.target for rule in rule_map.walk())
        key = (rule_map.name, outer if beside else ())
        if key not in self.rule_maps:
            kind = self.schema.root(rule_map.target)
            if kind is None:
                raise Refused(
                    "MAP-0110",
                    f"{rule_map.place}: map {rule_map.name}: {rule_map.target} is no type of the target standard.",
                    "Correct to.",
                )
            source = Source(rule_map.source, rule_map.kind is MapKind.TYPE)
            compiled = self.rule_maps[key] = CompiledMap(source, fuses=True)
            self.rules(rule_map.rules, Place(rule_map.name, source, (*outer, kind), compiled.slots), compiled)
        return self.rule_maps[key]

    def rules(self, rules: Iterable[Rule], place: Place, into: CompiledMap) -> None:
        """Compile rules in order; those switched off or rejected are left out.

        raises  Refused MAP-0110
        """
        for rule in rules:
            if rule.enabled and self.package.status_of(rule) is not RuleStatus.REJECTED:
                into.reads = into.reads or any(reads_source(inner) for inner in rule.walk())
                into.entries.append(self.rule(rule, place))

    def rule(self, rule: Rule, place: Place) -> Entry:
        """One rule.

        raises  Refused MAP-0110: anything in it that cannot be, with its place
        """
        parts = RuleParts(self, rule, place)
        condition = parts.condition()
        around, place.slots.asked = place.slots.asked, set()
        inline = within = None
        if not rule.target and rule.raises is None:
            if not rule.children:
                parts.refuse("to is missing")
            step, inline = block_in_place(parts)
        elif rule.target and rule.children and not rule.source and not rule.make and not rule.reference:
            within = block(parts, *parts.target())
            step = within.around([within.inner.run])
        else:
            step = _step(parts)
        if rule.default is not None:
            step, within = _with_default(parts, step), None
        if rule.accounts_for:
            step, inline, within = _accounting(parts, step), None, None
        slots = frozenset(place.slots.asked)
        place.slots.asked |= around
        guarded = len(parts.sources) == 1 and rule.default is None
        return Entry(
            step=step,
            guard=guard_of(parts.sources[0], place.source.in_value, place.source.name) if guarded else 0,
            when=condition,
            holds=None if condition is None else holds(condition, self.package.codes),
            inline=inline,
            block=within,
            effect=lambda when: effect_of(parts, bool(slots), when),
            slots=slots,
            heavy=bool(rule.using or rule.make or rule.children or len(rule.source) > 1),
            copied=copied_part(parts),
        )


def copied_part(parts: RuleParts) -> tuple[int, Copied] | None:
    """The number of the part that a rule does no more than copy to an element when it says something, and what becomes
    of it."""
    rule = parts.rule
    more = (rule.when, rule.using, rule.codes, rule.transform, rule.children, rule.make, rule.reference, rule.raises)
    if any(more) or rule.literal is not None or rule.default is not None or rule.accounts_for:
        return None
    if len(parts.sources) != 1 or rule.repeat is not Repeat.EACH or not rule.target:
        return None
    path, source = parts.sources[0][0], parts.place.source
    if isinstance(path, Text) or path.repetition or path.subcomponent or path.only:
        return None
    number = source.part(path)
    if not number or (path.component and not source.in_value):
        return None
    target, kind = parts.target()
    if not target.direct or target.repeats or target.slot is not None or target.others or kind.type not in CONVERTERS:
        return None
    note = zone_note if kind.type in ZONED else _no_note
    return number, Copied(target.key, CONVERTERS[kind.type], note)


def _no_note(text: str, zone: Zone) -> str:
    return ""


def effect_of(parts: RuleParts, shared: bool, when: Condition | None) -> Effect | None:
    """What a rule reads and writes; None when that cannot be said.

    shared  it asked for slots
    when    what of its own condition is not known to hold
    """
    source = parts.place.source
    reads = parts_read(parts.rule, "" if source.in_value else source.name, parts.package, when)
    if reads is None:
        return None
    written = [keys_written(parts.target_path(target), shared) for target in _targets(parts.rule)]
    writes = frozenset(key for keys, _ in written for key in keys)
    looked_at = [key for keys, appends in written for key in keys - appends]
    appends = frozenset(key for _, appends in written for key in appends).difference(looked_at)
    return replace(reads, writes=writes, appends=appends)


def _targets(rule: Rule) -> Iterator[str]:
    """The targets of a rule, or of those it only groups."""
    if rule.target:
        yield rule.target
    else:
        for child in rule.children:
            yield from _targets(child)


def reads_source(rule: Rule) -> bool:
    """True when the rule can bring something of the message into the target."""
    return bool(rule.source or rule.reference) and rule.raises is None


def _step(parts: RuleParts) -> Step:
    """What a rule with a target, or with an issue to raise, does."""
    rule = parts.rule
    if rule.raises is not None:
        return _raising(parts)
    target, kind = parts.target()
    if (rule.reference or rule.make) and kind.type != "Reference":
        parts.refuse(f"{rule.target} is no Reference")
    if rule.reference:
        return refer(parts.name, target, rule.reference)
    if rule.make:
        return make_each(parts, target)
    if rule.using or rule.children:
        if not rule.source:
            parts.refuse("using needs a from")
        return fill_each(parts, target, kind)
    if rule.literal is not None:
        return _literal(parts, target, rule.literal)
    if not rule.source:
        parts.refuse("from is missing")
    return _value(parts, target, kind)


def _value(parts: RuleParts, target: Target, kind: Kind) -> Step:
    """The text of the source as a primitive, or translated."""
    rule = parts.rule
    whole = bool(rule.transform) and rule.transform[0].name == "text"
    writing = Writing(parts.name, target, kind.type, parts.transforms(), rule.null, whole)
    texts = parts.texts(whole)
    if rule.codes:
        if kind.type not in CODED and kind.type not in CONVERTERS:
            parts.refuse(f"a code cannot become a {kind.type}; name a type map with using")
        codes = parts.codes()
        return short_way(writing, parts.short(), write_code(writing, texts, codes), codes)
    if kind.type not in CONVERTERS:
        parts.refuse(f"{rule.target} is a {kind.type}; name a type map with using, or a code map")
    return short_way(writing, parts.short(), write_primitive(writing, texts))


def _literal(parts: RuleParts, target: Target, literal: Json) -> Step:
    name = parts.name
    if not parts.sources:
        put, plain = target.quick(), not isinstance(literal, dict | list)

        def constant(frame: Frame) -> int:
            if frame.run.trace is None:
                value = literal if plain else copied(literal)
                return CONSTANT if put(frame, value) is not None else NOTHING
            at = target.put(frame, copied(literal))
            if at:
                frame.run.trace.append(Written(name, (), False, at.container, at.key, at.item, LITERAL))
            return CONSTANT if at else NOTHING

        return constant
    texts = parts.texts(whole=False)

    def for_each(frame: Frame) -> int:
        written = NOTHING
        for found in texts(frame):
            if found.text == NULL:
                continue
            at = target.put(frame, copied(literal))
            if frame.run.trace is not None:
                container, key, item = (at.container, at.key, at.item) if at else (frame.target, target.key, None)
                outcome = LITERAL if at else OCCUPIED
                frame.run.trace.append(Written(name, found.nodes, False, container, key, item, outcome))
            if at:
                frame.run.take(found.nodes, False)
            written |= VALUE if at else NOTHING
        return written

    return for_each


def _with_default(parts: RuleParts, step: Step) -> Step:
    target, _ = parts.target()
    default, name = parts.rule.default, parts.name

    def run(frame: Frame) -> int:
        written = step(frame)
        if written:
            return written
        at = target.put(frame, copied(default))
        if at and frame.run.trace is not None:
            frame.run.trace.append(Written(name, (), False, at.container, at.key, at.item, DEFAULTED))
        return CONSTANT if at else NOTHING

    return run


def _accounting(parts: RuleParts, step: Step) -> Step:
    readers = [parts.node_source(text) for text in parts.rule.accounts_for]
    name = parts.name

    def run(frame: Frame) -> int:
        written = step(frame)
        if written and frame.run.noting:
            nodes = tuple(node for reader in readers for node in reader(frame))
            if frame.run.trace is not None:
                frame.run.trace.append(Written(name, nodes, True, frame.target, "", None, ACCOUNTED))
            frame.run.take(nodes, True)
        return written

    return run


def _raising(parts: RuleParts) -> Step:
    raises = parts.rule.raises
    assert raises is not None  # the caller has looked
    severity, text = Severity(raises.severity), f"{raises.text} ({{rule}})"
    reader = parts.nodes() if parts.sources else None
    args = {"rule": "/".join(parts.name)}

    def run(frame: Frame) -> int:
        each = [(node,) for node in reader(frame)] if reader else [(frame.node,) if frame.node else ()]
        for nodes in each:
            report(frame, nodes, "MAP-0303", severity, IssueType.BUSINESS_RULE, text, args)
        return NOTHING

    return run


def refer(name: RuleName, target: Target, instance: str) -> Step:
    """A reference to the instances of a name, tied when the message has been read."""
    put, key, repeats = target.quick(), target.key, target.repeats

    def run(frame: Frame) -> int:
        slot: Object = {}
        container = put(frame, slot)
        if container is None:
            return NOTHING
        if not repeats:
            there = container[key]
            assert isinstance(there, dict)  # the placeholder, or that of another rule for the same element
            slot = there
        frame.run.pending.append(Pending(container, key, repeats, slot, frame.scope, instance, frame.owner, name))
        return VALUE

    return run
