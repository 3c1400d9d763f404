"""Writing a mapping package for a production engine, after its own suites have passed on exactly this content."""

from __future__ import annotations

from pathlib import Path

from workbench.export.package import Exported, export_package, find_exporter
from workbench.kernel.progress import JobContext


def export_to(folder: Path, target: str, out: Path, draft: bool, ctx: JobContext, workers: int = 1) -> Exported:
    """Run the package's suites and export it.

    raises  Refused EXP-0001: not ready and no draft; EXP-0002: no such target; MAP-…, SUI-…: defective package or suite
            Unavailable KRN-0002: the folder cannot be written; Cancelled
    """
    return export_package(folder, find_exporter(target), out, draft, ctx=ctx, workers=workers)
