"""What Ctrl+K can find: messages by number, what pages offer, and every command that is at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from workbench.app.commands import matching
from workbench.gui.bench import Bench
from workbench.gui.page import Page
from workbench.gui.shell.actions import Actions
from workbench.gui.shell.command_palette import Entry


@dataclass(frozen=True, slots=True)
class PaletteSource:
    bench: Bench
    pages: Mapping[str, Page]
    actions: Actions

    def entries(self, words: str) -> list[Entry]:
        """The entries for the words typed so far, the most specific first."""
        found = [*self._messages(words.strip())]
        for page in self.pages.values():
            found += page.entries(words)
        for command in matching(words):
            if self.actions.is_enabled(command):
                keys = command.keys[0] if command.keys else ""
                found.append(Entry(command.title, command.help, keys, partial(self.actions.trigger, command)))
        return found

    def _messages(self, text: str) -> list[Entry]:
        capture = self.bench.capture
        if capture is None or not text.isdigit() or not 0 < int(text) <= len(capture):
            return []
        return [Entry(f"Message {int(text):,}", "Select it", "", partial(self.bench.select_message, int(text) - 1))]
