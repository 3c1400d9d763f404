"""What a FHIR server answers: a resource and its version, or why not, as issues and refusals."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx

from workbench.fhir.json_tree import FhirDocument, parse
from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.issues import Issue, IssueType, RuleSource, Severity, blocks
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext

RULE = "EXC-0120"
_OUTCOME = RuleSource("FHIR", "4.0.1", "operationoutcome.html")
_NEAREST = {
    "security": IssueType.BUSINESS_RULE,
    "login": IssueType.BUSINESS_RULE,
    "unknown": IssueType.NOT_FOUND,
    "deleted": IssueType.NOT_FOUND,
    "multiple-matches": IssueType.DUPLICATE,
    "code-invalid": IssueType.CODE_INVALID,
}


@dataclass(frozen=True, slots=True)
class Response:
    """A request that went well.

    document       the body, None when there was none
    etag           version of the resource, as If-Match wants it
    last_modified  as the server writes it
    location       where a created resource is
    issues         what the server remarks, in the body itself or for entries of a transaction
    """

    status: int
    document: FhirDocument | None
    etag: str = ""
    last_modified: str = ""
    location: str = ""
    issues: tuple[Issue, ...] = ()

    @property
    def failed(self) -> bool:
        """True when an entry of a batch failed although the request as a whole went well."""
        return any(blocks(issue) for issue in self.issues)


class RequestRefused(Refused):
    """The server did not do what was asked; `issues` are its reasons and may hold patient data."""

    def __init__(self, code: str, text: str, hint: str, status: int, issues: tuple[Issue, ...]) -> None:
        super().__init__(code, text, hint)
        self.status = status
        self.issues = issues


def decoded(status: int, headers: Mapping[str, str], data: bytes) -> Response:
    """A successful answer; raises Refused FHIR-0001 when its body is no JSON."""
    document = parse(data) if data.strip() else None
    return Response(
        status,
        document,
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
        location=headers.get("location", ""),
        issues=_issues_of(document.value) if document else (),
    )


def outcome_issues(outcome: Mapping[str, object]) -> tuple[Issue, ...]:
    """The issues of an OperationOutcome; texts of the server are kept apart, because they may quote values."""
    listed = outcome.get("issue")
    return tuple(_issue(each) for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict))


def refusal_of(host: str, status: int, headers: Mapping[str, str], data: bytes) -> RequestRefused | Unavailable:
    """The exception for an answer that is no success."""
    issues = _issues_in(data)
    if status in (429, 503) or status >= 500:
        wait = headers.get("retry-after", "")
        hint = f"It asks to wait {wait} s." if wait.isdecimal() else "Try again later, or tell its administrator."
        return Unavailable("EXC-0114", f"{host} is out of order (HTTP {status}).", hint)
    for statuses, code, text, hint in _REFUSALS:
        if status in statuses:
            return RequestRefused(code, f"{host} {text} (HTTP {status}).", hint, status, issues)
    return RequestRefused(
        "EXC-0113", f"{host} did not accept the request (HTTP {status}).", "Its reasons are listed.", status, issues
    )


_REFUSALS = (
    ((401, 403), "EXC-0110", "does not let you do this", "Give a bearer token that may, or a newer one."),
    ((404, 410), "EXC-0111", "has no such resource", "Check the type and the id, and that the base URL is right."),
    ((409, 412), "EXC-0112", "has another version by now", "Read it again, look at the changes, and repeat yours."),
)


def unreachable(host: str, error: httpx.TransportError) -> Unavailable:
    """Why there was no answer, without the address that was asked for."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unavailable(
                "EXC-0104",
                f"The certificate of {host} is not trusted ({cause.verify_message.rstrip('.')}).",
                "Name the authority that signed it; verification cannot be switched off.",
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return Unavailable("EXC-0103", f"{host} took too long to answer.", "Try again, or allow more seconds.")
    if isinstance(error, httpx.ConnectError):
        return Unavailable("EXC-0102", f"{host} cannot be reached.", "Check the address and the network.")
    return broken(host)


def broken(host: str) -> Unavailable:
    """The connection ended in the middle, or what came is no HTTP."""
    return Unavailable("EXC-0105", f"The connection to {host} broke.", "Try again.")


def capped(pieces: Iterator[bytes], most: int, ctx: JobContext) -> bytes:
    """The body, piece by piece; raises Refused EXC-0116 beyond `most` bytes, Cancelled."""
    data = bytearray()
    for piece in pieces:
        ctx.check()
        data += piece
        if len(data) > most:
            raise Refused("EXC-0116", "The answer is larger than any Bundle should be.", "Ask for smaller pages.")
    return bytes(data)


def _issues_in(data: bytes) -> tuple[Issue, ...]:
    try:
        return _issues_of(parse(data).value)
    except Refused:
        return ()  # an error page in HTML; the status says enough


def _issues_of(value: Mapping[str, object]) -> tuple[Issue, ...]:
    """Those of an OperationOutcome, or of the responses in a Bundle."""
    if value.get("resourceType") == "OperationOutcome":
        return outcome_issues(value)
    entries = value.get("entry") if value.get("resourceType") == "Bundle" else None
    found: list[Issue] = []
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        response = entry.get("response") if isinstance(entry, dict) else None
        if not isinstance(response, dict):
            continue
        outcome = response.get("outcome")
        told = outcome_issues(outcome) if isinstance(outcome, dict) else ()
        status = str(response.get("status", ""))
        if status[:1] in ("4", "5") and not any(map(blocks, told)):
            told = (*told, _failed_entry(status[:3]))
        found += [_at_entry(issue, number) for issue in told]
    return tuple(found)


def _failed_entry(status: str) -> Issue:
    place = Location()
    text = "the server did not accept this entry (HTTP {status})"
    return Issue(Severity.ERROR, IssueType.PROCESSING, RULE, place, text, {"status": status}, _OUTCOME)


def _at_entry(issue: Issue, number: int) -> Issue:
    inner = f" {issue.location.path}" if issue.location.path else ""
    place = Location(f"Bundle.entry[{number}]{inner}")
    return Issue(issue.severity, issue.code, issue.rule, place, issue.template, issue.args, issue.source)


def _issue(told: Mapping[str, object]) -> Issue:
    severity, code = str(told.get("severity", "")), str(told.get("code", ""))
    details = told.get("details")
    text = told.get("diagnostics") or (details.get("text") if isinstance(details, dict) else "") or code
    places = told.get("expression") or told.get("location")
    return Issue(
        Severity(severity) if severity in set(Severity) else Severity.ERROR,
        IssueType(code) if code in set(IssueType) else _NEAREST.get(code, IssueType.PROCESSING),
        RULE,
        Location(str(places[0]) if isinstance(places, list) and places else ""),
        "the server says: {value}",
        {"value": str(text)},
        _OUTCOME,
    )
