from __future__ import annotations

import pytest

from workbench.security.free_text import scan
from workbench.security.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms(bytes(range(32)))


def _scanned(text: str, **known: str) -> str:
    return scan(text, known, PSEUDONYMS, "p1").text


@pytest.mark.parametrize(
    "canary",
    [
        "jane.doe@hospital.example",
        "(217) 867-5309",
        "217-867-5309",
        "+1 217.867.5309",
        "123-45-6789",
        "MRN00123456",
        "99123456",
        "1980-01-13",
        "1/13/1980",
        "13.01.1980",
        "13 January 1980",
        "Jan 13, 1980",
        "19800113",
        "https://portal.example/patient/17",
    ],
)
def test_what_has_a_telling_form_is_replaced(canary: str) -> None:
    found = scan(f"seen by us, {canary}, doing well", {}, PSEUDONYMS, "p1")
    assert canary not in found.text and found.found == 1
    assert found.text.startswith("seen by us, ") and found.text.endswith(", doing well")


@pytest.mark.parametrize("text", ["Dr. Zebra", "Mr Zebra", "patient Zebra", "Dr. Zebra Quokka", "nurse O'Zebra"])
def test_names_after_a_title_are_replaced(text: str) -> None:
    found = _scanned(f"told {text} today")
    assert "Zebra" not in found and "Quokka" not in found and found.endswith(" today")


@pytest.mark.parametrize(
    "text",
    [
        "BP 120/80, pulse 72, 5.40 mg/dL, 1.2.3",
        "ratio 1:128, range 3.9-5.8",
        "25-hydroxyvitamin D2",
        "Staphylococcus aureus",
        "dr of medicine",
        "99/99/1999 is no day",
    ],
)
def test_what_identifies_nobody_stays(text: str) -> None:
    assert _scanned(text, smith="Ashbeck") == text


def test_known_values_are_found_in_any_case_as_whole_words() -> None:
    assert _scanned("DOE, Doe and doe, but Doering", doe="Ashbeck") == "ASHBECK, Ashbeck and Ashbeck, but Doering"


def test_longer_known_values_come_first() -> None:
    known = {"12 high street": "1 Elm Street", "high": "Low"}
    assert scan("at 12 High Street, high fever", known, PSEUDONYMS, "p").text == "at 1 Elm Street, Low fever"


def test_a_pseudonym_is_not_replaced_again() -> None:
    found = scan("id 12345678", {"12345678": "19990101"}, PSEUDONYMS, "p")
    assert found.text == "id 19990101"


def test_dates_move_as_everywhere_else_and_keep_their_way_of_writing() -> None:
    moved = PSEUDONYMS.date_digits("20240302", "p1")
    assert _scanned("2024-03-02") == f"{moved[:4]}-{moved[4:6]}-{moved[6:]}"
    assert _scanned("20240302101500") == f"{moved}101500"
    assert _scanned("03/02/2024") == f"{moved[4:6]}/{moved[6:]}/{moved[:4]}"


def test_a_date_with_two_readings_is_told() -> None:
    assert scan("on 03/02/2024", {}, PSEUDONYMS, "p1").doubtful == 1
    assert scan("on 03/22/2024", {}, PSEUDONYMS, "p1").doubtful == 0


def test_pseudonyms_are_written_as_the_place_demands() -> None:
    assert scan("Doe", {"doe": "A&B"}, PSEUDONYMS, "p", lambda text: text.replace("&", "\\T\\")).text == "A\\T\\B"
