"""Code maps: which target code stands for which source code, how exactly, and who says so.

On disk a code map is a CSV file with a head, so that a git diff shows one changed code as one changed line:

    ## Remarks begin with two signs and stay where they are.
    # id: administrative-sex
    # source_system: http://terminology.hl7.org/CodeSystem/v2-0001
    # target_system: http://hl7.org/fhir/administrative-gender
    # unmapped: preserve
    # citation: HL7 v2-to-FHIR IG, Table HL70001
    source_code,source_display,target_code,relationship,status
    F,Female,female,equivalent,approved

Several rows may have the same source (several targets); rows with a `sender` hold for that sender only.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import NoReturn, TypeVar

from workbench.kernel.errors import Refused, Unavailable
from workbench.terminology.codes import Coding
from workbench.terminology.map_text import REMARK, quoted, remark_of

HEAD_KEYS = (
    "id", "title", "url", "version", "status", "source_system", "target_system", "unmapped", "default", "citation",
)  # fmt: skip
COLUMNS = (
    "source_system", "source_code", "source_display", "target_system", "target_code", "target_display",
    "relationship", "status", "author", "approver", "comment", "sender", "marks", "decided",
)  # fmt: skip
REQUIRED_COLUMNS = ("source_code", "target_code")


class Relationship(StrEnum):
    """How the source relates to the target, in the words of FHIR R5.

    http://hl7.org/fhir/R5/valueset-concept-map-relationship.html. R4 says it the other way round, see `concept_map`.
    """

    EQUIVALENT = "equivalent"
    SOURCE_IS_NARROWER = "source-is-narrower-than-target"
    SOURCE_IS_BROADER = "source-is-broader-than-target"
    RELATED = "related-to"
    NOT_RELATED = "not-related-to"


class RowStatus(StrEnum):
    """How far a row has come. A suggestion is a machine's; everything after it is a person's."""

    UNMAPPED = "unmapped"
    SUGGESTED = "suggested"
    DRAFT = "draft"
    MAPPED = "mapped"
    IN_REVIEW = "in-review"
    APPROVED = "approved"
    REJECTED = "rejected"
    NO_MAP = "no-map"


class Mark(StrEnum):
    """What holds of a row beside its status. A row with a mark is not exported.

    flagged       somebody wants it looked at again
    conflict      two authors chose differently and a third has not decided yet
    stale         its target or its source is not what it was when it was approved
    out-of-scope  nobody will map it in this project
    """

    FLAGGED = "flagged"
    CONFLICT = "conflict"
    STALE = "stale"
    OUT_OF_SCOPE = "out-of-scope"


class MapStatus(StrEnum):
    """http://hl7.org/fhir/R4/valueset-publication-status.html"""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"
    UNKNOWN = "unknown"


class UnmappedPolicy(StrEnum):
    """What becomes of a code without a row: kept as text and flagged, an error, or the map's default."""

    PRESERVE = "preserve"
    ERROR = "error"
    DEFAULT = "default"


TRANSLATING = frozenset({RowStatus.DRAFT, RowStatus.MAPPED, RowStatus.IN_REVIEW, RowStatus.APPROVED})
_WITHOUT_TARGET = frozenset({RowStatus.UNMAPPED, RowStatus.NO_MAP})
_WITH_OR_WITHOUT_TARGET = frozenset({RowStatus.DRAFT, RowStatus.REJECTED})
_NEEDS_COMMENT = frozenset({Relationship.SOURCE_IS_BROADER, Relationship.NOT_RELATED})


@dataclass(frozen=True, slots=True)
class CodeMapRow:
    """One source code and (one of) its target.

    target   None while nothing is chosen, and for good when the status is no-map
    sender   "" for everybody, else the sender this row holds for, as the mapping names senders
    remarks  remark lines that stand above the row in the file, without their `##`
    marks    what holds beside the status
    decided  ISO 8601 date of the last decision on the row, "" when nobody wrote it down
    """

    source: Coding
    target: Coding | None = None
    relationship: Relationship = Relationship.EQUIVALENT
    status: RowStatus = RowStatus.UNMAPPED
    author: str = ""
    approver: str = ""
    comment: str = ""
    sender: str = ""
    remarks: tuple[str, ...] = ()
    marks: frozenset[Mark] = frozenset()
    decided: str = ""

    @property
    def translates(self) -> bool:
        """True when a mapping may use this row: a person chose its target and says that it is related."""
        return (
            self.target is not None and self.status in TRANSLATING and self.relationship is not Relationship.NOT_RELATED
        )


@dataclass(frozen=True)
class CodeMap:
    """The rows of one code map in the order of its file.

    source_system    of every row that names none itself; "" when the sender's system does not matter
    unmapped         None leaves it to the mapping package
    default          the target of unmapped codes under `UnmappedPolicy.DEFAULT`
    citation         the published standard whose rows these are; such rows need no approver of ours
    """

    id: str
    title: str = ""
    source_system: str = ""
    target_system: str = ""
    rows: tuple[CodeMapRow, ...] = ()
    unmapped: UnmappedPolicy | None = None
    default: Coding | None = None
    citation: str = ""
    status: MapStatus = MapStatus.DRAFT
    url: str = ""
    version: str = ""
    remarks: tuple[str, ...] = ()
    closing_remarks: tuple[str, ...] = ()

    @cached_property
    def _of_source(self) -> Mapping[str, tuple[CodeMapRow, ...]]:
        groups: dict[str, tuple[CodeMapRow, ...]] = {}
        for row in self.rows:
            code = row.source.code
            groups[code] = (*groups[code], row) if code in groups else (row,)
        return groups

    @cached_property
    def _decided(self) -> dict[tuple[str, str], tuple[CodeMapRow, ...]]:
        """(sender, source code) → the rows that decide it, as far as somebody asked."""
        return {}

    def with_rows(self, rows: tuple[CodeMapRow, ...], touched: Mapping[str, tuple[CodeMapRow, ...]]) -> CodeMap:
        """The map with other rows, its index carried along; `touched` has all rows of each source code that changed."""
        made = replace(self, rows=rows)
        vars(made)["_of_source"] = {**self._of_source, **touched}
        return made

    def rows_of(self, code: str) -> tuple[CodeMapRow, ...]:
        """All rows of a source code, also those of single senders, in the order of the file."""
        return self._of_source.get(code, ())

    def row_of(self, code: str) -> CodeMapRow | None:
        """The first row for everybody of a source code, whether it translates or not."""
        return next((row for row in self.rows_of(code) if not row.sender), None)

    def _deciding(self, sender: str, code: str) -> tuple[CodeMapRow, ...]:
        """The rows of a sender that translate, or the one that says "no map"."""
        found = self._decided.get((sender, code))
        if found is None:
            own = (row for row in self.rows_of(code) if row.sender == sender)
            found = tuple(row for row in own if row.translates or row.status is RowStatus.NO_MAP)
            if code in self._of_source:
                self._decided[sender, code] = found
        return found

    def translate(self, code: str, system: str = "", sender: str = "") -> tuple[CodeMapRow, ...]:
        """The rows whose targets stand for `code`, in file order; () when there is none.

        system  restricts to rows of that system (or of none); "" takes rows of any system
        sender  rows of this sender win over the rows for everybody, also when they say "no map"
        """
        if sender:
            own = _of_system(self._deciding(sender, code), system)
            if own:
                return tuple(row for row in own if row.target is not None and row.translates)
        rows = _of_system(self._deciding("", code), system)
        return tuple(row for row in rows if row.translates)


def _of_system(rows: tuple[CodeMapRow, ...], system: str) -> tuple[CodeMapRow, ...]:
    if not system or not rows:
        return rows
    return tuple(row for row in rows if not row.source.system or row.source.system == system)


def row_problem(row: CodeMapRow, code_map: CodeMap) -> str | None:
    """Why this row may not stand in this map, as one sentence; None when it may."""
    if not row.source.code:
        return "A row needs a source code."
    if code_map.source_system and not row.source.system:
        return "A row needs a source system, because its map has one."
    if row.target is not None and code_map.target_system and not row.target.system:
        return "A row needs a target system, because its map has one."
    if row.target is None and row.status not in _WITHOUT_TARGET | _WITH_OR_WITHOUT_TARGET:
        return f"A row that is {row.status} needs a target code."
    if row.target is not None and row.status in _WITHOUT_TARGET:
        return f"A row that is {row.status} cannot have a target code."
    if row.status is RowStatus.NO_MAP and not row.comment:
        return "A row that is no-map needs the reason as its comment."
    if row.target is not None and row.relationship in _NEEDS_COMMENT and not row.comment:
        return f"A row that is {row.relationship} needs a comment that says what is lost."
    return _approval_problem(row, code_map) if row.status is RowStatus.APPROVED else None


def _approval_problem(row: CodeMapRow, code_map: CodeMap) -> str | None:
    if not row.approver:
        if row.author:
            return "An approved row needs an approver."
        return None if code_map.citation else "An approved row needs an approver, or its map a citation."
    if row.author.strip().casefold() == row.approver.strip().casefold():
        return "The approver of a row must not be its author."
    return None


def map_problem(code_map: CodeMap) -> tuple[int | None, str] | None:
    """The first thing that is wrong with a map: (index of the row or None for the head, one sentence)."""
    if not code_map.id:
        return None, "A code map needs an id."
    for key in HEAD_KEYS:
        value = _head_value(code_map, key)
        if value != value.strip() or len(value.splitlines()) > 1:
            return None, f"The {key} of a code map is one line without blanks around it."
    if code_map.unmapped is UnmappedPolicy.DEFAULT and code_map.default is None:
        return None, "A code map whose unmapped policy is default needs a default."
    seen: set[tuple[tuple[str, str, str], tuple[str, str] | None]] = set()
    without_map: set[tuple[str, str, str]] = set()
    for index, row in enumerate(code_map.rows):
        problem = row_problem(row, code_map)
        if problem:
            return index, problem
        source = (row.sender, *row.source.identity)
        pair = (source, row.target.identity if row.target else None)
        if pair in seen:
            return index, "The same source and target stand in an earlier row already."
        seen.add(pair)
        if row.status is RowStatus.NO_MAP:
            without_map.add(source)
    for index, row in enumerate(code_map.rows):
        if row.translates and (row.sender, *row.source.identity) in without_map:
            return index, "Another row says that this source code has no map."
    return None


# --- the file --------------------------------------------------------------------------------------------------------


def load_code_map(path: Path) -> CodeMap:
    """Read a code map file.

    raises  Refused TERM-0001: no such file, or not UTF-8; TERM-0002: defective head; TERM-0003: unknown or missing
            column; TERM-0004: defective row. Each says file and line.
            Unavailable TERM-0090: the file cannot be read
    """
    try:
        return read_code_map(path.read_bytes().decode("utf-8-sig"), str(path))
    except FileNotFoundError:
        raise Refused("TERM-0001", f"There is no code map {path}.", "Check the name in the mapping.") from None
    except UnicodeDecodeError as error:
        raise Refused("TERM-0001", f"{path} is not UTF-8 (byte {error.start}).", "Save it again as UTF-8.") from None
    except OSError as error:
        raise Unavailable("TERM-0090", f"{path} could not be read ({error.strerror}).", "Check permissions.") from error


def read_code_map(text: str, name: str) -> CodeMap:
    """The code map in `text`; `name` is the file's, for messages.

    raises  Refused TERM-0002, TERM-0003, TERM-0004 as in `load_code_map`
    """
    return _Reader(text, name).read()


def format_code_map(code_map: CodeMap) -> str:
    """The file of a code map: head, remarks and rows in their order; what equals the head's default stays empty.

    `read_code_map` of it gives an equal code map.
    """
    out = [f"{REMARK} {remark}".rstrip() for remark in code_map.remarks]
    out += [f"# {key}: {value}" for key in HEAD_KEYS if (value := _head_value(code_map, key))]
    unused = {
        "source_system": all(row.source.system == code_map.source_system for row in code_map.rows),
        "marks": not any(row.marks for row in code_map.rows),
        "decided": not any(row.decided for row in code_map.rows),
    }
    columns = [column for column in COLUMNS if not unused.get(column)]
    out.append(",".join(columns))
    for row in code_map.rows:
        out += [f"{REMARK} {remark}".rstrip() for remark in row.remarks]
        cells = cells_of(row)
        for column in ("source_system", "target_system"):
            cells[column] = "" if cells[column] == getattr(code_map, column) else cells[column]
        out.append(",".join(quoted(cells[column]) for column in columns))
    out += [f"{REMARK} {remark}".rstrip() for remark in code_map.closing_remarks]
    return "\n".join(out) + "\n"


def _head_value(code_map: CodeMap, key: str) -> str:
    if key != "default":
        return str(getattr(code_map, key) or "")
    coding = code_map.default
    if coding is None:
        return ""
    return "|".join((coding.system, coding.code, coding.display)).rstrip("|")


def cells_of(row: CodeMapRow) -> dict[str, str]:
    """A row by the names of its columns, in their order."""
    target = row.target or Coding("", "")
    values = (
        row.source.system, row.source.code, row.source.display, target.system, target.code, target.display,
        row.relationship.value, row.status.value, row.author, row.approver, row.comment, row.sender,
        written_marks(row.marks), row.decided,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def written_marks(marks: Iterable[Mark]) -> str:
    """Marks as one cell: their words in alphabetical order, blanks between."""
    return " ".join(sorted(marks))


_Word = TypeVar("_Word", bound=StrEnum)


class _Reader:
    """One pass over the lines of a code map file, knowing where it stands."""

    def __init__(self, text: str, name: str) -> None:
        self._lines = iter(io.StringIO(text, newline=""))
        self._name = name
        self._line = 0
        self._pending: list[str] = []

    def read(self) -> CodeMap:
        head = self._head()
        remarks, self._pending = tuple(self._pending), []
        source_system = head.get("source_system", "")
        target_system = head.get("target_system", "")
        columns = self._columns()
        rows, at_line = [], []
        for line, record in self._records():
            self._line = line
            rows.append(self._row(columns, record, source_system, target_system))
            at_line.append(line)
        self._line = 1
        code_map = CodeMap(
            id=head.get("id", ""),
            title=head.get("title", ""),
            source_system=source_system,
            target_system=target_system,
            rows=tuple(rows),
            unmapped=self._word(UnmappedPolicy, head["unmapped"], "TERM-0002") if head.get("unmapped") else None,
            default=_coding(head["default"], target_system) if head.get("default") else None,
            citation=head.get("citation", ""),
            status=self._word(MapStatus, head.get("status") or "draft", "TERM-0002"),
            url=head.get("url", ""),
            version=head.get("version", ""),
            remarks=remarks,
            closing_remarks=tuple(self._pending),
        )
        problem = map_problem(code_map)
        if problem:
            index, sentence = problem
            self._line = 1 if index is None else at_line[index]
            self._refuse("TERM-0002" if index is None else "TERM-0004", sentence)
        return code_map

    def _head(self) -> dict[str, str]:
        """The `# key: value` lines; what follows them stays in `_lines`."""
        head: dict[str, str] = {}
        for line in self._lines:
            self._line += 1
            if line.startswith(REMARK):
                self._pending.append(remark_of(line))
            elif line.startswith("#"):
                key, colon, value = line[1:].partition(":")
                key = key.strip()
                if not colon or key not in HEAD_KEYS:
                    self._refuse("TERM-0002", f"The head knows {', '.join(HEAD_KEYS)}; a remark begins with {REMARK}.")
                if key in head:
                    self._refuse("TERM-0002", f"The head says {key} twice.")
                head[key] = value.strip()
            elif line.strip():
                self._lines = chain([line], self._lines)
                self._line -= 1
                break
        return head

    def _columns(self) -> list[str]:
        _, first = next(self._records(), (0, []))
        if not first:
            self._refuse("TERM-0003", "The line with the column names is missing.")
        columns = [column.strip() for column in first]
        unknown = [column for column in columns if column not in COLUMNS]
        missing = [column for column in REQUIRED_COLUMNS if column not in columns]
        if unknown:
            self._refuse("TERM-0003", f"Unknown column {unknown[0]!r}; a code map has {', '.join(COLUMNS)}.")
        if missing:
            self._refuse("TERM-0003", f"The column {missing[0]} is missing.")
        if len(set(columns)) < len(columns):
            self._refuse("TERM-0003", "A column stands there twice.")
        return columns

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """(number of its first line, cells) of each record; remarks on the way are kept in `_pending`."""
        for line in self._lines:
            self._line += 1
            if line.startswith(REMARK):
                self._pending.append(remark_of(line))
            elif line.strip():
                first = self._line
                reader = csv.reader(chain([line], self._lines), strict=True)
                try:
                    record = next(reader)
                except csv.Error as error:
                    self._refuse("TERM-0004", f"The line is not CSV ({error}).")
                self._line += reader.line_num - 1
                yield first, record

    def _row(self, columns: Sequence[str], record: Sequence[str], source_system: str, target_system: str) -> CodeMapRow:
        if len(record) != len(columns):
            self._refuse("TERM-0004", f"The row has {len(record)} cells for {len(columns)} columns.")
        cell = dict(zip(columns, record, strict=True))
        code = cell["target_code"]
        target = (
            Coding(cell.get("target_system") or target_system, code, cell.get("target_display", "")) if code else None
        )
        usual = RowStatus.MAPPED if target else RowStatus.UNMAPPED
        remarks, self._pending = tuple(self._pending), []
        return CodeMapRow(
            source=Coding(
                cell.get("source_system") or source_system, cell["source_code"], cell.get("source_display", "")
            ),
            target=target,
            relationship=self._word(Relationship, cell.get("relationship") or Relationship.EQUIVALENT, "TERM-0004"),
            status=self._word(RowStatus, cell.get("status") or usual, "TERM-0004"),
            author=cell.get("author", ""),
            approver=cell.get("approver", ""),
            comment=cell.get("comment", ""),
            sender=cell.get("sender", ""),
            remarks=remarks,
            marks=frozenset(self._word(Mark, word, "TERM-0004") for word in cell.get("marks", "").split()),
            decided=cell.get("decided", ""),
        )

    def _word(self, vocabulary: type[_Word], text: str, code: str) -> _Word:
        try:
            return vocabulary(text.strip())
        except ValueError:
            self._refuse(code, f"{text!r} is none of {', '.join(vocabulary)}.")

    def _refuse(self, code: str, sentence: str) -> NoReturn:
        raise Refused(code, f"{self._name}, line {self._line}: {sentence}", "Correct the code map.") from None


def _coding(text: str, system: str) -> Coding:
    """`code`, `system|code` or `system|code|display`."""
    parts = text.split("|", 2)
    if len(parts) == 1:
        return Coding(system, parts[0])
    return Coding(parts[0], *parts[1:])
