"""Laying a site's package over a newer base: what can be settled without a person, and what only a person can say.

Only what the site says itself is looked at. Where the base did not touch the same rule, nothing is to be asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from workbench.kernel.errors import Refused
from workbench.mapping.edits import (
    ChangeHeader,
    ChangeRule,
    Edit,
    MapAddress,
    PutCodeMap,
    RemoveRule,
)
from workbench.mapping.entries import CODES, EntryKind, EntryName, plain_code_row
from workbench.mapping.files import MESSAGES, PACKAGE_FILE, read_plain
from workbench.mapping.merge import Side, merged
from workbench.mapping.model import Header, Json, Package, Row, Rule
from workbench.mapping.origins import own_map
from workbench.mapping.overlay import effective, laid_over
from workbench.mapping.reading import Part, row_of, rule_of
from workbench.mapping.writing import Plain, plain_header, plain_row, plain_rule
from workbench.mapping.yaml_text import YamlText
from workbench.terminology.code_map import CodeMap, CodeMapRow


class Why(StrEnum):
    """Why a person is asked, as the rest of a sentence about the entry."""

    CHANGED = "is changed by the site, and the new base says it otherwise than the old one"
    REMOVED = "is changed by the site, and gone from the new base"
    ADDED = "is the site's own, and the new base has one of the same name"
    TAKEN_OUT = "is taken out by the site, and the new base says it otherwise than the old one"


class Choice(StrEnum):
    """What shall hold.

    MINE    what the site says, as it is
    THEIRS  what the new base says; the site says nothing any more
    MERGED  both changes together; only where they do not contradict each other
    """

    MINE = "mine"
    THEIRS = "theirs"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Question:
    """One entry both the site and the new base changed.

    old, new, mine  the keys in the old base, the new one and at the site; None where it is not there
    merged          both changes, None where they contradict each other
    """

    entry: EntryName
    why: Why
    old: Plain | None
    new: Plain | None
    mine: Plain
    merged: Plain | None

    @property
    def suggested(self) -> Choice:
        """What is proposed: both changes where that is possible, else what the site decided."""
        return Choice.MERGED if self.merged is not None else Choice.MINE


@dataclass(frozen=True, slots=True)
class Settled:
    """What needs no answer, because only one is possible; `sentence` says what is done."""

    entry: EntryName
    sentence: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A site's package on its way to another base."""

    site: Package
    base: Package
    questions: tuple[Question, ...]
    settled: tuple[Settled, ...]


def plan_upgrade(site: Package, new_base: Package, old_base: Package | None = None) -> Upgrade:
    """What has to be said before a site's package can stand on another base.

    old_base  what it stood on so far; None takes the base it was loaded with
    raises    Refused MAP-0408: the package extends none
    """
    before = old_base or site.base
    if before is None:
        raise Refused("MAP-0408", f"{site.header.id} extends no package.", "Only overlays have a base to upgrade.")
    old, new = _Base(laid_over(before)), _Base(laid_over(new_base))
    questions: list[Question] = []
    settled: list[Settled] = []
    for entry, mine in _own(site):
        found = _judged(site, entry, mine, old.get(entry), new.get(entry))
        if isinstance(found, Question):
            questions.append(found)
        elif found is not None:
            settled.append(found)
        settled += _lost_anchor(site, entry, mine, new)
    return Upgrade(site, new_base, tuple(questions), tuple(settled))


def upgrade_edits(
    plan: Upgrade, choices: Mapping[EntryName, Choice | Plain], *, otherwise: Choice | None = None
) -> tuple[Edit, ...]:
    """What the answers change of the site's package, before it stands on the new base.

    choices    by entry; an entry's keys instead of a choice are what it shall say
    otherwise  for entries without a choice; None takes what is suggested
    raises     Refused MAP-0409: a merge where both contradict each other; MAP-0102: given keys that are no rule
    """
    package = plan.site
    edits: list[Edit] = []
    for settled in plan.settled:
        edits += settled.edits
        package = _applied(package, settled.edits)
    for question in plan.questions:
        choice = choices.get(question.entry, otherwise or question.suggested)
        if choice is Choice.MERGED and question.merged is None and question.entry not in choices:
            choice = Choice.MINE
        answer = _answered(package, question, choice)
        edits += answer
        package = _applied(package, answer)
    return tuple(edits)


def upgraded(
    plan: Upgrade,
    choices: Mapping[EntryName, Choice | Plain],
    extends: str = "",
    *,
    otherwise: Choice | None = None,
) -> Package:
    """The site's package on the new base; `choices` and `otherwise` as in `upgrade_edits`.

    extends  the new base's folder as package.yaml names it, "" leaves it
    raises   as `upgrade_edits`; MAP-0107, MAP-0108: what comes out does not fit the new base
    """
    package = _applied(plan.site, upgrade_edits(plan, choices, otherwise=otherwise))
    header = replace(package.header, extends=extends or package.header.extends)
    package = replace(package, header=header, base=plan.base)
    effective(package)
    return package


# --- what the site says, and what the bases say to it ----------------------------------------------------------------


class _Base:
    """The entries of a base by name; rules are found at any depth, with all below them."""

    def __init__(self, package: Package) -> None:
        self._found: dict[EntryName, Plain] = {}
        for name, message_map in package.messages.items():
            for row in message_map.rows:
                self._found[EntryName(f"{MESSAGES}/{name}", EntryKind.ROW, row.id)] = plain_row(row)
        for rule_map in package.rule_maps():
            for rule in rule_map.walk():
                where = f"{rule_map.kind}/{rule_map.name}"
                self._found[EntryName(where, EntryKind.RULE, rule.id)] = plain_rule(rule)
        for name, code_map in package.codes.items():
            for code, rows in _code_rows(code_map).items():
                self._found[EntryName(f"{CODES}/{name}", EntryKind.CODE, code)] = _plain_rows(rows)
        for key, value in plain_header(package.header).items():
            self._found[EntryName(PACKAGE_FILE, EntryKind.SETTING, key)] = {key: value}

    def get(self, name: EntryName) -> Plain | None:
        return self._found.get(name)


def _own(site: Package) -> Iterator[tuple[EntryName, Plain]]:
    """What the site's own files say, entry by entry; settings that every package has for itself are none."""
    usual = plain_header(Header(id="", version=""))
    for key, value in plain_header(site.header).items():
        if key not in _OF_EVERY_PACKAGE and value != usual.get(key):
            yield EntryName(PACKAGE_FILE, EntryKind.SETTING, key), {key: value}
    for name, message_map in site.messages.items():
        for row in message_map.rows:
            yield EntryName(f"{MESSAGES}/{name}", EntryKind.ROW, row.id), plain_row(row)
    for rule_map in site.rule_maps():
        for rule in rule_map.rules:
            yield EntryName(f"{rule_map.kind}/{rule_map.name}", EntryKind.RULE, rule.id), plain_rule(rule)
    for name, code_map in site.codes.items():
        for code, rows in _code_rows(code_map).items():
            yield EntryName(f"{CODES}/{name}", EntryKind.CODE, code), _plain_rows(rows)


_OF_EVERY_PACKAGE = frozenset(
    {"id", "title", "version", "owner", "direction", "source", "target", "status", "extends", "sender", "identity",
     "ignore", "keep", "extensions", "truth", "updates", "suites", "engines", "note"}
)  # fmt: skip
"""Settings that an overlay says for itself, or that are joined with the base's key by key."""


def _judged(
    site: Package, entry: EntryName, mine: Plain, old: Plain | None, new: Plain | None
) -> Question | Settled | None:
    takes_out = mine.get("remove") is True
    if takes_out and new is None:
        return Settled(entry, "is gone from the new base, too", _dropped(site, entry))
    if new is not None and _said(mine) == _said(new):
        return Settled(entry, "says the same as the new base and is no longer needed here", _dropped(site, entry))
    if old == new or (old is None and new is None):
        return None
    if takes_out:
        return Question(entry, Why.TAKEN_OUT, old, new, mine, None)
    if new is None:
        return Question(entry, Why.REMOVED, old, None, mine, None)
    if old is None:
        return Question(entry, Why.ADDED, None, new, mine, None)
    both = merged(_said(old), _said(mine), _said(new), Side.MINE)
    fits = isinstance(both.value, dict) and not both.conflicts
    after = {key: mine[key] for key in ("after",) if key in mine}
    return Question(entry, Why.CHANGED, old, new, mine, {**both.value, **after} if fits else None)  # type: ignore[dict-item]


def _said(plain: Plain) -> Plain:
    """Without where an overlay puts it."""
    return {key: value for key, value in plain.items() if key != "after"}


def _lost_anchor(site: Package, entry: EntryName, mine: Plain, new: _Base) -> Iterator[Settled]:
    """A rule the site put behind one that is no longer there stands at the end instead."""
    anchor = mine.get("after")
    if not anchor or entry.kind not in (EntryKind.RULE, EntryKind.ROW):
        return
    own = own_map(site, entry.map)
    ids = {other.id for other in getattr(own, "rules", getattr(own, "rows", ()))}
    if new.get(EntryName(entry.map, entry.kind, str(anchor))) is None and anchor not in ids:
        edits = _put(entry, _said(mine))
        yield Settled(
            entry, f"stood behind {anchor}, which is gone from the new base, and stands at the end now", edits
        )


# --- answers ---------------------------------------------------------------------------------------------------------


def _answered(package: Package, question: Question, choice: Choice | Plain) -> tuple[Edit, ...]:
    if isinstance(choice, dict):
        return _put_into(package, question.entry, choice)
    if choice is Choice.MINE:
        return ()
    if choice is Choice.THEIRS:
        return _dropped(package, question.entry)
    if question.merged is None:
        raise Refused(
            "MAP-0409",
            f"{question.entry}: site and new base contradict each other.",
            "Choose mine or theirs, or say what shall hold.",
        )
    return _put_into(package, question.entry, question.merged)


def _applied(package: Package, edits: tuple[Edit, ...]) -> Package:
    for edit in edits:
        package, _ = edit.apply(package)
    return package


def _put_into(package: Package, entry: EntryName, plain: Plain) -> tuple[Edit, ...]:
    if entry.kind is EntryKind.SETTING:
        header = read_plain(PACKAGE_FILE, {**plain_header(package.header), **plain})
        assert isinstance(header, Header)
        return (ChangeHeader(header),)
    if entry.kind is EntryKind.CODE:
        raise Refused(
            "MAP-0409",
            f"{entry}: rows of a code map are taken as a whole.",
            "Choose mine or theirs, then edit the row.",
        )
    return _put(entry, plain)


def _put(entry: EntryName, plain: Plain) -> tuple[Edit, ...]:
    part = Part(YamlText(f"{entry.map}.yaml", {**plain, "id": entry.id}, {}))
    rule: Rule | Row = row_of(part) if entry.kind is EntryKind.ROW else rule_of(part)
    return (ChangeRule(entry.map, entry.id, rule),)


def _dropped(package: Package, entry: EntryName) -> tuple[Edit, ...]:
    """The edits after which the site says nothing of an entry."""
    if entry.kind is EntryKind.SETTING:
        plain = {key: value for key, value in plain_header(package.header).items() if key != entry.id}
        header = read_plain(PACKAGE_FILE, plain)
        assert isinstance(header, Header)
        return (ChangeHeader(header),)
    if entry.kind is EntryKind.CODE:
        code_map = package.codes[MapAddress.parse(entry.map).name]
        gone = {id(row) for row in _code_rows(code_map).get(entry.id, ())}
        rows = tuple(row for row in code_map.rows if id(row) not in gone)
        return (PutCodeMap(code_map.id, replace(code_map, rows=rows)),)
    return (RemoveRule(entry.map, entry.id),)


def _code_rows(code_map: CodeMap) -> dict[str, tuple[CodeMapRow, ...]]:
    """The rows of each source code and sender: what an overlay replaces together."""
    found: dict[str, tuple[CodeMapRow, ...]] = {}
    for row in code_map.rows:
        name = f"{row.source.code} ({row.sender})" if row.sender else row.source.code
        found[name] = (*found.get(name, ()), row)
    return found


def _plain_rows(rows: tuple[CodeMapRow, ...]) -> Plain:
    plain: list[Json] = [plain_code_row(row) for row in rows]
    return {"rows": plain}
