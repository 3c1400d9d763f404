"""One message as a tree with names and as raw text, in step with the bench both ways."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QMenu, QSplitter, QToolButton

from workbench.fhir.json_tree import FhirDocument
from workbench.gui.bench import Bench
from workbench.gui.findings import Place
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.nodes import EMPTY_TREE, Node, fhir_tree, v2_tree
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import pane, retitle, tree
from workbench.gui.widgets.display_text import of_json, of_message
from workbench.gui.widgets.span_text import SpanText
from workbench.kernel.errors import Refused
from workbench.v2.er7 import Message
from workbench.v2.path import V2Path

SIDE_BY_SIDE_EM = 44
_NOTATIONS = ("PID-3[2].1", "Terser", "Mirth", "Liquid", "FHIRPath")


class MessageView(QSplitter):
    """Tree and raw text of the selected message."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._bench = bench
        self.model = NodeTreeModel(bench.theme, self)
        self.tree = tree(bench.theme, self.model, "Fields of the message", (8, 12))
        self.raw = SpanText(bench.theme, "Raw message")
        self.tree_pane = pane("Fields", self.tree)
        self.raw_pane = pane("Raw", self.raw, _copy_button(bench.theme, self))
        self.addWidget(self.tree_pane)
        self.addWidget(self.raw_pane)
        self.setChildrenCollapsible(False)
        self._following = False
        self.tree.selectionModel().currentChanged.connect(self._chosen)
        self.raw.byte_chosen.connect(self._byte_chosen)
        bench.message_changed.connect(self.show_message)
        bench.mask_changed.connect(self.show_message)
        bench.place_changed.connect(self.follow)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is room for both, else one above the other."""
        super().resizeEvent(event)
        wide = event.size().width() >= SIDE_BY_SIDE_EM * self._bench.theme.em
        self.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)

    def show_message(self) -> None:
        """Show the bench's message from scratch."""
        document, mask = self._bench.document, self._bench.masked
        self._following = True
        if isinstance(document, Message):
            self.model.show(v2_tree(document, mask))
            delimiters = document.delimiters
            marks = delimiters.field + delimiters.component + delimiters.repetition + delimiters.subcomponent
            self.raw.show_er7(of_message(document, mask), marks, delimiters.escape)
            retitle(self.raw_pane, f"Raw · {document.encoding}")
        elif isinstance(document, FhirDocument):
            self.model.show(fhir_tree(document, mask))
            self.raw.show_json(of_json(document, mask))
            retitle(self.raw_pane, "JSON")
        else:
            self.model.show(EMPTY_TREE)
            self.raw.clear_text()
            self.raw.setPlainText(self._bench.document_problem)
        self._unfold()
        self._following = False
        if self._bench.place.path:
            self.follow(self._bench.place)

    def follow(self, place: Place) -> None:
        """Select a place in the tree and point it out in the text."""
        number = self.model.tree.at_path(place.path) if place.path else -1
        if number < 0 and place.span is not None:
            number = self.model.tree.at_byte(place.span.start)
        span = place.span
        if span is None and number >= 0:
            span = self.model.tree.nodes[number].span
        self._following = True
        if place.by is not self.tree:
            index = self.model.index_of(number)
            self.tree.setCurrentIndex(index)
            if index.isValid():
                self.tree.scrollTo(index)
        self.raw.point_out((span,) if span is not None else (), scroll=place.by is not self.raw)
        self._following = False

    def copy_path(self, notation: str = _NOTATIONS[0]) -> None:
        """Put the path of the selected field on the clipboard."""
        path = self._bench.place.path
        if not path:
            self._bench.say("Select a field first; then its path can be copied.")
            return
        text = in_notation(path, notation)
        QApplication.clipboard().setText(text)
        self._bench.say(f"Copied {text}")

    def _unfold(self) -> None:
        """Segments of v2 open; of FHIR the two outer levels, so that the resources are seen."""
        if isinstance(self._bench.document, Message):
            self.tree.expandToDepth(0)
        else:
            self.tree.expandToDepth(2)

    def _chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        node: Node | None = self.model.node(current)
        if node is not None and not self._following:
            self._bench.select_place(node.path, node.span, self.tree)

    def _byte_chosen(self, byte: int) -> None:
        number = self.model.tree.at_byte(byte)
        if number >= 0:
            node = self.model.tree.nodes[number]
            self._bench.select_place(node.path, node.span, self.raw)


def in_notation(path: str, notation: str) -> str:
    """A path as another tool writes it; FHIR paths and what has no other form stay as they are."""
    try:
        place = V2Path.parse(path)
    except Refused:
        return path
    forms = {"Terser": place.terser, "Mirth": place.mirth, "Liquid": place.liquid, "FHIRPath": place.fhirpath}
    return forms[notation]() if notation in forms else str(place)


def _copy_as(view: MessageView, notation: str, _checked: bool = False) -> None:
    view.copy_path(notation)


def _copy_button(theme: Theme, view: MessageView) -> QToolButton:
    made = QToolButton()
    theme.give_icon(made, "copy")
    made.setText(" Copy path as")
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    menu = QMenu(made)
    for notation in _NOTATIONS:
        menu.addAction(notation).triggered.connect(partial(_copy_as, view, notation))
    made.setMenu(menu)
    return made
