"""The top bar: whose workspace this is, the way to anything, theme and masking."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSizePolicy, QToolButton

from workbench.gui.shell.actions import Actions
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import across, label


class TopBar(QFrame):
    def __init__(self, theme: Theme, actions: Actions, workspace: str) -> None:
        super().__init__()
        self.setObjectName("topBar")
        picture = label()
        picture.setProperty("icon_size", 16)
        theme.give_icon(picture, "lock", "muted")
        picture.setToolTip("The workspace is encrypted")
        self.workspace = label(workspace, "heading")
        self.subject = label("", "muted")
        search = QToolButton()
        search.setObjectName("search")
        search.setText("  Go to anything…    Ctrl+K")
        search.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.give_icon(search, "search", "muted")
        search.setMinimumWidth(round(theme.em * 20))
        search.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        search.setAccessibleName("Go to anything")
        search.clicked.connect(actions["go.palette"].trigger)
        left = across(picture, self.workspace, self.subject, spacing=8)
        right = across(_button(actions, "edit.undo"), _button(actions, "edit.redo"), _button(actions, "view.theme"))
        mask = _button(actions, "view.mask")
        mask.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        right.addWidget(mask)
        line = across(left, 1, search, 1, right)
        line.setContentsMargins(14, 6, 10, 6)
        self.setLayout(line)


def _button(actions: Actions, command_id: str) -> QToolButton:
    made = QToolButton()
    made.setDefaultAction(actions[command_id])
    made.setAccessibleName(actions[command_id].text())
    return made
