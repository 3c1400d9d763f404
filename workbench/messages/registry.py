"""Which readers there are, and the one that fits. Order matters: each assumes that those before it did not fit.

Readers of plug-ins stand before the built-in ones.
"""

from __future__ import annotations

from collections.abc import Callable

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.offers import Offers
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer, occurrences
from workbench.messages.formats import Framing
from workbench.messages.framing import BOM
from workbench.messages.readers.er7 import Er7Reader
from workbench.messages.readers.fhir import (
    EntriesReader,
    FhirXmlReader,
    JsonReader,
    NdjsonReader,
    OtherJsonReader,
)
from workbench.messages.readers.logs import JsonTextReader, LogLineReader, LogReader
from workbench.messages.readers.packets import PacketReader
from workbench.messages.readers.xml import MirthReader, OtherXmlReader, V2XmlReader
from workbench.messages.reading import HEAD_BYTES, Reader, ReaderFault

_LEAD_BYTES = 1024
PLAIN = Er7Reader(Framing.ER7)
_AFTER_A_LEAD: tuple[Reader, ...] = (LogLineReader(), LogReader(), PLAIN)
"""What may begin with words of somebody else."""
READERS: Offers[Reader] = Offers[Reader](
    (
        PacketReader(),
        MirthReader(),
        V2XmlReader(),
        FhirXmlReader(),
        OtherXmlReader(),
        NdjsonReader(),
        EntriesReader(),
        JsonReader(),
        JsonTextReader(),
        OtherJsonReader(),
        Er7Reader(Framing.MLLP),
        Er7Reader(Framing.BATCH),
        *_AFTER_A_LEAD,
    )
)


def reader_named(name: str) -> Reader:
    """The reader the user asks for.

    raises  Refused CAP-0019: there is none of that name
    """
    if name not in READERS:
        raise Refused("CAP-0019", f"There is no reader called {name!r}.", f"There are: {', '.join(READERS)}.")
    return READERS[name]


def reader_for(buffer: Buffer, ctx: JobContext, tell: Callable[[Issue], object]) -> Reader:
    """The first reader that recognises the bytes; plain ER7 when none does.

    A part that begins with something long and foreign is judged again where its first `MSH` stands.

    tell  takes what is to be said of plug-ins that failed
    """
    head = buffer[:HEAD_BYTES].removeprefix(BOM)
    for reader in READERS.values():
        try:
            if reader.sniff(head):
                return reader
        except ReaderFault as fault:
            tell(fault.issue)
    if len(buffer) > HEAD_BYTES and b"MSH" not in head:
        at = next(occurrences(buffer, b"MSH", ctx), -1)
        if at >= 0:
            lead = buffer[max(0, at - _LEAD_BYTES) : at]
            line = max(lead.rfind(b"\r"), lead.rfind(b"\n")) + 1
            first = at - len(lead) + line
            later = buffer[first : first + HEAD_BYTES]
            return next((reader for reader in _AFTER_A_LEAD if reader.sniff(later)), PLAIN)
    return PLAIN
