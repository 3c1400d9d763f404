"""The Messages page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit, QMenu, QSplitter, QStackedWidget, QWidget

from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.page import Page
from workbench.gui.views.messages.message_list import MessageList
from workbench.gui.views.messages.scratch import ScratchBar
from workbench.gui.views.messages.tools import MessageTools
from workbench.gui.widgets.basics import EmptyState, down
from workbench.gui.widgets.message_view import MessageView


class MessagesPage(Page):
    """List left, fields and raw text right."""

    name = "messages"

    def __init__(self, bench: Bench, session: Session, open_files: Callable[[], None]) -> None:
        super().__init__(bench)
        self.list = MessageList(bench, session)
        self.message = MessageView(bench)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.list)
        split.addWidget(self.message)
        split.setSizes([620, 700])
        split.setChildrenCollapsible(False)
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState(
                bench.theme,
                "mail",
                "No capture is open",
                "Open HL7 v2 in any framing, FHIR JSON or NDJSON, folders, .zip or .gz; or drop them on the window.",
                "Open files…",
                open_files,
            )
        )
        self.scratch = ScratchBar(bench, session, self.message)
        self.tools = MessageTools(bench, session, self.list, self)
        self.list.view.customContextMenuRequested.connect(self._show_list_menu)
        self.message.menu_asked.connect(self.tools.fill_menu)
        body = QWidget()
        body.setLayout(down(self.scratch, split))
        self._stack.addWidget(body)
        self.setLayout(down(self._stack, margins=8))
        bench.capture_changed.connect(self._capture_changed)
        bench.capture_grew.connect(self._grew)

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {
            "edit.copy_path": self.message.copy_path,
            "messages.next": lambda: self._step(1),
            "messages.previous": lambda: self._step(-1),
            "messages.save_search": self.list.saved.ask_name,
            "messages.detection": self.list.show_detection,
            **self.scratch.commands(),
            **self.tools.commands(),
        }

    def panes(self) -> list[QWidget]:
        return [self.list.view, self.message.tree, self.message.raw, self.message.hex]

    def filter_box(self) -> QLineEdit | None:
        return self.list.filter

    def _show_list_menu(self, position: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.tools.fill_menu(menu)
        menu.popup(self.list.view.viewport().mapToGlobal(position))

    def _step(self, by: int) -> None:
        """The next message of the list, which a filter may have made shorter."""
        model = self.list.model
        row = self.list.view.currentIndex().row() + by
        if 0 <= row < model.rowCount():
            self.bench.select_message(model.number(row))

    def _capture_changed(self) -> None:
        self._stack.setCurrentIndex(1 if self.bench.capture is not None else 0)

    def _grew(self, count: int) -> None:
        self.attention_changed.emit(short_count(count))


def short_count(count: int) -> str:
    """`1.2M`, `34k`, `812`: what fits beside a word on the rail."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.1f}M"
    return f"{count // 1000}k" if count >= 10_000 else f"{count:,}" if count else ""
