from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from workbench.fhir.definitions import TypeDefinition, definitions
from workbench.fhir.package_definitions import PackageDefinitions, with_packages
from workbench.fhir.packages import PackageSet, load_packages, open_package
from workbench.fhir.snapshot import definition_of, identified
from workbench.kernel.errors import Refused

BASE = "http://hl7.org/fhir/StructureDefinition/"


def profile(name: str, *elements: dict[str, Any], base: str = f"{BASE}Patient", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": f"http://t/{name}",
        "name": name,
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": base,
        "derivation": "constraint",
        "differential": {"element": list(elements)},
        **more,
    }


def write_archive(folder: Path, name: str, *resources: dict[str, Any], **manifest: Any) -> Path:
    about = {"name": name, "version": "1.0.0", "fhirVersions": ["4.0.1"], **manifest}
    path = folder / f"{name}-{about['version']}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        files = {"package.json": about, **{f"r{n}.json": resource for n, resource in enumerate(resources)}}
        for file, content in files.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{file}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        example = tarfile.TarInfo("package/example/p.json")
        archive.addfile(example, io.BytesIO(b""))
    return path


def load(tmp_path: Path, *resources: dict[str, Any]) -> PackageDefinitions:
    write_archive(tmp_path, "test", *resources)
    return with_packages(load_packages([tmp_path], cache=tmp_path / "none"))


def the(loaded: PackageDefinitions, name: str) -> TypeDefinition:
    found = loaded.profile(f"http://t/{name}")
    assert found is not None
    return found


def test_a_package_is_indexed_by_canonical_url(tmp_path: Path) -> None:
    package = open_package(
        write_archive(tmp_path, "a", profile("P"), {"resourceType": "Patient"}, dependencies={"b": "1"})
    )
    assert (package.label, package.dependencies, [r.url for r in package.resources]) == (
        "a#1.0.0",
        {"b": "1"},
        ["http://t/P"],
    )


def test_an_unpacked_package_and_a_folder_of_packages_are_read(tmp_path: Path) -> None:
    unpacked = tmp_path / "there" / "package"
    unpacked.mkdir(parents=True)
    (unpacked / "package.json").write_text('{"name": "u", "version": "2"}')
    (unpacked / "p.json").write_text(json.dumps(profile("P")))
    write_archive(tmp_path, "a", profile("Q"))
    assert {package.label for package in load_packages([tmp_path], cache=tmp_path).packages} == {"a#1.0.0", "u#2"}


def test_dependencies_come_from_the_cache_and_what_is_nowhere_is_named(tmp_path: Path) -> None:
    folder, cache = tmp_path / "given", tmp_path / "cache"
    folder.mkdir()
    for version in ("1.2.0", "1.2.9", "2.0.0"):
        package = cache / f"dep#{version}" / "package"
        package.mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"name": "dep", "version": version}))
    wanted = {"dep": "1.2.x", "gone": "1.0.0", "hl7.fhir.r4.core": "4.0.1"}
    write_archive(folder, "a", dependencies=wanted)
    loaded = load_packages([folder], cache=cache)
    assert [package.label for package in loaded.packages] == ["a#1.0.0", "dep#1.2.9"]
    assert loaded.missing == ("gone#1.0.0",)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00damaged"])
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.tgz"
    path.write_bytes(content)
    with pytest.raises(Refused, match="no FHIR package"):
        open_package(path)


def test_a_folder_without_packages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no FHIR package in"):
        load_packages([tmp_path])


def test_packages_of_another_version_need_their_core_package(tmp_path: Path) -> None:
    write_archive(tmp_path, "five", fhirVersions=["5.0.0"])
    with pytest.raises(Refused, match="core package is not loaded"):
        with_packages(load_packages([tmp_path], cache=tmp_path))


def test_a_core_package_brings_its_own_types(tmp_path: Path) -> None:
    pet = {
        **profile("Pet", type="Pet", derivation="specialization"),
        "url": f"{BASE}Pet",
        "snapshot": {"element": [{"path": "Pet", "min": 0, "max": "*"}, {"path": "Pet.legs", "min": 1, "max": "1"}]},
    }
    write_archive(tmp_path, "hl7.fhir.r5.core", pet, version="5.0.0", fhirVersions=["5.0.0"])
    loaded = with_packages(load_packages([tmp_path], cache=tmp_path))
    assert (loaded.version, loaded.resource_types(), loaded.type_definition("Patient")) == ("5.0.0", ("Pet",), None)
    legs = loaded.element("Pet.legs")
    assert legs is not None
    assert legs.min == 1


def test_the_newest_version_answers_and_a_pinned_one_is_found(tmp_path: Path) -> None:
    versions = [profile("P", {"path": "Patient.name", "min": n}, version=f"1.{n}.0") for n in (2, 10, 9)]
    loaded = load(tmp_path, *versions)
    newest, pinned = loaded.profile("http://t/P"), loaded.profile("http://t/P|1.2.0")
    assert newest is not None
    assert pinned is not None
    assert [next(e.min for e in each.elements if e.id == "Patient.name") for each in (newest, pinned)] == [10, 2]


def test_value_sets_of_packages_are_expanded_over_the_shipped_ones(tmp_path: Path) -> None:
    system = {"resourceType": "CodeSystem", "url": "http://t/cs", "content": "complete", "concept": [{"code": "a"}]}
    compose = {
        "include": [{"system": "http://t/cs"}, {"valueSet": ["http://hl7.org/fhir/ValueSet/administrative-gender"]}],
        "exclude": [{"system": "http://hl7.org/fhir/administrative-gender", "concept": [{"code": "other"}]}],
    }
    loaded = load(tmp_path, system, {"resourceType": "ValueSet", "url": "http://t/vs", "compose": compose})
    codes = {code for _, code in loaded.value_set_codes("http://t/vs") or ()}
    assert codes == {"a", "male", "female", "unknown"}
    assert loaded.value_set("http://hl7.org/fhir/ValueSet/administrative-gender") is not None


# Snapshots


def test_a_differential_is_laid_on_its_base(tmp_path: Path) -> None:
    made = the(
        load(
            tmp_path,
            profile("Base", {"path": "Patient.name", "min": 1}, {"path": "Patient.active", "fixedBoolean": True}),
            profile(
                "P",
                {"path": "Patient.name", "max": "1"},
                {"path": "Patient.name.family", "min": 1},
                base="http://t/Base",
            ),
        ),
        "P",
    )
    by_id = {element.id: element for element in made.elements}
    name, family, active = by_id["Patient.name"], by_id["Patient.name.family"], by_id["Patient.active"]
    assert (name.min, name.max, family.min, family.types[0].code, active.fixed) == (1, 1, 1, "string", "true")


def test_slices_and_their_children_get_ids_without_being_given_any(tmp_path: Path) -> None:
    made = the(
        load(
            tmp_path,
            profile(
                "P",
                {
                    "path": "Patient.identifier",
                    "slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"},
                },
                {"path": "Patient.identifier", "sliceName": "mrn", "min": 1},
                {"path": "Patient.identifier.system", "fixedUri": "urn:mrn"},
                {"path": "Patient.identifier", "sliceName": "ssn"},
                {"path": "Patient.identifier.system", "fixedUri": "urn:ssn"},
            ),
        ),
        "P",
    )
    by_id = {element.id: element for element in made.elements}
    assert by_id["Patient.identifier:mrn"].min == 1
    assert by_id["Patient.identifier:ssn"].min == 0
    assert by_id["Patient.identifier:ssn.system"].fixed == '"urn:ssn"'


def test_a_choice_named_by_its_type_becomes_a_slice(tmp_path: Path) -> None:
    made = the(load(tmp_path, profile("P", {"path": "Patient.deceasedBoolean", "min": 1})), "P")
    slice_of = next(element for element in made.elements if element.id == "Patient.deceased[x]:deceasedBoolean")
    assert ([each.code for each in slice_of.types], slice_of.min) == (["boolean"], 1)


def test_a_profile_without_known_base_is_unknown(tmp_path: Path) -> None:
    assert load(tmp_path, profile("P", base="http://t/gone")).profile("http://t/P") is None
    circle = load(tmp_path, profile("A", base="http://t/B"), profile("B", base="http://t/A"))
    assert circle.profile("http://t/A") is None


def test_ids_follow_from_order_and_slice_names() -> None:
    found = definition_of(definitions(), f"{BASE}bp")
    assert found is not None
    ids = [element.id for element in found.elements]
    assert "Observation.component:SystolicBP.code" in ids
    assert len(set(ids)) == len(ids)
    assert identified(found.elements) == found.elements


def test_no_packages_are_the_shipped_definitions() -> None:
    empty = with_packages(PackageSet(()))
    assert empty.resource_types() == definitions().resource_types()
    assert empty.global_profiles == {}


@pytest.mark.corpus
def test_generated_snapshots_demand_what_published_ones_do(shared_material: Path) -> None:
    package = open_package(shared_material / "fhir" / "packages" / "hl7.fhir.us.core-3.1.1.tgz")
    loaded = with_packages(PackageSet((package,)))
    different = []
    for resource in package.resources:
        value = resource.read()
        if resource.resource_type != "StructureDefinition" or resource.kind != "resource":
            continue
        published = {element["id"]: element for element in value.pop("snapshot")["element"]}
        made = loaded._snapshots.of(value)
        assert made is not None
        for element in made.elements:
            other = published.get(element.id)
            plain = other is not None and "[x]" not in element.id
            if (
                plain
                and other is not None
                and (element.min, element.fixed == "")
                != (other["min"], "fixedUri" not in other and not any(k.startswith("fixed") for k in other))
            ):
                different.append(f"{value['id']} {element.id}")
    assert different == []
