"""Findings of a capture as a sequence that makes each one when it is looked at. Qt-free."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from operator import eq
from typing import overload

from workbench.app.operations.suppressions import Fate, Sent, Sieve
from workbench.gui.findings import Finding
from workbench.kernel.issues import Issue, Severity, blocks, worst


class FindingList(Sequence[Finding]):
    """Damage first, then the issues of each message in its order; a million findings cost what their issues cost.

    judged   issues by message; must not change any more
    numbers  messages that have any
    """

    def __init__(self, judged: Mapping[int, tuple[Issue, ...]], damage: Sequence[Finding] = ()) -> None:
        self.judged, self.damage = judged, damage
        self.numbers = [number for number, issues in judged.items() if issues]
        self._ends = list(accumulate(map(len, map(judged.__getitem__, self.numbers)), initial=len(damage)))

    def __len__(self) -> int:
        return self._ends[-1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __iter__(self) -> Iterator[Finding]:
        yield from self.damage
        for number in self.numbers:
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
        if at < len(self.damage):
            return self.damage[at]
        found = bisect_right(self._ends, at) - 1
        number = self.numbers[found]
        return Finding(number, self.judged[number][at - self._ends[found]])

    @cached_property
    def errors(self) -> int:
        """How many keep a message from being used."""
        issues = (issue for number in self.numbers for issue in self.judged[number])
        return sum(map(blocks, issues)) + sum(blocks(finding.issue) for finding in self.damage)

    @cached_property
    def status(self) -> Mapping[int, Severity | None]:
        """The worst severity of each message, None for a clean one."""
        return {number: worst(issues) for number, issues in self.judged.items()}

    @cached_property
    def wrong(self) -> int:
        """How many messages have an error."""
        return sum(
            1 for severity in self.status.values() if severity is not None and severity.rank <= Severity.ERROR.rank
        )

    def with_damage(self, damage: Sequence[Finding]) -> FindingList:
        """The same with damage before it; itself when there is none."""
        return FindingList(self.judged, damage) if damage else self


NO_FINDINGS = FindingList({})


def sift(
    found: FindingList, sieve: Sieve, sent_of: Callable[[Finding], Sent], check: Callable[[], None] = lambda: None
) -> Mapping[Fate, FindingList]:
    """Findings by what becomes of them; each fate knows of every message, so that clean ones count as clean.

    check  called for each message; may raise to stop
    """
    judged: dict[Fate, dict[int, tuple[Issue, ...]]] = {fate: dict.fromkeys(found.judged, ()) for fate in Fate}
    damage: dict[Fate, list[Finding]] = {fate: [] for fate in Fate}
    for finding in found.damage:
        damage[sieve.fate(finding.issue, sent_of(finding))].append(finding)
    fates: dict[tuple[str, str, str], dict[tuple[str, str], Fate]] = {}
    for number in found.numbers:
        check()
        issues = found.judged[number]
        sent = sent_of(Finding(number, issues[0]))
        known = fates.setdefault((sent.file, sent.sender, sent.type), {})
        sorted_out: dict[Fate, list[Issue]] = {}
        for issue in issues:
            key = (issue.rule, issue.location.path)
            fate = known.get(key)
            if fate is None:
                fate = known[key] = sieve.fate(issue, sent)
            sorted_out.setdefault(fate, []).append(issue)
        for fate, alike in sorted_out.items():
            judged[fate][number] = issues if len(alike) == len(issues) else tuple(alike)
    return {fate: FindingList(judged[fate], damage[fate]) for fate in Fate}
