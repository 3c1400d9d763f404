"""Collecting findings, and the places they are at."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.fhir.json_scan import Element
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.issues import Issue
from workbench.kernel.location import Location, Span
from workbench.validation.fhir_rule import FhirRule

Place = tuple["Place | None", str, int]
"""(place of the parent, property name, index or -1). Cheap to make; a path only when something is found."""


def path_of(place: Place | None) -> str:
    """`Patient.contained[0].name`."""
    steps: list[str] = []
    while place is not None:
        parent, name, index = place
        steps.append(name if index < 0 else f"{name}[{index}]")
        place = parent
    return ".".join(reversed(steps))


def span_of(document: FhirDocument, place: Place) -> Span:
    """The bytes of a place; of its nearest ancestor when the document does not have it (a missing companion)."""
    chain: list[tuple[str, int]] = []
    step: Place | None = place
    while step is not None:
        parent, name, index = step
        chain.append((name, index))
        step = parent
    element = document.root
    for name, index in reversed(chain[:-1]):
        child = _child(element, name)
        if child is None:
            break
        element = child.children[index] if 0 <= index < len(child.children) else child
    return element.span


def _child(element: Element, label: str) -> Element | None:
    return next((child for child in reversed(element.children) if child.label == label), None)


@dataclass(slots=True)
class Finding:
    place: Place
    issue: Issue


class Findings:
    """Issues of one walk, in the order they were found."""

    def __init__(self) -> None:
        self.all: list[Finding] = []
        self._once: set[tuple[str, str]] = set()

    def report(self, rule: FhirRule, place: Place, **args: object) -> None:
        definition = rule.definition
        issue = Issue(
            definition.severity,
            rule.code,
            definition.id,
            Location(path_of(place)),
            rule.template,
            {name: str(value) for name, value in args.items()},
            definition.source,
        )
        self.all.append(Finding(place, issue))

    def report_once(self, rule: FhirRule, about: str, place: Place, **args: object) -> None:
        """Report the first of many findings that would all say the same."""
        key = (rule.definition.id, about)
        if key not in self._once:
            self._once.add(key)
            self.report(rule, place, **args)
