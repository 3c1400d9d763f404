"""Rules proposed for fields that have none; each is looked at and accepted by a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QStackedWidget, QWidget

from workbench.app.operations.package_suggestions import known_rules, unmapped_fields
from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import STATUS_MARKS
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.models.rule_tree import RuleName, how
from workbench.gui.views.mapping.panes import PanePlace
from workbench.gui.views.mapping.selection import Selection
from workbench.gui.widgets.basics import EmptyState, across, button, down, label, table
from workbench.kernel.progress import JobContext
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.model import Package
from workbench.mapping.suggestions import Suggestion, accept_edits, fields_of, fields_without_rule, suggestions

Found = tuple[tuple[Suggestion, ...], dict[str, int]]


class SuggestionsPane(QFrame):
    """For the fields of the measured capture, else of the selected message, else of the standard."""

    title = "Suggestions"
    place = PanePlace.BELOW
    counted = Signal(int)

    def __init__(self, bench: Bench, desk: MappingDesk, selection: Selection) -> None:
        super().__init__()
        self._bench, self._desk, self._selection = bench, desk, selection
        self._known: Package | None = None
        self._asked_for: Path | None = None
        self._counts: dict[str, int] = {}
        self._dismissed: set[tuple[str, str, str]] = set()
        self._all: tuple[Suggestion, ...] = ()
        columns = self._columns()
        self.model = RowsModel(bench.theme, columns, self)
        self.table = table(bench.theme, self.model, "Suggested rules", columns, sorts=False)
        self.reason = label("", "muted", wrap=True, selectable=True)
        self.reason.setAccessibleName("Reason")
        self.said = label("", "muted")
        self.accepting = button("Accept", self.accept, primary=True, tip="Add this rule as a draft (Enter)")
        self.dismissing = button("Dismiss", self.dismiss, tip="Do not propose it again in this session (Delete)")
        empty = EmptyState(
            bench.theme,
            "sparkles",
            "No rules to suggest",
            "Suggestions come for fields that occur and have no rule. Measure what is lost (Shift+F9) to look at the "
            "whole capture.",
            "Look again",
            self.look,
        )
        self._stack = QStackedWidget()
        full = QWidget()
        foot = across(self.reason, self.dismissing, self.accepting, spacing=8)
        foot.setStretch(0, 1)
        foot.setContentsMargins(10, 6, 8, 8)
        head = across(self.said, 1)
        head.setContentsMargins(10, 6, 10, 4)
        layout = down(head, self.table, foot, spacing=0)
        layout.setStretch(1, 1)
        full.setLayout(layout)
        self._stack.addWidget(empty)
        self._stack.addWidget(full)
        self.setLayout(down(self._stack))
        self._connect()

    def _connect(self) -> None:
        self.table.installEventFilter(self)
        self.table.selectionModel().currentChanged.connect(self._chosen)
        for changed in (self._desk.package_changed, self._desk.ledger_changed, self._desk.result_changed):
            changed.connect(self._stale)

    # A pane of the mapping page

    @property
    def widget(self) -> QWidget:
        return self

    def panes(self) -> list[QWidget]:
        return [self.table]

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {"mapping.suggest": self.table.setFocus}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter accepts and Delete dismisses what is selected."""
        if watched is self.table and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.accept()
                return True
            if event.key() == Qt.Key.Key_Delete:
                self.dismiss()
                return True
        return super().eventFilter(watched, event)

    # Looking for them

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.look()

    def _stale(self) -> None:
        if self.isVisible():
            self.look()

    def look(self) -> None:
        """Work out, beside the window, what can be proposed for the fields that matter now."""
        package = self._desk.package
        if package is None:
            return
        if self._asked_for == package.folder:
            self._search()
            return
        self._asked_for, self._known = package.folder, None
        handle = self._bench.jobs.newest("known rules", "Reading rules to suggest", lambda _ctx: known_rules(package))
        handle.succeeded.connect(self._knows)
        handle.failed.connect(self._bench.report)

    def _knows(self, known: Package | None) -> None:
        self._known = known
        self._search()

    def _search(self) -> None:
        package, known, fields = self._desk.package, self._known, self._fields()
        if package is None:
            return

        def work(_ctx: JobContext) -> Found:
            wanted = fields or dict.fromkeys(fields_without_rule(package), 0)
            return suggestions(package, wanted, known), fields

        handle = self._bench.jobs.newest("suggestions", "Looking for rules", work)
        handle.succeeded.connect(self._found)
        handle.failed.connect(self._bench.report)

    def _fields(self) -> dict[str, int]:
        """The fields without a rule, with how many values each has: of the capture, else of the message."""
        ledger, result = self._desk.capture_ledger, self._desk.result
        if ledger is not None:
            return unmapped_fields(ledger)
        found: dict[str, int] = {}
        for entry in result.traced.ledger.entries if result is not None else ():
            if entry.fate in (Fate.LOST, Fate.PRESERVED):
                for name in fields_of((entry.field,)):
                    found[name] = found.get(name, 0) + 1
        return found

    def _found(self, answer: Found) -> None:
        self._all, self._counts = answer
        self._show()

    def _show(self) -> None:
        current = self.model.row(self.table.currentIndex())
        rows = [each for each in self._all if _key(each) not in self._dismissed]
        self.model.show(rows)
        self._stack.setCurrentIndex(1 if rows else 0)
        self.counted.emit(len(rows))
        what = "of the capture" if self._desk.capture_ledger is not None else "of this message"
        fields = len({each.source for each in rows})
        self.said.setText(f"{len(rows)} rules for {fields} fields {what if self._counts else 'of the standard'}")
        index = self.model.index_of(lambda each: current is not None and _key(each) == _key(current))
        self.table.setCurrentIndex(index if index.isValid() else self.model.index(0, 0))

    def _chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        found = self.model.row(current)
        self.reason.setText("" if found is None else f"{found.reason}.{_brings(found)}")
        self.accepting.setEnabled(found is not None)
        self.dismissing.setEnabled(found is not None)
        if found is not None and self.table.hasFocus():
            self._selection.choose_source(found.source)

    # Deciding

    def accept(self) -> None:
        """Take over the selected proposal as a draft, with the maps it needs; one step of undo."""
        package, found = self._desk.package, self.model.row(self.table.currentIndex())
        if package is None or found is None:
            return
        edits = accept_edits(package, found)
        if self._desk.apply_all(edits, f"Accept suggestion {found.rule.id}"):
            rule = getattr(edits[-1], "rule", found.rule)
            self._selection.choose_rule(RuleName(found.map.partition("/")[2], rule.id))

    def dismiss(self) -> None:
        """Leave the selected proposal out for the rest of the session."""
        found = self.model.row(self.table.currentIndex())
        if found is not None:
            self._dismissed.add(_key(found))
            self._show()

    def _columns(self) -> tuple[Column, ...]:
        mark = STATUS_MARKS["suggested"]
        return (
            Column("Field", lambda each: each.source, 6, lambda _each: mark, mono=True),
            Column("Values", self._values, 4.5, right=True),
            Column("To", lambda each: each.rule.target or f"block {each.rule.id}", 11, mono=True),
            Column("By", lambda each: how(each.rule), 10),
            Column("In", lambda each: each.map.partition("/")[2], 9),
            Column("Because", lambda each: each.reason, 16, muted=True),
        )

    def _values(self, found: Suggestion) -> str:
        count = self._counts.get(found.source, 0)
        return f"{count:,}" if count else ""


def _key(found: Suggestion) -> tuple[str, str, str]:
    return found.source, found.map, found.rule.target


def _brings(found: Suggestion) -> str:
    names = [getattr(edit, "map", "") or f"codes/{getattr(edit, 'name', '')}" for edit in found.brings]
    return f" Brings along {', '.join(names)}." if names else ""
