"""`workbench export`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from workbench.app.operations.export import export_to
from workbench.cli.options import add_verb, add_workers, console_job
from workbench.export.package import EXPORTERS
from workbench.kernel.errors import ExitCode


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "export",
        "write a validated mapping package for a production engine",
        "workbench export mappings/v2-to-fhir-r4 --target fhir-package --out dist/",
    )
    verb.add_argument("package", type=Path, metavar="PACKAGE", help="folder of the mapping package")
    verb.add_argument("--target", required=True, metavar="NAME", help=f"one of: {', '.join(EXPORTERS)}")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR")
    verb.add_argument("--draft", action="store_true", help="export what is not ready, marked DRAFT everywhere")
    add_workers(verb)
    verb.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> ExitCode:
    exported = export_to(
        options.package, options.target, options.out, options.draft, console_job(), options.workers or 1
    )
    for issue in exported.objections:
        print(f"draft: {issue.text}", file=sys.stderr)
    print(exported.path)
    return ExitCode.CLEAN
