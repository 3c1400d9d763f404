"""Edits of a message on a scratch copy: the capture is never written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog, QFrame, QInputDialog, QLineEdit, QMenu, QSizePolicy

from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.marks import Mark
from workbench.gui.views.messages.scratch_copy import KIND, ScratchCopy, ScratchJournal
from workbench.gui.views.messages.segment_edits import SegmentEdits
from workbench.gui.widgets.basics import Badge, across, button, label
from workbench.gui.widgets.message_view import MessageView
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.v2.edits import Edit, ReplaceText, SetRaw, SetValue, line_end
from workbench.v2.er7 import Message

LONGEST_ASKED = 32_000
_EDITED = Mark("pencil", "state.partial", "Scratch copy")


class ScratchBar(QFrame):
    """Says that the message shown is an edited copy, undoes, redoes and saves it; hidden while nothing is edited."""

    def __init__(self, bench: Bench, session: Session, view: MessageView) -> None:
        super().__init__()
        self.setObjectName("card")
        self._bench, self._session, self._view = bench, session, view
        self._copies: dict[int, ScratchCopy] = {}
        self.segments = SegmentEdits(self, bench)
        self._left_behind = any(unsaved.kind == KIND for unsaved in session.unsaved())
        self._capture: Capture | None = None
        self.badge = Badge(bench.theme)
        self.words = label("The capture is not changed.", "muted")
        self.undo_button = button("Undo", self.undo, tip="Take back the last edit of this message")
        self.redo_button = button("Redo", self.redo, tip="Make the edit again")
        self.save_button = button("Save copy as…", self.ask_and_save)
        self.discard_button = button("Discard", self.discard, tip="Show the message as it was received")
        line = across(
            self.badge, self.words, 1, self.undo_button, self.redo_button, self.discard_button, self.save_button
        )
        line.setContentsMargins(10, 4, 8, 4)
        self.setLayout(line)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setVisible(False)
        view.tree.doubleClicked.connect(self._double_clicked)
        view.tree.setExpandsOnDoubleClick(True)
        for widget in (view.tree, view.raw):
            widget.installEventFilter(self)
        view.type_button.setVisible(True)
        view.type_button.toggled.connect(self._let_type)
        view.raw.typed.connect(self._typed)
        view.menu_asked.connect(self._fill_menu)
        bench.mask_changed.connect(lambda _masked: view.type_button.setChecked(False))
        bench.message_changed.connect(self._follow)
        bench.capture_changed.connect(self._forget)

    @property
    def copy(self) -> ScratchCopy | None:
        """The scratch copy of the selected message, if there is one."""
        return self._copies.get(self._bench.number) if self._bench.number is not None else None

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {
            "messages.edit": self.ask,
            "messages.type": self._view.type_button.click,
            "messages.insert_segment": self.segments.ask,
            "messages.duplicate_segment": self.segments.duplicate,
            "messages.remove_segment": self.segments.remove,
            "messages.segment_up": lambda: self.segments.move(-1),
            "messages.segment_down": lambda: self.segments.move(1),
            "messages.undo_edit": self.undo,
            "messages.redo_edit": self.redo,
        }

    def editable(self) -> Message | None:
        """The message that can be edited; says why when there is none."""
        document = self._bench.document
        if self._bench.masked:
            self._bench.say("Values are masked. Turn Mask PHI off to edit this message.")
        elif isinstance(document, Message):
            return document
        elif self._bench.part is not None:
            self._bench.say("This message is too large to be edited here.")
        else:
            self._bench.say("Select a field of an HL7 v2 message first; then it can be edited.")
        return None

    # Values

    def ask(self) -> None:
        """Ask for a new value of the selected place."""
        document, path = self.editable(), self._bench.place.path
        if document is None:
            return
        if "-" not in path:
            self._bench.say("Select a field of an HL7 v2 message first; then it can be edited.")
            return
        found = document.at(path)
        is_whole = bool(found and found[0].children)
        before = (found[0].raw if is_whole else found[0].value) if found else ""
        if len(before) > LONGEST_ASKED:
            self._bench.say(f"This value has {len(before):,} characters; it cannot be edited in a line.")
            return
        question = f"{path}, as it is written, delimiters included" if is_whole else path
        text, ok = QInputDialog.getText(self, "Edit on a scratch copy", question, QLineEdit.EchoMode.Normal, before)
        if ok and text != before:
            self.apply(SetRaw(path, text) if is_whole else SetValue(path, text), path)

    # Typing

    def _let_type(self, on: bool) -> None:
        allowed = on and self.editable() is not None and self._bench.part is None
        if on and self._bench.part is not None:
            self._bench.say("A long message is edited by its fields (F2) and segments.")
        self._view.type_button.setChecked(allowed)
        self._view.raw.set_typing(allowed)
        if allowed:
            self._view.raw.setFocus()

    def _typed(self, start: int, end: int, text: str) -> None:
        """Replace the bytes `start` to `end` by what was typed; a line end becomes that of the message."""
        document = self.editable()
        if document is None or (start == end and not text):
            return
        written = text.replace("\r\n", "\n").replace("\n", line_end(document))
        edit = ReplaceText(document.character_at(start), document.character_at(end), written)
        if self.take((edit,), self._bench.place.path, typed=True):
            byte = start + len(written.encode(document.encoding, "replace"))
            self._view.raw.put_cursor(byte)
            self._view.choose_byte(byte, self._view.raw)

    # Steps

    def apply(self, edit: Edit, path: str) -> None:
        """Edit the scratch copy, which is made now when there is none, and show the place."""
        if self.take((edit,), path):
            self._point_at(path)

    def take(self, edits: Sequence[Edit], path: str, typed: bool = False) -> bool:
        """Take a step on the scratch copy and show it; False when it was refused, which was said."""
        document, number = self._bench.document, self._bench.number
        if not isinstance(document, Message) or number is None:
            return False
        copy = self._copies.get(number) or ScratchCopy(document, ScratchJournal(self._session, document.raw))
        try:
            copy.apply(edits, path, typed)
        except Refused as refusal:
            if typed:
                self._bench.say(" ".join((refusal.text, refusal.hint)))
            else:
                self._bench.report(refusal)
            return False
        self._copies[number] = copy
        self._show(copy)
        return True

    def undo(self) -> None:
        copy = self.copy
        if copy is not None and copy.at > 0:
            path = copy.undo()
            self._show(copy)
            self._point_at(path)

    def redo(self) -> None:
        copy = self.copy
        if copy is not None and copy.at < len(copy.steps):
            path = copy.redo()
            self._show(copy)
            self._point_at(path)

    def discard(self) -> None:
        """Show the message as it was received; the edits are gone."""
        copy, number = self.copy, self._bench.number
        if copy is not None and number is not None:
            copy.discard()
            del self._copies[number]
            self._bench.show_edited(copy.original)
            self._tell()

    def ask_and_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the edited message", "message.hl7", "*.hl7")
        if name:
            self.save(Path(name))

    def save(self, path: Path) -> None:
        """Write the edited message to a new file; the files of the capture are refused."""
        copy, capture = self.copy, self._bench.capture
        if copy is None or capture is None:
            return
        if path.exists() and any(path.samefile(original) for original in capture.paths):
            self._bench.report(
                Refused("GUI-0040", "This is the capture itself; it is only read.", "Write to another file.")
            )
            return
        raw = copy.shown.raw

        def write(ctx: JobContext) -> None:
            write_atomically(path, raw)

        handle = self._bench.jobs.start("Saving a message", write, quiet=True, writes=True)
        handle.succeeded.connect(lambda _nothing: self._bench.say(f"Saved {path.name}"))
        handle.failed.connect(self._bench.report)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Undo and redo mean the scratch copy while the keyboard is in the message, and F2 edits."""
        if isinstance(event, QKeyEvent) and event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            action = self._action_of(event)
            if action is not None:
                event.accept()
                if event.type() == QEvent.Type.KeyPress:
                    action()
                return True
        return super().eventFilter(watched, event)

    def _action_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        if event.key() == Qt.Key.Key_F2:
            return self.ask
        if self.copy is not None:
            if event.matches(QKeySequence.StandardKey.Undo):
                return self.undo
            if event.matches(QKeySequence.StandardKey.Redo):
                return self.redo
        return None

    def _fill_menu(self, menu: QMenu) -> None:
        """What can be done with the place that was asked for."""
        menu.addSeparator()
        for text, action in (
            ("Edit value…\tF2", self.ask),
            ("Insert segment after this one…", self.segments.ask),
            ("Duplicate segment", self.segments.duplicate),
            ("Remove segment", self.segments.remove),
            ("Move segment up", lambda: self.segments.move(-1)),
            ("Move segment down", lambda: self.segments.move(1)),
        ):
            made = menu.addAction(text)
            made.setEnabled(isinstance(self._bench.document, Message) and not self._bench.masked)
            made.triggered.connect(lambda _checked=False, action=action: action())

    def _double_clicked(self, index: QModelIndex) -> None:
        node = self._view.model.node(index)
        if node is not None and (index.column() == 2 or not self._view.model.rowCount(index.siblingAtColumn(0))):
            self._bench.select_place(node.path, node.span, self._view.tree)
            self.ask()

    def _follow(self) -> None:
        """Another message is shown; when it has a scratch copy, that is shown instead."""
        self._recover()
        copy = self.copy
        if copy is not None and copy.at and self._bench.document is not copy.shown:
            self._bench.show_edited(copy.shown)
        can_type = self._bench.part is None and isinstance(self._bench.document, Message)
        self._view.type_button.setEnabled(can_type)
        self._view.type_button.setChecked(can_type and self._view.type_button.isChecked())
        self._tell()

    def _recover(self) -> None:
        """Edits that an earlier session made of this message and did not discard come back."""
        document, number = self._bench.document, self._bench.number
        if not self._left_behind or not isinstance(document, Message) or number is None or number in self._copies:
            return
        copy = ScratchCopy(document, ScratchJournal(self._session, document.raw))
        copy.recover()
        if copy.steps:
            self._copies[number] = copy
            self._bench.say("Edits of an earlier session are back; Discard shows the message as it was received")

    def _forget(self) -> None:
        self._left_behind = self._left_behind or bool(self._copies)
        self._copies.clear()
        self._tell()

    def _show(self, copy: ScratchCopy) -> None:
        self._bench.show_edited(copy.shown)
        self._tell()

    def _point_at(self, path: str) -> None:
        copy = self.copy
        if copy is not None and path:
            found = copy.shown.at(path)
            self._bench.select_place(path, found[0].span if found else None)

    def _tell(self) -> None:
        copy = self.copy
        self.setVisible(copy is not None)
        if copy is not None:
            count = f"{copy.at} edit{'s' if copy.at != 1 else ''}"
            self.badge.show_mark(_EDITED, f"Scratch copy · {count}")
            self.undo_button.setEnabled(copy.at > 0)
            self.redo_button.setEnabled(copy.at < len(copy.steps))
