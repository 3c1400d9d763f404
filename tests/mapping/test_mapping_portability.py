"""Rules that some engines cannot carry are known by name before anything is exported."""

from __future__ import annotations

from collections.abc import Callable

from workbench.mapping.model import Package
from workbench.mapping.portability import engine_flags, not_portable


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


def test_engines_of_the_package_flag_the_rules_they_cannot_carry(package_of: Callable[..., Package]) -> None:
    files = {
        "segments/PID-Patient.yaml": "map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n"
        "  - {id: number, from: PID-2, to: language, transform: number}\n"
        "  - {id: plain, from: PID-8, to: gender, transform: lower}\n",
        "messages/ALL.yaml": "map: ALL\nrows:\n"
        "  - {id: row, from: PID, make: Patient, when: \"PID-2 matches '[0-9]'\"}\n",
    }
    found = engine_flags(package_of(files, "engines: [python, azure, rhapsody, nobody]\n"))
    assert [(flag.map, flag.rule, flag.engine) for flag in found] == [
        ("", "", "nobody"),
        ("messages/ALL", "row", "azure"),
    ]
    assert found[1].why == "azure cannot carry a pattern (matches)"
    found = engine_flags(package_of(files, "engines: [google]\n"))
    assert [(flag.map, flag.rule) for flag in found] == [("PID-Patient", "number"), ("messages/ALL", "row")]


def test_a_package_that_names_no_engines_has_no_flags(package_of: Callable[..., Package]) -> None:
    rules = "  - {id: number, from: PID-2, to: language, transform: number}\n"
    text = f"map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n{rules}"
    assert engine_flags(package_of({"segments/PID-Patient.yaml": text})) == ()


def test_engines_that_do_not_write_v2_are_flagged_for_the_whole_package(package_of: Callable[..., Package]) -> None:
    found = engine_flags(package_of({}, "direction: fhir-to-v2\nengines: [azure, python]\n"))
    assert [(flag.map, flag.engine, flag.why) for flag in found] == [
        ("", "azure", "azure cannot have FHIR as its source"),
        ("", "azure", "azure cannot have HL7 v2 as its target"),
    ]
