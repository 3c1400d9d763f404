"""Undo over immutable documents: a step keeps the document before and the one after, so undo cannot be wrong."""

from __future__ import annotations

from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

Document = TypeVar("Document")


class _Holding(QObject):
    """The signals of a holder; apart because a generic class cannot be a QObject."""

    changed = Signal(object)  # the document
    clean_changed = Signal(bool)


class _Step(QUndoCommand):
    def __init__(
        self, holder: DocumentHolder[Document], before: Document, after: Document, label: str, merge: str
    ) -> None:
        super().__init__(label)
        self._holder, self._before, self._after, self._merge = holder, before, after, merge

    def undo(self) -> None:
        self._holder._show(self._before)

    def redo(self) -> None:
        self._holder._show(self._after)

    def id(self) -> int:
        return 1 if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Step) or other._merge != self._merge:
            return False
        self._after = other._after
        self.setObsolete(self._after is self._before or self._after == self._before)
        return True


class DocumentHolder(Generic[Document]):
    """The document being edited, its undo stack and the signal that it changed."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        self.signals = _Holding(parent)
        self.stack = QUndoStack(self.signals)
        self.stack.cleanChanged.connect(self.signals.clean_changed)
        self._document = document
        self._saved = document

    @property
    def document(self) -> Document:
        return self._document

    @property
    def is_clean(self) -> bool:
        """True when the document is the one last saved or opened."""
        return self.stack.isClean()

    def edit(self, after: Document, label: str, merge: str = "") -> bool:
        """Make `after` the document; False when it equals the present one, which is no step.

        merge  steps with the same key that follow one another become one, such as typing in one cell; one that comes
               back to where it began is no step any more
        """
        if after is self._document or after == self._document:
            return False
        self.stack.push(_Step(self, self._document, after, label, merge))
        return True

    def saved(self) -> None:
        """Say that the present document is on disk."""
        self.stack.setClean()

    def replace(self, document: Document) -> None:
        """Another document altogether; nothing before it can be undone."""
        self.stack.clear()
        self._show(document)

    def _show(self, document: Document) -> None:
        self._document = document
        self.signals.changed.emit(document)
