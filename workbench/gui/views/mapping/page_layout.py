"""How the mapping page is laid out: three panes with connectors above, editor and tools below, tabs for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtWidgets import QFrame, QLabel, QSplitter, QStackedWidget, QTabBar, QTabWidget, QWidget

from workbench.gui.views.mapping.connectors import Connectors
from workbench.gui.views.mapping.panes import Pane, PanePlace
from workbench.gui.widgets.basics import across, down
from workbench.gui.widgets.stacks import sized_by_front

Handlers = Mapping[str, Callable[[], object]]


class PaneTabs:
    """The tabs of the page: `bar` chooses what stands above, `tools` what stands beside the editor."""

    def __init__(self, rules: QWidget, tools: Sequence[tuple[str, QWidget]], further: Sequence[Pane]) -> None:
        self._further = tuple(further)
        self.bar = QTabBar()
        self.bar.setDrawBase(False)
        self.bar.setExpanding(False)
        self.bar.setAccessibleName("Mapping as")
        self.upper = QStackedWidget()
        self.tools = QTabWidget()
        self.tools.setDocumentMode(True)
        self.tools.setAccessibleName("Result and tools")
        self.bar.addTab("Rules")
        self.upper.addWidget(rules)
        for title, widget in tools:
            self.tools.addTab(widget, title)
        for pane in self._further:
            self._add(pane)
        for stack in (self.upper, self.tools):
            sized_by_front(stack)
        self.bar.setVisible(self.bar.count() > 1)
        self.bar.currentChanged.connect(self.upper.setCurrentIndex)

    def _add(self, pane: Pane) -> None:
        if pane.place is PanePlace.ABOVE:
            self.bar.addTab(pane.title)
            self.upper.addWidget(pane.widget)
        else:
            self.tools.addTab(pane.widget, pane.title)
        counted = getattr(pane.widget, "counted", None)
        if isinstance(counted, SignalInstance):
            counted.connect(partial(self.count, pane.widget, pane.title))

    def count(self, widget: QWidget, title: str, count: int) -> None:
        """Say on a tab how many there are of what it shows."""
        words = f"{title} · {count:,}" if count else title
        if self.upper.indexOf(widget) >= 0:
            self.bar.setTabText(self.upper.indexOf(widget), words)
        else:
            self.tools.setTabText(self.tools.indexOf(widget), words)

    def bring(self, widget: QWidget) -> None:
        """Show the tab of a widget."""
        if self.upper.indexOf(widget) >= 0:
            self.bar.setCurrentIndex(self.upper.indexOf(widget))
        else:
            self.tools.setCurrentWidget(widget)

    def commands(self, first: Callable[[], object]) -> Handlers:
        """What the further panes do; each handler calls `first` and shows its pane before it works."""
        return {
            name: partial(self._run, pane, first, handler)
            for pane in self._further
            for name, handler in pane.commands().items()
        }

    def _run(self, pane: Pane, first: Callable[[], object], handler: Callable[[], object]) -> object:
        first()
        self.bring(pane.widget)
        return handler()

    def panes(self) -> list[QWidget]:
        """What F6 goes through in the further panes."""
        return [widget for pane in self._further for widget in pane.panes()]


def three_panes(source: QWidget, left: Connectors, rules: QWidget, right: Connectors, target: QWidget) -> QSplitter:
    """Source, rules and target side by side, connectors between them."""
    panes = QSplitter(Qt.Orientation.Horizontal)
    panes.setHandleWidth(2)
    for number, widget in enumerate((source, left, rules, right, target)):
        panes.addWidget(widget)
        panes.setStretchFactor(number, 0 if isinstance(widget, Connectors) else 1)
    panes.setSizes([420, left.width(), 410, right.width(), 400])
    panes.setChildrenCollapsible(False)
    heads = [head for pane in (source, rules, target) if (head := pane.findChild(QFrame, "paneHead")) is not None]
    for head in heads:
        head.setMinimumHeight(max(each.sizeHint().height() for each in heads))
    return panes


def body(strip: Sequence[QWidget | int], tabs: PaneTabs, editor: QWidget, explanation: QLabel) -> QWidget:
    """The whole page but for its empty state."""
    head = across(tabs.bar, *strip, spacing=12)
    head.setContentsMargins(4, 0, 2, 4)
    split = QSplitter(Qt.Orientation.Vertical)
    split.addWidget(tabs.upper)
    split.addWidget(_foot(tabs, editor, explanation))
    split.setSizes([520, 400])
    split.setChildrenCollapsible(False)
    made = QWidget()
    layout = down(head, split, spacing=4)
    layout.setStretch(1, 1)
    made.setLayout(layout)
    return made


def _foot(tabs: PaneTabs, editor: QWidget, explanation: QLabel) -> QWidget:
    line = across(explanation)
    line.setContentsMargins(10, 6, 10, 2)
    right = QFrame()
    right.setObjectName("pane")
    layout = down(line, tabs.tools, spacing=0, margins=1)
    layout.setStretch(1, 1)
    right.setLayout(layout)
    left = QFrame()
    left.setObjectName("pane")
    left.setLayout(down(editor, margins=1))
    foot = QSplitter(Qt.Orientation.Horizontal)
    foot.addWidget(left)
    foot.addWidget(right)
    foot.setSizes([620, 660])
    foot.setChildrenCollapsible(False)
    return foot
