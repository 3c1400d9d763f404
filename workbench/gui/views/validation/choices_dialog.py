"""The dialog that asks what to validate against."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QWidget,
)

from workbench.app.operations.validation import Against
from workbench.gui.marks import SEVERITY_MARKS
from workbench.gui.shell.questions import ask_folder
from workbench.gui.theme.theme import Theme
from workbench.gui.views.validation.choices import PLAUSIBILITY
from workbench.gui.widgets.basics import across, button, down, label, name_button
from workbench.validation.fhir_validator import FhirOptions

_PROFILES = "Profiles (*.xml *.yaml *.yml)"
_PACKAGES = "FHIR packages (*.tgz)"


class ChoicesDialog(QDialog):
    """Standards, a v2 profile, FHIR packages and profiles, and the switches of clinical plausibility."""

    def __init__(self, theme: Theme, against: Against, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Validate against")
        self.v2_profile = QLineEdit(str(against.v2_profile or ""))
        self.v2_profile.setAccessibleName("HL7 v2 profile")
        self.v2_profile.setPlaceholderText("none: the standard of each message's version")
        self.v2_profile.setClearButtonEnabled(True)
        self.packages = _lines(theme, "FHIR packages, one a line", "none: FHIR R4 itself", against.fhir.packages)
        self.profiles = _lines(
            theme, "FHIR profiles, one canonical URL a line", "none: those in meta.profile", against.fhir.profiles
        )
        self.best_practice = QCheckBox("Also judge constraints that FHIR only recommends")
        self.best_practice.setChecked(against.fhir.best_practice)
        self.plausible = QCheckBox("Clinical plausibility: look for what a clinician would doubt")
        self.plausible.setChecked(against.plausible)
        self.switches = _switches(theme, against.disabled)
        self.switches.setEnabled(against.plausible)
        self.plausible.toggled.connect(self.switches.setEnabled)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        name_button(box, "Use")
        self.setLayout(
            down(
                _titled("HL7 v2 conformance profile", button("File…", self._ask_file), button("Folder…", self._ask_v2)),
                self.v2_profile,
                _titled("FHIR packages", button("Package…", self._ask_package), button("Folder…", self._ask_packages)),
                self.packages,
                label("FHIR profiles that every resource must meet", "heading"),
                self.profiles,
                self.best_practice,
                self.plausible,
                self.switches,
                box,
                margins=20,
                spacing=8,
            )
        )
        self.resize(round(theme.em * 42), round(theme.em * 40))

    @property
    def against(self) -> Against:
        """What was chosen."""
        switches = [self.switches.item(number) for number in range(self.switches.count())]
        off = {item.data(Qt.ItemDataRole.UserRole) for item in switches if item.checkState() is Qt.CheckState.Unchecked}
        fhir = FhirOptions(
            packages=tuple(map(Path, _written(self.packages))),
            profiles=tuple(_written(self.profiles)),
            best_practice=self.best_practice.isChecked(),
        )
        profile = self.v2_profile.text().strip()
        return Against(Path(profile) if profile else None, fhir, self.plausible.isChecked(), frozenset(off))

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "HL7 v2 profile", "", _PROFILES)
        self.v2_profile.setText(name or self.v2_profile.text())

    def _ask_v2(self) -> None:
        folder = ask_folder(self, "Folder of an HL7 v2 profile")
        self.v2_profile.setText(str(folder) if folder else self.v2_profile.text())

    def _ask_package(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "FHIR packages", "", _PACKAGES)
        self._add_packages(names)

    def _ask_packages(self) -> None:
        folder = ask_folder(self, "Folder with FHIR packages")
        self._add_packages([str(folder)] if folder else [])

    def _add_packages(self, names: list[str]) -> None:
        self.packages.setPlainText("\n".join(dict.fromkeys([*_written(self.packages), *names])))


def _titled(title: str, *beside: QWidget) -> QWidget:
    head = QWidget()
    head.setLayout(across(label(title, "heading"), 1, *beside))
    return head


def _lines(theme: Theme, name: str, empty: str, lines: tuple[object, ...]) -> QPlainTextEdit:
    made = QPlainTextEdit("\n".join(map(str, lines)))
    made.setObjectName("editor")
    made.setAccessibleName(name)
    made.setPlaceholderText(empty)
    made.setTabChangesFocus(True)
    made.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    made.setFixedHeight(round(theme.em * 4.5))
    return made


def _written(box: QPlainTextEdit) -> list[str]:
    return [line.strip() for line in box.toPlainText().splitlines() if line.strip()]


def _switches(theme: Theme, disabled: frozenset[str]) -> QListWidget:
    made = QListWidget()
    made.setAccessibleName("Rules of clinical plausibility")
    made.setIconSize(QSize(16, 16))
    for rule in PLAUSIBILITY:
        item = QListWidgetItem(f"{rule.id}  {rule.title}", made)
        mark = SEVERITY_MARKS[rule.severity]
        item.setIcon(theme.icon(mark.icon, mark.role))
        item.setToolTip(f"{rule.explanation}\n{rule.source}")
        item.setData(Qt.ItemDataRole.UserRole, rule.id)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Unchecked if rule.id in disabled else Qt.CheckState.Checked)
    return made
