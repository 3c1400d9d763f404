"""How a row of a code map is reviewed: marks beside its status, two opinions, its history, and what comes first.

The status of a row says how far it has come; a mark says what else holds. Nothing here is ever taken back: a history
only grows, and whoever reads it sees who did what, when, with which tool and on which grounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, Severity
from workbench.terminology.code_map import CodeMapRow, Mark, Relationship, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.edits import RowKey
from workbench.terminology.harvest import LocalCode
from workbench.terminology.memory import key_of


class Role(StrEnum):
    """Who may do what: an author maps, a reviewer approves, a reconciler decides between two authors."""

    AUTHOR = "author"
    REVIEWER = "reviewer"
    RECONCILER = "reconciler"


# Where a status may go, and who may take it there (TERMINOLOGY: NEW → SUGGESTED → DRAFT → MAPPED | NO_MAP → …).
_AUTHORS, _REVIEWERS = frozenset({Role.AUTHOR}), frozenset({Role.REVIEWER, Role.RECONCILER})
TRANSITIONS: Mapping[RowStatus, Mapping[RowStatus, frozenset[Role]]] = {
    RowStatus.UNMAPPED: dict.fromkeys((RowStatus.DRAFT, RowStatus.MAPPED, RowStatus.NO_MAP), _AUTHORS),
    RowStatus.SUGGESTED: dict.fromkeys(
        (RowStatus.DRAFT, RowStatus.MAPPED, RowStatus.NO_MAP, RowStatus.UNMAPPED), _AUTHORS
    ),
    RowStatus.DRAFT: dict.fromkeys((RowStatus.MAPPED, RowStatus.NO_MAP, RowStatus.UNMAPPED), _AUTHORS),
    RowStatus.MAPPED: {
        **dict.fromkeys((RowStatus.DRAFT, RowStatus.IN_REVIEW, RowStatus.NO_MAP), _AUTHORS),
        RowStatus.APPROVED: _REVIEWERS,
        RowStatus.REJECTED: _REVIEWERS,
    },
    RowStatus.NO_MAP: {RowStatus.DRAFT: _AUTHORS, RowStatus.MAPPED: _AUTHORS},
    RowStatus.IN_REVIEW: {
        RowStatus.APPROVED: _REVIEWERS,
        RowStatus.REJECTED: _REVIEWERS,
        RowStatus.MAPPED: _AUTHORS,
    },
    RowStatus.APPROVED: {RowStatus.IN_REVIEW: _AUTHORS | _REVIEWERS, RowStatus.REJECTED: _REVIEWERS},
    RowStatus.REJECTED: {RowStatus.DRAFT: _AUTHORS, RowStatus.MAPPED: _AUTHORS, RowStatus.NO_MAP: _AUTHORS},
}


def may(role: Role, before: RowStatus, after: RowStatus) -> bool:
    """True when somebody in this role may take a row from one status to another."""
    return role in TRANSITIONS[before].get(after, frozenset())


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one of two authors chose, hidden from the other until both have chosen."""

    author: str
    target: Coding | None
    relationship: Relationship = Relationship.EQUIVALENT
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a row's history.

    at        ISO 8601 instant with its zone
    tool      name and version of the program
    evidence  what the choice rests on: parts of a score, findings, release versions
    """

    at: str
    who: str
    what: str
    tool: str = ""
    before: str = ""
    after: str = ""
    comment: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """What is known of the review of one row.

    seen  what the local code looked like when it was approved, see `memory.key_of`
    """

    key: RowKey
    marks: frozenset[Mark] = frozenset()
    opinions: tuple[Opinion, ...] = ()
    history: tuple[Event, ...] = ()
    seen: tuple[str, ...] = ()

    def with_event(self, event: Event) -> Review:
        """The review with one more entry."""
        return replace(self, history=(*self.history, event))

    def with_mark(self, mark: Mark, event: Event) -> Review:
        return replace(self, marks=self.marks | {mark}).with_event(event)

    def without_mark(self, mark: Mark, event: Event) -> Review:
        return replace(self, marks=self.marks - {mark}).with_event(event)


def with_opinion(review: Review, opinion: Opinion, event: Event) -> Review:
    """The review with what one author chose; two that differ are a conflict for a third person.

    raises  Refused TERM-0401: this author has chosen already, or two others have
    """
    if len(review.opinions) == 2 or opinion.author in {known.author for known in review.opinions}:
        raise Refused("TERM-0401", "Two different people choose, each once.", "Let a third person decide.")
    changed = replace(review, opinions=(*review.opinions, opinion)).with_event(event)
    if len(changed.opinions) == 2 and _chosen(changed.opinions[0]) != _chosen(changed.opinions[1]):
        return replace(changed, marks=changed.marks | {Mark.CONFLICT})
    return changed


def reconciled(review: Review, by: str, event: Event) -> Review:
    """The review after a third person has decided.

    raises  Refused TERM-0402: one of the two authors may not decide
    """
    if by in {opinion.author for opinion in review.opinions}:
        raise Refused("TERM-0402", "Whoever chose may not decide between the two.", "Let a third person decide.")
    return review.without_mark(Mark.CONFLICT, event)


def _chosen(opinion: Opinion) -> tuple[tuple[str, str] | None, Relationship]:
    return (opinion.target.identity if opinion.target else None), opinion.relationship


def reopened(review: Review, local: LocalCode, event: Event) -> Review:
    """The review, marked stale when wording, unit or specimen are not what they were at the approval."""
    if review.seen and review.seen != key_of(local):
        return review.with_mark(Mark.STALE, event)
    return review


# What is done harm by a wrong code, most of all first; the others count one.
_RISKS: tuple[tuple[re.Pattern[str], float], ...] = tuple(
    (re.compile(pattern, re.I), risk)
    for pattern, risk in (
        (r"^(?:AL1|IAM)-|allerg", 5.0),
        (r"^(?:RXA|RXE|RXD|RXO|RXG)-|^Immunization\.vaccine|drug|medic|dose|insulin|heparin|warfarin", 4.0),
        (
            r"potassium|sodium|glucose|troponin|lactate|creatinine|h[ae]moglobin|inr\b|digoxin|blood group|abo\b|hcg",
            3.0,
        ),
        (r"^OBX-3|^DG1-|^PRB-|^Observation\.(?:component\.)?code|^Condition\.", 2.0),
    )
)


def urgency(local: LocalCode) -> float:
    """Where effort is best spent: occurrences × clinical risk, higher first."""
    said = f"{local.field} {local.text} {local.context}"
    risk = next((risk for pattern, risk in _RISKS if pattern.search(said)), 1.0)
    return max(1, local.count) * risk


def exportable(row: CodeMapRow, review: Review | None, findings: Iterable[Issue] = ()) -> bool:
    """True when a row may leave: approved, without marks, without errors that nobody has overridden in writing."""
    if row.status is not RowStatus.APPROVED or row.marks or (review is not None and review.marks):
        return False
    return bool(row.comment) or all(issue.severity.rank > Severity.ERROR.rank for issue in findings)


def to_json(review: Review) -> dict[str, Any]:
    """The review as JSON values."""
    return {**asdict(review), "marks": sorted(review.marks)}


def from_json(value: Mapping[str, Any]) -> Review:
    """The review that `to_json` wrote.

    raises  Refused TERM-0403: not a review
    """
    try:
        opinions = tuple(
            Opinion(
                each["author"],
                Coding(**each["target"]) if each["target"] else None,
                Relationship(each["relationship"]),
                each["comment"],
            )
            for each in value["opinions"]
        )
        history = tuple(Event(**{**each, "evidence": tuple(each["evidence"])}) for each in value["history"])
        marks = frozenset(Mark(mark) for mark in value["marks"])
        return Review(RowKey(**value["key"]), marks, opinions, history, tuple(value["seen"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("TERM-0403", "An entry is no review of a row.", "The entries before it are intact.") from error
