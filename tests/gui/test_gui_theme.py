"""Theme files, contrast, fonts and icons."""

from __future__ import annotations

from pathlib import Path

import pytest
import shiboken6
from PySide6.QtGui import QFontInfo, QPalette
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from workbench.app.commands import COMMANDS
from workbench.gui import marks
from workbench.gui.marks import Mark
from workbench.gui.theme.style_sheet import style_sheet
from workbench.gui.theme.theme import MONO_FAMILY, UI_FAMILY, Theme
from workbench.gui.theme.tokens import ThemeName, contrast, load_tokens, read_tokens
from workbench.gui.widgets.basics import EmptyState
from workbench.kernel.errors import Refused
from workbench.kernel.shipped import shipped

ON_SURFACES = (
    "text", "muted", "accent", "severity.fatal", "severity.error", "severity.warning", "severity.information",
    "state.good", "state.partial", "state.idle", "state.bad", "fate.mapped", "fate.preserved", "fate.ignored",
    "fate.lost", "diff.added", "diff.removed", "diff.changed", "syntax.segment", "syntax.delimiter", "syntax.escape",
    "syntax.null", "syntax.key", "syntax.string", "syntax.number", "syntax.literal",
)  # fmt: skip
PAIRS = [
    *((role, surface) for role in ON_SURFACES for surface in ("surface", "window", "raised")),
    *((role, "selection") for role in ("selection_text", "severity.error", "severity.warning", "state.good")),
    *(("text", wash) for wash in ("wash.good", "wash.partial", "wash.bad", "wash.idle", "wash.information")),
    *(("text", span) for span in ("span.current", "span.related", "hover")),
    ("accent_text", "accent"),
]


@pytest.mark.parametrize("name", ThemeName)
def test_every_text_can_be_read_on_its_surface(name: ThemeName) -> None:
    tokens = load_tokens(name)
    weak = {(r, s): round(contrast(tokens[r], tokens[s]), 2) for r, s in PAIRS if contrast(tokens[r], tokens[s]) < 4.5}
    assert weak == {}


def test_black_on_white_has_the_contrast_the_guideline_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_a_theme_without_a_role_is_refused(tmp_path: Path) -> None:
    text = shipped("resources", "themes", "light.toml").read_text("utf-8").replace('accent = "teal"\n', "")
    path = tmp_path / "light.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(Refused, match="accent") as refusal:
        read_tokens(path, ThemeName.LIGHT)
    assert refusal.value.code == "GUI-0001"


def test_a_role_that_names_no_base_colour_is_refused(tmp_path: Path) -> None:
    text = shipped("resources", "themes", "dark.toml").read_text("utf-8").replace('text = "snow"', 'text = "sleet"')
    path = tmp_path / "dark.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(Refused, match="text"):
        read_tokens(path, ThemeName.DARK)


@pytest.mark.parametrize("name", ThemeName)
def test_the_style_sheet_leaves_no_token_and_no_em(name: ThemeName) -> None:
    text = style_sheet(load_tokens(name), 16)
    assert "@" not in text
    assert "em;" not in text


def test_the_palette_follows_the_theme(qapp: QApplication, theme: Theme) -> None:
    theme.use(ThemeName.DARK)
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == theme.tokens["window"]
    theme.use(ThemeName.LIGHT)
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == theme.tokens["window"]


def test_the_shipped_fonts_are_used(theme: Theme) -> None:
    assert QFontInfo(theme.font()).family() == UI_FAMILY
    assert QFontInfo(theme.mono()).family() == MONO_FAMILY


def test_every_icon_a_command_or_a_state_names_is_shipped(theme: Theme) -> None:
    named = {command.icon for command in COMMANDS if command.icon}
    for value in vars(marks).values():
        group = value.values() if isinstance(value, dict) else [value]
        named |= {mark.icon for mark in group if isinstance(mark, Mark)}
    for name in named:
        assert not theme.pixmap(name, "text", 16).isNull(), name


def test_an_icon_takes_the_colour_of_its_role(theme: Theme) -> None:
    image = theme.pixmap("square", "severity.error", 32).toImage()
    colours = {
        image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255
    }
    assert colours == {theme.tokens["severity.error"]}


def test_icons_of_deleted_widgets_are_forgotten(qapp: QApplication, theme: Theme) -> None:
    for _ in range(1200):
        label = QLabel()
        theme.give_icon(label, "check")
        shiboken6.delete(label)
    assert len(theme._bearers) <= 1001
    theme.use(ThemeName.DARK)
    assert theme._bearers == {}


@pytest.mark.parametrize("width", [1200, 320])
def test_an_empty_page_shows_all_its_words(qtbot: QtBot, theme: Theme, width: int) -> None:
    text = "A record is compared once a message is open and the chosen mapping package can convert it to FHIR."
    empty = EmptyState(theme, "eye", "Nothing to review yet", text, "Open files…", lambda: None)
    qtbot.addWidget(empty)
    empty.resize(width, 500)
    empty.show()
    qtbot.waitUntil(lambda: empty.isVisible() and empty.layout().isEnabled())
    QApplication.sendPostedEvents()
    (words,) = [each for each in empty.findChildren(QLabel) if each.text() == text]
    assert words.height() >= words.heightForWidth(words.width())
