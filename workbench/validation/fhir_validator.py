"""FHIR R4 base validation: structure, cardinality, formats, required bindings, references, Bundles, narrative.

Plain decoded values are walked by plans compiled from the definitions; bytes are looked up only when there is
something to report. Profiles, slicing and FHIRPath invariants are further sources of findings beside this walk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from workbench.fhir.definitions import R4, definitions
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.issues import Issue, Severity
from workbench.validation.fhir_findings import span_of
from workbench.validation.fhir_plan import Plans
from workbench.validation.fhir_walk import walk


@dataclass(frozen=True, slots=True)
class FhirOptions:
    """What a site decides about validation.

    version     FHIR version of the definitions
    severities  other severities by rule id
    off         ids of rules whose findings are left out
    """

    version: str = R4
    severities: Mapping[str, Severity] = field(default_factory=dict)
    off: frozenset[str] = frozenset()


DEFAULT = FhirOptions()


def validate_resource(document: FhirDocument, options: FhirOptions = DEFAULT) -> tuple[Issue, ...]:
    """The issues of a received resource or Bundle, each with the bytes it is at.

    What reading found already (`document.issues`) is not repeated here.

    raises  Refused FHIR-0012: no definitions of that version are installed
    """
    findings = walk(document.value, _plans(options.version))
    issues = [
        replace(finding.issue, location=replace(finding.issue.location, span=span_of(document, finding.place)))
        for finding in findings.all
    ]
    return _as_decided(issues, options)


def validate_value(value: dict[str, object], options: FhirOptions = DEFAULT) -> tuple[Issue, ...]:
    """The issues of a decoded resource or Bundle that has no text, such as a mapping's result.

    raises  Refused FHIR-0012: no definitions of that version are installed
    """
    return _as_decided([finding.issue for finding in walk(value, _plans(options.version)).all], options)


def _as_decided(issues: list[Issue], options: FhirOptions) -> tuple[Issue, ...]:
    if not options.severities and not options.off:
        return tuple(issues)
    return tuple(
        replace(issue, severity=options.severities.get(issue.rule, issue.severity))
        for issue in issues
        if issue.rule not in options.off
    )


@cache
def _plans(version: str) -> Plans:
    return Plans(definitions(version))
