"""Where the messages of a capture stand, as bytes that can be kept, so that unchanged files need not be searched again.

Only plain files are kept: what was unpacked, reassembled or transcoded stands nowhere on the disk.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence

from workbench.kernel.errors import Refused
from workbench.messages.buffers import FileOnDisk
from workbench.messages.formats import MessageFormat
from workbench.messages.parts import Part
from workbench.messages.registry import reader_named
from workbench.messages.sections import Section

_VERSION = 1
_HEAD_LENGTH_BYTES = 8


def packed(sections: Sequence[Section], framings: Sequence[tuple[str, str]]) -> bytes | None:
    """Sections and framings of a capture; None when one of them cannot be kept."""
    described, data = [], bytearray()
    for section in sections:
        file = section.part.file
        if file is None or section.derived is not None or section.part.encoding or section.limit is not None:
            return None
        described.append(
            {
                "part": [section.part.name, file.path, file.size, file.modified_ns, section.part.named],
                "reader": section.reader.name,
                "format": section.format,
                "encoding": section.encoding,
                "first": [section.first, section.first_of_file],
                "counts": [len(section.starts), len(section.ends)],
            }
        )
        data += section.starts.tobytes() + section.ends.tobytes()
    head = json.dumps({"version": _VERSION, "sections": described, "framings": list(framings)}).encode()
    return len(head).to_bytes(_HEAD_LENGTH_BYTES, "little") + head + bytes(data)


def unpacked(data: bytes) -> tuple[list[Section], list[tuple[str, str]]] | None:
    """What `packed` wrote; None when it was written by another version or is damaged."""
    size = int.from_bytes(data[:_HEAD_LENGTH_BYTES], "little")
    at = _HEAD_LENGTH_BYTES + size
    try:
        head = json.loads(data[_HEAD_LENGTH_BYTES:at])
        if head["version"] != _VERSION:
            return None
        sections: list[Section] = []
        parts: dict[str, Part] = {}
        for one in head["sections"]:
            name, path, length, modified_ns, named = one["part"]
            part = parts.setdefault(name, Part(name, FileOnDisk(path, length, modified_ns), named))
            numbers = []
            for count in one["counts"]:
                numbers.append(array("Q", data[at : at + 8 * count]))
                at += 8 * count
            section = Section(
                part, reader_named(one["reader"]), MessageFormat(one["format"]), one["encoding"], *one["first"]
            )
            section.starts, section.ends = numbers
            sections.append(section)
        framings = [(name, reader_named(framing).name) for name, framing in head["framings"]]
        return (sections, framings) if at == len(data) else None
    except (ValueError, KeyError, TypeError, Refused):
        return None
