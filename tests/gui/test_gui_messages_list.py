"""The message list: index, order, search with partial results, saved searches."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, BAD, settled
from workbench.app.operations.index import build_index
from workbench.app.operations.listing import MessageRow
from workbench.app.operations.saved_searches import kept_searches
from workbench.gui.main_window import MainWindow
from workbench.gui.models.capture_table import CONTROL_ID, PATIENT, STATUS, TIME, TYPE, CaptureTableModel
from workbench.gui.theme.theme import Theme
from workbench.gui.views.messages.message_list import MessageList
from workbench.gui.views.messages.ordering import Order, arranged, order_of
from workbench.gui.views.messages.page import MessagesPage
from workbench.kernel.issues import MASK, Severity
from workbench.kernel.progress import JobContext
from workbench.messages.capture import open_capture


def list_of(window: MainWindow) -> MessageList:
    page = window.pages["messages"]
    assert isinstance(page, MessagesPage)
    return page.list


def a_row(number: int) -> MessageRow:
    return MessageRow(number, "a.hl7", number, "er7", "20260302", "ADT^A01", f"C{number}", "1", "Roe", "2.5.1", "REG")


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Control ids C1, C2, A3; types A01, A08, ORU^R01."""
    path = tmp_path / "three.hl7"
    third = b"MSH|^~\\&|LAB|GH|WB|T|20250101||ORU^R01|A3|T|2.5.1\rPID|1||9||Abel^Zoe\rOBX|1|NM|X||1\r"
    path.write_bytes(ADT + b"\r" + BAD + b"\r" + third)
    return path


def column(messages: MessageList, number: int) -> list[str]:
    model = messages.model
    return [str(model.data(model.index(row, number))) for row in range(model.rowCount())]


def test_the_list_is_filled_from_the_index(qtbot: QtBot, window: MainWindow, three: Path) -> None:
    window.open_paths([three])
    settled(qtbot, window)
    messages = list_of(window)
    assert messages.is_indexed
    assert column(messages, CONTROL_ID) == ["C1", "C2", "A3"]
    assert column(messages, TYPE) == ["ADT^A01", "ADT^A08", "ORU^R01"]
    assert column(messages, PATIENT)[1] == "Roe, Ann"


def test_masking_hides_patients_in_the_indexed_list(qtbot: QtBot, window: MainWindow, three: Path) -> None:
    window.open_paths([three])
    settled(qtbot, window)
    window.bench.set_masked(True)
    assert column(list_of(window), PATIENT) == [MASK] * 3


def test_a_heading_sorts_up_then_down_then_not_at_all(qtbot: QtBot, window: MainWindow, three: Path) -> None:
    window.open_paths([three])
    settled(qtbot, window)
    messages, seen = list_of(window), []
    for _ in range(3):
        messages.sort_by(CONTROL_ID)
        settled(qtbot, window)
        seen.append(column(messages, CONTROL_ID))
    assert seen == [["A3", "C1", "C2"], ["C2", "C1", "A3"], ["C1", "C2", "A3"]]
    assert not messages.view.horizontalHeader().isSortIndicatorShown()


def test_a_filter_keeps_the_order_of_the_list(qtbot: QtBot, window: MainWindow, three: Path) -> None:
    window.open_paths([three])
    settled(qtbot, window)
    messages = list_of(window)
    messages.sort_by(TIME)
    messages.filter.setText('PID-1 = "1"')
    messages.apply_filter()
    settled(qtbot, window)
    assert column(messages, CONTROL_ID) == ["A3", "C1", "C2"]
    messages.filter.setText('MSH-9.1 = "ADT"')
    messages.apply_filter()
    settled(qtbot, window)
    assert column(messages, CONTROL_ID) == ["C1", "C2"]
    assert messages.count.text() == "2 of 3"


def test_types_sort_by_code_and_trigger_and_statuses_by_severity(three: Path) -> None:
    index = build_index(open_capture([three]), JobContext())
    assert list(order_of(index, Order(TYPE), {})) == [0, 1, 2]
    assert list(order_of(index, Order(TYPE, True), {})) == [2, 1, 0]
    status = {0: None, 1: Severity.WARNING, 2: Severity.ERROR}
    assert list(order_of(index, Order(STATUS), status)) == [2, 1, 0]


def test_an_order_is_kept_among_what_a_filter_found() -> None:
    assert arranged(array("I", [3, 1, 0, 2]), [0, 3], 4) == array("I", [3, 0])
    assert arranged(None, [2, 5], 9) == array("I", [2, 5])
    assert arranged(None, None, 9) is None


def test_parts_of_an_answer_are_shown_before_it_is_complete(qtbot: QtBot, window: MainWindow, three: Path) -> None:
    window.open_paths([three])
    settled(qtbot, window)
    messages = list_of(window)
    messages.stop.setVisible(True)
    messages._parts = parts = [array("I", [1])]
    messages._taken = 0
    messages._take_parts(parts)
    assert column(messages, CONTROL_ID) == ["C2"]
    parts.append(array("I", [2]))
    messages.stop_search()
    assert column(messages, CONTROL_ID) == ["C2", "A3"]
    assert not messages.stop.isVisibleTo(messages)


def test_a_saved_search_is_asked_again_from_the_menu(qtbot: QtBot, window: MainWindow, three: Path) -> None:
    window.open_paths([three])
    settled(qtbot, window)
    messages = list_of(window)
    messages.filter.setText('MSH-9.1 = "ORU"')
    messages.saved.keep("Results")
    messages.filter.clear()
    messages.saved.fill()
    action = next(action for action in messages.saved.menu.actions() if action.text() == "Results")
    action.trigger()
    settled(qtbot, window)
    assert [saved.name for saved in kept_searches(window.session)] == ["Results"]
    assert column(messages, CONTROL_ID) == ["A3"]


def test_chosen_messages_are_shown_until_the_filter_changes(qtbot: QtBot, window: MainWindow, three: Path) -> None:
    window.open_paths([three])
    settled(qtbot, window)
    messages = list_of(window)
    messages.show_only([2, 0], "those of a test")
    assert column(messages, CONTROL_ID) == ["C1", "A3"]
    messages.filter.setText("roe")
    messages.apply_filter()
    settled(qtbot, window)
    assert column(messages, CONTROL_ID) == ["C2"]


def test_a_click_on_a_heading_sorts(qtbot: QtBot, window: MainWindow, three: Path) -> None:
    window.open_paths([three])
    settled(qtbot, window)
    messages = list_of(window)
    heads = messages.view.horizontalHeader()
    place = heads.sectionViewportPosition(CONTROL_ID) + 5
    QTest.mouseClick(heads.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, 5))
    settled(qtbot, window)
    assert column(messages, CONTROL_ID) == ["A3", "C1", "C2"]


def test_a_row_is_read_once_however_often_the_capture_grows(qtbot: QtBot, theme: Theme) -> None:
    """While three hundred files are found one by one, the rows already shown are not read again for each of them."""
    model = CaptureTableModel(theme)
    asked: list[int] = []

    def answer(generation: int, wanted: tuple[int, list[int]]) -> None:
        block, numbers = wanted
        asked.extend(numbers)
        model.accept(generation, block, [a_row(number) for number in numbers])

    model.asked.connect(answer)
    model.reset(0)
    for count in range(1, 300, 7):
        model.grow(count)
        for row in range(count):
            model.data(model.index(row, CONTROL_ID))
        qtbot.wait(1)
    assert asked == list(range(len(asked)))
    assert model.index(len(asked) - 1, CONTROL_ID).data() == f"C{len(asked) - 1}"


def test_no_test_waits_with_the_interpreter_held() -> None:
    """`QTest.qWait` keeps the interpreter for itself: threads stand still meanwhile, and jobs seem to hang."""
    here = Path(__file__)
    waiting = [path.name for path in here.parent.glob("*.py") if path != here and "qWait(" in path.read_text("utf-8")]
    assert waiting == []
