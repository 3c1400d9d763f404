"""How states look: icon, colour role and word, the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.kernel.issues import Severity


@dataclass(frozen=True, slots=True)
class Mark:
    """State as people see it: icon, colour role and word together, never colour alone."""

    icon: str
    role: str
    word: str


SEVERITY_MARKS: dict[Severity | None, Mark] = {
    Severity.FATAL: Mark("octagon-alert", "severity.fatal", "fatal"),
    Severity.ERROR: Mark("circle-x", "severity.error", "error"),
    Severity.WARNING: Mark("triangle-alert", "severity.warning", "warning"),
    Severity.INFORMATION: Mark("info", "severity.information", "information"),
    None: Mark("circle-check", "state.good", "no problem"),
}

FATE_MARKS = {
    "mapped": Mark("circle-check", "fate.mapped", "mapped"),
    "preserved": Mark("circle-dot", "fate.preserved", "preserved"),
    "ignored": Mark("ban", "fate.ignored", "ignored"),
    "lost": Mark("circle-x", "fate.lost", "lost"),
}

OUTCOME_MARKS = {
    "passed": Mark("circle-check", "state.good", "Passed"),
    "changed": Mark("file-diff", "state.partial", "Changed"),
    "failed": Mark("circle-x", "state.bad", "Failed"),
    "error": Mark("octagon-alert", "state.bad", "Error"),
    "skipped": Mark("circle-dashed", "state.idle", "Skipped"),
}

STATUS_MARKS = {
    "unmapped": Mark("circle-x", "state.bad", "Unmapped"),
    "suggested": Mark("sparkles", "state.partial", "Suggested"),
    "draft": Mark("circle-dashed", "state.idle", "Draft"),
    "mapped": Mark("circle-dot", "state.partial", "Mapped"),
    "in-review": Mark("flag", "state.partial", "In review"),
    "approved": Mark("circle-check", "state.good", "Approved"),
    "rejected": Mark("circle-x", "state.bad", "Rejected"),
    "no-map": Mark("ban", "state.idle", "No map"),
}

JOB_MARKS = {
    "running": Mark("play", "severity.information", "running"),
    "done": Mark("circle-check", "state.good", "done"),
    "failed": Mark("circle-x", "state.bad", "failed"),
    "cancelled": Mark("ban", "state.idle", "cancelled"),
}


def counted(mark: Mark, count: int, word: str = "") -> Mark:
    """A state with how often it occurs; what does not occur is told quietly."""
    return Mark(mark.icon, mark.role if count else "muted", f"{count:,} {word or mark.word}")


DONE = Mark("circle-check", "state.good", "done")
OPEN = Mark("circle-dashed", "state.idle", "open")
WAITING = Mark("circle-dot", "state.partial", "waits for you")
TROUBLE = Mark("circle-x", "state.bad", "needs attention")
