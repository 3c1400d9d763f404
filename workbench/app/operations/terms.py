"""Terminology from the command line and in the window: suggest, translate, check, import and export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.app.operations.code_harvest import collect
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.mapping.load import load_package
from workbench.messages.capture import Capture
from workbench.terminology.code_map import CodeMap, CodeMapRow
from workbench.terminology.code_store import CodeStore, StoreInfo
from workbench.terminology.codes import Concept
from workbench.terminology.drift import drift
from workbench.terminology.exchange.files import read_map, write_map
from workbench.terminology.harvest import LocalCode
from workbench.terminology.library import CodeLibrary
from workbench.terminology.local_lists import NamedLocal, read_local_codes
from workbench.terminology.memory import Memory, remember_map
from workbench.terminology.safety import Finding, check_map
from workbench.terminology.suggest import Suggestion, suggestion

__all__ = ["SuggestedCode", "check_code_map", "convert_map", "import_release", "suggest_codes", "translate_codes"]


@dataclass(frozen=True, slots=True)
class SuggestedCode:
    """A local code as it was named in the file, and what is suggested for it."""

    name: str
    suggestion: Suggestion


def vocabulary_store(
    vocabulary: Path | None, system: str, ctx: JobContext, library: CodeLibrary | None = None, version: str = ""
) -> CodeStore:
    """The code system to work with: the release in `vocabulary`, imported if it was not yet, or what was imported last.

    raises  Refused TERM-003x, TERM-0040
    """
    shelf = library or CodeLibrary()
    return shelf.import_release(vocabulary, system, version, ctx) if vocabulary else shelf.open(system, version)


def suggest_codes(
    path: Path,
    system: str,
    vocabulary: Path | None,
    limit: int = 10,
    ctx: JobContext | None = None,
    approved: Path | None = None,
    library: CodeLibrary | None = None,
) -> Iterator[SuggestedCode]:
    """Suggestions for each local code of a CSV or XLSX file, in its order.

    approved  a code map whose approved rows come first

    raises  Refused TERM-003x, TERM-004x: what is wrong with the release or the list; Cancelled
    """
    job = ctx or JobContext()
    named = read_local_codes(path, job)
    with vocabulary_store(vocabulary, system, job, library) as store:
        memory = _memory(approved, named)
        for number, each in enumerate(named):
            job.advance(number, len(named), "suggesting")
            candidates = store.of_system(each.target_system) if not store.info.system else store.candidates
            yield SuggestedCode(each.name, suggestion(each.local, candidates, limit, memory))


def _memory(approved: Path | None, named: tuple[NamedLocal, ...]) -> Memory | None:
    if approved is None:
        return None
    code_map, _ = read_map(approved)
    return remember_map(code_map, (each.local for each in named))


def collect_codes(
    capture: Capture, package: Path | None, field: str = "", ctx: JobContext | None = None, *, every: bool = False
) -> tuple[LocalCode, ...]:
    """The coded values of a capture, the most frequent first.

    package  a mapping whose translated fields are collected as well, whatever their data type
    field    only this field (`OBX-3`, `Observation.code`), whatever its data type and code system
    every    of FHIR resources also codings of published code systems

    raises  Refused MAP-…: a defective mapping; Cancelled; Unavailable APP-0002
    """
    mapping = load_package(package) if package is not None else None
    found = collect(capture, mapping, ctx or JobContext(), more=frozenset({field} - {""}), every=every)
    return tuple(local for local in found if not field or local.field == field)


LIST_COLUMNS = (
    "local_code", "local_text", "local_system", "field", "context", "specimen", "units", "ranges", "count", "values",
)  # fmt: skip


def list_row(local: LocalCode, *, values: bool) -> dict[str, str]:
    """A local code as a row of a list that `read_local_codes` reads; patients' values only when asked for."""
    return {
        "local_code": local.code,
        "local_text": local.text,
        "local_system": local.system,
        "field": local.field,
        "context": local.context,
        "specimen": local.specimen,
        "units": "|".join(unit for unit, _ in local.units),
        "ranges": "|".join(limits for limits, _ in local.ranges[:3]),
        "count": str(local.count),
        "values": "|".join(value for value, _ in local.values) if values else "",
    }


def translate_codes(
    path: Path, codes: tuple[str, ...], system: str = "", sender: str = ""
) -> Mapping[str, tuple[CodeMapRow, ...]]:
    """The rows of a code map that stand for each code.

    raises  as `read_map`
    """
    code_map, _ = read_map(path)
    return {code: code_map.translate(code, system, sender) for code in codes}


def check_code_map(
    path: Path,
    seen: Path | None,
    system: str,
    vocabulary: Path | None,
    ctx: JobContext | None = None,
    library: CodeLibrary | None = None,
    sent: Sequence[LocalCode] = (),
) -> tuple[CodeMap, tuple[Finding, ...]]:
    """What is doubtful about each row of a code map.

    seen        the local codes with their units, specimens and values; without it only the map itself is judged
    sent        the same, as collected from a capture
    vocabulary  the target's release; without it, and without an imported one, targets are judged by their displays

    raises  Refused, as `read_map`, `read_local_codes` and the library
    """
    job = ctx or JobContext()
    code_map, _ = read_map(path)
    locals_ = (*sent, *(each.local for each in read_local_codes(seen, job))) if seen else tuple(sent)
    store = _store_if_there(code_map, system, vocabulary, job, library)
    try:
        return code_map, check_map(code_map, locals_, store.find if store else None)
    finally:
        if store is not None:
            store.close()


def _store_if_there(
    code_map: CodeMap, system: str, vocabulary: Path | None, ctx: JobContext, library: CodeLibrary | None
) -> CodeStore | None:
    wanted = system or code_map.target_system
    if vocabulary is not None:
        return vocabulary_store(vocabulary, wanted, ctx, library)
    try:
        return vocabulary_store(None, wanted, ctx, library) if wanted else None
    except Refused as missing:
        if missing.code == "TERM-0040" and not system:
            return None
        raise


def import_release(
    path: Path, system: str, version: str = "", ctx: JobContext | None = None, library: CodeLibrary | None = None
) -> CodeStore:
    """Import a release of a code system for all workspaces; raises as `CodeLibrary.import_release`."""
    return (library or CodeLibrary()).import_release(path, system, version, ctx)


def imported_systems(library: CodeLibrary | None = None) -> tuple[StoreInfo, ...]:
    """The code systems that were imported, every version."""
    return tuple((library or CodeLibrary()).stores())


def search_codes(
    text: str, system: str, version: str = "", limit: int = 20, library: CodeLibrary | None = None
) -> tuple[Concept, ...]:
    """The concepts whose code or wording has words beginning as those of `text`; raises Refused TERM-0040."""
    with (library or CodeLibrary()).open(system, version) as store:
        return store.search(text, limit)


def look_up(
    codes: tuple[str, ...], system: str, version: str = "", library: CodeLibrary | None = None
) -> Mapping[str, Concept | None]:
    """What a code system says of each code, None where it has no such code; raises Refused TERM-0040."""
    with (library or CodeLibrary()).open(system, version) as store:
        return {code: store.find(code) for code in codes}


@dataclass(frozen=True, slots=True)
class Drifted:
    """A row whose target is not what it was: its source and target codes, what happened, before and after."""

    source: str
    target: str
    kind: str
    before: str
    after: str


def drifted(
    code_map: CodeMap,
    system: str,
    old_version: str,
    new_version: str,
    library: CodeLibrary | None = None,
    ctx: JobContext | None = None,
) -> tuple[Drifted, ...]:
    """What became of a map's targets between two imported versions of their code system.

    raises  Refused TERM-0040: a version was not imported; Cancelled
    """
    job = ctx or JobContext()
    shelf = library or CodeLibrary()
    with shelf.open(system, old_version) as old, shelf.open(system, new_version) as new:
        uri = new.info.system
        own = tuple(row for row in code_map.rows if row.target is not None and row.target.system == uri)
        job.check()
        found = drift(replace(code_map, rows=own), old.find, new.find)
    return tuple(
        Drifted(row.source.code, row.target.code if row.target else "", each.kind.value, each.before, each.after)
        for each in found
        for row in (own[each.row],)
    )


def read_code_map(path: Path) -> tuple[CodeMap, tuple[Issue, ...]]:
    """The code map in a file of any known form, and what of it could not be taken over; raises as `read_map`."""
    return read_map(path)


def export_map(code_map: CodeMap, path: Path, draft: bool = False) -> tuple[str, ...]:
    """Write a code map in the form its ending names; returns sentences on what did not go along.

    draft  also rows that nobody approved; without it they, and rows with marks, stay behind

    raises  as `write_map`
    """
    return tuple(issue.text for issue in write_map(code_map, path, draft))


def convert_map(source: Path, target: Path, draft: bool = False) -> tuple[str, ...]:
    """Read a map in one form and write it in another; returns sentences on what did not go along.

    draft  also rows that nobody approved

    raises  as `read_map` and `write_map`
    """
    code_map, issues = read_map(source)
    more = write_map(code_map, target, draft)
    return tuple(issue.text for issue in (*issues, *more))


def local_codes(path: Path) -> tuple[LocalCode, ...]:
    """The local codes of a list; raises as `read_local_codes`."""
    return tuple(each.local for each in read_local_codes(path, JobContext()))
