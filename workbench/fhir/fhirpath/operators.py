"""The operators that are not control flow. Each takes both sides evaluated."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext

from workbench.fhir import ucum
from workbench.fhir.fhirpath import comparison, temporal
from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.faults import Fault
from workbench.fhir.fhirpath.registry import single, text_of, truth
from workbench.fhir.fhirpath.temporal import Temporal, Unit
from workbench.fhir.fhirpath.values import EMPTY, FALSE, TRUE, Items, Quantity, is_number

_UNITS: dict[str, Unit | None] = {
    "year": Unit.YEAR, "month": Unit.MONTH, "day": Unit.DAY, "hour": Unit.HOUR, "minute": Unit.MINUTE,
    "second": Unit.SECOND, "millisecond": None, "d": Unit.DAY, "h": Unit.HOUR, "min": Unit.MINUTE, "s": Unit.SECOND,
    "ms": None,
}  # fmt: skip
_WEEKS = frozenset({"week", "wk"})
_DIGITS = 28


def _boolean(value: bool | None) -> Items:
    return EMPTY if value is None else TRUE if value else FALSE


def _equal(left: Items, right: Items) -> Items:
    return _boolean(comparison.equal(left, right)) if left and right else EMPTY


def _not_equal(left: Items, right: Items) -> Items:
    if not left or not right:
        return EMPTY
    same = comparison.equal(left, right)
    return EMPTY if same is None else _boolean(not same)


def _ordered(wanted: Callable[[int], bool]) -> Callable[[Items, Items], Items]:
    def compare(left: Items, right: Items) -> Items:
        if not left or not right:
            return EMPTY
        order = comparison.order(left, right)
        return EMPTY if order is None else _boolean(wanted(order))

    return compare


def _xor(left: Items, right: Items) -> Items:
    one, other = truth(left), truth(right)
    return EMPTY if one is None or other is None else _boolean(one is not other)


def _in(left: Items, right: Items) -> Items:
    if not left:
        return EMPTY
    if len(left) > 1:
        raise Fault("Only a single item can be looked for")
    return _boolean(comparison.contains(right, left[0]))


def _union(left: Items, right: Items) -> Items:
    return comparison.distinct([*left, *right])


def _concatenated(left: Items, right: Items) -> Items:
    return ((text_of(left) or "") + (text_of(right) or ""),)


def _plus(left: Items, right: Items) -> Items:
    if not left or not right:
        return EMPTY
    one, other = single(left), single(right)
    if isinstance(one, str) and isinstance(other, str):
        return (one + other,)
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, other, 1)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return _sum(one, other, 1)
    return (_numbers(one, other, "+", lambda a, b: a + b),)


def _minus(left: Items, right: Items) -> Items:
    if not left or not right:
        return EMPTY
    one, other = single(left), single(right)
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, other, -1)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return _sum(one, other, -1)
    return (_numbers(one, other, "-", lambda a, b: a - b),)


def _moved(value: Temporal, quantity: Quantity, sign: int) -> Items:
    amount = int(quantity.value) * sign
    unit = quantity.unit
    if unit in _WEEKS:
        amount, unit = amount * 7, "day"
    if unit not in _UNITS:
        raise Fault(f"A date or time cannot be moved by the unit {unit}; use year, month, week, day, hour, …")
    found = temporal.moved(value, amount, _UNITS[unit])
    return EMPTY if found is None else (found,)


def _sum(one: Quantity, other: Quantity, sign: int) -> Items:
    if one.unit == other.unit:
        return (Quantity(one.value + sign * other.value, one.unit, one.calendar and other.calendar),)
    value = ucum.converted(other.value, other.unit, one.unit)
    return EMPTY if value is None else (Quantity(one.value + sign * value, one.unit, one.calendar),)


def _numbers(one: object, other: object, sign: str, work: Callable[[Decimal, Decimal], Decimal]) -> object:
    """Arithmetic on numbers; integers stay integers."""
    if not is_number(one) or not is_number(other):
        raise Fault(f"“{sign}” cannot be applied to {comparison.named(one)} and {comparison.named(other)}")
    return work(one, other)  # type: ignore[arg-type]


def _times(left: Items, right: Items) -> Items:
    if not left or not right:
        return EMPTY
    one, other = single(left), single(right)
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        first, second = _as_quantity(one, "*"), _as_quantity(other, "*")
        return (Quantity(first.value * second.value, ucum.product(first.unit, second.unit)),)
    return (_numbers(one, other, "*", lambda a, b: a * b),)


def _divided(left: Items, right: Items) -> Items:
    if not left or not right:
        return EMPTY
    one, other = single(left), single(right)
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        first, second = _as_quantity(one, "/"), _as_quantity(other, "/")
        if not second.value:
            return EMPTY
        return (Quantity(first.value / second.value, ucum.product(first.unit, second.unit, divide=True)),)
    if is_number(other) and not other:
        return EMPTY
    return (_numbers(one, other, "/", _quotient),)


def _quotient(one: Decimal, other: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = _DIGITS
        return Decimal(one) / Decimal(other)


def _as_quantity(value: object, sign: str) -> Quantity:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Quantity(Decimal(value), "1")
    raise Fault(f"“{sign}” cannot be applied to {comparison.named(value)}")


def _whole(left: Items, right: Items) -> Items:
    if not left or not right:
        return EMPTY
    one, other = single(left), single(right)
    if is_number(other) and not other:
        return EMPTY
    return (int(_numbers(one, other, "div", lambda a, b: Decimal(a) // Decimal(b))),)  # type: ignore[call-overload]


def _rest(left: Items, right: Items) -> Items:
    if not left or not right:
        return EMPTY
    one, other = single(left), single(right)
    if is_number(other) and not other:
        return EMPTY
    result = _numbers(one, other, "mod", lambda a, b: Decimal(a) % Decimal(b))
    assert isinstance(result, Decimal)
    return (int(result),) if isinstance(one, int) and isinstance(other, int) else (result,)


def negative(_env: Environment, items: Items) -> Items:
    """A minus before a number or quantity."""
    if not items:
        return EMPTY
    value = single(items)
    if isinstance(value, Quantity):
        return (Quantity(-value.value, value.unit, value.calendar),)
    if not is_number(value):
        raise Fault(f"“-” cannot be applied to {comparison.named(value)}")
    return (-value,)  # type: ignore[operator]


OPERATORS: dict[str, Callable[[Items, Items], Items]] = {
    "=": _equal,
    "!=": _not_equal,
    "~": lambda left, right: _boolean(comparison.equivalent(left, right)),
    "!~": lambda left, right: _boolean(not comparison.equivalent(left, right)),
    "<": _ordered(lambda order: order < 0),
    ">": _ordered(lambda order: order > 0),
    "<=": _ordered(lambda order: order <= 0),
    ">=": _ordered(lambda order: order >= 0),
    "xor": _xor,
    "in": _in,
    "contains": lambda left, right: _in(right, left),
    "|": _union,
    "&": _concatenated,
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _divided,
    "div": _whole,
    "mod": _rest,
}
