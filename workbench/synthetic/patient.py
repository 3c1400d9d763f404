"""An ordinary synthetic patient as a pure function of (seed, index).

MRNs begin with `SYN-`, telephone numbers lie in the range kept for fiction (555-0100 to 555-0199) and OIDs under
HL7's root for examples, so that a message that leaks is recognised at once.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

from workbench.kernel.partial_time import PartialDateTime, Precision
from workbench.synthetic.draw import Draw
from workbench.synthetic.orders import (
    appointment,
    clinician,
    document,
    immunization,
    laboratory_order,
    medication_order,
)
from workbench.synthetic.tables import Row, weighted
from workbench.synthetic.truth import (
    Address,
    Allergy,
    Authority,
    Coded,
    Contact,
    Identifier,
    PersonName,
    Place,
    SyntheticPatient,
    Telecom,
    Visit,
)

HOSPITAL = Authority("SYNTH", "2.16.840.1.113883.19.4.6")
VISITS = Authority("SYNTHVISIT", "2.16.840.1.113883.19.4.7")
CLOCK = datetime(2026, 3, 2, 8, 0, tzinfo=timezone(timedelta(hours=-5)))
"""The moment every synthetic history is told from; "now" would make two runs differ."""

_RACES = (("2106-3", "White"), ("2054-5", "Black or African American"), ("2028-9", "Asian"), ("2131-1", "Other Race"))
_ETHNICITIES = (("H", "Hispanic or Latino"), ("N", "Not Hispanic or Latino"), ("U", "Unknown"))
_LANGUAGES = (("eng", "English"), ("spa", "Spanish"), ("pol", "Polish"), ("ara", "Arabic"))
_MARITAL = (("S", "Single"), ("M", "Married"), ("D", "Divorced"), ("W", "Widowed"))
_KIN = (("SPO", "Spouse"), ("PAR", "Parent"), ("SIB", "Sibling"), ("FND", "Friend"))


@lru_cache(maxsize=256)
def patient(seed: int, index: int, role: int = 0) -> SyntheticPatient:
    """The patient number `index` of the population `seed`.

    role  0 is the patient; other numbers are people beside them (mother, second record, …) with numbers of their own
    """
    draw = Draw.of("patient", seed, index, role)
    sex = draw.pick("sex", "FM")
    address = _address(draw)
    visit = _visit(draw, index, role)
    return SyntheticPatient(
        identifiers=(Identifier(medical_record_number(seed, index, role), HOSPITAL, "MR"),),
        names=(_name(draw, sex),),
        sex=sex,
        birth=_birth(draw),
        race=Coded(*draw.pick("race", _RACES), "HL70005"),
        ethnicity=Coded(*draw.pick("ethnicity", _ETHNICITIES), "HL70189"),
        language=Coded(*draw.pick("language", _LANGUAGES), "ISO639"),
        marital_status=Coded(*draw.pick("marital", _MARITAL), "HL70002"),
        addresses=(address,),
        telecoms=(_phone(draw, "home"), Telecom(f"syn{index}.{role}@example.org", "NET", "Internet")),
        mothers_maiden_name=PersonName(draw.weighted("maiden", weighted("family_names"))["name"], "", use="M"),
        contact=_contact(draw, address),
        visit=visit,
        allergies=_allergies(draw),
        diagnoses=(_diagnosis(draw),),
        laboratory=(laboratory_order(draw.child("laboratory"), index, visit.admitted),),
        medications=(medication_order(draw.child("medication"), index, visit.admitted),),
        immunizations=(immunization(draw.child("immunization"), index, visit.admitted),),
        appointment=appointment(draw.child("appointment"), index, visit.admitted),
        document=document(draw.child("document"), index, visit.admitted),
    )


def medical_record_number(seed: int, index: int, role: int = 0) -> str:
    """`SYN-` and nine digits: four of the population, four of the patient, one of the role."""
    return f"SYN-{Draw.of('population', seed).digits('mrn', 4)}{index % 10_000:04}{role % 10}"


def _name(draw: Draw, sex: str) -> PersonName:
    given = weighted("given_names", "sex", sex)
    return PersonName(
        family=draw.weighted("family", weighted("family_names"))["name"],
        given=draw.weighted("given", given)["name"],
        middle=draw.weighted("middle", given)["name"][0] if draw.chance("has middle", 60) else "",
        suffix="Jr" if draw.chance("has suffix", 4) else "",
    )


def _birth(draw: Draw) -> PartialDateTime:
    born = date(2024, 12, 31) - timedelta(days=draw.below("age in days", 92 * 365))
    return PartialDateTime(Precision.DAY, born.year, born.month, born.day)


def _address(draw: Draw) -> Address:
    place = draw.weighted("place", weighted("places"))
    return Address(
        street=f"{draw.between('house', 1, 9899)} {draw.weighted('street', weighted('streets'))['name']}",
        other=f"Apt {draw.between('apartment', 1, 48)}" if draw.chance("has apartment", 25) else "",
        city=place["city"],
        state=place["state"],
        postal_code=place["postal_code"],
    )


def _phone(draw: Draw, name: str) -> Telecom:
    return Telecom(f"({draw.between(f'{name} area', 201, 989)})555-01{draw.digits(name, 2)}", "PRN", "PH")


def _contact(draw: Draw, address: Address) -> Contact:
    kin = draw.child("contact")
    return Contact(
        name=_name(kin, kin.pick("sex", "FM")),
        relationship=Coded(*kin.pick("relationship", _KIN), "HL70063"),
        address=address,
        phone=_phone(kin, "home"),
    )


def _visit(draw: Draw, index: int, role: int) -> Visit:
    attending = clinician(draw, "attending")
    return Visit(
        number=Identifier(f"V{role}{index:05}{draw.digits('visit', 2)}", VISITS, "VN"),
        account=Identifier(f"A{role}{index:05}{draw.digits('account', 2)}", HOSPITAL, "AN"),
        patient_class="I",
        admission_type=draw.pick("admission type", "EUR"),
        place=Place(
            f"{draw.between('ward', 2, 6)}W", f"{draw.between('room', 201, 640)}", draw.pick("bed", "AB"), "SYNTH"
        ),
        attending=attending,
        service=attending.service,
        admitted=CLOCK + timedelta(minutes=7 * (index % 1000) + draw.below("admitted", 7)),
    )


def _allergies(draw: Draw) -> tuple[Allergy, ...]:
    if not draw.chance("has allergy", 55):
        return ()
    return (allergy(draw.weighted("allergy", weighted("allergies"))),)


def allergy(row: Row) -> Allergy:
    """The allergy of one row of `allergies.csv`."""
    return Allergy(row["kind"], Coded(row["code"], row["text"], row["system"]), row["severity"], row["reaction"])


def _diagnosis(draw: Draw) -> Coded:
    row = draw.weighted("diagnosis", weighted("diagnoses"))
    return Coded(row["code"], row["text"], "I10C")
