"""README's list of verbs is the command line's own."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from workbench.cli.command_line import VERBS

README = Path(__file__).resolve().parents[2] / "README.md"


def _lines() -> list[str]:
    text = README.read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if re.match(r"    workbench [a-z]", line)]


def _calls() -> Iterator[tuple[str, str]]:
    """Each verb with each of its actions, "" for a verb without."""
    for name, module in VERBS.items():
        verbs = argparse.ArgumentParser().add_subparsers()
        import_module(f"workbench.cli.{module}").register(verbs)
        nested = [each for each in verbs.choices[name]._actions if isinstance(each, argparse._SubParsersAction)]
        shown = [action.dest for each in nested for action in each._choices_actions]
        yield from ((name, action) for action in shown or [""])


def _is_listed(verb: str, action: str, lines: list[str]) -> bool:
    own = [line for line in lines if line.split()[1] == verb]
    return any(not action or action in line.replace("|", " ").split()[2:] for line in own)


def test_every_verb_and_action_is_listed() -> None:
    lines = _lines()
    calls = [(verb, action.partition(" ")[0]) for verb, action in _calls()]
    assert ("decisions", "suppress") in calls and ("ack", "") in calls
    assert [call for call in calls if not _is_listed(*call, lines)] == []


def test_every_listed_verb_is_there() -> None:
    assert {line.split()[1] for line in _lines()} - set(VERBS) == set()


def test_one_that_is_missing_is_noticed() -> None:
    assert not _is_listed("decisions", "suppress", ["workbench decisions list | lift ID"])
    assert _is_listed("decisions", "lift", ["workbench decisions list | lift ID"])
