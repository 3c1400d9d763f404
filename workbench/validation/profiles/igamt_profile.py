"""Profiles as NIST's IGAMT and TCAMT write them: a folder with profile.xml and its companions.

`profile.xml` holds messages, segments and data types; constraints, value sets, bindings, co-constraints and slicing
are read by their own modules. Schema locations are not followed: what the file says is what counts.
"""

from __future__ import annotations

import re
from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.validation.profiles.expressions import ProfilePath, Step
from workbench.validation.profiles.igamt_constraints import read_predicates, read_statements
from workbench.validation.profiles.igamt_tables import read_co_constraints, read_slicings
from workbench.validation.profiles.igamt_vocabulary import read_bindings, read_value_sets
from workbench.validation.profiles.model import (
    Binding,
    Cardinality,
    CodeLocation,
    DataType,
    Defect,
    DynamicCase,
    DynamicMapping,
    Element,
    GroupUse,
    Length,
    Member,
    MessageProfile,
    Predicate,
    Profile,
    Segment,
    SegmentUse,
    Statement,
    Strength,
    Usage,
)
from workbench.validation.profiles.xml_source import XmlNode, read_xml

_CONDITIONAL = re.compile(r"C\s*\(\s*(\w+)\s*/\s*(\w+)\s*\)")
_CONFORMANCE_LENGTH = re.compile(r"\d+[#=]?")
_USAGES = {"CE": Usage.C, "CA": Usage.C, "BW": Usage.B, "IX": Usage.X}


def read_igamt(folder: Path, root: XmlNode | None = None) -> Profile:
    """The profile of a bundle folder; `root` when its profile.xml has been read already.

    raises  Refused V2P-0003: profile.xml is no profile of this form; V2P-0002, V2P-0001 as in `read_xml`
    """
    root = root or read_xml(folder / "profile.xml")
    if root.name != "ConformanceProfile":
        raise Refused(
            "V2P-0003",
            f"profile.xml begins with {root.name}, not with ConformanceProfile.",
            "Give the folder of a NIST/IGAMT export, or the file of another form of profile.",
        )
    reader = _Reader()
    segments = {s.id: s for s in map(reader.segment, _children(root, "Segments", "Segment"))}
    data_types = {t.id: t for t in map(reader.data_type, _children(root, "Datatypes", "Datatype"))}
    messages = tuple(reader.message(node, segments) for node in _children(root, "Messages", "Message"))
    if not messages:
        raise Refused("V2P-0003", "profile.xml describes no message.", "Export the profile again.")
    statements: list[Statement] = []
    predicates: list[Predicate] = []
    for name in ("constraints.xml", "constraints_context.xml"):
        if (folder / name).is_file():
            constraints = read_xml(folder / name)
            statements += read_statements(constraints, reader.defects)
            predicates += read_predicates(constraints, reader.defects)
    meta = root.first("MetaData") or root
    return Profile(
        id=root.get("ID"),
        title=meta.get("Name"),
        version=root.get("HL7Version"),
        messages=messages,
        segments=segments,
        data_types=data_types,
        statements=tuple(statements),
        predicates=tuple(predicates),
        value_sets=read_value_sets(_optional(folder, "valuesets.xml"), reader.defects),
        bindings=read_bindings(_optional(folder, "bindings.xml"), reader.defects),
        co_constraints=read_co_constraints(_optional(folder, "coconstraints.xml"), reader.defects),
        slicings=read_slicings(_optional(folder, "slicings.xml"), reader.defects),
        defects=tuple(reader.defects),
        strict_lengths=True,
        source=folder.name,
    )


def _optional(folder: Path, name: str) -> XmlNode | None:
    return read_xml(folder / name) if (folder / name).is_file() else None


def _children(root: XmlNode, outer: str, inner: str) -> list[XmlNode]:
    return [node for group in root.named(outer) for node in group.named(inner)]


class _Reader:
    """Reads elements and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.defects: list[Defect] = []

    def message(self, node: XmlNode, segments: dict[str, Segment]) -> MessageProfile:
        return MessageProfile(
            node.get("ID"),
            node.get("Name") or node.get("Description"),
            node.get("Type"),
            node.get("Event"),
            node.get("StructID"),
            self._members(node, segments),
        )

    def _members(self, node: XmlNode, segments: dict[str, Segment]) -> tuple[Member, ...]:
        members: list[Member] = []
        for child in node.named("Segment", "Group"):
            usage, cardinality = self._usage(child, "message"), self._cardinality(child)
            if child.name == "Group":
                inner = self._members(child, segments)
                members.append(GroupUse(child.get("ID"), child.get("Name"), inner, usage, cardinality))
                continue
            ref = child.get("Ref")
            known = segments.get(ref)
            if known is None:
                self.defects.append(Defect(ref, f"the segment {ref} is used but not defined"))
            name = known.name if known else ref[:3]
            members.append(SegmentUse(ref, name, usage, cardinality))
        return tuple(members)

    def segment(self, node: XmlNode) -> Segment:
        fields = tuple(self._element(child, node.get("ID"), True) for child in node.named("Field"))
        mappings = [m for dynamic in node.named("DynamicMapping") for m in dynamic.named("Mapping")]
        return Segment(
            node.get("ID"), node.get("Name"), node.get("Description"), fields, tuple(map(self._mapping, mappings))
        )

    def data_type(self, node: XmlNode) -> DataType:
        parts = tuple(self._element(child, node.get("ID"), False) for child in node.named("Component"))
        return DataType(node.get("ID"), node.get("Name") or node.get("ID"), node.get("Description"), parts)

    def _mapping(self, node: XmlNode) -> DynamicMapping:
        second = node.get("SecondReference")
        cases = tuple(
            DynamicCase(case.get("Value"), case.get("Datatype"), case.get("SecondValue")) for case in node.named("Case")
        )
        return DynamicMapping(
            int(node.get("Position") or 0), _place(node.get("Reference")), _place(second) if second else None, cases
        )

    def _element(self, node: XmlNode, owner: str, is_field: bool) -> Element:
        return Element(
            name=node.get("Name"),
            usage=self._usage(node, owner),
            data_type=node.get("Datatype"),
            cardinality=self._cardinality(node) if is_field else Cardinality(),
            length=self._length(node, owner),
            constant=node.get("ConstantValue"),
            bindings=self._bindings(node),
        )

    def _usage(self, node: XmlNode, owner: str) -> Usage:
        text = node.get("Usage").strip()
        conditional = _CONDITIONAL.fullmatch(text)
        if conditional:
            return Usage.C
        try:
            return _USAGES.get(text) or Usage(text)
        except ValueError:
            self.defects.append(Defect(f"{owner} {node.get('Name')}", f"{text or 'nothing'} is no usage"))
            return Usage.O

    def _cardinality(self, node: XmlNode) -> Cardinality:
        least, most = node.get("Min", "0"), node.get("Max", "*")
        return Cardinality(int(least) if least.isdigit() else 0, int(most) if most.isdigit() else None)

    def _length(self, node: XmlNode, owner: str) -> Length:
        least, most, conformance = node.get("MinLength"), node.get("MaxLength"), node.get("ConfLength")
        plain = least.isdigit() and (most.isdigit() or most == "*")
        conforming = _CONFORMANCE_LENGTH.fullmatch(conformance) is not None
        return Length(
            int(least) if plain else None,
            int(most) if plain and most.isdigit() else None,
            conformance if conforming else "",
            plain != conforming,
        )

    def _bindings(self, node: XmlNode) -> tuple[Binding, ...]:
        sets = tuple(name for name in node.get("Binding").split(":") if name)
        if not sets:
            return ()
        strength = node.get("BindingStrength")
        places = [part for part in node.get("BindingLocation").split(":") if part.isdigit()]
        locations = tuple(CodeLocation(ProfilePath((Step(int(place), 1),))) for place in places)
        known = Strength(strength) if strength in ("R", "S", "U") else None
        return (Binding(sets, known, locations),)


def _place(text: str) -> ProfilePath:
    return ProfilePath(tuple(Step(int(part), 1) for part in text.split(".") if part.isdigit()))
