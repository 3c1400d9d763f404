"""Edits of a message on a scratch copy: the capture is never written to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog, QFrame, QInputDialog, QLineEdit, QSizePolicy

from workbench.gui.bench import Bench
from workbench.gui.marks import Mark
from workbench.gui.widgets.basics import Badge, across, button, label
from workbench.gui.widgets.message_view import MessageView
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.v2.edits import Edit, SetRaw, SetValue
from workbench.v2.er7 import Message

_EDITED = Mark("pencil", "state.partial", "Scratch copy")


@dataclass(slots=True)
class ScratchCopy:
    """The states of one message; `states[0]` is the original and `at` the one shown."""

    states: list[Message]
    at: int = 0
    paths: list[str] = field(default_factory=list)

    @property
    def shown(self) -> Message:
        return self.states[self.at]

    def apply(self, edit: Edit, path: str) -> None:
        """Make the next state; what was undone is forgotten. Raises Refused as the edit does."""
        changed, _ = edit.apply(self.shown)
        del self.states[self.at + 1 :]
        del self.paths[self.at :]
        self.states.append(changed)
        self.paths.append(path)
        self.at += 1


class ScratchBar(QFrame):
    """Says that the message shown is an edited copy, undoes, redoes and saves it; hidden while nothing is edited."""

    def __init__(self, bench: Bench, view: MessageView) -> None:
        super().__init__()
        self.setObjectName("card")
        self._bench, self._view = bench, view
        self._copies: dict[int, ScratchCopy] = {}
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
        bench.message_changed.connect(self._follow)
        bench.capture_changed.connect(self._forget)

    @property
    def copy(self) -> ScratchCopy | None:
        """The scratch copy of the selected message, if there is one."""
        return self._copies.get(self._bench.number) if self._bench.number is not None else None

    def ask(self) -> None:
        """Ask for a new value of the selected place."""
        document, path = self._bench.document, self._bench.place.path
        if not isinstance(document, Message) or "-" not in path:
            self._bench.say("Select a field of an HL7 v2 message first; then it can be edited.")
            return
        if self._bench.masked:
            self._bench.say("Values are masked. Turn Mask PHI off to edit this message.")
            return
        found = document.at(path)
        is_whole = bool(found and found[0].children)
        before = (found[0].raw if is_whole else found[0].value) if found else ""
        question = f"{path}, as it is written, delimiters included" if is_whole else path
        text, ok = QInputDialog.getText(self, "Edit on a scratch copy", question, QLineEdit.EchoMode.Normal, before)
        if ok and text != before:
            self.apply(SetRaw(path, text) if is_whole else SetValue(path, text), path)

    def apply(self, edit: Edit, path: str) -> None:
        """Edit the scratch copy, which is made now when there is none."""
        document, number = self._bench.document, self._bench.number
        if not isinstance(document, Message) or number is None:
            return
        copy = self._copies.get(number) or ScratchCopy([document])
        try:
            copy.apply(edit, path)
        except Refused as refusal:
            self._bench.report(refusal)
            return
        self._copies[number] = copy
        self._show(copy, path)

    def undo(self) -> None:
        copy = self.copy
        if copy is not None and copy.at > 0:
            copy.at -= 1
            self._show(copy, copy.paths[copy.at])

    def redo(self) -> None:
        copy = self.copy
        if copy is not None and copy.at + 1 < len(copy.states):
            copy.at += 1
            self._show(copy, copy.paths[copy.at - 1])

    def discard(self) -> None:
        """Show the message as it was received; the edits are gone."""
        copy, number = self.copy, self._bench.number
        if copy is not None and number is not None:
            del self._copies[number]
            self._bench.show_edited(copy.states[0])
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

    def _action_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.key() == Qt.Key.Key_F2:
            return self.ask
        if self.copy is None:
            return None
        if event.matches(QKeySequence.StandardKey.Undo):
            return self.undo
        return self.redo if event.matches(QKeySequence.StandardKey.Redo) else None

    def _double_clicked(self, index: QModelIndex) -> None:
        node = self._view.model.node(index)
        if node is not None and (index.column() == 2 or not self._view.model.rowCount(index.siblingAtColumn(0))):
            self._bench.select_place(node.path, node.span, self._view.tree)
            self.ask()

    def _follow(self) -> None:
        """Another message is shown; when it has a scratch copy, that is shown instead."""
        copy = self.copy
        if copy is not None and self._bench.document is not copy.shown and copy.at:
            self._bench.show_edited(copy.shown)
        self._tell()

    def _forget(self) -> None:
        self._copies.clear()
        self._tell()

    def _show(self, copy: ScratchCopy, path: str) -> None:
        self._bench.show_edited(copy.shown)
        found = copy.shown.at(path)
        self._bench.select_place(path, found[0].span if found else None)
        self._tell()

    def _tell(self) -> None:
        copy = self.copy
        self.setVisible(copy is not None)
        if copy is not None:
            count = f"{copy.at} edit{'s' if copy.at != 1 else ''}"
            self.badge.show_mark(_EDITED, f"Scratch copy · {count}")
            self.undo_button.setEnabled(copy.at > 0)
            self.redo_button.setEnabled(copy.at + 1 < len(copy.states))
