"""Packages of the other directions after edits: what an edit reaches is compiled, and says what all of it says."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.fhir.json_tree import dumps
from workbench.fhir.json_tree import parse as parse_fhir
from workbench.kernel.errors import Refused
from workbench.kernel.shipped import shipped
from workbench.mapping.directed import compile_any, recompile_any
from workbench.mapping.directions.mapping import DirectedMapping, Received
from workbench.mapping.edits import ChangeHeader, ChangeRule, Edit, PutCodeMap, RemoveRule
from workbench.mapping.load import load_package
from workbench.mapping.model import Package, Policy, Unmapped
from workbench.v2.er7 import parse

NAMES = ("fhir-to-v2", "v2-normalise", "v2-normalise-23")


def _documents(name: str) -> list[Received]:
    if name == "fhir-to-v2":
        files = sorted(shipped(f"mappings/{name}/suites/main/documents").glob("*.json"))
        return [parse_fhir(path.read_bytes()) for path in files]
    files = sorted(shipped("mappings/v2-normalise/suites/main/messages").glob("*.hl7"))
    return [parse(path.read_bytes()) for path in files]


PACKAGES = {name: load_package(shipped(f"mappings/{name}")) for name in NAMES}
DOCUMENTS = {name: _documents(name) for name in NAMES}


def compiled(package: Package) -> DirectedMapping:
    mapping = compile_any(package)
    assert isinstance(mapping, DirectedMapping)
    return mapping


def said(mapping: DirectedMapping, document: Received) -> object:
    """All that a mapping says of a document, in both modes."""
    try:
        mapped, traced = mapping.map(document), mapping.trace(document)
    except Refused as refused:
        return refused.code
    return mapped.texts, dumps(mapped.bundle), mapped.issues, traced.texts, traced.trace, traced.ledger.entries


@st.composite
def edits(draw: st.DrawFn, package: Package) -> Edit:
    """One edit of any kind, of anything in the package."""
    maps = [(f"{each.kind}/{each.name}", each) for each in package.rule_maps()]
    where, rule_map = draw(st.sampled_from(maps))
    rules = list(chain.from_iterable(rule.walk() for rule in rule_map.rules))
    rule = draw(st.sampled_from(rules))
    kind = draw(st.sampled_from(("switch", "when", "remove", "note", "codes", "row", "header")))
    if kind == "codes" and package.codes:
        name = draw(st.sampled_from(sorted(package.codes)))
        return PutCodeMap(name, replace(package.codes[name], rows=package.codes[name].rows[1:]))
    if kind == "row":
        message = draw(st.sampled_from(sorted(package.messages)))
        row = draw(st.sampled_from(package.messages[message].rows))
        return ChangeRule(f"messages/{message}", row.id, replace(row, enabled=not row.enabled))
    if kind == "header":
        policy = draw(st.sampled_from((Policy.OMIT, Policy.PASSTHROUGH)))
        return ChangeHeader(replace(package.header, unmapped=Unmapped(policy)))
    if kind == "remove" and len(rule_map.rules) > 1:
        return RemoveRule(where, rule_map.rules[draw(st.integers(0, len(rule_map.rules) - 1))].id)
    changed = {"switch": replace(rule, enabled=not rule.enabled), "when": replace(rule, when="")}
    return ChangeRule(where, rule.id, changed.get(kind, replace(rule, note="changed")))


@settings(max_examples=15, deadline=None)
@given(st.data(), st.sampled_from(NAMES))
def test_after_any_edits_a_mapping_says_what_one_compiled_anew_says(data: st.DataObject, name: str) -> None:
    package, mapping = PACKAGES[name], compiled(PACKAGES[name])
    document = data.draw(st.sampled_from(DOCUMENTS[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        edit = data.draw(edits(package))
        package = edit.apply(package)[0]
        try:
            anew = compiled(package)
        except Refused as refused:
            with pytest.raises(Refused) as again:
                recompile_any(mapping, package)
            assert again.value.code == refused.code
            return
        recompiled = recompile_any(mapping, package)
        assert isinstance(recompiled, DirectedMapping)
        mapping = recompiled
        assert said(mapping, document) == said(anew, document)


def _switched_off(package: Package, where: str, rule_id: str) -> Package:
    rule_map = package.rule_map(where.partition("/")[2])
    assert rule_map is not None
    rule = rule_map.rule(rule_id)
    assert rule is not None
    return ChangeRule(where, rule_id, replace(rule, enabled=False)).apply(package)[0]


def test_maps_that_an_edit_does_not_reach_are_the_very_same() -> None:
    package = PACKAGES["fhir-to-v2"]
    before = compiled(package)
    after = recompile_any(before, _switched_off(package, "types/Location-PL", "ward"))
    assert isinstance(after, DirectedMapping)
    other = {key[0] for key, made in after.rule_maps.items() if before.rule_maps.get(key) is not made}
    users = {each.name for each in package.rule_maps() if any(rule.using == "Location-PL" for rule in each.walk())}
    assert other == {"Location-PL"} | users and len(other) < 5 < len(after.rule_maps)


def test_a_code_map_named_in_a_condition_reaches_the_map_that_asks() -> None:
    package = PACKAGES["fhir-to-v2"]
    rule_map = package.segments["Patient-PID"]
    rule = rule_map.rules[0]
    asks = replace(rule, when="gender in codes administrative-sex")
    asking = ChangeRule("segments/Patient-PID", rule.id, asks).apply(package)[0]
    before = compiled(asking)
    code_map = asking.codes["administrative-sex"]
    without = PutCodeMap("administrative-sex", replace(code_map, rows=())).apply(asking)[0]
    after = recompile_any(before, without)
    assert isinstance(after, DirectedMapping)
    key = ("Patient-PID", ())
    assert after.rule_maps[key] is not before.rule_maps[key]


def test_another_direction_compiles_anew() -> None:
    fhir, v2 = PACKAGES["fhir-to-v2"], PACKAGES["v2-normalise"]
    mapping = recompile_any(compiled(fhir), v2)
    assert isinstance(mapping, DirectedMapping) and not mapping.reads_fhir
    document = DOCUMENTS["v2-normalise"][0]
    assert said(mapping, document) == said(compiled(v2), document)
