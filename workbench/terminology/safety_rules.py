"""The rules by which rows of code maps are judged: id, how bad it is, what it means and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.kernel.issues import IssueType, RuleSource, Severity

_LOINC = RuleSource("LOINC Users' Guide", "", "2")
_FHIR = RuleSource("FHIR", "R5", "valueset-concept-map-relationship")


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """One check of a row.

    template     the sentence of its issues; places in braces are filled from the row
    explanation  why it matters and how to put it right
    """

    id: str
    severity: Severity
    code: IssueType
    title: str
    template: str
    explanation: str
    source: RuleSource | None = None


def _rule(
    number: int, severity: Severity, title: str, template: str, explanation: str,
    source: RuleSource | None = _LOINC, code: IssueType = IssueType.CONFLICT,
) -> SafetyRule:  # fmt: skip
    return SafetyRule(f"TERM-{number:04}", severity, code, title, template, explanation, source)


_ERROR, _WARNING, _INFORMATION = Severity.ERROR, Severity.WARNING, Severity.INFORMATION

SAFETY_RULES: Mapping[str, SafetyRule] = {
    rule.id: rule
    for rule in (
        _rule(
            301, _ERROR, "Another specimen",
            "{source} is measured in {local}, its target in {target}.",
            "A urine result shown as a serum result is read against the wrong range. Choose the same specimen.",
        ),
        _rule(
            302, _ERROR, "Unit and property do not go together",
            "{source} is reported in {local}, which is no unit of {target}.",
            "Mass, amount of substance, activity, fraction and count are different LOINC terms. Choose the one whose "
            "property fits the unit, or correct the unit.",
        ),
        _rule(
            303, _ERROR, "Values and scale do not go together",
            "{source} is reported as {local}, its target as {target}.",
            "A quantitative term needs numbers, an ordinal or nominal one words. Look at the values that were seen.",
        ),
        _rule(
            304, _WARNING, "Words for amounts, or the reverse",
            "{source} asks for {local}, its target gives {target}.",
            "A screening test is another term than the measured amount.",
        ),
        _rule(
            305, _WARNING, "Another method",
            "{source} is done by {local}, its target by {target}.",
            "Where the method changes the range or the meaning it is part of the term.",
        ),
        _rule(
            306, _ERROR, "Another collection time",
            "{source} is {local}, its target {target}.",
            "A 24-hour excretion and a spot concentration are not comparable.",
        ),
        _rule(
            307, _ERROR, "Another moment or challenge",
            "{source} is taken {local}, its target {target}.",
            "Fasting, peak, trough and stimulated results have ranges of their own.",
        ),
        _rule(
            308, _ERROR, "Another analyte",
            "{source} is about {local}, its target about {target}.",
            "Antibody and antigen, IgG and IgM, free and total are different analytes however alike the names are.",
        ),
        _rule(
            309, _ERROR, "Ratio against amount",
            "{source} is {local}, its target {target}.",
            "A ratio, its reverse and either of its parts are three different terms.",
        ),
        _rule(
            310, _ERROR, "Panel against result",
            "{source} is {local}, its target {target}.",
            "A panel code orders or groups; the value of a single result needs the code of that result.",
        ),
        _rule(
            311, _WARNING, "Retired target",
            "The target {target} is retired{local}.",
            "Retired codes stay readable but take no new data. Look at the replacement; it need not mean the same.",
        ),
        _rule(
            312, _ERROR, "Unknown target",
            "The target {target} is not in {local}.",
            "A typing error, another version, or another code system.", None, IssueType.NOT_FOUND,
        ),
        _rule(
            313, _WARNING, "Heading instead of a code",
            "The target {target} is a heading that cannot be billed.",
            "Choose one of the codes below it.", RuleSource("ICD-10-CM Official Guidelines", "", "I.A.2"),
        ),
        _rule(
            314, _WARNING, "Class against substance",
            "{source} names {local}, its target {target}.",
            "An allergy to one drug recorded as one to its class forbids too much, the reverse too little.", None,
        ),
        _rule(
            315, _ERROR, "Another strength",
            "{source} has strength {local}, its target {target}.",
            "Doses are reckoned from the strength of the product.", None,
        ),
        _rule(
            316, _ERROR, "Another dose form",
            "{source} is {local}, its target {target}.",
            "A tablet is no injection, and an extended release form is dosed otherwise.", None,
        ),
        _rule(
            317, _WARNING, "Ingredient against product",
            "{source} names {local}, its target {target}.",
            "Say source-is-narrower-than-target when a product is mapped to its ingredient.", None,
        ),
        _rule(
            319, _WARNING, "Many to one",
            "{source} and {local} both become {target} as equivalent, though their names differ in meaning.",
            "What tells them apart is lost at the receiver. Map them apart, or say that they are narrower.", _FHIR,
        ),
        _rule(
            320, _WARNING, "One to many without a rule",
            "{source} has {local} targets and nothing says which holds when.",
            "Keep one, or give each row its sender.", _FHIR,
        ),
        _rule(
            321, _INFORMATION, "Unit to be converted",
            "{source} is reported in {local}, its target usually in {target}.",
            "The term fits, but whoever compares values must convert them.",
        ),
        _rule(
            322, _WARNING, "Direction of the relationship",
            "{source} is said to be {local}, but its target {target}.",
            "source-is-narrower-than-target means that the target says less. FHIR R4 says the same from the other end.",
            _FHIR,
        ),
        _rule(
            323, _ERROR, "Another side",
            "{source} is {local}, its target {target}.",
            "Left and right must never be exchanged.", None,
        ),
        _rule(
            324, _WARNING, "Unspecified formulation",
            "{source} says which vaccine was given, its target {target} does not.",
            "Unspecified formulations are for vaccinations that somebody remembers; choose the product's code.",
            RuleSource("CDC CVX"),
        ),
        _rule(
            326, _WARNING, "More exact specimen than is known",
            "{source} is measured in {local}, its target in {target}, which nobody said.",
            "Any fluid is not this fluid. Choose the term for body fluid, or find out which fluid it is.",
        ),
        _rule(
            327, _INFORMATION, "Less exact specimen than is known",
            "{source} is measured in {local}, its target in {target}.",
            "Choose the term of the same specimen; where there is none, say source-is-narrower-than-target.",
        ),
        _rule(
            328, _WARNING, "Values outside the answer list",
            "{local} of the values seen for {source} are no answers of {target}.",
            "The term names its answers. Map the values too, or choose a term whose answers these are.",
        ),
        _rule(
            329, _WARNING, "Nothing in common",
            "No word of {local}, nor what it is short for, is in {target}.",
            "Often the row above or below was chosen. Look at both names; say in the comment when they mean the same.",
        ),
        _rule(
            325, _ERROR, "Level against susceptibility",
            "{source} is {local}, its target {target}.",
            "The level of a drug in a patient and the susceptibility of a germ to it share only the name of the drug.",
        ),
    )
}  # fmt: skip
