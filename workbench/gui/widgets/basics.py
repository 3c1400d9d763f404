"""Panes, labels, badges, tables and empty states, made the same way everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import QAbstractItemModel, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QTableView,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.wrapping_line import WrappingLine


def label(text: str = "", role: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A label; `role` is muted, heading, title or mono, as in the style sheet."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    if selectable:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def button(text: str, clicked: Callable[[], object], *, primary: bool = False, tip: str = "") -> QPushButton:
    made = QPushButton(text)
    made.setProperty("primary", primary)
    made.setToolTip(tip)
    made.setAutoDefault(False)
    made.clicked.connect(lambda _checked=False: clicked())
    return made


def tool_button(theme: Theme, icon: str, name: str, clicked: Callable[[], object] | None = None) -> QToolButton:
    """A button with an icon only; `name` is its tool tip and what a screen reader says."""
    made = QToolButton()
    theme.give_icon(made, icon)
    made.setToolTip(name)
    made.setAccessibleName(name)
    if clicked is not None:
        made.clicked.connect(lambda _checked=False: clicked())
    return made


def name_button(box: QDialogButtonBox, text: str) -> None:
    """Say on the OK button of a dialog what it does, and make it the primary one."""
    made = box.button(QDialogButtonBox.StandardButton.Ok)
    made.setText(text)
    made.setProperty("primary", True)


def across(*items: QWidget | QLayout | int, margins: int = 0, spacing: int = 6) -> QHBoxLayout:
    """Widgets side by side; a number is a stretch of that weight."""
    return _filled(QHBoxLayout(), items, margins, spacing)


def down(*items: QWidget | QLayout | int, margins: int = 0, spacing: int = 6) -> QVBoxLayout:
    """Widgets one under another; a number is a stretch of that weight."""
    return _filled(QVBoxLayout(), items, margins, spacing)


_Box = TypeVar("_Box", QHBoxLayout, QVBoxLayout)


def _filled(layout: _Box, items: Sequence[QWidget | QLayout | int], margins: int, spacing: int) -> _Box:
    layout.setContentsMargins(margins, margins, margins, margins)
    layout.setSpacing(spacing)
    for item in items:
        if isinstance(item, int):
            layout.addStretch(item)
        elif isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)
    return layout


def pane(title: str, body: QWidget, *beside: QWidget) -> QFrame:
    """A framed part of a page with a heading; `beside` stand right of the heading, or below it in a narrow pane."""
    frame = QFrame()
    frame.setObjectName("pane")
    frame.setAccessibleName(title)
    head = QFrame()
    head.setObjectName("paneHead")
    heading = label(title, "heading")
    head.setLayout(WrappingLine(heading, *beside, margins=(10, 5, 6, 5)))
    layout = down(head, spacing=0)
    layout.addWidget(body, 1)
    layout.setContentsMargins(1, 1, 1, 1)
    frame.setLayout(layout)
    frame.setProperty("heading", heading)
    return frame


def retitle(frame: QFrame, title: str) -> None:
    """Change the heading of a `pane`."""
    heading = frame.property("heading")
    if isinstance(heading, QLabel):
        heading.setText(title)


def card(*items: QWidget | QLayout | int, spacing: int = 6) -> QFrame:
    frame = QFrame()
    frame.setObjectName("card")
    layout = down(*items, spacing=spacing)
    layout.setContentsMargins(16, 14, 16, 14)
    frame.setLayout(layout)
    return frame


class Badge(QWidget):
    """Icon, word and colour of a state."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = label()
        self._icon.setProperty("icon_size", 16)
        self._word = label()
        self.setLayout(across(self._icon, self._word, spacing=4))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._role = ""
        theme.changed.connect(self._tint)

    def show_mark(self, mark: Mark, text: str = "") -> None:
        """Show a state; `text` replaces its word where more is known."""
        self._theme.give_icon(self._icon, mark.icon, mark.role)
        self._word.setText(text or mark.word)
        self._role = mark.role
        self._tint()

    @property
    def text(self) -> str:
        return self._word.text()

    def _tint(self) -> None:
        if self._role:
            self._word.setStyleSheet(f"color: {self._theme.tokens[self._role]}; font-weight: 500;")
            self._word.ensurePolished()
            self._word.updateGeometry()
            self.updateGeometry()


class EmptyState(QWidget):
    """Says what belongs here and offers the one action that fills it."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        title: str,
        text: str,
        action: str = "",
        clicked: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        picture = label()
        picture.setProperty("icon_size", 40)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.give_icon(picture, icon, "muted")
        heading = label(title, "heading")
        heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words = label(text, "muted", wrap=True)
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        words.setMaximumWidth(420)
        words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        layout = down(1, picture, heading, spacing=10)
        # A wrapped text that is aligned gets too few lines; between two springs it gets as many as it needs.
        middle = across(1, words, 1)
        middle.setStretchFactor(words, 100)
        layout.addLayout(middle)
        if clicked is not None:
            layout.addWidget(button(action, clicked, primary=True), 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)
        self.setLayout(layout)


def table(
    theme: Theme, model: QAbstractItemModel, name: str, columns: Sequence[Column] = (), *, sorts: bool = True
) -> QTableView:
    """A table of fixed row height that selects whole rows; widths are those of the columns, the last one stretches."""
    view = QTableView()
    view.setModel(model)
    view.setAccessibleName(name)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.setIconSize(QSize(16, 16))
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    rows = view.verticalHeader()
    rows.hide()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setDefaultSectionSize(theme.row_height)
    heads = view.horizontalHeader()
    heads.setHighlightSections(False)
    heads.setTextElideMode(Qt.TextElideMode.ElideRight)
    heads.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    heads.setStretchLastSection(True)
    heads.setMinimumSectionSize(round(theme.em * 1.6))
    heads.setDefaultSectionSize(round(theme.em * 4))
    for number, column in enumerate(columns[:-1]):
        view.setColumnWidth(number, round(column.width * theme.em))
    if sorts and columns:
        heads.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        heads.setSortIndicatorClearable(True)
        view.setSortingEnabled(True)
    return view


def tree(theme: Theme, model: QAbstractItemModel, name: str, widths: Sequence[float] = ()) -> QTreeView:
    """A tree of uniform row height; `widths` in em, the last column stretches."""
    view = QTreeView()
    view.setModel(model)
    view.setAccessibleName(name)
    view.setUniformRowHeights(True)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setIndentation(round(theme.em * 0.9))
    view.setIconSize(QSize(16, 16))
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    heads = view.header()
    heads.setTextElideMode(Qt.TextElideMode.ElideRight)
    heads.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    heads.setStretchLastSection(True)
    for number, width in enumerate(widths):
        view.setColumnWidth(number, round(width * theme.em))
    return view
