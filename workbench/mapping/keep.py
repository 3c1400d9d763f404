"""Keeping values that no rule maps: as extensions of the instance a `keep` rule names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workbench.kernel.errors import Refused
from workbench.mapping.covering import Covering, Covers
from workbench.mapping.ledger import Leaf
from workbench.mapping.memory import places
from workbench.mapping.model import Json, LedgerRule
from workbench.mapping.running import (
    DELETED,
    KEPT,
    Again,
    Mark,
    Node,
    Note,
    Repeated,
    RuleName,
    Run,
    Written,
)
from workbench.mapping.scope import Resource, SegmentScope
from workbench.v2.er7 import HEADERS
from workbench.v2.escapes import unescape

KEPT_EXTENSION = "kept"
"""The short name in package.yaml of the extension that keeps values."""


def check_extension(covers: Covers, extensions: Mapping[str, str]) -> None:
    """raises  Refused MAP-0114: there are keep rules, and package.yaml names no extension for what they keep"""
    rule = covers.keep.first_rule()
    if rule is not None and KEPT_EXTENSION not in extensions:
        raise Refused(
            "MAP-0114",
            f"{rule.place}: rule {rule.id} keeps values, and package.yaml has no URL for them.",
            "Add extensions: {kept: https://…}.",
        )


def keep_the_rest(run: Run, covers: Covers, extensions: Mapping[str, str]) -> None:
    """Write every value that would be lost and that a keep rule covers, and trace it."""
    taken = _taken(run)
    covering = Covering(covers, run)
    for scope in run.laid_out.segments:
        if not covers.may_keep(scope.name):
            continue
        for leaf, raw in _left(run, scope, taken):
            rule = covering.kept(leaf) if covering.ignored(leaf) is None else None
            if rule is not None:
                _keep(run, scope, leaf, raw, rule, extensions)


def _keep(run: Run, scope: SegmentScope, leaf: Leaf, raw: str, rule: LedgerRule, extensions: Mapping[str, str]) -> None:
    holder = _holder(run, scope, rule)
    if holder is None:
        return
    there = holder.setdefault("extension", [])
    assert isinstance(there, list)
    _, field, repetition, component, subcomponent = leaf
    place = f"{scope.name}-{field}{f'[{repetition}]' if repetition > 1 else ''}.{component}"
    there.append(
        {
            "url": extensions[KEPT_EXTENSION],
            "extension": [
                {"url": "place", "valueString": f"{place}.{subcomponent}" if subcomponent > 1 else place},
                {"url": "value", "valueString": unescape(raw, run.delimiters)},
            ],
        }
    )
    if run.full and run.trace is not None:
        node = Node(raw, 3, scope, field, repetition, component, subcomponent)
        run.trace.append(Written(RuleName("keep", rule.id), (node,), False, holder, "extension", len(there) - 1, KEPT))


def _holder(run: Run, scope: SegmentScope, rule: LedgerRule) -> Resource | None:
    """The latest instance of the rule's name in scope, else the first of the bundle."""
    found = scope.find(rule.on) if rule.on else []
    if found:
        return found[-1].resource
    return run.order[0].resource if run.order else None


def _left(run: Run, scope: SegmentScope, taken: set[tuple[int, ...]]) -> list[tuple[Leaf, str]]:
    """Every populated value of a segment that was not taken, as it is written, MSH-1 and MSH-2 left out (as
    `ledger.leaves`)."""
    index, repetition, component, subcomponent = scope.index, run.repetition, run.component, run.subcomponent
    left: list[tuple[Leaf, str]] = []
    for number, text in enumerate(scope.segment.fields):
        if not text or number < (3 if scope.name in HEADERS else 1):
            continue
        if repetition in text or component in text or subcomponent in text:
            left += [
                (leaf, raw)
                for which, part in enumerate(text.split(repetition), 1)
                for place, piece in enumerate(part.split(component), 1)
                if piece
                for below, raw in enumerate(piece.split(subcomponent), 1)
                if raw and (leaf := (index, number, which, place, below)) not in taken
            ]
        elif (leaf := (index, number, 1, 1, 1)) not in taken:
            left.append((leaf, text))
    return [(leaf, raw) for leaf, raw in left if leaf[:4] not in taken and leaf[:3] not in taken]


def _taken(run: Run) -> set[tuple[int, ...]]:
    """The places whose values have reached the bundle: leaves, and repetitions or components taken whole."""
    dropped = {number for element in run.dropped for number in _objects(element)}
    taken: set[tuple[int, ...]] = set()
    all_arrived = not dropped and not run.aliases
    for note in run.trace or ():
        if isinstance(note, Mark):  # most are
            if all_arrived or _arrived(run, note.container, note.key, dropped):
                taken.add(note.leaf)
        elif all_arrived and isinstance(note, Again):
            place = note.place
            taken.update([place + leaf for leaf, _, _ in note.leaves])
        else:
            taken.update(_reached(run, note, dropped))
    return taken


def _reached(run: Run, note: Note, dropped: set[int]) -> Iterable[tuple[int, ...]]:
    """The places whose values have reached the bundle by what one note says."""
    if isinstance(note, Mark):
        return (note.leaf,) if _arrived(run, note.container, note.key, dropped) else ()
    if isinstance(note, Again):
        if id(note.element) not in run.aliases and id(note.element) not in dropped:  # nor is anything in it
            place = note.place
            return [place + leaf for leaf, _, _ in note.leaves]
        return [mark.leaf for mark in note.marks() if _arrived(run, mark.container, mark.key, dropped)]
    if isinstance(note, Repeated):
        place, depth = note.place, note.notes.depth
        trace = (run.trace or [])[note.notes.start : note.notes.stop]
        return [place + leaf[depth:] for each in trace for leaf in _reached(run, each, dropped)]
    if not note.outcome.written:
        return ()
    key = "" if note.item is not None else note.key
    if note.outcome is not DELETED and (note.container is None or not _arrived(run, note.container, key, dropped)):
        return ()
    return places(note)


def _arrived(run: Run, container: dict[str, Json], key: str, dropped: set[int]) -> bool:
    """True when what was written into an object is part of the result, be it through the one it was merged into."""
    aliases = run.aliases
    if id(container) not in aliases:
        return id(container) not in dropped
    value = container.get(key) if key else None
    while id(container) in aliases:
        container = aliases[id(container)][1]
        if key and container.get(key) != value:
            return False
    return id(container) not in dropped


def _objects(element: Json) -> set[int]:
    """The identities in memory of all objects of an element."""
    found: set[int] = set()
    waiting: list[Json] = [element]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found.add(id(value))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return found
