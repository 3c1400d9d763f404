"""What an edit of a mapping does to a capture: which messages come out otherwise, with examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from workbench.app.documents import Document, document_at
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.mapping.engine.ledger import CaptureLedger, aggregate
from workbench.mapping.model import Direction, Json, Package
from workbench.messages.capture import Capture
from workbench.v2.er7 import Message

MOST_MESSAGES = 5000
MOST_EXAMPLES = 50
_PER_EXAMPLE = 40


class Compiled(Protocol):
    """A compiled mapping of any direction."""

    @property
    def package(self) -> Package: ...
    def run(self, message: Any, /) -> object: ...
    def trace(self, message: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One place of a result that differs; "" where the place was, or is, not there. Holds patients' values."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Example:
    """A message that comes out otherwise; `number` counts from 0, `more` changes were left out."""

    number: int
    changes: tuple[ValueChange, ...]
    more: int = 0
    refusal: str = ""


@dataclass(slots=True)
class Effect:
    """A running total.

    compared  messages looked at; of: messages there are in the capture
    places    how many messages changed at each path, `Patient.gender`
    """

    compared: int = 0
    changed: int = 0
    of: int = 0
    examples: list[Example] = field(default_factory=list)
    places: Counter[str] = field(default_factory=Counter)

    @property
    def sentence(self) -> str:
        """`This edit changes 214 of 5,000 messages.`"""
        if not self.changed:
            return f"This edit changes none of {self.compared:,} messages."
        return f"This edit changes {self.changed:,} of {self.compared:,} messages."


def sample(total: int, most: int) -> Iterator[int]:
    """Up to `most` numbers below `total`, evenly spread, each once, in order."""
    if total <= most:
        yield from range(total)
    else:
        yield from (number * total // most for number in range(most))


def effect_of(
    before: Compiled, after: Compiled, capture: Capture, ctx: JobContext, most: int = MOST_MESSAGES
) -> Effect:
    """Map an even sample of a capture both ways and compare.

    raises  Cancelled
    """
    numbers = list(sample(len(capture), most))
    effect = Effect(of=len(capture))
    for done, number in enumerate(numbers):
        ctx.advance(done, len(numbers), "comparing")
        try:
            document = document_at(capture, number)
        except Refused:
            continue  # damaged in both
        if not takes(after, document):
            continue
        found = _compare(number, _run(before, document), _run(after, document))
        effect.compared += 1
        if found is not None:
            effect.changed += 1
            effect.places.update({_place(change.path) for change in found.changes})
            if len(effect.examples) < MOST_EXAMPLES:
                effect.examples.append(found)
    return effect


def sample_ledger(mapping: Compiled, capture: Capture, ctx: JobContext, most: int) -> CaptureLedger:
    """The fates of the values of an even sample.

    raises  Cancelled
    """
    ledgers = []
    for number in sample(len(capture), most):
        ctx.check()
        try:
            document = document_at(capture, number)
            if takes(mapping, document):
                ledgers.append(mapping.trace(document).ledger)
        except Refused:
            continue  # no map for it, or damaged: it has no ledger
    return aggregate(ledgers)


def takes(mapping: Compiled, document: Document) -> bool:
    """True when a document is of the standard the mapping reads."""
    reads_v2 = mapping.package.header.direction in (Direction.V2_TO_FHIR, Direction.V2_TO_V2)
    return isinstance(document, Message) is reads_v2


def _run(mapping: Compiled, document: Document) -> object | Refused:
    try:
        return mapping.run(document)
    except Refused as refusal:
        return refusal


def _compare(number: int, before: object, after: object) -> Example | None:
    if isinstance(before, Refused) or isinstance(after, Refused):
        if isinstance(before, Refused) and isinstance(after, Refused):
            return None
        return Example(number, (), refusal=after.text if isinstance(after, Refused) else "is mapped now, and was not")
    if before == after:
        return None
    changes = value_changes(before, after)
    return Example(number, changes[:_PER_EXAMPLE], max(0, len(changes) - _PER_EXAMPLE)) if changes else None


def value_changes(before: object, after: object) -> tuple[ValueChange, ...]:
    """Where two results differ, by path; the entries of a Bundle are paired by their fullUrl."""
    one, other = dict(_leaves(before)), dict(_leaves(after))
    paths = dict.fromkeys([*one, *other])
    return tuple(
        ValueChange(path, one.get(path, ""), other.get(path, "")) for path in paths if one.get(path) != other.get(path)
    )


def _leaves(result: object) -> Iterator[tuple[str, str]]:
    if isinstance(result, str):
        yield from ((f"line {number}", line) for number, line in enumerate(result.replace("\n", "\r").split("\r"), 1))
    elif isinstance(result, Mapping) and isinstance(result.get("entry"), list):
        yield from _walk({key: value for key, value in result.items() if key != "entry"}, "Bundle")
        seen: Counter[str] = Counter()
        for entry in result["entry"]:
            resource = entry.get("resource", {})
            kind = str(resource.get("resourceType", "entry"))
            name = str(entry.get("fullUrl", ""))
            seen[name] += 1
            yield from _walk(resource, f"{kind}#{name.removeprefix('urn:uuid:')}{seen[name] if seen[name] > 1 else ''}")
    else:
        yield from _walk(result, "")


def _walk(value: Json, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for number, item in enumerate(value):
            yield from _walk(item, f"{path}[{number}]")
    else:
        yield path, "null" if value is None else str(value)


def _place(path: str) -> str:
    """`Patient#…​.name[0].family` → `Patient.name.family`."""
    kind, _, rest = path.partition("#")
    steps = rest.partition(".")[2] if rest else ""
    plain = "".join(part.split("]", 1)[-1] for part in steps.split("["))
    return f"{kind}.{plain}" if steps else kind
