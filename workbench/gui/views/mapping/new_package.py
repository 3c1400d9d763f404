"""A mapping package from nothing: name, direction and folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFileDialog, QFormLayout, QLineEdit, QWidget

from workbench.gui.theme.theme import Theme
from workbench.gui.views.mapping.rule_line import RuleLine
from workbench.gui.widgets.basics import across, button, down, label, name_button
from workbench.mapping.model import Direction

_WORDS = {
    Direction.V2_TO_FHIR: "HL7 v2 to FHIR",
    Direction.FHIR_TO_V2: "FHIR to HL7 v2",
    Direction.V2_TO_V2: "HL7 v2 to HL7 v2",
    Direction.FHIR_TO_FHIR: "FHIR to FHIR",
}


class NewPackageDialog(QDialog):
    """Asks for what a package must say of itself; the folder is made when the package is."""

    def __init__(self, theme: Theme, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New mapping package")
        self.name = RuleLine("Id", "lab-to-fhir", "Letters, digits and hyphens; ids of resources are made from it")
        self.title = RuleLine("Title", "Laboratory results to FHIR", "What people call it")
        self.direction = QComboBox()
        self.direction.setAccessibleName("Direction")
        for direction, words in _WORDS.items():
            self.direction.addItem(words, direction)
        self.within = QLineEdit(str(folder))
        self.within.setAccessibleName("In folder")
        self.within.setToolTip("A folder named as the package is made in it")
        choose = button("Choose…", self._choose)
        form = QFormLayout()
        form.addRow("Id", self.name)
        form.addRow("Title", self.title)
        form.addRow("Direction", self.direction)
        form.addRow("In folder", across(self.within, choose))
        self.says = label("", "muted", wrap=True)
        self._box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_button(self._box, "Make package")
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        heading = label("A new mapping package", "title")
        self.setLayout(down(heading, form, self.says, self._box, margins=20, spacing=12))
        self.setMinimumWidth(round(theme.em * 34))
        self.name.textChanged.connect(self._check)
        self.within.textChanged.connect(self._check)
        self._check()
        self.name.setFocus()

    @property
    def folder(self) -> Path:
        """Where the package will be."""
        return Path(self.within.text().strip()) / self.name.text().strip()

    @property
    def chosen_direction(self) -> Direction:
        return Direction(self.direction.currentData())

    def _choose(self) -> None:
        found = QFileDialog.getExistingDirectory(self, "In which folder", self.within.text())
        if found:
            self.within.setText(found)

    def _check(self) -> None:
        name = self.name.text().strip()
        taken = bool(name) and self.folder.exists()
        self.says.setText(f"There is {self.folder.name} in this folder already." if taken else "")
        ok = self._box.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(bool(name and self.within.text().strip()) and not taken)
