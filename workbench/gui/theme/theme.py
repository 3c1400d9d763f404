"""The theme in use: palette, style sheet, fonts and icons, and the signal that it changed."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel

from workbench.gui.theme.style_sheet import style_sheet
from workbench.gui.theme.tokens import ThemeName, Tokens, load_tokens
from workbench.kernel.shipped import shipped

UI_FAMILY = "Inter"
MONO_FAMILY = "JetBrains Mono"
_FONT_FILES = (
    "Inter-Regular.ttf",
    "Inter-Medium.ttf",
    "Inter-SemiBold.ttf",
    "JetBrainsMono-Regular.ttf",
    "JetBrainsMono-SemiBold.ttf",
)
_BEARERS = 1000
_ICON_SIZES = (16, 20, 24, 32, 48)
_ROLES_OF_PALETTE = {
    QPalette.ColorRole.Window: "window",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "surface",
    QPalette.ColorRole.AlternateBase: "window",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.PlaceholderText: "muted",
    QPalette.ColorRole.Button: "raised",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "accent",
    QPalette.ColorRole.Highlight: "selection",
    QPalette.ColorRole.HighlightedText: "selection_text",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.LinkVisited: "accent",
    QPalette.ColorRole.ToolTipBase: "raised",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Light: "surface",
    QPalette.ColorRole.Midlight: "raised",
    QPalette.ColorRole.Mid: "border",
    QPalette.ColorRole.Dark: "border",
    QPalette.ColorRole.Shadow: "border",
    QPalette.ColorRole.Accent: "accent",
}


class Theme(QObject):
    """Owns what the window looks like; made once by `gui.start` and handed to whoever paints."""

    changed = Signal()

    def __init__(self, application: QApplication, name: ThemeName = ThemeName.LIGHT) -> None:
        super().__init__(application)
        self._application = application
        self._icons: dict[tuple[str, str], QIcon] = {}
        self._sources: dict[str, str] = {}
        self._bearers: dict[int, tuple[QObject, str, str]] = {}
        self._room = _BEARERS
        self.tokens: Tokens = load_tokens(name)
        for file in _FONT_FILES:
            QFontDatabase.addApplicationFont(str(shipped("resources", "fonts", file)))
        application.setStyle("Fusion")
        application.setFont(self.font())
        self._apply()

    def use(self, name: ThemeName) -> None:
        """Change to another theme; everything visible follows."""
        self.tokens = load_tokens(name)
        self._icons.clear()
        self._apply()
        self._forget_the_dead()
        for target, icon, role in self._bearers.values():
            self._show(target, icon, role)
        self.changed.emit()

    def colour(self, role: str) -> QColor:
        return QColor(self.tokens[role])

    def font(self, scale: float = 1.0, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """The interface font with tabular figures; `scale` 1 is 10 pt."""
        font = QFont(UI_FAMILY)
        font.setPointSizeF(10 * scale)
        font.setWeight(weight)
        font.setFeature(QFont.Tag("tnum"), 1)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return font

    def mono(self, scale: float = 1.0) -> QFont:
        """The font of raw bytes and paths, without ligatures: `->` in a message stays two characters."""
        font = QFont(MONO_FAMILY)
        font.setPointSizeF(9.5 * scale)
        font.setFixedPitch(True)
        font.setStyleHint(QFont.StyleHint.Monospace)
        for tag in ("liga", "calt"):
            font.setFeature(QFont.Tag(tag), 0)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return font

    @property
    def em(self) -> float:
        """The height of the interface font; sizes are said in it."""
        return QFontMetricsF(self.font()).height()

    @property
    def row_height(self) -> int:
        return round(self.em * 1.5)

    def icon(self, name: str, role: str = "text") -> QIcon:
        """A shipped icon in the colour of a role."""
        found = self._icons.get((name, role))
        if found is None:
            found = QIcon()
            for size in _ICON_SIZES:
                found.addPixmap(self.pixmap(name, role, size))
                found.addPixmap(self.pixmap(name, role, size), QIcon.Mode.Selected)
                found.addPixmap(self.pixmap(name, "muted", size), QIcon.Mode.Disabled)
            self._icons[name, role] = found
        return found

    def pixmap(self, name: str, role: str, size: int, ratio: float = 1.0) -> QPixmap:
        """An icon as pixels; `size` in logical pixels, `ratio` device pixels for each."""
        if name not in self._sources:
            self._sources[name] = shipped("resources", "icons", f"{name}.svg").read_text("utf-8")
        drawing = self._sources[name].replace("currentColor", self.tokens[role])
        pixmap = QPixmap(QSize(size, size) * ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(0, 0, size * ratio, size * ratio))
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def give_icon(self, target: QObject, name: str, role: str = "text") -> None:
        """Show an icon on an action, button or label, now and after every change of theme."""
        self._bearers[id(target)] = (target, name, role)
        if len(self._bearers) > self._room:
            self._forget_the_dead()
        self._show(target, name, role)

    def _forget_the_dead(self) -> None:
        """Widgets come and go with every message; those that Qt has deleted need no icon any more."""
        self._bearers = {key: bearer for key, bearer in self._bearers.items() if shiboken6.isValid(bearer[0])}
        self._room = max(_BEARERS, 2 * len(self._bearers))

    def _show(self, target: QObject, name: str, role: str) -> None:
        if isinstance(target, QLabel):
            target.setPixmap(self.pixmap(name, role, target.property("icon_size") or 16, target.devicePixelRatioF()))
        elif isinstance(target, QAbstractButton):
            target.setIcon(self.icon(name, role))
        else:
            target.setIcon(self.icon(name, role))  # type: ignore[attr-defined]  # QAction, QDockWidget's tab

    def _apply(self) -> None:
        palette = QPalette()
        for palette_role, role in _ROLES_OF_PALETTE.items():
            palette.setColor(palette_role, self.colour(role))
        for palette_role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, palette_role, self.colour("muted"))
        self._application.setPalette(palette)
        self._application.setStyleSheet(style_sheet(self.tokens, self.em))
