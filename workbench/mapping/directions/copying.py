"""Between like things: what no rule takes goes over as it stands.

The unit is a repetition of a field, a component, or an item of an element. Of one that a rule has taken something of,
nothing more is copied: the rules answer for it, and the ledger shows what they leave.
"""

from __future__ import annotations

from workbench.mapping.directions.fhir_json import EXTENSIONS, url_of
from workbench.mapping.directions.patterns import Place, Spot
from workbench.mapping.directions.running import Document, Node, Object, Run, Written
from workbench.mapping.directions.v2_reading import V2Source
from workbench.mapping.directions.v2_target import Raw, Verbatim
from workbench.mapping.engine.running import COPIED, NOTHING, VALUE, RuleName
from workbench.mapping.engine.scope import SegmentScope
from workbench.mapping.model import Json

COPY = "copy"
"""The name of the rule that copies, in trace and ledger."""


def copied_value(document: Document, node: Node) -> Json:
    """A node with everything below it, as the target's tree holds it."""
    return document.tree(node) if isinstance(document, V2Source) else node.value


def copy_rest(run: Run, name: str, node: Node, element: Object, start: int) -> int:
    """Copy the children of a node that no rule since `start` of the trace has taken anything of."""
    document, place = run.document, node.place
    if place is None:
        return NOTHING
    if not isinstance(document, V2Source):
        return _Copy(run, name, element, _children_taken(run, place, start, 1)).fhir(node, place)
    copy = _Copy(run, name, element, _children_taken(run, place, start, 2 if len(place) == 1 else 1))
    return copy.segment(document, node.segment) if len(place) == 1 and node.segment else copy.value(document, node)


def copy_segment(run: Run, name: str, segment: SegmentScope, element: Object, taken: set[Place]) -> int:
    """Copy what is left of a segment of which nothing has been made; `taken` are repetitions."""
    document = run.document
    assert isinstance(document, V2Source)  # FHIR has no segments
    copy = _Copy(run, name, element, taken)
    if not taken and not run.full and document.is_tidy(segment) and not copy.spot((segment.index,)).may_ignore:
        element["0"] = Verbatim(segment.segment.text)
        copy.note((Node(None, (segment.index,)),))
        return VALUE
    return copy.segment(document, segment)


def _children_taken(run: Run, place: Place, start: int, depth: int) -> set[Place]:
    """Which children of a place the rules have taken something of; a FHIR list counts by its items."""
    found: set[Place] = set()
    level = len(place)
    for written in (run.trace or [])[start:]:
        for node in written.nodes:
            below = node.place
            if below is not None and len(below) > level and below[:level] == place:
                found.add(below[: level + depth])
                found.add(below[: level + 2])
    return found


class _Copy:
    """Copying into one element; `taken` is what the rules have taken something of."""

    def __init__(self, run: Run, name: str, element: Object, taken: set[Place]) -> None:
        self._run = run
        self._rule = RuleName(name, COPY)
        self._element = element
        self._taken = taken

    def spot(self, place: Place) -> Spot:
        assert self._run.covering is not None  # it is there where things are copied
        return self._run.covering.spot(place)

    def note(self, nodes: tuple[Node, ...], key: str = "", item: int | None = None) -> None:
        self._run.note(Written(self._rule, nodes, True, self._element, key, item, COPIED))

    # --- v2 ----------------------------------------------------------------------------------------------------------

    def segment(self, document: V2Source, segment: SegmentScope) -> int:
        """The repetitions of a segment's fields."""
        element, taken, full, index = self._element, self._taken, self._run.full, segment.index
        spot = self.spot((index,))
        copied: list[Node] = []
        written = NOTHING
        for field, text in document.fields(segment):
            key, below = str(field), spot
            if spot.may_ignore:
                below = spot.inside(key)
            many = element.get(key)
            if many is not None and not isinstance(many, list):
                continue
            for number, raw in document.texts(segment, field, text):
                place = (index, field, number)
                if place in taken:
                    continue
                node = Node(raw, place, (), segment)
                value = self._without(document, node, self.spot(place)) if below.may_ignore else document.copy(raw)
                if value is None:
                    continue
                if many is None:
                    many = element[key] = []
                many.append(value)
                written = VALUE
                if full:
                    self.note((node,), key, len(many) - 1)
                else:
                    copied.append(node)
        if copied:
            self.note(tuple(copied))
        return written

    def value(self, document: V2Source, node: Node) -> int:
        """The components of a repetition, or the subcomponents of a component."""
        written = NOTHING
        spot = self.spot(node.place or ())
        for part in document.parts(node):
            place = part.place or ()
            key = str(place[-1])
            if place in self._taken or self._element.get(key) is not None:
                continue
            value = self._without(document, part, self.spot(place)) if spot.may_ignore else document.tree(part)
            if value is not None:
                self._element[key] = value
                self.note((part,), key)
                written = VALUE
        return written

    def _without(self, document: V2Source, node: Node, spot: Spot) -> Json:
        """A value as nested numbers and raw texts; without the parts that are left out."""
        place = node.place or ()
        parts = document.parts(node) if len(place) < 5 else []
        if not parts or (len(parts) == 1 and parts[0].value == node.value):
            leaf = document.first_leaf(place)
            return None if self._left(leaf, self.spot(leaf)) else Raw(str(node.value))
        tree: Object = {}
        for part in parts:
            key = str((part.place or (0,))[-1])
            value = self._without(document, part, self._joined(part.place or (), spot.inside(key)))
            if value is not None:
                tree[key] = value
        return tree or None

    def _joined(self, place: Place, spot: Spot) -> Spot:
        """With the patterns that begin at a place because a map was given it."""
        covering = self._run.covering
        return spot if covering is None else covering.joined(place, spot)

    def _left(self, place: Place, spot: Spot) -> bool:
        covering = self._run.covering
        return covering is not None and covering.ignored(place, spot) is not None

    # --- FHIR --------------------------------------------------------------------------------------------------------

    def fhir(self, node: Node, place: Place) -> int:
        written, element = NOTHING, self._element
        spot = self.spot(place)
        for key, item in node.value.items() if isinstance(node.value, dict) else ():
            if key == "resourceType":
                element.setdefault(key, item)
            elif isinstance(item, list):
                written |= self._list((*place, key), item, spot)
            elif (*place, key) not in self._taken and key not in element:
                kept = self._pruned(item, (*place, key), spot.inside(key))
                if kept is not None:
                    element[key] = kept
                    self.note((Node(item, (*place, key)),), key)
                    written = VALUE
        return written

    def _list(self, place: Place, items: list[Json], spot: Spot) -> int:
        written, element, taken, key = NOTHING, self._element, self._taken, str(place[-1])
        if (
            key.startswith("_")
            and key[1:] in element
            and key not in element
            and any(p[: len(place)] == place for p in taken)
        ):
            return written
        for number, item in enumerate(items):
            here = (*place, number)
            below = spot.inside(key, url_of(item) if key in EXTENSIONS else "")
            kept = None if here in taken else self._pruned(item, here, below)
            if kept is None and not (item is None and place not in taken):
                continue
            many = element.setdefault(key, [])
            if not isinstance(many, list):
                continue
            many.append(kept)
            self.note((Node(item, here),), key, len(many) - 1)
            written = VALUE
        return written

    def _pruned(self, value: Json, place: Place, spot: Spot) -> Json:
        """A value without the primitives that are left out, None when nothing remains."""
        spot = self._joined(place, spot)
        if isinstance(value, dict):
            kept: Object = {}
            for key, item in value.items():
                if key == "resourceType":
                    kept[key] = item
                    continue
                if key in EXTENSIONS and isinstance(item, list):
                    inner = self._items(item, (*place, key), [spot.inside(key, url_of(each)) for each in item])
                else:
                    inner = self._pruned(item, (*place, key), spot.inside(key))
                if inner is not None:
                    kept[key] = inner
            return kept or None
        if isinstance(value, list):
            return self._items(value, place, [spot] * len(value))
        return None if value is None or self._left(place, spot) else value

    def _items(self, items: list[Json], place: Place, spots: list[Spot]) -> Json:
        kept = [
            inner
            for number, (item, spot) in enumerate(zip(items, spots, strict=True))
            if (inner := self._pruned(item, (*place, number), spot)) is not None
        ]
        return kept or None
