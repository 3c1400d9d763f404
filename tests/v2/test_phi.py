from __future__ import annotations

import pytest

from workbench.v2 import er7
from workbench.v2.dictionary import VERSIONS, dictionary
from workbench.v2.phi import Category, category, data_type_of, is_phi


@pytest.mark.parametrize(
    ("field", "component", "data_type", "expected"),
    [
        (("PID", 3), 1, "CX", Category.IDENTIFIER),
        (("PID", 3), 4, "CX", Category.NONE),
        (("PID", 5), 1, "XPN", Category.NAME),
        (("PID", 7), 1, "TS", Category.DATE),
        (("PID", 7), 2, "TS", Category.NONE),
        (("PID", 8), 1, "IS", Category.NONE),
        (("PID", 9), 2, "ST", Category.NAME),
        (("PID", 12), 1, "IS", Category.AREA),
        (("PV1", 7), 2, "XCN", Category.NAME),
        (("OBX", 3), 1, "CE", Category.NONE),
        (("OBX", 3), 2, "CE", Category.CODED_TEXT),
        (("NTE", 3), 1, "FT", Category.TEXT),
        (("MSH", 10), 1, "ST", Category.IDENTIFIER),
        (("ZZZ", 1), 1, "", Category.UNKNOWN),
        (("PID", 3), 77, "CX", Category.UNKNOWN),
        (("OBX", 5), 5, "ED", Category.DOCUMENT),
    ],
)
def test_places_are_told_by_their_type(
    field: tuple[str, int], component: int, data_type: str, expected: Category
) -> None:
    assert category(*field, component, data_type) is expected


def test_composites_in_composites_are_told_by_the_inner_type() -> None:
    known = dictionary("2.5.1")
    told = [category("OBR", 32, 1, "NDL", known, subcomponent) for subcomponent in (1, 2, 3, 8)]
    assert told == [Category.IDENTIFIER, Category.NAME, Category.NAME, Category.NONE]
    assert category("OBR", 29, 1, "EIP", known) is Category.IDENTIFIER


def test_what_the_screen_hides() -> None:
    assert is_phi("PID", 5, 0, "XPN") and is_phi("PID", 7, 0, "TS") and is_phi("ZZZ", 3)
    assert not is_phi("PID", 8, 0, "IS") and not is_phi("OBX", 3, 0, "CE") and not is_phi("PID", 3, 4, "CX")


@pytest.mark.parametrize("version", VERSIONS)
def test_names_numbers_and_birth_dates_of_patients_identify_in_every_version(version: str) -> None:
    known = dictionary(version)
    for position, expected in ((3, Category.IDENTIFIER), (5, Category.NAME), (7, Category.DATE)):
        definition = known.field("PID", position)
        assert definition is not None
        assert category("PID", position, 1, definition.data_type, known) is expected


def test_the_value_type_chooses_for_results() -> None:
    message = er7.parse(b"MSH|^~\\&|||||||ORU^R01|1|T|2.5.1\rOBX|1|XPN|||a\rOBX|2||||a\rOBX|3|QQ|||a\r")
    known = dictionary("2.5.1")
    assert [data_type_of(segment, 5, known) for segment in message.named("OBX")] == ["XPN", "", ""]
