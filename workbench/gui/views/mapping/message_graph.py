"""The graph of a message map: what is made, in columns, and arrows for what refers to what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QFont, QFontMetricsF, QKeyEvent, QPainter, QPainterPath, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsScene,
    QGraphicsSceneMouseEvent,
    QGraphicsView,
    QStyleOptionGraphicsItem,
    QWidget,
)

from workbench.gui.theme.theme import Theme
from workbench.mapping.wiring import layers

_MOST_LABELS = 14
"""With more arrows their words are shown for the selected node only."""
_ARROW = 7.0
_FAINT = 0.22
_SMALLEST = 0.68
"""Below this scale nobody reads the names; then the graph is scrolled."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A node.

    source  the group or segment whose repetitions make it, "" where a map makes it on the way
    count   how many the message has; None without a message
    """

    name: str
    type: str
    source: str = ""
    count: int | None = None

    @property
    def inside(self) -> bool:
        """True for what a map makes on the way, and no row."""
        return not self.source

    @property
    def about(self) -> str:
        """What it is and where it comes from: `Observation · OBSERVATION/OBX`."""
        return f"{self.type} · {self.source}" if self.source else self.type


@dataclass(frozen=True, slots=True)
class Line:
    """An arrow from what refers to what it refers to; `count` of the message, None without one."""

    source: str
    target: str
    words: str
    count: int | None = None


class MessageGraph(QGraphicsView):
    """Arrow keys go from node to node, Return chooses; the wheel with Ctrl zooms, Ctrl+0 shows all."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._dots: tuple[Dot, ...] = ()
        self._lines: tuple[Line, ...] = ()
        self._columns: list[list[str]] = []
        self._nodes: dict[str, _Node] = {}
        self._arrows: list[tuple[Line, _Arrow]] = []
        self.selected = ""
        self.setScene(QGraphicsScene(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Graph of the message map")
        theme.changed.connect(lambda: self.show_graph(self._dots, self._lines))

    def show_graph(self, dots: Sequence[Dot], lines: Sequence[Line]) -> None:
        """Show other nodes and arrows; the selected node stays selected where it still is."""
        same = {dot.name for dot in dots} == set(self._nodes)
        self._dots, self._lines = tuple(dots), tuple(lines)
        self._columns = layers([dot.name for dot in dots], {(line.source, line.target) for line in lines})
        scene = self.scene()
        scene.clear()
        scene.setBackgroundBrush(QBrush(self._theme.colour("surface")))
        self._nodes, self._arrows = {}, []
        self._place(dots)
        for line in lines:
            if line.source in self._nodes and line.target in self._nodes and line.source != line.target:
                arrow = _Arrow(self._theme, self._nodes[line.source], self._nodes[line.target], line)
                scene.addItem(arrow)
                self._arrows.append((line, arrow))
        scene.setSceneRect(scene.itemsBoundingRect().adjusted(-20, -20, 20, 20))
        self._paint_selection()
        if not same:
            self.fit()

    def select(self, name: str) -> None:
        """Point out a node and its neighbours; "" points out none."""
        self.selected = name if name in self._nodes else ""
        self._paint_selection()
        if self.selected:
            self.ensureVisible(self._nodes[self.selected], 40, 40)
            self.setAccessibleDescription(self.sentence())

    def sentence(self) -> str:
        """The selected node and what it refers to, in words."""
        dot = next((dot for dot in self._dots if dot.name == self.selected), None)
        if dot is None:
            return f"{len(self._dots)} instances, {len(self._lines)} references"
        to = ", ".join(sorted({f"{line.words} {line.target}" for line in self._lines if line.source == dot.name}))
        by = ", ".join(sorted({line.source for line in self._lines if line.target == dot.name}))
        count = "" if dot.count is None else f", {dot.count} in this message"
        made = f" from {dot.source}" if dot.source else ", made inside a map"
        return f"{dot.name}, {dot.type}{made}{count}. Refers to: {to or 'nothing'}. Referred to by: {by or 'nothing'}."

    def fit(self) -> None:
        """Show as much as can be read: everything, but never smaller than the text of tables."""
        self.resetTransform()
        area, view = self.scene().sceneRect(), self.viewport().rect()
        if area.width() > 0 and area.height() > 0:
            scale = min(view.width() / area.width(), view.height() / area.height(), 1.0)
            self.scale(max(scale, _SMALLEST), max(scale, _SMALLEST))
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().minimum())

    def _place(self, dots: Sequence[Dot]) -> None:
        by_name = {dot.name: dot for dot in dots}
        em = self._theme.em
        metrics = QFontMetricsF(self._theme.font(1.0, QFont.Weight.DemiBold))
        small = QFontMetricsF(self._theme.font(0.88))
        left = 0.0
        tallest = max((len(column) for column in self._columns), default=0)
        for column in self._columns:
            widest = max(
                max(metrics.horizontalAdvance(f"{name}   ×00"), small.horizontalAdvance(by_name[name].about))
                for name in column
            )
            width = max(widest + em * 1.2, em * 6)
            for row, name in enumerate(column):
                node = _Node(self._theme, by_name[name], width, self)
                top = (row + (tallest - len(column)) / 2) * em * 3.4
                node.setPos(left, top)
                self.scene().addItem(node)
                self._nodes[name] = node
            left += width + em * 4.6

    def _paint_selection(self) -> None:
        near = {self.selected}
        for line in self._lines:
            if self.selected in (line.source, line.target):
                near |= {line.source, line.target}
        for name, node in self._nodes.items():
            node.show_state(name == self.selected, not self.selected or name in near)
        words = len(self._lines) <= _MOST_LABELS
        for line, arrow in self._arrows:
            touches = self.selected in (line.source, line.target)
            arrow.show_state(touches, not self.selected or touches, words or touches)

    def choose(self, name: str) -> None:
        """Select a node as a person does."""
        self.select(name)
        self.chosen.emit(name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is not None and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._step(*step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected:
            self.chosen.emit(self.selected)
        elif event.key() == Qt.Key.Key_Escape and self.selected:
            self.choose("")
        elif event.key() == Qt.Key.Key_0 and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.fit()
        else:
            super().keyPressEvent(event)

    def _step(self, across: int, down: int) -> None:
        if not self._columns:
            return
        at = next(
            ((c, r) for c, column in enumerate(self._columns) for r, n in enumerate(column) if n == self.selected), None
        )
        if at is None:
            self.choose(self._columns[0][0])
            return
        column = min(max(at[0] + across, 0), len(self._columns) - 1)
        names = self._columns[column]
        if across and column != at[0]:
            here = self._nodes[self.selected].pos().y()
            self.choose(min(names, key=lambda name: abs(self._nodes[name].pos().y() - here)))
        else:
            self.choose(names[min(max(at[1] + down, 0), len(names) - 1)])

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            factor = 1.15 if event.angleDelta().y() > 0 else 1 / 1.15
            if 0.3 < self.transform().m11() * factor < 2.5:
                self.scale(factor, factor)
        else:
            super().wheelEvent(event)


class _Node(QGraphicsItem):
    """A box with name and type; what the message does not have is dashed and muted."""

    def __init__(self, theme: Theme, dot: Dot, width: float, graph: MessageGraph) -> None:
        super().__init__()
        self._theme, self.dot, self._graph = theme, dot, graph
        self._area = QRectF(0, 0, width, theme.em * 2.9)
        self._selected = False
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        how = " · made inside a map" if dot.inside else "" if dot.count != 0 else " · not in this message"
        self.setToolTip(f"{dot.name} · {dot.about}{how}")
        self.setZValue(1)

    def boundingRect(self) -> QRectF:
        return self._area.adjusted(-2, -2, 2, 2)

    def show_state(self, selected: bool, near: bool) -> None:
        self._selected = selected
        self.setOpacity(1.0 if near else _FAINT)
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        there = self.dot.count is None or self.dot.count > 0
        colours, em = self._theme, self._theme.em
        border = "focus" if self._selected else "accent" if there and not self.dot.inside else "border"
        pen = QPen(colours.colour(border), 2.4 if self._selected else 1.2)
        if not there:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(colours.colour("selection" if self._selected else "raised" if there else "surface"))
        painter.drawRoundedRect(self._area, 5, 5)
        inner = self._area.adjusted(em * 0.6, em * 0.25, -em * 0.6, -em * 0.25)
        painter.setFont(colours.font(1.0, QFont.Weight.Normal if self.dot.inside else QFont.Weight.DemiBold))
        painter.setPen(colours.colour("selection_text" if self._selected else "text" if there else "muted"))
        name = painter.fontMetrics().elidedText(
            self.dot.name, Qt.TextElideMode.ElideRight, round(inner.width() - (em * 2 if self.dot.count else 0))
        )
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, name)
        if self.dot.count:
            painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, f"×{self.dot.count}")
        painter.setFont(colours.font(0.88))
        painter.setPen(colours.colour("selection_text" if self._selected else "muted"))
        said = painter.fontMetrics().elidedText(self.dot.about, Qt.TextElideMode.ElideRight, round(inner.width()))
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, said)

    def mousePressEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        self._graph.choose(self.dot.name)
        event.accept()


class _Arrow(QGraphicsPathItem):
    """From the left side of what refers to the right side of what it refers to; the head is there."""

    def __init__(self, theme: Theme, source: _Node, target: _Node, line: Line) -> None:
        super().__init__()
        self._theme, self._line = theme, line
        self._words = False
        start = source.pos() + QPointF(0, source.boundingRect().height() / 2)
        end = target.pos() + QPointF(target.boundingRect().width() - 4, target.boundingRect().height() / 2)
        if end.x() > start.x():  # a circle: both in one column, or the other way round
            start = source.pos() + QPointF(source.boundingRect().width() - 4, source.boundingRect().height() / 2)
        reach = max(abs(start.x() - end.x()) / 2, theme.em * 2)
        self._end = end
        path = QPainterPath(start)
        path.cubicTo(start - QPointF(reach, 0), end + QPointF(reach, 0), end)
        self.setPath(path)
        self.setToolTip(f"{line.source} → {line.target}: {line.words}")
        self._strong = False

    def boundingRect(self) -> QRectF:
        return super().boundingRect().adjusted(-60, -20, 60, 20)

    def show_state(self, strong: bool, near: bool, words: bool) -> None:
        self._strong, self._words = strong, words
        self.setOpacity(1.0 if near else 0.12)
        self.setZValue(0.5 if strong else 0)
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        there = self._line.count is None or self._line.count > 0
        colour = self._theme.colour("accent" if self._strong else "muted" if there else "border")
        pen = QPen(colour, 1.8 if self._strong else 1.1)
        if not there:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self.path())
        painter.setPen(QPen(colour, 1))
        painter.setBrush(colour)
        tip = self._end
        painter.drawPolygon(QPolygonF([tip, tip + QPointF(_ARROW, -_ARROW / 2), tip + QPointF(_ARROW, _ARROW / 2)]))
        if self._words and there:
            self._paint_words(painter)

    def _paint_words(self, painter: QPainter) -> None:
        count = f" ×{self._line.count}" if self._line.count and self._line.count > 1 else ""
        painter.setFont(self._theme.font(0.84))
        metrics = QFontMetricsF(painter.font())
        words = f"{self._line.words}{count}"
        middle = self.path().pointAtPercent(0.5)
        area = metrics.boundingRect(words).adjusted(-4, -1, 4, 1)
        area.moveCenter(middle)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("surface"))
        painter.drawRoundedRect(area, 3, 3)
        painter.setPen(self._theme.colour("text" if self._strong else "muted"))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, words)
