"""The audit chain: who did what to which object, each entry bound to the one before it by SHA-256.

Entries hold ids and hashes, never values. A chain alone cannot show that its end was cut off; an `Anchor`,
authenticated with a key the reader of the file does not have, says how long the chain must be and how it ends.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

NOTHING = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed.

    sequence     1, 2, 3 … without gaps
    time         UTC, ISO 8601 with microseconds and `Z`
    actor        who, as the session knows them
    action       `mapping.approve`, `package.export`; the vocabulary belongs to the callers
    object_kind  what kind of object, `object_id` which one; ids must not be made of patient data
    object_hash  SHA-256 of the object's content in hex, "" when it has none
    previous     `own_hash` of the entry before, 64 zeros for the first
    own_hash     SHA-256 in hex over all of the above
    """

    sequence: int
    time: str
    actor: str
    action: str
    object_kind: str
    object_id: str
    object_hash: str
    previous: str
    own_hash: str = ""


class Break(StrEnum):
    """How a chain can be broken."""

    ALTERED = "altered"
    MISSING = "missing"
    RELINKED = "relinked"
    TRUNCATED = "truncated"
    ANCHOR = "anchor"


_SENTENCES = {
    Break.ALTERED: "Entry {0} was changed after it was written.",
    Break.MISSING: "Entry {0} is missing.",
    Break.RELINKED: "Entry {0} does not follow the entry before it.",
    Break.TRUNCATED: "Entry {0} and what followed were cut off the end.",
    Break.ANCHOR: "The record of the length and the end of the trail was changed.",
}


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first place where the chain does not hold; `sequence` is the number expected there, 0 for the anchor."""

    sequence: int
    kind: Break

    @property
    def text(self) -> str:
        return _SENTENCES[self.kind].format(self.sequence)


@dataclass(frozen=True, slots=True)
class Anchor:
    """How many entries there are, the hash of the last, and an HMAC-SHA256 in hex over both."""

    count: int
    head: str
    mac: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What verification found: entries read, hash of the last good one, the first broken link or None."""

    count: int
    head: str
    broken: BrokenLink | None

    @property
    def intact(self) -> bool:
        return self.broken is None


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256 in hex over the entry's canonical JSON (names sorted, no white space, UTF-8) without `own_hash`."""
    fields = asdict(entry)
    del fields["own_hash"]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def next_entry(
    anchor: Anchor, actor: str, action: str, object_kind: str, object_id: str, object_hash: str, time: datetime
) -> AuditEntry:
    """The entry that follows the anchored end of a chain."""
    stamp = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    entry = AuditEntry(anchor.count + 1, stamp, actor, action, object_kind, object_id, object_hash, anchor.head)
    return replace(entry, own_hash=entry_hash(entry))


def anchor_at(key: bytes, count: int, head: str) -> Anchor:
    """The anchor of a chain of `count` entries that ends with hash `head`."""
    return Anchor(count, head, hmac.new(key, f"{count}:{head}".encode("ascii"), hashlib.sha256).hexdigest())


def is_genuine(anchor: Anchor, key: bytes) -> bool:
    """True when the anchor was made with this key."""
    return hmac.compare_digest(anchor_at(key, anchor.count, anchor.head).mac, anchor.mac)


def verify_chain(entries: Iterable[AuditEntry]) -> AuditReport:
    """Follow the chain to its end or its first broken link. Whether the end is the right one, only an anchor knows."""
    head, count = NOTHING, 0
    for entry in entries:
        if kind := _break_of(entry, count + 1, head):
            return AuditReport(count, head, BrokenLink(count + 1, kind))
        head, count = entry.own_hash, count + 1
    return AuditReport(count, head, None)


def verify_anchored(entries: Iterable[AuditEntry], anchor: Anchor, key: bytes) -> AuditReport:
    """`verify_chain`, and that the chain ends where the anchor says."""
    report = verify_chain(entries)
    if not report.intact:
        return report
    if not is_genuine(anchor, key):
        return replace(report, broken=BrokenLink(0, Break.ANCHOR))
    if report.count < anchor.count:
        return replace(report, broken=BrokenLink(report.count + 1, Break.TRUNCATED))
    if (report.count, report.head) != (anchor.count, anchor.head):
        # Only who holds the audit key can extend the chain; entries beyond the anchor were put there by another.
        return replace(report, broken=BrokenLink(min(report.count, anchor.count + 1), Break.ALTERED))
    return report


def _break_of(entry: AuditEntry, expected: int, head: str) -> Break | None:
    if entry.sequence != expected:
        return Break.MISSING
    if entry.own_hash != entry_hash(entry):
        return Break.ALTERED
    return None if entry.previous == head else Break.RELINKED
