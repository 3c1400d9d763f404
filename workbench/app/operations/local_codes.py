"""The codes a sender sends, each with the code map it goes through, its row there and what is found about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import compress
from operator import is_not

from workbench.app.operations.code_fields import fields_of_maps, is_named
from workbench.app.operations.code_harvest_fhir import is_standard
from workbench.kernel.issues import Issue, Severity, blocks
from workbench.mapping.model import Package
from workbench.terminology.code_map import CodeMap, CodeMapRow, Mark, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.coverage import Coverage
from workbench.terminology.harvest import LocalCode
from workbench.terminology.review import urgency
from workbench.terminology.safety import Find, check_row, findings_between
from workbench.terminology.suggest import Candidate

UNDECIDED = frozenset({RowStatus.UNMAPPED, RowStatus.SUGGESTED, RowStatus.DRAFT, RowStatus.REJECTED})
UNREVIEWED = frozenset({RowStatus.MAPPED, RowStatus.IN_REVIEW})


@dataclass(frozen=True, slots=True)
class Hint:
    """What is suggested for a code, beside the row and never in it.

    candidate  the best target, None when nothing resembles the code
    no_map     why it may have no target, "" when the candidate is worth a look
    issues     what the checks would say of the candidate
    """

    candidate: Candidate | None
    no_map: str = ""
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A local code, the code map it goes through ("" when none does) and its row there.

    weight  occurrences × clinical risk: where effort is best spent
    issues  what the safety checks say of the row, the worst first
    said    the words it is found by, in small letters
    hint    what is suggested for it, None before somebody asked
    published  it is of a published code system, as the targets of the map are, and has no row: nobody has to decide
    """

    local: LocalCode
    map: str
    row: CodeMapRow | None
    weight: float = 0.0
    issues: tuple[Issue, ...] = ()
    said: str = ""
    hint: Hint | None = None
    published: bool = False

    @property
    def status(self) -> RowStatus:
        return self.row.status if self.row is not None else RowStatus.UNMAPPED

    @property
    def target(self) -> Coding | None:
        return self.row.target if self.row is not None else None

    @property
    def marks(self) -> frozenset[Mark]:
        return self.row.marks if self.row is not None else frozenset()

    @property
    def is_unsafe(self) -> bool:
        """True when a check found what must not pass without a written reason."""
        return any(blocks(issue) for issue in self.issues)


def is_open(line: CodeLine) -> bool:
    """True when a map is there to translate the code, which needs one, and no person has decided on it."""
    return bool(line.map) and not line.published and (line.status in UNDECIDED or Mark.CONFLICT in line.marks)


SURE = 0.9
"""Confidence from which a suggestion is offered for use in bulk."""


def is_sure(hint: Hint | None) -> bool:
    """True when a suggestion is likely right and no check speaks against it; a person still decides."""
    return (
        hint is not None
        and hint.candidate is not None
        and not hint.no_map
        and all(issue.severity is Severity.INFORMATION for issue in hint.issues)
        and hint.candidate.confidence >= SURE
    )


class Show(StrEnum):
    """Which lines of a worklist are looked at."""

    EVERYTHING = "all codes"
    WAITING = "waiting for a decision"
    SUGGESTED = "with a sure suggestion"
    REVIEW = "waiting for a reviewer"
    FINDINGS = "with findings"
    MARKED = "flagged, stale or in conflict"
    DECIDED = "approved or no map"
    WITHOUT_MAP = "without a code map"


@dataclass(frozen=True, slots=True)
class View:
    """A filter with a name: lines of one kind, of one field ("" for every), that hold every word of `text`."""

    name: str = ""
    show: Show = Show.EVERYTHING
    field: str = ""
    text: str = ""


def chosen(lines: Iterable[CodeLine], view: View) -> list[CodeLine]:
    """The lines a view shows, in their order."""
    found = list(lines)
    for word in view.text.casefold().split():  # the plainest loops: a hundred thousand lines at every key
        found = [line for line in found if word in line.said]
    if view.field:
        found = [line for line in found if line.local.field == view.field]
    if view.show is not Show.EVERYTHING:
        found = list(filter(_WANTED[view.show], found))
    return found


_WANTED: Mapping[Show, Callable[[CodeLine], bool]] = {
    Show.EVERYTHING: lambda line: True,
    Show.WAITING: is_open,
    Show.SUGGESTED: lambda line: is_open(line) and is_sure(line.hint),
    Show.REVIEW: lambda line: line.status in UNREVIEWED,
    Show.FINDINGS: lambda line: bool(line.issues),
    Show.MARKED: lambda line: bool(line.marks),
    Show.DECIDED: lambda line: line.status in (RowStatus.APPROVED, RowStatus.NO_MAP),
    Show.WITHOUT_MAP: lambda line: not line.map,
}


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row of a code map before and after an edit; None where it is not there."""

    map: str
    before: CodeMapRow | None
    after: CodeMapRow | None


MapCode = tuple[str, str]
"""A code map and a source code of it."""
Judged = dict[MapCode, tuple[Issue, ...]]


class Worklist:
    """The lines of what was collected, the weightiest first, kept in step with a mapping package.

    The order stays while decisions are made, so that nobody loses their place.
    """

    def __init__(self, found: Iterable[LocalCode], package: Package | None, only_map: str = "") -> None:
        """only_map  the map all codes go through, for a list that names no fields"""
        self._only_map = only_map
        self._maps: dict[str, CodeMap] = {}
        self._fields: Mapping[str, str] = {}
        self._places: dict[tuple[str, str], list[int]] = {}
        self.lines: list[CodeLine] = []
        self._counts = [0, 0, 0, 0, 0]
        self._used: set[str] = set()
        self._make(found, package)

    def _make(self, found: Iterable[LocalCode], package: Package | None) -> None:
        self._fields = fields_of_maps(package) if package is not None and not self._only_map else {}
        named = [(local, self._only_map or self._fields.get(local.field, "")) for local in found]
        self._used = {name for _, name in named} - {""}
        made = [_line(local, name, package) for local, name in named]
        made.sort(key=lambda line: (not is_open(line), -line.weight, line.local.field, line.local.code))
        self.lines = made
        self._counts = [0, 0, 0, 0, 0]
        for line in made:
            self._count(line, 1)
        self._places = {}
        for place, line in enumerate(self.lines):
            self._places.setdefault((line.map, line.local.code), []).append(place)
        names = {line.map for line in self.lines} - {""}
        codes = package.codes if package is not None else {}
        self._maps = {name: codes[name] for name in names if name in codes}

    def follow(self, package: Package) -> tuple[RowChange, ...]:
        """Take over what an edit changed; returns the rows that are not what they were."""
        fields = fields_of_maps(package) if not self._only_map else {}
        if fields != self._fields or self._used.intersection(package.codes) != self._maps.keys():
            hints = {line.local: line.hint for line in self.lines if line.hint is not None}
            self._make([line.local for line in self.lines], package)
            self.take_hints(hints)
            return ()
        changes: list[RowChange] = []
        for name, before in tuple(self._maps.items()):
            after = package.codes.get(name)
            if after is None or after is before:
                continue
            self._maps[name] = after
            changes += _row_changes(name, before, after)
        for change in changes:
            row = change.after or change.before
            for place in self._places.get((change.map, row.source.code), ()) if row is not None else ():
                line = self.lines[place]
                made = _line(line.local, change.map, package, line.weight)
                self._count(line, -1)
                self._count(made, 1)
                self.lines[place] = replace(made, hint=line.hint)
        return tuple(changes)

    def take(self, judged: Judged, of: Iterable[MapCode] | None = None) -> list[CodeLine]:
        """Take over what the checks found, by map and source code; returns the lines that are not what they were.

        of  the codes that were judged, None for all
        """
        wanted = range(len(self.lines)) if of is None else (at for key in of for at in self._places.get(key, ()))
        taken: list[CodeLine] = []
        for place in wanted:
            line = self.lines[place]
            issues = judged.get((line.map, line.local.code), ())
            if issues != line.issues:
                self.lines[place] = replace(line, issues=issues)
                taken.append(self.lines[place])
        return taken

    def lines_of(self, codes: Iterable[MapCode]) -> list[CodeLine]:
        """The lines of some source codes."""
        return [self.lines[place] for key in codes for place in self._places.get(key, ())]

    def take_hints(self, hints: Mapping[LocalCode, Hint]) -> None:
        """Take over what is suggested for local codes of this list."""
        by_id = {
            id(local): hint for local, hint in hints.items()
        }  # the same objects; hashing a hundred thousand is slow
        for place, line in enumerate(self.lines):
            hint = by_id.get(id(line.local))
            if hint is not None:
                self.lines[place] = replace(line, hint=hint)

    def line_of(self, map_name: str, code: str) -> CodeLine | None:
        """The first line of a source code of a map."""
        places = self._places.get((map_name, code))
        return self.lines[places[0]] if places else None

    def maps(self) -> Mapping[str, CodeMap]:
        """The code maps that lines go through, as they are now."""
        return dict(self._maps)

    def coverage(self) -> Coverage:
        """What is decided of the codes that go through a map; the open codes are counted, not named."""
        codes, occurrences, open_codes, open_occurrences, _ = self._counts
        return Coverage(codes, codes - open_codes, occurrences, occurrences - open_occurrences)

    @property
    def unreviewed(self) -> int:
        """How many codes have a target that waits for a reviewer."""
        return self._counts[4]

    def _count(self, line: CodeLine, sign: int) -> None:
        """Add a line to the running counts, or take it off."""
        if not line.map:
            return
        waits = is_open(line)
        counts = self._counts
        counts[0] += sign
        counts[1] += sign * line.local.count
        counts[2] += sign * waits
        counts[3] += sign * waits * line.local.count
        counts[4] += sign * (line.status in UNREVIEWED)


def lines(found: Iterable[LocalCode], package: Package) -> tuple[CodeLine, ...]:
    """Each local code with its row; what is open and weighty first."""
    return tuple(Worklist(found, package).lines)


def _line(local: LocalCode, map_name: str, package: Package | None, weight: float | None = None) -> CodeLine:
    code_map = package.codes.get(map_name) if package is not None else None
    row = None
    if code_map is not None:
        translating = code_map.translate(local.code)
        row = translating[0] if translating else code_map.row_of(local.code)
    target = row.target if row is not None else None
    said = (
        local.code, local.text, local.field, local.unit, local.specimen, local.context, map_name,
        row.status if row is not None else "unmapped", target.code if target else "", target.display if target else "",
        row.comment if row is not None else "", " ".join(sorted(row.marks)) if row is not None else "",
    )  # fmt: skip
    published = code_map is not None and row is None and is_standard(code_map.target_system) and is_named(local.system)
    return CodeLine(
        local,
        map_name if code_map is not None else "",
        row,
        urgency(local) if weight is None else weight,
        said=" ".join(said).casefold(),
        published=published,
    )


def _row_changes(name: str, before: CodeMap, after: CodeMap) -> list[RowChange]:
    """Rows are immutable and taken over, so what is another object is another row."""
    same_place = min(len(before.rows), len(after.rows))
    differ = list(map(is_not, before.rows, after.rows))
    was = (*compress(before.rows, differ), *before.rows[same_place:])
    now = (*compress(after.rows, differ), *after.rows[same_place:])
    old, new = set(map(id, was)), set(map(id, now))
    gone = {(row.sender, *row.source.identity): row for row in was if id(row) not in new}
    changes = [
        RowChange(name, gone.pop((row.sender, *row.source.identity), None), row) for row in now if id(row) not in old
    ]
    return changes + [RowChange(name, row, None) for row in gone.values()]


Known = dict[tuple[int, int], tuple[CodeMapRow, LocalCode, tuple[Issue, ...]]]
"""Findings of rows that were judged before, by the identity of row and local code (which are kept, so that it stays
theirs); a row that did not change is not judged again."""


def judge(lines: Sequence[CodeLine], maps: Mapping[str, CodeMap], find: Mapping[str, Find], known: Known) -> Judged:
    """What the checks find about each line's row, by map and source code.

    find   looks targets up in their code system, by its URI; a system that is not there is judged by displays
    known  is read and filled

    Rows that a published standard brought (a citation, and no author) are left to those who published them.
    """
    found: dict[tuple[str, str], list[Issue]] = {}
    for line in lines:
        row = line.row
        if row is None or row.target is None or row.status in (RowStatus.UNMAPPED, RowStatus.REJECTED):
            continue
        if maps[line.map].citation and not row.author:
            continue
        key = (id(row), id(line.local))
        if key not in known:
            lookup = find.get(row.target.system)
            concept = lookup(row.target.code) if lookup else None
            known[key] = row, line.local, check_row(row, line.local, concept, lookup is not None)
        if known[key][2]:
            found.setdefault((line.map, line.local.code), []).extend(known[key][2])
    seen: dict[str, set[str]] = {name: set() for name in maps}
    for line in lines:
        if line.map:
            seen[line.map].add(line.local.code)
    for name, code_map in maps.items():
        if code_map.citation:
            continue
        for finding in findings_between(code_map):
            code = code_map.rows[finding.row].source.code
            if code in seen[name]:
                found.setdefault((name, code), []).append(finding.issue)
    return {key: _each_once(issues) for key, issues in found.items()}


def judge_again(
    worklist: Worklist, changes: Sequence[RowChange], find: Mapping[str, Find], known: Known
) -> tuple[Judged, frozenset[MapCode]]:
    """What the checks find now about the codes that changed rows concern, and which codes those are.

    A row concerns its own source code and every other one that has the same target, before or after.
    """
    judged: Judged = {}
    concerned: set[MapCode] = set()
    for name, code_map in worklist.maps().items():
        rows = [row for change in changes if change.map == name for row in (change.before, change.after) if row]
        if not rows:
            continue
        codes = {row.source.code for row in rows}
        targets = {row.target.identity for row in rows if row.target is not None}
        codes |= {each.source.code for each in code_map.rows if each.target and each.target.identity in targets}
        targets |= {row.target.identity for code in codes for row in code_map.rows_of(code) if row.target is not None}
        near = tuple(
            row
            for row in code_map.rows
            if row.source.code in codes or (row.target is not None and row.target.identity in targets)
        )
        lines = worklist.lines_of((name, code) for code in codes)
        judged |= judge(lines, {name: replace(code_map, rows=near)}, find, known)
        concerned |= {(name, code) for code in codes}
    return judged, frozenset(concerned)


def _each_once(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    different = {(issue.rule, issue.text): issue for issue in issues}
    return tuple(sorted(different.values(), key=lambda issue: (issue.severity.rank, issue.rule)))
