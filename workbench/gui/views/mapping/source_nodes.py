"""The selected message value by value; its values can be dragged like the fields of the standard."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QMimeData, QModelIndex, QObject, Qt

from workbench.gui.models.node_tree import Index, NodeTreeModel
from workbench.gui.models.nodes import Node
from workbench.gui.theme.theme import Theme
from workbench.gui.views.mapping.end_tree import SOURCE_MIME, dragged_path


class SourceNodes(NodeTreeModel):
    """`path_of` says how a rule names the place of a node, "" for one that no rule can name; that is not dragged."""

    def __init__(self, theme: Theme, path_of: Callable[[Node], str], parent: QObject) -> None:
        super().__init__(theme, parent)
        self._path_of = path_of

    def _path(self, index: Index) -> str:
        node = self.node(index)
        return self._path_of(node) if node is not None else ""

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsDragEnabled if self._path(index) else flags

    def mimeTypes(self) -> list[str]:
        return [SOURCE_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        return dragged_path(self._path(indexes[0]) if indexes else "")

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.LinkAction | Qt.DropAction.CopyAction
