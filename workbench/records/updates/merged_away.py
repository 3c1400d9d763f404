"""Patients who were merged: who stands for whom, and what a merge may do (v2.5.1 chapter 3, 3.6.2; R4 Patient.link).

The record that was merged away stays, inactive, and points to the one that replaces it. Nothing that is filed under it
moves; who follows the link finds all of it, and the merge can be looked into and taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.kernel.issues import Issue
from workbench.records.updates.lookup import Item
from workbench.records.updates.plan import finding
from workbench.records.updates.record import Present, Resource

REPLACED, REPLACES = "replaced-by", "replaces"


def link_to(patient: Mapping[str, object], kind: str) -> str:
    """To whom the first link of that type leads; "" when there is none."""
    links = patient.get("link")
    for link in links if isinstance(links, list) else ():
        other = link.get("other") if isinstance(link, dict) and link.get("type") == kind else None
        if isinstance(other, dict) and isinstance(other.get("reference"), str):
            return str(other["reference"])
    return ""


def survivor_of(place: str, present: Present) -> str:
    """Who stands for a patient now: the last of the chain of merges, the patient itself when there is none."""
    seen = [place]
    while True:
        kind, _, identity = seen[-1].partition("/")
        patient = present.read(kind, identity) if kind == "Patient" and identity else None
        following = link_to(patient, REPLACED) if patient is not None and patient.get("active") is False else ""
        if not following or following in seen:
            return seen[-1]
        seen.append(following)


def is_loser(resource: Mapping[str, object]) -> bool:
    """True for the patient whom a message says was merged away."""
    return bool(resource.get("active") is False and link_to(resource, REPLACED))


def _is_linked_to_nobody(resource: Mapping[str, object]) -> bool:
    """True for a patient merged into itself: the mapping makes one resource of both, and the link is left empty."""
    links = resource.get("link")
    return any(isinstance(link, dict) and "other" not in link for link in (links if isinstance(links, list) else ()))


def only_the_merge(there: Resource, settled: Mapping[str, object], merged: Resource) -> Resource:
    """The record's patient with what a merge says, and nothing of who the patient is."""
    found = {**there, "link": merged.get("link", [])}
    return {**found, "active": False} if is_loser(settled) else found


def judge_merges(items: Sequence[Item], present: Present) -> tuple[list[Issue], bool]:
    """What is wrong with the merges of a message, and whether it must be refused; what is left out is marked.

    Into itself, and into one that was merged into the loser before, are refused: neither has a right outcome.
    """
    by_url = {item.full_url: item for item in items if item.kind == "Patient"}
    for item in by_url.values():
        if item.resource.get("active") is False and _is_linked_to_nobody(item.resource):
            return [finding("UPD-0302", item.path)], True
    findings: list[Issue] = []
    for loser in [item for item in by_url.values() if is_loser(item.resource)]:
        winner = by_url.get(link_to(loser.resource, REPLACED))
        if winner is None:
            continue
        if winner is loser or (winner.place and winner.place == loser.place):
            return [finding("UPD-0302", loser.path)], True
        if loser.there is None or not loser.place:
            continue
        now = survivor_of(winner.place, present) if winner.place else ""
        if now == loser.place:
            return [finding("UPD-0303", loser.path, survivor=winner.place, loser=loser.place)], True
        before = survivor_of(loser.place, present)
        if before != loser.place and before != now:
            loser.reason = winner.reason = "UPD-0304"
            findings.append(finding("UPD-0304", loser.path, loser=loser.place))
    return findings, False
