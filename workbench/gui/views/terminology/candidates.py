"""Targets for the selected code: what is suggested, or what an imported code system has under typed words."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from workbench.app.operations.code_candidates import Offer, Offered, search_offers, systems_of
from workbench.app.operations.local_codes import CodeLine
from workbench.gui.marks import SEVERITY_MARKS
from workbench.gui.models.rows import RowsModel
from workbench.gui.views.terminology.code_desk import CodeDesk
from workbench.gui.views.terminology.code_rows import CANDIDATE_COLUMNS, spoken_for
from workbench.gui.widgets.basics import down, label, table
from workbench.kernel.progress import JobContext

_WAIT_MS = 60
"""A search starts when nobody typed for so long; searching itself takes some milliseconds."""


class _SearchBox(QLineEdit):
    """Down goes to the results, Escape empties."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.left.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class CandidatesPane(QWidget):
    """Suggestions until something is typed, then the results of the search."""

    used = Signal(object)  # Offer

    def __init__(self, codes: CodeDesk) -> None:
        super().__init__()
        self._codes = codes
        self._line: CodeLine | None = None
        self._offered = Offered(())
        theme = codes.bench.theme
        self.model = RowsModel(theme, CANDIDATE_COLUMNS, self)
        self.view = table(theme, self.model, "Candidates", CANDIDATE_COLUMNS, sorts=False)
        self.search = _SearchBox()
        self.search.setAccessibleName("Search the imported code systems")
        self.search.setToolTip("Words or a code; Down goes to the results (Ctrl+Shift+F)")
        self.search.setClearButtonEnabled(True)
        self.note = label("", wrap=True)
        self.note.setContentsMargins(8, 0, 8, 4)
        self.why = label("", wrap=True, selectable=True)
        self.why.setAccessibleName("What speaks for and against the selected candidate")
        self.why.setContentsMargins(8, 2, 8, 2)
        layout = down(self.search, self.note, self.view, self.why, spacing=4)
        layout.setContentsMargins(4, 6, 4, 4)
        layout.setStretch(2, 1)
        self.setLayout(layout)
        self._soon = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._soon.timeout.connect(self._search)
        self.search.textChanged.connect(lambda _text: self._soon.start())
        self.search.left.connect(self.view.setFocus)
        self.search.returnPressed.connect(self.use)
        self.view.activated.connect(lambda _index: self.use())
        self.view.selectionModel().currentRowChanged.connect(lambda *_: self._explain())
        codes.sources_changed.connect(self._name_search)
        self._name_search()

    def show_line(self, line: CodeLine | None) -> None:
        """Look for candidates for another code; nothing is searched again for the same one."""
        if (
            line is not None
            and self._line is not None
            and line.local is self._line.local
            and line.map == self._line.map
        ):
            self._line = line
            return
        self._line = line
        self._offered = Offered(())
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self._show((), "")
        self._name_search()
        if line is not None:
            handle = self._codes.offers(line)
            handle.succeeded.connect(self._suggested)
            handle.failed.connect(self._codes.bench.report)

    def offer(self) -> Offer | None:
        """The selected candidate."""
        offer = self.model.row(self.view.currentIndex())
        return offer if isinstance(offer, Offer) else None

    def _explain(self) -> None:
        """Say of the selected candidate what speaks for it, what against it, and how sure that is."""
        offer = self.offer()
        self.why.setVisible(offer is not None)
        if offer is None:
            return
        candidate = offer.candidate
        sure = (
            f"{candidate.confidence:.0%} of first candidates like this one were right" if candidate.confidence else ""
        )
        lines = [
            candidate.coding.display,
            f"✔ {said}" if (said := spoken_for(offer)) else "",
            f"✖ {', '.join(candidate.conflicting)}" if candidate.conflicting else "",
            *(f"{SEVERITY_MARKS[i.severity].word}: {self._codes.bench.sentence(i)}" for i in offer.issues[:2]),
            sure,
        ]
        self.why.setText("\n".join(line for line in lines if line))

    def use(self) -> None:
        offer = self.offer()
        if offer is not None:
            self.used.emit(offer)

    def _suggested(self, offered: Offered) -> None:
        self._offered = offered
        if not self.search.text():
            self._show(offered.offers, self._no_map_words(offered))

    def _no_map_words(self, offered: Offered) -> str:
        if offered.no_map:
            return f"{offered.no_map} It may have no target: No map (Ctrl+N) asks for the reason."
        if not offered.offers:
            return "Nothing resembles it. Import a release of the code system, or type a target."
        return ""

    def _show(self, offers: tuple[Offer, ...], note: str) -> None:
        self.model.show(offers)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        if offers:
            target = self._line.target if self._line is not None else None
            wanted = target.identity if target is not None else None
            chosen = self.model.index_of(lambda offer: offer.candidate.coding.identity == wanted)
            self.view.selectRow(max(0, chosen.row()))
        self._explain()

    def _search(self) -> None:
        text, line = self.search.text().strip(), self._line
        if not text:
            self._codes.bench.jobs.drop("code search")
            self._show(self._offered.offers, self._no_map_words(self._offered))
            return
        sources, systems = self._codes.sources, self._systems()

        def work(_ctx: JobContext) -> tuple[Offer, ...]:
            return search_offers(text, systems, line, sources)

        handle = self._codes.bench.jobs.newest("code search", "Searching code systems", work)
        handle.succeeded.connect(lambda found: self._show(found, "" if found else f"Nothing begins with “{text}”."))
        handle.failed.connect(self._codes.bench.report)

    def _systems(self) -> tuple[str, ...]:
        """The systems the code is usually mapped to, then every other one that is there."""
        there = [info.system for info in self._codes.sources.infos() if info.system]
        usual = systems_of(self._line, self._codes.package) if self._line is not None else ()
        return tuple(dict.fromkeys([*(system for system in usual if system in there), *there]))

    def _name_search(self) -> None:
        known = {info.system: f"{info.title} {info.version}" for info in reversed(self._codes.sources.infos())}
        names = [known[system] for system in self._systems()]
        self.search.setPlaceholderText(f"Search {', '.join(names[:3])}" if names else "No code system imported yet")
        self.search.setEnabled(bool(names))
