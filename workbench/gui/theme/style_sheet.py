"""The one style sheet: short, with token colours only and sizes in em."""

from __future__ import annotations

import re

from workbench.gui.theme.tokens import Tokens
from workbench.kernel.shipped import shipped

_TEMPLATE = """
QMainWindow, QDialog { background: @window; }
QToolTip { background: @raised; color: @text; border: 1px solid @border; padding: 0.3em; }
QFrame#rail, QFrame#topBar, QFrame#statusBar { background: @raised; border: none; }
QFrame#topBar { border-bottom: 1px solid @border; }
QFrame#statusBar { border-top: 1px solid @border; }
QFrame#rail { border-right: 1px solid @border; }
QFrame#pane { background: @surface; border: 1px solid @border; border-radius: 0.35em; }
QFrame#paneHead { background: transparent; border: none; border-bottom: 1px solid @border; }
QFrame#card { background: @surface; border: 1px solid @border; border-radius: 0.5em; }
QFrame#card[quiet="true"] { background: transparent; }
QLabel[role="muted"], QLabel#muted { color: @muted; }
QLabel[role="title"] { font-size: 15pt; font-weight: 600; }
QLabel[role="heading"] { font-weight: 600; }
QLabel[role="mono"] { font-family: "JetBrains Mono"; }

QTableView, QTreeView, QListView, QPlainTextEdit, QTextBrowser {
  background: @surface; color: @text; border: none; selection-background-color: @selection;
  selection-color: @selection_text; outline: none; }
QTableView::item, QTreeView::item { padding: 0 0.35em; border: none; }
QTableView::item:hover, QTreeView::item:hover, QListView::item:hover { background: @hover; }
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected {
  background: @selection; color: @selection_text; }
QTableView:focus::item:selected:active, QTreeView:focus::item:selected:active { color: @selection_text; }
QHeaderView { background: @surface; }
QHeaderView::section { background: @surface; color: @muted; border: none; border-bottom: 1px solid @border;
  padding: 0.25em 0.35em; font-weight: 500; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QTreeView::item { height: 1.4em; }
QTableCornerButton::section { background: @surface; border: none; }

QLineEdit, QComboBox, QPlainTextEdit#editor, QAbstractSpinBox { background: @surface; color: @text;
  border: 1px solid @border; border-radius: 0.3em; padding: 0.22em 0.45em;
  selection-background-color: @selection; selection-color: @selection_text; }
QLineEdit:focus, QComboBox:focus, QPlainTextEdit#editor:focus, QAbstractSpinBox:focus { border: 1px solid @focus; }
QLineEdit, QPlainTextEdit { placeholder-text-color: @muted; }
QLineEdit[wrong="true"] { border: 1px solid @severity.error; }
QComboBox::drop-down { border: none; width: 1.4em; }
QComboBox::down-arrow { image: url(@arrow); width: 0.9em; height: 0.9em; }
QComboBox QAbstractItemView { background: @surface; border: 1px solid @border; selection-background-color: @selection; }

QAbstractSpinBox { padding-right: 1.4em; }
QAbstractSpinBox:disabled { color: @muted; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { subcontrol-origin: border; width: 1.3em;
  border: none; background: transparent; }
QAbstractSpinBox::up-button { subcontrol-position: top right; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: @hover; }
QAbstractSpinBox::up-arrow { image: url(@up_arrow); width: 0.7em; height: 0.7em; }
QAbstractSpinBox::down-arrow { image: url(@arrow); width: 0.7em; height: 0.7em; }

QPushButton { background: @surface; color: @text; border: 1px solid @border; border-radius: 0.35em;
  padding: 0.32em 0.85em; font-weight: 500; }
QPushButton:hover { background: @hover; }
QPushButton:focus { border: 2px solid @focus; padding: 0.26em 0.8em; }
QPushButton:disabled { color: @muted; background: transparent; border: 1px dashed @border; }
QPushButton[primary="true"] { background: @accent; color: @accent_text; border-color: @accent; }
QPushButton[primary="true"]:disabled { background: @hover; color: @muted; border-color: @border; }
QPushButton[primary="true"]:focus { border: 2px solid @text; }
QToolButton { background: transparent; color: @text; border: 1px solid transparent; border-radius: 0.3em;
  padding: 0.2em 0.4em; }
QToolButton:hover { background: @hover; }
QToolButton:focus { border: 1px solid @focus; }
QToolButton:checked { background: @selection; color: @selection_text; }
QToolButton::menu-indicator { image: none; }
QToolButton#railButton { text-align: left; padding: 0.5em 0.6em; border-radius: 0.4em; font-weight: 500; }
QToolButton#railButton:checked { background: @selection; color: @selection_text; border: 1px solid @border; }
QToolButton#search { background: @surface; border: 1px solid @border; color: @muted; padding: 0.28em 0.8em;
  text-align: left; }
QToolButton#search:hover, QToolButton#search:focus { border: 1px solid @focus; }

QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: @muted; border: none; border-bottom: 2px solid transparent;
  padding: 0.4em 0.8em; font-weight: 500; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:selected { color: @text; border-bottom: 2px solid @accent; }
QTabBar::tab:focus { background: @hover; }
QTabWidget::pane { border: none; border-top: 1px solid @border; background: @surface; }
QTabWidget { background: @surface; }

QSplitter::handle { background: transparent; }
QSplitter::handle:horizontal { width: 0.45em; } QSplitter::handle:vertical { height: 0.45em; }
QSplitter::handle:hover { background: @hover; }
QMenuBar { background: @raised; color: @text; padding: 0.1em 0.3em; }
QMenuBar::item { padding: 0.25em 0.6em; border-radius: 0.3em; background: transparent; }
QMenuBar::item:selected { background: @hover; }
QMenu { background: @surface; color: @text; border: 1px solid @border; padding: 0.3em; }
QMenu::item { padding: 0.35em 2em 0.35em 0.9em; border-radius: 0.3em; }
QMenu::icon { padding-left: 0.5em; }
QMenu::item:selected { background: @selection; color: @selection_text; }
QMenu::item:disabled { color: @muted; }
QMenu::separator { height: 1px; background: @border; margin: 0.3em 0.5em; }
QProgressBar { background: @hover; border: none; border-radius: 0.2em; max-height: 0.4em; min-height: 0.4em; }
QProgressBar::chunk { background: @accent; border-radius: 0.2em; }
QCheckBox:focus, QRadioButton:focus { color: @accent; }
QCheckBox, QRadioButton { spacing: 0.5em; }
QCheckBox::indicator, QRadioButton::indicator, QAbstractItemView::indicator { width: 0.85em; height: 0.85em;
  border: 1px solid @muted; background: @surface; }
QCheckBox::indicator, QAbstractItemView::indicator { border-radius: 0.2em; }
QRadioButton::indicator { border-radius: 0.45em; }
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked { background: @accent; border-color: @accent;
  image: url(@check); }
QRadioButton::indicator:checked { border-color: @accent; background: qradialgradient(cx: 0.5, cy: 0.5, radius: 0.5,
  fx: 0.5, fy: 0.5, stop: 0 @surface, stop: 0.4 @surface, stop: 0.5 @accent, stop: 1 @accent); }
QScrollArea { border: none; background: transparent; }
QScrollArea > QWidget > QWidget#page { background: transparent; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 0.75em; } QScrollBar:horizontal { height: 0.75em; }
QScrollBar::handle { background: @border; border-radius: 0.3em; margin: 0.12em; }
QScrollBar::handle:vertical { min-height: 2em; } QScrollBar::handle:horizontal { min-width: 2em; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QFrame#dockHead { background: transparent; border: none; }
QMainWindow::separator { background: transparent; width: 0.4em; height: 0.4em; }
QMainWindow::separator:hover { background: @hover; }
"""

_ROLE = re.compile(r"@([a-z][a-z_.]*[a-z])")
_IMAGE = re.compile(r"@(?:up_)?arrow\b|@check\b")
_EM = re.compile(r"(\d+(?:\.\d+)?)em\b")


def style_sheet(tokens: Tokens, em: float) -> str:
    """The style sheet of a theme; Qt's style sheets know pixels only, so em is resolved here."""
    arrow = shipped("resources", "themes", f"{tokens.name}-chevron.svg").as_posix()
    up_arrow = shipped("resources", "themes", f"{tokens.name}-chevron-up.svg").as_posix()
    check = shipped("resources", "themes", f"{tokens.name}-check.svg").as_posix()
    images = {"@arrow": arrow, "@up_arrow": up_arrow, "@check": check}
    with_images = _IMAGE.sub(lambda match: images[match.group()], _TEMPLATE)
    text = _ROLE.sub(lambda match: tokens[match.group(1)], with_images)
    return _EM.sub(lambda match: f"{max(1, round(float(match.group(1)) * em))}px", text)
