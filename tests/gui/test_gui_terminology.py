"""Codes of a capture: collecting, candidates, decisions, and a code map for a field that had none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, SMALL_MAPPING
from workbench.app.operations.code_candidates import candidates, offered
from workbench.app.operations.code_decisions import Actor, Decision, choose, decide, in_overlay, new_map, set_status
from workbench.app.operations.code_fields import fields_of_maps
from workbench.app.operations.code_harvest import collect
from workbench.app.operations.local_codes import CodeLine, is_open, lines
from workbench.app.session import standard_package_folder
from workbench.gui.theme.theme import Theme
from workbench.gui.views.terminology.target_dialog import TargetDialog
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.mapping.load import load_package
from workbench.mapping.model import Header, Package, Policy
from workbench.mapping.overlay import laid_over
from workbench.messages.capture import open_capture
from workbench.terminology.code_map import CodeMapRow, Relationship, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.harvest import LocalCode
from workbench.terminology.review import Role

MESSAGES = ADT + ADT.replace(b"C1", b"C2").replace(b"|F|", b"|W|")


@pytest.fixture
def package(small_mapping: Path) -> Package:
    (small_mapping / "types").mkdir()
    (small_mapping / "types" / "CWE-CodeableConcept.yaml").write_text(
        "map: CWE-CodeableConcept\nfrom: CWE\nto: CodeableConcept\nrules:\n"
        "  - {id: cwe-1, from: CWE.1, to: coding.code}\n  - {id: cwe-2, from: CWE.2, to: text}\n",
        "utf-8",
    )
    path = small_mapping / "segments" / "AL1-AllergyIntolerance.yaml"
    path.write_text(
        "map: AL1-AllergyIntolerance\nfrom: AL1\nto: AllergyIntolerance\nrules:\n"
        "  - {id: al1-3, from: AL1-3, to: code, using: CWE-CodeableConcept}\n"
        "  - {id: al1-2, from: AL1-2, to: category, unmapped: passthrough, codes: administrative-sex}\n",
        "utf-8",
    )
    rows = SMALL_MAPPING["messages/ADT.yaml"] + (
        "  - {id: allergy, from: AL1, make: AllergyIntolerance, using: AL1-AllergyIntolerance}\n"
    )
    (small_mapping / "messages" / "ADT.yaml").write_text(rows, "utf-8")
    return load_package(small_mapping)


@pytest.fixture
def found(package: Package, tmp_path: Path) -> tuple[CodeLine, ...]:
    path = tmp_path / "codes.hl7"
    path.write_bytes(MESSAGES)
    return lines(collect(open_capture([path]), package, JobContext()), package)


def line(found: tuple[CodeLine, ...], code: str) -> CodeLine:
    return next(each for each in found if each.local.code == code)


BOTH = frozenset({Role.AUTHOR, Role.REVIEWER})
ANN, BEA = Actor("Ann", BOTH, "2026-05-04"), Actor("Bea", BOTH, "2026-05-05")
FEMALE = Coding("http://hl7.org/fhir/administrative-gender", "female")


def after(package: Package, line: CodeLine, decision: Decision) -> tuple[Package, CodeMapRow]:
    """The package and the row of the line after a decision that can be made."""
    decided = decide(package, [line], decision)
    assert not decided.refused, decided.refused
    for edit in decided.edits:
        package, _ = edit.apply(package)
    row = package.codes[line.map].row_of(line.local.code)
    assert row is not None
    return package, row


def refusal(package: Package, line: CodeLine, decision: Decision) -> Refused:
    decided = decide(package, [line], decision)
    assert not decided.edits
    return decided.refused[0][1]


def test_codes_are_counted_and_open_ones_come_first(found: tuple[CodeLine, ...]) -> None:
    assert {(each.local.code, each.local.count) for each in found if each.map} == {("DA", 2), ("W", 1), ("F", 1)}
    assert is_open(found[0])
    assert line(found, "ZZPCN").local.count == 2


def test_a_decision_makes_a_row_and_an_approval_needs_somebody_else(
    package: Package, found: tuple[CodeLine, ...]
) -> None:
    odd = line(found, "W")
    package, row = after(package, odd, choose(FEMALE, Relationship.EQUIVALENT, "", ANN))
    chosen = CodeLine(odd.local, odd.map, row)
    assert (row.status, row.author, row.decided) == (RowStatus.MAPPED, "Ann", "2026-05-04")
    assert refusal(package, chosen, set_status(RowStatus.APPROVED, ANN)).code == "TERM-0021"
    _, approved = after(package, chosen, set_status(RowStatus.APPROVED, BEA))
    assert (approved.approver, approved.decided) == ("Bea", "2026-05-05")


def test_a_code_without_a_target_cannot_be_approved(package: Package, found: tuple[CodeLine, ...]) -> None:
    assert refusal(package, line(found, "W"), set_status(RowStatus.APPROVED, BEA)).code == "APP-0033"


def test_no_map_keeps_its_reason(package: Package, found: tuple[CodeLine, ...]) -> None:
    _, row = after(package, line(found, "W"), set_status(RowStatus.NO_MAP, ANN, "a typo"))
    assert (row.status, row.comment) == (RowStatus.NO_MAP, "a typo")
    assert refusal(package, line(found, "W"), set_status(RowStatus.NO_MAP, ANN)).code == "TERM-0021"


def test_a_field_without_a_code_map_is_given_one_that_changes_nothing_yet(
    package: Package, found: tuple[CodeLine, ...]
) -> None:
    for edit in new_map(package, "AL1-3"):
        package, _ = edit.apply(package)
    rule = package.segments["AL1-AllergyIntolerance"].rule("al1-3")
    assert rule is not None
    assert rule.codes == "al1-3-local"
    assert rule.unmapped is not None
    assert rule.unmapped.policy is Policy.PASSTHROUGH
    assert new_map(package, "AL1-3") == ()
    again = line(lines([each.local for each in found], package), "ZZPCN")
    assert is_open(again)


def test_candidates_come_from_what_the_target_element_is_bound_to(
    package: Package, found: tuple[CodeLine, ...]
) -> None:
    index = candidates(line(found, "DA"), package, [each.local for each in found])
    codes = {candidate.coding.code for candidate in offered(line(found, "DA").local, index)}
    assert {"food", "medication", "environment", "biologic"} <= codes


def test_every_field_the_shipped_package_translates_has_candidates() -> None:
    """Maps for the site to fill (allergens, drugs, vaccines) get theirs from the releases the site imports."""
    shipped_package = load_package(standard_package_folder())
    filled = {
        field: name for field, name in fields_of_maps(shipped_package).items() if shipped_package.codes[name].rows
    }
    assert len(filled) > 50
    for field, name in filled.items():
        odd = CodeLine(LocalCode("?", field=field, count=1), name, None)
        assert len(candidates(odd, shipped_package, ())) > 0, field


def test_what_resembles_a_code_is_offered_with_a_score_and_a_reason(
    package: Package, found: tuple[CodeLine, ...]
) -> None:
    odd = line(found, "W")
    local = replace(odd.local, texts=(("Femal", 1),))
    best = offered(local, candidates(odd, package, [local]))[0]
    assert best.coding.code == "female"
    assert 0 < best.score <= 1


def test_a_typed_target_needs_code_and_system(qtbot: QtBot, theme: Theme) -> None:
    dialog = TargetDialog(theme, "GLU")
    qtbot.addWidget(dialog)
    ok = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)  # type: ignore[union-attr]
    assert not ok.isEnabled()
    dialog.code.setText("1558-6")
    assert ok.isEnabled()
    assert dialog.coding.system == "http://loinc.org"


def test_a_decision_in_an_overlay_holds_only_its_own_rows(package: Package, found: tuple[CodeLine, ...]) -> None:
    overlay = Package(Header("site", "1", extends="../small"), base=package)
    both = laid_over(overlay)
    decided = decide(both, [line(found, "W")], choose(FEMALE, Relationship.EQUIVALENT, "", ANN))
    for edit in decided.edits:
        overlay, _ = in_overlay(edit, overlay).apply(overlay)
    assert [row.source.code for row in overlay.codes["administrative-sex"].rows] == ["W"]
    assert {row.source.code for row in laid_over(overlay).codes["administrative-sex"].rows} == {"F", "M", "W"}
