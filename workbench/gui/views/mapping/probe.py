"""What the capture says of the mapping: how often fields occur, what a sample of it loses, what the last edit changes.

Works only while somebody looks at the page, and a moment after the last keystroke.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.app.operations.edit_effect import MOST_MESSAGES, Effect, effect_of, sample_ledger
from workbench.app.operations.statistics import count_all
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobHandle
from workbench.gui.mapping_desk import MappingDesk
from workbench.mapping.directed import recompile_any
from workbench.mapping.engine.ledger import CaptureLedger
from workbench.messages.tally import Tally

SAMPLED = 24
"""Messages whose ledger follows every edit."""

PAUSE_MS = 600
AT_ONCE = 60
"""Up to so many messages the effect of an edit is worked out without being asked."""


class Probe(QObject):
    """One for the page; `ledger` is the capture's when it was measured since the last edit, else that of a sample."""

    changed = Signal()
    effect_changed = Signal()

    def __init__(self, bench: Bench, desk: MappingDesk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bench, self._desk = bench, desk
        self._watching = False
        self._sampled: CaptureLedger | None = None
        self._measured_by: object = None
        self._tallied = False
        self.tally: Tally | None = None
        self.effect: Effect | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._work)
        bench.capture_changed.connect(self._forget)
        bench.capture_complete.connect(self._soon)
        desk.package_changed.connect(self._halt)
        desk.compiled_changed.connect(self._compiled)
        desk.ledger_changed.connect(self._measured)

    @property
    def ledger(self) -> CaptureLedger | None:
        exact = self._desk.capture_ledger
        return exact if exact is not None and self._measured_by is self._desk.compiled else self._sampled

    def _measured(self) -> None:
        self._measured_by = self._desk.compiled
        self.changed.emit()

    def watch(self, on: bool) -> None:
        """Say whether somebody looks."""
        self._watching = on
        if on:
            self._soon()
        else:
            self._pause.stop()

    def _forget(self) -> None:
        for purpose in ("tally", "sample", "effect"):
            self._bench.jobs.drop(purpose)
        self.tally, self._tallied, self._sampled, self.effect = None, False, None, None
        self.changed.emit()
        self.effect_changed.emit()

    def _halt(self) -> None:
        """Leave the processor to the edit that has just been made."""
        self._pause.stop()
        self._bench.jobs.drop("sample")
        self._bench.jobs.drop("effect")

    def _compiled(self) -> None:
        self._halt()
        self._sampled, self.effect = None, None
        self.effect_changed.emit()
        self._soon()

    def _soon(self) -> None:
        if self._watching and self._bench.capture is not None:
            self._pause.start()

    def _work(self) -> None:
        capture, compiled = self._bench.capture, self._desk.compiled
        if capture is None or not self._watching:
            return
        if not self._tallied:
            self._tallied = True
            counting = self._bench.jobs.newest(
                "tally", "Counting the fields of the capture", lambda ctx: count_all(capture, ctx), quiet=False
            )
            counting.succeeded.connect(self._counted)
            counting.failed.connect(self._bench.report)
        if compiled is not None and self.ledger is None:
            job = self._bench.jobs.newest(
                "sample", "Following what is lost", lambda ctx: sample_ledger(compiled, capture, ctx, SAMPLED)
            )
            job.succeeded.connect(self._took_sample)
            job.failed.connect(self._bench.report)
        if len(capture) <= AT_ONCE and self.effect is None:
            self.compare(quiet=True)

    def _counted(self, tally: Tally) -> None:
        self.tally = tally
        self.changed.emit()

    def _took_sample(self, ledger: CaptureLedger) -> None:
        self._sampled = ledger
        self.changed.emit()

    def compare(self, *, quiet: bool = False) -> JobHandle | None:
        """Work out what the last edit changes in the capture; None when there was none to compare with."""
        capture, after, before = self._bench.capture, self._desk.compiled, self._desk.package_before
        if capture is None or after is None or before is None:
            return None

        handle = self._bench.jobs.newest(
            "effect",
            "Comparing before and after the edit",
            lambda ctx: effect_of(recompile_any(after, before), after, capture, ctx, MOST_MESSAGES),
            quiet=quiet,
        )
        handle.succeeded.connect(self._compared)
        handle.failed.connect(self._bench.report)
        return handle

    def _compared(self, effect: Effect) -> None:
        self.effect = effect
        self.effect_changed.emit()
        self._bench.say(effect.sentence)
