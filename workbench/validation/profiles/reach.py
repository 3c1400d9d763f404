"""Which fields of a segment a statement reads: what its answer depends on, and so under what it is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from workbench.validation.profiles.expressions import Counted, Expression, ProfilePath, SetNumber
from workbench.validation.profiles.model import Predicate, Statement


def paths_of(test: Expression) -> Iterator[ProfilePath]:
    """Every path of an expression, from the element it is attached to."""
    if isinstance(test, Counted):
        yield ProfilePath((*test.parent.steps, *test.element.steps))
        return
    for each in fields(test):
        value = getattr(test, each.name)
        if isinstance(value, ProfilePath):
            yield value
        else:
            for part in _parts(value):
                yield from paths_of(part)


def fields_of(rule: Statement | Predicate, dynamic: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    """The positions of a segment that decide the outcome of a statement attached to it.

    dynamic  for fields whose type others decide, the positions of those
    """
    found = {path.steps[0].place for path in (*paths_of(rule.test), rule.target) if path.steps}
    for position in tuple(found):
        found.update(dynamic.get(position, ()))
    return tuple(sorted(found))


def counts(test: Expression) -> bool:
    """True when the answer depends on the number of the element among its like."""
    return isinstance(test, SetNumber) or any(
        counts(part) for each in fields(test) for part in _parts(getattr(test, each.name))
    )


def _parts(value: object) -> tuple[Expression, ...]:
    values = value if isinstance(value, tuple) else (value,)
    return tuple(part for part in values if is_dataclass(part) and not isinstance(part, ProfilePath))  # type: ignore[misc]
