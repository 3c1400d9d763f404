"""Reading an expression against the types it will meet: misspelt elements are found before anything is evaluated.

Only what is certain is refused. Where the type is open (a resource inside a Bundle, `children()`, variables) nothing is
said.
"""

from __future__ import annotations

from collections.abc import Iterable

from workbench.fhir.fhirpath import syntax as tree
from workbench.fhir.fhirpath.faults import OTHER_TYPE, UNKNOWN, ExpressionRefused
from workbench.fhir.fhirpath.model import Kind, Model

Kinds = frozenset[Kind] | None
"""The types a result can have; None when they are not known."""

_SAME = frozenset(
    {
        *("where", "first", "last", "tail", "skip", "take", "single", "distinct", "trace", "exclude", "intersect"),
        "sort",
    }
)
_PER_ITEM = frozenset({"where", "select", "all", "exists", "sort", "trace"})


def check(expression: str, syntax: tree.Syntax, model: Model, focus: Kind) -> None:
    """Refuse what names an element its type does not have.

    raises  ExpressionRefused FHIR-0153, FHIR-0154, with the position of the name
    """
    _Checker(expression, model).kinds(syntax, frozenset({focus}))


class _Checker:
    def __init__(self, expression: str, model: Model) -> None:
        self._expression = expression
        self._model = model

    def kinds(self, node: tree.Syntax, focus: Kinds) -> Kinds:
        """The types of a result, its parts checked."""
        match node:
            case tree.Special("$this"):
                return focus
            case tree.Step(None, name, at):
                return self._first(focus, name, at)
            case tree.Step(source, name, at) if source is not None:
                return self._child(self.kinds(source, focus), name, at)
            case tree.Index(source, index):
                self.kinds(index, focus)
                return self.kinds(source, focus)
            case tree.Call():
                return self._call(node, focus)
            case tree.Sign(_, operand):
                self.kinds(operand, focus)
            case tree.Binary(operator, left, right):
                one, other = self.kinds(left, focus), self.kinds(right, focus)
                return one | other if operator == "|" and one is not None and other is not None else None
            case tree.TypeTest(operator, operand, type_name):
                self.kinds(operand, focus)
                return self._named(type_name) if operator == "as" else None
        return None

    def _first(self, focus: Kinds, name: str, at: int) -> Kinds:
        """A name at the beginning: the type of the focus itself, or one of its elements."""
        if focus and name[:1].isupper():
            if any(name in kind.ancestors for kind in focus):
                return focus
            if self._model.kind(name) is not None and all(kind.children for kind in focus):
                text = f"The expression begins with {name}, and is asked of {_listed(focus)}"
                raise ExpressionRefused(OTHER_TYPE, text, self._expression, at)
        return self._child(focus, name, at)

    def _child(self, owners: Kinds, name: str, at: int) -> Kinds:
        if not owners or not all(kind.children for kind in owners):
            return None
        if not any(name in kind.children for kind in owners):
            hint = "The element is named without its type: value, not valueQuantity." if _is_typed(owners, name) else ""
            text = f"{_listed(owners)} has no element {name}"
            raise ExpressionRefused(UNKNOWN, text, self._expression, at, hint)
        found = [child for kind in owners for _, _, child in kind.children.get(name, ())]
        return None if None in found else frozenset(child for child in found if child is not None)

    def _call(self, node: tree.Call, focus: Kinds) -> Kinds:
        source = focus if node.source is None else self.kinds(node.source, focus)
        if node.name in ("ofType", "as", "is"):
            text = _type_text(node.arguments[0]) if len(node.arguments) == 1 else None
            return self._named(text) if text is not None and node.name != "is" else None
        inside = source if node.name in _PER_ITEM else None if node.name in ("repeat", "aggregate", "iif") else focus
        results = [self.kinds(argument, inside) for argument in node.arguments]
        if node.name in _SAME:
            return source
        if node.name == "select":
            return results[0] if results else None
        return self._named("Extension") if node.name == "extension" else None

    def _named(self, type_name: str) -> Kinds:
        kind = self._model.kind(type_name.rpartition(".")[2])
        return None if kind is None or type_name.startswith("System.") else frozenset({kind})


def _is_typed(kinds: Iterable[Kind], name: str) -> bool:
    """True for `valueQuantity`, the JSON property of a choice."""
    return any(name == each[0] for kind in kinds for children in kind.children.values() for each in children)


def _listed(kinds: Iterable[Kind]) -> str:
    return " or ".join(sorted({kind.name for kind in kinds}))


def _type_text(node: tree.Syntax) -> str | None:
    match node:
        case tree.Step(None, name):
            return name
        case tree.Step(tree.Step(None, namespace), name):
            return f"{namespace}.{name}"
    return None
