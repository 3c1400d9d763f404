"""Compiling the rules whose value becomes a primitive or a code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.mapping.engine.compile_source import Found, Texts
from workbench.mapping.engine.compile_target import At, Object, Target
from workbench.mapping.engine.compile_text import Ways
from workbench.mapping.engine.running import (
    COPIED,
    DEFAULTED,
    DELETED,
    MISFIT,
    NOTHING,
    OCCUPIED,
    OMITTED,
    TRANSLATED,
    UNVALIDATED,
    VALUE,
    Frame,
    Node,
    Outcome,
    RuleName,
    Step,
    Written,
)
from workbench.mapping.model import Json, Null, Policy, Unmapped
from workbench.mapping.values import CONVERTERS, ZONED, Misfit, zone_note
from workbench.terminology.code_map import CodeMap, CodeMapRow
from workbench.v2.delimiters import NULL

NULL_FLAVOR = "http://hl7.org/fhir/StructureDefinition/iso21090-nullFlavor"
ORIGINAL_TEXT = "http://hl7.org/fhir/StructureDefinition/originalText"
ALTERNATE_CODES = "http://hl7.org/fhir/StructureDefinition/alternate-codes"
ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
CODED = frozenset({"Coding", "CodeableConcept"})

REMEMBERED_CODES = 1024
"""Codes kept for one rule with a code map."""

Transformer = Callable[[Frame, str], str | None]


def not_encoded() -> Object:
    """The extension by which unvalidated values are found: v3 NullFlavor UNC, "not yet encoded"."""
    return {"url": NULL_FLAVOR, "valueCode": "UNC"}


@dataclass(frozen=True)
class Writing:
    """What the writers of one rule share."""

    name: RuleName
    target: Target
    type: str
    transforms: tuple[Transformer, ...]
    null: Null
    whole: bool

    def transformed(self, frame: Frame, text: str) -> str | None:
        """The text after the rule's transforms, None for no value.

        raises  Misfit
        """
        current: str | None = text
        for transform in self.transforms:
            if not current:
                return None
            current = transform(frame, current)
        return current

    def note(
        self, frame: Frame, found: Found, at: At | None, outcome: Outcome, row: CodeMapRow | None = None, note: str = ""
    ) -> None:
        """Trace a write; `at` None says that the place was taken."""
        trace = frame.run.trace
        if at is not None and outcome.written:
            frame.run.take(found.nodes, self.whole)
        if trace is None:
            return
        if at is None:
            container, key = self.target.parent(frame), self.target.key
            trace.append(Written(self.name, found.nodes, self.whole, container, key, None, OCCUPIED, row, note))
        else:
            container, key, item = at.container, at.key, at.item
            trace.append(Written(self.name, found.nodes, self.whole, container, key, item, outcome, row, note))

    def delete(self, frame: Frame, found: Found) -> int:
        """Carry out an explicit null."""
        if self.null is Null.OMIT:
            if frame.run.trace is not None:
                frame.run.trace.append(
                    Written(self.name, found.nodes, self.whole, frame.target, self.target.key, None, DELETED)
                )
            frame.run.take(found.nodes, self.whole)
            return NOTHING
        reason: Object = {"url": ABSENT_REASON, "valueCode": "unknown"}
        at = (
            self.target.extend(frame, [reason])
            if self.target.last.element.primitive
            else self.target.put(frame, {"extension": [reason]})
        )
        self.note(frame, found, at, DELETED)
        return VALUE if at else NOTHING

    def misfit(self, frame: Frame, found: Found, text: str) -> int:
        """Keep a text that cannot be a value of the element, and say so."""
        at = self.target.extend(frame, [not_encoded(), {"url": ORIGINAL_TEXT, "valueString": text}])
        self.note(frame, found, at, MISFIT)
        report(
            frame, found.nodes, "MAP-0301", Severity.WARNING, IssueType.VALUE,
            "{value} cannot be a {type}; it is kept as text.", {"value": text, "type": self.type},
        )  # fmt: skip
        return VALUE if at else NOTHING


def report(
    frame: Frame,
    nodes: tuple[Node, ...],
    rule: str,
    severity: Severity,
    kind: IssueType,
    template: str,
    args: dict[str, str],
) -> None:
    """Add an issue at the first of the nodes."""
    location = Location()
    if nodes:
        node = nodes[0]
        place = (node.field, node.repetition, node.component, node.subcomponent)
        location = Location(node.segment.segment.path(*place), node.segment.segment.span(*place))
    frame.run.issues.append(Issue(severity, kind, rule, location, template, args))


@dataclass(frozen=True)
class Codes:
    """A code map as one rule uses it."""

    code_map: CodeMap
    unmapped: Unmapped
    translate: Callable[[str, str, str], tuple[CodeMapRow, ...]] = field(init=False)
    """`CodeMap.translate` of a code without blanks around, with a memory: the same codes come again and again."""

    def __post_init__(self) -> None:
        def translate(code: str, system: str, sender: str) -> tuple[CodeMapRow, ...]:
            return self.code_map.translate(code.strip(), system, sender)

        object.__setattr__(self, "translate", lru_cache(REMEMBERED_CODES)(translate))


def short_way(writing: Writing, ways: Ways, long: Step, codes: Codes | None = None) -> Step:
    """The rule without lists and nodes for what occurs most; everything else goes the long way.

    codes  translate the text; a code without a row goes the long way, too
    """
    if not ways.short or writing.whole or writing.type in CODED:
        return long
    plain, (short, more) = not writing.transforms, ways
    convert, put = CONVERTERS[writing.type], writing.target.quick()
    translate = None if codes is None else codes.translate

    def run(frame: Frame) -> int:
        state = frame.run
        if state.trace is not None:
            return long(frame)
        for read, take in short:  # noqa: B007 - that of the text is used below
            text = read(frame)
            if text is None or text == NULL:
                return long(frame)
            if text:
                break
        else:
            return long(frame) if more else NOTHING
        try:
            if not plain:
                text = writing.transformed(frame, text)
                if not text:
                    return NOTHING
            if translate is not None:
                rows = translate(text, "", state.sender)
                if not rows or rows[0].target is None:
                    return long(frame)
                text = rows[0].target.code
            value = convert(text, state.zone)
        except Misfit:
            return long(frame)
        if put(frame, value) is None:
            return NOTHING
        if state.keeping:
            take(frame)
        return VALUE

    return run


def write_primitive(writing: Writing, texts: Texts) -> Step:
    """A text converted by the FHIR type of the element."""
    convert, target = CONVERTERS[writing.type], writing.target
    zoned, plain = writing.type in ZONED, not writing.transforms

    def run(frame: Frame) -> int:
        written = NOTHING
        for found in texts(frame):
            text: str | None = found.text
            if text == NULL:
                written |= writing.delete(frame, found)
                continue
            try:
                text = text if plain else writing.transformed(frame, found.text)
                if not text:
                    continue
                value = convert(text, frame.run.zone)
            except Misfit:
                written |= writing.misfit(frame, found, found.text)
                continue
            at = target.put(frame, value)
            if frame.run.noting:
                note = zone_note(text, frame.run.zone) if zoned and frame.run.trace is not None else ""
                writing.note(frame, found, at, COPIED, note=note)
            if at:
                written = VALUE
        return written

    return run


def write_code(writing: Writing, texts: Texts, codes: Codes) -> Step:
    """A code translated into a primitive, a Coding or a CodeableConcept."""
    translate = codes.translate
    put = _put_coded if writing.type in CODED else _put_code

    def run(frame: Frame) -> int:
        written = NOTHING
        for found in texts(frame):
            if found.text == NULL:
                written |= writing.delete(frame, found)
                continue
            try:
                text = writing.transformed(frame, found.text)
            except Misfit:
                text = found.text
            if not text:
                continue
            rows = translate(text, "", frame.run.sender)
            written |= put(writing, frame, found, rows) if rows else _unmapped(writing, frame, found, text, codes)
        return written

    return run


def add_codings(element: Object, rows: tuple[CodeMapRow, ...]) -> None:
    """Put the target codings before what a CodeableConcept holds already; one that is there moves to the front."""
    there = element.get("coding")
    originals = [coding for coding in there if isinstance(coding, dict)] if isinstance(there, list) else []
    codings: list[Json] = []
    for target in map(_coding, rows):
        same = next((coding for coding in originals if _same_code(coding, target)), None)
        if same is None:
            codings.append(target)
        else:
            originals.remove(same)
            codings.append(same)
            same.setdefault("display", target.get("display", ""))
            if not same["display"]:
                del same["display"]
    codings += originals
    others = {key: value for key, value in element.items() if key != "coding"}
    element.clear()
    element["coding"] = codings
    element.update(others)


def _same_code(one: Object, other: Object) -> bool:
    return one.get("code") == other.get("code") and one.get("system") == other.get("system")


def flag_unvalidated(element: Object) -> None:
    """Say of a Coding or CodeableConcept that its code is not one of the receiver's."""
    there = element.setdefault("extension", [])
    if isinstance(there, list) and not_encoded() not in there:
        there.append(not_encoded())


def _coding(row: CodeMapRow) -> Object:
    target = row.target
    assert target is not None  # only rows with a target translate
    coding: Object = {"system": target.system} if target.system else {}
    coding["code"] = target.code
    if target.display:
        coding["display"] = target.display
    return coding


def _put_code(writing: Writing, frame: Frame, found: Found, rows: tuple[CodeMapRow, ...]) -> int:
    row = rows[0]
    assert row.target is not None  # only rows with a target translate
    try:
        value = CONVERTERS[writing.type](row.target.code, frame.run.zone)
    except Misfit:
        return writing.misfit(frame, found, row.target.code)
    at = writing.target.put(frame, value)
    writing.note(frame, found, at, TRANSLATED, row)
    return VALUE if at else NOTHING


def _put_coded(writing: Writing, frame: Frame, found: Found, rows: tuple[CodeMapRow, ...]) -> int:
    value: Json = _coding(rows[0]) if writing.type == "Coding" else {"coding": [_coding(row) for row in rows]}
    at = writing.target.put(frame, value)
    writing.note(frame, found, at, TRANSLATED, rows[0])
    return VALUE if at else NOTHING


def _unmapped(writing: Writing, frame: Frame, found: Found, text: str, codes: Codes) -> int:
    """What the policy says about a code without a row."""
    policy, more = codes.unmapped.policy, codes.unmapped.text
    if policy is Policy.OMIT:
        if frame.run.trace is not None:
            frame.run.trace.append(Written(writing.name, found.nodes, writing.whole, None, "", None, OMITTED))
        return NOTHING
    if policy is Policy.ERROR:
        report_unmapped(frame, found, text, codes.code_map)
    if policy in (Policy.PASSTHROUGH, Policy.PREFIX):
        return _put_as_it_is(writing, frame, found, f"{more}{text}", COPIED)
    default = more or (codes.code_map.default.code if policy is Policy.DEFAULT and codes.code_map.default else "")
    if writing.type in CODED:
        at = writing.target.put(frame, _original(writing, frame, found, text, codes.code_map, default))
        writing.note(frame, found, at, UNVALIDATED)
        return VALUE if at else NOTHING
    if writing.type in ("code", "boolean", "integer", "positiveInt", "unsignedInt", "decimal"):
        return _keep_beside(writing, frame, found, text, codes.code_map, default)
    return _put_as_it_is(writing, frame, found, default or text, UNVALIDATED)


def report_unmapped(frame: Frame, found: Found, text: str, code_map: CodeMap) -> None:
    report(
        frame, found.nodes, "MAP-0302", Severity.ERROR, IssueType.CODE_INVALID,
        "The code {value} has no row in the code map {map}.", {"value": text, "map": code_map.id},
    )  # fmt: skip


def _put_as_it_is(writing: Writing, frame: Frame, found: Found, text: str, outcome: Outcome) -> int:
    if writing.type in CODED:
        value: Json = {"code": text} if writing.type == "Coding" else {"coding": [{"code": text}]}
        at = writing.target.put(frame, value)
    else:
        try:
            at = writing.target.put(frame, CONVERTERS[writing.type](text, frame.run.zone))
        except Misfit:
            return writing.misfit(frame, found, text)
    writing.note(frame, found, at, outcome)
    return VALUE if at else NOTHING


def original_coding(frame: Frame, found: Found, text: str, code_map: CodeMap) -> Object:
    """The sender's code with its system and words, as far as the code map and the value know them."""
    coding: Object = {"system": code_map.source_system} if code_map.source_system else {}
    coding["code"] = " ".join(text.split())
    display = _component(frame, found, 2)
    if display:
        coding["display"] = display
    return coding


def _original(writing: Writing, frame: Frame, found: Found, text: str, code_map: CodeMap, default: str) -> Json:
    coding = original_coding(frame, found, text, code_map)
    if writing.type == "Coding":
        return {"extension": [not_encoded()], **coding}
    codings: list[Json] = [coding]
    if default:
        system = code_map.default.system if code_map.default else code_map.target_system
        codings.insert(0, {"system": system, "code": default} if system else {"code": default})
    return {"extension": [not_encoded()], "coding": codings, "text": coding.get("display") or text}


def _keep_beside(writing: Writing, frame: Frame, found: Found, text: str, code_map: CodeMap, default: str) -> int:
    """A primitive that cannot hold the sender's code: the original in an extension, the default as its value."""
    coding = original_coding(frame, found, text, code_map)
    alternate: Object = {
        "url": ALTERNATE_CODES,
        "valueCodeableConcept": {"coding": [coding], "text": coding.get("display") or text},
    }
    at = writing.target.extend(frame, [not_encoded(), alternate])
    writing.note(frame, found, at, UNVALIDATED)
    if at is None:
        return NOTHING
    if default:
        value = CONVERTERS[writing.type](default, frame.run.zone)
        key = writing.target.key
        if at.item is None:
            at.container[key] = value
        else:
            values = at.container[key]
            assert isinstance(values, list)  # extend has put its placeholder there
            values[at.item] = value
        if frame.run.trace is not None:
            frame.run.trace.append(Written(writing.name, (), False, at.container, key, at.item, DEFAULTED))
    return VALUE


def _component(frame: Frame, found: Found, number: int) -> str:
    """A component of a coded value, "" when the value is no whole repetition."""
    if len(found.nodes) != 1 or found.nodes[0].level != 1:
        return ""
    node = found.nodes[0]
    parts = frame.run.parts_of(node)
    if number >= len(parts) or parts[0] == parts[1]:
        return ""
    return frame.run.text_of(msgspec.structs.replace(node, raw=parts[number], level=2))
