"""Comparing values with what profiles fix: fixed[x], pattern[x], limits (R4 elementdefinition.html)."""

from __future__ import annotations

from decimal import Decimal

from workbench.fhir.fhirpath.comparison import order
from workbench.fhir.fhirpath.faults import Fault
from workbench.fhir.fhirpath.temporal import parse_date_time
from workbench.fhir.fhirpath.values import Node, system


def equals(value: object, fixed: object) -> bool:
    """Exactly the fixed value: the same properties, the same items in the same order."""
    if isinstance(fixed, dict):
        if not isinstance(value, dict) or value.keys() != fixed.keys():
            return False
        return all(equals(value[name], each) for name, each in fixed.items())
    if isinstance(fixed, list):
        return isinstance(value, list) and len(value) == len(fixed) and all(map(equals, value, fixed))
    if isinstance(fixed, bool) or isinstance(value, bool):
        return value is fixed
    return value == fixed


def matches(value: object, pattern: object) -> bool:
    """Everything the pattern holds: its properties, each of its items somewhere among the value's."""
    if isinstance(pattern, dict):
        if not isinstance(value, dict):
            return False
        return all(name in value and matches(value[name], each) for name, each in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(matches(item, each) for item in value) for each in pattern)
    return equals(value, pattern)


def codes_of(node: Node) -> list[tuple[str, str]]:
    """(system, code) of a coded value's codings; the system is "" where none is stated."""
    value = node.value
    if not isinstance(value, dict):
        return []
    codings = value.get("coding") if node.kind.name == "CodeableConcept" else [value]
    found = []
    for coding in codings if isinstance(codings, list) else ():
        code = coding.get("code") if isinstance(coding, dict) else None
        if isinstance(code, str):
            system = coding.get("system")
            found.append((system if isinstance(system, str) else "", code))
    return found


def side_of(node: Node, limit: object) -> int | None:
    """-1 below, 0 at, 1 above a limit; None when they cannot be compared.

    A limit that is a Quantity of time, for a date, is a distance from now; that is not judged.
    """
    own = system(node)
    other: object = limit
    if isinstance(limit, str):
        other = parse_date_time(limit) or limit
    elif isinstance(limit, dict):
        other = system(Node(limit, node.kind)) if node.kind.is_quantity else None
    elif isinstance(limit, int | Decimal) and isinstance(own, int | Decimal):
        return (own > limit) - (own < limit)
    if other is None or isinstance(own, Node) or isinstance(other, Node):
        return None
    try:
        return order((own,), (other,))
    except Fault:
        return None
