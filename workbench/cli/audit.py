"""`workbench audit verify`."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.app.operations.audit import verify_audit
from workbench.cli.options import add_verb
from workbench.kernel.errors import ExitCode


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its action."""
    verb = add_verb(verbs, "audit", "check who did what", "workbench audit verify clinic.workspace")
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    verify = add_verb(
        actions,
        "verify",
        "find the first broken link of a workspace's audit trail",
        "WORKBENCH_PASSPHRASE=… workbench audit verify clinic.workspace",
    )
    verify.add_argument("workspace", type=Path, metavar="WORKSPACE")
    verify.add_argument("--passphrase-fd", type=int, metavar="N", help="read the passphrase from file descriptor N")
    verify.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> ExitCode:
    report = verify_audit(options.workspace, options.passphrase_fd)
    if report.broken is None:
        print(f"The audit trail is whole: {report.count} entries, head {report.head}")
        return ExitCode.CLEAN
    print(f"The audit trail is broken: {report.broken.text}")
    return ExitCode.ISSUES
