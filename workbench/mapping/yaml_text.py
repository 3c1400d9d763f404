"""YAML as the mapping language uses it: plain values, and the line and column of each.

Unquoted words mean themselves (`NO` is no Boolean, `012` no number); only `true`, `false`, `null` and numbers
written without tricks have a type, and decimals keep their digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from workbench.kernel.errors import Refused
from workbench.mapping.model import Json, Place

REMEMBERED = 64
"""Documents kept at hand: an editor reads the same text again and again."""

KeyPath = tuple[str | int, ...]
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)\.\d+")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True)
class YamlText:
    """One document: `value` is made of dict, list, str, int, Decimal, bool and None; `places` say where each stands.

    The place of a dict's entry is that of its key.
    """

    file: str
    value: Json
    places: dict[KeyPath, Place]

    def place(self, path: KeyPath) -> Place:
        """Of the value at a path, or of the nearest thing around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.file, 1, 1))


@lru_cache(maxsize=REMEMBERED)
def read_yaml(text: str, file: str) -> YamlText:
    """Read one document; `file` is its name for messages. The answer is shared, and nobody changes it.

    raises  Refused MAP-0101: no YAML, an alias, or a key that stands twice in one mapping; says line and column
    """
    root = _composed(text, file)
    places: dict[KeyPath, Place] = {}
    value = None if root is None else _plain(root, (), places, file)
    return YamlText(file, value, places)


def _composed(text: str, file: str) -> Node | None:
    """The tree of a document; libyaml is four times as fast and knows YAML 1.1, so what it refuses is asked again."""
    try:
        return cast("Node | None", YAML(typ="safe", pure=False).compose(text))
    except ReaderError as error:
        before, sign = text[: error.position], text[error.position : error.position + 1]
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise _refused(place, f"a control character (U+{ord(sign or chr(0)):04X}) stands here.") from error
    except MarkedYAMLError:
        pass
    try:
        return cast("Node | None", YAML(typ="safe", pure=True).compose(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        raise _refused(place, f"this is not YAML ({error.problem or error.context}).") from error


def _refused(place: Place, sentence: str) -> Refused:
    return Refused(
        "MAP-0101",
        f"{place}: {sentence}",
        "Texts that hold , : # [ ] { } or begin with a sign need quotes, above all inside { }.",
    )


def _plain(node: Node, path: KeyPath, places: dict[KeyPath, Place], file: str) -> Json:
    places.setdefault(path, Place(file, node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, ScalarNode):
        return _scalar(node)
    if isinstance(node, SequenceNode):
        return [_plain(child, (*path, index), places, file) for index, child in enumerate(node.value)]
    if not isinstance(node, MappingNode):
        raise _refused(places[path], "aliases are no part of the language.")
    found: dict[str, Json] = {}
    for key, child in node.value:
        place = Place(file, key.start_mark.line + 1, key.start_mark.column + 1)
        if not isinstance(key, ScalarNode):
            raise _refused(place, "a key is a word.")
        if key.value in found:
            raise _refused(place, f"{key.value} stands here twice.")
        places[*path, key.value] = place
        found[key.value] = _plain(child, (*path, key.value), places, file)
    return found


def _scalar(node: ScalarNode) -> Json:
    text: str = node.value
    if node.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text
