"""The validators of the product itself: the two standards, and clinical plausibility."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.issues import Issue
from workbench.v2.er7 import Message
from workbench.validation.against import Against
from workbench.validation.fhir_validator import validate_resource
from workbench.validation.plausibility.fhir import plausibility_of_resource
from workbench.validation.plausibility.v2 import plausibility
from workbench.validation.profiles.kept import profile_validator
from workbench.validation.v2_validator import validate_message
from workbench.validation.validator import RuleDefinition, Validator


class _Standard:
    """What all of them share: their rules are in the table of the product."""

    rules: tuple[RuleDefinition, ...] = ()


class V2Standard(_Standard):
    """HL7 v2 messages, by the standard of their version or by the profile that was chosen."""

    name = "hl7-v2"

    def validate(self, document: Message | FhirDocument, against: Against) -> Iterable[Issue]:
        """raises  Refused V2P-0002 to V2P-0004: the profile cannot be used; Unavailable V2P-0001"""
        if not isinstance(document, Message):
            return ()
        if against.v2_profile is not None:
            return profile_validator(against.v2_profile).validate(document)
        return validate_message(document)


class FhirStandard(_Standard):
    """FHIR resources, by R4 and the packages and profiles that were chosen."""

    name = "fhir"

    def validate(self, document: Message | FhirDocument, against: Against) -> Iterable[Issue]:
        """raises  Refused FHIR-0020 to FHIR-0024: packages or a profile in them cannot be used"""
        if isinstance(document, Message):
            return ()
        return (*document.issues, *validate_resource(document, against.fhir))


class Plausibility(_Standard):
    """What a clinician would doubt, where it is asked for."""

    name = "plausibility"

    def validate(self, document: Message | FhirDocument, against: Against) -> Iterable[Issue]:
        if not against.plausible:
            return ()
        if isinstance(document, Message):
            return plausibility(document, against.disabled)
        return plausibility_of_resource(document, against.disabled)


STANDARD: tuple[Validator, ...] = (V2Standard(), FhirStandard(), Plausibility())
