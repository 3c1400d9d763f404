"""Where one is in something that is shown a part at a time, and the way to the other parts."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from workbench.app.documents import Document
from workbench.fhir.json_tree import FhirDocument
from workbench.gui.models.outline import FOLD_BYTES, PART_BYTES, Excerpt
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import across, label, tool_button


class PartBar(QWidget):
    """Hidden while there is one part only; Alt+Page Up and Alt+Page Down go from part to part."""

    asked = Signal(int)
    """The part that is wanted, 0-based."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._at, self._count = 0, 1
        self.words = label("", "muted", wrap=True)
        self.before = tool_button(theme, "chevron-left", "Earlier part", lambda: self.asked.emit(self._at - 1))
        self.after = tool_button(theme, "chevron-right", "Later part", lambda: self.asked.emit(self._at + 1))
        self.before.setShortcut("Alt+PgUp")
        self.after.setShortcut("Alt+PgDown")
        line = across(self.words, self.before, self.after)
        line.setStretchFactor(self.words, 1)
        line.setContentsMargins(10, 3, 6, 3)
        self.setLayout(line)
        self.setVisible(False)

    def show_parts(self, at: int, count: int, words: str) -> None:
        """Say which part is shown."""
        self._at, self._count = at, count
        self.words.setText(words)
        self.before.setEnabled(at > 0)
        self.after.setEnabled(at < count - 1)
        self.before.setVisible(count > 1)
        self.after.setVisible(count > 1)
        self.setVisible(bool(words))


def parts_of(part: Excerpt | None, document: Document | None, text_part: int) -> tuple[int, int, str]:
    """Which part is shown, of how many, and in words; no words where there is one only and nothing is folded."""
    if part is not None:
        outline = part.outline
        folded = f" · values above {FOLD_BYTES // 1024} kB are folded" if outline.folds[0] else ""
        words = f"Segments {part.begin + 1:,} to {part.end:,} of {len(outline):,}{folded}"
        return part.part, outline.parts, words if folded or outline.parts > 1 else ""
    if isinstance(document, FhirDocument) and len(document.raw) > PART_BYTES:
        count = -(-len(document.raw) // PART_BYTES)
        return text_part, count, f"Part {text_part + 1:,} of {count:,} of the text"
    return 0, 1, ""
