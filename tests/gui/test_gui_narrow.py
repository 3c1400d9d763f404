"""The window on small screens: nothing makes it wider than a laptop, controls go on in a second line instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit, QPushButton, QTabWidget, QWidget
from pytestqt.qtbot import QtBot

from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.stacks import sized_by_front
from workbench.gui.widgets.wrapping_line import WrappingLine

Opener = Callable[[Path], MainWindow]
SMALL_SCREEN = (1280, 800)


def _box(width: int, *, apart: bool = True, count: int = 3) -> tuple[QWidget, list[QPushButton]]:
    box = QWidget()
    buttons = [QPushButton(f"Button {number}") for number in range(count)]
    line = WrappingLine(*buttons, apart=apart)
    box.setLayout(line)
    box.resize(width, line.heightForWidth(width))
    line.setGeometry(box.rect())
    return box, buttons


def test_controls_stand_in_one_line_while_there_is_room(qtbot: QtBot) -> None:
    box, buttons = _box(600)
    qtbot.addWidget(box)
    assert len({each.y() for each in buttons}) == 1
    assert buttons[0].x() == 0
    assert buttons[-1].geometry().right() == 599


def test_controls_go_on_in_a_further_line_without_being_cut(qtbot: QtBot) -> None:
    width = QPushButton("Button 0").sizeHint().width() * 2 + 10
    box, buttons = _box(width)
    qtbot.addWidget(box)
    assert [each.y() > buttons[0].y() for each in buttons] == [False, False, True]
    assert all(each.width() == each.sizeHint().width() for each in buttons)
    assert box.height() >= buttons[2].geometry().bottom()


def test_boxes_to_type_in_give_way_first(qtbot: QtBot) -> None:
    box, button, words = QWidget(), QPushButton("Search"), QLineEdit()
    qtbot.addWidget(box)
    line = WrappingLine(button, words)
    box.setLayout(line)
    width = button.sizeHint().width() + line.spacing() + words.sizeHint().width() - 20
    box.resize(width, 40)
    line.setGeometry(box.rect())
    assert button.width() == button.sizeHint().width()
    assert words.width() == words.sizeHint().width() - 20


def test_only_the_page_in_front_says_how_small_a_stack_may_be(qtbot: QtBot) -> None:
    tabs, small, large = QTabWidget(), QWidget(), QWidget()
    qtbot.addWidget(tabs)
    tabs.addTab(small, "small")
    tabs.addTab(large, "large")
    line = WrappingLine(*(QPushButton("wide " * 20) for _ in range(2)))
    large.setLayout(line)
    sized_by_front(tabs)
    narrow = tabs.minimumSizeHint().width()
    tabs.setCurrentWidget(large)
    assert tabs.minimumSizeHint().width() > narrow
    tabs.setCurrentWidget(small)
    assert tabs.minimumSizeHint().width() == narrow


@pytest.mark.parametrize(
    "page", ["home", "messages", "validation", "mapping", "terminology", "suites", "review", "export"]
)
def test_every_page_fits_a_small_screen(
    qtbot: QtBot, opened: Opener, capture_file: Path, window: MainWindow, page: str
) -> None:
    opened(capture_file)
    window.details.show()
    window.bottom.show()
    window.resize(*SMALL_SCREEN)
    window.go(page)
    qtbot.wait(50)
    assert (window.width(), window.height()) == SMALL_SCREEN
