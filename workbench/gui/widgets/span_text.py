"""The raw view: text with syntax colours, highlighted byte spans, and clicks that say which byte."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QGuiApplication,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.display_text import HIDDEN_RETURN, DisplayText, LineRun, differing_lines
from workbench.kernel.location import Span

COLOURED_CHARACTERS = 200_000
"""Lines beyond this are left plain; a syntax colour is no help in a megabyte of base64."""

LINE_CHARACTERS = 1000
"""A line of JSON longer than this was written without lines."""

MOST_RUNS = 100
"""Text that differs in more places is set as a whole."""

_JSON_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<literal>true|false|null)|(?P<number>-?\d[\d.eE+-]*)'
)

_WRITING = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.KeypadModifier,
    Qt.KeyboardModifier.GroupSwitchModifier,
)
_NULL = '|(?P<null>(?<=[|])""(?=[|]|$))'


class _Er7Colours(QSyntaxHighlighter):
    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._theme = theme
        self._token = re.compile(r"(?P<delimiter>[|^~&])|(?P<escape>\\[^\\|]*\\)")

    def use_delimiters(self, characters: str, escape: str) -> None:
        """The delimiters of the message shown."""
        escape_text = re.escape(escape or "\\")
        found = f"(?P<escape>{escape_text}[^{escape_text}|]*{escape_text})" + _NULL
        self._token = re.compile(f"(?P<delimiter>[{re.escape(characters or '|')}])|{found}")

    def highlightBlock(self, text: str) -> None:
        if len(text) > COLOURED_CHARACTERS:
            return
        segment = QTextCharFormat()
        segment.setForeground(self._theme.colour("syntax.segment"))
        segment.setFontWeight(QFont.Weight.DemiBold)
        self.setFormat(0, 3, segment)
        for match in self._token.finditer(text, 3):
            kind = match.lastgroup or "delimiter"
            self.setFormat(match.start(), match.end() - match.start(), self._theme.colour(f"syntax.{kind}"))


class _JsonColours(QSyntaxHighlighter):
    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._theme = theme

    def highlightBlock(self, text: str) -> None:
        if len(text) > COLOURED_CHARACTERS:
            return
        for match in _JSON_TOKEN.finditer(text):
            kind = match.lastgroup or "string"
            self.setFormat(match.start(), match.end() - match.start(), self._theme.colour(f"syntax.{kind}"))


class SpanText(QPlainTextEdit):
    """Read-only text in which bytes can be pointed at and pointed out."""

    byte_chosen = Signal(int)
    """The byte under the cursor, when a person moved it there."""
    typed = Signal(int, int, str)
    """The bytes that are to be replaced, and by what; the text itself changes when it is shown anew."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: DisplayText | None = None
        self._colours: QSyntaxHighlighter | None = None
        self._spans: dict[str, tuple[Span, ...]] = {}
        self._typing = False
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName(name)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setFont(theme.mono())
        self.document().setDocumentMargin(8)
        theme.changed.connect(self._retint)

    def show_er7(self, shown: DisplayText, delimiters: str, escape: str) -> None:
        """Show a v2 message; `delimiters` are its separators, `escape` its escape character."""
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        if not isinstance(self._colours, _Er7Colours):
            self._colours = self._replace_colours(_Er7Colours(self.document(), self._theme))
        if isinstance(self._colours, _Er7Colours):
            self._colours.use_delimiters(delimiters, escape)
        self._show(shown)

    def show_json(self, shown: DisplayText) -> None:
        """Show JSON; what was written without lines is wrapped, the rest keeps its own."""
        has_lines = "\n" in shown.text[:LINE_CHARACTERS] or len(shown.text) < LINE_CHARACTERS
        modes = QPlainTextEdit.LineWrapMode
        self.setLineWrapMode(modes.NoWrap if has_lines else modes.WidgetWidth)
        if not isinstance(self._colours, _JsonColours):
            self._colours = self._replace_colours(_JsonColours(self.document(), self._theme))
        self._show(shown)

    def clear_text(self) -> None:
        self._shown = None
        self._spans = {}
        self.setExtraSelections([])
        self.setPlainText("")

    def point_out(self, current: Sequence[Span], related: Sequence[Span] = (), *, scroll: bool = True) -> None:
        """Highlight bytes: the current ones, and those that go with them."""
        self._spans = {"span.related": tuple(related), "span.current": tuple(current)}
        self._paint_spans()
        if scroll and current and self._shown is not None:
            cursor = self.textCursor()
            cursor.setPosition(self._within(self._shown.positions(current[0])[0]))
            out_of_sight = not self.viewport().rect().contains(self.cursorRect(cursor))
            self.setTextCursor(cursor)
            if out_of_sight:
                self.centerCursor()

    def set_typing(self, on: bool) -> None:
        """Let a person type; what is typed is told by `typed`."""
        self._typing = on
        self.setProperty("typing", on)
        self.setCursorWidth(2 if on else 1)

    def put_cursor(self, byte: int) -> None:
        """Put the cursor on a byte; the text stays where it is on the screen."""
        if self._shown is not None:
            bar = self.verticalScrollBar()
            before = bar.value()
            cursor = self.textCursor()
            cursor.setPosition(self._within(self._shown.positions(Span(byte, byte))[0]))
            self.setTextCursor(cursor)
            bar.setValue(before)
            self.ensureCursorVisible()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._typing or not self._type(event):
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        if self._typing and event.commitString():
            self._replace(event.commitString())
        else:
            super().inputMethodEvent(event)

    def _type(self, event: QKeyEvent) -> bool:
        """Take a key that changes the text; False for all others."""
        chosen = self.textCursor().hasSelection()
        if event.matches(QKeySequence.StandardKey.Paste):
            self._replace(QGuiApplication.clipboard().text())
        elif event.matches(QKeySequence.StandardKey.Cut):
            self.copy()
            self._replace("")
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._replace("\n")
        elif event.key() == Qt.Key.Key_Backspace:
            self._replace("", before=0 if chosen else 1)
        elif event.key() == Qt.Key.Key_Delete:
            self._replace("", after=0 if chosen else 1)
        elif event.text().isprintable() and event.text() and event.modifiers() in _WRITING:
            self._replace(event.text())
        else:
            return False
        return True

    def _replace(self, text: str, before: int = 0, after: int = 0) -> None:
        if self._shown is None:
            return
        cursor = self.textCursor()
        start, end = max(0, cursor.selectionStart() - before), min(cursor.selectionEnd() + after, self._within(1 << 31))
        if end > start and self._shown.text[start:end] == "\n" and self._shown.text[start - 1 : start] == HIDDEN_RETURN:
            start -= 1
        self.typed.emit(self._shown.byte(start), self._shown.byte(end), text)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if not self.textCursor().hasSelection():
            self.say_byte()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        super().keyReleaseEvent(event)
        moving = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End}
        if event.key() in moving and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.say_byte()

    def say_byte(self) -> None:
        """Tell which byte the cursor is on."""
        if self._shown is not None:
            self.byte_chosen.emit(self._shown.byte(self.textCursor().position()))

    def _show(self, shown: DisplayText) -> None:
        """Begin at the top with other text; only the lines that differ are set, laid out and coloured anew."""
        before = self._shown.text.split("\n") if self._shown is not None else []
        after = shown.text.split("\n")
        self._shown = shown
        self._spans = {}
        self.setExtraSelections([])
        runs = differing_lines(before, after)
        lines = sum(run.last - run.first for run in runs)
        if len(before) != self.document().blockCount() or 2 * lines > len(before) or len(runs) > MOST_RUNS:
            self.setPlainText(shown.text)
            return
        for run in reversed(runs):
            self._replace_lines(run)
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def _replace_lines(self, run: LineRun) -> None:
        document = self.document()
        cursor = QTextCursor(document.findBlockByNumber(run.first))
        end = document.findBlockByNumber(run.last - 1)
        cursor.setPosition(end.position() + end.length() - 1, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText("\n".join(run.lines))

    def _replace_colours(self, colours: QSyntaxHighlighter) -> QSyntaxHighlighter:
        if self._colours is not None:
            self._colours.setDocument(None)
            QObject.deleteLater(self._colours)
        return colours

    def _within(self, position: int) -> int:
        return max(0, min(position, self.document().characterCount() - 1))

    def _paint_spans(self) -> None:
        if self._shown is None:
            return
        selections = []
        for role, spans in self._spans.items():
            for span in spans:
                start, end = self._shown.positions(span)
                selection = QTextEdit.ExtraSelection()
                cursor = QTextCursor(self.document())
                cursor.setPosition(self._within(start))
                cursor.setPosition(self._within(max(end, start + 1)), QTextCursor.MoveMode.KeepAnchor)
                selection.cursor = cursor
                style = QTextCharFormat()
                style.setBackground(QColor(self._theme.tokens[role]))
                if role == "span.current":
                    style.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
                    style.setUnderlineColor(self._theme.colour("accent"))
                selection.format = style
                selections.append(selection)
        self.setExtraSelections(selections)

    def _retint(self) -> None:
        if self._colours is not None:
            self._colours.rehighlight()
        self._paint_spans()
