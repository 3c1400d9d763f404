"""A target that is not among the candidates, typed by hand."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import down, label, name_button
from workbench.terminology.codes import Coding

SYSTEMS = (
    "http://loinc.org",
    "http://snomed.info/sct",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://hl7.org/fhir/sid/cvx",
    "http://unitsofmeasure.org",
)


class TargetDialog(QDialog):
    """Asks for code, display and code system; nothing is looked up, so a second person has to approve."""

    def __init__(self, theme: Theme, local: str, system: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Type a target")
        self.code = QLineEdit()
        self.display = QLineEdit()
        self.system = QComboBox()
        self.system.setEditable(True)
        self.system.addItems([system, *SYSTEMS] if system and system not in SYSTEMS else SYSTEMS)
        form = QFormLayout()
        for name, widget in (("Code", self.code), ("Display", self.display), ("Code system", self.system)):
            widget.setAccessibleName(name)
            form.addRow(name, widget)
        self._box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        name_button(self._box, "Use target")
        hint = label("The code is not checked against its code system; somebody else approves it.", "muted", wrap=True)
        self.setLayout(down(label(f"What does {local} mean?", "title"), form, hint, self._box, margins=20, spacing=12))
        self.setMinimumWidth(round(theme.em * 34))
        self.code.textChanged.connect(self._check)
        self.system.editTextChanged.connect(self._check)
        self._check()

    @property
    def coding(self) -> Coding:
        return Coding(self.system.currentText().strip(), self.code.text().strip(), self.display.text().strip())

    def _check(self) -> None:
        complete = bool(self.coding.code and self.coding.system)
        self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(complete)
