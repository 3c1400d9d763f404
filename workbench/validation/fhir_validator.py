"""FHIR validation: structure, formats, bindings, references, Bundles, narrative, invariants, profiles, extensions.

Plain decoded values are walked by plans compiled from the definitions; bytes are looked up only when there is
something to report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from workbench.fhir.definitions import R4, definitions
from workbench.fhir.json_tree import FhirDocument
from workbench.fhir.package_definitions import PackageDefinitions, with_packages
from workbench.fhir.packages import find_packages, load_packages
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, Severity
from workbench.kernel.location import Location
from workbench.validation.fhir_findings import Findings, span_of
from workbench.validation.fhir_plan import Plans
from workbench.validation.fhir_profile_rules import MISSING_PACKAGE
from workbench.validation.fhir_walk import walk


@dataclass(frozen=True, slots=True)
class FhirOptions:
    """What a site decides about validation.

    version     FHIR version of the definitions, when no packages say it
    packages    folders with FHIR packages, or packages
    profiles    canonical URLs of profiles each resource must meet besides those it names in meta.profile
    best_practice  whether constraints that only recommend are judged
    severities  other severities by rule id
    off         ids of rules whose findings are left out
    """

    version: str = R4
    packages: tuple[Path, ...] = ()
    profiles: tuple[str, ...] = ()
    best_practice: bool = False
    severities: Mapping[str, Severity] = field(default_factory=dict)
    off: frozenset[str] = frozenset()


DEFAULT = FhirOptions()


def prepare(options: FhirOptions) -> None:
    """Load what the options name, so that what is wrong with it is said once and before any message.

    Packages that changed since they were loaded are loaded again.

    raises  Refused FHIR-0012, FHIR-0020, FHIR-0022, FHIR-0023; Unavailable FHIR-0021
            Refused FHIR-0024: a profile that was asked for is not loaded
    """
    if not options.packages and not options.profiles:
        return
    stamp = _stamp(options.packages)
    if _loaded.get(options.packages, stamp) != stamp:
        plans_of.cache_clear()  # a package was added or replaced since
    _loaded[options.packages] = stamp
    plans = plans_of(options.version, options.packages)
    for url in options.profiles:
        if plans.profile(url) is None and not plans.is_type_url(url):
            raise Refused(
                "FHIR-0024", f"The profile {url} is not in the packages given.", "Check the URL, or add its package."
            )


def package_defects(options: FhirOptions) -> tuple[Issue, ...]:
    """What the packages depend on and what was found nowhere; raises as `prepare`."""
    if not options.packages:
        return ()
    loaded = plans_of(options.version, options.packages).definitions
    missing = loaded.packages.missing if isinstance(loaded, PackageDefinitions) else ()
    rule = MISSING_PACKAGE
    return tuple(
        Issue(
            rule.definition.severity,
            rule.code,
            rule.definition.id,
            Location(),
            rule.template,
            {"package": name},
            rule.definition.source,
        )
        for name in missing
    )


def validate_resource(document: FhirDocument, options: FhirOptions = DEFAULT) -> tuple[Issue, ...]:
    """The issues of a received resource or Bundle, each with the bytes it is at.

    What reading found already (`document.issues`) is not repeated here.

    raises  Refused FHIR-0012: no definitions of that version are installed
    """
    findings = _walk(document.value, options)
    issues = [
        replace(finding.issue, location=replace(finding.issue.location, span=span_of(document, finding.place)))
        for finding in findings.all
    ]
    return _as_decided(issues, options)


def validate_value(value: dict[str, object], options: FhirOptions = DEFAULT) -> tuple[Issue, ...]:
    """The issues of a decoded resource or Bundle that has no text, such as a mapping's result.

    raises  Refused FHIR-0012: no definitions of that version are installed
    """
    return _as_decided([finding.issue for finding in _walk(value, options).all], options)


def _walk(value: dict[str, object], options: FhirOptions) -> Findings:
    return walk(value, plans_of(options.version, options.packages), options.profiles, options.best_practice)


def _as_decided(issues: list[Issue], options: FhirOptions) -> tuple[Issue, ...]:
    if not options.severities and not options.off:
        return tuple(issues)
    return tuple(
        replace(issue, severity=options.severities.get(issue.rule, issue.severity))
        for issue in issues
        if issue.rule not in options.off
    )


_loaded: dict[tuple[Path, ...], tuple[tuple[str, int], ...]] = {}


def _stamp(packages: tuple[Path, ...]) -> tuple[tuple[str, int], ...]:
    """The files of packages with their times of change."""
    paths = [path for place in packages for path in find_packages(place)]
    return tuple((str(path), path.stat().st_mtime_ns) for path in paths)


@lru_cache(maxsize=8)
def plans_of(version: str = R4, packages: tuple[Path, ...] = ()) -> Plans:
    """The compiled definitions of a FHIR version and of packages, made once in this process.

    raises  Refused FHIR-0012, FHIR-0020, FHIR-0022, FHIR-0023; Unavailable FHIR-0021
    """
    return Plans(with_packages(load_packages(packages)) if packages else definitions(version))
