"""The button that writes findings for other programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton

from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.findings import Finding
from workbench.gui.jobs import JobHandle
from workbench.gui.views.validation.report_file import FORMATS, write_report


class FindingsExport(QToolButton):
    """A menu of the forms; patients' values are written only when somebody asks for them and nothing is masked."""

    def __init__(self, bench: Bench, session: Session, shown: Callable[[], Sequence[Finding]]) -> None:
        super().__init__()
        self._bench = bench
        self._session = session
        self._shown = shown
        bench.theme.give_icon(self, "download")
        self.setText(" Export")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip("Write the findings that are shown for other programs")
        menu = QMenu(self)
        for name, (title, _) in FORMATS.items():
            menu.addAction(title).triggered.connect(partial(self._ask, name))
        menu.addSeparator()
        self.with_values = QAction("Include patients' values", menu, checkable=True)
        menu.addAction(self.with_values)
        self.setMenu(menu)
        bench.mask_changed.connect(self._mask_changed)

    def _mask_changed(self, masked: bool) -> None:
        """Nothing that identifies a patient is written while the screen is shared."""
        self.with_values.setEnabled(not masked)
        if masked:
            self.with_values.setChecked(False)

    def _ask(self, name: str, _checked: bool = False) -> None:
        if not self._bench.validated:
            self._bench.say("Validate the capture first; then its findings can be exported.")
            return
        title, ending = FORMATS[name]
        path, _ = QFileDialog.getSaveFileName(self, f"Export findings as {title}", f"findings.{ending}")
        if path:
            self.write(Path(path), name)

    def write(self, path: Path, name: str) -> JobHandle | None:
        """Write the findings that are shown in one of `FORMATS`, beside the window; SARIF tells hidden ones as such."""
        bench = self._bench
        capture, shown, judged = bench.capture, self._shown(), tuple(bench.validated)
        if capture is None:
            return None
        values = self.with_values.isChecked() and not bench.masked
        decided = None
        if name == "sarif":
            shown = tuple(finding for found in bench.sifted().values() for finding in found)
            decided = (bench.sieve, bench.sent_of)
        handle = bench.jobs.start(
            f"Writing {path.name}",
            lambda _ctx: write_report(path, name, shown, capture, values, judged, decided),
            writes=True,
        )
        handle.succeeded.connect(lambda count: self._written(path, name, count, values))
        handle.failed.connect(bench.report)
        return handle

    def _written(self, path: Path, name: str, count: int, values: bool) -> None:
        self._session.record("findings.export-values" if values else "findings.export", "finding-report", name)
        self._bench.say(f"{count:,} findings written to {path.name}")
