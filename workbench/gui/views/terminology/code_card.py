"""What is known of the selected code: how it is sent, its row in the code map, and what the checks say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from workbench.app.operations.code_decisions import SENTENCES
from workbench.app.operations.local_codes import CodeLine
from workbench.gui.bench import Bench
from workbench.gui.marks import SEVERITY_MARKS, STATUS_MARKS
from workbench.gui.views.terminology.code_rows import state_mark
from workbench.gui.widgets.basics import Badge, across, button, down, label
from workbench.kernel.issues import MASK, Issue
from workbench.terminology.code_map import RowStatus
from workbench.terminology.review import Review

_SHOWN = 4
_VALUES = 8


class CodeCard(QFrame):
    """Facts first, then the row, then findings as sentences."""

    message_asked = Signal(int)

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self.setObjectName("card")
        self.setAccessibleName("Selected code")
        self.title = label("", "heading", wrap=True, selectable=True)
        self.state = Badge(bench.theme)
        self.facts = label("", "muted", wrap=True, selectable=True)
        self.row = label("", wrap=True, selectable=True)
        self._examples = across(spacing=4)
        self._findings = down(spacing=3)
        head = across(self.title, self.state)
        head.setStretch(0, 1)
        layout = down(head, self.facts, self._examples, self.row, self._findings, spacing=5)
        layout.setContentsMargins(14, 10, 14, 10)
        self.setLayout(layout)

    def show_line(self, line: CodeLine | None, review: Review | None, note: str = "") -> None:
        """note  what else is to be said: two blind authors, a code that changed since its approval"""
        _empty(self._examples)
        _empty(self._findings)
        self.setVisible(line is not None)
        if line is None:
            return
        self.title.setText("  ".join(part for part in (line.local.code or "(text only)", line.local.text) if part))
        self.state.show_mark(state_mark(line))
        self.facts.setText(facts_of(line, masked=self._bench.masked))
        self._show_examples(line)
        self.row.setText("\n".join(part for part in (row_words(line), _opinions(review), note) if part))
        for issue in line.issues[:_SHOWN]:
            self._findings.addLayout(self._finding(issue))
        if len(line.issues) > _SHOWN:
            self._findings.addWidget(label(f"and {len(line.issues) - _SHOWN} more findings", "muted"))

    def _show_examples(self, line: CodeLine) -> None:
        if not line.local.messages or self._bench.capture is None:
            return
        self._examples.addWidget(label("Seen in message", "muted"))
        for number in line.local.messages:
            made = button(f"{number + 1:,}", partial(self.message_asked.emit, number))
            made.setFlat(True)
            made.setAccessibleName(f"Show message {number + 1}")
            made.setToolTip("Show this message on the Messages page")
            self._examples.addWidget(made)
        self._examples.addStretch(1)

    def _finding(self, issue: Issue) -> QHBoxLayout:
        mark = SEVERITY_MARKS[issue.severity]
        picture = label()
        picture.setProperty("icon_size", 16)
        picture.setAccessibleName(mark.word)
        self._bench.theme.give_icon(picture, mark.icon, mark.role)
        words = label(self._bench.sentence(issue), wrap=True, selectable=True)
        line = across(picture, words, spacing=6)
        line.setAlignment(picture, Qt.AlignmentFlag.AlignTop)
        line.setStretch(1, 1)
        return line


def facts_of(line: CodeLine, *, masked: bool = False) -> str:
    """How a code is sent, in one or two lines; values are patients' and hidden when masking is on."""
    local = line.local
    parts = [
        f"{local.count:,} × in {local.field}" if local.field else f"{local.count:,} ×" if local.count else "",
        f"system {local.system}" if local.system else "",
        _counted("unit", local.units),
        _counted("specimen", local.specimens),
        _counted("range", local.ranges),
        f"in {local.context}" if local.context else "",
    ]
    said = "  ·  ".join(part for part in parts if part)
    others = [text for text, _ in local.texts[1:3]]
    if others:
        said += f"\nAlso worded {', '.join(others)}"
    if local.values:
        shown = MASK if masked else ", ".join(value for value, _ in local.values[:_VALUES])
        more = f" and {len(local.values) - _VALUES} more" if len(local.values) > _VALUES and not masked else ""
        said += f"\nValues {shown}{more}"
    return said


def _counted(name: str, found: Sequence[tuple[str, int]]) -> str:
    if not found:
        return ""
    total = sum(count for _, count in found)
    if len(found) == 1 or not total:
        return f"{name} {found[0][0]}"
    return f"{name} " + ", ".join(f"{text} ({round(100 * count / total)} %)" for text, count in found[:3])


def row_words(line: CodeLine) -> str:
    """What the code map says of a code, in words."""
    if not line.map:
        return f"{line.local.field or 'This list'} goes through no code map."
    row = line.row
    if line.published:
        return f"{line.local.system} is a published code system: its codes go out as they are, without {line.map}."
    if row is None:
        return f"{line.map} has no row for it: its text is kept and flagged as not validated."
    done = "mapped" if row.target is not None else STATUS_MARKS[row.status].word.lower()
    by = f"{done} by {row.author}" if row.author else STATUS_MARKS[row.status].word.lower()
    by += f", approved by {row.approver}" if row.approver else ""
    by += f", {STATUS_MARKS[row.status].word.lower()}" if row.status in _SAY_TOO else ""
    by += f" on {row.decided}" if row.decided else ""
    remark = f"\n“{row.comment}”" if row.comment else ""
    if row.target is None:
        return f"{line.map}: no target, {by}.{remark}"
    target = f"{row.target.code} {row.target.display}".strip()
    related = SENTENCES[row.relationship].partition(" (")[0]
    return f"{line.map}: {target}. {related}; {by}.{remark}"


_SAY_TOO = frozenset({RowStatus.IN_REVIEW, RowStatus.REJECTED, RowStatus.DRAFT})


def _opinions(review: Review | None) -> str:
    """What two blind authors chose, once both have chosen."""
    if review is None or not review.opinions:
        return ""
    if len(review.opinions) == 1:
        return "One of two authors has chosen; the choice stays hidden until the other has chosen as well."
    return "\n".join(
        f"{each.author} chose {each.target.code + ' ' + each.target.display if each.target else 'no map'}"
        + (f": “{each.comment}”" if each.comment else "")
        for each in review.opinions
    )


def _empty(layout: QHBoxLayout | QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if isinstance(widget, (QLabel, QPushButton)):
            widget.deleteLater()
        inner = item.layout()
        if isinstance(inner, (QHBoxLayout, QVBoxLayout)):
            _empty(inner)
            inner.deleteLater()
