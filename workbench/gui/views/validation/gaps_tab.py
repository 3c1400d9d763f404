"""The gap report: what a sender who fits one profile, or sends one capture, must change for another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from workbench.app.operations.gap_report import write_html, write_xlsx
from workbench.app.operations.profiles import learn_from, profile_or_learnt
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobHandle
from workbench.gui.models.gap_tree import EFFECT_MARKS, HEADS, gap_tree
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.shell.questions import ask_files, ask_folder
from workbench.gui.widgets.basics import across, button, down, label, pane, retitle, table, tree
from workbench.kernel.progress import JobContext
from workbench.validation.profiles.gap import Effect, Gap, compare_profiles
from workbench.validation.profiles.model import Profile

_FILES = "Profiles (*.xml *.yaml *.yml);;All files (*)"
_ABOUT = (
    "Choose what is there and what is to be met. A capture stands for the profile learnt from it. "
    "Stricter is what the sender must change."
)
_WRITERS = {"html": write_html, "xlsx": write_xlsx}


@dataclass(frozen=True)
class Side:
    """One side of the comparison; `read` may take a while."""

    title: str
    read: Callable[[JobContext], Profile]


class GapsTab(QWidget):
    side_chosen = Signal()

    def __init__(self, bench: Bench, edited: Callable[[], Profile | None]) -> None:
        super().__init__()
        self._bench = bench
        self._edited = edited
        self._gaps: list[Gap] = []
        self._titles = ("", "")
        self.sides: list[Side | None] = [None, None]
        columns = (
            Column("Effect", lambda g: EFFECT_MARKS[g.effect].word, 7, mark=lambda g: EFFECT_MARKS[g.effect]),
            Column("Place", lambda g: g.place, 14, mono=True),
            Column("Element", lambda g: g.name, 14, muted=True),
            Column("Aspect", lambda g: g.aspect, 7),
            Column("First", lambda g: g.first, 16),
            Column("Second", lambda g: g.second, 16),
        )
        self.model = RowsModel(bench.theme, columns, self)
        self.table = table(bench.theme, self.model, "Differences as a table", columns)
        self.tree_model = NodeTreeModel(bench.theme, self, HEADS)
        self.tree = tree(bench.theme, self.tree_model, "Differences as a tree", (20, 18))
        self.words = label(_ABOUT, "muted", wrap=True)
        self._buttons = [self._side_button(0), self._side_button(1)]
        self.compare_button = button("Compare", self.compare, primary=True)
        self._place()
        bench.capture_changed.connect(self._refresh)
        self._refresh()

    def _place(self) -> None:
        self.view_choice = _choice("Show as", ("Table", "Tree"))
        self.effect = _choice("Which differences to show", ("All differences", *(str(e).capitalize() for e in Effect)))
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter differences")
        self.filter.setClearButtonEnabled(True)
        self.filter.setMaximumWidth(round(self._bench.theme.em * 12))
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.tree)
        self.export = self._export_button()
        self._pane = pane("Gap report", self._stack, self.filter, self.effect, self.view_choice, self.export)
        first, second = self._buttons
        head = across(label("What is there"), first, label("What is to be met"), second, self.compare_button, 1)
        head.setContentsMargins(8, 8, 8, 0)
        words = across(self.words)
        words.setContentsMargins(8, 0, 8, 4)
        layout = down(head, words)
        layout.addWidget(self._pane, 1)
        self.setLayout(layout)
        self.view_choice.currentIndexChanged.connect(self._stack.setCurrentIndex)
        self.effect.currentIndexChanged.connect(self._show)
        self.filter.textChanged.connect(self._show)

    def _side_button(self, side: int) -> QPushButton:
        made = button("", lambda: None, tip="A capture or a profile")
        made.setAccessibleName("What is to be met" if side else "What is there")
        menu = QMenu(made)
        for title, choose in (
            ("The open capture", self.choose_capture),
            ("The profile in the editor", self.choose_edited),
            ("Profile file…", self._ask_file),
            ("Profile folder…", self._ask_folder),
            ("Other messages…", self._ask_messages),
        ):
            menu.addAction(title).triggered.connect(partial(_without_state, partial(choose, side)))
        made.setMenu(menu)
        return made

    def _export_button(self) -> QToolButton:
        made = QToolButton()
        self._bench.theme.give_icon(made, "download")
        made.setText(" Export")
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setToolTip("Write all differences for others")
        menu = QMenu(made)
        menu.addAction("HTML page").triggered.connect(partial(_without_state, partial(self._ask_export, "html")))
        menu.addAction("Spreadsheet").triggered.connect(partial(_without_state, partial(self._ask_export, "xlsx")))
        made.setMenu(menu)
        return made

    def panes(self) -> list[QWidget]:
        return [*self._buttons, self.table if self._stack.currentIndex() == 0 else self.tree]

    # The two sides

    def choose_capture(self, side: int) -> None:
        """The capture that is open now."""
        capture = self._bench.capture
        if capture is None:
            self._bench.say("Open a capture first.")
            return
        title = capture.paths[0].name if len(capture.paths) == 1 else f"{len(capture.paths)} files"
        self.choose(side, Side(title, lambda ctx: learn_from(capture, title, ctx)))

    def choose_edited(self, side: int) -> None:
        """The profile of the editor as it is now."""
        profile = self._edited()
        if profile is None:
            self._bench.say("Open or learn a profile on the Profile tab first.")
            return
        self.choose(side, Side(f"{profile.title} (editor)", lambda _ctx: profile))

    def choose_path(self, side: int, path: Path) -> None:
        """A profile, or messages, on disk."""
        unseal = self._bench.unseal
        self.choose(side, Side(path.name, lambda ctx: profile_or_learnt(path, ctx, unseal)))

    def choose(self, side: int, what: Side) -> None:
        self.sides[side] = what
        self._refresh()
        self.side_chosen.emit()

    def _ask_file(self, side: int) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Profile", "", _FILES)
        if name:
            self.choose_path(side, Path(name))

    def _ask_folder(self, side: int) -> None:
        folder = ask_folder(self, "Folder of an HL7 v2 profile")
        if folder is not None:
            self.choose_path(side, folder)

    def _ask_messages(self, side: int) -> None:
        paths = ask_files(self)
        if paths:
            self.choose_path(side, paths[0])

    # The report

    def compare(self) -> JobHandle | None:
        """Compare the two sides beside the window."""
        first, second = self.sides
        if first is None or second is None:
            return None

        def work(ctx: JobContext) -> list[Gap]:
            return compare_profiles(first.read(ctx), second.read(ctx))

        handle = self._bench.jobs.newest("gaps", "Comparing profiles", work, quiet=False)
        handle.succeeded.connect(lambda gaps: self._take(gaps, first.title, second.title))
        handle.failed.connect(self._bench.report)
        return handle

    def _take(self, gaps: list[Gap], first: str, second: str) -> None:
        self._gaps, self._titles = gaps, (first, second)
        counts = Counter(gap.effect for gap in gaps)
        said = ", ".join(f"{counts[effect]:,} {EFFECT_MARKS[effect].word}" for effect in Effect)
        self.words.setText(
            f"{first} → {second}: {said}." if gaps else f"{first} and {second} demand and allow the same."
        )
        self._show()
        self._refresh()
        self._bench.say(f"{len(gaps):,} differences")

    @property
    def shown(self) -> list[Gap]:
        """The differences that the filter lets through."""
        number, words = self.effect.currentIndex(), self.filter.text().lower().split()
        wanted = list(Effect)[number - 1] if number else None
        return [
            gap
            for gap in self._gaps
            if wanted in (None, gap.effect) and all(word in " ".join(map(str, gap)).lower() for word in words)
        ]

    def _show(self, *_changed: object) -> None:
        shown = self.shown
        self.model.show(shown)
        nodes, effects = gap_tree(shown)
        self.tree_model.show(nodes)
        marks = {number: EFFECT_MARKS[effect] for number, effect in effects.items()}
        self.tree_model.mark({number: (mark.icon, mark.role, mark.word) for number, mark in marks.items()})
        self.tree.expandToDepth(0)
        retitle(self._pane, f"Gap report · {len(shown):,}" if self._gaps else "Gap report")

    def _refresh(self) -> None:
        for made, side in zip(self._buttons, self.sides, strict=True):
            made.setText(side.title if side else "Choose…")
        self.compare_button.setEnabled(all(self.sides))
        self.export.setEnabled(bool(self._gaps))

    def _ask_export(self, form: str) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Write the gap report", f"gaps.{form}")
        if name:
            self.export_to(Path(name), form)

    def export_to(self, path: Path, form: str) -> JobHandle:
        """Write every difference as `html` or `xlsx` beside the window."""
        gaps, (first, second) = self._gaps, self._titles
        handle = self._bench.jobs.start(
            f"Writing {path.name}", lambda _ctx: _WRITERS[form](gaps, first, second, path), writes=True
        )
        handle.succeeded.connect(lambda _nothing: self._bench.say(f"{len(gaps):,} differences written to {path.name}"))
        handle.failed.connect(self._bench.report)
        return handle


def _choice(name: str, items: tuple[str, ...]) -> QComboBox:
    made = QComboBox()
    made.addItems(items)
    made.setAccessibleName(name)
    return made


def _without_state(act: Callable[[], object], _checked: bool = False) -> None:
    """Menu actions tell whether they are checked, which nobody asked."""
    act()
