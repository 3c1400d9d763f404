"""What was found, in groups, down to the bytes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QSplitter, QWidget

from workbench.app.operations.suppressions import Fate
from workbench.gui.bench import Bench
from workbench.gui.findings import Finding
from workbench.gui.models.issue_table import GROUPINGS, Group, issue_columns
from workbench.gui.shell.finding_rows import FindingRows
from workbench.gui.shell.grouping import Grouper
from workbench.gui.shell.problems import GroupTable, RuleCard
from workbench.gui.widgets.basics import button, card, down, pane, retitle, table
from workbench.gui.widgets.message_view import MessageView

_EVERY = "all"
SHOWN = (Fate.OPEN, Fate.SUPPRESSED, Fate.KNOWN, _EVERY)


class FindingsTab(QSplitter):
    """Groups left, the findings of one group with their rule right, the message of one finding below."""

    suppress_asked = Signal()

    def __init__(self, bench: Bench) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._bench = bench
        self._key: str | None = None
        self._groups: tuple[Group, ...] = ()
        self._every: tuple[object, Sequence[Finding]] = (None, ())
        self._grouper = Grouper(bench, "groups of findings", self)
        self.groups = GroupTable(bench.theme, GROUPINGS[0])
        self.grouping = QComboBox()
        self.grouping.addItems([f"By {name.lower()}" for name in GROUPINGS])
        self.grouping.setAccessibleName("Group findings by")
        self.fate = QComboBox()
        self.fate.setAccessibleName("Which findings to show")
        for fate in SHOWN:
            self.fate.addItem(fate.capitalize(), fate)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter groups")
        self.filter.setClearButtonEnabled(True)
        columns = issue_columns(bench.sentence)[1:]
        self.model = FindingRows(bench, columns, "order of findings", self)
        self.view = table(bench.theme, self.model, "Findings of the group", columns)
        self.view.setColumnHidden(0, True)  # the groups say the rule
        self.card = RuleCard()
        self.message = MessageView(bench)
        self._place()
        self._connect()

    def _place(self) -> None:
        self._groups_pane = pane("Groups", self.groups, self.fate, self.grouping, self.filter)
        suppress = button("Suppress…", self.suppress_asked.emit, tip="Leave such findings alone for a time")
        self._findings_pane = pane("Findings", self.view, suppress)
        upper = QWidget()
        upper.setLayout(down(card(self.card), self._findings_pane))
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(upper)
        right.addWidget(self.message)
        right.setSizes([320, 280])
        self.addWidget(self._groups_pane)
        self.addWidget(right)
        self.setSizes([580, 700])
        self.setChildrenCollapsible(False)

    def _connect(self) -> None:
        self._bench.mask_changed.connect(self.refresh)
        self._grouper.grouped.connect(self._take_groups)
        self.filter.textChanged.connect(self._show_groups)
        self.fate.currentIndexChanged.connect(self.refresh)
        self.grouping.currentIndexChanged.connect(self._group)
        self.groups.view.selectionModel().currentRowChanged.connect(self._show_group)
        self.view.selectionModel().currentRowChanged.connect(self._explain)
        self.view.clicked.connect(self._go)
        self.view.activated.connect(self._go)

    def panes(self) -> list[QWidget]:
        return [self.groups.view, self.view, self.message.tree, self.message.raw]

    @property
    def shown(self) -> Sequence[Finding]:
        """The findings that are open, suppressed or known, or all of them, as chosen."""
        sifted = self._bench.sifted()
        chosen = self.fate.currentData()
        if chosen != _EVERY:
            return sifted[Fate(chosen)]
        if self._every[0] is not sifted:
            self._every = (sifted, tuple(finding for found in sifted.values() for finding in found))
        return self._every[1]

    @property
    def current(self) -> Finding | None:
        """The selected finding; the only one of its group needs no selection."""
        row = self.model.row(self.view.currentIndex())
        if row is None and self.model.rowCount() == 1:
            row = self.model.rows[0]
        return row if isinstance(row, Finding) else None

    def refresh(self, *_changed: object) -> None:
        """Count again."""
        self._grouper.ask(self.shown, self.groups.by)
        if self._grouper.is_busy:
            self.groups.show_groups((), self._key)
            retitle(self._groups_pane, "Grouping…")
            self._show_group()

    def _take_groups(self, groups: tuple[Group, ...]) -> None:
        self._groups = groups
        self._show_groups()

    def _show_groups(self, *_changed: object) -> None:
        words = self.filter.text().lower().split()
        groups = tuple(
            group for group in self._groups if all(word in f"{group.key} {group.title}".lower() for word in words)
        )
        self.groups.show_groups(groups, self._key)
        retitle(self._groups_pane, f"{len(groups):,} {'group' if len(groups) == 1 else 'groups'}")
        self._show_group()

    def _group(self, number: int) -> None:
        self.groups.group_by(GROUPINGS[number])
        self.view.setColumnHidden(0, self.groups.by == "Rule")
        self.refresh()

    def _show_group(self, *_where: QModelIndex) -> None:
        group = self.groups.current
        if group is not None:
            self._key = group.key
        found = group.findings if group is not None else ()
        self.model.show(found)
        retitle(self._findings_pane, f"Findings · {len(found):,}" if found else "Findings")
        self._explain()

    def _explain(self, *_where: QModelIndex) -> None:
        """The selected finding; the findings of one rule have one explanation."""
        finding, group = self.current, self.groups.current
        if finding is None and group is not None and self.groups.by == "Rule":
            finding = group.findings[0]
        self.card.explain(finding.issue if finding is not None else None)

    def _go(self, index: QModelIndex) -> None:
        finding = self.model.row(index)
        if isinstance(finding, Finding):
            self._bench.show_finding(finding)
