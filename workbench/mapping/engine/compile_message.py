"""Compiling message maps: which segment or group makes or fills which resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workbench.kernel.errors import Refused
from workbench.kernel.issues import IssueType, Severity
from workbench.mapping.conditions import Alternatives, Condition, SyntaxProblem, V2Path, read_condition
from workbench.mapping.conditions import read_source as parse_source
from workbench.mapping.engine.compile_rule import Compiler, refer
from workbench.mapping.engine.compile_source import Holds, code_maps_named, code_maps_of, holds
from workbench.mapping.engine.compile_target import Slots, compile_target
from workbench.mapping.engine.compile_text import FirstText, first_text
from workbench.mapping.engine.compile_value import report
from workbench.mapping.engine.effects import Effect, fields_compared, fields_read, keys_written
from workbench.mapping.engine.fused import Fused
from workbench.mapping.engine.identity import id_of_name, name_of, search_by
from workbench.mapping.engine.plans import CompiledMap
from workbench.mapping.engine.rows import RowFunction, Rows
from workbench.mapping.engine.running import NOTHING, VALUE, Frame, Node, RuleName, Run, SlotList, Step
from workbench.mapping.engine.scope import GroupScope, Instance, Layout, Resource, SegmentScope
from workbench.mapping.engine.shapes import Shape, Source, known
from workbench.mapping.engine.steady import MAKES_NOTHING, SKIPPED, Known, SteadyContent, add_instance, make_row_again
from workbench.mapping.engine.template import Template
from workbench.mapping.fhir_target import Kind, TargetProblem, read_target
from workbench.mapping.model import MessageMap, Row

BUNDLE = "bundle"
"""The name under which rows fill the Bundle itself."""

Places = Callable[[Run], Sequence[SegmentScope | GroupScope]]
SegmentPlaces = Callable[[Run], Sequence[SegmentScope]]
Identify = Callable[[Frame], tuple[str, ...] | None]
RowContent = Callable[[Frame, Resource, Instance | None], int]
"""Writes what the maps of a row say into a resource; the instance is None for the Bundle itself."""


class RowCondition(NamedTuple):
    """The condition of a row, None for none.

    fields  a segment with no more fields than this, its name among them, needs no look
    says    what the condition says of such a segment
    """

    holds: Holds | None
    fields: int
    says: bool


@dataclass(frozen=True)
class CompiledMessageMap:
    """A message map ready to run."""

    name: str
    layout: Layout
    by_row: tuple[tuple[Row, RowFunction], ...]
    rows: Rows


def compile_message_map(
    message_map: MessageMap, compiler: Compiler, kept: Mapping[str, RowFunction] | None = None
) -> CompiledMessageMap:
    """kept  functions of rows, by id, that are as good as new

    raises  Refused MAP-0110: anything in it that cannot be, with its place
    """
    known = {group.name for group in message_map.groups}
    for group in message_map.groups:
        if group.within and group.within not in known:
            raise Refused(
                "MAP-0110",
                f"{message_map.place}: map {message_map.name}: {group.within}, around {group.name}, is no group.",
                "Name the groups of this map.",
            )
    by_row = tuple(
        (row, (kept or {}).get(row.id) or _RowCompiler(row, message_map, compiler).compiled())
        for row in message_map.rows
        if row.enabled and compiler.package.status_of(row).value != "rejected"
    )
    return CompiledMessageMap(message_map.name, Layout.of(message_map.groups), by_row, Rows(by_row, known))


class _RowCompiler:
    """The parts of one row on their way to a function."""

    def __init__(self, row: Row, message_map: MessageMap, compiler: Compiler) -> None:
        self.row = row
        self.message_map = message_map
        self.compiler = compiler
        self.package = compiler.package
        self.groups = {group.name for group in message_map.groups}
        self.name = RuleName(message_map.name, row.id)
        self.end = row.source.rsplit("/", 1)[-1]
        self.is_group = self.end in self.groups

    def refuse(self, sentence: str) -> Refused:
        where = self.row.place or f"map {self.message_map.name}"
        return Refused(
            "MAP-0110", f"{where}: row {self.row.id}: {sentence}.", "See the help page of the mapping language."
        )

    def compiled(self) -> RowFunction:
        row, segments = self.row, self.segments()
        places = segments or self.group_repetitions()
        condition, when = self.condition(row.when) if row.when else (None, None)
        condition_here = self.condition_of(condition, when)
        if row.raises:
            return _each(places, condition_here, self.raising())
        if row.fill:
            return _each(places, condition_here, self.filling())
        content, guarded = self.content(self.kind(row.make))
        make = _Make(self, content)
        if guarded is None or segments is None:
            return _each(places, condition_here, make.by_rules)
        asked = self.fields_asked(condition)
        steady = SteadyContent(make.content_of, guarded, asked or frozenset())
        return make.by_memory(segments, condition_here, steady, asked is not None and not steady.asks_elsewhere)

    def condition_of(self, condition: Condition | None, when: Holds | None) -> RowCondition:
        """The row's condition, with what it says of a segment that ends before the first field it asks for."""
        source = Source(self.end, False)
        fields = None if condition is None or self.is_group else fields_compared(condition, source.name)
        says = known(condition, source, Shape((), {})) if condition is not None and fields else None
        return RowCondition(when, 0, True) if says is None or not fields else RowCondition(when, min(fields), says)

    def fields_asked(self, condition: Condition | None) -> frozenset[int] | None:
        """The fields of the row's segment that its condition and keys look at; None when they ask for more."""
        segment, keys = self.end, self.row.identity
        asked = [frozenset[int]() if condition is None else fields_compared(condition, segment)]
        asked += [None if text.startswith("@") else fields_read(self.source(text), segment) for text in keys]
        found = [fields for fields in asked if fields is not None]
        return frozenset().union(*found) if len(found) == len(asked) else None

    # --- where the row runs ------------------------------------------------------------------------------------------

    def groups_around(self) -> tuple[str, ...]:
        groups = tuple(self.row.source.split("/")[:-1])
        for group in groups:
            if group not in self.groups:
                raise self.refuse(f"{group} is no group of this map")
        return groups

    def group_repetitions(self) -> Places:
        if self.row.follows or self.row.each:
            raise self.refuse("each and follows belong to rows for segments")
        return _groups_in(self.end, self.groups_around())

    def segments(self) -> SegmentPlaces | None:
        """None for a row that is for a group."""
        if self.is_group:
            return None
        found = _segments_in(self.end, self.groups_around())
        if self.row.follows:
            found = _following(found, self.end, self.row.follows)
        return self.each(found) if self.row.each else found

    def each(self, found: SegmentPlaces) -> SegmentPlaces:
        """The segments once for every repetition of a field."""
        source = self.source(self.row.each)[0]
        if not isinstance(source, V2Path) or not source.field or source.component:
            raise self.refuse("each names a field of the row's segment")
        field = source.field

        def places(run: Run) -> list[SegmentScope]:
            separator = run.delimiters.repetition
            return [
                segment.only(field, text, number)
                for segment in found(run)
                if field < len(segment.fields)
                for number, text in enumerate(segment.fields[field].split(separator or "\0"), 1)
                if text
            ]

        return places

    def source(self, text: str) -> Alternatives:
        try:
            alternatives = parse_source(text)
        except SyntaxProblem as problem:
            raise self.refuse(f"“{text}”: {problem.sentence} at character {problem.at + 1}") from None
        self.need_code_maps(code_maps_of(alternatives))
        return alternatives

    def need_code_maps(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.package.codes:
                raise self.refuse(f"there is no code map {name}")

    def condition(self, text: str) -> tuple[Condition, Holds]:
        try:
            parsed = read_condition(text)
        except SyntaxProblem as problem:
            raise self.refuse(f"“{text}”: {problem.sentence} at character {problem.at + 1}") from None
        self.need_code_maps(code_maps_named(parsed))
        return parsed, holds(parsed, self.package.codes)

    # --- what it does ------------------------------------------------------------------------------------------------

    def raising(self) -> Callable[[Frame, int], None]:
        raises = self.row.raises
        assert raises is not None
        severity, text = Severity(raises.severity), raises.text + " ({rule})"
        args = {"rule": f"{self.name.map}/{self.name.rule}"}

        def work(frame: Frame, number: int) -> None:
            nodes = (Node(frame.scope.name, 0, frame.scope),) if isinstance(frame.scope, SegmentScope) else ()
            report(frame, nodes, "MAP-0303", severity, IssueType.BUSINESS_RULE, text, args)

        return work

    def maps(self, kind: Kind) -> list[tuple[str, str, CompiledMap]]:
        """The segment maps of the row: name, segment, compiled."""
        found = []
        for name in self.row.using:
            used = self.package.segments.get(name)
            if used is None:
                raise self.refuse(f"there is no segment map {name}")
            if used.target != kind.type:
                raise self.refuse(f"{name} fills a {used.target}, not a {kind.type}")
            segment = self.end
            if not self.is_group and used.source != segment:
                raise self.refuse(f"{name} reads {used.source}, and this row is for {segment}")
            found.append((name, used.source, self.compiler.rule_map(used, ())))
        return found

    def links(self, kind: Kind) -> list[tuple[Step, Effect]]:
        """What leaves the references of the row, and which keys it writes."""
        found = []
        for path, instance in self.row.link.items():
            try:
                target_path = read_target(path, (kind,), self.compiler.schema, self.package.header.extensions)
                target = compile_target(target_path, Slots())
            except TargetProblem as problem:
                raise self.refuse(f"link: {problem}") from None
            if not target_path.steps or target_path.steps[-1].element.kind.type != "Reference":
                raise self.refuse(f"link: {path} is no Reference")
            writes, appends = keys_written(target_path, False)
            found.append((refer(self.name, target, instance), Effect(frozenset(), writes=writes, appends=appends)))
        return found

    def content(self, kind: Kind) -> tuple[RowContent, list[tuple[int, Effect]] | None]:
        """What the maps of the row write into a resource; the effects of their rules, each with the field that must be
        populated for it or 0, None when one cannot be said."""
        maps, linking = self.maps(kind), self.links(kind)
        links = [link for link, _ in linking]
        covered = self.maps_with_rules()
        reads = any(compiled.reads for _, _, compiled in maps)

        def run(frame: Frame, resource: Resource, owner: Instance | None) -> int:
            written, state, scope = NOTHING, frame.run, frame.scope
            for map_name, name, compiled in maps:
                for segment in (scope,) if isinstance(scope, SegmentScope) else scope.own(name):
                    if map_name in covered:
                        segment.maps[map_name] = None
                    slots: SlotList = [None] * compiled.slots.size
                    written |= compiled.run(Frame(state, segment, segment.fields, None, resource, slots, None, owner))
            if links and (written >= VALUE or not reads):
                here = Frame(state, scope, frame.parts, None, resource, [None] * len(links), None, owner)
                for link in links:
                    link(here)
            return VALUE if written >= VALUE or (written and not reads) else NOTHING

        effects = [(entry.guard, entry.effect(entry.when)) for _, _, compiled in maps for entry in compiled.entries]
        effects += [(0, effect) for _, effect in linking]
        found = [(guard, effect) for guard, effect in effects if effect is not None]
        return run, None if self.is_group or len(found) < len(effects) else found

    def maps_with_rules(self) -> dict[str, None]:
        """The maps of the row that have ignore or keep rules (as keys of `SegmentScope.maps`)."""
        return dict.fromkeys([name for name in self.row.using if self.package.segments[name].covers])

    def filling(self) -> Callable[[Frame, int], None]:
        fill = self.row.fill
        if fill == BUNDLE:
            into_bundle, _ = self.content(self.kind("Bundle"))

            def fill_bundle(frame: Frame, number: int) -> None:
                into_bundle(frame, frame.run.bundle, None)

            return fill_bundle
        kinds = {other.make for other in self.message_map.rows if other.name == fill and other.make}
        kinds = kinds or self.made_inside(fill)
        if len(kinds) != 1:
            raise self.refuse(f"{fill} is made by no row" if not kinds else f"{fill} names different resources")
        content, guarded = self.content(self.kind(kinds.pop()))
        steady = SteadyContent(lambda frame: content(frame, frame.target, frame.owner), guarded) if guarded else None
        with_rules = self.maps_with_rules()

        def write(frame: Frame, number: int) -> None:
            found = frame.run.find(fill, frame.scope)
            if not found:
                return
            memory = None if steady is None else steady.memory_for(frame.run, frame.parts)
            if memory is None:
                content(frame, found[-1].resource, found[-1])
                return
            if with_rules and isinstance(frame.scope, SegmentScope):
                frame.scope.maps.update(with_rules)
            frame.target, frame.owner = found[-1].resource, found[-1]
            memory.run(frame)

        return write

    def made_inside(self, name: str) -> set[str]:
        """The types of resources that rules of the package make under that name."""
        return {
            rule.make
            for rule_map in self.package.rule_maps()
            for rule in rule_map.walk()
            if rule.make and (rule.instance or rule.id) == name
        }

    def kind(self, name: str) -> Kind:
        kind = self.compiler.schema.root(name)
        if kind is None or not self.compiler.schema.is_resource(name):
            raise self.refuse(f"{name} is no resource type")
        return kind

    def identify(self) -> Identify:
        segment = "" if self.is_group else self.end
        keys = [
            _identity_of(text[1:])
            if text.startswith("@")
            else first_text(self.source(text), False, segment, self.package.codes)
            for text in self.row.identity
        ]

        def identify(frame: Frame) -> tuple[str, ...] | None:
            values = tuple([key(frame) for key in keys])
            return values if values and values[-1] else None

        return identify


def _identity_of(name: str) -> FirstText:
    """The identity of the first instance of a name in scope, "" when there is none."""

    def read(frame: Frame) -> str:
        made = frame.run.find(name, frame.scope)
        return made[0].identity if made else ""

    return read


class _Make:
    """The making of a resource by a row."""

    def __init__(self, compiler: _RowCompiler, content: RowContent) -> None:
        row = compiler.row
        self._content = content
        self._identify = compiler.identify()
        self._type, self._name, self._write = row.make, row.name, row.write
        self._space = name_of(compiler.package.header.name_space, row.make)
        self._own, self._keyed = name_of(row.id), bool(row.identity)
        self._first = self._own + name_of("1")
        self._with_rules = compiler.maps_with_rules()

    def content_of(self, frame: Frame) -> int:
        return self._content(frame, frame.target, frame.owner)

    def by_rules(self, frame: Frame, number: int) -> None:
        self._made(frame, number, self._told(frame), None)

    def by_memory(
        self, places: SegmentPlaces, condition: RowCondition, steady: SteadyContent, decided: bool
    ) -> RowFunction:
        """decided  the fields the memory knows tell all that the row depends on, its condition and keys included"""
        name, write, with_rules, numbered = self._name, self._write, self._with_rules, self._numbered
        holds_here, fields, says = condition

        def run(state: Run) -> None:
            for number, scope in enumerate(places(state), 1):
                parts = scope.fields
                short = len(parts) <= fields
                if short and not says:
                    continue
                memory = steady.memory
                if memory is not None and decided and scope.first is None and not state.afresh:
                    known = steady.known.get((state.context, memory.texts(parts)))
                    if known is not None:
                        if known.runs:
                            if with_rules:
                                scope.maps.update(with_rules)
                            if known.resource is not None:
                                identity = known.identity or numbered(state, number)
                                make_row_again(state, scope, known, identity, name, write)
                        continue
                memory = steady.memory_for(state, parts)
                frame = Frame(state, scope, parts, None, state.bundle, [], None, None)
                held = short or holds_here is None or holds_here(frame)
                told = self._told(frame) if held else ""
                if held:
                    self._made(frame, number, told, memory)
                if memory is not None and decided and scope.first is None:
                    steady.keep((state.context, memory.texts(parts)), self._known(state, parts, memory, told, held))

        return run

    def _made(self, frame: Frame, number: int, told: str, memory: Fused | None) -> None:
        """Make the resource, by memory if there is one; `told` is its identity, "" when the keys tell none."""
        run = frame.run
        resource: Resource = {"resourceType": self._type}
        identity = told or self._numbered(run, number)
        instance = Instance(self._name, resource, identity, f"urn:uuid:{identity}", self._write)
        place = len(run.order)
        if memory is None:
            written = self._content(frame, resource, instance)
        else:
            assert isinstance(frame.scope, SegmentScope)  # rows for groups are not remembered
            frame.scope.maps.update(self._with_rules)
            frame.target, frame.owner = resource, instance
            written = memory.run(frame)
        if written != NOTHING:
            add_instance(run, frame.scope, instance, place)

    def _known(self, run: Run, parts: list[str], memory: Fused, told: str, held: bool) -> Known | None:
        """What the row does with a segment that it has just worked on, None when that cannot be remembered."""
        if not held:
            return SKIPPED
        outcome = memory.outcome(run, memory.texts(parts))
        if outcome is None:
            return None
        if outcome.written == NOTHING:
            return MAKES_NOTHING if outcome.leaves_nothing else None
        resource = Template({"resourceType": self._type, **outcome.element.element})
        return Known(True, resource, told, search_by(resource.element), outcome)

    def _told(self, frame: Frame) -> str:
        """The identity that the row's keys tell, "" when they tell none."""
        named = self._identify(frame) if self._keyed else None
        return "" if named is None else id_of_name(self._space + name_of(*named))

    def _numbered(self, run: Run, number: int) -> str:
        """The identity of what a row makes without keys: of its message, its row and its number."""
        own = self._first if number == 1 else self._own + name_of(str(number))
        return id_of_name(f"{self._space}{run.name}{own}")


def _each(places: Places, condition: RowCondition, work: Callable[[Frame, int], None]) -> RowFunction:
    """Do the work in each of the places at which the condition holds."""
    holds_here, fields, says = condition

    def run(state: Run) -> None:
        for number, scope in enumerate(places(state), 1):
            parts = scope.fields if isinstance(scope, SegmentScope) else []
            short = fields > 0 and len(parts) <= fields
            if short and not says:
                continue
            frame = Frame(state, scope, parts, None, state.bundle, [], None, None)
            if holds_here is None or short or holds_here(frame):
                work(frame, number)

    return run


def _groups_in(name: str, path: tuple[str, ...]) -> Places:
    """The repetitions of a group that stand directly in the last of the groups of a path, that in the one before, …"""
    whole = (*path, name)
    return lambda run: [group for group in run.laid_out.groups.get(name, ()) if group.path[-len(whole) :] == whole]


def _segments_in(name: str, path: tuple[str, ...]) -> SegmentPlaces:
    """The segments of a name, all or those that stand directly in the groups of a path."""
    if not path:
        return lambda run: run.laid_out.by_name.get(name, ())
    return lambda run: run.laid_out.below(name, path)


def _following(found: SegmentPlaces, name: str, before: str) -> SegmentPlaces:
    """Only segments of a run of `name` that comes straight after a segment `before`."""

    def places(run: Run) -> list[SegmentScope]:
        after: set[int] = set()
        previous, open_run = "", False
        for segment in run.laid_out.segments:
            if segment.name == name:
                open_run = open_run or previous == before
                if open_run:
                    after.add(segment.index)
            else:
                open_run = False
            previous = segment.name
        return [scope for scope in found(run) if scope.index in after]

    return places
