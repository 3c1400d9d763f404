"""`workbench profile learn` and `workbench profile gap`."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.app.operations.gap_report import COLUMNS, gap_row, write_html, write_xlsx
from workbench.app.operations.profiles import learn_from, profile_gap, write_learnt
from workbench.cli.options import add_inputs, add_verb, console_job, open_inputs, unsealed
from workbench.cli.tables import print_rows
from workbench.cli.verdict import told
from workbench.kernel.errors import ExitCode, Refused
from workbench.validation.profiles.gap import Effect

_FILES = {"html": write_html, "xlsx": write_xlsx}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its two actions."""
    verb = add_verb(
        verbs,
        "profile",
        "learn and compare v2 conformance profiles",
        "workbench profile learn feed.hl7 --out feed.yaml",
    )
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    learning = add_verb(
        actions, "learn", "write the profile that messages have", "workbench profile learn feed.hl7 --out feed.yaml"
    )
    add_inputs(learning)
    learning.add_argument("--out", type=Path, required=True, metavar="FILE.yaml", help="the profile to write")
    learning.add_argument("--title", default="", metavar="T", help="its title (default: the name of the file)")
    learning.set_defaults(run=_learn)
    comparing = add_verb(
        actions,
        "gap",
        "tell what separates two profiles; a capture stands for the profile it has",
        "workbench profile gap feed.hl7 guide/ --format xlsx --out gaps.xlsx",
    )
    comparing.add_argument("first", type=Path, metavar="A", help="profile or capture that is there")
    comparing.add_argument("second", type=Path, metavar="B", help="profile or capture to be met")
    comparing.add_argument("--format", choices=("table", "json", *_FILES), default="table")
    comparing.add_argument("--out", type=Path, metavar="FILE", help="file for html and xlsx")
    comparing.set_defaults(run=_gap)


def _learn(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.inputs, job, writes=[options.out])
    verdict = told(capture)
    profile = learn_from(capture, options.title or options.out.stem, job)
    write_learnt(profile, options.out, tuple(path.name for path in options.inputs), len(capture))
    print(f"{options.out}: {len(profile.messages)} kinds of messages, {len(profile.segments)} segments")
    return verdict.exit_code()


def _gap(options: argparse.Namespace) -> ExitCode:
    write = _FILES.get(options.format)
    if write is not None and options.out is None:
        raise Refused("VAL-0003", f"The format {options.format} is a file.", "Name the file with --out.")
    gaps = profile_gap(options.first, options.second, console_job(), unsealed)
    if write is not None:
        write(gaps, options.first.name, options.second.name, options.out)
        print(f"{options.out}: {len(gaps)} differences")
    else:
        print_rows(map(gap_row, gaps), COLUMNS, options.format)
    return ExitCode.ISSUES if any(gap.effect is Effect.STRICTER for gap in gaps) else ExitCode.CLEAN
