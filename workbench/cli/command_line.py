"""The verbs, and the one boundary at which every outcome becomes an exit code.

0 clean · 1 issues found · 2 refused · 3 unavailable · 70 defect of ours · 130 cancelled
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from workbench import __version__
from workbench.app.defects import where
from workbench.app.plugin_start import start_plugins
from workbench.kernel.errors import Cancelled, ExitCode, WorkbenchError
from workbench.kernel.log import area_log, start_logging

VERBS = {
    "messages": "messages",
    "validate": "validate",
    "decisions": "decisions",
    "profile": "profile",
    "ack": "ack",
    "fhirpath": "fhirpath",
    "map": "map_messages",
    "sync": "sync",
    "synth": "synth",
    "suite": "suite",
    "export": "export",
    "package": "package",
    "terms": "terms",
    "audit": "audit",
    "listen": "listen",
    "send": "send",
    "fhir": "fhir_server",
    "deidentify": "deidentify",
    "plugins": "plugins",
}
"""Each verb and its module. Only the module that is asked for is loaded, so that `messages list` starts at once."""

log = area_log("cli")


def run(arguments: Sequence[str], open_window: Callable[[], int] | None) -> int:
    """Run one command line; returns its exit code and never raises.

    open_window  what happens without a verb; None where there is no display, then the main job runs headless
    """
    named = next((word for word in arguments if word in VERBS), None)
    parser = _parser([named] if named else list(VERBS) if arguments else [])
    parser.set_defaults(run=_main_job if open_window is None else lambda options: open_window())
    try:
        options = parser.parse_args(arguments)
    except SystemExit as wrong_usage:
        return ExitCode.REFUSED if wrong_usage.code else ExitCode.CLEAN
    start_logging(options.verbose)
    try:
        is_window = named is None and open_window is not None  # which loads what is allowed, and tells of it, by itself
        by_itself = named == "plugins" or (is_window and not options.plugin)
        problems = () if by_itself else start_plugins(options.plugin)
        for problem in problems:
            _tell(problem)
        return int(options.run(options)) or (ExitCode.ISSUES if problems else ExitCode.CLEAN)
    except WorkbenchError as error:
        _tell(error)
        return error.exit_code
    except (Cancelled, KeyboardInterrupt):
        print("workbench: cancelled", file=sys.stderr)
        return ExitCode.CANCELLED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has seen enough
        return ExitCode.CLEAN
    except Exception as defect:  # noqa: BLE001 - the boundary: whatever arrives here is a defect of ours
        _report_defect(defect)
        return ExitCode.BUG


def _main_job(options: argparse.Namespace) -> int:
    return int(import_module("workbench.cli.main_job").run_headless())


def _parser(names: Sequence[str]) -> argparse.ArgumentParser:
    """The parser with these verbs."""
    parser = argparse.ArgumentParser(
        prog="workbench",
        description="Load HL7 v2 and FHIR messages, validate them, map them, test the mapping and export it. "
        "Without a verb the window opens.",
    )
    parser.add_argument("--version", action="version", version=f"workbench {__version__}")
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="NAME",
        help="also load this installed plug-in, for this run; it runs with your rights and sees every message",
    )
    parser.add_argument("--verbose", action="store_true", help="log what is done (never values) to standard error")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for name in names:
        import_module(f"workbench.cli.{VERBS[name]}").register(verbs)
    return parser


def _tell(problem: WorkbenchError) -> None:
    print(f"workbench: {problem.code} {problem.text}", file=sys.stderr)
    if problem.hint:
        print(f"  {problem.hint}", file=sys.stderr)


def _report_defect(defect: BaseException) -> None:
    print(f"workbench: this is a defect of the workbench ({where(defect)}).", file=sys.stderr)
    print("  Your files are untouched. Please report this line; it holds no patient data.", file=sys.stderr)
