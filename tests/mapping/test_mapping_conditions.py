"""The grammar of sources and conditions."""

from __future__ import annotations

import pytest

from workbench.mapping.conditions import (
    ALL,
    LAST,
    Both,
    Check,
    Either,
    Made,
    Not,
    Operand,
    Relation,
    SyntaxProblem,
    Text,
    V2Path,
    read_condition,
    read_source,
)


def test_a_path_names_groups_occurrence_repetition_component_and_subcomponent() -> None:
    assert read_source("ORDER_OBSERVATION/OBX[2]-5[last].1.2") == (
        V2Path("OBX", ("ORDER_OBSERVATION",), 2, 5, LAST, None, 1, 2),
    )


def test_a_data_type_is_the_value_at_hand() -> None:
    assert read_source("CX.4.1") == (V2Path("CX", component=4, subcomponent=1, in_value=True),)
    assert read_source("XCN") == (V2Path("XCN", in_value=True),)


def test_alternatives_may_end_in_a_text() -> None:
    assert read_source("OBR-3 | ORC-3 | 'none'") == (V2Path("OBR", field=3), V2Path("ORC", field=3), Text("none"))


def test_a_repetition_may_be_chosen_by_a_condition() -> None:
    path = read_source("PID-3[CX.5 = 'MR'].1")[0]
    assert isinstance(path, V2Path)
    assert path.only == Check(Operand.VALUE, V2Path("CX", component=5, in_value=True), Relation.EQUAL, ("MR",))
    assert (path.repetition, path.component) == (ALL, 1)


def test_not_binds_before_and_before_or() -> None:
    pv1, pid = (Check(Operand.VALUE, V2Path(name, field=1), Relation.VALUED) for name in ("PV1", "PID"))
    assert read_condition("not PV1-1 valued and PID-1 valued or made patient") == Either(
        (Both((Not(pv1), pid)), Made("patient"))
    )
    assert read_condition("not (PV1-1 valued and PID-1 valued)") == Not(Both((pv1, pid)))


def test_tests_compare_counts_lengths_and_versions() -> None:
    assert read_condition("count(OBX-5) > 1") == Check(Operand.COUNT, V2Path("OBX", field=5), Relation.MORE, ("1",))
    assert read_condition("count(OBX) > 1") == read_condition("count(OBX[*]) > 1")
    assert read_condition("count(OBX[1]) > 1") != read_condition("count(OBX) > 1")
    assert read_condition("length(PID-3.1) <= 20") == Check(
        Operand.LENGTH, V2Path("PID", field=3, component=1), Relation.AT_MOST, ("20",)
    )
    assert read_condition("version >= '2.5'") == Check(Operand.VERSION, None, Relation.AT_LEAST, ("2.5",))


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("PID-8", 5, "valued, null"),
        ("PID-8 = F", 8, "a text in single quotes"),
        ("PID-8 < '3'", 8, "use count, length or version"),
        ("(PID-8 valued", 13, ") is expected"),
        ("PID-8 valued PID-9", 13, "not understood"),
        ("PI-8 valued", 0, "neither a segment nor a data type"),
        ("PID-3[0] valued", 7, "counted from 1"),
        ("", 0, "a segment or data type"),
    ],
)
def test_a_condition_that_is_not_understood_says_where(text: str, at: int, said: str) -> None:
    with pytest.raises(SyntaxProblem) as problem:
        read_condition(text)
    assert said in problem.value.sentence
    assert problem.value.at == at
