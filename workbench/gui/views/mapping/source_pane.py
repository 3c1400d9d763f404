"""The source of the selected message: its fields with what became of each."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QFrame, QToolButton

from workbench.gui.bench import Bench
from workbench.gui.findings import Place
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import FATE_MARKS
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.nodes import EMPTY_TREE, Node, NodeTree, v2_tree
from workbench.gui.views.mapping.trace_index import fates_of
from workbench.gui.widgets.basics import down, pane, retitle, tree
from workbench.mapping.ledger import Fate
from workbench.v2.er7 import Message


class SourcePane(QFrame):
    """Emits the node a person chose; follows the bench's place."""

    chosen = Signal(object)  # Node

    def __init__(self, bench: Bench, desk: MappingDesk) -> None:
        super().__init__()
        self._bench, self._desk = bench, desk
        self._following = False
        self.model = NodeTreeModel(bench.theme, self)
        self.tree = tree(bench.theme, self.model, "Source fields", (8, 8.5))
        self.only_lost = QToolButton()
        self.only_lost.setText("Lost only")
        self.only_lost.setCheckable(True)
        self.only_lost.setToolTip("Show only values that end nowhere")
        self._frame = pane("Source", self.tree, self.only_lost)
        self.setLayout(down(self._frame))
        self.only_lost.toggled.connect(self.refresh)
        self.tree.selectionModel().currentChanged.connect(self._current_changed)
        bench.place_changed.connect(self.follow)
        bench.mask_changed.connect(self.refresh)
        desk.result_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the message with the fates of the present result."""
        document = self._bench.document
        whole = v2_tree(document, self._bench.masked) if isinstance(document, Message) else EMPTY_TREE
        result = self._desk.result
        fates = fates_of(whole, result.traced.ledger.entries) if result is not None else {}
        if self.only_lost.isChecked():
            whole, fates = _only(whole, fates, Fate.LOST)
        self._following = True
        self.model.show(whole)
        marks = {number: FATE_MARKS[fate] for number, fate in fates.items() if whole.nodes[number].parent >= 0}
        self.model.mark({number: (mark.icon, mark.role, mark.word) for number, mark in marks.items()})
        self.tree.expandToDepth(3 if self.only_lost.isChecked() else 0)
        self._following = False
        if isinstance(document, Message):
            retitle(self._frame, f"Source · {document.message_code}^{document.trigger_event}")
        self.follow(self._bench.place)

    def follow(self, place: Place) -> None:
        number = self.model.tree.at_path(place.path) if place.path else -1
        if number < 0 and place.span is not None:
            number = self.model.tree.at_byte(place.span.start)
        index = self.model.index_of(number)
        if index == self.tree.currentIndex():
            return
        self._following = True
        self.tree.setCurrentIndex(index)
        if index.isValid():
            self.tree.scrollTo(index)
        self._following = False

    def current(self) -> Node | None:
        return self.model.node(self.tree.currentIndex())

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        node = self.model.node(current)
        if node is not None and not self._following:
            self.chosen.emit(node)


def _only(tree: NodeTree, fates: dict[int, Fate], wanted: Fate) -> tuple[NodeTree, dict[int, Fate]]:
    """The nodes below which a fate occurs, numbered anew."""
    kept = [number for number in range(len(tree.nodes)) if fates.get(number) is wanted]
    renumbered = {old: new for new, old in enumerate(kept)}
    renumbered[-1] = -1
    children: dict[int, list[int]] = {-1: []}
    nodes = []
    for old in kept:
        node = tree.nodes[old]
        siblings = children.setdefault(renumbered[node.parent], [])
        nodes.append(
            Node(node.label, node.name, node.value, node.path, node.span, renumbered[node.parent], len(siblings))
        )
        siblings.append(renumbered[old])
    return NodeTree(tuple(nodes), children), {renumbered[old]: wanted for old in kept}
