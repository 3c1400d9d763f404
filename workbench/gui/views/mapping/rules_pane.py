"""The rules of the package: those that touch the selected message, or all, folded by map, with a filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QMenu, QToolButton, QWidget

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import STATUS_MARKS
from workbench.gui.models.engine_marks import engine_marks, site_marks
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.rule_tree import HEADS, Entry, RuleName, RuleTree, content_label, rule_tree
from workbench.gui.views.mapping.end_tree import fit_columns
from workbench.gui.widgets.basics import across, down, label, pane, retitle, tree
from workbench.mapping.model import Package, Rule

UNFOLDED = 400
"""Rows up to which everything that was found is opened."""


PAUSE_MS = 250


class RulesPane(QFrame):
    """Emits the rule a person chose; its menu offers the actions given."""

    chosen = Signal(object)  # RuleName
    moved = Signal()

    def __init__(
        self, bench: Bench, desk: MappingDesk, fired: Callable[[], frozenset[tuple[str, str]]], actions: list[QAction]
    ) -> None:
        super().__init__()
        self._desk = desk
        self._fired = fired
        self._following = False
        self._shown: RuleTree | None = None
        self._current = RuleName("")
        self._opened: set[str] = set()
        self._shut: set[str] = set()
        self._actions = actions
        self.warnings: dict[RuleName, str] = {}
        self.of_site: dict[RuleName, tuple[str, str, str]] = {}
        self.model = NodeTreeModel(bench.theme, self, HEADS, muted=2)
        self.tree = tree(bench.theme, self.model, "Rules", (9,))
        fit_columns(self.tree, 1, 2)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Find by id, source, target, map or code map")
        self.filter.setAccessibleName("Filter rules")
        self.filter.setToolTip(
            "Show only rules with these words in id, source, target, type map, code map or condition"
        )
        self.filter.setClearButtonEnabled(True)
        self.filter.setMinimumWidth(round(bench.theme.em * 5))
        self.all_rules = QToolButton()
        self.all_rules.setText("All")
        self.all_rules.setCheckable(True)
        self.all_rules.setToolTip("Show every rule, not only those that touch this message")
        self.all_rules.setAccessibleName("All rules")
        bar = across(self.filter, self.all_rules, spacing=4)
        bar.setContentsMargins(6, 4, 6, 4)
        body = QWidget()
        self.empty = label("", "muted", wrap=True)
        self.empty.setContentsMargins(12, 10, 12, 10)
        body.setLayout(down(bar, self.empty, self.tree, spacing=0))
        self._frame = pane("Rules", body)
        self.setLayout(down(self._frame))
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(PAUSE_MS)
        self._soon.timeout.connect(self.refresh)
        self.filter.textChanged.connect(self.refresh)
        self.all_rules.toggled.connect(self.refresh)
        self.tree.selectionModel().currentChanged.connect(self._current_changed)
        self.tree.customContextMenuRequested.connect(self._menu)
        self.tree.expanded.connect(lambda index: self._folded(index, True))
        self.tree.collapsed.connect(lambda index: self._folded(index, False))
        self.tree.verticalScrollBar().valueChanged.connect(lambda _value: self.moved.emit())

    @property
    def current(self) -> RuleName:
        """The selected rule; its map "" when none is."""
        return self._current

    def refresh_soon(self) -> None:
        """Show the package a moment after the last of several edits, so that typing is not held up."""
        if self._shown is None:
            self.refresh()
        else:
            self._soon.start()

    def refresh(self) -> None:
        """Show the package as it is now and keep the selection."""
        self._soon.stop()
        package = self._desk.shown
        if package is None:
            return
        words, every, fired = self.filter.text().lower().split(), self.all_rules.isChecked(), self._fired()

        def wanted(name: RuleName, entry: Entry) -> bool:
            if not every and (name.map_name, name.rule) not in fired and name != self._current:
                return False
            if not words:
                return True
            text = _words_of(name, entry)
            return all(word in text for word in words)

        shown = rule_tree(package, wanted)
        if self._shown is None or shown.tree != self._shown.tree:
            self._following = True
            place = self.tree.verticalScrollBar().value()
            self._shown = shown
            self.model.show(shown.tree)
            self._unfold(shown, everything=(not every or bool(words)) and len(shown.names) <= UNFOLDED)
            self.tree.verticalScrollBar().setValue(place)
            self._following = False
        self._shown = shown
        self.warnings = engine_marks(package) if package.header.engines else {}
        self.of_site = site_marks(self._desk.package) if self._desk.package is not None else {}
        self.model.mark(self._marks(package, shown))
        count = sum(1 for name in shown.names if name.rule)
        retitle(self._frame, f"Rules · {count:,}")
        self.empty.setVisible(not shown.names)
        self.empty.setText(_nothing(package, words, every))
        self.select(self._current)
        self.moved.emit()

    def _unfold(self, shown: RuleTree, *, everything: bool) -> None:
        """Fold maps and blocks as the person left them; of the others, all open or all shut."""
        for number, node in enumerate(shown.tree.nodes):
            if number in shown.tree.children and (
                node.path in self._opened or (everything and node.path not in self._shut)
            ):
                self.tree.expand(self.model.index_of(number))

    def _folded(self, index: QModelIndex, opened: bool) -> None:
        node = self.model.node(index)
        if node is not None and not self._following:
            (self._opened if opened else self._shut).add(node.path)
            (self._shut if opened else self._opened).discard(node.path)
        self.moved.emit()

    def select(self, name: RuleName, *, show: bool = False) -> None:
        """Select a rule; `show` brings it into view even if it does not touch the message."""
        self._current = name
        if self._shown is None or not name.map:
            return
        if show and name not in self._shown.numbers:
            if self.filter.text():
                self.filter.clear()
            self.refresh()
            return
        index = self.model.index_of(self._shown.numbers.get(name, -1))
        self._following = True
        if index != self.tree.currentIndex():
            self.tree.setCurrentIndex(index)
        if index.isValid() and show:
            self.tree.scrollTo(index)
        self._following = False

    def name_at(self, index: QModelIndex) -> RuleName:
        number = self.model.number(index)
        return self._shown.names[number] if self._shown is not None and number >= 0 else RuleName("")

    def index_of(self, name: RuleName) -> QModelIndex:
        return self.model.index_of(self._shown.numbers.get(name, -1) if self._shown is not None else -1)

    def below(self, name: RuleName) -> Iterator[RuleName]:
        """The rules in a map or block, all the way down, as far as they are shown."""
        if self._shown is None or name not in self._shown.numbers:
            return
        pending = [self._shown.numbers[name]]
        while pending:
            number = pending.pop()
            yield self._shown.names[number]
            pending += self._shown.tree.children.get(number, [])

    def _menu(self, at: QPoint) -> None:
        self._show_menu(self.tree.viewport().mapToGlobal(at))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            self._show_menu(
                self.tree.viewport().mapToGlobal(self.tree.visualRect(self.tree.currentIndex()).bottomLeft())
            )

    def _show_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self._actions)
        menu.popup(at)

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        number = self.model.number(current)
        if self._shown is None or number < 0 or self._following:
            return
        self._current = self._shown.names[number]
        self.chosen.emit(self._current)

    def _marks(self, package: Package, shown: RuleTree) -> dict[int, tuple[str, str, str]]:
        marks = {}
        for number, (name, entry) in enumerate(zip(shown.names, shown.entries, strict=True)):
            if entry is None:
                continue
            if name in self.warnings:
                marks[number] = ("triangle-alert", "severity.warning", self.warnings[name])
            elif not entry.enabled:
                marks[number] = ("circle-minus", "state.idle", "switched off")
            else:
                mark = STATUS_MARKS[package.status_of(entry)]
                icon, role, word = self.of_site.get(name, (mark.icon, mark.role, ""))
                marks[number] = (icon, role, f"{word}, {mark.word}" if word else mark.word)
        return marks


def _nothing(package: Package, words: list[str], every: bool) -> str:
    """What to do when no rule is shown."""
    if not any(rule_map.rules for rule_map in package.rule_maps()):
        return "No rule yet. Drag a source field onto a target element, or select both and press Ctrl+M."
    if words:
        return "No rule has these words." + ("" if every else " All looks beyond this message.")
    return "No rule touches this message. All shows every rule of the package."


def _words_of(name: RuleName, entry: Entry) -> str:
    """What the filter looks at."""
    if isinstance(entry, Rule):
        own = f"{' '.join(entry.source)} {entry.target} {entry.codes} {entry.using} {entry.when}"
    else:
        own = f"{entry.source} {entry.make} {entry.fill} {' '.join(entry.using)} {entry.when}"
    return f"{content_label(name)} {entry.id} {own} {entry.note}".lower()
