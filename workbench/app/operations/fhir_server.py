"""Reading from a FHIR server and posting to it: resources as they are, v2 messages as the Bundles they map to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote_plus

from workbench.app.documents import Document, document_at
from workbench.app.operations.mapping import compiled
from workbench.exchange.fhir_answers import RequestRefused, Response
from workbench.exchange.fhir_rest import FhirClient
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, blocks
from workbench.kernel.progress import JobContext
from workbench.kernel.waiting import waited
from workbench.mapping.engine.compile import CompiledMapping
from workbench.messages.capture import Capture
from workbench.records.updates.plan import UpdatePlan
from workbench.v2.er7 import Message

BUNDLE_REQUESTS = ("transaction", "batch")
_PRODUCTION = "P"


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of one message on the server.

    number     its place in the capture
    what       resource type, for a Bundle its type as well
    status     of HTTP; 0 when nothing was sent
    locations  where the server put what it was given, as it says so
    issues     what it remarks or refuses; they may hold patient data
    problem    why it was not taken, "" when it was
    document   the body of the answer
    plan       what was to be changed, when it was worked out against the record of the server
    """

    number: int
    what: str
    status: int
    locations: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()
    problem: str = ""
    document: FhirDocument | None = None
    plan: UpdatePlan | None = None

    @property
    def taken(self) -> bool:
        return not self.problem and not any(map(blocks, self.issues))


def search_parameters(text: str) -> dict[str, list[str]]:
    """`family=Roe&birthdate=ge2000`, also one parameter a line; a name that comes again must hold as well.

    raises  Refused EXC-0117: a part has no name
    """
    found: dict[str, list[str]] = {}
    for part in "&".join(text.split("\n")).split("&"):
        name, sign, value = part.strip().partition("=")
        if part.strip() and not (name and sign):
            raise Refused("EXC-0117", "A search parameter has no name.", "Write them like family=Roe&birthdate=ge2000.")
        if name:
            found.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return found


def place_of(text: str) -> tuple[str, str, str]:
    """Type, id and version of `Patient/p1` or `Patient/p1/_history/2`; raises Refused EXC-0109."""
    parts = text.strip().strip("/").split("/")
    if len(parts) == 2 or (len(parts) == 4 and parts[2] == "_history"):
        return parts[0], parts[1], parts[3] if len(parts) == 4 else ""
    raise Refused("EXC-0109", "This names no resource.", "Write type and id, such as Patient/p1.")


def resources_of(pages: Iterable[FhirDocument]) -> Iterator[Mapping[str, object]]:
    """The resources in search results; a document that is no Bundle is one itself."""
    for page in pages:
        if page.resource_type != "Bundle":
            yield page.value
            continue
        entries = page.value.get("entry")
        for entry in entries if isinstance(entries, list) else ():
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(resource, dict):
                yield resource


def post_messages(
    capture: Capture,
    client: FhirClient,
    ctx: JobContext,
    numbers: Sequence[int] | None = None,
    package: Path | None = None,
    allow_production: bool = False,
) -> Iterator[Posted]:
    """Post messages of a capture, one request each, in order; what one costs does not stop the others.

    FHIR goes as it is: Bundles that are transactions or batches to the base, all else to its type. v2 messages go as
    the transaction their mapping makes.

    package           folder of the mapping; None refuses v2 messages
    allow_production  True when messages with MSH-11 = P may be posted
    raises            Refused MAP-…: the package is defective; EXC-0002: a message is for production and that was not
                      allowed; Unavailable and Refused EXC-01…: see `FhirClient.request`; Cancelled
    """
    mapping = None if package is None else waited(partial(mapping_to_fhir, package), ctx)
    chosen = range(len(capture)) if numbers is None else numbers
    for done, number in enumerate(chosen, 1):
        ctx.check()
        try:
            body = waited(partial(_body, capture, number, mapping, allow_production), ctx)
        except Refused as refusal:
            if refusal.code == "EXC-0002":
                raise
            yield Posted(number, "", 0, problem=str(refusal))
        else:
            yield _post(client, number, body, ctx)
        ctx.advance(done, len(chosen), "posting")


def mapping_to_fhir(package: Path) -> CompiledMapping:
    """The compiled mapping of a folder; raises Refused MAP-…, EXC-0121: it does not turn v2 messages into FHIR."""
    mapping = compiled(package)
    if isinstance(mapping, CompiledMapping):
        return mapping
    raise Refused("EXC-0121", "This package does not turn v2 messages into FHIR.", "Open one that does.")


def check_production(document: Document, number: int, allow_production: bool) -> None:
    """Raise Refused EXC-0002 for a message that is marked for production, unless that is allowed."""
    if isinstance(document, Message) and document.value("MSH-11") == _PRODUCTION and not allow_production:
        raise Refused(
            "EXC-0002",
            f"Message {number} is marked for production (MSH-11 = P) and was not sent.",
            "Allow production messages for this server, or change MSH-11 to T or D.",
        )


def _body(
    capture: Capture, number: int, mapping: CompiledMapping | None, allow_production: bool
) -> Mapping[str, object]:
    document = document_at(capture, number)
    if not isinstance(document, Message):
        return document.value
    check_production(document, number, allow_production)
    if mapping is None:
        raise Refused("EXC-0119", "A v2 message needs a mapping to become FHIR.", "Name a mapping package.")
    return mapping.trace(document).bundle


def _post(client: FhirClient, number: int, body: Mapping[str, object], ctx: JobContext) -> Posted:
    kind = str(body.get("resourceType", ""))
    is_request = kind == "Bundle" and body.get("type") in BUNDLE_REQUESTS
    what = f"Bundle {body.get('type')}" if is_request else kind
    try:
        answer = client.transaction(body, ctx) if is_request else client.create(body, ctx=ctx)
    except RequestRefused as refusal:
        return Posted(number, what, refusal.status, issues=refusal.issues, problem=refusal.text)
    return Posted(number, what, answer.status, tuple(locations_of(answer)), answer.issues, "", answer.document)


def locations_of(answer: Response) -> Iterable[str]:
    """Where the server put what it was given."""
    if answer.location:
        yield answer.location
    entries = answer.document.value.get("entry") if answer.document is not None else None
    for entry in entries if isinstance(entries, list) else ():
        response = entry.get("response") if isinstance(entry, dict) else None
        if isinstance(response, dict) and response.get("location"):
            yield str(response["location"])
