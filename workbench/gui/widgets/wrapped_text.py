"""A text that is broken wherever the room ends: values without a blank are as common as sentences."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy

LONGEST_WORD = 24
"""Characters without a blank that a narrow pane has room for."""


def is_unbroken(text: str) -> bool:
    """True for a text that a label could not break."""
    return any(len(word) > LONGEST_WORD for word in text.split())


class WrappedText(QPlainTextEdit):
    """As high as its text is, to be read, selected and copied."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.setAccessibleName(name)
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(0)
        for scroll_bar_of in (self.setVerticalScrollBarPolicy, self.setHorizontalScrollBarPolicy):
            scroll_bar_of(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setStyleSheet("QPlainTextEdit { background: transparent; padding: 0; }")
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        lines = max(1, round(self.document().size().height()))  # a plain text document is measured in lines
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 2)
