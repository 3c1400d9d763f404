"""A package of one of these directions, ready to run."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.mapping.conditions import SyntaxProblem
from workbench.mapping.directions.assembly import bundle_of, copy_segments
from workbench.mapping.directions.covering import Covering, Covers, covers_of
from workbench.mapping.directions.fhir_document import FhirSource
from workbench.mapping.directions.fhir_reading import FhirReading
from workbench.mapping.directions.fhir_side import FhirTarget
from workbench.mapping.directions.keeping import check_keeping, keep_the_rest
from workbench.mapping.directions.parts import SourceSide
from workbench.mapping.directions.result import TracedDocument, documents, messages_json
from workbench.mapping.directions.rows import CompiledMessageMap, CompiledRow, compile_message_map, row_kinds
from workbench.mapping.directions.rules import CompiledMaps, Compiler
from workbench.mapping.directions.running import Document, Frame, Instance, Node, Object, Reader, Run
from workbench.mapping.directions.selection import Chosen, Selection
from workbench.mapping.directions.targets import TargetSide
from workbench.mapping.directions.v2_reading import NO_GROUPS, V2Reading, V2Source
from workbench.mapping.directions.v2_target import V2Target, render
from workbench.mapping.fhir_target import Kind, fhir_schema
from workbench.mapping.model import Direction, Header, MessageMap, Package
from workbench.mapping.values import Zone
from workbench.v2.delimiters import STANDARD
from workbench.v2.er7 import Message

Received = Message | FhirDocument


class Mapped:
    """The result of fast mode; `texts` and `bundle` as in `TracedDocument`."""

    def __init__(self, run: Run, texts: Sequence[str], bundle: Object | None) -> None:
        """bundle  None for messages, whose JSON is made when it is asked for"""
        self.texts = tuple(texts)
        self.issues: tuple[Issue, ...] = tuple(run.issues)
        self._run = run
        self._bundle = bundle

    @cached_property
    def bundle(self) -> Object:
        return messages_json(self._run) if self._bundle is None else self._bundle

    @property
    def documents(self) -> tuple[bytes, ...]:
        """What goes into files: each message, or the one JSON document."""
        return documents(self.texts, {} if self.texts else self.bundle)


@dataclass(frozen=True)
class Kept:
    """Parts of an earlier compiled state that are as good as new, see `directions.recompiling`.

    starts  what paths may begin with, and what stands there; where it is another now, nothing is kept but `covers`
    """

    starts: Mapping[str, Kind | None]
    rule_maps: CompiledMaps
    rows: Mapping[str, Mapping[str, CompiledRow]]
    covers: Mapping[tuple[str, ...], Covers]


class DirectedMapping:
    """An effective package of direction fhir-to-v2, v2-to-v2 or fhir-to-fhir; it holds no state of a document."""

    def __init__(self, package: Package, kept: Kept | None = None) -> None:
        """raises  Refused MAP-0110, MAP-0112, MAP-0113, MAP-0114: as `compile.compile_package`"""
        self.package = package
        header = package.header
        self.reads_fhir = header.direction is not Direction.V2_TO_V2
        self.writes_v2 = header.direction is not Direction.FHIR_TO_FHIR
        self._reading, self._compiler = _sides(package)
        used = [each for each in package.messages.values() if each.triggers or each.structures]
        self._starts = self._reading.known_starts = _starts(used, self._compiler)
        self._covers: dict[tuple[str, ...], Covers] = dict(kept.covers) if kept is not None else {}
        self._maps: dict[str, CompiledMessageMap] = {}
        known: Mapping[str, Mapping[str, CompiledRow]] = {}
        if kept is not None and kept.starts == self._starts:
            self._compiler.maps.update(kept.rule_maps)
            known = kept.rows
        for each in used:
            self._maps[each.name] = compile_message_map(each, self._compiler, known.get(each.name, {}))
            check_keeping(self._covers_of((each.name,)), header)
        for rule_map in package.rule_maps():
            if not any("../" in rule.target or rule.target == "$value" for rule in rule_map.walk()):
                self._compiler.rule_map(rule_map, ())
        self._selection = Selection(used, self._maps)
        self._sender = _sender(self._reading, header)
        self._zone = _zone(header.time_zone)

    @property
    def rule_maps(self) -> CompiledMaps:
        """Every compiled map, see `rules.Compiler`."""
        return self._compiler.maps

    def kept(self, rule_maps: Container[str], rows: Mapping[str, Container[str]], covers: bool) -> Kept:
        """What another state of the package can use of this one.

        rule_maps  names of the maps that would be compiled to the same again
        rows       ids of such rows by message map
        covers     whether ignore and keep rules are the same
        """
        return Kept(
            self._starts,
            {key: compiled for key, compiled in self._compiler.maps.items() if key[0] in rule_maps},
            {
                name: {row: made for row, made in compiled.by_id.items() if row in rows.get(name, ())}
                for name, compiled in self._maps.items()
            },
            self._covers if covers else {},
        )

    def map_for(self, document: Received) -> str | None:
        """The name of the (first) message map for a document, None when the package has none."""
        chosen = self._selection.of(self._source(document))
        return chosen[0].map if chosen else None

    def run(self, document: Received) -> Object:
        """Fast mode: the result as JSON, see `TracedDocument.bundle`.

        raises  Refused MAP-0201: the package has no map for this document; MAP-0202: it is of the other standard
        """
        return self.run_with_issues(document)[0]

    def run_with_issues(self, document: Received) -> tuple[Object, tuple[Issue, ...]]:
        """Fast mode with what the rules and values gave cause to say; raises as `run`."""
        mapped = self.map(document)
        return mapped.bundle, mapped.issues

    def map(self, document: Received) -> Mapped:
        """Fast mode: the messages or the Bundle; raises as `run`."""
        run, texts, bundle, _ = self._run(document, tracing=False)
        if len(run.issues) > 1 and self._compiler.recalls:  # only rules in their order say them in theirs
            run, texts, bundle, _ = self._run(document, tracing=True)
        return Mapped(run, texts, bundle)

    def trace(self, document: Received) -> TracedDocument:
        """Traced mode: the same result with the trace of every value and the loss ledger; raises as `run`."""
        run, texts, bundle, covering = self._run(document, tracing=True)
        return TracedDocument(run, texts, bundle, covering)

    # --- one document ------------------------------------------------------------------------------------------------

    def _run(self, document: Received, *, tracing: bool) -> tuple[Run, list[str], Object | None, Covering]:
        source = self._source(document)
        chosen = self._selection.of(source)
        if not chosen:
            what = self._selection.what(source)
            raise Refused(
                "MAP-0201",
                f"The package {self.package.header.id} has no map for {what}.",
                'Add a message map for it, or one for every other (for: "*").',
            )
        if isinstance(source, V2Source):
            source = V2Source(source.message, self._maps[chosen[0].map].layout)
        covers = self._covers_of(tuple(dict.fromkeys(one.map for one in chosen)))
        copies = self.package.header.copy and self._compiler.same
        run = Run(source, self._zone, "", noting=tracing or copies or bool(covers.keep), full=tracing)
        covering = Covering(covers, run)
        run.covering = covering if copies else None
        run.sender = self._sender_of(run)
        for one in chosen:
            self._one(run, one)
        return self._finished(run, covering, covers)

    def _finished(self, run: Run, covering: Covering, covers: Covers) -> tuple[Run, list[str], Object | None, Covering]:
        if self.writes_v2:
            if covers.keep:
                keep_the_rest(run, covering, self.package.header)
            delimiters = run.document.delimiters if isinstance(run.document, V2Source) else STANDARD
            texts = [render(root, delimiters) for root in run.roots]
            return run, texts, None, covering
        assert isinstance(run.document, FhirSource)  # it reads FHIR
        return run, [], bundle_of(run, run.document, self.package.header.copy), covering

    def _one(self, run: Run, chosen: Chosen) -> None:
        root = Instance(chosen.map, "", chosen.focus, None)
        run.roots.append(root)
        for row in self._maps[chosen.map].rows:
            row.run(Frame(run, chosen.focus, root, root.content, {}))
        if isinstance(run.document, V2Source):
            copy_segments(run, run.document, root, self.package.header.copy)
        if not root.inside and self.writes_v2:
            run.roots.remove(root)

    def _source(self, document: Received) -> FhirSource | V2Source:
        if isinstance(document, Message) is self.reads_fhir:
            wanted, given = ("FHIR", "HL7 v2") if self.reads_fhir else ("HL7 v2", "FHIR")
            raise Refused(
                "MAP-0202",
                f"The package {self.package.header.id} reads {wanted}, and this is {given}.",
                "Choose a package for the other direction.",
            )
        return V2Source(document, NO_GROUPS) if isinstance(document, Message) else FhirSource(document)

    def _covers_of(self, names: tuple[str, ...]) -> Covers:
        if names not in self._covers:
            maps = [self.package.messages[name] for name in names]
            self._covers[names] = covers_of(self.package, maps, self._reading, self.reads_fhir)
        return self._covers[names]

    def _sender_of(self, run: Run) -> str:
        if self._sender is None:
            return ""
        document = run.document
        root = document.root if isinstance(document, FhirSource) else _header_node(document)
        found = self._sender(Frame(run, root, Instance("", "", root, None), {}, {}))
        return document.text(found[0]) if found else ""


def _starts(used: Iterable[MessageMap], compiler: Compiler) -> Mapping[str, Kind | None]:
    """What the rows of all message maps are called, and what they read where that is the same everywhere."""
    starts: dict[str, Kind | None] = {}
    for each in used:
        for name, kind in row_kinds(each, compiler).items():
            starts[name] = kind if starts.get(name, kind) == kind else None
    return starts


def _header_node(document: Document) -> Node:
    assert isinstance(document, V2Source)  # there is no third
    return document.segment_node(document.laid_out.segments[0])


def _sides(package: Package) -> tuple[FhirReading | V2Reading, Compiler]:
    header = package.header
    reading: FhirReading | V2Reading
    writing: TargetSide
    if header.direction is Direction.V2_TO_V2:
        reading = V2Reading(package)
    else:
        reading = FhirReading(package, fhir_schema(header.source.version))
    if header.direction is Direction.FHIR_TO_FHIR:
        writing = FhirTarget(fhir_schema(header.target.version), header.extensions)
    else:
        writing = V2Target(header.target.version, header.direction is Direction.V2_TO_V2)
    return reading, Compiler(package, reading, writing)


def _sender(reading: SourceSide, header: Header) -> Reader | None:
    usual = Header(id="", version="").sender
    if header.sender == usual and header.direction is not Direction.V2_TO_V2:
        return None
    try:
        return reading.source(header.sender, None)[0]
    except SyntaxProblem as problem:
        raise Refused(
            "MAP-0110",
            f"package.yaml: sender: “{header.sender}”: {problem.sentence}.",
            "See the help page of the mapping language.",
        ) from None


def _zone(name: str) -> Zone:
    try:
        return Zone(None, ZoneInfo(name).key if name else "")
    except (ZoneInfoNotFoundError, ValueError):
        raise Refused(
            "MAP-0112", f"package.yaml: {name} is no time zone.", "Use an IANA name such as Europe/Berlin."
        ) from None
