"""The builder of conditions: its rows and its text stay in step."""

from __future__ import annotations

from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from workbench.gui.theme.theme import Theme
from workbench.gui.views.mapping.condition_builder import ConditionBuilder


def made(qtbot: QtBot, theme: Theme, text: str) -> tuple[ConditionBuilder, list[str]]:
    builder = ConditionBuilder(theme)
    said: list[str] = []
    qtbot.addWidget(builder)
    builder.offer_paths(["PID-11.9", "PID-12"])
    builder.show_condition(text)
    builder.changed.connect(said.append)
    builder.show()
    return builder, said


def test_a_row_can_compare_with_another_path_and_offers_the_paths_there(qtbot: QtBot, theme: Theme) -> None:
    builder, said = made(qtbot, theme, "PID-12 = 'ORANGE'")
    (row,) = builder.rows
    assert row.value.completer() is None
    row.test.setCurrentText("other than")
    row.test.activated.emit(row.test.currentIndex())
    row.value.clear()
    QTest.keyClicks(row.value, "PID-11.9")
    assert said[-1] == "PID-12 != PID-11.9" == builder.line.text()
    completer = row.value.completer()
    assert completer is not None and completer.model().rowCount() == 2
    row.test.setCurrentText("=")
    row.test.activated.emit(row.test.currentIndex())
    assert said[-1] == "PID-12 = 'PID-11.9'"
    assert row.value.completer() is None


def test_typing_the_condition_shows_the_other_path_in_its_row(qtbot: QtBot, theme: Theme) -> None:
    builder, said = made(qtbot, theme, "")
    QTest.keyClicks(builder.line, "PID-12 = PID-11.9")
    assert said[-1] == "PID-12 = PID-11.9"
    (row,) = builder.rows
    assert (row.operand.text(), row.test.currentText(), row.value.text()) == ("PID-12", "same as", "PID-11.9")


def test_a_text_without_quotes_is_told_where_it_is_typed(qtbot: QtBot, theme: Theme) -> None:
    builder, _ = made(qtbot, theme, "")
    QTest.keyClicks(builder.line, "OBX-2 = NM")
    assert builder.problem.text().startswith("A text in single quotes is expected")


def test_conditions_over_fhir_are_read_as_such(qtbot: QtBot, theme: Theme) -> None:
    builder, said = made(qtbot, theme, "")
    builder.expect_fhir(True)
    builder.show_condition("birthDate != deceasedDateTime and identifier[system = 'a'].value valued or length = '5'")
    assert builder.problem.text() == ""
    shown = [(row.operand.text(), row.test.currentText(), row.value.text()) for row in builder.rows]
    assert shown == [
        ("birthDate", "other than", "deceasedDateTime"),
        ("identifier[system = 'a'].value", "valued", ""),
        ("length", "=", "5"),
    ]
    QTest.keyClicks(builder.rows[0].value, "x")
    assert said[-1].startswith("birthDate != xdeceasedDateTime and") and said[-1].endswith("or length = '5'")
