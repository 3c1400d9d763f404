"""Narrative.div: well-formed, one XHTML div, formatting only, not empty (R4 narrative.html#xhtml).

It is XML, so HTML's named entities (`&nbsp;`) do not exist in it; the standard says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

XHTML = "http://www.w3.org/1999/xhtml"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# txt-1 lists the allowed element and attribute names.
_ELEMENTS = _words(
    "p br div h1 h2 h3 h4 h5 h6 a span table thead tr td th tbody tfoot b em i strong small big tt dfn q var abbr "
    "acronym cite blockquote hr address bdo kbd sub sup ul ol li dl dt dd pre caption colgroup col img code samp "
    "ins del s strike u map area center font"
)
_FOR_ALL = _words("title style class id lang dir accesskey tabindex xml:lang xmlns align")
_FOR_SOME = {
    "a": "href name charset type hreflang rel rev shape coords",
    "img": "src alt longdesc height width usemap ismap",
    "area": "shape coords href alt nohref",
    "map": "name",
    "table": "summary width border frame rules cellspacing cellpadding bgcolor",
    "td": "abbr axis headers scope rowspan colspan char charoff valign width height nowrap bgcolor",
    "th": "abbr axis headers scope rowspan colspan char charoff valign width height nowrap bgcolor",
    "tr": "char charoff valign bgcolor",
    "tbody": "char charoff valign",
    "thead": "char charoff valign",
    "tfoot": "char charoff valign",
    "col": "span width char charoff valign",
    "colgroup": "span width char charoff valign",
    "blockquote": "cite",
    "q": "cite",
    "ins": "cite datetime",
    "del": "cite datetime",
    "ol": "type start compact",
    "ul": "type compact",
    "li": "type value",
    "dl": "compact",
    "hr": "noshade size width",
    "br": "clear",
    "pre": "width",
    "font": "size color face",
    "bdo": "",
}
_ATTRIBUTES = {name: _FOR_ALL | _words(_FOR_SOME.get(name, "")) for name in _ELEMENTS}


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a narrative.

    kind    `form`, `root`, `content`, `empty`
    what    the reason, or the tag that is not allowed
    line, column  1-based, within the div's text; 0 when they do not matter
    """

    kind: str
    what: str = ""
    line: int = 0
    column: int = 0


def flaws(div: str) -> tuple[Flaw, ...]:
    """All flaws of a narrative's text; of a text that is not well-formed only the first."""
    return _Reader().read(div)


class _Reader:
    """Handlers leave as soon as they have learnt what they are for: the root, the first text."""

    def __init__(self) -> None:
        self._says_something = False
        self._found: list[Flaw] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._root
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, div: str) -> tuple[Flaw, ...]:
        try:
            self._parser.Parse(div.encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code) or "damaged"
            return (Flaw("form", reason, error.lineno, error.offset + 1),)
        except _Doctype:
            return (Flaw("form", "a document type declaration", 1, 1),)
        if not self._says_something:
            self._found.append(Flaw("empty"))
        return tuple(self._found)

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        self._parser.StartElementHandler = self._inner
        if name != "div" or attributes.get("xmlns") != XHTML:
            self._found.append(Flaw("root", f"<{name}> in {attributes.get('xmlns') or 'no namespace'}"))
        else:
            self._inner(name, attributes)

    def _inner(self, name: str, attributes: dict[str, str]) -> None:
        allowed = _ATTRIBUTES.get(name)
        if allowed is None:
            self._found.append(Flaw("content", f"The element <{name}>"))
            return
        if name == "img":
            self._says_something = True
        if attributes and not (allowed.issuperset(attributes) and attributes.get("xmlns", XHTML) == XHTML):
            self._attributes(name, attributes, allowed)

    def _attributes(self, name: str, attributes: dict[str, str], allowed: frozenset[str]) -> None:
        if attributes.get("xmlns", XHTML) != XHTML:
            self._found.append(Flaw("content", f"The namespace of <{name}>"))
        self._found.extend(
            Flaw("content", f"The attribute {attribute} of <{name}>")
            for attribute in attributes
            if attribute not in allowed and not attribute.startswith("xmlns:")
        )

    def _text(self, text: str) -> None:
        if not text.isspace():
            self._says_something = True
            self._parser.CharacterDataHandler = None

    def _doctype(self, *_: object) -> None:
        raise _Doctype


class _Doctype(Exception):
    """A narrative may not declare a document type, so entities cannot be used to make it explode."""
