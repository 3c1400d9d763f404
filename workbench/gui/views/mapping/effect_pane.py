"""What the last edit changes in the capture: how many messages, at which places, with examples before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.app.operations.edit_effect import Effect
from workbench.gui.bench import Bench
from workbench.gui.marks import Mark
from workbench.gui.masking import masked
from workbench.gui.models.rows import Column
from workbench.gui.views.mapping.message_lines import MessageLines
from workbench.gui.views.mapping.probe import Probe
from workbench.gui.widgets.basics import EmptyState, across, button, down, label

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


class EffectPane(MessageLines):
    """The sentence, the places, and a line for each example."""

    def __init__(self, bench: Bench, probe: Probe) -> None:
        super().__init__(bench, "Examples before and after the last edit", _COLUMNS)
        self._probe = probe
        self.sentence = label("", "heading", wrap=True)
        self.places = label("", "muted", wrap=True)
        compare = button("Compare again", self.compare, tip="Map up to 5,000 messages before and after the last edit")
        head = across(self.sentence, compare)
        head.setStretchFactor(self.sentence, 1)
        bar = down(head, self.places, spacing=2)
        bar.setContentsMargins(8, 6, 8, 4)
        text = "Maps up to 5,000 messages of the capture as before the last edit and as now, and shows what differs."
        self.lay_out(
            bar,
            EmptyState(bench.theme, "git-compare", "What does the last edit change?", text, "Compare", self.compare),
        )
        probe.effect_changed.connect(self.refresh)
        bench.mask_changed.connect(self.refresh)

    def compare(self) -> None:
        """Start the comparison; it can be cancelled in the status line."""
        if self._probe.compare() is None:
            self._bench.say("Nothing was edited yet, so there is nothing to compare.")

    def refresh(self) -> None:
        effect = self._probe.effect
        self.show_lines(effect is not None)
        if effect is None:
            self.model.show([])
            return
        self.sentence.setText(effect.sentence)
        self.places.setText(_places(effect))
        self.places.setVisible(bool(effect.places))
        self.model.show(_lines(effect, self._bench.masked))


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
