"""The example of the help from FHIR to FHIR: the package on the page makes what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from workbench.fhir.json_tree import parse as parse_fhir
from workbench.kernel.shipped import shipped
from workbench.mapping.directed import compile_any
from workbench.mapping.directions.mapping import DirectedMapping
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.load import load_package

SECTION = re.compile(r"### From FHIR to FHIR, a whole example\n(.*?)\n## ", re.DOTALL)
BLOCK = re.compile(r"```(yaml|csv|json)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def blocks() -> list[tuple[str, str]]:
    section = SECTION.search(shipped("resources", "docs", "help", "mapping-language.md").read_text(encoding="utf-8"))
    assert section is not None
    return BLOCK.findall(section.group(1))


@pytest.fixture
def mapping(blocks: list[tuple[str, str]], tmp_path: Path) -> DirectedMapping:
    for kind, text in blocks:
        if kind == "json":
            continue
        first = text.splitlines()[0].removeprefix("# ")
        path = tmp_path / (first if kind == "yaml" else f"codes/{first.removeprefix('id: ')}.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    compiled = compile_any(load_package(tmp_path))
    assert isinstance(compiled, DirectedMapping)
    return compiled


def test_the_package_of_the_help_makes_what_the_help_says(
    mapping: DirectedMapping, blocks: list[tuple[str, str]]
) -> None:
    given, expected = [text for kind, text in blocks if kind == "json"]
    traced = mapping.trace(parse_fhir(given.encode()))
    traced.ledger.check()
    assert traced.bundle == json.loads(expected)
    assert mapping.map(parse_fhir(given.encode())).bundle == traced.bundle
    counts = traced.ledger.counts()
    assert (counts[Fate.MAPPED], counts[Fate.IGNORED], counts[Fate.PRESERVED], counts[Fate.LOST]) == (19, 2, 0, 0)


def test_what_stands_around_resources_goes_over_and_is_accounted_for(mapping: DirectedMapping) -> None:
    document = {
        "resourceType": "Bundle", "type": "transaction", "timestamp": "2024-01-31T09:30:00Z",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "gender": "M"},
             "request": {"method": "PUT", "url": "Patient/1"}},
            {"resource": {"resourceType": "Organization", "name": "Ward"},
             "request": {"method": "POST", "url": "Organization"}},
        ],
    }  # fmt: skip
    traced = mapping.trace(parse_fhir(json.dumps(document).encode()))
    document["entry"][0]["resource"]["gender"] = "male"  # type: ignore[index]
    assert traced.bundle == document
    assert not traced.ledger.of(Fate.LOST)
