"""What the bytes of a message must hold for a question to be true, so that most messages need not be split.

A needle is a run of letters and digits, because nothing else is sure to stand in the bytes as it was asked for:
other characters may be delimiters and then be escaped. Letters and digits may be written as `\\Xhh\\`, so a
message with such a sequence always passes.
"""

from __future__ import annotations

import re

from workbench.v2.path import V2Path
from workbench.v2.query import And, Count, Exists, Node, Or, Query, Text, Value

_EVERYWHERE = frozenset({b"EVN", b"PID", b"PV1"})
"""Segments that say little about a message."""
Alternatives = tuple[bytes, ...]
"""One of these must occur."""

_RUN = re.compile(r"[A-Za-z0-9]+")


class Prefilter:
    """Rules out messages by their bytes; `passes` is true for every message the question holds for.

    needles  of each of these, one must occur
    folded   lower-case ASCII texts that must occur in every message that is pure ASCII, whatever the case
    """

    __slots__ = ("folded", "needles")

    def __init__(self, query: Query) -> None:
        self.needles = tuple(dict.fromkeys(_needed(query.root)))
        self.folded = tuple(dict.fromkeys(_folded(query.root)))

    def passes(self, raw: bytes) -> bool:
        """False only when the question certainly does not hold for these bytes of an ER7 message."""
        for alternatives in self.needles:
            for needle in alternatives:
                if needle in raw:
                    break
            else:
                return not raw.startswith(USUAL_HEAD) or any(mark in raw for mark in DISGUISES)
        return True

    @property
    def best(self) -> Alternatives:
        """The needles that most likely rule a message out; none when the question needs none."""
        return _best(list(self.needles)) if self.needles else ()


DISGUISES = (b"\\X", b"\x1b")
"""Where these occur, a letter may be written as a number or as other bytes."""
USUAL_HEAD = b"MSH|^~\\&"
"""Other headers may declare another escape character, or be written in characters of several bytes."""


def _needed(node: Node) -> list[Alternatives]:
    if isinstance(node, And):
        return [found for part in node.parts for found in _needed(part)]
    if isinstance(node, Or):
        branches = [_needed(part) for part in node.parts]
        if not all(branches):
            return []
        return [tuple(needle for branch in branches for needle in _best(branch))]
    if isinstance(node, Exists):
        return _segment(node.path)
    if isinstance(node, Value):
        return [*_literals(node), *_segment(node.path)]
    if isinstance(node, Count) and node.test.sign == ">" and node.test.wanted[0].isdecimal():
        return _segment(node.path)
    return []


def _folded(node: Node) -> list[bytes]:
    """Casefolding makes ASCII of other letters (`ß`, `ﬁ`), so only pure ASCII can be ruled out."""
    if isinstance(node, And):
        return [found for part in node.parts for found in _folded(part)]
    if isinstance(node, Text) and node.words.isascii() and node.words:
        return [node.words.encode()]
    return []


def _segment(path: object) -> list[Alternatives]:
    if not isinstance(path, V2Path) or path.segment == "MSH":
        return []
    return [(path.segment.encode(),)]


def _literals(node: Value) -> list[Alternatives]:
    """The longest run of each literal of `=` and `in`; none when one of them has no run."""
    if node.test.sign not in ("=", "in") or not isinstance(node.path, V2Path):
        return []
    runs = [max(_RUN.findall(literal), key=len, default="") for literal in node.test.wanted]
    return [tuple(run.encode() for run in runs)] if all(runs) else []


def _best(needles: list[Alternatives]) -> Alternatives:
    """The one that most likely rules a message out: whose commonest needle is rarest."""
    return max(needles, key=lambda alternatives: min(map(_rarity, alternatives)))


def _rarity(needle: bytes) -> float:
    return 0.5 if needle in _EVERYWHERE else len(needle)
