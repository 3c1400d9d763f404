"""Data types of the standard as flavours of a profile, for profiles that name a type without describing it."""

from __future__ import annotations

from workbench.v2.dictionary import Dictionary
from workbench.v2.dictionary import Usage as StandardUsage
from workbench.validation.profiles.expressions import ProfilePath, Step
from workbench.validation.profiles.model import (
    DataType,
    DynamicCase,
    DynamicMapping,
    Element,
    Usage,
)

_VARYING = frozenset({"varies", "VARIES", "*", ""})


def is_varying(data_type: str) -> bool:
    """True for the type of a field whose type another field decides."""
    return data_type in _VARYING


def add_standard_type(name: str, known: Dictionary, found: dict[str, DataType]) -> None:
    """Add a type of the version to `found`, with everything it is made of; every component is optional."""
    if name in found:
        return
    definition = known.data_type(name)
    if definition is None:
        return
    components = tuple(
        Element(
            part.name,
            Usage.W if part.usage is StandardUsage.WITHDRAWN else Usage.O,
            part.data_type,
        )
        for part in definition.components
    )
    found[name] = DataType(name, name, definition.title, components)
    for part in components:
        add_standard_type(part.data_type, known, found)


def observation_mapping(known: Dictionary, found: dict[str, DataType]) -> DynamicMapping:
    """OBX-5 has any type of the version that OBX-2 names."""
    for name in known.data_type_names:
        add_standard_type(name, known, found)
    cases = tuple(DynamicCase(name, name) for name in known.data_type_names if name in found)
    return DynamicMapping(5, ProfilePath((Step(2, 1),)), None, cases)
