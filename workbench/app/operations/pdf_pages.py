"""The pages of a PDF document inside a message, as pictures and as text.

The document comes from outside, so it is read in a process of its own, which is ended when it takes too long; nothing
of it is written to disk.
"""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import NamedTuple

from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext

MOST_PAGES = 20
PATIENCE_S = 30.0
_WAIT_S = 0.1
_WIDTH = 820
_TALLEST = 4000


class Page(NamedTuple):
    """One page: a picture in RGB, three bytes a dot without gaps between lines, and the text on it."""

    width: int
    height: int
    pixels: bytes
    text: str


class Pdf(NamedTuple):
    """The first pages of a document that has `total` of them."""

    total: int
    pages: tuple[Page, ...]


def pdf_pages(data: bytes, ctx: JobContext, most: int = MOST_PAGES) -> Pdf:
    """Draw the first pages.

    raises  Refused APP-0060: it cannot be read as a PDF; Cancelled
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_draw, args=(theirs, most), daemon=True)
    process.start()
    theirs.close()
    end = time.monotonic() + PATIENCE_S
    try:
        ours.send_bytes(data)
        ctx.check()
        while not ours.poll(_WAIT_S):
            ctx.check()
            if time.monotonic() > end:
                raise _unreadable("it takes too long to draw")
        found: Pdf | None = ours.recv()
    except (EOFError, OSError) as error:
        raise _unreadable("the program that draws it gave up") from error
    finally:
        ours.close()
        process.terminate()
        process.join()
    if found is None:
        raise _unreadable("it is damaged or locked by a password")
    return found


def _unreadable(why: str) -> Refused:
    return Refused("APP-0060", f"This PDF cannot be shown: {why}.", "Save it, and open it with another program.")


def _draw(pipe: Connection, most: int) -> None:
    import pypdfium2  # type: ignore[import-untyped]  # only this process needs it

    try:
        document = pypdfium2.PdfDocument(pipe.recv_bytes())
    except pypdfium2.PdfiumError:
        pipe.send(None)
        return
    pages = []
    for number in range(min(len(document), most)):
        page = document[number]
        width, height = page.get_size()
        scale = min(_WIDTH / max(width, 1), _TALLEST / max(height, 1))
        bitmap = page.render(scale=scale, rev_byteorder=True)
        line = bitmap.width * 3
        raw = bytes(bitmap.buffer)
        pixels = b"".join(raw[at : at + line] for at in range(0, bitmap.stride * bitmap.height, bitmap.stride))
        pages.append(Page(bitmap.width, bitmap.height, pixels, page.get_textpage().get_text_bounded()))
    pipe.send(Pdf(len(document), tuple(pages)))
