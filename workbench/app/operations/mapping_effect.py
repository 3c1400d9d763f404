"""What would change for a capture, or in a suite, if one state of a mapping package took the place of another."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path

from workbench.app.batch import Task, in_batches, tasks_of, weight_of
from workbench.app.documents import read_task
from workbench.app.operations.mapping import compiled
from workbench.app.operations.message_effect import FateMove, MessageEffect, message_effect
from workbench.kernel.collector import settle
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.mapping.directed import AnyMapping
from workbench.messages.capture import Capture
from workbench.suites.fingerprint import package_fingerprint
from workbench.suites.mapper import mapper_of
from workbench.suites.results import CaseResult, Outcome, SuiteRun
from workbench.suites.run import run_suite
from workbench.suites.semantic_diff import Change, ChangeKind
from workbench.suites.suite import load_suite

EXAMPLES = 5
"""Messages named for each kind of change."""
MOST_CHANGES = 200
"""Changes of one message that are looked at."""
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Example:
    """A message that changes: its number in the capture, where it stands in its file, and how (values included)."""

    number: int
    file: str
    index: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class PlaceEffect:
    """Changes of one element over all messages: `Patient.name.given` is added in so many, for instance in these."""

    kind: ChangeKind
    path: str
    messages: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MoveEffect:
    """Values of one field that change fate, over all messages."""

    move: FateMove
    values: int
    messages: int
    numbers: tuple[int, ...]


@dataclass
class CaptureEffect:
    """The effect on a capture. Counts, places and numbers of messages; values only in `examples`.

    unreadable  messages no mapping can read; they are in `messages`, too
    refused     (code before, code after) → messages, where one of both refuses; "" where it maps
    """

    messages: int = 0
    changed: int = 0
    unreadable: int = 0
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    _places: dict[tuple[ChangeKind, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    _moves: dict[FateMove, list[int]] = field(default_factory=lambda: defaultdict(list))
    _values: Counter[FateMove] = field(default_factory=Counter)
    _counts: Counter[object] = field(default_factory=Counter)

    def add(self, number: int, effect: MessageEffect | None, where: Callable[[int], tuple[str, int]]) -> None:
        """Count one message; `where` gives its file and its place there."""
        self.messages += 1
        if effect is None:
            self.unreadable += 1
            return
        if effect.refused_before or effect.refused_after:
            self.refused[effect.refused_before, effect.refused_after] += 1
        if not effect.changed:
            return
        self.changed += 1
        if len(self.examples) < EXAMPLES and effect.changes:
            self.examples.append(Example(number, *where(number), effect.changes))
        for place in {(change.kind, _INDEX.sub("", change.path)) for change in effect.changes}:
            self._note(self._places[place], place, number)
        for move, values in (effect.moves or {}).items():
            self._values[move] += values
            self._note(self._moves[move], move, number)

    def places(self) -> tuple[PlaceEffect, ...]:
        """The elements that change, those of most messages first."""
        found = [PlaceEffect(*place, self._counts[place], tuple(some)) for place, some in self._places.items()]
        return tuple(sorted(found, key=lambda place: (-place.messages, place.path, place.kind)))

    def moves(self) -> tuple[MoveEffect, ...]:
        """The values that change fate: what gets worse first, then by how many there are."""
        found = [
            MoveEffect(move, self._values[move], self._counts[move], tuple(some)) for move, some in self._moves.items()
        ]
        return tuple(sorted(found, key=lambda effect: (not effect.move.worse, -effect.values, effect.move)))

    @property
    def newly_refused(self) -> int:
        """Messages that were mapped and would be refused."""
        return sum(count for (before, after), count in self.refused.items() if after and not before)

    @property
    def newly_lost(self) -> int:
        """Values that would be lost and are not now."""
        return sum(count for move, count in self._values.items() if move.after == "lost")

    def _note(self, numbers: list[int], key: object, number: int) -> None:
        self._counts[key] += 1
        if len(numbers) < EXAMPLES:
            numbers.append(number)


@dataclass(frozen=True, slots=True)
class CaseMove:
    """A case of a suite that comes out otherwise: another outcome, other changes or other issues.

    before, after  None where the case is not there
    changes        how many differences from the baseline there are now
    new_issues     issues there are now and were not before
    """

    case: str
    before: Outcome | None
    after: Outcome | None
    changes: int
    new_issues: int = 0

    @property
    def worse(self) -> bool:
        """True when it fails now, and did not, or not for these reasons."""
        fails = (Outcome.FAILED, Outcome.ERROR)
        return self.after in fails and (self.before not in fails or self.new_issues > 0)


@dataclass(frozen=True, slots=True)
class SuiteEffect:
    """A suite run on both: its counts by outcome, and the cases that come out otherwise."""

    suite: str
    before: Mapping[Outcome, int]
    after: Mapping[Outcome, int]
    cases: tuple[CaseMove, ...]


def effect_on_capture(
    capture: Capture, before: Path, after: Path, ctx: JobContext, workers: int | None = None
) -> CaptureEffect:
    """Map every message of a capture with both packages and add up what differs.

    raises  Refused MAP-…: one of the packages is defective; Cancelled
    """
    compiled(before), compiled(after)
    work = partial(_chunk, before, after, package_fingerprint(before), package_fingerprint(after))
    total = CaptureEffect()

    def where(number: int) -> tuple[str, int]:
        return capture.file_of(number), capture.number_in_file(number)

    found = in_batches(work, tasks_of(capture), len(capture), ctx, workers, "comparing", weight=weight_of)
    for number, effect in enumerate(found):
        total.add(number, effect, where)
    return total


def effects_in_memory(
    capture: Capture, before: AnyMapping, after: AnyMapping, numbers: Iterable[int], ctx: JobContext
) -> CaptureEffect:
    """The same for packages that are not on disk, in this process; raises Cancelled."""
    total = CaptureEffect()
    wanted = list(numbers)
    for done, task in enumerate(tasks_of(capture, wanted)):
        ctx.advance(done, len(wanted), "comparing")
        total.add(task.number, _one(before, after, task), lambda n: (capture.file_of(n), capture.number_in_file(n)))
    return total


def effect_on_suite(path: Path, before: Path, after: Path, ctx: JobContext, workers: int = 1) -> SuiteEffect:
    """Run a suite on both packages, whatever package its file names.

    raises  Refused SUI-…, MAP-…: a defective suite, baseline or package; Cancelled
    """
    suite = load_suite(path)
    old, new = (run_suite(replace(suite, mapping=folder), ctx, workers) for folder in (before, after))
    return _suite_effect(old, new)


def effect_on_suite_in_memory(path: Path, before: AnyMapping, after: AnyMapping, ctx: JobContext) -> SuiteEffect:
    """The same for packages that are not on disk, in this process; raises as `effect_on_suite`."""
    suite = load_suite(path)

    def run(mapping: AnyMapping) -> SuiteRun:
        return run_suite(suite, ctx, source=lambda _folder: mapper_of(mapping))

    return _suite_effect(run(before), run(after))


def _suite_effect(old: SuiteRun, new: SuiteRun) -> SuiteEffect:
    cases = {case.id: case for case in old.cases}
    return SuiteEffect(new.suite, old.counts, new.counts, tuple(_moved(cases, new.cases)))


def _moved(before: Mapping[str, CaseResult], after: Sequence[CaseResult]) -> Iterator[CaseMove]:
    for case in after:
        was = before.get(case.id)
        if was is None or (was.outcome, was.changes, was.issues) != (case.outcome, case.changes, case.issues):
            known = was.issues if was is not None else ()
            new_issues = sum(1 for issue in case.issues if issue not in known)
            yield CaseMove(case.id, was.outcome if was else None, case.outcome, len(case.changes), new_issues)
    for gone in before.keys() - {case.id for case in after}:
        yield CaseMove(gone, before[gone].outcome, None, 0)


def _chunk(
    before: Path, after: Path, before_print: str, after_print: str, tasks: Sequence[Task]
) -> list[MessageEffect | None]:
    old, new = _compiled_here(before, before_print), _compiled_here(after, after_print)
    return [_one(old, new, task) for task in tasks]


@lru_cache(maxsize=2)
def _compiled_here(package: Path, _fingerprint: str) -> AnyMapping:
    """Compiled once in each process for each state of the package's files."""
    mapping = compiled(package)
    settle()
    return mapping


def _one(before: AnyMapping, after: AnyMapping, task: Task) -> MessageEffect | None:
    """None when the message cannot be read at all."""
    try:
        message = read_task(task)
    except Refused:
        return None
    effect = message_effect(before, after, message)
    return replace(effect, changes=effect.changes[:MOST_CHANGES])
