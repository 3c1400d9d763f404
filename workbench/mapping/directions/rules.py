"""Compiling the rules of segment and type maps to functions of a frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from workbench.kernel.errors import Refused
from workbench.kernel.issues import IssueType, Severity
from workbench.mapping.directions.codes import CODED, put_first, translated, write_codes
from workbench.mapping.directions.copying import copied_value, copy_rest
from workbench.mapping.directions.fhir_side import same_primitive
from workbench.mapping.directions.looks import Reach
from workbench.mapping.directions.parts import Place, RuleParts, SourceSide
from workbench.mapping.directions.plans import CompiledMap, Part
from workbench.mapping.directions.remembering import LONGEST, fill_once, json_of
from workbench.mapping.directions.restoring import RESTORED, restore
from workbench.mapping.directions.running import Frame, Node, Object, Step, Written
from workbench.mapping.directions.targets import At, Target, TargetSide, has_own
from workbench.mapping.directions.v2_target import VARIES, Raw
from workbench.mapping.engine.running import (
    ACCOUNTED,
    CONSTANT,
    COPIED,
    DEFAULTED,
    LITERAL,
    MISFIT,
    NOTHING,
    OCCUPIED,
    TRANSLATED,
    UNVALIDATED,
    VALUE,
    Outcome,
)
from workbench.mapping.fhir_target import Kind
from workbench.mapping.model import Direction, Json, Package, Policy, Rule, RuleMap, RuleStatus
from workbench.mapping.values import Misfit
from workbench.v2.delimiters import NULL

CompiledMaps = dict[tuple[str, tuple[Kind, ...]], CompiledMap]
"""By name, and for maps that write beside their element by the kinds of the elements around."""


class Compiler:
    """Compiles the rules of one package; a map is compiled once for each kind of place it is used in.

    same     source and target are of one standard
    recalls  what maps make of values may be remembered in fast runs
    maps     what has been compiled
    """

    def __init__(self, package: Package, reading: SourceSide, writing: TargetSide) -> None:
        self.package = package
        self.reading = reading
        self.writing = writing
        self.same = package.header.direction in (Direction.V2_TO_V2, Direction.FHIR_TO_FHIR)
        self.recalls = package.header.direction is Direction.FHIR_TO_V2
        self.maps: CompiledMaps = {}

    def rule_map(self, rule_map: RuleMap, outer: tuple[Kind, ...]) -> CompiledMap:
        """A map, used by a rule that fills an element of the last of `outer`.

        raises  Refused MAP-0110
        """
        beside = any("../" in rule.target for rule in rule_map.walk())
        key = (rule_map.name, outer if beside else ())
        if key not in self.maps:
            source, kind = self.reading.kind(rule_map.source), self.writing.root(rule_map.target)
            for name, known in ((rule_map.source, source), (rule_map.target, kind)):
                if known is None:
                    raise Refused(
                        "MAP-0110",
                        f"{rule_map.place}: map {rule_map.name}: {name} is no type of its standard.",
                        "Correct from or to.",
                    )
            assert kind is not None  # refused above
            copies = self.same and rule_map.source == rule_map.target and self.package.header.copy
            compiled = CompiledMap(rule_map.name, copies=copies, covers=rule_map.covers, recalls=self.recalls)
            self.maps[key] = compiled
            self.rules(rule_map.rules, Place(rule_map.name, source, (*outer, kind)), compiled)
        return self.maps[key]

    def rules(self, rules: Iterable[Rule], place: Place, into: CompiledMap) -> CompiledMap:
        """Compile rules in order; those switched off or rejected are left out.

        raises  Refused MAP-0110
        """
        for rule in rules:
            if rule.enabled and self.package.status_of(rule) is not RuleStatus.REJECTED:
                into.reads = into.reads or any(_reads(inner) for inner in rule.walk())
                into.parts.append(self._rule(RuleParts(self, rule, place)))
        return into

    def _rule(self, parts: RuleParts) -> Part:
        rule = parts.rule
        step = _in_place(parts) if not rule.target and rule.raises is None else _step(parts)
        if rule.default is not None:
            step = _with_default(parts, step)
        if rule.accounts_for:
            step = _accounting(parts, step)
        return parts.part(step)


def _reads(rule: Rule) -> bool:
    """True when the rule can bring something of the source into the target."""
    return bool(rule.source) and rule.raises is None


def _step(parts: RuleParts) -> Step:
    """What a rule with a target, or with an issue to raise, does."""
    rule = parts.rule
    if rule.raises is not None:
        return _raising(parts)
    if rule.make or rule.reference:
        parts.refuse("make and reference belong to packages that go from v2 to FHIR; here rows make things")
    if rule.target == RESTORED:
        return restore(parts)
    if rule.using or rule.children:
        return _fill_each(parts) if rule.source else _block(parts)
    if rule.literal is not None:
        return _literal(parts)
    if not rule.source:
        parts.refuse("from is missing")
    if rule.codes:
        return _codes(parts)
    return _value(parts)


# --- values -----------------------------------------------------------------------------------------------------------


def _value(parts: RuleParts) -> Step:
    """The text of the source as a primitive; between like things the value as it stands."""
    compiler, rule = parts.compiler, parts.rule
    target = parts.target()
    if compiler.same and not rule.transform and not parts.joins:
        return _take_over(parts, target)
    target, side = parts.target(leaf=True), compiler.writing
    kind = parts.place.value or target.kind
    if not side.is_primitive(kind) and kind.type != VARIES:
        parts.refuse(f"{rule.target} is a {kind.type}; name a type map with using, or a code map")
    texts, source = parts.texts()
    if source is not None and not parts.whole and _is_complex(parts, source):
        parts.refuse(f"{rule.source[0]} is a {source.type}; name a type map with using, or one of its elements")
    transform, convert = parts.transformer(), side.converter(kind)

    def run(frame: Frame) -> int:
        written = NOTHING
        for text, nodes in texts(frame):
            value: Json
            note, outcome = "", COPIED
            try:
                changed = text if transform is None else transform(frame, text)
                if not changed:
                    continue
                value, note = convert(changed)
            except Misfit:
                value, outcome = text, MISFIT
                frame.run.report(
                    nodes, "MAP-0301", Severity.WARNING, IssueType.VALUE,
                    "{value} cannot be a {type}; it is kept as text.", {"value": text, "type": kind.type},
                )  # fmt: skip
            written |= _note(parts, frame, target.put(frame, value), nodes, parts.whole, outcome, note)
        return written

    return run


def _is_complex(parts: RuleParts, source: Kind) -> bool:
    return not parts.compiler.same and source.type[:1].isupper() and source.type not in ("Resource", "Element")


def _take_over(parts: RuleParts, target: Target) -> Step:
    """A value with everything in it, in the form it has."""
    read, _ = parts.nodes()
    side, kind = parts.compiler.writing, parts.place.value or target.kind
    convert = side.converter(kind)

    def run(frame: Frame) -> int:
        written = NOTHING
        for node in read(frame):
            value = copied_value(frame.run.document, node) if node.place is not None else node.value
            primitive, whole, note, outcome = side.is_primitive(kind), True, "", COPIED
            if primitive and isinstance(value, dict):  # its first leaf stands for it, as the standard says
                value, whole = frame.run.document.text(node), False
            elif primitive and not isinstance(value, Raw) and not same_primitive(value, kind):
                try:
                    value, note = convert(str(value))
                except Misfit:
                    outcome = MISFIT
            written |= _note(parts, frame, target.put(frame, value), (node,), whole, outcome, note)
        return written

    return run


def _note(
    parts: RuleParts,
    frame: Frame,
    at: At | None,
    nodes: tuple[Node, ...],
    whole: bool,
    outcome: Outcome,
    note: str = "",
) -> int:
    if at is None:
        frame.run.note(Written(parts.name, nodes, whole, frame.target, parts.rule.target, None, OCCUPIED))
        return NOTHING
    frame.run.note(Written(parts.name, nodes, whole, at.container, at.key, at.item, outcome, None, note))
    return VALUE


def _codes(parts: RuleParts) -> Step:
    target = parts.target()
    kind = parts.place.value or target.kind
    side = parts.compiler.writing
    other = kind.type not in CODED and not side.is_primitive(kind) and kind.type != VARIES
    if other or side.holds_codes_alone(kind):
        target = parts.target(leaf=True)
    return write_codes(parts, target, parts.codes())


def _literal(parts: RuleParts) -> Step:
    literal = _for_target(parts, parts.rule.literal)
    target = parts.target(leaf=not isinstance(literal, dict | list))
    name = parts.name
    if not parts.rule.source:

        def constant(frame: Frame) -> int:
            at = target.put(frame, own_copy(literal))
            if at is not None:
                frame.run.note(Written(name, (), False, at.container, at.key, at.item, LITERAL))
            return CONSTANT if at else NOTHING

        return constant
    texts, _ = parts.texts()

    def for_each(frame: Frame) -> int:
        written = NOTHING
        for text, nodes in texts(frame):
            if text != NULL:
                written |= _note(parts, frame, target.put(frame, own_copy(literal)), nodes, False, LITERAL)
        return written

    return for_each


def _for_target(parts: RuleParts, literal: Json) -> Json:
    """A literal in the form of the target: v2 knows texts only."""
    if parts.package.header.direction is Direction.FHIR_TO_FHIR:
        return literal
    if isinstance(literal, dict):
        return {str(key): _for_target(parts, value) for key, value in literal.items()}
    if isinstance(literal, list):
        return [_for_target(parts, value) for value in literal]
    return str(literal).lower() if isinstance(literal, bool) else str(literal)


def own_copy(literal: Json) -> Json:
    """A literal as an object of its own, because what is made may be filled further."""
    if isinstance(literal, dict):
        return {key: own_copy(value) for key, value in literal.items()}
    if isinstance(literal, list):
        return [own_copy(value) for value in literal]
    return literal


# --- elements ---------------------------------------------------------------------------------------------------------


def _in_place(parts: RuleParts) -> Step:
    """A block without `to`: its rules write where it stands, for each value of `from` when there is one."""
    if not parts.rule.children:
        parts.refuse("to is missing")
    kinds = parts.place.kinds
    if not parts.rule.source:
        same = parts.children(parts.place.source, kinds)
        return same.run
    read, kind = parts.nodes()
    inner = parts.children(kind, kinds)

    def run(frame: Frame) -> int:
        written = NOTHING
        for node in read(frame):
            written |= inner.run(Frame(frame.run, node, frame.owner, frame.target, frame.slots, frame.outer))
        return written

    return run


def _block(parts: RuleParts) -> Step:
    """Rules below one element, which is made once."""
    if parts.rule.using:
        parts.refuse("using needs a from")
    target = parts.target()
    inner = parts.children(parts.place.source, (*parts.place.kinds, target.kind))
    preset, url = _preset(parts), target.last.url

    def run(frame: Frame) -> int:
        there = target.existing(frame)
        element: Object = ({"url": url} if url else {}) if there is None else there
        written = inner.run(Frame(frame.run, frame.at, frame.owner, element, {}, frame))
        if not inner.enough(written):
            return NOTHING
        _preset_into(element, preset)
        return written if there is not None or target.attach(frame, element) is not None else NOTHING

    return run


def _fill_each(parts: RuleParts) -> Step:
    """Each value of the source fills an element of its own."""
    target = parts.target()
    kind, side, rule = target.kind, parts.compiler.writing, parts.rule
    if rule.using:
        made = side.root(parts.used().target)
        if made is not None and side.is_primitive(made):
            return _spread(parts, made)
        if not side.takes(kind, parts.used().target):
            parts.refuse(f"{rule.using} makes a {parts.used().target}, and {rule.target} is a {kind.type}")
        if side.is_primitive(kind):
            parts.refuse(f"{rule.target} is a {kind.type} and holds no {parts.used().target}")
    read, source = parts.nodes()
    maps = [parts.map_used()] if rule.using else []
    if rule.children:
        maps.append(parts.children(source, (*parts.place.kinds, kind)))
    codes = parts.codes() if rule.codes else None
    preset, url = _preset(parts), target.last.url

    def run(frame: Frame) -> int:
        written = NOTHING
        for node in read(frame):
            if node.value == NULL:
                written |= _note(parts, frame, target.put(frame, Raw(NULL)), (node,), True, COPIED)
                continue
            there = target.existing(frame)
            element: Object = ({"url": url} if url else {}) if there is None else there
            got = NOTHING
            for compiled in maps:
                got |= fill(compiled, frame, node, element)
            if got >= VALUE and preset:
                _preset_into(element, preset)
            if codes is not None:
                got |= _translate_into(frame, node, element)
            if got >= VALUE and has_own(element) and (there is not None or target.attach(frame, element) is not None):
                written = VALUE
        return written

    def _translate_into(frame: Frame, node: Node, element: Object) -> int:
        assert codes is not None  # asked only then
        found = translated(frame, node, codes)
        if found is None:
            return NOTHING
        code, rows = found
        if rows:
            put_first(kind.type, element, rows)
        elif codes.unmapped.policy in (Policy.OMIT, Policy.PASSTHROUGH):
            return NOTHING
        outcome = TRANSLATED if rows else UNVALIDATED
        frame.run.note(Written(parts.name, (code.node,), True, element, "", None, outcome, rows[0] if rows else None))
        return VALUE

    return run


def fill(compiled: CompiledMap, frame: Frame, node: Node, element: Object) -> int:
    """Run a map on a node, and copy what it leaves where source and target are of one kind."""
    run = frame.run
    if compiled.covers and run.trace is not None:
        run.given.append((compiled.name, node))
    if compiled.recalls and not run.full and not element and compiled.remembers and isinstance(node.value, dict):
        return _fill_again(compiled, frame, node, element)
    start = len(run.trace or ())
    written = compiled.run(Frame(run, node, frame.owner, element, {}, frame))
    if compiled.copies:
        written |= copy_rest(run, compiled.name, node, element, start)
    return written


def _fill_again(compiled: CompiledMap, frame: Frame, node: Node, element: Object) -> int:
    """Run a map, or take what it made of the same before."""

    def fresh(around: Frame, node: Node, element: Object) -> int:
        return compiled.run(Frame(around.run, node, around.owner, element, {}, around))

    if not compiled.recall.uses.fair():
        return fresh(frame, node, element)
    if compiled.remembers is Reach.DOCUMENT:
        return fill_once((id(compiled), node.place), compiled.recall.uses, fresh, frame, node, element)
    text = json_of(node.value)
    if len(text) > LONGEST:
        return fresh(frame, node, element)
    return compiled.recall.fill(text, fresh, frame, node, element)


def _spread(parts: RuleParts, made: Kind) -> Step:
    """A type map onto a primitive: the first of its rules that writes `$value`."""
    used = parts.used()
    source = parts.compiler.reading.kind(used.source)
    place = replace(parts.place, map=used.name, source=source, value=made)
    rules = []
    for inner in used.rules:
        if inner.target != "$value":
            RuleParts(parts.compiler, inner, place).refuse(f"a map to {made.type} writes $value only")
        rules.append(replace(inner, target=parts.rule.target))
    compiled = parts.rules(rules, place, CompiledMap(used.name, first=True, covers=used.covers))
    read, _ = parts.nodes()

    def run(frame: Frame) -> int:
        written = NOTHING
        for node in read(frame):
            if compiled.covers and frame.run.trace is not None:
                frame.run.given.append((compiled.name, node))
            inner = Frame(frame.run, node, frame.owner, frame.target, frame.slots, frame.outer)
            written |= compiled.run(inner)
        return written

    return run


def _preset(parts: RuleParts) -> Object:
    return {str(key): _for_target(parts, value) for key, value in parts.rule.preset.items()}


def _preset_into(element: Object, preset: Object) -> None:
    for key, literal in preset.items():
        if key not in element:
            element[key] = own_copy(literal)


# --- around a step ----------------------------------------------------------------------------------------------------


def _with_default(parts: RuleParts, step: Step) -> Step:
    default = _for_target(parts, parts.rule.default)
    target, name = parts.target(leaf=not isinstance(default, dict | list)), parts.name

    def run(frame: Frame) -> int:
        written = step(frame)
        if written:
            return written
        at = target.put(frame, own_copy(default))
        if at is not None:
            frame.run.note(Written(name, (), False, at.container, at.key, at.item, DEFAULTED))
        return CONSTANT if at else NOTHING

    return run


def _accounting(parts: RuleParts, step: Step) -> Step:
    readers = [parts.source(text)[0] for text in parts.rule.accounts_for]
    name = parts.name

    def run(frame: Frame) -> int:
        written = step(frame)
        if written and frame.run.trace is not None:
            nodes = tuple(node for read in readers for node in read(frame))
            frame.run.note(Written(name, nodes, True, frame.target, "", None, ACCOUNTED))
        return written

    return run


def _raising(parts: RuleParts) -> Step:
    raises = parts.rule.raises
    assert raises is not None  # the caller has looked
    severity, text = Severity(raises.severity), f"{raises.text} ({{rule}})"
    read = parts.nodes()[0] if parts.rule.source else None
    args = {"rule": "/".join(parts.name)}

    def run(frame: Frame) -> int:
        for node in read(frame) if read is not None else [frame.at]:
            frame.run.report((node,), "MAP-0303", severity, IssueType.BUSINESS_RULE, text, args)
        return NOTHING

    return run
