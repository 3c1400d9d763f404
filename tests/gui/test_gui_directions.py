"""Packages of the other directions in the window."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import settled
from workbench.gui.main_window import MainWindow
from workbench.gui.views.mapping.page import MappingPage
from workbench.kernel.shipped import shipped

PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Hara"}], "birthDate": "1970-01-02"}


@pytest.fixture
def patient_window(opened: Callable[[Path], MainWindow], tmp_path: Path) -> MainWindow:
    """The window with a Patient in FHIR."""
    source = tmp_path / "patient.json"
    source.write_text(json.dumps(PATIENT), encoding="utf-8")
    return opened(source)


def open_package(qtbot: QtBot, window: MainWindow, name: str) -> None:
    window.desk.open(shipped(f"mappings/{name}"))
    settled(qtbot, window)


def mapping_page(window: MainWindow) -> MappingPage:
    page = window.pages["mapping"]
    assert isinstance(page, MappingPage)
    return page


def test_a_package_from_fhir_to_v2_opens_and_shows_the_message_it_makes(
    qtbot: QtBot, patient_window: MainWindow
) -> None:
    open_package(qtbot, patient_window, "fhir-to-v2")
    patient_window.go("mapping")
    settled(qtbot, patient_window)
    result = patient_window.desk.result
    assert result is not None and patient_window.desk.problem is None
    assert "PID|1" in result.texts[0] and "Hara" in result.texts[0]


def test_a_package_that_reads_v2_says_so_when_fhir_is_selected(qtbot: QtBot, patient_window: MainWindow) -> None:
    open_package(qtbot, patient_window, "v2-normalise")
    assert patient_window.desk.result is None and "reads HL7 v2" in patient_window.desk.why_nothing


def test_a_value_of_a_written_message_leads_to_its_source_and_rule(qtbot: QtBot, patient_window: MainWindow) -> None:
    open_package(qtbot, patient_window, "v2-normalise")
    page = mapping_page(patient_window)
    patient_window.go("mapping")
    assert "reads HL7 v2" in page._explanation.text()
    open_package(qtbot, patient_window, "fhir-to-v2")
    assert "reads HL7 v2" not in page._explanation.text() + page.result._says.text()

    text = page.result.er7.toPlainText()
    page.result.byte_chosen.emit(text.index("Hara") + 1)
    assert page.selection.rule.rule
    assert "name[0].family" in patient_window.bench.place.path
    spans = (
        page.pointing.trace.target_spans(page.pointing.trace.of_target_byte(text.index("Hara")))
        if page.pointing.trace
        else ()
    )
    assert [text[span.start : span.end] for span in spans] == ["Hara"]


def test_the_source_tree_of_a_package_that_reads_fhir_shows_the_type_chosen(
    qtbot: QtBot, patient_window: MainWindow
) -> None:
    page = mapping_page(patient_window)
    patient_window.go("mapping")
    assert page.source.type.isHidden()
    open_package(qtbot, patient_window, "fhir-to-v2")
    assert not page.source.type.isHidden()
    page.source.show_type("Patient")
    assert page.source.ends.find("birthDate").isValid()
    page.source.show_type("Encounter")
    assert page.source.ends.find("period").isValid() or page.source.fhir_type == "Encounter"
    page.source.show_type("Nonsense")
    assert page.source.type.currentText() == page.source.fhir_type == "Encounter"
