"""`workbench package verify`."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli.options import add_verb
from workbench.export.verify import verify
from workbench.kernel.errors import ExitCode


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its action."""
    verb = add_verb(
        verbs, "package", "check exported packages", "workbench package verify dist/v2-to-fhir-r4-1.0.0.tgz"
    )
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    verifying = add_verb(
        actions,
        "verify",
        "recompute every hash of a package; refused with the file's name when one differs",
        "workbench package verify dist/v2-to-fhir-r4-1.0.0.tgz",
    )
    verifying.add_argument("file", type=Path, metavar="FILE")
    verifying.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> ExitCode:
    report = verify(options.file)
    mark = " DRAFT" if report.draft else ""
    print(f"{report.id} {report.version}{mark} for {report.target}: {report.files} files, every hash as stated")
    print(f"sha256 {report.sha256}")
    return ExitCode.CLEAN
