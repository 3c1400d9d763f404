"""A tree of ends for Qt: opened where somebody looks, dragged from and dropped on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractItemModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView

from workbench.gui.theme.theme import Theme
from workbench.gui.views.mapping.end_look import EndLook
from workbench.gui.views.mapping.ends import End, Ends, above

Index = QModelIndex | QPersistentModelIndex

SOURCE_MIME = "application/x-workbench-source-path"
"""What is dragged from a source tree: the path in UTF-8."""


_NO_LOOK = EndLook()


@dataclass(slots=True)
class _Item:
    end: End
    parent: int
    row: int
    children: list[int] | None = None


class EndTreeModel(QAbstractItemModel):
    """Ends with label, name and further columns; children are made when they are first asked for.

    An index carries the number of an item, never an object (ADR 0012).
    """

    dropped = Signal(str, str)  # source path, path of the end dropped on

    def __init__(self, theme: Theme, heads: Sequence[str], parent: QObject | None = None, *, drags: bool) -> None:
        super().__init__(parent)
        self._theme = theme
        self._heads = tuple(heads)
        self._drags = drags
        self._ends: Ends | None = None
        self._items: list[_Item] = []
        self._roots: list[int] = []
        self._numbers: dict[str, int] = {}
        self._looks: Mapping[str, EndLook] = {}
        self._wanted: Callable[[End], bool] | None = None

    def show(self, ends: Ends | None, wanted: Callable[[End], bool] | None = None) -> None:
        """Show other ends.

        wanted  of the two upper levels, only ends it holds for and what stands around them; None for all
        """
        self.beginResetModel()
        self._ends, self._wanted = ends, wanted
        self._items, self._numbers = [], {}
        self._roots = []
        for end in ends.roots() if ends is not None else ():
            number = self._add(end, -1, len(self._roots))
            if wanted is not None and end.holds and not wanted(end):
                self._open(number)
                if not self._items[number].children:
                    self._drop_last(number)
                    continue
            elif wanted is not None and not wanted(end):
                self._drop_last(number)
                continue
            self._roots.append(number)
        self.endResetModel()

    def _drop_last(self, number: int) -> None:
        for item in self._items[number:]:
            self._numbers.pop(item.end.path, None)
        del self._items[number:]

    def _add(self, end: End, parent: int, row: int) -> int:
        number = len(self._items)
        self._items.append(_Item(end, parent, row, None if end.holds else []))
        self._numbers[end.path] = number
        return number

    def _open(self, number: int) -> list[int]:
        item = self._items[number]
        if item.children is None:
            found = self._ends.below(item.end) if self._ends is not None else ()
            if self._wanted is not None and item.parent < 0 and not self._wanted(item.end):
                found = [end for end in found if self._wanted(end)]
            item.children = [self._add(end, number, row) for row, end in enumerate(found)]
        return item.children

    def decorate(self, looks: Mapping[str, EndLook]) -> None:
        """Say more of the ends, by path."""
        self._looks = looks
        if self._roots:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._roots) - 1, len(self._heads) - 1))

    def decorated_with(self, looks: Mapping[str, EndLook]) -> bool:
        """Whether just this is said of the ends shown."""
        return bool(self._looks) and looks == self._looks

    def look(self, path: str) -> EndLook:
        return self._looks.get(path, _NO_LOOK)

    def end(self, index: Index) -> End | None:
        return self._items[index.internalId()].end if index.isValid() else None

    def find(self, path: str) -> QModelIndex:
        """The index of a path; what is above it is opened on the way. Invalid when there is no such end."""
        if path not in self._numbers:
            higher = above(path)
            if not higher:
                return QModelIndex()
            around = self.find(higher)
            if not around.isValid():
                return QModelIndex()
            self._open(around.internalId())
        return self._index(self._numbers.get(path, -1))

    def nearest(self, path: str) -> QModelIndex:
        """The index of a path, or of the nearest end above it that is loaded."""
        while path and path not in self._numbers:
            path = above(path)
        return self._index(self._numbers[path]) if path else QModelIndex()

    def _index(self, number: int, column: int = 0) -> QModelIndex:
        return self.createIndex(self._items[number].row, column, number) if number >= 0 else QModelIndex()

    # What Qt asks

    def index(self, row: int, column: int, parent: Index | None = None) -> QModelIndex:
        inside = parent is not None and parent.isValid()
        below = self._open(parent.internalId()) if inside and parent is not None else self._roots
        if not (0 <= row < len(below) and 0 <= column < len(self._heads)):
            return QModelIndex()
        return self.createIndex(row, column, below[row])

    def parent(self, index: Index | None = None) -> QModelIndex:  # type: ignore[override]  # Qt overloads it
        return (
            self._index(self._items[index.internalId()].parent)
            if index is not None and index.isValid()
            else QModelIndex()
        )

    def rowCount(self, parent: Index | None = None) -> int:
        if parent is None or not parent.isValid():
            return len(self._roots)
        return 0 if parent.column() else len(self._open(parent.internalId()))

    def hasChildren(self, parent: Index | None = None) -> bool:
        if parent is None or not parent.isValid():
            return bool(self._roots)
        item = self._items[parent.internalId()]
        return parent.column() == 0 and (item.end.holds if item.children is None else bool(item.children))

    def columnCount(self, parent: Index | None = None) -> int:
        return len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        end = self.end(index)
        if end is None:
            return None
        look, column = self._looks.get(end.path, _NO_LOOK), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            if column < 2:
                return end.name if column else end.label
            return look.texts[column - 2] if column - 2 < len(look.texts) else ""
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._theme.colour("muted") if column == 1 or look.quiet else None
        if role == Qt.ItemDataRole.FontRole:
            return self._theme.mono() if column == 0 else None
        if role == Qt.ItemDataRole.DecorationRole and column == 0 and look.mark is not None:
            return self._theme.icon(look.mark.icon, look.mark.role)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            said = (end.help, *look.texts, look.mark.word if look.mark is not None else "", look.tip)
            return " – ".join(part for part in said if part)
        return None

    # Dragging

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | (Qt.ItemFlag.ItemIsDragEnabled if self._drags else Qt.ItemFlag.ItemIsDropEnabled)

    def mimeTypes(self) -> list[str]:
        return [SOURCE_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        end = self.end(indexes[0]) if indexes else None
        return dragged_path(end.path if end is not None else "")

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.LinkAction | Qt.DropAction.CopyAction

    def canDropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        return not self._drags and data.hasFormat(SOURCE_MIME) and parent.isValid()

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        end = self.end(parent)
        if end is None or not data.hasFormat(SOURCE_MIME):
            return False
        self.dropped.emit(data.data(SOURCE_MIME).toStdString(), end.path)
        return True


def dragged_path(path: str) -> QMimeData:
    """What is carried from a source to a target; "" carries nothing."""
    made = QMimeData()
    if path:
        made.setData(SOURCE_MIME, QByteArray(path.encode()))
        made.setText(path)
    return made


def fit_columns(view: QTreeView, *elastic: int) -> None:
    """Let some columns share what room the others leave, so that no row needs scrolling sideways."""
    heads = view.header()
    heads.setStretchLastSection(False)
    for column in elastic:
        heads.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)


def dragging(view: QTreeView) -> None:
    """Let ends be dragged out of a view."""
    view.setDragEnabled(True)
    view.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)


def dropping(view: QTreeView) -> None:
    """Let ends be dropped on the rows of a view."""
    view.setAcceptDrops(True)
    view.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
    view.setDropIndicatorShown(True)


def open_indexes(view: QTreeView) -> list[QModelIndex]:
    """The opened rows of a view, an outer one before those inside it."""
    model, found = view.model(), []
    pending = [model.index(row, 0) for row in range(model.rowCount())]
    while pending:
        index = pending.pop()
        if view.isExpanded(index):
            found.append(index)
            pending += [model.index(row, 0, index) for row in range(model.rowCount(index))]
    return found
