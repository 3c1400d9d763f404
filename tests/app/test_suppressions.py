"""Suppressions and baselines: what they hide, for how long, and what stays of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from workbench.app.operations import suppressions
from workbench.app.operations.suppressions import ANYWHERE, Fate, Sent, Sieve, Suppression, fingerprint
from workbench.app.session import Session
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.security.keys import Argon2Cost
from workbench.store.workspace import Workspace

TODAY = date(2026, 3, 2)
LATER = date(2026, 6, 1)
LAB = Sent("feed.hl7", "LAB", "20260302", "ORU^R01")


def issue(path: str, rule: str = "V2-0103", value: str = "x9") -> Issue:
    return Issue(Severity.ERROR, IssueType.VALUE, rule, Location(path), "{value} is no date", {"value": value})


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    cost = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)
    made = Session(Workspace.create(tmp_path / "hospital.workspace", "correct horse battery", cost=cost))
    made.actor = "Analyst"
    yield made
    made.close()


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("PID-3", "PID-3", True),
        ("PID-3", "PID-3[2].1", True),
        ("PID-3", "PID-30", False),
        ("PID-3.1", "PID-3[4].1", True),
        ("OBX-*", "OBX[7]-5", True),
        ("OBX-*", "OBR-5", False),
        ("Patient.name", "Patient.name[0].family", True),
        ("Patient.name", "Patient.nameless", False),
        (ANYWHERE, "PV1-2", True),
        (ANYWHERE, "", True),
        ("", "", True),
        ("", "PV1-2", False),
    ],
)
def test_a_path_covers_what_lies_within_it(pattern: str, path: str, covered: bool) -> None:
    assert Suppression("V2-0103", pattern, "known", LATER).covers(issue(path), LAB) is covered


def test_rule_file_and_sender_narrow_a_suppression() -> None:
    one = Suppression("V2-0103", "PID-7", "known", LATER, file="feed.hl7", sender="LAB")
    assert one.covers(issue("PID-7"), LAB)
    assert not one.covers(issue("PID-7", rule="V2-0104"), LAB)
    assert not one.covers(issue("PID-7"), LAB._replace(sender="REG"))
    assert not one.covers(issue("PID-7"), LAB._replace(file="other.hl7"))


def test_a_suppression_holds_up_to_and_on_its_last_day() -> None:
    one = Suppression("V2-0103", "PID-7", "known", until=TODAY)
    assert Sieve((one,), {}, TODAY).fate(issue("PID-7"), LAB) is Fate.SUPPRESSED
    assert Sieve((one,), {}, date(2026, 3, 3)).fate(issue("PID-7"), LAB) is Fate.OPEN


def test_a_baseline_hides_what_was_there_and_shows_what_is_new() -> None:
    before = suppressions.fingerprints([(issue("PID-7"), LAB)])
    sieve = Sieve((), before, TODAY)
    assert sieve.fate(issue("PID-7[2]", value="another"), LAB) is Fate.KNOWN
    assert sieve.fate(issue("PID-8"), LAB) is Fate.OPEN
    assert sieve.fate(issue("PID-7"), LAB._replace(sender="REG")) is Fate.OPEN


def test_a_fingerprint_does_not_depend_on_the_patients_value() -> None:
    assert fingerprint(issue("PID-7", value="19800101"), LAB) == fingerprint(issue("PID-7", value="x"), LAB)


def test_a_suppression_is_kept_signed_and_audited(session: Session) -> None:
    suppressions.suppress(session, Suppression("V2-0103", "PID-7", " sender fixes it ", LATER, sender="LAB"), TODAY)
    (kept,) = suppressions.suppressions(session)
    assert (kept.reason, kept.author, kept.since, kept.until) == ("sender fixes it", "Analyst", TODAY, LATER)
    assert [entry.action for entry in session.audit_entries()][-1] == "finding.suppress"
    assert suppressions.sieve_of(session, TODAY).fate(issue("PID-7"), LAB) is Fate.SUPPRESSED


def test_suppressing_the_same_findings_again_changes_the_decision(session: Session) -> None:
    first = Suppression("V2-0103", "PID-7", "wait", TODAY)
    suppressions.suppress(session, first, TODAY)
    suppressions.suppress(session, replace(first, until=LATER), TODAY)
    assert [one.until for one in suppressions.suppressions(session)] == [LATER]


def test_a_lifted_suppression_hides_nothing_and_stays_in_the_audit_trail(session: Session) -> None:
    kept = suppressions.suppress(session, Suppression("V2-0103", "PID-7", "wait", LATER), TODAY)
    suppressions.lift(session, kept)
    assert suppressions.suppressions(session) == ()
    assert [entry.action for entry in session.audit_entries()][-2:] == ["finding.suppress", "finding.unsuppress"]
    suppressions.suppress(session, kept, TODAY)
    assert len(suppressions.suppressions(session)) == 1


@pytest.mark.parametrize(
    ("reason", "until", "code"), [("  ", LATER, "VAL-0010"), ("why", date(2026, 3, 1), "VAL-0011")]
)
def test_a_suppression_without_reason_or_future_is_refused(
    session: Session, reason: str, until: date, code: str
) -> None:
    with pytest.raises(Refused) as refusal:
        suppressions.suppress(session, Suppression("V2-0103", "PID-7", reason, until), TODAY)
    assert refusal.value.code == code
    assert suppressions.suppressions(session) == ()


def test_a_baseline_is_kept_and_can_be_emptied(session: Session) -> None:
    counts = suppressions.fingerprints([(issue("PID-7"), LAB), (issue("PID-7"), LAB)])
    suppressions.keep_baseline(session, counts, TODAY)
    assert suppressions.baseline(session) == {fingerprint(issue("PID-7"), LAB): 2}
    suppressions.keep_baseline(session, {}, TODAY)
    assert suppressions.sieve_of(session, TODAY).fate(issue("PID-7"), LAB) is Fate.OPEN
