"""Named amounts as horizontal bars, the first on top."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import down

MOST_BARS = 20
FEWEST_BARS = 10
"""Room is left for so many, so that a single bar is no wall."""
_LONGEST = 32
Bar = tuple[str, float]


class BarsPlot(QWidget):
    """At most `MOST_BARS` bars under a title; the table beside it has the same numbers."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.title = ""
        self.bars: tuple[Bar, ...] = ()
        self.plot = pg.PlotWidget()
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.setAccessibleName(f"{name}; the table beside it has the same numbers")
        self.setLayout(down(self.plot, margins=4))
        theme.changed.connect(self.draw)

    def show_bars(self, title: str, bars: Sequence[Bar]) -> None:
        """Draw these amounts."""
        self.title, self.bars = title, tuple(bars[:MOST_BARS])
        self.draw()

    def draw(self) -> None:
        """Draw in the colours of the theme."""
        self.plot.clear()
        self.plot.setBackground(self._theme.colour("surface"))
        self.plot.setTitle(self.title, color=self._theme.colour("text"), size="10pt")
        count = len(self.bars)
        places = [count - place for place in range(count)]
        bars = pg.BarGraphItem(
            x0=0,
            y=places,
            height=0.7,
            width=[amount for _, amount in self.bars],
            brush=self._theme.colour("accent"),
            pen=pg.mkPen(None),
        )
        self.plot.addItem(bars)
        self.plot.setYRange(min(0.0, count - FEWEST_BARS), count + 1, padding=0)
        names = [(place, _short(name)) for place, (name, _) in zip(places, self.bars, strict=True)]
        self.plot.getAxis("left").setTicks([names])
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setPen(self._theme.colour("border"))
            self.plot.getAxis(side).setTextPen(self._theme.colour("muted"))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
