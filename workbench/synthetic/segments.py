"""The truth about a patient as segments of HL7 v2 (positions as in 2.5.1, chapters 3, 4, 7, 9 and 10)."""

from __future__ import annotations

from datetime import datetime

from workbench.synthetic.er7_writer import Part, Segment, Value, segment
from workbench.synthetic.truth import (
    Address,
    Allergy,
    Appointment,
    Clinician,
    Coded,
    Contact,
    Document,
    Identifier,
    Immunization,
    LaboratoryOrder,
    MedicationOrder,
    PersonName,
    Place,
    Result,
    SyntheticPatient,
    Telecom,
    Visit,
)


def stamp(at: datetime) -> str:
    """TS to the second with the offset."""
    return at.strftime("%Y%m%d%H%M%S%z")


def cx(identifier: Identifier) -> Part:
    return (
        identifier.value,
        "",
        "",
        (identifier.authority.namespace, identifier.authority.oid, "ISO"),
        identifier.type,
    )


def ei(identifier: Identifier) -> Part:
    """Without the OID: order numbers may have 22 characters in all before 2.6."""
    return (identifier.value, identifier.authority.namespace)


def xpn(name: PersonName) -> Part:
    return (name.family, name.given, name.middle, name.suffix, name.prefix, "", name.use)


def xad(address: Address) -> Part:
    street = address.street, address.other, address.city, address.state, address.postal_code, address.country
    return (*street, address.use)


def xtn(telecom: Telecom) -> Part:
    if telecom.equipment == "Internet":
        return ("", telecom.use, telecom.equipment, telecom.value)
    return (telecom.value, telecom.use, telecom.equipment)


def xcn(clinician: Clinician) -> Part:
    name = clinician.name
    return (clinician.id, name.family, name.given, "", "", "Dr", clinician.degree, "", ("SYNTHSTAFF",), "L")


def ce(coded: Coded, alternate: Coded | None = None) -> Part:
    first = (coded.code, coded.text, coded.system)
    return first if alternate is None else (*first, alternate.code, alternate.text, alternate.system)


def both(standard: Coded | None, local: Coded) -> Part:
    """The standard code with the local one beside it, or the local one alone."""
    return ce(local) if standard is None else ce(standard, local)


def pl(place: Place) -> Part:
    return (place.point_of_care, place.room, place.bed, (place.facility,))


def pid(patient: SyntheticPatient) -> Segment:
    fields: dict[int, Value] = {
        1: "1",
        3: [cx(identifier) for identifier in patient.identifiers],
        5: [xpn(name) for name in patient.names],
        6: xpn(patient.mothers_maiden_name),
        7: patient.birth.to_hl7(),
        8: patient.sex,
        10: ce(patient.race),
        11: [xad(address) for address in patient.addresses],
        13: [xtn(telecom) for telecom in patient.telecoms],
        15: ce(patient.language),
        16: ce(patient.marital_status),
        18: cx(patient.visit.account),
        22: ce(patient.ethnicity),
    }
    if patient.mother is not None:
        fields[21] = cx(patient.mother)
    if patient.birth_order:
        fields[24] = "Y"
        fields[25] = str(patient.birth_order)
    if patient.died is not None:
        fields[29] = stamp(patient.died)
    if patient.deceased is not None:
        fields[30] = "Y" if patient.deceased else "N"
    return segment("PID", fields)


def pv1(visit: Visit) -> Segment:
    fields: dict[int, Value] = {
        1: "1",
        2: visit.patient_class,
        3: pl(visit.place),
        4: visit.admission_type,
        7: xcn(visit.attending),
        10: visit.service,
        19: cx(visit.number),
        44: stamp(visit.admitted),
    }
    if visit.discharged is not None:
        fields[36] = visit.disposition
        fields[45] = stamp(visit.discharged)
    return segment("PV1", fields)


def nk1(contact: Contact) -> Segment:
    who = {2: xpn(contact.name), 3: ce(contact.relationship), 4: xad(contact.address), 5: xtn(contact.phone)}
    return segment("NK1", {1: "1", **who})


def al1(number: int, allergy: Allergy) -> Segment:
    fields = {2: allergy.kind, 3: ce(allergy.substance), 4: allergy.severity, 5: allergy.reaction}
    return segment("AL1", {1: str(number), **fields})


def dg1(number: int, diagnosis: Coded, at: datetime) -> Segment:
    return segment("DG1", {1: str(number), 3: ce(diagnosis), 5: stamp(at), 6: "A"})


def mrg(loser: SyntheticPatient) -> Segment:
    return segment("MRG", {1: [cx(i) for i in loser.identifiers], 7: [xpn(name) for name in loser.names]})


def laboratory_orc(order: LaboratoryOrder, control: str) -> Segment:
    fields: dict[int, Value] = {
        1: control,
        2: ei(order.placer),
        9: stamp(order.ordered),
        12: xcn(order.orderer),
    }
    if control == "RE":
        fields |= {3: ei(order.filler), 5: "CM"}
    return segment("ORC", fields)


def obr(order: LaboratoryOrder, *, reported: bool) -> Segment:
    fields: dict[int, Value] = {
        1: "1",
        2: ei(order.placer),
        4: both(order.standard, order.local),
        16: xcn(order.orderer),
    }
    if reported:
        times: dict[int, Value] = {7: stamp(order.collected), 22: stamp(order.reported)}
        fields |= {3: ei(order.filler), **times, 24: order.section, 25: order.status}
    return segment("OBR", fields)


def obx(number: int, result: Result, observed: datetime, coded: str) -> Segment:
    """`coded` is the data type of coded values: CE before 2.6, CWE from then on."""
    value: Part = ce(result.value) if isinstance(result.value, Coded) else result.value
    fields: dict[int, Value] = {
        1: str(number),
        2: coded if isinstance(result.value, Coded) else result.kind,
        3: both(result.standard, result.local),
        5: value,
        11: result.status,
        14: stamp(observed),
    }
    if result.unit:
        fields |= {6: (result.unit, result.unit, "UCUM"), 7: result.reference_range, 8: result.flag}
    return segment("OBX", fields)


def note(text: str) -> Segment:
    return segment("NTE", {1: "1", 2: "L", 3: text})


def spm(order: LaboratoryOrder) -> Segment:
    specimen = (
        (order.specimen_id, order.placer.authority.namespace),
        (order.specimen_id, order.filler.authority.namespace),
    )
    return segment("SPM", {1: "1", 2: specimen, 4: ce(order.specimen), 17: (stamp(order.collected),)})


def medication_orc(order: MedicationOrder) -> Segment:
    when: Part = (("", ""), order.frequency, "", stamp(order.ordered), "", "R")
    fields: dict[int, Value] = {1: "NW", 2: ei(order.placer), 7: when, 9: stamp(order.ordered), 12: xcn(order.orderer)}
    return segment("ORC", fields)


def rxo(order: MedicationOrder) -> Segment:
    fields: dict[int, Value] = {
        1: ce(order.medication),
        2: order.dose,
        4: ce(order.unit),
        5: ce(order.form),
        11: order.amount,
        12: ce(order.form),
        13: str(order.refills),
    }
    if order.instruction:
        fields[7] = ("", order.instruction)
    return segment("RXO", fields)


def rxr(route: Coded, site: Coded | None = None) -> Segment:
    return segment("RXR", {1: ce(route)} if site is None else {1: ce(route), 2: ce(site)})


def immunization_orc(dose: Immunization) -> Segment:
    return segment("ORC", {1: "RE", 3: ei(dose.filler), 9: stamp(dose.given), 12: xcn(dose.by)})


def rxa(dose: Immunization) -> Segment:
    fields: dict[int, Value] = {
        1: "0",
        2: "1",
        3: stamp(dose.given),
        4: stamp(dose.given),
        5: ce(dose.vaccine),
        6: dose.amount,
        7: ce(dose.unit),
        9: ce(Coded("00", "New immunization record", "NIP001")),
        10: xcn(dose.by),
        15: dose.lot,
        16: dose.expires.strftime("%Y%m%d"),
        17: ce(dose.manufacturer),
        20: "CP",
        21: "A",
    }
    return segment("RXA", fields)


def scheduling(booking: Appointment) -> tuple[Segment, ...]:
    """SCH, and after the patient RGS, AIS, AIL and AIP; the caller puts the patient between the first and the rest."""
    minutes = Coded("MIN", "Minutes", "ISO+")
    length: dict[int, Value] = {9: str(booking.minutes), 10: ce(minutes)}
    period = ("", "", str(booking.minutes), stamp(booking.starts), "")
    sch: dict[int, Value] = {
        1: ei(booking.placer),
        2: ei(booking.filler),
        6: ce(booking.reason),
        7: ce(booking.reason),
        8: ce(Coded("Normal", "Routine schedule request type", "HL70277")),
        **length,
        11: period,
        16: xcn(booking.with_whom),
        20: xcn(booking.with_whom),
        25: ce(Coded("Booked", "Booked", "HL70278")),
    }
    service: dict[int, Value] = {
        1: "1",
        3: ce(Coded("CONSULT", "Consultation", "L")),
        4: stamp(booking.starts),
        7: str(booking.minutes),
        8: ce(minutes),
    }
    start: dict[int, Value] = {6: stamp(booking.starts), **length}
    return (
        segment("SCH", sch),
        segment("RGS", {1: "1"}),
        segment("AIS", service),
        segment("AIL", {1: "1", 3: pl(booking.place), **start}),
        segment("AIP", {1: "1", 3: xcn(booking.with_whom), **start}),
    )


def txa(document: Document) -> Segment:
    fields: dict[int, Value] = {
        1: "1",
        2: document.type.code,
        3: "TX",
        4: stamp(document.written),
        5: xcn(document.author),
        6: stamp(document.written),
        9: xcn(document.author),
        12: ei(document.number),
        17: document.status,
        19: "AV",
    }
    return segment("TXA", fields)


def document_obx(number: int, document: Document, line: str) -> Segment:
    return segment("OBX", {1: str(number), 2: "TX", 3: ce(document.type), 5: line, 11: "F"})
