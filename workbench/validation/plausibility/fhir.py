"""The checks on FHIR resources and Bundles. A check that lacks what it needs says nothing: silence is no approval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.issues import Issue
from workbench.kernel.location import Location
from workbench.kernel.partial_time import PartialDateTime
from workbench.validation.plausibility.judging import (
    OLDEST_YEARS,
    PREGNANCY,
    disagreement,
    is_sensitive,
    number_of,
    surely_after,
    surely_before,
)
from workbench.validation.plausibility.rules import finding_at
from workbench.validation.plausibility.tables import dose_limits, result_limits

Json = Mapping[str, object]

_LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_ICD10 = "http://hl7.org/fhir/sid/icd-10"
_HAPPENED = {
    "Observation": ("effectiveDateTime", "An observation"),
    "Immunization": ("occurrenceDateTime", "A dose"),
    "MedicationAdministration": ("effectiveDateTime", "A dose"),
    "Procedure": ("performedDateTime", "A procedure"),
}
_ORDERS = frozenset({"MedicationRequest", "ServiceRequest", "DeviceRequest", "NutritionOrder"})
_LABELLED = {"DocumentReference": "type", "ServiceRequest": "code", "DiagnosticReport": "code", "Composition": "type"}


@dataclass(frozen=True, slots=True)
class _Held:
    """A resource, where it stands, when the message was sent, and the patient it is about, if that is at hand."""

    resource: Json
    path: str
    sent: PartialDateTime | None
    patient: Json | None


Found = tuple[str, str, dict[str, str]]
"""Rule, path below the resource, arguments."""
Check = Callable[[_Held], Iterator[Found]]


def plausibility_of_resource(document: FhirDocument, disabled: frozenset[str] = frozenset()) -> tuple[Issue, ...]:
    """What a clinician would doubt in a resource or in the entries of a Bundle, in the order of its bytes.

    disabled  ids of rules that are switched off
    """
    issues = []
    for held in _resources(document.value):
        for check in _CHECKS:
            for rule, below, args in check(held):
                if rule not in disabled:
                    path = f"{held.path}.{below}"
                    element = document.at(path)
                    issues.append(finding_at(rule, Location(path, element.span if element else None), **args))
    return tuple(sorted(issues, key=lambda issue: issue.location.span or (0, 0)))


def _resources(root: Json) -> Iterator[_Held]:
    entries = root.get("entry") if root.get("resourceType") == "Bundle" else None
    if not isinstance(entries, list):
        yield _Held(root, str(root.get("resourceType", "")), _sent(root), root if _is_patient(root) else None)
        return
    patients: dict[str, Json] = {}
    inside: list[tuple[int, Json]] = []
    for number, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            inside.append((number, resource))
            if _is_patient(resource):
                patients[str(entry.get("fullUrl", ""))] = patients[f"Patient/{resource.get('id', '')}"] = resource
    for number, resource in inside:
        subject = _object(resource, "subject") or _object(resource, "patient")
        patient = resource if _is_patient(resource) else patients.get(str(subject.get("reference", "-")))
        yield _Held(resource, f"Bundle.entry[{number}].resource", _sent(root) or _sent(resource), patient)


def _is_patient(resource: Json) -> bool:
    return resource.get("resourceType") == "Patient"


def _sent(resource: Json) -> PartialDateTime | None:
    return _time(resource.get("timestamp")) or _time(_object(resource, "meta").get("lastUpdated"))


def _life(held: _Held) -> Iterator[Found]:
    """CLN-0101 to CLN-0103."""
    patient = held.resource
    if not _is_patient(patient):
        return
    born, died = _time(patient.get("birthDate")), _time(patient.get("deceasedDateTime"))
    if born and died and surely_before(died, born):
        yield "CLN-0101", "deceasedDateTime", {}
    if born and held.sent and surely_before(held.sent, born):
        yield "CLN-0102", "birthDate", {}
    if born and (end := died or held.sent) and end.year - born.year > OLDEST_YEARS:
        yield "CLN-0103", "birthDate", {"years": str(end.year - born.year)}


def _future(held: _Held) -> Iterator[Found]:
    """CLN-0104."""
    name, what = _HAPPENED.get(str(held.resource.get("resourceType")), ("", ""))
    at = _time(held.resource.get(name)) if name else None
    if at and held.sent and surely_after(at, held.sent):
        yield "CLN-0104", name, {"what": what}


def _results(held: _Held) -> Iterator[Found]:
    """CLN-0201 to CLN-0203 for an observation and its components."""
    if held.resource.get("resourceType") != "Observation":
        return
    yield from _result(held.resource, "")
    for number, component in _objects(held.resource, "component"):
        yield from _result(component, f"component[{number}].")


def _result(part: Json, below: str) -> Iterator[Found]:
    quantity = _object(part, "valueQuantity")
    value, unit = _amount(quantity), _unit(quantity)
    ranges = [each for _, each in _objects(part, "referenceRange")]
    low, high = (_amount(_object(ranges[0], side)) for side in ("low", "high")) if len(ranges) == 1 else (None, None)
    if low is not None and high is not None and low > high:
        yield "CLN-0203", f"{below}referenceRange[0]", {}
    elif value is not None and "comparator" not in quantity:
        for number, each in _objects(part, "interpretation"):
            for coding in _codings(each):
                where = disagreement(str(coding.get("code", "")), value, low, high)
                if where:
                    yield "CLN-0202", f"{below}interpretation[{number}]", {"flag": str(coding["code"]), "where": where}
    loinc = next((str(c.get("code")) for c in _codings(_object(part, "code")) if c.get("system") == _LOINC), "")
    limits = result_limits(loinc, unit) if value is not None else None
    if limits is not None and value is not None and not limits.allow(value):
        args = {"name": limits.name, "value": str(value), "unit": limits.unit}
        yield (
            "CLN-0201",
            f"{below}valueQuantity.value",
            {**args, "lowest": str(limits.lowest), "highest": str(limits.highest)},
        )


def _doses(held: _Held) -> Iterator[Found]:
    """CLN-0301."""
    resource = held.resource
    drug = _words(_object(resource, "medicationCodeableConcept"))
    if not drug:
        return
    doses = [("dosage.dose", _object(_object(resource, "dosage"), "dose"))]
    for number, instruction in _objects(resource, "dosageInstruction"):
        for rate, each in _objects(instruction, "doseAndRate"):
            path = f"dosageInstruction[{number}].doseAndRate[{rate}].doseQuantity"
            doses.append((path, _object(each, "doseQuantity")))
    for path, quantity in doses:
        amount = _amount(quantity)
        limits = dose_limits(drug, _unit(quantity)) if amount is not None else None
        if limits is not None and amount is not None and not limits.allow(amount):
            args = {"drug": limits.name, "value": str(amount), "unit": limits.unit}
            yield "CLN-0301", path, {**args, "lowest": str(limits.lowest), "highest": str(limits.highest)}


def _states(held: _Held) -> Iterator[Found]:
    """CLN-0401 to CLN-0403, CLN-0405."""
    resource, kind, patient = held.resource, str(held.resource.get("resourceType")), held.patient or {}
    code = _object(resource, "code")
    if kind == "AllergyIntolerance" and code.get("text") and not any(True for _ in _codings(code)):
        yield "CLN-0401", "code", {}
    dead = patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient
    if kind in _ORDERS and dead and resource.get("status") in ("active", "draft"):
        yield "CLN-0402", "status", {}
    if kind == "Condition" and patient.get("gender") == "male":
        codes = (c for c in _codings(code) if str(c.get("system", "")).startswith(_ICD10))
        if any(PREGNANCY.match(str(coding.get("code", ""))) for coding in codes):
            yield "CLN-0403", "code", {}
    name = _LABELLED.get(kind, "")
    if name and not _object(resource, "meta").get("security") and is_sensitive(_words(_object(resource, name))):
        yield "CLN-0405", name, {}


_CHECKS: tuple[Check, ...] = (_life, _future, _results, _doses, _states)


def _object(holder: Json, name: str) -> Json:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _objects(holder: Json, name: str) -> Iterator[tuple[int, Json]]:
    found = holder.get(name)
    for number, each in enumerate(found if isinstance(found, list) else ()):
        if isinstance(each, dict):
            yield number, each


def _codings(concept: Json) -> Iterator[Json]:
    return (coding for _, coding in _objects(concept, "coding"))


def _words(concept: Json) -> str:
    said = (concept.get("text"), *(coding.get("display") for coding in _codings(concept)))
    return " ".join(text for text in said if isinstance(text, str))


def _amount(quantity: Json) -> Decimal | None:
    value = quantity.get("value")
    return number_of(str(value)) if value is not None and not isinstance(value, bool) else None


def _unit(quantity: Json) -> str:
    return str(quantity.get("code" if quantity.get("system") == _UCUM else "unit", ""))


def _time(value: object) -> PartialDateTime | None:
    try:
        return PartialDateTime.from_fhir(value) if isinstance(value, str) else None
    except ValueError:
        return None  # another rule's business
