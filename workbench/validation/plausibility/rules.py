"""The rules of clinical plausibility, worded for clinicians: CLN-01xx dates, 02xx results, 03xx doses, 04xx states."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.kernel.issues import Issue, IssueType, RuleSource, Severity
from workbench.kernel.location import Location
from workbench.v2.er7 import Element
from workbench.validation.validator import RuleDefinition


@dataclass(frozen=True, slots=True)
class PlausibilityRule:
    """A rule with the sentence its findings are told in; `{value}` alone may hold patient data."""

    definition: RuleDefinition
    template: str


_W, _E, _I = Severity.WARNING, Severity.ERROR, Severity.INFORMATION
_OWN = RuleSource("Clinical Mapping Workbench", "", "resources/plausibility")


def _rule(
    number: str, severity: Severity, title: str, template: str, explanation: str, source: RuleSource = _OWN
) -> PlausibilityRule:
    definition = RuleDefinition(f"CLN-{number}", severity, title, explanation, source, "Clinical")
    return PlausibilityRule(definition, template)


def _v2(section: str) -> RuleSource:
    return RuleSource("HL7 v2", "2.5.1", section)


_ALL = (
    _rule(
        "0101",
        _E,
        "Nobody dies before being born.",
        "The patient is said to have died before being born.",
        "Ask registration which of the two dates is wrong before the record is used.",
        _v2("3.4.2.29"),
    ),
    _rule(
        "0102",
        _W,
        "Nobody is born after the message about them was sent.",
        "The date of birth lies after the time of the message.",
        "Often the century or the order of day and month is wrong.",
        _v2("3.4.2.7"),
    ),
    _rule(
        "0103",
        _W,
        "Nobody is older than 125 years.",
        "By the date of birth the patient is {years} years old.",
        "A placeholder date such as 1900-01-01 is no date of birth; leave the field empty.",
        _v2("3.4.2.7"),
    ),
    _rule(
        "0104",
        _W,
        "What was observed or given lies in the past.",
        "{what} is said to have happened after the message about it was sent.",
        "Check the sender's clock and time zone.",
        _v2("7.4.2.14"),
    ),
    _rule(
        "0201",
        _W,
        "A result is humanly possible in its unit.",
        "{name} of {value} {unit} is outside what is humanly possible ({lowest} to {highest} {unit}).",
        "Look for a wrong unit or a lost decimal point before anybody acts on it.",
    ),
    _rule(
        "0202",
        _W,
        "The flag of a result agrees with its reference range.",
        "The result is flagged {flag}, but lies {where} its reference range.",
        "One of value, range and flag is wrong; a receiver that shows only the flag would mislead.",
        _v2("7.4.2.8"),
    ),
    _rule(
        "0203",
        _W,
        "The lower limit of a reference range is the smaller one.",
        "The reference range runs from high to low.",
        "Have the laboratory correct the range.",
        _v2("7.4.2.7"),
    ),
    _rule(
        "0301",
        _W,
        "A dose is one that people take.",
        "A dose of {value} {unit} of {drug} is outside what is given ({lowest} to {highest} {unit}).",
        "Compare with the order: a factor of 10 or 1,000 is a lost decimal point or a wrong unit.",
    ),
    _rule(
        "0302",
        _E,
        "What is dispensed or given is what was ordered.",
        "The dose differs from the one ordered in the same message by a factor of {factor}.",
        "Stop and ask the pharmacy; do not let the receiver choose.",
        _v2("4.14.4"),
    ),
    _rule(
        "0401",
        _I,
        "An allergy can be recognised by a computer.",
        "An allergy is given in words only; no system will warn of it.",
        "Map the text to a code, or have it coded where it is recorded.",
        _v2("3.4.6.3"),
    ),
    _rule(
        "0402",
        _W,
        "The dead get no new orders.",
        "A new order is placed for a patient who is said to be dead.",
        "Either the order or the death is an error; ask before either goes on.",
        _v2("3.4.2.30"),
    ),
    _rule(
        "0403",
        _W,
        "Pregnancy is a woman's diagnosis.",
        "A diagnosis of pregnancy or birth is given for a patient who is said to be male.",
        "Check whether the patient, the sex or the diagnosis is the wrong one.",
        RuleSource("ICD-10-CM", "", "chapter 15"),
    ),
    _rule(
        "0404",
        _W,
        "A charge is for a diagnosis the patient has.",
        "A charge names a diagnosis that the message does not list for the patient.",
        "Correct the charge, or send the diagnosis.",
        _v2("6.5.1.19"),
    ),
    _rule(
        "0405",
        _I,
        "Sensitive orders and notes carry a label.",
        "This is about a matter that is specially protected, and nothing says so.",
        "Have the sender fill ORC-28, TXA-18 or meta.security, so that receivers can restrict who sees it.",
        _v2("4.5.1.28"),
    ),
)

RULES: tuple[RuleDefinition, ...] = tuple(rule.definition for rule in _ALL)
_BY_ID = {rule.definition.id: rule for rule in _ALL}


def finding(rule_id: str, element: Element, **args: str) -> Issue:
    """The issue of a rule at a place of a v2 message."""
    return finding_at(rule_id, Location(element.path, element.span), **args)


def finding_at(rule_id: str, location: Location, **args: str) -> Issue:
    """The issue of a rule at a place."""
    rule = _BY_ID[rule_id]
    definition = rule.definition
    return Issue(
        definition.severity, IssueType.BUSINESS_RULE, rule_id, location, rule.template, args, definition.source
    )
