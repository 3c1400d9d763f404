"""Results of a run, written down as they are confirmed, so that a killed run goes on where it was.

A text file, one JSON object a line: first what exactly is run, then one line a case, at the end one line that says the
run is complete. A run of the same thing takes the confirmed cases over; any other begins anew. Cases of message files
are written down only when they passed: their differences hold values of messages, which belong in no other file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from workbench.fhir import json_tree
from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.shipped import user_data_folder
from workbench.suites.results import CaseResult, Outcome
from workbench.suites.suite import Suite

_KEY, _END = "run", "complete"


def journal_of(suite: Suite) -> Path:
    """Where the results of a suite are written down unless the caller says otherwise: in the user's data folder."""
    name = sha256(str(suite.file.resolve()).encode()).hexdigest()[:16]
    return user_data_folder() / "suite-runs" / f"{name}.ndjson"


class ResultsJournal:
    """The results of one run; what `confirm` has returned from is on the disk."""

    def __init__(self, path: Path | None, key: str) -> None:
        """Take up an interrupted run of the same `key`, or begin anew. Without a path nothing is written.

        raises  Unavailable SUI-0020: cannot be written
        """
        self._path = path
        self.confirmed: dict[str, CaseResult] = {}
        if path is None:
            return
        lines = _whole_lines(path)
        self.confirmed = _confirmed(lines, key)
        kept = lines if self.confirmed else [{_KEY: key}]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(json_tree.dumps(line) + b"\n" for line in kept))
        except OSError as error:
            raise _unwritable(path, error) from error

    def confirm(self, results: Iterable[tuple[CaseResult, bool]]) -> None:
        """Write down results; the flag says whether the case is synthetic.

        raises  Unavailable SUI-0020
        """
        lines = [
            json_tree.dumps(result.to_json())
            for result, synthetic in results
            if synthetic or result.outcome in (Outcome.PASSED, Outcome.SKIPPED)
        ]
        self._append(lines)

    def complete(self) -> None:
        """Say that the run is over, so that the next one begins anew.

        raises  Unavailable SUI-0020
        """
        self._append([json_tree.dumps({_END: True})])

    def _append(self, lines: list[bytes]) -> None:
        if self._path is None or not lines:
            return
        try:
            with self._path.open("ab") as stream:
                stream.write(b"".join(line + b"\n" for line in lines))
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise _unwritable(self._path, error) from error


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """All lines that were written completely; a killed run may leave half a line at the end."""
    try:
        raw = path.read_bytes()
    except OSError:
        return []
    found = []
    for line in raw.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        try:
            found.append(json_tree.parse(line).value)
        except Refused:
            break
    return found


def _confirmed(lines: list[dict[str, Any]], key: str) -> dict[str, CaseResult]:
    """The results of an interrupted run of this key; empty when there is none, or when its file is damaged."""
    if not lines or lines[0].get(_KEY) != key or any(_END in line for line in lines):
        return {}
    try:
        return {line["id"]: CaseResult.from_json(line) for line in lines[1:]}
    except (KeyError, TypeError, ValueError):
        return {}


def _unwritable(path: Path, error: OSError) -> Unavailable:
    text = f"The results of the run cannot be written to {path} ({error.strerror})."
    return Unavailable("SUI-0020", text, "Check free space and permissions; confirmed results are kept.")
