"""The items FHIRPath works on.

An item is a `Node` (a FHIR element with its type) or a System value: bool, int, Decimal, str, `Temporal`, `Quantity`,
`TypeInfo`. Collections are sequences of items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from workbench.fhir.fhirpath.temporal import Temporal

if TYPE_CHECKING:
    from workbench.fhir.fhirpath.model import Kind

Items = Sequence[object]
EMPTY: Items = ()
TRUE: Items = (True,)
FALSE: Items = (False,)

CALENDAR_UNITS = {
    **{name: name for name in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")},
    **{f"{name}s": name for name in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")},
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """value with a UCUM unit, or with a calendar unit (`4 days`), which is no UCUM code."""

    value: Decimal
    unit: str
    calendar: bool = False

    def __str__(self) -> str:
        return f"{self.value} {self.unit}" if self.calendar else f"{self.value} '{self.unit}'"


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """What type() answers."""

    namespace: str
    name: str


class Node:
    """A FHIR element.

    value  dict of a complex element; value of a primitive, None when it has only an id or extensions
    extra  the `_x` companion of a primitive: its id and extensions
    kind   its type
    """

    __slots__ = ("extra", "kind", "value")

    def __init__(self, value: object, kind: Kind, extra: dict[str, object] | None = None) -> None:
        self.value = value
        self.kind = kind
        self.extra = extra


def system(item: object) -> object:
    """The System value of an item: a date of a FHIR date, a Quantity of a FHIR Quantity; a Node that has none."""
    if item.__class__ is not Node:
        return item
    assert isinstance(item, Node)
    value = item.value
    if value.__class__ is dict:
        return _quantity(value) or item if item.kind.is_quantity else item
    if value is None:
        return item
    convert = item.kind.temporal
    if convert is not None and isinstance(value, str):
        return convert(value) or value
    return Decimal(str(value)) if isinstance(value, float) else value


def _quantity(value: object) -> Quantity | None:
    assert isinstance(value, dict)
    number = value.get("value")
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
        return None
    unit = value.get("code") if value.get("system") == "http://unitsofmeasure.org" else value.get("unit")
    return Quantity(Decimal(str(number)), unit if isinstance(unit, str) else "1")


def plain(item: object) -> object:
    """An item as callers outside of FHIRPath get it: decoded JSON, or a System value."""
    if isinstance(item, Node):
        return item.extra if item.value is None else item.value
    return item


def is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


__all__ = ["EMPTY", "FALSE", "TRUE", "Items", "Node", "Quantity", "Temporal", "TypeInfo", "plain", "system"]
