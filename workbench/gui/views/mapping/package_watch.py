"""Changes of the package's files by others: noticed, merged where they fit, asked about where they do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.mapping.files import FOLDERS
from workbench.mapping.load import load_package
from workbench.mapping.merge import FileConflict, MergedPackage, Side, edits_between, merged_packages
from workbench.mapping.model import Package
from workbench.mapping.save import text_of

WAIT_MS = 250
"""Editors write a file in several steps; so long nothing may happen before the files are read."""

TAKEN = "Take over changes of the files"
MERGED = "Merge changes of the files"

Ask = Callable[[tuple[FileConflict, ...], Callable[[Side], None]], None]
"""Asks a person whose changes shall stand; calls back with the answer."""


class PackageWatch(QObject):
    """Watches the folders of the package on the desk and of its base; what it takes over is one step to undo."""

    def __init__(self, bench: Bench, desk: MappingDesk, ask: Ask, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bench, self._desk, self._ask = bench, desk, ask
        self._saved: Package | None = None
        self._read_last: Package | None = None
        self._watcher = QFileSystemWatcher(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self.look)
        self._watcher.fileChanged.connect(lambda _path: self._timer.start())
        self._watcher.directoryChanged.connect(lambda _path: self._timer.start())
        desk.saved_changed.connect(self._saved_changed)
        desk.package_changed.connect(self._package_changed)
        self._saved_changed(desk.is_saved)

    def look(self) -> None:
        """Read the files, beside the window, and take over what others have changed."""
        package, saved = self._desk.package, self._saved
        if package is None or saved is None or package.folder is None:
            return
        folder, known = package.folder, self._read_last

        def read(_ctx: JobContext) -> Package:
            return load_package(folder, known)

        handle = self._bench.jobs.newest("package files", "Reading changed files", read)
        handle.succeeded.connect(self._read)
        handle.failed.connect(self._defective)

    def _read(self, theirs: Package) -> None:
        mine, saved = self._desk.package, self._saved
        if mine is None or saved is None or theirs.folder != mine.folder:
            return
        self._read_last = theirs
        self._desk.outside = None
        self._watch(theirs)
        if theirs.base != mine.base and theirs.base is not None:
            self._take_base(theirs.base)
            mine, saved = self._desk.package or mine, self._saved or saved
        if not _differ(saved, theirs):
            return
        try:
            both = merged_packages(saved, mine, theirs)
        except Refused as problem:
            self._bench.report(problem)
            return
        if not both.conflicts:
            self._take(mine, both, theirs)
            return
        self._ask(both.conflicts, lambda side: self._decided(side, saved, theirs))

    def _take_base(self, base: Package) -> None:
        """Only the document changes; the package's own files say what they said."""
        was_saved = self._desk.is_saved
        if self._saved is not None:
            self._saved = replace(self._saved, base=base)
        self._desk.take_base(base)
        if was_saved and self._desk.holder is not None:
            self._desk.holder.saved()

    def _decided(self, side: Side, saved: Package, theirs: Package) -> None:
        mine = self._desk.package
        if mine is not None and self._saved is saved:
            self._take(mine, merged_packages(saved, mine, theirs, side), theirs)

    def _take(self, mine: Package, both: MergedPackage, theirs: Package) -> None:
        """Make the merge the document; when it is exactly what the files say, it counts as saved."""
        was_saved = self._desk.is_saved
        edits = edits_between(mine, both.package)
        self._saved = theirs
        if edits and self._desk.apply_all(edits, TAKEN if was_saved else MERGED) and was_saved:
            self._desk.save_now()

    def _defective(self, problem: BaseException) -> None:
        if isinstance(problem, Refused):
            told = Refused(
                problem.code,
                f"Files of the package were changed outside and are defective: {problem.text}",
                "What is here stays as it is. Mend the files; saving asks before it replaces them.",
            )
            self._desk.outside = told
            self._bench.report(told)
        else:
            self._bench.report(problem)

    def _saved_changed(self, saved: bool) -> None:
        stack = self._desk.undo_stack
        if saved:
            self._saved = self._desk.package
            self._watch(self._saved)
            if stack is not None and not stack.count():
                self._read_last = self._saved

    def _package_changed(self) -> None:
        package = self._desk.package
        if package is not None and (self._saved is None or self._saved.folder != package.folder):
            self._saved_changed(self._desk.is_saved)

    def _watch(self, package: Package | None) -> None:
        """Watch all folders and files, those of its base too; files that editors replace are new ones."""
        wanted: list[str] = []
        while package is not None:
            wanted += _files_of(package.folder) if package.folder is not None else []
            package = package.base
        there = {*self._watcher.files(), *self._watcher.directories()}
        if gone := sorted(there - set(wanted)):
            self._watcher.removePaths(gone)
        if new := sorted(set(wanted) - there):
            self._watcher.addPaths(new)


def _files_of(folder: Path) -> list[str]:
    """The folders and files of a package."""
    found = [folder, *(folder / name for name in FOLDERS if (folder / name).is_dir()), *folder.glob("*.yaml")]
    for name, ending in FOLDERS.items():
        found += (folder / name).glob(f"*{ending}")
    return [str(path) for path in found]


def _differ(saved: Package, theirs: Package) -> bool:
    """True when files say something else, or say it otherwise, than when they were last read or written here."""
    if theirs != replace(saved, layout={}):
        return True
    return any(
        text != saved.layout.get(name, saved.texts.get(name)) and text != text_of(saved, name)
        for name, text in theirs.texts.items()
    )
