"""Pinned messages: each with what the mapping makes of it now, and whether the last edit changed that."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal

from workbench.app.documents import Document, document_at
from workbench.app.operations.edit_effect import Compiled, takes, value_changes
from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import FATE_MARKS, Mark
from workbench.gui.models.rows import Column
from workbench.gui.views.mapping.message_lines import MessageLines
from workbench.gui.widgets.basics import EmptyState, across, button, label
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.mapping.engine.ledger import Fate
from workbench.v2.er7 import Message

_SAME = Mark("circle-check", "state.good", "as before")
_CHANGED = Mark("file-diff", "state.partial", "changed")
_REFUSED = Mark("circle-x", "state.bad", "not mapped")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One pinned message now; `mark` compares it with the result before the last edit."""

    number: int
    kind: str
    made: str
    lost: int
    mark: Mark
    says: str


_COLUMNS = (
    Column("", lambda r: r.mark.word, 7.5, mark=lambda r: r.mark),
    Column("Message", lambda r: f"{r.number + 1:,}", 4.5, key=lambda r: r.number, right=True),
    Column("Type", lambda r: r.kind, 5.5, mono=True),
    Column("Makes", lambda r: r.made, 12, muted=True),
    Column("Lost", lambda r: f"{r.lost:,}", 3.2, key=lambda r: r.lost, right=True),
    Column("What changed", lambda r: r.says, 12, muted=True),
)


class PinnedPane(MessageLines):
    """What is pinned, and a line for each message; emits how many there are."""

    counted = Signal(int)

    def __init__(self, bench: Bench, desk: MappingDesk) -> None:
        super().__init__(bench, "Pinned messages", _COLUMNS)
        self._desk = desk
        self.numbers: list[int] = []
        self._before: dict[int, object] = {}
        self._now: dict[int, object] = {}
        self._fates = label("", "muted")
        pin = button(
            "Pin this message", self.toggle, tip="Keep an eye on the selected message, or let go of it (Ctrl+Shift+P)"
        )
        bar = across(self._fates, 1, pin)
        bar.setContentsMargins(8, 4, 8, 4)
        text = "Pin messages with special cases: every edit shows at once what it does to all of them."
        self.lay_out(
            bar, EmptyState(bench.theme, "list-checks", "No message is pinned", text, "Pin this message", self.toggle)
        )
        desk.compiled_changed.connect(self._compiled)
        bench.capture_changed.connect(self._forget)

    def toggle(self) -> None:
        """Pin the selected message, or let go of it."""
        number = self._bench.number
        if number is None:
            self._bench.say("Select a message first; then it can be pinned.")
            return
        if number in self.numbers:
            self.numbers.remove(number)
        else:
            self.numbers.append(number)
        self.show_lines(bool(self.numbers))
        self.counted.emit(len(self.numbers))
        self._run(keep=True)

    def _forget(self) -> None:
        self.numbers, self._before, self._now = [], {}, {}
        self.model.show([])
        self.show_lines(False)
        self.counted.emit(0)

    def _compiled(self) -> None:
        self._run(keep=False)

    def _run(self, *, keep: bool) -> None:
        capture = self._bench.capture
        compiled: Compiled | None = self._desk.compiled
        if capture is None or compiled is None or not self.numbers:
            self.model.show([])
            return
        before = dict(self._before if keep else self._now)
        numbers = tuple(self.numbers)

        def work(ctx: JobContext) -> tuple[list[Pinned], dict[int, object], dict[int, object]]:
            rows: list[Pinned] = []
            now: dict[int, object] = {}
            for number in numbers:
                ctx.check()
                kind = ""
                try:
                    document = document_at(capture, number)
                    kind = _kind(document)
                    if not takes(compiled, document):
                        rows.append(Pinned(number, kind, "", 0, _REFUSED, "The mapping reads the other standard."))
                        continue
                    traced = compiled.trace(document)
                except Refused as refusal:
                    rows.append(Pinned(number, kind, "", 0, _REFUSED, refusal.text))
                    continue
                now[number] = traced.bundle
                changes = value_changes(before[number], traced.bundle) if number in before else ()
                says = ", ".join(dict.fromkeys(change.path.rpartition("#")[2].partition(".")[2] for change in changes))
                lost = traced.ledger.counts()[Fate.LOST]
                rows.append(Pinned(number, kind, _made(traced.bundle), lost, _CHANGED if changes else _SAME, says))
            return rows, before, now

        handle = self._bench.jobs.newest("pinned", "Mapping the pinned messages", work)
        handle.succeeded.connect(self._done)
        handle.failed.connect(self._bench.report)

    def _done(self, found: tuple[list[Pinned], dict[int, object], dict[int, object]]) -> None:
        rows, self._before, self._now = found
        self.model.show(rows)
        changed = sum(1 for row in rows if row.mark is _CHANGED)
        lost = sum(row.lost for row in rows)
        words = f"{changed} of {len(rows)} changed by the last edit" if changed else f"{len(rows)} pinned"
        self._fates.setText(f"{words} · {lost:,} values {FATE_MARKS[Fate.LOST].word}")


def _made(bundle: object) -> str:
    """`Patient, Encounter, 3 Observation`."""
    counts: dict[str, int] = {}
    for entry in bundle.get("entry", []) if isinstance(bundle, dict) else []:
        kind = str(entry.get("resource", {}).get("resourceType", "?"))
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(kind if count == 1 else f"{count} {kind}" for kind, count in counts.items())


def _kind(document: Document) -> str:
    return f"{document.message_code}^{document.trigger_event}" if isinstance(document, Message) else "FHIR"
