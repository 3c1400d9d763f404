from __future__ import annotations

import pytest

from workbench.kernel.errors import Refused
from workbench.v2 import er7
from workbench.v2.query import compile_query

MESSAGE = er7.parse(
    b"MSH|^~\\&|L|B|C|D|20240102||ORU^R01|2|P|2.5\rPID|1||11~22||O'NEIL^ANN||19800103\r"
    b"OBX|1|NM|GLU^Glucose||5.40|mmol/L|||N\rOBX|2|NM|NA^Sodium||140|mmol/L\rPV1|1|I" + b"|" * 42 + b"202401021530\r"
)


@pytest.mark.parametrize(
    "question",
    [
        'PID-3.1 = "22"',
        "PID-3[1] = 11",
        "MSH-9.2 in (A01, R01)",
        "exists(OBX-5) and not exists(AL1)",
        "count(OBX) = 2",
        "count(OBX) >= 2 and count(PID-3) < 3",
        "OBX-5 > 100",
        "OBX-5 < 5.5",
        "PV1-44 >= 2024-01-01",
        "PV1-44 < 2024-01-02T16",
        "PID-7 <= 1980-01",
        "OBX-3.2 contains GLUC",
        'PID-5.1 matches "^O\'"',
        "text(sodium)",
        "PID-8 = M or (PID-3 = 11 and MSH-10 = 2)",
        "not PID-8 = M",
        "PID-3 != 11",
    ],
)
def test_a_question_that_holds_is_true(question: str) -> None:
    assert compile_query(question)(MESSAGE) is True


@pytest.mark.parametrize(
    "question",
    [
        "PID-3.1 = 33",
        "PID-3[1] = 22",
        "exists(AL1) or exists(PID-8)",
        "count(OBX) > 2",
        "OBX-5 > 140",
        "PID-5.1 > 3",
        "PV1-44 > 2024-01-02",
        "PV1-44 >= 2025-01-01",
        "PID-8 != M",
        "text(potassium)",
    ],
)
def test_a_question_that_does_not_hold_is_false(question: str) -> None:
    assert compile_query(question)(MESSAGE) is False


@pytest.mark.parametrize(
    ("question", "character"),
    [
        ("", 1),
        ("PID-3 =", 8),
        ("PID-3 == 1", 8),
        ("PID-3 = 1 and", 14),
        ("(PID-3 = 1", 11),
        ("PID-3 = 1)", 10),
        ("patient = 1", 1),
        ('PID-3 = "open', 8),
        ('PID-3 matches "("', 7),
        ("exists PID-3", 1),
    ],
)
def test_a_question_that_is_not_understood_says_where(question: str, character: int) -> None:
    with pytest.raises(Refused, match=f"at character {character}:"):
        compile_query(question)
