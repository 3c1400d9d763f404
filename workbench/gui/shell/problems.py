"""The problems pane: what is open, in groups where somebody wants them, each explained; a click goes to its bytes."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QComboBox, QScrollArea, QSplitter, QTableView, QWidget

from workbench.gui.bench import Bench
from workbench.gui.findings import Finding
from workbench.gui.models.explain import explain_rule
from workbench.gui.models.issue_table import GROUPINGS, Group, GroupsModel, issue_columns
from workbench.gui.shell.finding_rows import FindingRows
from workbench.gui.shell.grouping import Grouper
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import across, down, label, table
from workbench.kernel.issues import Issue

_UNGROUPED = "No groups"


class GroupTable(QWidget):
    """Groups of findings as a table, whose second column is what they are grouped by."""

    def __init__(self, theme: Theme, by: str) -> None:
        super().__init__()
        self._theme = theme
        self.by = by
        self.model = GroupsModel(theme, by, self)
        self.view: QTableView = table(theme, self.model, f"Problems by {by.lower()}", self.model.columns)
        self.setLayout(down(self.view))

    def group_by(self, by: str) -> None:
        """Change the columns; `show` fills them."""
        self.by = by
        self.model.group_by(by)
        for number, column in enumerate(self.model.columns[:-1]):
            self.view.setColumnWidth(number, round(column.width * self._theme.em))
        self.view.setAccessibleName(f"Problems by {by.lower()}")

    def show_groups(self, groups: tuple[Group, ...], key: str | None) -> None:
        """Show the groups and select the one with that key, the first when there is none."""
        self.model.show(groups)
        index = self.model.index_of(lambda group: group.key == key)
        self.view.setCurrentIndex(index if index.isValid() else self.model.index(0, 0))

    @property
    def current(self) -> Group | None:
        group = self.model.row(self.view.currentIndex())
        return group if isinstance(group, Group) else None


class RuleCard(QWidget):
    """What a rule demands, how to put it right, and the section of the standard."""

    def __init__(self) -> None:
        super().__init__()
        self.title = label("", "heading", wrap=True, selectable=True)
        self.advice = label("", wrap=True, selectable=True)
        self.source = label("", "muted", wrap=True, selectable=True)
        self.setLayout(down(self.title, self.advice, self.source, spacing=4))
        self.explain(None)

    def explain(self, issue: Issue | None) -> None:
        """Explain the rule of an issue; None clears the card."""
        words = explain_rule(issue) if issue is not None else None
        self.title.setText(words.title if words else "Select a problem to see what its rule demands.")
        self.advice.setText(words.advice if words else "")
        self.source.setText(words.source if words else "")


class ProblemsPane(QWidget):
    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        columns = issue_columns(bench.sentence)
        self.model = FindingRows(bench, columns, "order of problems", self)
        self.view = table(bench.theme, self.model, "Problems", columns)
        self.groups = GroupTable(bench.theme, GROUPINGS[0])
        self._grouper = Grouper(bench, "groups of problems", self)
        self.grouping = QComboBox()
        self.grouping.addItems([_UNGROUPED, *(f"By {name.lower()}" for name in GROUPINGS)])
        self.grouping.setAccessibleName("Group problems by")
        self.hidden = label("", "muted")
        self.card = RuleCard()
        self.setLayout(down(self._head(), self._body(), spacing=0))
        self.groups.hide()
        for number in (3, 4):
            self.groups.view.setColumnHidden(number, True)  # little room; the card says what the rule demands
        self._connect()

    def _head(self) -> QWidget:
        head = QWidget()
        line = across(self.grouping, self.hidden, 1, spacing=12)
        line.setContentsMargins(6, 4, 6, 4)
        head.setLayout(line)
        return head

    def _body(self) -> QWidget:
        inner = QWidget()
        around = down(self.card, 1)
        around.setContentsMargins(12, 6, 12, 6)
        inner.setLayout(around)
        explained = QScrollArea()
        explained.setWidget(inner)
        explained.setWidgetResizable(True)
        for part in (inner, explained.viewport()):
            part.setAutoFillBackground(False)
        explained.setAccessibleName("Explanation of the problem")
        split = QSplitter(Qt.Orientation.Horizontal)
        for part, weight in ((self.groups, 3), (self.view, 6), (explained, 3)):
            split.addWidget(part)
            split.setStretchFactor(split.count() - 1, weight)
        split.setChildrenCollapsible(False)
        split.setSizes([330, 560, 320])
        return split

    def _connect(self) -> None:
        bench = self._bench
        self.view.clicked.connect(self._go)
        self.view.activated.connect(self._go)
        self.view.selectionModel().currentRowChanged.connect(self._explain)
        self.groups.view.selectionModel().currentRowChanged.connect(self._show_group)
        self.grouping.currentIndexChanged.connect(self._group)
        self._grouper.grouped.connect(self._take_groups)
        bench.findings_changed.connect(self.refresh)
        bench.message_changed.connect(self._message_changed)
        bench.mask_changed.connect(self.refresh)

    def refresh(self) -> None:
        bench = self._bench
        self._tell_hidden()
        if self.grouping.currentIndex() == 0:
            self.model.show(bench.findings())
        else:
            self._grouper.ask(bench.findings(), self.groups.by)
            if self._grouper.is_busy:
                self.hidden.setText("Grouping…")
                self.groups.show_groups((), None)
        self._explain()

    def _take_groups(self, groups: tuple[Group, ...]) -> None:
        before = self.groups.current
        self.groups.show_groups(groups, before.key if before else None)
        self._tell_hidden()
        self._show_group()

    def _tell_hidden(self) -> None:
        aside = {fate: len(found) for fate, found in self._bench.sifted().items() if fate != "open" and found}
        self.hidden.setText(" · ".join(f"{count:,} {fate}" for fate, count in aside.items()))

    def step(self, by: int) -> None:
        """Go to the next or previous problem, round the end."""
        count = self.model.rowCount()
        if not count:
            self._bench.say("No problems")
            return
        row = self.view.currentIndex().row()
        row = (row + by) % count if row >= 0 else (0 if by > 0 else count - 1)
        self.view.selectRow(row)
        self._go(self.model.index(row, 0))

    def _group(self, number: int) -> None:
        self.groups.setVisible(number > 0)
        if number:
            self.groups.group_by(GROUPINGS[number - 1])
        for column in (0, 1):
            self.view.setColumnHidden(column, number > 0 and self.groups.by == "Rule")
        self.refresh()

    def _show_group(self, *_where: QModelIndex) -> None:
        group = self.groups.current
        self.model.show(group.findings if group is not None else ())
        self._explain()

    def _explain(self, *_where: QModelIndex) -> None:
        """The selected problem; within a group of one rule any of its problems says the same."""
        finding = self.model.row(self.view.currentIndex())
        group = self.groups.current
        if finding is None and self.groups.isVisible() and group is not None and group.title:
            finding = group.findings[0]
        self.card.explain(finding.issue if isinstance(finding, Finding) else None)

    def _message_changed(self) -> None:
        """Before a validation run the pane shows the findings of the selected message."""
        if not self._bench.validated:
            self.refresh()

    def _go(self, index: QModelIndex) -> None:
        finding = self.model.row(index)
        if isinstance(finding, Finding):
            self._bench.show_finding(finding)
