from __future__ import annotations

from decimal import Decimal

import pytest

from workbench.fhir.definitions import definitions
from workbench.validation.fhir_primitives import FORMS, accepts

GOOD: dict[str, list[object]] = {
    "base64Binary": ["QUJD", "QUI=", "QQ==", "QUJD\r\n QUJD"],
    "boolean": [True, False],
    "canonical": ["http://h/x|1.0", "#x"],
    "code": ["a", "a b", "4.0.1"],
    "date": ["1980", "1980-12", "1980-02-29"],
    "dateTime": ["1980", "1980-12", "1980-12-31", "1980-12-31T23:59:60Z", "1980-12-31T00:00:00.123456+14:00"],
    "decimal": [0, -1, Decimal("1.50"), Decimal("1E+3")],
    "id": ["a", "A-1.b", "x" * 64],
    "instant": ["2015-02-07T13:28:17.239+02:00", "2015-02-07T13:28:17Z"],
    "integer": [0, -(2**31), 2**31 - 1],
    "markdown": ["# a\n\tb"],
    "oid": ["urn:oid:1.2.840"],
    "positiveInt": [1],
    "string": ["a", " a ", "a\nb\tc", "å\u00a0ö"],
    "time": ["23:59:59", "00:00:00.1"],
    "unsignedInt": [0],
    "uri": ["a", "urn:oid:1.2", "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "urn:x:1", "mailto:a@b"],
    "url": ["https://h/"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
}
BAD: dict[str, list[object]] = {
    "base64Binary": ["", "QUJ", "QU=J", "QUJD!", 1],
    "boolean": ["true", 1, 0],
    "canonical": ["", "a b"],
    "code": ["", " a", "a ", "a  b"],
    "date": ["1980-2-1", "1981-02-29", "1980-13", "19800101", "0000", "1980-01-01T00:00:00Z", 1980],
    "dateTime": ["1980-12-31T23:59Z", "1980-12-31T23:59:59", "1980-12-31T24:00:00Z", "1980-12-31 10:00:00Z", "x"],
    "decimal": ["1.5", True],
    "id": ["", "a b", "a_b", "x" * 65],
    "instant": ["2015-02-07", "2015-02-07T13:28:17", "2015-02-30T13:28:17Z"],
    "integer": [2**31, Decimal("1.0"), "1", True],
    "markdown": ["", "a\x00"],
    "oid": ["1.2.840", "urn:oid:3.1", "urn:oid:1.02"],
    "positiveInt": [0, -1],
    "string": ["", "a\x0b", 5, "x" * (1024 * 1024 + 1)],
    "time": ["24:00:00", "10:00", "10:00:00Z"],
    "unsignedInt": [-1],
    "uri": ["", "http://a b", "urn:oid:x", "urn:uuid:1"],
    "url": ["a\tb"],
    "uuid": ["c757873d-ec9a-4326-a141-556f43239520"],
}


@pytest.mark.parametrize(("code", "value"), [(code, value) for code, values in GOOD.items() for value in values])
def test_a_value_of_the_right_form_is_accepted(code: str, value: object) -> None:
    assert accepts(code)(value)


@pytest.mark.parametrize(
    ("code", "value"), [(code, value) for code, values in BAD.items() for value in [*values, None, [], {}]]
)
def test_a_value_of_the_wrong_form_is_not(code: str, value: object) -> None:
    assert not accepts(code)(value)


def test_every_primitive_type_of_r4_has_a_test_and_a_form() -> None:
    names = {name for name in definitions().data_types() if definitions().is_primitive(name)}
    assert names == FORMS.keys() - {"integer64"}, "R5 adds one"
    assert all(callable(accepts(name)) for name in names)
