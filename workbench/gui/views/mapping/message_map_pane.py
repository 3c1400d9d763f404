"""The message map as a graph, its rows and its groups; what of it the selected message has."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QLayout, QSplitter, QTabWidget, QWidget

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import STATUS_MARKS, Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.views.mapping.groups_pane import GroupsPane
from workbench.gui.views.mapping.message_graph import Dot, Line, MessageGraph
from workbench.gui.views.mapping.panes import PanePlace
from workbench.gui.views.mapping.selection import Selection
from workbench.gui.widgets.basics import across, button, down, label, table
from workbench.kernel.errors import Refused
from workbench.mapping.engine.trace import TracedResult
from workbench.mapping.files import MESSAGES
from workbench.mapping.wiring import MadeInstance, Occurrence, WiredNode, WiredRow, Wiring, occurrence, wire
from workbench.v2.er7 import Message


class MessageMapPane(QFrame):
    """One message map at a time: that of the selected message, unless a person chooses another."""

    title = "Message map"
    place = PanePlace.ABOVE

    def __init__(self, bench: Bench, desk: MappingDesk, selection: Selection) -> None:
        super().__init__()
        self._bench, self._desk, self._selection = bench, desk, selection
        self._wiring: Wiring | None = None
        self._occurrence: Occurrence | None = None
        self._chosen = ""
        self._following = False
        self.maps = QComboBox()
        self.maps.setAccessibleName("Message map")
        self.maps.setToolTip("The map that is shown; that of the selected message comes by itself")
        self.only = QCheckBox("Only what this message has")
        self.only.setToolTip("Leave out what the selected message does not make")
        self.only.setChecked(True)
        self.said = label("", "muted")
        self.graph = MessageGraph(bench.theme)
        self.rows = RowsModel(bench.theme, self._row_columns(), self)
        self.row_table = table(bench.theme, self.rows, "Rows of the message map", self._row_columns(), sorts=False)
        self.instances = RowsModel(bench.theme, _INSTANCE_COLUMNS, self)
        self.instance_table = table(bench.theme, self.instances, "Resources of the message", _INSTANCE_COLUMNS)
        self.groups = GroupsPane(bench, desk)
        self.setLayout(self._layout())
        self._connect()

    def _layout(self) -> QLayout:
        head = across(
            self.maps, self.only, self.said, 1, button("Show all", self.graph.fit, tip="Fit the graph (Ctrl+0)"),
            spacing=12,
        )  # fmt: skip
        head.setContentsMargins(4, 2, 4, 4)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Rows and groups")
        self.tabs.addTab(self.row_table, "Rows")
        self.tabs.addTab(self.instance_table, "Here")
        self.tabs.addTab(self.groups, "Groups")
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.graph)
        split.addWidget(self.tabs)
        split.setSizes([780, 520])
        split.setChildrenCollapsible(False)
        layout = down(head, split, spacing=0)
        layout.setStretch(1, 1)
        return layout

    def _connect(self) -> None:
        self.maps.currentTextChanged.connect(self._map_chosen)
        self.only.toggled.connect(self._draw)
        self.graph.chosen.connect(self._node_chosen)
        self.row_table.selectionModel().currentChanged.connect(self._row_chosen)
        self.instance_table.selectionModel().currentChanged.connect(self._instance_chosen)
        self._desk.package_changed.connect(self._stale)
        self._desk.result_changed.connect(self._stale)
        self._selection.rule_changed.connect(self._selected)

    # A pane of the mapping page

    @property
    def widget(self) -> QWidget:
        return self

    def panes(self) -> list[QWidget]:
        return [self.graph, self.row_table, self.instance_table, self.groups.table]

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {"mapping.message_map": self.graph.setFocus}

    # What is shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _stale(self) -> None:
        """Follow the package and the message, once somebody looks."""
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Show the message map as it is now, and what the selected message has of it."""
        package = self._desk.shown
        if package is None:
            return
        names = sorted(package.messages)
        current = self._chosen if self._chosen in names else self._map_of_message() or (names[0] if names else "")
        self._following = True
        if names != [self.maps.itemText(number) for number in range(self.maps.count())]:
            self.maps.clear()
            self.maps.addItems(names)
        self.maps.setCurrentText(current)
        self._following = False
        try:
            self._wiring = wire(package, current) if current else None
        except Refused as problem:
            self._wiring = None
            self.said.setText(problem.text)
        result = self._desk.result
        traced = result.traced if result is not None else None
        is_shown = isinstance(traced, TracedResult) and current == self._map_of_message()
        self._occurrence = occurrence(traced) if is_shown and isinstance(traced, TracedResult) else None
        self.only.setEnabled(self._occurrence is not None)
        self._draw()
        self._fill_tables()

    def _map_of_message(self) -> str:
        document, compiled = self._bench.document, self._desk.compiled
        if not isinstance(document, Message) or compiled is None:
            return ""
        return compiled.map_for(document) or ""

    def _map_chosen(self, name: str) -> None:
        if not self._following:
            self._chosen = "" if name == self._map_of_message() else name
            self.refresh()

    def _draw(self) -> None:
        if self._wiring is None:
            self.graph.show_graph((), ())
            return
        seen = self._occurrence
        dots = [
            Dot(node.name, node.type, _source(node), None if seen is None else len(seen.of(node.name)))
            for node in self._wiring.nodes
            if node.type
        ]
        if seen is not None:
            known = {dot.name for dot in dots}
            types = {made.name: made.type for made in seen.instances if made.name not in known}
            dots += [Dot(name, kind, count=len(seen.of(name))) for name, kind in types.items()]
            if self.only.isChecked():
                dots = [dot for dot in dots if dot.count]
        self.graph.show_graph(dots, self._lines({dot.name for dot in dots}))
        self.graph.select(self.graph.selected)
        made = "" if seen is None else f"{len(seen.instances)} resources in this message · "
        self.said.setText(f"{made}{len(self._wiring.nodes)} instances, {len(self._wiring.edges)} references")

    def _lines(self, names: set[str]) -> list[Line]:
        seen = self._occurrence
        words: dict[tuple[str, str], list[str]] = {}
        for edge in self._wiring.edges if self._wiring is not None else ():
            words.setdefault((edge.source, edge.target), []).append(edge.element)
        counted = seen.links if seen is not None else {}
        pairs = dict.fromkeys((*words, *counted))
        lines = [
            Line(
                source,
                target,
                ", ".join(dict.fromkeys(words.get((source, target), ()))) or "refers",
                None if seen is None else counted.get((source, target), 0),
            )
            for source, target in pairs
            if source in names and target in names
        ]
        return [line for line in lines if line.count != 0] if seen is not None and self.only.isChecked() else lines

    def _fill_tables(self) -> None:
        wiring = self._wiring
        self._following = True
        rows = [] if wiring is None else [*(wired for node in wiring.nodes for wired in node.rows), *wiring.loose]
        if wiring is not None and self.graph.selected:
            node = wiring.node(self.graph.selected)
            rows = list(node.rows) if node is not None else []
        self.rows.show(rows)
        self.groups.show_groups(wiring)
        seen, name = self._occurrence, self.graph.selected
        made = [] if seen is None else [each for each in seen.instances if each.name == name or not name]
        self.instances.show(made)
        self.tabs.setTabText(0, f"Rows · {len(rows)}")
        self.tabs.setTabText(1, f"In this message · {len(made)}" if seen is not None else "In this message")
        self.tabs.setTabText(2, f"Groups · {len(wiring.groups) if wiring is not None else 0}")
        self._following = False
        self._point_out(self._selection.rule)

    # Selecting

    def _node_chosen(self, _name: str) -> None:
        self._fill_tables()
        self._bench.say(self.graph.sentence())
        first = next(iter(self.rows.rows), None)
        if first is not None and self.graph.selected:
            self._selection.choose_rule(RuleName(first.map, first.row.id))

    def _row_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        wired = self.rows.row(current)
        if wired is not None and not self._following:
            self._selection.choose_rule(RuleName(wired.map, wired.row.id))

    def _instance_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        """Show the segment a resource was read from."""
        made: MadeInstance | None = self.instances.row(current)
        if made is not None and made.segments and not self._following:
            self._bench.select_place(made.segments[0], None, self)

    def _selected(self, name: RuleName) -> None:
        """A row was selected elsewhere: show it, and the node it makes or fills."""
        if self._wiring is None or not self.isVisible() or not name.map.startswith(f"{MESSAGES}/"):
            return
        for node in self._wiring.nodes:
            if any((wired.map, wired.row.id) == (name.map, name.rule) for wired in node.rows):
                if self.graph.selected and self.graph.selected != node.name:
                    self.graph.select(node.name)
                    self._fill_tables()
                break
        self._point_out(name)

    def _point_out(self, name: RuleName) -> None:
        index = self.rows.index_of(lambda wired: (wired.map, wired.row.id) == (name.map, name.rule))
        self._following = True
        self.row_table.setCurrentIndex(index)
        self._following = False

    # Columns

    def _row_columns(self) -> tuple[Column, ...]:
        return (
            Column("Row", lambda wired: wired.row.id, 8.5, self._mark),
            Column("Here", self._here, 3.2, right=True, tip=lambda _wired: "Instances of this name in the message"),
            Column("From", lambda wired: wired.row.source, 7, mono=True),
            Column("Does", _does, 8),
            Column("By", lambda wired: ", ".join(wired.row.using), 9),
            Column("When", lambda wired: wired.row.when, 8, muted=True, mono=True),
            Column("Of", lambda wired: wired.map.partition("/")[2], 6, muted=True),
        )

    def _mark(self, wired: WiredRow) -> Mark | None:
        package = self._desk.package
        return STATUS_MARKS[package.status_of(wired.row)] if package is not None else None

    def _here(self, wired: WiredRow) -> str:
        seen = self._occurrence
        if seen is None or not wired.row.make:
            return ""
        return str(len(seen.of(wired.row.name)))


_INSTANCE_COLUMNS = (
    Column("Instance", lambda made: made.name, 8.5),
    Column("Type", lambda made: made.type, 8),
    Column("Read from", lambda made: ", ".join(made.segments), 7, mono=True),
    Column("Id", lambda made: made.url.removeprefix("urn:uuid:"), 14, mono=True, muted=True),
)


def _source(node: WiredNode) -> str:
    """Whose repetitions make the instances of a node."""
    making = [wired.row.source for wired in node.rows if wired.row.make]
    return (making or [node.rows[0].row.source])[0]


def _does(wired: WiredRow) -> str:
    row = wired.row
    off = "" if row.enabled else " (off)"
    if row.make:
        return f"makes {row.make}{off}"
    return f"fills {row.fill}{off}" if row.fill else f"raises {row.raises.severity if row.raises else ''}{off}"
