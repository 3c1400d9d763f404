"""What became of the source values of many messages, added up by field."""

from __future__ import annotations

from collections import Counter

import msgspec

from workbench.app.operations.mapping import Mapped
from workbench.mapping.ledger import Fate
from workbench.v2.path import V2Path


class LedgerReport:
    """Adds up ledgers message by message; holds places and counts, never values."""

    def __init__(self) -> None:
        self._messages = 0
        self._unmapped = 0
        self._fates: Counter[Fate] = Counter()
        self._by_field: dict[str, Counter[Fate]] = {}
        self._reasons: Counter[tuple[str, str]] = Counter()

    @property
    def lost(self) -> int:
        """Source values that ended nowhere."""
        return self._fates[Fate.LOST]

    @property
    def counts(self) -> dict[Fate, int]:
        """Values by what became of them, all four fates named."""
        return {fate: self._fates[fate] for fate in Fate}

    def add(self, mapped: Mapped) -> None:
        """Take the ledger of one message."""
        self._messages += 1
        if mapped.ledger is None:
            self._unmapped += 1
            return
        for entry in mapped.ledger.entries:
            self._fates[entry.fate] += 1
            field = _field(entry.location.path)
            self._by_field.setdefault(field, Counter())[entry.fate] += 1
            if entry.reason:
                self._reasons[(field, entry.reason)] += 1

    def fields(self) -> dict[str, dict[str, int]]:
        """Fate by field, the fields with lost values first, then by name."""
        ordered = sorted(self._by_field.items(), key=lambda item: (-item[1][Fate.LOST], item[0]))
        return {field: {fate.value: counts[fate] for fate in Fate} for field, counts in ordered}

    def sentence(self) -> str:
        """The result in one line."""
        total = sum(self._fates.values())
        parts = ", ".join(f"{self._fates[fate]} {fate.value}" for fate in Fate)
        unmapped = f"; {self._unmapped} could not be mapped" if self._unmapped else ""
        return f"{self._messages} messages{unmapped}; {total} source values: {parts}"

    def to_json(self) -> bytes:
        """The whole account as JSON."""
        content = {
            "messages": self._messages,
            "notMapped": self._unmapped,
            "values": {fate.value: count for fate, count in self.counts.items()},
            "fields": self.fields(),
            "reasons": [
                {"field": field, "reason": reason, "count": count}
                for (field, reason), count in sorted(self._reasons.items())
            ],
        }
        return msgspec.json.format(msgspec.json.encode(content)) + b"\n"


def _field(path: str) -> str:
    """`PID-3` for `PID-3[2].4.1`; a line that is no segment stays as it is."""
    place = V2Path.read(path)
    if place is None:
        return "line"
    return f"{place.segment}-{place.field}" if place.field else place.segment
