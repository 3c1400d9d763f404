"""Theme tokens: colours named by what they mean, read from `resources/themes`.

A theme file has base colours and roles; code says roles only, so a new theme needs no code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.kernel.shipped import shipped

ROLES = frozenset(
    {
        "window",
        "surface",
        "raised",
        "hover",
        "border",
        "text",
        "muted",
        "accent",
        "accent_text",
        "selection",
        "selection_text",
        "focus",
        "severity.fatal",
        "severity.error",
        "severity.warning",
        "severity.information",
        "state.good",
        "state.partial",
        "state.idle",
        "state.bad",
        "fate.mapped",
        "fate.preserved",
        "fate.ignored",
        "fate.lost",
        "wash.good",
        "wash.partial",
        "wash.bad",
        "wash.idle",
        "wash.information",
        "diff.added",
        "diff.removed",
        "diff.changed",
        "span.current",
        "span.related",
        "syntax.segment",
        "syntax.delimiter",
        "syntax.escape",
        "syntax.null",
        "syntax.key",
        "syntax.string",
        "syntax.number",
        "syntax.literal",
    }
)

_COLOUR = re.compile(r"#[0-9a-f]{6}")


class ThemeName(StrEnum):
    """The themes that are shipped, in the order the switch goes through them."""

    LIGHT = "light"
    DARK = "dark"
    HIGH_CONTRAST = "high_contrast"


@dataclass(frozen=True, slots=True)
class Tokens:
    """One theme: `colours` has every role of `ROLES` as `#rrggbb`."""

    name: ThemeName
    title: str
    colours: Mapping[str, str]

    def __getitem__(self, role: str) -> str:
        return self.colours[role]


def load_tokens(name: ThemeName) -> Tokens:
    """Read a shipped theme.

    raises  Refused GUI-0001: a role is missing, unknown, or names no base colour
    """
    return read_tokens(shipped("resources", "themes", f"{name}.toml"), name)


def read_tokens(path: Path, name: ThemeName) -> Tokens:
    """Read a theme file; raises as `load_tokens`."""
    given = tomllib.loads(path.read_text("utf-8"))
    base: dict[str, str] = given.get("base", {})
    roles = dict(_flat(given.get("role", {})))
    if wrong := sorted(roles.keys() ^ ROLES):
        raise _defective(path, f"these roles are missing or unknown: {', '.join(wrong)}")
    if wrong := sorted(role for role, colour in roles.items() if not _COLOUR.fullmatch(base.get(colour, ""))):
        raise _defective(path, f"these roles name no base colour: {', '.join(wrong)}")
    return Tokens(name, given.get("name", str(name)), {role: base[colour] for role, colour in roles.items()})


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, 1.4.3)."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _flat(table: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    """TOML reads `severity.error = …` as a nested table; roles are said with their dots."""
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found.extend(_flat(value, f"{prefix}{key}."))
        else:
            found.append((prefix + key, str(value)))
    return found


def _defective(path: Path, what: str) -> Refused:
    return Refused("GUI-0001", f"The theme {path.name} cannot be used: {what}.", "Install the workbench again.")
