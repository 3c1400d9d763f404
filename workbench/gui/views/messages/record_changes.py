"""What messages do to the record of a server, as tables: a line for each message, and for each resource of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from workbench.app.operations.fhir_server import Posted
from workbench.app.operations.sync import Synced
from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column
from workbench.records.updates.plan import Act, Change, UpdatePlan

ACTS = {
    Act.CREATE: Mark("plus", "state.good", "create"),
    Act.UPDATE: Mark("pencil", "state.partial", "change"),
    Act.CONFIRM: Mark("check", "state.idle", "confirm"),
    Act.END: Mark("ban", "state.partial", "end"),
    Act.SAME: Mark("circle", "state.idle", "unchanged"),
    Act.LEFT_OUT: Mark("flag", "state.bad", "left out"),
}
_ORDER = list(ACTS)
_TAKEN, _NOT_TAKEN = Mark("circle-check", "state.good", "taken"), Mark("circle-x", "state.bad", "not taken")
_PLANNED, _NOTHING = Mark("clock", "state.partial", "planned"), Mark("circle-check", "state.idle", "nothing to do")

CHANGES = (
    Column(
        "What",
        lambda change: ACTS[change.act].word,
        7,
        mark=lambda change: ACTS[change.act],
        key=lambda change: _ORDER.index(change.act),
    ),
    Column("Resource", lambda change: change.kind, 10),
    Column("Why", lambda change: change.rule, 6, mono=True),
    Column("Elements", lambda change: ", ".join(change.elements), 14),
    Column("Where", lambda change: change.place or ("new" if change.act is Act.CREATE else ""), 12, mono=True),
)
POSTED = (
    Column("Message", lambda each: f"{each.number + 1:,}", 5, key=lambda each: each.number, right=True),
    Column("Posted", lambda each: each.what, 8),
    Column("", lambda each: outcome(each).word, 8, mark=lambda each: outcome(each)),
    Column("HTTP", lambda each: str(each.status or ""), 4, key=lambda each: each.status, right=True),
    Column("Changes", lambda each: counted(each.plan), 14),
    Column("Where, or why not", lambda each: each.problem or ", ".join(each.locations), 12),
)


def outcome(posted: Posted) -> Mark:
    """How a message came out: taken or not, planned, or nothing to do."""
    if not posted.taken:
        return _NOT_TAKEN
    if posted.plan is None or posted.status:
        return _TAKEN
    return _PLANNED if posted.plan.writes else _NOTHING


def counted(plan: UpdatePlan | None) -> str:
    """What a plan does, as `counted_changes`; "" for none."""
    return counted_changes(plan.changes) if plan is not None else ""


def counted_changes(changes: Sequence[Change]) -> str:
    """`3 create, 1 change, 2 left out`; what stays as it is only when there is nothing else."""
    counts = Counter(change.act for change in changes)
    told = ", ".join(
        f"{counts[act]:,} {mark.word}" for act, mark in ACTS.items() if counts[act] and act is not Act.SAME
    )
    return told or f"{len(changes):,} unchanged"


def telling(changes: Sequence[Change]) -> list[Change]:
    """What matters first: left out, ended, changed, created; then what stays."""
    order = (Act.LEFT_OUT, Act.END, Act.UPDATE, Act.CREATE, Act.CONFIRM, Act.SAME)
    return sorted(changes, key=lambda change: order.index(change.act))


def as_planned(synced: Synced) -> Posted:
    """A plan as a line of the table, before anything is sent."""
    problem = synced.problem
    if synced.plan is not None and synced.plan.refused:
        problem = "The package refuses this message; its issues say why."
    return Posted(synced.number, synced.what, 0, issues=synced.findings, problem=problem, plan=synced.plan)


def planned_words(planned: Sequence[Posted]) -> str:
    """What all plans together would do, for the line above the table."""
    writing = sum(each.plan is not None and each.plan.writes and not each.plan.refused for each in planned)
    told = f"{writing:,} of {len(planned):,} messages would change the record; nothing was sent yet"
    return f"{told}; {_left(planned):,} changes are left out for review" if _left(planned) else told


def posted_words(posted: Sequence[Posted]) -> str:
    """What came of all messages, for the line above the table."""
    told = f"{sum(each.taken for each in posted):,} of {len(posted):,} messages were taken"
    return f"{told}; {_left(posted):,} changes are left out for review" if _left(posted) else told


def _left(posted: Sequence[Posted]) -> int:
    return sum(bool(change.rule) for each in posted if each.plan is not None for change in each.plan.changes)
