"""The Validation page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TypeVar

from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLineEdit,
    QStackedWidget,
    QTabWidget,
    QWidget,
)

from workbench.app.operations.suppressions import (
    Fate,
    Suppression,
    fingerprints,
    keep_baseline,
    lift,
    sieve_of,
    suppress,
)
from workbench.app.operations.validation import Against
from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.findings import Finding
from workbench.gui.marks import SEVERITY_MARKS, counted
from workbench.gui.models.rows import RowsModel
from workbench.gui.page import Page
from workbench.gui.shell.grouping import counted_severities, worked_out
from workbench.gui.views.validation.ack_tab import AckTab
from workbench.gui.views.validation.anomalies_tab import AnomaliesTab
from workbench.gui.views.validation.choices import SETTING, described, from_setting, to_setting
from workbench.gui.views.validation.choices_dialog import ChoicesDialog
from workbench.gui.views.validation.elided import ElidedLabel
from workbench.gui.views.validation.fhirpath_tab import FhirPathTab
from workbench.gui.views.validation.findings_export import FindingsExport
from workbench.gui.views.validation.findings_tab import FindingsTab
from workbench.gui.views.validation.gaps_tab import GapsTab
from workbench.gui.views.validation.profile_tab import ProfileTab
from workbench.gui.views.validation.suppress import SuppressDialog, SuppressionsTab
from workbench.gui.widgets.basics import Badge, EmptyState, across, button, down, label
from workbench.gui.widgets.message_view import MessageView
from workbench.gui.widgets.stacks import sized_by_front
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Severity

_Dialog = TypeVar("_Dialog", bound=QDialog)
_ABOUT = "Check structure, required fields, lengths, formats and code tables of every message, and FHIR resources."
_PLURAL = {Severity.ERROR: "errors", Severity.WARNING: "warnings"}


class ValidationPage(Page):
    """What is wrong and what to do about it: findings, pictures, decisions, answers to the sender, anomalies."""

    name = "validation"

    def __init__(self, bench: Bench, session: Session) -> None:
        super().__init__(bench)
        self._session = session
        self.findings = FindingsTab(bench)
        self.export = FindingsExport(bench, session, lambda: self.findings.shown)
        self.suppressions = SuppressionsTab(bench.theme)
        self.acknowledgement = AckTab(bench)
        self.fhirpath = FhirPathTab(bench)
        self.anomalies = AnomaliesTab(bench, session)
        self.profile = ProfileTab(bench, session)
        self.gaps = GapsTab(bench, lambda: self.profile.profile)
        self._charts = QWidget()
        self._charts.setLayout(down())
        self._badges = {severity: Badge(bench.theme) for severity in Severity}
        self._hidden = label("", "muted")
        self._against = ElidedLabel("muted")
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState(self.theme, "shield-check", "Nothing validated yet", _ABOUT, "Validate capture", bench.validate)
        )
        self._stack.addWidget(self.findings)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for title, tab in (
            ("Findings", self._stack),
            ("Charts", self._charts),
            ("Suppressed and known", self.suppressions),
            ("Acknowledgement", self.acknowledgement),
            ("FHIRPath", self.fhirpath),
            ("Anomalies", self.anomalies),
            ("Profile", self.profile),
            ("Gap report", self.gaps),
        ):
            self.tabs.addTab(tab, title)
        sized_by_front(self.tabs)
        self.tabs.tabBar().setAccessibleName("Parts of validation")
        layout = down(self._strip(), spacing=2, margins=8)
        layout.addWidget(self.tabs, 1)
        self.setLayout(layout)
        self._connect()
        self._begin()

    def _strip(self) -> QWidget:
        strip = QFrame()
        choose = button("Validate against…", self.choose, tip="Standards, profiles, FHIR packages, plausibility rules")
        self._validate = button("Validate", self.bench.validate, tip="Check every message of the capture (F9)")
        marks = (*self._badges.values(), self._hidden)
        line = across(*marks, self._against, choose, self._validate, self.export, spacing=14)
        line.setStretchFactor(self._against, 1)
        line.setContentsMargins(6, 2, 0, 6)
        strip.setLayout(line)
        return strip

    def _connect(self) -> None:
        self.bench.findings_changed.connect(self.refresh)
        self.findings.suppress_asked.connect(self.suppress)
        self.findings.fate.currentIndexChanged.connect(self._chart)
        self.suppressions.lift_asked.connect(self.lift)
        self.suppressions.baseline_asked.connect(self.take_baseline)
        self.suppressions.forget_asked.connect(self.forget_baseline)
        self.tabs.currentChanged.connect(self._chart)
        self.profile.use_asked.connect(lambda path: self.judge_by(replace(self.bench.against, v2_profile=path)))

    def _begin(self) -> None:
        """Take up what the workspace remembers."""
        self._tell_choices(self.bench.against)
        against = from_setting(self._session.setting(SETTING))
        if against != self.bench.against:
            self._use(against)
        self._sift()

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {
            "validation.against": self.choose,
            "validation.suppress": self.suppress,
            "validation.fhirpath": self.show_fhirpath,
            "validation.profile": partial(self.show_tab, self.profile),
            "validation.learn": self.learn_profile,
            "validation.gaps": partial(self.show_tab, self.gaps),
        }

    def panes(self) -> list[QWidget]:
        tab = self.tabs.currentWidget()
        if tab is self._stack:
            return self.findings.panes()
        named: dict[QWidget, list[QWidget]] = {
            self.suppressions: [self.suppressions.view],
            self.acknowledgement: [self.acknowledgement.raw],
            self.fhirpath: [self.fhirpath.expression, self.fhirpath.view],
            self.anomalies: [self.anomalies.view],
            self.profile: self.profile.panes(),
            self.gaps: self.gaps.panes(),
        }
        return named.get(tab, [self.tabs.tabBar()])

    def filter_box(self) -> QLineEdit | None:
        boxes: dict[QWidget, QLineEdit] = {
            self.fhirpath: self.fhirpath.expression,
            self.profile: self.profile.search,
            self.gaps: self.gaps.filter,
        }
        return boxes.get(self.tabs.currentWidget(), self.findings.filter)

    @property
    def message(self) -> MessageView:
        return self.findings.message

    @property
    def rules_model(self) -> RowsModel:
        """The groups of findings."""
        return self.findings.groups.model

    # What is shown

    def refresh(self) -> None:
        """Count again; the page shows whole runs only, the problems pane shows single messages."""
        sifted = self.bench.sifted()
        self._stack.setCurrentIndex(1 if self.bench.validated else 0)
        self._validate.setText("Validate again" if self.bench.validated else "Validate")
        worked_out(self.bench, "severities", sifted[Fate.OPEN], counted_severities, self._show_severities)
        aside = [f"{len(sifted[fate]):,} {fate}" for fate in (Fate.SUPPRESSED, Fate.KNOWN) if sifted[fate]]
        self._hidden.setText(" · ".join(aside))
        if self.bench.validated:
            self.findings.refresh()
        self._count_hidden()
        self._chart()

    def _show_severities(self, counts: Counter[Severity]) -> None:
        for severity, badge in self._badges.items():
            mark, word = SEVERITY_MARKS[severity], _PLURAL.get(severity, severity)
            badge.show_mark(counted(mark, counts[severity], word))
            badge.setVisible(bool(self.bench.validated))

    def _count_hidden(self) -> None:
        sieve, sifted, source = self.bench.sieve, self.bench.sifted(), self.bench.sent_of
        known = len(sifted[Fate.KNOWN])

        def count(found: Sequence[Finding], _check: Callable[[], None]) -> Counter[str]:
            decisions = (sieve.suppression_of(finding.issue, source(finding)) for finding in found)
            return Counter(decision.id for decision in decisions if decision is not None)

        def show(counts: Counter[str]) -> None:
            self.suppressions.show_sieve(sieve, counts, known)

        worked_out(self.bench, "suppressed", sifted[Fate.SUPPRESSED], count, show)
        self.suppressions.take.setEnabled(bool(self.bench.validated))

    def _chart(self, *_changed: object) -> None:
        """Draw the charts when somebody looks; what they stand on is loaded then."""
        if self.tabs.currentWidget() is not self._charts:
            return
        from workbench.gui.views.validation.charts import ChartsTab, charted

        layout = self._charts.layout()
        if layout is None:
            return
        if layout.count() == 0:
            layout.addWidget(ChartsTab(self.theme))
        item = layout.itemAt(0)
        charts = item.widget() if item is not None else None
        if isinstance(charts, ChartsTab):
            shown, source = (self.findings.shown if self.bench.validated else ()), self.bench.sent_of
            worked_out(
                self.bench,
                "charts",
                shown,
                lambda found, check: charted(found, source, check),
                lambda drawn: charts.show_findings(*drawn),
            )

    # What to validate against

    def choose(self) -> ChoicesDialog:
        """Ask what to validate against."""
        dialog = ChoicesDialog(self.theme, self.bench.against, self)
        return _opened(dialog, lambda: self.judge_by(dialog.against))

    def judge_by(self, against: Against) -> None:
        """Validate against something else from now on, and remember it."""
        self._session.set_setting(SETTING, to_setting(against))
        again = bool(self.bench.validated)
        self._use(against)
        if again:
            self.bench.validate()

    def _use(self, against: Against) -> None:
        self._tell_choices(against)
        self.bench.judge_by(against)

    def _tell_choices(self, against: Against) -> None:
        self._against.setText(described(against))
        self._against.setToolTip(f"Validated against: {described(against)}")

    # Decisions

    def suppress(self) -> SuppressDialog | None:
        """Ask for the suppression of findings such as the selected one."""
        by = self.bench.place.by
        finding = self.findings.current or (by if isinstance(by, Finding) else None)
        if finding is None:
            self.bench.say("Select a finding first; then such findings can be suppressed.")
            return None
        dialog = SuppressDialog(self.theme, finding, self.bench.sent_of(finding), date.today(), self)
        return _opened(dialog, lambda: self.suppress_now(dialog.suppression))

    def suppress_now(self, suppression: Suppression) -> None:
        try:
            suppress(self._session, suppression, date.today())
        except Refused as refusal:
            self.bench.report(refusal)
            return
        self._sift()
        self.bench.say(f"Suppressed {suppression.rule} at {suppression.path} until {suppression.until.isoformat()}")

    def lift(self, suppression: Suppression) -> None:
        lift(self._session, suppression)
        self._sift()
        self.bench.say(f"{suppression.rule} at {suppression.path} is told again")

    def take_baseline(self) -> None:
        """From now on only problems of other kinds are told."""
        sifted = self.bench.sifted()
        found = (*sifted[Fate.OPEN], *sifted[Fate.KNOWN])
        keep_baseline(self._session, fingerprints((f.issue, self.bench.sent_of(f)) for f in found), date.today())
        self._sift()
        self.bench.say(f"{len(found):,} findings are the baseline now")

    def forget_baseline(self) -> None:
        keep_baseline(self._session, {}, date.today())
        self._sift()
        self.bench.say("There is no baseline any more; every problem is told")

    def _sift(self) -> None:
        self.bench.sift_by(sieve_of(self._session, date.today()))

    # Out of the window

    def show_fhirpath(self) -> None:
        """Bring the expression box to the front."""
        self.show_tab(self.fhirpath)
        self.fhirpath.expression.setFocus()

    def show_tab(self, tab: QWidget) -> None:
        """Bring one of the tabs to the front."""
        self.bench.page_asked.emit(self.name)
        self.tabs.setCurrentWidget(tab)

    def learn_profile(self) -> None:
        """Learn a profile from the capture and show it in the editor."""
        self.show_tab(self.profile)
        self.profile.learn()


def _opened(dialog: _Dialog, accepted: Callable[[], None]) -> _Dialog:
    dialog.accepted.connect(accepted)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
