"""Sentences that say where a value came from, or where a field went, and why not. Qt-free."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.gui.models.rule_tree import RuleName
from workbench.gui.views.mapping.trace_index import Written
from workbench.mapping.engine.ledger import CaptureLedger, Fate
from workbench.messages.tally import Tally


def explain(what: str, writes: Sequence[Written], nothing: str, source: str = "") -> str:
    """`PID-8 → Patient.gender · by PID-Patient/pid-8 · translated · code row F → female, approved by …`.

    source  the place asked about; "": whatever the first write has read
    """
    if not writes:
        return f"{what} {nothing}."
    first = writes[0].entry
    source = source or ", ".join(place.path for place in first.source) or "no source"
    row = first.code_map_row
    said = [f"{source} → {_short(first.target) or 'nothing'}", f"by {first.map_id}/{first.rule_id}", first.outcome]
    if row is not None and row.target is not None:
        by = f" by {row.approver}" if row.approver else ""
        said.append(f"code row {row.source.code} → {row.target.code}, {row.status}{by}")
    if first.note:
        said.append(first.note)
    if len(writes) > 1:
        said.append(f"and {len(writes) - 1} more")
    return " · ".join(said)


def explain_field(path: str, readers: Sequence[RuleName], tally: Tally | None, ledger: CaptureLedger | None) -> str:
    """What becomes of a field that went nowhere here: by which rules it would be read, else what is lost with it."""
    if readers:
        names = ", ".join(f"{name.map_name}/{name.rule}" for name in readers[:3])
        more = f" and {len(readers) - 3} more" if len(readers) > 3 else ""
        said = [f"{path} is read by {names}{more}; nothing came of it in this message"]
    else:
        said = [f"{path}: no rule reads it. Drag it onto an element, or select one and press Ctrl+M"]
    said.append(_population(path, tally))
    lost = _lost(path, ledger) if not readers else 0
    if lost:
        said.append(f"{lost:,} values lost")
    return " · ".join(part for part in said if part)


def _lost(path: str, ledger: CaptureLedger | None) -> int:
    inside = (f"{path}.", f"{path}-")
    lines = ledger.lines() if ledger is not None else ()
    return sum(
        line.values
        for line in lines
        if line.fate is Fate.LOST and (line.field == path or line.field.startswith(inside))
    )


def _population(path: str, tally: Tally | None) -> str:
    segment, _, field = path.partition("-")
    counts = tally.fields.get(segment, {}).get(field.partition(".")[0]) if tally is not None and field else None
    if counts is None or tally is None:
        return ""
    return f"in {counts.messages:,} of {tally.messages:,} messages"


def _short(target: str) -> str:
    """`Patient/3f2a…#gender` → `Patient.gender`: the id helps nobody here."""
    resource, _, path = target.partition("#")
    kind = resource.partition("/")[0]
    return f"{kind}.{path}" if path else kind
