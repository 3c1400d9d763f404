"""Proposed rules for the fields a capture has and a package does not map; each is accepted by a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.app.operations.mapping import map_capture
from workbench.app.session import standard_package_folder
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.mapping.engine.ledger import CaptureLedger, Fate
from workbench.mapping.load import load_package
from workbench.mapping.model import Package
from workbench.mapping.save import save_package
from workbench.mapping.suggestions import Suggestion, accept_edits, fields_of, fields_without_rule, suggestions
from workbench.messages.capture import Capture


def known_rules(package: Package) -> Package | None:
    """The shipped standard package, whose rules are what we know; None when that is what is open itself.

    raises  Refused MAP-…: it is defective
    """
    folder = standard_package_folder()
    same = package.folder is not None and package.folder.resolve() == folder.resolve()
    return None if same or not folder.is_dir() else load_package(folder)


def unmapped_fields(total: CaptureLedger) -> dict[str, int]:
    """The fields whose values no rule maps, with how many values each has, the most first."""
    counts: dict[str, int] = {}
    for line in total.lines():
        if line.fate in (Fate.LOST, Fate.PRESERVED):
            for name in fields_of((line.field,)):
                counts[name] = counts.get(name, 0) + line.values
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def suggest_for(
    folder: Path, ctx: JobContext, capture: Capture | None = None, workers: int | None = None
) -> tuple[Suggestion, ...]:
    """Proposals for what a capture says and the package does not map; without a capture, for what it might say.

    raises  Refused MAP-…: a defective package; Cancelled
    """
    package = load_package(folder)
    if capture is None:
        return suggestions(package, fields_without_rule(package), known_rules(package))
    total = CaptureLedger()
    for mapped in map_capture(capture, folder, ctx, workers=workers):
        if mapped.ledger is not None:
            total.merge(mapped.ledger)
    return suggestions(package, unmapped_fields(total), known_rules(package))


def accept(folder: Path, found: Sequence[Suggestion], names: Sequence[str]) -> tuple[str, ...]:
    """Take over the named proposals as drafts and save the package; the answer names the files that were written.

    names   of proposals, as `suggestion_name` gives them
    raises  Refused MAP-0411: no such proposal; Unavailable KRN-0002: a file cannot be written
    """
    package = load_package(folder)
    by_name = {suggestion_name(each): each for each in found}
    for name in names:
        if name not in by_name:
            raise Refused("MAP-0411", f"{name} is not proposed.", "Run suggest without --accept to see what is.")
        for edit in accept_edits(package, by_name[name]):
            package, _ = edit.apply(package)
    return save_package(package)


def suggestion_name(suggestion: Suggestion) -> str:
    """`segments/PID-Patient/pid-10`."""
    return f"{suggestion.map}/{suggestion.rule.id}"
