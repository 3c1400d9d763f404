"""`workbench plugins`."""

from __future__ import annotations

import argparse
import sys

from workbench.app.operations.plugins import (
    PluginRow,
    PluginState,
    allow,
    consent_text,
    forbid,
    plugin_row,
    plugin_rows,
)
from workbench.app.plugin_start import settings_file, start_plugins
from workbench.cli.options import add_verb
from workbench.cli.tables import print_json, print_table
from workbench.kernel.errors import ExitCode, Refused

_COLUMNS = ("name", "version", "state", "offers")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its actions."""
    verb = add_verb(
        verbs,
        "plugins",
        "look at installed plug-ins, allow one, or forbid it again",
        "workbench plugins list",
    )
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = add_verb(
        actions, "list", "installed plug-ins and how they stand; allowed ones are tried", "workbench plugins list"
    )
    listing.add_argument("--format", choices=("table", "json"), default="table")
    listing.set_defaults(run=_list)
    allowing = add_verb(
        actions,
        "allow",
        "let a plug-in run, as it is installed now, after a look at what it is",
        "workbench plugins allow acme-hl7",
    )
    allowing.add_argument("name", metavar="NAME", help="of the installed distribution")
    allowing.add_argument("--yes", action="store_true", help="consent without being asked, for scripts")
    allowing.set_defaults(run=_allow)
    forbidding = add_verb(actions, "forbid", "load a plug-in no more", "workbench plugins forbid acme-hl7")
    forbidding.add_argument("name", metavar="NAME")
    forbidding.set_defaults(run=_forbid)


def _list(options: argparse.Namespace) -> ExitCode:
    start_plugins()
    rows = plugin_rows(settings_file())
    if options.format == "json":
        print_json(map(_json, rows))
    elif rows:
        print_table(({**_json(row), "offers": ", ".join(row.names or row.hooks)} for row in rows), _COLUMNS)
        for row in rows:
            if row.problem:
                print(f"{row.name}: {row.problem}", file=sys.stderr)
    else:
        print("No plug-in is installed. How one is made is in the help page plugins.")
    broken = {PluginState.BROKEN, PluginState.CHANGED, PluginState.MISSING}
    return ExitCode.ISSUES if any(row.state in broken for row in rows) else ExitCode.CLEAN


def _allow(options: argparse.Namespace) -> ExitCode:
    seen = plugin_row(settings_file(), options.name)
    print(consent_text(seen))
    if not options.yes and not _agreed(seen.title):
        raise Refused(
            "PLG-0008",
            f"The plug-in {options.name} is not allowed: nobody agreed.",
            "Answer yes, or give --yes where nobody can be asked.",
        )
    row = allow(settings_file(), seen)
    print(f"\n{row.title} is allowed. It brings {', '.join(row.names) or 'nothing'}.")
    return ExitCode.CLEAN


def _agreed(name: str) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(f"\nAllow {name}? [yes/no] ").strip().lower() == "yes"


def _forbid(options: argparse.Namespace) -> ExitCode:
    if not forbid(settings_file(), options.name):
        print(f"{options.name} was not allowed.")
        return ExitCode.ISSUES
    print(f"{options.name} is not loaded any more.")
    return ExitCode.CLEAN


def _json(row: PluginRow) -> dict[str, object]:
    return {
        "name": row.name,
        "version": row.version,
        "state": row.state,
        "hooks": list(row.hooks),
        "brings": list(row.names),
        "summary": row.summary,
        "sha256": row.digest,
        "allowed": None if row.allowed is None else f"{row.allowed.by} {row.allowed.at}",
        "problem": row.problem,
    }
