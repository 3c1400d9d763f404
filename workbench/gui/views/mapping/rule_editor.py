"""The editor of one rule or row: every keystroke that can be understood takes effect, as part of one step of undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace

from PySide6.QtCore import QStringListModel, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QStackedWidget

from workbench.fhir.definitions import definitions
from workbench.gui.bench import Bench
from workbench.gui.marks import STATUS_MARKS
from workbench.gui.models.rule_tree import Entry, Map
from workbench.gui.views.mapping.rule_fields import (
    RowFields,
    RuleFields,
    fields_of,
    row_fields_of,
    with_fields,
    with_row_fields,
)
from workbench.gui.views.mapping.rule_form import FieldTabs, row_form, rule_form
from workbench.gui.views.mapping.rule_line import RuleLine
from workbench.gui.widgets.basics import Badge, across, button, down, label
from workbench.kernel.errors import Refused
from workbench.mapping.directed import direction_of
from workbench.mapping.model import (
    Direction,
    Null,
    Package,
    Policy,
    Repeat,
    Row,
    Rule,
    RuleMap,
    RuleStatus,
    TransformCall,
    Write,
)

JOURNAL = "journal"
"""The file that `mapping.edits` names for rules read from the journal."""

_DEEPEST = 3
_CHOICES = {
    "unmapped": [str(policy) for policy in Policy],
    "status": [str(status) for status in RuleStatus],
    "repeat": [str(repeat) for repeat in Repeat if repeat is not Repeat.EACH],
    "null": [str(null) for null in Null if null is not Null.OMIT],
    "write": [str(write) for write in Write if write is not Write.UPDATE],
}


class RuleEditor(QFrame):
    """Shows one rule or row and says how it was changed.

    changed  the entry as it is now, and the field that was touched: changes of one field are one step
    renamed  the id it is to have
    """

    changed = Signal(object, str)
    renamed = Signal(str)

    def __init__(
        self,
        bench: Bench,
        approve: Callable[[], None],
        remove: Callable[[], None],
        open_codes: Callable[[], None],
        open_map: Callable[[], None],
    ) -> None:
        super().__init__()
        self._bench = bench
        self._entry: Entry | None = None
        self._offered: Sequence[str] = ()
        self._offered_for = ""
        self._title = label("No rule selected", "heading")
        self._where = label("", "muted")
        self.status_badge = Badge(bench.theme)
        self.enabled = QCheckBox("Switched on")
        self.enabled.setToolTip("A rule that is switched off stays in the package and does nothing")
        self.problem = label("", "muted", wrap=True)
        self.rule_form, self.transforms = rule_form(bench.theme, open_codes, open_map)
        self.row_form = row_form(bench.theme)
        self._approve = button("Approve", approve, tip="Mark the rule as approved")
        self._remove = button("Remove", remove, tip="Take the rule out; undo brings it back")
        head = across(self._title, self.status_badge, self.enabled, 1, self._approve, self._remove, spacing=10)
        self._stack = QStackedWidget()
        empty = label(
            "Select a rule, a source field or a value of the result – or drag a field onto an element.",
            "muted",
            wrap=True,
        )
        empty.setContentsMargins(2, 12, 2, 12)
        for widget in (empty, self.rule_form, self.row_form):
            self._stack.addWidget(widget)
        layout = down(head, self._where, self.problem, self._stack, spacing=4)
        layout.setStretchFactor(self._stack, 1)
        layout.setContentsMargins(12, 8, 12, 8)
        self.setLayout(layout)
        self._targets, self._sources = QStringListModel(self), QStringListModel(self)
        self.rule_form.complete("target", self._targets)
        self.rule_form.complete("source", self._sources)
        self._connect()
        self.show_entry(None, None, None, "")

    def _connect(self) -> None:
        self.rule_form.edited.connect(self._commit)
        self.row_form.edited.connect(self._commit)
        for form in (self.rule_form, self.row_form):
            form.renamed.connect(self._rename)
        self.enabled.clicked.connect(lambda _on: self._commit("enabled"))
        self.transforms.changed.connect(lambda _calls: self._commit("transform"))

    def start(self) -> None:
        """Put the keyboard into the first field."""
        if self._entry is not None:
            self.form.setCurrentIndex(0)
            self.form.fields["source"].setFocus()

    def line(self, name: str) -> RuleLine:
        """A line of the form that is shown, by the name of its field; `when` is that of the condition."""
        found = self.form.conditions.line if name == "when" else self.form.fields[name]
        assert isinstance(found, RuleLine)
        return found

    @property
    def form(self) -> FieldTabs:
        """The form that is shown."""
        return self.row_form if isinstance(self._entry, Row) else self.rule_form

    def offer_sources(self, paths: Sequence[str]) -> None:
        """What completion of source paths knows."""
        if paths is self._offered:
            return
        self._offered = paths
        self._sources.setStringList(list(paths))
        for form in (self.rule_form, self.row_form):
            form.conditions.offer_paths(list(paths))

    def show_entry(self, package: Package | None, content: Map | None, entry: Entry | None, sample: str) -> None:
        """Show a rule or row as it is now; None for none.

        sample  the text it reads in the selected message, for the examples of transforms
        """
        self._entry = entry
        if package is not None:
            fhir = direction_of(package) in (Direction.FHIR_TO_V2, Direction.FHIR_TO_FHIR)
            self.form.conditions.expect_fhir(fhir)
        self.enabled.setVisible(entry is not None)
        self.status_badge.setVisible(entry is not None)
        self._approve.setVisible(entry is not None)
        self._remove.setVisible(entry is not None)
        self._where.setVisible(entry is not None)
        self.problem.setVisible(False)
        if package is None or content is None or entry is None:
            self._stack.setCurrentIndex(0)
            self._title.setText("No rule selected" if content is None else f"{content.name} – select a rule of it")
            return
        self.form.clear_wrong()
        self.form.id.show_text(entry.id)
        self._stack.setCurrentWidget(self.form)
        self._title.setText(f"{content.name} / {entry.id}")
        saved = entry.place is not None and entry.place.file != JOURNAL
        self._where.setText(str(entry.place) if saved else "not saved yet")
        status = package.status_of(entry)
        self.status_badge.show_mark(STATUS_MARKS[status])
        self._approve.setEnabled(status is not RuleStatus.APPROVED)
        self.enabled.setChecked(entry.enabled)
        if isinstance(entry, Row):
            self._show_row(entry)
        elif isinstance(content, RuleMap):
            self._show_rule(package, content, entry, sample)

    def _show_rule(self, package: Package, content: RuleMap, rule: Rule, sample: str) -> None:
        options: Mapping[str, list[str]] = {**_CHOICES, "using": sorted(package.types), "codes": sorted(package.codes)}
        if self._says(rule) != rule:
            self.rule_form.show_texts(asdict(fields_of(rule)), options)
        self.transforms.show_calls(rule.transform, sample)
        count = len(rule.transform)
        self.rule_form.setTabText(2, f"Transforms · {count}" if count else "Transforms")
        if self._offered_for != content.target:
            self._offered_for = content.target
            self._targets.setStringList(list(element_paths(content.target)))

    def _show_row(self, row: Row) -> None:
        if self._says(row) != row:
            self.row_form.show_texts(asdict(row_fields_of(row)), _CHOICES)

    def _says(self, entry: Entry) -> Entry | None:
        """The entry as the form says it now; None when it was never filled or says what cannot be."""
        texts = self.form.texts()
        if not any(texts.values()):
            return None
        try:
            if isinstance(entry, Row):
                return with_row_fields(entry, RowFields(**texts))
            return with_fields(entry, RuleFields(**texts))
        except Refused:
            return None

    def refuse(self, problem: Refused) -> None:
        """Say that the rule cannot be compiled, at the field that is most likely meant."""
        self.problem.setText(problem.text)
        self.problem.setVisible(True)
        for key, text in self.form.texts().items():
            if text and text in problem.text:
                self.form.mark_wrong(key, str(problem))

    def refuse_field(self, field: str, refusal: Refused) -> None:
        """Say that what was typed last cannot be, and leave it there to be finished."""
        self.form.mark_wrong(field, str(refusal))
        self.problem.setText(f"{refusal.text} The rule stays as it was.")
        self.problem.setVisible(True)
        self._bench.say(refusal.text)

    def _commit(self, field: str) -> None:
        entry = self._entry
        if entry is None:
            return
        texts = self.form.texts()
        try:
            changed: Entry
            if isinstance(entry, Row):
                changed = with_row_fields(entry, RowFields(**texts))
            else:
                changed = replace(with_fields(entry, RuleFields(**texts)), transform=self._calls(entry, field))
        except (Refused, ValueError) as refusal:
            self.form.mark_wrong(field, str(refusal))
            self._bench.say(str(refusal))
            return
        self.form.mark_wrong(field, "")
        changed = replace(changed, enabled=self.enabled.isChecked())
        if changed != entry:
            self.changed.emit(changed, field)

    def _rename(self, wanted: str) -> None:
        if self._entry is not None and wanted and wanted != self._entry.id:
            self.renamed.emit(wanted)

    def _calls(self, rule: Rule, field: str) -> tuple[TransformCall, ...]:
        return self.transforms.calls if field == "transform" else rule.transform


def element_paths(type_name: str) -> tuple[str, ...]:
    """The element paths of a FHIR type that completion offers, three levels deep."""
    found: list[str] = []

    def add(name: str, prefix: str, depth: int) -> None:
        for element in definitions().elements(name):
            path = element.path.partition(".")[2]
            if not path or path.split(".")[0] in ("id", "extension", "modifierExtension", "contained", "implicitRules"):
                continue
            found.extend(prefix + written for written in _written_names(path, element.json_names()))
            if depth < _DEEPEST and len(element.types) == 1 and element.types[0].code in _OPENED:
                add(element.types[0].code, f"{prefix}{path}.", depth + 1)

    add(type_name, "", 1)
    return tuple(dict.fromkeys(found))


_OPENED = frozenset(
    {"CodeableConcept", "Coding", "HumanName", "Identifier", "Address", "ContactPoint", "Period", "Quantity"}
)


def _written_names(path: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """`value[x]` as `valueQuantity`, `valueString` and so on."""
    stem, dot, _last = path.rpartition(".")
    return tuple(f"{stem}{dot}{name}" for name in names)
