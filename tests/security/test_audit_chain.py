from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.security.audit import (
    NOTHING,
    Anchor,
    AuditEntry,
    Break,
    BrokenLink,
    anchor_at,
    entry_hash,
    is_genuine,
    next_entry,
    verify_anchored,
    verify_chain,
)

KEY = bytes(range(32))
NOON = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


def chain(length: int) -> tuple[list[AuditEntry], Anchor]:
    anchor = anchor_at(KEY, 0, NOTHING)
    entries: list[AuditEntry] = []
    for n in range(length):
        entry = next_entry(
            anchor, "anna", "mapping.save", "mapping", f"lab-{n}", "ab" * 32, NOON + timedelta(minutes=n)
        )
        entries.append(entry)
        anchor = anchor_at(KEY, entry.sequence, entry.own_hash)
    return entries, anchor


@pytest.mark.parametrize("length", [0, 1, 7])
def test_an_untouched_chain_is_intact(length: int) -> None:
    entries, anchor = chain(length)
    report = verify_anchored(entries, anchor, KEY)
    assert (report.intact, report.count, report.head) == (True, length, anchor.head)


def test_the_hash_of_an_entry_is_the_documented_one() -> None:
    entry = AuditEntry(1, "2025-03-01T12:00:00.000000Z", "änne", "open", "workspace", "w", "", NOTHING)
    text = (
        '{"action":"open","actor":"\\u00e4nne","object_hash":"","object_id":"w","object_kind":"workspace",'
        f'"previous":"{NOTHING}","sequence":1,"time":"2025-03-01T12:00:00.000000Z"}}'
    )
    import hashlib

    assert entry_hash(entry) == hashlib.sha256(text.encode()).hexdigest()


def test_time_is_kept_in_utc() -> None:
    local = datetime(2025, 3, 1, 13, 0, 0, 250, tzinfo=timezone(timedelta(hours=1)))
    entry = next_entry(anchor_at(KEY, 0, NOTHING), "anna", "open", "workspace", "w", "", local)
    assert entry.time == "2025-03-01T12:00:00.000250Z"


@given(
    place=st.integers(0, 4),
    name=st.sampled_from(["time", "actor", "action", "object_kind", "object_id", "object_hash", "own_hash"]),
)
def test_a_changed_field_breaks_the_chain_at_that_entry(place: int, name: str) -> None:
    entries, anchor = chain(5)
    entries[place] = replace(entries[place], **{name: "x" + getattr(entries[place], name)})
    report = verify_anchored(entries, anchor, KEY)
    assert report.broken == BrokenLink(place + 1, Break.ALTERED)
    assert report.count == place


def test_a_rewritten_entry_with_a_right_hash_breaks_the_next_link() -> None:
    entries, anchor = chain(5)
    forged = replace(entries[2], actor="bob")
    entries[2] = replace(forged, own_hash=entry_hash(forged))
    assert verify_anchored(entries, anchor, KEY).broken == BrokenLink(4, Break.RELINKED)


def test_a_rewritten_last_entry_is_found_by_the_anchor() -> None:
    entries, anchor = chain(5)
    forged = replace(entries[4], actor="bob")
    entries[4] = replace(forged, own_hash=entry_hash(forged))
    assert verify_chain(entries).intact
    assert verify_anchored(entries, anchor, KEY).broken == BrokenLink(5, Break.ALTERED)


@pytest.mark.parametrize("place", [0, 2])
def test_a_removed_entry_is_missed(place: int) -> None:
    entries, anchor = chain(5)
    del entries[place]
    assert verify_anchored(entries, anchor, KEY).broken == BrokenLink(place + 1, Break.MISSING)


@pytest.mark.parametrize("kept", [0, 3])
def test_a_cut_off_end_is_found_by_the_anchor_only(kept: int) -> None:
    entries, anchor = chain(5)
    assert verify_chain(entries[:kept]).intact
    report = verify_anchored(entries[:kept], anchor, KEY)
    assert report.broken == BrokenLink(kept + 1, Break.TRUNCATED)
    assert str(kept + 1) in report.broken.text


def test_entries_added_without_the_key_are_found() -> None:
    entries, anchor = chain(3)
    entries.append(next_entry(Anchor(3, anchor.head, ""), "bob", "forge", "mapping", "m", "", NOON))
    assert verify_anchored(entries, anchor, KEY).broken == BrokenLink(4, Break.ALTERED)


def test_an_anchor_made_with_another_key_is_found() -> None:
    entries, _ = chain(3)
    forged = anchor_at(bytes(32), 2, entries[1].own_hash)
    assert not is_genuine(forged, KEY)
    assert verify_anchored(entries[:2], forged, KEY).broken == BrokenLink(0, Break.ANCHOR)


def test_every_kind_of_break_has_a_sentence() -> None:
    assert all(BrokenLink(7, kind).text.endswith(".") for kind in Break)
