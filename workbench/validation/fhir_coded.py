"""Codes by their bindings and code systems, and the narrative: what is inside of single values."""

from __future__ import annotations

from workbench.fhir.narrative import flaws
from workbench.validation import fhir_content_rules as content_rules
from workbench.validation import fhir_rules as rules
from workbench.validation.fhir_findings import Findings, Place
from workbench.validation.fhir_plan import Coded, Field, Plans, folded

Node = dict[str, object]

_PART_OF_FHIR = "http://hl7.org/fhir/"
_DATA_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_NARRATIVE_RULES = {
    "root": rules.NOT_A_DIV,
    "content": rules.FORBIDDEN_HTML,
    "empty": rules.EMPTY_NARRATIVE,
}


def report_not_checked(path: str, coded: Coded, place: Place, findings: Findings) -> None:
    """Say once for an element that its value set cannot be enumerated here."""
    findings.report_once(rules.NOT_CHECKED, path, place, element=path, value_set=coded.value_set)


def check_companion(companion: Node, field: Field, place: Place, findings: Findings) -> None:
    """data-absent-reason does not lift a required binding of a code; the value set's own unknown code does."""
    extensions = companion.get("extension")
    absent = isinstance(extensions, list) and any(
        isinstance(extension, dict) and extension.get("url") == _DATA_ABSENT_REASON for extension in extensions
    )
    if absent and field.coded is not None and field.coded.codes is not None:
        path, value_set = field.element.path, field.coded.value_set
        findings.report(rules.NO_CODE, place, element=path, value_set=value_set)


def check_coding(node: Node, plans: Plans, place: Place, findings: Findings) -> None:
    """The code exists in its system, if that is shipped whole."""
    system, code = node.get("system"), node.get("code")
    if not isinstance(system, str) or not isinstance(code, str):
        return
    codes = plans.codes(system)
    if codes is None and plans.is_supplement(system):
        findings.report(content_rules.SUPPLEMENT_AS_SYSTEM, (place, "system", -1), value=system)
    if codes is not None and code not in codes and "version" not in node:
        rule = rules.UNKNOWN_CODE if system.startswith(_PART_OF_FHIR) else rules.UNKNOWN_CODE_NOW
        findings.report(rule, (place, "code", -1), value=code, system=system)
    elif codes is not None and "display" in node:
        _check_display(node["display"], system, code, plans, place, findings)


def _check_display(display: object, system: str, code: str, plans: Plans, place: Place, findings: Findings) -> None:
    """Displays are compared without regard to case and white space; code systems FHIR only carries may be newer."""
    expected = plans.display(system, code)
    if expected and display != expected and isinstance(display, str) and folded(display) != folded(expected):
        at: Place = (place, "display", -1)
        if system.startswith(_PART_OF_FHIR):
            findings.report(content_rules.WRONG_DISPLAY, at, code=code, system=system, expected=expected)
        elif other := plans.code_displayed(system, display):
            rule = content_rules.DISPLAY_OF_ANOTHER
            findings.report(rule, at, code=code, system=system, expected=expected, other=other)
        else:
            findings.report(content_rules.OTHER_DISPLAY, at, code=code, system=system, expected=expected)


def check_concept(node: Node, field: Field, coded: Coded, place: Place, findings: Findings) -> None:
    """A CodeableConcept or Coding with a required binding: one of its codings must be in the value set."""
    path = field.element.path
    if coded.codes is None:
        report_not_checked(path, coded, place, findings)
        return
    codings = node.get("coding") if field.code == "CodeableConcept" else [node]
    items = [item for item in codings if isinstance(item, dict)] if isinstance(codings, list) else []
    stated = [item for item in items if isinstance(item.get("code"), str)]
    if any(isinstance(item.get("system"), str) and (item["system"], item["code"]) in coded.codes for item in stated):
        return
    if not stated:
        if "extension" not in node:
            findings.report(rules.NO_CODE, place, element=path, value_set=coded.value_set)
        return
    at = place if field.code == "Coding" else (place, "coding", items.index(stated[0]))
    value = f"{stated[0].get('system', 'no system')}#{stated[0]['code']}"
    findings.report(rules.NOT_IN_VALUE_SET, (at, "code", -1), element=path, value=value, value_set=coded.value_set)


def check_narrative(div: str, place: Place, findings: Findings) -> None:
    for flaw in flaws(div):
        if flaw.kind == "form":
            findings.report(rules.NOT_XHTML, place, reason=flaw.what, line=flaw.line, column=flaw.column)
        else:
            findings.report(_NARRATIVE_RULES[flaw.kind], place, found=flaw.what)
