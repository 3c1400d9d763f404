"""What messages do to a record, as tables: a line for each message, and under it all that one of them does."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from PySide6.QtWidgets import QTabWidget, QWidget

from workbench.app.operations.record_files import ElementChange, Planned, TypeCount
from workbench.gui.bench import Bench
from workbench.gui.marks import SEVERITY_MARKS, Mark
from workbench.gui.masking import masked
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.views.messages.record_changes import CHANGES, counted_changes, telling
from workbench.gui.widgets.basics import table
from workbench.kernel.issues import Issue
from workbench.records.updates.plan import Act

_NOT_TAKEN = Mark("circle-x", "state.bad", "not taken")
_IN_PART = Mark("flag", "state.partial", "in part")
_WHOLE = Mark("circle-check", "state.good", "whole")
_NOTHING = Mark("circle", "state.idle", "nothing to do")


class Show(StrEnum):
    """Which messages are listed."""

    ALL = "All messages"
    FOR_REVIEW = "With something left out"
    CHANGING = "That change the record"


def outcome(planned: Planned) -> Mark:
    """How much of a message is written."""
    if planned.problem:
        return _NOT_TAKEN
    if planned.left_out:
        return _IN_PART
    return _WHOLE if planned.writes else _NOTHING


def is_shown(planned: Planned, show: Show) -> bool:
    if show is Show.FOR_REVIEW:
        return bool(planned.problem or planned.left_out)
    return show is Show.ALL or planned.writes


def why_not(planned: Planned) -> str:
    """Why something of a message is not written: the first reason, "" when all is."""
    if planned.problem or not planned.left_out:
        return planned.problem
    rules = {change.rule for change in planned.changes}
    return next((issue.masked_text for issue in planned.findings if issue.rule in rules), "")


def summary(planned: Sequence[Planned]) -> str:
    """What all messages together do, for the line above the tables."""
    writing = sum(each.writes for each in planned)
    said = [f"{writing:,} of {len(planned):,} messages change the record."]
    if refused := sum(bool(each.problem) for each in planned):
        said.append(f"{refused:,} are not taken.")
    if left := sum(each.left_out for each in planned if not each.problem):
        said.append(f"{left:,} changes are left out for review.")
    return " ".join(said)


def _of_act(title: str, act: Act) -> Column:
    """How many resources of a type something happens to; nothing where it happens to none."""
    return Column(
        title, lambda of: f"{of.acts[act]:,}" if of.acts[act] else "", 6, key=lambda of: of.acts[act], right=True
    )


PLANNED = (
    Column("Message", lambda each: f"{each.number + 1:,}", 5, key=lambda each: each.number, right=True),
    Column("Type", lambda each: each.what, 7),
    Column("Taken", lambda each: outcome(each).word, 8, mark=outcome),
    Column("Changes", lambda each: "" if each.problem else counted_changes(each.changes), 20),
    Column("Why not all", lambda each: why_not(each), 14),
)
_TYPES = (
    Column("Resource", lambda count: count.kind, 12),
    Column("Before", lambda count: f"{count.before:,}", 5, key=lambda count: count.before, right=True),
    Column("After", lambda count: f"{count.after:,}", 5, key=lambda count: count.after, right=True),
    _of_act("Created", Act.CREATE),
    _of_act("Changed", Act.UPDATE),
    _of_act("Ended", Act.END),
    _of_act("Left out", Act.LEFT_OUT),
    Column("", lambda _count: "", 2),
)


class RecordAccount(QTabWidget):
    """Of one message what it changes, the values before and after, and what was found; of all, the types."""

    def __init__(self, bench: Bench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = bench
        theme = bench.theme
        values = (
            Column("Resource", lambda value: value.place, 13, mono=True),
            Column("Element", lambda value: value.element, 8),
            Column("Before", lambda value: self._value(value.before), 17, mono=True),
            Column("After", lambda value: self._value(value.after), 17, mono=True),
        )
        findings = (
            Column("", lambda issue: SEVERITY_MARKS[issue.severity].word, 7, mark=lambda i: SEVERITY_MARKS[i.severity]),
            Column("Rule", lambda issue: issue.rule, 6, mono=True),
            Column("Place", lambda issue: issue.location.path, 10, mono=True),
            Column("What is remarked", bench.sentence, 20),
        )
        self.types = RowsModel(theme, _TYPES, self)
        self.changes = RowsModel(theme, CHANGES, self)
        self.values = RowsModel(theme, values, self)
        self.findings = RowsModel(theme, findings, self)
        self.addTab(table(theme, self.types, "Resources of the record by type", _TYPES), "Whole record")
        self.addTab(table(theme, self.changes, "What the message changes", CHANGES), "Changes")
        self.addTab(table(theme, self.values, "Values before and after", values), "Before and after")
        self.addTab(table(theme, self.findings, "What was found", findings), "Findings")
        bench.mask_changed.connect(lambda _on: self._refresh())

    def show_types(self, counts: Sequence[TypeCount]) -> None:
        self.types.show(counts)

    def show_message(self, planned: Planned | None) -> None:
        """Show what one message does; None for none."""
        self.changes.show(telling(planned.changes) if planned is not None else ())
        shown: Sequence[ElementChange] = planned.values if planned is not None else ()
        self.values.show(shown)
        found: Sequence[Issue] = planned.findings if planned is not None else ()
        self.findings.show(found)
        self.setTabText(3, f"Findings {len(found):,}" if found else "Findings")

    def _value(self, text: str) -> str:
        return masked(text) if self._bench.masked else text

    def _refresh(self) -> None:
        for model in (self.values, self.findings):
            model.show(model.rows)
