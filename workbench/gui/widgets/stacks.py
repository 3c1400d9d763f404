"""Stacks of pages of which only the one in front says how small the window may be."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QTabWidget

_PREFERRED, _IGNORED = QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored


def sized_by_front(stack: QStackedWidget | QTabWidget) -> None:
    """Keep pages that nobody sees from making the window large; Qt takes the largest of all otherwise."""
    inner = stack if isinstance(stack, QStackedWidget) else stack.findChild(QStackedWidget)
    assert isinstance(inner, QStackedWidget)  # every QTabWidget stands on one

    def size(front: int) -> None:
        for number in range(inner.count()):
            page = inner.widget(number)
            policy = _PREFERRED if number == front else _IGNORED
            if page is not None:
                page.setSizePolicy(policy, policy)

    inner.currentChanged.connect(size)
    inner.widgetAdded.connect(lambda _at: size(inner.currentIndex()))
    size(inner.currentIndex())
