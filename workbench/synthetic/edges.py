"""Patients that interfaces get wrong: each is an ordinary patient with one thing changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from workbench.kernel.partial_time import PartialDateTime, Precision
from workbench.synthetic.draw import Draw
from workbench.synthetic.orders import laboratory_order, medication_order
from workbench.synthetic.patient import CLOCK, HOSPITAL, allergy, medical_record_number, patient
from workbench.synthetic.tables import rows
from workbench.synthetic.truth import Authority, Coded, Identifier, PersonName, SyntheticPatient

CLINIC = Authority("SYNTHCLINIC", "2.16.840.1.113883.19.4.20")
NATIONAL = Authority("SYNTHNATION", "2.16.840.1.113883.19.4.21")
MOTHER, SECOND_RECORD = 1, 2
"""Roles of people beside the patient."""

_HARD_NAMES = (
    ("O'Shaughnessy-D'Angelo", "Anne-Marie"),
    ("Żółć-Gęślą", "Łucja"),
    ("Sukarno", ""),
    ("Nguyễn", "Thị Hằng"),
    ("Nuñez y Peña", "José María"),
    ("Müller-Lüdenscheidt", "Jörg"),
    ("d’Aubigné", "Gwénaëlle"),
    ("Al-Ḥasan", "Sa'd"),
)
_LONG_FAMILY = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh"
_LONG_GIVEN = "Maximiliana-Theodolinde Alexandrovna-B"
_LONG_STREET = (
    "12345 North Martin Luther King Junior Memorial Boulevard, Building of the Old Municipal Waterworks, "
    "Second Entrance to the Left"
)
_LONG_ADDRESS = "Care of Saint Bartholomew's Residence for Retired Seafarers, Apartment 1234567890"
_MOTHER_OF = Coded("MTH", "Mother", "HL70063")


def deceased(seed: int, index: int) -> SyntheticPatient:
    """Died in hospital before the message was sent."""
    someone = patient(seed, index)
    return replace(someone, deceased=True, died=someone.visit.admitted + timedelta(hours=3, minutes=12))


def several_numbers(seed: int, index: int) -> SyntheticPatient:
    """Four active identifiers; two authorities use the same digits, so the number alone identifies nobody."""
    someone = patient(seed, index)
    number = someone.identifiers[0].value
    more = (
        Identifier(number, CLINIC, "MR"),
        Identifier(f"{number[4:]}77", CLINIC, "PI"),
        Identifier(f"9{number[4:]}", NATIONAL, "NI"),
    )
    return replace(someone, identifiers=someone.identifiers + more)


def longest_fields(seed: int, index: int) -> SyntheticPatient:
    """Name and address as long as HL7 v2.5.1 2.A allows them (FN.1 50, XPN.2 30, SAD.1 120, PID-11 250)."""
    someone = patient(seed, index)
    suffix = Draw.of("longest", seed, index).digits("suffix", 4)
    name = PersonName(
        _LONG_FAMILY[:46] + suffix, _LONG_GIVEN[:30], "Konstantinopolitanische Augusta"[:30], "III", "Prof Dr"
    )
    home = replace(
        someone.addresses[0],
        street=_LONG_STREET[:120],
        other=_LONG_ADDRESS[:62],
        city="Taumatawhakatangihangakoauauotamateaturipukaka",
        postal_code="12345-6789",
    )
    reaction = replace(allergy(rows("allergies")[0]), reaction="Anaphylaxis ICU"[:15])
    return replace(someone, names=(name,), addresses=(home,), allergies=(reaction,))


def hard_name(seed: int, index: int) -> SyntheticPatient:
    """Apostrophes, hyphens, diacritics, particles and a mononym, one after another by index, with an alias."""
    someone = patient(seed, index)
    family, given = _HARD_NAMES[index % len(_HARD_NAMES)]
    alias = PersonName(family.replace("-", " ").replace("'", ""), given, use="A")
    return replace(someone, names=(PersonName(family, given), alias))


def mother(seed: int, index: int) -> SyntheticPatient:
    """The mother of `newborn`: admitted the day before."""
    someone = patient(seed, index, MOTHER)
    age = Draw.of("mother", seed, index).between("age", 18, 42)
    return replace(
        someone,
        sex="F",
        birth=PartialDateTime(Precision.DAY, CLOCK.year - age, someone.birth.month, min(someone.birth.day, 28)),
        names=(replace(someone.names[0], given="Marisol-Ann", suffix=""),),
        visit=replace(someone.visit, place=replace(someone.visit.place, point_of_care="LDR"), service="OBS"),
    )


def newborn(seed: int, index: int, birth_order: int = 0) -> SyntheticPatient:
    """A child of `mother` under a temporary name, same address and telephone, next MRN; a twin with a birth order."""
    parent = mother(seed, index)
    child = patient(seed, index, 3 + birth_order)
    born = child.visit.admitted
    temporary = f"Baby{'Girl' if child.sex == 'F' else 'Boy'}{'AB'[birth_order - 1] if birth_order else ''}"
    return replace(
        child,
        names=(PersonName(parent.names[0].family, temporary),),
        birth=PartialDateTime(Precision.MINUTE, born.year, born.month, born.day, born.hour, born.minute, offset=-300),
        addresses=parent.addresses,
        telecoms=parent.telecoms[:1],
        mothers_maiden_name=parent.mothers_maiden_name,
        mother=parent.identifiers[0],
        birth_order=birth_order,
        allergies=(),
        diagnoses=(),
        contact=replace(child.contact, name=parent.names[0], relationship=_MOTHER_OF),
        visit=replace(
            child.visit, admission_type="N", place=replace(child.visit.place, point_of_care="NUR"), service="PED"
        ),
    )


def named(child: SyntheticPatient, given: str) -> SyntheticPatient:
    """The child under its legal name, the temporary one kept as an alias."""
    temporary = replace(child.names[0], use="A")
    return replace(child, names=(PersonName(temporary.family, given), temporary))


def second_record(seed: int, index: int) -> SyntheticPatient:
    """The same person registered twice: another number, the name as a clerk heard it."""
    someone = patient(seed, index)
    name = someone.names[0]
    return replace(
        patient(seed, index, SECOND_RECORD),
        identifiers=(Identifier(medical_record_number(seed, index, SECOND_RECORD), HOSPITAL, "MR"),),
        names=(replace(name, given=name.given[:1], middle=""),),
        birth=someone.birth,
        sex=someone.sex,
        addresses=someone.addresses,
    )


def unmapped_allergies(seed: int, index: int) -> SyntheticPatient:
    """Allergies in a local code system that no code map knows; losing one of them is the worst case."""
    local = tuple(allergy(row) for row in rows("allergies") if row["system"] == "L")
    return replace(patient(seed, index), allergies=local)


def small_dose(seed: int, index: int) -> SyntheticPatient:
    """Digoxin 0.125 mg: a dose that is deadly when its decimal point is lost."""
    someone = patient(seed, index)
    order = medication_order(Draw.of("small dose", seed, index), index, someone.visit.admitted, rxnorm="197604")
    return replace(someone, medications=(replace(order, instruction="Hold if pulse < 60/min & notify physician"),))


def local_tests(seed: int, index: int) -> SyntheticPatient:
    """Results under local codes alone."""
    someone = patient(seed, index)
    order = laboratory_order(Draw.of("local tests", seed, index), index, someone.visit.admitted, panel="LOC")
    return replace(someone, laboratory=(order,))


def vague_birth(seed: int, index: int) -> SyntheticPatient:
    """Born in a year or a month; a day must not be invented."""
    someone = patient(seed, index)
    precision = Precision.YEAR if index % 2 == 0 else Precision.MONTH
    month = 1 if precision == Precision.YEAR else someone.birth.month
    return replace(someone, birth=PartialDateTime(precision, someone.birth.year, month))


def delimiters_in_text(seed: int, index: int) -> SyntheticPatient:
    """Values that hold every delimiter and the escape character itself."""
    someone = patient(seed, index)
    home = replace(someone.addresses[0], street="Unit 7|B, Smith & Sons ^ Annex", other="Back~door\\lane")
    return replace(someone, addresses=(home,))
