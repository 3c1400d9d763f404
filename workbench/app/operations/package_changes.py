"""What two versions of a mapping package say differently, and what that does to a capture and to suites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.app.operations.mapping_effect import CaptureEffect, SuiteEffect, effect_on_capture, effect_on_suite
from workbench.kernel.progress import JobContext
from workbench.mapping.changes import ChangeKind, PackageChange, changes
from workbench.mapping.load import load_package
from workbench.mapping.model import Package
from workbench.messages.capture import Capture


@dataclass(frozen=True, slots=True)
class PackageDifference:
    """Two versions compared; `effect` None when no capture was given."""

    before: str
    after: str
    changes: tuple[PackageChange, ...]
    effect: CaptureEffect | None = None
    suites: tuple[SuiteEffect, ...] = ()

    @property
    def counts(self) -> dict[ChangeKind, int]:
        """How many entries were added, removed, changed and moved; all four are there."""
        found = Counter(change.kind for change in self.changes)
        return {kind: found[kind] for kind in ChangeKind}

    @property
    def worse(self) -> bool:
        """True when a release would lose values that are not lost now, refuse messages it maps, or fail a suite."""
        of_capture = self.effect is not None and bool(self.effect.newly_lost or self.effect.newly_refused)
        return of_capture or any(move.worse for suite in self.suites for move in suite.cases)


def package_difference(
    before: Path,
    after: Path,
    ctx: JobContext,
    capture: Capture | None = None,
    suites: Sequence[Path] = (),
    workers: int | None = None,
) -> PackageDifference:
    """Compare two package folders, and run both over a capture and suites where they are given.

    raises  Refused MAP-…: a defective package; SUI-…: a defective suite; Unavailable: a file cannot be read; Cancelled
    """
    old, new = load_package(before), load_package(after)
    found = changes(old, new)
    effect = effect_on_capture(capture, before, after, ctx, workers) if capture is not None else None
    ran = tuple(effect_on_suite(suite, before, after, ctx, workers or 1) for suite in suites)
    return PackageDifference(named(old), named(new), found, effect, ran)


def named(package: Package) -> str:
    """`v2-to-fhir-r4 1.2.0`."""
    return f"{package.header.id} {package.header.version}"
