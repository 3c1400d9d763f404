"""Compiling message maps: which resource or segment makes or fills what, and what stands in what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbench.kernel.errors import Refused
from workbench.kernel.issues import IssueType, Severity
from workbench.mapping.conditions import SyntaxProblem, V2Path, read_source
from workbench.mapping.directions.plans import CompiledMap
from workbench.mapping.directions.rules import Compiler, fill
from workbench.mapping.directions.running import Frame, Holds, Instance, Node, Reader, Written
from workbench.mapping.directions.v2_reading import V2Source
from workbench.mapping.engine.running import NOTHING, REFERENCED, VALUE, RuleName
from workbench.mapping.engine.scope import GroupScope, Layout, SegmentScope, stands_in, way_to
from workbench.mapping.fhir_target import Kind
from workbench.mapping.model import Direction, MessageMap, Row

Work = Callable[[Frame, Node], Instance | None]

ANY_RESOURCE = "Resource"
"""The `from` of a segment map that reads resources of every type."""


@dataclass(frozen=True)
class CompiledRow:
    """One row; `inside` are those that run within each of its results, `kind` is what it reads where that is known."""

    read: Reader
    work: Work
    when: Holds | None
    kind: Kind | None
    inside: list[CompiledRow] = field(default_factory=list)

    def run(self, frame: Frame) -> None:
        for node in self.read(frame):
            here = Frame(frame.run, node, frame.owner, frame.target, {})
            if self.when is not None and not self.when(here):
                continue
            made = self.work(here, node)
            if made is None:
                continue
            for row in self.inside:
                row.run(Frame(frame.run, node, made, made.content, {}))
            if not made.kind and not made.inside and made in frame.owner.inside:
                frame.owner.take_back(made)


@dataclass(frozen=True)
class CompiledMessageMap:
    """A message map ready to run; `when` of a map chosen by a resource's type; `by_id` are all its rows."""

    name: str
    layout: Layout
    rows: tuple[CompiledRow, ...]
    when: Holds | None
    by_id: Mapping[str, CompiledRow]


def compile_message_map(
    message_map: MessageMap, compiler: Compiler, known: Mapping[str, CompiledRow]
) -> CompiledMessageMap:
    """Compile the rows, but for those that are `known` by their ids.

    raises  Refused MAP-0110: anything in it that cannot be, with its place
    """
    compiled: dict[str, CompiledRow] = {}
    by_id: dict[str, CompiledRow] = {}
    top: list[CompiledRow] = []
    for row in message_map.rows:
        if not row.enabled or compiler.package.status_of(row).value == "rejected":
            continue
        maker = _RowCompiler(row, message_map, compiler)
        if row.within and row.within not in compiled:
            raise maker.refuse(f"{row.within} is no row above")
        around = compiled[row.within].kind if row.within else None
        result = replace(known[row.id], inside=[]) if row.id in known else maker.compiled(around)
        compiled[row.name] = by_id[row.id] = result
        (compiled[row.within].inside if row.within else top).append(result)
    layout, when = Layout.of(message_map.groups), _when(message_map, compiler)
    return CompiledMessageMap(message_map.name, layout, tuple(top), when, by_id)


def _when(message_map: MessageMap, compiler: Compiler) -> Holds | None:
    try:
        return compiler.reading.condition(message_map.when, None) if message_map.when else None
    except SyntaxProblem as problem:
        raise Refused(
            "MAP-0110",
            f"{message_map.place}: when: “{message_map.when}”: {problem.sentence} at character {problem.at + 1}.",
            "See the help page of the mapping language.",
        ) from None


def row_kinds(message_map: MessageMap, compiler: Compiler) -> dict[str, Kind | None]:
    """What the rows of a map read, by the names paths may begin with; None where that is not known."""
    kinds: dict[str, Kind | None] = {}
    for row in message_map.rows:
        try:
            kinds[row.name] = compiler.reading.source(row.source, kinds.get(row.within))[1]
        except SyntaxProblem:
            kinds[row.name] = None  # compiling the row says what is wrong
    return kinds


class _RowCompiler:
    """The parts of one row on their way to a function."""

    def __init__(self, row: Row, message_map: MessageMap, compiler: Compiler) -> None:
        self.row = row
        self.message_map = message_map
        self.compiler = compiler
        self.package = compiler.package
        self.name = RuleName(message_map.name, row.id)
        self.reads_v2 = self.package.header.direction is Direction.V2_TO_V2

    def refuse(self, sentence: str) -> Refused:
        where = self.row.place or f"map {self.message_map.name}"
        return Refused(
            "MAP-0110", f"{where}: row {self.row.id}: {sentence}.", "See the help page of the mapping language."
        )

    def compiled(self, around: Kind | None) -> CompiledRow:
        row = self.row
        unknown = {"identity": row.identity, "link": row.link, "each": row.each, "follows": row.follows}
        named = next((key for key, value in unknown.items() if value), "")
        if named:
            raise self.refuse(f"{named} belongs to packages that go from v2 to FHIR")
        try:
            read, kind = self._places() if self.reads_v2 else self.compiler.reading.source(row.source, around)
            when = self.compiler.reading.condition(row.when, kind) if row.when else None
        except SyntaxProblem as problem:
            raise self.refuse(f"{problem.sentence} at character {problem.at + 1}") from None
        except KeyError as missing:
            raise self.refuse(f"there is no code map {missing.args[0]}") from None
        return CompiledRow(read, self._work(), when, kind)

    def _places(self) -> tuple[Reader, Kind | None]:
        """All segments of a name, through the groups named; rows run over the whole message."""
        path = read_source(self.row.source)[0]
        if self.row.within or not isinstance(path, V2Path) or path.field or path.in_value:
            raise self.refuse("a row over v2 is for a segment: PID, or ORDER_OBSERVATION/OBX")

        def read(frame: Frame) -> list[Node]:
            document = frame.run.document
            assert isinstance(document, V2Source)  # the package reads v2
            found = document.laid_out.by_name.get(path.name, ())
            return [
                document.segment_node(segment)
                for segment in found
                if not path.groups or stands_in(segment, path.groups)
            ]

        return read, None

    def _work(self) -> Work:
        row = self.row
        if row.raises is not None:
            return self._raising()
        if row.group:
            return self._grouping()
        return self._filling() if row.fill else self._making()

    def _raising(self) -> Work:
        raises = self.row.raises
        assert raises is not None  # the caller has looked
        severity, text = Severity(raises.severity), raises.text + " ({rule})"
        args = {"rule": "/".join(self.name)}

        def work(frame: Frame, node: Node) -> None:
            frame.run.report((node,), "MAP-0303", severity, IssueType.BUSINESS_RULE, text, args)

        return work

    def _grouping(self) -> Work:
        row = self.row

        def work(frame: Frame, node: Node) -> Instance:
            made = Instance(row.name, "", node, frame.owner)
            frame.owner.add(made)
            return made

        return work

    def _maps(self, kind: str) -> dict[str, list[CompiledMap]]:
        """The maps of the row by what they read: a resource, an element, a segment."""
        found: dict[str, list[CompiledMap]] = {}
        for name in self.row.using:
            used = self.package.segments.get(name)
            if used is None:
                raise self.refuse(f"there is no segment map {name}")
            if used.target != kind:
                raise self.refuse(f"{name} fills a {used.target}, not a {kind}")
            found.setdefault(used.source, []).append(self.compiler.rule_map(used, ()))
        return found

    def _content(self, kind: str) -> Callable[[Frame, Node, Instance], int]:
        """What the maps of the row write into a segment or resource."""
        maps = self._maps(kind)
        by_type = {name: compiled for name, compiled in maps.items() if "." not in name}
        others = [one for name, compiled in maps.items() if "." in name for one in compiled]
        resources = self.package.header.direction is not Direction.V2_TO_V2
        reads = any(one.reads or one.copies for compiled in maps.values() for one in compiled)

        def run(frame: Frame, node: Node, owner: Instance) -> int:
            kind_of_node = node.value.get("resourceType") if isinstance(node.value, dict) else None
            if resources and isinstance(kind_of_node, str):
                chosen: Sequence[CompiledMap] = [*by_type.get(kind_of_node, ()), *by_type.get(ANY_RESOURCE, ())]
            else:
                chosen = [*(one for compiled in by_type.values() for one in compiled), *others]
            written = NOTHING
            slots: dict[str, dict[str, object]] = {}
            for compiled in chosen:
                around = Frame(frame.run, node, owner, owner.content, slots)
                written |= fill(compiled, around, node, owner.content)
            return VALUE if written >= VALUE or (written and not reads) else NOTHING

        return run

    def _making(self) -> Work:
        row = self.row
        if not self.compiler.writing.is_segment(row.make):
            raise self.refuse(f"{row.make} is nothing a row can make")
        content, name = self._content(row.make), self.name
        is_resource = self.package.header.direction is Direction.FHIR_TO_FHIR

        def work(frame: Frame, node: Node) -> Instance | None:
            made = Instance(row.name, row.make, node, frame.owner)
            if is_resource:
                made.content["resourceType"] = row.make
            frame.owner.add(made)
            if content(frame, node, made) < VALUE:
                frame.owner.take_back(made)
                return None
            _note_way(frame, name, node, made)
            return made

        return work

    def _filling(self) -> Work:
        row = self.row
        kinds = {other.make for other in self.message_map.rows if other.name == row.fill and other.make}
        if len(kinds) != 1:
            raise self.refuse(f"{row.fill} is made by no row" if not kinds else f"{row.fill} names different things")
        content, name = self._content(kinds.pop()), self.name

        def work(frame: Frame, node: Node) -> None:
            found = _nearest(frame.owner.found(row.fill), node)
            if found and content(frame, node, found[-1]) >= VALUE:
                _note_way(frame, name, node, found[-1])

        return work


def _nearest(found: list[Instance], node: Node) -> list[Instance]:
    """Over v2: those made from the nearest group around the node, never from another repetition of a group it is in."""
    if node.segment is None:
        return found
    scope, left = node.segment.outer, ""
    while scope is not None:
        here = [
            one
            for one in found
            if one.source.segment is not None
            and _stands_within(one.source.segment, scope)
            and (not left or way_to(one.source.segment, scope) != left)
        ]
        if here:
            return here
        left, scope = scope.name, scope.outer
    return []


def _stands_within(segment: SegmentScope, group: GroupScope) -> bool:
    scope = segment.outer
    while scope is not None and scope is not group:
        scope = scope.outer
    return scope is not None


def _note_way(frame: Frame, name: RuleName, node: Node, made: Instance) -> None:
    """The references that led to a value are carried by what was made from it standing where it stands."""
    if node.via:
        ways = tuple(Node(None, place) for place in node.via)
        frame.run.note(Written(name, ways, False, made.content, "", None, REFERENCED))
