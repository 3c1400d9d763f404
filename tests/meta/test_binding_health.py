"""PySide6 must not lose references to the objects that everything shares (ADR 2)."""

from __future__ import annotations

import sys

import pytest


@pytest.mark.parametrize("shared", [None, True, False])
def test_calls_into_qt_keep_the_count_of_shared_objects(qapp, shared: object) -> None:
    from PySide6.QtCore import QObject, QPoint

    parent = QObject()
    calls = {
        None: lambda: parent.setObjectName("x"),
        True: lambda: QPoint(0, 0).isNull(),
        False: lambda: QPoint(1, 1).isNull(),
    }
    call = calls[shared]
    assert call() is shared
    before = sys.getrefcount(shared)
    for _ in range(10_000):
        call()
    assert abs(sys.getrefcount(shared) - before) < 1_000
