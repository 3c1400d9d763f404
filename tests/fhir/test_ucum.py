from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fhir import ucum


@pytest.mark.parametrize(
    ("value", "code", "target", "expected"),
    [
        ("1", "kg", "g", "1000"),
        ("1", "[lb_av]", "g", "453.59237"),
        ("1", "mmol/L", "mol/m3", "1"),
        ("120", "mm[Hg]", "kPa", "15.99864"),
        ("1", "10*3/uL", "10*9/L", "1"),
        ("5", "%", "1", "0.05"),
        ("1", "m/s2", "cm/s2", "100"),
        ("2", "{beats}/min", "/h", "120"),
        ("1", "mg/(24.h)", "mg/d", "1"),
        ("1", "wk", "d", "7"),
        ("1", "[iU]/mL", "[IU]/L", "1000"),
        ("1", "ug{creat}", "ng", "1000"),
    ],
)
def test_units_are_converted_exactly(value: str, code: str, target: str, expected: str) -> None:
    assert ucum.converted(Decimal(value), code, target) == Decimal(expected)


@pytest.mark.parametrize("code", ["", "mg dL", "xyz", "kg/", "(m", "m)", "[nothing]", "kmin", "m//s", "0"])
def test_what_is_no_unit_is_none(code: str) -> None:
    assert ucum.unit(code) is None


@pytest.mark.parametrize(("one", "other"), [("Cel", "K"), ("[pH]", "1"), ("mg", "mL"), ("[arb'U]", "[USP'U]")])
def test_units_that_measure_different_things_are_not_converted(one: str, other: str) -> None:
    assert ucum.unit(one) is not None
    assert ucum.unit(other) is not None
    assert ucum.converted(Decimal(1), one, other) is None


@given(st.sampled_from(["mg", "kg", "L", "mm[Hg]", "h", "mmol/L", "[in_i]"]), st.integers(1, 10**6))
def test_a_conversion_there_and_back_gives_the_value(code: str, value: int) -> None:
    there = ucum.measured(Decimal(value), code)
    assert there is not None
    assert ucum.converted(Decimal(value), code, code) == Decimal(value)


def test_products_and_quotients_are_units_again() -> None:
    assert ucum.product("g", "m", divide=True) == "g/m"
    assert ucum.product("g", "g", divide=True) == "1"
    assert ucum.unit(ucum.product("kg/m", "m")) == ucum.unit("kg")


@pytest.mark.parametrize("code", ["[ft_us]", "cSt", "[wood'U]", "[m/s2/Hz^(1/2)]", "U/(10.g){feces}", "mOe", "[oz_m]"])
def test_rare_units_of_the_standard_are_known(code: str) -> None:
    assert ucum.unit(code) is not None


@pytest.mark.parametrize("code", ["mcg/mL", "{AHG}eq/mL", "K[IU]/L", "mg/dl/", "10^9 /L", "(10.g){a}{b}"])
def test_what_only_looks_like_ucum_is_none(code: str) -> None:
    assert ucum.unit(code) is None
