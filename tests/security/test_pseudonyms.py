from __future__ import annotations

import hmac
import re
import uuid
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.security.pseudonyms import Pseudonyms, _hmac, key_of_passphrase, new_key

KEY = bytes(range(32))
PSEUDONYMS, OTHERS = Pseudonyms(KEY), Pseudonyms(bytes(32))


def _form(text: str) -> str:
    return re.sub("[a-z]", "a", re.sub("[A-Z]", "A", re.sub("[0-9]", "9", text)))


@given(st.text("0123456789ABCXYZabcxyz-./ ", max_size=40))
def test_an_identifier_keeps_its_form(text: str) -> None:
    assert _form(PSEUDONYMS.identifier(text)) == _form(text)


@pytest.mark.parametrize("form", ["{:01}", "{:02}", "{:03}", "A-{:03}"])
def test_different_identifiers_stay_different(form: str) -> None:
    texts = [form.format(n) for n in range(10 ** int(form[-2]))]
    assert len({PSEUDONYMS.identifier(text) for text in texts}) == len(texts)


def test_the_key_decides_and_nothing_else() -> None:
    assert PSEUDONYMS.identifier("MRN-0012345") == Pseudonyms(KEY).identifier("MRN-0012345")
    assert PSEUDONYMS.identifier("MRN-0012345") != OTHERS.identifier("MRN-0012345")
    assert PSEUDONYMS.shift_days("x") != OTHERS.shift_days("x")


def test_letters_of_other_scripts_do_not_show() -> None:
    found = PSEUDONYMS.identifier("Ä山12٣")
    assert found.isascii() and _form(found) == "Aa999"


def test_giants_are_no_problem() -> None:
    assert len(PSEUDONYMS.identifier("7" * 5000)) == 5000


@given(st.binary(max_size=200))
def test_the_quick_hash_is_hmac(message: bytes) -> None:
    assert _hmac(KEY, message) == hmac.digest(KEY, message, "sha256")


def test_a_name_keeps_its_spelling_and_its_owner() -> None:
    name = PSEUDONYMS.name("O'NEIL-DOE", "p1", given=False)
    assert name.isupper() and name.count("-") == 1 and "NEIL" not in name and "DOE" not in name
    assert PSEUDONYMS.name("Méabh", "p1", given=True) == PSEUDONYMS.name("Meabh", "p1", given=True)
    assert len({PSEUDONYMS.name("Doe", f"p{n}", given=False) for n in range(50)}) > 40
    assert re.fullmatch(r"[A-Z]\.", PSEUDONYMS.name("J.", "p1", given=True))


@given(st.sampled_from(["Rowan", "ROWAN", "Ashbeck", "Thornmere"]), st.text(max_size=5), st.booleans())
def test_a_name_never_becomes_itself(name: str, subject: str, given_name: bool) -> None:
    assert PSEUDONYMS.name(name, subject, given_name).casefold() != name.casefold()


@pytest.mark.parametrize(
    ("number", "form"),
    [
        ("(217) 555-1234", r"\(\d{3}\) 555-01\d\d"),
        ("+1 217 555 1234", r"\+\d \d{3} 555 01\d\d"),
        ("5559876", r"55501\d\d"),
        ("x123", r"[a-z]\d{3}"),
    ],
)
def test_telephone_numbers_are_nobodys(number: str, form: str) -> None:
    assert re.fullmatch(form, PSEUDONYMS.contact(number))


def test_mail_goes_to_the_example_domain() -> None:
    assert re.fullmatch(r"user\d{8}@example\.org", PSEUDONYMS.contact("jane.doe@hospital.example"))
    assert PSEUDONYMS.contact("Jane@x.org") == PSEUDONYMS.contact("jane@X.ORG")


def test_streets_cities_and_organizations_are_made_up() -> None:
    assert re.fullmatch(r"\d\d [A-Z]+ STREET", PSEUDONYMS.street("12 HIGH STREET"))
    assert PSEUDONYMS.city("Springfield") != "Springfield"
    assert PSEUDONYMS.organization("Acme Corp").endswith(" Group")


def test_a_uuid_becomes_a_uuid() -> None:
    one = str(uuid.uuid4())
    assert uuid.UUID(PSEUDONYMS.uuid(one)).version == 4
    assert PSEUDONYMS.uuid(one) == PSEUDONYMS.uuid(one.upper()) != one


_days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(_days, _days, st.text(max_size=8))
def test_intervals_of_a_person_are_kept(one: date, other: date, subject: str) -> None:
    moved = [date.fromisoformat(PSEUDONYMS.date_digits(f"{day:%Y%m%d}", subject)) for day in (one, other)]
    assert moved[1] - moved[0] == other - one
    assert 1 <= (one - moved[0]).days <= 730


@given(_days, st.sampled_from([4, 6, 8]))
def test_dates_are_stated_as_exactly_as_before(day: date, digits: int) -> None:
    text = f"{day:%Y%m%d}"[:digits]
    assert len(PSEUDONYMS.date_digits(text, "p")) == digits


@pytest.mark.parametrize("text", ["", "20240230", "00010101", "2024010", "abcd", "٢٠٢٤"])
def test_what_is_no_date_cannot_move(text: str) -> None:
    with pytest.raises(ValueError):
        PSEUDONYMS.date_digits(text, "p")


def test_the_key_comes_from_a_passphrase_or_at_random_and_is_never_shown() -> None:
    assert key_of_passphrase("correct horse") == key_of_passphrase("correct horse")
    assert key_of_passphrase("correct horse") != key_of_passphrase("correct mouse")
    assert len(new_key()) == 32 and new_key() != new_key()
    assert KEY.hex() not in repr(PSEUDONYMS) and repr(KEY) not in repr(PSEUDONYMS)
    with pytest.raises(Refused):
        key_of_passphrase("short")
