"""`workbench package` and its actions: verify, check, diff, upgrade, origins, suggest."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli import package_diff, package_suggest, package_upgrade
from workbench.cli.options import add_verb
from workbench.export.verify import verify
from workbench.kernel.errors import ExitCode


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its actions."""
    verb = add_verb(
        verbs,
        "package",
        "compare, check and upgrade mapping packages; verify exported ones",
        "workbench package diff released/ candidate/ --capture feed.hl7",
    )
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    verifying = add_verb(
        actions,
        "verify",
        "recompute every hash of an exported package; refused with the file's name when one differs",
        "workbench package verify dist/v2-to-fhir-r4-1.0.0.tgz",
    )
    verifying.add_argument("file", type=Path, metavar="FILE")
    verifying.set_defaults(run=_verify)
    package_diff.register(actions)
    package_upgrade.register(actions)
    package_suggest.register(actions)


def _verify(options: argparse.Namespace) -> ExitCode:
    report = verify(options.file)
    mark = " DRAFT" if report.draft else ""
    print(f"{report.id} {report.version}{mark} for {report.target}: {report.files} files, every hash as stated")
    print(f"sha256 {report.sha256}")
    return ExitCode.CLEAN
