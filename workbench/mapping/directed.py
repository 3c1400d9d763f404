"""Packages of every direction, ready to run."""

from __future__ import annotations

from workbench.kernel.errors import Refused
from workbench.mapping.directions.mapping import DirectedMapping, Received
from workbench.mapping.directions.recompiling import recompiled
from workbench.mapping.directions.result import TracedDocument
from workbench.mapping.directions.running import Object
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.engine.recompile import recompile
from workbench.mapping.engine.trace import TracedResult
from workbench.mapping.model import Direction, Package
from workbench.mapping.overlay import effective
from workbench.v2.er7 import Message

AnyMapping = CompiledMapping | DirectedMapping
AnyTraced = TracedResult | TracedDocument


def direction_of(package: Package) -> Direction:
    """The direction of a package; an overlay that says none has that of its base."""
    own = package.header.direction
    return own if own is not Direction.V2_TO_FHIR or package.base is None else direction_of(package.base)


def compile_any(package: Package) -> AnyMapping:
    """Compile a package of any direction, laid over its base.

    raises  Refused: as `compile.compile_package`
    """
    if direction_of(package) is Direction.V2_TO_FHIR:
        return compile_package(package)
    return DirectedMapping(effective(package))


def recompile_any(previous: AnyMapping | None, package: Package) -> AnyMapping:
    """`compile_any`, reusing the parts of an earlier state that the difference does not reach.

    raises  as `compile_any`
    """
    if isinstance(previous, CompiledMapping) and direction_of(package) is Direction.V2_TO_FHIR:
        return recompile(previous, package)
    if isinstance(previous, DirectedMapping) and direction_of(package) is not Direction.V2_TO_FHIR:
        return recompiled(previous, effective(package))
    return compile_any(package)


def reads_fhir(mapping: AnyMapping) -> bool:
    """True when the mapping reads FHIR documents, False when it reads v2 messages."""
    return isinstance(mapping, DirectedMapping) and mapping.reads_fhir


def traced(mapping: AnyMapping, document: Received) -> AnyTraced:
    """The traced result of a document of either standard.

    raises  Refused MAP-0201: the package has no map for it; MAP-0202: it is of the other standard
    """
    if isinstance(mapping, DirectedMapping):
        return mapping.trace(document)
    if not isinstance(document, Message):
        raise Refused(
            "MAP-0202",
            f"The package {mapping.package.header.id} reads HL7 v2, and this is FHIR.",
            "Choose a package for the other direction.",
        )
    return mapping.trace(document)


def ran(mapping: AnyMapping, document: Received) -> Object:
    """The result of fast mode as JSON; raises as `traced`."""
    if isinstance(mapping, CompiledMapping) and isinstance(document, Message):
        return mapping.run(document)
    return traced(mapping, document).bundle if isinstance(mapping, CompiledMapping) else mapping.run(document)


__all__ = ["AnyMapping", "AnyTraced", "Received", "compile_any", "ran", "reads_fhir", "recompile_any", "traced"]
