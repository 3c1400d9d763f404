"""One message as a tree with names, as raw text and as bytes, in step with the bench and with one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from workbench.app.documents import Document
from workbench.fhir.json_tree import FhirDocument
from workbench.gui.bench import Bench
from workbench.gui.findings import Place
from workbench.gui.marks import SEVERITY_MARKS
from workbench.gui.models.decoded import Embedded, embedded_at, fhir_meaning, folded_span, meaning_of, whole_of
from workbench.gui.models.node_choice import Shown, nodes_of, only, with_absent
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.nodes import EMPTY_TREE, Node, NodeTree, fhir_tree, v2_tree
from workbench.gui.models.outline import LARGE_BYTES, PART_BYTES
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import across, button, down, label, pane, retitle, tree
from workbench.gui.widgets.display_text import masked_bytes, of_json, of_message
from workbench.gui.widgets.embedded_dialog import EmbeddedDialog
from workbench.gui.widgets.hex_view import HexView
from workbench.gui.widgets.part_bar import PartBar, parts_of
from workbench.gui.widgets.span_text import SpanText
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.location import Span
from workbench.v2.er7 import Message
from workbench.v2.path import V2Path

SIDE_BY_SIDE_EM = 64
WIDTHS_EM = (8, 12)
FHIR_WIDTHS_EM = (13, 9)
LARGEST_TREE = 2 << 20
"""A FHIR document above this size has too many fields for a tree."""
_NOTATIONS = ("PID-3[2].1", "Terser", "Mirth", "Liquid", "FHIRPath")


class MessageView(QSplitter):
    """Tree and raw text of the selected message."""

    menu_asked = Signal(object)
    """The context menu of a place, to which others add what they can do with it."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._bench = bench
        self._whole = EMPTY_TREE
        self._shown = Shown.POPULATED
        self._following = False
        self._stale = True
        self._widths = WIDTHS_EM
        self.model = NodeTreeModel(bench.theme, self)
        self.tree = tree(bench.theme, self.model, "Fields of the message", WIDTHS_EM)
        self.raw = SpanText(bench.theme, "Raw message")
        self.hex = HexView(bench.theme)
        self.shown_buttons = _choice("Fields shown", tuple(Shown), self.show_fields, 1, self)
        self.raw_buttons = _choice("Raw shown as", ("Text", "Hex"), self._show_raw_as, 0, self)
        self.tree_pane = pane("Fields", self.tree, _row(self.shown_buttons))
        self.parts = PartBar(bench.theme)
        self.parts.asked.connect(self._show_part)
        self._text_part = 0
        self.type_button = _type_button(bench.theme)
        beside = (self.type_button, _row(self.raw_buttons), _copy_button(bench.theme, self))
        self.raw_pane = pane("Raw", self._raw_body(), *beside)
        self.addWidget(self.tree_pane)
        self.addWidget(self.raw_pane)
        self.setChildrenCollapsible(False)
        self.tree.selectionModel().currentChanged.connect(self._chosen)
        self.raw.byte_chosen.connect(lambda byte: self.choose_byte(byte, self.raw))
        self.hex.byte_chosen.connect(lambda byte: self.choose_byte(byte, self.hex))
        for widget in (self.tree, self.raw, self.hex):
            widget.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            widget.customContextMenuRequested.connect(partial(self._show_menu, widget))
        bench.message_changed.connect(self.show_message)
        bench.mask_changed.connect(self.show_message)
        bench.place_changed.connect(self.follow)
        bench.findings_changed.connect(self._show_marks)

    def _raw_body(self) -> QWidget:
        self._stack = QStackedWidget()
        self._stack.addWidget(self.raw)
        self._stack.addWidget(self.hex)
        self.meaning = label("", wrap=True, selectable=True)
        self.meaning.setAccessibleName("Meaning of the value")
        self.preview = button("Preview…", self.show_embedded, tip="Show the document inside this value")
        self._strip = QWidget()
        line = across(self.meaning, self.preview)
        line.setStretchFactor(self.meaning, 1)
        line.setContentsMargins(10, 6, 10, 6)
        self._strip.setLayout(line)
        self._strip.setVisible(False)
        body = QWidget()
        body.setLayout(down(self.parts, self._stack, self._strip, spacing=0))
        return body

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is room for both, else one above the other."""
        super().resizeEvent(event)
        wide = event.size().width() >= SIDE_BY_SIDE_EM * self._bench.theme.em
        self.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)

    def show_message(self) -> None:
        """Show the bench's message from scratch; a view that nobody sees does it when it is seen."""
        self._stale = not self.isVisible()
        if self._stale:
            return
        document, mask = self._bench.looked_at, self._bench.masked
        self._following = True
        self._bench.jobs.drop("fields")
        self._whole = EMPTY_TREE
        if isinstance(document, Message):
            self._whole = v2_tree(document, mask)
            self._set_widths(WIDTHS_EM)
            delimiters = document.delimiters
            marks = delimiters.field + delimiters.component + delimiters.repetition + delimiters.subcomponent
            self.raw.show_er7(of_message(document, mask), marks, delimiters.escape)
            retitle(self.raw_pane, f"Raw · {document.encoding}")
        elif isinstance(document, FhirDocument):
            self._show_fhir(document, mask)
        else:
            self.raw.clear_text()
            self.raw.setPlainText(self._bench.document_problem)
        self._tell_part()
        self._show_bytes()
        self._following = False
        self._show_tree()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.show_message()

    def _show_fhir(self, document: FhirDocument, mask: bool) -> None:
        """The text a part at a time, and the tree when it is made: both take long for a long resource."""
        self._text_part = 0
        self._show_json_text()
        retitle(self.raw_pane, "JSON")
        self._set_widths(FHIR_WIDTHS_EM)
        if len(document.raw) <= LARGE_BYTES:
            self._whole = fhir_tree(document, mask)
        elif len(document.raw) <= LARGEST_TREE:
            handle = self._bench.jobs.newest("fields", "Reading the fields", lambda ctx: fhir_tree(document, mask))
            handle.succeeded.connect(self._take_tree)

    def _set_widths(self, widths: tuple[int, int]) -> None:
        """Give columns the width of another kind of message; those a person chose stay as long as the kind does."""
        if widths != self._widths:
            self._widths = widths
            for column, width in enumerate(widths):
                self.tree.setColumnWidth(column, round(width * self._bench.theme.em))

    def _take_tree(self, found: NodeTree) -> None:
        self._whole = found
        self._show_tree()

    def _show_json_text(self) -> None:
        document, first = self._bench.document, self._text_part * PART_BYTES
        if isinstance(document, FhirDocument):
            self.raw.show_json(of_json(document, self._bench.masked, first, first + PART_BYTES))

    def _tell_part(self) -> None:
        self.parts.show_parts(*parts_of(self._bench.part, self._bench.document, self._text_part))

    def _show_part(self, number: int) -> None:
        if self._bench.part is not None:
            self._bench.show_part(number)
        else:
            self._text_part = number
            self._show_json_text()
            self._tell_part()

    def show_fields(self, shown: str) -> None:
        """Show all fields, the populated ones, or those with a problem."""
        self._shown = Shown(shown)
        self._show_tree()

    def _show_tree(self) -> None:
        document, found = self._bench.looked_at, self._whole
        if self._shown is Shown.ALL and isinstance(document, Message):
            found = with_absent(found, document)
        elif self._shown is Shown.PROBLEMS:
            if isinstance(document, Message):
                found = with_absent(found, document)
            found = only(found, nodes_of(found, self._issues()))
        self._following = True
        self.model.show(found)
        self._mark(found)
        self._unfold()
        self._following = False
        self.follow(self._bench.place)

    def _show_marks(self) -> None:
        """Findings have changed; only a tree made of them is made anew."""
        if self._stale:
            return
        if self._shown is Shown.PROBLEMS:
            self._show_tree()
        else:
            self._mark(self.model.tree)

    def _mark(self, found: NodeTree) -> None:
        marks = {number: SEVERITY_MARKS[severity] for number, severity in nodes_of(found, self._issues()).items()}
        self.model.mark({number: (mark.icon, mark.role, mark.word) for number, mark in marks.items()})

    def _issues(self) -> tuple[Issue, ...]:
        number = self._bench.number
        if number is None:
            return ()
        self._bench.findings()  # judges the selected message where nothing was validated yet
        return self._bench.issues_of(number)

    def _show_raw_as(self, kind: str) -> None:
        self._stack.setCurrentIndex(1 if kind == "Hex" else 0)
        self._show_bytes()
        self.follow(self._bench.place)

    def _show_bytes(self) -> None:
        """The bytes are masked and laid out only when somebody looks at them."""
        if self._stack.currentIndex() != 1:
            return
        document, large, mask = self._bench.document, self._bench.large, self._bench.masked
        if large is not None and (document is None or len(large.data) > LARGE_BYTES):
            self.hex.show_bytes(large.data.masked() if mask else large.data)
        else:
            self.hex.show_bytes(masked_bytes(document, mask) if document is not None else b"")

    def follow(self, place: Place) -> None:
        """Select a place in the tree and point it out in the text."""
        if self._stale:
            return
        number = self.model.tree.at_path(place.path) if place.path else -1
        span = place.span or (_span_at(self._bench.looked_at, place.path) if number < 0 else None)
        if number < 0 and span is not None:
            number = self.model.tree.at_byte(span.start)
        if span is None and number >= 0:
            span = self.model.tree.nodes[number].span
        self._following = True
        if place.by is not self.tree:
            index = self.model.index_of(number)
            self.tree.setCurrentIndex(index)
            if index.isValid():
                self.tree.scrollTo(index)
        spans = (span,) if span is not None else ()
        self._bring_text(span)
        self.raw.point_out(spans, scroll=place.by is not self.raw)
        self.hex.point_out(spans, scroll=place.by is not self.hex)
        self._following = False
        self._tell_meaning(place.path)

    def _bring_text(self, span: Span | None) -> None:
        """Show the part of a long JSON text that a place lies in."""
        document = self._bench.document
        if span is not None and self._bench.part is None and isinstance(document, FhirDocument):
            wanted = span.start // PART_BYTES
            if wanted != self._text_part and span.start < len(document.raw):
                self._show_part(wanted)

    def _tell_meaning(self, path: str) -> None:
        document = self._bench.looked_at
        facts: tuple[tuple[str, str], ...] = ()
        has_document = False
        if isinstance(document, Message) and path:
            facts = meaning_of(document, path, self._bench.masked)
            has_document = embedded_at(document, path) is not None
        elif isinstance(document, FhirDocument) and path:
            facts = fhir_meaning(document, path, self._bench.masked)
        self.meaning.setText("   ".join(f"{word}: {text}" for word, text in facts))
        self.preview.setVisible(has_document and not self._bench.masked)
        self._strip.setVisible(bool(facts) or has_document)

    def show_embedded(self) -> None:
        """Show the document inside the selected value; a folded one is decoded beside the window."""
        document, path, large = self._bench.looked_at, self._bench.place.path, self._bench.large
        if not isinstance(document, Message):
            return
        span = folded_span(document, path)
        if span is None or large is None:
            self._show_document(embedded_at(document, path))
            return
        handle = self._bench.jobs.newest(
            "embedded", "Decoding the document", lambda ctx: whole_of(large.data, span, ctx), quiet=False
        )
        handle.succeeded.connect(self._show_document)
        handle.failed.connect(self._bench.report)

    def _show_document(self, found: Embedded | None) -> None:
        if found is not None:
            EmbeddedDialog(self._bench, found, self).show()

    def copy_path(self, notation: str = _NOTATIONS[0]) -> None:
        """Put the path of the selected field on the clipboard."""
        path = self._bench.place.path
        if not path:
            self._bench.say("Select a field first; then its path can be copied.")
            return
        text = in_notation(path, notation)
        QApplication.clipboard().setText(text)
        self._bench.say(f"Copied {text}")

    def menu(self) -> QMenu:
        """What can be done with the selected place."""
        menu = _menu_of(self, self._bench.place.path)
        self.menu_asked.emit(menu)
        return menu

    def _show_menu(self, widget: QWidget, position: QPoint) -> None:
        if widget is self.raw and not self.raw.textCursor().hasSelection():
            self.raw.setTextCursor(self.raw.cursorForPosition(position))
            self.raw.say_byte()
        self.menu().popup(widget.mapToGlobal(position))

    def _unfold(self) -> None:
        """Segments of v2 open; of FHIR the two outer levels, so that the resources are seen."""
        if isinstance(self._bench.looked_at, Message):
            self.tree.expandToDepth(0)
        else:
            self.tree.expandToDepth(2)

    def _chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        node: Node | None = self.model.node(current)
        if node is not None and not self._following:
            self._bench.select_place(node.path, node.span, self.tree)

    def choose_byte(self, byte: int, by: QWidget) -> None:
        """Select the place that stands on a byte."""
        number = self._whole.at_byte(byte)
        if number >= 0:
            node = self._whole.nodes[number]
            self._bench.select_place(node.path, node.span, by)


def _span_at(document: Document | None, path: str) -> Span | None:
    """The bytes of a path that is written otherwise than in the tree, as `OBX[1]-5` where there is one OBX."""
    try:
        found = document.at(path) if isinstance(document, Message) and path else []
    except Refused:
        return None
    return found[0].span if found else None


def _menu_of(view: MessageView, path: str) -> QMenu:
    menu = QMenu(view)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if view.raw.textCursor().hasSelection():
        menu.addAction("Copy text").triggered.connect(lambda _checked=False: view.raw.copy())
    for notation in _NOTATIONS:
        action = menu.addAction(_copy_words(path, notation))
        action.setEnabled(bool(path))
        action.triggered.connect(partial(_copy_as, view, notation))
    if view.preview.isVisible():
        menu.addAction("Preview the document…").triggered.connect(lambda _checked=False: view.show_embedded())
    return menu


def in_notation(path: str, notation: str) -> str:
    """A path as another tool writes it; FHIR paths and what has no other form stay as they are."""
    try:
        place = V2Path.parse(path)
    except Refused:
        return path
    forms = {"Terser": place.terser, "Mirth": place.mirth, "Liquid": place.liquid, "FHIRPath": place.fhirpath}
    return forms[notation]() if notation in forms else str(place)


def _choice(
    name: str, words: Sequence[str], chosen: Callable[[str], None], first: int, parent: QObject
) -> QButtonGroup:
    """Buttons of which one is down; their group is named for screen readers through each of them."""
    group = QButtonGroup(parent)
    for number, word in enumerate(words):
        made = QToolButton()
        made.setText(str(word))
        made.setCheckable(True)
        made.setChecked(number == first)
        made.setAccessibleName(f"{name}: {word}")
        group.addButton(made, number)
    group.idClicked.connect(lambda number: chosen(str(words[number])))
    return group


def _row(group: QButtonGroup) -> QWidget:
    made = QWidget()
    layout = QHBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(2)
    for each in group.buttons():
        layout.addWidget(each)
    return made


def _type_button(theme: Theme) -> QToolButton:
    """Lets a person type in the raw text; shown where somebody takes what is typed."""
    made = QToolButton()
    theme.give_icon(made, "pencil")
    made.setText(" Type")
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    made.setCheckable(True)
    made.setToolTip("Type in the text of a scratch copy; the capture stays as it is")
    made.setVisible(False)
    return made


def _copy_words(path: str, notation: str) -> str:
    words = "Copy path" if notation == _NOTATIONS[0] else f"Copy as {notation}"
    return f"{words}:  {in_notation(path, notation)}" if path else words


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
