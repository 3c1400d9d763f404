"""Evaluating expressions: the public functions of this package."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from workbench.fhir.definitions import Definitions, definitions
from workbench.fhir.fhirpath.checking import check
from workbench.fhir.fhirpath.compiler import compiled
from workbench.fhir.fhirpath.environment import Environment, Surroundings
from workbench.fhir.fhirpath.faults import EVALUATION, ExpressionRefused
from workbench.fhir.fhirpath.model import Kind, Model, model_of
from workbench.fhir.fhirpath.placing import Placed, Placing
from workbench.fhir.fhirpath.registry import Closure
from workbench.fhir.fhirpath.syntax import parse
from workbench.fhir.fhirpath.values import Items, Node, plain


class Expression:
    """A compiled expression; any number of evaluations."""

    __slots__ = ("closure", "text")

    def __init__(self, text: str, closure: Closure) -> None:
        self.text = text
        self.closure = closure

    def items(self, env: Environment, focus: Node) -> Items:
        """The result for a focus, as items.

        raises  ExpressionRefused FHIR-0152: the expression does not fit what it met
        """
        env.context = (focus,)
        try:
            return self.closure(env, env.context)
        except RecursionError:
            raise _too_deep(self.text) from None

    def holds(self, env: Environment, focus: Node) -> bool:
        """True when the result is a single true; how invariants are judged, where empty is a failure.

        raises  ExpressionRefused FHIR-0152: the expression does not fit what it met
        """
        env.context = focused = (focus,)
        result = self.closure(env, focused)
        if len(result) == 1:
            value = result[0]
            if value.__class__ is Node:
                value = value.value
            return value is not False
        return bool(result)


def _too_deep(text: str) -> ExpressionRefused:
    return ExpressionRefused(EVALUATION, "The expression is nested too deeply", text, 0)


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """An expression, compiled once.

    raises  ExpressionRefused FHIR-0151: not FHIRPath; FHIR-0153: an unknown function
    """
    try:
        return Expression(text, compiled(text))
    except RecursionError:
        raise _too_deep(text) from None


@lru_cache(maxsize=1024)
def _checked(expression: str, model: Model, focus: Kind) -> None:
    check(expression, parse(expression), model, focus)


def evaluate(
    resource: dict[str, object],
    expression: str,
    variables: Mapping[str, object] | None = None,
    surroundings: Surroundings | None = None,
    using: Definitions | None = None,
) -> list[object]:
    """The result of an expression for a decoded resource.

    Elements come back as they stand in the resource (text, number, dict); what the expression makes itself as bool,
    int, Decimal, str, Temporal or Quantity, whose str() is the FHIRPath literal. An element that has extensions but
    no value comes back as its `_` companion.

    A name that the type of the resource cannot have is refused, so that a misspelling is no silent emptiness.

    variables  values of `%name`

    raises  ExpressionRefused FHIR-0151, FHIR-0152, FHIR-0153, with the position in the expression
    """
    return [plain(item) for item in _evaluated(resource, expression, variables, surroundings, using)]


def evaluate_placed(
    placing: Placing,
    expression: str,
    variables: Mapping[str, object] | None = None,
    surroundings: Surroundings | None = None,
    using: Definitions | None = None,
) -> list[Placed]:
    """The result of an expression with the path of each item; raises as `evaluate`.

    surroundings  must know the resource as `placing.resource`, else what they find has no path
    """
    return [placing.of(item) for item in _evaluated(placing.resource, expression, variables, surroundings, using)]


def _evaluated(
    resource: dict[str, object],
    expression: str,
    variables: Mapping[str, object] | None,
    surroundings: Surroundings | None,
    using: Definitions | None,
) -> Items:
    model = model_of(using or definitions())
    node = model.resource(resource)
    extra: dict[str, Items] = {name: (value,) for name, value in (variables or {}).items()}
    env = Environment(model, node, surroundings=surroundings, variables=extra)
    ready = compile_expression(expression)
    if node.kind.name:
        _checked(expression, model, node.kind)
    return ready.items(env, node)
