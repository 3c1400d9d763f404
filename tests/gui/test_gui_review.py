"""The Review page: from one record that differs to the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, settled
from workbench.app.operations.review import Decision
from workbench.gui.main_window import MainWindow
from workbench.gui.views.review.page import ReviewPage

Opener = Callable[[Path], MainWindow]
SAME = b"MSH|^~\\&|REG|GH|WB|T|20260302||ADT^A08|C7|T|2.5.1\r"
"""Says nothing of a patient."""
UNKNOWN = b"MSH|^~\\&|REG|GH|WB|T|20260302||XXX^Z99|C9|T|2.5.1\r"


@pytest.fixture
def page(qtbot: QtBot, opened: Opener, tmp_path: Path) -> ReviewPage:
    """Records 2 and 5 differ, for the small mapping drops visit and allergy."""
    feed = tmp_path / "feed.hl7"
    feed.write_bytes(b"\r".join((SAME, ADT, UNKNOWN, SAME, ADT.replace(b"C1|T", b"C2|T"))))
    window = opened(feed)
    window.go("review")
    settled(qtbot, window)
    found = window.pages["review"]
    assert isinstance(found, ReviewPage)
    return found


def _onward(qtbot: QtBot, window: MainWindow) -> int | None:
    window.actions_by_id["review.next"].trigger()
    settled(qtbot, window)
    return window.bench.number


def test_next_to_decide_skips_what_is_the_same_or_cannot_be_compared(
    qtbot: QtBot, window: MainWindow, page: ReviewPage
) -> None:
    assert window.bench.number == 0
    assert [_onward(qtbot, window) for _ in range(3)] == [1, 4, 1]


def test_next_to_decide_skips_what_was_decided(qtbot: QtBot, window: MainWindow, page: ReviewPage) -> None:
    assert _onward(qtbot, window) == 1
    page.decide(Decision.COMMENTED, "ask the ward")
    assert [_onward(qtbot, window), _onward(qtbot, window)] == [4, 1]
    page.accept()
    assert _onward(qtbot, window) == 4
    page.decide(Decision.REJECTED, "the allergy is gone")
    with qtbot.waitSignal(window.bench.said, check_params_cb=lambda text: text.startswith("Every other record")):
        window.actions_by_id["review.next"].trigger()
    settled(qtbot, window)
    assert window.bench.number == 4
