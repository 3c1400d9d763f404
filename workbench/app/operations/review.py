"""A clinician's look at one message: what the sender said beside what the receiver will show, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import chain
from typing import Any

from workbench.app.documents import document_at
from workbench.app.session import Session
from workbench.fhir.json_tree import dumps
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.mapping.directed import AnyMapping, traced
from workbench.messages.capture import Capture
from workbench.records.agreement import Kind
from workbench.records.clinical import ClinicalRecord
from workbench.records.compare import Difference, compare
from workbench.records.from_fhir import record_of_bundle
from workbench.records.from_v2 import record_of_message
from workbench.v2.er7 import Message

KIND = "review"


class Decision(StrEnum):
    """What a reviewer said; every one stays in the history."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    COMMENTED = "commented"


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """One message to look at.

    id           SHA-256 of the message and of the Bundle made of it: another result is another case
    differences  dangerous ones first
    """

    id: str
    source: ClinicalRecord
    result: ClinicalRecord
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One entry of a case's history; time is UTC in ISO 8601."""

    decision: Decision
    reviewer: str
    time: str
    comment: str


def review_case(message: Message, bundle: Mapping[str, Any], bundle_json: bytes) -> ReviewCase:
    """Both readings of a message and how they differ.

    bundle, bundle_json  the same Bundle, decoded and in its canonical bytes
    """
    source, result = record_of_message(message), record_of_bundle(bundle)
    digest = sha256(sha256(message.raw).digest() + sha256(bundle_json).digest()).hexdigest()
    return ReviewCase(digest, source, result, compare(source, result))


def decided_cases(session: Session) -> frozenset[str]:
    """The ids of the cases that somebody has accepted or rejected."""
    return frozenset(head.id for head in session.kept_heads(KIND) if decided(session, head.id) is not None)


def next_to_decide(
    capture: Capture, mapping: AnyMapping, done: frozenset[str], after: int, ctx: JobContext
) -> int | None:
    """The next message whose records differ and that is no `done` case; after the last the search goes on at the first.

    Messages that cannot be read, or that the mapping does not take, have no records to compare. None when no other
    message than `after` is left.

    raises  Cancelled
    """
    for looked_at, number in enumerate(chain(range(after + 1, len(capture)), range(after))):
        ctx.advance(looked_at, len(capture), "looking for differences")
        try:
            document = document_at(capture, number)
            bundle = traced(mapping, document).bundle
        except Refused:
            continue
        if isinstance(document, Message):
            case = review_case(document, bundle, dumps(bundle))
            if case.id not in done and any(each.kind is not Kind.SAME for each in case.differences):
                return number
    return None


def decide(session: Session, case: ReviewCase, decision: Decision, comment: str, time: str) -> None:
    """Write a verdict into the workspace and its audit trail.

    raises  Refused APP-0005: rejected or commented without a word; STO-0007: somebody decided meanwhile
    """
    if decision is not Decision.ACCEPTED and not comment.strip():
        raise Refused("APP-0005", f"A case is {decision.value} with a comment.", "Say in a few words what is wrong.")
    entry = {"decision": decision.value, "reviewer": session.actor, "time": time, "comment": comment.strip()}
    stored = session.kept(KIND, case.id)
    history = [*(stored.body["history"] if stored else ()), entry]
    session.keep(f"review.{decision.value}", KIND, case.id, {"history": history})


def verdicts(session: Session, case_id: str) -> tuple[Verdict, ...]:
    """The history of a case, oldest first."""
    stored = session.kept(KIND, case_id)
    return tuple(
        Verdict(Decision(entry["decision"]), entry["reviewer"], entry["time"], entry["comment"])
        for entry in (stored.body["history"] if stored else ())
    )


def decided(session: Session, case_id: str) -> Decision | None:
    """The latest acceptance or rejection of a case; comments decide nothing."""
    found = [entry.decision for entry in verdicts(session, case_id) if entry.decision is not Decision.COMMENTED]
    return found[-1] if found else None
