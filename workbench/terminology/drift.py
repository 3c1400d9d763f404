"""What a new version of a code system means for a code map: which rows must be looked at again, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from workbench.terminology.code_map import CodeMap
from workbench.terminology.codes import Concept

Find = Callable[[str], Concept | None]


class DriftKind(StrEnum):
    """What became of a target between two versions."""

    GONE = "gone"
    RETIRED = "retired"
    RESTORED = "restored"
    RENAMED = "renamed"
    REDEFINED = "redefined"


@dataclass(frozen=True, slots=True)
class Drift:
    """A row (0-based) whose target changed.

    before, after  what changed, in the release's words; for a retired code `after` names its replacements
    """

    row: int
    kind: DriftKind
    before: str
    after: str


def drift(code_map: CodeMap, old: Find, new: Find) -> tuple[Drift, ...]:
    """The rows whose targets are not what they were, in their order."""
    found: list[Drift] = []
    for number, row in enumerate(code_map.rows):
        if row.target is None:
            continue
        before, after = old(row.target.code), new(row.target.code)
        if before is not None and after is None:
            found.append(Drift(number, DriftKind.GONE, before.coding.display, ""))
        elif before is not None and after is not None:
            found += [Drift(number, *change) for change in _changes(before, after)]
    return tuple(found)


def _changes(before: Concept, after: Concept) -> Iterator[tuple[DriftKind, str, str]]:
    if after.retired and not before.retired:
        yield DriftKind.RETIRED, before.coding.display, ", ".join(after.replaced_by)
    elif before.retired and not after.retired:
        yield DriftKind.RESTORED, before.coding.display, after.coding.display
    if before.coding.display != after.coding.display:
        yield DriftKind.RENAMED, before.coding.display, after.coding.display
    changed = {name for name in _DEFINING if before.properties.get(name) != after.properties.get(name)}
    if changed:
        names = sorted(changed)
        yield (
            DriftKind.REDEFINED,
            "; ".join(f"{name} {before.properties.get(name, '')}" for name in names),
            "; ".join(f"{name} {after.properties.get(name, '')}" for name in names),
        )


_DEFINING = ("COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "TTY", "billable")
"""Properties that say what a code means; a change of one is more than another wording."""
