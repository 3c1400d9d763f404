"""Mapping messages: one for the window, a whole capture in worker processes, and the account of what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import msgspec

from workbench.app.batch import Task, in_batches, tasks_of, weight_of
from workbench.app.defects import defect_issue
from workbench.app.documents import read_task, unreadable
from workbench.app.originals import originals_of, spare
from workbench.fhir.json_tree import dumps
from workbench.kernel.atomic_file import atomic_stream, write_atomically
from workbench.kernel.collector import settle
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext
from workbench.kernel.waiting import waited
from workbench.mapping.directed import AnyMapping, AnyTraced, compile_any
from workbench.mapping.directions.result import TracedDocument
from workbench.mapping.engine.compile import CompiledMapping
from workbench.mapping.engine.ledger import CaptureLedger, aggregate
from workbench.mapping.engine.trace import TraceEntry
from workbench.mapping.load import load_package
from workbench.messages.capture import Capture
from workbench.suites.fingerprint import package_fingerprint
from workbench.v2.er7 import Message


@dataclass(frozen=True, slots=True)
class Mapped:
    """What became of one message.

    documents  canonical JSON of the Bundle or resource, or the messages in ER7; () when it could not be mapped
    ledger  how many of its values ended in which fate, by field; None when the message could not be mapped
    trace   where each target value came from, () unless asked for
    """

    number: int
    documents: tuple[bytes, ...]
    ledger: CaptureLedger | None
    issues: tuple[Issue, ...]
    trace: tuple[TraceEntry, ...] = ()
    is_v2: bool = False


def compiled(folder: Path) -> AnyMapping:
    """The compiled mapping of a package folder; raises Refused MAP-… when it is defective."""
    return compile_any(load_package(folder))


def map_capture(
    capture: Capture, package: Path, ctx: JobContext, *, keep_trace: bool = False, workers: int | None = None
) -> Iterator[Mapped]:
    """Map every message of a capture, in order. A message that cannot be mapped is a finding like any other.

    raises  Refused MAP-…: the package is defective; Cancelled
    """
    waited(partial(compiled, package), ctx)  # a defective package is refused before any worker starts
    work = partial(_map_chunk, package, package_fingerprint(package), keep_trace)
    tasks = tasks_of(capture)
    for mapped in in_batches(work, tasks, len(capture), ctx, workers, "mapping", weight=weight_of):
        file, index = capture.file_of(mapped.number), capture.number_in_file(mapped.number)
        issues = tuple(issue.within(file, index) for issue in mapped.issues)
        yield replace(mapped, issues=issues)


class BundleWriter:
    """Writes results where `--out` says: a folder gets a file for each, `.ndjson` a line, `.hl7` all messages.

    The folder's files are `<input file stem>.json` or `.hl7`, and `-2`, `-3` … when a file holds several messages or
    becomes several. Traces go to `trace.ndjson` in the folder, or beside the one file. A context manager:
    files of many lines appear whole when it ends, or not at all. Refused APP-0009: a file of the capture would be
    replaced.
    """

    def __init__(self, out: Path, capture: Capture, keep_trace: bool = False) -> None:
        self._out = out
        self._capture = capture
        self._keep_trace = keep_trace
        self._open = ExitStack()
        self._lines: BinaryIO | None = None
        self._traces: BinaryIO | None = None
        self._taken: set[str] = set()
        self._written: dict[str, int] = {}
        self._originals = originals_of(capture)

    def __enter__(self) -> BundleWriter:
        one_file = self._out.suffix in (".ndjson", ".hl7")
        with ExitStack() as stack:
            if one_file:
                spare(self._originals, self._out)
                self._lines = stack.enter_context(atomic_stream(self._out))
            if self._keep_trace:
                traces = self._out.with_suffix(".trace.ndjson") if one_file else self._out / "trace.ndjson"
                spare(self._originals, traces)
                self._traces = stack.enter_context(atomic_stream(traces))
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def write(self, mapped: Mapped) -> None:
        """Take one result; those without a Bundle leave no file."""
        if not mapped.documents:
            return
        end = b"" if mapped.is_v2 else b"\n"
        for document in mapped.documents:
            if self._lines:
                self._lines.write(document + end)
            else:
                target = self._out / self._name(mapped)
                spare(self._originals, target)
                write_atomically(target, document + end)
        if self._traces:
            self._traces.write(msgspec.json.encode(trace_json(mapped)) + b"\n")

    def _name(self, mapped: Mapped) -> str:
        file = self._capture.file_of(mapped.number)
        stem, place = Path(file).stem, self._capture.number_in_file(mapped.number) + 1
        if mapped.is_v2:  # one document may become several messages, or none
            place = self._written[file] = self._written.get(file, 0) + 1
        name = stem if place == 1 else f"{stem}-{place}"
        candidate, again = name, 2
        while candidate in self._taken:  # two folders may hold files of one name
            candidate, again = f"{name}~{again}", again + 1
        self._taken.add(candidate)
        return f"{candidate}.hl7" if mapped.is_v2 else f"{candidate}.json"


def trace_json(mapped: Mapped) -> Mapping[str, Any]:
    """The trace of one message as plain JSON: rule, source places and target for each value, and no values."""
    return {
        "message": mapped.number,
        "trace": [
            {
                "map": entry.map_id,
                "rule": entry.rule_id,
                "source": [_place_json(place) for place in entry.source],
                "target": entry.target,
                "outcome": entry.outcome,
                "note": entry.note,
            }
            for entry in mapped.trace
        ],
    }


def _place_json(place: Location) -> Mapping[str, Any]:
    start, end = place.span or (None, None)
    return {"path": place.path, "start": start, "end": end}


def _map_chunk(package: Path, fingerprint: str, keep_trace: bool, tasks: Sequence[Task]) -> list[Mapped]:
    mapping = _compiled_here(package, fingerprint)
    return [_map_one(mapping, keep_trace, task) for task in tasks]


@lru_cache(maxsize=1)
def _compiled_here(package: Path, _fingerprint: str) -> AnyMapping:
    """Compiled once in each process for each state of the package's files."""
    mapping = compiled(package)
    settle()
    return mapping


def _map_one(mapping: AnyMapping, keep_trace: bool, task: Task) -> Mapped:
    try:
        message = read_task(task)
        if isinstance(mapping, CompiledMapping):
            if not isinstance(message, Message):
                return Mapped(task.number, (), None, (_not_v2(),))
            result: AnyTraced = mapping.trace(message)
        else:
            result = mapping.trace(message)
        ledger = result.ledger
        ledger.check()
    except Refused as refusal:
        return Mapped(task.number, (), None, (unreadable(refusal, task.raw),))
    except Exception as defect:  # noqa: BLE001 - one message must not cost the others their result
        return Mapped(task.number, (), None, (defect_issue(defect),))
    documents = result.documents if isinstance(result, TracedDocument) else (dumps(result.bundle),)
    return Mapped(
        number=task.number,
        documents=documents,
        ledger=aggregate([ledger]),
        issues=result.issues,
        trace=result.trace if keep_trace else (),
        is_v2=isinstance(result, TracedDocument) and bool(result.texts),
    )


def _not_v2() -> Issue:
    return Issue(
        Severity.ERROR,
        IssueType.NOT_SUPPORTED,
        "APP-0004",
        Location(),
        "this mapping reads HL7 v2 messages, and this is FHIR",
    )
