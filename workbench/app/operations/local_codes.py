"""The coded values of a capture, the code maps they go through, and what they may become."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workbench.app.documents import document_at
from workbench.fhir.definitions import definitions
from workbench.kernel.errors import Refused
from workbench.kernel.log import area_log
from workbench.kernel.progress import JobContext
from workbench.mapping.model import Package
from workbench.messages.capture import Capture
from workbench.terminology.code_map import CodeMap, CodeMapRow, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.harvest import LocalCode, SeenCode, harvest, seen_codes
from workbench.terminology.suggest import Candidate, CandidateIndex, suggest
from workbench.v2.dictionary import dictionary
from workbench.v2.er7 import Message, Segment
from workbench.v2.path import V2Path

log = area_log("terminology")

CODED = frozenset({"CE", "CWE", "CNE", "CF"})
CODEABLE = "CWE-CodeableConcept"
"""The type map of coded values in the shipped packages."""

_LONGEST_CODE = 60
LISTED_WHOLE = 60
"""Concepts that people still read through; longer lists show what resembles the code."""

_SLOT = re.compile(r"\[[^\]]*\]")
_NAMED_SYSTEMS = {"LN": "http://loinc.org", "SCT": "http://snomed.info/sct", "I10": "http://hl7.org/fhir/sid/icd-10"}


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A local code, the code map it goes through ("" when none does) and its row there."""

    local: LocalCode
    map: str
    row: CodeMapRow | None

    @property
    def status(self) -> RowStatus:
        return self.row.status if self.row is not None else RowStatus.UNMAPPED

    @property
    def target(self) -> Coding | None:
        return self.row.target if self.row is not None else None


def fields_of_maps(package: Package) -> dict[str, str]:
    """`PID-8` → the code map its values go through, for every field a rule translates."""
    found: dict[str, str] = {}
    for rule_map in package.segments.values():
        for rule in rule_map.walk():
            for source in rule.source if rule.codes else ():
                try:
                    place = V2Path.parse(source)
                except Refused:
                    continue  # a fall-back chain or a condition; its field has another rule or none
                if place.component <= 1 and place.field:
                    found.setdefault(f"{place.segment}-{place.field}", rule.codes)
    return found


def collect(capture: Capture, package: Package, ctx: JobContext) -> tuple[LocalCode, ...]:
    """Every distinct coded value of the capture, the most frequent first; raises Cancelled."""
    mapped = frozenset(fields_of_maps(package))
    return harvest(_seen(capture, mapped, ctx))


def _seen(capture: Capture, mapped: frozenset[str], ctx: JobContext) -> Iterator[SeenCode]:
    for number in range(len(capture)):
        ctx.advance(number, len(capture), "collecting codes")
        try:
            document = document_at(capture, number)
        except Refused as refusal:
            log.debug("message %d has no codes: %s", number, refusal.code)
            continue
        if isinstance(document, Message):
            for segment in document.segments:
                yield from _codes_of(segment, number, mapped)


def _codes_of(segment: Segment, number: int, mapped: frozenset[str]) -> Iterator[SeenCode]:
    definition = dictionary(segment.message.version).segment(segment.name)
    if definition is None:
        return
    for field in definition.fields:
        if not segment.raw(field.position):
            continue
        data_type = segment.value(2) if field.data_type == "varies" and segment.name == "OBX" else field.data_type
        if field.label not in mapped and data_type not in CODED:
            continue
        units = segment.value(6) if field.label in ("OBX-3", "OBX-5") else ""
        for repetition in range(1, len(segment.repetitions(field.position)) + 1):
            count = len(segment.components(field.position, repetition))
            parts = [segment.value(field.position, repetition, n) for n in range(1, count + 1)]
            if data_type not in CODED:
                parts = parts[:1]
            yield from (
                code for code in seen_codes(field.label, parts, number, units) if len(code.code) <= _LONGEST_CODE
            )


def lines(found: Iterable[LocalCode], package: Package) -> tuple[CodeLine, ...]:
    """Each local code with its row; what is open and frequent first."""
    maps = fields_of_maps(package)
    rows = [_line(local, maps.get(local.field, ""), package) for local in found]
    return tuple(
        sorted(rows, key=lambda line: (not is_open(line), -line.local.count, line.local.field, line.local.code))
    )


def is_open(line: CodeLine) -> bool:
    """True when a map is there to translate the code and no person has decided on it."""
    return bool(line.map) and line.status in (RowStatus.UNMAPPED, RowStatus.SUGGESTED, RowStatus.DRAFT)


def _line(local: LocalCode, map_name: str, package: Package) -> CodeLine:
    code_map = package.codes.get(map_name)
    if code_map is None:
        return CodeLine(local, "", None)
    translating = code_map.translate(local.code)
    if translating:
        return CodeLine(local, map_name, translating[0])
    row = next((row for row in code_map.rows if row.source.code == local.code and not row.sender), None)
    return CodeLine(local, map_name, row)


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


def offered(local: LocalCode, index: CandidateIndex, limit: int = LISTED_WHOLE) -> tuple[Candidate, ...]:
    """What resembles a code, best first, and then the rest of a list that is short enough to be read."""
    best = suggest(local, index)
    known = {candidate.coding.identity for candidate in best}
    rest = (index.coding(number) for number in range(len(index))) if len(index) <= limit or not best else ()
    others = [coding for coding in rest if coding.identity not in known]
    return (*best, *(Candidate(coding, 0.0, ()) for coding in others[:limit]))
