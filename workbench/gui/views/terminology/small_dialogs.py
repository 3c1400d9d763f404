"""Short questions of the Terminology page: who works here, and where a list of local codes belongs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from workbench.app.operations.code_reviews import ROLES
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import down, label, name_button


class _Form(QDialog):
    def __init__(self, theme: Theme, title: str, about: str, action: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.form = QFormLayout()
        self._box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        name_button(self._box, action)
        self.setLayout(
            down(label(title, "title"), label(about, "muted", wrap=True), self.form, self._box, margins=20, spacing=12)
        )
        self.setMinimumWidth(round(theme.em * 32))

    def row(self, name: str, widget: QWidget) -> None:
        widget.setAccessibleName(name)
        self.form.addRow(name, widget)

    def allow(self, complete: bool) -> None:
        self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(complete)


class WorkAsDialog(_Form):
    """Who decides on codes from now on, and in which role."""

    def __init__(self, theme: Theme, name: str, role: str, parent: QWidget | None = None) -> None:
        about = "Name and role stand in the history of every decision. Nobody approves what they mapped themselves."
        super().__init__(theme, "Who works here?", about, "Work as", parent)
        self.name = QLineEdit(name)
        self.role = QComboBox()
        self.role.addItems(list(ROLES))
        self.role.setCurrentText(role)
        self.row("Name", self.name)
        self.row("Role", self.role)
        self.name.textChanged.connect(lambda text: self.allow(bool(text.strip())))
        self.allow(bool(name))


class MapNameDialog(_Form):
    """The code map that a list, or an imported map, goes into."""

    def __init__(
        self,
        theme: Theme,
        title: str,
        about: str,
        names: Sequence[str],
        suggested: str,
        systems: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        """systems  code systems that a new map may have as its target; none are asked for when there are none"""
        super().__init__(theme, title, about, "Use this code map", parent)
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.addItems(list(names))
        self.name.setCurrentText(suggested)
        self.row("Code map", self.name)
        self.system = QComboBox()
        self.system.setEditable(True)
        self.system.setToolTip("Only for a new code map; it says where candidates come from")
        self.system.addItems(list(systems))
        if systems:
            self.row("Maps to", self.system)
        self.name.editTextChanged.connect(lambda text: self.allow(bool(text.strip())))

    @property
    def map_name(self) -> str:
        return self.name.currentText().strip()
