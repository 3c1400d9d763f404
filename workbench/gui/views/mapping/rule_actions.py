"""What a person does to rules and rows: every action is one edit of the document, so that one undo takes it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from workbench.app.operations.authoring import Drawn, draw
from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.models.rule_tree import Entry, Map, RuleName, address, entry_of
from workbench.gui.views.mapping.selection import Selection
from workbench.kernel.errors import Refused
from workbench.mapping.composing import duplicate_edits, need_name, rename_row_edits, switch_edits
from workbench.mapping.edits import AddRule, ChangeRule, Edit, MoveRule, RemoveRule, from_json, to_json
from workbench.mapping.model import MessageMap, Package, Row, Rule, RuleMap, RuleStatus
from workbench.mapping.origins import change_edits, own_map_edits, remove_edits, site_edits
from workbench.v2.er7 import Message

Edits = Callable[[Package], tuple[Edit, ...]]


class RuleActions:
    """The actions on the selected rule; `select` brings a rule into view after it was made."""

    def __init__(
        self, bench: Bench, desk: MappingDesk, selection: Selection, select: Callable[[RuleName], None]
    ) -> None:
        self._bench, self._desk, self._selection, self._select = bench, desk, selection, select

    def commands(self) -> Mapping[str, Callable[[], object]]:
        """By command id."""
        return {
            "mapping.remove_rule": self.remove,
            "mapping.approve_rule": self.approve,
            "mapping.duplicate_rule": self.duplicate,
            "mapping.switch_rule": self.switch,
            "mapping.rule_up": lambda: self.move(-1),
            "mapping.rule_down": lambda: self.move(1),
            "mapping.group_rule": self.group,
            "mapping.ungroup_rule": self.ungroup,
            "mapping.add_row": self.add_row,
        }

    def selected(self) -> tuple[Map, Entry] | None:
        """The selected rule or row with its map, None when there is none."""
        package, name = self._desk.shown, self._selection.rule
        found = entry_of(package, name) if package is not None and name.rule else None
        return (found[0], found[1]) if found is not None and found[1] is not None else None

    def _apply(self, edits: Edits, label: str, merge: str = "") -> bool:
        package = self._desk.package
        if package is None:
            return False
        try:
            made = and_no_empty_blocks(package, edits(package))
        except Refused as refusal:
            self._bench.report(refusal)
            return False
        return self._desk.apply_all(made, label, merge)

    def change(self, entry: Entry, field: str = "") -> bool:
        """Put a changed rule in the place of the selected one; changes of one field in a row are one step.

        raises  Refused MAP-0102: the rule would say too little to be written to a file
        """
        found = self.selected()
        if found is None:
            return False
        where, before = address(found[0]), found[1]
        from_json(to_json(ChangeRule(where, before.id, entry)))
        merge = f"{where}/{before.id}/{field}" if field not in ("", "enabled", "status") else ""
        return self._apply(
            lambda package: change_edits(package, where, before.id, entry),
            f"Change {field or 'rule'} of {entry.id}",
            merge,
        )

    def add(self, rule_map: RuleMap, rule: Rule) -> bool:
        """Add a rule at the end of a map and select it."""
        where = address(rule_map)
        done = self._apply(lambda package: (*own_map_edits(package, where), AddRule(where, rule)), f"Add {rule.id}")
        if done:
            self._select(RuleName(rule_map.name, rule.id))
        return done

    def draw(self, source: str, type_name: str, target: str, prefer: Sequence[str] = (), read: str = "") -> bool:
        """Join two ends by a new rule, and select it; `read` is the FHIR type the source is an element of."""
        drawn: list[Drawn] = []
        document = self._bench.document
        message = document if isinstance(document, Message) else None

        def edits(package: Package) -> tuple[Edit, ...]:
            drawn.append(draw(package, message, source, type_name, target, prefer, read=read))
            return drawn[0].edits

        if not self._apply(edits, f"Map {source} to {type_name}.{target}"):
            return False
        also = f", with {', '.join(drawn[0].also)}" if drawn[0].also else ""
        self._bench.say(f"{drawn[0].rule.id} added to {drawn[0].map.partition('/')[2]}{also}")
        self._select(RuleName(drawn[0].map.partition("/")[2], drawn[0].rule.id))
        return True

    def approve(self) -> None:
        """Mark the selected rule as approved."""
        found = self.selected()
        if found is not None:
            self.change(replace(found[1], status=RuleStatus.APPROVED), "status")

    def remove(self) -> None:
        """Take the selected rule out; undo brings it back."""
        found = self.selected()
        if found is None:
            return
        where, entry = address(found[0]), found[1]
        after = _neighbour(found[0], entry.id)
        if self._apply(lambda package: remove_edits(package, where, entry.id), f"Remove {entry.id}"):
            self._select(RuleName(self._selection.rule.map, after) if after else RuleName(""))

    def rename(self, wanted: str) -> None:
        """Give the selected rule or row another id; rows that name it follow."""
        found = self.selected()
        if found is None:
            return
        where, entry, name = address(found[0]), found[1], self._selection.rule

        def edits(package: Package) -> tuple[Edit, ...]:
            need_name(wanted)
            if isinstance(entry, Row):
                return rename_row_edits(package, where, entry.id, wanted)
            return site_edits(package, ChangeRule(where, entry.id, replace(entry, id=wanted)))

        if self._apply(edits, f"Rename {entry.id} to {wanted}"):
            self._select(RuleName(name.map, wanted))

    def duplicate(self) -> None:
        """Put a copy behind the selected rule and select it."""
        found = self.selected()
        if found is None:
            return
        where = address(found[0])
        before = {each.id for each in _entries(found[0])}
        if self._apply(lambda package: duplicate_edits(package, where, found[1].id), f"Duplicate {found[1].id}"):
            package = self._desk.shown
            now = entry_of(package, RuleName(self._selection.rule.map)) if package is not None else None
            new = next((each.id for each in _entries(now[0]) if each.id not in before), "") if now is not None else ""
            self._select(RuleName(self._selection.rule.map, new or found[1].id))

    def switch(self) -> None:
        """Switch the selected rule off, or on again."""
        found = self.selected()
        if found is not None:
            where, entry = address(found[0]), found[1]
            word = "off" if entry.enabled else "on"
            self._apply(
                lambda package: switch_edits(package, where, entry.id, not entry.enabled), f"Switch {entry.id} {word}"
            )

    def move(self, by: int) -> None:
        """Move the selected rule up (-1) or down (1) among its neighbours, and at the edge of a block out of it."""
        found = self.selected()
        if found is None:
            return
        where, entry = address(found[0]), found[1]
        parent, index, siblings = _place(found[0], entry.id)
        if 0 <= index + by < len(siblings):
            edit = MoveRule(where, entry.id, parent, index + by)
        elif parent:
            above, at, _ = _place(found[0], parent)
            edit = MoveRule(where, entry.id, above, at + (1 if by > 0 else 0))
        else:
            return
        self._apply(lambda package: site_edits(package, edit), f"Move {entry.id} {'down' if by > 0 else 'up'}")

    def group(self) -> None:
        """Put the selected rule into a block of its own; others are moved there with the keys for moving."""
        found = self.selected()
        if found is None or isinstance(found[0], MessageMap) or not isinstance(found[1], Rule):
            return
        where, entry = address(found[0]), found[1]
        before = _place(found[0], entry.id)
        above = before[2][before[1] - 1] if before[1] else None
        if isinstance(above, Rule) and above.children:
            edit: Edit = MoveRule(where, entry.id, above.id)
        else:
            block = Rule(_free(f"{entry.id}-group", found[0]), rules=(entry,))
            edit = ChangeRule(where, entry.id, block)
        self._apply(lambda package: site_edits(package, edit), f"Group {entry.id}")

    def ungroup(self) -> None:
        """Take the selected rule out of its block; a block that is left empty goes."""
        found = self.selected()
        if found is None:
            return
        where, entry = address(found[0]), found[1]
        parent, _, siblings = _place(found[0], entry.id)
        if not parent:
            self._bench.say(f"{entry.id} stands in no block.")
            return
        above, at, _ = _place(found[0], parent)
        edits: tuple[Edit, ...] = (MoveRule(where, entry.id, above, at + 1),)
        block = _entry(found[0], parent)
        if len(siblings) == 1 and isinstance(block, Rule) and not block.target:
            edits = (ChangeRule(where, parent, entry),)
        self._apply(
            lambda package: tuple(own for edit in edits for own in site_edits(package, edit)),
            f"Take {entry.id} out of its block",
        )

    def add_row(self) -> None:
        """A new row, switched off at first, in the selected message map or the one of the selected message."""
        package, name = self._desk.shown, self._selection.rule
        if package is None:
            return
        found = entry_of(package, RuleName(name.map)) if name.is_of_message_map else None
        content = found[0] if found is not None else self._map_of_message(package)
        if not isinstance(content, MessageMap):
            self._bench.say("Select a message map or a message that has one.")
            return
        where = address(content)
        document = self._bench.document
        segment = document.segments[-1].name if isinstance(document, Message) else "PID"
        row = Row(_free("new-row", content), segment, make="Basic", status=RuleStatus.DRAFT, enabled=False)
        if self._apply(lambda own: (*own_map_edits(own, where), AddRule(where, row)), f"Add row to {content.name}"):
            self._select(RuleName(where, row.id))

    def _map_of_message(self, package: Package) -> MessageMap | None:
        document, compiled = self._bench.document, self._desk.compiled
        name = compiled.map_for(document) if compiled is not None and isinstance(document, Message) else None
        return package.messages.get(name or "")


def and_no_empty_blocks(package: Package, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """The edits, and those that take out the blocks they would leave empty, which no file can say.

    raises  Refused: an edit cannot be made
    """
    after = package
    for edit in edits:
        after, _ = edit.apply(after)
    more: list[Edit] = []
    for where in dict.fromkeys(edit.map for edit in edits if isinstance(edit, RemoveRule | MoveRule)):
        while (name := _empty_block(after, where)) is not None:
            more.append(RemoveRule(where, name))
            after, _ = more[-1].apply(after)
    return (*edits, *more)


def _empty_block(package: Package, where: str) -> str | None:
    found = package.rule_map(where.partition("/")[2]) if not where.startswith("messages/") else None
    for rule in found.walk() if found is not None else ():
        says = rule.source or rule.literal is not None or rule.reference or rule.children or rule.raises or rule.remove
        if not says:
            return rule.id
    return None


def _entries(content: Map) -> Sequence[Entry]:
    return content.rows if isinstance(content, MessageMap) else tuple(content.walk())


def _entry(content: Map, entry_id: str) -> Entry | None:
    return next((entry for entry in _entries(content) if entry.id == entry_id), None)


def _place(content: Map, entry_id: str) -> tuple[str, int, Sequence[Entry]]:
    """(id of the block, "" for the map; index; all entries there)."""
    top: Sequence[Entry] = content.rows if isinstance(content, MessageMap) else content.rules
    pending: list[tuple[str, Sequence[Entry]]] = [("", top)]
    while pending:
        parent, siblings = pending.pop()
        for index, entry in enumerate(siblings):
            if entry.id == entry_id:
                return parent, index, siblings
            if isinstance(entry, Rule) and entry.children:
                pending.append((entry.id, entry.children))
    raise LookupError(entry_id)


def _neighbour(content: Map, entry_id: str) -> str:
    """The rule to select once this one is gone: the next, else the one before, else its block."""
    parent, index, siblings = _place(content, entry_id)
    others = [*siblings[index + 1 :], *reversed(siblings[:index])]
    return others[0].id if others else parent


def _free(wanted: str, content: Map) -> str:
    taken = {entry.id for entry in _entries(content)}
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name
