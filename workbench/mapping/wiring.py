"""A message map as a graph: what its rows make and fill, what refers to what, and what of it one message has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.mapping.engine.trace import TracedResult
from workbench.mapping.files import MESSAGES
from workbench.mapping.model import Group, Json, MessageMap, Package, Row, Rule
from workbench.mapping.overlay import effective, laid_over

BUNDLE = "bundle"
_SWEEPS = 6


@dataclass(frozen=True, slots=True)
class WiredRow:
    """A row and the map whose file it stands in, which may be one that is included: `messages/part-patient`."""

    map: str
    row: Row


@dataclass(frozen=True, slots=True)
class WiredNode:
    """The instances of one name.

    type    of the resource, of the first row that makes it; "Bundle" of the bundle itself
    rows    that make or fill it, in order
    group   whose repetitions make it, "" outside any
    inside  types of resources that its maps make on the way, such as Practitioner
    """

    name: str
    type: str
    rows: tuple[WiredRow, ...]
    group: str = ""
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WiredEdge:
    """A reference: the instances of `source` refer to those of `target` by an element.

    row, rule   what says so: a row's `link`, or with a rule a rule of a map the row uses (`OBX-Observation/focus`)
    """

    source: str
    target: str
    element: str
    row: WiredRow
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Wiring:
    """One message map with all that it includes; `loose` are rows that make and fill nothing (they raise)."""

    map: str
    nodes: tuple[WiredNode, ...]
    edges: tuple[WiredEdge, ...]
    groups: tuple[Group, ...]
    loose: tuple[WiredRow, ...] = ()

    def node(self, name: str) -> WiredNode | None:
        return next((node for node in self.nodes if node.name == name), None)


@dataclass(frozen=True, slots=True)
class MadeInstance:
    """One resource of a message's result: `segments` are those it was read from, `OBX[2]`."""

    name: str
    type: str
    url: str
    segments: tuple[str, ...]


@dataclass(frozen=True)
class Occurrence:
    """What one message has of a wiring."""

    instances: tuple[MadeInstance, ...]
    links: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def of(self, name: str) -> tuple[MadeInstance, ...]:
        return tuple(instance for instance in self.instances if instance.name == name)


def wire(package: Package, name: str) -> Wiring:
    """The graph of a message map.

    raises  Refused MAP-0107, MAP-0108: as `overlay.effective`; KeyError: the package has no such map
    """
    whole = effective(package)
    message_map = whole.messages[name]
    homes = _homes(laid_over(package), name)
    rows = [WiredRow(f"{MESSAGES}/{homes.get(row.id, name)}", row) for row in message_map.rows]
    nodes = _nodes(whole, message_map, rows)
    known = {node.name for node in nodes}
    edges = [edge for node in nodes for edge in _edges(whole, node) if edge.target in known]
    loose = tuple(wired for wired in rows if not wired.row.make and not wired.row.fill)
    return Wiring(name, nodes, tuple(edges), message_map.groups, loose)


def occurrence(traced: TracedResult) -> Occurrence:
    """What became of one message: its resources by name, the segments they were read from, and who refers to whom."""
    segments: dict[str, dict[str, None]] = {}
    for entry in traced.trace:
        url = entry.target.partition("#")[0].rpartition("/")[2]
        for place in entry.source:
            segments.setdefault(url, {})[place.path.partition("-")[0]] = None
    names = {url: name for name, url in traced.made}
    instances, links = [], Counter[tuple[str, str]]()
    entries = traced.bundle.get("entry")
    for item in entries if isinstance(entries, list) else []:
        url = str(item["fullUrl"])
        name, resource = names.get(url, ""), item["resource"]
        read = tuple(segments.get(url.removeprefix("urn:uuid:"), {}))
        instances.append(MadeInstance(name, str(resource["resourceType"]), url, read))
        links.update((name, names[reference]) for reference in _references(resource) if reference in names)
    return Occurrence(tuple(instances), dict(links))


def layers(names: Sequence[str], pairs: Collection[tuple[str, str]]) -> list[list[str]]:
    """Names in columns: what refers stands right of what it refers to; neighbours stand near each other.

    pairs  (who refers, to whom); those with a name that is not among `names` do not count, circles are cut
    """
    known = dict.fromkeys(names)
    targets: dict[str, list[str]] = {name: [] for name in known}
    for source, target in pairs:
        if source in known and target in known and source != target and target not in targets[source]:
            targets[source].append(target)
    depth: dict[str, int] = {}

    def deep(name: str, above: tuple[str, ...]) -> int:
        if name not in depth:
            below = [deep(each, (*above, name)) for each in targets[name] if each not in (*above, name)]
            depth[name] = 1 + max(below) if below else 0
        return depth[name]

    for name in known:
        deep(name, ())
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in known:
        columns[depth[name]].append(name)
    around = {name: {*targets[name], *(other for other in known if name in targets[other])} for name in known}
    for _ in range(_SWEEPS):
        place = {name: index / max(1, len(column) - 1) for column in columns for index, name in enumerate(column)}
        for column in columns:
            column.sort(key=lambda name: _mean([place[each] for each in around[name]], place[name]))
    return columns


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _homes(package: Package, name: str) -> dict[str, str]:
    """For each row of a map and what it includes, the map that says it; the outer one wins."""
    found: dict[str, str] = {}
    own = package.messages[name]
    for other in own.include:
        found |= _homes(package, other)
    return found | {row.id: name for row in own.rows}


def _nodes(package: Package, message_map: MessageMap, rows: Sequence[WiredRow]) -> tuple[WiredNode, ...]:
    found: dict[str, list[WiredRow]] = {}
    for wired in rows:
        name = wired.row.name if wired.row.make else wired.row.fill
        if name:
            found.setdefault(name, []).append(wired)
    groups = {group.name for group in message_map.groups}
    nodes = []
    for name, some in found.items():
        making = next((wired.row for wired in some if wired.row.make), None)
        head = making.source.partition("/")[0] if making is not None else ""
        kind = making.make if making is not None else "Bundle" if name == BUNDLE else ""
        inside = tuple(dict.fromkeys(rule.make for wired in some for rule in _rules(package, wired.row) if rule.make))
        nodes.append(WiredNode(name, kind, tuple(some), head if head in groups else "", inside))
    return tuple(nodes)


def _edges(package: Package, node: WiredNode) -> Iterator[WiredEdge]:
    for wired in node.rows:
        for element, target in wired.row.link.items():
            yield WiredEdge(node.name, target, element, wired)
        for name in wired.row.using:
            rule_map = package.segments.get(name)
            for rule in rule_map.walk() if rule_map is not None else ():
                if rule.reference:
                    yield WiredEdge(node.name, rule.reference, rule.target, wired, f"{name}/{rule.id}")


def _rules(package: Package, row: Row) -> Iterator[Rule]:
    for name in row.using:
        rule_map = package.segments.get(name)
        if rule_map is not None:
            yield from rule_map.walk()


def _references(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "reference" and isinstance(item, str):
                yield item
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
