"""XML files of others, read without trust: no entities are expanded, nothing outside the file is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from workbench.kernel.errors import Refused, Unavailable

MAX_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 200


class XmlNode:
    """One element: its name without namespace, attributes, children, text directly inside, and line."""

    __slots__ = ("attributes", "children", "line", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[XmlNode] = []
        self.text = ""
        self.line = line

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def named(self, *names: str) -> Iterator[XmlNode]:
        return (child for child in self.children if child.name in names)

    def first(self, name: str) -> XmlNode | None:
        return next(self.named(name), None)

    def text_of(self, name: str) -> str:
        """The text of the first child of that name, blanks collapsed."""
        child = self.first(name)
        return " ".join(child.text.split()) if child else ""


def read_xml(path: Path) -> XmlNode:
    """The root of an XML file.

    raises  Refused V2P-0002: no XML, entities declared, too large or too deep; Unavailable V2P-0001: unreadable file
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _refused(path, "it is larger than 256 MB")
        data = path.read_bytes()
    except OSError as error:
        raise Unavailable("V2P-0001", f"{path.name} cannot be read.", "Check that you may read it.") from error
    return parse_xml(data, path)


def parse_xml(data: bytes, path: Path) -> XmlNode:
    """The root of an XML document; `path` only names it in refusals."""
    builder = _Builder(path)
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.errors.messages.get(error.code, "damaged")
        raise _refused(path, f"{reason} in line {error.lineno}") from None
    if builder.root is None:
        raise _refused(path, "it is empty")
    return builder.root


class _Builder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.root: XmlNode | None = None
        self._open: list[XmlNode] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _refused(self._path, "it is nested too deeply")
        local = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        node = XmlNode(name.rpartition(" ")[2], local, self.parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text += text

    def _entity(self, name: str, *_rest: object) -> None:
        raise _refused(self._path, f"it declares the entity {name[:40]}")


def _refused(path: Path, reason: str) -> Refused:
    return Refused("V2P-0002", f"{path.name} cannot be used: {reason}.", "Export the profile again, without a DTD.")
