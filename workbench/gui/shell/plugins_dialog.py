"""Installed plug-ins and how they stand, and the consent that comes before anything of one runs."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QFormLayout, QStackedWidget, QWidget

from workbench.app.operations.plugins import WARNING, PluginRow, PluginState, allow, forbid, offers_of, plugin_rows
from workbench.app.plugin_start import settings_file
from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobHandle
from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import EmptyState, across, button, down, label, name_button, table

_MARKS = {
    PluginState.IN_USE: ("circle-check", "state.good"),
    PluginState.ALLOWED: ("circle-dot", "state.partial"),
    PluginState.NOT_ALLOWED: ("circle-dashed", "state.idle"),
    PluginState.CHANGED: ("triangle-alert", "severity.warning"),
    PluginState.BROKEN: ("circle-x", "state.bad"),
    PluginState.MISSING: ("triangle-alert", "severity.warning"),
}
_COLUMNS = (
    Column("Plug-in", lambda row: row.title, 14),
    Column("State", lambda row: row.state.capitalize(), 16, mark=lambda row: Mark(*_MARKS[row.state], row.state)),
    Column("What it offers", lambda row: ", ".join(hook.replace("_", " ") for hook in row.hooks), 24, muted=True),
)
_NOT_YET = frozenset({PluginState.NOT_ALLOWED, PluginState.CHANGED, PluginState.BROKEN, PluginState.ALLOWED})
_ABOUT = (
    "A plug-in adds file formats, validation rules, transforms or export targets. It is installed with pip beside the "
    "workbench, and nothing of it runs before you allow it."
)


class PluginsDialog(QDialog):
    """Opened from the File menu and the palette; `workbench plugins` does the same."""

    def __init__(self, bench: Bench, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench, self._session = bench, session
        theme = bench.theme
        self.setWindowTitle("Plug-ins")
        self.model = RowsModel(theme, _COLUMNS, self)
        self.view = table(theme, self.model, "Plug-ins", _COLUMNS)
        self.about = label("", wrap=True, selectable=True)
        self.problem = label("", wrap=True, selectable=True)
        self.allow = button("Allow…", self._ask, primary=True, tip="See what it is and could do, then decide")
        self.forbid = button("Forbid", self._forbid, tip="Take back the consent and what it offers")
        self._list = QWidget()
        layout = down(self.view, self.about, self.problem, across(self.allow, self.forbid, 1), spacing=10)
        layout.setStretch(0, 1)
        self._list.setLayout(layout)
        empty = EmptyState(
            theme,
            "layers",
            "No plug-in is installed",
            "Plug-ins are Python packages made for the workbench. Install one with pip into its environment, then "
            "allow it here. How one is made is in the help page “Plug-ins”.",
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(empty)
        self.stack.addWidget(self._list)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)
        whole = down(label(_ABOUT, "muted", wrap=True), self.stack, box, margins=16, spacing=12)
        whole.setStretch(1, 1)
        self.setLayout(whole)
        self.resize(round(theme.em * 56), round(theme.em * 30))
        self.view.selectionModel().currentRowChanged.connect(lambda *_rows: self._describe())
        self.refresh()

    @property
    def chosen(self) -> PluginRow | None:
        return self.model.row(self.view.currentIndex())

    def refresh(self) -> JobHandle:
        """Look again at what is installed."""
        handle = self._bench.jobs.newest("plug-ins", "Looking for plug-ins", lambda _ctx: plugin_rows(settings_file()))
        handle.succeeded.connect(self._show)
        handle.failed.connect(self._bench.report)
        return handle

    def _show(self, rows: tuple[PluginRow, ...]) -> None:
        before = self.chosen
        self.model.show(rows)
        self.stack.setCurrentIndex(1 if rows else 0)
        index = self.model.index_of(lambda row: before is not None and row.name == before.name)
        self.view.setCurrentIndex(index if index.isValid() else self.model.index(0, 0))
        self._describe()

    def _describe(self) -> None:
        row = self.chosen
        self.allow.setEnabled(row is not None and row.state in _NOT_YET)
        self.forbid.setEnabled(row is not None and (row.allowed is not None or row.state is PluginState.IN_USE))
        self.about.setText(_details(row) if row is not None else "")
        self.problem.setText(row.problem if row is not None else "")
        self.problem.setVisible(bool(self.problem.text()))

    def _ask(self) -> None:
        row = self.chosen
        if row is not None:
            consent = ConsentDialog(self._bench.theme, row, self)
            consent.accepted.connect(partial(self.agree, row))
            consent.open()

    def agree(self, row: PluginRow) -> JobHandle:
        """Keep the consent to a plug-in as it was shown, and load it beside the window."""
        handle = self._bench.jobs.start(
            f"Loading {row.title}", lambda _ctx: allow(settings_file(), row), quiet=True, writes=True
        )
        handle.succeeded.connect(self._allowed)
        handle.failed.connect(self._bench.report)
        return handle

    def _allowed(self, row: PluginRow) -> None:
        self._session.record("plugin.allow", "plugin", row.title, row.digest)
        self._changed(f"{row.title} is in use: {', '.join(row.names) or 'it brings nothing'}")

    def _forbid(self) -> None:
        row = self.chosen
        if row is None:
            return
        handle = self._bench.jobs.start(
            f"Forbidding {row.title}", lambda _ctx: forbid(settings_file(), row.name), quiet=True, writes=True
        )
        handle.succeeded.connect(lambda _was: self._forbidden(row))
        handle.failed.connect(self._bench.report)

    def _forbidden(self, row: PluginRow) -> None:
        self._session.record("plugin.forbid", "plugin", row.title, row.digest)
        self._changed(f"{row.title} is forbidden; a capture that was opened with it keeps it until it is closed")

    def _changed(self, words: str) -> None:
        self._bench.say(words)
        self._bench.plugins_changed.emit()
        self.refresh()


def _details(row: PluginRow) -> str:
    lines = [row.summary] if row.summary else []
    if row.names:
        lines.append(f"Brings {', '.join(row.names)}.")
    if row.allowed is not None:
        other = "" if row.allowed.version == row.version else f" as version {row.allowed.version}"
        lines.append(f"Allowed{other} by {row.allowed.by}, {row.allowed.at[:10]}.")
    if row.digest:
        lines.append(f"SHA-256 of its files {row.digest}")
    return "\n".join(lines)


class ConsentDialog(QDialog):
    """What a plug-in is and could do; it can be allowed when that was read."""

    def __init__(self, theme: Theme, row: PluginRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Allow a plug-in")
        form = QFormLayout()
        form.setHorizontalSpacing(round(theme.em * 1.2))
        files = row.digest or "its installation lists none"
        for name, words, role in (
            ("Version", row.version, ""),
            ("Its words", row.summary or "none", ""),
            ("Offers", "\n".join(offers_of(row)), ""),
            ("SHA-256", files, "mono"),
        ):
            form.addRow(label(name, "muted"), label(words, role, wrap=True, selectable=True))
        sign = label()
        sign.setProperty("icon_size", 24)
        theme.give_icon(sign, "triangle-alert", "severity.warning")
        warning = across(sign, label(WARNING, wrap=True), spacing=12)
        warning.setAlignment(sign, Qt.AlignmentFlag.AlignTop)
        warning.setStretch(1, 1)
        self.known = QCheckBox("I know who made it and what it is for")
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        name_button(box, "Allow")
        self.ok = box.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setEnabled(False)
        self.known.toggled.connect(self.ok.setEnabled)
        self.setLayout(down(label(row.name, "title"), form, warning, self.known, box, margins=20, spacing=14))
        self.setMinimumWidth(round(theme.em * 40))
