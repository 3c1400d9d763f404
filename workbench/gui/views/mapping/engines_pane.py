"""The engines the package is meant for, and the rules they cannot carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QWidget

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.views.mapping.panes import PanePlace
from workbench.gui.views.mapping.selection import Selection
from workbench.gui.widgets.basics import down, label, table
from workbench.mapping.edits import ChangeHeader
from workbench.mapping.portability import Engine, EngineFlag, engine_flags

NAMES = {
    Engine.PYTHON: "Python",
    Engine.FHIR_PACKAGE: "FHIR package",
    Engine.MIRTH: "Mirth Connect",
    Engine.MULESOFT: "MuleSoft",
    Engine.AZURE: "Azure FHIR Converter",
    Engine.GOOGLE: "Google Whistle",
    Engine.MATCHBOX: "HAPI / matchbox",
    Engine.RHAPSODY: "Rhapsody",
    Engine.HEALTHLAKE: "AWS HealthLake",
}
_FLAG = Mark("triangle-alert", "severity.warning", "cannot carry")
_COLUMNS = (
    Column("Rule", lambda flag: f"{flag.map}/{flag.rule}" if flag.map else "the package", 15, lambda _flag: _FLAG),
    Column("Engine", lambda flag: NAMES.get(flag.engine, flag.engine), 9),
    Column("Why", lambda flag: flag.why, 20),
)
_ACROSS = 3


class EnginesPane(QFrame):
    """What is chosen here is `engines` of package.yaml, so it is undone and saved like everything else."""

    title = "Engines"
    place = PanePlace.BELOW
    counted = Signal(int)

    def __init__(self, bench: Bench, desk: MappingDesk, selection: Selection) -> None:
        super().__init__()
        self._bench, self._desk, self._selection = bench, desk, selection
        self.boxes = {engine: QCheckBox(NAMES[engine]) for engine in Engine}
        grid = QGridLayout()
        grid.setContentsMargins(10, 8, 10, 4)
        for number, (engine, box) in enumerate(self.boxes.items()):
            box.setToolTip(f"This package is meant for {NAMES[engine]}")
            box.clicked.connect(self._choose)
            grid.addWidget(box, number // _ACROSS, number % _ACROSS)
        self.said = label("", "muted", wrap=True)
        self.said.setContentsMargins(10, 0, 10, 4)
        self.model = RowsModel(bench.theme, _COLUMNS, self)
        self.table = table(bench.theme, self.model, "Rules that engines cannot carry", _COLUMNS)
        layout = down(grid, self.said, self.table, spacing=2)
        layout.setStretch(2, 1)
        layout.addStretch(0)
        self.setLayout(layout)
        self.table.selectionModel().currentChanged.connect(self._flag_chosen)
        desk.package_changed.connect(self._package_changed)
        self.refresh()

    # A pane of the mapping page

    @property
    def widget(self) -> QWidget:
        return self

    def panes(self) -> list[QWidget]:
        return [self.boxes[Engine.PYTHON], self.table]

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {"mapping.engines": self.boxes[Engine.PYTHON].setFocus}

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _package_changed(self) -> None:
        """Pages nobody looks at stay out of the way of who is typing; they are made when they are shown."""
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Show the engines of the package and what they cannot carry, the base's rules included."""
        package = self._desk.shown
        chosen = set(package.header.engines) if package is not None else set()
        for engine, box in self.boxes.items():
            box.setEnabled(package is not None)
            box.setChecked(str(engine) in chosen)
        flags: tuple[EngineFlag, ...] = engine_flags(package) if package is not None else ()
        self.model.show(flags)
        self.table.setVisible(bool(flags))
        self.counted.emit(len(flags))
        if not chosen:
            self.said.setText("Choose the engines this package will run in; rules they cannot carry are flagged here.")
        elif flags:
            rules = len({(flag.map, flag.rule) for flag in flags})
            self.said.setText(f"{rules:,} rules use what a chosen engine does not have.")
        else:
            self.said.setText("The chosen engines can carry every rule.")

    def _choose(self) -> None:
        package = self._desk.package
        if package is None:
            return
        kept = [name for name in package.header.engines if name not in set(Engine)]
        engines = (*(str(engine) for engine, box in self.boxes.items() if box.isChecked()), *kept)
        header = replace(package.header, engines=engines)
        if not self._desk.apply(ChangeHeader(header), "Choose target engines"):
            self.refresh()

    def _flag_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        flag = self.model.row(current)
        if flag is not None and flag.map:
            self._selection.choose_rule(RuleName(flag.map, flag.rule))
