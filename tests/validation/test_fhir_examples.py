"""The official examples and the single defects made from them, where the shared material is at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workbench.fhir import json_tree
from workbench.kernel.issues import Issue, blocks
from workbench.validation.fhir_validator import validate_resource, validate_value

# Defects that need FHIRPath or profiles, which base validation has not.
LATER = {"profile-cardinality", "slicing"}
NATIVE = {"ref-1", "ext-1", "dom-3"}


def _errors(issues: tuple[Issue, ...]) -> list[Issue]:
    return [issue for issue in issues if blocks(issue)]


@pytest.mark.corpus
def test_every_official_example_is_clean_unless_it_is_really_invalid(shared_material: Path) -> None:
    folder = shared_material / "fhir" / "examples"
    manifest = json.loads((folder / "manifest.json").read_bytes())
    wrong = {
        entry["file"]: [issue.text for issue in found]
        for entry in manifest["files"]
        if (found := _errors(validate_resource(json_tree.parse((folder / entry["file"]).read_bytes()))))
        and not entry.get("really_invalid")
    }
    assert wrong == {}


@pytest.mark.corpus
def test_every_single_defect_of_base_validation_is_found(shared_material: Path) -> None:
    folder = shared_material / "fhir"
    missed = []
    for mutation in json.loads((folder / "mutations.json").read_bytes())["mutations"]:
        if mutation["kind"] in LATER or (mutation["kind"] == "invariant" and mutation["note"] not in NATIVE):
            continue
        resource = json_tree.parse((folder / "examples" / mutation["base"]).read_bytes()).value
        before = {(issue.rule, issue.location.path) for issue in _errors(validate_value(resource))}
        _apply(mutation, resource)
        if all((issue.rule, issue.location.path) in before for issue in _errors(validate_value(resource))):
            missed.append(mutation["id"])
    assert missed == []


def _apply(mutation: dict[str, Any], resource: Any) -> None:
    path = mutation["path"]
    owner = resource
    for step in path if mutation["op"] == "merge" else path[:-1]:
        owner = owner[step]
    if mutation["op"] == "merge":
        owner.update(mutation["value"])
    elif mutation["op"] == "remove":
        del owner[path[-1]]
    else:
        owner[path[-1]] = mutation["value"]
