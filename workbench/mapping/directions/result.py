"""What a document became and why: the messages or Bundle, the trace of every value, and the loss ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from workbench.fhir.json_tree import dumps
from workbench.kernel.issues import Issue
from workbench.mapping.directions.copying import COPY
from workbench.mapping.directions.covering import Covering
from workbench.mapping.directions.running import Instance, Object, Place, Run, Written
from workbench.mapping.directions.v2_reading import V2Source
from workbench.mapping.directions.v2_target import paths, place_text
from workbench.mapping.ledger import Fate, FhirValue, Ledger, LedgerEntry
from workbench.mapping.model import Json
from workbench.mapping.running import ACCOUNTED, OCCUPIED, OMITTED, REFERENCED, Outcome
from workbench.mapping.trace import TraceEntry

_REASONS = {OCCUPIED: "Another value was written first.", OMITTED: "The code has no map."}
_NO_RULE = "No rule takes it."


class TracedDocument:
    """The traced result of one document. Trace and ledger are worked out when they are first asked for.

    texts   the messages in ER7, segments ended by CR; () when FHIR was written
    bundle  what was written as JSON: the Bundle or resource, or `messages_json` of the messages
    """

    def __init__(self, run: Run, texts: Sequence[str], bundle: Object, covering: Covering) -> None:
        self.texts = tuple(texts)
        self.bundle = bundle
        self.issues: tuple[Issue, ...] = tuple(run.issues)
        self._run = run
        self._covering = covering

    @property
    def documents(self) -> tuple[bytes, ...]:
        """What goes into files: each message, or the one JSON document."""
        return documents(self.texts, self.bundle)

    @cached_property
    def _written(self) -> tuple[tuple[Written, Outcome, str], ...]:
        places = self._places
        return tuple((write, *arrived(write, places)) for write in self._run.trace or ())

    @cached_property
    def _places(self) -> dict[int, str]:
        return places_of(self._run.roots, self.bundle, bool(self.texts))

    @cached_property
    def trace(self) -> tuple[TraceEntry, ...]:
        """Every write in the order it happened; what only says which way a reference led is left out."""
        location = self._run.document.location
        return tuple(
            TraceEntry(
                rule_id=write.rule.rule,
                map_id=write.rule.map,
                source=tuple(location(node) for node in write.nodes if node.place is not None),
                target=target,
                code_map_row=write.row,
                outcome=outcome.text,
                note=write.note,
            )
            for write, outcome, target in self._written
            if write.outcome is not REFERENCED
        )

    @cached_property
    def ledger(self) -> Ledger:
        """The fate of every populated value."""
        document = self._run.document
        every = document.leaves()
        taken = takers(self._written, [leaf.place for leaf in every], document.first_leaf)
        entries = []
        for leaf in every:
            writes = taken.get(leaf.place, [])
            kept = [write for write in writes if write[1].written]
            covered = None if _by_rule(kept) else self._covering.ignored(leaf.place)
            if covered is not None:
                entries.append(LedgerEntry(leaf.element, Fate.IGNORED, covered.id, (), covered.reason))
            elif kept:
                first = next((write for write in kept if write[1].preserved), kept[0])
                fate = Fate.PRESERVED if first[1].preserved else Fate.MAPPED
                targets = tuple(dict.fromkeys(target for _, _, target in kept if target))
                reason = first[1].text if first[1].preserved else first[0].note
                entries.append(LedgerEntry(leaf.element, fate, "/".join(first[0].rule), targets, reason))
            else:
                reason = _REASONS.get(writes[0][1], _NO_RULE) if writes else _NO_RULE
                entries.append(LedgerEntry(leaf.element, Fate.LOST, "", (), reason))
        if isinstance(document, V2Source):
            return Ledger(document.message, tuple(entries))
        values = tuple(leaf.element for leaf in every if isinstance(leaf.element, FhirValue))
        return Ledger(None, tuple(entries), values)


def _by_rule(kept: Iterable[tuple[Written, Outcome, str]]) -> bool:
    """True when a rule, and not only the copying of what is left, has taken a value."""
    return any(write.rule.rule != COPY for write, _, _ in kept)


def documents(texts: Sequence[str], bundle: Object) -> tuple[bytes, ...]:
    """The messages in UTF-8, or the JSON."""
    return tuple(text.encode("utf-8") for text in texts) if texts else (dumps(bundle),)


def messages_json(roots: Sequence[Instance]) -> Object:
    """The messages as JSON, for comparing them field by field: numbers name fields, components and subcomponents."""
    messages: list[Json] = []
    for root in roots:
        segments: list[Json] = [
            {"segment": one.kind, **{f"field{key}": _plain(one.content[key]) for key in sorted(one.content, key=int)}}
            for one in root.walk()
            if one.kind
        ]
        messages.append({"segment": segments})
    return {"resourceType": "Messages", "message": messages}


def _plain(value: Json) -> Json:
    """A value of the tree without the marks of texts that have their escapes already."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def places_of(roots: Sequence[Instance], bundle: Object, is_v2: bool) -> dict[int, str]:
    """The place of every object that was written, by its identity in memory."""
    return paths(roots) if is_v2 else _json_places(bundle)


def _json_places(bundle: Object) -> dict[int, str]:
    found: dict[int, str] = {}
    waiting: list[tuple[Json, str]] = [(bundle, str(bundle.get("resourceType", "")))]
    while waiting:
        value, path = waiting.pop()
        if isinstance(value, dict):
            found[id(value)] = path
            waiting += [(item, f"{path}.{key}") for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [(item, f"{path}[{number}]") for number, item in enumerate(value)]
    return found


def arrived(write: Written, places: Mapping[int, str]) -> tuple[Outcome, str]:
    """How a write ended, and where its value stands now; what is not part of the result found its place taken."""
    if not write.outcome.written:
        return write.outcome, ""
    path = places.get(id(write.container)) if write.container is not None else None
    if path is None:
        return OCCUPIED, ""
    assert write.container is not None  # it has a path
    if write.outcome is ACCOUNTED or not write.key:
        return write.outcome, path
    return write.outcome, target_text(path, write.key, write.item, write.container)


def target_text(path: str, key: str, item: int | None, container: Object) -> str:
    if key.isdigit():
        return place_text(path, key, item, container)
    return f"{path}.{key}" if item is None else f"{path}.{key}[{item}]"


def takers(
    written: Iterable[tuple[Written, Outcome, str]], every: Sequence[Place], first_leaf: Callable[[Place], Place]
) -> dict[Place, list[tuple[Written, Outcome, str]]]:
    """The writes that took each primitive, those of the way to it included."""
    below: dict[Place, list[Place]] = {}
    for place in every:
        for depth in range(len(place) + 1):
            below.setdefault(place[:depth], []).append(place)
    found: dict[Place, list[tuple[Written, Outcome, str]]] = {}
    for item in written:
        write = item[0]
        for node in write.nodes:
            for place in node.via:
                found.setdefault(place, []).append(item)
            if node.place is None:
                continue
            if write.whole:
                for place in below.get(node.place, ()):
                    found.setdefault(place, []).append(item)
            else:
                found.setdefault(first_leaf(node.place), []).append(item)
    return found


def unclaimed(run: Run, places: Mapping[int, str]) -> list[Place]:
    """The primitives that have not reached the result."""
    every = run.document.places()
    written = ((write, *arrived(write, places)) for write in run.trace or ())
    taken = takers((item for item in written if item[1].written), every, run.document.first_leaf)
    return [place for place in every if place not in taken]
