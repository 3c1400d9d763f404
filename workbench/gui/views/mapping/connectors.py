"""The curves between two trees: which rule reads which field, which element it writes.

Only rows in view are drawn, rules in a folded map or block as one bundle; what belongs to the selection stands out and
the rest steps back, so that a map of hundreds of rules stays readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QTreeView, QWidget

from workbench.gui.theme.theme import Theme

_WIDTH_EM = 3.2
_MOST_DIM = 240


@dataclass(frozen=True, slots=True)
class Link:
    """A row of the left tree and one of the right; `strong` if it belongs to the selection, `off` if switched off."""

    left: QModelIndex
    right: QModelIndex
    strong: bool = False
    off: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """A link as it is drawn: heights in the widget's coordinates; `count` links share it."""

    left: float
    right: float
    strong: bool
    off: bool
    count: int = 1


class Connectors(QWidget):
    """A strip between two trees; `links` is asked when it is painted, with the visible rows of the middle tree."""

    def __init__(
        self, theme: Theme, left: QTreeView, right: QTreeView, links: Callable[[], Iterable[Link]], name: str
    ) -> None:
        super().__init__()
        self._theme, self._left, self._right, self._links = theme, left, right, links
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setFixedWidth(round(theme.em * _WIDTH_EM))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(round(self._theme.em * _WIDTH_EM), 100)

    def curves(self) -> list[Curve]:
        """What is drawn now: one curve for links that share both ends, strong ones last."""
        bundles: dict[tuple[float, float], Curve] = {}
        for link in self._links():
            left, right = self._height(self._left, link.left), self._height(self._right, link.right)
            if left is None or right is None:
                continue
            inside = (0 <= left <= self.height()) or (0 <= right <= self.height())
            if not link.strong and not inside:
                continue
            key = (left, right)
            known = bundles.get(key)
            bundles[key] = Curve(
                left,
                right,
                link.strong or (known is not None and known.strong),
                link.off and (known is None or known.off),
                1 + (known.count if known is not None else 0),
            )
        return sorted(bundles.values(), key=lambda curve: curve.strong)

    def _height(self, view: QTreeView, index: QModelIndex) -> float | None:
        """The middle of a row, or of the folded row it is in, in this widget; None when it has none."""
        shown = index
        above = index.parent()
        while above.isValid():
            if not view.isExpanded(above):
                shown = above
            above = above.parent()
        rect = view.visualRect(shown.siblingAtColumn(0))
        if not rect.isValid():
            return None
        return self.mapFromGlobal(view.viewport().mapToGlobal(QPointF(0, rect.center().y()))).y()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        curves = self.curves()
        some_strong = any(curve.strong for curve in curves)
        for curve in curves[-_MOST_DIM:]:
            painter.setPen(self._pen(curve, some_strong))
            painter.setOpacity(1.0 if curve.strong or not some_strong else 0.45)
            painter.drawPath(self._path(curve))
            if curve.strong:
                painter.setBrush(self._theme.colour("accent"))
                painter.drawEllipse(QPointF(3, curve.left), 2.5, 2.5)
                painter.drawEllipse(QPointF(self.width() - 3, curve.right), 2.5, 2.5)
                painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.end()

    def _pen(self, curve: Curve, some_strong: bool) -> QPen:
        width = 2.2 if curve.strong else 1.0 + min(curve.count - 1, 6) * 0.4
        pen = QPen(self._theme.colour("accent" if curve.strong else "muted" if not some_strong else "border"), width)
        pen.setStyle(Qt.PenStyle.DashLine if curve.off else Qt.PenStyle.SolidLine)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        return pen

    def _path(self, curve: Curve) -> QPainterPath:
        """A level start and end, whatever the distance; ends out of sight leave by the edge."""
        top, bottom = -6.0, self.height() + 6.0
        left, right = min(max(curve.left, top), bottom), min(max(curve.right, top), bottom)
        middle = self.width() / 2
        path = QPainterPath(QPointF(1, left))
        path.cubicTo(QPointF(middle, left), QPointF(middle, right), QPointF(self.width() - 1, right))
        return path


def rows_in_view(view: QTreeView) -> list[QModelIndex]:
    """The rows of a tree that can be seen, from top to bottom."""
    found = []
    index = view.indexAt(view.viewport().rect().topLeft())
    bottom = view.viewport().rect().bottom()
    while index.isValid() and view.visualRect(index).top() <= bottom:
        found.append(index.siblingAtColumn(0))
        index = view.indexBelow(index)
    return found
