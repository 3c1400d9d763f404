"""JSON objects of which many copies are wanted."""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal
from types import FunctionType

import msgspec

from workbench.mapping.model import Json

COPIES_THAT_PAY = 64
"""Copies from which on a template gets a function of its own: making it costs as much as some hundred copies."""

_NUMBERS = (Decimal,)
Object = dict[str, Json]


def copy_of(element: Object) -> Object:
    """A copy that shares no object with what it was made of."""
    copied: Object = msgspec.to_builtins(element, builtin_types=_NUMBERS)
    return copied


class Template:
    """An object and the quickest way to copies of it, which share nothing with it or one another.

    copy  gives a copy
    """

    __slots__ = ("_copies", "copy", "element")

    def __init__(self, element: Object) -> None:
        self.element = copy_of(element)
        self._copies = 0
        self.copy: Callable[[], Object] = self._copied

    def _copied(self) -> Object:
        self._copies += 1
        if self._copies == COPIES_THAT_PAY:
            self.copy = _builder(self.element)
        return copy_of(self.element)


def _builder(element: Object) -> Callable[[], Object]:
    """A function that builds an element from constants, which takes half the time of any copy."""
    tree = ast.fix_missing_locations(ast.Expression(_display(element)))
    return FunctionType(compile(tree, "<template>", "eval"), {"Decimal": Decimal})


def _display(value: Json) -> ast.expr:
    """The expression that builds a JSON value."""
    if isinstance(value, dict):
        return ast.Dict([ast.Constant(key) for key in value], [_display(item) for item in value.values()])
    if isinstance(value, list):
        return ast.List([_display(item) for item in value], ast.Load())
    if isinstance(value, Decimal):
        return ast.Call(ast.Name("Decimal", ast.Load()), [ast.Constant(str(value))], [])
    assert value is None or isinstance(value, str | int)  # JSON has nothing else
    return ast.Constant(value)
