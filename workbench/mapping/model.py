"""A mapping package as values: the same four layers as its files (`resources/docs/help/mapping-language.md`).

Nothing here knows how a rule runs; paths and conditions are kept as the author wrote them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from workbench.terminology.code_map import CodeMap

Json = object
"""What JSON can say: None, bool, int, Decimal, str, and lists and dicts of them. Never a float."""


class Direction(StrEnum):
    """From which standard to which."""

    V2_TO_FHIR = "v2-to-fhir"
    FHIR_TO_V2 = "fhir-to-v2"
    V2_TO_V2 = "v2-to-v2"
    FHIR_TO_FHIR = "fhir-to-fhir"


class RuleStatus(StrEnum):
    """How far a rule has come in review."""

    DRAFT = "draft"
    IN_REVIEW = "in-review"
    APPROVED = "approved"
    REJECTED = "rejected"


class Repeat(StrEnum):
    """What a rule takes of a source that repeats."""

    EACH = "each"
    FIRST = "first"
    LAST = "last"
    JOIN = "join"


class Null(StrEnum):
    """What an explicit `""` does to the target."""

    OMIT = "omit"
    ABSENT_REASON = "absent-reason"


class Write(StrEnum):
    """How a resource's transaction entry treats one that is there already."""

    UPDATE = "update"
    CREATE = "create"


class Policy(StrEnum):
    """What becomes of a code without a row."""

    PRESERVE = "preserve"
    OMIT = "omit"
    ERROR = "error"
    PASSTHROUGH = "passthrough"
    DEFAULT = "default"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A policy with its text: the code of DEFAULT, the prefix of PREFIX, "" for the others."""

    policy: Policy
    text: str = ""


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard and its version: `HL7 v2`, `2.5.1`."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a package's files; 1-based."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class TransformCall:
    """A function of the closed list (`transforms.TRANSFORMS`) with its parameters."""

    name: str
    arguments: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Raise:
    """An issue a rule adds; `severity` is error, warning or information."""

    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a segment or type map; the attributes are the keys of the language.

    source    texts of `from`; several are joined
    literal   None when there is none (JSON null cannot be written)
    instance  the `as` of a rule with `make`
    status    None: the package's
    remove, after  only in overlays
    place     where the rule stands; no part of its value
    """

    id: str
    source: tuple[str, ...] = ()
    target: str = ""
    using: str = ""
    codes: str = ""
    unmapped: Unmapped | None = None
    literal: Json = None
    default: Json = None
    transform: tuple[TransformCall, ...] = ()
    when: str = ""
    repeat: Repeat = Repeat.EACH
    join: str | None = None
    preset: Mapping[str, Json] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    first_of: tuple[Rule, ...] = ()
    make: str = ""
    instance: str = ""
    identity: tuple[str, ...] = ()
    write: Write = Write.UPDATE
    reference: str = ""
    null: Null = Null.OMIT
    accounts_for: tuple[str, ...] = ()
    raises: Raise | None = None
    status: RuleStatus | None = None
    cite: str = ""
    note: str = ""
    enabled: bool = True
    remove: bool = False
    after: str = ""
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def children(self) -> tuple[Rule, ...]:
        return self.rules or self.first_of

    def with_children(self, children: tuple[Rule, ...]) -> Rule:
        """The same rule with others below it, in the same kind of block."""
        return replace(self, first_of=children) if self.first_of else replace(self, rules=children)

    def walk(self) -> Iterator[Rule]:
        """This rule and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class LedgerRule:
    """An `ignore` or `keep` rule: what covers values that no rule mapped.

    source  patterns: `PID-1`, `CX.2`, `Z*`
    on      of a keep rule: the name of the instance that carries the values
    by      who decided
    """

    id: str
    source: tuple[str, ...]
    reason: str
    by: str = ""
    when: str = ""
    on: str = ""
    place: Place | None = field(default=None, compare=False, repr=False)


class MapKind(StrEnum):
    """The folders whose maps hold rules."""

    SEGMENT = "segments"
    TYPE = "types"


@dataclass(frozen=True, slots=True)
class RuleMap:
    """A segment map or a type map: `source` is a segment or data type, `target` a resource or data type."""

    kind: MapKind
    name: str
    source: str
    target: str
    rules: tuple[Rule, ...] = ()
    ignore: tuple[LedgerRule, ...] = ()
    keep: tuple[LedgerRule, ...] = ()
    title: str = ""
    cite: str = ""
    note: str = ""
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def covers(self) -> bool:
        """True when ignore or keep rules stand in it, so that it matters which values it was given."""
        return bool(self.ignore or self.keep)

    def walk(self) -> Iterator[Rule]:
        """All rules, those inside blocks included, in order."""
        for rule in self.rules:
            yield from rule.walk()

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.walk() if rule.id == rule_id), None)


@dataclass(frozen=True, slots=True)
class Group:
    """How the repetitions of a segment group are found; `holds` None: every segment that follows."""

    name: str
    starts: tuple[str, ...]
    within: str = ""
    holds: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a message map. Exactly one of `make`, `fill`, `group` and `raises` is given.

    within  the row for each of whose results this one runs
    group   the name of a group that holds what the rows within it make
    """

    id: str
    source: str
    within: str = ""
    make: str = ""
    fill: str = ""
    group: str = ""
    instance: str = ""
    using: tuple[str, ...] = ()
    when: str = ""
    follows: str = ""
    each: str = ""
    identity: tuple[str, ...] = ()
    write: Write = Write.UPDATE
    link: Mapping[str, str] = field(default_factory=dict)
    raises: Raise | None = None
    status: RuleStatus | None = None
    cite: str = ""
    note: str = ""
    enabled: bool = True
    remove: bool = False
    after: str = ""
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name of the instances it makes."""
        return self.instance or self.id


@dataclass(frozen=True, slots=True)
class MessageMap:
    """What the segments of one kind of message make.

    triggers    `ADT^A01`, `ADT^*`, `*`; over FHIR also resource types; a map without any is there to be included
    structures  values of MSH-9.3
    when        over FHIR: the condition under which a resource of such a type gets this message
    """

    name: str
    triggers: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()
    when: str = ""
    include: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    rows: tuple[Row, ...] = ()
    ignore: tuple[LedgerRule, ...] = ()
    keep: tuple[LedgerRule, ...] = ()
    title: str = ""
    cite: str = ""
    note: str = ""
    place: Place | None = field(default=None, compare=False, repr=False)

    def row(self, row_id: str) -> Row | None:
        return next((row for row in self.rows if row.id == row_id), None)


class Resolve(StrEnum):
    """What becomes of a change that the record contradicts.

    review  it is left out of the transaction and reported, the rest of the message goes on
    refuse  nothing of the message is written
    apply   it is written, and reported
    """

    REVIEW = "review"
    REFUSE = "refuse"
    APPLY = "apply"


class Silence(StrEnum):
    """What the record keeps of an element that a message says nothing of."""

    KEEP = "keep"
    REPLACE = "replace"


class SegmentMode(StrEnum):
    """How the repetitions of a segment change a record (HL7 v2.5.1, 2.10.4)."""

    EACH = "each"
    SNAPSHOT = "snapshot"
    ACTION_CODE = "action-code"


class Removal(StrEnum):
    """What becomes of resources that a snapshot no longer has."""

    REVIEW = "review"
    END = "end"


@dataclass(frozen=True, slots=True)
class Updates:
    """How messages change a record that is there; "" and None leave the word to the base, and then to what is usual.

    time       sources by which the time of the event is told
    late       a message older than the one that wrote a resource last
    backward   a status that goes back, such as from final to preliminary
    merged     a message for a number that was merged away
    silence    elements that a message says nothing of
    missing    what a snapshot no longer has
    emptied    a snapshot that says `""` for all there is
    repeating  segment → mode; those that are not named stand each for itself
    place      where it stands; no part of its value
    """

    time: tuple[str, ...] = ()
    late: Resolve | None = None
    backward: Resolve | None = None
    merged: Resolve | None = None
    silence: Silence | None = None
    missing: Removal | None = None
    emptied: Removal | None = None
    repeating: Mapping[str, SegmentMode] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Header:
    """The content of package.yaml.

    copy  from v2 to v2 and from FHIR to FHIR: what no rule takes goes over as it stands
    """

    id: str
    version: str
    title: str = ""
    owner: str = ""
    direction: Direction = Direction.V2_TO_FHIR
    source: Standard = Standard("HL7 v2", "2.5.1")
    target: Standard = Standard("FHIR", "4.0.1")
    status: RuleStatus = RuleStatus.DRAFT
    extends: str = ""
    unmapped: Unmapped = Unmapped(Policy.PRESERVE)
    copy: bool = True
    time_zone: str = ""
    sender: str = "MSH-3 | MSH-4"
    identity: str = ""
    extensions: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[LedgerRule, ...] = ()
    keep: tuple[LedgerRule, ...] = ()
    engines: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    truth: Mapping[str, str] = field(default_factory=dict)
    updates: Updates = Updates()
    note: str = ""

    @property
    def name_space(self) -> str:
        """From which all ids of the package's resources are made."""
        return self.identity or self.id


@dataclass(frozen=True, slots=True)
class Package:
    """A mapping package: what its own files say, which is what editors change and save.

    folder  where it was read from, None for one that was never saved
    base    the package it extends; `overlay.effective` lays this one over it
    texts   of its files as they were read, by name: where comments and layout are taken from
    layout  of those that were edited as text since, which wins over `texts`; a comment is a change, too
    """

    header: Header
    messages: Mapping[str, MessageMap] = field(default_factory=dict)
    segments: Mapping[str, RuleMap] = field(default_factory=dict)
    types: Mapping[str, RuleMap] = field(default_factory=dict)
    codes: Mapping[str, CodeMap] = field(default_factory=dict)
    folder: Path | None = field(default=None, compare=False)
    base: Package | None = field(default=None, repr=False)
    texts: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    layout: Mapping[str, str] = field(default_factory=dict, repr=False)

    def rule_maps(self) -> Iterator[RuleMap]:
        """Segment maps, then type maps, by name."""
        for name in sorted(self.segments):
            yield self.segments[name]
        for name in sorted(self.types):
            yield self.types[name]

    def rule_map(self, name: str) -> RuleMap | None:
        return self.segments.get(name) or self.types.get(name)

    def status_of(self, rule: Rule | Row) -> RuleStatus:
        """The rule's own status, else the package's."""
        return rule.status or self.header.status
