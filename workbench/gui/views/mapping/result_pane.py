"""What the mapping makes of the selected message: JSON and tree, each value pointing back at its source."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QFrame, QStackedWidget, QTabBar

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.nodes import EMPTY_TREE, NodeTree, fhir_tree
from workbench.gui.widgets.basics import down, pane, retitle, tree
from workbench.gui.widgets.display_text import of_json
from workbench.gui.widgets.span_text import SpanText
from workbench.kernel.location import Span


class ResultPane(QFrame):
    """Emits the path of the target element a person chose."""

    chosen = Signal(str)

    def __init__(self, bench: Bench, desk: MappingDesk) -> None:
        super().__init__()
        self._bench, self._desk = bench, desk
        self._following = False
        self._tree_of_document: NodeTree = EMPTY_TREE
        self.json = SpanText(bench.theme, "Result as JSON")
        self.model = NodeTreeModel(bench.theme, self, ("Element", "Type", "Value"))
        self.tree = tree(bench.theme, self.model, "Result as tree", (13, 6))
        self._tabs = QTabBar()
        self._tabs.setDrawBase(False)
        self._tabs.addTab("JSON")
        self._tabs.addTab("Tree")
        self._tabs.setAccessibleName("Result as")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.json)
        self._stack.addWidget(self.tree)
        self._tabs.currentChanged.connect(self._stack.setCurrentIndex)
        self._frame = pane("Result", self._stack, self._tabs)
        self.setLayout(down(self._frame))
        self.json.byte_chosen.connect(self._byte_chosen)
        self.tree.selectionModel().currentChanged.connect(self._current_changed)
        bench.mask_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the desk's result, staying at the same place of the text."""
        result = self._desk.result
        self._following = True
        if result is None:
            self._tree_of_document = EMPTY_TREE
            self.json.clear_text()
            self.model.show(EMPTY_TREE)
            retitle(self._frame, "Result")
        else:
            place = self.json.verticalScrollBar().value()
            self._tree_of_document = fhir_tree(result.document, self._bench.masked)
            self.json.show_json(of_json(result.document, self._bench.masked))
            self.json.verticalScrollBar().setValue(place)
            self.model.show(self._tree_of_document)
            self.tree.expandToDepth(2)
            entries = result.traced.bundle.get("entry")
            count = len(entries) if isinstance(entries, list) else 0
            retitle(self._frame, f"Result · {count} resources")
        self._following = False

    def point_out(self, spans: Sequence[Span], *, scroll: bool = True) -> None:
        """Highlight targets in the JSON, and the first of them in the tree."""
        self.json.point_out(spans, scroll=scroll)
        number = self._tree_of_document.at_byte(spans[0].start) if spans else -1
        self._following = True
        index = self.model.index_of(number)
        self.tree.setCurrentIndex(index)
        if index.isValid():
            self.tree.scrollTo(index)
        self._following = False

    def _byte_chosen(self, byte: int) -> None:
        number = self._tree_of_document.at_byte(byte)
        if number >= 0:
            self.chosen.emit(self._tree_of_document.nodes[number].path)

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        node = self.model.node(current)
        if node is not None and not self._following:
            self.chosen.emit(node.path)
