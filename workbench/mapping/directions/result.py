"""What a document became and why: the messages or Bundle, the trace of every value, and the loss ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from workbench.fhir.json_tree import dumps
from workbench.kernel.issues import Issue
from workbench.mapping.directions.copying import COPY
from workbench.mapping.directions.covering import Covering
from workbench.mapping.directions.patterns import Place
from workbench.mapping.directions.running import Document, Instance, Object, Run, Written
from workbench.mapping.directions.v2_reading import V2Source
from workbench.mapping.directions.v2_target import Verbatim, paths, place_text
from workbench.mapping.engine.ledger import Fate, FhirValue, Ledger, LedgerEntry
from workbench.mapping.engine.running import ACCOUNTED, OCCUPIED, OMITTED, REFERENCED, Outcome
from workbench.mapping.engine.trace import TraceEntry
from workbench.mapping.model import Json

_REASONS = {OCCUPIED: "Another value was written first.", OMITTED: "The code has no map."}
_NO_RULE = "No rule takes it."


class TracedDocument:
    """The traced result of one document. Trace and ledger are worked out when they are first asked for.

    texts   the messages in ER7, segments ended by CR; () when FHIR was written
    bundle  what was written as JSON: the Bundle or resource, or `messages_json` of the messages
    """

    def __init__(self, run: Run, texts: Sequence[str], bundle: Object | None, covering: Covering) -> None:
        """bundle  None for messages, whose JSON is made when it is asked for"""
        self.texts = tuple(texts)
        self._bundle = bundle
        self.issues: tuple[Issue, ...] = tuple(run.issues)
        self._run = run
        self._covering = covering

    @cached_property
    def bundle(self) -> Object:
        return messages_json(self._run) if self._bundle is None else self._bundle

    @property
    def documents(self) -> tuple[bytes, ...]:
        """What goes into files: each message, or the one JSON document."""
        return documents(self.texts, {} if self.texts else self.bundle)

    @cached_property
    def _written(self) -> tuple[tuple[Written, Outcome, str], ...]:
        places = self._places
        return tuple((write, *arrived(write, places)) for write in self._run.trace or ())

    @cached_property
    def _places(self) -> dict[int, str]:
        return paths(self._run.roots) if self.texts else _json_places(self.bundle)

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
        every = document.elements()
        taken = Takers(self._written, document.first_leaf)
        entries = []
        for element, (place, spot) in zip(every, self._covering.values(), strict=True):
            writes = taken.of(place)
            kept = [write for write in writes if write[1].written]
            covered = None if _by_rule(kept) else self._covering.ignored(place, spot)
            if covered is not None:
                entries.append(LedgerEntry(element, Fate.IGNORED, covered.id, (), covered.reason))
            elif kept:
                first = next((write for write in kept if write[1].preserved), kept[0])
                fate = Fate.PRESERVED if first[1].preserved else Fate.MAPPED
                targets = tuple(dict.fromkeys(target for _, _, target in kept if target))
                reason = first[1].text if first[1].preserved else first[0].note
                entries.append(LedgerEntry(element, fate, "/".join(first[0].rule), targets, reason))
            else:
                reason = _REASONS.get(writes[0][1], _NO_RULE) if writes else _NO_RULE
                entries.append(LedgerEntry(element, Fate.LOST, "", (), reason))
        if isinstance(document, V2Source):
            return Ledger(document.message, tuple(entries))
        values = tuple(element for element in every if isinstance(element, FhirValue))
        return Ledger(None, tuple(entries), values)


def _by_rule(kept: Iterable[tuple[Written, Outcome, str]]) -> bool:
    """True when a rule, and not only the copying of what is left, has taken a value."""
    return any(write.rule.rule != COPY for write, _, _ in kept)


def documents(texts: Sequence[str], bundle: Object) -> tuple[bytes, ...]:
    """The messages in UTF-8, or the JSON."""
    return tuple(text.encode("utf-8") for text in texts) if texts else (dumps(bundle),)


def messages_json(run: Run) -> Object:
    """The messages as JSON, for comparing them field by field: numbers name fields, components and subcomponents."""
    document = run.document
    messages: list[Json] = []
    for root in run.roots:
        segments: list[Json] = []
        for one in root.walk():
            if one.kind:
                content = _opened(one, document)
                fields = {f"field{key}": _plain(content[key], document) for key in sorted(content, key=int)}
                segments.append({"segment": one.kind, **fields})
        messages.append({"segment": segments})
    return {"resourceType": "Messages", "message": messages}


def _opened(one: Instance, document: Document) -> Object:
    """The fields of a segment, also of one that was copied as it stood."""
    text = one.content.get("0")
    if not isinstance(text, Verbatim) or not isinstance(document, V2Source):
        return one.content
    return document.fields_of(text)


def _plain(value: Json, document: Document) -> Json:
    """A value of the tree without the marks of texts that have their escapes already."""
    if isinstance(value, Verbatim) and isinstance(document, V2Source):
        value = document.opened(value)
    if isinstance(value, dict):
        return {key: _plain(item, document) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, document) for item in value]
    return str(value) if isinstance(value, str) else value


def _json_places(bundle: Object) -> dict[int, str]:
    """The place of every object of a Bundle or resource, by its identity in memory."""
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


Arrived = tuple[Written, Outcome, str]
"""A write, how it ended, and where its value stands now."""


class Takers:
    """The writes that took each primitive, those of the way to it included."""

    def __init__(self, written: Iterable[Arrived], first_leaf: Callable[[Place], Place]) -> None:
        self._whole: dict[Place, list[tuple[int, Arrived]]] = {}
        self._alone: dict[Place, list[tuple[int, Arrived]]] = {}
        for number, item in enumerate(written):
            whole = item[0].whole
            for node in item[0].nodes:
                for place in node.via:
                    self._alone.setdefault(place, []).append((number, item))
                if node.place is None:
                    continue
                if whole:
                    self._whole.setdefault(node.place, []).append((number, item))
                else:
                    self._alone.setdefault(first_leaf(node.place), []).append((number, item))

    def of(self, place: Place) -> list[Arrived]:
        """The writes that took the primitive at a place, in their order."""
        whole = self._whole
        found = [whole[place[:depth]] for depth in range(len(place) + 1) if place[:depth] in whole]
        if place in self._alone:
            found.append(self._alone[place])
        if len(found) == 1:
            return [item for _, item in found[0]]
        return [item for _, item in sorted((each for some in found for each in some), key=_number)]


def _number(numbered: tuple[int, Arrived]) -> int:
    return numbered[0]
