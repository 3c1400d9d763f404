"""What a message can be, how messages may follow one another, and where one came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class MessageFormat(StrEnum):
    """How one message is written."""

    ER7 = "er7"
    V2_XML = "v2-xml"
    FHIR_JSON = "fhir-json"
    FHIR_XML = "fhir-xml"


class Framing(StrEnum):
    """How the messages of a part follow one another; shown to the user as what was detected."""

    ER7 = "HL7 v2 (ER7)"
    MLLP = "HL7 v2 in MLLP frames"
    BATCH = "HL7 v2 batch (FHS, BHS)"
    LOG = "log with HL7 v2 over several lines"
    LOG_LINES = "log with HL7 v2 on one line each"
    JSON_TEXT = "HL7 v2 in JSON"
    MIRTH = "Mirth Connect message export"
    V2_XML = "HL7 v2 XML"
    PACKETS = "packet trace"
    JSON = "FHIR JSON"
    NDJSON = "FHIR NDJSON"
    JSON_ENTRIES = "FHIR Bundle or array, one message for each entry"
    FHIR_XML = "FHIR XML"


@dataclass(frozen=True, slots=True)
class Overrule:
    """What the user knows better than the detection; what is left out is detected.

    framing   the name of a reader: a `Framing`, or that of a plug-in
    encoding  a Python codec for every message of the part
    """

    framing: str = ""
    encoding: str = ""


Overrules = Mapping[str, Overrule]
"""By the name of the part (`feed.zip/day/a.hl7`); the empty name is for every part that is not named itself."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message came from.

    file         as the user named it; a member of an archive is `archive.zip/member`
    offset       first byte of the message in that file (unpacked); in a packet trace, of its first packet's data
    length       bytes it stands on there; in a packet trace, of the reassembled data
    framing      how it was found
    encoding     of the bytes when the whole part was transcoded or overruled, "" when each message decides
    line_ending  "\\r", "\\n" or "\\r\\n", whichever ends most segments; "" for formats without segments
    stream       the two ends of the connection in a packet trace, "" elsewhere
    """

    file: str
    offset: int
    length: int
    framing: str
    encoding: str
    line_ending: str
    stream: str = ""


def line_ending(raw: bytes) -> str:
    """What ends most segments of an ER7 message; decided for each message, because mixed files are real."""
    head = raw[: 1 << 16]
    pairs = head.count(b"\r\n")
    counts = {"\r": head.count(b"\r") - pairs, "\n": head.count(b"\n") - pairs, "\r\n": pairs}
    best = max(counts, key=lambda end: counts[end])
    return best if counts[best] else ""
