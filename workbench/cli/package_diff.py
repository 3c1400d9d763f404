"""`workbench package diff` and `workbench package check`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from workbench.app.operations.package_changes import PackageDifference, package_difference
from workbench.app.operations.package_check import check_package
from workbench.app.operations.package_report import as_json, by_map, change_sentence, html, markdown, summary
from workbench.cli.options import add_verb, add_workers, console_job, open_inputs
from workbench.cli.verdict import told
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import ExitCode

_FILES = {"markdown": markdown, "html": html, "json": as_json}


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions."""
    comparing = add_verb(
        actions,
        "diff",
        "tell what two versions of a package say differently, and what that does to a capture and to suites; "
        "exit code 1 when values would be lost, messages refused or cases fail that are not now",
        "workbench package diff released/ candidate/ --capture last-month/ --suite suites/main --format html "
        "--out changes.html",
    )
    comparing.add_argument("before", type=Path, metavar="A", help="folder of the package as it is")
    comparing.add_argument("after", type=Path, metavar="B", help="folder of the package as it would be")
    comparing.add_argument(
        "--capture", type=Path, action="append", default=[], metavar="INPUT", help="messages to run both on; repeatable"
    )
    comparing.add_argument(
        "--suite", type=Path, action="append", default=[], metavar="S", help="suite to run both on; repeatable"
    )
    comparing.add_argument("--format", choices=("text", *_FILES), default="text")
    comparing.add_argument("--out", type=Path, metavar="FILE", help="where the report goes (default: standard output)")
    comparing.add_argument("--values", action="store_true", help="show values of patients in the examples")
    add_workers(comparing)
    comparing.set_defaults(run=_diff)
    checking = add_verb(
        actions,
        "check",
        "tell every defect of a package with file, line and column, and the rules its engines cannot carry",
        "workbench package check mappings/v2-to-fhir-r4",
    )
    checking.add_argument("package", type=Path, metavar="PACKAGE")
    checking.set_defaults(run=_check)


def _diff(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.capture, job) if options.capture else None
    verdict = told(capture)
    found = package_difference(options.before, options.after, job, capture, options.suite, options.workers)
    write = _FILES.get(options.format)
    if write is None:
        _print(found)
    elif options.out is not None:
        write_atomically(options.out, write(found, values=options.values))
        print(summary(found), file=sys.stderr)
    else:
        sys.stdout.write(write(found, values=options.values).decode("utf-8"))
    return verdict.exit_code(failed=found.worse)


def _print(found: PackageDifference) -> None:
    for name, some in by_map(found.changes):
        print(name)
        for change in some:
            print(f"  {change_sentence(change)}")
    if found.effect is not None:
        for effect in found.effect.moves():
            move = effect.move
            mark = "worse: " if move.worse else ""
            by = move.rule or move.was
            print(f"{mark}{move.field} {move.before} → {move.after}: {effect.values:,} values, {by}")
    print(summary(found))


def _check(options: argparse.Namespace) -> ExitCode:
    defects, flags = check_package(options.package)
    for defect in defects:
        print(f"{defect.place}: {defect.sentence} ({defect.code})" if defect.place else f"{defect.sentence}")
    for flag in flags:
        print(f"{flag.map}/{flag.rule}: {flag.why}" if flag.map else f"package.yaml: {flag.why}")
    if not defects and not flags:
        print("No defects; the package's engines can carry every rule.")
    return ExitCode.ISSUES if defects or flags else ExitCode.CLEAN
