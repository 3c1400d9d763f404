"""Segments within segments of their kind, codes without a row in places for codes alone, line breaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from workbench.fhir.json_tree import parse as parse_fhir
from workbench.mapping.directed import compile_any
from workbench.mapping.directions.mapping import DirectedMapping
from workbench.mapping.directions.result import TracedDocument
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.load import load_package

Make = Callable[[Mapping[str, str]], DirectedMapping]

HEAD = """\
id: small
version: 0.1.0
direction: fhir-to-v2
source: {standard: FHIR, version: 4.0.1}
target: {standard: HL7 v2, version: 2.5.1}
extensions: {kept: ZFH}
keep:
  - {id: everything-else, from: "*", reason: Kept for a person.}
"""
HEADER = "map: Any-MSH\nfrom: Resource\nto: MSH\nrules:\n  - {id: code, to: MSH-9.1, literal: ADT}\n"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(files: Mapping[str, str]) -> DirectedMapping:
        for name, text in {"package.yaml": HEAD, "segments/Any-MSH.yaml": HEADER, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        compiled = compile_any(load_package(tmp_path))
        assert isinstance(compiled, DirectedMapping)
        return compiled

    return made


def traced(mapping: DirectedMapping, value: object) -> TracedDocument:
    result = mapping.trace(parse_fhir(json.dumps(value).encode()))
    result.ledger.check()
    return result


def segments(result: TracedDocument, name: str) -> list[str]:
    return [line for text in result.texts for line in text.split("\r") if line.startswith(name)]


def test_results_within_results_are_numbered_together_and_stand_behind_their_own(make: Make) -> None:
    rows = """\
map: RESULTS
for: [Observation]
when: "not referring(Observation.hasMember) valued"
rows:
  - {id: msh, from: $this, make: MSH, using: Any-MSH}
  - {id: order, from: Observation, group: ORDER}
  - {id: result, within: order, from: $this, make: OBX, using: Observation-OBX}
  - {id: note, within: result, from: note, make: NTE, using: Annotation-NTE}
  - {id: member, within: result, from: "hasMember.resolve(Observation)", make: OBX, using: Observation-OBX}
  - {id: deeper, within: member, from: "hasMember.resolve(Observation)", make: OBX, using: Observation-OBX}
"""
    result = """\
map: Observation-OBX
from: Observation
to: OBX
rules:
  - {id: number, from: $number, to: OBX-1}
  - {id: code, from: code.text, to: OBX-3.2}
"""
    note = "map: Annotation-NTE\nfrom: Annotation\nto: NTE\nrules:\n  - {id: number, from: $number, to: NTE-1}\n"
    mapping = make({
        "messages/RESULTS.yaml": rows, "segments/Observation-OBX.yaml": result, "segments/Annotation-NTE.yaml": note,
    })  # fmt: skip

    def observation(name: str, *members: str) -> dict[str, object]:
        found: dict[str, object] = {"resourceType": "Observation", "id": name, "code": {"text": name}}
        if members:
            found["hasMember"] = [{"reference": f"Observation/{member}"} for member in members]
        return found

    entries = [observation("a", "b", "d"), observation("b", "c"), observation("c"), observation("d")]
    entries[0]["note"] = [{"text": "x"}, {"text": "y"}]
    found = traced(mapping, {"resourceType": "Bundle", "entry": [{"resource": one} for one in entries]})
    assert segments(found, "OBX") == ["OBX|1||^a", "OBX|2||^b", "OBX|3||^c", "OBX|4||^d"]
    assert segments(found, "NTE") == ["NTE|1", "NTE|2"]


def test_words_and_system_of_a_code_without_a_row_are_kept_where_a_code_alone_has_place(make: Make) -> None:
    files = {
        "messages/VISITS.yaml": """\
map: VISITS
for: [Encounter]
rows:
  - {id: msh, from: $this, make: MSH, using: Any-MSH}
  - {id: visit, from: Encounter, make: PV1, using: Encounter-PV1}
""",
        "segments/Encounter-PV1.yaml": """\
map: Encounter-PV1
from: Encounter
to: PV1
rules:
  - {id: class, from: class, to: PV1-2, codes: class}
""",
        "codes/class.csv": "# id: class\n# citation: for this test\nsource_code,target_code,status\nIMP,I,approved\n",
    }
    visit = {"resourceType": "Encounter", "class": {"system": "urn:x", "code": "3", "display": "Day care"}}
    found = traced(make(files), visit)
    assert segments(found, "PV1") == ["PV1||3"]
    assert segments(found, "ZFH") == ["ZFH|1|Encounter|class.system^urn:x~class.display^Day care"]
    assert not found.ledger.of(Fate.LOST)
    known = traced(make(files), {"resourceType": "Encounter", "class": {"code": "IMP", "display": "inpatient"}})
    assert segments(known, "PV1") == ["PV1||I"]
    assert not segments(known, "ZFH")


def test_a_line_break_of_two_characters_is_one_line_break(make: Make) -> None:
    mapping = make({
        "messages/NOTES.yaml": """\
map: NOTES
for: [Observation]
rows:
  - {id: msh, from: $this, make: MSH, using: Any-MSH}
  - {id: result, from: Observation, make: OBX, using: Observation-OBX}
""",
        "segments/Observation-OBX.yaml": "map: Observation-OBX\nfrom: Observation\nto: OBX\nrules:\n"
        "  - {id: value, from: valueString, to: OBX-5}\n",
    })  # fmt: skip
    found = traced(mapping, {"resourceType": "Observation", "valueString": "one\r\ntwo\nthree"})
    assert segments(found, "OBX") == [r"OBX|||||one\.br\two\.br\three"]
