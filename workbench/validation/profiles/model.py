"""What a conformance profile says, whatever file it was read from.

A profile is a tree of groups and segments; segments and data types are named flavours (`PID_IZ`), so that the same
segment may be constrained differently in different places. Values only; nothing here judges a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workbench.validation.profiles.expressions import ITSELF, Expression, ProfilePath


class Usage(StrEnum):
    """What a profile demands of an element (HL7 v2.7 2.B.7.3)."""

    R = "R"
    RE = "RE"
    C = "C"
    X = "X"
    W = "W"
    B = "B"
    O = "O"  # noqa: E741 - the standard's own letter


@dataclass(frozen=True, slots=True)
class Cardinality:
    """How often; `most` None is unlimited."""

    least: int = 0
    most: int | None = 1

    def __str__(self) -> str:
        return f"{self.least}..{'*' if self.most is None else self.most}"


@dataclass(frozen=True, slots=True)
class Length:
    """Characters of the unescaped value.

    stated       the profile gave a length at all; False is a defect of the profile where `strict` readers ask for one
    conformance  `20#` may be cut by the receiver, `20=` must not; "" when none is given (HL7 v2.7 2.B.7.8)
    """

    least: int | None = None
    most: int | None = None
    conformance: str = ""
    stated: bool = True


class Strength(StrEnum):
    """How binding a value set is."""

    REQUIRED = "R"
    SUGGESTED = "S"
    UNDETERMINED = "U"


@dataclass(frozen=True, slots=True)
class CodeLocation:
    """Where a code stands in a bound element, and where its code system; None when there is no system."""

    code: ProfilePath = ITSELF
    system: ProfilePath | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """An element takes its code from these sets, at one of these places; no places: the usual ones of its type."""

    sets: tuple[str, ...]
    strength: Strength | None = Strength.REQUIRED
    locations: tuple[CodeLocation, ...] = ()


@dataclass(frozen=True, slots=True)
class SingleCode:
    """An element holds exactly this code."""

    code: str
    system: str
    locations: tuple[CodeLocation, ...] = ()


@dataclass(frozen=True, slots=True)
class Element:
    """A field of a segment, or a component of a data type.

    data_type  id of a flavour in `Profile.data_types`
    when       usage when the predicate holds and when it does not, where the profile itself says so (`C(R/X)`)
    """

    name: str
    usage: Usage
    data_type: str
    cardinality: Cardinality = Cardinality()
    length: Length = Length()
    constant: str = ""
    bindings: tuple[Binding, ...] = ()
    single_codes: tuple[SingleCode, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class DataType:
    """A flavour of a data type; `name` is that of the standard. A primitive has no components."""

    id: str
    name: str
    title: str = ""
    components: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class DynamicCase:
    """A data type that OBX-5 has for a value of OBX-2, and for one of OBX-3.1 when `second` is given."""

    value: str
    data_type: str
    second: str = ""


@dataclass(frozen=True, slots=True)
class DynamicMapping:
    """Which field's type depends on which others (OBX-5 on OBX-2, perhaps on OBX-3.1)."""

    position: int
    reference: ProfilePath
    second_reference: ProfilePath | None
    cases: tuple[DynamicCase, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A flavour of a segment; `name` is the three letters of the standard."""

    id: str
    name: str
    title: str = ""
    fields: tuple[Element, ...] = ()
    dynamic: tuple[DynamicMapping, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A segment at its place in the message; `ref` is the id of its flavour."""

    ref: str
    name: str
    usage: Usage = Usage.O
    cardinality: Cardinality = Cardinality()


@dataclass(frozen=True, slots=True)
class GroupUse:
    """A group at its place in the message."""

    id: str
    name: str
    members: tuple[Member, ...]
    usage: Usage = Usage.O
    cardinality: Cardinality = Cardinality(0, None)


Member = SegmentUse | GroupUse


class Scope(StrEnum):
    """What a statement is attached to."""

    DATA_TYPE = "datatype"
    SEGMENT = "segment"
    GROUP = "group"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Context:
    """Which elements a statement is attached to: those of a flavour or group with this id, or with this name."""

    scope: Scope
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A conformance statement; `target` is where its finding is told, `strict` False for SHOULD."""

    id: str
    context: Context
    target: ProfilePath
    text: str
    test: Expression
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Predicate:
    """The usage of a conditional element."""

    id: str
    context: Context
    target: ProfilePath
    text: str
    test: Expression
    when_true: Usage
    when_false: Usage


@dataclass(frozen=True, slots=True)
class ContextBinding:
    """A binding or a single code that is attached to an element by its path."""

    context: Context
    target: ProfilePath
    binding: Binding | SingleCode


class CodeUsage(StrEnum):
    """What a value set says of one of its codes."""

    REQUIRED = "R"
    PERMITTED = "P"
    EXCLUDED = "E"


@dataclass(frozen=True, slots=True)
class Code:
    """One code; `pattern` stands for all codes that fit it; `count` is how often a learnt one was seen."""

    value: str
    system: str = ""
    display: str = ""
    usage: CodeUsage = CodeUsage.REQUIRED
    pattern: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class ValueSet:
    """closed    no other codes are allowed; False when the set is open or does not say
    excluded  the site has taken the set out of validation"""

    id: str
    name: str = ""
    codes: tuple[Code, ...] = ()
    closed: bool = False
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class CellText:
    """A cell of a co-constraint table: the value at a path."""

    path: ProfilePath
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class CellCode:
    """A cell of a co-constraint table: a code at one of some places."""

    path: ProfilePath
    label: str
    code: str
    system: str
    locations: tuple[CodeLocation, ...]


@dataclass(frozen=True, slots=True)
class CellSet:
    """A cell of a co-constraint table: a code of value sets."""

    path: ProfilePath
    label: str
    binding: Binding


Cell = CellText | CellCode | CellSet


@dataclass(frozen=True, slots=True)
class Row:
    """One co-constraint: a segment that fits the selectors fits the constraints, and there are so many of them."""

    selectors: tuple[Cell, ...]
    constraints: tuple[Cell, ...]
    usage: Usage
    cardinality: Cardinality


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows that belong together by their group id; the primary one tells that the group is there."""

    name: str
    primary: Row
    rows: tuple[Row, ...]
    usage: Usage
    cardinality: Cardinality


@dataclass(frozen=True, slots=True)
class CoConstraints:
    """A table for the segments at `segment` below each element at `context` of a message.

    condition  the table counts only where this holds
    group_ids  fields that tell groups apart (OBX-4), most telling first
    """

    context: ProfilePath
    segment: ProfilePath
    segment_name: str
    rows: tuple[Row, ...] = ()
    groups: tuple[RowGroup, ...] = ()
    condition: Expression | None = None
    condition_text: str = ""
    group_ids: tuple[ProfilePath, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """One flavour among several: taken by the instance's number or by what holds in it."""

    ref: str
    occurrence: int = 0
    test: Expression | None = None


@dataclass(frozen=True, slots=True)
class Slicing:
    """A member of a group, or a field of a segment, whose instances have different flavours.

    context  id of the group or message, or of the segment flavour
    """

    scope: Scope
    context: str
    position: int
    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with the profile itself, found while reading: where, and one sentence."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class MessageProfile:
    """One message: MSH-9 and what it is made of."""

    id: str
    name: str
    message_code: str
    trigger_event: str
    structure_id: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A conformance profile.

    strict_lengths  elements without a length are told as a defect of the profile (NIST/IGAMT does)
    severities      severity by rule id, where the site wants another one; `off` for rules it does not want to hear of
    """

    id: str
    title: str
    version: str
    messages: tuple[MessageProfile, ...]
    segments: Mapping[str, Segment]
    data_types: Mapping[str, DataType]
    statements: tuple[Statement, ...] = ()
    predicates: tuple[Predicate, ...] = ()
    value_sets: Mapping[str, ValueSet] = field(default_factory=dict)
    bindings: tuple[ContextBinding, ...] = ()
    co_constraints: Mapping[str, tuple[CoConstraints, ...]] = field(default_factory=dict)
    slicings: tuple[Slicing, ...] = ()
    defects: tuple[Defect, ...] = ()
    strict_lengths: bool = False
    severities: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    def message_for(self, message_code: str, trigger_event: str, structure_id: str) -> MessageProfile | None:
        """The profile of a message; the only one there is when none fits, so that a wrong MSH-9 is reported too."""
        for wanted in ((message_code, trigger_event), (message_code, None)):
            for message in self.messages:
                if message.message_code == wanted[0] and wanted[1] in (None, message.trigger_event):
                    return message
        for message in self.messages:
            if structure_id and message.structure_id == structure_id:
                return message
        return self.messages[0] if len(self.messages) == 1 else None
