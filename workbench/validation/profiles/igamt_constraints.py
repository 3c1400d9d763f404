"""`constraints.xml` of NIST/IGAMT: conformance statements and predicates with their expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from workbench.validation.profiles.expressions import (
    All,
    Compared,
    Counted,
    ExactlyOne,
    Expression,
    Foreign,
    Implies,
    InSet,
    Matches,
    Not,
    OneOf,
    Operator,
    PathsCompared,
    Presence,
    ProfilePath,
    SetNumber,
    Some,
    WhenAbsent,
)
from workbench.validation.profiles.model import Context, Defect, Predicate, Scope, Statement, Usage
from workbench.validation.profiles.xml_source import XmlNode

_SCOPES = {
    "Datatype": Scope.DATA_TYPE,
    "Segment": Scope.SEGMENT,
    "Group": Scope.GROUP,
    "Message": Scope.MESSAGE,
}


def read_statements(root: XmlNode, defects: list[Defect]) -> list[Statement]:
    """The conformance statements of a file; one that cannot be read is kept as never decided, with its reason."""
    found: list[Statement] = []
    for context, node in _attached(root, "Constraints"):
        if node.name != "Constraint":
            continue
        body = node.first("Assertion")
        found.append(
            Statement(
                node.get("ID"),
                context,
                _path(node.get("Target")),
                node.text_of("Description"),
                read_expression(body),
                node.get("Strength").upper() != "SHOULD",
            )
        )
    defects.extend(
        Defect("OrderIndifferent", f"line {unread.line}: statements about elements in any order are not evaluated")
        for unread in root.named("OrderIndifferent")
    )
    return found


def read_predicates(root: XmlNode, defects: list[Defect]) -> list[Predicate]:
    """The predicates of a file."""
    found: list[Predicate] = []
    for context, node in _attached(root, "Predicates"):
        if node.name != "Predicate":
            continue
        text = node.text_of("Description")
        try:
            usages = Usage(node.get("TrueUsage")), Usage(node.get("FalseUsage"))
        except ValueError:
            defects.append(Defect(node.get("ID") or context.id, f"line {node.line}: a predicate without both usages"))
            continue
        body = node.first("Condition")
        found.append(
            Predicate(node.get("ID"), context, _path(node.get("Target")), text, read_expression(body), *usages)
        )
    return found


def _attached(root: XmlNode, kind: str) -> Iterator[tuple[Context, XmlNode]]:
    for part in root.named(kind):
        for level in part.children:
            scope = _SCOPES.get(level.name)
            if scope is None:
                continue
            for owner in level.named("ByID", "ByName"):
                by_id = owner.name == "ByID"
                context = Context(scope, owner.get("ID") if by_id else "", "" if by_id else owner.get("Name"))
                for node in owner.children:
                    yield context, node


def read_expression(holder: XmlNode | None) -> Expression:
    """The expression inside `Assertion` or `Condition`; `Foreign` when it is none that can be evaluated."""
    if holder is None or not holder.children:
        return Foreign("", "the profile states no test")
    if len(holder.children) == 1:
        return _expression(holder.children[0])
    return All(tuple(_expression(child) for child in holder.children))


def _expression(node: XmlNode) -> Expression:
    reader = _READERS.get(node.name)
    if reader is None:
        return Foreign(node.name, f"{node.name} is not known")
    try:
        return reader(node)
    except (ValueError, IndexError) as error:
        return Foreign(node.name, str(error) or f"{node.name} is incomplete")


def _path(text: str) -> ProfilePath:
    try:
        return ProfilePath.parse(text)
    except ValueError:
        return ProfilePath()


def _parts(node: XmlNode) -> tuple[Expression, ...]:
    if not node.children:
        raise ValueError(f"{node.name} has no parts")
    return tuple(map(_expression, node.children))


def _absent(node: XmlNode) -> WhenAbsent:
    text = node.get("NotPresentBehavior", "PASS").upper()
    return WhenAbsent(text) if text in WhenAbsent.__members__ else WhenAbsent.PASS


def _is(node: XmlNode, name: str) -> bool:
    return node.get(name).lower() in ("true", "1")


def _one_of(node: XmlNode) -> Expression:
    if node.name == "PlainText":
        texts: tuple[str, ...] = (node.get("Text"),)
    else:
        texts = tuple(part.strip() for part in node.get("CSV").split(","))
    numeric = node.name == "NumberList"
    path = ProfilePath.parse(node.get("Path"))
    return OneOf(path, texts, _is(node, "IgnoreCase"), _is(node, "AtLeastOnce"), _absent(node), numeric)


def _matches(node: XmlNode) -> Expression:
    pattern = node.get("Regex")
    try:
        re.compile(pattern)
    except re.error:
        raise ValueError(f"the regular expression {pattern[:80]} cannot be read") from None
    return Matches(ProfilePath.parse(node.get("Path")), pattern, _is(node, "AtLeastOnce"), _absent(node))


def _compared(node: XmlNode) -> Expression:
    numeric = node.get("Type", "Number") == "Number"
    return Compared(
        ProfilePath.parse(node.get("Path")),
        Operator(node.get("Operator")),
        node.get("Value"),
        numeric,
        _is(node, "AtLeastOnce"),
        _absent(node),
    )


def _paths_compared(node: XmlNode) -> Expression:
    every = node.get("Path1Mode") != "AtLeastOne", node.get("Path2Mode") != "AtLeastOne"
    return PathsCompared(
        ProfilePath.parse(node.get("Path1")),
        ProfilePath.parse(node.get("Path2")),
        Operator(node.get("Operator")),
        _absent(node),
        every,
    )


def _in_set(node: XmlNode) -> Expression:
    place = node.get("BindingLocation").partition(":")[0]
    return InSet(
        ProfilePath.parse(node.get("Path")),
        node.get("ValueSetID"),
        int(place) if place.isdigit() else 0,
        node.get("BindingStrength", "R"),
    )


_READERS: dict[str, Callable[[XmlNode], Expression]] = {
    "Presence": lambda node: Presence(ProfilePath.parse(node.get("Path"))),
    "PlainText": _one_of,
    "StringList": _one_of,
    "NumberList": _one_of,
    "Format": _matches,
    "SimpleValue": _compared,
    "PathValue": _paths_compared,
    "ValueSet": _in_set,
    "SetID": lambda node: SetNumber(ProfilePath.parse(node.get("Path"))),
    "IZSetID": lambda node: Counted(ProfilePath.parse(node.get("Parent")), ProfilePath.parse(node.get("Element"))),
    "AND": lambda node: All(_parts(node)),
    "FORALL": lambda node: All(_parts(node)),
    "OR": lambda node: Some(_parts(node)),
    "EXIST": lambda node: Some(_parts(node)),
    "XOR": lambda node: ExactlyOne(_expression(node.children[0]), _expression(node.children[1])),
    "NOT": lambda node: Not(_expression(node.children[0])),
    "IMPLY": lambda node: Implies(_expression(node.children[0]), _expression(node.children[1])),
    "Plugin": lambda node: Foreign(node.get("QualifiedClassName"), "it calls code of another program"),
}
