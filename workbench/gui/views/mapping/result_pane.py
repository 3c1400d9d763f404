"""What the mapping makes of the selected message: JSON or ER7, tree, clinical view; each value leads to its source."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QFrame, QStackedWidget, QTabBar, QWidget

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk, Result
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.nodes import EMPTY_TREE, NodeTree, fhir_tree, v2_tree
from workbench.gui.views.mapping.clinical_tree import clinical_tree
from workbench.gui.views.mapping.er7_targets import joined
from workbench.gui.widgets.basics import across, down, label, tree
from workbench.gui.widgets.display_text import of_json, of_message
from workbench.gui.widgets.span_text import SpanText
from workbench.kernel.location import Span
from workbench.v2.er7 import parse as parse_er7

JSON, ER7, TREE, CLINICAL = range(4)


_NO_CAPTURE = "Open messages (Ctrl+O) to see what the mapping makes of them."


class ResultPane(QFrame):
    """Emits the path of the target element a person chose; of a written message, the byte of it."""

    chosen = Signal(str)
    byte_chosen = Signal(int)

    def __init__(self, bench: Bench, desk: MappingDesk) -> None:
        super().__init__()
        self._bench, self._desk = bench, desk
        self._following = False
        self._tree_of_document: NodeTree | None = EMPTY_TREE
        self._stale: set[int] = set()
        self._key: tuple[bytes, bool] | None = None
        self.json = SpanText(bench.theme, "Result as JSON")
        self.er7 = SpanText(bench.theme, "Result as ER7")
        self.model = NodeTreeModel(bench.theme, self, ("Element", "Type", "Value"))
        self.tree = tree(bench.theme, self.model, "Result as tree", (13, 6))
        self.clinical_model = NodeTreeModel(bench.theme, self, ("What", "Remark", "Said"))
        self.clinical = tree(bench.theme, self.clinical_model, "Result as a clinician reads it", (14, 9))
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Result as")
        self._stack = QStackedWidget()
        views: tuple[tuple[str, QWidget], ...] = (
            ("JSON", self.json), ("ER7", self.er7), ("Tree", self.tree), ("Clinical", self.clinical),
        )  # fmt: skip
        for word, view in views:
            self.tabs.addTab(word)
            self._stack.addWidget(view)
        self.tabs.setTabVisible(ER7, False)
        self._says = label("", "muted", wrap=True)
        self._says.setContentsMargins(10, 8, 10, 8)
        self._count = label("", "muted")
        line = across(self.tabs, 1, self._count)
        line.setContentsMargins(4, 2, 8, 0)
        self.setLayout(down(line, self._says, self._stack, spacing=2))
        self.tabs.currentChanged.connect(self._bring)
        self.json.byte_chosen.connect(self._byte_chosen)
        self.er7.byte_chosen.connect(self.byte_chosen)
        self.tree.selectionModel().currentChanged.connect(self._current_changed)
        bench.mask_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the desk's result, staying at the same place; views nobody looks at are made when they are."""
        result = self._desk.result
        why = self._desk.why_nothing or ("" if self._bench.capture is not None else _NO_CAPTURE)
        self._says.setText(why)
        self._says.setVisible(bool(why))
        key = (result.document.raw, self._bench.masked) if result is not None else None
        if key is not None and key == self._key:
            return
        self._key = key
        self._stale = {JSON, ER7, TREE, CLINICAL}
        is_v2 = result is not None and bool(result.texts)
        self.tabs.setTabVisible(ER7, is_v2)
        self.tabs.setTabVisible(CLINICAL, not is_v2)
        if result is None:
            self._clear()
        else:
            self._tree_of_document = None
            entries = result.traced.bundle.get("entry")
            count = len(entries) if isinstance(entries, list) else 0
            number, word = (len(result.texts), "message") if is_v2 else (count, "resource")
            self._count.setText(f"{number:,} {word}{'' if number == 1 else 's'}")
            if is_v2 and self.tabs.currentIndex() == JSON:
                self.tabs.setCurrentIndex(ER7)
            elif not is_v2 and self.tabs.currentIndex() == ER7:
                self.tabs.setCurrentIndex(JSON)
        self._bring(self.tabs.currentIndex())

    def _clear(self) -> None:
        self._following = True
        self._tree_of_document = EMPTY_TREE
        self.json.clear_text()
        self.er7.clear_text()
        self.model.show(EMPTY_TREE)
        self.clinical_model.show(EMPTY_TREE)
        self._count.setText("")
        self._stale = set()
        self._following = False

    def _bring(self, which: int) -> None:
        self._stack.setCurrentIndex(which)
        result = self._desk.result
        if result is None or which not in self._stale:
            return
        self._stale.discard(which)
        self._following = True
        if which == JSON:
            place = self.json.verticalScrollBar().value()
            self.json.show_json(of_json(result.document, self._bench.masked))
            self.json.verticalScrollBar().setValue(place)
        elif which == ER7:
            self._show_er7(result)
        elif which == TREE:
            self.model.show(self._nodes())
            self.tree.expandToDepth(2)
        else:
            self.clinical_model.show(clinical_tree(result.traced.bundle, self._bench.masked))
            self.clinical.expandToDepth(0)
        self._following = False

    def _nodes(self) -> NodeTree:
        """The result as a tree, made when it is first asked for."""
        result = self._desk.result
        if self._tree_of_document is None:
            masked = self._bench.masked
            if result is None:
                self._tree_of_document = EMPTY_TREE
            elif result.texts:
                self._tree_of_document = v2_tree(parse_er7(joined(result.texts)), masked)
            else:
                self._tree_of_document = fhir_tree(result.document, masked)
        return self._tree_of_document

    @property
    def _writes_v2(self) -> bool:
        return self._desk.result is not None and bool(self._desk.result.texts)

    def _show_er7(self, result: Result) -> None:
        message = parse_er7(joined(result.texts))
        signs = message.delimiters
        characters = f"{signs.field}{signs.component}{signs.repetition}{signs.subcomponent}"
        self.er7.show_er7(of_message(message, self._bench.masked), characters, signs.escape)

    def point_out(self, spans: Sequence[Span], *, scroll: bool = True) -> None:
        """Highlight targets in the JSON, and the first of them in the tree."""
        raw, which = (self.er7, ER7) if self._writes_v2 else (self.json, JSON)
        if which not in self._stale:
            raw.point_out(spans, scroll=scroll)
        if TREE in self._stale:
            return
        number = self._nodes().at_byte(spans[0].start) if spans else -1
        self._following = True
        index = self.model.index_of(number)
        self.tree.setCurrentIndex(index)
        if index.isValid():
            self.tree.scrollTo(index)
        self._following = False

    def _byte_chosen(self, byte: int) -> None:
        number = -1 if self._writes_v2 else self._nodes().at_byte(byte)
        if number >= 0:
            self.chosen.emit(self._nodes().nodes[number].path)

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        node = self.model.node(current)
        if node is None or self._following:
            return
        if not self._writes_v2:
            self.chosen.emit(node.path)
        elif node.span is not None:
            self.byte_chosen.emit(node.span.start)
