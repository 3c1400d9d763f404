"""Type names: what `is`, `as` and `ofType` compare with."""

from __future__ import annotations

from decimal import Decimal

from workbench.fhir.fhirpath.faults import Fault
from workbench.fhir.fhirpath.model import Model
from workbench.fhir.fhirpath.temporal import Temporal
from workbench.fhir.fhirpath.values import Node, Quantity, TypeInfo

_SYSTEM = frozenset({"Boolean", "String", "Integer", "Long", "Decimal", "Date", "DateTime", "Time", "Quantity", "Any"})


def type_of(item: object) -> TypeInfo:
    """Namespace and name of an item's type."""
    if isinstance(item, Node):
        return TypeInfo("FHIR", item.kind.name or "Element")
    match item:
        case bool():
            name = "Boolean"
        case int():
            name = "Integer"
        case Decimal():
            name = "Decimal"
        case Quantity():
            name = "Quantity"
        case Temporal():
            name = ("Date", "DateTime", "Time")[item.kind - 1]
        case _:
            name = "String"
    return TypeInfo("System", name)


def is_type(item: object, type_name: str, model: Model) -> bool:
    """True when the item is of that type or of one that specialises it.

    raises  Fault: there is no such type
    """
    namespace, name = _split(type_name, model)
    if isinstance(item, Node):
        return namespace != "System" and name in item.kind.ancestors
    return namespace != "FHIR" and type_of(item).name == name


def has_type(item: object, type_name: str, model: Model) -> bool:
    """`is_type`, but a primitive must be of that very type: `gender.as(string)` is empty, for it is a code.

    raises  Fault: there is no such type
    """
    namespace, name = _split(type_name, model)
    if isinstance(item, Node) and item.kind.primitive:
        return namespace != "System" and item.kind.name == name
    return is_type(item, type_name, model)


def _split(type_name: str, model: Model) -> tuple[str, str]:
    namespace, _, name = type_name.rpartition(".")
    if namespace == "System" or (not namespace and name in _SYSTEM):
        return namespace, name
    if namespace not in ("", "FHIR") or model.kind(name) is None:
        raise Fault(f"There is no type {type_name}")
    return namespace, name
