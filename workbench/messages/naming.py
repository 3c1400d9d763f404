"""How files and members of archives are called where people and programs read of them."""

from __future__ import annotations

import os
import re
from pathlib import Path

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def label_of(path: str | Path) -> str:
    """A path as it can be shown and written: bytes that are no UTF-8, and control characters, stand as `\\xff`."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def is_hidden(names: tuple[str, ...]) -> bool:
    """True for what file managers and archivers leave behind."""
    return any(name.startswith(".") or name == "__MACOSX" for name in names)
