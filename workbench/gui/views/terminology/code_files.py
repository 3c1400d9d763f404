"""Files of the Terminology page: lists of local codes, and code maps in every form they are exchanged in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from workbench.app.operations import terms
from workbench.app.operations.local_codes import CodeLine
from workbench.app.session import Session
from workbench.gui.views.terminology.code_desk import CodeDesk
from workbench.gui.views.terminology.small_dialogs import MapNameDialog
from workbench.gui.views.terminology.target_dialog import SYSTEMS
from workbench.kernel.errors import WorkbenchError
from workbench.kernel.issues import Issue
from workbench.terminology.code_map import CodeMap

_LISTS = "Lists of codes (*.csv *.xlsx);;All files (*)"
_MAPS = "Code maps (*.csv *.xlsx *.json *.tsv);;All files (*)"
_FORMS = ";;".join(
    (
        "CSV (*.csv)", "Excel (*.xlsx)", "ConceptMap R4 (*.json)", "ConceptMap R5 (*.r5.json)", "SSSOM (*.sssom.tsv)",
        "Usagi (*.usagi.csv)", "CodeSystem of the local codes (*.codesystem.json)",
        "ValueSet of the target codes (*.valueset.json)",
    )
)  # fmt: skip


class CodeFiles:
    """Opens, imports and exports for the page; a code map is exported that the selected code goes through."""

    def __init__(
        self, codes: CodeDesk, session: Session, parent: QWidget, current: Callable[[], CodeLine | None]
    ) -> None:
        self._codes = codes
        self._bench = codes.bench
        self._session = session
        self._parent = parent
        self._current = current

    def ask_list(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._parent, "Open a list of local codes", "", _LISTS)
        if name:
            path = Path(name)
            about = "All codes of the list go through one code map of the mapping package; a new name makes a new one."
            there = [info.system for info in self._codes.sources.infos() if info.system]
            systems = tuple(dict.fromkeys([*there, *SYSTEMS]))
            then = partial(self._codes.open_list, path)
            self._ask_map("Where do these codes belong?", about, path.stem, then, systems)

    def ask_import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._parent, "Import a code map", "", _MAPS)
        if name:
            line = self._current()
            suggested = line.map if line is not None and line.map else Path(name).name.partition(".")[0]
            about = "The rows of the file replace those of the code map; undo brings them back."
            then = partial(self.import_map, Path(name))
            self._ask_map("Which code map is this?", about, suggested, lambda map_name, _system: then(map_name))

    def import_map(self, path: Path, map_name: str) -> None:
        """Put the rows of a file in the place of a code map; what could not be read along is said."""
        handle = self._bench.jobs.newest("import map", f"Reading {path.name}", lambda _ctx: terms.read_code_map(path))
        handle.succeeded.connect(partial(self._imported, map_name))
        handle.failed.connect(self._bench.report)

    def _imported(self, map_name: str, read: tuple[CodeMap, tuple[Issue, ...]]) -> None:
        code_map, issues = read
        package = self._codes.package
        before = package.codes.get(map_name) if package is not None else None
        if before is not None:
            code_map = replace(code_map, unmapped=before.unmapped, default=before.default)
        self._codes.take_map(map_name, code_map)
        told = f"{len(code_map.rows):,} rows imported into {map_name}."
        self._bench.say(" ".join([told, *(issue.text for issue in issues)]))

    def ask_export(self, *, draft: bool = False) -> None:
        line = self._current()
        if line is None or not line.map:
            self._bench.say("Select a code of the code map that is to be exported.")
            return
        name, _ = QFileDialog.getSaveFileName(self._parent, "Export the code map", f"{line.map}.csv", _FORMS)
        if name:
            self.export_map(line.map, Path(name), draft=draft)

    def export_map(self, map_name: str, path: Path, *, draft: bool = False) -> None:
        """Write the approved rows of a code map, in the form that the ending says; what stays behind is said."""
        package = self._codes.package
        if package is None:
            return
        try:
            left = terms.export_map(package.codes[map_name], path, draft)
        except WorkbenchError as problem:
            self._bench.report(problem)
            return
        self._session.record("terms.export", "code-map", map_name)
        self._bench.say(" ".join([f"{map_name} written to {path.name}.", *left]))

    def _ask_map(
        self, title: str, about: str, suggested: str, then: Callable[[str, str], object], systems: Sequence[str] = ()
    ) -> None:
        package = self._codes.package
        names = sorted(package.codes) if package is not None else []
        dialog = MapNameDialog(self._bench.theme, title, about, names, suggested, systems, self._parent)
        dialog.accepted.connect(lambda: then(dialog.map_name, dialog.system.currentText().strip()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
