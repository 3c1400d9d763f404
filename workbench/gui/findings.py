"""What was found, and where the attention is: the values that panes hand to one another."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.kernel.issues import Issue
from workbench.kernel.location import Span


@dataclass(frozen=True, slots=True)
class Finding:
    """An issue and the message of the capture it was found in; number None: it lies outside any message."""

    number: int | None
    issue: Issue


@dataclass(frozen=True, slots=True)
class Place:
    """Where the person's attention is in the selected message; `by` is the widget that said so."""

    path: str
    span: Span | None
    by: object = None


NOWHERE = Place("", None)
