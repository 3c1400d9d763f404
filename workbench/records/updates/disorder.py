"""Whether the order in which messages come, or that they come again, changes a record without anybody being told."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workbench.fhir.json_tree import dumps
from workbench.kernel.issues import Severity
from workbench.records.updates.facets import FACETED
from workbench.records.updates.plan import Policy
from workbench.records.updates.planning import plan_update
from workbench.records.updates.record import Record, Resource, place_of
from workbench.records.updates.said import Said
from workbench.records.updates.sameness import EVENTS, content_of

MOST_HELD_BACK = 50
"""Of more messages than that only some are held back, because each is a trial of all of them."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The same messages in another way, and what came of it.

    name      `each twice`, `all again`, `3 last`, `shuffled 2`
    order     numbers of the messages as they were applied
    differs   the types of which the record says something else than after the given order
    findings  of these, how many say that something was left out or contradicted
    """

    name: str
    order: tuple[int, ...]
    differs: tuple[str, ...]
    findings: int

    @property
    def is_silent(self) -> bool:
        """True when the record differs and nothing says so."""
        return bool(self.differs) and not self.findings


def orders_of(count: int, shuffles: int, seed: int = 0) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each message twice, all again, each but the last held back to the end (of many, a selection), and shuffled; the
    same for one seed.
    """
    given = tuple(range(count))
    yield "each twice", tuple(number for number in given for _ in range(2))
    yield "all again", given + given
    for number in given[: -1 : max(1, count // MOST_HELD_BACK)]:
        yield f"{number + 1} last", (*given[:number], *given[number + 1 :], number)
    draw = random.Random(seed)
    for number in range(1, shuffles + 1):
        shuffled = list(given)
        draw.shuffle(shuffled)
        yield f"shuffled {number}", tuple(shuffled)


def disordered(
    said: Sequence[Said],
    policy: Policy,
    orders: Iterable[tuple[str, tuple[int, ...]]],
    record: Sequence[Resource] = (),
) -> Iterator[Trial]:
    """Apply the messages to the record in each order and compare with the order given."""
    expected, _ = _applied(said, policy, range(len(said)), record)
    for name, order in orders:
        found, findings = _applied(said, policy, order, record)
        kinds = {kind for kind, _ in (found - expected) | (expected - found)}
        yield Trial(name, order, tuple(sorted(kinds)), findings)


def _applied(
    said: Sequence[Said], policy: Policy, order: Iterable[int], record: Sequence[Resource]
) -> tuple[Counter[tuple[str, bytes]], int]:
    present, findings = Record(record), 0
    for number in order:
        plan = plan_update(said[number], present, policy)
        present.apply(plan.transaction)
        findings += sum(issue.severity is not Severity.INFORMATION for issue in plan.findings)
    return _state(present), findings


def _state(record: Record) -> Counter[tuple[str, bytes]]:
    """What a record says, whatever ids its resources have: types and contents, references by what they are about."""
    resources = [each for each in record.resources() if each["resourceType"] not in EVENTS]
    names = {place_of(each): _name(each) for each in resources}
    return Counter((str(each["resourceType"]), dumps(_told(content_of(each), names))) for each in resources)


def _name(resource: Resource) -> str:
    about = resource.get("identifier") or resource.get("code") or resource.get("name") or ""
    return f"{resource['resourceType']} {dumps(_told(about, {})).decode()}"


def _told(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, Mapping):
        return {
            key: _sorted(_told(item, names))
            if key in FACETED
            else _reference(item, names)
            if key == "reference"
            else _told(item, names)
            for key, item in sorted(value.items())
        }
    return [_told(item, names) for item in value] if isinstance(value, list) else value


def _reference(value: object, names: Mapping[str, str]) -> object:
    """References to what has a number or a name by that; ids that a record gave say nothing."""
    return names.get(value, value.partition("/")[0]) if isinstance(value, str) else value


def _sorted(value: object) -> object:
    return sorted(value, key=dumps) if isinstance(value, list) else value
