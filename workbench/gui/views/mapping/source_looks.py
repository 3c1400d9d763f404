"""What the source tree says of a field: its value, how often the capture has it, what becomes of it. Qt-free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workbench.gui.marks import FATE_MARKS, Mark
from workbench.gui.models.nodes import NodeTree
from workbench.gui.views.mapping.end_look import EndLook
from workbench.gui.views.mapping.ends import above, plain_sources
from workbench.gui.views.mapping.reach import NO_REACH, Reach
from workbench.mapping.engine.ledger import CaptureLedger, Fate
from workbench.messages.tally import FieldTally, Tally

NO_RULE = Mark("circle-x", "fate.lost", "no rule reads it")
UNDECIDED = Mark("circle-dashed", "muted", "no rule reads it; it may be kept or ignored")

_WORST_FIRST = (Fate.LOST, Fate.PRESERVED, Fate.IGNORED, Fate.MAPPED)
_TOP_VALUES = 5


@dataclass
class _Field:
    values: list[str] = field(default_factory=list)
    fates: set[Fate] = field(default_factory=set)
    lost: int = 0
    seen: int = 0


def source_looks(
    tree: NodeTree,
    fates: Mapping[int, Fate],
    tally: Tally | None,
    ledger: CaptureLedger | None,
    masked: bool,
    read: frozenset[str],
    reach: Reach = NO_REACH,
) -> dict[str, EndLook]:
    """By plain path (`PID-5.1`).

    tree    the selected message, values masked already; fates by its node numbers
    ledger  what becomes of each field in the capture, or in a sample of it
    read    the ends that rules read; a field of the capture that is not among them stands out before a ledger is there
    reach   what else the package may take care of: such a field is undecided until a ledger tells
    """
    found: dict[str, _Field] = {}
    for number, node in enumerate(tree.nodes):
        path = next(iter(plain_sources(node.path)), "")
        if path:
            entry = found.setdefault(path, _Field())
            if number in fates:
                entry.fates.add(fates[number])
            if node.value and not node.label.startswith("[") and "-" in path:
                entry.values.append(node.value)
    for line in ledger.lines() if ledger is not None else ():
        path = line.field
        while path:
            entry = found.setdefault(path, _Field())
            entry.seen += line.values
            entry.lost += line.values if line.fate is Fate.LOST else 0
            if not entry.values:
                entry.fates.add(line.fate)
            path = above(path)
    counted = _counted(tally)
    for path in counted:
        found.setdefault(path, _Field())
    looks = {path: _look(path, entry, counted.get(path), tally, masked, read, reach) for path, entry in found.items()}
    looks.update(_segments(looks, tally, Counter(node.path[:3] for node in tree.nodes if node.parent < 0)))
    return looks


def fhir_looks(tree: NodeTree, fates: Mapping[int, Fate], kind: str, read: frozenset[str]) -> dict[str, EndLook]:
    """By plain path in a type (`name.family`): the values of its resources in a document, and what becomes of them."""
    found: dict[str, _Field] = {}
    for number, node in enumerate(tree.nodes):
        path = path_in(tree, number, kind)
        if path:
            entry = found.setdefault(path, _Field())
            if node.value:
                entry.values.append(node.value)
            if number in fates:
                entry.fates.add(fates[number])
    return {path: _look(path, entry, None, None, True, read, any_path=True) for path, entry in found.items()}


def path_in(tree: NodeTree, number: int, kind: str) -> str:
    """The plain path of a node in the resource of a type it stands in: `name.family`; "" elsewhere."""
    steps: list[str] = []
    while number >= 0:
        node = tree.nodes[number]
        if node.name:  # a resource is named by its type
            return ".".join(reversed(steps)) if node.name == kind else ""
        if not node.label.startswith("[") and not node.label.isdigit():
            steps.append(node.label)
        number = node.parent
    return ""


def _segments(looks: Mapping[str, EndLook], tally: Tally | None, here: Mapping[str, int]) -> dict[str, EndLook]:
    """Folded segments say how many of their fields go nowhere, and how often they stand in message and capture."""
    open_fields = dict.fromkeys((*here, *(tally.parts if tally is not None else ())), 0)
    for path, look in looks.items():
        if "-" in path and "." not in path:
            segment = path.partition("-")[0]
            is_open = look.mark is not None and look.mark.role == NO_RULE.role
            open_fields[segment] = open_fields.get(segment, 0) + is_open
    found = {}
    for segment, count in open_fields.items():
        seen = tally.parts.get(segment, 0) if tally is not None else 0
        mark = Mark(NO_RULE.icon, NO_RULE.role, f"{count} fields go nowhere") if count else None
        tip = f"{seen:,} segments in {tally.messages:,} messages" if tally is not None and seen else ""
        number = here.get(segment, 0)
        often = f"{number}×" if number else ""
        value = " · ".join(part for part in (often, f"{count} open" if count else "") if part)
        found[segment] = EndLook((value, f"{seen:,}×" if seen else ""), mark, tip, quiet=not number)
    return found


def _counted(tally: Tally | None) -> dict[str, FieldTally]:
    if tally is None:
        return {}
    return {f"{part}-{label}": counts for part, fields in tally.fields.items() for label, counts in fields.items()}


def _look(
    path: str,
    entry: _Field,
    counts: FieldTally | None,
    tally: Tally | None,
    masked: bool,
    read: frozenset[str],
    reach: Reach = NO_REACH,
    *,
    any_path: bool = False,
) -> EndLook:
    worst = next((fate for fate in _WORST_FIRST if fate in entry.fates), None)
    mark = FATE_MARKS[worst] if worst is not None and (any_path or "-" in path) else None
    if mark is None and counts is not None and path not in read:
        mark = UNDECIDED if reach.has(path) else NO_RULE
    value = entry.values[0] if entry.values else ""
    if len(entry.values) > 1:
        value += f"  (+{len(entry.values) - 1})"
    share, tip = "", []
    if counts is not None and tally is not None and tally.messages:
        share = _percent(counts.messages, tally.messages)
        tip.append(f"in {counts.messages:,} of {tally.messages:,} messages")
        if counts.values and not masked:
            tip.append(_top_values(counts))
    if entry.lost:
        tip.append(f"{entry.lost:,} of {entry.seen:,} values lost")
    here = bool(entry.values or entry.fates) if any_path else bool(entry.values)
    return EndLook((value, share), mark, "; ".join(tip), quiet=not here and counts is None and not entry.seen)


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole
    return f"{share:.0f} %" if share >= 1 or not part else "<1 %"


def _top_values(counts: FieldTally) -> str:
    most = sorted(counts.values.items(), key=lambda item: -item[1].count)[:_TOP_VALUES]
    words = ", ".join(f"{value.text} {seen.count:,}" for value, seen in most)
    more = len(counts.values) - len(most)
    return f"values: {words}" + (f" and {more:,} more" if more > 0 else "")


def segments_of(tree: NodeTree, tally: Tally | None, structure: Sequence[str]) -> tuple[str, ...]:
    """The segments to show: those of the message in its order, of the structure, then others of the capture."""
    names = dict.fromkeys(node.path[:3] for node in tree.nodes if node.parent < 0 and node.path)
    names.update(dict.fromkeys(structure))
    if tally is not None:
        names.update(dict.fromkeys(name for name in tally.fields if len(name) == 3))
    return tuple(names)


def extra_fields(tree: NodeTree, tally: Tally | None) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Field positions seen in the message or capture, by segment."""
    seen: dict[str, set[int]] = {}
    for node in tree.nodes:
        for path in plain_sources(node.path) if node.label.startswith(node.path[:3]) else ():
            segment, _, number = path.partition("-")
            if number.isdigit():
                seen.setdefault(segment, set()).add(int(number))
    for part, fields in tally.fields.items() if tally is not None else ():
        seen.setdefault(part, set()).update(int(label) for label in fields if label.isdigit())
    return tuple((name, tuple(sorted(numbers))) for name, numbers in sorted(seen.items()))
