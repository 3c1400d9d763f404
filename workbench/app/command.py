"""What a command is, and the menus commands stand in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """The menus, in their order."""

    FILE = "File"
    EDIT = "Edit"
    GO = "Go"
    MESSAGES = "Messages"
    MAPPING = "Mapping"
    CODES = "Codes"
    SUITES = "Suites"
    REVIEW = "Review"
    VIEW = "View"
    HELP = "Help"


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can do.

    id     stable, `area.verb`; settings and scripts may name it
    title  as it stands in a menu; `…` where a question follows
    keys   in portable notation (`Ctrl+K`), the first is shown; none for rare commands
    icon   name of a shipped icon, "" for none
    help   one sentence for the palette and the keyboard page
    """

    id: str
    title: str
    category: Category
    keys: tuple[str, ...] = ()
    icon: str = ""
    help: str = ""
