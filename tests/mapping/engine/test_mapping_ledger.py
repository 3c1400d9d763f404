"""Traced results: equal to fast ones, and every populated value has exactly one fate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.conftest import SAMPLE, message
from tests.mapping.engine.test_mapping_messages import admission, report
from workbench.fhir.json_tree import dumps
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.engine.ledger import CaptureLedger, Fate, aggregate, field_of
from workbench.mapping.load import load_package
from workbench.v2.er7 import Message

MAPPING = compile_package(load_package(SAMPLE))

LEAF = st.text(alphabet='ABF12.~^&"\\ x', max_size=6)
FIELD = st.lists(LEAF, max_size=4).map("^".join)
SEGMENT = st.tuples(
    st.sampled_from(["PID", "PD1", "PV1", "AL1", "NTE", "MRG", "ZZ1", "OBR", "OBX", "ORC", "EVN"]),
    st.lists(FIELD, max_size=20),
).map(lambda parts: "|".join((parts[0], *parts[1])))
MESSAGES = st.tuples(st.sampled_from(["ADT^A01", "ORU^R01"]), st.lists(SEGMENT, max_size=8)).map(
    lambda parts: message(parts[0], *parts[1])
)


@settings(max_examples=150, deadline=None)
@given(MESSAGES)
def test_fast_and_traced_runs_give_the_same_bytes_and_the_ledger_balances(given_message: Message) -> None:
    traced = MAPPING.trace(given_message)
    expected = dumps(traced.bundle)
    assert dumps(MAPPING.run(given_message)) == expected
    assert dumps(MAPPING.run(given_message)) == expected  # with what was remembered
    traced.ledger.check()
    assert all(entry.targets for entry in traced.ledger.of(Fate.PRESERVED))


def at(bundle: dict[str, Any], target: str) -> Any:
    """The value at a traced target."""
    place, path = target.split("#")
    if place == "Bundle":
        node: Any = bundle
    else:
        url = "urn:uuid:" + place.split("/")[1]
        node = next(entry["resource"] for entry in bundle["entry"] if entry["fullUrl"] == url)
    for step in path.replace("]", "").replace("[", ".").split("."):
        node = node[int(step)] if step.isdigit() else node[step]
    return node


@pytest.mark.parametrize("given_message", [admission(), report()], ids=["ADT", "ORU"])
def test_every_traced_target_is_there_and_every_source_span_holds_what_was_read(
    mapping: CompiledMapping, given_message: Message
) -> None:
    result = mapping.trace(given_message)
    copied = [entry for entry in result.trace if entry.outcome == "copied" and len(entry.source) == 1]
    assert len(copied) > 8
    for entry in result.trace:
        if entry.target and entry.outcome != "deleted":
            at(result.bundle, entry.target)
    for entry in copied:
        (location,) = entry.source
        assert location.span is not None
        written = given_message.raw[slice(*location.span)].decode()
        value = str(at(result.bundle, entry.target))
        assert written.strip("^&") in value.replace("-", "") or value.endswith(written) or ":" in value


def test_a_translated_value_names_its_code_map_row(mapping: CompiledMapping) -> None:
    (entry,) = [entry for entry in mapping.trace(admission()).trace if entry.rule_id == "pid-8"]
    assert entry.code_map_row is not None
    assert (entry.map_id, entry.outcome, entry.code_map_row.source.code) == ("PID-Patient", "translated", "F")
    assert entry.target.endswith("#gender")
    assert entry.source[0].path == "PID-8"


def test_an_assumed_zone_is_noted(mapping: CompiledMapping) -> None:
    given_message = message("ORU^R01", "PID|1||1", "OBR|1||F|X|||202001021530")
    (entry,) = [entry for entry in mapping.trace(given_message).trace if entry.rule_id == "obr-7"]
    assert entry.note == "The time has the zone of MSH-7."


def fates(mapping: CompiledMapping, given_message: Message) -> dict[str, Fate]:
    return {entry.field: entry.fate for entry in mapping.trace(given_message).ledger.entries}


def test_every_state_is_told_from_the_others(mapping: CompiledMapping) -> None:
    found = fates(mapping, admission())
    assert found["PID-3"] is Fate.MAPPED
    assert found["AL1-3"] is Fate.PRESERVED  # no row for ZZZ
    assert found["AL1-3.2"] is Fate.MAPPED
    assert found["ZPD-2.2"] is Fate.PRESERVED
    assert found["PID-1"] is Fate.IGNORED
    assert found["PV1-1"] is Fate.LOST


def test_what_is_lost_says_why(mapping: CompiledMapping) -> None:
    given_message = message("ADT^A01", "PID|||1^^^HOSP^MR||||19800101|F~M", "XYZ|1", "not a segment")
    lost = {field_of(entry.element): entry for entry in mapping.trace(given_message).ledger.of(Fate.LOST)}
    assert lost["PID-8"].reason == "Another value was written first."
    assert lost["PID-8"].location.path == "PID-8[2].1"
    assert lost["XYZ-1"].reason == "No rule takes it."
    assert lost["no segment"].rule == ""


def test_a_ledger_that_lacks_a_value_is_our_defect(mapping: CompiledMapping) -> None:
    ledger = mapping.trace(admission()).ledger
    with pytest.raises(AssertionError, match="1 values missing"):
        replace(ledger, entries=ledger.entries[1:]).check()


def test_ledgers_add_up_over_a_capture(mapping: CompiledMapping) -> None:
    ledgers = [mapping.trace(given_message).ledger for given_message in (admission(), admission(), report())]
    total = aggregate(ledgers)
    assert total.messages == 3
    assert sum(total.counts().values()) == sum(len(ledger.entries) for ledger in ledgers)
    (line,) = [line for line in total.lines() if line.field == "ZPD-2.2"]
    assert (line.fate, line.values, line.messages, line.rule) == (Fate.PRESERVED, 2, 2, "keep/local")
    parts = CaptureLedger()
    for ledger in ledgers:
        parts.merge(aggregate([ledger]))
    assert parts.lines() == total.lines()
