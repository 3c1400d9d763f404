"""FHIR resources as XML, read as the JSON they stand for (R4 xml.html, json.html).

Which elements repeat, and which are numbers or truth values, is not said in XML; the definitions know it. An
element they do not know is kept: as an array when it occurs more than once, with its value as a string.
Spans of the document that comes out count bytes of that JSON, not of the XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from xml.parsers import expat

from workbench.fhir.definitions import ElementDefinition, choice_name, definitions
from workbench.fhir.json_tree import FhirDocument, dumps, parse
from workbench.kernel.errors import Refused

_XHTML_DIV = "http://www.w3.org/1999/xhtml div"
_WHOLE_NUMBERS = frozenset({"integer", "positiveInt", "unsignedInt"})
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DEEPEST = 200


def read_xml(raw: bytes) -> FhirDocument:
    """The resource an XML document stands for; raises as `to_json`."""
    return parse(to_json(raw))


def to_json(raw: bytes) -> bytes:
    """One resource as JSON, elements in the order of the XML.

    raises  Refused FHIR-0013: not well-formed, with a document type, or nested deeper than any resource is
    """
    reader = _Reader(raw)
    try:
        reader.parser.Parse(raw, True)
    except expat.ExpatError as error:
        problem = expat.errors.messages.get(error.code, "damaged")
        raise _refusal(f"is not well-formed at byte {reader.parser.ErrorByteIndex}: {problem}") from None
    return dumps(reader.resource)


@dataclass(slots=True)
class _Node:
    """An element that is open.

    path     definition path, "" where the definitions do not follow
    content  its JSON object: children, `id`, `url`; a primitive's extensions
    value    the `value` attribute
    resource what a nested resource inside it became
    """

    name: str
    path: str
    content: dict[str, object] = field(default_factory=dict)
    value: str | None = None
    resource: dict[str, object] | None = None


class _Reader:
    """Builds the JSON value while expat walks through the document."""

    def __init__(self, raw: bytes) -> None:
        self.resource: dict[str, object] = {}
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = _refuse_doctype
        self._raw = raw
        self._open: list[_Node] = []
        self._div_start = -1
        self._div_depth = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._div_depth:
            self._div_depth += 1
            return
        local = name.rpartition(" ")[2]
        if name == _XHTML_DIV:
            self._div_start, self._div_depth = self.parser.CurrentByteIndex, 1
            return
        if len(self._open) >= _DEEPEST:
            raise _refusal("is nested deeper than any resource is")
        parent = self._open[-1] if self._open else None
        is_resource = parent is None or (local[:1].isupper() and definitions().is_resource(local))
        node = _Node(local, local if is_resource else _below(parent.path if parent else "", local))
        if is_resource:
            node.content["resourceType"] = local
        node.content.update({key: attributes[key] for key in ("id", "url") if key in attributes})
        node.value = attributes.get("value")
        self._open.append(node)

    def _end(self, name: str) -> None:
        if self._div_depth:
            self._div_depth -= 1
            if not self._div_depth:
                written = self._raw[self._div_start : self.parser.CurrentByteIndex] + b"</div>"
                self._open[-1].content["div"] = written.decode("utf-8", "replace")
            return
        node = self._open.pop()
        if not self._open:
            self.resource = node.content
        elif "resourceType" in node.content:
            self._open[-1].resource = node.content
        else:
            _add(self._open[-1], node)


def _add(parent: _Node, node: _Node) -> None:
    """Put a finished element into its parent; a primitive's id and extensions go beside it, under `_name`."""
    definition = _definition(node.path)
    repeats = definition.repeats if definition else node.name in parent.content or f"_{node.name}" in parent.content
    if node.resource is not None:
        _put(parent.content, node.name, node.resource, repeats)
        return
    primitive = definition is not None and definitions().is_primitive(_type(definition, node.name))
    if node.value is None and not primitive:
        _put(parent.content, node.name, node.content, repeats)
        return
    value = None if node.value is None else _typed(node.value, _type(definition, node.name) if definition else "")
    beside = node.content or None
    if not repeats:
        if value is not None:
            parent.content[node.name] = value
        if beside is not None:
            parent.content[f"_{node.name}"] = beside
        return
    values, besides = parent.content.get(node.name), parent.content.get(f"_{node.name}")
    count = max(len(found) if isinstance(found, list) else found is not None for found in (values, besides))
    for key, old, new in ((node.name, values, value), (f"_{node.name}", besides, beside)):
        if old is not None or new is not None:
            whole = old if isinstance(old, list) else [] if old is None else [old]
            parent.content[key] = [*whole, *([None] * (count - len(whole))), new]


def _put(content: dict[str, object], name: str, value: object, repeats: bool) -> None:
    if not repeats:
        content[name] = value
        return
    before = content.get(name)
    if isinstance(before, list):
        before.append(value)
    else:
        content[name] = [value] if before is None else [before, value]


def _typed(text: str, code: str) -> object:
    """The JSON value of a primitive; a text its type does not allow stays a string, for the validator to see."""
    if code == "boolean" and text in ("true", "false"):
        return text == "true"
    if code in _WHOLE_NUMBERS and _WHOLE.fullmatch(text):
        return int(text)
    if code == "decimal" and _DECIMAL.fullmatch(text):
        return Decimal(text)
    return text


def _type(definition: ElementDefinition, name: str) -> str:
    codes = [reference.code for reference in definition.types]
    if definition.name.endswith("[x]"):
        return next((code for code in codes if choice_name(definition.name, code) == name), "")
    return codes[0] if codes else ""


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else ""


@lru_cache(maxsize=4096)
def _definition(path: str) -> ElementDefinition | None:
    try:
        return definitions().element(path) if path else None
    except Refused:  # a name that is no element name
        return None


def _refuse_doctype(*_declaration: object) -> None:
    raise _refusal("has a document type declaration, which could make it grow without bound")


def _refusal(why: str) -> Refused:
    return Refused("FHIR-0013", f"This XML resource {why}.", "Check that the whole resource was given.")
