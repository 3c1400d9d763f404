"""Running the examples of a mapping package, and finding the rules that have none."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import workbench
from workbench.fhir.json_tree import dumps
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext
from workbench.kernel.workers import spawned
from workbench.mapping.load import load_package
from workbench.mapping.model import Package
from workbench.mapping.overlay import effective
from workbench.suites.examples.example import Example, ExampleFile, example_files, load_examples
from workbench.suites.examples.trial import Effect, Trial
from workbench.suites.fingerprint import EXAMPLES_FOLDER, file_fingerprint, package_fingerprint
from workbench.suites.results import CaseResult, Outcome, SuiteRun
from workbench.suites.semantic_diff import Change, ChangeKind


def run_examples(package: Path, ctx: JobContext | None = None, workers: int = 1) -> SuiteRun:
    """Try every example of a package; the rules of its own files that no example is about fail as one case a map.

    workers  processes; 1 runs in this one
    raises   Refused MAP-…: the package or a file of examples is defective; Cancelled
    """
    ctx = ctx or JobContext()
    files = list(example_files(package))
    fingerprint = package_fingerprint(package)
    jobs = [(package, fingerprint, path) for path in files]
    results: list[CaseResult] = []
    for number, found in enumerate(_in_order(jobs, workers), 1):
        results += found
        ctx.advance(number, len(jobs), EXAMPLES_FOLDER)
    results += _without_file(package, {path.stem for path in files})
    digest = sha256("".join(file_fingerprint(path) for path in files).encode()).hexdigest()
    return SuiteRun(
        suite=EXAMPLES_FOLDER,
        title="Examples of single rules",
        mapping=package.name,
        mapping_fingerprint=fingerprint,
        suite_fingerprint=digest,
        baseline_fingerprint=digest,
        engine=workbench.__version__,
        cases=tuple(results),
    )


def own_rules(package: Package, name: str) -> tuple[str, ...]:
    """The ids of the rules or rows of a map that stand in the package's own files, not in those of its base."""
    if name in package.messages:
        return tuple(row.id for row in package.messages[name].rows if row.enabled and not row.remove)
    rule_map = package.rule_map(name)
    return tuple(rule.id for rule in rule_map.walk() if rule.enabled and not rule.remove) if rule_map else ()


def _in_order(jobs: Sequence[tuple[Path, str, Path]], workers: int) -> Iterator[list[CaseResult]]:
    if workers <= 1 or len(jobs) < 2:
        yield from map(_judged, jobs)
        return
    with spawned(workers) as pool:
        yield from pool.map(_judged, jobs, chunksize=4)


@lru_cache(maxsize=2)
def _package(folder: Path, _fingerprint: str) -> tuple[Package, Package]:
    """As its files say, and laid over its base; read once in each process for each state of the files."""
    own = load_package(folder)
    return own, effective(own)


def _judged(job: tuple[Path, str, Path]) -> list[CaseResult]:
    folder, fingerprint, path = job
    own, whole = _package(folder, fingerprint)
    examples = load_examples(path)
    trial = Trial(whole, examples)
    results = [_judge(examples, example, trial) for example in examples.examples]
    shown = {example.rule for example in examples.examples}
    missing = [rule for rule in own_rules(own, examples.map) if rule in trial.rules() and rule not in shown]
    if missing:
        results.append(_no_example(examples.map, missing))
    return results


def _judge(examples: ExampleFile, example: Example, trial: Trial) -> CaseResult:
    begun = time.perf_counter()
    case = f"{examples.map}/{example.name}"
    if example.rule not in trial.rules():
        text = "{place}: the map has no rule {rule}, or it is switched off"
        return _failed(case, example, "SUI-0121", text, {"place": str(example.place), "rule": example.rule})
    try:
        effect = trial.effect(example.rule, example.input)
    except Refused as refusal:
        text = "{place}: the example was refused: {text}"
        args = {"place": str(example.place), "text": refusal.text}
        return _failed(case, example, refusal.code, text, args, Outcome.ERROR)
    if not effect:
        text = "{place}: the result is the same without the rule; give an input on which it does something"
        return _failed(case, example, "SUI-0122", text, {"place": str(example.place)})
    changes = tuple(_differences(example.gives, effect))
    outcome = Outcome.CHANGED if changes else Outcome.PASSED
    spent = round((time.perf_counter() - begun) * 1000, 3)
    return CaseResult(case, outcome, example.digest, changes, milliseconds=spent)


def _differences(expected: Effect | None, actual: Effect) -> Iterator[Change]:
    if expected is None:
        yield Change(ChangeKind.ADDED, "(gives)", None, "nothing was accepted for this example yet")
        return
    for path in [*expected, *(path for path in actual if path not in expected)]:
        if path not in actual:
            yield Change(ChangeKind.REMOVED, path, expected[path])
        elif path not in expected:
            yield Change(ChangeKind.ADDED, path, None, actual[path])
        elif dumps(expected[path]) != dumps(actual[path]):
            yield Change(ChangeKind.CHANGED, path, expected[path], actual[path])


def _failed(
    case: str, example: Example, rule: str, text: str, args: dict[str, str], outcome: Outcome = Outcome.FAILED
) -> CaseResult:
    issue = Issue(Severity.ERROR, IssueType.BUSINESS_RULE, rule, Location(), text, args)
    return CaseResult(case, outcome, example.digest, issues=(issue,))


def _without_file(package: Path, there: set[str]) -> Iterator[CaseResult]:
    """The maps whose rules have no file of examples at all."""
    own = load_package(package)
    names = [*own.messages, *(rule_map.name for rule_map in own.rule_maps())]
    for name in names:
        if name not in there and (rules := own_rules(own, name)):
            yield _no_example(name, rules)


def _no_example(name: str, rules: Sequence[str]) -> CaseResult:
    text = "{count} rules of {map} have no example: {rules}"
    args = {"count": str(len(rules)), "map": name, "rules": ", ".join(rules)}
    issue = Issue(Severity.ERROR, IssueType.NOT_FOUND, "SUI-0120", Location(), text, args)
    digest = sha256(name.encode()).hexdigest()
    return CaseResult(f"{name}/(rules without an example)", Outcome.FAILED, digest, issues=(issue,))
