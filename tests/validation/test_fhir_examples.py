"""The official examples and the single defects made from them, where the shared material is at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workbench.fhir import json_tree
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, blocks
from workbench.validation.fhir_validator import FhirOptions, validate_resource, validate_value


def _errors(issues: tuple[Issue, ...]) -> list[Issue]:
    return [issue for issue in issues if blocks(issue)]


def _options(folder: Path, packages: list[str]) -> FhirOptions:
    return FhirOptions(packages=tuple(folder / "packages" / name for name in packages))


@pytest.mark.corpus
def test_every_official_example_is_clean_unless_it_is_really_invalid(shared_material: Path) -> None:
    folder = shared_material / "fhir"
    wrong = {}
    for entry in json.loads((folder / "examples" / "manifest.json").read_bytes())["files"]:
        document = json_tree.parse((folder / "examples" / entry["file"]).read_bytes())
        found = _errors(validate_resource(document, _options(folder, entry["packages"])))
        if found and not entry.get("really_invalid"):
            wrong[entry["file"]] = [issue.text for issue in found]
    assert wrong == {}


@pytest.mark.corpus
def test_every_single_defect_is_found(shared_material: Path) -> None:
    folder = shared_material / "fhir"
    manifest = json.loads((folder / "examples" / "manifest.json").read_bytes())
    packages = {entry["file"]: entry["packages"] for entry in manifest["files"]}
    missed = []
    for mutation in json.loads((folder / "mutations.json").read_bytes())["mutations"]:
        options = _options(folder, packages[mutation["base"]])
        resource = json_tree.parse((folder / "examples" / mutation["base"]).read_bytes()).value
        before = {(issue.rule, issue.location.path, issue.text) for issue in _errors(validate_value(resource, options))}
        _apply(mutation, resource)
        after = {(issue.rule, issue.location.path, issue.text) for issue in _errors(validate_value(resource, options))}
        if not after - before:
            missed.append(mutation["id"])
    assert missed == []


@pytest.mark.corpus
def test_verdicts_agree_with_the_reference_validator(shared_material: Path, tmp_path: Path) -> None:
    """Agreement of at least 90 %, and at least 97 % of what it accepts is accepted."""
    folder = shared_material / "fhir"
    outcomes: list[tuple[bool, bool]] = []
    for number, case in enumerate(json.loads((folder / "validator-cases" / "manifest.json").read_bytes())["cases"]):
        if case["tier"] == "advanced" or set(case["settings"]) - {"fetcher", "language", "crumb-trail", "no-tx"}:
            continue
        support = _support(tmp_path / str(number), [folder / "validator-cases" / name for name in case["support"]])
        profiles = (case["profile"],) if case["profile"] else ()
        packages = (*_options(folder, case["packages"]).packages, *support)
        raw = (folder / "validator-cases" / case["file"]).read_bytes()
        outcomes.append(
            (case["expect"]["valid_offline"], _accepts(raw, FhirOptions(packages=packages, profiles=profiles)))
        )
    assert sum(expected == found for expected, found in outcomes) / len(outcomes) >= 0.9
    accepted = [found for expected, found in outcomes if expected]
    assert sum(accepted) / len(accepted) >= 0.97


def _support(folder: Path, files: list[Path]) -> tuple[Path, ...]:
    if not files:
        return ()
    (folder / "package").mkdir(parents=True)
    (folder / "package" / "package.json").write_text('{"name": "support", "version": "1", "fhirVersions": ["4.0.1"]}')
    for file in files:
        (folder / "package" / file.name).write_bytes(file.read_bytes())
    return (folder,)


def _accepts(raw: bytes, options: FhirOptions) -> bool:
    try:
        document = json_tree.parse(raw)
    except Refused:
        return False
    return not _errors((*document.issues, *validate_resource(document, options)))


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
