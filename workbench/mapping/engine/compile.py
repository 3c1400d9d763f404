"""A mapping package compiled to plain functions, and messages run through it."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.mapping.conditions import SyntaxProblem
from workbench.mapping.conditions import read_source as parse_source
from workbench.mapping.engine.compile_message import CompiledMessageMap, compile_message_map
from workbench.mapping.engine.compile_rule import CompiledMaps, Compiler
from workbench.mapping.engine.compile_source import CodeMaps
from workbench.mapping.engine.compile_text import FirstText, first_text
from workbench.mapping.engine.covering import Covering, Covers, covers_of
from workbench.mapping.engine.finish import assemble
from workbench.mapping.engine.identity import name_of
from workbench.mapping.engine.keep import check_extension, keep_the_rest
from workbench.mapping.engine.lines import keep_lines
from workbench.mapping.engine.lookups import names_looked_up
from workbench.mapping.engine.rows import RowFunction
from workbench.mapping.engine.running import LONGEST_NUMBERED, Frame, Run, marks_of
from workbench.mapping.engine.scope import Resource, lay_out
from workbench.mapping.engine.trace import TracedResult
from workbench.mapping.fhir_target import fhir_schema
from workbench.mapping.model import Direction, MessageMap, Package
from workbench.mapping.overlay import effective
from workbench.mapping.values import Misfit, Zone, partial
from workbench.v2.er7 import Message, Segment

REMEMBERED_KINDS = 1024
"""Texts of MSH-9, after the separators, of which it is kept which map takes them."""


class Contexts:
    """A small number for each context, the same for equal ones; values remembered in maps are told apart by them."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._next = count()

    def number(self, context: object) -> int:
        found = self._numbers.get(context)
        return self._numbers.setdefault(context, next(self._next)) if found is None else found


@dataclass(frozen=True)
class Kept:
    """Parts of an earlier compiled state that are as good as new, see `recompile`."""

    rule_maps: CompiledMaps = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, RowFunction]] = field(default_factory=dict)
    covers: Mapping[str, Covers] = field(default_factory=dict)
    contexts: Contexts | None = None


NOTHING_KEPT = Kept()


def compile_package(package: Package) -> CompiledMapping:
    """Compile every map of a package, laid over its base.

    raises  Refused MAP-0107, MAP-0108: as `overlay.effective`; MAP-0110: a rule that cannot be, with file, line,
            column and id; MAP-0111: a direction that is not there yet; MAP-0112: an unknown time zone; MAP-0113: two
            maps for the same messages; MAP-0114: keep rules without an extension for what they keep
    """
    if package.header.direction is not Direction.V2_TO_FHIR:
        raise Refused(
            "MAP-0111",
            f"Packages of direction {package.header.direction} cannot be run yet.",
            "Packages of direction v2-to-fhir can.",
        )
    return CompiledMapping(effective(package), package)


class CompiledMapping:
    """An effective package ready to run; it holds no state of a message, so messages may pass in any order."""

    def __init__(self, package: Package, given: Package | None = None, kept: Kept = NOTHING_KEPT) -> None:
        """given  what `package` is the effective form of"""
        self.package = package
        self.given = given or package
        self.compiler = compiler = Compiler(package, fhir_schema(package.header.target.version), kept.rule_maps)
        self._events: dict[str, str] = {}
        self._structures: dict[str, str] = {}
        self._maps: dict[str, tuple[CompiledMessageMap, Covers]] = {}
        self._known_kinds: dict[tuple[str, ...], str] = {}
        for name, message_map in package.messages.items():
            if message_map.triggers or message_map.structures:
                self._offer(message_map)
                covers = kept.covers.get(name) or covers_of(package, message_map)
                check_extension(covers, package.header.extensions)
                self._maps[name] = (compile_message_map(message_map, compiler, kept.rows.get(name, {})), covers)
        for rule_map in package.rule_maps():
            if not any("../" in rule.target or rule.target == "$value" for rule in rule_map.walk()):
                compiler.rule_map(rule_map, ())
        self._contexts = kept.contexts if kept.contexts is not None else Contexts()
        self._looked_up = names_looked_up(package)
        self._sender = _sender(package.header.sender, package.codes)
        self._zone_name = _zone_name(package.header.time_zone)

    def _offer(self, message_map: MessageMap) -> None:
        for table, keys in ((self._events, message_map.triggers), (self._structures, message_map.structures)):
            for key in keys:
                if key in table:
                    raise Refused(
                        "MAP-0113",
                        f"{message_map.place}: {message_map.name} and {table[key]} are both for {key}.",
                        "Leave the event to one of them.",
                    )
                table[key] = message_map.name

    def map_for(self, message: Message) -> str | None:
        """The name of the message map for a message, None when the package has none."""
        code, event = message.message_code, message.trigger_event
        return (
            self._events.get(f"{code}^{event}" if event else code)
            or self._structures.get(message.structure_id)
            or self._events.get(f"{code}^*")
            or self._events.get("*")
        )

    def run(self, message: Message) -> Resource:
        """Fast mode: the transaction Bundle alone.

        raises  Refused MAP-0201: the package has no map for this message
        """
        return self.run_with_issues(message)[0]

    def run_with_issues(self, message: Message) -> tuple[Resource, tuple[Issue, ...]]:
        """Fast mode: the Bundle and what the rules and values gave cause to say.

        raises  Refused MAP-0201
        """
        compiled, covers = self._chosen(message)
        keeping = covers.may_keep_of(message)
        state = self._run(message, compiled, keeping, full=keeping and len(message.raw) >= LONGEST_NUMBERED)
        if keeping and (state.uneven or state.dropped):
            state = self._run(message, compiled, keeping, full=True)  # only a trace tells what has arrived
        bundle = assemble(state, self.package.header.name_space)
        if keeping:
            keep_the_rest(state, covers, self.package.header.extensions)
            keep_lines(state, covers, self.package.header.extensions)
        state.laid_out.release()
        return bundle, tuple(state.issues)

    def trace(self, message: Message, afresh: bool = False) -> TracedResult:
        """Traced mode: the same Bundle with the trace of every value and the loss ledger.

        afresh  take nothing from memory, so that what is can be checked against it
        raises  Refused MAP-0201
        """
        compiled, covers = self._chosen(message)
        state = self._run(message, compiled, covers.may_keep_of(message), full=True, afresh=afresh)
        bundle = assemble(state, self.package.header.name_space)
        if covers.keep:
            keep_the_rest(state, covers, self.package.header.extensions)
            keep_lines(state, covers, self.package.header.extensions)
        return TracedResult(bundle, state, Covering(covers, state))

    def kept(self, rule_maps: Container[str], rows: Mapping[str, Container[str]], covers: bool) -> Kept:
        """What another state of the package can use of this one.

        rule_maps  names of the maps that would be compiled to the same again
        rows       ids of such rows by message map
        covers     whether ignore and keep rules are the same
        """
        return Kept(
            rule_maps={key: compiled for key, compiled in self.compiler.rule_maps.items() if key[0] in rule_maps},
            rows={
                name: {row.id: function for row, function in compiled.by_row if row.id in rows.get(name, ())}
                for name, (compiled, _) in self._maps.items()
            },
            covers={name: found for name, (_, found) in self._maps.items()} if covers else {},
            contexts=self._contexts,
        )

    def _chosen(self, message: Message) -> tuple[CompiledMessageMap, Covers]:
        header = message.segments[0]
        fields = header.fields
        kind = (*fields[1:3], *fields[9:10])
        name = self._known_kinds.get(kind) or self.map_for(message)
        if name is None:
            told = "^".join(part for part in (message.message_code, message.trigger_event) if part)
            raise Refused(
                "MAP-0201",
                f"The package {self.package.header.id} has no map for {told or 'a message without MSH-9'}.",
                'Add a message map for it, or one for every other message (for: "*").',
            )
        if len(self._known_kinds) < REMEMBERED_KINDS:
            self._known_kinds[kind] = name
        return self._maps[name]

    def _run(
        self,
        message: Message,
        compiled: CompiledMessageMap,
        noting: bool = False,
        full: bool = False,
        afresh: bool = False,
    ) -> Run:
        header = message.segments[0]
        try:
            offset = partial(_header_text(header, 7)).offset
        except Misfit:
            offset = None
        zone = Zone(offset, self._zone_name)
        state = Run.of(message, lay_out(message, compiled.layout), zone, self._looked_up, noting, full, afresh)
        first = state.laid_out.segments[0]
        state.sender = self._sender(Frame(state, first, first.fields, None, {}, [], None, None))
        sent_by = (*header.fields[3:5], "", "")[:2]
        state.context = self._contexts.number((zone, state.sender, sent_by, state.delimiters, noting, full))
        state.key = (*sent_by, _header_text(header, 10) or hashlib.sha256(message.raw).hexdigest())
        state.name = name_of(*state.key)
        for row in compiled.rows.of(state.laid_out):
            row(state)
        return state


def _header_text(header: Segment, field: int) -> str:
    """`Segment.value`, at once where nothing in the field stands for anything else."""
    raw = header.fields[field] if field < len(header.fields) else ""
    return raw if marks_of(header.message.delimiters).special(raw) is None else header.value(field)


def _sender(text: str, codes: CodeMaps) -> FirstText:
    """What names the sender of a message, read in its MSH."""
    try:
        return first_text(parse_source(text), False, "MSH", codes)
    except SyntaxProblem as problem:
        raise Refused(
            "MAP-0110", f"package.yaml: sender: “{text}”: {problem.sentence}.", "See the help page of the language."
        ) from None


def _zone_name(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (ZoneInfoNotFoundError, ValueError):
        raise Refused(
            "MAP-0112", f"package.yaml: {name} is no time zone.", "Use an IANA name such as Europe/Berlin."
        ) from None


def maps_used(mapping: CompiledMapping, messages: Iterable[Message]) -> dict[str, int]:
    """How many of the messages each message map takes; "" counts those without one."""
    counts: dict[str, int] = {}
    for message in messages:
        name = mapping.map_for(message) or ""
        counts[name] = counts.get(name, 0) + 1
    return counts
