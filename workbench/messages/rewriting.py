"""Writing a capture back: what was not edited byte for byte, between the messages as well.

The framing stays what it was. An edited message is put back as its framing wants it: with XML entities, as a JSON
string, in UTF-16.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from workbench.kernel.atomic_file import atomic_stream
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import WINDOW, Buffer
from workbench.messages.capture import Capture
from workbench.messages.parts import Part

_NONE: Mapping[int, bytes] = {}


def rewritten(
    capture: Capture, part: Part, edited: Mapping[int, bytes] = _NONE, ctx: JobContext | None = None
) -> Iterator[bytes]:
    """The bytes of one part of a capture, with some of its messages replaced.

    edited  new bytes by number in the capture; those of other parts are passed over
    raises  Refused CAP-0021: a message of a packet trace was edited; Cancelled
    """
    job = ctx or JobContext()
    buffer = part.buffer
    at, size = 0, len(buffer)
    own = capture.numbers_of(part)
    for number in sorted(number for number in edited if number in own):
        section, start, end = capture.place_of(number)
        if section.derived is not None:
            raise Refused(
                "CAP-0021",
                "A message that was put together from network packets cannot be written back into the trace.",
                "Save the messages to a file of their own.",
            )
        yield from _pieces(buffer, at, start, job)
        yield section.put(edited[number], start, end)
        at = end
        job.advance(at, size, part.name)
    yield from _pieces(buffer, at, size, job)


def save_part(
    capture: Capture, part: Part, target: Path, edited: Mapping[int, bytes] = _NONE, ctx: JobContext | None = None
) -> None:
    """Write one part to a file of its own; the capture itself is never written to.

    raises  Refused CAP-0021; CAP-0022: the target is one of the files of the capture
            Unavailable KRN-0002; Cancelled, and then the target is as it was
    """
    sources = {Path(each.file.path).resolve() for each in capture.parts if each.file is not None}
    if target.resolve() in sources:
        raise Refused("CAP-0022", f"{target} belongs to the capture, which is never changed.", "Choose another file.")
    with atomic_stream(target) as stream:
        stream.writelines(rewritten(capture, part, edited, ctx))


def _pieces(buffer: Buffer, start: int, end: int, ctx: JobContext) -> Iterator[bytes]:
    for at in range(start, end, WINDOW):
        ctx.check()
        yield buffer[at : min(end, at + WINDOW)]
