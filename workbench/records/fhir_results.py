"""Results (Observation) and the reports or orders they belong to, from FHIR."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.records import fhir_facts as facts
from workbench.records.clinical import Fact, FactName, Item
from workbench.records.fhir_facts import Json, Resource, many, one, text_of
from workbench.records.wording import FLAG, RESULT_STATUS, YES_NO
from workbench.terminology.codes import Coding

_PLACER, _FILLER = "PLAC", "FILL"


def observation(resource: Resource) -> Item:
    """One result; its time is its own or that of the report that lists it."""
    value, place = resource.value, resource.place
    time = facts.moment(FactName.TIME, _effective(value), place("effective"))
    report = resource.contents.report_with("result", resource)
    if time is None and report is not None:
        time = facts.moment(FactName.TIME, _effective(report.value), report.place("effective"))
    found: list[Fact | None] = [
        _value(resource),
        *_distinct(resource, "interpretation"),
        *_distinct(resource, "referenceRange"),
        _status(resource),
        time,
        *facts.notes(resource),
    ]
    return facts.item("", value.get("code"), resource, "code", found)


def order_or_report(resource: Resource) -> Item:
    """A DiagnosticReport or ServiceRequest with the numbers of both parties; a report has also those of its order."""
    value, place = resource.value, resource.place
    found: list[Fact | None] = []
    orders = [resource.referred(reference) for reference in many(value.get("basedOn"))]
    identifiers = [identifier for holder in (value, *orders) for identifier in many(holder.get("identifier"))]
    for number, identifier in enumerate(identifiers):
        kinds = {coding.code for coding in facts.concept(identifier.get("type"))[1]}
        for code, name in ((_PLACER, FactName.PLACER_NUMBER), (_FILLER, FactName.FILLER_NUMBER)):
            if code in kinds:
                found.append(facts.plain(name, identifier.get("value"), place(f"identifier[{number}]")))
    found = list({(fact.name, fact.text): fact for fact in found if fact is not None}.values())
    if resource.kind == "DiagnosticReport":
        found.append(facts.moment(FactName.TIME, _effective(value), place("effective")))
        found.append(_status(resource))
    return facts.item("", value.get("code"), resource, "code", found)


def _status(resource: Resource) -> Fact | None:
    if facts.is_marked(resource.value.get("_status")) or facts.stated(resource.value.get("status")):
        return facts.primitive(FactName.STATUS, resource.value, "status", resource.place("status"), RESULT_STATUS)
    return None


def _effective(value: Json) -> object:
    return (
        value.get("effectiveDateTime")
        or value.get("effectiveInstant")
        or one(value.get("effectivePeriod")).get("start")
    )


def _value(resource: Resource) -> Fact | None:
    """value[x], or the values of the components one after the other."""
    value, place = resource.value, resource.place("value")
    own = _one_value(value, resource)
    parts = [fact for part in many(value.get("component")) if (fact := _one_value(part, resource)) is not None]
    if own is not None or not parts:
        return own or facts.coded(FactName.VALUE, value.get("dataAbsentReason"), place)
    codes: list[Coding] = []
    for part in parts:
        codes += part.codes
    return Fact(
        FactName.VALUE,
        "; ".join(part.text for part in parts),
        codes=tuple(codes),
        units=parts[0].units,
        unvalidated=any(part.unvalidated for part in parts),
        source=place,
    )


def _one_value(value: Json, resource: Resource) -> Fact | None:
    place = resource.place("value")
    name = FactName.VALUE
    for key in value:
        if not key.startswith("value"):
            continue
        content = value[key]
        match key.removeprefix("value"):
            case "Quantity":
                return facts.quantity(name, content, place)
            case "CodeableConcept":
                return facts.coded(name, content, place)
            case "Range":
                return facts.span(name, content, place, between="-")
            case "Ratio":
                return facts.ratio(name, content, place)
            case "DateTime":
                return facts.moment(name, content, place)
            case "Period":
                ends = (facts.moment(name, one(content).get(end), place) for end in ("start", "end"))
                return facts.plain(name, " - ".join(end.text for end in ends if end), place)
            case "Boolean":
                return facts.coded(name, text_of(content), place, YES_NO)
            case "SampledData":
                return facts.plain(name, one(content).get("data"), place)
            case "Attachment":
                kind = text_of(one(content).get("contentType")) or "document"
                return Fact(name, f"attached {kind}", source=place)
            case _:
                if not isinstance(content, Mapping):
                    return facts.plain(name, content, place)
    return None


def _distinct(resource: Resource, name: str) -> list[Fact]:
    """Flags or ranges of the observation and its components, each once."""
    found: list[Fact | None] = []
    for holder, path in (
        (resource.value, name),
        *((part, "component") for part in many(resource.value.get("component"))),
    ):
        for number, part in enumerate(many(holder.get(name))):
            place = resource.place(f"{path}[{number}]" if path == name else path)
            if name == "interpretation":
                found.append(facts.coded(FactName.FLAG, part, place, FLAG))
            else:
                text = facts.plain(FactName.REFERENCE_RANGE, part.get("text"), place)
                found.append(text or facts.span(FactName.REFERENCE_RANGE, part, place, between="-"))
    return list({fact.shown: fact for fact in found if fact is not None}.values())
