"""The Mapping page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLineEdit, QSplitter, QStackedWidget, QWidget

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import FATE_MARKS, counted
from workbench.gui.models.nodes import Node
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.page import Page
from workbench.gui.shell.command_palette import Entry
from workbench.gui.views.mapping.add_rule import AddRuleDialog
from workbench.gui.views.mapping.result_pane import ResultPane
from workbench.gui.views.mapping.rule_editor import RuleEditor
from workbench.gui.views.mapping.rules_pane import RulesPane
from workbench.gui.views.mapping.source_pane import SourcePane
from workbench.gui.views.mapping.trace_index import TraceIndex, Written
from workbench.gui.widgets.basics import Badge, EmptyState, across, button, down, label
from workbench.kernel.errors import Refused
from workbench.mapping.edits import AddRule, ChangeRule, RemoveRule
from workbench.mapping.ledger import Fate
from workbench.mapping.model import Rule, RuleMap, RuleStatus
from workbench.v2.path import V2Path


class MappingPage(Page):
    """Source, rules and result; selecting in one points out what belongs to it in the others."""

    name = "mapping"

    def __init__(self, bench: Bench, desk: MappingDesk, open_files: Callable[[], None]) -> None:
        super().__init__(bench)
        self.desk = desk
        self._trace: TraceIndex | None = None
        self.source = SourcePane(bench, desk)
        self.rules = RulesPane(bench, desk, self._fired)
        self.result = ResultPane(bench, desk)
        self.editor = RuleEditor(bench, self.approve_rule, self.remove_rule)
        self._package_name = label("", "heading")
        self._message_name = label("", "muted")
        self._explanation = label("", "muted")
        self._badges = {fate: Badge(bench.theme) for fate in Fate}
        self._stack = QStackedWidget()
        text = "The mapping is shown on a real message: what goes where, and what is lost."
        empty = EmptyState(bench.theme, "arrow-left-right", "Open a capture first", text, "Open files…", open_files)
        self._stack.addWidget(empty)
        self._stack.addWidget(self._body())
        self.setLayout(down(self._stack, margins=8))
        self._connect()
        self._capture_changed()
        self._package_changed()
        self.source.refresh()
        self.refresh()

    def _body(self) -> QWidget:
        add = button("Add rule…", self.add_rule, tip="From the selected source field (Ctrl+M)")
        strip = across(self._package_name, self._message_name, 1, *self._badges.values(), add, spacing=14)
        strip.setContentsMargins(6, 0, 2, 6)
        panes = QSplitter(Qt.Orientation.Horizontal)
        for frame in (self.source, self.rules, self.result):
            panes.addWidget(frame)
        panes.setSizes([380, 440, 500])
        panes.setChildrenCollapsible(False)
        foot = QFrame()
        foot.setObjectName("pane")
        line = across(self._explanation, 1)
        line.setContentsMargins(12, 6, 12, 0)
        foot.setLayout(down(line, self.editor, spacing=0))
        body = QWidget()
        layout = down(strip, panes, foot, spacing=6)
        layout.setStretch(1, 1)
        body.setLayout(layout)
        return body

    def _connect(self) -> None:
        self.source.chosen.connect(self.show_source)
        self.rules.chosen.connect(self.show_rule)
        self.result.chosen.connect(self.show_target)
        self.editor.changed.connect(self.change_rule)
        self.desk.result_changed.connect(self.refresh)
        self.desk.package_changed.connect(self._package_changed)
        self.bench.capture_changed.connect(self._capture_changed)

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {
            "mapping.add_rule": self.add_rule,
            "mapping.remove_rule": self.remove_rule,
            "mapping.approve_rule": self.approve_rule,
        }

    def panes(self) -> list[QWidget]:
        return [self.source.tree, self.rules.tree, self.result.json, self.result.tree, self.editor.source]

    def filter_box(self) -> QLineEdit | None:
        return self.rules.filter

    def entries(self, words: str) -> list[Entry]:
        wanted = words.lower().split()
        if not wanted or self.desk.package is None:
            return []
        found = []
        for rule_map in self.desk.package.rule_maps():
            for rule in rule_map.walk():
                text = f"{rule_map.name}/{rule.id} {' '.join(rule.source)} → {rule.target}"
                if all(word in text.lower() for word in wanted):
                    found.append(Entry(f"{rule_map.name}/{rule.id}", text, "", self._opener(rule_map, rule)))
        return found[:40]

    def _opener(self, rule_map: RuleMap, rule: Rule) -> Callable[[], None]:
        def go() -> None:
            self.bench.page_asked.emit(self.name)
            self.show_rule(RuleName(rule_map.name, rule.id))
            self.rules.select(RuleName(rule_map.name, rule.id), show=True)

        return go

    # What is shown

    def _capture_changed(self) -> None:
        self._stack.setCurrentIndex(1 if self.bench.capture is not None else 0)

    def refresh(self) -> None:
        """Show the desk's result; the selected rule stays selected."""
        result = self.desk.result
        self._trace = TraceIndex(result.traced, result.document) if result is not None else None
        self.result.refresh()
        self.rules.refresh()
        counts = result.traced.ledger.counts() if result is not None else dict.fromkeys(Fate, 0)
        for fate, badge in self._badges.items():
            badge.show_mark(counted(FATE_MARKS[fate], counts[fate]))
        lost = counts[Fate.LOST]
        self.attention_changed.emit(f"{lost} lost" if lost else "")
        if result is None:
            self._explanation.setText(self.desk.why_nothing)
        number = self.bench.number
        self._message_name.setText("" if number is None else f"message {number + 1:,}")
        self._show_editor()
        if isinstance(self.desk.problem, Refused):
            self.editor.refuse(self.desk.problem)
        if self.rules.current.rule:
            self._point_out_rule(self.rules.current, scroll=False)

    def _package_changed(self) -> None:
        package = self.desk.package
        if package is not None:
            problem = f" – {self.desk.problem.text}" if self.desk.problem is not None else ""
            self._package_name.setText(f"{package.header.title or package.header.id} {package.header.version}{problem}")
        self.rules.refresh()
        self._show_editor()

    def show_source(self, node: Node) -> None:
        """Where did this field go?"""
        self.bench.select_place(node.path, node.span, self.source.tree)
        if self._trace is None or node.span is None:
            return
        writes = self._trace.of_source(node.span)
        self._explain(f"{node.path}", writes, "goes nowhere: no rule takes it")
        self._select_rule_of(writes)
        self.result.point_out(self._trace.target_spans(writes))

    def show_target(self, path: str) -> None:
        """Where does this value come from?"""
        if self._trace is None:
            return
        writes = self._trace.of_target(path)
        self._explain(path.partition(".resource.")[2] or path, writes, "was made by the message map")
        self._select_rule_of(writes)
        self.result.point_out(self._trace.target_spans(writes), scroll=False)
        source = next((place for write in writes for place in write.entry.source if place.span is not None), None)
        if source is not None:
            self.bench.select_place(source.path, source.span, self.result)

    def show_rule(self, name: RuleName) -> None:
        """What does this rule do here?"""
        self.rules.select(name)
        self._show_editor()
        self._point_out_rule(name, scroll=True)

    def _point_out_rule(self, name: RuleName, *, scroll: bool) -> None:
        if self._trace is None or not name.rule:
            return
        writes = self._trace.of_rule(name.map, name.rule)
        self.result.point_out(self._trace.target_spans(writes), scroll=scroll)
        if scroll:
            self._explain(f"{name.map}/{name.rule}", writes, "does nothing for this message")
            source = next((place for write in writes for place in write.entry.source if place.span is not None), None)
            if source is not None:
                self.bench.select_place(source.path, source.span, self.rules)

    def _explain(self, what: str, writes: Sequence[Written], nothing: str) -> None:
        if not writes:
            self._explanation.setText(f"{what} {nothing}.")
            return
        first = writes[0].entry
        source = ", ".join(place.path for place in first.source) or "no source"
        row = first.code_map_row
        said = [f"{source} → {first.target or 'nothing'}", f"by {first.map_id}/{first.rule_id}", first.outcome]
        if row is not None and row.target is not None:
            by = f" by {row.approver}" if row.approver else ""
            said.append(f"code row {row.source.code} → {row.target.code}, {row.status}{by}")
        if first.note:
            said.append(first.note)
        if len(writes) > 1:
            said.append(f"and {len(writes) - 1} more")
        self._explanation.setText(" · ".join(said))

    def _select_rule_of(self, writes: Sequence[Written]) -> None:
        if writes:
            self.rules.select(RuleName(writes[0].entry.map_id, writes[0].entry.rule_id), show=True)
        self._show_editor()

    def _fired(self) -> frozenset[tuple[str, str]]:
        return self._trace.rules() if self._trace is not None else frozenset()

    def _selected(self) -> tuple[RuleMap, Rule] | None:
        package, name = self.desk.package, self.rules.current
        rule_map = package.rule_map(name.map) if package is not None and name.map else None
        rule = rule_map.rule(name.rule) if rule_map is not None and name.rule else None
        return (rule_map, rule) if rule_map is not None and rule is not None else None

    def _show_editor(self) -> None:
        selected = self._selected()
        self.editor.show_rule(self.desk.package, *(selected or (None, None)))

    # Edits

    def change_rule(self, rule: Rule) -> None:
        """Put a changed rule in the place of the selected one."""
        selected = self._selected()
        if selected is None:
            return
        rule_map, before = selected
        if not self.desk.apply(ChangeRule(address(rule_map), before.id, rule), f"Change {rule.id}"):
            self._show_editor()

    def approve_rule(self) -> None:
        selected = self._selected()
        if selected is not None:
            self.change_rule(replace(selected[1], status=RuleStatus.APPROVED))

    def remove_rule(self) -> None:
        """Take the selected rule out; undo brings it back."""
        selected = self._selected()
        if selected is not None and self.desk.apply(
            RemoveRule(address(selected[0]), selected[1].id), f"Remove {selected[1].id}"
        ):
            self.rules.select(RuleName(""))
            self._show_editor()

    def add_rule(self) -> None:
        """Ask where the selected source field goes, and add that rule."""
        package, maps = self.desk.package, self.maps_for(self.bench.place.path)
        if package is None or not maps:
            self.bench.say("Select a source field first; then say where it goes.")
            return
        dialog = AddRuleDialog(self.theme, package, maps, source_of(self.bench.place.path), self)
        dialog.accepted.connect(lambda: self.add(dialog.rule_map, dialog.rule))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.open()

    def add(self, rule_map: RuleMap, rule: Rule) -> None:
        """Add a rule at the end of a map and select it."""
        if self.desk.apply(AddRule(address(rule_map), rule), f"Add {rule.id}"):
            self.rules.select(RuleName(rule_map.name, rule.id), show=True)
            self._show_editor()

    def maps_for(self, path: str) -> list[RuleMap]:
        """The segment maps a source field can be mapped in, those that do most in this message first."""
        package = self.desk.package
        if package is None or not path:
            return []
        try:
            segment = V2Path.parse(path).segment
        except Refused:
            return []
        working = Counter(map_id for map_id, _ in self._fired())
        found = [rule_map for rule_map in package.segments.values() if rule_map.source == segment]
        return sorted(found, key=lambda rule_map: (-working[rule_map.name], rule_map.name))


def address(rule_map: RuleMap) -> str:
    """How edits name a map: `segments/PID-Patient`."""
    return f"{rule_map.kind}/{rule_map.name}"


def source_of(path: str) -> str:
    """The source a rule would name for a place of a message: without occurrence and repetition."""
    place = V2Path.parse(path)
    return str(replace(place, occurrence=0, repetition=0, groups=()))
