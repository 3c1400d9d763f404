"""The order of a million findings is worked out beside the window and is the one Python's own sort gives."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from workbench.gui.bench import Bench
from workbench.gui.findings import Finding
from workbench.gui.jobs import JobRunner
from workbench.gui.models.issue_table import issue_columns
from workbench.gui.shell.finding_rows import FindingRows, ordered
from workbench.gui.shell.grouping import FEW
from workbench.gui.theme.theme import Theme
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location


def findings(count: int) -> list[Finding]:
    draw = random.Random(5)
    return [
        Finding(
            draw.choice((None, draw.randrange(500))),
            Issue(
                draw.choice(list(Severity)),
                IssueType.VALUE,
                f"V2-{draw.randrange(30):04}",
                Location(f"PID-{draw.randrange(40)}{draw.choice(('', '.ä', '.' + chr(0xDC80)))}"),
                "{value}",
                {"value": str(draw.random())},
            ),
        )
        for _ in range(count)
    ]


def _nothing() -> None:
    return None


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("descending", [False, True])
def test_each_column_is_ordered_as_the_plain_sort_orders_it(number: int, descending: bool) -> None:
    rows = findings(20_000)
    column = issue_columns(lambda issue: issue.text)[number]
    key: Callable[[Finding], object] = column.key or (
        lambda row: column.text(row).casefold().encode("utf-8", "backslashreplace")
    )
    expected = sorted(rows, key=key, reverse=descending)  # type: ignore[arg-type]
    found = ordered(rows, column, descending, _nothing)
    assert list(map(id, found)) == list(map(id, expected))


def test_no_findings_have_an_order_too() -> None:
    assert ordered([], issue_columns(lambda issue: issue.text)[1], False, _nothing) == []


def test_a_long_table_is_sorted_beside_the_window_and_a_newer_list_is_shown_at_once(
    qtbot: QtBot, theme: Theme, jobs: JobRunner
) -> None:
    bench = Bench(theme, jobs)
    rows = findings(FEW + 5)
    model = FindingRows(bench, issue_columns(lambda issue: issue.text), "order", bench)
    model.show(rows)
    with qtbot.waitSignal(model.layoutChanged, check_params_cb=lambda *_: list(model.rows) != rows, timeout=30_000):
        model.sort(1, Qt.SortOrder.AscendingOrder)
    assert [row.issue.rule for row in model.rows] == sorted(row.issue.rule for row in rows)
    newer = list(reversed(rows))
    model.show(newer)
    assert len(model.rows) == len(newer)
    qtbot.waitUntil(
        lambda: [row.issue.rule for row in model.rows[:50]] == [model.rows[0].issue.rule] * 50, timeout=30_000
    )
