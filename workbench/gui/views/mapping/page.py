"""The Mapping page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction, QHideEvent
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QWidget

from workbench.app.commands import COMMANDS
from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import FATE_MARKS, counted
from workbench.gui.models.rule_tree import Entry, RuleName, entry_of, source_text
from workbench.gui.page import Page
from workbench.gui.shell.command_palette import Entry as PaletteEntry
from workbench.gui.views.mapping.connectors import Connectors
from workbench.gui.views.mapping.drawing import Drawing
from workbench.gui.views.mapping.effect_pane import EffectPane
from workbench.gui.views.mapping.ends import plain_sources
from workbench.gui.views.mapping.further_panes import further_panes
from workbench.gui.views.mapping.links import source_links, target_links
from workbench.gui.views.mapping.page_layout import PaneTabs, body, three_panes
from workbench.gui.views.mapping.pinned_pane import PinnedPane
from workbench.gui.views.mapping.pointing import Pointing
from workbench.gui.views.mapping.probe import Probe
from workbench.gui.views.mapping.result_pane import ResultPane
from workbench.gui.views.mapping.rule_actions import RuleActions
from workbench.gui.views.mapping.rule_editor import RuleEditor
from workbench.gui.views.mapping.rules_pane import RulesPane
from workbench.gui.views.mapping.selection import Selection
from workbench.gui.views.mapping.source_pane import SourcePane
from workbench.gui.views.mapping.target_pane import TargetPane
from workbench.gui.widgets.basics import Badge, EmptyState, button, down, label
from workbench.kernel.errors import Refused
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.model import Rule, RuleMap

_MENU = (
    "mapping.duplicate_rule", "mapping.switch_rule", "mapping.rule_up", "mapping.rule_down", "mapping.group_rule",
    "mapping.ungroup_rule", "mapping.approve_rule", "mapping.remove_rule", "mapping.add_row",
)  # fmt: skip

_HINT = "Select a rule, a source field or a value of the result: what belongs together stands out."


class MappingPage(Page):
    """Source, rules and target with the result below; selecting in one points out what belongs to it in the others."""

    name = "mapping"

    def __init__(self, bench: Bench, desk: MappingDesk, open_files: Callable[[], None]) -> None:
        super().__init__(bench)
        self.desk = desk
        self.selection = Selection(self)
        self.probe = Probe(bench, desk, self)
        self.pointing = Pointing(bench, desk, self.selection, self.probe, self)
        self.actions_of_rules = RuleActions(bench, desk, self.selection, self._select_new)
        self.drawing = Drawing(bench, desk, self.selection, self.actions_of_rules, self.pointing, self)
        self._commands = {**self.actions_of_rules.commands(), **self._own_commands()}
        self.source = SourcePane(bench, desk, self.probe, self.pointing.read_paths)
        self.rules = RulesPane(bench, desk, self.pointing.fired, self._menu_actions())
        self.target = TargetPane(bench, desk)
        self.result = ResultPane(bench, desk)
        self.drawing.take_panes(self.source, self.target)
        self.pointing.take_panes(self.source, self.rules, self.target, self.result)
        self.pinned = PinnedPane(bench, desk)
        self.effect = EffectPane(bench, self.probe)
        self.editor = RuleEditor(
            bench, self.actions_of_rules.approve, self.actions_of_rules.remove, self._open_codes, self._open_type_map
        )
        self._package_name = label("", "heading")
        self._message_name = label("", "muted")
        self._explanation = label("", "muted", wrap=True, selectable=True)
        self._badges = {fate: Badge(bench.theme) for fate in Fate}
        self._explained: tuple[object, ...] = ()
        self._counts: Mapping[Fate, int] = {}
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
        source, rules, target, pointing = self.source, self.rules, self.target, self.pointing
        self.left = Connectors(
            self.theme,
            source.fields,
            rules.tree,
            lambda: source_links(source, rules, pointing.index, pointing.focus),
            "Which rule reads which field",
        )
        self.right = Connectors(
            self.theme,
            rules.tree,
            target.tree,
            lambda: target_links(rules, target, pointing.index, pointing.focus),
            "Which rule writes which element",
        )
        tip = "From the selected source field to the selected element (Ctrl+M)"
        add = button("Add rule…", self.drawing.add_rule, tip=tip)
        self.tabs = PaneTabs(
            three_panes(source, self.left, rules, self.right, target),
            (("Result", self.result), ("Pinned", self.pinned), ("Effect", self.effect)),
            tuple(further_panes(self.bench, self.desk, self.selection)),
        )
        strip: tuple[QWidget | int, ...] = (self._package_name, self._message_name, 1, *self._badges.values(), add)
        return body(strip, self.tabs, self.editor, self._explanation)

    def _connect(self) -> None:
        pointing = self.pointing
        self.add, self.maps_for = self.drawing.add, self.drawing.maps_for
        self.show_source, self.show_target = pointing.show_source, pointing.show_target
        self.show_rule, self.show_field, self.show_element = (
            pointing.show_rule,
            pointing.show_field,
            pointing.show_element,
        )
        self.source.chosen.connect(self.show_source)
        self.source.field_chosen.connect(self.show_field)
        self.rules.chosen.connect(self.show_rule)
        self.rules.tree.activated.connect(lambda _index: self.editor.start())
        self.target.chosen.connect(self.show_element)
        self.target.dropped.connect(self.drawing.join)
        self.result.chosen.connect(self.show_target)
        self.result.byte_chosen.connect(pointing.show_target_byte)
        pointing.explained.connect(self._explanation.setText)
        pointing.rule_shown.connect(self._show_editor)
        pointing.focus_changed.connect(self._draw_links)
        self.pinned.chosen.connect(self.bench.select_message)
        self.pinned.counted.connect(lambda count: self.tabs.count(self.pinned, "Pinned", count))
        self.effect.chosen.connect(self.bench.select_message)
        self.probe.effect_changed.connect(self._count_effect)
        self.editor.changed.connect(self.change_rule)
        self.editor.renamed.connect(self.actions_of_rules.rename)
        self.selection.rule_changed.connect(self._selected_elsewhere)
        for moving in (self.source, self.rules, self.target):
            moving.moved.connect(self._draw_links)
        self.target.type_changed.connect(lambda _name: self._draw_links())
        self.desk.result_changed.connect(self.refresh)
        self.desk.package_changed.connect(self._package_changed)
        self.bench.capture_changed.connect(self._capture_changed)

    def _own_commands(self) -> Mapping[str, Callable[[], object]]:
        return {
            "mapping.add_rule": self.drawing.add_rule,
            "mapping.new_package": self.drawing.new_package,
            "mapping.pin": self._pin,
            "mapping.effect": self._show_effect,
        }

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {**self._commands, **self.tabs.commands(lambda: self.bench.page_asked.emit(self.name))}

    def _menu_actions(self) -> list[QAction]:
        """The actions of the rules' menu, with the words and keys of the command table."""
        made = []
        for command in COMMANDS:
            if command.id in _MENU:
                action = QAction(command.title, self)
                action.setToolTip(command.help)
                action.triggered.connect(lambda _on=False, name=command.id: self._commands[name]())
                made.append(action)
        return made

    def panes(self) -> list[QWidget]:
        shown = [self.source.fields, self.source.tree, self.rules.tree, self.target.tree]
        own: list[QWidget] = [*shown, self.editor.form, self.result.json, self.result.tree, self.pinned.view]
        return [*own, *self.tabs.panes()]

    def filter_box(self) -> QLineEdit | None:
        return self.rules.filter

    def entries(self, words: str) -> list[PaletteEntry]:
        wanted = words.lower().split()
        package = self.desk.shown
        if not wanted or package is None:
            return []
        found = []
        for rule_map in package.rule_maps():
            for rule in rule_map.walk():
                text = f"{rule_map.name}/{rule.id} {' '.join(rule.source)} → {rule.target}"
                if all(word in text.lower() for word in wanted):
                    found.append(PaletteEntry(f"{rule_map.name}/{rule.id}", text, "", self._opener(rule_map, rule)))
        return found[:40]

    def _opener(self, rule_map: RuleMap, rule: Rule) -> Callable[[], None]:
        def go() -> None:
            self.bench.page_asked.emit(self.name)
            self.show_rule(RuleName(rule_map.name, rule.id))
            self.rules.select(RuleName(rule_map.name, rule.id), show=True)

        return go

    def shown(self) -> None:
        self.probe.watch(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.probe.watch(False)

    # What is shown

    def _capture_changed(self) -> None:
        self._stack.setCurrentIndex(1 if self.bench.capture is not None or self.desk.package is not None else 0)

    def _draw_links(self) -> None:
        self.left.update()
        self.right.update()

    def refresh(self) -> None:
        """Show the desk's result; the selected rule stays selected."""
        result = self.desk.result
        fired = self.pointing.fired()
        self.pointing.take_result()
        self.result.refresh()
        if self.pointing.fired() != fired:
            self.rules.refresh()
        counts = result.traced.ledger.counts() if result is not None else dict.fromkeys(Fate, 0)
        for fate, badge in self._badges.items() if counts != self._counts else ():
            badge.show_mark(counted(FATE_MARKS[fate], counts[fate]))
        self._counts = counts
        lost = counts[Fate.LOST]
        self.attention_changed.emit(f"{lost} lost" if lost else "")
        number = self.bench.number
        package = self.desk.package
        explained = number, package.folder if package is not None else None
        if result is None or explained != self._explained:
            self._explanation.setText(self.desk.why_nothing)
        self._explained = explained
        self._message_name.setText("" if number is None else f"message {number + 1:,}")
        self._name_package()
        self._show_editor()
        if isinstance(self.desk.problem, Refused):
            self.editor.refuse(self.desk.problem)
        self.pointing.point_again()

    def _package_changed(self) -> None:
        if self.pointing.take_package():
            self._draw_links()
        self._capture_changed()
        self._name_package()
        self.rules.refresh_soon()
        self.target.show_index(self.pointing.index)
        self._show_editor()

    def _name_package(self) -> None:
        package = self.desk.package
        if package is not None:
            words = f"{package.header.title or package.header.id} {package.header.version}"
            self._package_name.setText(f"{words} – does not compile" if self.desk.problem is not None else words)
            self._package_name.setToolTip(self.desk.problem.text if self.desk.problem is not None else "")

    def _show_editor(self) -> None:
        found, package = self.actions_of_rules.selected(), self.desk.shown
        if found is None:
            around = entry_of(package, self.selection.rule) if package is not None and self.selection.rule.map else None
            self.editor.show_entry(package, around[0] if around is not None else None, None, "")
            self._give_room(around is not None)
            return
        self._give_room(True)
        self.editor.show_entry(package, *found, self._sample_of(found[1]))
        self.editor.offer_sources(self.source.known_paths())

    def _give_room(self, editing: bool) -> None:
        """While nothing is selected the result has the whole width."""
        frame = self.editor.parentWidget()
        if frame is not None and frame.isHidden() is editing:
            frame.setVisible(editing)
        if not editing and not self._explanation.text():
            self._explanation.setText(_HINT)

    def _sample_of(self, entry: Entry) -> str:
        """The text a rule reads in the selected message; nothing while values are masked."""
        path = next(iter(plain_sources(source_text(entry))), "")
        node = self.source.node_of(path) if path and not self.bench.masked else None
        return node.value if node is not None else ""

    def _count_effect(self) -> None:
        effect = self.probe.effect
        self.tabs.count(self.effect, "Effect", effect.changed if effect is not None else 0)

    def _selected_elsewhere(self, name: RuleName) -> None:
        """A rule was selected in another pane."""
        if name != self.rules.current:
            self.show_rule(name)
            self.rules.select(name, show=True)

    def _select_new(self, name: RuleName) -> None:
        self.show_rule(name, ends=False)
        self.rules.select(name, show=True)

    # Edits

    def change_rule(self, entry: Entry, field: str = "") -> None:
        """Put a changed rule in the place of the selected one."""
        try:
            if not self.actions_of_rules.change(entry, field):
                self._show_editor()
        except Refused as refusal:
            self.editor.refuse_field(field, refusal)

    def approve_rule(self) -> None:
        self.actions_of_rules.approve()

    def _pin(self) -> None:
        self.tabs.bring(self.pinned)
        self.pinned.toggle()

    def _show_effect(self) -> None:
        self.tabs.bring(self.effect)
        self.effect.compare()

    def _open_codes(self) -> None:
        found = self.actions_of_rules.selected()
        if found is not None and isinstance(found[1], Rule) and found[1].codes:
            self.desk.code_map_asked.emit(found[1].codes)

    def _open_type_map(self) -> None:
        found = self.actions_of_rules.selected()
        if found is not None and isinstance(found[1], Rule) and found[1].using:
            self._select_new(RuleName(found[1].using))
