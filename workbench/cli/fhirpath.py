"""`workbench fhirpath`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath

from workbench.app.operations.fhirpath import Evaluated, evaluate_capture
from workbench.cli.options import add_inputs, add_verb, console_job, open_inputs
from workbench.cli.tables import print_rows
from workbench.cli.verdict import Verdict
from workbench.fhir.json_tree import dumps
from workbench.kernel.errors import ExitCode
from workbench.messages.capture import Capture

_COLUMNS = ("file", "index", "path", "result")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "fhirpath",
        "evaluate a FHIRPath expression over FHIR resources",
        'workbench fhirpath "Patient.name.given" patients.ndjson',
    )
    verb.add_argument(
        "expression", metavar="EXPRESSION", help="FHIRPath, such as Bundle.entry.resource.ofType(Patient)"
    )
    add_inputs(verb)
    verb.add_argument("--format", choices=("table", "json", "ndjson"), default="table")
    verb.set_defaults(run=_fhirpath)


def _fhirpath(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.inputs, job)
    verdict = Verdict()
    rows = _rows(capture, evaluate_capture(capture, options.expression, job), verdict, options.format)
    print_rows(rows, _COLUMNS, options.format)
    verdict.warn(capture.issues)
    return verdict.exit_code()


def _rows(
    capture: Capture, results: Iterable[Evaluated], verdict: Verdict, form: str
) -> Iterator[Mapping[str, object]]:
    """A row for each resource; in a table, for each item of its result."""
    for result in results:
        file, index = capture.file_of(result.number), capture.number_in_file(result.number)
        if result.issue is not None:
            verdict.warn((result.issue.within(file, index),))
            continue
        place = {"file": PurePath(file).name, "index": index}
        if form != "table":
            yield {**place, "result": result.values, "paths": result.paths}
            continue
        for value, path in zip(result.values, result.paths, strict=True):
            yield {**place, "path": path, "result": value if isinstance(value, str) else dumps(value).decode("utf-8")}
