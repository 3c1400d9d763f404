"""The imported code systems: what is there, importing a release, and what a new version means for a code map."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QTabWidget,
    QWidget,
)

from workbench.app.operations import terms
from workbench.gui.jobs import JobHandle, JobState
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.views.terminology.code_desk import CodeDesk
from workbench.gui.widgets.basics import across, button, down, label, table
from workbench.kernel.progress import JobContext, Progress
from workbench.terminology.code_store import StoreInfo
from workbench.terminology.releases.choose import FORMATS

_STORE_COLUMNS = (
    Column("Code system", lambda s: s.title, 9),
    Column("Version", lambda s: s.version, 6),
    Column("Codes", lambda s: f"{s.concepts:,}", 5, key=lambda s: s.concepts, right=True),
    Column("Retired", lambda s: f"{s.retired:,}", 5, key=lambda s: s.retired, right=True),
    Column("Wordings", lambda s: f"{s.wordings:,}", 5, key=lambda s: s.wordings, right=True),
    Column("Imported", lambda s: s.imported.replace("T", " ")[:16], 10),
    Column("From", lambda s: s.source, 10, muted=True),
)
_DRIFT_COLUMNS = (
    Column("Code", lambda d: d.source, 6, mono=True),
    Column("Target", lambda d: d.target, 6, mono=True),
    Column("What happened", lambda d: d.kind, 7),
    Column("Before", lambda d: d.before, 14),
    Column("After", lambda d: d.after, 14),
)
_WORDS = {
    "loinc": "LOINC",
    "rxnorm": "RxNorm",
    "snomed": "SNOMED CT",
    "icd10cm": "ICD-10-CM",
    "cvx": "CVX",
    "ucum": "UCUM",
}


class CodeSystemsDialog(QDialog):
    """Stays open beside the page while an import runs; closing it does not stop the import."""

    def __init__(
        self, codes: CodeDesk, mark_stale: Callable[[str, tuple[terms.Drifted, ...]], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._codes, self._mark_stale = codes, mark_stale
        self._theme = codes.bench.theme
        self._importing: JobHandle | None = None
        self.setWindowTitle("Code systems")
        self.stores = RowsModel(self._theme, _STORE_COLUMNS, self)
        self.drifts = RowsModel(self._theme, _DRIFT_COLUMNS, self)
        tabs = QTabWidget()
        tabs.addTab(self._library(), "Imported releases")
        tabs.addTab(self._versions(), "What a new version changed")
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)
        self.setLayout(down(tabs, box, margins=16, spacing=12))
        em = self._theme.em
        self.resize(round(em * 58), round(em * 32))
        codes.sources_changed.connect(self.refresh)
        self.refresh()

    def _library(self) -> QWidget:
        self.system = QComboBox()
        self.system.setEditable(True)
        self.system.setAccessibleName("Code system")
        self.system.setToolTip("One of the known code systems, or the URI of a system of your own")
        for name, title in _WORDS.items():
            self.system.addItem(title, name)
        self.version = QLineEdit()
        self.version.setAccessibleName("Version")
        self.version.setPlaceholderText("as people call it, such as 2.80")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Import")
        self.told = label("", "muted", wrap=True)
        self.stop = button("Cancel import", self.cancel, tip="Nothing of the release stays behind")
        self._file = button(
            "Import file…", self._ask_file, primary=True, tip="The main file of the release: CSV, RRF, XLSX, TXT"
        )
        self._folder = button("Import folder…", self._ask_folder, tip="The unpacked folder of the release")
        form = QFormLayout()
        form.addRow("Code system", self.system)
        form.addRow("Version", self.version)
        page = QWidget()
        view = table(self._theme, self.stores, "Imported releases", _STORE_COLUMNS)
        about = "Releases are licensed to you and stay on this computer; every workspace uses them."
        layout = down(
            label(about, "muted", wrap=True), view, form,
            across(self._file, self._folder, 1, self.stop), self.progress, self.told, margins=10, spacing=8,
        )  # fmt: skip
        layout.setStretch(1, 1)
        page.setLayout(layout)
        self._show_progress(None)
        return page

    def _versions(self) -> QWidget:
        self.map = QComboBox()
        self.old = QComboBox()
        self.new = QComboBox()
        form = QFormLayout()
        for name, box in (("Code map", self.map), ("Mapped with", self.old), ("New version", self.new)):
            box.setAccessibleName(name)
            form.addRow(name, box)
        self.drift_told = label("Choose a code map and two versions of its code system.", "muted", wrap=True)
        self._mark = button("Mark these rows stale", self._stale, tip="They wait for a new look and are not exported")
        self._mark.setEnabled(False)
        compare = button("Compare", self.compare, primary=True, tip="What became of the targets of this code map")
        page = QWidget()
        view = table(self._theme, self.drifts, "Changed targets", _DRIFT_COLUMNS)
        layout = down(form, across(compare, self._mark, 1), self.drift_told, view, margins=10, spacing=8)
        layout.setStretch(3, 1)
        page.setLayout(layout)
        return page

    def refresh(self) -> None:
        """Show what the library holds now."""
        infos = self._codes.sources.infos()
        self.stores.show(infos)
        package = self._codes.package
        names = sorted(package.codes) if package is not None else []
        for box, items in ((self.map, names), (self.old, infos), (self.new, infos)):
            before = box.currentText()
            box.clear()
            for item in items:
                box.addItem(item if isinstance(item, str) else f"{item.title} {item.version}", item)
            box.setCurrentIndex(max(0, box.findText(before)))

    # Importing

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Import a release", "", "Releases (*.csv *.RRF *.txt *.xlsx *.json);;All files (*)"
        )
        if name:
            self.recognise(Path(name))
            self.import_release(Path(name))

    def recognise(self, path: Path) -> None:
        """Choose the code system whose main file has this name."""
        for name, title in _WORDS.items():
            if any(fnmatch(path.name.casefold(), Path(main).name.casefold()) for main in FORMATS[name].main_files):
                self.system.setCurrentText(title)

    def _ask_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Import the folder of a release")
        if name:
            self.import_release(Path(name))

    def import_release(self, path: Path) -> JobHandle:
        """Import beside the window; the dialog shows how far it is."""
        text = self.system.currentText().strip()
        system = next((name for name, title in _WORDS.items() if title == text), text)
        version, library = self.version.text().strip(), self._codes.sources.library

        def work(ctx: JobContext) -> StoreInfo:
            with terms.import_release(path, system, version, ctx, library) as store:
                return store.info

        handle = self._codes.bench.jobs.newest("import release", f"Importing {path.name}", work, quiet=False)
        handle.progressed.connect(self._show_progress)
        handle.succeeded.connect(self._imported)
        handle.failed.connect(self._codes.bench.report)
        handle.ended.connect(self._ended)
        self._importing = handle
        self._show_progress(Progress(0, 0))
        return handle

    def cancel(self) -> None:
        if self._importing is not None:
            self._importing.cancel()
            self._ended(self._importing)
            self.told.setText("The import was cancelled; nothing of it stays behind.")

    def _show_progress(self, progress: Progress | None) -> None:
        running = progress is not None
        for widget in (self.progress, self.stop):
            widget.setVisible(running)
        for made in (self._file, self._folder):
            made.setEnabled(not running)
        if progress is not None:
            self.progress.setMaximum(progress.total)
            self.progress.setValue(progress.done)
            self.told.setText(
                f"{progress.label or 'importing'} {progress.done:,}" if not progress.total else progress.label
            )

    def _imported(self, info: StoreInfo) -> None:
        words = f"{info.title} {info.version}: {info.concepts:,} codes, {info.retired:,} of them retired"
        self.told.setText(words)
        self._codes.bench.say(words)
        self._codes.sources_renewed()

    def _ended(self, handle: JobHandle) -> None:
        self._show_progress(None)
        if handle.state is JobState.FAILED:
            self.told.setText("The import failed; nothing of it stays behind.")
        self._importing = None

    # Versions

    def compare(self) -> None:
        """Say what became of the targets of the chosen map."""
        package, old, new = self._codes.package, self.old.currentData(), self.new.currentData()
        code_map = package.codes.get(self.map.currentText()) if package is not None else None
        if code_map is None or old is None or new is None:
            return
        if old.system != new.system or old.version == new.version:
            self.drift_told.setText("Choose two different versions of one code system.")
            return
        library = self._codes.sources.library

        def work(ctx: JobContext) -> tuple[terms.Drifted, ...]:
            return terms.drifted(code_map, old.system, old.version, new.version, library, ctx)

        handle = self._codes.bench.jobs.newest("drift", "Comparing versions", work)
        handle.succeeded.connect(self._compared)
        handle.failed.connect(self._codes.bench.report)

    def _compared(self, found: tuple[terms.Drifted, ...]) -> None:
        self.drifts.show(found)
        self._mark.setEnabled(bool(found))
        rows = len({each.source for each in found})
        self.drift_told.setText(
            f"{rows:,} codes have a target that is not what it was." if found else "Every target is what it was."
        )

    def _stale(self) -> None:
        self._mark_stale(self.map.currentText(), tuple(self.drifts.rows))
