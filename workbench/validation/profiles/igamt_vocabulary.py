"""`valuesets.xml` and `bindings.xml` of NIST/IGAMT."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workbench.validation.profiles.expressions import ProfilePath
from workbench.validation.profiles.model import (
    Binding,
    Code,
    CodeLocation,
    CodeUsage,
    Context,
    ContextBinding,
    Defect,
    Scope,
    SingleCode,
    Strength,
    ValueSet,
)
from workbench.validation.profiles.xml_source import XmlNode

_PLACEHOLDERS = {"HL7nnnn": r"HL7[0-9]{4}", "99zzz": r"99.+"}
"""Codes of table 0396 that stand for many; older exports give them without a pattern."""


def read_value_sets(root: XmlNode | None, defects: list[Defect]) -> Mapping[str, ValueSet]:
    """The value sets by their binding identifier."""
    if root is None:
        return {}
    excluded = {
        " ".join(node.text.split()) for part in root.named("NoValidation") for node in part.named("BindingIdentifier")
    }
    found: dict[str, ValueSet] = {}
    groups = [root, *root.named("ValueSetDefinitions")]
    for node in (node for group in groups for node in group.named("ValueSetDefinition")):
        name = node.get("BindingIdentifier")
        codes = tuple(_code(element, name, defects) for element in node.named("ValueElement"))
        found[name] = ValueSet(
            name, node.get("Name"), codes, node.get("Extensibility").lower() == "closed", name in excluded
        )
    for name in excluded - found.keys():
        found[name] = ValueSet(name, excluded=True)
    return found


def _code(node: XmlNode, owner: str, defects: list[Defect]) -> Code:
    value, pattern = node.get("Value"), node.get("CodePattern")
    if not pattern and "0396" in owner:
        pattern = _PLACEHOLDERS.get(value, "")
    if pattern:
        try:
            re.compile(pattern)
        except re.error:
            defects.append(Defect(owner, f"the pattern of code {value} cannot be read"))
            pattern = ""
    usage = node.get("Usage")
    known = CodeUsage(usage) if usage in ("R", "P", "E") else CodeUsage.REQUIRED
    return Code(value, node.get("CodeSystem"), node.get("DisplayName"), known, pattern)


def read_bindings(root: XmlNode | None, defects: list[Defect]) -> tuple[ContextBinding, ...]:
    """Bindings of value sets and single codes that are attached by path."""
    if root is None:
        return ()
    found: list[ContextBinding] = []
    scopes = {"Datatype": Scope.DATA_TYPE, "Segment": Scope.SEGMENT, "Group": Scope.GROUP, "Message": Scope.MESSAGE}
    for part in root.named("ValueSetBindings", "SingleCodeBindings"):
        for level in part.children:
            for owner in level.named("ByID", "ByName"):
                by_id = owner.name == "ByID"
                context = Context(
                    scopes.get(level.name, Scope.SEGMENT),
                    owner.get("ID") if by_id else "",
                    "" if by_id else owner.get("Name"),
                )
                for node in owner.children:
                    try:
                        found.append(ContextBinding(context, ProfilePath.parse(node.get("Target")), _binding(node)))
                    except ValueError as error:
                        defects.append(Defect(owner.get("ID"), f"line {node.line}: {error}"))
    return tuple(found)


def _binding(node: XmlNode) -> Binding | SingleCode:
    locations = read_locations(node.first("BindingLocations"))
    if node.name == "SingleCodeBinding":
        return SingleCode(node.get("Code"), node.get("CodeSystem"), locations)
    return read_set_binding(node)


def read_set_binding(node: XmlNode) -> Binding:
    """A `ValueSetBinding`."""
    sets = tuple(b.get("BindingIdentifier") for part in node.named("Bindings") for b in part.named("Binding"))
    strength = node.get("BindingStrength")
    known = Strength(strength) if strength in ("R", "S", "U") else None
    return Binding(sets, known, read_locations(node.first("BindingLocations")))


def read_locations(node: XmlNode | None) -> tuple[CodeLocation, ...]:
    """`BindingLocations`, or the `BindingLocation`s of a co-constraint."""
    if node is None:
        return ()
    found: list[CodeLocation] = []
    for place in node.named("SimpleBindingLocation", "ComplexBindingLocation", "BindingLocation"):
        system = place.get("CodeSystemLocation") or place.get("CodeSystemPath")
        code = ProfilePath.parse(place.get("CodeLocation") or place.get("CodePath"))
        found.append(CodeLocation(code, ProfilePath.parse(system) if system else None))
    return tuple(found)
