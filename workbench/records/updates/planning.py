"""From what a message says and what a record holds to the transaction that changes the one by the other.

A mapping is a function of the message alone. What needs the present state of the record is worked out here: which
resource is meant, whether it is newer than the message, what stays because the message says nothing of it, what is
over. Every write names the version it was worked out from, so that nobody's change in between is overwritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from workbench.fhir.json_tree import dumps
from workbench.kernel.issues import Issue
from workbench.mapping.model import Resolve, Silence
from workbench.records.updates.drafting import create_entry, end_entry, stamp_for, update_entry, without_references
from workbench.records.updates.ending import marked_wrong
from workbench.records.updates.lookup import (
    Item,
    Remembering,
    belongs_elsewhere,
    items_of,
    look_up,
    match,
    places_of,
    settled_of,
)
from workbench.records.updates.merged_away import is_loser, judge_merges, link_to, only_the_merge, survivor_of
from workbench.records.updates.merging import merged
from workbench.records.updates.plan import Act, Change, Policy, UpdatePlan, finding
from workbench.records.updates.record import Present, Resource, patients_of, place_of
from workbench.records.updates.repeated import Ending, judge_sets
from workbench.records.updates.said import Said
from workbench.records.updates.sameness import EVENTS, content_of, same_content
from workbench.records.updates.stamps import Order, Stamp, order_of, stamp_of, stamped
from workbench.records.updates.status_order import goes_back
from workbench.records.updates.told import BY_ELEMENT, Sieve, differing, in_passing, only_the_new, tells_anew, told_by

USUAL = Policy()
_TOLD_WHOLE = frozenset({"Observation"})
"""Types of which every message tells the whole: a flag, unit or range of an earlier result is none of the new value."""


def plan_update(said: Said, present: Present, policy: Policy = USUAL) -> UpdatePlan:
    """What a message does to a record; nothing is written, and the record is only asked."""
    return _Planner(said, Remembering(present), policy).plan()


@dataclass
class _Planner:
    """One message on its way to a plan."""

    said: Said
    present: Present
    policy: Policy
    items: list[Item] = field(init=False)
    findings: list[Issue] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    entries: list[Resource] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.items = items_of(self.said)
        self.digest = hashlib.sha256(dumps(self.said.bundle)).hexdigest()

    def plan(self) -> UpdatePlan:
        if self._was_applied():
            self.findings.append(finding("UPD-0601", "MSH-10"))
            return self._done([Change(Act.SAME, item.kind, item.place) for item in self.items])
        self.findings += look_up(self.items, self.said, self.present)
        found, impossible = judge_merges(self.items, self.present)
        self.findings += found
        self.refusals += [issue.rule for issue in found if impossible]
        if not impossible:
            self._redirect()
        if self.refusals:
            rule = self.refusals[0]
            return self._done([Change(Act.LEFT_OUT, item.kind, item.place, (), rule) for item in self.items])
        self.findings += match(self.items, self.said, self.present)
        found, endings = judge_sets(self.items, self.said, self.present, self.policy)
        self.findings += found
        places, gone = places_of(self.items), self._nowhere()
        for item in self.items:
            settled = settled_of(item, places)
            self.changes.append(self._change(item, without_references(settled, gone) if gone else settled))
        self.changes += [self._end(ending) for ending in endings]
        if self.refusals:
            rule = self.refusals[0]
            return self._done([replace(change, act=Act.LEFT_OUT, rule=rule) for change in self.changes])
        self._seal()
        return self._done(self.changes)

    def _done(self, changes: Sequence[Change]) -> UpdatePlan:
        entries = [] if self.refusals else self.entries
        head = {key: value for key, value in self.said.bundle.items() if key != "entry"}
        if gone := self._nowhere():
            entries = [without_references(entry, gone) for entry in entries]
        transaction: Resource = {**head, "entry": entries} if entries else head
        return UpdatePlan(transaction, tuple(changes), tuple(self.findings), bool(self.refusals))

    def _nowhere(self) -> set[str]:
        """What is neither written nor in the record, so that nothing can refer to it."""
        return {item.full_url for item in self.items if item.reason and not item.place}

    # --- the message as a whole --------------------------------------------------------------------------------------

    def _was_applied(self) -> bool:
        """True when this very message was applied before and nothing of it was left out."""
        for item in self.items:
            if item.kind == "MessageHeader":
                identity = str(item.resource.get("id", ""))
                there = self.present.read("MessageHeader", identity) if identity else None
                stamp = stamp_of(there) if there is not None else None
                if stamp is not None and stamp.digest == self.digest:
                    return True
                if stamp is not None and (stamp.time != self.said.time):
                    self.findings.append(finding("UPD-0602", "MSH-10"))
        return False

    def _seal(self) -> None:
        """A message of which nothing was left out is known by its header when it comes again."""
        if any(change.rule for change in self.changes):
            return
        for entry in self.entries:
            resource = entry["resource"]
            assert isinstance(resource, dict)
            if resource["resourceType"] == "MessageHeader":
                stamp = Stamp(self.said.time, self.said.sender, self.said.message, digest=self.digest)
                entry["resource"] = stamped(resource, stamp)

    def _redirect(self) -> None:
        """A message for a number that was merged away is about the survivor; who he is, it cannot say."""
        for item in self.items:
            if item.kind != "Patient" or not item.place or item.reason or is_loser(item.resource):
                continue
            survivor = survivor_of(item.place, self.present)
            if survivor == item.place:
                continue
            item.reason = "UPD-0301" if self.policy.merged is Resolve.APPLY else "UPD-0307"
            refused = self.policy.merged is Resolve.REFUSE
            self.findings.append(finding(item.reason, item.path, refused, survivor=survivor))
            self.refusals += [item.reason] if refused else []
            if self.policy.merged is Resolve.APPLY:
                item.place = survivor
            else:
                self._leave_out_of(item)

    def _leave_out_of(self, patient: Item) -> None:
        """Leave out all that is about a patient."""
        for item in self.items:
            if {patient.full_url, patient.place} & set(patients_of(item.resource)):
                item.reason = item.reason or patient.reason

    # --- one resource ------------------------------------------------------------------------------------------------

    def _change(self, item: Item, settled: Resource) -> Change:
        if item.reason:
            return self._left_out(item)
        if item.there is None:
            return self._create(item, settled)
        action = item.origin.action if item.origin is not None and self._by_action(item) else ""
        if action == "X":
            return Change(Act.SAME, item.kind, item.place)
        if belongs_elsewhere(item, settled, self.said.event, lambda place: survivor_of(place, self.present)):
            return self._leave_out(item, "UPD-0306")
        now = self._now(item, settled, action)
        if same_content(item.there, now):
            return self._confirm(item, settled)
        if item.kind not in EVENTS and not self._is_link_only(item, settled, now):
            if self._is_told_in_parts(item, action):
                return self._in_parts(item, settled, now)
            contradicted = self._contradicted(item, settled, now)
            if contradicted is not None:
                return contradicted
            now = self._true_to_source(item, now)
            if same_content(item.there, now):
                return Change(Act.SAME, item.kind, item.place)
        return self._write(Act.UPDATE, item, settled, now)

    def _by_action(self, item: Item) -> bool:
        return item.origin is not None and self.policy.mode(item.origin.segment) == "action-code"

    def _now(self, item: Item, settled: Resource, action: str) -> Resource:
        """What the resource of the record becomes."""
        assert item.there is not None
        if action == "D":
            return marked_wrong(item.there, settled)
        silence = Silence.REPLACE if item.kind in _TOLD_WHOLE else self.policy.silence
        return merged(item.there, settled, item.removed, silence)

    def _is_link_only(self, item: Item, settled: Resource, now: Resource) -> bool:
        """A merge holds whenever it arrives: of one that comes late, the link is taken and nothing else."""
        assert item.there is not None
        if item.kind != "Patient" or not (is_loser(settled) or link_to(settled, "replaces")):
            return False
        if self._order(item) is not Order.BEFORE:
            return is_loser(settled)
        only = only_the_merge(item.there, settled, now)
        now.clear()
        now.update(only)
        return True

    def _is_told_in_parts(self, item: Item, action: str) -> bool:
        """True for what many messages tell of, each a part, where it can be said which part is newer."""
        if item.kind not in BY_ELEMENT or action == "D" or self.policy.silence is Silence.REPLACE:
            return False
        if item.there is None or stamp_of(item.there) is None:
            return in_passing(item.kind, self.said.code)
        return self.policy.late is not Resolve.APPLY and self._order(item) is not Order.UNKNOWN

    def _in_parts(self, item: Item, settled: Resource, now: Resource) -> Change:
        """Write the elements on which no other message has the better word, and report the rest.

        now  what the resource would be if all were written
        """
        assert item.there is not None
        passing = in_passing(item.kind, self.said.code)
        stamp = stamp_of(item.there) or Stamp(told=told_by(item.there, (), self.said.time))
        new, removed = only_the_new(item.there, settled, item.removed, Sieve(stamp, self.said.time, passing))
        step = goes_back(item.there, new, self.said.event)
        if step is not None:
            resolved = self._resolved(item, self.policy.backward, "UPD-0201", "UPD-0202", *step)
            if resolved is not None:
                return resolved
        becomes = merged(item.there, new, removed, self.policy.silence)
        left = differing(content_of(becomes), content_of(now))
        written = self._true_to_source(item, dict(becomes))
        settled = {key: value for key, value in settled.items() if written.get(key) == becomes.get(key)}
        becomes = written
        rule = ("UPD-0502" if passing else "UPD-0101") if left else ""
        refused = rule == "UPD-0101" and self.policy.late is Resolve.REFUSE
        if left:
            what = f"{item.kind} ({', '.join(left)})"
            self.findings.append(finding(rule, item.path, refused, kind=what, then=stamp.time, now=self.said.time))
            self.refusals += [rule] if refused else []
        if same_content(item.there, becomes):
            if rule != "UPD-0101":
                return Change(Act.SAME, item.kind, item.place)
            item.reason = rule
            return self._left_out(item)
        if self._order(item) is Order.SAME and stamp.message not in ("", self.said.message):
            self.findings.append(finding("UPD-0103", item.path, kind=item.kind))
        return replace(self._write(Act.UPDATE, item, settled, becomes), rule=rule if rule == "UPD-0101" else "")

    def _contradicted(self, item: Item, settled: Resource, now: Resource) -> Change | None:
        """Left out because the record is newer, or further; None when it is written, reported where need be."""
        assert item.there is not None
        stamp = stamp_of(item.there)
        order, then = self._order(item), stamp.time if stamp is not None else ""
        if order is Order.BEFORE:
            return self._resolved(item, self.policy.late, "UPD-0101", "UPD-0102", then, self.said.time)
        if order is Order.UNKNOWN and then and self.policy.late is not Resolve.APPLY:
            return self._leave_out(item, "UPD-0104", then=then, now=self.said.time or "no time")
        if order in (Order.UNKNOWN, Order.SAME) and stamp is not None and stamp.message != self.said.message:
            self.findings.append(finding("UPD-0103", item.path, kind=item.kind))
        step = goes_back(item.there, settled, self.said.event)
        if step is not None:
            return self._resolved(item, self.policy.backward, "UPD-0201", "UPD-0202", *step)
        return None

    def _resolved(self, item: Item, resolve: Resolve, left: str, written: str, then: str, now: str) -> Change | None:
        if resolve is Resolve.APPLY:
            self.findings.append(finding(written, item.path, kind=item.kind, then=then, now=now))
            return None
        return self._leave_out(item, left, resolve is Resolve.REFUSE, then=then, now=now)

    def _order(self, item: Item) -> Order:
        """How the time of the message lies to that of the resource; one that says nothing of it was written when the
        server says so, if that was later."""
        assert item.there is not None
        stamp = stamp_of(item.there)
        if stamp is not None:
            return order_of(self.said.time, stamp.time)
        meta = item.there.get("meta")
        updated = str(meta.get("lastUpdated", "")) if isinstance(meta, dict) else ""
        return Order.BEFORE if order_of(self.said.time, updated) is Order.BEFORE else Order.AFTER

    def _true_to_source(self, item: Item, now: Resource) -> Resource:
        """Elements of which another system is the source stay as the record has them; it may fill those it lacks."""
        assert item.there is not None
        senders = self.policy.truth.get(item.kind)
        if senders is not None and self.said.sender not in senders:
            named = list(content_of(item.there))
        else:
            own = [domain for domain in self.policy.truth if domain.startswith(f"{item.kind}.")]
            named = [each.partition(".")[2] for each in own if self.said.sender not in self.policy.truth[each]]
        for name in named:
            if name not in ("resourceType", "identifier", "link") and item.there.get(name) not in (None, now.get(name)):
                domain = item.kind if senders is not None else f"{item.kind}.{name}"
                told = finding("UPD-0501", item.path, domain=domain)
                self.findings += [] if told in self.findings else [told]
                now[name] = item.there[name]
        return now

    # --- what becomes of it ------------------------------------------------------------------------------------------

    def _create(self, item: Item, settled: Resource) -> Change:
        action = item.origin.action if item.origin is not None and self._by_action(item) else ""
        if action in ("D", "X"):
            word = {"D": "deletion", "X": "no change"}[action]
            self.findings.append(finding("UPD-0405", item.path, kind=item.kind, action=word))
        self.entries.append(create_entry(item, settled, stamp_for(self.said, item, settled)))
        return Change(Act.CREATE, item.kind, "", tuple(key for key in content_of(settled) if key != "resourceType"))

    def _confirm(self, item: Item, settled: Resource) -> Change:
        """The record says the same already; of what is about a patient it learns that it still holds."""
        assert item.there is not None
        stamp = stamp_of(item.there)
        about_patient = item.kind == "Patient" or patients_of(item.there)
        newer = stamp is None or order_of(self.said.time, stamp.time) is Order.AFTER
        if stamp is not None and in_passing(item.kind, self.said.code):
            newer = newer and tells_anew(settled, item.removed, stamp)
        if item.kind in EVENTS or not about_patient or not newer or not self.said.time:
            return Change(Act.SAME, item.kind, item.place)
        return self._write(Act.CONFIRM, item, settled, item.there)

    def _write(self, act: Act, item: Item, settled: Resource, now: Resource) -> Change:
        assert item.there is not None
        self.entries.append(update_entry(item.full_url, item.there, now, stamp_for(self.said, item, settled)))
        return Change(act, item.kind, item.place, tuple(differing(content_of(now), content_of(item.there))))

    def _end(self, ending: Ending) -> Change:
        self.entries.append(end_entry(self.said, ending.there, ending.now, ending.segment))
        changed = differing(ending.now, ending.there)
        return Change(Act.END, str(ending.there["resourceType"]), place_of(ending.there), tuple(changed))

    def _leave_out(self, item: Item, rule: str, refused: bool = False, **args: str) -> Change:
        item.reason = rule
        self.findings.append(finding(rule, item.path, refused, kind=item.kind, **args))
        self.refusals += [rule] if refused else []
        return self._left_out(item)

    def _left_out(self, item: Item) -> Change:
        return Change(Act.LEFT_OUT, item.kind, item.place, (), item.reason)
