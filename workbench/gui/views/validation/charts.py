"""Problems as pictures: by rule, and over the time the messages were sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import ceil
from typing import NamedTuple

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QSplitter

from workbench.gui.findings import Finding
from workbench.gui.models.issue_table import Group, Source, grouped
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import pane, retitle
from workbench.kernel.issues import Severity

MOST_RULES = 20
MOST_BARS = 60
FEWEST_BARS = 10
"""Room for so many is always kept, so that two bars are no walls."""
_SEVERITIES = (Severity.FATAL, Severity.ERROR, Severity.WARNING, Severity.INFORMATION)


class Period(NamedTuple):
    """Findings of one severity in one hour, day, month or year; name "" for messages without a time."""

    name: str
    counts: Counter[Severity]


def over_time(findings: Iterable[Finding], source: Source) -> tuple[Period, ...]:
    """Findings by the time of their message, in the finest periods of which there are at most `MOST_BARS`."""
    stamped = Counter((_digits(source(finding).time), finding.issue.severity) for finding in findings)
    for width in (10, 8, 6, 4):
        periods: dict[str, Counter[Severity]] = {}
        for (digits, severity), count in stamped.items():
            periods.setdefault(digits[:width], Counter())[severity] += count
        if len(periods) <= MOST_BARS or width == 4:
            return tuple(Period(_name(digits), periods[digits]) for digits in sorted(periods))
    return ()


def charted(
    findings: Sequence[Finding], source: Source, check: Callable[[], None] = lambda: None
) -> tuple[tuple[Group, ...], tuple[Period, ...]]:
    """What both charts show: findings by rule, and over time."""
    return grouped(findings, "Rule", source, check), over_time(findings, source)


@lru_cache(maxsize=65_536)
def _digits(time: str) -> str:
    """`2024-01-02T03:04Z` and `202401020304` alike → `2024010203`."""
    return "".join(character for character in time[:19] if character.isdigit())[:10]


def _name(digits: str) -> str:
    day = "-".join(part for part in (digits[:4], digits[4:6], digits[6:8]) if part)
    return f"{day} {digits[8:10]} h" if len(digits) > 8 else day or "no time"


class ChartsTab(QSplitter):
    """Two bar charts. What they show is also said in words, for those who cannot see them."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._theme = theme
        self._groups: Sequence[Group] = ()
        self._periods: Sequence[Period] = ()
        self.by_rule = _plot("Problems by rule")
        self.by_time = _plot("Problems over time")
        self._rule_pane = pane("By rule", self.by_rule)
        self._time_pane = pane("Over time", self.by_time)
        self.addWidget(self._rule_pane)
        self.addWidget(self._time_pane)
        self.setChildrenCollapsible(False)
        theme.changed.connect(self._paint)
        for plot in (self.by_rule, self.by_time):
            plot.getViewBox().sigResized.connect(lambda _box: self._name_all())
        self._paint()

    def show_findings(self, groups: Sequence[Group], periods: Sequence[Period]) -> None:
        """Draw groups by rule, the most frequent first, and periods in their order."""
        self._groups = sorted(groups, key=lambda group: -len(group.findings))[:MOST_RULES]
        self._periods = periods
        more = len(groups) - len(self._groups)
        retitle(self._rule_pane, f"By rule · {more} rarer rules not drawn" if more else "By rule")
        self._paint()

    def _name_bars(self, plot: pg.PlotWidget, names: Sequence[str]) -> None:
        """As many names under the bars as there is room for, every one, or every second, and so on."""
        words = [_short(name) for name in names]
        measure = QFontMetricsF(self._theme.font(0.85))
        widest = max((measure.horizontalAdvance(each) for each in words), default=0) + self._theme.em * 0.5
        room = plot.getViewBox().width() / max(len(words), FEWEST_BARS)
        step = max(1, ceil(widest / room)) if room else 1
        plot.getAxis("bottom").setTicks([[(place, each) for place, each in enumerate(words) if place % step == 0]])

    def _name_all(self) -> None:
        """Name the bars anew after the room has changed."""
        self._name_bars(self.by_rule, [group.key for group in self._groups])
        self._name_bars(self.by_time, [period.name for period in self._periods])

    def _paint(self) -> None:
        bars = [(group.key, {group.severity: len(group.findings)}) for group in self._groups]
        self._draw(self.by_rule, bars)
        self._draw(self.by_time, [(period.name, dict(period.counts)) for period in self._periods])

    def _draw(self, plot: pg.PlotWidget, bars: Sequence[tuple[str, dict[Severity, int]]]) -> None:
        """Stacked bars, the most severe at the bottom."""
        colour = self._theme.colour
        plot.clear()
        plot.setBackground(colour("surface"))
        plot.plotItem.legend.setLabelTextColor(colour("text"))
        for side in ("bottom", "left"):
            axis = plot.getAxis(side)
            axis.setPen(colour("border"))
            axis.setTextPen(colour("text"))
            axis.setStyle(tickFont=self._theme.font(0.85))
        self._name_bars(plot, [name for name, _ in bars])
        below = [0] * len(bars)
        for severity in _SEVERITIES:
            heights = [counts.get(severity, 0) for _, counts in bars]
            if any(heights):
                plot.addItem(
                    pg.BarGraphItem(
                        x=list(range(len(bars))),
                        y0=list(below),
                        height=heights,
                        width=0.7,
                        brush=colour(f"severity.{severity}"),
                        pen=colour("surface"),
                        name=str(severity),
                    )
                )
            below = [low + height for low, height in zip(below, heights, strict=True)]
        plot.setXRange(-0.6, max(len(bars), FEWEST_BARS) - 0.4, padding=0)
        plot.setYRange(0, max([*below, 1]) * 1.05, padding=0)
        plot.setAccessibleDescription("; ".join(_said(name, counts) for name, counts in bars) or "No problems")


def _short(name: str) -> str:
    """An hour without its year; the words for screen readers keep it."""
    return name[5:] if name.endswith(" h") else name


def _said(name: str, counts: dict[Severity, int]) -> str:
    return f"{name}: " + ", ".join(f"{counts[severity]:,} {severity}" for severity in _SEVERITIES if severity in counts)


def _plot(name: str) -> pg.PlotWidget:
    """A plot that is looked at and not dragged about."""
    made = pg.PlotWidget()
    made.setAccessibleName(name)
    made.setMouseEnabled(x=False, y=False)
    made.setMenuEnabled(False)
    made.hideButtons()
    legend = made.addLegend(offset=(-10, 10))
    legend.setVisible(True)
    return made
