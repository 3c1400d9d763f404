"""Rules the way people think of them: this field goes to that element. What else it takes comes along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.fhir.definitions import definitions
from workbench.kernel.errors import Refused
from workbench.mapping.edits import AddRule, Edit, PutMap
from workbench.mapping.model import Direction, MapKind, MessageMap, Package, Row, Rule, RuleMap, RuleStatus
from workbench.mapping.origins import change_edits, own_map_edits, shown
from workbench.v2.dictionary import dictionary
from workbench.v2.er7 import Message
from workbench.v2.path import V2Path

MESSAGES = "messages"
_CODED_SOURCES = frozenset({"CE", "CWE", "CNE", "CF", "ID", "IS"})


@dataclass(frozen=True, slots=True)
class Drawn:
    """A rule as it was drawn from source to target, and all edits it takes; `map` is its address.

    also  what was made besides the rule, as words: `map PID-Patient`, `row patient`
    """

    map: str
    rule: Rule
    edits: tuple[Edit, ...]
    also: tuple[str, ...] = ()


def draw(
    package: Package,
    message: Message | None,
    source: str,
    type_name: str,
    target: str,
    prefer: Sequence[str] = (),
    using: str | None = None,
    read: str = "",
) -> Drawn:
    """A draft rule from a v2 field, or an element of a FHIR type, to an element of a type or a field.

    Without a segment map from the field's segment to that type one is made, with the row of the message map that
    uses it; without a message map for the message, that is made as well.

    prefer  names of maps, the likeliest first
    using   the type map; None: one that turns the field's type into the element's, if there is one
    read    the FHIR type the source is an element of, "" for HL7 v2

    raises  Refused APP-0050: the source names no field; APP-0051: no map joins the two, and none can be made
    """
    whole = shown(package)
    path = V2Path.read(source) if not read else None
    if read:
        return _in_map_of(package, whole, read, source, type_name, target, prefer, using)
    if path is None or not path.segment:
        return _in_type_map(package, whole, source, type_name, target, using)
    version = message.version if message is not None else whole.header.source.version
    found = _fitting(whole.segments, path.segment, type_name, prefer)
    taken = frozenset(rule.id for rule in found.walk()) if found is not None else frozenset()
    rule = _rule(whole, source, target, taken, using, _source_type(version, path), _target_type(type_name, target))
    if found is not None:
        where = f"{MapKind.SEGMENT}/{found.name}"
        edits: tuple[Edit, ...] = (*own_map_edits(package, where), AddRule(where, rule))
        return Drawn(where, rule, edits)
    if whole.header.direction is not Direction.V2_TO_FHIR:
        raise _no_way(path.segment, type_name)
    name = free_id(f"{path.segment}-{type_name}", {*whole.segments, *whole.types})
    where = f"{MapKind.SEGMENT}/{name}"
    made = RuleMap(MapKind.SEGMENT, name, path.segment, type_name, rules=(rule,))
    rows, also = _row_edits(package, whole, message, path.segment, type_name, name)
    return Drawn(where, rule, (PutMap(where, made), *rows), (f"map {name}", *also))


def _in_map_of(
    package: Package,
    whole: Package,
    read: str,
    source: str,
    type_name: str,
    target: str,
    prefer: Sequence[str],
    using: str | None,
) -> Drawn:
    """A rule in the map from a FHIR type to another type or a segment; the map must be there."""
    found = _fitting({**whole.segments, **whole.types}, read, type_name, prefer)
    if found is None:
        raise _no_way(read, type_name)
    where = f"{found.kind}/{found.name}"
    taken = frozenset(rule.id for rule in found.walk())
    wanted = _target_type(type_name, target)
    rule = _rule(whole, source, target, taken, using, _target_type(read, source), wanted)
    return Drawn(where, rule, (*own_map_edits(package, where), AddRule(where, rule)))


def _no_way(read: str, type_name: str) -> Refused:
    return Refused(
        "APP-0051",
        f"No map leads from {read} to {type_name}.",
        "Make a segment map that does, and a row of the message map that uses it; then draw the rule.",
    )


def _in_type_map(
    package: Package, whole: Package, source: str, type_name: str, target: str, using: str | None
) -> Drawn:
    """A rule of a type map: the source is a part of its value, `CX.1`."""
    kind = source.partition(".")[0]
    found = _fitting(whole.types, kind, type_name, ())
    if found is None:
        raise Refused("APP-0050", f"{source} is no field.", "Choose a field of a segment, such as PID-5.")
    where = f"{MapKind.TYPE}/{found.name}"
    rule = _rule(
        whole, source, target, frozenset(rule.id for rule in found.walk()), using, "", _target_type(type_name, target)
    )
    return Drawn(where, rule, (*own_map_edits(package, where), AddRule(where, rule)))


def _fitting(maps: Mapping[str, RuleMap], source: str, target: str, prefer: Sequence[str]) -> RuleMap | None:
    found = [each for each in maps.values() if each.source == source and each.target == target]
    order = {name: number for number, name in enumerate(prefer)}
    return min(found, key=lambda each: (order.get(each.name, len(order)), each.name), default=None)


def _rule(
    whole: Package, source: str, target: str, taken: frozenset[str], using: str | None, kind: str, wanted: str
) -> Rule:
    if using is None:
        using = _type_map(whole, kind, wanted)
    return Rule(free_id(new_id(target, source), taken), (source,), target, using=using, status=RuleStatus.DRAFT)


def _type_map(whole: Package, kind: str, wanted: str) -> str:
    """The type map from one type to the other; "" when there is none, or none is needed."""
    found = sorted(name for name, each in whole.types.items() if each.source == kind and each.target == wanted)
    if not found and kind in _CODED_SOURCES:
        found = sorted(name for name, each in whole.types.items() if each.source == "CWE" and each.target == wanted)
    usual = f"{kind}-{wanted}"
    return usual if usual in found else found[0] if found else ""


def _source_type(version: str, path: V2Path) -> str:
    known = dictionary(version)
    field = known.field(path.segment, path.field) if path.field else None
    kind = field.data_type if field is not None else ""
    for number in (path.component, path.subcomponent):
        definition = known.data_type(kind) if number else None
        if definition is not None:
            kind = definition.components[number - 1].data_type if number <= len(definition.components) else ""
    return kind


def _target_type(type_name: str, target: str) -> str:
    """The data type of an element: `Patient`, `name` → `HumanName`; "" when it has several, or there is none."""
    place = V2Path.read(target)
    if place is not None and place.segment == type_name:
        return _source_type("2.5.1", place)
    known = definitions()
    plain = ".".join(step.partition("[")[0].partition("(")[0] for step in target.split("."))
    element = known.element(f"{type_name}.{plain}") if known.type_definition(type_name) is not None else None
    if element is None:
        return ""
    if not element.name.endswith("[x]"):
        return element.types[0].code if len(element.types) == 1 else ""
    last = plain.rpartition(".")[2]
    return next((kind.code for kind, name in zip(element.types, element.json_names(), strict=True) if name == last), "")


def _row_edits(
    package: Package, whole: Package, message: Message | None, segment: str, type_name: str, map_name: str
) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """What makes the message map use a new segment map."""
    event = f"{message.message_code}^{message.trigger_event}" if message is not None else "*"
    found = _message_map(whole, event, message.structure_id if message is not None else "")
    if found is None:
        return _new_message_map(whole, event, segment, type_name, map_name)
    holder, row = _row_making(whole, found, segment, type_name)
    where = f"{MESSAGES}/{holder.name}"
    if row is not None:
        return change_edits(package, where, row.id, replace(row, using=(*row.using, map_name))), (f"in row {row.id}",)
    ids = frozenset(each.id for each in holder.rows)
    made = Row(free_id(type_name.lower(), ids), segment, make=type_name, using=(map_name,), status=RuleStatus.DRAFT)
    return (*own_map_edits(package, where), AddRule(where, made)), (f"row {made.id}",)


def _new_message_map(
    whole: Package, event: str, segment: str, type_name: str, map_name: str
) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    code = event.partition("^")[0]
    name = free_id("ANY" if code == "*" else code, frozenset(whole.messages))
    row = Row(type_name.lower(), segment, make=type_name, using=(map_name,), status=RuleStatus.DRAFT)
    made = MessageMap(name, triggers=("*" if code == "*" else f"{code}^*",), rows=(row,))
    return (PutMap(f"{MESSAGES}/{name}", made),), (f"message map {name}", f"row {row.id}")


def _message_map(whole: Package, event: str, structure: str) -> MessageMap | None:
    """As `CompiledMapping.map_for`, of a package that may not compile."""
    code = event.partition("^")[0]
    for wanted in (event, f"{code}^*", "*"):
        for each in whole.messages.values():
            if wanted in each.triggers or (wanted == event and structure and structure in each.structures):
                return each
    return None


def _row_making(whole: Package, found: MessageMap, segment: str, type_name: str) -> tuple[MessageMap, Row | None]:
    """The row of a map, or of one it includes, that makes the type of the segment, with the map it stands in."""
    pending = [found]
    while pending:
        each = pending.pop(0)
        for row in each.rows:
            if row.make == type_name and row.source.rpartition("/")[2] == segment:
                return each, row
        pending += [whole.messages[name] for name in each.include if name in whole.messages]
    return found, None


def new_id(target: str, source: str) -> str:
    """A readable id: `PID-8`, `gender` → `pid-8-gender`."""
    words = [part for part in (source.lower().split("|")[0].strip(), target.split(".")[0]) if part]
    return "-".join("".join(c if c.isalnum() else "-" for c in word).strip("-") for word in words) or "rule"


def free_id(wanted: str, taken: frozenset[str] | set[str]) -> str:
    """The id wanted, or with the first number behind it that is free."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name
