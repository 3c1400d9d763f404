"""The files of the package as text, beside the picture: either side edits the same document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QFrame, QListWidget, QListWidgetItem, QWidget

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.views.mapping.panes import PanePlace
from workbench.gui.views.mapping.selection import Selection
from workbench.gui.widgets.basics import across, down, label
from workbench.gui.widgets.code_text import CodeText, Fault, Proposal
from workbench.kernel.errors import Refused
from workbench.mapping.completion import complete
from workbench.mapping.edits import PutText
from workbench.mapping.files import MESSAGES, Defect, content_of, defects_in, defects_of, file_names, file_of
from workbench.mapping.model import Package, Place
from workbench.mapping.save import text_of

PAUSE_MS = 350
"""After so long without a key what was typed becomes a change."""
_ID = re.compile(r"(?:^|[{,\s-])id:\s*[\"']?([A-Za-z0-9][\w.-]*)")
_DEFECT_ROWS = 4


class TextPane(QFrame):
    """One file at a time. Text that is not sound yet stays here; the picture shows the last sound one."""

    shown = Signal(str)

    def __init__(self, bench: Bench, desk: MappingDesk, selection: Selection) -> None:
        super().__init__()
        self._bench, self._desk, self._selection = bench, desk, selection
        self._file = ""
        self._taken = ""
        self._following = False
        self._stale = True
        self.files = QComboBox()
        self.files.setAccessibleName("File of the package")
        self.files.setToolTip("The file that is shown; Alt+Down lists all")
        self.files.setMaxVisibleItems(30)
        self.editor = CodeText(bench.theme, "Text of the map", self._propose)
        self.defects = QListWidget()
        self.defects.setAccessibleName("Defects of the package")
        self.defects.setToolTip("Enter goes to the place")
        self.defects.setIconSize(QSize(16, 16))
        self.defects.hide()
        self.state = label("", "muted")
        self.state.setAccessibleName("State of the text")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        head = across(self.files, self.state, 1, spacing=10)
        head.setContentsMargins(6, 4, 6, 4)
        layout = down(head, self.editor, self.defects, spacing=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._connect()
        self._package_changed()

    def _connect(self) -> None:
        self._timer.timeout.connect(self.take)
        self.files.currentTextChanged.connect(self._chosen)
        self.editor.textChanged.connect(self._typed)
        self.editor.cursorPositionChanged.connect(self._cursor_moved)
        self.editor.undo_asked.connect(self._undo)
        self.editor.redo_asked.connect(self._desk.redo)
        self.defects.itemActivated.connect(self._go_to_defect)
        self._desk.package_changed.connect(self._package_changed)
        self._desk.result_changed.connect(self._show_defects)
        self._selection.rule_changed.connect(self.show_rule)

    # A pane of the mapping page

    title = "Text"
    place = PanePlace.BELOW

    @property
    def widget(self) -> QWidget:
        return self

    def panes(self) -> list[QWidget]:
        return [self.editor, self.files]

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {"mapping.edit_text": self.edit}

    def edit(self) -> None:
        """Bring the text to the front with the cursor in it."""
        self.shown.emit(self.title)
        self.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # What is shown

    @property
    def file(self) -> str:
        """The file that is shown: `segments/PID-Patient.yaml`, "" before a package is open."""
        return self._file

    @property
    def pending(self) -> bool:
        """True while the text says something else than the document."""
        return bool(self._file) and self.editor.toPlainText() != self._taken

    def show_file(self, file: str) -> None:
        """Show another file; what is typed in this one and sound is taken first."""
        if file != self._file and self._may_leave():
            self._file = file
            self._following = True
            self.files.setCurrentText(file)
            self._following = False
            self._show_text()

    def show_rule(self, name: RuleName) -> None:
        """Go to a rule, a row, or with no id to a map."""
        package = self._desk.package
        file = _file_of(package, name) if package is not None else ""
        if self.editor.hasFocus() or not self.isVisible():
            return
        if not file:
            if package is not None and package.base is not None and name.map:
                self.state.setText(f"{name.map} is the base's; change a rule of it, and it stands here")
            return
        self.show_file(file)
        if file == self._file and name.rule:
            for number, line in enumerate(self.editor.toPlainText().split("\n"), 1):
                match = _ID.search(line)
                if match is not None and match[1] == name.rule:
                    self._following = True
                    self.editor.go_to(number, match.start(1) + 1)
                    self._following = False
                    return

    def take(self) -> bool:
        """Make what is typed a change of the document; False when it is not sound."""
        self._timer.stop()
        if not self.pending:
            self._show_defects()
            return True
        text = self.editor.toPlainText()
        found = defects_in(self._file, text)
        if found:
            self._tell(found)
            return False
        self._desk.apply(PutText(self._file, text), f"Edit {self._file} as text")
        return not self.pending

    def _may_leave(self) -> bool:
        if self.take():
            return True
        self._bench.say("The text has a defect; mend it or undo it, then go on.")
        self._following = True
        self.files.setCurrentText(self._file)
        self._following = False
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._package_changed()
        self.show_rule(self._selection.rule)

    def _package_changed(self) -> None:
        """Follow the document; a text nobody sees waits until somebody does."""
        self._stale = not self.isVisible()
        package = self._desk.package
        if self._stale and package is not None and not self.pending:
            return
        self._stale = False
        if package is None:
            self._file, self._taken = "", ""
            self.editor.show_text("")
            self.setEnabled(False)
            return
        self.setEnabled(True)
        names = list(file_names(package))
        if names != [self.files.itemText(number) for number in range(self.files.count())]:
            self._following = True
            self.files.clear()
            self.files.addItems(names)
            if self._file not in names:
                self._file = next((name for name in names if name.startswith("segments/")), names[0])
                self._taken = ""
                self.editor.blockSignals(True)
                self.editor.setPlainText("")
                self.editor.blockSignals(False)
            self.files.setCurrentText(self._file)
            self._following = False
        self._show_text()

    def _show_text(self) -> None:
        """Show what the document says, unless something unsound stands here that the document did not change under."""
        package = self._desk.package
        if package is None:
            return
        text = text_of(package, self._file)
        if self.pending and text == self._taken and self.editor.toPlainText():
            return
        self._taken = text
        self._following = True
        self.editor.show_text(text)
        self._following = False
        self._show_defects()

    def _chosen(self, file: str) -> None:
        if file and not self._following:
            self.show_file(file)

    # Editing

    def _typed(self) -> None:
        if not self._following and self.pending:
            self.state.setText("typing…")
            self._timer.start()
        elif not self._following:
            self._timer.start()

    def _undo(self) -> None:
        """Take back what is typed and not taken yet, else the last change of the document."""
        self._timer.stop()
        if self.pending and defects_in(self._file, self.editor.toPlainText()):
            self._following = True
            self.editor.show_text(self._taken)
            self._following = False
            self._show_defects()
            self._bench.say("Undone: what was typed and had a defect")
            return
        self.take()
        self._desk.undo()

    def _propose(self, text: str, line: int, column: int) -> Proposal:
        package = self._desk.package
        if package is None:
            return Proposal(column, ())
        found = complete(package, self._file, text, line, column)
        return Proposal(found.start, tuple((offer.text, offer.detail) for offer in found.offers))

    def _cursor_moved(self) -> None:
        """Select the rule the cursor stands in."""
        if self._following or not self.editor.hasFocus():
            return
        line, _ = self.editor.place
        lines = self.editor.toPlainText().split("\n")
        for number in range(min(line, len(lines) - 1), -1, -1):
            match = _ID.search(lines[number])
            if match is not None:
                self._selection.choose_rule(RuleName(_map_of(self._file), match[1]))
                return
            if lines[number] and not lines[number].startswith((" ", "-", "#")):
                return

    # Defects

    def _show_defects(self) -> None:
        """What is wrong with the text as it stands, else with the package as a whole."""
        if self.pending and (found := defects_in(self._file, self.editor.toPlainText())):
            self._tell(found)
            return
        problem = self._desk.problem
        self._tell(defects_of(problem) if isinstance(problem, Refused) else ())

    def _tell(self, found: tuple[Defect, ...]) -> None:
        here = [(defect, defect.place) for defect in found if defect.place and defect.place.file == self._file]
        self.editor.show_faults([Fault(place.line, place.column, defect.sentence) for defect, place in here])
        self.defects.clear()
        for defect in found:
            self.defects.addItem(self._item(defect))
        self.defects.setVisible(bool(found))
        rows = min(len(found), _DEFECT_ROWS)
        self.defects.setFixedHeight(rows * round(self._bench.theme.em * 1.7) + 6)
        self.state.setText(_state(len(found), self.pending))

    def _item(self, defect: Defect) -> QListWidgetItem:
        place = defect.place
        where = "" if place is None else f"{place.file}:" if place.file != self._file else ""
        text = f"{where}{place.line}:{place.column}  {defect.sentence}" if place is not None else defect.sentence
        item = QListWidgetItem(self._bench.theme.icon("circle-x", "severity.error"), text)
        item.setData(Qt.ItemDataRole.UserRole, place)
        item.setToolTip(text)
        return item

    def _go_to_defect(self, item: QListWidgetItem) -> None:
        place = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(place, Place):
            if place.file != self._file:
                self.show_file(place.file)
            self.editor.go_to(place.line, place.column)
            self.editor.setFocus(Qt.FocusReason.OtherFocusReason)


def _state(defects: int, pending: bool) -> str:
    if defects:
        words = "1 defect" if defects == 1 else f"{defects} defects"
        return f"{words}; the picture shows the last sound text" if pending else words
    return "typing…" if pending else "sound"


def _file_of(package: Package, name: RuleName) -> str:
    if name.map.startswith(f"{MESSAGES}/"):
        file = f"{name.map}.yaml"
        return file if content_of(package, file) is not None else ""
    rule_map = package.rule_map(name.map) if name.map else None
    return file_of(rule_map.kind, rule_map.name) if rule_map is not None else ""


def _map_of(file: str) -> str:
    folder, _, name = file.partition("/")
    name = name.rpartition(".")[0]
    return f"{folder}/{name}" if folder == MESSAGES else name
