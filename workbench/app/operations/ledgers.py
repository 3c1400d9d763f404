"""The account over many messages, in words and as JSON. Places and counts, never values."""

from __future__ import annotations

import msgspec

from workbench.mapping.engine.ledger import CaptureLedger, Fate


def ledger_sentence(total: CaptureLedger, not_mapped: int = 0) -> str:
    """The account in one line; `not_mapped` counts messages that gave no Bundle."""
    counts = total.counts()
    parts = ", ".join(f"{counts[fate]} {fate.value}" for fate in Fate)
    refused = f" ({not_mapped} more could not be mapped)" if not_mapped else ""
    return f"{total.messages} messages{refused}, {sum(counts.values())} source values: {parts}"


def ledger_json(total: CaptureLedger, not_mapped: int = 0) -> bytes:
    """The whole account: totals by fate, and for each field what became of it, by which rule or for what reason."""
    content = {
        "messages": total.messages,
        "notMapped": not_mapped,
        "values": {fate.value: count for fate, count in total.counts().items()},
        "fields": [
            {
                "field": line.field,
                "fate": line.fate.value,
                "values": line.values,
                "messages": line.messages,
                "rule": line.rule,
                "reason": line.reason,
            }
            for line in total.lines()
        ],
    }
    return msgspec.json.format(msgspec.json.encode(content)) + b"\n"
