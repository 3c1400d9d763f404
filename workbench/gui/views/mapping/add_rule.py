"""Ctrl+M: from the selected source field to a target element."""

from __future__ import annotations

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QComboBox, QCompleter, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from workbench.app.operations.authoring import free_id, new_id
from workbench.gui.theme.theme import Theme
from workbench.gui.views.mapping.rule_editor import element_paths
from workbench.gui.widgets.basics import down, label, name_button
from workbench.mapping.model import Package, Rule, RuleMap, RuleStatus

_DIRECT = "as it is"


class AddRuleDialog(QDialog):
    """Asks for map, target and how; the rule begins as a draft."""

    def __init__(
        self, theme: Theme, package: Package, maps: list[RuleMap], source: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add a rule")
        self._package = package
        self._maps = maps
        self.source = QLineEdit(source)
        self.map = QComboBox()
        self.map.addItems([f"{rule_map.name}  →  {rule_map.target}" for rule_map in maps])
        self.target = QLineEdit()
        self.target.setPlaceholderText("identifier, name.given, birthDate…")
        self.by = QComboBox()
        self.by.addItem(_DIRECT, ("", ""))
        for name in sorted(package.types):
            self.by.addItem(f"type map {name}", ("using", name))
        for name in sorted(package.codes):
            self.by.addItem(f"code map {name}", ("codes", name))
        self._completer = QCompleter(QStringListModel(self), self)
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.target.setCompleter(self._completer)
        form = QFormLayout()
        for name, widget in (("From", self.source), ("In", self.map), ("To", self.target), ("By", self.by)):
            widget.setAccessibleName(name)
            form.addRow(name, widget)
        self._box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_button(self._box, "Add rule")
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        hint = label("The rule begins as a draft and takes effect at once; undo takes it back.", "muted", wrap=True)
        self.setLayout(down(label(f"Where does {source} go?", "title"), form, hint, self._box, margins=20, spacing=12))
        self.setMinimumWidth(round(theme.em * 34))
        self.map.currentIndexChanged.connect(self._offer)
        self.target.textChanged.connect(self._check)
        self._offer()
        self._check()
        self.target.setFocus()

    @property
    def rule_map(self) -> RuleMap:
        return self._maps[self.map.currentIndex()]

    @property
    def rule(self) -> Rule:
        """The rule as it was asked for."""
        kind, name = self.by.currentData()
        taken = frozenset(rule.id for rule in self.rule_map.walk())
        source, target = self.source.text().strip(), self.target.text().strip()
        return Rule(
            id=free_id(new_id(target, source), taken),
            source=(source,) if source else (),
            target=target,
            using=name if kind == "using" else "",
            codes=name if kind == "codes" else "",
            status=RuleStatus.DRAFT,
        )

    def _offer(self) -> None:
        model = self._completer.model()
        if isinstance(model, QStringListModel):
            model.setStringList(list(element_paths(self.rule_map.target)))

    def _check(self) -> None:
        ok = self._box.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(bool(self.target.text().strip() and self.source.text().strip()))
