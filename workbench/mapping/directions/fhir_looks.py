"""What sources and conditions over FHIR look at, and what the keys of an object say of them beforehand."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.mapping.conditions import Both, Check, Condition, Either, Not, Operand, Relation, Same, Text
from workbench.mapping.directions.checks import number_test
from workbench.mapping.directions.fhir_paths import FhirAlternatives, FhirPath, FhirStep, StepKind, path_of
from workbench.mapping.directions.looks import NOTHING_SEEN, Looks, Reach, all_looks
from workbench.mapping.directions.plans import Known, May


def may_have(source: FhirAlternatives, joined: bool) -> May | None:
    """Whether an object with given keys can have values of a source; None when its keys do not tell.

    joined  one of several sources that become a text, where literal texts alone say nothing
    """
    needed = [_needed(one) for one in source if not (joined and isinstance(one, Text))]
    first = all_looks(looks for looks in needed if looks is not None)
    return (lambda keys: bool(first.among(keys))) if None not in needed else None


def looks_of_source(source: FhirAlternatives) -> Looks:
    return all_looks(NOTHING_SEEN if isinstance(one, Text) else looks_of_path(one) for one in source)


def _needed(alternative: FhirPath | Text) -> Looks | None:
    """The keys of which a path needs one in the value at hand; None where they do not tell."""
    if isinstance(alternative, Text) or alternative.start:
        return None
    first = _first_key(alternative.steps[0])
    return None if first.keys is None else first


def known(condition: Condition) -> Known:
    """What the keys of an object say of a condition."""
    match condition:
        case Both(conditions):
            all_of = [known(part) for part in conditions]
            return lambda keys: _least([known(keys) for known in all_of])
        case Either(conditions):
            any_of = [known(part) for part in conditions]
            return lambda keys: _inverse(_least([_inverse(known(keys)) for known in any_of]))
        case Not(inner):
            inverse = known(inner)
            return lambda keys: _inverse(inverse(keys))
        case Check():
            return _check(condition)
    return lambda keys: None


_INWARD = frozenset({StepKind.ELEMENT, StepKind.CHOICE, StepKind.EXTENSION, StepKind.THIS})
"""Steps that stay in the value at hand."""
_FOLLOWING = frozenset({StepKind.RESOLVE, StepKind.REFERRING, StepKind.TYPE})
"""Steps that stay in the document."""


def looks_of_path(path: FhirPath) -> Looks:
    start = Looks(Reach.DOCUMENT if path.start else Reach.VALUE, rows=frozenset({path.start} - {"", "bundle"}))
    if not path.start:
        start = _first_key(path.steps[0])
    found = [start]
    for step in path.steps:
        if step.kind not in _INWARD:
            found.append(Looks(Reach.DOCUMENT if step.kind in _FOLLOWING else Reach.AROUND))
        if step.only is not None:
            found.append(looks_of_condition(step.only).inside())
    return all_looks(found)


def _first_key(step: FhirStep) -> Looks:
    """Which keys of the value at hand the first step of a path looks at."""
    match step.kind:
        case StepKind.ELEMENT:
            return Looks(Reach.VALUE, frozenset({step.name, f"_{step.name}"}))
        case StepKind.CHOICE:
            return Looks(Reach.VALUE, stems=frozenset({step.name}))
        case StepKind.EXTENSION:
            return Looks(Reach.VALUE, frozenset({"extension"}))
        case StepKind.RESOLVE:
            return Looks(Reach.DOCUMENT, frozenset({"reference"}))
        case _:
            return Looks(Reach.VALUE, None)


def looks_of_condition(condition: Condition) -> Looks:
    match condition:
        case Both(conditions) | Either(conditions):
            return all_looks(map(looks_of_condition, conditions))
        case Not(inner):
            return looks_of_condition(inner)
        case Same():
            return all_looks(looks_of_path(path_of(path)) for path in condition.paths)
        case Check():
            if condition.operand is not Operand.VERSION:
                return looks_of_path(path_of(condition.path))
    return Looks(Reach.AROUND)


def _least(known: Sequence[bool | None]) -> bool | None:
    return False if False in known else None if None in known else True


def _inverse(known: bool | None) -> bool | None:
    return None if known is None else not known


def _check(check: Check) -> Known:
    """Of a check, what it says where nothing it asks for is there."""
    needed = None if check.operand is Operand.VERSION else _needed(path_of(check.path))
    if needed is None:
        return lambda keys: None
    absent = check.test is Relation.UNEQUAL
    if check.operand in (Operand.COUNT, Operand.LENGTH):
        absent = number_test(check.test, 0, int(check.values[0]))
    return lambda keys: None if needed.among(keys) else absent
