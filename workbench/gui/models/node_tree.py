"""A tree of `NodeTree` for Qt.

An index carries the number of its node, never a Python object: PySide6 takes no reference to it, and reading it
after the object is gone ends the process (ADR 0012).
"""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from workbench.gui.models.nodes import EMPTY_TREE, Node, NodeTree
from workbench.gui.theme.theme import Theme

Index = QModelIndex | QPersistentModelIndex
_HEADS = ("Field", "Name", "Value")


class NodeTreeModel(QAbstractItemModel):
    """Label, dictionary name and value of each node."""

    def __init__(
        self, theme: Theme, parent: QObject | None = None, heads: tuple[str, ...] = _HEADS, muted: int = 1
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._heads = heads
        self._muted = muted
        self._tree = EMPTY_TREE
        self._marks: dict[int, tuple[str, str, str]] = {}

    @property
    def tree(self) -> NodeTree:
        return self._tree

    def show(self, tree: NodeTree) -> None:
        """Show another tree; marks are forgotten."""
        self.beginResetModel()
        self._tree = tree
        self._marks = {}
        self.endResetModel()

    def mark(self, marks: dict[int, tuple[str, str, str]]) -> None:
        """Put an icon with a role of colour and a word on nodes: `{4: ("circle-x", "fate.lost", "lost")}`."""
        self._marks = marks
        if self._tree.nodes:
            last = self.index(self.rowCount() - 1, 0)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.DecorationRole])

    def node(self, index: Index) -> Node | None:
        return self._tree.nodes[index.internalId()] if index.isValid() else None

    def number(self, index: Index) -> int:
        """The node number of an index, -1 for none."""
        return int(index.internalId()) if index.isValid() else -1

    def index_of(self, number: int, column: int = 0) -> QModelIndex:
        """The index of a node by its number; invalid for -1."""
        if not 0 <= number < len(self._tree.nodes):
            return QModelIndex()
        return self.createIndex(self._tree.nodes[number].row, column, number)

    def index(self, row: int, column: int, parent: Index | None = None) -> QModelIndex:
        above = parent.internalId() if parent is not None and parent.isValid() else -1
        below = self._tree.children.get(above, [])
        if not (0 <= row < len(below) and 0 <= column < len(self._heads)):
            return QModelIndex()
        return self.createIndex(row, column, below[row])

    def parent(self, index: Index | None = None) -> QModelIndex:  # type: ignore[override]  # Qt overloads it
        if index is None or not index.isValid():
            return QModelIndex()
        return self.index_of(self._tree.nodes[index.internalId()].parent)

    def rowCount(self, parent: Index | None = None) -> int:
        if parent is not None and parent.isValid():
            return 0 if parent.column() else len(self._tree.children.get(parent.internalId(), []))
        return len(self._tree.children[-1])

    def columnCount(self, parent: Index | None = None) -> int:
        return len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        node = self.node(index)
        if node is None:
            return None
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (node.label, node.name, node.value)[column]
        if role == Qt.ItemDataRole.ForegroundRole and column == self._muted:
            return self._theme.colour("muted")
        if role == Qt.ItemDataRole.FontRole and column == 0:
            return self._theme.mono()
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            mark = self._marks.get(index.internalId())
            words = " ".join(part for part in (node.path or node.label, node.name, node.value) if part)
            return f"{words} – {mark[2]}" if mark else words
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            mark = self._marks.get(index.internalId())
            return self._theme.icon(mark[0], mark[1]) if mark else None
        return None
