"""Clinical words for the codes of HL7 tables, in one vocabulary for v2 and FHIR, so that both can be compared.

Each table says what a code means to a reader; it is no mapping, and a code that is not here is shown as it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping

SEX: Mapping[str, str] = {
    # v2 table 0001
    "F": "female", "M": "male", "O": "other", "U": "unknown", "A": "ambiguous", "N": "not applicable",
    # http://hl7.org/fhir/administrative-gender
    "female": "female", "male": "male", "other": "other", "unknown": "unknown",
}  # fmt: skip

YES_NO: Mapping[str, str] = {"Y": "yes", "N": "no", "true": "yes", "false": "no"}

VISIT_CLASS: Mapping[str, str] = {
    # v2 table 0004
    "E": "emergency", "I": "inpatient", "O": "outpatient", "P": "pre-admission", "R": "recurring patient",
    "B": "obstetrics", "C": "commercial account", "N": "not applicable", "U": "unknown",
    # http://terminology.hl7.org/CodeSystem/v3-ActCode
    "EMER": "emergency", "IMP": "inpatient", "ACUTE": "inpatient", "NONAC": "inpatient", "AMB": "outpatient",
    "PRENC": "pre-admission", "OBSENC": "observation", "SS": "short stay", "HH": "home health", "VR": "virtual",
}  # fmt: skip

RESULT_STATUS: Mapping[str, str] = {
    # v2 tables 0085 and 0123
    "F": "final", "P": "preliminary", "C": "corrected", "X": "cancelled", "D": "entered in error",
    "W": "entered in error", "A": "amended", "B": "appended", "I": "pending", "R": "not verified", "S": "partial",
    "U": "final", "N": "not asked", "O": "ordered", "V": "final, verified",
    # http://hl7.org/fhir/observation-status and diagnostic-report-status
    "registered": "registered", "partial": "partial", "preliminary": "preliminary", "final": "final",
    "amended": "amended", "corrected": "corrected", "appended": "appended", "cancelled": "cancelled",
    "entered-in-error": "entered in error", "unknown": "unknown",
}  # fmt: skip

FLAG: Mapping[str, str] = {
    # v2 table 0078 and http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation
    "L": "low", "H": "high", "LL": "critically low", "HH": "critically high", "<": "below the scale",
    ">": "above the scale", "N": "normal", "A": "abnormal", "AA": "critically abnormal", "U": "significantly up",
    "D": "significantly down", "B": "better", "W": "worse", "S": "susceptible", "R": "resistant",
    "I": "intermediate", "MS": "moderately susceptible", "VS": "very susceptible", "POS": "positive",
    "NEG": "negative", "IND": "indeterminate", "DET": "detected", "ND": "not detected", "NR": "non-reactive",
    "RR": "reactive", "WR": "weakly reactive", "HU": "significantly high", "LU": "significantly low",
    "HX": "above the threshold", "LX": "below the threshold",
}  # fmt: skip

ALLERGY_CATEGORY: Mapping[str, str] = {
    # v2 table 0127
    "DA": "drug", "FA": "food", "MA": "miscellaneous allergy", "MC": "miscellaneous contraindication",
    "EA": "environment", "AA": "animal", "PA": "environment", "LA": "environment",
    # http://hl7.org/fhir/allergy-intolerance-category
    "medication": "drug", "food": "food", "environment": "environment", "biologic": "animal",
}  # fmt: skip

SEVERITY: Mapping[str, str] = {
    # v2 table 0128
    "SV": "severe", "MO": "moderate", "MI": "mild", "U": "unknown",
    # http://hl7.org/fhir/reaction-event-severity
    "severe": "severe", "moderate": "moderate", "mild": "mild",
    # http://hl7.org/fhir/allergy-intolerance-criticality, read as the v2-to-FHIR guide relates it to table 0128
    "high": "severe", "low": "mild", "unable-to-assess": "unknown",
}  # fmt: skip

IMMUNIZATION_STATUS: Mapping[str, str] = {
    # v2 table 0322
    "CP": "given", "PA": "partly given", "RE": "refused", "NA": "not given",
    # http://hl7.org/fhir/event-status as bound to Immunization.status
    "completed": "given", "not-done": "not given", "entered-in-error": "entered in error",
}  # fmt: skip

APPOINTMENT_STATUS: Mapping[str, str] = {
    # v2 table 0278
    "BOOKED": "booked", "PENDING": "pending", "WAITLIST": "on the waiting list", "CANCELLED": "cancelled",
    "COMPLETE": "completed", "NOSHOW": "not attended", "DC": "cancelled", "DELETED": "entered in error",
    "STARTED": "started", "BLOCKED": "blocked", "OVERBOOK": "overbooked",
    # http://hl7.org/fhir/appointmentstatus
    "proposed": "proposed", "pending": "pending", "booked": "booked", "arrived": "arrived", "fulfilled": "completed",
    "cancelled": "cancelled", "noshow": "not attended", "entered-in-error": "entered in error",
    "checked-in": "checked in", "waitlist": "on the waiting list",
}  # fmt: skip

DOCUMENT_STATUS: Mapping[str, str] = {
    # v2 table 0271, in FHIR's terms: what nobody has verified is preliminary
    "DI": "preliminary", "DO": "preliminary", "IP": "preliminary", "IN": "preliminary", "PA": "preliminary",
    "AU": "final", "LA": "final",
    # http://hl7.org/fhir/composition-status
    "preliminary": "preliminary", "final": "final", "amended": "amended", "entered-in-error": "entered in error",
}  # fmt: skip

FREQUENCY: Mapping[str, str] = {
    # v2 table 0335 and http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation
    "QD": "once daily", "QAM": "every morning", "QPM": "every evening", "QHS": "at bedtime", "BID": "twice daily",
    "TID": "3 times daily", "QID": "4 times daily", "QOD": "every other day", "PRN": "as needed", "C": "continuously",
    "ONCE": "once", "AM": "every morning", "PM": "every evening", "HS": "at bedtime",
}  # fmt: skip

MEDIA_TYPE: Mapping[str, str] = {
    # v2 table 0191, the first part of a media type
    "AP": "application", "AU": "audio", "FT": "text", "IM": "image", "TEXT": "text", "TX": "text",
}  # fmt: skip

STAY: Mapping[str, str] = {
    # http://hl7.org/fhir/encounter-location-status; only a place that was left needs a word
    "completed": "previous",
}  # fmt: skip

PERIOD_UNIT: Mapping[str, str] = {
    "s": "second", "min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year",
}  # fmt: skip
_PER_DAY = {1: "once daily", 2: "twice daily"}


def worded(code: str, table: Mapping[str, str]) -> str:
    """The clinical word of a code, the code itself when the table does not know it."""
    return table.get(code) or table.get(code.upper()) or code


def times_per(frequency: str, period: str, unit: str) -> str:
    """`twice daily`, `every 6 hours`, `3 times every 2 weeks`; numbers and unit (UCUM) as FHIR's Timing.repeat has."""
    word = PERIOD_UNIT.get(unit, unit)
    if period == "1" and unit == "d" and frequency.isdigit():
        return _PER_DAY.get(int(frequency), f"{frequency} times daily")
    every = f"every {word}" if period == "1" else f"every {period} {word}s"
    return every if frequency == "1" else f"{frequency} times {every}"
