"""Exporting: one mapping package, many targets; each an `Exporter`, found by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from workbench.export.fhir_package import FhirPackage
from workbench.export.gate import objections, require_ready
from workbench.export.manifest import Release
from workbench.export.python_runtime import PythonRuntime
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.offers import Offers
from workbench.kernel.progress import JobContext
from workbench.mapping.load import load_package
from workbench.mapping.overlay import effective
from workbench.suites.evidence import SuiteEvidence, collect_evidence
from workbench.suites.fingerprint import package_fingerprint
from workbench.suites.mapper import MapperSource, package_mapper


@runtime_checkable
class Exporter(Protocol):
    """One production target.

    name   what `--target` says; `title` what people read
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...

    def file_name(self, release: Release) -> str:
        """The artefact's file name; a draft's holds the word."""

    def build(self, release: Release) -> bytes:
        """The artefact with its manifest; the same bytes for the same release."""


EXPORTERS: Offers[Exporter] = Offers[Exporter]((FhirPackage(), PythonRuntime()))
"""The targets by name; those of plug-ins follow our own."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and for a draft what stood against a release."""

    path: Path
    release: Release
    objections: tuple[Issue, ...]


def find_exporter(name: str, exporters: Mapping[str, Exporter] = EXPORTERS) -> Exporter:
    """The exporter of that name.

    raises  Refused EXP-0002
    """
    if name not in exporters:
        raise Refused("EXP-0002", f"There is no target “{name}”.", f"Targets are: {', '.join(exporters)}.")
    return exporters[name]


def export_package(
    folder: Path,
    exporter: Exporter,
    out: Path,
    draft: bool = False,
    evidence: tuple[SuiteEvidence, ...] | None = None,
    ctx: JobContext | None = None,
    workers: int = 1,
    source: MapperSource = package_mapper,
) -> Exported:
    """Export a mapping package to a file in the folder `out`.

    evidence  of runs that were made already; None runs the package's own suites now
    raises    Refused EXP-0001: not ready and no draft; MAP-…, SUI-…: defective package or suite
              Unavailable: a file cannot be read or written; Cancelled
    """
    package = effective(load_package(folder))
    fingerprint = package_fingerprint(folder)
    proven = collect_evidence(folder, ctx, workers, source) if evidence is None else evidence
    release = Release(package, fingerprint, proven, draft)
    require_ready(release, exporter.name)
    path = out / exporter.file_name(release)
    write_atomically(path, exporter.build(release))
    return Exported(path, release, objections(release, exporter.name))
