"""An editor for YAML: line numbers, colours, defects underlined where they are, and completion.

It keeps no undo of its own: what is typed becomes changes of a document, and undo is the document's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QCompleter, QListView, QPlainTextEdit, QTextEdit, QToolTip, QWidget

from workbench.gui.theme.theme import Theme

_TOKEN = re.compile(
    r"(?P<delimiter>(?:^|(?<=\s))#.*$)"
    r"|(?P<string>\"(?:[^\"\\]|\\.)*\"|'[^']*')"
    r"|(?P<key>[A-Za-z][\w-]*(?=:(?:\s|$)))"
    r"|(?P<segment>\b[A-Z][A-Z0-9]{1,2}(?:-\d+(?:\[[^\]]*\])?(?:\.\d+)*|(?:\.\d+)+)(?![\w-]))"
    r"|(?P<literal>\b(?:true|false|null)\b)"
    r"|(?P<number>(?<![\w.-])-?\d+(?:\.\d+)?(?![\w.-]))"
)
_MOST_ROWS = 12


@dataclass(frozen=True, slots=True)
class Proposal:
    """What may stand at the cursor in place of the characters from `start` (a column of its line)."""

    start: int
    offers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a line and column, both 1-based."""

    line: int
    column: int
    sentence: str


Proposer = Callable[[str, int, int], Proposal]
"""Given the text and the cursor's line and column (0-based), what may stand there."""


class _Colours(QSyntaxHighlighter):
    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._theme = theme

    def highlightBlock(self, text: str) -> None:
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup or "string"
            form = QTextCharFormat()
            form.setForeground(self._theme.colour("muted" if kind == "delimiter" else f"syntax.{kind}"))
            if kind == "key":
                form.setFontWeight(QFont.Weight.DemiBold)
            form.setFontItalic(kind == "delimiter")
            self.setFormat(match.start(), match.end() - match.start(), form)


class _Numbers(QWidget):
    """The line numbers at the left of an editor."""

    def __init__(self, editor: CodeText) -> None:
        super().__init__(editor)
        self._editor = editor

    def sizeHint(self) -> QSize:
        return QSize(self._editor.numbers_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._editor.paint_numbers(event.rect())


class CodeText(QPlainTextEdit):
    """The text and the cursor; what it means is the business of whoever made it."""

    undo_asked = Signal()
    redo_asked = Signal()

    def __init__(self, theme: Theme, name: str, propose: Proposer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._propose = propose
        self._faults: tuple[Fault, ...] = ()
        self._start = 0
        self._numbers = _Numbers(self)
        self._colours = _Colours(self.document(), theme)
        self._completer = QCompleter(self)
        self._offers = QStringListModel(self)
        self._texts: list[str] = []
        self._popup = QListView()
        self._popup.setAccessibleName("Completions")
        self._completer.setPopup(self._popup)
        self._completer.setModel(self._offers)
        self._completer.setWidget(self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setMaxVisibleItems(_MOST_ROWS)
        self._completer.activated[QModelIndex].connect(self._insert)  # type: ignore[index]
        self.setAccessibleName(name)
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self.setFont(theme.mono())
        self.document().setDocumentMargin(6)
        self.blockCountChanged.connect(self._make_room)
        self.updateRequest.connect(self._scrolled)
        self.cursorPositionChanged.connect(self._paint_lines)
        theme.changed.connect(self._retint)
        self._make_room()
        self._paint_lines()

    # The text

    def show_text(self, text: str) -> None:
        """Another text; where it is the same as before, cursor and place stay."""
        now = self.toPlainText()
        if now == text:
            return
        before = _common(now, text)
        after = _common(now[before:][::-1], text[before:][::-1])
        cursor = self.textCursor()
        cursor.setPosition(before)
        cursor.setPosition(len(now) - after, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text[before : len(text) - after])

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the cursor at a 1-based line and column and show it."""
        block = self.document().findBlockByNumber(line - 1)
        if block.isValid():
            cursor = QTextCursor(block)
            cursor.setPosition(block.position() + min(column - 1, max(0, block.length() - 1)))
            self.setTextCursor(cursor)
            self.centerCursor()

    @property
    def place(self) -> tuple[int, int]:
        """The cursor's line and column, 0-based."""
        cursor = self.textCursor()
        return cursor.blockNumber(), cursor.positionInBlock()

    def show_faults(self, faults: Sequence[Fault]) -> None:
        """Underline what is wrong; the sentence is the tool tip there."""
        self._faults = tuple(faults)
        self._paint_lines()
        self._numbers.update()

    # Completion

    def complete(self) -> None:
        """Offer what may stand at the cursor."""
        line, column = self.place
        proposal = self._propose(self.toPlainText(), line, column)
        self._start = proposal.start
        self._texts = [text for text, _ in proposal.offers]
        if not self._texts or self._texts == [self._word(column)]:
            self._popup.hide()
            return
        widest = max(len(text) for text in self._texts)
        self._offers.setStringList([f"{text.ljust(widest)}   {detail}".rstrip() for text, detail in proposal.offers])
        self._popup.setFont(self._theme.mono(0.95))
        area = self.cursorRect()
        area.setWidth(
            min(self._popup.sizeHintForColumn(0) + self._popup.verticalScrollBar().sizeHint().width() + 12, 620)
        )
        area.translate(self.viewportMargins().left(), 4)
        self._completer.complete(area)
        self._popup.setCurrentIndex(self._completer.completionModel().index(0, 0))

    def _word(self, column: int) -> str:
        return self.textCursor().block().text()[self._start : column]

    def _insert(self, index: QModelIndex) -> None:
        text = self._texts[index.row()]
        cursor = self.textCursor()
        block = cursor.block().position()
        cursor.setPosition(block + self._start)
        cursor.setPosition(block + self.place[1], QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text)
        self.setTextCursor(cursor)

    # Keys

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            line = self.cursorForPosition(event.pos() - QPoint(self.viewportMargins().left(), 0)).blockNumber() + 1
            said = "\n".join(fault.sentence for fault in self._faults if fault.line == line)
            QToolTip.showText(event.globalPos(), said, self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        chosen = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
        if self._popup.isVisible() and event.key() in (*chosen, Qt.Key.Key_Escape, Qt.Key.Key_Backtab):
            event.ignore()  # the completer takes it
            return
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo_asked.emit()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo_asked.emit()
        elif event.key() == Qt.Key.Key_Space and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.complete()
        elif event.key() in chosen[:2] and not event.modifiers():
            text = self.textCursor().block().text()
            self.insertPlainText("\n" + text[: len(text) - len(text.lstrip())])
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)
            self._typed(event.text())

    def _typed(self, text: str) -> None:
        """Offer while a word or path is being written, and right after `key: `."""
        column = self.place[1]
        before = self.textCursor().block().text()[:column]
        begins = before.endswith((": ", "[", "{")) and text in (" ", "[", "{")
        if begins or (text and (text.isalnum() or text in "-.")):
            if begins or self._popup.isVisible() or len(re.split(r"[\s,\[{\"]", before)[-1]) > 1:
                self.complete()
        elif self._popup.isVisible():
            self.complete() if text == "\b" else self._popup.hide()

    # How it looks

    def numbers_width(self) -> int:
        digits = max(3, len(str(self.blockCount())))
        return 14 + self.fontMetrics().horizontalAdvance("9") * digits

    def paint_numbers(self, area: QRect) -> None:
        """The numbers of the visible lines; a line with a defect has a mark."""
        painter = QPainter(self._numbers)
        painter.fillRect(area, self._theme.colour("window"))
        painter.setFont(self.font())
        wrong = {fault.line for fault in self._faults}
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        width = self._numbers.width()
        while block.isValid() and top <= area.bottom():
            height = self.blockBoundingRect(block).height()
            number = block.blockNumber() + 1
            painter.setPen(self._theme.colour("severity.error" if number in wrong else "muted"))
            text = f"✖ {number}" if number in wrong else str(number)
            painter.drawText(QRect(0, round(top), width - 6, round(height)), Qt.AlignmentFlag.AlignRight, text)
            top += height
            block = block.next()
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._numbers.setGeometry(QRect(inside.left(), inside.top(), self.numbers_width(), inside.height()))

    def _make_room(self) -> None:
        self.setViewportMargins(self.numbers_width() + 2, 0, 0, 0)

    def _scrolled(self, area: QRect, by: int) -> None:
        if by:
            self._numbers.scroll(0, by)
        else:
            self._numbers.update(0, area.y(), self._numbers.width(), area.height())

    def _paint_lines(self) -> None:
        selections = [self._line_selection()]
        for fault in self._faults:
            block = self.document().findBlockByNumber(fault.line - 1)
            if block.isValid():
                selections.append(self._fault_selection(QTextCursor(block), fault))
        self.setExtraSelections(selections)

    def _line_selection(self) -> QTextEdit.ExtraSelection:
        chosen = QTextEdit.ExtraSelection()
        chosen.cursor = self.textCursor()
        chosen.cursor.clearSelection()
        form = QTextCharFormat()
        form.setBackground(self._theme.colour("hover"))
        form.setProperty(QTextCharFormat.Property.FullWidthSelection, True)
        chosen.format = form
        return chosen

    def _fault_selection(self, cursor: QTextCursor, fault: Fault) -> QTextEdit.ExtraSelection:
        text = cursor.block().text()
        start = min(max(0, fault.column - 1), max(0, len(text) - 1))
        match = re.match(r"[\w.$-]+|.*\S", text[start:])  # a whole entry begins with a sign
        cursor.setPosition(cursor.block().position() + start)
        cursor.setPosition(
            cursor.block().position() + start + (match.end() if match else 0), QTextCursor.MoveMode.KeepAnchor
        )
        chosen = QTextEdit.ExtraSelection()
        chosen.cursor = cursor
        form = QTextCharFormat()
        form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        form.setUnderlineColor(QColor(self._theme.tokens["severity.error"]))
        chosen.format = form
        return chosen

    def _retint(self) -> None:
        self._colours.rehighlight()
        self._paint_lines()
        self._numbers.update()


def _common(one: str, other: str) -> int:
    """The length of the common beginning."""
    shorter = min(len(one), len(other))
    return next((at for at in range(shorter) if one[at] != other[at]), shorter)
