"""The rules of a mapping package as a tree: message maps with rows, segment and type maps with rules and blocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from workbench.gui.models.nodes import Node, NodeTree
from workbench.mapping.edits import MESSAGES
from workbench.mapping.model import MessageMap, Package, Row, Rule, RuleMap

HEADS = ("From", "To", "By")


@dataclass(frozen=True, slots=True)
class RuleName:
    """A rule by its map and id; `rule` "" is the map itself. The map of a row is `messages/ADT_A01`."""

    map: str
    rule: str = ""

    @property
    def is_of_message_map(self) -> bool:
        return self.map.startswith(f"{MESSAGES}/")

    @property
    def map_name(self) -> str:
        """The name of the map without its folder."""
        return self.map.removeprefix(f"{MESSAGES}/")


Entry = Rule | Row
Map = RuleMap | MessageMap
Wanted = Callable[[RuleName, Entry], bool]


@dataclass(frozen=True)
class RuleTree:
    """A tree for `NodeTreeModel`; for each node the rule's name and the rule, None for a map."""

    tree: NodeTree
    names: tuple[RuleName, ...]
    numbers: dict[RuleName, int]
    entries: tuple[Entry | None, ...] = ()


def rule_tree(package: Package, wanted: Wanted) -> RuleTree:
    """The wanted rules with the maps and blocks they stand in; maps without a wanted rule are left out."""
    builder = _Builder(wanted)
    for name in sorted(package.messages):
        message_map = package.messages[name]
        builder.add_map(RuleName(f"{MESSAGES}/{name}"), ", ".join(message_map.triggers), message_map, message_map.rows)
    for rule_map in package.rule_maps():
        builder.add_map(RuleName(rule_map.name), rule_map.target, rule_map, rule_map.rules)
    return builder.made()


@dataclass
class _Builder:
    wanted: Wanted
    nodes: list[Node] = field(default_factory=list)
    names: list[RuleName] = field(default_factory=list)
    entries: list[Entry | None] = field(default_factory=list)
    children: dict[int, list[int]] = field(default_factory=lambda: {-1: []})

    def add_map(self, name: RuleName, target: str, content: Map, entries: tuple[Entry, ...]) -> None:
        number = self._add(content_label(name), target, content.title, name, None, -1)
        for entry in entries:
            self._entry(name.map, entry, number)
        if number == len(self.nodes) - 1 and (entries or not self._empty_wanted(name)):
            self._take_back()

    def _empty_wanted(self, name: RuleName) -> bool:
        """A map without rules is shown when an unnamed rule in it would be, so that it can be filled."""
        return self.wanted(name, Rule(""))

    def _entry(self, map_: str, entry: Entry, parent: int) -> None:
        name = RuleName(map_, entry.id)
        target = entry.target if isinstance(entry, Rule) else row_target(entry)
        number = self._add(source_text(entry), target, how(entry), name, entry, parent)
        for child in entry.children if isinstance(entry, Rule) else ():
            self._entry(map_, child, number)
        if number == len(self.nodes) - 1 and not self.wanted(name, entry):
            self._take_back()

    def _add(self, label: str, target: str, by: str, name: RuleName, entry: Entry | None, parent: int) -> int:
        number = len(self.nodes)
        siblings = self.children.setdefault(parent, [])
        path = f"{name.map}/{name.rule}" if name.rule else name.map
        self.nodes.append(Node(label, target, by, path, None, parent, len(siblings)))
        self.names.append(name)
        self.entries.append(entry)
        siblings.append(number)
        return number

    def _take_back(self) -> None:
        """Leave the last node out: nobody wants it and nothing wanted stands in it."""
        self.children[self.nodes.pop().parent].pop()
        self.names.pop()
        self.entries.pop()

    def made(self) -> RuleTree:
        numbers = {name: number for number, name in enumerate(self.names)}
        return RuleTree(NodeTree(tuple(self.nodes), self.children), tuple(self.names), numbers, tuple(self.entries))


def content_label(name: RuleName) -> str:
    return f"message {name.map_name}" if name.is_of_message_map else name.map


def entry_of(package: Package, name: RuleName) -> tuple[Map, Entry | None] | None:
    """The map and the rule or row of a name; the rule None for a map itself; None when there is no such thing."""
    found: Map | None
    found = package.messages.get(name.map_name) if name.is_of_message_map else package.rule_map(name.map)
    if found is None:
        return None
    if not name.rule:
        return found, None
    entry = found.row(name.rule) if isinstance(found, MessageMap) else found.rule(name.rule)
    return (found, entry) if entry is not None else None


def address(content: Map) -> str:
    """How edits name a map: `segments/PID-Patient`."""
    return f"{MESSAGES if isinstance(content, MessageMap) else content.kind}/{content.name}"


def source_text(entry: Entry) -> str:
    """Where a rule reads: `PID-5`, `PID-5.2 + PID-5.1`; a block or literal says its id."""
    return (entry.source if isinstance(entry, Row) else " + ".join(entry.source)) or entry.id


def row_target(row: Row) -> str:
    """What a row makes or fills: `Patient`, `→ patient`."""
    return row.make or (f"→ {row.fill}" if row.fill else "")


def how(entry: Entry) -> str:
    """In few words what a rule does with its value, and when."""
    return " · ".join(_row_words(entry) if isinstance(entry, Row) else _rule_words(entry))


def _row_words(row: Row) -> list[str]:
    parts = [*row.using]
    if row.instance:
        parts.append(f"as {row.instance}")
    if row.raises:
        parts.append(f"raises {row.raises.severity}")
    return [*parts, *_last_words(row)]


def _rule_words(rule: Rule) -> list[str]:
    parts = []
    if rule.using:
        parts.append(rule.using)
    if rule.codes:
        parts.append(f"codes {rule.codes}")
    if rule.literal is not None:
        parts.append(f"= {literal_text(rule.literal)}")
    if rule.make:
        parts.append(f"makes {rule.make}")
    if rule.reference:
        parts.append(f"refers to {rule.reference}")
    parts += [call.name for call in rule.transform]
    if rule.first_of:
        parts.append("first that writes")
    return [*parts, *_last_words(rule)]


def _last_words(entry: Entry) -> list[str]:
    parts = []
    if entry.when:
        parts.append(f"when {entry.when}")
    if not entry.enabled:
        parts.append("switched off")
    return parts


def literal_text(value: object) -> str:
    """A literal as JSON; a plain text without quotation marks."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
