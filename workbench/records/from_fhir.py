"""The clinical record of a FHIR R4 Bundle: what a receiver of it will show."""

from __future__ import annotations

from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest

from workbench.kernel.location import Location
from workbench.records import fhir_facts as facts
from workbench.records.clinical import ClinicalRecord, Fact, FactName, Item, SectionName, record_of
from workbench.records.fhir_facts import Contents, Json, Resource, many, one, text_of
from workbench.records.fhir_results import observation, order_or_report
from workbench.records.wording import (
    ALLERGY_CATEGORY,
    APPOINTMENT_STATUS,
    DOCUMENT_STATUS,
    IMMUNIZATION_STATUS,
    SEVERITY,
    SEX,
    STAY,
    VISIT_CLASS,
    YES_NO,
)

_BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
_ORDER_ENDS = {
    "cancelled": "cancelled",
    "stopped": "discontinued",
    "on-hold": "on hold",
    "entered-in-error": "entered in error",
}
_TEXT_TYPES = frozenset({"text/plain", "text/hl7v2", "application/text", "text/html"})
_EXPECTED_ALLERGY_STATUS = frozenset({"active", "confirmed", "unconfirmed"})

Found = tuple[SectionName, Item]


def record_of_bundle(bundle: Mapping[str, object]) -> ClinicalRecord:
    """What a receiver will show; `bundle` may also be a single resource. Decimals are `decimal.Decimal`."""
    if bundle.get("resourceType") != "Bundle":
        bundle = {"resourceType": "Bundle", "entry": [{"resource": bundle}]}
    items: dict[SectionName, list[Item]] = defaultdict(list)
    for resource in Contents(bundle).resources:
        read = _READERS.get(resource.kind)
        for section, item in read(resource) if read is not None else ():
            items[section].append(item)
    return record_of(items)


# --- patient and visit -----------------------------------------------------------------------------------------------


def _patient(patient: Resource) -> Iterator[Found]:
    value = patient.value

    def said(key: str, label: str, *found: Fact | None) -> Iterator[Found]:
        known = tuple(fact for fact in found if fact is not None)
        if known:
            yield SectionName.DEMOGRAPHICS, Item(key, label, known, source=known[0].source)

    for key, label, name, text in (
        ("identifier", "Identifier", "identifier", lambda part: text_of(part.get("value"))),
        ("name", "Name", "name", facts.person_name),
        ("address", "Address", "address", facts.address),
        ("contact", "Contact", "telecom", lambda part: text_of(part.get("value"))),
    ):
        values = {text(part): number for number, part in reversed(list(enumerate(many(value.get(name)))))}
        for words, number in sorted(values.items(), key=lambda item: item[1]):
            yield from said(key, label, facts.plain(FactName.VALUE, words, patient.place(f"{name}[{number}]")))
    birth = next(
        (extension.get("valueDateTime") for extension in facts.extensions(value.get("_birthDate"), _BIRTH_TIME)),
        value.get("birthDate"),
    )
    birth = {"birthDate": birth, "_birthDate": value.get("_birthDate")}
    born = facts.primitive(FactName.VALUE, birth, "birthDate", patient.place("birthDate"))
    yield from said("birth", "Date of birth", born)
    sex = facts.primitive(FactName.VALUE, value, "gender", patient.place("gender"), SEX)
    yield from said("sex", "Sex", sex)
    yield from said("death", "Deceased", *_death(patient))
    for number, communication in enumerate(many(value.get("communication"))):
        place = patient.place(f"communication[{number}]")
        yield from said("language", "Language", facts.coded(FactName.VALUE, communication.get("language"), place))
    married = facts.coded(FactName.VALUE, value.get("maritalStatus"), patient.place("maritalStatus"))
    yield from said("marital", "Marital status", married)
    order = facts.plain(FactName.VALUE, value.get("multipleBirthInteger"), patient.place("multipleBirthInteger"))
    yield from said("birth order", "Birth order", order)


def _death(patient: Resource) -> Iterator[Fact | None]:
    value, place = patient.value, patient.place("deceased")
    if "deceasedDateTime" in value:
        yield Fact(FactName.VALUE, "yes", source=place)
        yield facts.moment(FactName.TIME, value["deceasedDateTime"], place)
    elif "deceasedBoolean" in value:
        yield facts.coded(FactName.VALUE, text_of(value["deceasedBoolean"]), place, YES_NO)


def _visit(encounter: Resource) -> Iterator[Found]:
    value = encounter.value

    def said(key: str, label: str, *found: Fact | None) -> Iterator[Found]:
        known = tuple(fact for fact in found if fact is not None)
        if known:
            yield SectionName.VISIT, Item(key, label, known, source=known[0].source)

    place = encounter.place
    yield from said(
        "class", "Patient class", facts.coded(FactName.VALUE, value.get("class"), place("class"), VISIT_CLASS)
    )
    for number, stay in enumerate(many(value.get("location"))):
        where = facts.plain(FactName.VALUE, _location(encounter, stay.get("location")), place(f"location[{number}]"))
        when = facts.plain(FactName.STATUS, STAY.get(text_of(stay.get("status"))), place(f"location[{number}]"))
        yield from said("location", "Location", where, when)
    for number, participant in enumerate(many(value.get("participant"))):
        roles = [coding.code for part in many(participant.get("type")) for coding in facts.concept(part)[1]]
        if "ATND" in roles:
            name = _person(encounter, participant.get("individual"))
            yield from said(
                "attending", "Attending", facts.plain(FactName.VALUE, name, place(f"participant[{number}]"))
            )
    for number, identifier in enumerate(many(value.get("identifier"))):
        fact = facts.plain(FactName.VALUE, identifier.get("value"), place(f"identifier[{number}]"))
        yield from said("visit number", "Visit number", fact)
    stay = one(value.get("hospitalization"))
    before = facts.plain(FactName.VALUE, one(stay.get("preAdmissionIdentifier")).get("value"), place("hospitalization"))
    yield from said("visit number", "Visit number", before)
    leaving = facts.coded(FactName.VALUE, stay.get("dischargeDisposition"), place("hospitalization"))
    yield from said("disposition", "Discharge disposition", leaving)
    period = one(value.get("period"))
    yield from said("admitted", "Admitted", facts.primitive(FactName.VALUE, period, "start", place("period")))
    yield from said("discharged", "Discharged", facts.primitive(FactName.VALUE, period, "end", place("period")))
    for number, reason in enumerate(many(value.get("reasonCode"))):
        fact = facts.coded(FactName.VALUE, reason, place(f"reasonCode[{number}]"))
        yield from said("reason", "Reason for admission", fact)


def _location(encounter: Resource, reference: object) -> str:
    """The names of a Location and those it is part of, outermost last."""
    names: list[str] = []
    seen: list[Json] = []
    location = encounter.referred(reference)
    while location and location not in seen:
        seen.append(location)
        named = text_of(location.get("name")) or " ".join(
            text_of(identifier.get("value")) for identifier in many(location.get("identifier"))
        )
        names.append(named)
        reference = location.get("partOf")
        location = encounter.referred(reference)
    return ", ".join(name for name in names if name) or text_of(one(reference).get("display"))


def _person(resource: Resource, reference: object) -> str:
    """The name of a Practitioner, found through a PractitionerRole when need be."""
    person = resource.referred(reference)
    if person.get("resourceType") == "PractitionerRole":
        reference = person.get("practitioner")
        person = resource.referred(reference)
    names = (facts.provider_name(name) for name in many(person.get("name")))
    return next((name for name in names if name), "") or text_of(one(reference).get("display"))


# --- allergies and problems ------------------------------------------------------------------------------------------


def _allergy(allergy: Resource) -> Iterator[Found]:
    value, place = allergy.value, allergy.place
    reactions = many(value.get("reaction"))
    severe = next(
        (
            fact
            for r in reactions
            if (fact := facts.primitive(FactName.SEVERITY, r, "severity", place("reaction"), SEVERITY))
        ),
        None,
    ) or facts.primitive(FactName.SEVERITY, value, "criticality", place("criticality"), SEVERITY)
    found: list[Fact | None] = [
        *(
            facts.primitive(FactName.CATEGORY, part, "category", place("category"), ALLERGY_CATEGORY)
            for part in _each(value, "category")
        ),
        severe,
        *(
            facts.coded(FactName.REACTION, manifestation, place(f"reaction[{number}]"))
            for number, reaction in enumerate(reactions)
            for manifestation in many(reaction.get("manifestation"))
        ),
    ]
    onset = next((r for r in reactions if "onset" in r or "_onset" in r), {})
    began = facts.primitive(FactName.ONSET, value, "onsetDateTime", place("onset"))
    found.append(began or facts.primitive(FactName.ONSET, onset, "onset", place("reaction")))
    for name in ("clinicalStatus", "verificationStatus"):
        status = facts.coded(FactName.STATUS, value.get(name), place(name))
        if status is not None and not any(coding.code in _EXPECTED_ALLERGY_STATUS for coding in status.codes):
            found.append(status)
    yield SectionName.ALLERGIES, facts.item("", value.get("code"), allergy, "code", found)


def _problem(condition: Resource) -> Iterator[Found]:
    value, place = condition.value, condition.place
    if "code" not in value:
        return
    status = facts.coded(FactName.STATUS, value.get("clinicalStatus"), place("clinicalStatus"))
    if status is not None and any(coding.code == "active" for coding in status.codes):
        status = None
    doubt = facts.coded(FactName.CERTAINTY, value.get("verificationStatus"), place("verificationStatus"))
    if doubt is not None and any(coding.code == "confirmed" for coding in doubt.codes):
        doubt = None
    onset = facts.primitive(FactName.ONSET, value, "onsetDateTime", place("onsetDateTime"))
    found = [onset, doubt, status, *facts.notes(condition)]
    yield SectionName.PROBLEMS, facts.item("", value["code"], condition, "code", found)


# --- medications and immunizations -----------------------------------------------------------------------------------


def _medication(resource: Resource) -> Iterator[Found]:
    """Requests, statements, dispenses and administrations of a drug."""
    value, place = resource.value, resource.place
    drug = resource.referred(value.get("medicationReference"))
    named = value.get("medicationCodeableConcept") or drug.get("code") or value.get("medicationReference")
    found: list[Fact | None] = []
    administration = one(value.get("dosage"))
    for number, dosage in enumerate([*many(value.get("dosageInstruction")), *many(value.get("dosage"))]):
        found += _dosage(dosage, resource, f"dosageInstruction[{number}]")
    if administration:
        found += _dosage({**administration, "doseAndRate": [administration]}, resource, "dosage")
    found.append(facts.coded(FactName.FORM, drug.get("form"), place("medication")))
    for ingredient in many(drug.get("ingredient")):
        substance = ingredient.get("itemCodeableConcept") or resource.referred(ingredient.get("itemReference")).get(
            "code"
        )
        found.append(facts.coded(FactName.INGREDIENT, substance, place("medication")))
        found.append(facts.ratio(FactName.STRENGTH, ingredient.get("strength"), place("medication")))
    supply = one(value.get("dispenseRequest"))
    found.append(facts.quantity(FactName.AMOUNT, supply.get("quantity") or value.get("quantity"), place("quantity")))
    found.append(facts.plain(FactName.REFILLS, supply.get("numberOfRepeatsAllowed"), place("dispenseRequest")))
    time = (
        value.get("whenHandedOver") or value.get("effectiveDateTime") or one(value.get("effectivePeriod")).get("start")
    )
    found.append(facts.moment(FactName.TIME, time, place("effective")))
    ended = _ORDER_ENDS.get(text_of(value.get("status")))
    found.append(facts.plain(FactName.STATUS, ended, place("status")))
    key = {"MedicationDispense": "dispensed", "MedicationAdministration": "given"}.get(resource.kind, "ordered")
    yield SectionName.MEDICATIONS, facts.item(key, named, resource, "medication", _once(found))


def _dosage(dosage: Json, resource: Resource, path: str) -> Iterator[Fact | None]:
    place = resource.place(path)
    for part in many(dosage.get("doseAndRate")):
        yield facts.quantity(FactName.DOSE, part.get("doseQuantity") or part.get("dose"), place)
        yield facts.span(FactName.DOSE, part.get("doseRange"), place)
        yield facts.quantity(FactName.RATE, part.get("rateQuantity"), place)
        yield facts.ratio(FactName.RATE, part.get("rateRatio"), place)
    yield facts.coded(FactName.ROUTE, dosage.get("route"), place)
    yield facts.coded(FactName.SITE, dosage.get("site"), place)
    yield facts.timing(dosage.get("timing"), place)
    for name in ("text", "patientInstruction"):
        yield facts.plain(FactName.INSTRUCTIONS, dosage.get(name), place)
    for instruction in many(dosage.get("additionalInstruction")):
        yield facts.coded(FactName.INSTRUCTIONS, instruction, place)


def _immunization(resource: Resource) -> Iterator[Found]:
    value, place = resource.value, resource.place
    maker = resource.referred(value.get("manufacturer")) or one(value.get("manufacturer"))
    found = [
        facts.primitive(FactName.TIME, value, "occurrenceDateTime", place("occurrence")),
        facts.quantity(FactName.DOSE, value.get("doseQuantity"), place("doseQuantity")),
        facts.coded(FactName.ROUTE, value.get("route"), place("route")),
        facts.coded(FactName.SITE, value.get("site"), place("site")),
        facts.plain(FactName.LOT, value.get("lotNumber"), place("lotNumber")),
        facts.primitive(FactName.EXPIRES, value, "expirationDate", place("expirationDate")),
        facts.plain(FactName.MANUFACTURER, maker.get("name") or maker.get("display"), place("manufacturer")),
        facts.coded(FactName.REASON, value.get("statusReason"), place("statusReason")),
        facts.primitive(FactName.STATUS, value, "status", place("status"), IMMUNIZATION_STATUS),
        *facts.notes(resource),
    ]
    yield SectionName.IMMUNIZATIONS, facts.item("given", value.get("vaccineCode"), resource, "vaccineCode", found)


# --- orders, appointments, documents ---------------------------------------------------------------------------------


def _result(resource: Resource) -> Iterator[Found]:
    yield SectionName.RESULTS, observation(resource)


def _order(resource: Resource) -> Iterator[Found]:
    """A ServiceRequest, unless it says nothing of what is ordered or a report is made on it and shown instead."""
    if "code" in resource.value and not resource.contents.is_reported(resource):
        yield SectionName.ORDERS, order_or_report(resource)


def _report(resource: Resource) -> Iterator[Found]:
    yield SectionName.ORDERS, order_or_report(resource)


def _appointment(resource: Resource) -> Iterator[Found]:
    value, place = resource.value, resource.place
    services = many(value.get("serviceType")) or many(value.get("reasonCode"))
    found = [
        facts.primitive(FactName.TIME, value, "start", place("start")),
        facts.primitive(FactName.END, value, "end", place("end")),
        facts.primitive(FactName.STATUS, value, "status", place("status"), APPOINTMENT_STATUS),
        *(facts.coded(FactName.REASON, reason, place("reasonCode")) for reason in many(value.get("reasonCode"))),
    ]
    named = services[0] if services else {}
    yield SectionName.APPOINTMENTS, facts.item("", named, resource, "serviceType", found)


def _document(resource: Resource) -> Iterator[Found]:
    value, place = resource.value, resource.place
    number = one(value.get("masterIdentifier")).get("value")
    found = [
        facts.primitive(FactName.TIME, value, "date", place("date")),
        facts.primitive(FactName.STATUS, value, "docStatus", place("docStatus"), DOCUMENT_STATUS),
        facts.plain(FactName.NUMBER, number, place("masterIdentifier")),
    ]
    for position, part in enumerate(many(value.get("content"))):
        found.append(_content(one(part.get("attachment")), place(f"content[{position}]")))
    yield SectionName.DOCUMENTS, facts.item("", value.get("type"), resource, "type", found)


def _content(attachment: Json, place: Location) -> Fact | None:
    """The text of an attachment that is text, else its kind."""
    kind, data = text_of(attachment.get("contentType")), text_of(attachment.get("data"))
    if kind.partition(";")[0] in _TEXT_TYPES and data:
        try:
            return Fact(FactName.CONTENT, b64decode(data, validate=True).decode(), source=place)
        except ValueError:
            return Fact(FactName.CONTENT, "unreadable text", source=place)
    return Fact(FactName.CONTENT, f"attached {kind or 'document'}", source=place) if kind or data else None


def _each(value: Json, key: str) -> list[Json]:
    """A repeating primitive, one object for each of its values with what its extensions say of it."""
    values, beside = value.get(key), value.get(f"_{key}")
    pairs = zip_longest(values if isinstance(values, list) else [], beside if isinstance(beside, list) else [])
    return [{key: one_value, f"_{key}": extended} for one_value, extended in pairs]


def _once(found: list[Fact | None]) -> list[Fact]:
    """The facts without repetitions of the same words under the same name."""
    return list({(fact.name, fact.shown): fact for fact in found if fact is not None}.values())


_READERS: Mapping[str, Callable[[Resource], Iterator[Found]]] = {
    "Patient": _patient,
    "Encounter": _visit,
    "AllergyIntolerance": _allergy,
    "Condition": _problem,
    "MedicationRequest": _medication,
    "MedicationStatement": _medication,
    "MedicationDispense": _medication,
    "MedicationAdministration": _medication,
    "Immunization": _immunization,
    "Observation": _result,
    "ServiceRequest": _order,
    "DiagnosticReport": _report,
    "Appointment": _appointment,
    "DocumentReference": _document,
}
