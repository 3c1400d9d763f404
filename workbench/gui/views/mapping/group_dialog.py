"""One group of a message map: its name, what begins a repetition, where it stands and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import down, label, name_button
from workbench.mapping.model import Group

_ANYWHERE = "the message"


class GroupDialog(QDialog):
    """Says the group a person wants when it is accepted."""

    def __init__(
        self,
        theme: Theme,
        group: Group | None,
        others: Sequence[str],
        accepted: Callable[[Group], None],
        parent: QWidget | None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Change group" if group else "Add group")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._accepted = accepted
        self._names = {name for name in others if group is None or name != group.name}
        self.name = _line("Name", "ORDER_OBSERVATION", group.name if group else "")
        self.starts = _line("Begins with", "ORC, OBR", ", ".join(group.starts) if group else "")
        self.within = QComboBox()
        self.within.setAccessibleName("Within")
        self.within.addItems([_ANYWHERE, *sorted(self._names)])
        self.within.setCurrentText(group.within if group and group.within else _ANYWHERE)
        holds = group.holds if group else None
        self.holds = _line("Holds only", "every segment that follows", ", ".join(holds) if holds is not None else "")
        form = QFormLayout()
        form.addRow("Name", self.name)
        form.addRow("Begins with", self.starts)
        form.addRow("Within", self.within)
        form.addRow("Holds only", self.holds)
        self._box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_button(self._box, "Change" if group else "Add")
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        hint = (
            "A repetition begins with the segments named first, each at most once and in that order. Rows read from "
            "the group by its name: OBSERVATION/OBX."
        )
        self.setLayout(down(label(hint, "muted", wrap=True), form, self._box, margins=20, spacing=12))
        self.setMinimumWidth(round(theme.em * 30))
        for edit in (self.name, self.starts):
            edit.textChanged.connect(self._check)
        self._check()

    @property
    def group(self) -> Group:
        """What the form says."""
        within = self.within.currentText()
        holds = _listed(self.holds.text()) if self.holds.text().strip() else None
        return Group(
            self.name.text().strip(), _listed(self.starts.text()), "" if within == _ANYWHERE else within, holds
        )

    def accept(self) -> None:
        self._accepted(self.group)
        super().accept()

    def _check(self) -> None:
        wanted = self.group
        good = bool(wanted.name and wanted.starts) and wanted.name not in self._names
        self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(good)


def _line(name: str, hint: str, text: str) -> QLineEdit:
    made = QLineEdit(text)
    made.setAccessibleName(name)
    made.setPlaceholderText(hint)
    return made


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)
