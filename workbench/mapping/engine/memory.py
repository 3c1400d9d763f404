"""Remembering what a type map makes of a value.

Hospitals, units, codes and doctors come again in message after message. A type map that reads nothing but its value
makes the same of the same text, so what was made the last time is copied. Runs that start afresh never look here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from workbench.mapping.conditions import (
    UNSAID,
    Alternatives,
    Both,
    Check,
    Condition,
    Either,
    Made,
    Not,
    Operand,
    Same,
    Text,
    V2Path,
    read_condition,
    read_source,
)
from workbench.mapping.engine.identity import merge, merge_into
from workbench.mapping.engine.leaves import leaves_with
from workbench.mapping.engine.retracing import given_since, note_again, notes_since
from workbench.mapping.engine.running import Frame, GivenAgain, Node, Recipe, Remembered, Run, number_of, place_number
from workbench.mapping.engine.scope import Instance, SegmentScope
from workbench.mapping.engine.template import Template
from workbench.mapping.model import Json, Package, Rule
from workbench.mapping.transforms import TRANSFORMS
from workbench.mapping.values import Converter, Misfit, Zone
from workbench.v2.delimiters import NULL

REMEMBERED_VALUES = 4096
"""Values kept for one use of a type map."""

RECONSIDERED_VALUES = 8192
"""Values after which a use that keeps none is tried again: another feed may have begun."""

FAIR_TRIAL = 64
"""Values from which on a use whose values hardly ever come again keeps no more of them."""

LONGEST_VALUE = 512
"""Longer texts hardly come twice."""

_OWN_KEYS = frozenset({"url", "resourceType"})
"""What an object that is new may hold already."""

_Kept = TypeVar("_Kept")

_NOTHING_SAID: Mapping[int, tuple[str, str]] = {}

Object = dict[str, Json]
Content = Callable[[Frame, Node, Object, Frame], int]
"""Writes what a node says into an object; the last frame is the one around the element."""


class Copied(NamedTuple):
    """What becomes of a part of a value that one rule copies, and that nothing else reads.

    key   of the element it goes to
    note  what a trace says of a text
    """

    key: str
    convert: Converter
    note: Callable[[str, Zone], str]


class Memory(Generic[_Kept]):
    """What one use of a map has made of values, and whether it is of use to keep more.

    passed  values that were not looked for because that is of no use
    """

    __slots__ = ("_hits", "_known", "_misses", "of_use", "passed")

    def __init__(self) -> None:
        self._known: dict[object, _Kept] = {}
        self._hits = self._misses = self.passed = 0
        self.of_use = True

    def get(self, key: object) -> _Kept | None:
        found = self._known.get(key)
        if found is not None:
            self._hits += 1
        else:
            self._misses += 1
            self.of_use = self._misses <= FAIR_TRIAL or self._misses <= 8 * self._hits
        return found

    def try_again(self) -> None:
        """Some thousand values were not looked for because that is of no use; another feed may have begun."""
        self._hits = self._misses = self.passed = 0
        self.of_use = True

    def keep(self, key: object, value: _Kept) -> None:
        if len(self._known) >= REMEMBERED_VALUES:
            self._known.clear()
        self._known[key] = value


def remembering(fill: Content, first: Callable[[], Copied | None]) -> Content:
    """`fill`, which depends on its value alone, with a memory.

    first  as in `FormMemory`
    """
    known: Memory[Remembered] = Memory()
    of_form = FormMemory(fill, first)

    def run(frame: Frame, node: Node, element: Object, around: Frame) -> int:
        state = frame.run
        if state.afresh or len(node.raw) > LONGEST_VALUE or (element and not element.keys() <= _OWN_KEYS):
            return fill(frame, node, element, around)
        if not known.of_use:
            known.passed += 1
            if known.passed >= RECONSIDERED_VALUES:
                known.try_again()
            return of_form.run(frame, node, element, around)
        key = (node.raw, node.level, state.context)
        there = known.get(key)
        if there is not None:
            return write_again(state, node, element, there, there.element.copy())
        written, there = recorded(fill, frame, node, element, around)
        if state.made is not None:
            state.made += (None,) if there is None else there.made
        if there is not None:
            known.keep(key, there)
        return written

    return run


def write_again(
    state: Run,
    node: Node,
    element: Object,
    there: Remembered,
    copied: Object,
    said: Mapping[int, tuple[str, str]] = _NOTHING_SAID,
) -> int:
    """Put what is remembered of a value into an element.

    copied  a copy of what was written
    said    as `running.Again.texts`
    """
    element.update(copied)
    first = len(state.copies)
    if there.made:
        make_again(state, node.segment, there.made)
    if there.notes:
        roots = (copied, *state.copies[first:])
        note_again(state, there.notes, roots, node.segment, node, element, texts=said)
    if state.made is not None:
        state.made += there.made
    if there.whole:
        state.whole = node
        give_again(state, node, there, state.awaited is node)
    else:
        state.whole = None
        give_again(state, node, there)
    return there.written


class FormMemory:
    """The memory of values whose first part is only copied, such as numbers of patients: what is remembered is told by
    what follows it, and the first part is put in.

    find  gives what becomes of the first part, None when more is done with it than to copy it
    """

    def __init__(self, fill: Content, find: Callable[[], Copied | None]) -> None:
        self._fill = fill
        self._first = lru_cache(maxsize=1)(find)
        self._known: Memory[Remembered] = Memory()

    def run(self, frame: Frame, node: Node, element: Object, around: Frame) -> int:
        first, known = self._first(), self._known
        if first is None or node.level > 2:
            return self._fill(frame, node, element, around)
        if not known.of_use:
            known.passed += 1
            if known.passed >= RECONSIDERED_VALUES:
                known.try_again()
            return self._fill(frame, node, element, around)
        state = frame.run
        text, separator, others = node.raw.partition(state.component if node.level == 1 else state.subcomponent)
        if text == NULL or state.escape in text or state.subcomponent in text:
            return self._fill(frame, node, element, around)
        key = (state.context, node.level, text != "", separator, others)
        there = known.get(key)
        if there is None:
            return self._learn(key, text, first, frame, node, element, around)
        copied = there.element.copy()
        if text:
            try:
                copied[first.key] = first.convert(text, state.zone)
            except Misfit:
                return self._fill(frame, node, element, around)
        said = _NOTHING_SAID if state.trace is None or not text else {1: (text, first.note(text, state.zone))}
        return write_again(state, node, element, there, copied, said)

    def _learn(
        self, key: object, text: str, first: Copied, frame: Frame, node: Node, element: Object, around: Frame
    ) -> int:
        state = frame.run
        written, there = recorded(self._fill, frame, node, element, around)
        if state.made is not None:
            state.made += (None,) if there is None else there.made
        if there is not None and (not text or there.element.element.get(first.key) == first.convert(text, state.zone)):
            self._known.keep(key, there)
        return written


def recorded(fill: Content, frame: Frame, node: Node, element: Object, around: Frame) -> tuple[int, Remembered | None]:
    """Run `fill` and note all it does; None when that is more than can be done again from memory."""
    state = frame.run
    traced, copies = len(state.trace or ()), len(state.copies)
    own, issues, given, dropped = set(element), len(state.issues), len(state.given), len(state.dropped)
    taken, outer = node.segment.taken, state.made
    inner: list[Recipe | None] = []
    leaves: set[int] = set()
    state.made = inner
    node.segment.taken = leaves
    written = fill(frame, node, element, around)
    node.segment.taken, state.made = taken, outer
    taken |= leaves
    made = all_made(state, inner)
    if len(state.issues) > issues or len(state.dropped) > dropped or made is None:
        return written, None
    notes = notes_since(state, traced, element, state.copies[copies:], node.segment)
    parts = given_since(state, given, node.segment)
    if notes is None or parts is None:
        return written, None
    base = number_of(node, True)
    return written, Remembered(
        written,
        Template({name: value for name, value in element.items() if name not in own}),
        tuple([leaf - base for leaf in leaves]),
        parts,
        made,
        notes,
        state.keeping and node.level == 1 and _all_in(state, node, leaves),
    )


def all_made(state: Run, recipes: Sequence[Recipe | None]) -> tuple[Recipe, ...] | None:
    """The recipes, in fast runs each once; None when one of the resources cannot be made from memory."""
    made = [recipe for recipe in recipes if recipe is not None]
    if len(made) < len(recipes):
        return None
    return tuple(made if state.trace is not None else {recipe.key: recipe for recipe in made}.values())


def _all_in(state: Run, node: Node, taken: set[int]) -> bool:
    """True when every populated leaf of a repetition of a field was taken by itself."""
    leaves = leaves_with(state.repetition, state.component, state.subcomponent).of(node.field, node.raw)
    offset = place_number(0, node.repetition - 1)
    return all(leaf + offset in taken for leaf in leaves)


def give_again(state: Run, node: Node, there: Remembered, whole: bool = False) -> None:
    """Note for another value what was noted for the one remembered; its leaves not when they are taken as a whole."""
    if there.leaves and not whole:
        base = number_of(node, True)
        node.segment.taken.update([base + leaf for leaf in there.leaves])
    if there.given.parts:
        state.given.append(GivenAgain(there.given, node.segment, node))


def make_again(state: Run, segment: SegmentScope, recipes: Iterable[Recipe]) -> None:
    """Make resources from memory, or find those of their identity, and make them known in a segment.

    Traced runs make and merge them each time, so that they can be found in what they were merged into.
    """
    same, by_identity, looked_up, traced = state.same, state.by_identity, state.looked_up, state.trace is not None
    for made in recipes:
        key = made.key
        asked = same.get(key)
        if asked is segment and not traced:
            continue  # it is known there already
        instance = by_identity.get(key[0])
        if asked is None or traced or instance is None:
            resource = made.resource.copy()
            if traced:
                state.copies.append(resource)
            if instance is None:
                instance = Instance(made.name, resource, key[0], made.full_url, made.write, made.search)
                by_identity[key[0]] = instance
                state.order.append(instance)
            elif asked is None:
                merge(state, instance.resource, resource)
            else:
                merge_into(state, instance.resource, resource)
        same[key] = segment
        if instance.name in looked_up:
            state.waiting.setdefault(instance.name, []).append((segment, instance))  # as `Run.make_known`


# --- what may be remembered ------------------------------------------------------------------------------------------


def depends_on_value_alone(rules: Iterable[Rule], package: Package, above: tuple[str, ...] = ()) -> bool:
    """True when rules read nothing but the value they are given, and write nothing but their element and resources
    made of parts of the value."""
    return all(_alone(rule, package, above) for rule in rules)


def only_of_value(sources: Iterable[str]) -> bool:
    """True when sources read nothing but the value at hand."""
    return all(_in_value(read_source(text)) for text in sources)


def only_of_feed(sources: Iterable[str]) -> bool:
    """True when sources read nothing but the value at hand and who sent the message, which the context tells."""
    return all(
        _in_value((one,)) or (isinstance(one, V2Path) and one.only is None and _says_who_sent(one))
        for text in sources
        for one in read_source(text)
    )


def _says_who_sent(path: V2Path) -> bool:
    return path.name == "MSH" and path.field in (3, 4) and not path.groups and path.occurrence == UNSAID


def _alone(rule: Rule, package: Package, above: tuple[str, ...]) -> bool:
    if rule.reference or rule.raises or rule.target.startswith("../"):
        return False
    if not only_of_value((*rule.source, *rule.accounts_for)) or not only_of_feed(rule.identity):
        return False
    if rule.when and not _condition_in_value(read_condition(rule.when)):
        return False
    if not plain_transforms(rule):
        return False
    if rule.using:
        used = package.types.get(rule.using)
        if used is None or rule.using in above:
            return False
        if not depends_on_value_alone(used.rules, package, (*above, rule.using)):
            return False
    return depends_on_value_alone(rule.children, package, above)


def plain_transforms(rule: Rule) -> bool:
    """True when the rule's transforms read nothing besides the text they are given."""
    known = [TRANSFORMS.get(call.name) for call in rule.transform]
    return not any(one is None or any(parameter.source for parameter in one.parameters) for one in known)


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
        case Same():
            return all(path.in_value for path in condition.paths)
        case Made():
            return False
