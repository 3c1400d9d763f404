"""Axis errors planted into right mappings: the target is exchanged for a term that differs in one axis only."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from workbench.terminology.codes import Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.loinc_axes import QUALITATIVE, Axes, axes_of
from workbench.terminology.specimens import UNSPECIFIED, conflicts
from workbench.terminology.units import measures, properties_for
from workbench.terminology.words import tokens


class Axis(StrEnum):
    """What a planted term gets wrong."""

    SPECIMEN = "specimen"
    PROPERTY = "property"
    SCALE = "qualitative or quantitative"
    TIMING = "collection time"
    MOMENT = "challenge"
    ANALYTE = "analyte"
    COMPONENT = "component"


@dataclass(frozen=True, slots=True)
class Planted:
    """A local code with a wrong target."""

    axis: Axis
    local: LocalCode
    target: Concept


_SWAPS = (
    ("IgG", "IgM"), ("IgM", "IgG"), ("IgA", "IgG"), (" Ag", " Ab"), (" Ab", " Ag"), (" RNA", " Ab"), (" DNA", " Ab"),
    ("HDL", "LDL"), ("LDL", "HDL"), (".free", ".total"), (".ionized", ""), (".direct", ".indirect"),
)  # fmt: skip
_KINDS = frozenset(
    (
        "MCnc", "SCnc", "CCnc", "ACnc", "NCnc", "NFr", "MFr", "SFr", "MRat", "SRat", "CRat", "MRto", "SRto", "Ratio",
        "Titr", "EntVol", "EntMass",
    )
)  # fmt: skip
"""Properties of which a unit says enough to tell them from one another; the rest of a vocabulary's is vague."""
_CHALLENGE = re.compile(r"\^.*$|--.*$")


class Planter:
    """Finds, in a vocabulary, the terms that differ from a given one in one axis."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self._by_component: dict[str, list[tuple[Axes, Concept]]] = defaultdict(list)
        self._by_base: dict[str, list[tuple[Axes, Concept]]] = defaultdict(list)
        self._by_kind: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._by_code: dict[str, Concept] = {}
        for concept in concepts:
            if not concept.retired:
                axes = axes_of(concept)
                self._by_component[axes.component.casefold()].append((axes, concept))
                self._by_base[_base(axes)].append((axes, concept))
                self._by_kind[axes.kind, axes.specimen].append(concept.coding.code)
                self._by_code[concept.coding.code] = concept
        for codes in self._by_kind.values():
            codes.sort()

    def plant(self, local: LocalCode, right: Concept) -> Iterator[Planted]:
        """One error for each axis that has a term to plant and of which the local side says something.

        The specimen must be stated, or the unit; a name must say its class, fraction or moment.
        """
        axes = axes_of(right)
        siblings = self._by_component[axes.component.casefold()]
        if local.specimen and axes.specimen:
            yield from _first(
                Axis.SPECIMEN, local,
                (
                    concept for other, concept in siblings
                    if other.kind == axes.kind and other.timing == axes.timing and other.specimen != UNSPECIFIED
                    and conflicts(axes.specimen, other.specimen) and conflicts(other.specimen, axes.specimen)
                ),
            )  # fmt: skip
        measured = axes.kind in properties_for(local.unit) and axes.kind not in QUALITATIVE
        if measured:
            yield from _first(
                Axis.PROPERTY, local,
                (
                    concept for other, concept in siblings
                    if other.specimen == axes.specimen and other.kind and other.kind not in QUALITATIVE
                    and other.kind not in properties_for(local.unit) and other.timing == axes.timing
                    and other.kind in _KINDS
                ),
            )  # fmt: skip
            yield from _first(
                Axis.SCALE, local,
                (
                    concept for other, concept in siblings
                    if other.specimen == axes.specimen and other.kind in ("PrThr", "Prid", "Imp")
                ),
            )  # fmt: skip
        if local.unit and not axes.timing and not measures(local.unit).endswith("/time"):
            yield from _first(
                Axis.TIMING, local,
                (
                    concept for other, concept in siblings
                    if re.match(r"\d+h", other.timing, re.I) and other.specimen == axes.specimen
                ),
            )  # fmt: skip
        if not axes.challenge:
            yield from _first(
                Axis.MOMENT, local,
                (
                    concept for other, concept in self._by_base[_base(axes)]
                    if other.challenge and "corrected for" not in concept.coding.display
                    and other.kind == axes.kind and other.specimen == axes.specimen
                ),
            )  # fmt: skip
        yield from self._other_analyte(local, axes)
        yield from self._other_component(local, axes, right)

    def _other_component(self, local: LocalCode, axes: Axes, right: Concept) -> Iterator[Planted]:
        """A term of the same kind and specimen that measures something with another name: the next one by number."""
        alike = self._by_kind[axes.kind, axes.specimen]
        own = {*tokens(axes.component), *tokens(local.text), *tokens(right.coding.display)}
        start = bisect_left(alike, right.coding.code)
        for code in (*alike[start + 1 : start + 200], *alike[:50]):
            concept = self._by_code[code]
            if own.isdisjoint(tokens(axes_of(concept).component)):
                yield Planted(Axis.COMPONENT, local, concept)
                return

    def _other_analyte(self, local: LocalCode, axes: Axes) -> Iterator[Planted]:
        for here, there in _SWAPS:
            said = re.search(rf"\b{re.escape(here.strip(' .'))}\b", local.text, re.I)
            if here.casefold() not in axes.component.casefold() or not said:
                continue
            wanted = re.sub(re.escape(here), there, axes.component, flags=re.I).casefold()
            siblings = self._by_component.get(wanted, ())
            yield from _first(Axis.ANALYTE, local, (c for other, c in siblings if other.specimen == axes.specimen))
            return


def _base(axes: Axes) -> str:
    return _CHALLENGE.sub("", axes.component).strip().casefold()


def _first(axis: Axis, local: LocalCode, found: Iterable[Concept]) -> Iterator[Planted]:
    """The plainest of the terms found: the shortest name, so that nothing else is wrong with it."""
    best = min(found, key=lambda concept: (len(concept.coding.display), concept.coding.code), default=None)
    if best is not None:
        yield Planted(axis, local, best)
