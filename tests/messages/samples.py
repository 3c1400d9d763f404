"""The same messages in every framing, and traces of network packets, built here from nothing."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from xml.sax.saxutils import escape

ADT = b"MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5\rPID|1||7||SMITH^ANN\r"
ORU = b"MSH|^~\\&|L|B|C|D|2024||ORU^R01|2|P|2.5\rPID|1||8||SMITH^BOB\rOBX|1|ST|X||MSH|1\r"
ACK = b"MSH|^~\\&|C|D|A|B|2024||ACK^A01|9|P|2.5\rMSA|AA|1\r"
SOURCE, TARGET = (0x0A000001, 40000), (0x0A000002, 2575)


def framed_samples() -> dict[str, bytes]:
    """Captures of `ADT` and `ORU` by file name."""
    both = (ADT, ORU)
    lines = [message.rstrip(b"\r").replace(b"\r", b"\n") for message in both]
    return {
        "cr.hl7": ADT + b"\r" + ORU,
        "crlf.hl7": b"\r\n".join(message.replace(b"\r", b"\r\n") for message in both),
        "mllp.bin": b"".join(b"\x0b" + message + b"\x1c\r" for message in both),
        "batch.hl7": b"FHS|^~\\&\rBHS|^~\\&\r" + ADT + ORU + b"BTS|2\rFTS|1\r",
        "log.txt": b"".join(b"2024-01-01 12:00:0%d IN " % n + line + b"\nack sent\n" for n, line in enumerate(lines)),
        "one-line.txt": b"".join(
            b'12:00 got "' + message.rstrip(b"\r").replace(b"\r", b"<CR>") + b'" ok\n' for message in both
        ),
        "lines.json": b"".join(json.dumps({"at": 1, "in": {"msg": m.decode()}}).encode() + b"\n" for m in both),
        "export.xml": b"\n".join(mirth(message) for message in both),
        "utf16.hl7": b"\xff\xfe" + (ADT + ORU).decode().encode("utf-16-le"),
        "trace.pcap": pcap(tcp(message, 1000) for message in (b"\x0b" + ADT + ORU + b"\x1c\r",)),
    }


def mirth(message: bytes, metadata_id: int = 0, encrypted: bool = False) -> bytes:
    """One message as Mirth Connect exports it: the raw content, and the same again as it was encoded."""
    content = escape(message.decode(), {"\r": "&#xd;"})
    return (
        "<message><messageId>1</messageId><connectorMessages><entry><int>0</int><connectorMessage>"
        f"<messageId>1</messageId><metaDataId>{metadata_id}</metaDataId><raw><encrypted>{str(encrypted).lower()}"
        f"</encrypted><content>{content}</content></raw><encoded><content>{content}</content></encoded>"
        f"<response><content>{escape(escape('MSH|^~'))}</content></response></connectorMessage></entry>"
        f"<entry><int>1</int><connectorMessage><metaDataId>1</metaDataId><raw><content>{content}</content></raw>"
        "</connectorMessage></entry></connectorMessages></message>"
    ).encode()


def tcp(
    data: bytes,
    sequence: int,
    ends: tuple[tuple[int, int], tuple[int, int]] = (SOURCE, TARGET),
    flags: int = 0x18,
    vlan: bool = False,
) -> bytes:
    """An Ethernet frame with a TCP segment; `ends` are (address, port) of sender and receiver."""
    (source, source_port), (target, target_port) = ends
    segment = struct.pack(">HHIIBBHHH", source_port, target_port, sequence % 2**32, 0, 0x50, flags, 512, 0, 0) + data
    packet = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0, source, target) + segment
    tag = b"\x81\x00\x00\x05" if vlan else b""
    return b"\2" * 12 + tag + b"\x08\x00" + packet


def pcap(frames: Iterable[bytes], link: int = 1, order: str = "<") -> bytes:
    """A trace in the classic format, one frame a second."""
    head = struct.pack(f"{order}IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    records = (
        struct.pack(f"{order}IIII", 1_700_000_000 + at, 0, len(frame), len(frame)) + frame
        for at, frame in enumerate(frames)
    )
    return head + b"".join(records)


def pcapng(frames: Iterable[bytes], link: int = 1) -> bytes:
    """A trace in the newer format: section header, interface, enhanced packets."""
    blocks = [
        struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28),
        struct.pack("<IIHHII", 1, 20, link, 0, 65535, 20),
    ]
    for at, frame in enumerate(frames):
        padded = frame + b"\0" * (-len(frame) % 4)
        size = 32 + len(padded)
        blocks.append(
            struct.pack("<IIIIIII", 6, size, 0, 0, at, len(frame), len(frame)) + padded + struct.pack("<I", size)
        )
    return b"".join(blocks)
