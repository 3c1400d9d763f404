"""The source: the fields of the standard with what the capture has of them, or the selected message value by value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QStackedWidget, QTabBar, QToolButton, QTreeView, QWidget

from workbench.app.documents import Document
from workbench.gui.bench import Bench
from workbench.gui.findings import Place
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import FATE_MARKS
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.nodes import EMPTY_TREE, Node, NodeTree, fhir_tree, v2_tree
from workbench.gui.views.mapping.end_look import EndLook
from workbench.gui.views.mapping.end_tree import EndTreeModel, dragging, fit_columns, open_indexes
from workbench.gui.views.mapping.ends import End, FhirEnds, V2Ends, plain_sources, plain_target, target_types
from workbench.gui.views.mapping.probe import Probe
from workbench.gui.views.mapping.reach import NO_REACH, Reach, reach_of
from workbench.gui.views.mapping.source_looks import extra_fields, fhir_looks, path_in, segments_of, source_looks
from workbench.gui.views.mapping.source_nodes import SourceNodes
from workbench.gui.views.mapping.trace_index import fates_of
from workbench.gui.views.mapping.type_box import TypeBox
from workbench.gui.widgets.basics import across, down, pane, retitle, tree
from workbench.mapping.directed import direction_of
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.model import Direction, MapKind, RuleMap
from workbench.v2.dictionary import GrammarItem, dictionary
from workbench.v2.er7 import Message

FIELDS, MESSAGE = 0, 1


class SourcePane(QFrame):
    """Emits the node (of the message) or the path (of a field) a person chose; follows the bench's place."""

    chosen = Signal(object)  # Node
    field_chosen = Signal(str)
    moved = Signal()

    def __init__(self, bench: Bench, desk: MappingDesk, probe: Probe, read: Callable[[], frozenset[str]]) -> None:
        super().__init__()
        self._bench, self._desk, self._probe, self._read = bench, desk, probe, read
        self._following = False
        self._whole: NodeTree = EMPTY_TREE
        self._of: tuple[object, bool] = (None, False)
        self._fates: dict[int, Fate] = {}
        self._resources: dict[str, str] = {}
        self._of_type = ""
        self._shown: object = None
        self._seen: object = None
        self._known: tuple[object, tuple[str, ...]] | None = None
        self._reach: tuple[object, Reach] = (None, NO_REACH)
        self.model = SourceNodes(bench.theme, self.path_of, self)
        self.tree = tree(bench.theme, self.model, "Source message", (8, 8.5))
        self.ends = EndTreeModel(bench.theme, ("Field", "Name", "Value", "Capture"), self, drags=True)
        self.fields = tree(bench.theme, self.ends, "Source fields", (7.6, 6, 4.9, 4.7))
        fit_columns(self.fields, 1, 2)
        for view in (self.fields, self.tree):
            dragging(view)
        self.filter = _filter("Filter source fields")
        self.every = _toggle("All", "Show every field of the standard, not only those that occur")
        self.only_lost = _toggle("Lost", "Show only fields with values that end nowhere")
        self._tabs = QTabBar()
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        self._tabs.setElideMode(Qt.TextElideMode.ElideNone)
        self._tabs.setAccessibleName("Source as")
        for word, tip in (("Fields", "The fields of the capture"), ("Message", "The selected message, value by value")):
            self._tabs.setTabToolTip(self._tabs.addTab(word), tip)
        tip = "The FHIR type whose elements are shown; those the package reads come first"
        self.type = TypeBox(bench.theme, "Source type", tip)
        self.type.setMaximumWidth(round(bench.theme.em * 10))
        self._stack = QStackedWidget()
        self._stack.addWidget(self.fields)
        self._stack.addWidget(self.tree)
        bar = across(self.filter, self.every, self.only_lost, spacing=4)
        bar.setContentsMargins(6, 4, 6, 4)
        body = QWidget()
        body.setLayout(down(bar, self._stack, spacing=0))
        self._frame = pane("Source", body, self._tabs, self.type)
        self.setLayout(down(self._frame))
        self._connect()

    def _connect(self) -> None:
        self._tabs.currentChanged.connect(self._show_mode)
        for toggle in (self.every, self.only_lost):
            toggle.toggled.connect(self.refresh)
        self.type.chosen.connect(self.show_type)
        self.filter.textChanged.connect(self.refresh)
        self.tree.selectionModel().currentChanged.connect(self._current_changed)
        self.fields.selectionModel().currentChanged.connect(self._field_changed)
        for signal in (self.fields.expanded, self.fields.collapsed, self.fields.verticalScrollBar().valueChanged):
            signal.connect(lambda _what: self.moved.emit())
        self._bench.place_changed.connect(self.follow)
        self._bench.mask_changed.connect(self.refresh)
        self._bench.message_changed.connect(self.refresh)
        self._desk.result_changed.connect(self._result_changed)
        self._probe.changed.connect(self.refresh)

    @property
    def mode(self) -> int:
        """FIELDS or MESSAGE."""
        return self._tabs.currentIndex()

    def _show_mode(self, mode: int) -> None:
        self._stack.setCurrentIndex(mode)
        self.every.setVisible(mode == FIELDS)
        self.filter.setEnabled(mode == FIELDS)
        self.moved.emit()

    def show_map(self, rule_map: RuleMap | None) -> None:
        """Show what the rules of a map read: the parts of its type for a type map, else the message's segments."""
        is_of_type = rule_map is not None and (self.reads_fhir or rule_map.kind is MapKind.TYPE)
        of_type = rule_map.source if rule_map is not None and is_of_type else ""
        if of_type != self._of_type:
            self._of_type = of_type
            self.refresh()

    def show_type(self, name: str) -> None:
        """Show the elements of a FHIR type; a name that is none is put back."""
        if name not in target_types():
            self.type.setCurrentText(self.fhir_type)
        elif name != self.fhir_type:
            self._of_type = name
            self.refresh()

    def _offer_types(self) -> None:
        """The types to choose among; HL7 v2 shows its segments instead."""
        self.type.setVisible(self.reads_fhir)
        package = self._desk.shown
        if not self.reads_fhir or package is None:
            return
        read = sorted({rule_map.source for rule_map in package.rule_maps()} & set(target_types()))
        self.type.offer(tuple(dict.fromkeys([*read, *target_types()])))
        self.type.setCurrentText(self.fhir_type)

    def _result_changed(self) -> None:
        """Most edits leave every fate as it was: then there is nothing to show anew."""
        if self._state_of_result() != self._seen:
            self.refresh()

    def _state_of_result(self) -> tuple[object, ...]:
        """All that a result adds to what is shown."""
        result = self._desk.result
        fates = tuple(entry.fate for entry in result.traced.ledger.entries) if result is not None else None
        return id(self._bench.document), fates, self._read(), self._reach_now(), self.reads_fhir, self.fhir_type

    def refresh(self) -> None:
        """Show the message with the fates of the present result, and the fields with those of the capture."""
        document = self._bench.document
        if (document, self._bench.masked) != self._of:
            self._of = (document, self._bench.masked)
            self._whole = _tree_of(document, self._bench.masked)
            self._resources = {node.path: node.name for node in self._whole.nodes if node.name}
        self._seen = self._state_of_result()
        result = self._desk.result
        self._fates = fates_of(self._whole, result.traced.ledger.entries) if result is not None else {}
        self._refresh_message()
        self._refresh_fields(self._fates)
        self._offer_types()
        if self._of_type and not self.reads_fhir:
            retitle(self._frame, f"Source · {self._of_type}")
        elif isinstance(document, Message):
            kind = "^".join(filter(None, (document.message_code, document.trigger_event)))
            retitle(self._frame, f"Source · {kind or 'no message type'}")
        else:
            retitle(self._frame, "Source")
        self.follow(self._bench.place)
        self.moved.emit()

    def _refresh_message(self) -> None:
        whole, fates = self._whole, self._fates
        if self.only_lost.isChecked():
            whole, fates = _only(whole, fates, Fate.LOST)
        if whole is self.model.tree:
            self._mark_message(whole, fates)
            return
        self._following = True
        open_paths = _expanded(self.tree, self.model)
        self.model.show(whole)
        self._mark_message(whole, fates)
        self.tree.expandToDepth(3 if self.only_lost.isChecked() else 0)
        for number, node in enumerate(whole.nodes):
            if node.path in open_paths:
                self.tree.expand(self.model.index_of(number))
        self._following = False

    def _mark_message(self, whole: NodeTree, fates: dict[int, Fate]) -> None:
        marks = {number: FATE_MARKS[fate] for number, fate in fates.items() if whole.nodes[number].parent >= 0}
        self.model.mark({number: (mark.icon, mark.role, mark.word) for number, mark in marks.items()})

    def _refresh_fields(self, fates: dict[int, Fate]) -> None:
        tally, masked = self._probe.tally, self._bench.masked
        if self.reads_fhir:
            looks = fhir_looks(self._whole, fates, self.fhir_type, self._read())
        else:
            ledger = self._probe.ledger
            looks = source_looks(self._whole, fates, tally, ledger, masked, self._read(), self._reach_now())
        words = self.filter.text().lower().split()
        every, lost = self.every.isChecked(), self.only_lost.isChecked()

        show_all = every or (bool(self._of_type) and not (self.reads_fhir and looks))
        nothing_read = self._bench.document is None and not lost and not words
        wanted = _any_end if nothing_read else _wanted(looks, words, show_all, lost)
        ends = self._ends_now()
        seen = None if every and not words else frozenset(path for path, look in looks.items() if not look.quiet)
        key = (ends, tuple(words), every, lost, seen)
        if key != self._shown:
            self._shown = key
            opened = [end.path for index in open_indexes(self.fields) if (end := self.ends.end(index)) is not None]
            self._following = True
            self.ends.show(ends, None if every and not words and not lost else wanted)
            for path in opened:
                self.fields.expand(self.ends.nearest(path))
            if words or lost:
                for row in range(self.ends.rowCount()):
                    self.fields.expand(self.ends.index(row, 0))
            self._following = False
        self.ends.decorate(looks)

    def _reach_now(self) -> Reach:
        package = self._desk.shown
        if self._reach[0] is not package:
            self._reach = (package, reach_of(package) if package is not None else NO_REACH)
        return self._reach[1]

    @property
    def reads_fhir(self) -> bool:
        """Whether the package maps from FHIR."""
        package = self._desk.package
        return package is not None and direction_of(package) in (Direction.FHIR_TO_V2, Direction.FHIR_TO_FHIR)

    @property
    def fhir_type(self) -> str:
        """The FHIR type whose elements are shown, "" when the source is HL7 v2."""
        if not self.reads_fhir:
            return ""
        package = self._desk.shown
        maps = package.segments.values() if package is not None else ()
        return self._of_type or next((rule_map.source for rule_map in maps), "Patient")

    def path_of(self, node: Node) -> str:
        """The place of a node as a rule names it, "" for none."""
        if not self.reads_fhir:
            return next(iter(plain_sources(node.path)), "")
        number = self._whole.at_path(node.path)
        return path_in(self._whole, number, self.fhir_type) if number >= 0 else ""

    def end_at(self, path: str) -> tuple[str, str]:
        """(FHIR type, path in it) of a place in the selected document, or ("", the v2 path); "" for no place."""
        if not self.reads_fhir:
            return "", next(iter(plain_sources(path)), "")
        around = path
        while around and around not in self._resources:
            around = around.rpartition(".")[0]
        kind = self._resources.get(around, "")
        return kind, plain_target(path[len(around) :]) if kind else ""

    def _ends_now(self) -> V2Ends | FhirEnds:
        document, package = self._bench.document, self._desk.package
        if self.reads_fhir:
            return FhirEnds(self.fhir_type)
        usual = package.header.source.version if package is not None else ""
        version = document.version if isinstance(document, Message) else usual or "2.5.1"
        if self._of_type:
            return V2Ends(version, of_type=self._of_type)
        structure = _structure(document) if self.every.isChecked() and isinstance(document, Message) else ()
        tally = self._probe.tally
        if document is None and tally is None and package is not None:
            read = sorted({rule_map.source for rule_map in package.segments.values()})
            structure = (*read, *(dictionary(version).segment_names if self.every.isChecked() or not read else ()))
        return V2Ends(version, segments_of(self._whole, tally, structure), extra_fields(self._whole, tally))

    # Selection

    def select_field(self, path: str) -> None:
        """Show where a source end stands."""
        index = self.ends.find(path)
        if not index.isValid():
            index = self.ends.nearest(path)
        self._following = True
        self.fields.setCurrentIndex(index)
        if index.isValid():
            self.fields.scrollTo(index)
        self._following = False

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

    def node_of(self, path: str) -> Node | None:
        """The first node of the message that stands at a plain path."""
        if self.reads_fhir:
            numbers, kind = range(len(self._whole.nodes)), self.fhir_type
            return next((self._whole.nodes[n] for n in numbers if path_in(self._whole, n, kind) == path), None)
        return next((node for node in self._whole.nodes if path in plain_sources(node.path)), None)

    def known_paths(self) -> tuple[str, ...]:
        """The paths of the fields and components shown, for completion."""
        ends = self._ends_now()
        if self._known is None or self._known[0] != ends:
            found = []
            for root in ends.roots():
                for field in ends.below(root):
                    found += [field.path, *(part.path for part in ends.below(field))]
            self._known = (ends, tuple(found))
        return self._known[1]

    def current_path(self) -> str:
        """The selected end as a rule names it, "" for none."""
        end = self.ends.end(self.fields.currentIndex())
        return end.path if end is not None else ""

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        node = self.model.node(current)
        if node is not None and not self._following:
            self.chosen.emit(node)

    def _field_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        end = self.ends.end(current)
        if end is not None and not self._following:
            self.field_chosen.emit(end.path)


def _any_end(end: End) -> bool:
    return True


def _wanted(looks: Mapping[str, EndLook], words: Sequence[str], show_all: bool, lost: bool) -> Callable[[End], bool]:
    """Which fields are shown, a segment only where something in it is.

    words  each must stand in the path or the name
    """

    def wanted(end: End) -> bool:
        look, is_segment = looks.get(end.path), end.kind == "segment"
        if lost and (look is None or look.mark is None or look.mark.role != "fate.lost" or is_segment):
            return False
        if not show_all and not words and (look is None or look.quiet) and not is_segment:
            return False
        text = f"{end.path} {end.name}".lower()
        return all(word in text for word in words) and (not is_segment or bool(words))

    return wanted


def _tree_of(document: Document | None, masked: bool) -> NodeTree:
    if isinstance(document, Message):
        return v2_tree(document, masked)
    return fhir_tree(document, masked) if document is not None else EMPTY_TREE


def _structure(message: Message) -> tuple[str, ...]:
    """The segments of the message's structure in the standard."""
    known = dictionary(message.version)
    name = message.structure_id or known.structure_for(message.message_code, message.trigger_event) or ""
    definition = known.structure(name)

    def walk(items: tuple[GrammarItem, ...]) -> list[str]:
        return [name for item in items for name in (walk(item.children) if item.is_group else [item.name])]

    return tuple(walk(definition.items)) if definition is not None else ()


def _filter(name: str) -> QLineEdit:
    made = QLineEdit()
    made.setPlaceholderText("Filter")
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.setClearButtonEnabled(True)
    return made


def _toggle(text: str, tip: str) -> QToolButton:
    made = QToolButton()
    made.setText(text)
    made.setCheckable(True)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    return made


def _expanded(view: QTreeView, model: NodeTreeModel) -> frozenset[str]:
    nodes = (model.node(index) for index in open_indexes(view))
    return frozenset(node.path for node in nodes if node is not None)


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
