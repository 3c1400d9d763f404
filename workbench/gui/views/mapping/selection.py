"""What is selected on the mapping page: a rule, a source end, a target end. Panes ask and tell it, not one another."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from workbench.gui.models.rule_tree import RuleName


class Selection(QObject):
    """The three things selected; each signal comes only when its thing has changed."""

    rule_changed = Signal(object)  # RuleName
    source_changed = Signal(str)
    target_changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rule = RuleName("")
        self.source = ""
        self.target = ""

    def choose_rule(self, name: RuleName) -> None:
        """Select a rule, a row (`messages/ADT_A01`), or with rule "" a map."""
        if name != self.rule:
            self.rule = name
            self.rule_changed.emit(name)

    def choose_source(self, path: str) -> None:
        """Select a source end, written as a rule writes it: `PID-5.1`."""
        if path != self.source:
            self.source = path
            self.source_changed.emit(path)

    def choose_target(self, path: str) -> None:
        """Select a target end, written as a rule writes it: `name.family`."""
        if path != self.target:
            self.target = path
            self.target_changed.emit(path)
