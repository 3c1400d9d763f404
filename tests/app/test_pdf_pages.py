"""PDF documents inside messages."""

from __future__ import annotations

import pytest

from workbench.app.operations.pdf_pages import pdf_pages
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext

CONTENT = b"BT /F1 24 Tf 20 60 Td (Discharge summary) Tj ET"


def a_pdf(pages: int) -> bytes:
    """A document of one font and as many equal pages."""
    kids = b" ".join(b"%d 0 R" % (5 + number) for number in range(pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%b]>>" % (pages, kids),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(CONTENT), CONTENT),
    ]
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Contents 4 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
    objects += [page] * pages
    raw, places = bytearray(b"%PDF-1.4\n"), []
    for number, text in enumerate(objects, 1):
        places.append(len(raw))
        raw += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    start = len(raw)
    raw += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    raw += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(raw + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))


def test_pages_come_as_pictures_and_text() -> None:
    found = pdf_pages(a_pdf(3), JobContext(), most=2)
    assert (found.total, len(found.pages)) == (3, 2)
    page = found.pages[0]
    assert (page.width, len(page.pixels)) == (820, 820 * page.height * 3)
    assert page.height in (273, 274)
    assert page.text.strip() == "Discharge summary"
    assert set(page.pixels) > {0, 255}


def test_what_is_no_pdf_is_refused() -> None:
    with pytest.raises(Refused, match="damaged"):
        pdf_pages(b"%PDF-1.4 nothing more", JobContext())


def test_drawing_stops_when_it_is_cancelled() -> None:
    ctx = JobContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        pdf_pages(a_pdf(1), ctx)
