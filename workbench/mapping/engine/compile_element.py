"""Compiling the rules that fill elements and make resources: `using`, `rules`, `first-of`, `make`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from workbench.mapping.engine.compile_source import Found
from workbench.mapping.engine.compile_target import Object, Slots, Target
from workbench.mapping.engine.compile_value import (
    CODED,
    Codes,
    Writing,
    add_codings,
    flag_unvalidated,
    original_coding,
    report_unmapped,
)
from workbench.mapping.engine.identity import merge, named_id, search_by
from workbench.mapping.engine.memory import (
    LONGEST_VALUE,
    Content,
    Memory,
    depends_on_value_alone,
    give_again,
    make_again,
    only_of_feed,
    recorded,
    remembering,
)
from workbench.mapping.engine.plans import Block, CompiledMap, copied_first, first_of, in_order
from workbench.mapping.engine.retracing import note_again
from workbench.mapping.engine.rule_parts import Place, RuleParts
from workbench.mapping.engine.running import (
    NOTHING,
    REFERENCED,
    TRANSLATED,
    UNVALIDATED,
    VALUE,
    Frame,
    Node,
    Recipe,
    Remembered,
    SlotList,
    Step,
    Written,
)
from workbench.mapping.engine.scope import Instance, SegmentScope, field_bit
from workbench.mapping.engine.shapes import Source
from workbench.mapping.engine.template import Template
from workbench.mapping.fhir_target import Kind
from workbench.mapping.model import Json, Policy, Rule
from workbench.mapping.values import CONVERTERS
from workbench.v2.delimiters import NULL

IN_VALUE = Source("", True)


def inside(frame: Frame, node: Node, target: Object, slots: SlotList, outer: Frame | None) -> Frame:
    """The frame of a map that is given a node as its value."""
    return Frame(frame.run, node.segment, frame.run.parts_of(node), node, target, slots, outer, frame.owner)


def copied(literal: Json) -> Json:
    """A literal as an object of its own, because what is made may be filled further."""
    if isinstance(literal, dict):
        return {key: copied(value) for key, value in literal.items()}
    if isinstance(literal, list):
        return [copied(value) for value in literal]
    return literal


def preset_into(element: Object, preset: Object) -> None:
    """Write the children that the element's own rules have not written."""
    for key, literal in preset.items():
        if key not in element:
            element[key] = literal if type(literal) is str else copied(literal)


def block_in_place(parts: RuleParts) -> tuple[Step, CompiledMap | None]:
    """A block without `to`: its rules write where it stands. The map is given when they also read there."""
    place = parts.place
    if not parts.sources:
        same = parts.children(place.kinds, place.source, place.slots)
        return same.run, same
    inner = parts.children(place.kinds, IN_VALUE, place.slots)
    nodes = parts.nodes()

    def run(frame: Frame) -> int:
        written = NOTHING
        for node in nodes(frame):
            if node.raw != NULL:
                child = inside(frame, node, frame.target, frame.slots, frame.outer)
                written |= inner.run(child)
        return written

    return run, None


def content(parts: RuleParts, kind: Kind) -> tuple[Content, list[CompiledMap]]:
    """What `using`, `rules` and `preset` together write into the element made for a node, and the maps of the first
    two."""
    rule, schema, outer = parts.rule, parts.compiler.schema, parts.place.kinds
    maps: list[CompiledMap] = []
    if rule.using:
        used = parts.package.types.get(rule.using)
        if used is None:
            parts.refuse(f"there is no type map {rule.using}")
        if not schema.takes(kind, used.target):
            parts.refuse(f"{rule.using} makes a {used.target}, and {rule.target} is a {kind.type}")
        maps.append(parts.compiler.rule_map(used, outer))
    if rule.children:
        maps.append(parts.children((*outer, kind), IN_VALUE, Slots()))
    for key in rule.preset:
        if schema.child(kind, key) is None:
            parts.refuse(f"preset: {kind.type} has no element {key}")
    preset, using = dict(rule.preset), rule.using
    covered = bool(using) and parts.package.types[using].covers

    def run(frame: Frame, node: Node, element: Object, around: Frame) -> int:
        written = NOTHING
        if covered and frame.run.noting:
            frame.run.given.append((using, node))
        below = frame.run.parts_of(node)
        for compiled in maps:
            slots: SlotList = [None] * compiled.slots.size
            child = Frame(frame.run, node.segment, below, node, element, slots, around, frame.owner)
            written |= compiled.run(child)
        if preset and written >= VALUE:
            preset_into(element, preset)
        return written

    return run, maps


def remembered_content(parts: RuleParts, kind: Kind) -> Content:
    """`content` with a memory where what it writes depends on the value alone."""
    fill, maps = content(parts, kind)
    alone = depends_on_value_alone(_rules_inside(parts), parts.package, (parts.rule.using,))
    return remembering(fill, lambda: copied_first(maps)) if alone else fill


def _rules_inside(parts: RuleParts) -> tuple[Rule, ...]:
    """The rules that fill what the rule makes."""
    used = parts.package.types.get(parts.rule.using)
    return (*(used.rules if used else ()), *parts.rule.children)


def fill_each(parts: RuleParts, target: Target, kind: Kind) -> Step:
    """Each value of the source fills an element of its own."""
    if kind.type in CONVERTERS and parts.rule.using:
        return _spread(parts, kind)
    fill, nodes = remembered_content(parts, kind), parts.nodes()
    codes = parts.codes() if parts.rule.codes else None
    if codes and kind.type not in CODED:
        parts.refuse(f"codes belong to a Coding or CodeableConcept, not to a {kind.type}")
    writing = Writing(parts.name, target, kind.type, parts.transforms(), parts.rule.null, False)
    url, fresh, attach = target.last.url, target.fresh, target.attaching()
    field = parts.whole_field()
    by_field, bit = bool(field) and codes is None, field_bit(field)

    def run(frame: Frame) -> int:
        written, state, done, whole = NOTHING, frame.run, by_field, []
        for node in nodes(frame):
            if node.raw == NULL:
                written |= writing.delete(frame, Found(NULL, (node,)))
                done = False
                continue
            state.awaited = node if by_field else None
            there = None if fresh else target.existing(frame)
            element: Object = ({"url": url} if url else {}) if there is None else there
            got = fill(frame, node, element, frame)
            if codes is not None:
                got |= _translate_into(writing, frame, node, element, codes)
            if by_field and state.whole is node:
                whole.append(node)
            else:
                done = False
            if got >= VALUE:
                if there is not None or attach(frame, element) is not None:
                    written = VALUE
                else:
                    state.dropped.append(element)
        if done and isinstance(frame.scope, SegmentScope):
            frame.scope.done |= bit
        elif whole:
            state.take(whole, True)
        return written

    return run


def _spread(parts: RuleParts, kind: Kind) -> Step:
    """A type map onto a primitive: the first of its rules that writes `$value`."""
    rule, place = parts.rule, parts.place
    used = parts.package.types.get(rule.using)
    if used is None or used.target != kind.type:
        parts.refuse(f"there is no type map {rule.using} that makes a {kind.type}")
    compiled = CompiledMap(IN_VALUE, place.slots, first=True)
    inner_place = Place(used.name, IN_VALUE, place.kinds, place.slots)
    for inner in used.rules:
        if inner.target != "$value":
            RuleParts(parts.compiler, inner, inner_place).refuse(f"a map to {kind.type} writes $value only")
    rules = [replace(inner, target=rule.target) for inner in used.rules]
    parts.compiler.rules(rules, inner_place, compiled)
    nodes, using, covered = parts.nodes(), rule.using, used.covers

    def fill(frame: Frame, node: Node, element: Object, around: Frame) -> int:
        return compiled.run(inside(frame, node, element, frame.slots, frame.outer))

    target, _ = parts.target()
    own_key = target.direct and not target.repeats and target.slot is None
    alone = own_key and depends_on_value_alone(used.rules, parts.package, (using,))
    fill_apart, keys = remembering(fill, lambda: None), {target.key, f"_{target.key}", *target.others}

    def run(frame: Frame) -> int:
        written = NOTHING
        for node in nodes(frame):
            if covered and frame.run.noting:
                frame.run.given.append((using, node))
            if alone and frame.run.trace is None and keys.isdisjoint(frame.target):
                made: Object = {}
                written |= fill_apart(frame, node, made, frame)
                frame.target.update(made)
            else:
                written |= fill(frame, node, frame.target, frame)
        return written

    return run


def block(parts: RuleParts, target: Target, kind: Kind) -> Block:
    """Rules below one element, which is made once."""
    if parts.rule.using:
        parts.refuse("using needs a from")
    slots = Slots()
    inner = parts.children((*parts.place.kinds, kind), parts.place.source, slots)
    url, preset, attach = target.last.url, dict(parts.rule.preset), target.attaching()

    def around(steps: list[Step]) -> Step:
        work = first_of(steps) if inner.first else in_order(steps)

        def run(frame: Frame) -> int:
            there = target.existing(frame)
            element: Object = ({"url": url} if url else {}) if there is None else there
            own: SlotList = [None] * slots.size
            child = Frame(frame.run, frame.scope, frame.parts, frame.node, element, own, frame, frame.owner)
            written = work(child)
            if not inner.enough(written):
                return NOTHING
            preset_into(element, preset)
            if there is not None or attach(frame, element) is not None:
                return written
            frame.run.dropped.append(element)
            return NOTHING

        return run

    single = target.direct and not target.repeats and target.slot is None
    return Block(inner, around, target.key if single else "")


def make_each(parts: RuleParts, target: Target) -> Step:
    """Each value makes a resource, or finds the one of its identity, and is referred to."""
    nodes, name, make = parts.nodes(), parts.name, making(parts)

    def run(frame: Frame) -> int:
        state, written = frame.run, NOTHING
        for node in nodes(frame):
            if node.raw == NULL:
                continue
            instance = make(frame, node)
            if instance is None:
                continue
            at = target.put(frame, {"reference": instance.full_url})
            if at and state.trace is not None:
                state.trace.append(Written(name, (), False, at.container, at.key, at.item, REFERENCED))
            written |= VALUE if at else NOTHING
        return written

    return run


def making(parts: RuleParts) -> Callable[[Frame, Node], Instance | None]:
    """Makes the resource of a node and makes it known in the node's segment; None when the node says nothing.

    What depends on the value alone is remembered from message to message.
    """
    rule = parts.rule
    kind = parts.compiler.schema.root(rule.make)
    if kind is None or not parts.compiler.schema.is_resource(rule.make):
        parts.refuse(f"{rule.make} is no resource type")
    fill, identify = content(parts, kind)[0], _identity(parts)
    what = rule.using if not (rule.children or rule.preset) else "/".join(parts.name)
    alone = only_of_feed(rule.identity) and depends_on_value_alone(_rules_inside(parts), parts.package, (rule.using,))
    known: Memory[Recipe] = Memory()

    def make(frame: Frame, node: Node) -> Instance | None:
        state = frame.run
        if state.afresh:
            return _made(frame, node, identify(frame, node), rule, fill, False)[0]
        key = (node.raw, node.level, state.context)
        there = known.get(key)
        if there is not None:
            give_again(state, node, there.content)
            first = len(state.copies)
            make_again(state, node.segment, (there, *there.content.made))
            instance: Instance | None = state.by_identity[there.key[0]]
            if there.content.notes:
                note_again(state, there.content.notes, state.copies[first:], node.segment, node)
        else:
            identity = identify(frame, node)
            instance, content = _made(frame, node, identity, rule, fill, alone and known.of_use)
            if alone and content is not None and len(node.raw) <= LONGEST_VALUE:
                resource = Template({"resourceType": rule.make, **content.element.element})
                search, name = search_by(resource.element), rule.instance or rule.id
                made_key, url = (identity, node.raw, what), f"urn:uuid:{identity}"
                there = Recipe(made_key, url, resource, search, name, rule.write, content)
                known.keep(key, there)
                state.same[there.key] = node.segment
        if state.made is not None:
            state.made += (None,) if there is None else (there, *there.content.made)
        return instance

    return make


def _identity(parts: RuleParts) -> Callable[[Frame, Node], str]:
    """The identity of the resource a node makes."""
    rule, space = parts.rule, parts.package.header.name_space
    keys = [parts.first_text(text) for text in rule.identity]
    what = rule.using if not (rule.children or rule.preset) else "/".join(parts.name)

    def identify(frame: Frame, node: Node) -> str:
        state = frame.run
        if keys:
            seen = inside(frame, node, frame.target, [], frame)
            values = [key(seen) for key in keys]
            if values[-1]:
                return named_id(space, rule.make, *values)
        # One text means different things to two senders, and as a building and as a floor.
        raw = node.raw if state.escape not in node.raw else state.whole_text_of(node)
        return named_id(space, rule.make, state.sender, what, raw)

    return identify


def _made(
    frame: Frame, node: Node, identity: str, rule: Rule, fill: Content, keep: bool
) -> tuple[Instance | None, Remembered | None]:
    """The instance of an identity with what the node says of it, None when it says nothing.

    keep  also note how that is made again
    """
    run = frame.run
    resource: Object = {"resourceType": rule.make}
    known = run.by_identity.get(identity)
    instance = Instance(rule.instance or rule.id, resource, identity, f"urn:uuid:{identity}", rule.write)
    holder = Frame(run, node.segment, frame.parts, frame.node, resource, [], frame, instance)
    at = len(run.order)
    content = None
    if run.trace is not None:
        run.copies.append(resource)
    if keep:
        written, content = recorded(fill, holder, node, resource, holder)
    else:
        written = fill(holder, node, resource, holder)
    if written < VALUE:
        return None, None
    if known is not None:
        merge(run, known.resource, resource)
        instance = known
    else:
        run.order.insert(at, instance)
        run.by_identity[identity] = instance
    run.make_known(instance, node.segment)
    return instance, content


def _translate_into(writing: Writing, frame: Frame, node: Node, element: Object, codes: Codes) -> int:
    """Add the target codings of a coded value to what the type map has made of it, or flag it."""
    run = frame.run
    found = Found(run.text_of(node), (node,))
    text = writing.transformed(frame, found.text)
    if not text:
        return _flag_words(writing, frame, node, element, codes)
    rows = codes.translate(text, "", run.sender)
    if rows and writing.type == "CodeableConcept":
        add_codings(element, rows)
    elif rows:
        target = rows[0].target
        assert target is not None  # only rows with a target translate
        element.update({"system": target.system, "code": target.code})
    elif codes.unmapped.policy is Policy.OMIT:
        return NOTHING
    else:
        _keep_original(writing, frame, found, text, element, codes)
    if run.trace is not None:
        outcome, row = (TRANSLATED, rows[0]) if rows else (UNVALIDATED, None)
        run.trace.append(Written(writing.name, found.nodes, False, element, "", None, outcome, row))
    run.take(found.nodes, False)
    return VALUE


def _flag_words(writing: Writing, frame: Frame, node: Node, element: Object, codes: Codes) -> int:
    """Words that came without a code: what the type map has made of them is kept, and flagged."""
    if not element or codes.unmapped.policy not in (Policy.PRESERVE, Policy.ERROR):
        return NOTHING
    flag_unvalidated(element)
    run = frame.run
    if run.trace is not None:
        run.trace.append(Written(writing.name, (node,), True, element, "", None, UNVALIDATED))
    run.take((node,), True)
    return VALUE


def _keep_original(writing: Writing, frame: Frame, found: Found, text: str, element: Object, codes: Codes) -> None:
    """Flag what the type map has made of a code without a row, and see that the code itself is in it."""
    if codes.unmapped.policy is Policy.ERROR:
        report_unmapped(frame, found, text, codes.code_map)
    if codes.unmapped.policy in (Policy.PASSTHROUGH, Policy.PREFIX):
        return
    flag_unvalidated(element)
    if writing.type == "CodeableConcept":
        original = original_coding(frame, found, text, codes.code_map)
        element.setdefault("coding", [original])
        element.setdefault("text", original.get("display") or text)
