"""The words of de-identification that v2 and FHIR share: what is asked for, what was done, what is doubtful."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Policy(StrEnum):
    """What becomes of what is not safely recognised."""

    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Rules:
    """unknown: what no dictionary describes (kept only after it was searched); text: free text, likewise."""

    unknown: Policy = Policy.REMOVE
    text: Policy = Policy.KEEP


class Fate(StrEnum):
    """What became of one value."""

    REPLACED = "replaced"
    SHIFTED = "shifted"
    SEARCHED = "searched"
    REMOVED = "removed"


class Change(NamedTuple):
    """One value and what became of it; `before` and `after` are the patient's and stay in the preview.

    path      the place itself: `PID-5[2].1`, `Patient.name[0].family`
    field     the place as reports count it: `PID-5`, `HumanName.family`
    category  what the place holds, in a word
    doubt     why nobody can be sure that nothing identifying is left or that nothing was lost, "" when one can
    """

    path: str
    field: str
    category: str
    fate: Fate
    before: str
    after: str
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Deidentified:
    """The message as it may leave the house, and everything that was done to it."""

    raw: bytes
    changes: tuple[Change, ...]
