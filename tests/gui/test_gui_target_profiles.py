"""The target tree offers the profiles of the packages chosen for validation."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import settled
from workbench.app.operations.validation import Against
from workbench.app.target_profiles import target_profiles
from workbench.gui.main_window import MainWindow
from workbench.gui.views.mapping.ends import FhirEnds
from workbench.gui.views.mapping.page import MappingPage
from workbench.validation.fhir_validator import FhirOptions

URL = "http://t/Admitted"
PROFILE: dict[str, Any] = {
    "resourceType": "StructureDefinition",
    "url": URL,
    "name": "Admitted",
    "title": "Admitted Patient",
    "status": "active",
    "kind": "resource",
    "type": "Patient",
    "abstract": False,
    "derivation": "constraint",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "differential": {
        "element": [
            {"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1, "mustSupport": True},
            {"id": "Patient.name", "path": "Patient.name", "min": 1, "mustSupport": True},
            {"id": "Patient.name.family", "path": "Patient.name.family", "min": 1, "mustSupport": True},
            {
                "id": "Patient.gender",
                "path": "Patient.gender",
                "binding": {"strength": "required", "valueSet": "http://t/ValueSet/two-genders"},
            },
        ]
    },
}


def _package(folder: Path) -> Path:
    about = {"name": "t", "version": "1", "fhirVersions": ["4.0.1"]}
    path = folder / "t.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("package", about), ("profile", PROFILE)):
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{name}.json")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_elements_of_a_package_s_profile_say_what_it_demands(tmp_path: Path) -> None:
    found = target_profiles((_package(tmp_path),))
    assert ("Admitted Patient", URL) in found.by_type["Patient"]
    ends = FhirEnds("Patient", URL, known=found.known, must=found.must_support(URL))
    by_path = {end.path: end for end in ends.roots()}
    assert (by_path["birthDate"].cardinality, by_path["birthDate"].must_support) == ("1..1", True)
    assert by_path["gender"].binding == "two-genders, required" and not by_path["gender"].must_support
    inside = {end.path: end for end in ends.below(by_path["name"])}
    assert inside["name.family"].required and inside["name.family"].must_support
    assert not inside["name.given"].required and "name.use" in inside
    assert "must support" in inside["name.family"].help


def test_profiles_of_the_packages_for_validation_can_be_chosen_as_target(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    page = window.pages["mapping"]
    assert isinstance(page, MappingPage)
    window.go("mapping")
    window.bench.judge_by(Against(fhir=FhirOptions(packages=(_package(tmp_path),))))
    settled(qtbot, window)
    target = page.target
    offered = [target.type.itemText(row) for row in range(target.type.count())]
    assert "Patient · Admitted Patient" in offered
    target.show_type("Patient · Admitted Patient")
    assert target.shown_type == "Patient"
    card = target.model.find("birthDate").siblingAtColumn(2)
    assert card.data() == "1..1 S"

    window.bench.judge_by(Against())
    settled(qtbot, window)
    assert "Patient · Admitted Patient" not in [target.type.itemText(row) for row in range(target.type.count())]
