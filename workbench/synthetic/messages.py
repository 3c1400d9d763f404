"""The truth about a patient as whole messages of HL7 v2, one function a trigger family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workbench.synthetic import segments
from workbench.synthetic.er7_writer import EXPLICIT_NULL, Segment, encode, segment
from workbench.synthetic.truth import LaboratoryOrder, SyntheticPatient

VERSIONS = ("2.5", "2.5.1", "2.6")
"""Versions that can be written: those with SPM and before ORC-7 was withdrawn; from 2.6 on there is no CE."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What MSH says beside the type: when, under which control id, in which version."""

    control_id: str
    at: datetime
    version: str = "2.5.1"

    @property
    def coded_type(self) -> str:
        return "CE" if VERSIONS.index(self.version) < VERSIONS.index("2.6") else "CWE"


def write(envelope: Envelope, code: str, event: str, structure: str, body: Sequence[Segment]) -> bytes:
    """The body under its MSH; processing id T, because no synthetic message may be taken for a real one."""
    header = {
        3: "SYNTHEHR",
        4: "SYNTH",
        5: "WORKBENCH",
        6: "TEST",
        7: segments.stamp(envelope.at),
        9: (code, event, structure),
        10: envelope.control_id,
        11: "T",
        12: envelope.version,
        18: "UNICODE UTF-8",
    }
    return encode([segment("MSH", header), *body])


def evn(envelope: Envelope, event: str) -> Segment:
    return segment("EVN", {1: event, 2: segments.stamp(envelope.at)})


def adt(
    envelope: Envelope,
    event: str,
    patient: SyntheticPatient,
    extra: Sequence[Segment] = (),
    cleared: Sequence[int] = (),
) -> bytes:
    """ADT^A01, A03, A04 or A08.

    extra    segments for the end of the message, such as Z segments
    cleared  fields of PID that say `""`: the receiver is to delete what it has
    """
    pid = segments.pid(patient)
    pid = segment("PID", {**pid.fields, **dict.fromkeys(cleared, EXPLICIT_NULL)})
    structure = "ADT_A03" if event == "A03" else "ADT_A01"
    body = [
        evn(envelope, event),
        pid,
        segments.nk1(patient.contact),
        segments.pv1(patient.visit),
        *(segments.al1(number, each) for number, each in enumerate(patient.allergies, 1)),
        *(segments.dg1(number, each, patient.visit.admitted) for number, each in enumerate(patient.diagnoses, 1)),
        *extra,
    ]
    return write(envelope, "ADT", event, structure, body)


def merge(envelope: Envelope, survivor: SyntheticPatient, loser: SyntheticPatient) -> bytes:
    """ADT^A40: the patient of PID survives, the numbers of MRG go up in it."""
    body = [evn(envelope, "A40"), segments.pid(survivor), segments.mrg(loser)]
    return write(envelope, "ADT", "A40", "ADT_A39", body)


def results(envelope: Envelope, patient: SyntheticPatient, orders: Sequence[LaboratoryOrder]) -> bytes:
    """ORU^R01 with one ORDER_OBSERVATION an order."""
    body = [segments.pid(patient), segments.pv1(patient.visit)]
    for order in orders:
        body += [segments.laboratory_orc(order, "RE"), segments.obr(order, reported=True)]
        body += [segments.note(order.note)] if order.note else []
        body += [
            segments.obx(number, result, order.collected, envelope.coded_type)
            for number, result in enumerate(order.results, 1)
        ]
        body.append(segments.spm(order))
    return write(envelope, "ORU", "R01", "ORU_R01", body)


def laboratory_request(envelope: Envelope, patient: SyntheticPatient, order: LaboratoryOrder, code: str) -> bytes:
    """A new order as OML^O21 or, in the older way, ORM^O01."""
    body = [segments.pid(patient), segments.pv1(patient.visit)]
    body += [segments.al1(number, each) for number, each in enumerate(patient.allergies, 1)]
    body += [segments.laboratory_orc(order, "NW"), segments.obr(order, reported=False)]
    body += [segments.dg1(number, each, order.ordered) for number, each in enumerate(patient.diagnoses, 1)]
    if code == "ORM":
        return write(envelope, "ORM", "O01", "ORM_O01", body)
    body.append(segments.spm(order))
    return write(envelope, "OML", "O21", "OML_O21", body)


def prescription(envelope: Envelope, patient: SyntheticPatient) -> bytes:
    """ORM^O01 with one RXO a medication."""
    body = [segments.pid(patient), segments.pv1(patient.visit)]
    body += [segments.al1(number, each) for number, each in enumerate(patient.allergies, 1)]
    for order in patient.medications:
        body += [segments.medication_orc(order), segments.rxo(order)]
    return write(envelope, "ORM", "O01", "ORM_O01", body)


def vaccination(envelope: Envelope, patient: SyntheticPatient) -> bytes:
    """VXU^V04 with one ORDER a dose."""
    body = [segments.pid(patient), segments.nk1(patient.contact), segments.pv1(patient.visit)]
    for dose in patient.immunizations:
        body += [segments.immunization_orc(dose), segments.rxa(dose), segments.rxr(dose.route, dose.site)]
    return write(envelope, "VXU", "V04", "VXU_V04", body)


def booking(envelope: Envelope, patient: SyntheticPatient) -> bytes:
    """SIU^S12 with its service, place and clinician."""
    schedule, *resources = segments.scheduling(patient.appointment)
    body = [schedule, segments.pid(patient), segments.pv1(patient.visit), *resources]
    return write(envelope, "SIU", "S12", "SIU_S12", body)


def document(envelope: Envelope, patient: SyntheticPatient) -> bytes:
    """MDM^T02, one OBX a line of the text."""
    note = patient.document
    body = [evn(envelope, "T02"), segments.pid(patient), segments.pv1(patient.visit), segments.txa(note)]
    body += [segments.document_obx(number, note, line) for number, line in enumerate(note.lines, 1)]
    return write(envelope, "MDM", "T02", "MDM_T02", body)
