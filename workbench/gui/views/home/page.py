"""The Home page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from workbench.app.session import Session, sample_capture_paths
from workbench.gui.bench import Bench, Step
from workbench.gui.marks import OPEN
from workbench.gui.page import Page
from workbench.gui.widgets.basics import Badge, across, button, card, down, label

RECENT_KEPT = 6
_SETTING = "recent_captures"
_STEPS = {
    Step.LOAD: ("messages", "mail", "Open what the sender really sends.", "nothing open yet"),
    Step.VALIDATE: ("validation", "shield-check", "Find what breaks the standard.", "not validated yet"),
    Step.MAP: ("mapping", "arrow-left-right", "Rules, with the result beside them.", "no mapping open"),
    Step.CODES: ("terminology", "tags", "Say what local codes mean.", "codes not collected yet"),
    Step.TEST: ("suites", "flask-conical", "Synthetic patients against the baseline.", "not run yet"),
    Step.EXPORT: ("export", "package", "A package an engine can take.", "nothing exported yet"),
}

_KEYS = (
    ("Ctrl+K", "go to anything"),
    ("F8", "next problem"),
    ("F6", "next pane"),
    ("Ctrl+M", "map a field"),
    ("F1", "all keys"),
)


class HomePage(Page):
    """Six steps with their state, what waits, and recent captures."""

    name = "home"

    def __init__(self, bench: Bench, session: Session, open_files: Callable[[], None]) -> None:
        super().__init__(bench)
        self._session = session
        self._open_files = open_files
        self._badges: dict[Step, Badge] = {}
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        title = label("From capture to package")
        title.setFont(bench.theme.font(1.7, QFont.Weight.DemiBold))
        lead = label("Everything stays on this machine, encrypted. Each step says what it needs next.", "muted")
        steps = QGridLayout()
        steps.setSpacing(12)
        for number, step in enumerate(Step):
            steps.addWidget(self._step_card(number, step), number // 3, number % 3)
        for column in range(3):
            steps.setColumnStretch(column, 1)
        body = QWidget()
        body.setObjectName("page")
        layout = down(title, lead, spacing=4)
        layout.addSpacing(18)
        layout.addLayout(steps)
        layout.addSpacing(12)
        lower = across(self._recent_card(), self._help_card(), spacing=12)
        lower.setStretch(0, 2)
        lower.setStretch(1, 1)
        layout.addLayout(lower)
        layout.addStretch(1)
        layout.setContentsMargins(32, 26, 32, 26)
        body.setLayout(layout)
        body.setMaximumWidth(round(bench.theme.em * 76))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(body)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setLayout(down(scroll))
        bench.steps_changed.connect(self._show_steps)
        bench.capture_changed.connect(self._remember)
        self._show_steps()
        self._show_recent()

    def panes(self) -> list[QWidget]:
        return self.findChildren(QWidget, "stepButton")

    def _step_card(self, number: int, step: Step) -> QWidget:
        page, icon, about, _ = _STEPS[step]
        picture = label()
        picture.setProperty("icon_size", 22)
        self.theme.give_icon(picture, icon, "accent")
        self._badges[step] = badge = Badge(self.theme)
        go = button(f"Go to {page}", lambda: self.bench.page_asked.emit(page), primary=False)
        go.setObjectName("stepButton")
        heading = label(f"{number + 1}  {step}", "heading")
        heading.setFont(self.theme.font(1.1, QFont.Weight.DemiBold))
        return card(across(picture, heading, 1, spacing=10), label(about, "muted", wrap=True), badge, across(go, 1))

    def _recent_card(self) -> QWidget:
        top = across(
            label("Captures", "heading"),
            1,
            button("Open files…", self._open_files, primary=True),
            button("Open the sample", lambda: self.bench.open_paths(sample_capture_paths())),
        )
        return card(top, self._recent, 1)

    def _help_card(self) -> QWidget:
        lines = []
        for key, what in _KEYS:
            shown = label(key, "mono")
            shown.setFixedWidth(round(self.theme.em * 4.5))
            lines.append(across(shown, label(what, "muted"), 1))
        return card(label("By keyboard", "heading"), *lines, 1)

    def _show_steps(self) -> None:
        for step, badge in self._badges.items():
            mark, text = self.bench.steps.get(step, (OPEN, _STEPS[step][3]))
            badge.show_mark(mark, text)

    def _remember(self) -> None:
        capture = self.bench.capture
        if capture is None:
            return
        names = [str(path) for path in capture.paths]
        kept = [entry for entry in self._session.setting(_SETTING, []) if entry != names]
        self._session.set_setting(_SETTING, [names, *kept][:RECENT_KEPT])
        self._show_recent()

    def _show_recent(self) -> None:
        while self._recent.count():
            item = self._recent.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        entries = self._session.setting(_SETTING, [])
        if not entries:
            self._recent.addWidget(
                label("Captures you open are listed here; their files stay where they are.", "muted", wrap=True)
            )
        for names in entries:
            self._recent.addWidget(_recent_line(self.bench, [Path(name) for name in names]))


def _recent_line(bench: Bench, paths: list[Path]) -> QWidget:
    title = paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
    line = QWidget()
    where = QLabel(str(paths[0].parent))
    where.setProperty("role", "muted")

    def reopen() -> None:
        bench.open_paths(paths)
        bench.page_asked.emit("messages")

    opener = button(title, reopen)
    opener.setFlat(True)
    opener.setEnabled(all(path.exists() for path in paths))
    line.setLayout(across(opener, where, 1))
    return line
