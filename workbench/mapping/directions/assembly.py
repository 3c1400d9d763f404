"""What was made, put together: the segments of a v2 message in their order, the entries of a Bundle."""

from __future__ import annotations

from workbench.mapping.directions.copying import copy_rest, copy_segment
from workbench.mapping.directions.fhir_document import FhirSource
from workbench.mapping.directions.patterns import Place
from workbench.mapping.directions.running import Instance, Node, Object, Run, Written
from workbench.mapping.directions.v2_reading import V2Source
from workbench.mapping.directions.v2_target import Raw
from workbench.mapping.engine.running import COPIED, VALUE, RuleName
from workbench.mapping.model import Json

LINE = "line"
"""The kind of what is no segment and stands in a message all the same."""


def copy_segments(run: Run, source: V2Source, root: Instance, copies: bool) -> None:
    """Bring what rows made into the order of the source, and copy the segments of which none made its own kind."""
    made: dict[int, list[Instance]] = {}
    for one in root.walk():
        if one.kind and one.source.segment is not None:
            made.setdefault(one.source.segment.index, []).append(one)
    taken = _repetitions_taken(run) if copies else {}
    in_order: list[Instance] = []
    for segment in source.message.segments:
        here = made.get(segment.index, [])
        if copies and not any(one.kind == segment.name for one in here):
            scope = source.scopes.get(segment.index)
            copy = Instance("", segment.name or LINE, Node("", None), root)
            if scope is None:
                copy.content["0"] = Raw(segment.text)
                run.note(_line(root, segment.index, copy))
                in_order.append(copy)
            elif (
                copy_segment(run, root.name, scope, copy.content, taken.get(segment.index, set())) >= VALUE
                or segment.name == "MSH"  # without one nobody can read the rest
            ):
                in_order.append(copy)
        in_order += here
    root.inside = in_order


def _line(root: Instance, index: int, copy: Instance) -> Written:
    node = Node("", (index, 0, 0, 0, 0))
    return Written(RuleName(root.name, "copy"), (node,), True, copy.content, "0", None, COPIED)


def _repetitions_taken(run: Run) -> dict[int, set[Place]]:
    """The repetitions that rules have taken something of, by segment."""
    found: dict[int, set[Place]] = {}
    for written in run.trace or ():
        for node in written.nodes:
            if node.place is not None and len(node.place) > 1:
                found.setdefault(int(node.place[0]), set()).add(node.place[:3])
    return found


def bundle_of(run: Run, source: FhirSource, copies: bool) -> Object:
    """The resources that were made or copied, in the order of the source, in a Bundle when the source is one."""
    made: dict[object, list[Instance]] = {}
    for root in run.roots:
        for one in root.walk():
            if one.kind:
                made.setdefault(one.source.place, []).append(one)
    entries: list[Json] = []
    resources: list[Object] = []
    for node in source.resources:
        here = made.get(node.place, [])
        contents = [one.content for one in here]
        if copies and not any(one.kind == _type(node.value) for one in here):
            copied: Object = {}
            if copy_rest(run, "", node, copied, 0) >= VALUE:
                contents.insert(0, copied)
        for number, content in enumerate(contents):
            entry: Object = {}
            if source.is_bundle and number == 0:
                assert node.place is not None  # of a resource in the document
                _copy_around(run, source, node.place[:2], "resource", entry)
            entry["resource"] = content
            resources.append(content)
            entries.append(entry)
    if not source.is_bundle and len(resources) == 1:
        return resources[0]
    bundle: Object = {"resourceType": "Bundle", "type": "collection"}
    if source.is_bundle:
        bundle = {"resourceType": "Bundle"}
        _copy_around(run, source, (), "entry", bundle)
    if entries:
        bundle["entry"] = entries
    return bundle


def _copy_around(run: Run, source: FhirSource, place: Place, inner: str, element: Object) -> None:
    """Copy what stands around resources: of the Bundle but for its entries, of an entry but for its resource."""
    around = source.at(place) if place else source.value
    if isinstance(around, dict):
        rest = {key: value for key, value in around.items() if key not in (inner, "resourceType")}
        copy_rest(run, "Bundle", Node(rest, place), element, len(run.trace or ()))


def _type(value: Json) -> Json:
    return value.get("resourceType") if isinstance(value, dict) else None
