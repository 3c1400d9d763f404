"""Translating codes: into a primitive, a coded data type of v2, or a Coding or CodeableConcept."""

from __future__ import annotations

from typing import NamedTuple

from workbench.kernel.issues import IssueType, Severity
from workbench.mapping.directions.parts import Codes, RuleParts, Transformer
from workbench.mapping.directions.running import Frame, Node, Object, Step, Written
from workbench.mapping.directions.targets import Target
from workbench.mapping.directions.v2_target import CODED_TYPES
from workbench.mapping.engine.running import COPIED, NOTHING, OCCUPIED, OMITTED, TRANSLATED, UNVALIDATED, VALUE, Outcome
from workbench.mapping.fhir_target import Kind
from workbench.mapping.model import Json, Policy
from workbench.mapping.values import Misfit
from workbench.terminology.code_map import CodeMapRow
from workbench.v2.delimiters import NULL

CODED = CODED_TYPES | {"Coding", "CodeableConcept"}


class Code(NamedTuple):
    """A code as a value states it, with the node it stands in."""

    code: str
    system: str
    display: str
    node: Node


def codes_of(frame: Frame, node: Node) -> list[Code]:
    """The codes of a coded value in order, or the primitive as a code."""
    value = node.value
    if not isinstance(value, dict) or node.place is None:
        text = frame.run.document.text(node)
        return [Code(text, "", "", node)] if text and text != NULL else []
    if "coding" not in value:
        return [_coding(value, node)] if "code" in value else []
    codings = value["coding"]
    return [
        _coding(coding, Node(coding, (*node.place, "coding", number), node.via))
        for number, coding in enumerate(codings if isinstance(codings, list) else [])
        if isinstance(coding, dict) and "code" in coding
    ]


def _coding(value: Object, node: Node) -> Code:
    return Code(str(value["code"]), str(value.get("system", "")), str(value.get("display", "")), node)


def translated(frame: Frame, node: Node, codes: Codes) -> tuple[Code, tuple[CodeMapRow, ...]] | None:
    """The first code of the value that has rows; else its first code without any, None when it has none."""
    known = codes_of(frame, node)
    for code in known:
        rows = codes.code_map.translate(code.code, code.system, frame.run.sender)
        if rows:
            return code, rows
    return (known[0], ()) if known else None


def write_codes(parts: RuleParts, target: Target, codes: Codes) -> Step:
    """A rule whose codes become the whole value."""
    read, _ = parts.nodes()
    transform, name = parts.transformer(), parts.name
    kind = parts.place.value or target.kind

    def run(frame: Frame) -> int:
        written = NOTHING
        for node in read(frame):
            found = translated(frame, node, codes)
            if found is None:
                continue
            code, rows = found
            if not rows:
                rows = codes.code_map.translate(_safe(transform, frame, code.code), code.system, frame.run.sender)
            value, outcome = value_for(frame, kind, code, rows, codes)
            if value is None:
                frame.run.note(Written(name, (code.node,), True, None, "", None, OMITTED))
                continue
            at = target.put(frame, value)
            row = rows[0] if rows else None
            taken = (code.node if rows or isinstance(value, dict) else _alone(code.node),)
            if at is None:
                frame.run.note(Written(name, taken, True, None, target.key, None, OCCUPIED, row))
                continue
            frame.run.note(Written(name, taken, True, at.container, at.key, at.item, outcome, row))
            written = VALUE
        return written

    return run


def _alone(node: Node) -> Node:
    """The code of a coding without its system and words, which a place for codes alone cannot hold."""
    if not isinstance(node.value, dict) or node.place is None or "code" not in node.value:
        return node
    return Node(node.value["code"], (*node.place, "code"), node.via)


def _safe(transform: Transformer | None, frame: Frame, text: str) -> str:
    try:
        changed = text if transform is None else transform(frame, text)
    except Misfit:
        return text
    return changed or text


def value_for(frame: Frame, kind: Kind, code: Code, rows: tuple[CodeMapRow, ...], codes: Codes) -> tuple[Json, Outcome]:
    """What a code becomes in an element of a kind, and how that ended; None when nothing is written."""
    if rows:
        target = rows[0].target
        assert target is not None  # only rows with a target translate
        if kind.type == "CodeableConcept":
            codings: list[Json] = [coded("Coding", row.target.code, row.target.system, row.target.display)
                                   for row in rows if row.target is not None]  # fmt: skip
            return {"coding": codings}, TRANSLATED
        return coded(kind.type, target.code, target.system, target.display), TRANSLATED
    policy, text = codes.unmapped.policy, codes.unmapped.text
    if policy is Policy.OMIT:
        return None, OMITTED
    if policy is Policy.ERROR:
        frame.run.report(
            (code.node,), "MAP-0302", Severity.ERROR, IssueType.CODE_INVALID,
            "The code {value} has no row in the code map {map}.", {"value": code.code, "map": codes.code_map.id},
        )  # fmt: skip
    if policy is Policy.PREFIX:
        return coded(kind.type, text + code.code, "", ""), COPIED
    if policy is Policy.DEFAULT:
        usual = text or (codes.code_map.default.code if codes.code_map.default else code.code)
        return coded(kind.type, usual, codes.code_map.target_system, ""), UNVALIDATED
    outcome = COPIED if policy is Policy.PASSTHROUGH else UNVALIDATED
    return coded(kind.type, code.code, code.system, code.display), outcome


def coded(kind: str, code: str, system: str, display: str) -> Json:
    """A code in the form of an element's type."""
    if kind in CODED_TYPES:
        return {key: text for key, text in (("1", code), ("2", display), ("3", system)) if text}
    if kind in ("Coding", "CodeableConcept"):
        coding: Object = {key: text for key, text in (("system", system), ("code", code), ("display", display)) if text}
        return coding if kind == "Coding" else {"coding": [coding]}
    return code


def put_first(kind: str, element: Object, rows: tuple[CodeMapRow, ...]) -> None:
    """Put the target of a translation before what a type map has made of the original code."""
    target = rows[0].target
    assert target is not None  # only rows with a target translate
    if kind not in CODED_TYPES:
        made = coded("Coding", target.code, target.system, target.display)
        there = element.get("coding")
        element["coding"] = [made, *(one for one in (there if isinstance(there, list) else []) if one != made)]
        return
    if element.get("1") != target.code and "4" not in element:
        for own, alternate in (("1", "4"), ("2", "5"), ("3", "6")):
            if own in element:
                element[alternate] = element[own]
    for own in ("1", "2", "3"):
        element.pop(own, None)
    made = coded(kind, target.code, target.system, target.display)
    assert isinstance(made, dict)  # of coded types
    element.update(made)
