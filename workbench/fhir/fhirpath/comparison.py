"""Equality, equivalence and order (FHIRPath N1, 6.1 and 6.2). Three-valued: None means that it stays open."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from workbench.fhir import ucum
from workbench.fhir.fhirpath import temporal
from workbench.fhir.fhirpath.faults import Fault
from workbench.fhir.fhirpath.temporal import Temporal
from workbench.fhir.fhirpath.values import Items, Node, Quantity, TypeInfo, is_number, system

CALENDAR_CODES = {
    "week": "wk",
    "day": "d",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}
"""Calendar units that last as long as their UCUM code; months and years do not."""
_ALL_CALENDAR_CODES = {**CALENDAR_CODES, "month": "mo", "year": "a"}


def equal(left: Items, right: Items) -> bool | None:
    """`=` of two collections that are not empty."""
    if len(left) != len(right):
        return False
    outcome: bool | None = True
    for one, other in zip(left, right, strict=True):
        same = same_item(one, other)
        if same is False:
            return False
        if same is None:
            outcome = None
    return outcome


def same_item(one: object, other: object) -> bool | None:
    """`=` of two items."""
    first, second = system(one), system(other)
    if first.__class__ is str and second.__class__ is str:
        return first == second
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if is_number(first) and is_number(second):
        return first == second
    if isinstance(first, Temporal) and isinstance(second, Temporal):
        if not temporal.comparable(first, second):
            return False
        order = temporal.compare(first, second)
        return None if order is None else order == 0
    if isinstance(first, Quantity | int | Decimal) and isinstance(second, Quantity | int | Decimal):
        return _same_quantity(_quantity(first), _quantity(second))
    if isinstance(first, Node) and isinstance(second, Node):
        if first is second:
            return True
        return first.value == second.value and first.extra == second.extra
    if isinstance(first, TypeInfo):
        return first == second
    if isinstance(first, Temporal) and isinstance(second, str):
        return str(first) == second
    return str(second) == first if isinstance(first, str) and isinstance(second, Temporal) else False


def _same_quantity(one: Quantity, other: Quantity) -> bool | None:
    if one.calendar == other.calendar and one.unit == other.unit:
        return one.value == other.value
    if (one.calendar or other.calendar) and not _definite(one, other):
        return None
    sizes = _sizes(one, other)
    return None if sizes is None else sizes[0] == sizes[1]


def _definite(one: Quantity, other: Quantity) -> bool:
    return all(not quantity.calendar or quantity.unit in CALENDAR_CODES for quantity in (one, other))


def _sizes(one: Quantity, other: Quantity) -> tuple[Decimal, Decimal] | None:
    """Both values in the same base units, None when their units measure different things."""
    first, second = (
        ucum.measured(quantity.value, _ALL_CALENDAR_CODES[quantity.unit] if quantity.calendar else quantity.unit)
        for quantity in (one, other)
    )
    if first is None or second is None or first.dimension != second.dimension:
        return None
    return first.value, second.value


def _quantity(value: Quantity | int | Decimal) -> Quantity:
    return value if isinstance(value, Quantity) else Quantity(Decimal(value), "1")


def equivalent(left: Items, right: Items) -> bool:
    """`~` of two collections: in any order."""
    if len(left) != len(right):
        return False
    remaining = list(right)
    for one in left:
        found = next((number for number, other in enumerate(remaining) if _alike(one, other)), None)
        if found is None:
            return False
        del remaining[found]
    return True


def _alike(one: object, other: object) -> bool:
    first, second = system(one), system(other)
    if isinstance(first, str) and isinstance(second, str):
        return " ".join(first.casefold().split()) == " ".join(second.casefold().split())
    if is_number(first) and is_number(second):
        return _rounded_alike(Decimal(first), Decimal(second))  # type: ignore[arg-type]
    if isinstance(first, Quantity) and isinstance(second, Quantity):
        sizes = _sizes(first, second)
        if sizes is None or one == other:
            return first == second
        return _quantities_alike(first, second)
    if isinstance(first, Node) and isinstance(second, Node):
        return _nodes_alike(first, second)
    return same_item(first, second) is True


def _nodes_alike(one: Node, other: Node) -> bool:
    """Equal apart from ids."""
    return _without_ids(one.value) == _without_ids(other.value)


def _without_ids(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_ids(each) for name, each in value.items() if name != "id"}
    return [_without_ids(each) for each in value] if isinstance(value, list) else value


def _quantities_alike(one: Quantity, other: Quantity) -> bool:
    """Compared in the unit of the one that is less precise, rounded as that one is."""
    codes = [_ALL_CALENDAR_CODES[q.unit] if q.calendar else q.unit for q in (one, other)]
    converted = ucum.converted(other.value, codes[1], codes[0])
    if converted is not None and _rounded_alike(one.value, converted):
        return True
    back = ucum.converted(one.value, codes[0], codes[1])
    return back is not None and _places(other.value) < _places(one.value) and _rounded_alike(other.value, back)


def _rounded_alike(one: Decimal, other: Decimal) -> bool:
    step = Decimal(1).scaleb(-min(_places(one), _places(other)))
    try:
        return one.quantize(step, ROUND_HALF_UP) == other.quantize(step, ROUND_HALF_UP)
    except InvalidOperation:  # more digits than are computed with: only the same number is alike
        return one == other


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def order(left: Items, right: Items) -> int | None:
    """-1, 0, 1 for `<`, `=`, `>` of two single items; None when it stays open.

    raises  Fault: items that have no order, or more than one
    """
    if len(left) > 1 or len(right) > 1:
        raise Fault("Only single values can be compared")
    first, second = system(left[0]), system(right[0])
    if isinstance(first, str) and isinstance(second, str):
        return _sign(first < second, first > second)
    if is_number(first) and is_number(second):
        return _sign(first < second, first > second)  # type: ignore[operator]
    if isinstance(first, Temporal) and isinstance(second, Temporal) and temporal.comparable(first, second):
        return temporal.compare(first, second)
    if _is_amount(first) and _is_amount(second):
        return _quantity_order(_quantity(first), _quantity(second))  # type: ignore[arg-type]
    if isinstance(first, Node) or isinstance(second, Node):
        bare = [item for item in (first, second) if isinstance(item, Node)]
        if all(node.value is None or node.kind.is_quantity for node in bare):
            return None  # an element without value: nothing to compare
    raise Fault(f"{named(first)} and {named(second)} have no order")


def _is_amount(value: object) -> bool:
    return isinstance(value, Quantity | int | Decimal) and not isinstance(value, bool)


def _quantity_order(one: Quantity, other: Quantity) -> int | None:
    if one.unit == other.unit and one.calendar == other.calendar:
        return _sign(one.value < other.value, one.value > other.value)
    if (one.calendar or other.calendar) and not _definite(one, other):
        return None
    sizes = _sizes(one, other)
    return None if sizes is None else _sign(sizes[0] < sizes[1], sizes[0] > sizes[1])


def _sign(less: bool, more: bool) -> int:
    return -1 if less else 1 if more else 0


def named(value: object) -> str:
    """What a value is, for messages; never the value."""
    match value:
        case Node():
            return f"a {value.kind.name or 'value'}"
        case bool():
            return "a Boolean"
        case int():
            return "an Integer"
        case Decimal():
            return "a Decimal"
        case str():
            return "a String"
        case Temporal():
            return f"a {('Date', 'DateTime', 'Time')[value.kind - 1]}"
    return f"a {type(value).__name__}"


def distinct(items: Iterable[object]) -> list[object]:
    """The items without repetitions, the first of each kept."""
    found: list[object] = []
    seen: set[tuple[str, object]] = set()
    for item in items:
        value = system(item)
        key = _key(value)
        if key is not None:
            if key not in seen:
                seen.add(key)
                found.append(item)
        elif not any(same_item(value, other) for other in found):
            found.append(item)
    return found


def _key(value: object) -> tuple[str, object] | None:
    """What equal items share, None for items that must be compared one by one."""
    if isinstance(value, bool):
        return ("b", value)
    if isinstance(value, str):
        return ("s", value)
    return ("n", value) if is_number(value) else None


def contains(items: Items, item: object) -> bool:
    return any(same_item(each, item) is True for each in items)
