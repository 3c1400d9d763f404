"""Comparing messages and whole captures: which are the same, which differ and where, which stand on one side only.

A capture is first reduced to sixteen bytes a message (a hash of its key and one of what it says), so that millions fit
into memory; only messages whose hashes differ are read again and compared field by field.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, overload

import msgspec

from workbench.app.batch import in_batches
from workbench.app.documents import Document, document_at, read_document
from workbench.app.pieces import in_pieces, read_messages
from workbench.app.tables import Column, Table
from workbench.fhir.json_tree import FhirDocument
from workbench.fhir.path import FhirPath
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, MessageFormat
from workbench.messages.sections import Section
from workbench.suites.semantic_diff import Change, diff
from workbench.v2 import compare as v2_compare
from workbench.v2.compare import CompareOptions, IgnoreRule, Outcome, Row
from workbench.v2.er7 import Message
from workbench.v2.path import V2Path

if TYPE_CHECKING:
    import pandas as pd

CONTROL_ID = ("MSH-10",)
_NO_KEY = 0
_FHIR_PATH = re.compile(r"\*\*?\.|[A-Z][A-Za-z]*[a-z][A-Za-z]*(?:\.|$)")
_canonical = msgspec.json.Encoder(order="sorted", decimal_format="string").encode


@dataclass(frozen=True, slots=True)
class ComparePlan:
    """What is compared with what.

    key      paths whose values together say which messages belong together: v2 paths for v2 messages, element
             paths (`Patient.id`) for FHIR; a FHIR message is known by its `id` when no path of its kind is named
    ignore   places that may differ, in the notation of each standard
    exact    trailing empty fields and white space count
    """

    key: tuple[str, ...] = CONTROL_ID
    ignore: tuple[str, ...] = ()
    exact: bool = False

    @property
    def v2_options(self) -> CompareOptions:
        """raises Refused V2-0006: an ignored place is of neither notation"""
        return CompareOptions(tuple(IgnoreRule.parse(text) for text in self.ignore if not _is_fhir(text)), self.exact)

    @property
    def fhir_ignore(self) -> tuple[str, ...]:
        return tuple(text for text in self.ignore if _is_fhir(text))


class Pair(NamedTuple):
    """Numbers of two messages that belong together."""

    left: int
    right: int


class PairList(Sequence[Pair]):
    """Many pairs in sixteen bytes each."""

    __slots__ = ("_left", "_right")

    def __init__(self) -> None:
        self._left, self._right = array("Q"), array("Q")

    def append(self, left: int, right: int) -> None:
        self._left.append(left)
        self._right.append(right)

    def __len__(self) -> int:
        return len(self._left)

    @overload
    def __getitem__(self, place: int) -> Pair: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Pair]: ...

    def __getitem__(self, place: int | slice) -> Pair | Sequence[Pair]:
        if isinstance(place, slice):
            return [Pair(*pair) for pair in zip(self._left[place], self._right[place], strict=True)]
        return Pair(self._left[place], self._right[place])


class DifferentPair(NamedTuple):
    """Two messages with the same key that say different things.

    fields  each place that differs, with how: (`PID-5`, CHANGED); FHIR paths without indexes
    """

    left: int
    right: int
    fields: tuple[tuple[str, Outcome], ...]


@dataclass(slots=True)
class FieldDifference:
    """In how many pairs of messages a field differs, and how."""

    field: str
    changed: int = 0
    only_left: int = 0
    only_right: int = 0

    @property
    def pairs(self) -> int:
        return self.changed + self.only_left + self.only_right


@dataclass(slots=True)
class CaptureComparison:
    """What two captures have in common. Numbers are those of messages in their captures, ascending.

    without_key  how many messages of `only_left` and `only_right` say nothing at the key
    unreadable   how many messages on both sides could not be read; they are compared by their bytes
    """

    same: PairList = field(default_factory=lambda: PairList())
    different: list[DifferentPair] = field(default_factory=list)
    only_left: array[int] = field(default_factory=lambda: array("Q"))
    only_right: array[int] = field(default_factory=lambda: array("Q"))
    without_key: int = 0
    unreadable: int = 0

    def fields(self) -> list[FieldDifference]:
        """The fields that differ, the most frequent first."""
        found: dict[str, FieldDifference] = {}
        for pair in self.different:
            for name, outcome in pair.fields:
                count = found.setdefault(name, FieldDifference(name))
                if outcome is Outcome.CHANGED:
                    count.changed += 1
                elif outcome is Outcome.LEFT:
                    count.only_left += 1
                else:
                    count.only_right += 1
        return sorted(found.values(), key=lambda count: (-count.pairs, count.field))


def field_table(result: CaptureComparison) -> Table:
    """The fields that differ, for people's other programs; names of fields and counts, no values."""
    columns = tuple(map(Column, ("field", "pairs", "changed", "only_left", "only_right")))
    rows = ((line.field, line.pairs, line.changed, line.only_left, line.only_right) for line in result.fields())
    return Table("fields that differ", columns, tuple(rows))


def compare_messages(
    left: Document, right: Document, plan: ComparePlan | None = None
) -> tuple[Row, ...] | tuple[Change, ...]:
    """Two messages of one kind side by side: rows for v2, changes for FHIR.

    raises  Refused APP-0007: one is v2 and the other FHIR; V2-0006: an ignored place is not understood
    """
    plan = plan or ComparePlan()
    if isinstance(left, Message) and isinstance(right, Message):
        return v2_compare.compare(left, right, plan.v2_options)
    if isinstance(left, FhirDocument) and isinstance(right, FhirDocument):
        return diff(left.value, right.value, plan.fhir_ignore).changes
    raise Refused(
        "APP-0007",
        "One message is HL7 v2 and the other FHIR; they have no fields in common.",
        "Compare them in the clinical review, which reads both into one record.",
    )


def compare_captures(
    left: Capture, right: Capture, plan: ComparePlan, ctx: JobContext, workers: int | None = None
) -> CaptureComparison:
    """Compare all messages of two captures by key. Several messages of one key are paired in their order.

    raises  Refused V2-0002, V2-0006, FHIR-0010: a path of the plan is not understood; Cancelled
    """
    _require_plan(plan)
    result = CaptureComparison()
    pairs = _matched(_digests(left, plan, ctx, workers), _digests(right, plan, ctx, workers), result)
    alike: dict[tuple[tuple[str, Outcome], ...], tuple[tuple[str, Outcome], ...]] = {}
    for pair in compare_pairs(left, right, pairs, plan, ctx, workers):
        if pair.fields:  # what differs is the same in many pairs, and is kept once
            result.different.append(pair._replace(fields=alike.setdefault(pair.fields, pair.fields)))
        else:
            result.same.append(pair.left, pair.right)
    return result


def compare_pairs(
    left: Capture,
    right: Capture,
    pairs: Sequence[Pair],
    plan: ComparePlan,
    ctx: JobContext,
    workers: int | None = None,
) -> Iterator[DifferentPair]:
    """The fields in which each pair differs, in order; none when ignore rules or white space explain it all."""
    tasks = (
        _PairTask(
            pair,
            (left.raw(pair.left), right.raw(pair.right)),
            (left.format_of(pair.left), right.format_of(pair.right)),
            (left.encoding_of(pair.left), right.encoding_of(pair.right)),
        )
        for pair in pairs
    )
    work = partial(_compare_chunk, plan)
    yield from in_batches(
        work, tasks, len(pairs), ctx, workers, "comparing", weight=lambda task: sum(map(len, task.raws))
    )


def changes_of(left: Capture, right: Capture, pair: Pair, plan: ComparePlan) -> tuple[Row, ...] | tuple[Change, ...]:
    """One pair in full, for a side-by-side view; raises as `compare_messages` and reading do."""
    return compare_messages(document_at(left, pair.left), document_at(right, pair.right), plan)


class _PairTask(NamedTuple):
    pair: Pair
    raws: tuple[bytes, bytes]
    formats: tuple[MessageFormat, MessageFormat]
    encodings: tuple[str, str]


@dataclass(slots=True)
class _Digests:
    """Two hashes for each message of a capture, in order; a key of 0 says that the message has none."""

    keys: array[int] = field(default_factory=lambda: array("Q"))
    contents: array[int] = field(default_factory=lambda: array("Q"))
    unreadable: int = 0


def _require_plan(plan: ComparePlan) -> None:
    plan.v2_options  # noqa: B018 - reads every place, so that a wrong one is refused before any work
    for text in plan.key:
        _ = FhirPath.parse(text) if _is_fhir(text) else V2Path.parse(text)


def _digests(capture: Capture, plan: ComparePlan, ctx: JobContext, workers: int | None) -> _Digests:
    found = _Digests()
    for _, part in in_pieces(partial(_digest_piece, plan), capture, ctx, workers, "reading"):
        found.keys += part.keys
        found.contents += part.contents
        found.unreadable += part.unreadable
    return found


def _digest_piece(plan: ComparePlan, piece: Section) -> _Digests:
    found, options = _Digests(), plan.v2_options
    for _, raw, document in read_messages(piece):
        if isinstance(document, Refused):
            found.unreadable += 1
            found.keys.append(_NO_KEY)
            found.contents.append(_hash(raw))
            continue
        key = _key_of(document, plan.key)
        found.keys.append(_hash(key.encode("utf-8", "surrogatepass")) if key else _NO_KEY)
        found.contents.append(_content(document, options))
    return found


def _content(document: Document, options: CompareOptions) -> int:
    """A hash that is equal for messages that say the same."""
    if isinstance(document, FhirDocument):
        return _hash(_canonical(document.value))
    meant = [v2_compare.meaning(segment, options) for segment in document.segments]
    return _hash(repr([fields for fields in meant if fields != ("",)]).encode("utf-8", "surrogatepass"))


def _hash(data: bytes) -> int:
    """1 to 2**64 - 1; two of a million different texts are equal once in 37 million runs."""
    return int.from_bytes(blake2b(data, digest_size=8).digest()) or 1


def _key_of(document: Document, paths: tuple[str, ...]) -> str:
    """The values at the key, "" when there is none at all."""
    if isinstance(document, Message):
        values = [document.value(path) for path in paths if not _is_fhir(path)]
    else:
        wanted = [path for path in paths if _is_fhir(path)]
        values = [_fhir_value(document, path) for path in wanted or ("id",)]
    return "\x1f".join(values) if any(values) else ""


def _fhir_value(document: FhirDocument, path: str) -> str:
    if path == "id":
        found: list[object] = [document.value.get("id", "")]
    else:
        found = FhirPath.parse(path).values(document.value)
    return "\x1f".join(str(value) for value in found if not isinstance(value, dict | list))


def _matched(left: _Digests, right: _Digests, result: CaptureComparison) -> list[Pair]:
    """Pairs that have to be looked at; what is equal or alone goes into the result at once."""
    result.unreadable = left.unreadable + right.unreadable
    result.without_key = sum(keys.count(_NO_KEY) for keys in (left.keys, right.keys))
    joined = _keyed(left).merge(_keyed(right), on=["key", "place"], suffixes=("_left", "_right"))
    joined = joined.sort_values("number_left")
    equal = joined["content_left"] == joined["content_right"]
    for number_left, number_right in zip(joined["number_left"][equal], joined["number_right"][equal], strict=True):
        result.same.append(number_left, number_right)
    result.only_left = _alone(len(left.keys), joined["number_left"])
    result.only_right = _alone(len(right.keys), joined["number_right"])
    doubtful = zip(joined["number_left"][~equal], joined["number_right"][~equal], strict=True)
    return [Pair(int(number_left), int(number_right)) for number_left, number_right in doubtful]


def _keyed(digests: _Digests) -> pd.DataFrame:
    """Messages that have a key, with their place among those of the same key."""
    import numpy as np  # here and below: worker processes never come here, and loading pandas takes them a second
    import pandas as pd

    table = pd.DataFrame(
        {
            "number": np.arange(len(digests.keys), dtype=np.uint64),
            "key": np.frombuffer(digests.keys, dtype=np.uint64),
            "content": np.frombuffer(digests.contents, dtype=np.uint64),
        }
    )
    table = table[table["key"] != _NO_KEY]
    return table.assign(place=table.groupby("key", sort=False).cumcount())


def _alone(count: int, paired: pd.Series[int]) -> array[int]:
    import numpy as np

    alone = np.ones(count, dtype=bool)
    alone[paired.to_numpy()] = False
    return array("Q", np.flatnonzero(alone).astype(np.uint64).tobytes())


def _compare_chunk(plan: ComparePlan, tasks: Sequence[_PairTask]) -> list[DifferentPair]:
    return [DifferentPair(*task.pair, _fields(plan, task)) for task in tasks]


def _fields(plan: ComparePlan, task: _PairTask) -> tuple[tuple[str, Outcome], ...]:
    left, right = map(read_document, task.raws, task.formats, task.encodings)
    if isinstance(left, Message) and isinstance(right, Message):
        rows = v2_compare.differences(left, right, plan.v2_options)
        return tuple(dict.fromkeys((v2_compare.field_of(row.path), row.outcome) for row in rows))
    if isinstance(left, FhirDocument) and isinstance(right, FhirDocument):
        changes = diff(left.value, right.value, plan.fhir_ignore).changes
        return tuple(dict.fromkeys((_plain(change.path), _OUTCOMES[change.kind.value]) for change in changes))
    return (("format", Outcome.CHANGED),)


_OUTCOMES = {"added": Outcome.RIGHT, "removed": Outcome.LEFT, "changed": Outcome.CHANGED}


def _plain(path: str) -> str:
    """An element path without indexes."""
    return "".join(piece.partition("]")[2] if n else piece for n, piece in enumerate(path.split("[")))


def _is_fhir(text: str) -> bool:
    """True for element paths: they begin with a resource's name or a wildcard step, v2 segments are three capitals."""
    return text == "id" or _FHIR_PATH.match(text) is not None
