"""The target: the elements of what the rules fill, with cardinality, binding, the value here and what is missing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QToolButton, QWidget

from workbench.app.target_profiles import TargetProfiles, target_profiles
from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import FATE_MARKS, counted
from workbench.gui.views.mapping.end_tree import EndTreeModel, dropping, fit_columns, open_indexes
from workbench.gui.views.mapping.ends import End, Ends, FhirEnds, V2Ends, profiles_of, target_types
from workbench.gui.views.mapping.rule_index import RuleIndex
from workbench.gui.views.mapping.target_looks import missing, target_looks, v2_values_of, values_of
from workbench.gui.views.mapping.type_box import TypeBox
from workbench.gui.widgets.basics import Badge, across, down, pane, tree
from workbench.mapping.directed import direction_of
from workbench.mapping.model import Direction, Package
from workbench.v2.dictionary import dictionary

_OPENED = 12
"""A filter opens elements that hold no more than so many others."""


class TargetPane(QFrame):
    """Emits the path of the element a person chose; `dropped` says which source was let go on which element."""

    chosen = Signal(str)
    dropped = Signal(str, str)
    type_changed = Signal(str)
    moved = Signal()

    def __init__(self, bench: Bench, desk: MappingDesk) -> None:
        super().__init__()
        self._bench, self._desk = bench, desk
        self._following = False
        self._index = RuleIndex()
        self._ends: Ends = FhirEnds("Patient")
        self._packages: tuple[Path, ...] = ()
        self._profiles: TargetProfiles | None = None
        self.model = EndTreeModel(bench.theme, ("Element", "Meaning", "Card.", "Value here"), self, drags=False)
        self.tree = tree(bench.theme, self.model, "Target elements", (8.8, 6, 3.2, 5.2))
        fit_columns(self.tree, 1, 3)
        dropping(self.tree)
        tip = "The resource or data type the rules fill, or a profile of the packages chosen for validation"
        self.type = TypeBox(bench.theme, "Target type", tip)
        self.type.setMinimumWidth(round(bench.theme.em * 14))
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter target elements")
        self.filter.setToolTip("Show only elements whose name or meaning has these words")
        self.filter.setClearButtonEnabled(True)
        self.used = QToolButton()
        self.used.setText("Mapped")
        self.used.setCheckable(True)
        self.used.setToolTip("Show only elements that are required, have a rule, or a value")
        self.used.setAccessibleName("Only mapped or required elements")
        self.badge = Badge(bench.theme)
        bar = across(self.filter, self.used, spacing=4)
        bar.setContentsMargins(6, 4, 6, 4)
        body = QWidget()
        body.setLayout(down(bar, self.tree, spacing=0))
        self._frame = pane("Target", body, self.badge, self.type)
        self.setLayout(down(self._frame))
        self._connect()

    def _connect(self) -> None:
        self.type.chosen.connect(self.show_type)
        self.filter.textChanged.connect(self._rebuild)
        self.used.toggled.connect(self._rebuild)
        self.model.dropped.connect(self.dropped)
        self.tree.selectionModel().currentChanged.connect(self._current_changed)
        for signal in (self.tree.expanded, self.tree.collapsed, self.tree.verticalScrollBar().valueChanged):
            signal.connect(lambda _what: self.moved.emit())
        self._bench.mask_changed.connect(self.refresh)
        self._bench.findings_changed.connect(self._take_packages)
        self._desk.result_changed.connect(self.refresh)

    @property
    def shown_type(self) -> str:
        """The type whose elements are shown: `Patient`; a segment's name when the target is HL7 v2."""
        return self._ends.type if isinstance(self._ends, FhirEnds) else self.type.currentText()

    def show_index(self, index: RuleIndex) -> None:
        """Take up the rules of the package as it is now; what they write is shown with the result that follows."""
        self._index = index
        self._offer()

    def show_type(self, name: str) -> None:
        """Show the elements of a type; one with a profile is named `Patient · title`."""
        name = name.strip()
        ends = self._ends_of(name)
        if ends is None or (ends == self._ends and self.model.rowCount()):
            self.type.setCurrentText(self.type.itemText(self.type.currentIndex()) if ends is None else name)
            return
        self._ends = ends
        self.type.setCurrentText(name)
        self._rebuild()
        self.type_changed.emit(self.shown_type)

    def _ends_of(self, name: str) -> Ends | None:
        package = self._desk.package
        if _writes_v2(package):
            version = package.header.target.version if package is not None else ""
            known = dictionary(version or "2.5.1")
            if known.segment(name) is not None or name.startswith("Z"):
                return V2Ends(known.version, (name,))
            return V2Ends(known.version, of_type=name) if known.data_type(name) is not None else None
        kind, _, title = name.partition(" · ")
        if kind not in target_types():
            return None
        found = self._profiles
        own = next((url for each, url in found.by_type.get(kind, ()) if each == title), "") if found and title else ""
        if found is not None and own:
            return FhirEnds(kind, own, known=found.known, must=found.must_support(own))
        return FhirEnds(kind, next((url for each, url in profiles_of(kind) if each == title), "") if title else "")

    def _take_packages(self) -> None:
        """Offer the profiles of other packages when others were chosen for validation."""
        packages = self._bench.against.fhir.packages
        if packages == self._packages:
            return
        self._packages = packages
        if not packages:
            self._took(None)
            return
        reading = self._bench.jobs.newest(
            "target profiles", "Reading the profiles of the packages", lambda _ctx: target_profiles(packages)
        )
        reading.succeeded.connect(self._took)
        reading.failed.connect(self._bench.report)

    def _took(self, profiles: TargetProfiles | None) -> None:
        self._profiles = profiles
        self._offer()

    def _titles(self, kind: str) -> tuple[str, ...]:
        """The titles of the profiles of a type, those of the chosen packages first."""
        chosen = self._profiles.by_type.get(kind, ()) if self._profiles is not None else ()
        return tuple(dict.fromkeys(title for title, _ in (*chosen, *profiles_of(kind))))

    def _offer(self) -> None:
        package = self._desk.shown
        if package is None:
            return
        own = dict.fromkeys(sorted(rule_map.target for rule_map in package.segments.values()))
        own.update(dict.fromkeys(sorted(rule_map.target for rule_map in package.types.values())))
        if _writes_v2(package):
            others: tuple[str, ...] = dictionary(package.header.target.version or "2.5.1").segment_names
        else:
            profiles = tuple(f"{kind} · {title}" for kind in own for title in self._titles(kind))
            others = (*profiles, *target_types())
        offered = tuple(dict.fromkeys([*own, *others]))
        if self.type.offer(offered):
            now = self.type.currentText()
            if not self.model.rowCount() or self._ends_of(now) is None:
                self._ends = FhirEnds("")
                self.show_type("Patient" if "Patient" in offered else offered[0] if offered else "Patient")

    def refresh(self) -> None:
        """Show the values of the present result, and which elements rules write."""
        result = self._desk.result
        type_name = self.shown_type
        values: dict[str, list[str]] = {}
        if result is not None and result.texts:
            values = v2_values_of(result.texts, self._bench.masked)
        elif result is not None:
            values = values_of(result.document, type_name, self._bench.masked)
        written = self._index.written_paths(type_name)
        looks = target_looks(self._ends, values, written)
        if self.model.decorated_with(looks):
            return
        self.model.decorate(looks)
        lacking = missing(self._ends, written)
        self.badge.setVisible(bool(lacking))
        if lacking:
            self.badge.show_mark(counted(FATE_MARKS["lost"], len(lacking), "required open"))
            names = ", ".join(end.choice or end.path for end in lacking)
            self.badge.setToolTip(f"Required, and no rule writes it: {names}")
        if self.used.isChecked():
            self._rebuild(refresh=False)

    def _rebuild(self, _what: object = None, *, refresh: bool = True) -> None:
        words, used = self.filter.text().lower().split(), self.used.isChecked()

        def wanted(end: End) -> bool:
            if used and self.model.look(end.path).mark is None and not end.required:
                return False
            text = f"{end.path} {end.name}".lower()
            return all(word in text for word in words)

        opened = [end.path for index in open_indexes(self.tree) if (end := self.model.end(index)) is not None]
        current = self.model.end(self.tree.currentIndex())
        self._following = True
        self.model.show(self._ends, wanted if words or used else None)
        for path in opened:
            self.tree.expand(self.model.find(path))
        for row in range(self.model.rowCount() if words else 0):
            index = self.model.index(row, 0)
            self.tree.setExpanded(index, self.model.rowCount(index) < _OPENED)
        if current is not None:
            self.tree.setCurrentIndex(self.model.find(current.path))
        self._following = False
        if refresh:
            self.refresh()
        self.moved.emit()

    def select(self, path: str) -> None:
        """Show where an element stands."""
        index = self.model.find(path)
        if not index.isValid():
            index = self.model.nearest(path)
        self._following = True
        self.tree.setCurrentIndex(index)
        if index.isValid():
            self.tree.scrollTo(index)
        self._following = False

    def current_path(self) -> str:
        end = self.model.end(self.tree.currentIndex())
        return end.path if end is not None else ""

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        end = self.model.end(current)
        if end is not None and not self._following:
            self.chosen.emit(end.path)


def _writes_v2(package: Package | None) -> bool:
    return package is not None and direction_of(package) in (Direction.V2_TO_V2, Direction.FHIR_TO_V2)
