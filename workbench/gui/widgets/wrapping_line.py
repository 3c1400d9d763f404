"""Controls side by side that go on in a second line where the window is narrow, instead of making it wide."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget

_Row = list[QLayoutItem]
_GROWS = QSizePolicy.Policy.Expanding


class WrappingLine(QLayout):
    """The first control stands at the left, the others at the right, as long as there is room.

    apart  False: the others stand beside the first, and those that expand share the room in every line

    Controls that expand, such as boxes to type in, become narrower before anything wraps.
    """

    def __init__(
        self, *widgets: QWidget, margins: tuple[int, int, int, int] = (0, 0, 0, 0), spacing: int = 6, apart: bool = True
    ) -> None:
        super().__init__()
        self._apart = apart
        self._items: _Row = []
        self.setContentsMargins(*margins)
        self.setSpacing(spacing)
        for widget in widgets:
            self.addWidget(widget)

    # What Qt asks of a layout

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), place=False)

    def setGeometry(self, rectangle: QRect) -> None:
        super().setGeometry(rectangle)
        self._arrange(rectangle, place=True)

    def sizeHint(self) -> QSize:
        items = self._shown()
        width = sum(item.sizeHint().width() for item in items) + self.spacing() * max(0, len(items) - 1)
        return self._with_margins(width, max((item.sizeHint().height() for item in items), default=0))

    def minimumSize(self) -> QSize:
        items = self._shown()
        widest = max((item.minimumSize().width() for item in items), default=0)
        return self._with_margins(widest, max((item.minimumSize().height() for item in items), default=0))

    # Arranging

    def _shown(self) -> _Row:
        return [item for item in self._items if not item.isEmpty()]

    def _with_margins(self, width: int, height: int) -> QSize:
        around = self.contentsMargins()
        return QSize(width + around.left() + around.right(), height + around.top() + around.bottom())

    def _arrange(self, rectangle: QRect, *, place: bool) -> int:
        """Put the controls into rows, and into their places; the height that they take."""
        inside = rectangle.marginsRemoved(self.contentsMargins())
        y = inside.top()
        rows = self._rows(inside.width())
        for number, row in enumerate(rows):
            height = max(item.sizeHint().height() for item in row)
            if len(rows) == 1:
                height = max(height, inside.height())
            if place:
                self._place(row, QRect(inside.left(), y, inside.width(), height), first=number == 0)
            y += height + self.spacing()
        around = self.contentsMargins()
        return y - self.spacing() - inside.top() + around.top() + around.bottom() if rows else 0

    def _rows(self, room: int) -> list[_Row]:
        rows: list[_Row] = []
        used = 0
        for item in self._shown():
            width = _wanted(item)
            if rows and used + self.spacing() + width <= room:
                rows[-1].append(item)
                used += self.spacing() + width
            else:
                rows.append([item])
                used = width
        return rows

    def _place(self, row: _Row, room: QRect, *, first: bool) -> None:
        widths = self._widths(row, room.width() - self.spacing() * (len(row) - 1), grow=not (first and self._apart))
        left_over = room.width() - sum(widths) - self.spacing() * (len(row) - 1)
        x = room.left()
        for number, (item, width) in enumerate(zip(row, widths, strict=True)):
            if number == 1 and first and self._apart:
                x += left_over
            height = min(item.sizeHint().height(), item.maximumSize().height())
            item.setGeometry(QRect(x, room.top() + (room.height() - height) // 2, width, height))
            x += width + self.spacing()

    @staticmethod
    def _widths(row: Sequence[QLayoutItem], room: int, *, grow: bool) -> list[int]:
        """As wide as they want to be; less, down to their minimum, or more, for those that may grow, as the room is."""
        smallest = [item.minimumSize().width() for item in row]
        widths = [max(item.sizeHint().width(), low) for item, low in zip(row, smallest, strict=True)]
        short = sum(widths) - room
        if short > 0:
            give = [
                width - low if _expands(item) else 0 for item, width, low in zip(row, widths, smallest, strict=True)
            ]
            if sum(give) < short:
                give = [width - low for width, low in zip(widths, smallest, strict=True)]
            taken = [-(-short * each // (sum(give) or 1)) for each in give]
            return [max(low, width - less) for width, low, less in zip(widths, smallest, taken, strict=True)]
        growing = [n for n, item in enumerate(row) if grow and _expands(item)]
        for number in growing:
            widths[number] = min(widths[number] + -short // len(growing), row[number].maximumSize().width())
        return widths


def _wanted(item: QLayoutItem) -> int:
    """The width below which a control goes to the next line."""
    hint, least = item.sizeHint().width(), item.minimumSize().width()
    return max(least, (least + hint) // 2 if _expands(item) else hint)


def _expands(item: QLayoutItem) -> bool:
    widget = item.widget()
    return widget is not None and widget.sizePolicy().horizontalPolicy() is _GROWS
