"""Conditions with a pattern: plain texts decide the plan, all others are read when the rule runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from workbench.mapping.engine.compile import CompiledMapping

RULES = (
    "  - {id: capital, from: PID-8, when: \"PID-8 matches '[A-Z]+'\", to: gender}\n"
    "  - {id: other, from: PID-8, when: \"not (PID-8 matches '[A-Z]+')\", to: language}\n"
    "  - {id: second, from: PID-8, when: \"PID-8.2 matches '[0-9]'\", to: 'name[a].text'}\n"
    "  - id: block\n    to: 'contact[a]'\n    rules:\n"
    "      - {id: inner, from: PID-8, when: \"PID-8 matches '.{2}'\", to: gender}\n"
)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("F", {"gender": "F"}),
        ("FM", {"gender": "FM", "contact": [{"gender": "FM"}]}),
        ("f", {"language": "f"}),
        ("F^7", {"gender": "F", "name": [{"text": "F"}]}),
        ("7", {"language": "7"}),
        ("fm^x", {"language": "fm", "contact": [{"gender": "fm"}]}),
        (r"\T\A", {"language": "&A", "contact": [{"gender": "&A"}]}),
        ("7&8", {"language": "7"}),
    ],
)
def test_each_text_is_asked_by_its_first_leaf(
    field: str,
    expected: dict[str, object],
    mapping_of: Callable[..., CompiledMapping],
    patient_of: Callable[..., dict[str, object]],
) -> None:
    mapping = mapping_of(RULES)
    for _ in range(3):  # the first run makes the plan
        assert patient_of(mapping, f"PID||||||||{field}") == expected
        assert patient_of(mapping, "PID||||||||Q") == {"gender": "Q"}
