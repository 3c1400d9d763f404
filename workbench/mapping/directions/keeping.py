"""Keeping what no rule of a `fhir-to-v2` or `v2-to-v2` package takes: in Z segments at the end of the message."""

from __future__ import annotations

import re

from workbench.kernel.errors import Refused
from workbench.mapping.directions.covering import Covering, Covers
from workbench.mapping.directions.fhir_document import FhirSource
from workbench.mapping.directions.patterns import Place, Spot
from workbench.mapping.directions.running import Instance, Node, Object, Run, Written
from workbench.mapping.directions.v2_reading import V2Source
from workbench.mapping.directions.v2_target import objects
from workbench.mapping.engine.running import KEPT, RuleName
from workbench.mapping.model import Direction, Header

KEPT_EXTENSION = "kept"
_Z_SEGMENT = re.compile(r"Z[A-Z0-9]{2}")


def check_keeping(covers: Covers, header: Header) -> None:
    """raises  Refused MAP-0114: there are keep rules, and package.yaml names nothing that can hold what they keep"""
    if not covers.keep:
        return
    rule, segment = covers.keep[0], header.extensions.get(KEPT_EXTENSION, "")
    if header.direction is Direction.FHIR_TO_FHIR:
        raise Refused(
            "MAP-0114", f"{rule.place}: rule {rule.id}: FHIR to FHIR keeps nothing, it copies.", "Leave keep out."
        )
    if not _Z_SEGMENT.fullmatch(segment):
        raise Refused(
            "MAP-0114",
            f"{rule.place}: rule {rule.id} keeps values, and package.yaml names no Z segment for them.",
            "Add extensions: {kept: ZFH}.",
        )


def keep_the_rest(run: Run, covering: Covering, header: Header) -> None:
    """Write every value that would be lost and that a keep rule covers.

    One Z segment for each resource (or, of v2, for all): set id, the resource, and place and text of each value.
    """
    if not run.roots:
        return
    roots = _roots_of_resources(run)
    segment = header.extensions[KEPT_EXTENSION]
    segments: dict[tuple[int, Place], Instance] = {}
    for place, spot in unclaimed(run, covering):
        rule = None if covering.ignored(place, spot) is not None else covering.kept(place, spot)
        if rule is None:
            continue
        around = _resource(run, place)
        root = roots.get(around, run.roots[0])
        holder = segments.get((id(root), around))
        if holder is None:
            holder = segments[id(root), around] = Instance(segment, segment, Node("", None), root)
            number = sum(1 for one in root.inside if one.kind == segment) + 1
            holder.content.update({"1": str(number), "2": _name(run, around), "3": []})
            root.inside.append(holder)
        values = holder.content["3"]
        assert isinstance(values, list)  # made so above
        kept: Object = {"1": _path(run, place, around), "2": _text(run, place)}
        values.append(kept)
        run.note(Written(RuleName("keep", rule.id), (Node(None, place),), True, kept, "2", None, KEPT))


def unclaimed(run: Run, covering: Covering) -> list[tuple[Place, Spot]]:
    """The primitives that have not reached the messages, but for those that are ignored in any case."""
    reached, first_leaf = objects(run.roots), run.document.first_leaf
    whole: set[Place] = set()
    alone: set[Place] = set()
    for write in run.trace or ():
        if write.outcome.written and write.container is not None and id(write.container) in reached:
            for node in write.nodes:
                if node.via:
                    alone.update(node.via)
                if node.place is not None:
                    if write.whole:
                        whole.add(node.place)
                    else:
                        alone.add(first_leaf(node.place))
    return [value for value in covering.values(whole) if value[0] not in alone]


def _name(run: Run, resource: Place) -> str:
    """`Patient/123`; "" for v2."""
    document = run.document
    value = document.at(resource) if isinstance(document, FhirSource) else None
    if not isinstance(value, dict):
        return ""
    return "/".join(str(value[key]) for key in ("resourceType", "id") if key in value)


def _path(run: Run, place: Place, resource: Place) -> str:
    """Where a value stood, inside its resource."""
    document = run.document
    if isinstance(document, FhirSource):
        return document.path(place, len(resource)) if resource else document.path(place).partition(".")[2]
    index, field, repetition, component, subcomponent = place
    segment = document.message.segments[int(index)] if isinstance(document, V2Source) else None
    return "" if segment is None else segment.path(int(field), int(repetition), int(component), int(subcomponent))


def _text(run: Run, place: Place) -> str:
    document = run.document
    if isinstance(document, FhirSource):
        return document.text(Node(document.at(place), place))
    assert isinstance(document, V2Source)  # there is no third
    index, field, repetition, component, subcomponent = (int(step) for step in place)
    return document.message.segments[index].value(field, repetition, component, subcomponent)


def _resource(run: Run, place: Place) -> Place:
    document = run.document
    return document.resource_place(place) if isinstance(document, FhirSource) else ()


def _roots_of_resources(run: Run) -> dict[Place, Instance]:
    """The first message that something of a resource has gone into; of v2 there is one."""
    if isinstance(run.document, V2Source):
        return {}
    holders = {id(one.content): root for root in run.roots for one in root.walk()}
    found: dict[Place, Instance] = {}
    for write in run.trace or ():
        root = holders.get(id(write.container))
        if root is not None:
            for node in write.nodes:
                if node.place is not None:
                    found.setdefault(_resource(run, node.place), root)
    return found
