"""The words of de-identification that v2 and FHIR share: what is asked for, what was done, what is doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Policy(StrEnum):
    """What becomes of what is not safely recognised."""

    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a person asks for beside what is done anyway.

    unknown  what no dictionary describes, kept only after it was searched
    text     free text, likewise
    own      by data type (`XPN`, `HumanName`) or field (`PID-26`, `Patient.photo`): removed, or kept as it is; a field
             goes before its type
    """

    unknown: Policy = Policy.REMOVE
    text: Policy = Policy.KEEP
    own: Mapping[str, Policy] = field(default_factory=dict)

    def asked(self, place: str, data_type: str) -> Policy | None:
        """What somebody asks for at a place, None where nobody does."""
        return self.own.get(place) or self.own.get(data_type)


class Fate(StrEnum):
    """What became of one value."""

    REPLACED = "replaced"
    SHIFTED = "shifted"
    SEARCHED = "searched"
    REMOVED = "removed"
    KEPT = "kept"


ASKED_TO_KEEP = "kept because a rule says so"
"""The doubt about what was kept."""


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
