"""The ledger pane: what became of every populated source value, of this message or of the whole capture."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QButtonGroup, QStackedWidget, QToolButton, QWidget

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import FATE_MARKS, Mark, counted
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.widgets.basics import Badge, across, button, down, label, table
from workbench.mapping.engine.ledger import CaptureLine, Fate, LedgerEntry

_ORDER = {fate: number for number, fate in enumerate((Fate.LOST, Fate.PRESERVED, Fate.IGNORED, Fate.MAPPED))}


def _mark(entry: LedgerEntry | CaptureLine) -> Mark:
    return FATE_MARKS[entry.fate]


_ENTRY_COLUMNS = (
    Column("Fate", lambda e: _mark(e).word, 7, mark=lambda e: _mark(e), key=lambda e: _ORDER[e.fate]),
    Column("Source", lambda e: e.location.path, 9, mono=True),
    Column("Rule", lambda e: e.rule, 11, mono=True, muted=True),
    Column("Target", lambda e: ", ".join(e.targets), 24, mono=True),
    Column("Reason", lambda e: e.reason, 20, muted=True),
)  # fmt: skip


_FIELD_COLUMNS = (
    Column("Fate", lambda r: _mark(r).word, 7, mark=lambda r: _mark(r), key=lambda r: _ORDER[r.fate]),
    Column("Field", lambda r: r.field, 7, mono=True),
    Column("Values", lambda r: f"{r.values:,}", 5, key=lambda r: r.values, right=True),
    Column("Messages", lambda r: f"{r.messages:,}", 6, key=lambda r: r.messages, right=True, muted=True),
    Column("Rule", lambda r: r.rule, 16, mono=True, muted=True),
    Column("Reason", lambda r: r.reason, 20, muted=True),
)  # fmt: skip


class LedgerPane(QWidget):
    counted = Signal(str)

    def __init__(self, bench: Bench, desk: MappingDesk) -> None:
        super().__init__()
        self._bench, self._desk = bench, desk
        self.entries = RowsModel(bench.theme, _ENTRY_COLUMNS, self)
        self.view = table(bench.theme, self.entries, "Ledger of the message", _ENTRY_COLUMNS)
        self.fields = RowsModel(bench.theme, _FIELD_COLUMNS, self)
        self.fields_view = table(bench.theme, self.fields, "Ledger of the capture", _FIELD_COLUMNS)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.fields_view)
        self._badges = {fate: Badge(bench.theme) for fate in Fate}
        self._sum = label("", "muted")
        self._message = _choice("This message")
        self._capture = _choice("Whole capture")
        group = QButtonGroup(self)
        group.addButton(self._message, 0)
        group.addButton(self._capture, 1)
        self._message.setChecked(True)
        group.idClicked.connect(self._choose)
        measure = button("Measure capture", desk.measure, tip="Map every message and count the fate of each value")
        bar = across(self._message, self._capture, *self._badges.values(), self._sum, 1, measure, spacing=12)
        bar.setContentsMargins(8, 4, 8, 4)
        self.setLayout(down(bar, self._stack, spacing=0))
        self.view.clicked.connect(self._go)
        self.view.activated.connect(self._go)
        desk.result_changed.connect(self._show)
        desk.ledger_changed.connect(self._ledger_changed)
        self._show()

    def _choose(self, which: int) -> None:
        self._stack.setCurrentIndex(which)
        if which and self._desk.capture_ledger is None:
            self._desk.measure()
        self._show()

    def _ledger_changed(self) -> None:
        ledger = self._desk.capture_ledger
        lines = sorted(ledger.lines(), key=lambda line: (_ORDER[line.fate], -line.values)) if ledger else []
        self.fields.show(lines)
        if ledger is not None:
            self._capture.setChecked(True)
            self._stack.setCurrentIndex(1)
        elif self._capture.isChecked():
            self._message.setChecked(True)
            self._stack.setCurrentIndex(0)
        self._show()

    def _show(self) -> None:
        result, whole = self._desk.result, self._desk.capture_ledger
        entries = list(result.traced.ledger.entries) if result is not None else []
        self.entries.show(sorted(entries, key=lambda entry: _ORDER[entry.fate]))
        if self._capture.isChecked() and whole is not None:
            counts = dict(whole.counts())
        else:
            counts = {fate: sum(1 for entry in entries if entry.fate is fate) for fate in Fate}
        for fate, badge in self._badges.items():
            badge.show_mark(counted(FATE_MARKS[fate], counts[fate]))
        total = sum(counts.values())
        self._sum.setText(f"= {total:,} source values" if total else "")
        self.counted.emit(f"{counts[Fate.LOST]:,} lost" if total else "")

    def _go(self, index: QModelIndex) -> None:
        entry = self.entries.row(index)
        if isinstance(entry, LedgerEntry):
            self._bench.select_place(entry.location.path, entry.location.span, self.view)


def _choice(text: str) -> QToolButton:
    made = QToolButton()
    made.setText(text)
    made.setCheckable(True)
    return made
