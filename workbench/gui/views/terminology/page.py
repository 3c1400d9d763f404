"""The Terminology page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QMenu, QSplitter, QStackedWidget, QTabWidget, QWidget

from workbench.app.operations import terms
from workbench.app.operations.code_decisions import set_mark
from workbench.app.operations.code_reviews import ROLES, Deed, blind_maps, has_changed_since, said, set_blind
from workbench.app.session import Session
from workbench.gui.bench import Bench, Step
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import DONE, WAITING
from workbench.gui.page import Page
from workbench.gui.views.terminology.candidates import CandidatesPane
from workbench.gui.views.terminology.code_card import CodeCard
from workbench.gui.views.terminology.code_desk import CodeDesk
from workbench.gui.views.terminology.code_files import CodeFiles
from workbench.gui.views.terminology.code_systems import CodeSystemsDialog
from workbench.gui.views.terminology.codes_pane import CodesPane
from workbench.gui.views.terminology.decisions import Decisions
from workbench.gui.views.terminology.history import HistoryPane
from workbench.gui.views.terminology.small_dialogs import WorkAsDialog
from workbench.gui.widgets.basics import EmptyState, across, button, down, label
from workbench.terminology.code_map import Mark

_EMPTY = (
    "Every coded value of the capture is listed with its count, unit, specimen and values. What is frequent, dangerous "
    "and undecided comes first."
)


class TerminologyPage(Page):
    """Local codes by what waits, what they may mean, who decided, and what the checks say."""

    name = "terminology"

    def __init__(self, bench: Bench, session: Session, desk: MappingDesk) -> None:
        super().__init__(bench)
        self.codes = CodeDesk(bench, session, desk, self)
        self._session = session
        self.files = CodeFiles(self.codes, session, self, lambda: self.list.current())
        self.list = CodesPane(self.codes, self._more_menu())
        self.card = CodeCard(bench)
        self.candidates = CandidatesPane(self.codes)
        self.history = HistoryPane(bench.theme)
        self.decisions = Decisions(self.codes, self.list, self.candidates.offer)
        self._covered = label("", "muted")
        self._systems = button("", self.code_systems, tip="Look at imported releases, import another, compare versions")
        self._work_as = button("", self.work_as, tip="Say who decides, and in which role")
        self._new_map = button("New code map", self.new_map, tip="Send the field of this code through a code map")
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState(self.theme, "tags", "Codes not collected yet", _EMPTY, "Collect codes", self.codes.collect)
        )
        self._stack.addWidget(self._body())
        self.setLayout(down(self._stack, margins=8))
        self._connect()

    # What the page is made of

    def _body(self) -> QWidget:
        tabs = QTabWidget()
        tabs.addTab(self.candidates, "Candidates")
        tabs.addTab(self.history, "History")
        self.tabs = tabs
        column = down(self.card, tabs, across(1, self._new_map), self.decisions)
        column.setStretch(1, 1)
        column.setContentsMargins(6, 0, 0, 0)
        right = QWidget()
        right.setLayout(column)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.list)
        split.addWidget(right)
        split.setSizes([660, 560])
        split.setChildrenCollapsible(False)
        body = QWidget()
        foot = across(self._covered, 1, self._systems, self._work_as, spacing=16)
        layout = down(split, foot)
        layout.setStretch(0, 1)
        body.setLayout(layout)
        return body

    def _more_menu(self) -> QMenu:
        menu = QMenu("Lists, maps and code systems", self)
        for title, act in (
            ("Collect again", self.codes.collect), ("Open list of local codes…", self.files.ask_list), (None, None),
            ("Select all listed codes", self.select_all), ("Use suggestions for the selected", self.use_suggested),
            ("For one sender…", lambda: self.decisions.for_sender()),
            ("Send to review", self.to_review), ("Out of scope", self.out_of_scope), ("Reopen", self.reopen),
            ("Two blind authors", self.toggle_blind), (None, None),
            ("Import code map…", self.files.ask_import), ("Export code map…", self.files.ask_export),
            ("Export code map with open rows…", partial(self.files.ask_export, draft=True)), (None, None),
            ("Code systems…", self.code_systems),
        ):  # fmt: skip
            if title is None or act is None:
                menu.addSeparator()
            else:
                menu.addAction(title).triggered.connect(partial(_without_argument, act))
        every = QAction("Collect codes of published systems too", menu, checkable=True)
        every.setToolTip("Of FHIR resources also codes of LOINC, SNOMED CT and other standards, which need no map")
        every.toggled.connect(self.collect_every)
        menu.insertAction(menu.actions()[1], every)
        return menu

    def collect_every(self, on: bool) -> None:
        """Collect anew, with or without the codes of published code systems in FHIR resources."""
        self.codes.every_system = on
        if self.codes.worklist is not None:
            self.codes.collect()

    def _connect(self) -> None:
        codes = self.codes
        codes.collected.connect(self._collected)
        codes.changed.connect(self._tell)
        codes.sources_changed.connect(self._tell)
        codes.actor_changed.connect(self._tell)
        self.list.selection_changed.connect(self._show_current)
        self.list.view.activated.connect(self._to_candidates)
        self.candidates.used.connect(lambda _offer: self._use_and_return())
        self.card.message_asked.connect(self._show_message)
        self.bench.mask_changed.connect(lambda _masked: self._show_current())

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {
            "codes.harvest": self.codes.collect,
            "codes.use": self.decisions.use,
            "codes.use_suggested": self.use_suggested,
            "codes.approve": self.decisions.approve,
            "codes.reject": self.decisions.reject,
            "codes.flag": self.decisions.flag,
            "codes.no_map": self.decisions.no_map,
            "codes.to_review": self.to_review,
            "codes.out_of_scope": self.out_of_scope,
            "codes.reopen": self.reopen,
            "codes.search": self.search,
            "codes.open_list": self.files.ask_list,
            "codes.import_map": self.files.ask_import,
            "codes.export_map": self.files.ask_export,
            "codes.blind": self.toggle_blind,
            "codes.work_as": self.work_as,
            "codes.systems": self.code_systems,
        }

    def panes(self) -> list[QWidget]:
        return [self.list.view, self.candidates.view, self.candidates.search, self.decisions.comment]

    def filter_box(self) -> QLineEdit | None:
        return self.list.filter

    # What is shown

    def _collected(self) -> None:
        self._stack.setCurrentIndex(1 if self.codes.worklist is not None else 0)
        self._tell()
        if self.codes.worklist is None:
            self.attention_changed.emit("")

    def _tell(self) -> None:
        worklist = self.codes.worklist
        actor = self.codes.actor
        role = next((name for name, roles in ROLES.items() if roles == actor.roles), "")
        self._work_as.setText(f"{actor.name} · {role.lower()}")
        names = [f"{info.title} {info.version}" for info in self.codes.sources.infos()]
        self._systems.setText(f"{', '.join(names[:4])} loaded" if names else "Import a code system…")
        if worklist is None:
            return
        coverage = worklist.coverage()
        waiting = worklist.unreviewed
        words = str(coverage) + (f"  ·  {waiting:,} wait for a reviewer" if waiting else "")
        self._covered.setText(words)
        count = coverage.codes - coverage.covered_codes
        self.attention_changed.emit(f"{count:,}" if count else "")
        self.bench.tell_step(Step.CODES, WAITING if count else DONE, words)

    def _show_current(self) -> None:
        line = self.list.current()
        review = self.codes.review(line) if line is not None else None
        notes = []
        if line is not None and line.map in blind_maps(self._session):
            notes.append("Two authors choose for this code map without seeing one another.")
        if line is not None and review is not None and has_changed_since(review, line):
            notes.append("Its wording, unit or specimen is not what it was when it was approved; look at it again.")
        notes += [f"For {row.sender}: {said(row)}" for row in self.codes.senders_rows(line)] if line is not None else []
        selected = self.list.selected_count()
        if selected > 1:
            notes.append(f"{selected:,} codes are selected; decisions are for all of them.")
        self.card.show_line(line, review, "\n".join(notes))
        self.candidates.show_line(line)
        self.history.show_review(review)
        self.decisions.show_line(line)
        self._new_map.setVisible(line is not None and not line.map)

    def _to_candidates(self, _index: QModelIndex) -> None:
        self.tabs.setCurrentIndex(0)
        self.candidates.view.setFocus()

    def _use_and_return(self) -> None:
        self.decisions.use()
        self.list.view.setFocus()

    def _show_message(self, number: int) -> None:
        self.bench.select_message(number)
        self.bench.page_asked.emit("messages")

    # Commands that concern several widgets

    def use_suggested(self) -> None:
        self.decisions.use_suggested()

    def select_all(self) -> None:
        self.list.select_all_shown()

    def to_review(self) -> None:
        self.decisions.to_review()

    def out_of_scope(self) -> None:
        self.decisions.out_of_scope()

    def reopen(self) -> None:
        self.decisions.reopen()

    def search(self) -> None:
        """Type words for the imported code systems."""
        self.tabs.setCurrentIndex(0)
        self.candidates.search.setFocus()
        self.candidates.search.selectAll()

    def new_map(self) -> None:
        line = self.list.current()
        if line is not None and not self.codes.new_map(line):
            self.bench.say("No rule takes this field as a coded value; add one on the Mapping page first.")

    def toggle_blind(self) -> None:
        """Ask, or no longer ask, two authors to choose for the code map of the selected code."""
        line = self.list.current()
        if line is None or not line.map:
            self.bench.say("Select a code that goes through a code map.")
            return
        on = line.map not in blind_maps(self._session)
        set_blind(self._session, line.map, on)
        said = "two authors choose without seeing one another" if on else "one author chooses"
        self.bench.say(f"For {line.map}, {said}.")
        self._show_current()

    def work_as(self) -> None:
        """Ask who decides from now on."""
        actor = self.codes.actor
        role = next((name for name, roles in ROLES.items() if roles == actor.roles), "")
        dialog = WorkAsDialog(self.theme, actor.name, role, self)
        dialog.accepted.connect(lambda: self.codes.work_as(dialog.name.text(), dialog.role.currentText()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def code_systems(self) -> CodeSystemsDialog:
        """Show the imported releases."""
        dialog = CodeSystemsDialog(self.codes, self.mark_stale, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if line := self.list.current():
            dialog.map.setCurrentText(line.map)
        dialog.show()
        return dialog

    def mark_stale(self, map_name: str, drifted: tuple[terms.Drifted, ...]) -> None:
        """Mark rows whose targets changed; they wait for a new look."""
        happened = {each.source: f"{each.kind}: {each.before} → {each.after}" for each in drifted}
        lines = [line for line in self.codes.lines if line.map == map_name and line.local.code in happened]
        if not lines:
            self.bench.say("Collect the codes first; then their rows can be marked.")
            return
        deed = Deed("stale after a new version", evidence=tuple(happened.values())[:20])
        label_ = f"Mark {len(lines):,} codes stale"
        self.codes.decide(lines, set_mark(Mark.STALE, True, self.codes.actor), deed, label_)


def _without_argument(act: Callable[[], object], _checked: bool = False) -> None:
    act()
