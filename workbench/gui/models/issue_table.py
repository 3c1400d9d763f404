"""The problems of a capture as a table, and what they have in common."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import overload

from PySide6.QtCore import QObject

from workbench.app.operations.suppressions import Sent, plain_path
from workbench.gui.findings import Finding
from workbench.gui.marks import SEVERITY_MARKS
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.theme.theme import Theme
from workbench.kernel.issues import Issue, Severity
from workbench.validation.validator import rules


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that have something in common.

    key       the rule, path, file or sender, "" for findings that have none
    title     what a rule says; "" for the other groups
    severity  of the worst of them
    """

    key: str
    title: str
    severity: Severity
    findings: Sequence[Finding]
    messages: int


class Picked(Sequence[Finding]):
    """Some findings of a list by their places in it; a million of them are a million numbers and no objects."""

    def __init__(self, found: Sequence[Finding], places: array[int]) -> None:
        self._found = found
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Finding: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Finding]: ...

    def __getitem__(self, place: int | slice) -> Finding | Sequence[Finding]:
        if isinstance(place, slice):
            return Picked(self._found, self._places[place])
        return self._found[self._places[place]]

    def __iter__(self) -> Iterator[Finding]:
        return map(self._found.__getitem__, self._places)


Source = Callable[[Finding], Sent]
_KEYS: Mapping[str, Callable[[Finding, Source], str]] = {
    "Rule": lambda finding, _source: finding.issue.rule,
    "Path": lambda finding, _source: plain_path(finding.issue.location.path),
    "File": lambda finding, source: source(finding).file,
    "Sender": lambda finding, source: source(finding).sender,
}
GROUPINGS = tuple(_KEYS)
_CHECK_EVERY = 8192
_NAMELESS = {"Path": "whole message", "File": "no file", "Sender": "no sender"}


def grouped(
    findings: Sequence[Finding], by: str, source: Source, check: Callable[[], None] = lambda: None
) -> tuple[Group, ...]:
    """Findings by rule, path, file or sender (`GROUPINGS`), the most severe and most frequent groups first.

    check  called now and then; may raise to stop
    """
    key_of = _KEYS[by]
    places: dict[str, array[int]] = {}
    worst: dict[str, Severity] = {}
    messages: dict[str, set[int | None]] = {}
    for place, finding in enumerate(findings):
        if place % _CHECK_EVERY == 0:
            check()
        key = key_of(finding, source)
        severity = finding.issue.severity
        if key not in places:
            places[key], messages[key], worst[key] = array("Q"), set(), severity
        places[key].append(place)
        messages[key].add(finding.number)
        if severity is not worst[key] and severity.rank < worst[key].rank:
            worst[key] = severity
    groups = []
    for key, found in places.items():
        title = rule_title(findings[found[0]].issue) if by == "Rule" else ""
        groups.append(Group(key, title, worst[key], Picked(findings, found), len(messages[key])))
    return tuple(sorted(groups, key=lambda group: (group.severity.rank, -len(group.findings), group.key)))


def rule_title(issue: Issue) -> str:
    """What the rule of an issue demands; for what is no rule, such as damage, the sentence of the issue itself."""
    definition = rules().get(issue.rule)
    return definition.title if definition else issue.masked_text


def group_columns(by: str) -> tuple[Column, ...]:
    """Columns over `Group`."""
    key = Column(by, lambda g: g.key or _NAMELESS.get(by, ""), 5.5 if by == "Rule" else 11, mono=by in ("Rule", "Path"))
    severity = Column(
        "Severity",
        lambda g: SEVERITY_MARKS[g.severity].word,
        7.2,
        mark=lambda g: SEVERITY_MARKS[g.severity],
        key=lambda g: (g.severity.rank, -len(g.findings)),
    )
    count = Column("Count", lambda g: f"{len(g.findings):,}", 4.6, key=lambda g: len(g.findings), right=True)
    messages = Column("Messages", lambda g: f"{g.messages:,}", 4.8, key=lambda g: g.messages, right=True, muted=True)
    last = Column("What it says", lambda g: g.title, 18) if by == "Rule" else Column("", lambda g: "", 1)
    return (severity, key, count, messages, last)


class GroupsModel(RowsModel):
    """Groups of findings; its columns follow what they are grouped by."""

    def __init__(self, theme: Theme, by: str, parent: QObject | None = None) -> None:
        super().__init__(theme, group_columns(by), parent)

    def group_by(self, by: str) -> None:
        """Change the columns and show nothing until `show` is called."""
        self.beginResetModel()
        self.columns = group_columns(by)
        self.endResetModel()
        self.show(())


def issue_columns(sentence: Callable[[Issue], str]) -> tuple[Column, ...]:
    """Columns over `Finding`; `sentence` says an issue, masked or not."""
    return (
        Column(
            "Severity",
            lambda f: SEVERITY_MARKS[f.issue.severity].word,
            8,
            mark=lambda f: SEVERITY_MARKS[f.issue.severity],
            key=lambda f: (f.issue.severity.rank, f.issue.rule),
        ),
        Column("Rule", lambda f: f.issue.rule, 6.2, mono=True),
        Column("Where", lambda f: f.issue.location.path, 9, mono=True),
        Column("Message", _message, 6, key=lambda f: -1 if f.number is None else f.number, right=True, muted=True),
        Column("Problem", lambda f: sentence(f.issue), 30, tip=lambda f: tip(f, sentence)),
    )


def _message(finding: Finding) -> str:
    """Its place in the capture, or the file when it is about more than one message."""
    return PurePath(finding.issue.location.file).name if finding.number is None else f"{finding.number + 1:,}"


def tip(finding: Finding, sentence: Callable[[Issue], str]) -> str:
    """The sentence with its source in the standard."""
    source, file = finding.issue.source, finding.issue.location.file if finding.number is None else ""
    return "\n".join(part for part in (sentence(finding.issue), file, str(source) if source else "") if part)
