"""Who decided what about codes: the reviewer at work, the history of rows, two blind authors, kept views.

All of it lies in the workspace. The rows themselves, with author, approver, date, comment and marks, lie in the code
map, so that they travel; what is kept here is how they came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from workbench import __version__
from workbench.app.operations.code_decisions import Actor
from workbench.app.operations.local_codes import CodeLine, Show, View
from workbench.app.session import Session
from workbench.kernel.errors import Refused
from workbench.terminology.code_map import CodeMapRow, Mark, Relationship, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.edits import RowKey
from workbench.terminology.memory import key_of
from workbench.terminology.review import Event, Opinion, Review, Role, from_json, reconciled, to_json, with_opinion

KIND = "code-review"
TOOL = f"Clinical Mapping Workbench {__version__}"
_WORKING_AS, _BLIND, _VIEWS = "terminology.working-as", "terminology.blind", "terminology.views"

ROLES: Mapping[str, frozenset[Role]] = {
    "Author and reviewer": frozenset({Role.AUTHOR, Role.REVIEWER}),
    "Author": frozenset({Role.AUTHOR}),
    "Reviewer": frozenset({Role.REVIEWER}),
    "Reconciler": frozenset({Role.RECONCILER}),
}
"""Roles as people choose them. Nobody approves what they mapped themselves, whatever their roles."""


def now() -> str:
    """This instant in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def actor_of(session: Session) -> Actor:
    """Who works on codes here: as was said last, else the session's actor as author and reviewer."""
    kept = session.setting(_WORKING_AS) or {}
    name, role = str(kept.get("name") or session.actor), str(kept.get("role", ""))
    return Actor(name, ROLES.get(role, ROLES["Author and reviewer"]), now()[:10])


def work_as(session: Session, name: str, role: str) -> Actor:
    """Say who works on codes from now on, and in which of `ROLES`.

    raises  Refused APP-0036: no name, or no such role
    """
    if not name.strip() or role not in ROLES:
        raise Refused("APP-0036", "A reviewer needs a name and a role.", f"Roles are {', '.join(ROLES)}.")
    session.set_setting(_WORKING_AS, {"name": name.strip(), "role": role})
    session.record("terms.work-as", "reviewer", sha256(name.strip().encode()).hexdigest()[:16])
    return actor_of(session)


@dataclass(frozen=True, slots=True)
class Deed:
    """A decision as the history tells it.

    what      `mapped`, `approved`, `flagged`
    evidence  what it rested on: parts of a score, findings, versions of code systems
    """

    what: str
    comment: str = ""
    evidence: tuple[str, ...] = ()


def review_of(session: Session, package: str, map_name: str, key: RowKey) -> Review:
    """What is known of the review of a row; an empty one when nobody did anything yet."""
    stored = session.kept(KIND, _id(package, map_name, key))
    return from_json(stored.body) if stored is not None else Review(key)


def note(
    session: Session,
    package: str,
    map_name: str,
    rows: Iterable[tuple[CodeMapRow | None, CodeMapRow | None, CodeLine | None]],
    deed: Deed,
    actor: Actor,
) -> None:
    """Write a decision into the history of each row it changed, all or none.

    rows  the row before and after, and the line it belongs to
    """
    at = now()
    with session.workspace.transaction():
        for before, after, line in rows:
            row = after or before
            if row is None:
                continue
            key = RowKey(row.source.system, row.source.code, row.sender)
            event = Event(at, actor.name, deed.what, TOOL, said(before), said(after), deed.comment, deed.evidence)
            review = review_of(session, package, map_name, key).with_event(event)
            if line is not None and after is not None and after.status is RowStatus.APPROVED:
                review = replace(review, seen=key_of(line.local))
            session.keep(f"terms.{deed.what.split()[0]}", KIND, _id(package, map_name, key), to_json(review))


def said(row: CodeMapRow | None) -> str:
    """A row in a few words, for a history."""
    if row is None:
        return "no row"
    target = f"{row.target.code} {row.target.display}".strip() if row.target is not None else "no target"
    marks = f", {', '.join(sorted(row.marks))}" if row.marks else ""
    return f"{target} ({row.relationship.value}, {row.status.value}{marks})"


def has_changed_since(review: Review, line: CodeLine) -> bool:
    """True when wording, unit or specimen of an approved code are not what they were at its approval."""
    return bool(review.seen) and line.status is RowStatus.APPROVED and review.seen != key_of(line.local)


def _id(package: str, map_name: str, key: RowKey) -> str:
    parts = (package, map_name, key.sender, key.system, key.code)
    return sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


# Two blind authors


def blind_maps(session: Session) -> frozenset[str]:
    """The code maps for which two people choose without seeing one another's choice."""
    return frozenset(str(name) for name in session.setting(_BLIND) or ())


def set_blind(session: Session, map_name: str, on: bool) -> None:
    """Ask, or no longer ask, for two blind authors of a code map."""
    wanted = blind_maps(session) | {map_name} if on else blind_maps(session) - {map_name}
    session.set_setting(_BLIND, sorted(wanted))


def give_opinion(session: Session, package: str, line: CodeLine, key: RowKey, opinion: Opinion, actor: Actor) -> Review:
    """Keep what one of two authors chose; the other does not see it before choosing.

    raises  Refused TERM-0401: this author has chosen already, or two others have
    """
    before = review_of(session, package, line.map, key)
    # The history is open to everybody, so the choice itself stays out of it until both have chosen.
    event = Event(now(), actor.name, "chose blind", TOOL)
    after = with_opinion(before, opinion, event)
    if len(after.opinions) == 2:
        agree = Mark.CONFLICT not in after.marks
        chosen = " / ".join(f"{each.author}: {_target(each.target)}" for each in after.opinions)
        what = "both chose the same" if agree else "chose differently"
        after = after.with_event(Event(now(), actor.name, what, TOOL, after=chosen))
    session.keep("terms.opinion", KIND, _id(package, line.map, key), to_json(after))
    return after


def settle(session: Session, package: str, map_name: str, key: RowKey, actor: Actor, target: Coding | None) -> Review:
    """A third person has decided between two authors.

    raises  Refused TERM-0402: one of the two authors may not decide
    """
    before = review_of(session, package, map_name, key)
    after = reconciled(before, actor.name, Event(now(), actor.name, "reconciled", TOOL, after=_target(target)))
    session.keep("terms.reconciled", KIND, _id(package, map_name, key), to_json(after))
    return after


def _target(target: Coding | None) -> str:
    return f"{target.code} {target.display}".strip() if target is not None else "no map"


def agreed_row(review: Review, row: CodeMapRow, today: str) -> CodeMapRow:
    """The row after two opinions: mapped when they agree, else a draft in conflict without a target."""
    first, second = review.opinions
    if Mark.CONFLICT in review.marks:
        return replace(
            row, target=None, status=RowStatus.DRAFT, author="", approver="", relationship=Relationship.EQUIVALENT,
            marks=row.marks | {Mark.CONFLICT}, decided=today,
        )  # fmt: skip
    comment = first.comment or second.comment
    return replace(
        row, target=first.target, relationship=first.relationship, author=f"{first.author} + {second.author}",
        approver="", comment=comment, decided=today, marks=row.marks - {Mark.CONFLICT},
        status=RowStatus.MAPPED if first.target is not None else RowStatus.NO_MAP,
    )  # fmt: skip


# Views


def views(session: Session) -> tuple[View, ...]:
    """The kept views in the order of their names."""
    kept = session.setting(_VIEWS) or {}
    shows = set(Show)
    return tuple(
        View(name, Show(each["show"]) if each["show"] in shows else Show.EVERYTHING, each["field"], each["text"])
        for name, each in sorted(kept.items())
    )


def keep_view(session: Session, view: View) -> None:
    """Keep a view under its name, in the place of one with the same name."""
    kept = dict(session.setting(_VIEWS) or {})
    kept[view.name] = {"show": view.show.value, "field": view.field, "text": view.text}
    session.set_setting(_VIEWS, kept)


def drop_view(session: Session, name: str) -> None:
    session.set_setting(_VIEWS, {key: value for key, value in (session.setting(_VIEWS) or {}).items() if key != name})
