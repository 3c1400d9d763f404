"""From syntax to closures: an expression is compiled once and evaluated many times."""

from __future__ import annotations

from collections.abc import Callable
from decimal import DecimalException

from workbench.fhir.fhirpath import syntax as tree
from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.faults import EVALUATION, UNKNOWN, ExpressionRefused, Fault
from workbench.fhir.fhirpath.functions import FUNCTIONS
from workbench.fhir.fhirpath.navigation import add_children, has_child
from workbench.fhir.fhirpath.operators import OPERATORS, negative
from workbench.fhir.fhirpath.registry import Closure, Function, integer_of, truth
from workbench.fhir.fhirpath.types import has_type, is_type
from workbench.fhir.fhirpath.values import EMPTY, FALSE, TRUE, Items, Node, TypeInfo

_TYPE_FUNCTIONS = frozenset({"is", "as", "ofType"})


def compiled(expression: str) -> Closure:
    """The closure of an expression.

    raises  ExpressionRefused FHIR-0151: not FHIRPath; FHIR-0153: a function that does not exist, or its arguments
    """
    return _Compiler(expression).closure(tree.parse(expression))


class _Compiler:
    def __init__(self, expression: str) -> None:
        self._expression = expression

    def closure(self, node: tree.Syntax) -> Closure:
        match node:
            case tree.Literal(value):
                constant: Items = (value,)
                return lambda env, this: constant
            case tree.Nothing():
                return lambda env, this: EMPTY
            case tree.Special(name):
                return _SPECIALS[name]
            case tree.Variable(name):
                return self._variable(node)
            case tree.Step():
                return self._step(node)
            case tree.Call():
                return self._call(node)
            case tree.Index():
                return self._index(node)
            case tree.Sign(minus, operand):
                return self._guarded(node, negative if minus else lambda env, items: items, self.closure(operand))
            case tree.Binary():
                return self._binary(node)
            case tree.TypeTest(operator, operand, type_name):
                return self._typed(node.at, operator, self.closure(operand), type_name)

    def _refused(self, code: str, text: str, at: int, hint: str = "") -> ExpressionRefused:
        return ExpressionRefused(code, text, self._expression, at, hint)

    def _variable(self, node: tree.Variable) -> Closure:
        name, at, refused = node.name, node.at, self._refused

        def variable(env: Environment, this: Items) -> Items:
            found = env.variable(name)
            if found is None:
                raise refused(EVALUATION, f"There is no variable %{name}", at)
            return found

        return variable

    def _step(self, node: tree.Step) -> Closure:
        name = node.name
        if node.source is None:
            return _first_step(name)
        source = self.closure(node.source)

        def step(env: Environment, this: Items) -> Items:
            items = source(env, this)
            if not items:
                return EMPTY
            out: list[object] = []
            for item in items:
                if item.__class__ is Node:
                    add_children(item, name, env.model, out)
                elif isinstance(item, TypeInfo) and name in ("name", "namespace"):
                    out.append(getattr(item, name))
            return out

        return step

    def _index(self, node: tree.Index) -> Closure:
        source = self.closure(node.source)

        def item_at(env: Environment, items: Items, number: Items) -> Items:
            place = integer_of(number)
            return (items[place],) if place is not None and 0 <= place < len(items) else EMPTY

        index = self.closure(node.index)
        refused, at = self._refused, node.at

        def indexed(env: Environment, this: Items) -> Items:
            try:
                return item_at(env, source(env, this), index(env, this))
            except Fault as fault:
                raise refused(EVALUATION, str(fault), at) from None

        return indexed

    def _binary(self, node: tree.Binary) -> Closure:
        left, right = self.closure(node.left), self.closure(node.right)
        operator = node.operator
        if operator in ("and", "or", "implies"):
            return self._logical(operator, left, right, node.at)
        if operator in ("=", "!=") and isinstance(node.right, tree.Literal) and isinstance(node.right.value, str):
            return _text_equality(left, node.right.value, operator == "=")
        work = OPERATORS[operator]
        refused, at = self._refused, node.at

        def binary(env: Environment, this: Items) -> Items:
            try:
                return work(left(env, this), right(env, this))
            except Fault as fault:
                raise refused(EVALUATION, str(fault), at) from None
            except DecimalException:  # beyond what a Decimal holds: empty, as for any overflow (N1, 6.6)
                return EMPTY

        return binary

    def _logical(self, operator: str, left: Closure, right: Closure, at: int) -> Closure:
        """Three-valued; the right side is not evaluated when the left one decides."""
        deciding, outcome = {"and": (False, FALSE), "or": (True, TRUE), "implies": (False, TRUE)}[operator]
        other_deciding = operator != "and"
        other_outcome = TRUE if other_deciding else FALSE
        neither = {"and": TRUE, "or": FALSE, "implies": FALSE}[operator]
        refused = self._refused

        def logical(env: Environment, this: Items) -> Items:
            try:
                first = left(env, this)
                one = first[0] if len(first) == 1 and first[0].__class__ is bool else truth(first)
                if one is deciding:
                    return outcome
                second = right(env, this)
                other = second[0] if len(second) == 1 and second[0].__class__ is bool else truth(second)
            except Fault as fault:
                raise refused(EVALUATION, str(fault), at) from None
            if other is other_deciding:
                return other_outcome
            return EMPTY if one is None or other is None else neither

        return logical

    def _typed(self, at: int, operator: str, source: Closure, type_name: str) -> Closure:
        refused = self._refused

        def typed(env: Environment, this: Items) -> Items:
            items = source(env, this)
            if operator != "ofType" and len(items) > 1:
                raise refused(EVALUATION, f"“{operator}” needs a single item, and there are {len(items)}", at)
            try:
                if operator == "is":
                    return _boolean(is_type(items[0], type_name, env.model)) if items else EMPTY
                return [item for item in items if has_type(item, type_name, env.model)] if items else EMPTY
            except Fault as fault:
                raise refused(EVALUATION, str(fault), at) from None

        return typed

    def _call(self, node: tree.Call) -> Closure:
        if node.name in _TYPE_FUNCTIONS and len(node.arguments) == 1:
            source = _THIS if node.source is None else self.closure(node.source)
            return self._typed(node.at, node.name, source, self._type_name(node.arguments[0]))
        found = FUNCTIONS.get(node.name)
        if found is None:
            raise self._refused(UNKNOWN, f"There is no function {node.name}()", node.at)
        if not found.least <= len(node.arguments) <= found.most:
            wanted = str(found.least) if found.least == found.most else f"{found.least} to {found.most}"
            text = f"{node.name}() takes {wanted} arguments, not {len(node.arguments)}"
            raise self._refused(UNKNOWN, text, node.at)
        if node.name in ("exists", "empty") and not node.arguments and isinstance(node.source, tree.Step):
            return self._presence(node.source, node.name == "exists")
        if node.name == "sort":
            return self._sort(node, found)
        source = _THIS if node.source is None else self.closure(node.source)
        return self._applied(node, found, source, [self.closure(argument) for argument in node.arguments])

    def _applied(self, node: tree.Call, found: Function, source: Closure, arguments: list[Closure]) -> Closure:
        work = found.implementation
        if found.lazy:
            lazy = tuple(arguments)
            return self._guarded(node, lambda env, items: work(env, items, *lazy), source)
        if not arguments:
            return self._guarded(node, work, source)
        refused, at = self._refused, node.at

        def call(env: Environment, this: Items) -> Items:
            try:
                return work(env, source(env, this), *[argument(env, this) for argument in arguments])
            except Fault as fault:
                raise refused(EVALUATION, str(fault), at) from None
            except DecimalException:
                return EMPTY

        return call

    def _guarded(self, node: tree.Syntax, work: Callable[[Environment, Items], Items], source: Closure) -> Closure:
        refused, at = self._refused, node.at

        def call(env: Environment, this: Items) -> Items:
            try:
                return work(env, source(env, this))
            except Fault as fault:
                raise refused(EVALUATION, str(fault), at) from None
            except DecimalException:
                return EMPTY

        return call

    def _presence(self, step: tree.Step, wanted: bool) -> Closure:
        """`a.b.exists()` without making the items."""
        name = step.name
        source = _THIS if step.source is None else self.closure(step.source)
        whole = self._step(step)
        yes, no = (TRUE, FALSE) if wanted else (FALSE, TRUE)

        def presence(env: Environment, this: Items) -> Items:
            items = source(env, this)
            for item in items:
                if has_child(item, name):
                    return yes
            if step.source is None and name[:1].isupper():
                return yes if whole(env, this) else no
            return no

        return presence

    def _sort(self, node: tree.Call, found: Function) -> Closure:
        """A minus before a key turns its order around; it is no arithmetic there."""
        keys = [(key.operand, True) if isinstance(key, tree.Sign) else (key, False) for key in node.arguments]
        pairs = [(self.closure(key), reverse) for key, reverse in keys]
        source = _THIS if node.source is None else self.closure(node.source)
        return self._guarded(node, lambda env, items: found.implementation(env, items, pairs), source)

    def _type_name(self, node: tree.Syntax) -> str:
        match node:
            case tree.Step(None, name):
                return name
            case tree.Step(tree.Step() as source, name):
                return f"{self._type_name(source)}.{name}"
        raise self._refused(UNKNOWN, "The name of a type is needed", node.at)


def _boolean(value: bool) -> Items:
    return TRUE if value else FALSE


def _this(env: Environment, this: Items) -> Items:
    return this


def _index(env: Environment, this: Items) -> Items:
    return EMPTY if env.index is None else (env.index,)


def _total(env: Environment, this: Items) -> Items:
    return env.total


_THIS: Closure = _this
_SPECIALS: dict[str, Closure] = {"$this": _this, "$index": _index, "$total": _total}


def _first_step(name: str) -> Closure:
    """A name at the beginning: a child of the focus, or the type of the focus itself (`Patient.name`)."""
    may_be_type = name[:1].isupper()

    def step(env: Environment, this: Items) -> Items:
        out: list[object] = []
        for item in this:
            if item.__class__ is not Node:
                continue
            if may_be_type and name in item.kind.ancestors:
                out.append(item)
            else:
                add_children(item, name, env.model, out)
        return out

    return step


def _text_equality(left: Closure, text: str, wanted: bool) -> Closure:
    """`code = 'x'`, the commonest comparison of invariants."""
    yes, no = (TRUE, FALSE) if wanted else (FALSE, TRUE)

    def equality(env: Environment, this: Items) -> Items:
        items = left(env, this)
        if not items:
            return EMPTY
        if len(items) > 1:
            return no
        item = items[0]
        value = item.value if item.__class__ is Node else item
        return yes if str(value) == text and not isinstance(value, bool | int) else no

    return equality
