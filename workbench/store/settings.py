"""Named values that belong to a workspace, such as column widths, the last mapping, the ignored fields of a diff."""

from __future__ import annotations

from typing import Any

from workbench.store.database import Database
from workbench.store.json_text import from_text, to_text


class Settings:
    """JSON values by name; fractions come back as `Decimal`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str, default: Any = None) -> Any:
        row = self._database.row("SELECT value FROM settings WHERE name = ?", (name,))
        return default if row is None else from_text(row[0])

    def set(self, name: str, value: Any) -> None:
        text = to_text(value, f"The setting {name}")
        with self._database.transaction():
            self._database.change("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, text))

    def remove(self, name: str) -> None:
        with self._database.transaction():
            self._database.change("DELETE FROM settings WHERE name = ?", (name,))

    def all(self) -> dict[str, Any]:
        rows = self._database.rows("SELECT name, value FROM settings ORDER BY name")
        return {name: from_text(value) for name, value in rows}
