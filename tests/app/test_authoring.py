"""Drawing rules: what else a package needs is made with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workbench.app.operations.authoring import draw
from workbench.app.session import standard_package_folder
from workbench.kernel.errors import Refused
from workbench.mapping.composing import new_package
from workbench.mapping.directed import compile_any
from workbench.mapping.edits import Edit
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.load import load_package
from workbench.mapping.model import MapKind, Package, RuleMap, RuleStatus
from workbench.v2.er7 import Message, parse

ADT = parse(
    b"MSH|^~\\&|REG|GH|WB|T|20260302082200||ADT^A01^ADT_A01|C1|T|2.5.1\r"
    b"PID|1||123456^^^GH^MR||Garcia^Maria||19800103|F\rPV1|1|I|3W^243^A\r"
)


def apply(package: Package, edits: tuple[Edit, ...]) -> Package:
    for edit in edits:
        package, _ = edit.apply(package)
    return package


def drawn(package: Package, source: str, type_name: str, target: str, message: Message = ADT) -> Package:
    return apply(package, draw(package, message, source, type_name, target).edits)


def test_from_nothing_a_rule_brings_its_map_and_message_map() -> None:
    made = draw(new_package("tiny"), ADT, "PID-7", "Patient", "birthDate")
    assert made.also == ("map PID-Patient", "message map ADT", "row patient")
    package = apply(new_package("tiny"), made.edits)
    bundle = compile_package(package).run(ADT)
    assert bundle["entry"][0]["resource"]["birthDate"] == "1980-01-03"  # type: ignore[index]
    assert made.rule.status is RuleStatus.DRAFT


def test_the_next_rule_goes_into_the_map_that_is_there() -> None:
    package = drawn(new_package("tiny"), "PID-7", "Patient", "birthDate")
    second = draw(package, ADT, "PID-5.1", "Patient", "name.family")
    assert (second.map, second.also, len(second.edits)) == ("segments/PID-Patient", (), 1)


def test_another_resource_of_the_message_gets_a_row_of_its_own() -> None:
    package = drawn(new_package("tiny"), "PID-7", "Patient", "birthDate")
    package = drawn(package, "PV1-2", "Encounter", "class.code")
    assert [row.id for row in package.messages["ADT"].rows] == ["patient", "encounter"]


def test_the_type_map_between_the_two_types_is_used() -> None:
    names = RuleMap(MapKind.TYPE, "XPN-HumanName", "XPN", "HumanName")
    package = replace(new_package("tiny"), types={"XPN-HumanName": names})
    assert draw(package, ADT, "PID-5", "Patient", "name").rule.using == "XPN-HumanName"
    assert draw(package, ADT, "PID-5.1", "Patient", "name.family").rule.using == ""


def test_ids_are_readable_and_free() -> None:
    package = drawn(new_package("tiny"), "PID-7", "Patient", "birthDate")
    assert draw(package, ADT, "PID-7", "Patient", "birthDate").rule.id == "pid-7-birthDate-2"


def test_what_is_no_field_is_refused() -> None:
    with pytest.raises(Refused, match="no field"):
        draw(new_package("tiny"), ADT, "CX.1", "Identifier", "value")


def standard(name: str) -> Package:
    return load_package(standard_package_folder().parent / name)


def test_a_fhir_element_goes_to_a_field_in_the_map_between_them() -> None:
    package = standard("fhir-to-v2")
    made = draw(package, None, "name", "PID", "PID-9", read="Patient")
    assert (made.map, made.rule.source, made.rule.target) == ("segments/Patient-PID", ("name",), "PID-9")
    compile_any(apply(package, made.edits))


def test_between_types_no_map_joins_the_way_is_told() -> None:
    with pytest.raises(Refused, match="No map leads from Patient to ZZZ"):
        draw(standard("fhir-to-v2"), None, "name", "ZZZ", "ZZZ-1", read="Patient")
    with pytest.raises(Refused, match="No map leads from AL1 to PID"):
        draw(standard("v2-normalise"), ADT, "AL1-3", "PID", "PID-8")
