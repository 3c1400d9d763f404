"""The package is the same bytes twice, is valid FHIR, and shows every change made to it."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from workbench.export.archive import tgz, zipped
from workbench.export.package import EXPORTERS, export_package
from workbench.export.verify import verify
from workbench.kernel.errors import Refused
from workbench.kernel.issues import blocks
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.load import load_package
from workbench.mapping.overlay import effective
from workbench.synthetic.scenarios import generate
from workbench.v2.er7 import parse
from workbench.validation.fhir_validator import validate_value

FHIR, PYTHON = EXPORTERS["fhir-package"], EXPORTERS["python"]


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {each.name: archive.extractfile(each).read() for each in archive}  # type: ignore[union-attr]


def repacked(path: Path, files: dict[str, bytes]) -> Path:
    path.write_bytes(tgz(files))
    return path


def read(files: dict[str, bytes], name: str) -> Any:
    return json.loads(files[f"package/{name}"])


@pytest.mark.parametrize("exporter", [FHIR, PYTHON], ids=lambda exporter: exporter.name)
def test_two_builds_are_the_same_bytes_wherever_and_whenever(package: Path, tmp_path: Path, exporter: Any) -> None:
    elsewhere = tmp_path / "elsewhere" / "copy"
    shutil.copytree(package, elsewhere)
    for path in elsewhere.rglob("*"):
        os.utime(path, (1, 1))
    one = export_package(package, exporter, tmp_path / "one").path
    other = export_package(elsewhere, exporter, tmp_path / "two").path
    assert one.read_bytes() == other.read_bytes()


def test_it_holds_what_fhir_tools_look_for(package: Path, tmp_path: Path) -> None:
    files = members(export_package(package, FHIR, tmp_path).path)
    stated = read(files, "package.json")
    assert stated.pop("canonical") == read(files, "ImplementationGuide-small-map.json")["url"]
    assert stated | {"description": "", "title": ""} == {
        "name": "mapping.small-map",
        "version": "1.2.0",
        "description": "",
        "title": "",
        "author": "Integration team",
        "type": "Conformance",
        "fhirVersions": ["4.0.1"],
        "dependencies": {"hl7.fhir.r4.core": "4.0.1"},
    }
    listed = {each["filename"]: each["resourceType"] for each in read(files, ".index.json")["files"]}
    assert listed == {
        "ConceptMap-administrative-sex.json": "ConceptMap",
        "ImplementationGuide-small-map.json": "ImplementationGuide",
    }
    for name in listed:
        assert [issue.text for issue in validate_value(read(files, name)) if blocks(issue)] == []
    assert read(files, "ConceptMap-administrative-sex.json")["status"] == "active"


def test_the_manifest_states_the_hash_of_every_other_file_and_what_was_proven(package: Path, tmp_path: Path) -> None:
    files = members(export_package(package, FHIR, tmp_path).path)
    stated = read(files, "manifest.json")
    hashes = {name: sha256(data).hexdigest() for name, data in files.items() if name != "package/manifest.json"}
    assert stated["files"] == hashes
    (evidence,) = stated["evidence"]
    assert evidence["passed"] and evidence["counts"]["passed"] == 5
    assert evidence["sha256"]["mapping"] == stated["mapping"]["sha256"]
    assert stated["approvals"]["rules"] == {"draft": 0, "in-review": 0, "approved": 6, "rejected": 0}
    assert read(files, "evidence/small-map-main.json")["cases"]["deceased-0000-1-ADT_A01"] == "passed"


def test_the_mapping_inside_can_be_loaded_and_gives_the_same_result(package: Path, tmp_path: Path) -> None:
    path = export_package(package, FHIR, tmp_path).path
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    inside = compile_package(load_package(tmp_path / "unpacked" / "package" / "mapping"))
    original = compile_package(load_package(package))
    for message in generate("newborn", 2, 5):
        assert inside.run(parse(message.raw)) == original.run(parse(message.raw))


def test_an_overlay_takes_its_base_along(package: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "site"
    overlay.mkdir()
    (overlay / "package.yaml").write_text("id: site\nversion: 0.1.0\nextends: ../small-map\n")
    path = export_package(overlay, FHIR, tmp_path, draft=True).path
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    inside = effective(load_package(tmp_path / "unpacked" / "package" / "mapping"))
    assert inside.header.id == "site" and "PID-Patient" in inside.segments


def test_a_draft_says_so_in_every_place(package: Path, tmp_path: Path) -> None:
    path = export_package(package, FHIR, tmp_path, draft=True).path
    files = members(path)
    assert "DRAFT" in path.name and "DRAFT" in read(files, "package.json")["description"]
    assert read(files, "package.json")["version"] == "1.2.0-draft"
    assert read(files, "manifest.json")["draft"] is True
    for name in ("ConceptMap-administrative-sex.json", "ImplementationGuide-small-map.json"):
        assert read(files, name)["status"] == "draft" and read(files, name)["experimental"] is True
    assert verify(path).draft


def test_suggested_rows_are_exported_not_even_in_a_draft(package: Path, tmp_path: Path) -> None:
    with (package / "codes" / "administrative-sex.csv").open("a", encoding="utf-8") as stream:
        stream.write("X,Divers,other,equivalent,suggested,,\nU,Unknown,unknown,equivalent,mapped,,Ben\n")
    files = members(export_package(package, FHIR, tmp_path, draft=True).path)
    elements = read(files, "ConceptMap-administrative-sex.json")["group"][0]["element"]
    assert [element["code"] for element in elements] == ["F", "M", "U"]


def test_a_whole_package_is_verified(package: Path, tmp_path: Path) -> None:
    path = export_package(package, FHIR, tmp_path).path
    report = verify(path)
    assert (report.id, report.version, report.target, report.draft) == ("small-map", "1.2.0", "fhir-package", False)
    assert report.files == len(members(path)) and report.sha256 == sha256(path.read_bytes()).hexdigest()


def test_a_changed_a_missing_and_an_added_file_are_named(package: Path, tmp_path: Path) -> None:
    path = export_package(package, FHIR, tmp_path).path
    files = members(path)
    name = "package/mapping/codes/administrative-sex.csv"
    cases = {
        "EXP-0202": {**files, name: files[name].replace(b"female", b"male")},
        "EXP-0203": {each: data for each, data in files.items() if each != name},
        "EXP-0204": {**files, "package/added.json": b"{}"},
    }
    for code, content in cases.items():
        with pytest.raises(Refused) as refused:
            verify(repacked(tmp_path / "changed.tgz", content))
        assert refused.value.code == code
        assert ("added.json" if code == "EXP-0204" else name) in refused.value.text


def test_a_package_cut_at_any_place_is_refused(package: Path, tmp_path: Path) -> None:
    raw = export_package(package, FHIR, tmp_path).path.read_bytes()
    cut = tmp_path / "cut.tgz"
    for length in [0, 1, 10, *range(100, len(raw) - 8, max(1, len(raw) // 23))]:
        cut.write_bytes(raw[:length])
        with pytest.raises(Refused):
            verify(cut)


def test_a_flipped_bit_anywhere_is_refused(package: Path, tmp_path: Path) -> None:
    raw = export_package(package, FHIR, tmp_path).path.read_bytes()
    path = tmp_path / "flipped.tgz"
    for place in range(10, len(raw), max(1, len(raw) // 41)):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 4]) + raw[place + 1 :])
        with pytest.raises(Refused):
            verify(path)


def test_what_is_no_package_is_refused_and_so_is_what_is_not_there(tmp_path: Path) -> None:
    for content in (
        b"MSH|^~\\&|",
        tgz({"package/x.json": b"{}"}),
        tgz({"package/manifest.json": b"[]"}),
        zipped({"a/b": b""}),
    ):
        path = tmp_path / "other.tgz"
        path.write_bytes(content)
        with pytest.raises(Refused) as refused:
            verify(path)
        assert refused.value.code == "EXP-0201"
    with pytest.raises(Refused) as refused:
        verify(tmp_path / "nowhere.tgz")
    assert refused.value.code == "EXP-0206"


def test_archives_hold_no_time_and_no_owner() -> None:
    with tarfile.open(fileobj=io.BytesIO(tgz({"b": b"2", "a": b"1"}))) as archive:
        assert [(each.name, each.mtime, each.uid, each.uname, each.mode) for each in archive] == [
            ("a", 0, 0, "", 0o644),
            ("b", 0, 0, "", 0o644),
        ]
    assert tgz({"a": b"1"})[4:8] == b"\0\0\0\0"
