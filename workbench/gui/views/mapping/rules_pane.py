"""The rules of the package: those that touch the selected message, or all, with a filter."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QToolButton

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import STATUS_MARKS
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.rule_tree import HEADS, RuleName, RuleTree, rule_tree
from workbench.gui.widgets.basics import down, pane, retitle, tree
from workbench.mapping.model import Package, Rule, RuleMap


class RulesPane(QFrame):
    """Emits the rule a person chose."""

    chosen = Signal(object)  # RuleName

    def __init__(self, bench: Bench, desk: MappingDesk, fired: Callable[[], frozenset[tuple[str, str]]]) -> None:
        super().__init__()
        self._desk = desk
        self._fired = fired
        self._following = False
        self._shown: RuleTree | None = None
        self._current = RuleName("")
        self.model = NodeTreeModel(bench.theme, self, HEADS, muted=2)
        self.tree = tree(bench.theme, self.model, "Rules", (9, 7.5))
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter rules")
        self.filter.setAccessibleName("Filter rules")
        self.filter.setClearButtonEnabled(True)
        self.filter.setMinimumWidth(round(bench.theme.em * 5))
        self.all_rules = QToolButton()
        self.all_rules.setText("All")
        self.all_rules.setCheckable(True)
        self.all_rules.setToolTip("Show every rule, not only those that touch this message")
        self._frame = pane("Rules", self.tree, self.filter, self.all_rules)
        self.setLayout(down(self._frame))
        self.filter.textChanged.connect(self.refresh)
        self.all_rules.toggled.connect(self.refresh)
        self.tree.selectionModel().currentChanged.connect(self._current_changed)

    @property
    def current(self) -> RuleName:
        """The selected rule; its map "" when none is."""
        return self._current

    def refresh(self) -> None:
        """Show the package as it is now and keep the selection."""
        package = self._desk.package
        if package is None:
            return
        words, every, fired = self.filter.text().lower().split(), self.all_rules.isChecked(), self._fired()

        def wanted(rule_map: RuleMap, rule: Rule) -> bool:
            name = RuleName(rule_map.name, rule.id)
            if not every and (rule_map.name, rule.id) not in fired and name != self._current:
                return False
            text = f"{rule_map.name} {rule.id} {' '.join(rule.source)} {rule.target} {rule.codes} {rule.using}".lower()
            return all(word in text for word in words)

        self._shown = rule_tree(package, wanted)
        self._following = True
        self.model.show(self._shown.tree)
        self.model.mark(_marks(package, self._shown))
        self.tree.expandToDepth(0 if every and not words else 3)
        self._following = False
        count = sum(1 for name in self._shown.names if name.rule)
        retitle(self._frame, f"Rules · {count:,}")
        self.select(self._current)

    def select(self, name: RuleName, *, show: bool = False) -> None:
        """Select a rule; `show` brings it into view even if it does not touch the message."""
        self._current = name
        if self._shown is None or not name.map:
            return
        if show and name not in self._shown.numbers:
            self.refresh()
            return
        index = self.model.index_of(self._shown.numbers.get(name, -1))
        self._following = True
        self.tree.setCurrentIndex(index)
        if index.isValid():
            self.tree.scrollTo(index)
        self._following = False

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        number = self.model.number(current)
        if self._shown is None or number < 0 or self._following:
            return
        self._current = self._shown.names[number]
        self.chosen.emit(self._current)


def _marks(package: Package, shown: RuleTree) -> dict[int, tuple[str, str, str]]:
    marks = {}
    for number, name in enumerate(shown.names):
        rule_map = package.rule_map(name.map)
        rule = rule_map.rule(name.rule) if rule_map is not None and name.rule else None
        if rule is not None:
            mark = STATUS_MARKS[package.status_of(rule)]
            marks[number] = (mark.icon, mark.role, mark.word)
    return marks
