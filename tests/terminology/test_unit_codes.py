"""Units as written, as UCUM, and what they measure."""

import pytest

from workbench.terminology.unit_codes import skeleton, ucum_code
from workbench.terminology.units import measures, properties_for


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("mcg/mL", "ug/mL"),
        ("µmol/l", "umol/L"),
        ("mEq/L", "meq/L"),
        ("mIU/mL", "m[IU]/mL"),
        ("mg/24 H", "mg/(24.h)"),
        ("K/uL", "10*3/uL"),
        ("x10^9/L", "10*9/L"),
        ("10E3/mm3", "10*3/uL"),
        ("/HPF", "/[HPF]"),
        ("mm Hg", "mm[Hg]"),
        ("mg/g creatinine", "mg/g{creat}"),
        ("mL/min/1.73m2", "mL/min/{1.73_m2}"),
        ("% hemolysis", "%{hemolysis}"),
        ("copies/mL", "{copies}/mL"),
        ("deg F", "[degF]"),
        ("sec", "s"),
        ("", ""),
    ],
)
def test_a_written_unit_is_brought_to_ucum(written: str, code: str) -> None:
    assert ucum_code(written) == code


@pytest.mark.parametrize("code", ["mg/dL", "mmol/L", "m[IU]/L", "10*3/uL", "mm[Hg]", "mL/min/{1.73_m2}", "%", "fL"])
def test_what_is_ucum_already_stays_as_it_is(code: str) -> None:
    assert ucum_code(code) == code


def test_almost_equal_codes_have_one_skeleton() -> None:
    assert skeleton("[IU]/mL") == skeleton("iU/mL") != skeleton("U/mL")


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ("mg/dL", "mass/volume"),
        ("mmol/L", "substance/volume"),
        ("U/L", "activity/volume"),
        ("IU/mL", "arbitrary/volume"),
        ("K/uL", "number/volume"),
        ("#/lpf", "number/field"),
        ("g/24h", "mass/time"),
        ("mg/mmol", "mass/substance"),
        ("N/A|mg/L", "mass/volume"),
        ("furlong", ""),
    ],
)
def test_the_kinds_of_both_sides_say_what_a_unit_measures(unit: str, kind: str) -> None:
    assert measures(unit) == kind


def test_a_unit_allows_its_properties_and_no_others() -> None:
    assert "MCnc" in properties_for("g/L")
    assert "SCnc" not in properties_for("g/L")
    assert properties_for("") == frozenset()
