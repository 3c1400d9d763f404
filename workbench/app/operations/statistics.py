"""What a capture holds, as tables: types over time, population of fields, codes, lengths, shapes, what is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from workbench.app.pieces import in_pieces, read_messages
from workbench.app.tables import Cell, Column, Table
from workbench.fhir.facts import note_document
from workbench.fhir.json_tree import FhirDocument
from workbench.fhir.path import FhirPath
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.messages.sections import Section
from workbench.messages.tally import FieldTally, Tally, Value, covering_messages
from workbench.v2.dictionary import Dictionary, dictionary
from workbench.v2.facts import note_message
from workbench.v2.path import V2Path
from workbench.v2.phi import is_phi

_DAYS_BY_HOUR, _DAYS_BY_DAY = 3, 120
_FHIR = "FHIR"


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts so far: a running total that only grows until `done` is `total`."""

    tally: Tally
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Places whose values are counted although they are no codes."""

    v2: tuple[V2Path, ...] = ()
    fhir: tuple[FhirPath, ...] = ()

    @classmethod
    def parse(cls, paths: Sequence[str]) -> Chosen:
        """raises Refused FHIR-0010: neither a v2 path nor an element path"""
        v2 = tuple(found for path in paths if (found := V2Path.read(path)) is not None)
        return cls(v2, tuple(FhirPath.parse(path) for path in paths if V2Path.read(path) is None))


def count_messages(
    capture: Capture, ctx: JobContext, chosen: Chosen | None = None, workers: int | None = None
) -> Iterator[Counted]:
    """Count all messages in worker processes; each step yields the same growing tally.

    raises  Cancelled
    """
    tally, done = Tally(), 0
    yield Counted(tally, 0, len(capture))
    for piece, part in in_pieces(partial(_count_piece, chosen or Chosen()), capture, ctx, workers, "counting"):
        tally.merge(part)
        done += len(piece)
        yield Counted(tally, done, len(capture))


def count_all(capture: Capture, ctx: JobContext, chosen: Chosen | None = None, workers: int | None = None) -> Tally:
    """`count_messages` to its end."""
    *_, last = count_messages(capture, ctx, chosen, workers)
    return last.tally


def _count_piece(chosen: Chosen, piece: Section) -> Tally:
    tally = Tally()
    for number, _, document in read_messages(piece):
        if isinstance(document, Refused):
            tally.unreadable += 1
        elif isinstance(document, FhirDocument):
            note_document(tally, document, number, chosen.fhir)
        else:
            note_message(tally, document, number, chosen.v2)
    return tally


def types_over_time(tally: Tally) -> Table:
    """Messages by type and period; the period is an hour, a day or a month, whichever suits the span of time."""
    import pandas as pd  # here, because worker processes never come here

    rows = [(kind or "no type", time[:10], count) for (kind, time), count in tally.types.items()]
    frame = pd.DataFrame(rows, columns=["type", "time", "messages"])
    if frame.empty:
        return Table("types", (Column("type"), Column("messages")), ())
    moments = pd.to_datetime(frame["time"].str.slice(0, 8), format="%Y%m%d", errors="coerce")
    span = (moments.max() - moments.min()).days if moments.notna().any() else 0
    width = 10 if span <= _DAYS_BY_HOUR else 8 if span <= _DAYS_BY_DAY else 6
    frame["period"] = frame["time"].str.slice(0, width).map(_period)
    wide = frame.pivot_table(index="type", columns="period", values="messages", aggfunc="sum", fill_value=0)
    wide.insert(0, "messages", wide.sum(axis=1))
    wide = wide.sort_values("messages", ascending=False, kind="stable")
    columns = (Column("type"), *(Column(str(name)) for name in wide.columns))
    return Table("types", columns, tuple((str(kind), *map(int, row)) for kind, *row in wide.itertuples()))


def field_population(tally: Tally) -> Table:
    """How often each field is populated, how long it is, how often it repeats."""
    known = _dictionary(tally)
    columns = (
        "field", "name", "type", "messages", "segments", "share", "repetitions", "most_repetitions",
        "shortest", "mean_length", "longest", "nulls", "distinct",
    )  # fmt: skip
    rows = tuple(
        (
            _label(part, label),
            *_named(part, label, known),
            counts.messages,
            counts.parts,
            round(counts.parts / tally.parts[part], 4),
            counts.repetitions,
            counts.most_repetitions,
            counts.shortest,
            round(counts.characters / counts.repetitions, 1) if counts.repetitions else 0,
            counts.longest,
            counts.nulls,
            _distinct(counts),
        )
        for part, label, counts in _fields(tally)
    )
    return Table("fields", tuple(map(Column, columns)), rows)


def code_frequencies(tally: Tally) -> Table:
    """Every counted value with its system, how often it came and in which message first."""
    known = _dictionary(tally)
    rows: list[tuple[Cell, ...]] = []
    open_rows = set[int]()
    for part, label, counts in _fields(tally):
        name = _label(part, label)
        hidden = _hides(name, known) and not _is_coded_result(part, label, known)
        _value_rows(rows, open_rows, name, counts, hidden)
    for path, counts in tally.chosen.items():
        _value_rows(rows, open_rows, path, counts, _hides(path, known))
    columns = (
        Column("field"),
        Column("value", identifying=True),
        Column("system"),
        Column("display", identifying=True),
        Column("count"),
        Column("share"),
        Column("first_message"),
    )
    return Table("codes", columns, tuple(rows), frozenset(open_rows))


def shape_table(tally: Tally) -> Table:
    """Which fields stand together, how often, and in which message first."""
    found = sorted(tally.shapes.items(), key=lambda item: (item[0].part, -item[1].count, item[0].content))
    rows = tuple((shape.part or "message", shape.content, seen.count, seen.first) for shape, seen in found)
    columns = (Column("part"), Column("shape"), Column("messages"), Column("first_message"))
    return Table("shapes", columns, rows)


def smallest_set(tally: Tally) -> list[int]:
    """Numbers of few messages that together show every shape of the capture."""
    return covering_messages(tally.combinations)


def new_values(before: Tally, after: Tally) -> Table:
    """Values of coded fields and chosen paths that the second capture has and the first one has not."""
    known = _dictionary(after)
    rows: list[tuple[Cell, ...]] = []
    open_rows = set[int]()
    old = {_label(part, label): counts.values for part, label, counts in _fields(before)}
    old |= {path: counts.values for path, counts in before.chosen.items()}
    listed = [(_label(part, label), counts, False) for part, label, counts in _fields(after)]
    listed += [(path, counts, _hides(path, known)) for path, counts in after.chosen.items()]
    for name, counts, hidden in listed:
        fresh = {value: seen for value, seen in counts.values.items() if value not in old.get(name, {})}
        _value_rows(rows, open_rows, name, FieldTally(repetitions=counts.repetitions, values=fresh), hidden)
    return Table("new values", code_frequencies(Tally()).columns, tuple(rows), frozenset(open_rows))


def _value_rows(rows: list[tuple[Cell, ...]], open_rows: set[int], name: str, counts: FieldTally, hidden: bool) -> None:
    ordered: list[tuple[Value, int, str, int | None]] = [
        (value, seen.count, seen.display, seen.first) for value, seen in counts.values.items()
    ]
    ordered.sort(key=lambda row: (-row[1], row[0]))
    if counts.others:
        ordered.append((Value("(further values)"), counts.others, "", None))
    for value, count, display, first in ordered:
        if not hidden or first is None:
            open_rows.add(len(rows))
        share = round(count / counts.repetitions, 4) if counts.repetitions else 0
        rows.append((name, value.text, value.system, display, count, share, first))


def _period(digits: str) -> str:
    """`2024-01-02 03`, as far as it is stated; words for messages without a time."""
    if not digits:
        return "no time"
    day = "-".join(filter(None, (digits[:4], digits[4:6], digits[6:8])))
    return f"{day} {digits[8:10]}" if len(digits) > 8 else day


def _fields(tally: Tally) -> Iterator[tuple[str, str, FieldTally]]:
    for part in sorted(tally.fields):
        fields = tally.fields[part]
        for label in sorted(fields, key=lambda name: (int(name), "") if name.isdigit() else (0, name)):
            yield part, label, fields[label]


def _label(part: str, label: str) -> str:
    return f"{part}-{label}" if label.isdigit() else f"{part}.{label}"


def _named(part: str, label: str, known: Dictionary) -> tuple[str, str]:
    definition = known.field(part, int(label)) if label.isdigit() else None
    return (definition.name, definition.data_type) if definition else ("", "")


def _hides(path: str, known: Dictionary) -> bool:
    """True when the values at a chosen path may say who somebody is; every FHIR path may."""
    place = V2Path.read(path)
    if place is None or not place.field:
        return True
    definition = known.field(place.segment, place.field)
    return is_phi(place.segment, place.field, place.component, definition.data_type if definition else "")


def _is_coded_result(part: str, label: str, known: Dictionary) -> bool:
    """True for FHIR codes and for fields like OBX-5, of which only codes are counted."""
    return not label.isdigit() or _named(part, label, known)[1].lower() == "varies"


def _distinct(counts: FieldTally) -> Cell:
    """How many different values; nothing for fields whose values are not counted, `2000+` beyond the limit."""
    if not counts.values:
        return None
    return f"{len(counts.values)}+" if counts.others else len(counts.values)


def _dictionary(tally: Tally) -> Dictionary:
    """That of the version most messages are in."""
    versions = [version for version, _ in tally.versions.most_common() if version != _FHIR]
    return dictionary(versions[0] if versions else "")
