"""Suppressions and baselines from the command line: the workspace that keeps them is opened for the moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from workbench.app.operations.suppressions import Sieve, Suppression, sieve_of
from workbench.app.session import SAMPLE_PASSPHRASE, Session, open_session, reading, sample_workspace_folder
from workbench.kernel.errors import Refused
from workbench.security.passphrase import first_of, headless_sources

COLUMNS = ("id", "rule", "path", "file", "sender", "until", "state", "author", "reason")


def decisions_of(folder: Path, passphrase_descriptor: int | None, today: date) -> Sieve:
    """What a workspace hides today.

    raises  Refused CLI-0002: the folder is no workspace, and whatever opening it raises
    """
    with reading(folder, passphrase_descriptor) as workspace:
        return sieve_of(Session(workspace), today)


@contextmanager
def deciding(folder: Path, passphrase_descriptor: int | None) -> Iterator[Session]:
    """A workspace in which something is decided; raises as `open_session` and VAL-0012: the folder is no workspace."""
    if not folder.is_dir():
        raise Refused("VAL-0012", f"{folder} is no workspace folder.", "Give the folder of a workspace.")
    source = (
        SAMPLE_PASSPHRASE if folder == sample_workspace_folder() else first_of(*headless_sources(passphrase_descriptor))
    )
    session = open_session(folder, source)
    try:
        yield session
    finally:
        session.close()


def suppression_row(one: Suppression, today: date) -> Mapping[str, object]:
    """A suppression as a flat mapping; `state` is holds or expired."""
    return {
        "id": one.id,
        "rule": one.rule,
        "path": one.path,
        "file": one.file,
        "sender": one.sender,
        "until": one.until.isoformat(),
        "state": "holds" if one.holds(today) else "expired",
        "author": one.author,
        "reason": one.reason,
    }


def with_id(given: Iterable[Suppression], id_: str) -> Suppression:
    """The suppression with an id, or with one that begins so. raises Refused VAL-0013: there is none, or several"""
    found = [one for one in given if one.id.startswith(id_)]
    if len(found) != 1:
        said = "is ambiguous" if found else "is not known"
        raise Refused("VAL-0013", f"The suppression {id_} {said}.", "List them with `workbench decisions list`.")
    return found[0]
