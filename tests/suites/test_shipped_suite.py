"""The shipped mapping does what was accepted for it.

When a change of the mapping is meant, look at the report and accept it:
`workbench suite run mappings/v2-to-fhir-r4 --html report.html`, then `workbench suite accept …`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.kernel.shipped import shipped
from workbench.mapping.load import PACKAGE_FILE
from workbench.suites.describe import change_line, issue_line
from workbench.suites.evidence import suites_of
from workbench.suites.examples.example import example_files
from workbench.suites.examples.run import run_examples
from workbench.suites.results import Outcome
from workbench.suites.run import run_suite
from workbench.suites.suite import load_suite

PACKAGES = sorted(package for package in shipped("mappings").iterdir() if (package / PACKAGE_FILE).is_file())
WITH_EXAMPLES = [package for package in PACKAGES if any(example_files(package))]
SUITES = [suite for package in PACKAGES for suite in suites_of(package)]


@pytest.mark.parametrize("folder", SUITES, ids=lambda folder: f"{folder.parents[1].name}/{folder.name}")
def test_a_shipped_suite_passes(folder: object) -> None:
    run = run_suite(load_suite(folder))  # type: ignore[arg-type]
    said = [
        f"{case.id}: {line}"
        for case in run.cases
        if case.outcome is not Outcome.PASSED
        for line in (*map(issue_line, case.issues), *map(change_line, case.changes))
    ]
    assert said == [] and run.passed


@pytest.mark.parametrize("folder", WITH_EXAMPLES, ids=lambda folder: folder.name)
def test_every_rule_of_a_shipped_package_has_an_example_that_holds(folder: Path) -> None:
    run = run_examples(folder)
    said = [
        f"{case.id}: {line}"
        for case in run.cases
        if case.outcome is not Outcome.PASSED
        for line in (*map(issue_line, case.issues), *map(change_line, case.changes))
    ]
    assert said == [] and run.passed


def test_there_is_a_shipped_suite() -> None:
    assert [suite.name for suite in SUITES if suite.parents[1].name == "v2-to-fhir-r4"] == ["main"]


def test_every_shipped_package_has_examples() -> None:
    assert WITH_EXAMPLES == PACKAGES
