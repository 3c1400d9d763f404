"""The traced result of one message: for each value where it came from, for each source value where it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from workbench.kernel.issues import Issue
from workbench.kernel.location import Location
from workbench.mapping.engine.covering import Covering
from workbench.mapping.engine.ledger import Fate, Leaf, Ledger, LedgerEntry, leaf_of
from workbench.mapping.engine.retracing import write_out
from workbench.mapping.engine.running import DELETED, OCCUPIED, OMITTED, Node, Outcome, Run, Written
from workbench.mapping.engine.scope import Resource
from workbench.mapping.model import Json
from workbench.terminology.code_map import CodeMapRow

_REASONS = {OCCUPIED: "Another value was written first.", OMITTED: "The code has no map."}
_NO_RULE = "No rule takes it."


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One written value.

    source        where it was read; empty for literals and references
    target        `Patient/…#identifier[0].value`; "" when nothing was written
    code_map_row  that translated it
    outcome       `copied`, `translated`, `literal`, `default`, `reference`, `deleted`, `kept as text`, …
    note          what was assumed, such as the zone of a time
    """

    rule_id: str
    map_id: str
    source: tuple[Location, ...]
    target: str
    code_map_row: CodeMapRow | None
    outcome: str
    note: str = ""


class TracedResult:
    """What a message became and why. Trace and ledger are worked out when they are first asked for."""

    def __init__(self, bundle: Resource, run: Run, covering: Covering) -> None:
        self.bundle = bundle
        self.issues: tuple[Issue, ...] = tuple(run.issues)
        self._run = run
        self._covering = covering

    @property
    def made(self) -> tuple[tuple[str, str], ...]:
        """The resources of the bundle in order: the name of each instance, and its `fullUrl`."""
        return tuple((instance.name, instance.full_url) for instance in self._run.order)

    @property
    def sender(self) -> str:
        """The name by which code maps know who sent the message."""
        return self._run.sender

    @cached_property
    def _written(self) -> tuple[tuple[Written, Outcome, str], ...]:
        """Every traced write with its final outcome and place; what did not reach the bundle found its place taken."""
        paths = paths_of(self.bundle)
        aliases = self._run.aliases
        found = []
        for write in write_out(self._run):
            target = _target(write, paths, aliases)
            outcome = write.outcome
            if outcome.written and not target and outcome is not DELETED:
                outcome = OCCUPIED
            found.append((write, outcome, target if outcome.written else ""))
        return tuple(found)

    @cached_property
    def trace(self) -> tuple[TraceEntry, ...]:
        """Every write in the order it happened."""
        return tuple(
            TraceEntry(
                rule_id=write.rule.rule,
                map_id=write.rule.map,
                source=tuple(_location(node, write.whole) for node in write.nodes),
                target=target,
                code_map_row=write.row,
                outcome=outcome.text,
                note=write.note,
            )
            for write, outcome, target in self._written
        )

    @cached_property
    def ledger(self) -> Ledger:
        """The fate of every populated value."""
        message = self._run.message
        elements = [element for segment in message.segments for element in segment.leaves()]
        all_leaves = [leaf_of(element) for element in elements]
        taken = _by_leaf(self._written, all_leaves)
        entries = []
        for element, leaf in zip(elements, all_leaves, strict=True):
            writes = taken.get(leaf, [])
            kept = [write for write in writes if write[1].written]
            if kept:
                first = next((write for write in kept if write[1].preserved), kept[0])
                fate = Fate.PRESERVED if first[1].preserved else Fate.MAPPED
                targets = tuple(dict.fromkeys(target for _, _, target in kept if target))
                reason = first[1].text if first[1].preserved else first[0].note
                entries.append(LedgerEntry(element, fate, "/".join(first[0].rule), targets, reason))
                continue
            covered = self._covering.ignored(leaf)
            if covered is not None:
                entries.append(LedgerEntry(element, Fate.IGNORED, covered.id, (), covered.reason))
                continue
            reason = _REASONS.get(writes[0][1], _NO_RULE) if writes else _NO_RULE
            entries.append(LedgerEntry(element, Fate.LOST, "", (), reason))
        return Ledger(message, tuple(entries))


def paths_of(bundle: Resource) -> dict[int, str]:
    """The place of every object in a bundle, by its identity in memory."""
    paths: dict[int, str] = {id(bundle): "Bundle#"}
    entries = bundle.get("entry")
    for key, value in bundle.items():
        if key != "entry":
            _walk(value, f"Bundle#{key}", paths)
    for entry in entries if isinstance(entries, list) else []:
        resource, url = entry["resource"], str(entry["fullUrl"]).removeprefix("urn:uuid:")
        place = f"{resource['resourceType']}/{url}#"
        paths[id(resource)] = place
        for key, value in resource.items():
            _walk(value, f"{place}{key}", paths)
    return paths


def _walk(value: Json, path: str, paths: dict[int, str]) -> None:
    if isinstance(value, dict):
        paths[id(value)] = path
        for key, item in value.items():
            if isinstance(item, dict | list):
                _walk(item, f"{path}.{key}", paths)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                _walk(item, f"{path}[{index}]", paths)


def _target(
    write: Written, paths: Mapping[int, str], aliases: Mapping[int, tuple[dict[str, Json], dict[str, Json]]]
) -> str:
    """The place of a write in the bundle; "" when it did not get there."""
    container, value = write.container, None
    if container is None:
        return ""
    if write.key:
        value = container.get(write.key)
    while id(container) in aliases:
        container = aliases[id(container)][1]
        if write.key and write.item is None and container.get(write.key) != value:
            return ""
    path = paths.get(id(container))
    if path is None:
        return ""
    if not write.key:
        return path
    joint = "" if path.endswith("#") else "."
    number = "" if write.item is None else f"[{write.item}]"
    return f"{path}{joint}{write.key}{number}"


def _location(node: Node, whole: bool) -> Location:
    """Where a node stands; the value that was read of it, unless it was read whole."""
    segment = node.segment.segment
    place = (node.field, node.repetition, node.component, node.subcomponent)
    if not whole and node.level:
        return Location(segment.path(*place), segment.span(*_first_leaf(node)))
    return Location(segment.path(*place), segment.span(*place))


def _first_leaf(node: Node) -> tuple[int, int, int, int]:
    return (node.field, node.repetition, node.component or 1, node.subcomponent or 1)


def _by_leaf(
    written: Iterable[tuple[Written, Outcome, str]], all_leaves: Iterable[Leaf]
) -> dict[Leaf, list[tuple[Written, Outcome, str]]]:
    """The writes that took each leaf."""
    of_field: dict[tuple[int, int], list[Leaf]] = {}
    for leaf in all_leaves:
        of_field.setdefault(leaf[:2], []).append(leaf)
    found: dict[Leaf, list[tuple[Written, Outcome, str]]] = {}
    for item in written:
        write = item[0]
        for node in write.nodes:
            if node.level == 0:
                continue
            index = node.segment.index
            if write.whole and node.level < 3:
                place = (node.repetition, node.component)[: node.level]
                for leaf in of_field.get((index, node.field), ()):
                    if leaf[2 : 2 + node.level] == place:
                        found.setdefault(leaf, []).append(item)
            else:
                found.setdefault((index, *_first_leaf(node)), []).append(item)
    return found
