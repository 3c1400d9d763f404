"""The list of local codes: columns, and rows that change without losing selection and place."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.app.operations.code_candidates import Offer
from workbench.app.operations.local_codes import CodeLine, is_open, is_sure
from workbench.gui.marks import SEVERITY_MARKS, STATUS_MARKS, Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.kernel.issues import Issue
from workbench.terminology.code_map import Mark as RowMark
from workbench.terminology.safety_rules import SAFETY_RULES

NO_CODE_MAP = Mark("circle-dashed", "muted", "No code map")
PUBLISHED = Mark("circle-check", "muted", "Published")
ROW_MARKS = {
    RowMark.FLAGGED: Mark("flag", "state.partial", "Flagged"),
    RowMark.CONFLICT: Mark("git-compare", "state.bad", "In conflict"),
    RowMark.STALE: Mark("clock", "state.partial", "Stale"),
    RowMark.OUT_OF_SCOPE: Mark("circle-minus", "muted", "Out of scope"),
}
SUGGESTED = STATUS_MARKS["suggested"]


def state_mark(line: CodeLine) -> Mark:
    """What is to be seen first of a line: a mark beside its status, else the status."""
    if not line.map:
        return NO_CODE_MAP
    if line.published:
        return PUBLISHED
    for mark in (RowMark.CONFLICT, RowMark.STALE, RowMark.FLAGGED, RowMark.OUT_OF_SCOPE):
        if mark in line.marks:
            return ROW_MARKS[mark]
    if is_open(line) and is_sure(line.hint):
        return SUGGESTED
    return STATUS_MARKS[line.status]


def target_words(line: CodeLine) -> str:
    """The target, or what is suggested with its confidence."""
    if line.target is not None:
        return line.target.code
    hint = line.hint
    if hint is None or line.published or not (is_open(line) or not line.map):
        return ""
    if hint.candidate is None or hint.no_map:
        return "no map?"
    return f"{hint.candidate.coding.code} ?  {hint.candidate.confidence:.2f}"


def check_words(issues: tuple[Issue, ...]) -> str:
    """The worst finding by name, and how many more there are."""
    if not issues:
        return ""
    rule = SAFETY_RULES.get(issues[0].rule)
    more = f"  +{len(issues) - 1}" if len(issues) > 1 else ""
    return (rule.title if rule is not None else issues[0].text) + more


def _worst(issues: tuple[Issue, ...]) -> Mark | None:
    return SEVERITY_MARKS[issues[0].severity] if issues else None


def _sentences(issues: tuple[Issue, ...]) -> str:
    return "\n".join(issue.masked_text for issue in issues)


COLUMNS = (
    Column("Status", lambda r: state_mark(r).word, 8.6, mark=state_mark, key=lambda r: (not is_open(r), r.status)),
    Column("Code", lambda r: r.local.code or "(text only)", 6.5, mono=True),
    Column("Text", lambda r: r.local.text, 12),
    Column("Count", lambda r: f"{r.local.count:,}", 4, key=lambda r: r.local.count, right=True,
           tip=lambda r: f"{r.local.count:,} times; weight {r.weight:,.0f} (times clinical risk)"),
    Column("Target", target_words, 10.5, mono=True,
           tip=lambda r: r.target.display if r.target else (r.hint.no_map if r.hint else "")),
    Column("Checks", lambda r: check_words(r.issues), 9.5, mark=lambda r: _worst(r.issues),
           key=lambda r: (r.issues[0].severity.rank if r.issues else 9), tip=lambda r: _sentences(r.issues)),
    Column("Unit", lambda r: r.local.unit, 4.5),
    Column("Specimen", lambda r: r.local.specimen, 5.5),
    Column("Field", lambda r: r.local.field, 4.5, mono=True, muted=True),
    Column("Code map", lambda r: r.map, 8, muted=True),
)  # fmt: skip

CANDIDATE_COLUMNS = (
    Column("Score", lambda o: f"{o.candidate.score:.2f}" if o.candidate.score else "", 3.5,
           key=lambda o: o.candidate.score, right=True,
           tip=lambda o: "\n".join(f"{name} {worth:+.2f}" for name, worth in o.candidate.parts.items())),
    Column("Code", lambda o: o.candidate.coding.code, 6.5, mono=True),
    Column("Display", lambda o: o.candidate.coding.display, 17),
    Column("Checks", lambda o: check_words(o.issues), 9, mark=lambda o: _worst(o.issues),
           tip=lambda o: _sentences(o.issues)),
    Column("System", lambda o: o.candidate.coding.system, 12, muted=True),
)  # fmt: skip

_WORDS = frozenset(("coverage", "precision", "both", "rank", "old code", "common"))
"""Parts of a score that are about words and habit; the others are axes."""


def spoken_for(offer: Offer) -> str:
    """The axes that agree, then the words that are the same."""
    axes = [name for name in offer.candidate.agreeing if name not in _WORDS]
    words = ", ".join(f"“{word}”" for word in offer.candidate.why)
    return "; ".join(part for part in (", ".join(axes), f"words {words}" if words else "") if part)


class CodeRows(RowsModel):
    """A `RowsModel` whose lines can be renewed where they stand."""

    def renew(self, lines: Iterable[CodeLine]) -> None:
        """Show the present state of some lines, those of them that are listed; nothing moves."""
        now = {id(line.local): line for line in lines}  # a local code stays the same object; hashing it is slow
        if not now or not self._rows:
            return
        is_sorted = self._rows is not self._given
        self._given = [now.get(id(line.local), line) for line in self._given]
        self._rows = [now.get(id(line.local), line) for line in self._rows] if is_sorted else self._given
        self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(self.columns) - 1))
