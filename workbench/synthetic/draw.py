"""Repeatable choices: every value is drawn by its own name, so adding one later changes no other.

`random` promises the same sequence across Python versions for `random()` only, and one draw more would shift
all that follow. Here each draw is a hash of its key, the same on every machine and version for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Weighted(Generic[T]):
    """Rows that are drawn in proportion to their whole, non-negative weights."""

    rows: tuple[T, ...]
    steps: tuple[int, ...]

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, T]]) -> Weighted[T]:
        """Build from (weight, row); rows of weight 0 stay in `rows` and are never drawn."""
        return cls(tuple(row for _, row in pairs), tuple(accumulate(weight for weight, _ in pairs)))


@dataclass(frozen=True, slots=True)
class Draw:
    """All choices that belong to one key, such as `Draw("patient", seed, index)`."""

    key: str

    @classmethod
    def of(cls, *parts: object) -> Draw:
        """The draw of a key made of several parts; parts are told apart by their text."""
        return cls("\x1f".join(map(str, parts)))

    def child(self, *parts: object) -> Draw:
        """Choices of a part of this thing, such as its third order."""
        return Draw.of(self.key, *parts)

    def number(self, name: str) -> int:
        """0 ≤ n < 2**64."""
        return int.from_bytes(blake2b(f"{self.key}\x1e{name}".encode(), digest_size=8).digest())

    def below(self, name: str, limit: int) -> int:
        """0 ≤ n < limit; the bias of the modulus is below 2**-40 for limits used here."""
        return self.number(name) % limit

    def between(self, name: str, low: int, high: int) -> int:
        """low ≤ n ≤ high."""
        return low + self.below(name, high - low + 1)

    def chance(self, name: str, percent: int) -> bool:
        return self.below(name, 100) < percent

    def pick(self, name: str, rows: Sequence[T]) -> T:
        """Each row with the same likelihood."""
        return rows[self.below(name, len(rows))]

    def weighted(self, name: str, table: Weighted[T]) -> T:
        """A row in proportion to its weight."""
        n = self.below(name, table.steps[-1])
        return next(row for row, step in zip(table.rows, table.steps, strict=True) if n < step)

    def digits(self, name: str, count: int) -> str:
        return f"{self.below(name, 10**count):0{count}}"
