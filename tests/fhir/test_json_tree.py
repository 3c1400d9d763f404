from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fhir import json_tree
from workbench.fhir.json_scan import Element, Kind
from workbench.kernel.errors import Refused

PATIENT = b"""{
  "resourceType": "Patient",
  "name": [{"family": "Berg", "given": ["Asa", "Li"]}],
  "multipleBirthInteger": 2
}"""

_numbers = st.integers(-(2**53), 2**53) | st.decimals(allow_nan=False, allow_infinity=False, places=9)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_values = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=25,
)
_resources = st.dictionaries(_texts, _values, max_size=5)


def _value_of(element: Element) -> object:
    if element.kind is Kind.OBJECT:
        return {child.label: _value_of(child) for child in element.children}
    if element.kind is Kind.ARRAY:
        return [_value_of(child) for child in element.children]
    return element.value


@given(_resources, st.sampled_from([0, 2]))
def test_what_was_written_is_read_back(resource: dict[str, object], indent: int) -> None:
    document = json_tree.parse(json_tree.dumps(resource, indent))
    assert document.value == resource
    assert document.issues == ()


@given(_resources)
def test_the_positioned_tree_says_the_same_as_the_decoder(resource: dict[str, object]) -> None:
    document = json_tree.parse(json_tree.dumps(resource))
    assert _value_of(document.root) == document.value


@given(_resources, st.sampled_from([0, 2]))
def test_spans_nest_and_do_not_overlap(resource: dict[str, object], indent: int) -> None:
    document = json_tree.parse(json_tree.dumps(resource, indent))
    assert document.root.span == (0, len(document.raw))
    for element in document.root.walk():
        end = element.span.start
        for child in element.children:
            assert end <= (child.key_span or child.span).start
            end = child.span.end
        assert end <= element.span.end


@given(_resources)
def test_the_bytes_of_every_value_are_its_json(resource: dict[str, object]) -> None:
    document = json_tree.parse(json_tree.dumps(resource))
    for element in document.root.walk():
        written = document.raw[element.span.start : element.span.end]
        assert json.loads(written, parse_float=Decimal) == _value_of(element)


@pytest.mark.parametrize("written", ["1.50", "0.125", "100.0", "-0.10", "0.00000001", "12345678901234567890.123"])
def test_a_decimal_keeps_every_digit(written: str) -> None:
    raw = f'{{"value":{written}}}'.encode()
    assert json_tree.dumps(json_tree.parse(raw).value) == raw


def test_an_integer_and_a_decimal_stay_apart() -> None:
    value = json_tree.parse(b'{"a":1,"b":1.0}').value
    assert (type(value["a"]), type(value["b"])) == (int, Decimal)


def test_a_decimal_that_is_no_number_is_not_written() -> None:
    with pytest.raises(ValueError, match="NaN"):
        json_tree.dumps({"value": Decimal("NaN")})


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("Patient.name[0].given[1]", b'"Li"'),
        ("name.given", b'["Asa", "Li"]'),
        ("Patient.name.family", b'"Berg"'),
        ("Patient.multipleBirth[x]", b"2"),
        ("Patient.multipleBirthInteger[0]", b"2"),
    ],
)
def test_a_path_leads_to_its_bytes(path: str, written: bytes) -> None:
    document = json_tree.parse(PATIENT)
    element = document.at(path)
    assert element is not None
    assert document.raw[element.span.start : element.span.end] == written


@pytest.mark.parametrize(
    "path", ["Patient.name[1]", "Patient.birthDate", "Patient.name.given.x", "Patient.name[0].given[2]"]
)
def test_a_path_to_nothing_finds_nothing(path: str) -> None:
    assert json_tree.parse(PATIENT).at(path) is None


def test_a_byte_leads_to_its_element() -> None:
    document = json_tree.parse(PATIENT)
    for offset, path in (
        (PATIENT.index(b'"Li"') + 1, "Patient.name[0].given[1]"),
        (PATIENT.index(b"family"), "Patient.name[0].family"),
    ):
        element = document.root.innermost(offset)
        assert element is not None
        assert element.path == path
    assert document.root.innermost(len(PATIENT)) is None


def test_a_repeated_key_is_an_issue_at_the_later_value() -> None:
    raw = b'{"resourceType":"Patient","gender":"male", "gender":"female"}'
    document = json_tree.parse(raw)
    (issue,) = document.issues
    assert (issue.rule, issue.location.path) == ("FHIR-0004", "Patient.gender")
    assert issue.location.span is not None
    assert raw[slice(*issue.location.span)] == b'"female"'


def test_text_that_looks_like_a_key_is_no_repeated_key() -> None:
    assert json_tree.parse(rb'{"a":"\"a\": 1, \"a\": 2"}').issues == ()


def test_a_byte_order_mark_is_skipped_and_said() -> None:
    document = json_tree.parse(b"\xef\xbb\xbf" + PATIENT)
    assert document.resource_type == "Patient"
    assert [issue.rule for issue in document.issues] == ["FHIR-0005"]
    family = document.at("Patient.name[0].family")
    assert family is not None
    assert document.raw[slice(*family.span)] == b'"Berg"'


@pytest.mark.parametrize(
    ("raw", "where", "reason"),
    [
        (b"", "byte 0 (line 1, column 1)", "the text ends"),
        (b'{"a": 1,}', "byte 8 (line 1, column 9)", "property name"),
        (b'{\n "a": 1\n "b": 2}', "byte 11 (line 3, column 2)", "a comma"),
        ('{"ä":\n"å", 5}'.encode(), "byte 13 (line 2, column 6)", "property name"),
        (b'{"a" 1}', "byte 5 (line 1, column 6)", "colon"),
        (b'{"a": "x\ny"}', "byte 8 (line 1, column 9)", "control character"),
        (b'{"a": "\\x"}', "byte 7 (line 1, column 8)", "escape"),
        (b'{"a": "x', "byte 6 (line 1, column 7)", "quotation mark"),
        (b'{"a": "\xff"}', "byte 7 (line 1, column 8)", "UTF-8"),
        (b'{"a": "\\ud800"}', "byte 6 (line 1, column 7)", "surrogate"),
        (b'{"a": 01}', "byte 6 (line 1, column 7)", "no JSON value"),
        (b'{"a": nul}', "byte 6 (line 1, column 7)", "no JSON value"),
        (b'{"a": [1}', "byte 8 (line 1, column 9)", "closing bracket"),
        (b'{"a": }', "byte 6 (line 1, column 7)", "a value is missing"),
        (b'{"a": 1} x', "byte 9 (line 1, column 10)", "after the end"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(raw: bytes, where: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        json_tree.parse(raw)
    assert refused.value.code == "FHIR-0001"
    assert where in refused.value.text
    assert reason in refused.value.text


@pytest.mark.parametrize("raw", [b"[]", b"3", b'"Patient"', b"null"])
def test_json_that_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        json_tree.parse(raw)
    assert refused.value.code == "FHIR-0002"


@pytest.mark.parametrize("raw", [b'{"a":' * 250 + b"1" + b"}" * 250, b'{"a":' * 100_000, b"[" * 100_000])
def test_json_nested_beyond_reason_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        json_tree.parse(raw)
    assert refused.value.code == "FHIR-0003"


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        document = json_tree.parse(raw)
    except Refused as refused:
        assert refused.code in ("FHIR-0001", "FHIR-0002")
    else:
        assert document.root.kind is Kind.OBJECT


@given(_resources, st.data())
def test_the_scan_refuses_what_the_decoder_refuses(resource: dict[str, object], data: st.DataObject) -> None:
    raw = bytearray(json_tree.dumps(resource))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255))
    try:
        document = json_tree.parse(bytes(raw))
    except Refused as refused:
        assert "Not JSON that can be read" not in refused.text
    else:
        assert document.root.span.end <= len(raw)
