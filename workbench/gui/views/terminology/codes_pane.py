"""The list of local codes with its filters and kept views."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QInputDialog,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)

from workbench.app.operations.code_reviews import drop_view, keep_view, views
from workbench.app.operations.local_codes import CodeLine, Show, View, chosen, is_open
from workbench.gui.views.terminology.code_desk import CodeDesk
from workbench.gui.views.terminology.code_rows import COLUMNS, CodeRows
from workbench.gui.widgets.basics import down, label, pane, retitle, table, tool_button

_EVERY = "every field"
_FILTER_MS = 40
_ROW = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows


class CodesPane(QWidget):
    """Several rows may be selected; decisions are for all of them."""

    selection_changed = Signal()

    def __init__(self, codes: CodeDesk, more: QMenu) -> None:
        super().__init__()
        self._codes = codes
        theme = codes.bench.theme
        self.model = CodeRows(theme, COLUMNS, self)
        self.view = table(theme, self.model, "Local codes", COLUMNS)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.show_box = QComboBox()
        self.show_box.setAccessibleName("Which codes")
        self.show_box.setToolTip("Which codes are listed")
        for show in Show:
            self.show_box.addItem(show.value.capitalize(), show)
        self.field = QComboBox()
        self.field.setAccessibleName("Field")
        self.field.setToolTip("Codes of this field only")
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter codes")
        self.filter.setAccessibleName("Filter codes")
        self.filter.setToolTip("Words of code, text, unit, specimen, target, comment or status (Ctrl+F)")
        self.filter.setClearButtonEnabled(True)
        self._views = tool_button(theme, "history", "Kept views")
        self._views.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.views_menu = QMenu("Kept views", self._views)
        self.views_menu.aboutToShow.connect(self.fill_views)
        self._views.setMenu(self.views_menu)
        menu = tool_button(theme, "settings", "Lists, maps and code systems")
        menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu.setMenu(more)
        self._nothing = label(
            "No code matches this view. Choose another view, or empty the filter.", "muted", wrap=True
        )
        self._nothing.setContentsMargins(12, 10, 12, 10)
        body = QWidget()
        body.setLayout(down(self.view, self._nothing, spacing=0))
        self.frame: QFrame = pane("Local codes", body, self.show_box, self.field, self.filter, self._views, menu)
        self.setLayout(down(self.frame))
        self._soon = QTimer(self, singleShot=True, interval=_FILTER_MS)
        self._soon.timeout.connect(self.refresh)
        self.filter.textChanged.connect(lambda _text: self._soon.start())
        self.show_box.activated.connect(self.refresh)
        self.field.activated.connect(self.refresh)
        self.view.selectionModel().selectionChanged.connect(self._selected)
        codes.collected.connect(self._collected)
        codes.changed.connect(self._renew)

    # What is shown

    def present_view(self, name: str = "") -> View:
        """The filters as they stand."""
        field = self.field.currentText() if self.field.currentIndex() > 0 else ""
        return View(name, Show(self.show_box.currentData()), field, self.filter.text())

    def use_view(self, view: View) -> None:
        """Set the filters."""
        self.show_box.setCurrentIndex(self.show_box.findData(view.show))
        self.field.setCurrentIndex(max(0, self.field.findText(view.field)))
        self.filter.blockSignals(True)
        self.filter.setText(view.text)
        self.filter.blockSignals(False)
        self.refresh()

    def refresh(self) -> None:
        """Filter anew; the current code stays current when it is still listed."""
        current = self.current()
        shown = chosen(self._codes.lines, self.present_view())
        self.model.show(shown)
        self._title()
        wanted = current.local if current is not None else None
        index = self.model.index_of(lambda line: line.local is wanted) if wanted is not None else QModelIndex()
        if not index.isValid() and shown:
            index = self.model.index(0, 0)
        if index.isValid():
            self.view.selectionModel().setCurrentIndex(index, _ROW)
        else:
            self.selection_changed.emit()

    def _collected(self) -> None:
        before = self.field.currentText()
        self.field.clear()
        self.field.addItems([_EVERY, *sorted({line.local.field for line in self._codes.lines} - {""})])
        self.field.setCurrentIndex(max(0, self.field.findText(before)))
        self.model.show([])
        self.refresh()

    def _renew(self, lines: Sequence[CodeLine] | None) -> None:
        self.model.renew(self._codes.lines if lines is None else lines)
        self._title()
        self.selection_changed.emit()

    def _title(self) -> None:
        shown, whole = len(self.model.rows), len(self._codes.lines)
        self._nothing.setVisible(not shown)
        retitle(self.frame, f"Local codes · {shown:,}" + (f" of {whole:,}" if shown != whole else ""))

    # The selection

    def current(self) -> CodeLine | None:
        line = self.model.row(self.view.currentIndex())
        return line if isinstance(line, CodeLine) else None

    def selected(self) -> list[CodeLine]:
        """The selected lines in their order, the current one when nothing is selected."""
        rows = self.model.rows
        chosen_rows = sorted({row for run in self._runs() for row in run})
        if chosen_rows:
            return [rows[row] for row in chosen_rows if row < len(rows)]
        current = self.current()
        return [current] if current is not None else []

    def selected_count(self) -> int:
        """How many lines are selected."""
        return sum(len(run) for run in self._runs())

    def _runs(self) -> list[range]:
        """The selected rows as ranges: a hundred thousand indexes would take seconds."""
        selection = self.view.selectionModel().selection()
        runs = (selection.at(number) for number in range(selection.count()))
        return [range(each.top(), each.bottom() + 1) for each in runs]

    def advance(self) -> None:
        """Go to the next code below that waits for a decision; stay when there is none."""
        start = self.view.currentIndex().row()
        rows = self.model.rows
        following = next((n for n in range(start + 1, len(rows)) if is_open(rows[n])), None)
        if following is not None:
            self.view.selectionModel().setCurrentIndex(self.model.index(following, 0), _ROW)

    def select_all_shown(self) -> None:
        self.view.selectAll()

    def _selected(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        self.selection_changed.emit()

    # Kept views

    def fill_views(self) -> None:
        """Read the views of the workspace; done each time the menu opens."""
        self.views_menu.clear()
        self.views_menu.addAction("Keep this view…").triggered.connect(lambda _checked=False: self._ask_name())
        kept = views(self._codes.session)
        if not kept:
            return
        self.views_menu.addSeparator()
        for view in kept:
            action = self.views_menu.addAction(view.name)
            action.setToolTip(" · ".join(part for part in (view.show.value, view.field, view.text) if part))
            action.triggered.connect(partial(self._use, view))
        forget = self.views_menu.addMenu("Forget")
        for view in kept:
            forget.addAction(view.name).triggered.connect(partial(self._forget, view.name))

    def _use(self, view: View, _checked: bool = False) -> None:
        self.use_view(view)

    def _forget(self, name: str, _checked: bool = False) -> None:
        drop_view(self._codes.session, name)

    def _ask_name(self) -> None:
        name, ok = QInputDialog.getText(self, "Keep view", "What is this view called?")
        if ok and name.strip():
            self.keep(name.strip())

    def keep(self, name: str) -> None:
        """Keep the filters in the workspace under a name."""
        keep_view(self._codes.session, self.present_view(name))
        self._codes.bench.say(f"View “{name}” is kept in the workspace")
