"""The command table as Qt actions: menus, keys and the palette all trigger these."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence, QUndoStack
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar

from workbench.app.commands import COMMANDS, Category, Command
from workbench.gui.theme.theme import Theme

CHECKABLE = frozenset({"view.mask", "view.bottom", "view.details"})


class Actions(QObject):
    """One action for each command; a command nobody has taken up is shown disabled."""

    def __init__(self, theme: Theme, window: QMainWindow) -> None:
        super().__init__(window)
        self._actions: dict[str, QAction] = {}
        for command in COMMANDS:
            self._actions[command.id] = action = QAction(command.title, window)
            action.setObjectName(command.id)
            action.setShortcuts([QKeySequence(keys) for keys in command.keys])
            action.setStatusTip(command.help)
            action.setToolTip(f"{command.title} ({command.keys[0]})" if command.keys else command.title)
            action.setIconText(f" {command.title}")
            action.setCheckable(command.id in CHECKABLE)
            action.setEnabled(False)
            if command.icon:
                theme.give_icon(action, command.icon)
            window.addAction(action)

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def take_up(self, handlers: Mapping[str, Callable[[], object]]) -> None:
        """Say what commands do; a checkable one hears nothing of its state here, ask its action."""
        for command_id, handler in handlers.items():
            action = self._actions[command_id]
            action.setEnabled(True)
            action.triggered.connect(lambda _checked=False, handler=handler: handler())

    def name_undo(self, stack: QUndoStack | None) -> None:
        """Say in the menu what would be undone and done again."""
        undo, redo = self._actions["edit.undo"], self._actions["edit.redo"]
        undo.setEnabled(stack is not None and stack.canUndo())
        redo.setEnabled(stack is not None and stack.canRedo())
        undo.setText(f"Undo {stack.undoText()}".strip() if stack is not None else "Undo")
        redo.setText(f"Redo {stack.redoText()}".strip() if stack is not None else "Redo")

    def trigger(self, command: Command) -> None:
        self._actions[command.id].trigger()

    def is_enabled(self, command: Command) -> bool:
        return self._actions[command.id].isEnabled()

    def fill(self, bar: QMenuBar) -> None:
        """A menu for each category, in the order of the table."""
        for category in Category:
            menu = QMenu(str(category), bar)
            for command in COMMANDS:
                if command.category is category:
                    menu.addAction(self._actions[command.id])
            bar.addMenu(menu)
