"""`workbench package upgrade` and `workbench package origins`."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.app.operations.package_report import json_text
from workbench.app.operations.package_upgrade import answer_name, upgrade
from workbench.cli.options import add_verb
from workbench.cli.tables import print_table
from workbench.kernel.errors import ExitCode, Refused
from workbench.mapping.load import load_package
from workbench.mapping.origins import Origin, origins
from workbench.mapping.upgrade import Choice, Question


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions."""
    upgrading = add_verb(
        actions,
        "upgrade",
        "put a site's package on a newer base; exit code 1 when site and base contradict each other and nothing was "
        "chosen",
        "workbench package upgrade site/ --to base-2.0/ --choose segments/PID-Patient/pid-8=theirs",
    )
    upgrading.add_argument("site", type=Path, metavar="SITE", help="folder of the package that extends the base")
    upgrading.add_argument("--to", type=Path, required=True, metavar="BASE", help="folder of the newer base")
    upgrading.add_argument(
        "--from", type=Path, dest="old", metavar="BASE", help="the base so far (default: the one SITE extends)"
    )
    upgrading.add_argument(
        "--choose",
        action="append",
        default=[],
        metavar="MAP/ID=CHOICE",
        help=f"what shall hold for one entry: {', '.join(Choice)}; repeatable",
    )
    upgrading.add_argument("--all", choices=tuple(Choice), metavar="CHOICE", help="what shall hold for all others")
    upgrading.add_argument("--dry-run", action="store_true", help="tell what is asked and write nothing")
    upgrading.set_defaults(run=_upgrade)
    telling = add_verb(
        actions,
        "origins",
        "list what a site's package changes of its base",
        "workbench package origins site/",
    )
    telling.add_argument("site", type=Path, metavar="SITE")
    telling.set_defaults(run=_origins)


def _upgrade(options: argparse.Namespace) -> ExitCode:
    choices = dict(_choice(text) for text in options.choose)
    otherwise = Choice(options.all) if options.all else None
    done = upgrade(options.site, options.to, options.old, choices, otherwise, write=not options.dry_run)
    for settled in done.plan.settled:
        print(f"{settled.entry} {settled.sentence}.")
    open_questions = 0
    for question in done.plan.questions:
        print(f"{answer_name(question)} {question.why}: {done.answers[question.entry]}")
        for name, plain in (("old base", question.old), ("new base", question.new), ("site", question.mine)):
            print(f"  {name}: {json_text(plain)}")
        open_questions += _unanswered(question, choices, otherwise)
    print(f"{len(done.plan.questions)} asked, {len(done.plan.settled)} settled, {len(done.files)} files written")
    return ExitCode.ISSUES if open_questions else ExitCode.CLEAN


def _unanswered(question: Question, choices: dict[str, Choice], otherwise: Choice | None) -> bool:
    return question.merged is None and otherwise is None and answer_name(question) not in choices


def _choice(text: str) -> tuple[str, Choice]:
    name, _, choice = text.rpartition("=")
    if not name or choice not in set(Choice):
        raise Refused("CLI-0005", f"{text} is no choice.", f"Write MAP/ID= and one of {', '.join(Choice)}.")
    return name, Choice(choice)


def _origins(options: argparse.Namespace) -> ExitCode:
    found = origins(load_package(options.site))
    rows = [
        {"map": name.map, "entry": name.kind, "id": name.id, "origin": origin}
        for name, origin in found.items()
        if origin not in (Origin.BASE, Origin.OWN)
    ]
    print_table(rows, ("map", "entry", "id", "origin"))
    return ExitCode.CLEAN
