"""A document inside a message: PDF, pictures and text are shown, everything else can be saved and opened elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QDialog, QFileDialog, QPlainTextEdit, QScrollArea, QWidget

from workbench.app.operations.pdf_pages import Pdf, pdf_pages
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.models.decoded import Embedded
from workbench.gui.widgets.basics import across, button, down, label
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.progress import JobContext

SHOWN_CHARACTERS = 200_000
LARGEST_PDF = 64 << 20
_RTF_NOISE = re.compile(
    r"\{\\(?:fonttbl|colortbl|stylesheet|info|\*)[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\\'[0-9a-f]{2}|\\[a-z]+-?\d* ?|[{}]"
)
_ENDINGS = {
    "PDF document": "pdf", "PNG image": "png", "JPEG image": "jpg", "GIF image": "gif", "TIFF image": "tiff",
    "BMP image": "bmp", "RTF document": "rtf", "Text": "txt",
}  # fmt: skip


class EmbeddedDialog(QDialog):
    """Shows one document; nothing of it is written to disk unless the user saves it."""

    def __init__(self, bench: Bench, document: Embedded, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(document.kind)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._bench, self._document = bench, document
        self.body = self._picture() or self._text() or self._pages() or self._nothing()
        save = button("Save as…", self.ask_and_save)
        close = button("Close", self.close, primary=True)
        words = label(document.words, "muted")
        self.setLayout(down(words, self.body, across(1, save, close), margins=16, spacing=12))
        em = bench.theme.em
        is_wide = document.kind == "PDF document"
        self.resize(round(em * (60 if is_wide else 44)), round(em * (46 if is_wide else 34)))

    def _picture(self) -> QWidget | None:
        picture = QPixmap()
        if "image" not in self._document.kind or not picture.loadFromData(self._document.data):
            return None
        shown = label()
        shown.setPixmap(picture)
        shown.setAccessibleName(self._document.words)
        area = QScrollArea()
        area.setWidget(shown)
        return area

    def _text(self) -> QWidget | None:
        if self._document.kind not in ("Text", "RTF document"):
            return None
        text = self._document.data[:SHOWN_CHARACTERS].decode("utf-8", "replace")
        if self._document.kind == "RTF document":
            text = _RTF_NOISE.sub("", text.replace("\\par", "\n\\par")).strip()
        shown = QPlainTextEdit(text)
        shown.setReadOnly(True)
        shown.setAccessibleName("Text of the document")
        return shown

    def _pages(self) -> QWidget | None:
        """The pages of a PDF, drawn beside the window."""
        if self._document.kind != "PDF document" or len(self._document.data) > LARGEST_PDF:
            return None
        data = self._document.data
        pages = QWidget()
        self._how_far = label("Drawing the pages…", "muted", wrap=True)
        self._column = down(self._how_far, margins=8, spacing=12)
        pages.setLayout(self._column)
        area = QScrollArea()
        area.setWidget(pages)
        area.setWidgetResizable(True)
        area.setAccessibleName("Pages of the document")
        handle = self._bench.jobs.start("Drawing the pages", lambda ctx: pdf_pages(data, ctx), quiet=True)
        handle.succeeded.connect(self._show_pages)
        handle.failed.connect(lambda problem: self._how_far.setText(" ".join(sentence_of(problem))))
        self.finished.connect(lambda _result: handle.cancel())
        return area

    def _show_pages(self, pdf: Pdf) -> None:
        shown = f"the first {len(pdf.pages)} of {pdf.total:,} pages" if pdf.total > len(pdf.pages) else ""
        self._how_far.setText(shown or f"{pdf.total:,} {'page' if pdf.total == 1 else 'pages'}")
        for number, page in enumerate(pdf.pages, 1):
            image = QImage(page.pixels, page.width, page.height, page.width * 3, QImage.Format.Format_RGB888)
            picture = label()
            picture.setPixmap(QPixmap.fromImage(image))
            picture.setAccessibleName(f"Page {number}")
            picture.setAccessibleDescription(page.text[:SHOWN_CHARACTERS])
            self._column.addWidget(picture)
        text = "\f".join(page.text for page in pdf.pages)
        if text.strip():
            copy = button("Copy text", lambda: QGuiApplication.clipboard().setText(text), tip="The text of these pages")
            self._column.insertWidget(1, copy, 0, Qt.AlignmentFlag.AlignLeft)

    def _nothing(self) -> QWidget:
        words = "This kind of document cannot be shown here. Save it, and open it with the program that belongs to it."
        return label(words, wrap=True)

    def ask_and_save(self) -> None:
        suggested = f"document.{_ENDINGS.get(self._document.kind, 'bin')}"
        name, _ = QFileDialog.getSaveFileName(self, "Save the document", suggested)
        if name:
            self.save(Path(name))

    def save(self, path: Path) -> None:
        """Write the document beside the window."""
        data = self._document.data

        def write(ctx: JobContext) -> None:
            write_atomically(path, data)

        handle = self._bench.jobs.start("Saving the document", write, quiet=True, writes=True)
        handle.succeeded.connect(lambda _nothing: self._bench.say(f"Saved {path.name}"))
        handle.failed.connect(self._bench.report)
