"""The running history of a workspace: what its captures had so far, so that a new one is compared with all of them.

It is kept encrypted with the workspace. A capture is added only when somebody says so.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from workbench.app.operations.anomaly_counts import History, Measured, Sample
from workbench.app.session import Session
from workbench.kernel.errors import Refused
from workbench.messages.capture import Capture
from workbench.messages.tally import FieldTally, Seen, Value

KIND = "anomaly-history"
_ID = "running"
_FORMAT = 1
_MOST_DISTINCT = 0.5
_FEW = 10


@dataclass(frozen=True, slots=True)
class Added:
    """A capture that is part of the history; `id` says nothing of what its files are called."""

    id: str
    messages: int
    day: date


@dataclass(frozen=True, slots=True)
class Memory:
    """The history of a workspace and the captures it was counted over, oldest first."""

    history: History
    captures: tuple[Added, ...] = ()

    def holds(self, capture: Capture) -> bool:
        """True when the capture was added, so that it would be compared with itself."""
        return capture_id(capture) in {one.id for one in self.captures}

    @property
    def words(self) -> str:
        """`1,200 messages of 3 captures since 2026-03-02`."""
        count = len(self.captures)
        since = f" since {self.captures[0].day.isoformat()}" if self.captures else ""
        return f"{self.history.messages:,} messages of {count} {'capture' if count == 1 else 'captures'}{since}"


def capture_id(capture: Capture) -> str:
    """The same for the same files with the same content size and number of messages."""
    said = "\n".join(f"{path.resolve()} {path.stat().st_size if path.is_file() else ''}" for path in capture.paths)
    return hashlib.sha256(f"{len(capture)}\n{said}".encode("utf-8", "surrogateescape")).hexdigest()[:32]


def memory_of(session: Session) -> Memory:
    """What the workspace remembers; an empty history when nothing was added yet.

    raises  Refused APP-0142: another version of the workbench wrote it
    """
    document = session.kept(KIND, _ID)
    if document is None:
        return Memory(History())
    if document.body.get("format") != _FORMAT:
        raise Refused(
            "APP-0142", "The history of this workspace has another form.", "Forget it, and add the captures again."
        )
    added = tuple(Added(one["id"], one["messages"], date.fromisoformat(one["day"])) for one in document.body["added"])
    return Memory(_read(document.body), added)


def remember(session: Session, capture: Capture, history: History, today: date) -> Memory:
    """Add what was counted of a capture to the history of the workspace, and audit it.

    raises  Refused APP-0141: the capture is part of it already; APP-0142, STO-0007, STO-0008
    """
    memory = memory_of(session)
    if memory.holds(capture):
        raise Refused("APP-0141", "This capture is part of the history already.", "Nothing was added.")
    memory.history.merge(history)
    added = (*memory.captures, Added(capture_id(capture), history.messages, today))
    session.keep("anomalies.remember", KIND, _ID, _body(memory.history, added))
    return Memory(memory.history, added)


def forget(session: Session) -> None:
    """Begin anew with an empty history; audited."""
    session.keep("anomalies.forget", KIND, _ID, _body(History(), ()))


def _body(history: History, added: tuple[Added, ...]) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "added": [{"id": one.id, "messages": one.messages, "day": one.day.isoformat()} for one in added],
        "messages": history.messages,
        "codes": {
            part: {label: _codes(counts) for label, counts in fields.items() if _is_coded(counts)}
            for part, fields in history.tally.fields.items()
        },
        "of_type": dict(history.of_type),
        "carrying": [[*key, count] for key, count in history.carrying.items()],
        "resources": dict(history.resources),
        "holding": [[*key, count] for key, count in history.holding.items()],
        "units": [[*test, history.names.get(test, ""), dict(units)] for test, units in history.units.items()],
        "numbers": [
            [*test, unit, sample.count, sample.step, list(sample.values)]
            for (test, unit), sample in history.numbers.items()
        ],
    }


def _is_coded(counts: FieldTally) -> bool:
    """Fields whose values repeat; what identifies people does not, and is not kept."""
    return bool(counts.values) and len(counts.values) <= max(_FEW, counts.repetitions * _MOST_DISTINCT)


def _codes(counts: FieldTally) -> list[Any]:
    values = [[*value, seen.display, seen.count] for value, seen in counts.values.items()]
    return [counts.repetitions, counts.others, values]


def _read(body: Mapping[str, Any]) -> History:
    history = History()
    history.tally.messages = body["messages"]
    for part, label, counts in _fields(body["codes"]):
        history.tally.field_of(part, label).merge(counts)
    history.of_type = Counter(body["of_type"])
    history.carrying = Counter({(kind, name): count for kind, name, count in body["carrying"]})
    history.resources = Counter(body["resources"])
    history.holding = Counter({(kind, name): count for kind, name, count in body["holding"]})
    for code, system, name, units in body["units"]:
        test = Measured(code, system)
        history.units[test], history.names[test] = Counter(units), name
    for code, system, unit, count, step, values in body["numbers"]:
        history.numbers[Measured(code, system), unit] = Sample(count, step, array("d", values))
    return history


def _fields(codes: Mapping[str, Any]) -> Iterator[tuple[str, str, FieldTally]]:
    for part, fields in codes.items():
        for label, (repetitions, others, values) in fields.items():
            counts = FieldTally(repetitions=repetitions, others=others)
            for text, system, display, count in values:
                counts.values[Value(text, system)] = Seen(count, 0, display)
            yield part, label, counts
