"""Fields of the editor: lines and choices with a name, a hint and help; undo is that of the document."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeyEvent, QKeySequence, QWheelEvent
from PySide6.QtWidgets import QComboBox, QLineEdit


class RuleLine(QLineEdit):
    """A line whose undo is left to the window, so that there is one history and not two."""

    def __init__(self, name: str, hint: str, help_text: str = "") -> None:
        super().__init__()
        self._help = help_text or name
        self.setAccessibleName(name)
        self.setPlaceholderText(hint)
        self.setToolTip(self._help)
        self.setStatusTip(self._help)
        self.setMinimumWidth(60)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_undo(event):
            event.ignore()
            return True
        return super().event(event)

    def show_text(self, text: str) -> None:
        """Show a text; the cursor stays when it is shown already, blanks around it aside."""
        if self.text().strip() != text:
            place = self.cursorPosition()
            self.setText(text)
            self.setCursorPosition(min(place, len(text)) if self.hasFocus() else 0)

    def show_problem(self, why: str) -> None:
        """Mark the line as wrong and say why; "" takes that back."""
        if bool(self.property("wrong")) != bool(why):
            self.setProperty("wrong", bool(why))
            self.style().unpolish(self)
            self.style().polish(self)
        self.setToolTip(why or self._help)
        self.setAccessibleDescription(why)


class RuleChoice(QComboBox):
    """A choice that the wheel does not change by accident."""

    def __init__(self, name: str, help_text: str = "", *, editable: bool = False) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(help_text or name)
        self.setStatusTip(help_text or name)
        self.setMinimumWidth(60)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        if editable:
            self.setEditable(True)
            self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            line = RuleLine(name, "", help_text)
            line.setStyleSheet("QLineEdit { border: none; padding: 0; background: transparent; }")
            line.setMinimumWidth(0)
            self.setLineEdit(line)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def show_choice(self, options: list[str], current: str) -> None:
        """Offer "" and the options, and show the current one, which may be none of them."""
        wanted = ["", *options]
        if current not in wanted:
            wanted.append(current)
        if [self.itemText(number) for number in range(self.count())] != wanted:
            self.clear()
            self.addItems(wanted)
        if self.currentText() != current:
            self.setCurrentText(current)


def _is_undo(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)
