"""A message map as a graph, and what one message has of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mapping.conftest import SAMPLE, message
from workbench.mapping.edits import AddRule, PutMap
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.load import load_package
from workbench.mapping.model import MessageMap, Rule
from workbench.mapping.wiring import layers, occurrence, wire

BASE = load_package(SAMPLE)
RESULT = message(
    "ORU^R01",
    "PID|1||123^^^HOSP^MR||Berg^Anna",
    "ORC|RE|1|2",
    "OBR|1|1|2|GLU^Glucose^L",
    "OBX|1|NM|GLU^Glucose^L||5.40|mmol/L|||||F",
    "OBX|2|NM|NA^Sodium^L||140|mmol/L|||||F",
)


def test_rows_that_make_and_fill_one_thing_are_one_node() -> None:
    wiring = wire(BASE, "ORU_R01")
    assert [(node.name, node.type, node.group) for node in wiring.nodes] == [
        ("header", "MessageHeader", ""),
        ("patient", "Patient", ""),
        ("report", "DiagnosticReport", "ORDER_OBSERVATION"),
        ("observation", "Observation", "OBSERVATION"),
    ]
    patient = wiring.node("patient")
    assert patient is not None
    assert [wired.row.id for wired in patient.rows] == ["patient", "demographics"]


def test_links_and_references_of_rules_are_arrows() -> None:
    wiring = wire(BASE, "ORU_R01")
    assert {(edge.source, edge.target, edge.element) for edge in wiring.edges} >= {
        ("report", "patient", "subject"),
        ("report", "observation", "result"),
        ("observation", "patient", "subject"),
    }
    package, _ = AddRule("segments/OBX-Observation", Rule("focus", reference="report", target="derivedFrom")).apply(
        BASE
    )
    (edge,) = [edge for edge in wire(package, "ORU_R01").edges if edge.rule]
    assert (edge.source, edge.target, edge.rule) == ("observation", "report", "OBX-Observation/focus")


def test_included_rows_say_in_which_map_they_stand() -> None:
    package, _ = PutMap("messages/MORE", MessageMap("MORE", ("ORU^R02",), include=("ORU_R01",))).apply(BASE)
    wiring = wire(package, "MORE")
    assert {wired.map for node in wiring.nodes for wired in node.rows} == {"messages/ORU_R01"}
    with pytest.raises(KeyError):
        wire(BASE, "NONE")


def test_a_message_says_what_it_has_of_the_map() -> None:
    found = occurrence(compile_package(BASE).trace(RESULT))
    assert [len(found.of(name)) for name in ("patient", "report", "observation", "none")] == [1, 1, 2, 0]
    assert [made.segments for made in found.of("observation")] == [("OBX[1]",), ("OBX[2]",)]
    assert found.links["report", "observation"] == 2
    assert found.links["observation", "patient"] == 2


def test_what_refers_stands_right_of_what_it_refers_to() -> None:
    columns = layers(["a", "b", "c"], {("b", "a"), ("c", "b"), ("c", "a"), ("c", "gone")})
    assert columns == [["a"], ["b"], ["c"]]
    assert layers([], set()) == []


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True),
    st.sets(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=20),
)
def test_every_name_has_one_place_even_in_circles(names: list[str], pairs: set[tuple[str, str]]) -> None:
    columns = layers(names, pairs)
    assert sorted(name for column in columns for name in column) == sorted(names)
    assert all(columns)
