"""When others changed the package's files: whose change shall stand, and whether defective ones may be replaced."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QWidget

from workbench.app.operations.package_report import json_text
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import button, down, label, table
from workbench.kernel.errors import Refused
from workbench.mapping.merge import FileConflict, Side

_COLUMNS = (
    Column("File", lambda found: found.file, 14),
    Column("Where", lambda found: " › ".join(found.conflict.path) or "the whole file", 12),
    Column("Before", lambda found: json_text(found.conflict.old), 12),
    Column("Here", lambda found: json_text(found.conflict.mine), 12),
    Column("In the file", lambda found: json_text(found.conflict.theirs), 12),
)


class MergeDialog(QDialog):
    """Everything that does not contradict is merged whatever is chosen."""

    def __init__(
        self, theme: Theme, found: tuple[FileConflict, ...], decided: Callable[[Side], None], parent: QWidget | None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Files were changed outside")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._decided = decided
        self.model = RowsModel(theme, _COLUMNS, self)
        self.model.show(found)
        self.table = table(theme, self.model, "Contradictions", _COLUMNS, sorts=False)
        words = "1 place" if len(found) == 1 else f"{len(found)} places"
        text = (
            f"Somebody changed files of this package, and {words} contradict what you changed here. Everything else is "
            "merged in any case. Undo takes the merge back."
        )
        box = QDialogButtonBox()
        self.mine = button("Keep what is here", lambda: self._choose(Side.MINE), primary=True)
        self.theirs = button("Take what the files say", lambda: self._choose(Side.THEIRS))
        box.addButton(self.mine, QDialogButtonBox.ButtonRole.AcceptRole)
        box.addButton(self.theirs, QDialogButtonBox.ButtonRole.ActionRole)
        self.setLayout(
            down(label("Two changes of one thing", "title"), label(text, wrap=True), self.table, box, margins=20)
        )
        self.resize(round(theme.em * 62), round(theme.em * 24))

    def _choose(self, side: Side) -> None:
        self._decided(side)
        self.accept()


class ReplaceDialog(QDialog):
    """Asked before saving replaces files that somebody left defective."""

    def __init__(self, theme: Theme, defect: Refused, replace: Callable[[], object], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save over defective files?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        text = f"{defect.text} Saving puts what is here in their place, and what was changed there is lost."
        box = QDialogButtonBox()
        self.keep = button("Do not save yet", self.reject, primary=True)
        self.over = button("Save over them", self.accept)
        self.accepted.connect(replace)
        box.addButton(self.keep, QDialogButtonBox.ButtonRole.RejectRole)
        box.addButton(self.over, QDialogButtonBox.ButtonRole.DestructiveRole)
        heading = label("The files are defective", "title")
        self.setLayout(down(heading, label(text, wrap=True, selectable=True), box, margins=20))
        self.resize(round(theme.em * 44), round(theme.em * 14))
