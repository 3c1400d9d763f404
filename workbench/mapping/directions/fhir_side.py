"""FHIR as the target of packages that read FHIR: its elements and its values."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from workbench.mapping.directions.targets import Converter
from workbench.mapping.directions.v2_target import time_of
from workbench.mapping.fhir_target import Element, FhirSchema, Kind, TargetPath, read_target
from workbench.mapping.model import Json
from workbench.mapping.values import CONVERTERS, Misfit, Zone

_TIMES = frozenset({"date", "dateTime", "instant"})


class FhirTarget:
    """The target side of packages that write FHIR from FHIR."""

    def __init__(self, schema: FhirSchema, extensions: Mapping[str, str]) -> None:
        self._schema = schema
        self._extensions = extensions

    def root(self, name: str) -> Kind | None:
        return self._schema.root(name)

    def is_segment(self, name: str) -> bool:
        """True for what a row can make."""
        return self._schema.is_resource(name)

    def takes(self, kind: Kind, made: str) -> bool:
        return self._schema.takes(kind, made)

    def is_primitive(self, kind: Kind) -> bool:
        return kind.type in CONVERTERS

    def holds_codes_alone(self, kind: Kind) -> bool:
        return False

    def child(self, kind: Kind, number: int) -> Element | None:
        """FHIR numbers no elements."""
        return None

    def read(self, text: str, kinds: tuple[Kind, ...]) -> TargetPath:
        """raises  TargetProblem"""
        return read_target(text, kinds, self._schema, self._extensions)

    def leaf(self, path: TargetPath) -> TargetPath:
        return path

    def converter(self, kind: Kind) -> Converter:
        """What makes a text a value of a primitive type.

        The function raises  Misfit
        """
        return lambda text: (_converted(text, kind), "")


def _converted(text: str, kind: Kind) -> Json:
    if kind.type not in CONVERTERS:
        raise Misfit(f"a text cannot be a {kind.type}")
    if kind.type in _TIMES:
        value = time_of(text)
        return value.to_fhir_date() if kind.type == "date" else value.to_fhir()
    return text if kind.type == "time" else CONVERTERS[kind.type](text, Zone())


def same_primitive(value: Json, kind: Kind) -> bool:
    """True when a JSON primitive can stand in an element as it is."""
    if isinstance(value, bool):
        return kind.type == "boolean"
    if isinstance(value, Decimal):
        return kind.type == "decimal"
    if isinstance(value, int):
        return kind.type in ("integer", "positiveInt", "unsignedInt", "decimal")
    return False
