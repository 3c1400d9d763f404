"""Profiles in the form of HL7 v2.5 chapter 2 (`HL7v2xConformanceProfile`), as Messaging Workbench and Gazelle write.

Data types are described where they are used, so each element gets a flavour of its own. Predicates are prose in
this form: what they demand is not tested. Tables come from `tables.xml` beside the profile, where there is one;
a table that is not there is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.v2.dictionary import dictionary
from workbench.validation.profiles.model import (
    Binding,
    Cardinality,
    Code,
    DataType,
    Defect,
    DynamicMapping,
    Element,
    GroupUse,
    Length,
    Member,
    MessageProfile,
    Profile,
    Segment,
    SegmentUse,
    Usage,
    ValueSet,
)
from workbench.validation.profiles.standard_types import add_standard_type, is_varying, observation_mapping
from workbench.validation.profiles.xml_source import XmlNode, read_xml

ROOT = "HL7v2xConformanceProfile"
_BELOW = {"Field": "Component", "Component": "SubComponent"}
_USAGES = {"CE": Usage.C, "": Usage.O}


def read_conformance_xml(path: Path, root: XmlNode | None = None) -> Profile:
    """The profile in a file of this form; `root` when it has been read already.

    raises  Refused V2P-0003: no profile of this form; V2P-0002, Unavailable V2P-0001 as in `read_xml`
    """
    root = root or read_xml(path)
    static = root.first("HL7v2xStaticDef")
    if root.name != ROOT or static is None:
        raise Refused("V2P-0003", f"{path.name} is no {ROOT}.", "Give the file of a conformance profile.")
    tables = path.parent / "tables.xml"
    reader = _Reader(root.get("HL7Version"), read_tables(read_xml(tables)) if tables.is_file() else {})
    structure = static.get("MsgStructID") or f"{static.get('MsgType')}_{static.get('EventType')}"
    members = reader.members(static, structure)
    meta = root.first("MetaData") or static.first("MetaData") or root
    message = MessageProfile(
        structure, static.get("EventDesc"), static.get("MsgType"), static.get("EventType"), structure, members
    )
    return Profile(
        id=root.get("Identifier") or meta.get("Topics"),
        title=meta.get("Name") or structure,
        version=root.get("HL7Version"),
        messages=(message,),
        segments=reader.segments,
        data_types=reader.data_types,
        value_sets=reader.tables,
        defects=tuple(reader.defects),
        source=path.name,
    )


def read_tables(root: XmlNode) -> dict[str, ValueSet]:
    """The tables of a `tables.xml` by their number."""
    found: dict[str, ValueSet] = {}
    for group in (root, *root.named("hl7tables")):
        for table in group.named("hl7table"):
            codes = tuple(
                Code(node.get("code"), "", node.get("description") or node.get("displayName"))
                for node in table.named("tableElement")
                if node.get("code")
            )
            found[table.get("id")] = ValueSet(table.get("id"), table.get("name"), codes, closed=True)
    return found


class _Reader:
    """Reads the tree and gathers the flavours it is made of."""

    def __init__(self, version: str, tables: Mapping[str, ValueSet]) -> None:
        self._known = dictionary(version)
        self.tables = dict(tables)
        self.segments: dict[str, Segment] = {}
        self.data_types: dict[str, DataType] = {}
        self.defects: list[Defect] = []

    def members(self, node: XmlNode, owner: str) -> tuple[Member, ...]:
        found: list[Member] = []
        for child in node.named("Segment", "SegGroup"):
            name = child.get("Name")
            usage, cardinality = self._usage(child, owner), _cardinality(child)
            inner = f"{owner}.{name}"
            if child.name == "SegGroup":
                found.append(GroupUse(inner, name, self.members(child, inner), usage, cardinality))
            else:
                found.append(SegmentUse(self._segment(child, inner), name, usage, cardinality))
        return tuple(found)

    def _segment(self, node: XmlNode, wanted: str) -> str:
        ref = wanted if wanted not in self.segments else f"{wanted} (line {node.line})"
        name = node.get("Name")
        fields = tuple(
            self._element(child, f"{ref}-{position}") for position, child in enumerate(node.named("Field"), start=1)
        )
        dynamic: tuple[DynamicMapping, ...] = ()
        if name == "OBX" and len(fields) >= 5 and is_varying(fields[4].data_type):
            dynamic = (observation_mapping(self._known, self.data_types),)
        self.segments[ref] = Segment(ref, name, node.get("LongName"), fields, dynamic)
        return ref

    def _element(self, node: XmlNode, place: str) -> Element:
        table = node.get("Table")
        bindings = (Binding((table,)),) if table in self.tables else ()
        length = node.get("Length")
        return Element(
            name=node.get("Name"),
            usage=self._usage(node, place),
            data_type=self._data_type(node, place),
            cardinality=_cardinality(node) if node.name == "Field" else Cardinality(),
            length=Length(None, int(length) if length.isdigit() else None),
            constant=node.get("ConstantValue"),
            bindings=bindings,
        )

    def _data_type(self, node: XmlNode, place: str) -> str:
        name = node.get("Datatype")
        parts = list(node.named(_BELOW.get(node.name, "")))
        if not parts:
            add_standard_type(name, self._known, self.data_types)
            return "varies" if is_varying(name) else name
        id_ = f"{name} of {place}"
        components = tuple(self._element(part, f"{place}.{n}") for n, part in enumerate(parts, start=1))
        self.data_types[id_] = DataType(id_, name, "", components)
        return id_

    def _usage(self, node: XmlNode, owner: str) -> Usage:
        text = re.sub(r"\(.*", "", node.get("Usage")).strip()
        try:
            return _USAGES.get(text) or Usage(text)
        except ValueError:
            self.defects.append(Defect(f"{owner} {node.get('Name')}", f"{text} is no usage"))
            return Usage.O


def _cardinality(node: XmlNode) -> Cardinality:
    least, most = node.get("Min", "0"), node.get("Max", "*")
    return Cardinality(int(least) if least.isdigit() else 0, int(most) if most.isdigit() else None)
