"""Compiling the rules of segment and type maps to plain functions of a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeVar

from workbench.kernel.errors import Refused
from workbench.kernel.issues import IssueType, Severity
from workbench.mapping.compile_source import (
    Found,
    Holds,
    Leaf,
    OneText,
    Reader,
    Texts,
    code_maps_named,
    guard_of,
    holds,
    joined,
    one_text,
    read_nodes,
    read_source,
)
from workbench.mapping.compile_target import Object, Slots, Target, compile_target
from workbench.mapping.compile_value import (
    CODED,
    Codes,
    Transformer,
    Writing,
    add_codings,
    flag_unvalidated,
    original_coding,
    report,
    report_unmapped,
    short_way,
    short_way_of_code,
    write_code,
    write_primitive,
)
from workbench.mapping.conditions import (
    SyntaxProblem,
    read_condition,
)
from workbench.mapping.conditions import (
    read_source as parse_source,
)
from workbench.mapping.fhir_target import Kind, TargetProblem, TargetSchema, read_target
from workbench.mapping.identity import merge_into, named_id
from workbench.mapping.model import Json, Package, Policy, Repeat, Rule, RuleMap, TransformCall
from workbench.mapping.running import (
    ACCOUNTED,
    CONSTANT,
    DEFAULTED,
    LITERAL,
    NOTHING,
    OCCUPIED,
    REFERENCED,
    TRANSLATED,
    UNVALIDATED,
    VALUE,
    Frame,
    Node,
    Pending,
    RuleName,
    Step,
    Written,
)
from workbench.mapping.scope import Instance
from workbench.mapping.transforms import TRANSFORMS, TransformProblem
from workbench.mapping.values import CONVERTERS
from workbench.v2.delimiters import NULL

_Result = TypeVar("_Result")


@dataclass
class CompiledMap:
    """A map or block ready to run: each step with the part of the frame that must be populated for it (0: none)."""

    slots: Slots = field(default_factory=Slots)
    steps: list[tuple[int, Step]] = field(default_factory=list)
    reads: bool = False

    def run(self, frame: Frame) -> int:
        """Run every rule; the answer is the most that one of them has written."""
        parts = frame.parts
        count = len(parts)
        written = NOTHING
        for guard, step in self.steps:
            if guard and (guard >= count or not parts[guard]):
                continue
            written |= step(frame)
        return written

    def enough(self, written: int) -> bool:
        """True when what was written keeps a new element alive: constants do only where nothing is read."""
        return written >= VALUE if self.reads else written > NOTHING


@dataclass(frozen=True)
class Place:
    """Where rules are compiled for: what they read and what they write.

    kinds   of the elements from the outermost to the one being filled
    source  name of the segment or data type
    """

    map: str
    source: str
    in_value: bool
    kinds: tuple[Kind, ...]
    slots: Slots


class Compiler:
    """Compiles the rules of one package; a map is compiled once for each kind of place it is used in."""

    def __init__(self, package: Package, schema: TargetSchema) -> None:
        self.package = package
        self.schema = schema
        self._maps: dict[tuple[str, tuple[Kind, ...]], CompiledMap] = {}

    def rule_map(self, rule_map: RuleMap, outer: tuple[Kind, ...]) -> CompiledMap:
        """A map, used by a rule that fills an element of the last of `outer`.

        raises  Refused MAP-0110
        """
        beside = any("../" in rule.target for rule in rule_map.walk())
        key = (rule_map.name, outer if beside else ())
        if key not in self._maps:
            kind = self.schema.root(rule_map.target)
            if kind is None:
                raise Refused(
                    "MAP-0110",
                    f"{rule_map.place}: map {rule_map.name}: {rule_map.target} is no type of the target standard.",
                    "Correct to.",
                )
            compiled = self._maps[key] = CompiledMap()
            in_value = rule_map.kind.value == "types"
            place = Place(rule_map.name, rule_map.source, in_value, (*outer, kind), compiled.slots)
            self.rules(rule_map.rules, place, compiled)
        return self._maps[key]

    def rules(self, rules: Iterable[Rule], place: Place, into: CompiledMap) -> None:
        """Compile rules in order; those switched off or rejected are left out."""
        for rule in rules:
            if not rule.enabled or self.package.status_of(rule).value == "rejected":
                continue
            into.reads = into.reads or any(reads_source(inner) for inner in rule.walk())
            into.steps.append(self.rule(rule, place))

    def rule(self, rule: Rule, place: Place) -> tuple[int, Step]:
        """One rule as its guard and its function.

        raises  Refused MAP-0110: anything in it that cannot be, with its place
        """
        step, guard = _RuleCompiler(self, rule, place).compiled()
        return guard, step


def reads_source(rule: Rule) -> bool:
    """True when the rule can bring something of the message into the target."""
    return bool(rule.source or rule.reference) and rule.raises is None


def refuse(rule: Rule, place: Place, sentence: str) -> NoReturn:
    where = rule.place or f"map {place.map}"
    raise Refused("MAP-0110", f"{where}: rule {rule.id}: {sentence}.", "See the help page of the mapping language.")


class _RuleCompiler:
    """The parts of one rule on their way to a function."""

    def __init__(self, compiler: Compiler, rule: Rule, place: Place) -> None:
        self.compiler = compiler
        self.package = compiler.package
        self.rule = rule
        self.place = place
        self.name = RuleName(place.map, rule.id)
        self.sources = [self._parsed(parse_source, text) for text in rule.source]

    def compiled(self) -> tuple[Step, int]:
        rule = self.rule
        step = self._step()
        if rule.default is not None:
            step = self._with_default(step)
        if rule.accounts_for:
            step = self._accounting(step)
        if rule.when:
            step = _when(self.condition(rule.when), step)
        guarded = len(self.sources) == 1 and rule.default is None
        return step, guard_of(self.sources[0], self.place.in_value, self.place.source) if guarded else 0

    def _step(self) -> Step:
        rule = self.rule
        if rule.raises is not None:
            return self._raising()
        if not rule.target:
            if not rule.children:
                refuse(rule, self.place, "to is missing")
            return self._block_in_place()
        target, kind = self.target(rule.target)
        if rule.reference:
            self._must_be_reference(kind)
            return refer(self.name, target, rule.reference)
        if rule.make:
            self._must_be_reference(kind)
            return self._making(target)
        if rule.using or rule.children:
            return self._filling(target, kind) if rule.source else self._block(target, kind)
        if rule.literal is not None:
            return self._literal(target, rule.literal)
        if not rule.source:
            refuse(rule, self.place, "from is missing")
        return self._value(target, kind)

    # --- parts -------------------------------------------------------------------------------------------------------

    def _parsed(self, parse: Callable[[str], _Result], text: str) -> _Result:
        try:
            return parse(text)
        except SyntaxProblem as problem:
            refuse(self.rule, self.place, f"“{text}”: {problem.sentence} at character {problem.at + 1}")

    def condition(self, text: str) -> Holds:
        parsed = self._parsed(read_condition, text)
        for name in code_maps_named(parsed):
            self._code_map(name)
        return holds(parsed, self.package.codes)

    def _code_map(self, name: str) -> None:
        if name not in self.package.codes:
            refuse(self.rule, self.place, f"there is no code map {name}")

    def target(self, text: str) -> tuple[Target, Kind]:
        try:
            path = read_target(text, self.place.kinds, self.compiler.schema, self.package.header.extensions)
            if not path.steps:
                refuse(self.rule, self.place, "$value is written only by maps whose type is a primitive")
            target = compile_target(path, self.place.slots)
        except TargetProblem as problem:
            refuse(self.rule, self.place, str(problem))
        return target, path.steps[-1].element.kind

    def _must_be_reference(self, kind: Kind) -> None:
        if kind.type != "Reference":
            refuse(self.rule, self.place, f"{self.rule.target} is no Reference")

    def texts(self, whole: bool) -> Texts:
        """The texts of the rule's sources, by its `join` and `repeat`."""
        rule = self.rule
        readers = [read_source(source, whole) for source in self.sources]
        if len(readers) > 1 or rule.repeat is Repeat.JOIN:
            return joined(readers, " " if rule.join is None else rule.join)
        return _repeated(readers[0], rule.repeat)

    def nodes(self) -> Reader:
        """The nodes of the rule's source, by its `repeat`."""
        rule = self.rule
        if len(self.sources) != 1 or rule.repeat is Repeat.JOIN:
            refuse(rule, self.place, "several sources can be joined into a text only")
        return _repeated(read_nodes(self.sources[0]), rule.repeat)

    def transforms(self, calls: tuple[TransformCall, ...]) -> tuple[Transformer, ...]:
        found = []
        for number, call in enumerate(calls):
            transform = TRANSFORMS.get(call.name)
            if transform is None:
                refuse(self.rule, self.place, f"there is no transform {call.name}; known are {', '.join(TRANSFORMS)}")
            if call.name == "text":
                if number:
                    refuse(self.rule, self.place, "text stands first among the transforms")
                continue
            try:
                given = transform.arguments(call)
            except TransformProblem as problem:
                refuse(self.rule, self.place, str(problem))
            sourced = [
                read_source(self._parsed(parse_source, str(value)), False) if parameter.source and value else None
                for parameter, value in zip(transform.parameters, given, strict=True)
            ]
            found.append(_transformer(transform.apply, given, sourced))
        return tuple(found)

    # --- kinds of rules ----------------------------------------------------------------------------------------------

    def _value(self, target: Target, kind: Kind) -> Step:
        rule = self.rule
        whole = bool(rule.transform) and rule.transform[0].name == "text"
        writing = Writing(self.name, target, kind.type, self.transforms(rule.transform), rule.null, whole)
        texts = self.texts(whole)
        if rule.codes:
            if kind.type not in CODED and kind.type not in CONVERTERS:
                refuse(rule, self.place, f"a code cannot become a {kind.type}; name a type map with using")
            codes = self._codes()
            return short_way_of_code(writing, self._short(), codes, write_code(writing, texts, codes))
        if kind.type not in CONVERTERS:
            refuse(rule, self.place, f"{rule.target} is a {kind.type}; name a type map with using, or a code map")
        return short_way(writing, self._short(), write_primitive(writing, texts))

    def _short(self) -> tuple[OneText, Leaf] | None:
        """The short way to the rule's text, None when there is none."""
        if len(self.sources) != 1 or self.rule.repeat is not Repeat.EACH:
            return None
        return one_text(self.sources[0], self.place.in_value, self.place.source)

    def _codes(self) -> Codes:
        rule = self.rule
        self._code_map(rule.codes)
        code_map = self.package.codes[rule.codes]
        unmapped = rule.unmapped
        if unmapped is None and code_map.unmapped is not None:
            unmapped = replace(self.package.header.unmapped, policy=Policy(code_map.unmapped.value), text="")
        return Codes(code_map, unmapped or self.package.header.unmapped)

    def _literal(self, target: Target, literal: Json) -> Step:
        name = self.name
        if not self.sources:

            def constant(frame: Frame) -> int:
                at = target.put(frame, copied(literal))
                if at and frame.run.trace is not None:
                    frame.run.trace.append(Written(name, (), False, *at, LITERAL))
                return CONSTANT if at else NOTHING

            return constant
        texts = self.texts(whole=False)

        def for_each(frame: Frame) -> int:
            written = NOTHING
            for found in texts(frame):
                if found.text == NULL:
                    continue
                at = target.put(frame, copied(literal))
                if frame.run.trace is not None:
                    container, key, item = at or (frame.target, target.key, None)
                    outcome = LITERAL if at else OCCUPIED
                    frame.run.trace.append(Written(name, found.nodes, False, container, key, item, outcome))
                written |= VALUE if at else NOTHING
            return written

        return for_each

    def _with_default(self, step: Step) -> Step:
        target, _ = self.target(self.rule.target)
        default, name = self.rule.default, self.name

        def run(frame: Frame) -> int:
            written = step(frame)
            if written:
                return written
            at = target.put(frame, copied(default))
            if at and frame.run.trace is not None:
                frame.run.trace.append(Written(name, (), False, *at, DEFAULTED))
            return CONSTANT if at else NOTHING

        return run

    def _accounting(self, step: Step) -> Step:
        readers = [read_nodes(self._parsed(parse_source, text)) for text in self.rule.accounts_for]
        name = self.name

        def run(frame: Frame) -> int:
            written = step(frame)
            if written and frame.run.trace is not None:
                nodes = tuple(node for reader in readers for node in reader(frame))
                frame.run.trace.append(Written(name, nodes, True, frame.target, "", None, ACCOUNTED))
            return written

        return run

    def _raising(self) -> Step:
        raises = self.rule.raises
        assert raises is not None
        severity, text, reader = Severity(raises.severity), raises.text, self.nodes() if self.sources else None
        args = {"rule": f"{self.name.map}/{self.name.rule}"}

        def run(frame: Frame) -> int:
            each = [(node,) for node in reader(frame)] if reader else [(frame.node,) if frame.node else ()]
            for nodes in each:
                report(frame, nodes, "MAP-0303", severity, IssueType.BUSINESS_RULE, text + " ({rule})", args)
            return NOTHING

        return run

    def _children(self, kinds: tuple[Kind, ...], in_value: bool, slots: Slots) -> CompiledMap:
        """The rules below this one, as a map of their own or as alternatives."""
        rule = self.rule
        source = self.place.source if in_value == self.place.in_value else ""
        place = Place(self.place.map, source, in_value, kinds, slots)
        compiled = CompiledMap(slots)
        self.compiler.rules(rule.children, place, compiled)
        if rule.first_of:
            compiled.steps = [(0, _first_of(compiled.steps))]
        return compiled

    def _block_in_place(self) -> Step:
        """A block without `to`: its rules write where this one stands."""
        if not self.sources:
            return self._children(self.place.kinds, self.place.in_value, self.place.slots).run
        inner = self._children(self.place.kinds, True, self.place.slots)
        nodes = self.nodes()

        def run(frame: Frame) -> int:
            written = NOTHING
            for node in nodes(frame):
                if node.raw != NULL:
                    child = inside(frame, node, frame.target, 0, frame.outer)
                    child.slots = frame.slots
                    written |= inner.run(child)
            return written

        return run

    def _content(self, kind: Kind) -> Callable[[Frame, Node, Object, Frame | None], int]:
        """What `using`, `rules` and `preset` together write into the element made for a node."""
        rule = self.rule
        outer = self.place.kinds
        maps: list[CompiledMap] = []
        if rule.using:
            used = self.package.types.get(rule.using)
            if used is None:
                refuse(rule, self.place, f"there is no type map {rule.using}")
            if not self.compiler.schema.takes(kind, used.target):
                refuse(rule, self.place, f"{rule.using} makes a {used.target}, and {rule.target} is a {kind.type}")
            maps.append(self.compiler.rule_map(used, outer))
        if rule.children:
            maps.append(self._children((*outer, kind), True, Slots()))
        for key in rule.preset:
            if self.compiler.schema.child(kind, key) is None:
                refuse(rule, self.place, f"preset: {kind.type} has no element {key}")
        preset = dict(rule.preset)

        def run(frame: Frame, node: Node, element: Object, owner: Frame | None) -> int:
            written = NOTHING
            if frame.run.trace is not None and rule.using:
                frame.run.given.append((rule.using, node))
            for compiled in maps:
                child = inside(frame, node, element, len(compiled.slots.numbers), owner or frame)
                written |= compiled.run(child)
            if written >= VALUE:
                for key, literal in preset.items():
                    if key not in element:
                        element[key] = copied(literal)
            return written

        return run

    def _filling(self, target: Target, kind: Kind) -> Step:
        """Each value fills an element of its own."""
        if kind.type in CONVERTERS and self.rule.using:
            return self._spread(target, kind)
        content, nodes = self._content(kind), self.nodes()
        codes = self._codes() if self.rule.codes else None
        if codes and kind.type not in CODED:
            refuse(self.rule, self.place, f"codes belong to a Coding or CodeableConcept, not to a {kind.type}")
        writing = Writing(self.name, target, kind.type, self.transforms(self.rule.transform), self.rule.null, False)
        url = target.last.url

        def run(frame: Frame) -> int:
            written = NOTHING
            for node in nodes(frame):
                if node.raw == NULL:
                    written |= writing.delete(frame, Found(NULL, (node,)))
                    continue
                there = target.existing(frame)
                element: Object = ({"url": url} if url else {}) if there is None else there
                got = content(frame, node, element, None)
                if codes is not None:
                    got |= _translate_into(writing, frame, node, element, codes)
                if got < VALUE:
                    continue
                if there is not None or target.attach(frame, element) is not None:
                    written = VALUE
            return written

        return run

    def _spread(self, target: Target, kind: Kind) -> Step:
        """A type map onto a primitive: its rules write `$value`."""
        rule = self.rule
        used = self.package.types.get(rule.using)
        if used is None or used.target != kind.type:
            refuse(rule, self.place, f"there is no type map {rule.using} that makes a {kind.type}")
        steps: list[tuple[int, Step]] = []
        for inner in used.rules:
            if inner.target != "$value":
                refuse(inner, replace(self.place, map=used.name), f"a map to {kind.type} writes $value only")
            place = Place(used.name, used.source, True, self.place.kinds, self.place.slots)
            whole = replace(inner, target=rule.target)
            steps.append(self.compiler.rule(whole, place))
        first = _first_of(steps)
        nodes = self.nodes()

        def run(frame: Frame) -> int:
            written = NOTHING
            for node in nodes(frame):
                child = inside(frame, node, frame.target, 0, frame.outer)
                child.slots = frame.slots
                written |= first(child)
            return written

        return run

    def _block(self, target: Target, kind: Kind) -> Step:
        """Rules below one element, made once."""
        if self.rule.using:
            refuse(self.rule, self.place, "using needs a from")
        slots = Slots()
        inner = self._children((*self.place.kinds, kind), self.place.in_value, slots)
        url, preset = target.last.url, dict(self.rule.preset)

        def run(frame: Frame) -> int:
            there = target.existing(frame)
            element: Object = ({"url": url} if url else {}) if there is None else there
            child = Frame(
                frame.run, frame.scope, frame.parts, frame.node, element, len(slots.numbers), frame, frame.owner
            )
            written = inner.run(child)
            if not inner.enough(written):
                return NOTHING
            for key, literal in preset.items():
                if key not in element:
                    element[key] = copied(literal)
            return written if there is not None or target.attach(frame, element) is not None else NOTHING

        return run

    def _making(self, target: Target) -> Step:
        """Each value makes a resource, or finds the one of its identity, and is referred to."""
        rule = self.rule
        kind = self.compiler.schema.root(rule.make)
        if kind is None or not self.compiler.schema.is_resource(rule.make):
            refuse(rule, self.place, f"{rule.make} is no resource type")
        content, nodes = self._content(kind), self.nodes()
        keys = [read_source(self._parsed(parse_source, text), False) for text in rule.identity]
        name, space = self.name, self.package.header.name_space

        def run(frame: Frame) -> int:
            run_, written = frame.run, NOTHING
            for node in nodes(frame):
                if node.raw == NULL:
                    continue
                seen = inside(frame, node, frame.target, 0, frame)
                values = [found[0].text if (found := key(seen)) else "" for key in keys]
                named = values if any(values) else [run_.whole_text_of(node)]
                identity = named_id(space, rule.make, *named)
                instance = run_.by_identity.get(identity)
                if instance is None or run_.trace is not None or (identity, node.raw) not in run_.same:
                    instance = _made(frame, node, identity, rule, content, instance)
                    if instance is None:
                        continue
                    run_.same.add((identity, node.raw))
                node.segment.register(instance)
                at = target.put(frame, {"reference": instance.full_url})
                if run_.trace is not None and at:
                    run_.trace.append(Written(name, (), False, *at, REFERENCED))
                written |= VALUE if at else NOTHING
            return written

        return run


def inside(frame: Frame, node: Node, target: Object, slots: int, outer: Frame | None) -> Frame:
    """The frame of a map that is given a node as its value."""
    return Frame(frame.run, node.segment, frame.run.parts_of(node), node, target, slots, outer, frame.owner)


def copied(literal: Json) -> Json:
    """A literal as an object of its own, because what is made may be filled further."""
    if isinstance(literal, dict):
        return {key: copied(value) for key, value in literal.items()}
    if isinstance(literal, list):
        return [copied(value) for value in literal]
    return literal


def refer(name: RuleName, target: Target, instance: str) -> Step:
    """A reference to the instances of a name, tied when the message has been read."""

    def run(frame: Frame) -> int:
        slot: Object = {}
        at = target.put(frame, slot)
        if at is None:
            return NOTHING
        frame.run.pending.append(
            Pending(at.container, at.key, target.repeats, slot, frame.scope, instance, frame.owner, name)
        )
        return VALUE

    return run


def _made(
    frame: Frame,
    node: Node,
    identity: str,
    rule: Rule,
    content: Callable[[Frame, Node, Object, Frame | None], int],
    known: Instance | None,
) -> Instance | None:
    """The instance of an identity with what the node says of it; None when the node says nothing."""
    run = frame.run
    resource: Object = {"resourceType": rule.make}
    instance = Instance(rule.instance or rule.id, resource, identity, rule.write)
    holder = Frame(run, node.segment, frame.parts, frame.node, resource, 0, frame, instance)
    at = len(run.order)
    if content(holder, node, resource, holder) < VALUE:
        return None
    if known is not None:
        merge_into(run, known.resource, resource)
        return known
    run.order.insert(at, instance)
    run.by_identity[identity] = instance
    return instance


def _transformer(
    apply: Callable[..., str | None], given: tuple[object, ...], sourced: list[Texts | None]
) -> Transformer:
    if not given:
        return lambda frame, text: apply(text)
    if not any(sourced):
        return lambda frame, text: apply(text, *given)

    def run(frame: Frame, text: str) -> str | None:
        values = [
            value if source is None else (found[0].text if (found := source(frame)) else None)
            for value, source in zip(given, sourced, strict=True)
        ]
        return apply(text, *values)

    return run


def _repeated(read: Callable[[Frame], list[_Result]], repeat: Repeat) -> Callable[[Frame], list[_Result]]:
    if repeat is Repeat.FIRST:
        return lambda frame: read(frame)[:1]
    if repeat is Repeat.LAST:
        return lambda frame: read(frame)[-1:]
    return read


def _when(condition: Holds, step: Step) -> Step:
    return lambda frame: step(frame) if condition(frame) else NOTHING


def _first_of(steps: list[tuple[int, Step]]) -> Step:
    def run(frame: Frame) -> int:
        parts = frame.parts
        for guard, step in steps:
            if guard and (guard >= len(parts) or not parts[guard]):
                continue
            written = step(frame)
            if written:
                return written
        return NOTHING

    return run


def _translate_into(writing: Writing, frame: Frame, node: Node, element: Object, codes: Codes) -> int:
    """Add the target codings of a coded value to what the type map has made of it, or flag it."""
    run = frame.run
    found = Found(run.text_of(node), (node,))
    text = writing.transformed(frame, found.text)
    if not text:
        return NOTHING
    rows = codes.code_map.translate(text, sender=run.sender)
    if rows and writing.type == "CodeableConcept":
        add_codings(element, rows)
    elif rows:
        target = rows[0].target
        assert target is not None  # only rows with a target translate
        element.update({"system": target.system, "code": target.code})
    elif codes.unmapped.policy is not Policy.OMIT:
        if codes.unmapped.policy is Policy.ERROR:
            report_unmapped(frame, found, text, codes.code_map)
        if codes.unmapped.policy not in (Policy.PASSTHROUGH, Policy.PREFIX):
            flag_unvalidated(element)
            if writing.type == "CodeableConcept":
                original = original_coding(frame, found, text, codes.code_map)
                element.setdefault("coding", [original])
                element.setdefault("text", original.get("display") or text)
    else:
        return NOTHING
    if run.trace is not None:
        outcome = TRANSLATED if rows else UNVALIDATED
        row = rows[0] if rows else None
        run.trace.append(Written(writing.name, found.nodes, False, element, "", None, outcome, row))
    return VALUE
