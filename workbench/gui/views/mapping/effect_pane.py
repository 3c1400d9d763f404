"""What the last edit changes in the capture: how many messages, at which places, with examples before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from workbench.app.operations.edit_effect import Effect
from workbench.gui.bench import Bench
from workbench.gui.marks import Mark
from workbench.gui.masking import masked
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.views.mapping.probe import Probe
from workbench.gui.widgets.basics import EmptyState, across, button, down, label, table

_ADDED = Mark("plus", "diff.added", "added")
_REMOVED = Mark("circle-minus", "diff.removed", "removed")
_OTHER = Mark("file-diff", "diff.changed", "changed")


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    path: str
    before: str
    after: str
    mark: Mark


_COLUMNS = (
    Column("", lambda r: r.mark.word, 7, mark=lambda r: r.mark),
    Column("Message", lambda r: f"{r.number + 1:,}", 4.5, key=lambda r: r.number, right=True),
    Column("Place", lambda r: r.path, 14, mono=True),
    Column("Before", lambda r: r.before, 8),
    Column("After", lambda r: r.after, 8),
)


class EffectPane(QWidget):
    """Emits the number of the message a person chose."""

    chosen = Signal(int)

    def __init__(self, bench: Bench, probe: Probe) -> None:
        super().__init__()
        self._bench, self._probe = bench, probe
        self.sentence = label("", "heading", wrap=True)
        self.places = label("", "muted", wrap=True)
        self.model = RowsModel(bench.theme, _COLUMNS, self)
        self.view = table(bench.theme, self.model, "Examples before and after the last edit", _COLUMNS)
        compare = button("Compare again", self.compare, tip="Map up to 5,000 messages before and after the last edit")
        head = across(self.sentence, compare)
        head.setStretchFactor(self.sentence, 1)
        bar = down(head, self.places, spacing=2)
        bar.setContentsMargins(8, 6, 8, 4)
        body = QWidget()
        body.setLayout(down(bar, self.view, spacing=0))
        text = "Maps up to 5,000 messages of the capture as before the last edit and as now, and shows what differs."
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState(bench.theme, "git-compare", "What does the last edit change?", text, "Compare", self.compare)
        )
        self._stack.addWidget(body)
        self.setLayout(down(self._stack))
        self.view.clicked.connect(self._go)
        self.view.activated.connect(self._go)
        probe.effect_changed.connect(self.refresh)
        bench.mask_changed.connect(self.refresh)

    def compare(self) -> None:
        """Start the comparison; it can be cancelled in the status line."""
        if self._probe.compare() is None:
            self._bench.say("Nothing was edited yet, so there is nothing to compare.")

    def refresh(self) -> None:
        effect = self._probe.effect
        self._stack.setCurrentIndex(0 if effect is None else 1)
        if effect is None:
            self.model.show([])
            return
        self.sentence.setText(effect.sentence)
        self.places.setText(_places(effect))
        self.places.setVisible(bool(effect.places))
        self.model.show(_lines(effect, self._bench.masked))

    def _go(self, index: QModelIndex) -> None:
        row = self.model.row(index)
        if isinstance(row, _Line):
            self.chosen.emit(row.number)


def _places(effect: Effect) -> str:
    most = effect.places.most_common(6)
    more = len(effect.places) - len(most)
    return ", ".join(f"{path} in {count:,}" for path, count in most) + (f" and {more} more places" if more > 0 else "")


def _lines(effect: Effect, mask: bool) -> Sequence[_Line]:
    lines = []
    for example in effect.examples:
        if example.refusal:
            lines.append(_Line(example.number, "", "", example.refusal, _OTHER))
        for change in example.changes:
            mark = _ADDED if not change.before else _REMOVED if not change.after else _OTHER
            before, after = (masked(change.before), masked(change.after)) if mask else (change.before, change.after)
            kind, _, rest = change.path.partition("#")
            path = f"{kind}.{rest.partition('.')[2]}" if rest else kind
            lines.append(_Line(example.number, path, before, after, mark))
    return lines
