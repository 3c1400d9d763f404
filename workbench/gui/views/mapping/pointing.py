"""Selecting in one pane points out what belongs to it in the others: where from, where to, by which rule, why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, Signal

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.models.nodes import Node
from workbench.gui.models.rule_tree import RuleName, entry_of
from workbench.gui.views.mapping.ends import plain_sources, plain_target
from workbench.gui.views.mapping.explain import explain, explain_field
from workbench.gui.views.mapping.probe import Probe
from workbench.gui.views.mapping.result_pane import ResultPane
from workbench.gui.views.mapping.rule_index import RuleIndex
from workbench.gui.views.mapping.rules_pane import RulesPane
from workbench.gui.views.mapping.selection import Selection
from workbench.gui.views.mapping.source_pane import SourcePane
from workbench.gui.views.mapping.target_pane import TargetPane
from workbench.gui.views.mapping.trace_index import TraceIndex, Written
from workbench.mapping.model import Row, RuleMap


class Pointing(QObject):
    """Knows the trace of the selected message and the ends of all rules.

    focus  the rules that belong to the selection; connectors draw them strongly
    """

    explained = Signal(str)
    focus_changed = Signal()
    rule_shown = Signal()

    def __init__(
        self,
        bench: Bench,
        desk: MappingDesk,
        selection: Selection,
        probe: Probe,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._bench, self._desk, self._selection, self._probe = bench, desk, selection, probe
        self.index = RuleIndex()
        self.trace: TraceIndex | None = None
        self.focus: frozenset[RuleName] = frozenset()
        self._fired: frozenset[tuple[str, str]] = frozenset()

    def take_panes(self, source: SourcePane, rules: RulesPane, target: TargetPane, result: ResultPane) -> None:
        """The panes it works on; they ask it themselves, so they are made after it."""
        self._source, self._rules, self._target, self._result = source, rules, target, result

    # What is known

    def take_package(self) -> bool:
        """Look up the ends of the package's rules anew; False when they are what they were."""
        before, self.index = self.index, RuleIndex(self._desk.shown, self.index)
        return not self.index.same_ends(before)

    def take_result(self) -> None:
        """Look up the trace of the present result."""
        result = self._desk.result
        self.trace = TraceIndex(result.traced, result.document, result.texts) if result is not None else None
        self._fired = self._rules_at_work(self.trace) if self.trace is not None else frozenset()

    def fired(self) -> frozenset[tuple[str, str]]:
        """The rules that did something in the selected message, as pairs of map and id."""
        return self._fired

    def _rules_at_work(self, trace: TraceIndex) -> frozenset[tuple[str, str]]:
        """The rules in the trace, and those that gave their value to a type map whose rules are there."""
        found = set(trace.rules())
        ends, seen = self.index.ends, set[tuple[str, str]]()
        for write in trace.all:
            kind, _ = _target_end(write)
            for place in write.entry.source:
                key = (place.path, kind)
                if key in seen or not kind:
                    continue
                seen.add(key)
                read, path = self._source.end_at(place.path)
                readers = self.index.reading(path, inside=False, read=read) if path else ()
                found.update((name.map_name, name.rule) for name in readers if ends[name].type == kind)
        return frozenset(found)

    def read_paths(self) -> frozenset[str]:
        return self.index.read_paths()

    # What is shown

    def show_source(self, node: Node) -> None:
        """Where did this value go?"""
        self._bench.select_place(node.path, node.span, self._source.tree)
        path = self._source.path_of(node)
        self._selection.choose_source(path)
        writes = self.trace.of_source(node.span) if self.trace is not None and node.span is not None else ()
        self._explain_source(node.path, path, writes)

    def show_field(self, path: str) -> None:
        """Where does this field go, here and anywhere?"""
        self._selection.choose_source(path)
        node = self._source.node_of(path)
        if node is not None:
            self._bench.select_place(node.path, node.span, self._source.fields)
        writes = self.trace.of_source(node.span) if self.trace is not None and node is not None and node.span else ()
        self._explain_source(path, path, writes)

    def _explain_source(self, shown: str, path: str, writes: Sequence[Written]) -> None:
        readers = self.index.reading(path, read=self._source.fhir_type) if path else ()
        self.explained.emit(
            explain(shown, writes, "", source=shown)
            if writes
            else explain_field(path or shown, readers, self._probe.tally, self._probe.ledger)
        )
        self._focus_on([*_rules_of(writes), *readers])
        if self.trace is not None:
            self._result.point_out(self.trace.target_spans(writes))

    def show_target(self, path: str) -> None:
        """Where does this value of the result come from?"""
        if self.trace is not None:
            self._explain_target(path.partition(".resource.")[2] or path, self.trace.of_target(path))

    def show_target_byte(self, byte: int) -> None:
        """Where does what stands at this byte of a written message come from?"""
        if self.trace is not None:
            writes = self.trace.of_target_byte(byte)
            self._explain_target(writes[0].path if writes else "This", writes)

    def _explain_target(self, shown: str, writes: tuple[Written, ...]) -> None:
        if self.trace is None:
            return
        self.explained.emit(explain(shown, writes, "was made by the message map"))
        self._focus_on(_rules_of(writes))
        self._result.point_out(self.trace.target_spans(writes), scroll=False)
        self._point_at_source(writes, self._result)
        if self._selection.rule.rule:
            self._show_ends(self._selection.rule)

    def show_element(self, path: str) -> None:
        """Which rules write this element, and what did they write here?"""
        self._selection.choose_target(path)
        kind = self._target.shown_type
        writers = self.index.writing(kind, path)
        writes: tuple[Written, ...] = ()
        if self.trace is not None:
            writes = tuple(write for write in self.trace.all if _writes_to(write, kind, path))
            self._result.point_out(self.trace.target_spans(writes))
        nothing = (
            f"is written by {_names(writers)}; not in this message"
            if writers
            else "is written by no rule. Select a field and press Ctrl+M, or drag the field here"
        )
        self.explained.emit(explain(f"{kind}.{path}", writes, nothing))
        self._focus_on([*_rules_of(writes), *writers])

    def show_rule(self, name: RuleName, *, ends: bool = True) -> None:
        """What does this rule do, here and in general?

        ends  go to the field it reads and the element it writes as well
        """
        self._rules.select(name)
        self._selection.choose_rule(name)
        self.focus = frozenset({name})
        self.focus_changed.emit()
        self.rule_shown.emit()
        if not name.rule:
            return
        writes = self._writes_of(name)
        nothing = "does nothing for this message"
        self.explained.emit(self._of_row(name) or explain(f"{name.map_name}/{name.rule}", writes, nothing))
        if self.trace is not None:
            self._result.point_out(self.trace.target_spans(writes))
        if ends:
            self._point_at_source(writes, self._rules)
            self._show_ends(name)

    def _writes_of(self, name: RuleName) -> tuple[Written, ...]:
        """What a rule wrote, itself or through the type map it gave its value to."""
        if self.trace is None:
            return ()
        own = self.trace.of_rule(name.map_name, name.rule)
        ends = self.index.ends.get(name)
        if own or ends is None or (name.map_name, name.rule) not in self._fired:
            return own
        return tuple(
            write
            for write in self.trace.all
            if any(_writes_to(write, ends.type, target) for target in ends.targets)
            and any(_within(self._source.end_at(place.path)[1], ends.sources) for place in write.entry.source)
        )

    def _of_row(self, name: RuleName) -> str:
        """What a row made of the message; "" for a rule, and for a row that made nothing."""
        package, result = self._desk.shown, self._desk.result
        found = entry_of(package, name) if package is not None and name.is_of_message_map else None
        row = found[1] if found is not None else None
        made = getattr(result.traced, "made", ()) if result is not None else ()
        count = sum(1 for other, _ in made if isinstance(row, Row) and other == row.name)
        words = "1 resource" if count == 1 else f"{count} resources"
        return f"{name.map_name}/{name.rule} made {words} of this message" if count else ""

    def point_again(self) -> None:
        """After a new result: highlight what belongs to the selected rule without moving anything."""
        name = self._selection.rule
        if self.trace is not None and name.rule:
            self._result.point_out(self.trace.target_spans(self._writes_of(name)), scroll=False)

    def _show_ends(self, name: RuleName) -> None:
        """Bring the ends of a rule into view in both trees."""
        package = self._desk.shown
        found = entry_of(package, RuleName(name.map)) if package is not None else None
        content = found[0] if found is not None else None
        self._source.show_map(content if isinstance(content, RuleMap) else None)
        ends = self.index.ends.get(name)
        if ends is None:
            return
        if ends.type:
            self._target.show_type(ends.type)
        if ends.targets:
            self._target.select(ends.targets[0])
            self._selection.choose_target(ends.targets[0])
        if ends.sources:
            self._source.select_field(ends.sources[0])
            self._selection.choose_source(ends.sources[0])

    def _focus_on(self, rules: Iterable[RuleName]) -> None:
        """Make rules stand out, and select the first of them."""
        named = [name for name in dict.fromkeys(rules) if name in self.index.ends]
        self.focus = frozenset(named)
        first = named[0] if named else RuleName("")
        self._rules.select(first, show=True)
        self._selection.choose_rule(first)
        self.rule_shown.emit()
        self.focus_changed.emit()

    def _point_at_source(self, writes: Sequence[Written], by: object) -> None:
        source = next((place for write in writes for place in write.entry.source if place.span is not None), None)
        if source is not None:
            self._bench.select_place(source.path, source.span, by)


def _rules_of(writes: Iterable[Written]) -> list[RuleName]:
    return [RuleName(write.entry.map_id, write.entry.rule_id) for write in writes]


def _target_end(write: Written) -> tuple[str, str]:
    """(type, path in it) of what was written: `Patient`, `name.family`; of HL7 v2 `PID`, `PID-5.1`."""
    resource, joint, target = write.entry.target.partition("#")
    if joint:
        return resource.partition("/")[0], plain_target(target)
    path = next(iter(plain_sources(resource)), "")
    return path.partition("-")[0], path


def _writes_to(write: Written, kind: str, path: str) -> bool:
    written, plain = _target_end(write)
    return written == kind and (plain == path or plain.startswith(f"{path}."))


def _within(path: str, places: Sequence[str]) -> bool:
    return any(path == place or path.startswith(f"{place}.") for place in places)


def _names(rules: Sequence[RuleName]) -> str:
    named = ", ".join(f"{name.map_name}/{name.rule}" for name in rules[:3])
    return f"{named} and {len(rules) - 3} more" if len(rules) > 3 else named
