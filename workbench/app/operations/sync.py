"""Messages applied to a record: one in a file, or that of a FHIR server, with an account of what was not applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from workbench.app.documents import Document, document_at
from workbench.app.operations.fhir_server import (
    BUNDLE_REQUESTS,
    Posted,
    check_production,
    locations_of,
    mapping_to_fhir,
    resources_of,
)
from workbench.exchange.fhir_answers import RequestRefused
from workbench.exchange.fhir_record import ServerRecord
from workbench.exchange.fhir_rest import FhirClient
from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.kernel.atomic_file import atomic_stream
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.kernel.waiting import waited
from workbench.mapping.engine.compile import CompiledMapping
from workbench.messages.capture import Capture
from workbench.records.updates.disorder import Trial, disordered, orders_of
from workbench.records.updates.plan import Change, Policy, UpdatePlan, policy_of
from workbench.records.updates.planning import plan_update
from workbench.records.updates.record import Present, Record, Resource
from workbench.records.updates.said import Said, said_by, said_by_bundle
from workbench.v2.er7 import Message

_META_TIME = "lastUpdated"
_CHANGED_MEANWHILE = "EXC-0112"


@dataclass(frozen=True, slots=True)
class Synced:
    """What one message did, or would do, to a record.

    number   its place in the capture
    what     its type: `ADT^A08`, or the resource type
    plan     None when the message could not be read or mapped
    problem  why not, or why it was not written; "" when all went well
    """

    number: int
    what: str
    plan: UpdatePlan | None = None
    problem: str = ""

    @property
    def whole(self) -> bool:
        """True when nothing of the message was left out."""
        return self.plan is not None and not self.problem and self.plan.is_whole

    @property
    def findings(self) -> tuple[Issue, ...]:
        return self.plan.findings if self.plan is not None else ()


def record_of(captures: Iterable[Capture], ctx: JobContext | None = None) -> Record:
    """The record that FHIR files hold: resources, or Bundles of them.

    raises  Refused UPD-0801: a message in them is no FHIR, or has no type and id; Cancelled
    """
    record, ctx = [], ctx or JobContext()
    for capture in captures:
        for number in range(len(capture)):
            ctx.advance(number, len(capture), "reading the record")
            document = document_at(capture, number)
            resources = resources_of([document]) if isinstance(document, FhirDocument) else [{}]
            for resource in resources:
                if not resource.get("resourceType") or not resource.get("id"):
                    raise Refused(
                        "UPD-0801",
                        f"{capture.file_of(number)} is no record: a message in it has no resource type and id.",
                        "Give FHIR resources with their ids, one a line, or a Bundle of them.",
                    )
                record.append(dict(resource))
    return Record(record)


def sync(
    capture: Capture, record: Record, ctx: JobContext, package: Path, numbers: Sequence[int] | None = None
) -> Iterator[Synced]:
    """Apply messages of a capture to a record, in order; one that cannot be applied does not stop the others.

    raises  Refused MAP-…, EXC-0121: the package is defective, or makes no FHIR; Cancelled
    """
    mapping = waited(partial(mapping_to_fhir, package), ctx)
    policy = policy_of(mapping.package)
    chosen = range(len(capture)) if numbers is None else numbers
    for done, number in enumerate(chosen, 1):
        ctx.check()
        synced = waited(partial(plan_message, capture, number, mapping, policy, record), ctx)
        if synced.plan is not None and synced.plan.writes:
            record.apply(synced.plan.transaction)
        yield synced
        ctx.advance(done, len(chosen), "applying")


def try_orders(
    capture: Capture,
    record: Record,
    ctx: JobContext,
    package: Path,
    numbers: Sequence[int] | None = None,
    shuffles: int = 10,
) -> Iterator[Trial]:
    """Apply the messages also twice, late and shuffled, and tell where the record would be another unnoticed.

    raises  as `sync`; a message that cannot be read or mapped is left out
    """
    mapping = waited(partial(mapping_to_fhir, package), ctx)
    said = []
    for number in range(len(capture)) if numbers is None else numbers:
        ctx.check()
        try:
            said.append(_said(document_at(capture, number), mapping))
        except Refused:
            continue
    orders = list(orders_of(len(said), shuffles))
    trials = disordered(said, policy_of(mapping.package), orders, tuple(record.resources()))
    for done, trial in enumerate(trials, 1):
        yield trial
        ctx.advance(done, len(orders), "trying orders")


def plan_for_server(
    capture: Capture,
    client: FhirClient,
    ctx: JobContext,
    package: Path,
    numbers: Sequence[int] | None = None,
    allow_production: bool = False,
) -> Iterator[Synced]:
    """What messages would do to the record of a server, each after those before it. The server is only asked.

    raises  as `fhir_server.post_messages`
    """
    mapping = waited(partial(mapping_to_fhir, package), ctx)
    policy = policy_of(mapping.package)
    record = Record(behind=ServerRecord(client, ctx))
    chosen = range(len(capture)) if numbers is None else numbers
    for done, number in enumerate(chosen, 1):
        ctx.check()
        synced = plan_message(capture, number, mapping, policy, record, allow_production)
        if synced.plan is not None and synced.plan.writes:
            record.apply(synced.plan.transaction)
        yield synced
        ctx.advance(done, len(chosen), "planning")


def post_updates(
    capture: Capture,
    client: FhirClient,
    ctx: JobContext,
    package: Path,
    numbers: Sequence[int] | None = None,
    allow_production: bool = False,
    expected: Mapping[int, UpdatePlan] | None = None,
) -> Iterator[Posted]:
    """Change the record of a server by messages, each worked out against the record as it is at that moment.

    What somebody else changed between looking and writing is refused by the server and not tried again.

    expected  plans that a person has seen; a message whose plan is another by now is not sent
    raises    as `fhir_server.post_messages`
    """
    mapping = waited(partial(mapping_to_fhir, package), ctx)
    policy = policy_of(mapping.package)
    record = ServerRecord(client, ctx)
    chosen = range(len(capture)) if numbers is None else numbers
    for done, number in enumerate(chosen, 1):
        ctx.check()
        synced = plan_message(capture, number, mapping, policy, record, allow_production)
        seen = None if expected is None else expected.get(number)
        if seen is not None and synced.plan is not None and _intent(seen) != _intent(synced.plan):
            yield Posted(number, synced.what, 0, issues=synced.findings, problem=_OTHER_PLAN, plan=synced.plan)
        else:
            yield _sent(synced, client, ctx)
        ctx.advance(done, len(chosen), "posting")


_OTHER_PLAN = "Somebody else has changed the record since the plan was shown; nothing was sent. Look at the plan anew."


def _sent(synced: Synced, client: FhirClient, ctx: JobContext) -> Posted:
    plan = synced.plan
    if plan is None or plan.refused or not plan.writes:
        problem = synced.problem or (_REFUSED if plan is not None and plan.refused else "")
        return Posted(synced.number, synced.what, 0, issues=synced.findings, problem=problem, plan=plan)
    try:
        answer = client.transaction(plan.transaction, ctx)
    except RequestRefused as refusal:
        issues = (*synced.findings, *refusal.issues)
        problem = str(refusal) if refusal.code != _CHANGED_MEANWHILE else _MEANWHILE
        return Posted(synced.number, synced.what, refusal.status, issues=issues, problem=problem, plan=plan)
    issues = (*synced.findings, *answer.issues)
    return Posted(
        synced.number, synced.what, answer.status, tuple(locations_of(answer)), issues, "", answer.document, plan
    )


_REFUSED = "The package refuses this message; its findings say why. Nothing was sent."
_MEANWHILE = "Somebody else has changed the record meanwhile; the server wrote nothing. Look at the plan anew."


def _intent(plan: UpdatePlan) -> list[tuple[str, str, tuple[str, ...]]]:
    """What a plan does, less the places: what is new gets its id from the server."""
    return [(change.act, change.kind, change.elements) for change in plan.changes]


def plan_message(
    capture: Capture,
    number: int,
    mapping: CompiledMapping,
    policy: Policy,
    record: Present,
    allow_production: bool = True,
) -> Synced:
    """What one message does to a record, which is only asked.

    raises  Refused EXC-0002: the message is marked for production, and that is not allowed
    """
    try:
        document = document_at(capture, number)
        check_production(document, number, allow_production)
        what = _kind(document)
        said = _said(document, mapping)
    except Refused as refusal:
        if refusal.code == "EXC-0002":
            raise
        return Synced(number, "", problem=str(refusal))
    try:
        return Synced(number, what, plan_update(said, record, policy))
    except RequestRefused as refusal:
        return Synced(number, what, problem=str(refusal))


def _kind(document: Document) -> str:
    """`ADT^A08`, or the resource type."""
    if isinstance(document, Message):
        return f"{document.message_code}^{document.trigger_event}"
    return document.resource_type


def _said(document: Document, mapping: CompiledMapping) -> Said:
    """What a message says; raises Refused MAP-…, UPD-0802."""
    if isinstance(document, Message):
        return said_by(document, mapping.trace(document), mapping.package)
    return _said_by_fhir(document)


def _said_by_fhir(document: FhirDocument) -> Said:
    """A transaction as it is; any other resource as the change that puts it into the record.

    raises  Refused UPD-0802: a Bundle of another kind
    """
    value = document.value
    if document.resource_type == "Bundle":
        if value.get("type") not in BUNDLE_REQUESTS:
            raise Refused("UPD-0802", "This Bundle is no transaction.", "Give transactions, or single resources.")
        return said_by_bundle(value)
    meta, identity = value.get("meta"), value.get("id")
    told = meta if isinstance(meta, dict) else {}
    url = f"{document.resource_type}/{identity}" if identity else document.resource_type
    request: Resource = {"method": "PUT" if identity else "POST", "url": url}
    entry: Resource = {"fullUrl": "urn:uuid:" + str(identity or "new"), "resource": value, "request": request}
    bundle: Resource = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    return Said(bundle, sender=str(told.get("source", "")), time=str(told.get(_META_TIME, "")))


class SyncFiles:
    """What `sync` leaves in a folder: the record, the transactions, the changes and the findings, each a line.

    A context manager: all files appear whole when it ends, or none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._streams: dict[str, BinaryIO] = {}

    def __enter__(self) -> SyncFiles:
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for name in ("record", "transactions", "changes", "findings"):
                self._streams[name] = stack.enter_context(atomic_stream(self._folder / f"{name}.ndjson"))
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def write(self, synced: Synced) -> None:
        """Take what one message did."""
        if synced.plan is None:
            return
        if synced.plan.writes:
            self._line("transactions", synced.plan.transaction)
        for change in synced.plan.changes:
            self._line("changes", change_row(synced.number, change))
        for issue in synced.findings:
            self._line("findings", finding_row(synced.number, issue))

    def write_record(self, record: Record) -> None:
        """Take the record as it is now."""
        for resource in record.resources():
            self._line("record", resource)

    def _line(self, name: str, value: Mapping[str, object]) -> None:
        self._streams[name].write(dumps(value) + b"\n")


def change_row(number: int, change: Change) -> Mapping[str, object]:
    """A change as plain JSON, without values."""
    row = {
        "message": number,
        "act": change.act.value,
        "kind": change.kind,
        "place": change.place,
        "elements": list(change.elements),
        "rule": change.rule,
    }
    return {key: value for key, value in row.items() if value not in ("", [])}


def finding_row(number: int, issue: Issue) -> Mapping[str, object]:
    """A finding as plain JSON."""
    return {
        "message": number,
        "severity": issue.severity.value,
        "rule": issue.rule,
        "place": issue.location.path,
        "text": issue.masked_text,
    }
