"""Functions on collections: existence, filtering, projection, subsetting, combining, the tree (N1, 5.1–5.4, 5.8)."""

from __future__ import annotations

from functools import cmp_to_key

from workbench.fhir.fhirpath import comparison
from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.faults import Fault
from workbench.fhir.fhirpath.navigation import all_children, descendants
from workbench.fhir.fhirpath.registry import Closure, function, integer_of, truth
from workbench.fhir.fhirpath.values import EMPTY, FALSE, TRUE, Items, Node

_MOST_REPEATS = 100_000


def _boolean(value: bool | None) -> Items:
    return EMPTY if value is None else TRUE if value else FALSE


@function("empty")
def _empty(env: Environment, items: Items) -> Items:
    return FALSE if items else TRUE


@function("exists", 0, 1, lazy=True)
def _exists(env: Environment, items: Items, criteria: Closure | None = None) -> Items:
    if criteria is None:
        return TRUE if items else FALSE
    outer = env.index
    try:
        for index, item in enumerate(items):
            env.index = index
            if truth(criteria(env, (item,))):
                return TRUE
    finally:
        env.index = outer
    return FALSE


@function("all", 1, lazy=True)
def _all(env: Environment, items: Items, criteria: Closure) -> Items:
    outer = env.index
    try:
        for index, item in enumerate(items):
            env.index = index
            if not truth(criteria(env, (item,))):
                return FALSE
    finally:
        env.index = outer
    return TRUE


@function("where", 1, lazy=True)
def _where(env: Environment, items: Items, criteria: Closure) -> Items:
    outer = env.index
    found: list[object] = []
    try:
        for index, item in enumerate(items):
            env.index = index
            if truth(criteria(env, (item,))):
                found.append(item)
    finally:
        env.index = outer
    return found


@function("select", 1, lazy=True)
def _select(env: Environment, items: Items, projection: Closure) -> Items:
    outer = env.index
    found: list[object] = []
    try:
        for index, item in enumerate(items):
            env.index = index
            found.extend(projection(env, (item,)))
    finally:
        env.index = outer
    return found


@function("repeat", 1, lazy=True)
def _repeat(env: Environment, items: Items, projection: Closure) -> Items:
    found: list[object] = []
    waiting: Items = items
    while waiting:
        produced = [each for item in waiting for each in projection(env, (item,))]
        # Nodes are made anew by each step, so a tree without loops needs no comparison.
        fresh = [each for each in produced if isinstance(each, Node) or not comparison.contains(found, each)]
        waiting = comparison.distinct(fresh) if any(not isinstance(each, Node) for each in fresh) else fresh
        found.extend(waiting)
        if len(found) > _MOST_REPEATS:
            raise Fault("repeat() does not come to an end")
    return found


@function("aggregate", 1, 2, lazy=True)
def _aggregate(env: Environment, items: Items, aggregator: Closure, first: Closure | None = None) -> Items:
    outer_index, outer_total = env.index, env.total
    total = first(env, items) if first is not None else EMPTY
    try:
        for index, item in enumerate(items):
            env.index, env.total = index, total
            total = aggregator(env, (item,))
    finally:
        env.index, env.total = outer_index, outer_total
    return total


@function("iif", 2, 3, lazy=True)
def _iif(env: Environment, items: Items, condition: Closure, then: Closure, otherwise: Closure | None = None) -> Items:
    if len(items) > 1:
        raise Fault(f"iif() needs a single item, and there are {len(items)}")
    outcome = condition(env, items)
    if len(outcome) > 1 or (outcome and not isinstance(getattr(outcome[0], "value", outcome[0]), bool)):
        raise Fault("The condition of iif() must be a truth value")
    if truth(outcome):
        return then(env, items)
    return otherwise(env, items) if otherwise is not None else EMPTY


@function("trace", 1, 2, lazy=True)
def _trace(env: Environment, items: Items, *_ignored: Closure) -> Items:
    """The input unchanged; values are not written to any log."""
    return items


@function("not")
def _not(env: Environment, items: Items) -> Items:
    value = truth(items)
    return EMPTY if value is None else _boolean(not value)


def _truths(items: Items) -> list[bool]:
    values = [getattr(item, "value", item) for item in items]
    if not all(isinstance(value, bool) for value in values):
        raise Fault("Truth values are needed")
    return [value is True for value in values]


@function("allTrue")
def _all_true(env: Environment, items: Items) -> Items:
    return _boolean(all(_truths(items)))


@function("anyTrue")
def _any_true(env: Environment, items: Items) -> Items:
    return _boolean(any(_truths(items)))


@function("allFalse")
def _all_false(env: Environment, items: Items) -> Items:
    return _boolean(not any(_truths(items)))


@function("anyFalse")
def _any_false(env: Environment, items: Items) -> Items:
    return _boolean(not all(_truths(items)))


@function("subsetOf", 1)
def _subset_of(env: Environment, items: Items, other: Items) -> Items:
    return _boolean(all(comparison.contains(other, item) for item in items))


@function("supersetOf", 1)
def _superset_of(env: Environment, items: Items, other: Items) -> Items:
    return _boolean(all(comparison.contains(items, item) for item in other))


@function("count")
def _count(env: Environment, items: Items) -> Items:
    return (len(items),)


@function("distinct")
def _distinct(env: Environment, items: Items) -> Items:
    return comparison.distinct(items)


@function("isDistinct")
def _is_distinct(env: Environment, items: Items) -> Items:
    return _boolean(len(comparison.distinct(items)) == len(items))


@function("single")
def _single(env: Environment, items: Items) -> Items:
    if len(items) > 1:
        raise Fault(f"single() needs one item, and there are {len(items)}")
    return items


@function("first")
def _first(env: Environment, items: Items) -> Items:
    return items[:1]


@function("last")
def _last(env: Environment, items: Items) -> Items:
    return items[-1:]


@function("tail")
def _tail(env: Environment, items: Items) -> Items:
    return items[1:]


@function("skip", 1)
def _skip(env: Environment, items: Items, number: Items) -> Items:
    return items[max(0, integer_of(number) or 0) :]


@function("take", 1)
def _take(env: Environment, items: Items, number: Items) -> Items:
    return items[: max(0, integer_of(number) or 0)]


@function("intersect", 1)
def _intersect(env: Environment, items: Items, other: Items) -> Items:
    return [item for item in comparison.distinct(items) if comparison.contains(other, item)]


@function("exclude", 1)
def _exclude(env: Environment, items: Items, other: Items) -> Items:
    return [item for item in items if not comparison.contains(other, item)]


@function("union", 1)
def _union(env: Environment, items: Items, other: Items) -> Items:
    return comparison.distinct([*items, *other])


@function("combine", 1)
def _combine(env: Environment, items: Items, other: Items) -> Items:
    return [*items, *other]


@function("children")
def _children(env: Environment, items: Items) -> Items:
    return [child for item in items if isinstance(item, Node) for child in all_children(item, env.model)]


@function("descendants")
def _descendants(env: Environment, items: Items) -> Items:
    return list(descendants(items, env.model))


@function("sort", 0, 9)
def _sort(env: Environment, items: Items, keys: list[tuple[Closure, bool]]) -> Items:
    """keys: closures with whether they turn the order around; without keys the items themselves are the key."""

    def compare(one: object, other: object) -> int:
        for closure, reverse in keys or [(_itself, False)]:
            left, right = closure(env, (one,)), closure(env, (other,))
            if not left or not right:
                if bool(left) != bool(right):
                    return 1 if left else -1  # empty comes first, in either direction
                continue
            order = comparison.order(left[:1], right[:1])
            if order:
                return -order if reverse else order
        return 0

    return sorted(items, key=cmp_to_key(compare))


def _itself(env: Environment, this: Items) -> Items:
    return this
