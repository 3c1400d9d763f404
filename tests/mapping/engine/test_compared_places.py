"""Conditions that compare two places of the source: `PID-12 != PID-11.9`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mapping import test_directions
from tests.mapping.conftest import message
from tests.mapping.engine.test_mapping_memory import assert_equal_in_both_modes
from tests.mapping.test_directions import Make, normal, patient_map, pid_of
from tests.mapping.test_directions import message as v2_message
from workbench.kernel.errors import Refused
from workbench.mapping.conditions import Not, Same, SyntaxProblem, V2Path, read_condition
from workbench.mapping.engine import fusing
from workbench.mapping.engine.compile import CompiledMapping
from workbench.mapping.portability import Engine, engine_flags, not_portable

MappingOf = Callable[..., CompiledMapping]
PatientOf = Callable[[CompiledMapping, str], dict[str, object]]

COUNTY = V2Path("PID", field=12)
OF_ADDRESS = V2Path("PID", field=11, component=9)


def test_a_place_without_quotes_is_another_source() -> None:
    assert read_condition("PID-12 = PID-11.9") == Same(COUNTY, OF_ADDRESS)
    assert read_condition("PID-12 != PID-11.9") == Not(Same(COUNTY, OF_ADDRESS))
    assert read_condition("PID-12 = 'PID-11.9'") != read_condition("PID-12 = PID-11.9")


def test_places_are_compared_inside_filters_and_longer_conditions() -> None:
    path = read_condition("PID-3[CX.4.1 = CX.6.1].1 valued")
    assert str(path).count("Same(") == 1
    assert "Same(" in str(read_condition("PID-8 valued and (OBR-2.1 = ORC-2.1 or made patient)"))


@pytest.mark.parametrize(
    "text", ["OBX-2 = NM", "OBX-2 = CE and OBX-5 valued", "PID-8 = F", "PID-3 != ORC", "PID-3 = 3"]
)
def test_a_text_whose_quotes_were_forgotten_is_no_place(text: str) -> None:
    with pytest.raises(SyntaxProblem) as problem:
        read_condition(text)
    assert problem.value.sentence == "a text in single quotes is expected, or a place with its field or component"
    assert problem.value.at == text.index("=") + 2


@pytest.mark.parametrize("text", ["count(PID-3) = PID-8", "version = MSH-12", "PID-7 < PID-29"])
def test_counts_versions_and_order_compare_no_two_places(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        read_condition(text)


RULES = """  - {id: county, from: PID-12, when: PID-12 = PID-11.9, to: birthDate, literal: "2001"}
  - {id: other, when: PID-12 != PID-11.9, from: PID-1, to: gender, literal: other}
"""


@pytest.mark.parametrize(
    ("pid_11", "pid_12", "same"),
    [
        ("^^^^^^^^ORANGE", "ORANGE", True),
        ("^^^^^^^^ORANGE", "KINGS", False),
        ("^^^^^^^^ORANGE~^^^^^^^^KINGS", "KINGS", True),
        ("^^^^^^^^ORANGE", "", False),
        ("", "KINGS", False),
        ("", "", False),
        ("^^^^^^^^A\\T\\B", "A\\T\\B", True),
        ("^^^^^^^^orange", "ORANGE", False),
        ("^^^^^^^^", "^", False),
        ('^^^^^^^^""', '""', True),
    ],
)
def test_two_places_are_the_same_when_a_text_of_one_is_a_text_of_the_other(
    mapping_of: MappingOf, patient_of: PatientOf, pid_11: str, pid_12: str, same: bool
) -> None:
    patient = patient_of(mapping_of(RULES), f"PID|1||||||||||{pid_11}|{pid_12}")
    assert ("gender" in patient) is not same
    if same and pid_12 != '""':
        assert "birthDate" in patient


def test_values_of_other_segments_and_of_the_header_are_compared(mapping_of: MappingOf) -> None:
    mapping = mapping_of(
        "  - {id: own, when: PID-3.4 = MSH-4 and PID-18 = PV1-19, from: PID-1, to: gender, literal: other}\n"
    )
    pid = "PID|1||1^^^{}|||||||||||||||7"
    said = {
        (facility, visit): mapping.run(message("ADT^A01", pid.format(facility), "PV1|1" + "|" * 18 + visit))
        for facility, visit in product(("HOSP", "LAB"), ("7", "8", ""))
    }
    assert [key for key, bundle in said.items() if "gender" in str(bundle)] == [("HOSP", "7")]


def test_only_the_compared_place_that_differs_from_the_last_message_decides(mapping_of: MappingOf) -> None:
    """A plan and a memory made for one message are not right for another where only the second place changed."""
    mapping = mapping_of(
        RULES + "".join(f"  - {{id: more-{n}, from: PID-2, when: PID-12 = 'X{n}', to: id}}\n" for n in range(4))
    )
    for number in range(3 * fusing.OBSERVED_RUNS):
        county = ("ORANGE", "KINGS", "DADE")[number % 3]
        given_message = message("ADT^A01", f"PID|1||||||||||^^^^^^^^{county}|ORANGE")
        assert_equal_in_both_modes(mapping, given_message)
        assert ("other" in str(mapping.run(given_message))) is (county != "ORANGE")


PARTS = st.sampled_from(["", "A", "B", "A~B", '""', "^A"])
TYPES = {
    "types/CX-Identifier.yaml": "map: CX-Identifier\nfrom: CX\nto: Identifier\nrules:\n"
    "  - {id: value, from: CX.1, to: value}\n"
    "  - {id: own, from: CX.4, when: CX.4.1 = CX.6.1, to: use, literal: official}\n"
    "  - {id: facility, from: CX.6.1, when: CX.4.1 != CX.6.1 and CX.1 != PID-18, to: system}\n",
}
MORE = RULES + (
    "  - {id: ids, from: PID-3, to: identifier, using: CX-Identifier}\n"
    "  - {id: chosen, from: 'PID-4[CX.1 = CX.2].1', to: multipleBirthInteger}\n"
    "  - {id: block, when: PID-11.9 = PID-12 or PID-18 = PID-2, rules: [{id: inner, from: PID-2, to: language}]}\n"
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=st.lists(st.tuples(PARTS, PARTS, PARTS, PARTS), min_size=1, max_size=8))
def test_fast_and_traced_runs_agree_on_whatever_is_compared(
    mapping_of: MappingOf, stream: list[tuple[str, str, str, str]]
) -> None:
    mapping = mapping_of(MORE, TYPES)
    for two, three, eleven, twelve in stream:
        pid = f"PID|1|{two}|1^^^{three}^^A~2^^^A^^{twelve}|{two}^{three}||||||^^^^^^^^{eleven}|{twelve}||||||{two}"
        assert_equal_in_both_modes(mapping, message("ADT^A01", pid))


def test_code_maps_in_filters_of_compared_places_have_to_be_there(mapping_of: MappingOf) -> None:
    with pytest.raises(Refused, match="nowhere"):
        mapping_of(
            "  - {id: a, when: 'PID-12 = PID-3[CX.5 in codes nowhere].1', from: PID-1, to: gender, literal: other}\n"
        )


def test_comparing_two_places_is_part_of_the_portable_core(mapping_of: MappingOf) -> None:
    engines = ", ".join(Engine)
    package = mapping_of(RULES, head=f"engines: [{engines}]\n").package
    assert not_portable(package) == ()
    assert [flag for flag in engine_flags(package) if "compar" in str(flag)] == []


# --- the other directions --------------------------------------------------------------------------------------------

make = test_directions.make


@pytest.mark.parametrize(
    ("birth", "deceased", "same"), [("1970-01-02", "1970-01-02", True), ("1970-01-02", "1970-01-03", False)]
)
def test_two_elements_of_a_resource_are_compared(make: Make, birth: str, deceased: str, same: bool) -> None:
    mapping = patient_map(
        make,
        "{id: same, when: birthDate = deceasedDateTime, to: PID-30, literal: Y}",
        "{id: other, when: birthDate != deceasedDateTime, to: PID-30, literal: N}",
        "{id: born, from: birthDate, to: PID-7}",
    )
    pid = pid_of(mapping, birthDate=birth, deceasedDateTime=deceased)
    assert pid.segments[1].text_of(30) == ("Y" if same else "N")


def test_places_inside_of_what_a_rule_reads_and_around_it_are_compared(make: Make) -> None:
    mapping = patient_map(
        make,
        "{id: official, from: 'identifier[system = type.text].value', to: PID-18}",
        "{id: other, from: identifier, to: PID-3, rules: [{id: v, from: value, when: value != patient/id, to: CX.1}]}",
    )
    pid = pid_of(
        mapping,
        id="7",
        identifier=[{"value": "1", "system": "a:b", "type": {"text": "a:b"}}, {"value": "7", "system": "c:d"}],
    )
    assert (pid.segments[1].text_of(18), pid.segments[1].text_of(3)) == ("1", "1")


def test_an_element_that_is_none_is_refused_on_both_sides(make: Make) -> None:
    for condition in ("nonsense = birthDate", "birthDate = nonsense"):
        with pytest.raises(Refused, match="nonsense"):
            patient_map(make, f"{{id: a, when: {condition}, to: PID-30, literal: Y}}")


@pytest.mark.parametrize(("order", "visit", "same"), [("7", "7", True), ("7", "8", False), ("", "", False)])
def test_two_fields_of_a_message_are_compared_on_the_way_to_v2(make: Make, order: str, visit: str, same: bool) -> None:
    mapping = normal(make, "{id: same, from: PID-1, when: PID-18 = PV1-19, to: PID-8, literal: U}")
    (text,) = mapping.trace(v2_message(f"PID|1|{'|' * 15}|{order}", f"PV1|1{'|' * 18}{visit}")).texts
    assert ("|U" in text) is same
