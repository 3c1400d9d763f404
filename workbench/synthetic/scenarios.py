"""Named scenarios: what happens to a patient, as the messages a hospital would send about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b
from types import MappingProxyType
from typing import TypeAlias

from workbench.kernel.errors import Refused
from workbench.synthetic import edges, messages
from workbench.synthetic.draw import Draw
from workbench.synthetic.er7_writer import segment
from workbench.synthetic.messages import VERSIONS, Envelope
from workbench.synthetic.orders import laboratory_order
from workbench.synthetic.patient import patient
from workbench.synthetic.truth import Result, SyntheticPatient


@dataclass(frozen=True, slots=True)
class SyntheticMessage:
    """name  `merge-0003-2-ADT_A04`: scenario, patient, step, type; unique in a population"""

    name: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a story: its type as a name shows it, and how it is written under an envelope."""

    kind: str
    write: Callable[[Envelope], bytes]


Story: TypeAlias = Callable[[int, int], Iterable[Step]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """name   what commands and suites call it
    title     one line for people
    edge      True when it is about a patient that interfaces get wrong
    story     (seed, index) -> the messages in order
    """

    name: str
    title: str
    edge: bool
    story: Story


def generate(scenario: str, patients: int, seed: int, version: str = "2.5.1") -> Iterator[SyntheticMessage]:
    """The messages of a scenario for patients 0 … patients-1; the same arguments give the same bytes for ever.

    raises  Refused SYN-0001: no such scenario; SYN-0002: version that cannot be written; SYN-0003: too few patients
    """
    if patients < 1:
        raise Refused("SYN-0003", "A population needs at least one patient.", "Give --patients 1 or more.")
    story = find_scenario(scenario)
    for index in range(patients):
        yield from write_story(story, seed, index, version)


def find_scenario(name: str) -> Scenario:
    """The scenario of that name.

    raises  Refused SYN-0001
    """
    if name not in SCENARIOS:
        raise Refused("SYN-0001", f"There is no scenario “{name}”.", f"Scenarios are: {', '.join(SCENARIOS)}.")
    return SCENARIOS[name]


def write_story(scenario: Scenario, seed: int, index: int, version: str = "2.5.1") -> tuple[SyntheticMessage, ...]:
    """All messages of one patient, a quarter of an hour apart.

    raises  Refused SYN-0002: version that cannot be written
    """
    if version not in VERSIONS:
        raise Refused("SYN-0002", f"HL7 version {version} cannot be written.", f"Give one of {', '.join(VERSIONS)}.")
    start = patient(seed, index).visit.admitted + timedelta(minutes=5)
    written = []
    for number, step in enumerate(scenario.story(seed, index), 1):
        key = f"{scenario.name}/{seed}/{index}/{number}".encode()
        control_id = f"SYN{blake2b(key, digest_size=6).hexdigest().upper()}"
        envelope = Envelope(control_id, start + timedelta(minutes=15 * number), version)
        written.append(SyntheticMessage(f"{scenario.name}-{index:04}-{number}-{step.kind}", step.write(envelope)))
    return tuple(written)


def _adt(event: str, someone: SyntheticPatient) -> Step:
    return Step(f"ADT_{event}", lambda envelope: messages.adt(envelope, event, someone))


def _oru(someone: SyntheticPatient) -> Step:
    return Step("ORU_R01", lambda envelope: messages.results(envelope, someone, someone.laboratory))


def _request(someone: SyntheticPatient, code: str, event: str) -> Step:
    order = someone.laboratory[0]
    return Step(f"{code}_{event}", lambda envelope: messages.laboratory_request(envelope, someone, order, code))


def _outpatient(someone: SyntheticPatient) -> SyntheticPatient:
    return replace(someone, visit=replace(someone.visit, patient_class="O", admission_type="R"))


def _discharged(someone: SyntheticPatient, disposition: str = "01") -> SyntheticPatient:
    leaves = someone.visit.admitted + timedelta(hours=30)
    return replace(someone, visit=replace(someone.visit, discharged=leaves, disposition=disposition))


def _admission(seed: int, index: int) -> Iterable[Step]:
    yield _adt("A01", patient(seed, index))


def _discharge(seed: int, index: int) -> Iterable[Step]:
    someone = patient(seed, index)
    yield _adt("A01", someone)
    yield _adt("A03", _discharged(someone))


def _registration(seed: int, index: int) -> Iterable[Step]:
    yield _adt("A04", _outpatient(patient(seed, index)))


def _update(seed: int, index: int) -> Iterable[Step]:
    before = _outpatient(patient(seed, index))
    moved = patient(seed, index, role=9)
    yield _adt("A04", before)
    yield _adt("A08", replace(before, addresses=moved.addresses, telecoms=moved.telecoms))


def _merge(seed: int, index: int) -> Iterable[Step]:
    survivor, loser = patient(seed, index), edges.second_record(seed, index)
    yield _adt("A04", _outpatient(survivor))
    yield _adt("A04", _outpatient(loser))
    yield Step("ADT_A40", lambda envelope: messages.merge(envelope, survivor, loser))


def _laboratory_result(seed: int, index: int) -> Iterable[Step]:
    yield _oru(patient(seed, index))


def _laboratory_correction(seed: int, index: int) -> Iterable[Step]:
    """Preliminary, final and corrected report of one order; the correction changes the first value."""
    someone = patient(seed, index)
    for status in "PFC":
        order = laboratory_order(
            Draw.of("correction", seed, index), index, someone.visit.admitted, panel="BMP", status=status
        )
        if status == "C":
            first: Result = order.results[0]
            order = replace(order, results=(replace(first, value="138", flag="N"), *order.results[1:]))
        yield _oru(replace(someone, laboratory=(order,)))


def _laboratory_order(seed: int, index: int) -> Iterable[Step]:
    someone = patient(seed, index)
    yield _request(someone, "OML", "O21")
    yield _oru(someone)


def _general_order(seed: int, index: int) -> Iterable[Step]:
    yield _request(patient(seed, index), "ORM", "O01")


def _prescription(someone: SyntheticPatient) -> Step:
    return Step("ORM_O01", lambda envelope: messages.prescription(envelope, someone))


def _medication_order(seed: int, index: int) -> Iterable[Step]:
    yield _prescription(patient(seed, index))


def _immunization(seed: int, index: int) -> Iterable[Step]:
    someone = _outpatient(patient(seed, index))
    yield Step("VXU_V04", lambda envelope: messages.vaccination(envelope, someone))


def _appointment(seed: int, index: int) -> Iterable[Step]:
    someone = _outpatient(patient(seed, index))
    yield Step("SIU_S12", lambda envelope: messages.booking(envelope, someone))


def _document(seed: int, index: int) -> Iterable[Step]:
    someone = patient(seed, index)
    yield Step("MDM_T02", lambda envelope: messages.document(envelope, someone))


def _emergency(seed: int, index: int) -> Iterable[Step]:
    """Arrival, order, result, admission, discharge of one visit."""
    someone = patient(seed, index)
    arrived = replace(someone, visit=replace(someone.visit, patient_class="E", admission_type="E"))
    yield _adt("A04", arrived)
    yield _request(arrived, "OML", "O21")
    yield _oru(arrived)
    yield _adt("A01", someone)
    yield _adt("A03", _discharged(someone))


def _deceased(seed: int, index: int) -> Iterable[Step]:
    alive, dead = patient(seed, index), edges.deceased(seed, index)
    yield _adt("A01", alive)
    yield _adt("A03", _discharged(dead, "20"))


def _death_reversed(seed: int, index: int) -> Iterable[Step]:
    """Death entered by mistake and taken back: PID-30 = N and PID-29 = `""`."""
    dead = edges.deceased(seed, index)
    alive = replace(dead, deceased=False, died=None)
    yield _adt("A08", dead)
    yield Step("ADT_A08", lambda envelope: messages.adt(envelope, "A08", alive, cleared=(29,)))


def _several_numbers(seed: int, index: int) -> Iterable[Step]:
    yield _adt("A04", _outpatient(edges.several_numbers(seed, index)))


def _longest_fields(seed: int, index: int) -> Iterable[Step]:
    yield _adt("A01", edges.longest_fields(seed, index))


def _hard_names(seed: int, index: int) -> Iterable[Step]:
    yield _adt("A04", _outpatient(edges.hard_name(seed, index)))


def _newborn(seed: int, index: int) -> Iterable[Step]:
    child = edges.newborn(seed, index)
    yield _adt("A01", edges.mother(seed, index))
    yield _adt("A01", child)
    yield _adt("A08", edges.named(child, "Noor"))


def _twins(seed: int, index: int) -> Iterable[Step]:
    yield _adt("A01", edges.newborn(seed, index, birth_order=1))
    yield _adt("A01", edges.newborn(seed, index, birth_order=2))


def _unmapped_allergy(seed: int, index: int) -> Iterable[Step]:
    yield _adt("A04", _outpatient(edges.unmapped_allergies(seed, index)))


def _small_dose(seed: int, index: int) -> Iterable[Step]:
    yield _prescription(edges.small_dose(seed, index))


def _local_tests(seed: int, index: int) -> Iterable[Step]:
    yield _oru(edges.local_tests(seed, index))


def _vague_birth(seed: int, index: int) -> Iterable[Step]:
    yield _adt("A04", _outpatient(edges.vague_birth(seed, index)))


def _cleared_fields(seed: int, index: int) -> Iterable[Step]:
    """The sender deletes address and telephone with `""`."""
    someone = _outpatient(patient(seed, index))
    yield Step("ADT_A08", lambda envelope: messages.adt(envelope, "A08", someone, cleared=(11, 13)))


def _delimiters_in_text(seed: int, index: int) -> Iterable[Step]:
    yield _adt("A04", _outpatient(edges.delimiters_in_text(seed, index)))


def _z_segment(seed: int, index: int) -> Iterable[Step]:
    """A segment that only the sender knows, with a value that must not vanish."""
    someone = _outpatient(patient(seed, index))
    extra = segment("ZPI", {1: "1", 2: ("VIP", "Needs interpreter"), 3: someone.contact.phone.value})
    yield Step("ADT_A04", lambda envelope: messages.adt(envelope, "A04", someone, extra=(extra,)))


_ALL = (
    Scenario("admission", "Inpatient admission (ADT A01)", False, _admission),
    Scenario("discharge", "Admission and discharge (ADT A01, A03)", False, _discharge),
    Scenario("registration", "Outpatient registration (ADT A04)", False, _registration),
    Scenario("update", "Registration, then a new address (ADT A04, A08)", False, _update),
    Scenario("merge", "Two records of one person, merged (ADT A04, A04, A40)", False, _merge),
    Scenario("lab-result", "Laboratory report (ORU R01)", False, _laboratory_result),
    Scenario("lab-correction", "Preliminary, final and corrected report (ORU R01)", False, _laboratory_correction),
    Scenario("lab-order", "Laboratory order and its report (OML O21, ORU R01)", False, _laboratory_order),
    Scenario("general-order", "Laboratory order in the older form (ORM O01)", False, _general_order),
    Scenario("medication-order", "Prescription (ORM O01 with RXO)", False, _medication_order),
    Scenario("immunization", "Vaccination record (VXU V04)", False, _immunization),
    Scenario("appointment", "Booked appointment (SIU S12)", False, _appointment),
    Scenario("document", "Document with its text (MDM T02)", False, _document),
    Scenario("emergency", "Arrival, order, result, admission, discharge", False, _emergency),
    Scenario("deceased", "Died in hospital (PID-29, PID-30)", True, _deceased),
    Scenario("death-reversed", 'Death entered by mistake and taken back (PID-29 = "")', True, _death_reversed),
    Scenario("several-numbers", "Several active identifiers, two with the same digits", True, _several_numbers),
    Scenario("longest-fields", "Names and addresses at their maximum length", True, _longest_fields),
    Scenario("hard-names", "Apostrophes, hyphens, diacritics, one name only", True, _hard_names),
    Scenario("newborn", "Mother, newborn under a temporary name, renamed", True, _newborn),
    Scenario("twins", "Two newborns whose numbers and names differ by one letter", True, _twins),
    Scenario("unmapped-allergy", "Allergies in a code system no map knows", True, _unmapped_allergy),
    Scenario("small-dose", "A dose of 0.125 mg", True, _small_dose),
    Scenario("local-tests", "Results under local codes alone", True, _local_tests),
    Scenario("vague-birth", "Birth known to the year or the month", True, _vague_birth),
    Scenario("cleared-fields", 'Address and telephone deleted with ""', True, _cleared_fields),
    Scenario("delimiters-in-text", "Values that hold the delimiters themselves", True, _delimiters_in_text),
    Scenario("z-segment", "A segment only the sender knows", True, _z_segment),
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType({scenario.name: scenario for scenario in _ALL})
"""All scenarios by name, workflows first, then edge cases."""
