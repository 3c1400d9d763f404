from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.v2.path import V2Path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("PID", V2Path("PID")),
        ("PID-3", V2Path("PID", 3)),
        ("PID-3[2].4.1", V2Path("PID", 3, 4, 1, repetition=2)),
        ("PID.3.1", V2Path("PID", 3, 1)),
        ("PID-3-1", V2Path("PID", 3, 1)),
        ("OBX[2]-5", V2Path("OBX", 5, occurrence=2)),
        ("ORDER_OBSERVATION/OBX-5", V2Path("OBX", 5, groups=("ORDER_OBSERVATION",))),
        ("/PATIENT/PID-3(1)-1", V2Path("PID", 3, 1, repetition=2, groups=("PATIENT",))),
        ("/.PID-3-1", V2Path("PID", 3, 1)),
        ("msg['PID']['PID.3']", V2Path("PID", 3)),
        ("msg['OBX'][1]['OBX.5'][0]['OBX.5.1']", V2Path("OBX", 5, 1, repetition=1, occurrence=2)),
    ],
)
def test_every_notation_is_read(text: str, path: V2Path) -> None:
    assert V2Path.parse(text) == path


@pytest.mark.parametrize("text", ["", "pid-3", "PID-", "PID-x", "PATIENT", "PID-3[0", "3.1"])
def test_what_is_no_path_is_refused_with_the_way_to_write_one(text: str) -> None:
    with pytest.raises(Refused, match=r"PID-3\[2\]\.1"):
        V2Path.parse(text)


numbers = st.integers(1, 99)


@given(
    st.sampled_from(["PID", "OBX", "ZP1"]),
    st.integers(0, 9),
    numbers,
    numbers,
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_our_own_notation_reads_back_as_itself(
    name: str, occurrence: int, field: int, repetition: int, component: int, subcomponent: int, _: int
) -> None:
    path = V2Path(name, field, component, subcomponent if component else 0, repetition, occurrence)
    assert V2Path.parse(str(path)) == path


def test_other_notations_name_the_same_place() -> None:
    path = V2Path.parse("PID-3[2].4.1")
    assert path.terser() == "/.PID-3(1)-4-1"
    assert path.mirth() == "msg['PID']['PID.3'][1]['PID.3.4']['PID.3.4.1']"
    assert V2Path.parse(path.terser()) == path
    assert V2Path.parse(path.mirth()) == path
    assert path.liquid() == "PID.3.Repeats[1].4.1.Value"
