"""How much of what a sender sends a code map translates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workbench.terminology.code_map import CodeMap, RowStatus
from workbench.terminology.harvest import LocalCode


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts of distinct codes and of their occurrences.

    covered   a row translates the code, or a person said that it has no map
    open      the codes that are neither, most frequent first
    """

    codes: int
    covered_codes: int
    occurrences: int
    covered_occurrences: int
    open: tuple[LocalCode, ...] = ()

    @property
    def share(self) -> float:
        """Covered occurrences between 0 and 1; 1 when nothing was seen."""
        return self.covered_occurrences / self.occurrences if self.occurrences else 1.0

    def __str__(self) -> str:
        # Rounded down: 100.0 % is said only when nothing is open.
        tenths = int(self.share * 1000)
        return (
            f"{self.covered_codes:,} of {self.codes:,} distinct codes, "
            f"{tenths // 10}.{tenths % 10} % of occurrences covered"
        )


def coverage(code_map: CodeMap, seen: Iterable[LocalCode], sender: str = "", any_system: bool = True) -> Coverage:
    """What the map says of the codes that were seen.

    any_system  compare codes alone, because v2 names code systems by short names (`L`, `HL70001`) and maps by URIs
    """
    no_map = {(row.sender, row.source.code) for row in code_map.rows if row.status is RowStatus.NO_MAP}
    codes = covered_codes = occurrences = covered_occurrences = 0
    open_codes = []
    for local in seen:
        codes += 1
        occurrences += local.count
        decided = bool(code_map.translate(local.code, "" if any_system else local.system, sender))
        if decided or (sender, local.code) in no_map or ("", local.code) in no_map:
            covered_codes += 1
            covered_occurrences += local.count
        else:
            open_codes.append(local)
    open_codes.sort(key=lambda local: (-local.count, local.field, local.system, local.code, local.text))
    return Coverage(codes, covered_codes, occurrences, covered_occurrences, tuple(open_codes))
