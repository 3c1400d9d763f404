"""Text that is shown anew: only the lines that differ are set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.display_text import differing_lines, of_utf8
from workbench.gui.widgets.span_text import SpanText

LINES = st.lists(st.sampled_from(["a", "bb", "", "ccc"]), min_size=1, max_size=12)


@given(LINES, LINES)
def test_runs_of_lines_make_the_one_text_of_the_other(before: list[str], after: list[str]) -> None:
    made = list(before)
    for run in reversed(differing_lines(before, after)):
        assert run.first < run.last
        made[run.first : run.last] = run.lines
    assert made == after


def test_equal_texts_have_no_run() -> None:
    assert differing_lines(["a", "b"], ["a", "b"]) == ()


def test_only_changed_lines_are_set_and_the_text_is_the_new_one(qtbot: QtBot, theme: Theme) -> None:
    view = SpanText(theme, "Result")
    qtbot.addWidget(view)
    lines = [f'  "key{number}": "value{number}é",' for number in range(60)]
    view.show_json(of_utf8("\n".join(lines).encode()))
    kept = view.document().findBlockByNumber(50)
    kept.setUserState(77)
    changed = [*lines[:3], '  "key3": "𝒳 other",', *lines[4:20], "  inserted", *lines[20:]]
    for text in (changed, lines, [*lines[:30], *lines[33:]]):
        view.show_json(of_utf8("\n".join(text).encode()))
        assert view.toPlainText() == "\n".join(text)
        assert kept.text() == lines[50]
    assert view.textCursor().position() == 0
