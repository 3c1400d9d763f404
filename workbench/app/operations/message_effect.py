"""What becomes of one message under two states of a mapping: where the results differ, and which values change fate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.kernel.errors import Refused
from workbench.mapping.directed import AnyMapping, AnyTraced, Received
from workbench.mapping.engine.compile import CompiledMapping
from workbench.mapping.engine.ledger import Fate
from workbench.suites.semantic_diff import Change, diff
from workbench.v2.er7 import Message


@dataclass(frozen=True, slots=True, order=True)
class FateMove:
    """Values of one field that end otherwise; `rule` is what decides now, `was` what decided before ("" for lost)."""

    field: str
    before: Fate
    after: Fate
    was: str
    rule: str

    @property
    def worse(self) -> bool:
        """True when the value is lost now, or was mapped and is only kept as text."""
        return self.after is Fate.LOST or (self.before is Fate.MAPPED and self.after is Fate.PRESERVED)


@dataclass(frozen=True, slots=True)
class MessageEffect:
    """The effect on one message; `refused_before` and `refused_after` are codes, "" where it was mapped."""

    changes: tuple[Change, ...] = ()
    moves: Mapping[FateMove, int] | None = None
    refused_before: str = ""
    refused_after: str = ""

    @property
    def changed(self) -> bool:
        return bool(self.changes or self.moves or self.refused_before != self.refused_after)


def message_effect(before: AnyMapping, after: AnyMapping, message: Received) -> MessageEffect:
    """Run one message, or resource, through both. Results are compared by what they say: other ids are no change."""
    old, new = _traced(before, message), _traced(after, message)
    if isinstance(old, str) or isinstance(new, str):
        return MessageEffect(
            refused_before=old if isinstance(old, str) else "", refused_after=new if isinstance(new, str) else ""
        )
    changes = () if old.bundle == new.bundle else diff(old.bundle, new.bundle).changes
    moves = Counter(
        FateMove(was.field, was.fate, now.fate, was.rule, now.rule)
        for was, now in zip(old.ledger.entries, new.ledger.entries, strict=True)
        if was.fate is not now.fate
    )
    return MessageEffect(changes, moves)


def _traced(mapping: AnyMapping, message: Received) -> AnyTraced | str:
    """The result, or the code with which it was refused."""
    try:
        if isinstance(mapping, CompiledMapping):
            return mapping.trace(message) if isinstance(message, Message) else "APP-0004"
        return mapping.trace(message)
    except Refused as refusal:
        return refusal.code
