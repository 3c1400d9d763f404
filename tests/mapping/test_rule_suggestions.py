"""Proposed rules: where they come from, what they bring along, and that each of them can be taken over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.mapping.conftest import SAMPLE
from workbench.kernel.shipped import shipped
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.load import load_package
from workbench.mapping.model import Package, RuleStatus
from workbench.mapping.suggestions import Suggestion, accept_edits, fields_of, fields_without_rule, suggestions

STANDARD = load_package(shipped("mappings", "v2-to-fhir-r4"))
BASE = load_package(SAMPLE)
ALL = suggestions(BASE, fields_without_rule(BASE), STANDARD)


def taken_over(package: Package, *found: Suggestion) -> Package:
    for each in found:
        for edit in accept_edits(package, each):
            package, _ = edit.apply(package)
    return package


def test_fields_without_a_rule_are_those_no_rule_reads_or_ignores() -> None:
    found = set(fields_without_rule(BASE))
    assert {"PID-16", "PV1-10", "OBX-17"} <= found
    assert not {"PID-1", "PID-3", "PID-29", "OBX-5"} & found


def test_a_rule_of_the_standard_package_is_proposed_with_its_source() -> None:
    (found,) = suggestions(BASE, ["PID-16"], STANDARD)
    assert (found.map, found.rule.target) == ("segments/PID-Patient", "maritalStatus")
    assert found.rule.status is RuleStatus.DRAFT
    assert "v2-to-fhir-r4 does it so in PID-Patient/pid-16" in found.reason
    assert "marital-status" in BASE.codes or any("marital-status" in str(edit) for edit in found.brings)


def test_names_and_types_alone_find_what_is_called_alike() -> None:
    (found,) = suggestions(BASE, ["PID-16"])
    assert (found.rule.target, found.rule.using) == ("maritalStatus", "CWE-CodeableConcept")
    assert (
        found.reason
        == "“Marital Status” is like Patient.maritalStatus, and CE becomes CodeableConcept by CWE-CodeableConcept"
    )
    assert suggestions(BASE, ["PID-1", "ZZZ-1", "PID-999", "nothing"]) == ()


def test_types_that_do_not_go_together_are_not_proposed() -> None:
    assert not [found for found in suggestions(BASE, ["PID-24"]) if found.rule.target == "multipleBirthInteger"]


def test_a_field_that_is_mapped_there_already_is_not_proposed_again() -> None:
    assert suggestions(BASE, ["PID-3", "PID-5", "PID-29"], STANDARD) == ()


@pytest.mark.parametrize("found", ALL, ids=lambda each: f"{each.source}-{each.rule.id}")
def test_every_proposal_compiles_with_what_it_brings_along(found: Suggestion) -> None:
    compile_package(taken_over(BASE, found))


def test_all_proposals_can_be_taken_over_one_after_the_other() -> None:
    package = BASE
    for each in [found for found in ALL if found.score > 0.9]:
        package = taken_over(package, each)
    compile_package(package)
    assert len(fields_without_rule(package)) < len(fields_without_rule(BASE))


def test_nothing_is_taken_over_by_itself() -> None:
    before = load_package(SAMPLE)
    suggestions(before, fields_without_rule(before), STANDARD)
    assert before == BASE


def test_other_directions_have_no_proposals(package_of: Callable[..., Package]) -> None:
    package = package_of({}, "direction: v2-to-v2\n")
    assert suggestions(package, ["PID-16"], STANDARD) == ()
    assert fields_without_rule(package) == ()


def test_places_of_a_ledger_are_told_as_fields() -> None:
    assert fields_of(["PID-3.4.2", "PID-3", "Z01-2", "no segment"]) == ("PID-3", "Z01-2")
