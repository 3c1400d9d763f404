"""Which fields go through which code maps, and which code systems a field is usually coded in."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.kernel.errors import Refused
from workbench.mapping.model import Package
from workbench.terminology.loinc_axes import LOINC
from workbench.terminology.ranking import CVX, ICD_10_CM, RXNORM, SNOMED_CT, UCUM
from workbench.v2.path import V2Path

USUAL_SYSTEMS: Mapping[str, tuple[str, ...]] = {
    "OBX-3": (LOINC,), "OBR-4": (LOINC,), "OBX-6": (UCUM,), "OBX-5": (SNOMED_CT,),
    "AL1-3": (RXNORM, SNOMED_CT), "IAM-3": (RXNORM, SNOMED_CT), "AL1-5": (SNOMED_CT,), "IAM-5": (SNOMED_CT,),
    "RXA-5": (CVX,), "RXE-2": (RXNORM,), "RXO-1": (RXNORM,), "RXD-2": (RXNORM,), "RXG-4": (RXNORM,),
    "DG1-3": (ICD_10_CM, SNOMED_CT), "PRB-3": (SNOMED_CT, ICD_10_CM), "PR1-3": (SNOMED_CT,),
    "SPM-4": (SNOMED_CT,), "OBR-15": (SNOMED_CT,),
    "Observation.code": (LOINC,), "Observation.component.code": (LOINC,), "DiagnosticReport.code": (LOINC,),
    "Observation.value": (SNOMED_CT,), "Observation.component.value": (SNOMED_CT,),
    "Observation.value.unit": (UCUM,), "Observation.component.value.unit": (UCUM,), "Specimen.type": (SNOMED_CT,),
    "MedicationRequest.medication": (RXNORM,), "MedicationStatement.medication": (RXNORM,),
    "MedicationAdministration.medication": (RXNORM,), "MedicationDispense.medication": (RXNORM,),
    "Medication.code": (RXNORM,), "Immunization.vaccineCode": (CVX,),
    "AllergyIntolerance.code": (RXNORM, SNOMED_CT), "AllergyIntolerance.reaction.manifestation": (SNOMED_CT,),
    "Condition.code": (ICD_10_CM, SNOMED_CT), "Procedure.code": (SNOMED_CT,), "ServiceRequest.code": (LOINC, SNOMED_CT),
}  # fmt: skip
"""Field → the code systems whose releases have candidates for it."""

_PUBLISHED = frozenset({
    "ATC", "C4", "C5", "CPT", "CPTM", "CVX", "DCM", "HCPCS", "HPC", "I9", "I9C", "I9CDX", "I9CP", "I10", "I10C", "I10P",
    "ICD9", "ICD-9", "ICD10", "ICD-10", "ICD10CM", "ICD-10-CM", "ICDO", "ICPC", "LN", "LOINC", "MEDR", "MVX", "NCIT",
    "NDC", "NDFRT", "RXNORM", "SCT", "SCT2", "SNOMED", "SNOMED-CT", "UCUM", "UMLS", "UNII",
})  # fmt: skip
"""What HL7 table 0396 calls code systems that others publish, and how senders write them. HL7's own tables are left
out: their codes mean nothing elsewhere."""


def is_named(system: str) -> bool:
    """True for the name that HL7 v2 has for a published code system."""
    return system.upper() in _PUBLISHED


def fields_of_maps(package: Package) -> dict[str, str]:
    """`PID-8` → the code map its values go through, for every field a rule translates."""
    found: dict[str, str] = {}
    for rule_map in package.segments.values():
        for rule in rule_map.walk():
            for source in rule.source if rule.codes else ():
                try:
                    place = V2Path.parse(source)
                except Refused:
                    continue  # a fall-back chain or a condition; its field has another rule or none
                if place.component <= 1 and place.subcomponent <= 1 and place.field:
                    found.setdefault(f"{place.segment}-{place.field}", rule.codes)
    return found
