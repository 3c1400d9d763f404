"""Rules that some engines cannot carry are known by name before anything is exported."""

from __future__ import annotations

from collections.abc import Callable

from workbench.mapping.model import Package
from workbench.mapping.portability import not_portable


def test_rules_that_leave_the_portable_core_are_named(package_of: Callable[..., Package], sample: Package) -> None:
    package = package_of(
        {
            "segments/PID-Patient.yaml": "map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n"
            "  - {id: plain, from: PID-8, to: gender, transform: lower}\n"
            "  - id: block\n    when: PID-3 valued\n    rules:\n"
            "      - {id: number, from: PID-2, to: language, transform: [trim, number]}\n"
            "      - {id: pattern, from: PID-2, to: gender, when: \"PID-1 valued and not PID-2 matches '[0-9]'\"}\n"
        }
    )
    assert [(found.map, found.rule, found.why) for found in not_portable(package)] == [
        ("PID-Patient", "number", "the transform number"),
        ("PID-Patient", "pattern", "a pattern (matches)"),
    ]
    assert str(not_portable(package)[0].place) == "segments/PID-Patient.yaml:9:9"
    assert not_portable(sample) == ()
