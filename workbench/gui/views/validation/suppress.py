"""Deciding to live with findings: the question for reason and last day, and the list of such decisions."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QDate, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.app.operations.suppressions import ANYWHERE, Sent, Sieve, Suppression, plain_path
from workbench.gui.findings import Finding
from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import EmptyState, button, down, label, name_button, pane, retitle, table

USUAL_DAYS = 90
_HOLDS = Mark("ban", "state.idle", "holds")
_EXPIRED = Mark("clock", "state.partial", "expired")


class SuppressDialog(QDialog):
    """Asks which findings, why, and until when."""

    def __init__(self, theme: Theme, finding: Finding, sent: Sent, today: date, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Suppress findings")
        self._rule = finding.issue.rule
        path = plain_path(finding.issue.location.path)
        self.path = _choices("Place", [(path or "the whole message", path), ("anywhere", ANYWHERE)])
        self.path.setEditable(True)
        self.from_sender = _choices("Sender", [("any", ""), *([(sent.sender, sent.sender)] if sent.sender else [])])
        self.from_file = _choices("File", [("any", ""), *([(sent.file, sent.file)] if sent.file else [])])
        self.until = QDateEdit(_qdate(today).addDays(USUAL_DAYS))
        self.until.setMinimumDate(_qdate(today))
        self.until.setDisplayFormat("yyyy-MM-dd")
        self.until.setCalendarPopup(True)
        self.until.setAccessibleName("Last day")
        self.reason = QPlainTextEdit()
        self.reason.setObjectName("editor")
        self.reason.setAccessibleName("Reason")
        self.reason.setTabChangesFocus(True)
        self.reason.setFixedHeight(round(theme.em * 5))
        self._box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        name_button(self._box, "Suppress")
        self.setLayout(self._laid_out())
        self.setMinimumWidth(round(theme.em * 32))
        self.reason.textChanged.connect(self._check)
        self._check()
        self.reason.setFocus()

    def _laid_out(self) -> QVBoxLayout:
        form = QFormLayout()
        form.addRow("Rule", label(self._rule, "mono"))
        for name, field in (
            ("Place", self.path),
            ("Sender", self.from_sender),
            ("File", self.from_file),
            ("Last day", self.until),
            ("Reason", self.reason),
        ):
            form.addRow(name, field)
        about = "Such findings are counted and can be shown, but are no longer told. The decision is audited."
        return down(label(about, "muted", wrap=True), form, self._box, margins=20, spacing=12)

    @property
    def suppression(self) -> Suppression:
        """What was asked for."""
        return Suppression(
            rule=self._rule,
            path=_chosen(self.path),
            reason=self.reason.toPlainText().strip(),
            until=date(*self.until.date().getDate()),
            file=_chosen(self.from_file),
            sender=_chosen(self.from_sender),
        )

    def _check(self) -> None:
        self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(self.reason.toPlainText().strip()))


class SuppressionsTab(QWidget):
    """The decisions that hide findings, with how many findings each of them hides; and the baseline."""

    lift_asked = Signal(object)  # Suppression
    baseline_asked = Signal()
    forget_asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._sieve = Sieve()
        self._counts: dict[str, int] = {}
        columns = (
            Column("State", lambda s: self._mark(s).word, 6, mark=self._mark),
            Column("Rule", lambda s: s.rule, 6, mono=True),
            Column("Where", lambda s: s.path, 8, mono=True),
            Column("Sender", lambda s: s.sender or "any", 7),
            Column("File", lambda s: s.file or "any", 8),
            Column("Hides", lambda s: f"{self.count(s):,}", 4, key=self.count, right=True),
            Column("Last day", lambda s: s.until.isoformat(), 7.5),
            Column("Who", lambda s: s.author, 6, muted=True),
            Column("Reason", lambda s: s.reason, 16),
        )
        self.model = RowsModel(theme, columns, self)
        self.view = table(theme, self.model, "Suppressions", columns)
        self._lift = button("Show such findings again", self.lift, tip="Take the selected suppression back")
        words = "Suppress… beside a finding hides all like it, for a reason and until a day; it is listed here."
        self._stack = QStackedWidget()
        self._stack.addWidget(EmptyState(theme, "ban", "Nothing is suppressed", words))
        self._stack.addWidget(self.view)
        self._decisions = pane("Suppressions", self._stack, self._lift)
        self.known = label("", wrap=True)
        self.take = button("Take the open problems as known", self.baseline_asked.emit)
        self.forget = button("Forget the baseline", self.forget_asked.emit)
        about = QWidget()
        layout = down(self.known)
        layout.setContentsMargins(12, 10, 12, 10)
        about.setLayout(layout)
        self.setLayout(down(pane("Baseline", about, self.take, self.forget), self._decisions, spacing=8))
        self.layout().setStretch(1, 1)  # type: ignore[union-attr]
        self.view.selectionModel().currentRowChanged.connect(lambda *_rows: self._enable())
        self.show_sieve(self._sieve, {}, 0)

    def show_sieve(self, sieve: Sieve, counts: dict[str, int], known: int) -> None:
        """Show what is hidden: findings by the id of their suppression, and how many the baseline knows."""
        self._sieve, self._counts = sieve, counts
        self.model.show(sieve.suppressions)
        self._stack.setCurrentIndex(1 if sieve.suppressions else 0)
        retitle(self._decisions, f"Suppressions · {len(sieve.suppressions)}" if sieve.suppressions else "Suppressions")
        kinds = len(sieve.baseline)
        self.known.setText(
            f"{kinds:,} kinds of problems are known (rule, place, sender and message type); {known:,} findings of this "
            "run are of such a kind and are not told. What is told is new."
            if kinds
            else "There is no baseline: every problem counts as new. Take the open problems as known, "
            "and from then on only others are told."
        )
        self.forget.setEnabled(bool(kinds))
        self._enable()

    def count(self, suppression: Suppression) -> int:
        """How many findings of the last run it hides."""
        return self._counts.get(suppression.id, 0)

    def lift(self) -> None:
        row = self.model.row(self.view.currentIndex())
        if isinstance(row, Suppression):
            self.lift_asked.emit(row)

    def _enable(self) -> None:
        self._lift.setEnabled(self.view.currentIndex().isValid())

    def _mark(self, suppression: Suppression) -> Mark:
        return _HOLDS if suppression.holds(self._sieve.today) else _EXPIRED


def _choices(name: str, choices: list[tuple[str, str]]) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    for text, value in choices:
        box.addItem(text, value)
    return box


def _chosen(box: QComboBox) -> str:
    """The value of a choice, or what was typed instead."""
    text = box.currentText()
    index = box.findText(text)
    return str(box.itemData(index)) if index >= 0 else text.strip()


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)
