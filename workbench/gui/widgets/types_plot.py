"""Messages of each type over time, as stacked bars."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from workbench.app.tables import Table
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import down

MOST_TYPES = 5
_TICKS = 10
_ROLES = ("accent", "state.partial", "state.good", "severity.information", "syntax.escape", "muted")


class TypesPlot(QWidget):
    """A bar for each period; the most frequent types have a colour of their own, all others share one."""

    def __init__(self, theme: Theme, counted: Table) -> None:
        super().__init__()
        self._theme, self._counted = theme, counted
        self.plot = pg.PlotWidget()
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.setMenuEnabled(False)
        self.setAccessibleName("Messages over time by type; the table below has the same numbers")
        self.setLayout(down(self.plot, margins=4))
        theme.changed.connect(self.draw)
        self.draw()

    def draw(self) -> None:
        """Draw in the colours of the theme."""
        periods = self._counted.names[2:]
        heights = _heights(self._counted)
        self.plot.clear()
        self.plot.setBackground(self._theme.colour("surface"))
        legend = self.plot.addLegend(offset=(-10, 6))
        legend.clear()
        legend.setLabelTextColor(self._theme.colour("text"))  # of what is added from now on
        base = np.zeros(len(periods))
        for role, (name, values) in zip(_ROLES, heights, strict=False):
            colour = self._theme.colour(role)
            bars = pg.BarGraphItem(
                x=np.arange(len(periods)),
                y0=base,
                height=values,
                width=0.8,
                brush=colour,
                pen=pg.mkPen(None),
                name=name,
            )
            self.plot.addItem(bars)
            base = base + values
        step = max(1, len(periods) // _TICKS)
        axis = self.plot.getAxis("bottom")
        axis.setTicks([[(place, periods[place]) for place in range(0, len(periods), step)]])
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setPen(self._theme.colour("border"))
            self.plot.getAxis(side).setTextPen(self._theme.colour("muted"))


def _heights(counted: Table) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.float64]]]]:
    """The counts of each type by period, the rest of the types as one."""
    rows = [(str(row[0]), np.array([float(cell or 0) for cell in row[2:]])) for row in counted.rows]
    if len(rows) <= MOST_TYPES + 1:
        return rows
    rest = np.sum([values for _, values in rows[MOST_TYPES:]], axis=0)
    return [*rows[:MOST_TYPES], (f"{len(rows) - MOST_TYPES} further types", rest)]
