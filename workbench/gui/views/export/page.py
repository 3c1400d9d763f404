"""The Export page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QFileDialog, QLineEdit, QRadioButton, QScrollArea, QWidget

from workbench.app.operations.export import export_to
from workbench.app.session import Session
from workbench.export.gate import objections
from workbench.export.manifest import Release
from workbench.export.package import EXPORTERS, Exported
from workbench.gui.bench import Bench, Step
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import DONE, OPEN, TROUBLE, WAITING, Mark
from workbench.gui.page import Page
from workbench.gui.widgets.basics import Badge, across, button, card, down, label
from workbench.kernel.errors import Unavailable
from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.kernel.shipped import user_data_folder
from workbench.suites.evidence import SuiteEvidence
from workbench.suites.fingerprint import package_fingerprint

_ABOUT = {
    "fhir-package": "ConceptMaps, the mapping and its evidence as an NPM package, for FHIR tools and for the archive.",
    "python": "The same engine as here, without the window, to run beside an interface engine.",
}


class ExportPage(Page):
    """Target, what the gate says, the way out."""

    name = "export"

    def __init__(self, bench: Bench, session: Session, desk: MappingDesk) -> None:
        super().__init__(bench)
        self._session, self._desk = session, desk
        self.exported: Exported | None = None
        self._objections: tuple[Issue, ...] | None = None
        self.targets = QButtonGroup(self)
        self._target_rows: list[QWidget] = []
        self.gate = Badge(bench.theme)
        self._reasons = down(spacing=6)
        self.draft = QCheckBox("Export as a draft: for trying out, marked DRAFT everywhere, never for production")
        self.folder = QLineEdit(str(user_data_folder() / "exports"))
        self.folder.setAccessibleName("Folder")
        self._go = button("Export", self.export, primary=True)
        self.result_badge = Badge(bench.theme)
        self.result = label("", "mono", wrap=True, selectable=True)
        self._open = button("Open folder", self._open_folder)
        self._build()
        self.draft.toggled.connect(self._allow)
        desk.package_changed.connect(self._stale)
        desk.runs_changed.connect(self._stale)
        bench.plugins_changed.connect(self._show_targets)
        self.targets.idClicked.connect(lambda _number: self.check())

    def _build(self) -> None:
        page = QWidget()
        page.setObjectName("page")
        title = label("Export", "title")
        lead = label("A package leaves only when its suites pass and every rule and code is approved.", "muted")
        choose = button("Choose…", self._choose_folder)
        layout = down(title, lead, spacing=6)
        layout.addSpacing(10)
        self._targets = card(label("Target", "heading"))
        self._show_targets()
        layout.addWidget(self._targets)
        self._gate_card = card(
            across(label("Gate", "heading"), self.gate, 1, button("Check again", self.check)), self._reasons
        )
        layout.addWidget(self._gate_card)
        where = across(label("Folder", "muted"), self.folder, choose, spacing=10)
        layout.addWidget(card(where, self.draft, across(self._go, 1), spacing=10))
        self._result_card = card(across(self.result_badge, 1, self._open), self.result)
        self._result_card.setVisible(False)
        layout.addWidget(self._result_card)
        layout.addStretch(1)
        layout.setContentsMargins(32, 26, 32, 26)
        page.setLayout(layout)
        page.setMaximumWidth(round(self.theme.em * 60))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setLayout(down(scroll))
        self._allow()

    def _show_targets(self) -> None:
        """A choice for each target there is; plug-ins bring others."""
        before = self.target
        for row in self._target_rows:
            row.deleteLater()
        for choice in self.targets.buttons():
            self.targets.removeButton(choice)
        self._target_rows = []
        for number, exporter in enumerate(EXPORTERS.values()):
            choice = QRadioButton(exporter.title)
            choice.setChecked(exporter.name == before or number == 0)
            choice.setProperty("target", exporter.name)
            self.targets.addButton(choice, number)
            about = label(_ABOUT.get(exporter.name, "Brought by a plug-in."), "muted", wrap=True)
            about.setContentsMargins(24, 0, 0, 4)
            for row in (choice, about):
                self._targets.layout().addWidget(row)  # type: ignore[union-attr]
                self._target_rows.append(row)

    @property
    def target(self) -> str:
        chosen = self.targets.checkedButton()
        return str(chosen.property("target")) if chosen is not None else ""

    def panes(self) -> list[QWidget]:
        return [*self.targets.buttons(), self.draft, self.folder, self._go]

    def shown(self) -> None:
        self.check()

    def check(self) -> None:
        """Ask the gate what stands against a release of the package as it is on disk."""
        package = self._desk.package
        if package is None or package.folder is None:
            self._show_reasons(None)
            return
        folder, runs, target = package.folder, self._desk.runs, self.target

        def ask(_ctx: JobContext) -> tuple[Issue, ...]:
            evidence = tuple(SuiteEvidence.of(run) for run in runs)
            return objections(Release(package, package_fingerprint(folder), evidence, draft=False), target)

        handle = self.bench.jobs.newest("gate", "Checking the gate", ask)
        handle.succeeded.connect(self._show_reasons)
        handle.failed.connect(self.bench.report)

    def _stale(self) -> None:
        if self.isVisible():
            self.check()

    def _show_reasons(self, found: Sequence[Issue] | None) -> None:
        while self._reasons.count():
            item = self._reasons.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        if found is None:
            self.gate.show_mark(OPEN, "no package open")
        elif not found:
            self.gate.show_mark(DONE, "nothing stands against a release")
        else:
            self.gate.show_mark(TROUBLE, f"{len(found)} reasons against a release")
        for issue in found or ():
            line = Badge(self.theme)
            line.show_mark(Mark("circle-x", "severity.error", issue.rule))
            row = QWidget()
            row.setLayout(across(line, label(issue.text, wrap=True), spacing=12))
            row.layout().setStretch(1, 1)  # type: ignore[union-attr]
            self._reasons.addWidget(row)
        self._objections = tuple(found) if found is not None else None
        self._allow()

    def _allow(self) -> None:
        ready = self._objections is not None and (not self._objections or self.draft.isChecked())
        self._go.setEnabled(ready)
        self._go.setText("Export draft" if self.draft.isChecked() else "Export")

    def export(self) -> None:
        """Run the package's suites once more and write the artefact, beside the window."""
        package = self._desk.package
        if package is None or package.folder is None or not self._desk.save_now():
            return
        source, out, target, draft = package.folder, Path(self.folder.text()), self.target, self.draft.isChecked()
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.bench.report(Unavailable("GUI-0020", f"{out} cannot be made ({error.strerror}).", "Choose another."))
            return
        handle = self.bench.jobs.start(
            f"Exporting {source.name}", lambda ctx: export_to(source, target, out, draft, ctx), writes=True
        )
        handle.succeeded.connect(self._exported)
        handle.failed.connect(self.bench.report)

    def _exported(self, exported: Exported) -> None:
        self.exported = exported
        release = exported.release
        self._session.record("package.export", "package", release.file_stem, release.fingerprint)
        mark = WAITING if release.draft else DONE
        words = "Draft written" if release.draft else "Package written"
        self.result_badge.show_mark(mark, f"{words}: {exported.path.stat().st_size:,} bytes")
        self.result.setText(str(exported.path))
        self._result_card.setVisible(True)
        self.bench.tell_step(Step.EXPORT, mark, exported.path.name)
        self.bench.say(f"{words}: {exported.path.name}")

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder for the package", self.folder.text())
        if name:
            self.folder.setText(name)

    def _open_folder(self) -> None:
        if self.exported is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.exported.path.parent)))
