"""What a local code may become: from the code systems a person imported, from its map, from the standard itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from workbench.app.operations.code_fields import USUAL_SYSTEMS
from workbench.app.operations.local_codes import CodeLine, Hint
from workbench.fhir.definitions import definitions
from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.mapping.model import Package
from workbench.terminology.code_map import CodeMap, CodeMapRow, RowStatus
from workbench.terminology.code_store import CodeStore, StoreInfo
from workbench.terminology.codes import Coding, Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.library import CodeLibrary
from workbench.terminology.memory import Memory, remember
from workbench.terminology.ranking import UCUM
from workbench.terminology.safety import Find, check_row
from workbench.terminology.suggest import Candidate, CandidateIndex, Suggestion, suggest, suggestion
from workbench.terminology.unit_codes import ucum_code

LISTED_WHOLE = 60
"""Concepts that people still read through; longer lists show what resembles the code."""
SHOWN = 20
_REMEMBERED = 0.99
"""Scores from which a candidate was approved before, or read by a grammar."""
BY_GRAMMAR = "unit read by the grammar of UCUM"

_SLOT = re.compile(r"\[[^\]]*\]")
_NAMED_SYSTEMS = {"LN": "http://loinc.org", "SCT": "http://snomed.info/sct", "I10": "http://hl7.org/fhir/sid/icd-10"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A candidate with what the safety checks would say of it."""

    candidate: Candidate
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Offered:
    """The candidates for one local code, best first.

    no_map  why it may have no target at all, "" when the first candidate is worth a look
    """

    offers: tuple[Offer, ...]
    no_map: str = ""


class CodeSources:
    """The imported code systems, each opened once; may be asked from several threads."""

    def __init__(self, library: CodeLibrary | None = None) -> None:
        self.library = library or CodeLibrary()
        self._lock = Lock()
        self._open: dict[str, CodeStore] = {}
        self._infos: tuple[StoreInfo, ...] | None = None

    def infos(self) -> tuple[StoreInfo, ...]:
        """What was imported, the newest of each code system first."""
        with self._lock:
            if self._infos is None:
                self._infos = tuple(self.library.stores())
            return self._infos

    def refresh(self) -> None:
        """Look at the library again, after an import."""
        with self._lock:
            for store in self._open.values():
                store.close()
            self._open, self._infos = {}, None

    def store(self, system: str) -> CodeStore | None:
        """The newest store of a code system; None when none was imported."""
        if not system or not any(info.system == system for info in self.infos()):
            return None
        with self._lock:
            if system not in self._open:
                self._open[system] = self.library.open(system)
            return self._open[system]

    def finds(self, systems: Iterable[str]) -> Mapping[str, Find]:
        """For each system that is there, what looks a code up in it."""
        stores = {system: self.store(system) for system in set(systems)}
        return {system: store.find for system, store in stores.items() if store is not None}

    def find(self, coding: Coding) -> Concept | None:
        """A target in its code system; None when it is not there or the system was not imported."""
        store = self.store(coding.system)
        return store.find(coding.code) if store is not None else None

    def search(self, text: str, systems: Sequence[str], limit: int = 50) -> tuple[Concept, ...]:
        """What the imported systems have under some words, those of the first system first."""
        found: list[Concept] = []
        for system in systems:
            store = self.store(system)
            if store is not None:
                found += store.search(text, limit)
        return tuple(found[:limit])

    def close(self) -> None:
        self.refresh()


def systems_of(line: CodeLine, package: Package | None) -> tuple[str, ...]:
    """The code systems a code is to be mapped to: its map's, else those its field is usually coded in."""
    code_map = package.codes.get(line.map) if package is not None else None
    wanted = [code_map.target_system] if code_map is not None and code_map.target_system else []
    return tuple(dict.fromkeys([*wanted, *USUAL_SYSTEMS.get(line.local.field, ())]))


def memory_of(package: Package | None, found: Iterable[LocalCode]) -> Memory:
    """What was approved in any code map of the package, for the codes as they look today."""
    approved: dict[str, list[Coding]] = {}
    for code_map in package.codes.values() if package is not None else ():
        for row in code_map.rows:
            if row.status is RowStatus.APPROVED and row.author and row.target is not None and not row.marks:
                approved.setdefault(row.source.code, []).append(row.target)
    return remember((local, target) for local in found for target in approved.get(local.code, ()))


def offers_for(
    line: CodeLine,
    package: Package | None,
    found: Sequence[LocalCode],
    sources: CodeSources,
    memory: Memory | None = None,
    limit: int = SHOWN,
    of_systems: Sequence[str] | None = None,
) -> Offered:
    """Candidates for a code with their safety findings; "no map" only where a whole code system was asked.

    of_systems  look in these code systems, whatever the package says
    """
    systems = systems_of(line, package) if of_systems is None else of_systems
    best: list[Candidate] = []
    no_map = ""
    for system in systems:
        store = sources.store(system)
        if store is not None:
            said: Suggestion = suggestion(line.local, store.candidates, limit, memory)
            best += said.candidates
            no_map = no_map or said.no_map
    by_grammar = _unit(line.local) if UCUM in systems else None
    if by_grammar is not None:
        best.insert(0, by_grammar)
    if package is not None:
        known = offered(line.local, candidates(line, package, found), memory=memory)
        # The rest of a short list is worth reading only where nothing better is known.
        best += [each for each in known if each.score or not best]
    different: dict[tuple[str, str], Candidate] = {}
    for candidate in sorted(best, key=lambda each: -each.score):
        different.setdefault(candidate.coding.identity, candidate)
    kept = list(different.values())[: max(limit, LISTED_WHOLE)]
    remembered = bool(kept) and kept[0].score >= _REMEMBERED
    doubtful = "" if remembered else no_map
    return Offered(tuple(Offer(each, _findings(line, each.coding, sources)) for each in kept), doubtful)


def _unit(local: LocalCode) -> Candidate | None:
    code = ucum_code(local.code or local.text)
    return Candidate(Coding(UCUM, code, ""), 0.99, (BY_GRAMMAR,)) if code and not code.startswith("{") else None


def _findings(line: CodeLine, target: Coding, sources: CodeSources) -> tuple[Issue, ...]:
    row = CodeMapRow(Coding(line.local.system, line.local.code, line.local.text), target, status=RowStatus.SUGGESTED)
    concept = sources.find(target)
    return check_row(row, line.local, concept)


def candidates(line: CodeLine, package: Package, found: Iterable[LocalCode]) -> CandidateIndex:
    """What a code may become: targets and code systems of the map, value sets of its elements, standard codes seen."""
    code_map = package.codes.get(line.map)
    codings: dict[tuple[str, str], Coding] = {}
    for coding in _known_targets(code_map):
        codings.setdefault(coding.identity, coding)
    for coding in _bound(package, line.local.field):
        codings.setdefault(coding.identity, coding)
    for local in found:
        system = _NAMED_SYSTEMS.get(local.system)
        if system and local.field == line.local.field and local.code:
            codings.setdefault((system, local.code), Coding(system, local.code, local.text))
    return CandidateIndex(codings.values())


def _bound(package: Package, field: str) -> Iterator[Coding]:
    """The codes of the value sets that the elements the field goes to are bound to."""
    for rule_map in package.segments.values():
        for rule in rule_map.walk():
            if rule.source != (field,) or not rule.target or "(" in rule.target:
                continue  # what an extension may hold is bound by nobody
            element = definitions().element(f"{rule_map.target}.{_SLOT.sub('', rule.target)}")
            if element is not None and element.binding is not None:
                for system, code, display in definitions().concepts(element.binding.value_set):
                    yield Coding(system, code, display)


def _known_targets(code_map: CodeMap | None) -> Iterator[Coding]:
    if code_map is None:
        return
    targets = [row.target for row in code_map.rows if row.target is not None]
    yield from targets
    for system in dict.fromkeys([code_map.target_system, *(coding.system for coding in targets)]):
        for code, display in definitions().displays(system).items() if system else ():
            yield Coding(system, code, display)


def offered(
    local: LocalCode, index: CandidateIndex, limit: int = LISTED_WHOLE, memory: Memory | None = None
) -> tuple[Candidate, ...]:
    """What resembles a code, best first, and then the rest of a list that is short enough to be read."""
    best = suggest(local, index, memory=memory)
    known = {candidate.coding.identity for candidate in best}
    rest = (index.coding(number) for number in range(len(index))) if len(index) <= limit or not best else ()
    others = [coding for coding in rest if coding.identity not in known]
    return (*best, *(Candidate(coding, 0.0, ()) for coding in others[:limit]))


def hints_for(
    lines: Sequence[CodeLine],
    package: Package | None,
    sources: CodeSources,
    memory: Memory | None,
    ctx: JobContext,
) -> dict[LocalCode, Hint]:
    """The best candidate of each line, for codes whose code system was imported or that were approved elsewhere.

    raises  Cancelled
    """
    hints: dict[LocalCode, Hint] = {}
    for number, line in enumerate(lines):
        ctx.advance(number, len(lines), "suggesting")
        if not any(sources.store(system) for system in systems_of(line, package)):
            continue
        found = offers_for(line, None, (), sources, memory, 2, systems_of(line, package))
        first = found.offers[0] if found.offers else None
        hints[line.local] = Hint(
            first.candidate if first is not None else None, found.no_map, first.issues if first is not None else ()
        )
    return hints


def search_offers(
    text: str, systems: Sequence[str], line: CodeLine | None, sources: CodeSources, limit: int = 50
) -> tuple[Offer, ...]:
    """What code systems have under some words, with what the checks would say of it for a local code."""
    offers = []
    for concept in sources.search(text, systems, limit):
        why = ("retired",) if concept.retired else ()
        row = CodeMapRow(Coding("", line.local.code) if line else Coding("", "?"), concept.coding)
        issues = check_row(row, line.local, concept) if line is not None else ()
        offers.append(Offer(Candidate(concept.coding, 0.0, why), issues))
    return tuple(offers)
