"""Remembering what a type map makes of a value.

Hospitals, units, codes and doctors come again in message after message. A type map that reads nothing but its value
makes the same of the same text, so fast runs copy what they made the last time. Traced runs never look here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from workbench.mapping.conditions import (
    Alternatives,
    Both,
    Check,
    Condition,
    Either,
    Made,
    Not,
    Operand,
    Text,
    read_condition,
    read_source,
)
from workbench.mapping.model import Json, Package, Rule
from workbench.mapping.running import DELETED, Again, Frame, Node, Note, Notes, Repeated, Run, Way, Written
from workbench.mapping.transforms import TRANSFORMS

REMEMBERED_VALUES = 4096
"""Values kept for one use of a type map."""

LONGEST_VALUE = 512
"""Longer texts hardly come twice."""

_OWN_KEYS = frozenset({"url", "resourceType"})
"""What an object that is new may hold already."""

Object = dict[str, Json]
Content = Callable[[Frame, Node, Object, Frame], int]
"""Writes what a node says into an object; the last frame is the one around the element."""


class _Remembered(msgspec.Struct, frozen=True):
    """What a value has become.

    leaves  places below the value, each with the way to the object its text is in and the key; only where values may
            be kept
    given   the maps that were given parts of the value: name, and the part
    """

    written: int
    element: Object
    leaves: tuple[tuple[tuple[int, ...], Way, str], ...]
    given: tuple[tuple[str, Node], ...]


def remembering(fill: Content) -> Content:
    """`fill`, which depends on its value alone, with a memory for fast runs."""
    known: dict[object, _Remembered] = {}

    def run(frame: Frame, node: Node, element: Object, around: Frame) -> int:
        state = frame.run
        if state.full or len(node.raw) > LONGEST_VALUE or not element.keys() <= _OWN_KEYS:
            return fill(frame, node, element, around)
        noting = state.trace is not None
        key = (node.raw, node.level, state.context)
        there = known.get(key)
        if there is not None:
            for name, value in there.element.items():
                element[name] = value if type(value) is str else _copy(value)
            if noting:
                _note(state, node, element, there)
            return there.written
        own, issues = set(element), len(state.issues)
        notes, given = len(state.trace or ()), len(state.given)
        written = fill(frame, node, element, around)
        if len(state.issues) == issues:
            if len(known) >= REMEMBERED_VALUES:
                known.clear()
            made = {name: _copy(value) for name, value in element.items() if name not in own}
            new = (state.trace or [])[notes:]
            depth = node.level + 2
            leaves = tuple((leaf[depth:], way, key_) for leaf, way, key_ in _leaves(new, element))
            known[key] = _Remembered(written, made, leaves, tuple(state.given[given:]))
        return written

    return run


def _note(state: Run, node: Node, element: Object, there: _Remembered) -> None:
    """Note for another value what was noted for the one remembered."""
    assert state.trace is not None  # the caller has looked
    if there.leaves:
        state.trace.append(Again(place_of(node), element, there.leaves))
    if there.given:
        _give_again(state, node, there.given)


def place_of(node: Node) -> tuple[int, ...]:
    """Segment, field, repetition, and component or subcomponent as far as the node's level goes."""
    if node.level == 1:
        return (node.segment.index, node.field, node.repetition)
    return (node.segment.index, node.field, node.repetition, node.component)[: node.level + 2]


def _give_again(state: Run, node: Node, given: Iterable[tuple[str, Node]]) -> None:
    segment, field, repetition = node.segment, node.field, node.repetition
    for name, part in given:
        component = part.component if node.level == 1 else node.component
        moved = Node(part.raw, part.level, segment, field, repetition, component, part.subcomponent)
        state.given.append((name, moved))


def notes_since(state: Run, notes: int, given: int, node: Node) -> Notes:
    """What has been noted of a node since the trace and `given` had so many entries."""
    return Notes(node.level + 2, notes, len(state.trace or ()), tuple(state.given[given:]))


def note_again(state: Run, node: Node, known: Notes) -> None:
    """Note of an equal value in the same message what was noted of the first."""
    assert state.trace is not None  # the caller has looked
    state.trace.append(Repeated(place_of(node), known))
    _give_again(state, node, known.given)


def places(note: Written) -> Iterator[tuple[int, ...]]:
    """The leaves a write took, or the places whose leaves it took all."""
    for node in note.nodes:
        place = (node.segment.index, node.field, node.repetition, node.component or 1, node.subcomponent or 1)
        yield place[: node.level + 2] if note.whole and node.level < 3 else place


def _leaves(notes: Iterable[Note], element: Object) -> Iterator[tuple[tuple[int, ...], Way, str]]:
    """The places whose texts have reached an object of the element, with the way to it and the key."""
    ways: dict[int, Way] = {}
    _walk(element, (), ways)
    for note in notes:
        assert not isinstance(note, Repeated)  # what makes resources is not remembered
        if isinstance(note, Written):
            if note.outcome.written:
                deleted = note.outcome is DELETED or note.container is None
                if not deleted and id(note.container) not in ways:
                    continue
                key = "" if deleted or note.item is not None else note.key
                way = () if deleted else ways[id(note.container)]
                for place in places(note):
                    yield place, way, key
            continue
        for mark in note.marks() if isinstance(note, Again) else (note,):
            if id(mark.container) in ways:
                yield mark.leaf, ways[id(mark.container)], mark.key


def _walk(value: Json, way: Way, ways: dict[int, Way]) -> None:
    if isinstance(value, dict):
        ways[id(value)] = way
        for name, item in value.items():
            _walk(item, (*way, name), ways)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _walk(item, (*way, number), ways)


def _copy(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: item if type(item) is str else _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [item if type(item) is str else _copy(item) for item in value]
    return value


# --- what may be remembered ------------------------------------------------------------------------------------------


def depends_on_value_alone(
    rules: Iterable[Rule], package: Package, above: tuple[str, ...] = (), *, may_make: bool = False
) -> bool:
    """True when rules read nothing but the value they are given, and write nothing but their element.

    may_make  they may make resources of parts of the value
    """
    return all(_alone(rule, package, above, may_make) for rule in rules)


def _alone(rule: Rule, package: Package, above: tuple[str, ...], may_make: bool) -> bool:
    if (rule.make and not may_make) or rule.reference or rule.raises or rule.target.startswith("../"):
        return False
    if not all(_in_value(read_source(text)) for text in (*rule.source, *rule.accounts_for, *rule.identity)):
        return False
    if rule.when and not _condition_in_value(read_condition(rule.when)):
        return False
    for call in rule.transform:
        transform = TRANSFORMS.get(call.name)
        if transform is None or any(parameter.source for parameter in transform.parameters):
            return False
    if rule.using:
        used = package.types.get(rule.using)
        if used is None or rule.using in above:
            return False
        if not depends_on_value_alone(used.rules, package, (*above, rule.using), may_make=may_make):
            return False
    return depends_on_value_alone(rule.children, package, above, may_make=may_make)


def _in_value(alternatives: Alternatives) -> bool:
    return all(isinstance(source, Text) or (source.in_value and source.only is None) for source in alternatives)


def _condition_in_value(condition: Condition) -> bool:
    match condition:
        case Both(conditions) | Either(conditions):
            return all(_condition_in_value(part) for part in conditions)
        case Not(inner):
            return _condition_in_value(inner)
        case Check(operand=operand, path=path):
            return operand is not Operand.VERSION and path is not None and path.in_value
        case Made():
            return False
