"""Segments that tell of a whole set, or of one member of it (HL7 v2.5.1, 2.10.4).

A snapshot replaces the set: what it no longer has is over. An action code touches the one resource of its segment. By
default neither is assumed: a segment tells of its own resource, and what is not there says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.kernel.issues import Issue
from workbench.mapping.model import Removal, SegmentMode
from workbench.records.updates.ending import ended, is_over
from workbench.records.updates.lookup import Item
from workbench.records.updates.plan import Policy, finding
from workbench.records.updates.record import Present, Resource, place_of
from workbench.records.updates.said import EMPTIABLE, Said
from workbench.records.updates.stamps import Order, order_of, stamp_of


@dataclass(frozen=True, slots=True)
class Ending:
    """A resource of the record that is over."""

    there: Resource
    now: Resource
    segment: str


def judge_sets(items: Sequence[Item], said: Said, present: Present, policy: Policy) -> tuple[list[Issue], list[Ending]]:
    """What the repeating segments of a message say of the sets they belong to; what is left out is marked."""
    findings: list[Issue] = []
    endings: list[Ending] = []
    for segment in sorted(said.segments & (policy.modes.keys() | EMPTIABLE)):
        mode = policy.mode(segment)
        siblings = list(_siblings(segment, items, said, present, policy))
        mine = [item for item in items if item.origin is not None and item.origin.segment == segment]
        if segment in said.emptied:
            found, ends = _emptied(segment, mine, siblings, said, policy, mode)
        elif mode is SegmentMode.SNAPSHOT:
            found, ends = _snapshot(segment, mine, siblings, said, policy)
        else:
            continue
        findings += found
        endings += ends
    return findings, endings


def _siblings(segment: str, items: Sequence[Item], said: Said, present: Present, policy: Policy) -> Iterator[Resource]:
    """What the same sender has told of by such segments, for the patient and the visit of the message."""
    visits = {item.place for item in items if item.kind == "Encounter"}
    for patient in {item.place for item in items if item.kind == "Patient" and item.place}:
        for kind in sorted(policy.kinds.get(segment, ())):
            for resource in present.of_patient(kind, patient):
                stamp, visit = stamp_of(resource), resource.get("encounter")
                if stamp is None or (stamp.sender, stamp.segment) != (said.sender, segment):
                    continue
                if not isinstance(visit, dict) or visit.get("reference") in visits:
                    yield resource


def _is_late(siblings: Sequence[Resource], said: Said) -> bool:
    """True when a later message has told of the set."""
    stamps = (stamp_of(each) for each in siblings)
    return any(order_of(said.time, stamp.time) is Order.BEFORE for stamp in stamps if stamp is not None)


def _snapshot(
    segment: str, mine: Sequence[Item], siblings: Sequence[Resource], said: Said, policy: Policy
) -> tuple[list[Issue], list[Ending]]:
    if _is_late(siblings, said):
        late = [item for item in mine if item.there is None and not item.reason]
        for item in late:
            item.reason = "UPD-0407"
        return [finding("UPD-0407", item.path, kind=item.kind, segment=segment) for item in late], []
    told = {item.place for item in mine}
    gone = [each for each in siblings if place_of(each) not in told and not is_over(each)]
    return _over(segment, gone, policy.missing is Removal.END)


def _over(segment: str, gone: Sequence[Resource], may_end: bool) -> tuple[list[Issue], list[Ending]]:
    findings: list[Issue] = []
    endings: list[Ending] = []
    for each in gone:
        place = place_of(each)
        now = ended(each) if may_end else None
        if now is not None:
            endings.append(Ending(each, now, segment))
            findings.append(finding("UPD-0402", segment, place=place, segment=segment))
        elif may_end:
            findings.append(finding("UPD-0406", segment, place=place, kind=str(each["resourceType"])))
        else:
            findings.append(finding("UPD-0401", segment, place=place, segment=segment))
    return findings, endings


def _emptied(
    segment: str, mine: Sequence[Item], siblings: Sequence[Resource], said: Said, policy: Policy, mode: SegmentMode
) -> tuple[list[Issue], list[Ending]]:
    """The segment that says `""` tells of no resource; all others of the set are over where the package says so."""
    place = said.emptied[segment]
    for item in mine:
        if item.origin is not None and item.origin.place == place:
            item.reason = "UPD-0403"
    told = {item.place for item in mine if not item.reason}
    gone = [each for each in siblings if place_of(each) not in told and not is_over(each)]
    may_end = mode is SegmentMode.SNAPSHOT and policy.emptied is Removal.END and not _is_late(siblings, said)
    rule = "UPD-0404" if may_end else "UPD-0403"
    findings = [finding(rule, place, segment=segment, count=str(len(gone)))]
    if not may_end:
        return findings, []
    more, endings = _over(segment, gone, may_end=True)
    return [*findings, *more], endings
