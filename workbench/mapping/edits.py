"""Edits of a package as values: applied, undone, and kept in a journal.

An edit changes what the package's own files say. In an overlay, adding a rule with the id of one in the base replaces
that one, and `Rule(id, remove=True)` takes it out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

from workbench.fhir.json_tree import dumps
from workbench.kernel.errors import Refused
from workbench.mapping.files import content_of, read_file, with_content
from workbench.mapping.load import load_package
from workbench.mapping.model import Group, Header, Json, MapKind, MessageMap, Package, Row, Rule, RuleMap
from workbench.mapping.reading import Part, group_of, header_of, message_map_of, row_of, rule_map_of, rule_of
from workbench.mapping.save import text_of
from workbench.mapping.writing import (
    plain_group,
    plain_header,
    plain_message_map,
    plain_row,
    plain_rule,
    plain_rule_map,
)
from workbench.mapping.yaml_text import YamlText
from workbench.terminology import row_changes
from workbench.terminology.code_map import CodeMap, format_code_map, read_code_map

MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit did: `inverse` applied to the result gives the package before; `files` are those it touches."""

    edit: Edit
    inverse: Edit
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MapAddress:
    """A map of a package: `segments/PID-Patient`."""

    folder: str
    name: str

    @classmethod
    def parse(cls, text: str) -> MapAddress:
        folder, _, name = text.partition("/")
        return cls(folder, name)

    def __str__(self) -> str:
        return f"{self.folder}/{self.name}"

    @property
    def file(self) -> str:
        return f"{self}.yaml"


@dataclass(frozen=True, slots=True)
class AddRule:
    """Put a rule into a block (`parent`, "" for the map itself) before the one at `index` (None: at the end)."""

    map: str
    rule: Rule | Row
    parent: str = ""
    index: int | None = None

    def apply(self, package: Package) -> tuple[Package, Change]:
        """raises  Refused MAP-0401: no such map or block; MAP-0402: the id is taken"""
        entries = _entries(package, self.map)
        for entry in self.rule.walk() if isinstance(self.rule, Rule) else (self.rule,):
            if _find(entries, entry.id) is not None:
                raise Refused("MAP-0402", f"{self.map} has a rule {entry.id} already.", "Give it another id.")
        changed = _inserted(entries, self.parent, self.index, self.rule, self.map)
        return _with_entries(package, self.map, changed), _change(self, RemoveRule(self.map, self.rule.id))


@dataclass(frozen=True, slots=True)
class RemoveRule:
    """Take a rule out, with all below it."""

    map: str
    rule_id: str

    def apply(self, package: Package) -> tuple[Package, Change]:
        """raises  Refused MAP-0401: no such map or rule"""
        entries = _entries(package, self.map)
        parent, index, rule = _need(entries, self.rule_id, self.map)
        inverse: Edit = AddRule(self.map, rule, parent, index)
        if _alone(entries, parent):
            inverse = PutMap(self.map, _map(package, self.map))
        return _with_entries(package, self.map, _without(entries, self.rule_id)), _change(self, inverse)


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """Replace a rule where it stands; its id may change too."""

    map: str
    rule_id: str
    rule: Rule | Row

    def apply(self, package: Package) -> tuple[Package, Change]:
        """raises  Refused MAP-0401: no such map or rule; MAP-0402: the new id is taken"""
        entries = _entries(package, self.map)
        _, _, before = _need(entries, self.rule_id, self.map)
        if self.rule.id != self.rule_id and _find(entries, self.rule.id) is not None:
            raise Refused("MAP-0402", f"{self.map} has a rule {self.rule.id} already.", "Give it another id.")
        changed = _replaced(entries, self.rule_id, self.rule)
        return _with_entries(package, self.map, changed), _change(self, ChangeRule(self.map, self.rule.id, before))


@dataclass(frozen=True, slots=True)
class MoveRule:
    """Put a rule before the one that then stands at `index` of a block (None: at the end)."""

    map: str
    rule_id: str
    parent: str = ""
    index: int | None = None

    def apply(self, package: Package) -> tuple[Package, Change]:
        """raises  Refused MAP-0401: no such map, rule or block, or the block lies inside the rule"""
        entries = _entries(package, self.map)
        parent, index, rule = _need(entries, self.rule_id, self.map)
        changed = _inserted(_without(entries, self.rule_id), self.parent, self.index, rule, self.map)
        inverse: Edit = MoveRule(self.map, self.rule_id, parent, index)
        if _alone(entries, parent):
            inverse = PutMap(self.map, _map(package, self.map))
        return _with_entries(package, self.map, changed), _change(self, inverse)


@dataclass(frozen=True, slots=True)
class PutMap:
    """Add a segment, type or message map, or replace it as a whole."""

    map: str
    content: RuleMap | MessageMap

    def apply(self, package: Package) -> tuple[Package, Change]:
        before = _maps(package, self.map).get(MapAddress.parse(self.map).name)
        inverse: Edit = DropMap(self.map) if before is None else PutMap(self.map, before)
        return _with_map(package, self.map, self.content), _change(self, inverse)


@dataclass(frozen=True, slots=True)
class DropMap:
    """Take a segment, type or message map out of the package."""

    map: str

    def apply(self, package: Package) -> tuple[Package, Change]:
        """raises  Refused MAP-0401: no such map"""
        file = MapAddress.parse(self.map).file
        inverse: Edit = PutMap(self.map, _map(package, self.map))
        if file in package.layout:
            inverse = PutText(file, text_of(package, file))
        layout = {name: text for name, text in package.layout.items() if name != file}
        return replace(_with_map(package, self.map, None), layout=layout), _change(self, inverse)


@dataclass(frozen=True, slots=True)
class PutCodeMap:
    """Add a code map, or replace it as a whole. None takes it out."""

    name: str
    content: CodeMap | None

    def apply(self, package: Package) -> tuple[Package, Change]:
        codes = dict(package.codes)
        before = codes.pop(self.name, None)
        if self.content is not None:
            codes[self.name] = self.content
        change = Change(self, PutCodeMap(self.name, before), (f"codes/{self.name}.csv",))
        return replace(package, codes=codes), change


@dataclass(frozen=True, slots=True)
class PutCodeRows:
    """Change some rows of a code map."""

    name: str
    content: row_changes.PutRows

    def apply(self, package: Package) -> tuple[Package, Change]:
        """raises  Refused MAP-0401: no such code map; TERM-0020, TERM-0021: the rows cannot be changed so"""
        if self.name not in package.codes:
            raise Refused("MAP-0401", f"There is no code map {self.name}.", "It may have been removed meanwhile.")
        code_map, inverse = self.content.apply(package.codes[self.name])
        change = Change(self, PutCodeRows(self.name, inverse), (f"codes/{self.name}.csv",))
        return replace(package, codes={**package.codes, self.name: code_map}), change


@dataclass(frozen=True, slots=True)
class ChangeHeader:
    """Replace what package.yaml says."""

    header: Header

    def apply(self, package: Package) -> tuple[Package, Change]:
        change = Change(self, ChangeHeader(package.header), ("package.yaml",))
        return replace(package, header=self.header), change


@dataclass(frozen=True, slots=True)
class PutGroup:
    """Add a group to a message map, change it, or (None) take it out; `index` None: its present place, or the last."""

    map: str
    name: str
    group: Group | None
    index: int | None = None

    def apply(self, package: Package) -> tuple[Package, Change]:
        """raises  Refused MAP-0401: no such message map or group; MAP-0402: the new name is taken"""
        found = _map(package, self.map)
        if not isinstance(found, MessageMap):
            raise Refused("MAP-0401", f"{self.map} has no groups.", "Groups stand in message maps.")
        names = [group.name for group in found.groups]
        at = names.index(self.name) if self.name in names else None
        if self.group is None and at is None:
            raise Refused("MAP-0401", f"{self.map} has no group {self.name}.", "It may have been removed meanwhile.")
        if self.group is not None and self.group.name != self.name and self.group.name in names:
            raise Refused("MAP-0402", f"{self.map} has a group {self.group.name} already.", "Give it another name.")
        groups = [group for group in found.groups if group.name != self.name]
        if self.group is not None:
            place = self.index if self.index is not None else len(groups) if at is None else at
            groups.insert(place, self.group)
        before = None if at is None else found.groups[at]
        inverse = PutGroup(self.map, self.group.name if self.group else self.name, before, at)
        return _with_map(package, self.map, replace(found, groups=tuple(groups))), _change(self, inverse)


@dataclass(frozen=True, slots=True)
class PutText:
    """Make a file of the package say this text, comments and layout included.

    laid_out  False forgets the layout again, as it was before the file was first edited as text
    """

    file: str
    text: str
    laid_out: bool = True

    def apply(self, package: Package) -> tuple[Package, Change]:
        """raises  Refused MAP-0101…MAP-0109, TERM-…: the text is not what such a file says"""
        content = read_file(self.file, self.text)
        known = content_of(package, self.file)
        layout = {name: text for name, text in package.layout.items() if name != self.file}
        if self.laid_out and not isinstance(content, CodeMap):
            layout[self.file] = self.text
        changed = replace(with_content(package, self.file, content), layout=layout)
        inverse: Edit
        if known is None:
            inverse = PutCodeMap(content.id, None) if isinstance(content, CodeMap) else DropMap(_address_of(self.file))
        else:
            inverse = PutText(self.file, text_of(package, self.file), self.file in package.layout)
        return changed, Change(self, inverse, (self.file,))


@dataclass(frozen=True, slots=True)
class Rebase:
    """Let the package extend another base: the folder `extends` of package.yaml names.

    base  what lies there, where it was read already; None reads it when this is applied
    """

    extends: str
    base: Package | None = field(default=None, compare=False, repr=False)

    def apply(self, package: Package) -> tuple[Package, Change]:
        """raises  Refused MAP-0404: the package has no folder; MAP-0100…MAP-0109: no sound package there"""
        if package.folder is None:
            raise Refused("MAP-0404", "The package has no folder yet.", "Save it, then choose its base.")
        base = self.base
        if base is None and self.extends:
            base = load_package(package.folder / self.extends)
        change = Change(self, Rebase(package.header.extends, package.base), ("package.yaml",))
        return replace(package, header=replace(package.header, extends=self.extends), base=base), change


Edit = (
    AddRule | RemoveRule | ChangeRule | MoveRule | PutMap | DropMap
    | PutCodeMap | PutCodeRows | ChangeHeader | PutGroup | PutText | Rebase
)  # fmt: skip


# --- the journal -----------------------------------------------------------------------------------------------------


def to_json(edit: Edit) -> str:
    """One line of JSON; `from_json` of it gives an equal edit."""
    plain: dict[str, Json] = {"edit": type(edit).__name__}
    match edit:
        case AddRule(map=where, rule=rule, parent=parent, index=index):
            plain |= {"map": where, "rule": _plain_entry(rule), "parent": parent, "index": index}
        case RemoveRule(map=where, rule_id=rule_id):
            plain |= {"map": where, "rule_id": rule_id}
        case ChangeRule(map=where, rule_id=rule_id, rule=rule):
            plain |= {"map": where, "rule_id": rule_id, "rule": _plain_entry(rule)}
        case MoveRule(map=where, rule_id=rule_id, parent=parent, index=index):
            plain |= {"map": where, "rule_id": rule_id, "parent": parent, "index": index}
        case PutMap(map=where, content=content):
            written = plain_rule_map(content) if isinstance(content, RuleMap) else plain_message_map(content)
            plain |= {"map": where, "content": written}
        case DropMap(map=where):
            plain |= {"map": where}
        case PutCodeMap(name=name, content=code_map):
            plain |= {"name": name, "content": None if code_map is None else format_code_map(code_map)}
        case PutCodeRows(name=name, content=rows):
            plain |= {"name": name, "rows": row_changes.to_json(rows)}
        case ChangeHeader(header=header):
            plain |= {"header": plain_header(header)}
        case PutGroup(map=where, name=name, group=group, index=index):
            plain |= {"map": where, "name": name, "group": group and [group.name, plain_group(group)], "index": index}
        case PutText(file=file, text=text, laid_out=laid_out):
            plain |= {"file": file, "text": text, "laid_out": laid_out}
        case Rebase(extends=extends):
            plain |= {"extends": extends}
    return dumps(plain).decode().strip()


def from_json(text: str) -> Edit:
    """raises  Refused MAP-0403: not an edit; MAP-0102: a defective rule in it"""
    try:
        plain = json.loads(text, parse_float=Decimal)
        read = _READERS[plain["edit"]]
        return read(plain)
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("MAP-0403", "The journal holds a line that is no edit.", "It is left out.") from error


def _part(plain: Json) -> Part:
    return Part(YamlText("journal", plain, {}))


def _plain_entry(entry: Rule | Row) -> Json:
    return plain_rule(entry) if isinstance(entry, Rule) else plain_row(entry)


def _entry(plain: Mapping[str, Json]) -> Rule | Row:
    part = _part(plain["rule"])
    return row_of(part) if str(plain["map"]).startswith(f"{MESSAGES}/") else rule_of(part)


def _content(plain: Mapping[str, Json]) -> RuleMap | MessageMap:
    folder = MapAddress.parse(str(plain["map"])).folder
    part = _part(plain["content"])
    return message_map_of(part) if folder == MESSAGES else rule_map_of(part, MapKind(folder))


def _group(plain: Json) -> Group | None:
    return None if plain is None else group_of(_part(plain[1]), str(plain[0]))  # type: ignore[index]


def _code_map(plain: Mapping[str, Json]) -> CodeMap | None:
    content = plain["content"]
    return None if content is None else read_code_map(str(content), "journal")


_READERS: Mapping[str, Callable[[dict[str, Json]], Edit]] = {
    "AddRule": lambda p: AddRule(str(p["map"]), _entry(p), str(p["parent"]), p["index"]),  # type: ignore[arg-type]
    "RemoveRule": lambda p: RemoveRule(str(p["map"]), str(p["rule_id"])),
    "ChangeRule": lambda p: ChangeRule(str(p["map"]), str(p["rule_id"]), _entry(p)),
    "MoveRule": lambda p: MoveRule(str(p["map"]), str(p["rule_id"]), str(p["parent"]), p["index"]),  # type: ignore[arg-type]
    "PutMap": lambda p: PutMap(str(p["map"]), _content(p)),
    "DropMap": lambda p: DropMap(str(p["map"])),
    "PutCodeMap": lambda p: PutCodeMap(str(p["name"]), _code_map(p)),
    "PutCodeRows": lambda p: PutCodeRows(str(p["name"]), row_changes.from_json(p["rows"])),  # type: ignore[arg-type]
    "ChangeHeader": lambda p: ChangeHeader(header_of(_part(p["header"]))),
    "PutGroup": lambda p: PutGroup(str(p["map"]), str(p["name"]), _group(p["group"]), p["index"]),  # type: ignore[arg-type]
    "PutText": lambda p: PutText(str(p["file"]), str(p["text"]), bool(p["laid_out"])),
    "Rebase": lambda p: Rebase(str(p["extends"])),
}


# --- maps and their entries ------------------------------------------------------------------------------------------

_Entry = TypeVar("_Entry", bound=Rule | Row)
_Entries = tuple[Rule | Row, ...]


def _address_of(file: str) -> str:
    return file.removesuffix(".yaml")


def _change(edit: AddRule | RemoveRule | ChangeRule | MoveRule | PutMap | DropMap | PutGroup, inverse: Edit) -> Change:
    return Change(edit, inverse, (MapAddress.parse(edit.map).file,))


def _maps(package: Package, where: str) -> Mapping[str, RuleMap | MessageMap]:
    folder = MapAddress.parse(where).folder
    found: Mapping[str, Mapping[str, RuleMap | MessageMap]] = {
        MESSAGES: package.messages,
        MapKind.SEGMENT: package.segments,
        MapKind.TYPE: package.types,
    }
    if folder not in found:
        raise Refused("MAP-0401", f"{where} is no map.", f"Maps stand in {', '.join(found)}.")
    return found[folder]


def _map(package: Package, where: str) -> RuleMap | MessageMap:
    found = _maps(package, where).get(MapAddress.parse(where).name)
    if found is None:
        raise Refused("MAP-0401", f"There is no map {where}.", "It may have been removed meanwhile.")
    return found


def _with_map(package: Package, where: str, content: RuleMap | MessageMap | None) -> Package:
    address = MapAddress.parse(where)
    maps = dict(_maps(package, where))
    maps.pop(address.name, None)
    if content is not None:
        maps[address.name] = content
    return replace(package, **{address.folder: maps})  # type: ignore[arg-type]


def _entries(package: Package, where: str) -> _Entries:
    found = _map(package, where)
    return found.rows if isinstance(found, MessageMap) else found.rules


def _with_entries(package: Package, where: str, entries: _Entries) -> Package:
    found = _map(package, where)
    if isinstance(found, MessageMap):
        changed: RuleMap | MessageMap = replace(found, rows=tuple(e for e in entries if isinstance(e, Row)))
    else:
        changed = replace(found, rules=tuple(e for e in entries if isinstance(e, Rule)))
    maps = {name: changed if name == found.name else other for name, other in _maps(package, where).items()}
    return replace(package, **{MapAddress.parse(where).folder: maps})  # type: ignore[arg-type]


def _children(entry: Rule | Row) -> _Entries:
    return entry.children if isinstance(entry, Rule) else ()


def _find(entries: _Entries, rule_id: str, parent: str = "") -> tuple[str, int, Rule | Row] | None:
    """(id of the block, index in it, entry), None when there is none."""
    for index, entry in enumerate(entries):
        if entry.id == rule_id:
            return parent, index, entry
        found = _find(_children(entry), rule_id, entry.id)
        if found is not None:
            return found
    return None


def _need(entries: _Entries, rule_id: str, where: str) -> tuple[str, int, Rule | Row]:
    found = _find(entries, rule_id)
    if found is None:
        raise Refused("MAP-0401", f"{where} has no rule {rule_id}.", "It may have been removed meanwhile.")
    return found


def _alone(entries: _Entries, parent: str) -> bool:
    """True when a block has one rule left, so that taking it out forgets which kind of block it was."""
    found = _find(entries, parent) if parent else None
    return found is not None and len(_children(found[2])) == 1


def _mapped(entries: _Entries, change: Callable[[Rule | Row], _Entries]) -> _Entries:
    """Every entry replaced by what `change` makes of it, those inside blocks first."""
    result: list[Rule | Row] = []
    for entry in entries:
        inner = _children(entry)
        if inner and isinstance(entry, Rule):
            changed = _mapped(inner, change)
            if changed != inner:
                entry = entry.with_children(tuple(e for e in changed if isinstance(e, Rule)))
        result += change(entry)
    return tuple(result)


def _without(entries: _Entries, rule_id: str) -> _Entries:
    return _mapped(entries, lambda entry: () if entry.id == rule_id else (entry,))


def _replaced(entries: _Entries, rule_id: str, new: Rule | Row) -> _Entries:
    return _mapped(entries, lambda entry: (new,) if entry.id == rule_id else (entry,))


def _inserted(entries: _Entries, parent: str, index: int | None, new: Rule | Row, where: str) -> _Entries:
    if not parent:
        at = len(entries) if index is None else index
        return (*entries[:at], new, *entries[at:])
    _, _, block = _need(entries, parent, where)
    inner = _children(block)
    if not isinstance(block, Rule) or not isinstance(new, Rule):
        raise Refused("MAP-0401", f"{parent} of {where} holds no rules.", "Put the rule into the map itself.")
    at = len(inner) if index is None else index
    return _replaced(entries, parent, block.with_children((*block.children[:at], new, *block.children[at:])))
