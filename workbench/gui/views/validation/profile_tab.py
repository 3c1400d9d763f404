"""The profile editor: open or learn a profile, change it with undo, save it as YAML, validate by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFileDialog,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from workbench.app.operations.profiles import learn_from, open_profile, save_profile
from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobHandle
from workbench.gui.shell.questions import ask_folder
from workbench.gui.theme.theme import Theme
from workbench.gui.undo import DocumentHolder
from workbench.gui.views.validation.condition_dialog import ConditionDialog
from workbench.gui.views.validation.profile_draft import ProfileDraft
from workbench.gui.views.validation.profile_inspector import ProfileInspector
from workbench.gui.views.validation.profile_model import WIDTHS, ProfileModel
from workbench.gui.views.validation.profile_structure import StructureButtons
from workbench.gui.widgets.basics import EmptyState, across, button, card, down, pane, retitle, tool_button, tree
from workbench.validation.profiles.edit import changed, separated, with_codes
from workbench.validation.profiles.edit_rules import Rule, contexts_of, new_predicate, with_rule
from workbench.validation.profiles.expressions import Presence, ProfilePath, Step
from workbench.validation.profiles.model import Code, Profile, Usage
from workbench.validation.profiles.places import Address, path_of

_FILES = "Profiles (*.xml *.yaml *.yml)"
_FOLDER = "A folder with profile.xml, constraints and value sets"
_YAML = "Profile in YAML (*.yaml)"
_ABOUT = (
    "A profile says what a sender must and may send: usage, cardinality, lengths, codes and conditions. "
    "Open one, or learn one from the messages of the capture and edit it."
)


class ProfileTab(QWidget):
    """Holds the profile being edited; `use_asked` hands on the file to validate by."""

    use_asked = Signal(object)  # Path
    profile_changed = Signal()

    def __init__(self, bench: Bench, session: Session) -> None:
        super().__init__()
        self._bench = bench
        self._holder: DocumentHolder[Profile | None] = DocumentHolder(None, self)
        self._file: Path | None = None
        self._opened: Path | None = None
        self._from: str = ""
        self.model = ProfileModel(bench.theme, self)
        self.view = tree(bench.theme, self.model, "Places of the profile", WIDTHS)
        self.inspector = ProfileInspector(bench.theme)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find PID-3.1 or a name")
        self.search.setAccessibleName("Find a place of the profile")
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(round(bench.theme.em * 16))
        self.search.setMinimumWidth(round(bench.theme.em * 7))
        self._stack = QStackedWidget()
        ways = (self.learn, self._ask_file, self._ask_folder)
        first, self._learn_first = _first_page(bench.theme, *ways)
        self._stack.addWidget(first)
        self._stack.addWidget(self._editor())
        self.setLayout(down(self._stack))
        self.draft = ProfileDraft(bench, session, self)
        self._connect()
        self._refresh()
        self.draft.recover(self.take)

    def _editor(self) -> QWidget:
        theme = self._bench.theme
        self.undo_button = tool_button(theme, "undo-2", "Undo the last change of the profile", self.undo)
        self.redo_button = tool_button(theme, "redo-2", "Do the change of the profile again", self.redo)
        self.save_button = button("Save…", self._ask_save, tip="Write the profile as YAML")
        self.use_button = button("Validate by it", self.use, primary=True, tip="Save it and validate by it from now on")
        self.structure = StructureButtons(self._bench, self, self)
        self._pane = pane(
            "Profile",
            self.view,
            self.search,
            self.structure.add,
            self.structure.remove,
            self.undo_button,
            self.redo_button,
            _open_button(self.learn, self._ask_file, self._ask_folder),
            self.save_button,
            self.use_button,
        )
        made = QSplitter(Qt.Orientation.Horizontal)
        made.addWidget(self._pane)
        made.addWidget(card(self.inspector))
        made.setSizes([860, 460])
        made.setStretchFactor(0, 1)
        made.setChildrenCollapsible(False)
        return made

    def _connect(self) -> None:
        self._holder.signals.changed.connect(self._show_edited)
        self._holder.signals.clean_changed.connect(lambda _clean: self._refresh())
        self.view.selectionModel().currentChanged.connect(self._show_place)
        self.view.installEventFilter(self)
        self.search.returnPressed.connect(self._find)
        inspector = self.inspector
        inspector.changed.connect(self._change)
        inspector.codes_changed.connect(self._change_codes)
        inspector.separate_asked.connect(self._separate)
        inspector.rule_asked.connect(self.ask_rule)
        inspector.rule_removed.connect(lambda rule: self._edit_rules(rule, None, "Remove a condition"))
        self._bench.capture_changed.connect(self._refresh)

    @property
    def profile(self) -> Profile | None:
        """The profile as it is now."""
        return self._holder.document

    @property
    def at(self) -> Address | None:
        """The selected place."""
        return self.model.address(self.view.currentIndex())

    def panes(self) -> list[QWidget]:
        return [self.view, self.inspector.usage]

    # Open, learn, save

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a profile", "", _FILES)
        if name:
            self.open(Path(name))

    def _ask_folder(self) -> None:
        folder = ask_folder(self, "Folder of an HL7 v2 profile")
        if folder is not None:
            self.open(folder)

    def open(self, path: Path) -> JobHandle | None:
        """Open a profile beside the window; unsaved changes are asked about first."""
        return self._start(f"Opening {path.name}", lambda _ctx: open_profile(path), path, path.name)

    def learn(self) -> JobHandle | None:
        """Learn a profile from the messages of the capture."""
        capture = self._bench.capture
        if capture is None:
            self._bench.say("Open a capture first; then a profile can be learnt from it.")
            return None
        title = capture.paths[0].stem if len(capture.paths) == 1 else f"{len(capture.paths)} files"
        count = len(capture)
        return self._start(
            "Learning a profile",
            lambda ctx: learn_from(capture, title, ctx),
            None,
            f"learnt from {count:,} messages of {title}",
        )

    def _start(self, title: str, work: Callable[[Any], Profile], opened: Path | None, origin: str) -> JobHandle | None:
        if not self._may_replace():
            return None
        handle = self._bench.jobs.newest("profile", title, work, quiet=False)
        handle.succeeded.connect(lambda profile: self.take(profile, opened, origin))
        handle.failed.connect(self._bench.report)
        return handle

    def take(self, profile: Profile, opened: Path | None, origin: str) -> None:
        """Edit another profile from now on; `opened` is where it stands on disk."""
        self._opened, self._from = opened, origin
        self._file = opened if opened is not None and opened.suffix.lower() in (".yaml", ".yml") else None
        self.model.show(profile)
        self._holder.replace(profile)
        for row in range(self.model.rowCount()):
            self.view.expand(self.model.index(row, 0))
        self.view.setCurrentIndex(self.model.index(0, 0))
        self._refresh()
        self._bench.say(f"Profile {profile.title}: {len(profile.messages):,} kinds of messages")

    def _may_replace(self) -> bool:
        if self.profile is None or self._holder.is_clean:
            return True
        return _gives_up(self)

    def _ask_save(self) -> Path | None:
        name = self._file.name if self._file else "profile.yaml"
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the profile", str(self._file or name), _YAML)
        if not chosen:
            return None
        path = Path(chosen)
        path = path if path.suffix.lower() in (".yaml", ".yml") else path.with_name(f"{path.name}.yaml")
        self.save(path)
        return path

    def save(self, path: Path, then: Callable[[], None] | None = None) -> JobHandle | None:
        """Write the profile beside the window; what is changed meanwhile stays unsaved."""
        profile, origin = self.profile, self._from
        if profile is None:
            return None

        def done(_nothing: object) -> None:
            self._file = path
            if self.profile is profile:
                self._opened = path
                self._holder.saved()
            self._refresh()
            self._bench.say(f"Saved {path.name}")
            if then is not None:
                then()

        handle = self._bench.jobs.start(
            f"Writing {path.name}", lambda _ctx: save_profile(profile, path, origin), writes=True
        )
        handle.succeeded.connect(done)
        handle.failed.connect(self._bench.report)
        return handle

    def use(self) -> None:
        """Validate by the profile; what has changes is saved first, to a file that is asked for when there is none."""
        if self._opened is not None and self._holder.is_clean:
            self.use_asked.emit(self._opened)
            return
        if self._file is None:
            name, _ = QFileDialog.getSaveFileName(self, "Save the profile to validate by it", "profile.yaml", _YAML)
            if not name:
                return
            self._file = Path(name)
        file = self._file
        self.save(file, lambda: self.use_asked.emit(file))

    # Changes

    def undo(self) -> None:
        self._holder.stack.undo()

    def redo(self) -> None:
        self._holder.stack.redo()

    def edit(self, after: Profile, words: str) -> None:
        """Make a changed profile the present one, as one step of undo."""
        self._holder.edit(after, words)

    def _change(self, changes: Mapping[str, object]) -> None:
        profile, at = self.profile, self.at
        if profile is not None and at is not None:
            self.edit(changed(profile, at, **changes), f"{', '.join(changes)} of {path_of(profile, at)}")

    def _change_codes(self, set_id: str, codes: tuple[Code, ...], closed: bool) -> None:
        profile, at = self.profile, self.at
        if profile is not None and at is not None:
            self.edit(with_codes(profile, at, set_id, codes, closed), f"codes of {path_of(profile, at)}")

    def _separate(self) -> None:
        profile, at = self.profile, self.at
        if profile is not None and at is not None:
            self.edit(separated(profile, at), f"flavour of its own for {path_of(profile, at)}")

    def ask_rule(self, rule: Rule | None) -> ConditionDialog | None:
        """Ask what a condition should say; None for a new one at the selected place."""
        profile, at = self.profile, self.at
        if profile is None or at is None:
            return None
        given = rule
        if given is None:
            _, way = contexts_of(profile, at)[0]
            target = ProfilePath(tuple(Step(place, 1) for place in way))
            first = Presence(ProfilePath((Step(1, 1),)))
            given = new_predicate(
                profile, at, id="", target=target, text="", test=first, when_true=Usage.R, when_false=Usage.O
            )
        attached = f"{given.context.scope.value} {given.context.id or given.context.name}"
        dialog = ConditionDialog(self._bench.theme, given, attached, self)
        words = "Change a condition" if rule is not None else "Add a condition"
        dialog.accepted.connect(lambda: self._edit_rules(rule, dialog.rule, words))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _edit_rules(self, before: Rule | None, after: Rule | None, words: str) -> None:
        if self.profile is not None:
            made = with_rule(self.profile, before, after)
            at = self.at
            if after is not None and before is None and at is not None and at.field:
                made = changed(made, at, usage=Usage.C)
            self.edit(made, words)

    # What is shown

    def _show_edited(self, profile: Profile | None) -> None:
        at = self.at
        if profile is not None:
            self.model.show_edited(profile)
        index = self.model.index_of(at) if at is not None else QModelIndex()
        if index.isValid() and index != self.view.currentIndex():
            self.view.setCurrentIndex(index)
        self.inspector.show_place(profile, self.at)
        self._refresh()

    def _show_place(self, *_where: QModelIndex) -> None:
        self.inspector.show_place(self.profile, self.at)
        self.structure.refresh()

    def _find(self) -> None:
        found = self.model.find(self.search.text(), self.at)
        if found is None:
            self._bench.say("No place of the profile has that path or name.")
            return
        self.go_to(found)

    def go_to(self, at: Address) -> None:
        """Select a place."""
        index = self.model.index_of(at)
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index)

    def _refresh(self) -> None:
        profile, stack = self.profile, self._holder.stack
        self._stack.setCurrentIndex(0 if profile is None else 1)
        self._learn_first.setEnabled(self._bench.capture is not None)
        self.undo_button.setEnabled(stack.canUndo())
        self.redo_button.setEnabled(stack.canRedo())
        self.undo_button.setToolTip(f"Undo {stack.undoText()}".strip())
        self.redo_button.setToolTip(f"Redo {stack.redoText()}".strip())
        if profile is not None:
            is_saved = self._holder.is_clean and self._opened is not None
            retitle(self._pane, profile.title if is_saved else f"{profile.title} · not saved")
            self.draft.tell(None if is_saved else profile, self._from)
        self.profile_changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Undo and redo mean the profile while the keyboard is in its tree."""
        if isinstance(event, QKeyEvent) and event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            undo, redo = event.matches(QKeySequence.StandardKey.Undo), event.matches(QKeySequence.StandardKey.Redo)
            if undo or redo:
                event.accept()
                if event.type() == QEvent.Type.KeyPress:
                    (self.undo if undo else self.redo)()
                return True
        return super().eventFilter(watched, event)


def _first_page(
    theme: Theme, learn: Callable[[], object], file: Callable[[], object], folder: Callable[[], object]
) -> tuple[QWidget, QPushButton]:
    """What is shown while no profile is open, and its button to learn one."""
    made = QWidget()
    state = EmptyState(theme, "list-checks", "No profile open", _ABOUT)
    state.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    learning = button("Learn from the capture", learn, primary=True)
    opening = (button("Open file…", file), button("Open folder…", folder, tip=_FOLDER))
    made.setLayout(down(1, state, across(1, learning, *opening, 1), 2, spacing=10))
    return made, learning


def _open_button(learn: Callable[[], object], file: Callable[[], object], folder: Callable[[], object]) -> QPushButton:
    made = button("Open", lambda: None, tip="Open or learn another profile")
    menu = QMenu(made)
    for title, act in (
        ("Learn from the capture", learn),
        ("File: XML or YAML…", file),
        ("Folder with profile.xml…", folder),
    ):
        menu.addAction(title).triggered.connect(lambda _checked=False, act=act: act())
    made.setMenu(menu)
    return made


def _gives_up(parent: QWidget) -> bool:
    """Whether unsaved changes of the profile may be lost."""
    answer = QMessageBox.question(
        parent,
        "Unsaved changes",
        "The profile has changes that are not saved. Give them up?",
        QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
    )
    return answer == QMessageBox.StandardButton.Discard
