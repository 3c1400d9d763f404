"""The command table and the actions made from it."""

from __future__ import annotations

from collections import Counter

from PySide6.QtGui import QKeySequence

from workbench.app.commands import COMMANDS, command, matching
from workbench.gui.main_window import MainWindow


def test_no_id_and_no_key_stands_twice() -> None:
    ids = Counter(each.id for each in COMMANDS)
    keys = Counter(key for each in COMMANDS for key in each.keys)
    assert [name for name, count in (ids + keys).items() if count > 1] == []


def test_every_command_says_what_it_does_and_every_key_is_one() -> None:
    for each in COMMANDS:
        assert each.help.endswith("."), each.id
        assert all(not QKeySequence(key).isEmpty() for key in each.keys), each.id


def test_words_find_commands_those_that_begin_with_them_first() -> None:
    assert matching("open f")[0].id == "file.open"
    assert command("go.palette") in matching("anything go")
    assert matching("no such thing") == ()


def test_every_command_is_taken_up_by_the_window(window: MainWindow) -> None:
    waiting_for_an_edit = {"edit.undo", "edit.redo"}
    idle = [each.id for each in COMMANDS if not window.actions_by_id.is_enabled(each)]
    assert set(idle) <= waiting_for_an_edit
