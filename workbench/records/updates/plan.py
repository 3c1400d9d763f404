"""The plan of a change: what is written, what is not, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workbench.fhir.definitions import definitions
from workbench.kernel.issues import Issue, IssueType, RuleSource, Severity
from workbench.kernel.location import Location
from workbench.mapping.model import Package, Removal, Resolve, SegmentMode, Silence
from workbench.records.updates.said import made_by_segments

Resource = dict[str, object]
_CONFLICT, _RULE = IssueType.CONFLICT, IssueType.BUSINESS_RULE
_REPEATING = RuleSource("HL7 v2", "2.5.1", "2.10.4")


class Act(StrEnum):
    """What happens to one resource of the record."""

    CREATE = "create"
    UPDATE = "update"
    CONFIRM = "confirm"
    END = "end"
    SAME = "unchanged"
    LEFT_OUT = "left out"

    @property
    def writes(self) -> bool:
        return self in (Act.CREATE, Act.UPDATE, Act.CONFIRM, Act.END)


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource.

    place     where it is in the record, `Patient/7`; "" for what the record gives an id
    elements  the top-level elements that differ, in the order of the resource
    rule      of the finding that tells why it, or a part of it, was left out
    """

    act: Act
    kind: str
    place: str
    elements: tuple[str, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """What one message does to a record.

    transaction  ready to be sent; without entries when there is nothing to do
    changes      a line for each resource of the message, then those that end
    findings     what was left out and why, and what was written although the record contradicts it
    refused      nothing of the message is written
    """

    transaction: Resource
    changes: tuple[Change, ...]
    findings: tuple[Issue, ...] = ()
    refused: bool = False

    @property
    def writes(self) -> bool:
        """True when there is something to send."""
        return bool(self.transaction.get("entry"))

    @property
    def is_whole(self) -> bool:
        """True when nothing of the message was left out."""
        return not self.refused and not any(change.rule for change in self.changes)

    def count(self, act: Act) -> int:
        return sum(change.act is act for change in self.changes)


@dataclass(frozen=True, slots=True)
class Policy:
    """How messages change a record, everything settled; see `mapping.model.Updates`.

    modes  of repeating segments
    kinds  the types of resource that a repeating segment makes
    truth  `Patient` or `Patient.telecom` → the senders whose word on it counts
    """

    late: Resolve = Resolve.REVIEW
    backward: Resolve = Resolve.REVIEW
    merged: Resolve = Resolve.APPLY
    silence: Silence = Silence.KEEP
    missing: Removal = Removal.REVIEW
    emptied: Removal = Removal.REVIEW
    modes: Mapping[str, SegmentMode] = field(default_factory=dict)
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    truth: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def mode(self, segment: str) -> SegmentMode:
        return self.modes.get(segment, SegmentMode.EACH)


def policy_of(package: Package) -> Policy:
    """The policy of an effective package. Of `truth`, what begins with a resource type is applied; other domains are
    for people."""
    updates, usual = package.header.updates, Policy()
    return Policy(
        late=updates.late or usual.late,
        backward=updates.backward or usual.backward,
        merged=updates.merged or usual.merged,
        silence=updates.silence or usual.silence,
        missing=updates.missing or usual.missing,
        emptied=updates.emptied or usual.emptied,
        modes=dict(updates.repeating),
        kinds=made_by_segments(package),
        truth={
            domain: frozenset(name.strip() for name in senders.split("|"))
            for domain, senders in package.header.truth.items()
            if definitions().is_resource(domain.partition(".")[0])
        },
    )


_SENTENCES: Mapping[str, tuple[IssueType, str]] = {
    "UPD-0101": (_CONFLICT, "{kind}: the record is newer ({then}) than the message ({now}); left out"),
    "UPD-0102": (_CONFLICT, "{kind}: older ({now}) than the record ({then}); written as the package says"),
    "UPD-0103": (_CONFLICT, "{kind}: no time tells this message from the one before; the order of arrival decided"),
    "UPD-0104": (_CONFLICT, "{kind}: message ({now}) or record ({then}), which is newer cannot be told; left out"),
    "UPD-0201": (_RULE, "{kind}: from {then} back to {now}; left out"),
    "UPD-0202": (_RULE, "{kind}: from {then} back to {now}; written as the package says"),
    "UPD-0301": (_RULE, "came in under a number that was merged away; filed under {survivor}"),
    "UPD-0302": (_RULE, "a record cannot be merged into itself; the message is refused"),
    "UPD-0303": (_CONFLICT, "{survivor} was merged into {loser} before; the message is refused"),
    "UPD-0304": (_CONFLICT, "{loser} was merged into another patient before; left out"),
    "UPD-0305": (IssueType.DUPLICATE, "{kind}: the record has {count} with this identifier; left out"),
    "UPD-0306": (_CONFLICT, "{kind}: in the record it belongs to another patient; left out"),
    "UPD-0307": (_RULE, "came in under a number that was merged away, now {survivor}; left out"),
    "UPD-0401": (IssueType.INCOMPLETE, "{place}: no longer among the {segment} of the message; left as it is"),
    "UPD-0402": (IssueType.INFORMATIONAL, "{place}: no longer among the {segment} of the message; ended"),
    "UPD-0403": (_RULE, "{segment} deletes all {count} of its kind; left as they are"),
    "UPD-0404": (_RULE, "{segment} deletes all {count} of its kind; ended"),
    "UPD-0405": (IssueType.NOT_FOUND, "{kind}: {action} of something that the record does not have"),
    "UPD-0406": (IssueType.NOT_SUPPORTED, "{place}: no longer in the message, and no {kind} can say that it is over"),
    "UPD-0407": (_CONFLICT, "{kind}: a later list of {segment} is known; left out"),
    "UPD-0501": (_RULE, "{domain}: another system is the source of truth; left as it is"),
    "UPD-0502": (_RULE, "{kind}: told in passing by a message about something else; left as it is"),
    "UPD-0601": (IssueType.DUPLICATE, "this message was applied before; there is nothing to do"),
    "UPD-0602": (IssueType.DUPLICATE, "this control id was used before by another message"),
}
"""Each finding of a plan: of which kind, and its sentence."""

_REFUSED = "; the message is refused"
_ENDED_OR_DONE = frozenset({"UPD-0402", "UPD-0502", "UPD-0601"})


def finding(rule: str, path: str, refused: bool = False, **args: str) -> Issue:
    """One finding; no argument holds a patient's value.

    refused  the package refuses the whole message because of it
    """
    code, sentence = _SENTENCES[rule]
    source = _REPEATING if rule.startswith("UPD-04") else None
    if refused:
        sentence = sentence.rpartition("; ")[0] + _REFUSED
    severity = Severity.INFORMATION if rule in _ENDED_OR_DONE else Severity.WARNING
    if sentence.endswith(_REFUSED):
        severity = Severity.ERROR
    return Issue(severity, code, rule, Location(path), sentence, args, source)
