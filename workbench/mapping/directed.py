"""Packages of every direction, ready to run."""

from __future__ import annotations

from workbench.mapping.compile import CompiledMapping, compile_package
from workbench.mapping.directions.mapping import DirectedMapping, Received
from workbench.mapping.directions.result import TracedDocument
from workbench.mapping.model import Direction, Package
from workbench.mapping.overlay import effective
from workbench.mapping.trace import TracedResult

AnyMapping = CompiledMapping | DirectedMapping
AnyTraced = TracedResult | TracedDocument


def compile_any(package: Package) -> AnyMapping:
    """Compile a package of any direction, laid over its base.

    raises  Refused: as `compile.compile_package`
    """
    if package.header.direction is Direction.V2_TO_FHIR:
        return compile_package(package)
    return DirectedMapping(effective(package))


__all__ = ["AnyMapping", "AnyTraced", "Received", "compile_any"]
