"""Decisions on local codes as edits of code maps: choose a target, approve, reject, flag, say that there is none.

One decision may be about many codes; it becomes one edit for each code map, so that one undo takes it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from workbench.app.operations.local_codes import CodeLine
from workbench.kernel.errors import Refused
from workbench.kernel.issues import blocks
from workbench.mapping.edits import ChangeRule, Edit, PutCodeMap, PutCodeRows
from workbench.mapping.model import Package, Policy, Rule, RuleMap, Unmapped
from workbench.mapping.overlay import laid_over
from workbench.terminology.code_map import CodeMap, CodeMapRow, Mark, Relationship, RowStatus, row_problem
from workbench.terminology.codes import Coding
from workbench.terminology.review import Role, may
from workbench.terminology.row_changes import put_rows

CODEABLE = "CWE-CodeableConcept"
"""The type map of coded values in the shipped packages."""

SENTENCES = {
    Relationship.EQUIVALENT: "The target means the same as the local code",
    Relationship.SOURCE_IS_NARROWER: "The target is broader: it says less than the local code",
    Relationship.SOURCE_IS_BROADER: "The target is narrower: it says more than the local code (comment needed)",
    Relationship.RELATED: "The target is only related to the local code",
    Relationship.NOT_RELATED: "The target is not this: never translate to it (comment needed)",
}
"""Relationships as people choose them."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who decides, in which roles, on which day (ISO 8601 date)."""

    name: str
    roles: frozenset[Role]
    today: str = ""

    def require(self, before: RowStatus, after: RowStatus) -> None:
        """raises  Refused APP-0030: none of the roles may take a row from one status to the other"""
        if before is not after and not any(may(role, before, after) for role in self.roles):
            raise Refused(
                "APP-0030",
                f"{_listed(self.roles)} cannot take a code from {before.value} to {after.value}.",
                "Work in another role, or ask somebody who does.",
            )


Decision = Callable[[CodeMap, CodeLine], CodeMapRow]
"""The row of a line after the decision; raises Refused where it cannot be made."""


def choose(target: Coding, relationship: Relationship, comment: str, actor: Actor) -> Decision:
    """The target stands for the code and waits for somebody else's approval."""

    def row(code_map: CodeMap, line: CodeLine) -> CodeMapRow:
        if Role.AUTHOR not in actor.roles and Role.RECONCILER not in actor.roles:
            actor.require(line.status, RowStatus.MAPPED)
        return replace(
            _row(code_map, line),
            target=target,
            relationship=relationship,
            status=RowStatus.MAPPED,
            author=actor.name,
            approver="",
            comment=comment,
            marks=frozenset(),
            decided=actor.today,
        )

    return row


def choose_for_sender(target: Coding, sender: str, comment: str, actor: Actor) -> Decision:
    """The target stands for the code when this sender sends it; what holds for everybody else stays."""

    def row(code_map: CodeMap, line: CodeLine) -> CodeMapRow:
        actor.require(RowStatus.UNMAPPED, RowStatus.MAPPED)
        if not sender.strip():
            raise Refused("APP-0037", "A row for one sender needs the sender's name.", "Give it as the mapping does.")
        source = _row(code_map, line).source
        return CodeMapRow(
            source, target, Relationship.EQUIVALENT, RowStatus.MAPPED, actor.name, "", comment, sender.strip(),
            decided=actor.today,
        )  # fmt: skip

    return row


def for_senders(code_map: CodeMap, code: str) -> tuple[CodeMapRow, ...]:
    """The rows of a source code that hold for one sender only."""
    return tuple(row for row in code_map.rows if row.sender and row.source.code == code)


def choose_suggested(actor: Actor) -> Decision:
    """What is suggested for each code stands for it from now on."""

    def row(code_map: CodeMap, line: CodeLine) -> CodeMapRow:
        candidate = line.hint.candidate if line.hint is not None else None
        if candidate is None or (line.hint is not None and line.hint.no_map):
            raise Refused("APP-0032", f"Nothing is suggested for {named(line)}.", "Choose a target for it by hand.")
        return choose(candidate.coding, Relationship.EQUIVALENT, "", actor)(code_map, line)

    return row


def set_status(status: RowStatus, actor: Actor, comment: str = "") -> Decision:
    """Take codes on their way: to review, approved, rejected, no map, undecided again.

    A row with findings of the severity error is approved only with a comment, which stays as the reason.
    """

    def row(code_map: CodeMap, line: CodeLine) -> CodeMapRow:
        before = _row(code_map, line)
        if before.target is None and status not in (RowStatus.NO_MAP, RowStatus.UNMAPPED):
            raise Refused("APP-0033", f"{named(line)} has no target yet.", "Choose one of the candidates first.")
        actor.require(before.status, status)
        said = comment or before.comment
        if status is RowStatus.APPROVED and not said and any(blocks(issue) for issue in line.issues):
            worst = next(issue for issue in line.issues if blocks(issue))
            raise Refused("APP-0031", worst.masked_text, "Say in a comment why it is right all the same.")
        bare = status in (RowStatus.NO_MAP, RowStatus.UNMAPPED)
        return replace(
            before,
            status=status,
            target=None if bare else before.target,
            relationship=Relationship.EQUIVALENT if bare else before.relationship,
            author=before.author if status is RowStatus.APPROVED else before.author or actor.name,
            approver=actor.name if status is RowStatus.APPROVED else "",
            comment=said,
            marks=before.marks - {Mark.STALE, Mark.FLAGGED} if status is RowStatus.APPROVED else before.marks,
            decided=actor.today,
        )

    return row


def set_mark(mark: Mark, on: bool | None, actor: Actor, comment: str = "") -> Decision:
    """Put a mark on rows or take it off; None turns it round."""

    def row(code_map: CodeMap, line: CodeLine) -> CodeMapRow:
        before = _row(code_map, line)
        wanted = mark not in before.marks if on is None else on
        marks = before.marks | {mark} if wanted else before.marks - {mark}
        return replace(before, marks=marks, comment=comment or before.comment, decided=actor.today)

    return row


def describe(relationship: Relationship, comment: str, actor: Actor) -> Decision:
    """Another relationship or comment for rows that have a target; an approval falls, for something else was meant."""

    def row(code_map: CodeMap, line: CodeLine) -> CodeMapRow:
        before = _row(code_map, line)
        if before.target is None and relationship is not before.relationship:
            raise Refused("APP-0033", f"{named(line)} has no target yet.", "Choose one of the candidates first.")
        changed = relationship is not before.relationship
        falls = changed and before.status is RowStatus.APPROVED
        return replace(
            before,
            relationship=relationship,
            comment=comment,
            status=RowStatus.MAPPED if falls else before.status,
            approver="" if falls else before.approver,
            author=before.author or actor.name,
            decided=actor.today,
        )

    return row


@dataclass(frozen=True, slots=True)
class Decided:
    """The edits of a decision, the lines it was made for, and those it could not be made for, with the reason."""

    edits: tuple[Edit, ...]
    done: tuple[CodeLine, ...]
    refused: tuple[tuple[CodeLine, Refused], ...]


def decide(package: Package, lines: Sequence[CodeLine], decision: Decision) -> Decided:
    """Make one decision for some codes; a code for which it cannot be made is left as it is."""
    done: list[CodeLine] = []
    refused: list[tuple[CodeLine, Refused]] = []
    by_map: dict[str, list[tuple[CodeMapRow | None, CodeMapRow]]] = {}
    for line in lines:
        code_map = package.codes.get(line.map)
        try:
            if code_map is None:
                hint = "Give its rule a code map first."
                raise Refused("APP-0034", f"No code map takes {line.local.field or line.local.context}.", hint)
            if not line.local.code:
                raise Refused("APP-0035", "A text without a code has no row.", "Its text is kept and flagged.")
            row = decision(code_map, line)
            problem = row_problem(row, code_map)
            if problem:
                raise Refused("TERM-0021", problem, "Nothing was changed.")
        except Refused as refusal:
            refused.append((line, refusal))
            continue
        before = line.row
        if row.sender:
            own = (each for each in for_senders(code_map, line.local.code) if each.sender == row.sender)
            before = next(own, None)
        if row != before:
            by_map.setdefault(line.map, []).append((before, row))
            done.append(line)
    edits = tuple(PutCodeRows(name, put_rows(package.codes[name], rows)) for name, rows in by_map.items())
    return Decided(edits, tuple(done), tuple(refused))


def in_overlay(edit: Edit, own: Package) -> Edit:
    """An edit of what an overlay and its base say together, as an edit of the overlay: rows of the base stay there."""
    if own.base is None or not isinstance(edit, PutCodeMap | PutCodeRows):
        return edit
    base = laid_over(own.base).codes.get(edit.name)
    if isinstance(edit, PutCodeRows):
        content: CodeMap | None = edit.content.apply(laid_over(own).codes[edit.name])[0]
    else:
        content = edit.content
    if base is None or content is None:
        return edit
    there = {id(row) for row in base.rows}
    changed = {(row.sender, row.source.code) for row in content.rows if id(row) not in there}
    rows = tuple(row for row in content.rows if (row.sender, row.source.code) in changed)
    return PutCodeMap(edit.name, replace(content, rows=rows))


def _row(code_map: CodeMap, line: CodeLine) -> CodeMapRow:
    if line.row is not None:
        return line.row
    return CodeMapRow(Coding(code_map.source_system or line.local.system, line.local.code, line.local.text))


def named(line: CodeLine) -> str:
    """A code as sentences name it."""
    return line.local.code or f"“{line.local.text}”"


def _listed(roles: frozenset[Role]) -> str:
    return " and ".join(sorted(roles)).capitalize() or "Nobody"


def new_map(package: Package, field: str, target_system: str = "") -> tuple[Edit, ...]:
    """The edits that send a field through a code map of its own; () when no rule takes the field as a coded value.

    Codes without a row go on as they did before, so nothing changes until a first row is added.
    """
    users = list(_rules_of(package, field))
    name = f"{field.lower()}-local"
    if not users or name in package.codes:
        return ()
    through = Unmapped(Policy.PASSTHROUGH)
    changes = (
        ChangeRule(f"{rule_map.kind}/{rule_map.name}", rule.id, replace(rule, codes=name, unmapped=through))
        for rule_map, rule in users
    )
    made = CodeMap(name, f"Local codes of {field}", target_system=target_system)
    return (PutCodeMap(name, made), *changes)


def _rules_of(package: Package, field: str) -> Iterator[tuple[RuleMap, Rule]]:
    for rule_map in package.segments.values():
        for rule in rule_map.walk():
            if rule.source == (field,) and rule.using == CODEABLE and not rule.codes:
                yield rule_map, rule
