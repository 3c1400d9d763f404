"""What the package says differently than another version of it, and what that does to the capture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QFrame, QSplitter, QStackedWidget, QTabWidget, QWidget

from workbench.app.operations.mapping_effect import (
    CaptureEffect,
    MoveEffect,
    PlaceEffect,
    SuiteEffect,
    effect_on_capture,
    effect_on_suite_in_memory,
    effects_in_memory,
)
from workbench.app.operations.package_changes import PackageDifference, named
from workbench.app.operations.package_report import (
    as_json,
    change_sentence,
    effect_sentence,
    html,
    markdown,
    numbers_text,
    summary,
)
from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import FATE_MARKS, OUTCOME_MARKS, Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.views.mapping.panes import PanePlace
from workbench.gui.views.mapping.selection import Selection
from workbench.gui.views.mapping.upgrade_dialog import UpgradeDialog
from workbench.gui.widgets.basics import EmptyState, across, button, down, label, table
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused, WorkbenchError
from workbench.kernel.progress import JobContext
from workbench.mapping.changes import ChangeKind, PackageChange, changes
from workbench.mapping.directed import compile_any
from workbench.mapping.entries import EntryKind, EntryName
from workbench.mapping.files import MESSAGES
from workbench.mapping.load import load_package
from workbench.mapping.model import Package
from workbench.mapping.origins import revert_edits
from workbench.mapping.upgrade import plan_upgrade
from workbench.suites.evidence import suites_of
from workbench.suites.results import Outcome
from workbench.suites.semantic_diff import ChangeKind as ResultChange

SAVED, BASE, OTHER = "as last saved", "its base", "another version…"
_FORMS = "HTML (*.html);;Markdown (*.md);;JSON (*.json)"
_WRITERS = {".html": html, ".md": markdown, ".json": as_json}
_MOST_IN_MEMORY = 5000

_MARKS = {
    ChangeKind.ADDED: Mark("plus", "diff.added", "added"),
    ChangeKind.REMOVED: Mark("trash-2", "diff.removed", "removed"),
    ChangeKind.CHANGED: Mark("pencil", "diff.changed", "changed"),
    ChangeKind.MOVED: Mark("arrow-left-right", "muted", "moved"),
}
_PLACE_MARKS = {
    ResultChange.ADDED: Mark("plus", "diff.added", "added"),
    ResultChange.REMOVED: Mark("trash-2", "diff.removed", "removed"),
    ResultChange.CHANGED: Mark("pencil", "diff.changed", "changed"),
}
_COLUMNS = (
    Column("", lambda change: change.kind, 7, lambda change: _MARKS[change.kind]),
    Column("Map", lambda change: change.entry.map.partition("/")[2] or change.entry.map, 10),
    Column("Entry", lambda change: change.entry.id or str(change.entry.kind), 8.5, mono=True),
    Column("What", lambda change: change_sentence(change).partition(": ")[2], 20),
)
_MOVE_COLUMNS = (
    Column("Field", lambda found: found.move.field, 6.5, mono=True),
    Column("Was", lambda found: found.move.before, 7.5, lambda found: FATE_MARKS[found.move.before]),
    Column("Is", lambda found: found.move.after, 7.5, lambda found: FATE_MARKS[found.move.after]),
    Column("Values", lambda found: f"{found.values:,}", 4.5, right=True, key=lambda found: found.values),
    Column("Messages", lambda found: f"{found.messages:,}", 5, right=True, key=lambda found: found.messages),
    Column("By", lambda found: found.move.rule or found.move.was, 12, mono=True),
    Column("For instance", lambda found: numbers_text(found.numbers), 10, muted=True),
)
_PLACE_COLUMNS = (
    Column("", lambda place: place.kind, 7, lambda place: _PLACE_MARKS[place.kind]),
    Column("Element", lambda place: place.path, 18, mono=True),
    Column("Messages", lambda place: f"{place.messages:,}", 5, right=True, key=lambda place: place.messages),
    Column("For instance", lambda place: numbers_text(place.numbers), 10, muted=True),
)


_CASE_COLUMNS = (
    Column("Suite", lambda found: found[0], 8),
    Column("Case", lambda found: found[1].case, 12, mono=True),
    Column("Was", lambda found: found[1].before or "", 6.5, lambda found: _outcome_mark(found[1].before)),
    Column("Is", lambda found: found[1].after or "", 6.5, lambda found: _outcome_mark(found[1].after)),
    Column("Differences", lambda found: f"{found[1].changes:,}", 6, right=True, key=lambda found: found[1].changes),
)
Measured = tuple[CaptureEffect, tuple[SuiteEffect, ...]]


def _outcome_mark(outcome: Outcome | None) -> Mark | None:
    return OUTCOME_MARKS[outcome] if outcome is not None else None


@dataclass(frozen=True)
class _Compared:
    """The other version and what differs from it."""

    before: Package
    found: tuple[PackageChange, ...]


class ChangesPane(QFrame):
    """Compares with the last saved state, with the base of an overlay, or with any other version in a folder."""

    title = "Changes"
    place = PanePlace.ABOVE

    def __init__(self, bench: Bench, desk: MappingDesk, selection: Selection) -> None:
        super().__init__()
        self._bench, self._desk, self._selection = bench, desk, selection
        self._saved: Package | None = None
        self._other: Package | None = None
        self._compared: _Compared | None = None
        self._effect: CaptureEffect | None = None
        self._suites: tuple[SuiteEffect, ...] = ()
        self.against = QComboBox()
        self.against.setAccessibleName("Compare with")
        self.against.addItems([SAVED, BASE, OTHER])
        self.said = label("", "muted", wrap=True)
        self.model = RowsModel(bench.theme, _COLUMNS, self)
        self.table = table(bench.theme, self.model, "Differences of the package", _COLUMNS, sorts=False)
        self.moves = RowsModel(bench.theme, _MOVE_COLUMNS, self)
        self.move_table = table(bench.theme, self.moves, "Values that end otherwise", _MOVE_COLUMNS)
        self.places = RowsModel(bench.theme, _PLACE_COLUMNS, self)
        self.place_table = table(bench.theme, self.places, "Elements that change", _PLACE_COLUMNS)
        self.cases = RowsModel(bench.theme, _CASE_COLUMNS, self)
        self.case_table = table(bench.theme, self.cases, "Cases that come out otherwise", _CASE_COLUMNS)
        self._build()
        self.against.activated.connect(self._chosen)
        self.table.selectionModel().currentChanged.connect(self._change_chosen)
        self.move_table.activated.connect(lambda index: self._go(self.moves.row(index)))
        self.place_table.activated.connect(lambda index: self._go(self.places.row(index)))
        desk.package_changed.connect(self._package_changed)
        desk.saved_changed.connect(self._saved_changed)
        self._saved_changed(desk.is_saved)

    def _build(self) -> None:
        self.measuring = button(
            "Measure effect", self.measure, tip="Run both versions over the open capture and the package's suites"
        )
        self.reporting = button("Save report…", self.save_report, tip="HTML, Markdown or JSON")
        self.reverting = button("Revert to base", self.revert, tip="Let the selected entry say what the base says")
        self.upgrading = button("Upgrade base…", self.upgrade, tip="Put this package on a newer base")
        head = across(
            label("Compared with"), self.against, self.said, self.measuring, self.reporting, self.reverting,
            self.upgrading, spacing=8,
        )  # fmt: skip
        head.setStretchFactor(self.said, 1)
        head.setContentsMargins(6, 4, 6, 6)
        self.effects = QTabWidget()
        self.effects.setDocumentMode(True)
        self.effects.setAccessibleName("Effect on the capture")
        self.effects.addTab(self.move_table, "Values that end otherwise")
        self.effects.addTab(self.place_table, "Elements that change")
        self.effects.addTab(self.case_table, "Suites")
        split = QSplitter(Qt.Orientation.Horizontal)
        theme = self._bench.theme
        text = "This package says the same. Compare it with another version, or with its base."
        self._left = _stack(EmptyState(theme, "git-compare", "No differences", text), self.table)
        text = "Which messages change, which values would be lost, which cases of the suites come out otherwise."
        unmeasured = EmptyState(theme, "activity", "Not measured yet", text, "Measure effect", self.measure)
        self._right = _stack(unmeasured, self.effects)
        split.addWidget(self._left)
        split.addWidget(self._right)
        split.setSizes([640, 640])
        split.setChildrenCollapsible(False)
        layout = down(head, split, spacing=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    # A pane of the mapping page

    @property
    def widget(self) -> QWidget:
        return self

    def panes(self) -> list[QWidget]:
        return [self.table, self.move_table, self.place_table]

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {
            "mapping.package_changes": self.table.setFocus,
            "mapping.package_effect": self.measure,
            "mapping.revert": self.revert,
            "mapping.upgrade": self.upgrade,
        }

    # Comparing

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _saved_changed(self, saved: bool) -> None:
        if saved:
            self._saved = self._desk.package
            self._package_changed()

    def _package_changed(self) -> None:
        package = self._desk.package
        if package is not None and (self._saved is None or self._saved.folder != package.folder):
            self._saved = package
        self._forget_effect()
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Compare again."""
        package = self._desk.package
        overlay = package is not None and package.base is not None
        self.reverting.setEnabled(overlay)
        self.upgrading.setEnabled(overlay)
        before = self._before()
        self._compared = None
        if package is None or before is None:
            self.model.show(())
            self.said.setText("This package extends no other." if package is not None else "Open a package first.")
        else:
            try:
                self._compared = _Compared(before, changes(before, package))
                self.model.show(self._compared.found)
                self.said.setText(f"{named(before)}: {summary(self._difference())}")
            except Refused as problem:
                self.model.show(())
                self.said.setText(problem.text)
        self._left.setCurrentIndex(1 if self.model.rowCount() else 0)
        self._show_effect()

    def compare_with(self, folder: Path) -> None:
        """Compare with the version in a folder."""
        handle = self._bench.jobs.newest("other version", f"Opening {folder.name}", lambda _ctx: load_package(folder))
        handle.succeeded.connect(self._opened)
        handle.failed.connect(self._bench.report)

    def _opened(self, package: Package) -> None:
        self._other = package
        self.against.setCurrentText(OTHER)
        self._forget_effect()
        self.refresh()

    def _before(self) -> Package | None:
        package = self._desk.package
        against = self.against.currentText()
        if against == SAVED:
            return self._saved
        return (package.base if package is not None else None) if against == BASE else self._other

    def _chosen(self, _index: int) -> None:
        self._forget_effect()
        if self.against.currentText() == OTHER:
            name = QFileDialog.getExistingDirectory(self, "Folder of the other version")
            if name:
                self.compare_with(Path(name))
                return
        self.refresh()

    def _change_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        change = self.model.row(current)
        if change is not None and change.entry.kind in (EntryKind.RULE, EntryKind.ROW):
            where = change.entry.map
            name = where if where.startswith(f"{MESSAGES}/") else where.partition("/")[2]
            self._selection.choose_rule(RuleName(name, change.entry.id))

    def _difference(self) -> PackageDifference:
        package, compared = self._desk.package, self._compared
        assert package is not None and compared is not None
        return PackageDifference(named(compared.before), named(package), compared.found, self._effect, self._suites)

    # The effect

    def measure(self) -> None:
        """Run both versions over the capture: those that are on disk in worker processes."""
        self.refresh()
        capture, package, before = self._bench.capture, self._desk.package, self._before()
        if capture is None or package is None or before is None:
            self._bench.say("Open a capture and choose what to compare with first.")
            return
        on_disk = self._desk.is_saved and before is not self._saved
        old, new = before.folder, package.folder

        def run(ctx: JobContext) -> Measured:
            compiled = compile_any(before), compile_any(package)
            if on_disk and old is not None and new is not None:
                effect = effect_on_capture(capture, old, new, ctx)
            else:
                effect = effects_in_memory(capture, *compiled, range(min(len(capture), _MOST_IN_MEMORY)), ctx)
            suites = suites_of(new) if new is not None else ()
            return effect, tuple(effect_on_suite_in_memory(suite, *compiled, ctx) for suite in suites)

        handle = self._bench.jobs.newest("package effect", "Comparing both versions", run, quiet=False)
        handle.succeeded.connect(self._measured)
        handle.failed.connect(self._bench.report)

    def _measured(self, found: Measured) -> None:
        effect, self._suites = found
        self._effect = effect
        self._show_effect()
        self._bench.say(effect_sentence(effect))

    def _forget_effect(self) -> None:
        self._bench.jobs.drop("package effect")
        self._effect, self._suites = None, ()

    def _show_effect(self) -> None:
        effect = self._effect
        self._right.setCurrentIndex(0 if effect is None else 1)
        moves: tuple[MoveEffect, ...] = effect.moves() if effect is not None else ()
        places: tuple[PlaceEffect, ...] = effect.places() if effect is not None else ()
        self.moves.show(moves)
        self.places.show(places)
        cases = [(suite.suite, case) for suite in self._suites for case in suite.cases]
        self.cases.show(cases)
        self.effects.setTabText(
            0, f"Values that end otherwise · {len(moves)}" if effect else "Values that end otherwise"
        )
        self.effects.setTabText(1, f"Elements that change · {len(places)}" if effect else "Elements that change")
        self.effects.setTabText(2, f"Suites · {len(cases)}" if effect else "Suites")
        self.measuring.setEnabled(self._bench.capture is not None)
        if effect is not None and self._compared is not None:
            self.said.setText(f"{named(self._compared.before)}: {summary(self._difference())}")

    def _go(self, found: MoveEffect | PlaceEffect | None) -> None:
        """Go to the first message that shows it."""
        if found is not None and found.numbers:
            self._bench.select_message(found.numbers[0])

    # Doing something about it

    def save_report(self) -> None:
        if self._compared is None:
            self._bench.say("Choose what to compare with first.")
            return
        name, _ = QFileDialog.getSaveFileName(self, "Save the report", "changes.html", _FORMS)
        if name:
            self.write_report(Path(name))

    def write_report(self, path: Path) -> None:
        """Write the comparison; its ending says the form, and no patient's value stands in it."""
        write = _WRITERS.get(path.suffix, html)
        try:
            write_atomically(path, write(self._difference()))
        except WorkbenchError as problem:
            self._bench.report(problem)
            return
        self._bench.say(f"{path.name} written")

    def revert(self) -> None:
        """Take back what the site says of the selected entry."""
        package, entry = self._desk.package, self._entry()
        if package is None or package.base is None or entry is None:
            self._bench.say("Select what shall be the base's again.")
            return
        edits = revert_edits(package, entry)
        if not edits:
            self._bench.say(f"{entry.id} is as the base has it.")
        else:
            self._desk.apply_all(edits, f"Revert {entry.id or entry.map} to base")

    def _entry(self) -> EntryName | None:
        """The selected difference, else the rule that is selected on the page."""
        change, name, package = self.model.row(self.table.currentIndex()), self._selection.rule, self._desk.shown
        if change is not None or package is None or not name.rule:
            return change.entry if change is not None else None
        if name.map.startswith(f"{MESSAGES}/"):
            return EntryName(name.map, EntryKind.ROW, name.rule)
        rule_map = package.rule_map(name.map)
        return EntryName(f"{rule_map.kind}/{name.map}", EntryKind.RULE, name.rule) if rule_map is not None else None

    def upgrade(self) -> None:
        """Ask for the folder of the newer base, then what both changed."""
        name = QFileDialog.getExistingDirectory(self, "Folder of the newer base")
        if name:
            self.upgrade_to(Path(name))

    def upgrade_to(self, folder: Path) -> None:
        """Put the package on the base in a folder; the questions come in a dialog."""
        handle = self._bench.jobs.newest("newer base", f"Opening {folder.name}", lambda _ctx: load_package(folder))
        handle.succeeded.connect(self._plan)
        handle.failed.connect(self._bench.report)

    def _plan(self, base: Package) -> None:
        package = self._desk.package
        if package is None:
            return
        try:
            plan = plan_upgrade(package, base)
        except Refused as problem:
            self._bench.report(problem)
            return
        UpgradeDialog(self._bench.theme, plan, self._desk.apply_all, self._bench.report, self.window()).open()


def _stack(empty: QWidget, full: QWidget) -> QStackedWidget:
    """Shows the first until there is something to show."""
    made = QStackedWidget()
    made.addWidget(empty)
    made.addWidget(full)
    return made
