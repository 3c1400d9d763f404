"""Where a value came from and where a field went, looked up by either end. Qt-free."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.fhir.json_tree import FhirDocument
from workbench.gui.models.nodes import NodeTree
from workbench.gui.views.mapping.er7_targets import Er7Targets
from workbench.kernel.location import Span
from workbench.mapping.directed import AnyTraced
from workbench.mapping.engine.ledger import Fate, LedgerEntry
from workbench.mapping.engine.trace import TraceEntry

_WORST_FIRST = (Fate.LOST, Fate.PRESERVED, Fate.IGNORED, Fate.MAPPED)


@dataclass(frozen=True, slots=True)
class Written:
    """One traced write and the path of its target in the result, "" when nothing was written."""

    entry: TraceEntry
    path: str

    @property
    def spans(self) -> tuple[Span, ...]:
        """The source bytes it was read from."""
        return tuple(place.span for place in self.entry.source if place.span is not None)


class TraceIndex:
    """The trace of one message."""

    def __init__(self, traced: AnyTraced, document: FhirDocument, texts: Sequence[str] = ()) -> None:
        """`texts`: the messages when HL7 v2 was written; spans of targets are then bytes of `er7_targets.joined`."""
        places = {} if texts else _places(traced.bundle)
        self._er7 = Er7Targets(texts) if texts else None
        self.all = tuple(Written(entry, _document_path(entry.target, places)) for entry in traced.trace)
        self._document = document

    def of_target(self, path: str) -> tuple[Written, ...]:
        """What wrote the element at a path of the bundle: itself, else what is below it, else its nearest parent."""
        exact = tuple(write for write in self.all if write.path == path)
        if exact:
            return exact
        below = tuple(write for write in self.all if write.path.startswith((f"{path}.", f"{path}[")))
        if below:
            return below
        above = [write for write in self.all if write.path and path.startswith((f"{write.path}.", f"{write.path}["))]
        longest = max((len(write.path) for write in above), default=0)
        return tuple(write for write in above if len(write.path) == longest)

    def of_target_byte(self, byte: int) -> tuple[Written, ...]:
        """What wrote the narrowest target that a byte of the result stands in."""
        placed = [(span, write) for write in self.all if write.path and (span := self._span(write.path)) is not None]
        around = [(span, write) for span, write in placed if span.start <= byte <= span.end]
        narrowest = min((len(span) for span, _ in around), default=0)
        return tuple(write for span, write in around if len(span) == narrowest)

    def of_source(self, span: Span) -> tuple[Written, ...]:
        """What was read from bytes of the message."""
        return tuple(write for write in self.all if any(_overlap(span, other) for other in write.spans))

    def of_rule(self, map_id: str, rule_id: str) -> tuple[Written, ...]:
        """What a rule did."""
        return tuple(w for w in self.all if w.entry.map_id == map_id and w.entry.rule_id == rule_id)

    def rules(self) -> frozenset[tuple[str, str]]:
        """The rules that did something, as pairs of map and rule id."""
        return frozenset((write.entry.map_id, write.entry.rule_id) for write in self.all)

    def target_spans(self, writes: Iterable[Written]) -> tuple[Span, ...]:
        """The bytes of the JSON or ER7 in which the targets of writes stand."""
        spans = (self._span(path) for path in dict.fromkeys(w.path for w in writes if w.path))
        return tuple(span for span in spans if span is not None)

    def _span(self, path: str) -> Span | None:
        if self._er7 is not None:
            return self._er7.span(path)
        element = self._document.at(path)
        return element.span if element is not None else None


def fates_of(tree: NodeTree, entries: Sequence[LedgerEntry]) -> dict[int, Fate]:
    """The worst fate below each node of a message's tree."""
    placed = sorted(((entry.location.span, entry.fate) for entry in entries if entry.location.span), key=lambda p: p[0])
    starts = [span.start for span, _ in placed]
    found: dict[int, Fate] = {}
    for number, node in enumerate(tree.nodes):
        if node.span is None:
            continue
        first, last = bisect_left(starts, node.span.start), bisect_left(starts, max(node.span.end, node.span.start + 1))
        fates = {fate for _, fate in placed[first:last]}
        worst = next((fate for fate in _WORST_FIRST if fate in fates), None)
        if worst is not None:
            found[number] = worst
    return found


def _places(bundle: object) -> dict[str, str]:
    """`Patient/<id>` → `Bundle.entry[0].resource`, as targets of a trace name resources."""
    found = {"Bundle": "Bundle"}
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        url = str(entry.get("fullUrl", "")).removeprefix("urn:uuid:")
        found[f"{entry['resource']['resourceType']}/{url}"] = f"Bundle.entry[{number}].resource"
    return found


def _document_path(target: str, places: dict[str, str]) -> str:
    """The path of a target in the result; those of the other directions are paths already."""
    resource, joint, path = target.partition("#")
    if not (joint and resource) and resource not in places:
        return target
    place = places.get(resource, "")
    return f"{place}.{path}" if place and path else place


def _overlap(one: Span, other: Span) -> bool:
    return one.start < max(other.end, other.start + 1) and other.start < max(one.end, one.start + 1)
