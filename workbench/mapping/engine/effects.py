"""What a rule reads and writes, as far as that can be said without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
from workbench.mapping.engine.memory import depends_on_value_alone, plain_transforms
from workbench.mapping.fhir_target import TargetPath
from workbench.mapping.model import Package, Rule

STEADY_HEADER = frozenset({3, 4, 5, 6, 9, 11, 12})
"""Fields of MSH that tell feeds and kinds of messages apart, not messages."""


@dataclass(frozen=True)
class Effect:
    """Of a rule that reads only parts of its own segment or value, and writes only into its target and resources it
    makes; what it refers to is looked up when the message has been read.

    reads    numbers of the fields, or of the components
    header   numbers of fields of the message's MSH
    made     names of instances whose being there it asks for
    writes   keys of the target it may write or look at
    appends  keys of those to whose lists it only ever adds
    """

    reads: frozenset[int]
    header: frozenset[int] = frozenset()
    writes: frozenset[str] = frozenset()
    appends: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()

    def and_of(self, other: Effect) -> Effect:
        """The effect of both rules one after the other."""
        looked_at = (self.writes - self.appends) | (other.writes - other.appends)
        return Effect(
            reads=self.reads | other.reads,
            header=self.header | other.header,
            writes=self.writes | other.writes,
            appends=(self.appends | other.appends) - looked_at,
            made=self.made | other.made,
        )


def parts_read(rule: Rule, segment: str, package: Package, when: Condition | None) -> Effect | None:
    """The fields of the segment and the header, or the components of the value, that a rule and all below it read;
    None when it depends on anything else.

    segment  name; "" for a rule of a type map
    when     what of the rule's own condition is not known to hold
    """
    found: set[int] = set()
    header: set[int] = set()
    made: set[str] = set()
    if rule.raises or rule.target.startswith("../") or not plain_transforms(rule):
        return None
    if rule.using:
        used = package.types.get(rule.using)
        if used is None or not depends_on_value_alone(used.rules, package, (rule.using,)):
            return None
    for path in _paths(rule, when):
        if isinstance(path, Made):
            made.add(path.name)
            continue
        if path is None or not (_own(path, segment) or (segment and _of_header(path))):
            return None
        if path.in_value:
            found.update(() if segment else (path.component,))
        else:
            (found if path.name == segment else header).add(path.field)
    for child in rule.children:
        below = parts_read(child, segment, package, read_condition(child.when) if child.when else None)
        if below is None:
            return None
        found |= below.reads
        header |= below.header
        made |= below.made
    return Effect(frozenset(found), frozenset(header), made=frozenset(made))


def fields_compared(condition: Condition, segment: str) -> frozenset[int] | None:
    """The fields of a segment that a condition compares; None when it depends on anything else."""
    fields = set()
    for path in _compared(condition):
        if not isinstance(path, V2Path) or path.in_value or not _own(path, segment):
            return None
        fields.add(path.field)
    return frozenset(fields)


def fields_read(source: Alternatives, segment: str) -> frozenset[int] | None:
    """The fields of a segment that a source reads; None when it reads anything else."""
    paths = [path for path in source if not isinstance(path, Text)]
    own = [path.field for path in paths if not path.in_value and _own(path, segment)]
    return frozenset(own) if len(own) == len(paths) else None


def keys_written(path: TargetPath, shared: bool) -> tuple[frozenset[str], frozenset[str]]:
    """The keys of the target a path may write or look at, and those to whose lists it only ever adds.

    shared  the path leads through elements that other rules may write into
    """
    if path.up or not path.steps:
        return frozenset(), frozenset()
    first = path.steps[0]
    names = (first.element.name, *first.element.others)
    adds = first.element.repeats and not first.element.primitive and not first.label and not shared
    return (
        frozenset((*names, *(f"_{name}" for name in names))),
        frozenset((first.element.name,)) if adds else frozenset(),
    )


def _own(path: V2Path, segment: str) -> bool:
    filters = () if path.only is None else _compared(path.only)
    if not all(isinstance(inner, V2Path) and inner.in_value for inner in filters):
        return False
    if path.in_value:
        return True
    return bool(path.field) and path.name == segment and not path.groups and path.occurrence == UNSAID


def _of_header(path: V2Path) -> bool:
    """True for a field of the header that says the same in all messages of a kind."""
    return path.name == "MSH" and path.field in STEADY_HEADER and _own(path, "MSH")


def _paths(rule: Rule, when: Condition | None) -> Iterator[V2Path | Made | None]:
    """The paths a rule reads and the instances it asks for, those of the rules below it left out; None stands for
    another thing it asks."""
    for text in (*rule.source, *rule.accounts_for, *rule.identity):
        yield from (path for path in read_source(text) if not isinstance(path, Text))
    if when is not None:
        yield from _compared(when)


def _compared(condition: Condition) -> Iterable[V2Path | Made | None]:
    match condition:
        case Both(conditions) | Either(conditions):
            for part in conditions:
                yield from _compared(part)
        case Not(inner):
            yield from _compared(inner)
        case Check(operand=operand, path=path):
            yield None if operand is Operand.VERSION else path
        case Same():
            yield from condition.paths
        case Made():
            yield condition
