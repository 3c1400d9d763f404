"""Run a suite: in this process, or in spawned ones, a chunk of cases at a time.

A worker that dies takes nothing with it but its chunk: that chunk is run again alone and halved until the one case
that kills is found and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path

import workbench
from workbench.kernel.collector import settle
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext
from workbench.kernel.workers import spawned
from workbench.suites.baseline import Accepted, Baseline, accept, load_baseline
from workbench.suites.fingerprint import file_fingerprint, package_fingerprint
from workbench.suites.judge import Verdict, judge
from workbench.suites.mapper import Mapper, MapperSource, package_mapper
from workbench.suites.results import CaseResult, Outcome, SuiteRun
from workbench.suites.results_journal import ResultsJournal
from workbench.suites.suite import Case, Suite, cases

CHUNK = 20
"""Cases between two confirmations: about a quarter of a second of work."""
_AHEAD = 2
"""Chunks waiting for each worker: enough to keep it busy, few enough that little is lost."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Work for one call of a worker."""

    suite: Suite
    fingerprint: str
    source: MapperSource
    work: tuple[tuple[Case, Accepted | None], ...]


def run_suite(
    suite: Suite,
    ctx: JobContext | None = None,
    workers: int = 1,
    journal: Path | None = None,
    source: MapperSource = package_mapper,
) -> SuiteRun:
    """Run every case of a suite.

    workers  processes; 1 runs in this one
    journal  file of confirmed results (`results_journal.journal_of`); an interrupted run of exactly the same suite,
             baseline, mapping and engine is taken up from it. None keeps no journal
    raises   Refused: defective suite, baseline or mapping package; Unavailable: a file cannot be read or written;
             Cancelled: the user stopped it, confirmed results are kept
    """
    ctx = ctx or JobContext()
    baseline = load_baseline(suite.baseline)
    prints = (
        file_fingerprint(suite.file),
        baseline.fingerprint,
        package_fingerprint(suite.mapping),
        workbench.__version__,
    )
    log = ResultsJournal(journal, sha256(" ".join(prints).encode()).hexdigest())
    all_cases = list(cases(suite))
    synthetic = {case.id: case.synthetic for case in all_cases}
    taken = {case.id: log.confirmed[case.id] for case in all_cases if _is_confirmed(case, log.confirmed)}
    work = [(case, baseline.cases.get(case.id)) for case in all_cases if case.id not in taken]
    results: dict[str, CaseResult] = dict(taken)
    ctx.advance(len(results), len(all_cases), suite.id)
    for verdicts in _judged(suite, prints[2], source, work, workers):
        results.update({verdict.result.id: verdict.result for verdict in verdicts})
        log.confirm((verdict.result, synthetic[verdict.result.id]) for verdict in verdicts)
        ctx.advance(len(results), len(all_cases), suite.id)
    log.complete()
    return SuiteRun(
        suite=suite.id,
        title=suite.title,
        mapping=suite.mapping.name,
        mapping_fingerprint=prints[2],
        suite_fingerprint=prints[0],
        baseline_fingerprint=prints[1],
        engine=prints[3],
        cases=tuple(results[case.id] for case in all_cases),
        issues=tuple(_issues_of_run(suite, all_cases, baseline)),
        resumed=len(taken),
    )


def accept_suite(
    suite: Suite,
    only: Iterable[str] | None = None,
    ctx: JobContext | None = None,
    source: MapperSource = package_mapper,
) -> Baseline:
    """Run the mapping and accept what it gives as the suite's baseline.

    only    ids of the cases to accept, None for all; cases without a result keep nothing
    raises  as `run_suite`, and `baseline.accept`
    """
    ctx = ctx or JobContext()
    before = load_baseline(suite.baseline)
    mapper = source(suite.mapping)
    actual: dict[str, Accepted] = {}
    for number, case in enumerate(cases(suite), 1):
        verdict = judge(case, suite, before.cases.get(case.id), mapper)
        if verdict.actual is not None:
            actual[case.id] = verdict.actual
        ctx.advance(number, 0, suite.id)
    return accept(suite.baseline, actual, only)


def _is_confirmed(case: Case, confirmed: Mapping[str, CaseResult]) -> bool:
    return case.id in confirmed and confirmed[case.id].digest == case.digest


def _judged(
    suite: Suite, fingerprint: str, source: MapperSource, work: Sequence[tuple[Case, Accepted | None]], workers: int
) -> Iterator[list[Verdict]]:
    """The verdicts, chunk by chunk as they are ready."""
    pieces = [tuple(work[n : n + CHUNK]) for n in range(0, len(work), CHUNK)]
    chunks = [_Chunk(suite, fingerprint, source, piece) for piece in pieces]
    if workers <= 1 or not chunks:
        yield from map(_run_chunk, chunks)
        return
    unfinished: list[_Chunk] = []
    yield from _in_processes(chunks, workers, unfinished)
    while unfinished:
        chunk = unfinished.pop(0)
        broken: list[_Chunk] = []
        yield from _in_processes([chunk], 1, broken)
        if broken and len(chunk.work) == 1:
            yield [_worker_died(chunk.work[0][0])]
        elif broken:
            half = len(chunk.work) // 2
            pieces = [chunk.work[:half], chunk.work[half:]]
            unfinished = [_Chunk(suite, fingerprint, source, piece) for piece in pieces] + unfinished


def _in_processes(chunks: Sequence[_Chunk], workers: int, unfinished: list[_Chunk]) -> Iterator[list[Verdict]]:
    """Run chunks in spawned processes, few ahead; those a dying worker left go to `unfinished`."""
    waiting = iter(chunks)
    running: dict[Future[list[Verdict]], _Chunk] = {}
    pool = spawned(min(workers, len(chunks)))
    try:
        while True:
            try:
                for chunk in islice(waiting, workers * _AHEAD - len(running)):
                    running[pool.submit(_run_chunk, chunk)] = chunk
            except BrokenProcessPool:
                unfinished += [chunk, *waiting]
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                chunk = running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    unfinished.append(chunk)
                else:
                    yield future.result()
            if unfinished:
                unfinished += [*running.values(), *waiting]
                return
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _run_chunk(chunk: _Chunk) -> list[Verdict]:
    mapper = _mapper(chunk.source, chunk.suite.mapping, chunk.fingerprint)
    return [judge(case, chunk.suite, expected, mapper) for case, expected in chunk.work]


@lru_cache(maxsize=4)
def _mapper(source: MapperSource, folder: Path, _fingerprint: str) -> Mapper:
    """Compiled once in each process for each state of the package."""
    mapper = source(folder)
    settle()
    return mapper


def _worker_died(case: Case) -> Verdict:
    text = "The worker process died on this case, each time it was run"
    issue = Issue(Severity.FATAL, IssueType.PROCESSING, "SUI-0301", Location(), text)
    return Verdict(CaseResult(case.id, Outcome.ERROR, case.digest, issues=(issue,)), None)


def _issues_of_run(suite: Suite, all_cases: Sequence[Case], baseline: Baseline) -> Iterator[Issue]:
    ids = [case.id for case in all_cases]
    for each in suite.assertions:
        if not any(each.applies_to(case_id) for case_id in ids):
            text = "{place}: the expectation applies to no case; no id matches “{cases}”"
            args = {"place": each.place, "cases": each.cases}
            yield Issue(Severity.ERROR, IssueType.NOT_FOUND, "SUI-0110", Location(each.at), text, args)
    for gone in sorted(set(baseline.cases) - set(ids)):
        text = "The case {case} was accepted and is no longer in the suite; accept the suite again if that is meant"
        yield Issue(Severity.ERROR, IssueType.NOT_FOUND, "SUI-0111", Location(), text, {"case": gone})
