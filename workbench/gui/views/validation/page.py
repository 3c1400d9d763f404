"""The Validation page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QFrame, QLineEdit, QSplitter, QStackedWidget, QWidget

from workbench.gui.bench import Bench
from workbench.gui.findings import Finding
from workbench.gui.marks import SEVERITY_MARKS, counted
from workbench.gui.models.issue_table import issue_columns
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.page import Page
from workbench.gui.widgets.basics import Badge, EmptyState, across, button, card, down, label, pane, retitle, table
from workbench.gui.widgets.message_view import MessageView
from workbench.kernel.issues import Severity
from workbench.validation.validator import RuleDefinition, rules


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often one rule was broken."""

    rule: str
    severity: Severity
    title: str
    findings: int
    messages: int


_PLURAL = {Severity.ERROR: "errors", Severity.WARNING: "warnings"}

_COLUMNS = (
    Column("Severity", lambda r: SEVERITY_MARKS[r.severity].word, 7, mark=lambda r: SEVERITY_MARKS[r.severity],
           key=lambda r: (r.severity.rank, -r.findings)),
    Column("Rule", lambda r: r.rule, 5, mono=True),
    Column("Count", lambda r: f"{r.findings:,}", 3.6, key=lambda r: r.findings, right=True),
    Column("Messages", lambda r: f"{r.messages:,}", 4.6, key=lambda r: r.messages, right=True, muted=True),
    Column("What it says", lambda r: r.title, 18),
)  # fmt: skip


def by_rule(findings: Sequence[Finding], known: dict[str, RuleDefinition]) -> tuple[RuleCount, ...]:
    """Findings by rule, the most severe and most frequent first."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.issue.rule, []).append(finding)
    rows = []
    for rule, group in groups.items():
        severity = min((finding.issue.severity for finding in group), key=lambda s: s.rank)
        definition = known.get(rule)
        title = definition.title if definition else group[0].issue.template
        rows.append(RuleCount(rule, severity, title, len(group), len({finding.number for finding in group})))
    return tuple(sorted(rows, key=lambda row: (row.severity.rank, -row.findings)))


class ValidationPage(Page):
    """Rules that were broken, their findings, and the message each one stands in."""

    name = "validation"

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._known = dict(rules())
        self._rule = ""
        self.rules_model = RowsModel(bench.theme, _COLUMNS, self)
        self.rules_view = table(bench.theme, self.rules_model, "Broken rules", _COLUMNS)
        columns = issue_columns(bench.sentence)[2:]
        self.model = RowsModel(bench.theme, columns, self)
        self.view = table(bench.theme, self.model, "Findings of the rule", columns)
        self._about = label("", wrap=True)
        self._source = label("", "muted", wrap=True)
        self._badges = {severity: Badge(bench.theme) for severity in Severity}
        self._quick = QLineEdit()
        self._quick.setPlaceholderText("Filter rules")
        self._quick.setAccessibleName("Filter rules")
        self._quick.setClearButtonEnabled(True)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty())
        self._stack.addWidget(self._body())
        self.setLayout(down(self._stack, margins=8))
        self._connect()
        self.refresh()

    def _empty(self) -> QWidget:
        text = (
            "Check structure, required fields, lengths, formats and code tables of every message, and FHIR resources."
        )
        return EmptyState(
            self.theme, "shield-check", "Nothing validated yet", text, "Validate capture", self.bench.validate
        )

    def _body(self) -> QWidget:
        self._rules_pane = pane("Rules", self.rules_view, self._quick, button("Validate again", self.bench.validate))
        self._explained = card(self._about, self._source)
        self._findings_pane = pane("Findings", self.view)
        upper = QWidget()
        upper.setLayout(down(self._explained, self._findings_pane))
        self.message = MessageView(self.bench)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(upper)
        right.addWidget(self.message)
        right.setSizes([300, 300])
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._rules_pane)
        split.addWidget(right)
        split.setSizes([600, 620])
        split.setChildrenCollapsible(False)
        strip = QFrame()
        strip.setLayout(across(*self._badges.values(), 1, spacing=18))
        strip.layout().setContentsMargins(6, 2, 6, 8)  # type: ignore[union-attr]
        body = QWidget()
        layout = down(strip, spacing=0)
        layout.addWidget(split, 1)
        body.setLayout(layout)
        return body

    def _connect(self) -> None:
        bench = self.bench
        bench.findings_changed.connect(self.refresh)
        bench.mask_changed.connect(self._show_rule)
        self._quick.textChanged.connect(self.refresh)
        self.rules_view.selectionModel().currentRowChanged.connect(self._rule_chosen)
        self.view.clicked.connect(self._go)
        self.view.activated.connect(self._go)

    def panes(self) -> list[QWidget]:
        return [self.rules_view, self.view, self.message.tree, self.message.raw]

    def filter_box(self) -> QLineEdit | None:
        return self._quick

    def refresh(self) -> None:
        """Count again; the page shows whole runs only, the problems pane shows single messages."""
        self._stack.setCurrentIndex(1 if self.bench.validated else 0)
        if not self.bench.validated:
            return
        findings = self.bench.findings()
        words = self._quick.text().lower().split()
        rows = [r for r in by_rule(findings, self._known) if all(w in f"{r.rule} {r.title}".lower() for w in words)]
        self.rules_model.show(rows)
        for severity, badge in self._badges.items():
            count = sum(1 for finding in findings if finding.issue.severity is severity)
            badge.show_mark(counted(SEVERITY_MARKS[severity], count, _PLURAL.get(severity, severity)))
        retitle(self._rules_pane, f"Rules · {len(rows)}")
        index = self.rules_model.index_of(lambda row: row.rule == self._rule)
        self.rules_view.setCurrentIndex(index if index.isValid() else self.rules_model.index(0, 0))
        self._show_rule()

    def _rule_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        row = self.rules_model.row(current)
        if isinstance(row, RuleCount) and row.rule != self._rule:
            self._rule = row.rule
            self._show_rule()

    def _show_rule(self) -> None:
        found = [finding for finding in self.bench.findings() if finding.issue.rule == self._rule]
        self.model.show(found)
        retitle(self._findings_pane, f"Findings · {len(found):,}" if found else "Findings")
        definition = self._known.get(self._rule)
        self._explained.setVisible(definition is not None)
        if definition is not None:
            self._about.setText(definition.explanation)
            self._source.setText(f"{definition.id} · {definition.source}")

    def _go(self, index: QModelIndex) -> None:
        finding = self.model.row(index)
        if isinstance(finding, Finding):
            self.bench.show_finding(finding)
