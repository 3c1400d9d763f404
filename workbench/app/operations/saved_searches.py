"""Questions somebody wants to ask again, kept in the workspace."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from workbench.app.operations.search import compile_question
from workbench.app.session import Session

SAVED_SEARCH = "saved-search"


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A question and what its author calls it."""

    name: str
    text: str


def keep_search(session: Session, saved: SavedSearch) -> None:
    """Keep a search in the workspace, in place of one of the same name.

    raises  Refused QRY-0001: the question is not understood
    """
    compile_question(saved.text)
    session.keep("search.save", SAVED_SEARCH, _identity(saved.name), {"name": saved.name, "text": saved.text})


def kept_searches(session: Session) -> tuple[SavedSearch, ...]:
    """The searches of the workspace, by name."""
    documents = (session.kept(SAVED_SEARCH, head.id) for head in session.kept_heads(SAVED_SEARCH))
    found = (SavedSearch(document.body["name"], document.body["text"]) for document in documents if document)
    return tuple(sorted(found, key=lambda saved: saved.name.casefold()))


def _identity(name: str) -> str:
    """A name may say whom it is about, and ids are written to the audit trail."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))
