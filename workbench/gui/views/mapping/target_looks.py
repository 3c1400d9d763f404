"""What the target tree says of an element: its value here, how many rules write it, what is missing. Qt-free."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from workbench.fhir.json_scan import Element
from workbench.fhir.json_tree import FhirDocument
from workbench.gui.marks import FATE_MARKS, Mark
from workbench.gui.masking import hides_fhir, masked
from workbench.gui.models.nodes import in_one_line, v2_tree
from workbench.gui.views.mapping.end_look import EndLook
from workbench.gui.views.mapping.ends import End, Ends, plain_sources
from workbench.v2.er7 import parse as parse_er7

MISSING = Mark("triangle-alert", "state.bad", "required, and no rule writes it")
WAITS = Mark("circle-dashed", "state.idle", "a rule writes it, but not here")
WRITTEN = Mark("circle-check", FATE_MARKS["mapped"].role, "written here")

_NUMBER = re.compile(r"\[\d+\]")


def values_of(document: FhirDocument | None, type_name: str, mask: bool) -> dict[str, list[str]]:
    """The values of a resource type's elements in a bundle, by plain path, in the order of the resources."""
    found: dict[str, list[str]] = {}
    for resource in _resources(document) if document is not None else ():
        if next((str(c.value) for c in resource.children if c.label == "resourceType"), "") != type_name:
            continue
        for element in resource.walk():
            path = _NUMBER.sub("", element.path[len(resource.path) :]).lstrip(".")
            if not path or path == "resourceType":
                continue
            value = "" if element.children else in_one_line(element.value)
            hidden = mask and not element.children and hides_fhir(path.rpartition(".")[2])
            found.setdefault(path, []).append(masked(value) if hidden else value)
    return found


def v2_values_of(texts: Sequence[str], mask: bool) -> dict[str, list[str]]:
    """The values of written messages by plain path: `PID-5.1`."""
    found: dict[str, list[str]] = {}
    for text in texts:
        for node in v2_tree(parse_er7(text.encode()), mask).nodes:
            if node.value and not node.label.startswith("["):
                for path in plain_sources(node.path):
                    found.setdefault(path, []).append(node.value)
    return found


def _resources(document: FhirDocument) -> Iterator[Element]:
    entries = next((child for child in document.root.children if child.label == "entry"), None)
    for entry in entries.children if entries is not None else ():
        yield from (child for child in entry.children if child.label == "resource")


def target_looks(ends: Ends, values: Mapping[str, list[str]], written: Mapping[str, int]) -> dict[str, EndLook]:
    """By path; the upper two levels whole, further down what has a value or a rule.

    values   as `values_of`
    written  how many rules write an element or something in it
    """
    looks: dict[str, EndLook] = {}
    roots = ends.roots()
    chosen = {end.choice for end in roots if end.choice and end.path in written}
    for end in roots:
        looks[end.path] = _look(end, values, written, needed=end.choice not in chosen)
        if end.holds and end.path in written:
            by_rules = any(path.startswith(f"{end.path}.") for path in written)
            for inner in ends.below(end):
                looks[inner.path] = _look(inner, values, written, needed=by_rules and not inner.choice)
    for path in {*values, *written} - looks.keys():
        looks[path] = _look(End(path, path), values, written, needed=False)
    return looks


def _look(end: End, values: Mapping[str, list[str]], written: Mapping[str, int], *, needed: bool) -> EndLook:
    here, rules = values.get(end.path, []), written.get(end.path, 0)
    said = [value for value in here if value]
    value = said[0] if said else ""
    if len(said) > 1:
        value += f"  (+{len(said) - 1})"
    mark = WRITTEN if here else WAITS if rules else MISSING if end.required and needed else None
    tip = f"{rules} rules write it" if rules > 1 else "1 rule writes it" if rules else ""
    many = f"{end.cardinality} S" if end.must_support else end.cardinality  # S as the standard's own tables have it
    return EndLook((many if end.kind else "", value), mark, tip)


def missing(ends: Ends, written: Mapping[str, int]) -> tuple[End, ...]:
    """The required elements that no rule writes."""
    roots = ends.roots()
    chosen = {end.choice for end in roots if end.choice and end.path in written}
    found = [end for end in roots if end.required and end.path not in written and end.choice not in chosen]
    return tuple({end.choice or end.path: end for end in found}.values())
