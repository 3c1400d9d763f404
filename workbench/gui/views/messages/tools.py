"""The dialogs of the Messages page, each made when it is first asked for and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import TypeVar, cast

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QDialog, QMenu, QWidget

from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.views.messages.message_list import MessageList

MOST_CHOSEN = 100
NEAR_ROWS = 200
_Dialog = TypeVar("_Dialog", bound=QDialog)


class MessageTools(QObject):
    """Opens the dialogs; what they stand on is loaded with them, not with the window."""

    def __init__(self, bench: Bench, session: Session, messages: MessageList, parent: QWidget) -> None:
        super().__init__(parent)
        self._bench, self._session, self._list, self._parent = bench, session, messages, parent
        self.dialogs: dict[str, QDialog] = {}

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {
            "messages.compare": self.compare,
            "messages.compare_captures": self.compare_captures,
            "messages.statistics": self.statistics,
            "messages.deidentify": self.deidentify,
            "messages.listen": self.listen,
            "messages.send": self.send,
            "messages.fhir_server": self.fhir_server,
            "messages.update_record": self.update_record,
        }

    def compare(self) -> None:
        """The two selected messages, or the selected one beside the next of the list; both can be changed."""
        from workbench.gui.views.messages.compare_messages import CompareMessagesDialog

        capture, number = self._bench.capture, self._bench.number
        if capture is None or number is None:
            self._bench.say("Open a capture first; then its messages can be compared.")
            return
        dialog = self._front("compare", lambda: CompareMessagesDialog(self._bench, self._parent))
        chosen = self._chosen()
        pair = (chosen[0], chosen[1]) if len(chosen) == 2 else (number, self._following(number))
        dialog.show_pair(capture, capture, pair)

    def _chosen(self, most: int | None = MOST_CHOSEN) -> list[int]:
        """The numbers of the selected messages in the order of the list; the first few of them, or all."""
        selection = self._list.view.selectionModel().selection()
        blocks = (selection.at(place) for place in range(selection.count()))
        rows = (row for block in blocks for row in range(block.top(), block.bottom() + 1))
        return [self._list.model.number(row) for row in sorted(islice(rows, most))]

    def fill_menu(self, menu: QMenu) -> None:
        """What can be done with the messages selected in the list."""
        two = len(self._chosen()) == 2
        words = "Compare the two selected messages" if two else "Compare with the next message"
        menu.addAction(f"{words}\tCtrl+Shift+D").triggered.connect(lambda _checked=False: self.compare())
        menu.addAction("Compare with another capture…").triggered.connect(
            lambda _checked=False: self.compare_captures()
        )
        menu.addAction("Apply to a record…").triggered.connect(lambda _checked=False: self.update_record())

    def _following(self, number: int) -> int:
        """The next message of the list that is of the same kind, or the one before; itself when there is none near."""
        capture, model = self._bench.capture, self._list.model
        row = model.row_of(number)
        near = (*range(row + 1, row + NEAR_ROWS), *range(row - 1, row - NEAR_ROWS, -1))
        for other in near:
            if capture is not None and 0 <= other < model.rowCount():
                found = model.number(other)
                if capture.format_of(found) is capture.format_of(number):
                    return found
        return number

    def compare_captures(self) -> None:
        from workbench.gui.views.messages.compare_captures import CompareCapturesDialog

        self._front("compare captures", lambda: CompareCapturesDialog(self._bench, self._parent))

    def statistics(self) -> None:
        from workbench.gui.views.messages.statistics import StatisticsDialog

        dialog = self._front("statistics", lambda: StatisticsDialog(self._bench, self._list.show_only, self._parent))
        if not dialog.tables:
            dialog.count()

    def deidentify(self) -> None:
        from workbench.gui.views.messages.deidentify_dialog import DeidentifyDialog

        self._front("deidentify", lambda: DeidentifyDialog(self._bench, self._session, self._parent)).refresh()

    def listen(self) -> None:
        from workbench.gui.views.messages.live import ListenerDialog

        def make() -> ListenerDialog:
            self._parent.window().installEventFilter(self)
            return ListenerDialog(self._bench, self._session, self._parent)

        self._front("listen", make)

    def send(self) -> None:
        from workbench.gui.views.messages.sending import SenderDialog

        self._front(
            "send", lambda: SenderDialog(self._bench, self._session, self._selected, self._listed, self._parent)
        )

    def fhir_server(self) -> None:
        from workbench.gui.views.messages.fhir_server import FhirServerDialog

        self._front(
            "fhir server",
            lambda: FhirServerDialog(self._bench, self._session, self._selected, self._listed, self._parent),
        )

    def update_record(self) -> None:
        from workbench.gui.views.messages.record_update import RecordUpdateDialog

        self._front(
            "record",
            lambda: RecordUpdateDialog(self._bench, self._session, self._selected, self._listed, self._parent),
        ).refresh()

    def _selected(self) -> list[int]:
        return self._chosen(None)

    def _listed(self) -> list[int]:
        model = self._list.model
        return [model.number(row) for row in range(model.rowCount())]

    def _front(self, name: str, make: Callable[[], _Dialog]) -> _Dialog:
        if name not in self.dialogs:
            self.dialogs[name] = make()
        dialog = self.dialogs[name]
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        return cast("_Dialog", dialog)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The window goes: a listener that is still at work is stopped."""
        if event.type() is QEvent.Type.Close:
            from workbench.gui.views.messages.live import ListenerDialog

            listener = self.dialogs.get("listen")
            if isinstance(listener, ListenerDialog):
                listener.end()
        return super().eventFilter(watched, event)
