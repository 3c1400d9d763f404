"""How each part of the capture was read, and what the user knows better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFormLayout, QWidget

from workbench.gui.bench import Bench
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.widgets.basics import across, button, down, label, table
from workbench.messages.capture import Capture, Framing, Overrule

AUTOMATIC = "Detect"
_BY_MESSAGE = "as each message says"
_ENCODINGS = {
    "UTF-8": "utf-8",
    "Windows-1252": "cp1252",
    "Latin-1 (ISO 8859-1)": "iso8859-1",
    "Latin-2 (ISO 8859-2)": "iso8859-2",
    "Latin-9 (ISO 8859-15)": "iso8859-15",
    "Japanese ISO-2022-JP": "iso2022_jp",
    "Japanese Shift-JIS": "shift_jis",
    "Chinese GB 18030": "gb18030",
    "Chinese Big5": "big5",
    "UTF-16, little end first": "utf-16-le",
    "UTF-16, big end first": "utf-16-be",
}


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of a capture as it was read."""

    name: str
    framing: str
    encoding: str
    messages: int
    overrule: Overrule


_COLUMNS = (
    Column("Part", lambda line: Path(line.name).name, 13, tip=lambda line: line.name),
    Column("Read as", lambda line: line.framing, 13),
    Column("Encoding", lambda line: line.encoding, 12),
    Column("Messages", lambda line: f"{line.messages:,}", 5, key=lambda line: line.messages, right=True),
    Column("Chosen by", lambda line: "you" if line.overrule != Overrule() else "detection", 6, muted=True),
)


def part_lines(capture: Capture, overrule: Mapping[str, Overrule]) -> list[PartLine]:
    """The parts that hold messages, in order."""
    framings = dict(capture.framings)
    lines = []
    for part in capture.parts:
        numbers = capture.numbers_of(part)
        encoding = capture.encoding_of(numbers[0]) if numbers else ""
        chosen = overrule.get(part.name) or overrule.get("") or Overrule()
        lines.append(PartLine(part.name, framings.get(part.name, ""), encoding or _BY_MESSAGE, len(numbers), chosen))
    return lines


def in_short(capture: Capture) -> str:
    """How the capture was read, for a button: one framing, or how many there are."""
    found = {str(framing) for _, framing in capture.framings}
    return next(iter(found)) if len(found) == 1 else f"{len(found)} framings" if found else "Detection"


class DetectionDialog(QDialog):
    """The parts of the capture; framing and encoding can be overruled for one of them or for all."""

    def __init__(self, bench: Bench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("How the capture was read")
        self._bench = bench
        self.overrule: dict[str, Overrule] = {}
        self._paths: tuple[Path, ...] = ()
        self.model = RowsModel(bench.theme, _COLUMNS, self)
        self.view = table(bench.theme, self.model, "Parts of the capture", _COLUMNS)
        self.framing = QComboBox()
        self.framing.setAccessibleName("Framing")
        self.framing.addItems([AUTOMATIC, *map(str, Framing)])
        self.encoding = QComboBox()
        self.encoding.setAccessibleName("Encoding")
        self.encoding.addItems([AUTOMATIC, *_ENCODINGS])
        self.for_all = QCheckBox("For all parts, not only the selected one")
        self.again = button("Read again", self.apply, primary=True, tip="Open the same files read in this way")
        form = QFormLayout()
        form.addRow("Read as", self.framing)
        form.addRow("Encoding", self.encoding)
        form.addRow("", self.for_all)
        words = "Formats are told by content, not by name. Where that went wrong, say here what you know better."
        self.setLayout(
            down(
                label(words, "muted", wrap=True),
                self.view,
                form,
                across(1, button("Close", self.close), self.again),
                margins=16,
                spacing=12,
            )
        )
        em = bench.theme.em
        self.resize(round(em * 54), round(em * 30))
        self.view.selectionModel().currentRowChanged.connect(self._selected)
        bench.capture_changed.connect(self.show_parts)
        bench.capture_complete.connect(self.show_parts)
        self.show_parts()

    def show_parts(self) -> None:
        """Show the parts of the capture that is open."""
        capture = self._bench.capture
        if capture is None or capture.paths != self._paths:
            self.overrule = {}
        self._paths = capture.paths if capture is not None else ()
        self.model.show(part_lines(capture, self.overrule) if capture is not None else [])
        if self.model.rows:
            self.view.setCurrentIndex(self.model.index(0, 0))
        self.again.setEnabled(bool(self._paths))

    def apply(self) -> None:
        """Open the same files again, read as the user says."""
        framing = self.framing.currentText() if self.framing.currentIndex() else ""
        chosen = Overrule(framing, _ENCODINGS.get(self.encoding.currentText(), ""))
        line = self.model.row(self.view.currentIndex())
        if self.for_all.isChecked() or line is None:
            self.overrule = {"": chosen}
        else:
            self.overrule[line.name] = chosen
        self._bench.open_paths(self._paths, dict(self.overrule))

    def _selected(self, current: QModelIndex, _previous: QModelIndex) -> None:
        line = self.model.row(current)
        if line is not None:
            self.framing.setCurrentText(line.overrule.framing or AUTOMATIC)
            names = {codec: name for name, codec in _ENCODINGS.items()}
            self.encoding.setCurrentText(names.get(line.overrule.encoding, AUTOMATIC))
