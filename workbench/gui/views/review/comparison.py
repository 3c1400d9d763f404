"""Two clinical records side by side: a card for each section, a row for each item, what differs marked."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.marks import Mark
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import Badge, card, label
from workbench.kernel.issues import MASK
from workbench.records.agreement import FactDifference, Kind
from workbench.records.clinical import Fact, Item, SectionName
from workbench.records.compare import Difference

KIND_MARKS = {
    Kind.SAME: Mark("circle-check", "state.good", "same"),
    Kind.CHANGED: Mark("file-diff", "state.bad", "different"),
    Kind.MISSING: Mark("circle-x", "state.bad", "missing in the result"),
    Kind.ADDED: Mark("plus", "state.partial", "only in the result"),
    Kind.UNVALIDATED: Mark("triangle-alert", "state.partial", "not validated"),
}
_WASH = {
    Kind.CHANGED: "wash.bad",
    Kind.MISSING: "wash.bad",
    Kind.ADDED: "wash.partial",
    Kind.UNVALIDATED: "wash.partial",
}
_LEFT, _RIGHT = 2, 10
"""Pixels beside the cards."""
_CARD = 17
"""Pixels between the edge of a card and what stands in it."""
_PADDING = "padding: 5px;"


class ComparisonView(QScrollArea):
    """Sections with a difference first, then in the order of the record; within one, dangerous differences first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._heads = QGridLayout()
        self.setWidgetResizable(True)
        self.setAccessibleName("Source and result side by side")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def heads(self, source: str, result: str) -> QGridLayout:
        """Words to stand above the columns, which they follow."""
        share_columns(self._heads, self._theme)
        for column, words in ((0, source), (2, result)):
            head = label(words, "heading")
            head.setStyleSheet(_PADDING)
            self._heads.addWidget(head, 0, column)
        self._heads.addWidget(label(), 0, 1)  # a column without anything has no gap beside it
        return self._heads

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        beside = self.width() - self.viewport().width()  # the scroll bar, which comes and goes
        self._heads.setContentsMargins(_LEFT + _CARD, 0, _RIGHT + _CARD + beside, 0)

    def show_differences(self, differences: Sequence[Difference], *, masked: bool, only_differing: bool) -> None:
        body = QWidget()
        body.setObjectName("page")
        layout = QVBoxLayout(body)
        layout.setContentsMargins(_LEFT, 2, _RIGHT, 10)
        layout.setSpacing(10)
        open_sections = {d.section for d in differences if d.kind is not Kind.SAME}
        for section in sorted(SectionName, key=lambda name: name not in open_sections):
            rows = [d for d in differences if d.section is section and (d.kind is not Kind.SAME or not only_differing)]
            if rows:
                layout.addWidget(self._section(section, rows, masked))
        if layout.count() == 0:
            layout.addWidget(label("Source and result say the same.", "muted"))
        layout.addStretch(1)
        self.setWidget(body)

    def _section(self, section: SectionName, rows: Sequence[Difference], masked: bool) -> QFrame:
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        share_columns(grid, self._theme)
        for number, row in enumerate(rows):
            grid.addWidget(self._side(row, row.source, masked, is_result=False), number, 0)
            badge = Badge(self._theme)
            badge.show_mark(KIND_MARKS[row.kind])
            grid.addWidget(badge, number, 1, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(self._side(row, row.result, masked, is_result=True), number, 2)
        return card(label(str(section), "heading"), grid)

    def _side(self, row: Difference, item: Item | None, masked: bool, *, is_result: bool) -> QLabel:
        made = QLabel(self._html(row, item, masked, is_result))
        made.setTextFormat(Qt.TextFormat.RichText)
        made.setWordWrap(True)
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        wash = _WASH.get(row.kind) if is_result or row.kind is Kind.MISSING else None
        background = f"background: {self._theme.tokens[wash]};" if wash else ""
        made.setStyleSheet(f"{background} {_PADDING} border-radius: 4px;")
        return made

    def _html(self, row: Difference, item: Item | None, masked: bool, is_result: bool) -> str:
        muted = self._theme.tokens["muted"]
        if item is None:
            return f'<span style="color:{muted}">not said</span>'
        name = escape(item.label or item.key.capitalize())
        parts = [_strong(name)] if name else []
        if item.code and not masked:
            parts.append(f'<span style="color:{muted}">{escape(item.code)}</span>')
        differing = {id(_fact(d, is_result)): d for d in row.facts if d.kind is not Kind.SAME}
        facts = " · ".join(self._fact(fact, differing.get(id(fact)), masked) for fact in item.facts)
        head = " ".join(parts)
        return f"{head}<br>{facts}" if facts and head else head or facts

    def _fact(self, fact: Fact, difference: FactDifference | None, masked: bool) -> str:
        shown = MASK if masked else escape(fact.shown)
        word = "" if fact.name.value in ("value", "name") else f"{fact.name.value} "
        text = f'<span style="color:{self._theme.tokens["muted"]}">{escape(word)}</span>{shown}'
        if difference is None:
            return text
        mark = KIND_MARKS[difference.kind]
        note = f" ({escape(difference.note)})" if difference.note else ""
        return f'<span style="color:{self._theme.tokens[mark.role]}">{_strong(escape(word) + shown)}{note}</span>'


def share_columns(grid: QGridLayout, theme: Theme) -> None:
    """Source and result alike in width, the verdict between them; the same for headings and rows."""
    grid.setHorizontalSpacing(14)
    grid.setColumnStretch(0, 1)
    grid.setColumnMinimumWidth(1, round(theme.em * 10))
    grid.setColumnStretch(2, 1)


def _strong(text: str) -> str:
    """Semi-bold, which is shipped; bold would be drawn by smearing."""
    return f'<span style="font-weight:600">{text}</span>'


def _fact(difference: FactDifference, is_result: bool) -> Fact | None:
    return difference.result if is_result else difference.source
