"""The table of functions, and what their implementations are given.

A plain function gets its input and its evaluated arguments; a closure function gets its arguments unevaluated, to
evaluate them for each item.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.fhir.fhirpath.comparison import named
from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.faults import Fault
from workbench.fhir.fhirpath.values import Items, is_number, system

Closure = Callable[[Environment, Items], Items]
"""A compiled expression: environment and focus ($this) to result."""


@dataclass(frozen=True, slots=True)
class Function:
    """implementation(environment, input, *arguments); arguments are closures when `lazy`."""

    name: str
    least: int
    most: int
    lazy: bool
    implementation: Callable[..., Items]


FUNCTIONS: dict[str, Function] = {}


def function(
    name: str, least: int = 0, most: int | None = None, lazy: bool = False
) -> Callable[[Callable[..., Items]], Callable[..., Items]]:
    """Enter an implementation under its FHIRPath name, with how many arguments it takes."""

    def enter(implementation: Callable[..., Items]) -> Callable[..., Items]:
        FUNCTIONS[name] = Function(name, least, least if most is None else most, lazy, implementation)
        return implementation

    return enter


def single(items: Items) -> object:
    """The System value of a collection of one.

    raises  Fault: more than one item
    """
    if len(items) > 1:
        raise Fault(f"A single value is needed, and there are {len(items)}")
    return system(items[0])


def text_of(items: Items) -> str | None:
    """A single string, None for an empty collection; a date counts as its text.

    raises  Fault: something else
    """
    if not items:
        return None
    if len(items) > 1:
        raise Fault(f"A single string is needed, and there are {len(items)} items")
    item = items[0]
    value = getattr(item, "value", item)
    if isinstance(value, str):
        return value
    if value is None:
        return None
    raise Fault(f"A string is needed, and this is {named(item)}")


def integer_of(items: Items) -> int | None:
    """A single integer, None for an empty collection.

    raises  Fault: something else
    """
    if not items:
        return None
    value = single(items)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Fault(f"An integer is needed, and this is {named(value)}")
    return value


def number_of(items: Items) -> object:
    """A single integer or decimal, None for an empty collection.

    raises  Fault: something else
    """
    if not items:
        return None
    value = single(items)
    if not is_number(value):
        raise Fault(f"A number is needed, and this is {named(value)}")
    return value


def truth(items: Items) -> bool | None:
    """A collection as a truth value: empty is None, a single item that is no Boolean is true (N1, 4.5).

    raises  Fault: more than one item
    """
    if not items:
        return None
    if len(items) > 1:
        raise Fault(f"A single truth value is needed, and there are {len(items)} items")
    value = getattr(items[0], "value", items[0])
    return value if isinstance(value, bool) else True
