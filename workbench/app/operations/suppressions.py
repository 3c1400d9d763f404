"""Findings that a site has decided to live with: suppressed for a reason and a time, or known since a baseline.

Neither changes what was found. A sieve only says for each finding whether it is open, suppressed or known, so that
what is hidden can be counted and shown. Acknowledgements and reports of the standard's verdict do not ask it.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from workbench.app.operations.listing import row_at
from workbench.app.session import Session
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.messages.capture import Capture

SUPPRESSION = "finding-suppression"
BASELINE = "finding-baseline"
ANYWHERE = "*"
_CURRENT = "current"
_INDEX = re.compile(r"\[[^\]]*\]")


class Fate(StrEnum):
    """What becomes of a finding."""

    OPEN = "open"
    SUPPRESSED = "suppressed"
    KNOWN = "known"


class Sent(NamedTuple):
    """Where a message came from; "" where it does not say.

    time    as the message has it: `YYYYMMDDHHMMSS` in v2, an ISO moment in FHIR
    type    `ADT^A01`, or the FHIR resource type
    """

    file: str = ""
    sender: str = ""
    time: str = ""
    type: str = ""


def sent_at(capture: Capture, number: int) -> Sent:
    """Where a message of a capture came from, from its first bytes."""
    row = row_at(capture, number)
    return Sent(row.file, row.sender, row.time, row.type)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A decision not to be told of some findings until a day.

    rule    id of the rule
    path    a place, which covers what lies within it (`PID-3` covers `PID-3[2].1`), or a pattern with `*`;
            indices do not count
    file    name of the file, "" for any; sender: MSH-3 or meta.source, "" for any
    until   the last day on which it holds
    lifted  true once somebody has taken it back
    """

    rule: str
    path: str
    reason: str
    until: date
    file: str = ""
    sender: str = ""
    author: str = ""
    since: date | None = None
    lifted: bool = False

    @property
    def id(self) -> str:
        """The same for the same findings; says nothing of what the file is called, because ids are audited."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, "\n".join((self.rule, self.path, self.file, self.sender))))

    def holds(self, today: date) -> bool:
        return not self.lifted and today <= self.until

    def covers(self, issue: Issue, sent: Sent) -> bool:
        """True for the findings it is about, whatever the day."""
        return (
            issue.rule == self.rule
            and self.file in ("", sent.file)
            and self.sender in ("", sent.sender)
            and _pattern(self.path).fullmatch(plain_path(issue.location.path)) is not None
        )


@dataclass(frozen=True, slots=True)
class Sieve:
    """What is hidden on a day.

    baseline  fingerprints of the findings that were there before, with how often each was; empty for none
    """

    suppressions: tuple[Suppression, ...] = ()
    baseline: Mapping[str, int] = field(default_factory=dict)
    today: date = date.min

    def fate(self, issue: Issue, sent: Sent) -> Fate:
        """A finding that is both suppressed and known counts as suppressed, because somebody said why."""
        if self.suppressions and self.suppression_of(issue, sent) is not None:
            return Fate.SUPPRESSED
        return Fate.KNOWN if self.baseline and self.is_known(issue, sent) else Fate.OPEN

    def is_known(self, issue: Issue, sent: Sent) -> bool:
        """True when findings of its kind were there when the baseline was taken."""
        return fingerprint(issue, sent) in self.baseline

    @property
    def hides(self) -> bool:
        """False when every finding is open."""
        return bool(self.suppressions or self.baseline)

    def suppression_of(self, issue: Issue, sent: Sent) -> Suppression | None:
        """The decision that hides a finding."""
        for one in self.suppressions:
            if one.rule == issue.rule and one.holds(self.today) and one.covers(issue, sent):
                return one
        return None


@lru_cache(maxsize=65_536)
def plain_path(path: str) -> str:
    """A path without its indices: `PID-3[2].1` → `PID-3.1`."""
    return _INDEX.sub("", path)


@lru_cache(maxsize=1024)
def _pattern(path: str) -> re.Pattern[str]:
    plain = plain_path(path)
    if "*" in plain:
        return re.compile(".*".join(map(re.escape, plain.split("*"))))
    return re.compile(re.escape(plain) + r"(?:[-.].*)?" if plain else "")


def fingerprint(issue: Issue, sent: Sent) -> str:
    """What is the same for the same fault in another message of the same kind from the same sender.

    No value of a patient goes into it: rule, place without indices, sender and type of message are all there is.
    """
    return _hashed(issue.rule, plain_path(issue.location.path), sent.sender, sent.type)


@lru_cache(maxsize=65_536)
def _hashed(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def fingerprints(findings: Iterable[tuple[Issue, Sent]]) -> Counter[str]:
    """How often each kind of finding is there."""
    return Counter(fingerprint(issue, sent) for issue, sent in findings)


def suppress(session: Session, suppression: Suppression, today: date) -> Suppression:
    """Keep a suppression in the workspace, in place of one for the same findings, and audit it.

    raises  Refused VAL-0010: no reason is given; VAL-0011: its last day is past; STO-0007
    """
    if not suppression.reason.strip():
        raise Refused("VAL-0010", "A suppression needs a reason.", "Say why these findings may be left alone.")
    if suppression.until < today:
        raise Refused("VAL-0011", "The last day of the suppression is past.", "Choose today or a later day.")
    kept = _signed(suppression, session.actor, today)
    session.keep("finding.suppress", SUPPRESSION, kept.id, _body(kept))
    return kept


def lift(session: Session, suppression: Suppression) -> None:
    """Take a suppression back; that it was there stays in the workspace and in the audit trail."""
    body = _body(suppression) | {"lifted": True}
    session.keep("finding.unsuppress", SUPPRESSION, suppression.id, body)


def suppressions(session: Session) -> tuple[Suppression, ...]:
    """Those of the workspace that nobody has taken back, expired ones among them, by rule and path."""
    documents = (session.kept(SUPPRESSION, head.id) for head in session.kept_heads(SUPPRESSION))
    found = (_read(document.body) for document in documents if document is not None)
    return tuple(sorted((one for one in found if not one.lifted), key=lambda one: (one.rule, one.path, one.id)))


def keep_baseline(session: Session, counts: Mapping[str, int], today: date) -> None:
    """Take these kinds of findings as known; an empty baseline makes every finding new again."""
    body = {"made": today.isoformat(), "author": session.actor, "counts": dict(sorted(counts.items()))}
    session.keep("finding.baseline", BASELINE, _CURRENT, body)


def baseline(session: Session) -> Mapping[str, int]:
    """The known kinds of findings and how often each was there."""
    document = session.kept(BASELINE, _CURRENT)
    return {} if document is None else {str(key): int(count) for key, count in document.body["counts"].items()}


def sieve_of(session: Session, today: date) -> Sieve:
    """What the workspace hides today."""
    return Sieve(suppressions(session), baseline(session), today)


def _signed(suppression: Suppression, author: str, today: date) -> Suppression:
    return Suppression(
        suppression.rule,
        suppression.path.strip() or ANYWHERE,
        suppression.reason.strip(),
        suppression.until,
        suppression.file,
        suppression.sender,
        author,
        today,
    )


def _body(suppression: Suppression) -> dict[str, Any]:
    return {
        "rule": suppression.rule,
        "path": suppression.path,
        "file": suppression.file,
        "sender": suppression.sender,
        "reason": suppression.reason,
        "until": suppression.until.isoformat(),
        "author": suppression.author,
        "since": suppression.since.isoformat() if suppression.since else "",
        "lifted": suppression.lifted,
    }


def _read(body: Mapping[str, Any]) -> Suppression:
    return Suppression(
        body["rule"],
        body["path"],
        body["reason"],
        date.fromisoformat(body["until"]),
        body["file"],
        body["sender"],
        body["author"],
        date.fromisoformat(body["since"]) if body["since"] else None,
        body["lifted"],
    )
