"""Functions on numbers, dates and quantities: arithmetic, boundaries, precision, the clock (N1, 5.7, 5.9, 5.10)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, Overflow, localcontext

from workbench.fhir import ucum
from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.faults import Fault
from workbench.fhir.fhirpath.registry import function, integer_of, number_of, single
from workbench.fhir.fhirpath.temporal import Temporal, TemporalKind, boundary, parse_date_time
from workbench.fhir.fhirpath.values import EMPTY, FALSE, TRUE, Items, Quantity, is_number

_MOST_PLACES = 28
_BOUNDARY_PLACES = 8
_MOST_DIGITS = 1000
"""Of a number that is written out; a document can say 1e999999999 in a few characters."""


def _on_number(name: str, work: Callable[[Decimal], object]) -> None:
    """Enter a function of one number; empty where it is not defined."""

    @function(name)
    def apply(env: Environment, items: Items) -> Items:
        value = number_of(items)
        if value is None:
            return EMPTY
        return (work(Decimal(value)),)  # type: ignore[arg-type]


def _whole(value: Decimal) -> int:
    """raises  Overflow: the number has more digits than anybody needs"""
    if value.adjusted() > _MOST_DIGITS:
        raise Overflow
    return int(value)


_on_number("ceiling", lambda value: _whole(value.to_integral_value(ROUND_CEILING)))
_on_number("floor", lambda value: _whole(value.to_integral_value(ROUND_FLOOR)))
_on_number("truncate", _whole)
_on_number("exp", Decimal.exp)


@function("ln")
def _ln(env: Environment, items: Items) -> Items:
    value = number_of(items)
    return EMPTY if value is None or value <= 0 else (Decimal(value).ln(),)  # type: ignore[operator, arg-type]


@function("sqrt")
def _sqrt(env: Environment, items: Items) -> Items:
    value = number_of(items)
    return EMPTY if value is None or value < 0 else (Decimal(value).sqrt(),)  # type: ignore[operator, arg-type]


@function("log", 1)
def _log(env: Environment, items: Items, base: Items) -> Items:
    value, root = number_of(items), number_of(base)
    if value is None or root is None or value <= 0 or root <= 0 or root == 1:  # type: ignore[operator]
        return EMPTY
    quotient = Decimal(value).ln() / Decimal(root).ln()  # type: ignore[arg-type]
    return (quotient.quantize(Decimal("1e-20")).normalize(),)


@function("power", 1)
def _power(env: Environment, items: Items, exponent: Items) -> Items:
    value, power = number_of(items), number_of(exponent)
    if value is None or power is None:
        return EMPTY
    result = Decimal(value) ** Decimal(power)  # type: ignore[arg-type]
    whole = isinstance(value, int) and isinstance(power, int) and power >= 0
    return (_whole(result),) if whole else (result,)


@function("abs")
def _abs(env: Environment, items: Items) -> Items:
    if not items:
        return EMPTY
    value = single(items)
    if isinstance(value, Quantity):
        return (Quantity(abs(value.value), value.unit, value.calendar),)
    return (abs(number_of(items)),)  # type: ignore[arg-type]


@function("round", 0, 1)
def _round(env: Environment, items: Items, precision: Items = EMPTY) -> Items:
    value, places = number_of(items), integer_of(precision) or 0
    if value is None:
        return EMPTY
    if places < 0 or places > _MOST_PLACES:
        raise Fault("round() takes 0 to 28 decimals")
    rounded = _to_places(Decimal(value), places, ROUND_HALF_UP)  # type: ignore[arg-type]
    return (rounded,) if places else (int(rounded),)


def _to_places(value: Decimal, places: int, rounding: str) -> Decimal:
    """raises  Overflow as `_whole`"""
    if value.adjusted() > _MOST_DIGITS:
        raise Overflow
    with localcontext() as context:
        context.prec = 2 * _MOST_DIGITS
        return value.quantize(Decimal(1).scaleb(-places), rounding)


# Boundaries


@function("lowBoundary", 0, 1)
def _low_boundary(env: Environment, items: Items, precision: Items = EMPTY) -> Items:
    return _boundary(items, precision, high=False)


@function("highBoundary", 0, 1)
def _high_boundary(env: Environment, items: Items, precision: Items = EMPTY) -> Items:
    return _boundary(items, precision, high=True)


def _boundary(items: Items, precision: Items, high: bool) -> Items:
    if not items:
        return EMPTY
    value, places = single(items), integer_of(precision)
    if isinstance(value, Temporal):
        found = boundary(value, high, places)
        return EMPTY if found is None else (found,)
    if isinstance(value, Quantity):
        edge = _number_boundary(value.value, high, places)
        return EMPTY if edge is None else (Quantity(edge, value.unit, value.calendar),)
    if not is_number(value):
        raise Fault("Only numbers, dates, times and quantities have boundaries")
    edge = _number_boundary(Decimal(value), high, places)  # type: ignore[arg-type]
    return EMPTY if edge is None else (edge,)


def _number_boundary(value: Decimal, high: bool, places: int | None) -> Decimal | None:
    places = _BOUNDARY_PLACES if places is None else places
    if not 0 <= places <= _MOST_PLACES:
        return None
    exponent = value.as_tuple().exponent
    half = Decimal(5).scaleb((exponent if isinstance(exponent, int) else 0) - 1)
    edge = value + half if high else value - half
    return _to_places(edge, places, ROUND_CEILING if high else ROUND_FLOOR)


@function("precision")
def _precision(env: Environment, items: Items) -> Items:
    if not items:
        return EMPTY
    value = single(items)
    if isinstance(value, Temporal):
        return (value.digits,)
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return (-exponent if isinstance(exponent, int) and exponent < 0 else 0,)
    if is_number(value):
        return (0,)
    raise Fault("Only decimals, dates and times have a precision")


@function("comparable", 1)
def _comparable(env: Environment, items: Items, other: Items) -> Items:
    if not items or not other:
        return EMPTY
    one, two = single(items), single(other)
    if not isinstance(one, Quantity) or not isinstance(two, Quantity):
        raise Fault("comparable() needs two quantities")
    first, second = ucum.unit(one.unit), ucum.unit(two.unit)
    same = first is not None and second is not None and first.dimension == second.dimension
    return TRUE if same else FALSE


# The clock


def _zone(env: Environment) -> str:
    zone = env.now.strftime("%z")
    return f"{zone[:3]}:{zone[3:5]}" if zone else "Z"


@function("now")
def _now(env: Environment, items: Items) -> Items:
    text = env.now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{env.now.microsecond // 1000:03d}{_zone(env)}"
    return (parse_date_time(text),)


@function("today")
def _today(env: Environment, items: Items) -> Items:
    return (Temporal(TemporalKind.DATE, (env.now.year, env.now.month, env.now.day)),)


@function("timeOfDay")
def _time_of_day(env: Environment, items: Items) -> Items:
    return (Temporal(TemporalKind.TIME, (env.now.hour, env.now.minute, env.now.second)),)
