"""The tree and the raw text of a message: names, bytes, masking."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gui.gui_samples import ADT, FHIR
from workbench.fhir import json_tree
from workbench.gui.masking import hides_fhir, hides_v2, masked_characters
from workbench.gui.models.explain import explain_fhir, explain_v2
from workbench.gui.models.nodes import fhir_tree, v2_tree
from workbench.gui.widgets.display_text import of_json, of_message
from workbench.gui.widgets.message_view import in_notation
from workbench.kernel.issues import MASK
from workbench.kernel.location import Span
from workbench.v2 import er7


def test_fields_have_the_names_of_the_dictionary() -> None:
    tree = v2_tree(er7.parse(ADT))
    assert tree.nodes[tree.at_path("PID-5")].name == "Patient Name"
    assert tree.nodes[tree.at_path("PID-3[2].5")].name == "Identifier Type Code"


def test_a_byte_finds_the_deepest_field_on_it() -> None:
    message = er7.parse(ADT)
    tree = v2_tree(message)
    byte = ADT.index(b"998877") + 2
    assert tree.nodes[tree.at_byte(byte)].path == "PID-3[2].1"


def test_positions_and_bytes_correspond_beyond_ascii() -> None:
    message = er7.parse(ADT)
    shown = of_message(message)
    span = message.at("PID-5.2")[0].span
    start, end = shown.positions(span)
    assert shown.text[start:end] == "María"
    assert shown.byte(start) == span.start


def test_a_character_outside_the_basic_plane_counts_as_two_units() -> None:
    raw = "MSH|^~\\&|A|B|||20260101||ADT^A01|1|T|2.5.1|||||UNICODE UTF-8\rPID|1||1||😀Smith^J\r".encode()
    message = er7.parse(raw)
    shown = of_message(message)
    start, _ = shown.positions(message.at("PID-5.2")[0].span)
    assert start == shown.text.index("^J") + 2
    assert shown.byte(start) == raw.index(b"^J") + 1


def test_crlf_is_one_line_end() -> None:
    raw = ADT.replace(b"\r", b"\r\n")
    shown = of_message(er7.parse(raw))
    assert shown.text.count("\n") == raw.count(b"\r\n")
    assert shown.byte(shown.text.index("PV1")) == raw.index(b"PV1")


def test_masking_hides_names_and_numbers_and_keeps_codes_and_positions() -> None:
    message = er7.parse(ADT)
    text = masked_characters(message)
    assert len(text) == len(message.text)
    assert "Lorca" not in text
    assert "123456" not in text
    assert "VIP" not in text
    assert "|F|" in text
    assert "ADT^A01" in text


def test_a_masked_tree_shows_dots_where_a_patient_is_named() -> None:
    tree = v2_tree(er7.parse(ADT), mask=True)
    assert tree.nodes[tree.at_path("PID-5.1")].value == MASK
    assert tree.nodes[tree.at_path("PID-8")].value == "F"


def test_masked_json_keeps_every_byte_in_its_place() -> None:
    document = json_tree.parse(FHIR)
    shown = of_json(document, mask=True)
    family = document.at("Patient.name[0].family")
    assert family is not None
    start, end = shown.positions(family.span)
    assert shown.text[start:end] == '"***"'
    assert '"resourceType": "Patient"' in shown.text


def test_a_masked_fhir_tree_hides_values_and_keeps_types() -> None:
    tree = fhir_tree(json_tree.parse(FHIR), mask=True)
    assert tree.nodes[tree.at_path("Patient.name[0].given[0]")].value == MASK
    assert tree.nodes[tree.at_path("Patient.resourceType")].value == "Patient"


@given(st.binary(max_size=60))
def test_any_bytes_after_a_header_can_be_shown_and_pointed_at(tail: bytes) -> None:
    raw = b"MSH|^~\\&|A|B|||20260101||ADT^A01|1|T|2.5.1\rPID|1||" + tail
    message = er7.parse(raw)
    tree, shown = v2_tree(message), of_message(message)
    for node in tree.nodes:
        assert node.span is not None
        start, end = shown.positions(node.span)
        assert 0 <= start <= end


def test_details_say_type_usage_table_and_value() -> None:
    details = explain_v2(er7.parse(ADT), "PID-8", mask=False)
    assert details is not None
    assert details.title == "Administrative Sex"
    assert ("Value", "F") in details.facts
    assert details.codes[0] == ("F", "Female")


def test_details_of_a_component_are_those_of_its_type() -> None:
    details = explain_v2(er7.parse(ADT), "PID-3[2].5", mask=True)
    assert details is not None
    assert details.title == "Identifier Type Code"
    assert ("Value", "NH") in details.facts
    number = explain_v2(er7.parse(ADT), "PID-3[2].1", mask=True)
    assert number is not None
    assert ("Value", MASK) in number.facts


def test_details_inside_a_bundle_are_those_of_the_resource() -> None:
    bundle = json_tree.parse(b'{"resourceType":"Bundle","entry":[{"resource":' + FHIR + b"}]}")
    details = explain_fhir(bundle, "Bundle.entry[0].resource.gender")
    assert details is not None
    assert ("Element", "Patient.gender") in details.facts
    assert ("female", "Female") in details.codes


def test_a_path_is_copied_in_the_notation_of_other_tools() -> None:
    assert in_notation("PID-3[2].1", "Mirth") == "msg['PID']['PID.3'][1]['PID.3.1']"
    assert in_notation("PID-3[2].1", "Terser") == "/.PID-3(1)-1"
    assert in_notation("Patient.name[0].family", "Mirth") == "Patient.name[0].family"


def test_a_span_without_width_is_found_where_it_would_stand() -> None:
    shown = of_message(er7.parse(ADT))
    assert shown.positions(Span(4, 4)) == (4, 4)


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("PID-3[1].1", True),
        ("PID-3[1].5", False),
        ("PID-5[1].1", True),
        ("PID-7", True),
        ("PID-8", False),
        ("MSH-7", False),
        ("MSH-10", False),
        ("EVN-2", True),
        ("ZPI-1", True),
    ],
)
def test_one_table_says_what_masking_hides(path: str, hidden: bool) -> None:
    message = er7.parse(
        b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|M1|T|2.5.1\rEVN|A01|20240101\r"
        b"PID|1||7^^^H^MR~8^^^N^NH||Roe^Jane~Doe^J||19800101|F\rZPI|x\r"
    )
    assert hides_v2(message.at(path)[0]) is hidden


@pytest.mark.parametrize(("key", "hidden"), [("family", True), ("reference", True), ("fullUrl", True), ("code", False)])
def test_masking_hides_what_leads_to_a_patient_in_fhir(key: str, hidden: bool) -> None:
    assert hides_fhir(key) is hidden
