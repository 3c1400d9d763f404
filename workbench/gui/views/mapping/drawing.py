"""Drawing rules: from the selected field to the selected element, by drag and drop, or asked for; and new packages."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from workbench.app.session import standard_package_folder
from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.views.mapping.add_rule import AddRuleDialog
from workbench.gui.views.mapping.new_package import NewPackageDialog
from workbench.gui.views.mapping.pointing import Pointing
from workbench.gui.views.mapping.rule_actions import RuleActions
from workbench.gui.views.mapping.selection import Selection
from workbench.gui.views.mapping.source_pane import MESSAGE, SourcePane
from workbench.gui.views.mapping.target_pane import TargetPane
from workbench.kernel.errors import WorkbenchError
from workbench.mapping.composing import new_package
from workbench.mapping.model import Rule, RuleMap
from workbench.mapping.save import save_package
from workbench.v2.path import V2Path


class Drawing:
    """What Ctrl+M, dropping and the buttons do."""

    def __init__(
        self,
        bench: Bench,
        desk: MappingDesk,
        selection: Selection,
        actions: RuleActions,
        pointing: Pointing,
        page: QWidget,
    ) -> None:
        self._bench, self._desk, self._selection = bench, desk, selection
        self._actions, self._pointing, self._page = actions, pointing, page

    def take_panes(self, source: SourcePane, target: TargetPane) -> None:
        """The panes whose selections are joined; they are made after this."""
        self._source, self._target = source, target

    def add_rule(self) -> None:
        """Join the selected field and the selected element; ask for what is not selected."""
        if self._desk.package is None:
            self.new_package()
            return
        source, target = self._source_now(), self._target.current_path()
        if not source:
            self._bench.say("Select a source field first; then say where it goes.")
        elif (
            self._source.mode != MESSAGE
            and target
            and self._selection.target == target
            and not self._is_there(source, target)
        ):
            self.join(source, target)
        else:
            self._ask(source)

    def _both_selected(self, target: str) -> bool:
        return self._source.mode != MESSAGE and bool(target) and self._selection.target == target

    def _is_there(self, source: str, target: str) -> bool:
        """True when a rule joins the two already, so that Ctrl+M on it means something else."""
        readers = set(self._pointing.index.reading(source, inside=False, read=self._source.fhir_type))
        return bool(readers & set(self._pointing.index.writing(self._target.shown_type, target, inside=False)))

    def _source_now(self) -> str:
        if self._source.mode == MESSAGE or not self._source.current_path():
            return source_of(self._bench.place.path)
        return self._source.current_path()

    def join(self, source: str, target: str) -> None:
        """Add a rule from a field to an element of the type shown, in the map that does most in this message."""
        prefer = [map_id for map_id, _ in Counter(map_id for map_id, _ in self._pointing.fired()).most_common()]
        self._actions.draw(source, self._target.shown_type, target, prefer, self._source.fhir_type)

    def _ask(self, source: str) -> None:
        package, maps = self._desk.shown, self.maps_for(source)
        if package is None or not maps:
            self._bench.say("Select the element it goes to as well, then press Ctrl+M again.")
            return
        dialog = AddRuleDialog(self._bench.theme, package, maps, source, self._page)
        dialog.accepted.connect(lambda: self.add(dialog.rule_map, dialog.rule))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.open()

    def add(self, rule_map: RuleMap, rule: Rule) -> None:
        """Add a rule at the end of a map and select it."""
        self._actions.add(rule_map, rule)

    def maps_for(self, path: str) -> list[RuleMap]:
        """The segment maps a source field can be mapped in, those that do most in this message first."""
        package = self._desk.shown
        found = V2Path.read(path) if path else None
        if package is None or found is None:
            return []
        working = Counter(map_id for map_id, _ in self._pointing.fired())
        fitting = [rule_map for rule_map in package.segments.values() if rule_map.source == found.segment]
        return sorted(fitting, key=lambda rule_map: (-working[rule_map.name], rule_map.name))

    def new_package(self) -> None:
        """Ask for a name and folder, make the package there and open it."""
        package = self._desk.package
        folder = package.folder.parent if package is not None and package.folder is not None else Path.home()
        if folder == standard_package_folder().parent:
            folder = Path.home()  # what is shipped is replaced by the next version
        dialog = NewPackageDialog(self._bench.theme, folder, self._page)
        dialog.accepted.connect(lambda: self.make_package(dialog))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.open()

    def make_package(self, dialog: NewPackageDialog) -> None:
        """Write the package asked for and open it; the one that was open is saved first."""
        try:
            made = new_package(dialog.name.text().strip(), dialog.title.text().strip(), dialog.chosen_direction)
            if not self._desk.save_now():
                return
            save_package(replace(made, folder=dialog.folder))
        except WorkbenchError as problem:
            self._bench.report(problem)
            return
        self._desk.open(dialog.folder)
        self._bench.page_asked.emit("mapping")


def source_of(path: str) -> str:
    """The source a rule would name for a place of a message: without occurrence and repetition; "" for no place."""
    place = V2Path.read(path) if path else None
    return str(replace(place, occurrence=0, repetition=0, groups=())) if place is not None else ""
