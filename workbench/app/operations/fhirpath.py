"""FHIRPath over a capture: one expression, the result for each resource."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from workbench.app.documents import read_document, unreadable
from workbench.fhir.bundle import resolve
from workbench.fhir.definitions import definitions
from workbench.fhir.fhirpath import ExpressionRefused, Placed, Placing, compile_expression, evaluate_placed
from workbench.fhir.fhirpath.faults import OTHER_TYPE
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture


class Evaluated(NamedTuple):
    """The result for one message; `paths` say where each item stands, `issue` why there is no result."""

    number: int
    values: tuple[object, ...]
    issue: Issue | None = None
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Within:
    """What resolve() and memberOf() know without packages: the Bundle itself, the shipped value sets."""

    resource: dict[str, object]

    def resolve(self, reference: str) -> dict[str, object] | None:
        return resolve(self.resource, reference) if self.resource.get("resourceType") == "Bundle" else None

    def member_of(self, system: str, code: str, value_set: str) -> bool | None:
        codes = definitions().value_set_codes(value_set)
        if codes is None:
            return None
        return (system, code) in codes if system else any(code == each for _, each in codes)

    def conforms_to(self, value: dict[str, object], profile: str) -> bool | None:
        return None


def evaluate_document(document: FhirDocument, expression: str) -> tuple[object, ...]:
    """The result of an expression for one resource: text, numbers, truth values, JSON objects.

    raises  ExpressionRefused FHIR-0151, FHIR-0152, FHIR-0153, with the position in the expression
    """
    return tuple(item.value for item in evaluate_in_place(document, expression))


def evaluate_in_place(document: FhirDocument, expression: str) -> tuple[Placed, ...]:
    """The result with the path of each item, "" for what the expression made; raises as `evaluate_document`."""
    placing = Placing(document.value)
    found = evaluate_placed(placing, expression, surroundings=_Within(placing.resource))
    return tuple(Placed(_plain(item.value), item.path) for item in found)


def evaluate_capture(capture: Capture, expression: str, ctx: JobContext) -> Iterator[Evaluated]:
    """The results for each FHIR resource of a capture; v2 messages are passed over.

    raises  ExpressionRefused FHIR-0151, FHIR-0153: the expression is not FHIRPath; before anything is read
    """
    compile_expression(expression)
    for number in range(len(capture)):
        raw = capture.raw(number)
        try:
            document = read_document(raw, capture.format_of(number), capture.encoding_of(number))
        except Refused as refusal:
            yield Evaluated(number, (), unreadable(refusal, raw))
            continue
        if not isinstance(document, FhirDocument):
            continue
        try:
            found = evaluate_in_place(document, expression)
            yield Evaluated(number, tuple(item.value for item in found), None, tuple(item.path for item in found))
        except ExpressionRefused as refusal:
            other = refusal.code == OTHER_TYPE  # `Patient.name` says nothing about an Observation
            yield Evaluated(number, (), None if other else _unfit(refusal))
        ctx.advance(number + 1, len(capture), "evaluating")


def _unfit(refusal: ExpressionRefused) -> Issue:
    arguments = {"sentence": refusal.text}
    return Issue(Severity.ERROR, IssueType.PROCESSING, refusal.code, Location(), "{sentence}", arguments)


def _plain(value: object) -> object:
    """Dates and quantities as their FHIRPath literals; the rest as JSON has it."""
    return value if value is None or isinstance(value, bool | int | str | Decimal | dict | list) else str(value)
