"""Boxes for numbers."""

from __future__ import annotations

from PySide6.QtWidgets import QDoubleSpinBox


def decimal_number(name: str, least: float, most: float, value: float, decimals: int = 1) -> QDoubleSpinBox:
    """A number between two others; nothing is told before it is typed to its end."""
    made = QDoubleSpinBox()
    made.setAccessibleName(name)
    made.setKeyboardTracking(False)
    made.setDecimals(decimals)
    made.setRange(least, most)
    made.setValue(value)
    made.lineEdit().setTextMargins(round(made.fontMetrics().height() * 0.3), 0, 0, 0)
    made.setMinimumHeight(round(made.fontMetrics().height() * 1.8))
    return made


def whole_number(name: str, least: int, most: int, value: int) -> QDoubleSpinBox:
    """A number without decimal places; its value is a float all the same."""
    return decimal_number(name, least, most, value, decimals=0)
