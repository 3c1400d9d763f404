"""Which characters the bytes of a message stand for (MSH-18, HL7 table 0211, and the bytes themselves)."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from workbench.kernel.issues import Issue, IssueType, RuleSource, Severity
from workbench.kernel.location import Location

_SOURCE = RuleSource("HL7 v2", "2.5.1", "2.15.9.18")
_MSH_18 = re.compile(rb"MSH([^\r\n])[^\r\n]*")

TABLE_0211 = {
    "ASCII": "ascii",
    "8859/1": "latin-1",
    "8859/2": "iso8859-2",
    "8859/3": "iso8859-3",
    "8859/4": "iso8859-4",
    "8859/5": "iso8859-5",
    "8859/6": "iso8859-6",
    "8859/7": "iso8859-7",
    "8859/8": "iso8859-8",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "ISO IR6": "ascii",
    "ISO IR14": "iso2022_jp",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "CNS 11643-1992": "big5",
    "BIG-5": "big5",
    "BIG5": "big5",
    "GB18030": "gb18030",
    "GB 18030": "gb18030",
    "SHIFT_JIS": "cp932",
    "SHIFT-JIS": "cp932",
    "SJIS": "cp932",
    "WINDOWS-31J": "cp932",
    "EUC-JP": "euc_jp",
    "EUC-KR": "euc_kr",
    "WINDOWS-1252": "cp1252",
}
"""Names people write in MSH-18, in capitals, and Python's codec for each."""


class Characters(NamedTuple):
    """How a message is read: a Python codec, the bytes of a byte order mark to pass over, and any doubt."""

    encoding: str
    mark: int
    issues: tuple[Issue, ...] = ()


def characters_of(raw: bytes) -> Characters:
    """Decide how to read one message.

    Believed, in this order: a byte order mark; stateful ISO 2022 escapes; high bytes that are valid UTF-8;
    MSH-18; Windows-1252. A declaration that the bytes contradict gives Issue V2-0010.
    """
    if raw.startswith(codecs.BOM_UTF8):
        return Characters("utf-8", 3)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Characters("utf-16-le" if raw[0] == 0xFF else "utf-16-be", 2)
    if raw.startswith((b"M\0S\0", b"\0M\0S")):
        return Characters("utf-16-le" if raw[0] else "utf-16-be", 0)
    if raw.isascii() and b"\x1b" not in raw:
        return Characters("ascii", 0)
    declared = declared_encoding(raw)
    if raw.isascii():
        stateful = declared if declared.startswith("iso2022") else "iso2022_jp"
        return Characters(stateful if _decodes(raw, stateful) else "ascii", 0)
    if _decodes(raw, "utf-8"):
        return Characters("utf-8", 0, _contradiction(declared, "utf-8"))
    for candidate in (declared, "cp1252"):
        if candidate and candidate != "utf-8" and _decodes(raw, candidate):
            return Characters(candidate, 0, _contradiction(declared, candidate))
    return Characters("latin-1", 0, _contradiction(declared, "latin-1"))


def declared_encoding(raw: bytes) -> str:
    """Python's codec for the first repetition of MSH-18, "" when there is none or the name is unknown."""
    header = _MSH_18.match(raw)
    if header is None:
        return ""
    line, separator = header.group(0), header.group(1)
    if line.count(separator) < 17:
        return ""
    fields = line.split(separator)
    name = re.split(rb"[~^]", fields[17])[0].decode("ascii", "replace").strip().upper()
    return TABLE_0211.get(name, "")


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _contradiction(declared: str, found: str) -> tuple[Issue, ...]:
    if declared in ("", found):
        return ()
    return (
        Issue(
            Severity.WARNING,
            IssueType.VALUE,
            "V2-0010",
            Location("MSH-18"),
            "MSH-18 declares {declared}, but the bytes are {found}; the message was read as {found}",
            {"declared": declared, "found": found},
            _SOURCE,
        ),
    )
