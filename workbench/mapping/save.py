"""Saving a package: only what changed is written anew, so comments, order and layout of everything else survive.

A rule or row that changed is merged, key by key, into its own lines; the lines of all others are copied as they are.
Comments that stand directly above a rule belong to it and go where it goes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeGuard

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.representer import RoundTripRepresenter

from workbench.kernel.atomic_file import write_text_atomically
from workbench.kernel.errors import Refused
from workbench.mapping.files import FOLDERS, content_of, file_names, plain_content, read_file
from workbench.mapping.load import read_text
from workbench.mapping.model import Json, Package
from workbench.mapping.writing import Plain
from workbench.mapping.yaml_text import read_yaml
from workbench.terminology.code_map import CodeMap, format_code_map, read_code_map

LINE_WIDTH = 120
_LISTS = ("rules", "first-of", "rows")
"""Lists whose entries are merged one by one."""
_MAPS = ("updates", "repeating", "extensions", "truth")
"""Mappings whose entries are merged one by one."""


def save_package(package: Package, folder: Path | None = None) -> tuple[str, ...]:
    """Write the package's own files; the answer names those that were written or removed.

    Each file is replaced as a whole or not at all. Layout and comments are those of the text the package was read from
    or edited as; in a folder where the package never was, those of the files that are there.

    raises  Refused MAP-0404: neither the package nor the call says where
            Unavailable KRN-0002: a file cannot be written
    """
    place = folder or package.folder
    if place is None:
        raise Refused("MAP-0404", "The package has no folder yet.", "Choose one.")
    touched = []
    names = file_names(package)
    for name in names:
        path = place / name
        there = read_text(path) if path.exists() else ""
        text = text_of(package, name, there)
        if text != there:
            write_text_atomically(path, text)
            touched.append(name)
    for inner, ending in FOLDERS.items():
        for path in sorted((place / inner).glob(f"*{ending}")):
            name = f"{inner}/{path.name}"
            if name not in names:
                path.unlink()
                touched.append(name)
    return tuple(touched)


def text_of(package: Package, name: str, there: str = "") -> str:
    """The text a file of the package will have when it is saved.

    there   what stands in its place now: the layout of a file that the package was not read from
    raises  Refused MAP-0401: the package has no file of that name
    """
    content = content_of(package, name)
    if content is None:
        raise Refused("MAP-0401", f"The package has no file {name}.", "It may have been removed meanwhile.")
    if isinstance(content, CodeMap):
        same = there and _says_the_same(there, name, content)
        return there if same else format_code_map(content)
    basis = package.layout.get(name, package.texts.get(name, there))
    return merged_text(basis, name, plain_content(content))


def _says_the_same(text: str, name: str, code_map: CodeMap) -> bool:
    try:
        return read_code_map(text, name) == code_map
    except Refused:
        return False


def merged_text(text: str, name: str, plain: Plain) -> str:
    """The text of a file changed so that it says `plain`, with as few changed lines as possible.

    name    of the file in its package: `segments/PID-Patient.yaml`
    raises  Refused MAP-0101…MAP-0103: the text is no file of that kind
    """
    if not text.strip():
        return _rendered(plain)
    before = _said(text, name)
    if before == plain:
        return text
    root = YAML(typ="safe", pure=True).compose(text)
    if not isinstance(root, MappingNode) or root.flow_style:
        return _rendered(plain)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join(_merged_map(lines, root, (0, len(lines)), before, plain, ""))


def _said(text: str, name: str) -> Plain:
    """What the text of a file says, in the form of `writing`."""
    content = read_file(name, text)
    assert not isinstance(content, CodeMap)
    return plain_content(content)


@dataclass(frozen=True)
class _Lines:
    """Lines `start` to `end` (exclusive) of a file, and where the comments directly above them begin."""

    above: int
    start: int
    end: int


def _merged_map(
    lines: Sequence[str],
    node: MappingNode,
    span: tuple[int, int],
    before: Mapping[str, Json],
    after: Plain,
    indent: str,
) -> list[str]:
    """The lines `span` of a block mapping, key by key; new keys stand before its list of rules."""
    out: list[str] = []
    at, end = span
    added = [line for key, value in after.items() if key not in before for line in _entry_lines(key, value, indent)]
    for key_node, value_node in node.value:
        key = key_node.value
        spot = _Lines(at, key_node.start_mark.line, _last_line(value_node, key_node) + 1)
        if key in _LISTS:
            out += added
            added = []
        out += lines[at : spot.start]
        if before.get(key) == after.get(key):
            out += lines[spot.start : spot.end]
        elif key not in after:
            pass
        elif key in _LISTS and _is_block_list(value_node) and after[key]:
            out.append(lines[spot.start])
            out += _merged_list(lines, value_node, (spot.start + 1, spot.end), before[key], after[key])
        elif key in _MAPS and _is_block_map(value_node):
            inner = " " * value_node.value[0][0].start_mark.column
            out.append(lines[spot.start])
            old, new = before[key], after[key]
            assert isinstance(old, dict) and isinstance(new, dict)
            out += _merged_map(lines, value_node, (spot.start + 1, spot.end), old, new, inner)
        else:
            out += _entry_lines(key, after[key], indent)
        at = spot.end
    return out + added + list(lines[at:end])


def _merged_list(
    lines: Sequence[str], node: SequenceNode, span: tuple[int, int], before: Json, after: Json
) -> list[str]:
    """The entries of a list of rules or rows in their new order, each with the comments above it."""
    assert isinstance(before, list) and isinstance(after, list)
    indent = " " * (node.value[0].start_mark.column - 2)
    spots: dict[str, tuple[_Lines, Node, Plain]] = {}
    at, end = span
    for item, plain in zip(node.value, before, strict=True):
        last = _last_line(item, item) + 1
        spots[plain["id"]] = (_Lines(at, item.start_mark.line, last), item, plain)
        at = last
    out: list[str] = []
    for plain in after:
        known = spots.get(plain["id"])
        if known is None:
            out += _item_lines(plain, indent)
            continue
        spot, item, old = known
        out += lines[spot.above : spot.start]
        out += lines[spot.start : spot.end] if old == plain else _merged_item(lines, item, spot, old, plain, indent)
    return out + list(lines[at:end])


def _merged_item(lines: Sequence[str], node: Node, spot: _Lines, before: Plain, after: Plain, indent: str) -> list[str]:
    """The lines of one entry, its keys changed in place."""
    if isinstance(node, MappingNode) and not node.flow_style:
        own = list(lines)
        own[spot.start] = own[spot.start].replace("-", " ", 1)
        merged = _merged_map(own, node, (spot.start, spot.end), before, after, indent + "  ")
        merged[0] = indent + "-" + merged[0][len(indent) + 1 :]
        return merged
    yaml = _round_trip()
    loaded = yaml.load("".join(line[len(indent) :] for line in lines[spot.start : spot.end]))
    _update_map(loaded[0], after)
    return _indented(_dumped(yaml, loaded), indent)


def _update_map(node: CommentedMap, plain: Plain) -> None:
    for key in [key for key in node if key not in plain]:
        del node[key]
    order = list(plain)
    for number, (key, value) in enumerate(plain.items()):
        if key not in node:
            before = sum(1 for other in order[:number] if other in node)
            node.insert(before, key, _styled(value, inside_flow=bool(node.fa.flow_style())))
        elif key in ("rules", "first-of") and isinstance(node[key], CommentedSeq) and isinstance(value, list):
            _update_rules(node[key], value)
        elif _plain_of(node[key]) != value:
            node[key] = _styled(value, inside_flow=bool(node.fa.flow_style()))


def _update_rules(node: CommentedSeq, plain: Sequence[Json]) -> None:
    known = {str(item["id"]): item for item in node}
    entries = []
    for item in plain:
        assert isinstance(item, dict)
        there = known.get(str(item["id"]))
        if there is None:
            entries.append(_styled(item))
        else:
            _update_map(there, item)
            entries.append(there)
    if [id(item) for item in node] != [id(item) for item in entries]:
        node[:] = entries


def _plain_of(value: object) -> Json:
    """What our own reader makes of a value that ruamel has read."""
    out = io.StringIO()
    _round_trip().dump({"value": value}, out)
    read = read_yaml(out.getvalue(), "").value
    assert isinstance(read, dict)
    return read["value"]


# --- new text --------------------------------------------------------------------------------------------------------


def _rendered(plain: Plain) -> str:
    return "".join(line for key, value in plain.items() for line in _entry_lines(key, value))


def rendered_entry(plain: Plain) -> str:
    """An entry of the language as new text, a key a line."""
    return _rendered(plain)


def _entry_lines(key: str, value: Json, indent: str = "") -> list[str]:
    if key in (*_LISTS, "ignore", "keep") and isinstance(value, list):
        return [f"{indent}{key}:\n", *(line for item in value for line in _item_lines(item, indent + "  "))]
    if key == "groups" and isinstance(value, dict):
        inner = [_dumped(_round_trip(), {name: _styled(group, flow=True)}) for name, group in value.items()]
        return ["groups:\n", *(line for text in inner for line in _indented(text, "  "))]
    return _indented(_dumped(_round_trip(), {key: _styled(value, flow=isinstance(value, list))}), indent)


def _item_lines(plain: Json, indent: str) -> list[str]:
    """A new entry: on one line where it fits, else a key a line."""
    yaml = _round_trip()
    one_line = _dumped(yaml, [_styled(plain, flow=True)])
    nested = isinstance(plain, dict) and ("rules" in plain or "first-of" in plain)
    if nested or len(one_line) + len(indent) > LINE_WIDTH:
        one_line = _dumped(yaml, [_styled(plain)])
    return _indented(one_line, indent)


def _styled(value: Json, flow: bool = False, inside_flow: bool = False) -> object:
    """The value as ruamel writes it in the language's style: rules below each other, everything else on one line."""
    if isinstance(value, dict):
        node = CommentedMap({key: _styled_entry(key, item, flow or inside_flow) for key, item in value.items()})
        if flow or inside_flow or "id" not in value:
            node.fa.set_flow_style()
        return node
    if isinstance(value, list):
        sequence = CommentedSeq([_styled(item, flow=True) for item in value])
        sequence.fa.set_flow_style()
        return sequence
    return value


def _styled_entry(key: str, value: Json, flow: bool) -> object:
    if key in ("rules", "first-of") and isinstance(value, list) and not flow:
        items = []
        for item in value:
            nested = isinstance(item, dict) and ("rules" in item or "first-of" in item)
            items.append(_styled(item, flow=not nested))
        return CommentedSeq(items)
    return _styled(value, flow=True)


class _Representer(RoundTripRepresenter):
    """Writes decimals with their digits."""


_Representer.add_representer(Decimal, lambda self, value: self.represent_scalar("tag:yaml.org,2002:float", str(value)))


def _round_trip() -> YAML:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dumped(yaml: YAML, value: object) -> str:
    """The YAML of a value; a list without the indent of its dashes."""
    out = io.StringIO()
    yaml.dump(value, out)
    text = out.getvalue()
    if isinstance(value, list):
        return "".join(line.removeprefix("  ") for line in text.splitlines(keepends=True))
    return text


def _indented(text: str, indent: str) -> list[str]:
    return [indent + line if line.strip() else line for line in text.splitlines(keepends=True)]


# --- places in a text ------------------------------------------------------------------------------------------------


def _last_line(node: Node, key: Node) -> int:
    """The 0-based line on which a value ends (an empty value ends with its key)."""
    if isinstance(node, ScalarNode):
        block = node.style in ("|", ">")
        line = int(node.end_mark.line) - (1 if block and node.end_mark.column == 0 else 0)
        return max(line, int(key.end_mark.line)) if node.value or node.style else int(key.end_mark.line)
    if getattr(node, "flow_style", False):
        return int(node.end_mark.line)
    pairs = [(value, name) for name, value in node.value] if isinstance(node, MappingNode) else []
    pairs = pairs or [(item, item) for item in node.value]
    return max((_last_line(value, name) for value, name in pairs), default=int(key.end_mark.line))


def _is_block_map(node: Node) -> TypeGuard[MappingNode]:
    return isinstance(node, MappingNode) and not node.flow_style and bool(node.value)


def _is_block_list(node: Node) -> bool:
    return isinstance(node, SequenceNode) and not node.flow_style and bool(node.value)
