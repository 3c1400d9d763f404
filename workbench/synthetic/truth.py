"""The truth about a synthetic patient, from which messages are written and against which results are judged.

Times of events are aware datetimes; a birth may be known to the year only, so it is a `PartialDateTime`.
Amounts, doses and results are text with the digits that were meant: `0.125` and `0.1250` differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.kernel.partial_time import PartialDateTime


@dataclass(frozen=True, slots=True)
class Coded:
    """A code with its text; `system` is a name of HL7 table 0396 (`LN`, `RXNORM`, `CVX`, `I10`, `L` for local)."""

    code: str
    text: str
    system: str


@dataclass(frozen=True, slots=True)
class Authority:
    """An assigning authority: HD.1 and HD.2 (an OID)."""

    namespace: str
    oid: str


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number somebody gave; `type` from table 0203."""

    value: str
    authority: Authority
    type: str


@dataclass(frozen=True, slots=True)
class PersonName:
    """`use` from table 0200: L legal, A alias, B name at birth, U unspecified."""

    family: str
    given: str
    middle: str = ""
    suffix: str = ""
    prefix: str = ""
    use: str = "L"


@dataclass(frozen=True, slots=True)
class Address:
    """`use` from table 0190: H home, C current or temporary, B business."""

    street: str
    city: str
    state: str
    postal_code: str
    other: str = ""
    country: str = "USA"
    use: str = "H"


@dataclass(frozen=True, slots=True)
class Telecom:
    """`use` from table 0201, `equipment` from table 0202; digits, or an address when equipment is Internet."""

    value: str
    use: str
    equipment: str


@dataclass(frozen=True, slots=True)
class Clinician:
    id: str
    name: PersonName
    degree: str
    service: str


@dataclass(frozen=True, slots=True)
class Place:
    point_of_care: str
    room: str
    bed: str
    facility: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Next of kin; `relationship` from table 0063."""

    name: PersonName
    relationship: Coded
    address: Address
    phone: Telecom


@dataclass(frozen=True, slots=True)
class Visit:
    """`patient_class` from table 0004; `discharged` is None while the visit lasts."""

    number: Identifier
    account: Identifier
    patient_class: str
    admission_type: str
    place: Place
    attending: Clinician
    service: str
    admitted: datetime
    discharged: datetime | None = None
    disposition: str = ""


@dataclass(frozen=True, slots=True)
class Allergy:
    """`kind` from table 0127, `severity` from table 0128."""

    kind: str
    substance: Coded
    severity: str
    reaction: str


@dataclass(frozen=True, slots=True)
class Result:
    """One observation. `kind` is OBX-2; `value` is text, or (comparator, number) for SN, or a code for CE."""

    local: Coded
    standard: Coded | None
    kind: str
    value: str | Coded | tuple[str, str]
    unit: str
    reference_range: str
    flag: str
    status: str = "F"


@dataclass(frozen=True, slots=True)
class LaboratoryOrder:
    placer: Identifier
    filler: Identifier
    local: Coded
    standard: Coded | None
    section: str
    specimen: Coded
    specimen_id: str
    orderer: Clinician
    ordered: datetime
    collected: datetime
    reported: datetime
    results: tuple[Result, ...]
    status: str = "F"
    note: str = ""


@dataclass(frozen=True, slots=True)
class MedicationOrder:
    """`dose` as text with its digits, `unit` in UCUM; `frequency` from table 0335 with its interval in hours."""

    placer: Identifier
    medication: Coded
    dose: str
    unit: Coded
    form: Coded
    route: Coded
    frequency: str
    every_hours: int
    amount: str
    refills: int
    orderer: Clinician
    ordered: datetime
    instruction: str = ""


@dataclass(frozen=True, slots=True)
class Immunization:
    filler: Identifier
    vaccine: Coded
    manufacturer: Coded
    amount: str
    unit: Coded
    route: Coded
    site: Coded
    lot: str
    expires: datetime
    given: datetime
    by: Clinician


@dataclass(frozen=True, slots=True)
class Appointment:
    placer: Identifier
    filler: Identifier
    reason: Coded
    starts: datetime
    minutes: int
    with_whom: Clinician
    place: Place


@dataclass(frozen=True, slots=True)
class Document:
    """`type` from table 0270, `status` from table 0271; the text is one paragraph a line."""

    number: Identifier
    type: Coded
    author: Clinician
    written: datetime
    lines: tuple[str, ...]
    status: str = "AU"


@dataclass(frozen=True, slots=True)
class SyntheticPatient:
    """Everything that is true of one patient; the first identifier and the first name are the preferred ones.

    deceased      True or False when somebody said so, None when nobody did
    birth_order   place in a multiple birth, 0 for a single one
    mother        the mother's number when she is a patient too
    """

    identifiers: tuple[Identifier, ...]
    names: tuple[PersonName, ...]
    sex: str
    birth: PartialDateTime
    race: Coded
    ethnicity: Coded
    language: Coded
    marital_status: Coded
    addresses: tuple[Address, ...]
    telecoms: tuple[Telecom, ...]
    mothers_maiden_name: PersonName
    contact: Contact
    visit: Visit
    allergies: tuple[Allergy, ...]
    diagnoses: tuple[Coded, ...]
    laboratory: tuple[LaboratoryOrder, ...]
    medications: tuple[MedicationOrder, ...]
    immunizations: tuple[Immunization, ...]
    appointment: Appointment
    document: Document
    deceased: bool | None = None
    died: datetime | None = None
    birth_order: int = 0
    mother: Identifier | None = None
