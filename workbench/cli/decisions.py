"""`workbench decisions`: findings that a site has decided to live with."""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path

from workbench.app.operations.decisions import COLUMNS, deciding, suppression_row, with_id
from workbench.app.operations.suppressions import (
    ANYWHERE,
    Suppression,
    fingerprints,
    keep_baseline,
    lift,
    sent_at,
    suppress,
    suppressions,
)
from workbench.app.operations.validation import validate_capture
from workbench.cli.options import add_inputs, add_verb, add_workers, console_job, open_inputs
from workbench.cli.tables import print_rows
from workbench.cli.validate import add_against, against_of
from workbench.kernel.errors import ExitCode, Refused

_USUAL_DAYS = 90


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its actions."""
    verb = add_verb(
        verbs,
        "decisions",
        "suppress findings for a reason and a time, or take them as a baseline",
        "workbench decisions list clinic.workspace",
    )
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = _action(actions, "list", "what a workspace suppresses", "workbench decisions list clinic.workspace")
    listing.add_argument("--format", choices=("table", "json"), default="table")
    listing.set_defaults(run=_list)
    adding = _action(
        actions,
        "suppress",
        "leave findings of a rule alone",
        "workbench decisions suppress clinic.workspace V2-0402 --path PV1-4 --reason 'own codes' --until 2027-01-31",
    )
    adding.add_argument("rule", metavar="RULE", help="id of the rule")
    adding.add_argument("--path", default=ANYWHERE, help="place, which covers what lies within it, or a pattern with *")
    adding.add_argument("--reason", required=True, help="why these findings may be left alone")
    adding.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help=f"last day (default: in {_USUAL_DAYS} days)")
    adding.add_argument("--file", default="", help="only in files of this name")
    adding.add_argument("--sender", default="", help="only from this sender (MSH-3, meta.source)")
    adding.set_defaults(run=_suppress)
    lifting = _action(actions, "lift", "tell such findings again", "workbench decisions lift clinic.workspace 3f0c")
    lifting.add_argument("id", metavar="ID", help="id of the suppression, or its beginning")
    lifting.set_defaults(run=_lift)
    known = _action(
        actions,
        "baseline",
        "take what is found now as known, so that only new problems are told",
        "workbench decisions baseline clinic.workspace feed.hl7",
    )
    add_inputs(known)
    add_against(known)
    add_workers(known)
    known.set_defaults(run=_baseline)
    forget = _action(actions, "forget", "have no baseline any more", "workbench decisions forget clinic.workspace")
    forget.set_defaults(run=_forget)


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str, example: str
) -> argparse.ArgumentParser:
    made = add_verb(actions, name, summary, example)
    made.add_argument("workspace", type=Path, metavar="WORKSPACE")
    made.add_argument("--passphrase-fd", type=int, metavar="N", help="read the passphrase from file descriptor N")
    return made


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day; write YYYY-MM-DD") from None


def _list(options: argparse.Namespace) -> ExitCode:
    today = date.today()
    with deciding(options.workspace, options.passphrase_fd) as session:
        rows = [suppression_row(one, today) for one in suppressions(session)]
    print_rows(rows, COLUMNS, options.format)
    return ExitCode.CLEAN


def _suppress(options: argparse.Namespace) -> ExitCode:
    today = date.today()
    until = options.until or today + timedelta(days=_USUAL_DAYS)
    wanted = Suppression(options.rule, options.path, options.reason, until, options.file, options.sender)
    with deciding(options.workspace, options.passphrase_fd) as session:
        kept = suppress(session, wanted, today)
    print(f"{kept.id}: {kept.rule} at {kept.path} is suppressed until {kept.until.isoformat()}")
    return ExitCode.CLEAN


def _lift(options: argparse.Namespace) -> ExitCode:
    with deciding(options.workspace, options.passphrase_fd) as session:
        one = with_id(suppressions(session), options.id)
        lift(session, one)
    print(f"{one.id}: {one.rule} at {one.path} is told again")
    return ExitCode.CLEAN


def _baseline(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.inputs, job)
    if capture.issues and not len(capture):
        raise Refused("VAL-0014", "There are no messages to take a baseline of.", "Give a capture with messages.")
    judged = validate_capture(capture, job, options.workers, against=against_of(options))
    found = [(issue, sent_at(capture, result.number)) for result in judged for issue in result.issues]
    with deciding(options.workspace, options.passphrase_fd) as session:
        keep_baseline(session, fingerprints(found), date.today())
    print(f"{len(found):,} findings are the baseline now")
    return ExitCode.CLEAN


def _forget(options: argparse.Namespace) -> ExitCode:
    with deciding(options.workspace, options.passphrase_fd) as session:
        keep_baseline(session, {}, date.today())
    print("There is no baseline any more; every problem is told")
    return ExitCode.CLEAN
