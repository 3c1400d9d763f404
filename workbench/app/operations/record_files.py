"""A record in files: read, changed by messages in memory, and written when a person has seen what they do to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from workbench.app.operations.fhir_server import mapping_to_fhir
from workbench.app.operations.sync import plan_message, record_of
from workbench.app.tables import Column, Table
from workbench.fhir.json_tree import dumps
from workbench.kernel.atomic_file import atomic_stream
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.kernel.waiting import waited
from workbench.messages.buffers import FileOnDisk
from workbench.messages.capture import Capture, open_capture
from workbench.messages.parts import Unseal
from workbench.records.updates.plan import Act, Change, UpdatePlan, policy_of
from workbench.records.updates.record import Record, Resource

_REFUSED = "The package refuses this message; its findings say why."


@dataclass(frozen=True, slots=True)
class ElementChange:
    """One element before and after, as `plain` says it; "" where it is not there. The texts are a patient's."""

    place: str
    element: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What one message does to a record.

    number    its place in the capture
    what      its type: `ADT^A08`, or the resource type
    writes    true when the record changes
    changes   a line for each resource
    findings  what was left out and why
    values    the elements of resources that were there already
    problem   why nothing of the message is written, "" when something may be
    """

    number: int
    what: str
    writes: bool = False
    changes: tuple[Change, ...] = ()
    findings: tuple[Issue, ...] = ()
    values: tuple[ElementChange, ...] = ()
    problem: str = ""

    @property
    def left_out(self) -> int:
        """How many changes were left out, wholly or in part."""
        return sum(bool(change.rule) for change in self.changes)


@dataclass(frozen=True, slots=True)
class RecordFiles:
    """A record in memory and the files it was read from, as they were then.

    before  how many resources of each type the files hold
    """

    record: Record
    files: tuple[FileOnDisk, ...]
    before: Mapping[str, int]


def read_record(paths: Sequence[Path], ctx: JobContext, unseal: Unseal | None = None) -> RecordFiles:
    """Read files and folders of resources, or Bundles of them; an empty record without any.

    raises  Refused UPD-0801, and what `open_capture` raises
    """
    files = _on_disk(paths)
    record = record_of([open_capture(paths, ctx, unseal=unseal)], ctx) if paths else Record()
    return RecordFiles(record, files, _by_type(record))


def plan_for_record(
    capture: Capture, record: Record, ctx: JobContext, package: Path, numbers: Sequence[int]
) -> Iterator[Planned]:
    """Apply messages to a record in memory, in the order of the capture, and tell what each of them did.

    raises  as `sync`
    """
    mapping = waited(partial(mapping_to_fhir, package), ctx)
    policy = policy_of(mapping.package)
    for done, number in enumerate(sorted(numbers), 1):
        ctx.check()
        synced = waited(partial(plan_message, capture, number, mapping, policy, record), ctx)
        plan = synced.plan
        if plan is None:
            yield Planned(number, synced.what, problem=synced.problem)
        elif plan.refused:
            yield Planned(number, synced.what, False, plan.changes, plan.findings, problem=_REFUSED)
        else:
            yield Planned(number, synced.what, plan.writes, plan.changes, plan.findings, _applied(plan, record))
        ctx.advance(done, len(numbers), "applying")


def _applied(plan: UpdatePlan, record: Record) -> tuple[ElementChange, ...]:
    """Apply a plan to the record; the elements that it changed."""
    changed = [change for change in plan.changes if change.act in (Act.UPDATE, Act.END) and change.place]
    before = {change.place: _resource(record, change.place) for change in changed}
    if plan.writes:
        record.apply(plan.transaction)
    found = []
    for change in changed:
        old, new = before[change.place], _resource(record, change.place)
        found += [
            ElementChange(change.place, name, plain(old.get(name)), plain(new.get(name))) for name in change.elements
        ]
    return tuple(found)


def _resource(record: Record, place: str) -> Resource:
    kind, _, identity = place.partition("/")
    return record.read(kind, identity) or {}


def plain(value: object) -> str:
    """The values of an element in their order, without names and braces; `Roe Jane | Poe Jane` for a list."""
    if isinstance(value, dict):
        url = str(value["url"]).rpartition("/")[2] if "url" in value else ""
        inside = " ".join(filter(None, (plain(each) for key, each in value.items() if key != "url")))
        return f"{url}: {inside}" if url else inside
    if isinstance(value, list):
        return (
            " | ".join(map(plain, value))
            if any(isinstance(each, dict) for each in value)
            else " ".join(map(plain, value))
        )
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def write_record(of: RecordFiles, out: Path, ctx: JobContext) -> int:
    """Write the record, a resource on each line, whole or not at all; how many there are.

    raises  Refused UPD-0803: a file it was read from is another by now
            Unavailable KRN-0002: the folder cannot be written; Cancelled
    """
    for file in of.files:
        path = Path(file.path)
        if not path.exists() or FileOnDisk.of(path) != file:
            raise Refused(
                "UPD-0803",
                f"{path.name} was changed since the plan was worked out; nothing was written.",
                "Show the plan anew.",
            )
    resources = list(of.record.resources())
    with atomic_stream(out) as stream:
        for done, resource in enumerate(resources, 1):
            stream.write(dumps(resource) + b"\n")
            ctx.advance(done, len(resources), "writing the record")
    return len(resources)


def _on_disk(paths: Sequence[Path]) -> tuple[FileOnDisk, ...]:
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    return tuple(FileOnDisk.of(file) for file in files if not file.is_dir())


def _by_type(record: Record) -> Counter[str]:
    return Counter(str(resource["resourceType"]) for resource in record.resources())


@dataclass(frozen=True, slots=True)
class TypeCount:
    """The resources of one type before and after, and what was done to them; one may be changed by many messages."""

    kind: str
    before: int
    after: int
    acts: Mapping[Act, int]


def count_types(of: RecordFiles, planned: Sequence[Planned]) -> tuple[TypeCount, ...]:
    """What becomes of each type of resource, by name."""
    acts: dict[str, Counter[Act]] = {}
    for each in planned:
        for change in each.changes if not each.problem else ():
            acts.setdefault(change.kind, Counter())[change.act] += 1
    after = _by_type(of.record)
    kinds = sorted({*of.before, *after, *acts})
    return tuple(TypeCount(kind, of.before.get(kind, 0), after[kind], acts.get(kind, Counter())) for kind in kinds)


def tables_of(planned: Sequence[Planned]) -> tuple[Table, Table]:
    """The account of an update: its changes, and its findings. Neither holds values of patients."""
    changes = tuple(
        (
            each.number + 1,
            each.what,
            change.act.value,
            change.kind,
            change.place,
            ", ".join(change.elements),
            change.rule,
        )
        for each in planned
        for change in each.changes
    )
    findings = tuple(
        (each.number + 1, each.what, issue.severity.value, issue.rule, issue.location.path, issue.masked_text)
        for each in planned
        for issue in each.findings
    )
    problems = tuple((each.number + 1, each.what, "error", "", "", each.problem) for each in planned if each.problem)
    return (
        Table("Changes", _columns("Message Type What Resource Place Elements Why"), changes),
        Table("Findings", _columns("Message Type Severity Rule Place Text"), findings + problems),
    )


def _columns(names: str) -> tuple[Column, ...]:
    return tuple(map(Column, names.split()))
