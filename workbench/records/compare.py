"""What the sender said beside what the receiver will show, item by item, the dangerous differences first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from workbench.records.agreement import FactDifference, Kind, compare_facts
from workbench.records.clinical import ClinicalRecord, Fact, FactName, Item, SectionName

CRITICAL = frozenset(
    {
        SectionName.ALLERGIES,
        SectionName.MEDICATIONS,
        SectionName.PROBLEMS,
        SectionName.RESULTS,
        SectionName.IMMUNIZATIONS,
    }
)
_CRITICAL_FACTS = frozenset(
    {FactName.NAME, FactName.VALUE, FactName.DOSE, FactName.STRENGTH, FactName.RATE, FactName.SEVERITY, FactName.STATUS}
)
_CRITICAL_HEADINGS = frozenset({"identifier", "name", "birth", "sex", "death"})
_FREE_TEXTS = frozenset({FactName.NOTE, FactName.INSTRUCTIONS, FactName.CONTENT})
_FIXED = frozenset({SectionName.DEMOGRAPHICS, SectionName.VISIT})
_UNNAMED = 0.2
_UNNAMED_AGREEMENT = 0.4
_CERTAIN = 0.9
_ALIKE = 75  # token_set_ratio, 0..100, from which two labels without a shared code may mean the same


@dataclass(frozen=True, slots=True)
class Difference:
    """One item on both sides.

    source, result  None where the item is missing
    facts           how each fact compares; () unless both sides have the item
    """

    section: SectionName
    source: Item | None
    result: Item | None
    kind: Kind
    facts: tuple[FactDifference, ...] = ()

    @property
    def danger(self) -> int:
        """0 for what may harm a patient, 1 for other differences, 2 for what needs a look, 3 for what is the same."""
        if self.kind is Kind.SAME:
            return 3
        critical = self.section in CRITICAL or self._heading in _CRITICAL_HEADINGS
        if self.kind is Kind.MISSING:
            return 0 if critical else 1
        if self.kind is Kind.CHANGED:
            changed = {fact.name for fact in self.facts if fact.kind is not Kind.SAME}
            return 0 if critical and changed & _CRITICAL_FACTS else 1
        return 1 if self.kind is Kind.ADDED and self.section in CRITICAL else 2

    @property
    def _heading(self) -> str:
        item = self.source or self.result
        return item.key if item and self.section in _FIXED else ""

    @property
    def text(self) -> str:
        """The difference in one sentence. It holds patient data: show it, never log it."""
        item = self.source or self.result
        label = (item.label if item else "") or f"Entry of {self.section}"
        if self.kind is Kind.MISSING and self.source is not None:
            said = f" ({self.source.text})" if self.source.text else ""
            return f"{label}{said} is missing in the result."
        if self.kind is Kind.ADDED and self.result is not None:
            said = f" ({self.result.text})" if self.result.text else ""
            return f"{label}{said} stands only in the result."
        differing = [_said(fact) for fact in self.facts if fact.kind is not Kind.SAME]
        if self.result is not None and self.result.unvalidated:
            differing.append("kept as text, not validated")
        return f"{label}: {'; '.join(differing)}." if differing else f"{label} is the same."


def compare(source: ClinicalRecord, result: ClinicalRecord) -> tuple[Difference, ...]:
    """Every item of both records once, most dangerous first, then in the order of sections and of the source."""
    found: list[Difference] = []
    for section in SectionName:
        found += _compare_section(section, source.items(section), result.items(section))
    return tuple(sorted(found, key=lambda difference: (difference.danger, difference.kind is Kind.ADDED)))


def differing(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Those that are not the same."""
    return tuple(difference for difference in differences if difference.kind is not Kind.SAME)


def _compare_section(section: SectionName, source: Sequence[Item], result: Sequence[Item]) -> list[Difference]:
    partner = _paired(section, source, result)
    found: list[Difference] = []
    for number, item in enumerate(source):
        other = partner.get(number)
        if other is None:
            deleted = bool(item.facts) and all(fact.deleted for fact in item.facts)
            notes = tuple(
                FactDifference(fact.name, fact, None, Kind.MISSING, "the sender deletes it")
                for fact in item.facts
                if deleted
            )
            found.append(Difference(section, item, None, Kind.MISSING, notes))
        else:
            found.append(_compare_items(section, item, result[other]))
    taken = set(partner.values())
    found += [Difference(section, None, item, Kind.ADDED) for n, item in enumerate(result) if n not in taken]
    return found


def _compare_items(section: SectionName, source: Item, result: Item) -> Difference:
    facts = tuple(_fact_differences(section, source, result))
    kinds = {fact.kind for fact in facts}
    if kinds & {Kind.CHANGED, Kind.MISSING, Kind.ADDED}:
        kind = Kind.CHANGED
    elif result.unvalidated or Kind.UNVALIDATED in kinds:
        kind = Kind.UNVALIDATED
    else:
        kind = Kind.SAME
    return Difference(section, source, result, kind, facts)


def _fact_differences(section: SectionName, source: Item, result: Item) -> Iterable[FactDifference]:
    if section not in _FIXED and source.label != result.label and _identity(source, result) < _CERTAIN:
        yield _name_difference(source, result)
    names = dict.fromkeys(fact.name for fact in (*source.facts, *result.facts))
    for name in names:
        own = [fact for fact in source.facts if fact.name is name]
        other = [fact for fact in result.facts if fact.name is name]
        if name in _FREE_TEXTS and own and other:
            yield from _free_texts(own, other)
        else:
            yield from _same_name(section, source.key, own, other)


def _name_difference(source: Item, result: Item) -> FactDifference:
    """Neither code nor words are the same: the two are paired for what is said of them."""
    own = Fact(FactName.NAME, source.label, source.codes, source=source.source) if source.label else None
    other = Fact(FactName.NAME, result.label, result.codes, source=result.source) if result.label else None
    kind = Kind.CHANGED if own and other else Kind.MISSING if own else Kind.ADDED
    return FactDifference(FactName.NAME, own, other, kind)


def _free_texts(own: Sequence[Fact], other: Sequence[Fact]) -> Iterable[FactDifference]:
    """Notes may be cut into lines or joined on the way; what counts is that the words are there."""
    shown = " ".join(" ".join(fact.text for fact in other).casefold().split())
    for fact in own:
        there = " ".join(fact.text.casefold().split()) in shown
        yield FactDifference(fact.name, fact, other[0], Kind.SAME if there else Kind.CHANGED)


def _same_name(section: SectionName, key: str, own: list[Fact], other: list[Fact]) -> Iterable[FactDifference]:
    """Facts of one name: those that agree find each other first, the rest in their order."""
    left = list(other)
    open_facts: list[Fact] = []
    for fact in own:
        worded_alike_first = sorted(left, key=lambda candidate: candidate.shown != fact.shown)
        compared = (compare_facts(section, key, fact, candidate) for candidate in worded_alike_first)
        match = next((found for found in compared if found.kind in (Kind.SAME, Kind.UNVALIDATED)), None)
        if match is None:
            open_facts.append(fact)
        else:
            left = [candidate for candidate in left if candidate is not match.result]
            yield match
    for fact, candidate in zip(open_facts, left, strict=False):
        yield compare_facts(section, key, fact, candidate)
    for fact in open_facts[len(left) :]:
        note = "the sender deletes it" if fact.deleted else ""
        yield FactDifference(fact.name, fact, None, Kind.MISSING, note)
    for candidate in left[len(open_facts) :]:
        yield FactDifference(candidate.name, None, candidate, Kind.ADDED)


# --- which item is which ---------------------------------------------------------------------------------------------


def _paired(section: SectionName, source: Sequence[Item], result: Sequence[Item]) -> dict[int, int]:
    """Number of a source item → number of the result item that says the same thing.

    Three rounds, each among what the one before has left: equal in every word; the same code or label; alike.
    """
    partner: dict[int, int] = {}
    taken: set[int] = set()

    def settle(candidates: Iterable[tuple[float, float, int, int]]) -> None:
        for _, agreement, number, other in sorted(candidates):
            if number in partner or other in taken:
                continue
            if section in _FIXED and not agreement and not _alone(source[number].key, source, result):
                continue
            partner[number] = other
            taken.add(other)

    settle((-1.0, -1.0, number, other) for number, other in _sharing(source, result, worded=True))
    for numbers in (_sharing(source, result), _all_pairs(source, result)):
        candidates = []
        for number, other in numbers:
            if number in partner or other in taken:
                continue
            identity = 1.0 if section in _FIXED else _identity(source[number], result[other])
            agreement = _agreement(section, source[number], result[other]) if identity else 0.0
            if identity > _UNNAMED or agreement >= _UNNAMED_AGREEMENT:
                candidates.append((-identity, -agreement, number, other))
        settle(candidates)
    return partner


def _sharing(source: Sequence[Item], result: Sequence[Item], worded: bool = False) -> Iterable[tuple[int, int]]:
    """Pairs of one key that share a code or the label; with `worded`, all their facts too."""
    places: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for number, item in enumerate(result):
        for name in _names(item):
            places[item.key, name, item.text if worded else ""].append(number)
    for number, item in enumerate(source):
        found = {
            other: None
            for name in _names(item)
            for other in places.get((item.key, name, item.text if worded else ""), ())
        }
        yield from ((number, other) for other in found)


def _all_pairs(source: Sequence[Item], result: Sequence[Item]) -> Iterable[tuple[int, int]]:
    return (
        (number, other)
        for number, item in enumerate(source)
        for other, candidate in enumerate(result)
        if candidate.key == item.key
    )


def _names(item: Item) -> list[str]:
    return [*(coding.code for coding in item.codes), f"={_plain(item.label)}"]


def _identity(one: Item, other: Item) -> float:
    """0..1: how sure it is that two items are about the same substance, drug, disease or test."""
    if {coding.code for coding in one.codes} & {coding.code for coding in other.codes}:
        return 1.0
    if not one.label or not other.label:
        return _UNNAMED
    own, its = _plain(one.label), _plain(other.label)
    if own == its:
        return 0.95
    alike = fuzz.token_set_ratio(own, its)
    return alike / 125 if alike >= _ALIKE else 0.0


def _agreement(section: SectionName, one: Item, other: Item) -> float:
    """0..1: the share of facts that are the same."""
    facts = list(_fact_differences(section, one, other))
    same = sum(fact.kind in (Kind.SAME, Kind.UNVALIDATED) for fact in facts)
    return same / len(facts) if facts else 0.0


def _alone(key: str, source: Sequence[Item], result: Sequence[Item]) -> bool:
    """True when either side has just one item under this heading, so that it is clear which became which."""
    return sum(item.key == key for item in source) == 1 and sum(item.key == key for item in result) == 1


def _plain(label: str) -> str:
    return re.sub(r"[\W_]+", " ", label.casefold()).strip() or label


def _said(fact: FactDifference) -> str:
    """One fact's difference in words: `dose 0.125 mg became 125 mg (1,000 times as much)`."""
    note = f" ({fact.note})" if fact.note else ""
    if fact.source is None:
        return f"{fact.name} {fact.result.shown if fact.result else ''} stands only in the result{note}"
    if fact.result is None:
        return f"{fact.name} {fact.source.shown} is missing{note}"
    if fact.kind is Kind.UNVALIDATED:
        return f"{fact.name} {fact.result.shown} is kept as text, not validated"
    return f"{fact.name} {fact.source.shown} became {fact.result.shown}{note}"
