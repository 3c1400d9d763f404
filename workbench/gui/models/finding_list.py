"""Findings of a capture as a sequence that makes each one when it is looked at. Qt-free."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import overload

from workbench.gui.findings import Finding
from workbench.kernel.issues import Issue, Severity, blocks, worst


class FindingList(Sequence[Finding]):
    """Damage first, then the issues of each message in its order; a million findings cost what their issues cost.

    judged  issues by message; must not change any more
    """

    def __init__(self, judged: Mapping[int, tuple[Issue, ...]], damage: Sequence[Finding] = ()) -> None:
        self.judged, self._damage = judged, damage
        self._numbers = [number for number, issues in judged.items() if issues]
        self._ends = list(accumulate(map(len, map(judged.__getitem__, self._numbers)), initial=len(damage)))

    def __len__(self) -> int:
        return self._ends[-1]

    def __iter__(self) -> Iterator[Finding]:
        yield from self._damage
        for number in self._numbers:
            for issue in self.judged[number]:
                yield Finding(number, issue)

    @overload
    def __getitem__(self, place: int) -> Finding: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Finding]: ...

    def __getitem__(self, place: int | slice) -> Finding | Sequence[Finding]:
        if isinstance(place, slice):
            return tuple(self[at] for at in range(*place.indices(len(self))))
        at = place + len(self) if place < 0 else place
        if not 0 <= at < len(self):
            raise IndexError(place)
        if at < len(self._damage):
            return self._damage[at]
        found = bisect_right(self._ends, at) - 1
        number = self._numbers[found]
        return Finding(number, self.judged[number][at - self._ends[found]])

    @cached_property
    def errors(self) -> int:
        """How many keep a message from being used."""
        issues = (issue for number in self._numbers for issue in self.judged[number])
        return sum(map(blocks, issues)) + sum(blocks(finding.issue) for finding in self._damage)

    @cached_property
    def status(self) -> Mapping[int, Severity | None]:
        """The worst severity of each message, None for a clean one."""
        return {number: worst(issues) for number, issues in self.judged.items()}
