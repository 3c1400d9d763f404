"""What is offered while a package is written as text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.conftest import SAMPLE
from workbench.mapping.completion import complete
from workbench.mapping.load import load_package
from workbench.mapping.save import text_of

BASE = load_package(SAMPLE)
PID = "segments/PID-Patient.yaml"
HEAD = "map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n"
ROWS = "map: X\nrows:\n"


def offered(text: str, file: str = PID) -> list[str]:
    """What is offered at the end of a text."""
    lines = text.split("\n")
    return [offer.text for offer in complete(BASE, file, text, len(lines) - 1, len(lines[-1])).offers]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("  - {id: a, from: PID-3", "PID-3"),
        ("  - {id: a, from: PID-5.", "PID-5.1"),
        ("  - {id: a, from: PID-3, to: na", "name"),
        ("  - {id: a, from: PID-3, to: name.fam", "name.family"),
        ("  - {id: a, from: PID-3, using: CX", "CX-Identifier"),
        ("  - {id: a, from: PID-3, codes: adm", "administrative-sex"),
        ("  - {id: a, when: \"PID-8 in codes adm", "administrative-sex"),
        ("  - {id: a, when: PID-8 val", "valued"),
        ("  - {id: a, transform: [trim, up", "upper"),
        ("  - {id: a, st", "status: "),
        ("  - {id: a, status: app", "approved"),
        ("  - id: a\n    from: PID-3\n    us", "using: "),
        ("  - id: a\n    to: contact\n    rules:\n      - {id: b, to: relat", "relationship"),
        ("ig", "ignore: "),
    ],
)  # fmt: skip
def test_what_fits_is_offered_first(text: str, first: str) -> None:
    found = offered(HEAD + text)
    assert found[:1] == [first]


def test_fields_are_found_by_what_the_standard_calls_them() -> None:
    assert "PID-7" in offered(HEAD + "  - {id: a, from: birth")


def test_keys_that_stand_there_are_not_offered_again() -> None:
    assert "from: " not in offered(HEAD + "  - {id: a, from: PID-3, ")
    assert "using: " in offered(HEAD + "  - {id: a, from: PID-3, ")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("  - {id: r, from: PID, make: Patie", "Patient"),
        ("  - {id: r, from: PID, fill: pat", "patient"),
        ("  - {id: r, from: PID, using: PID-", "PID-Patient"),
        ("  - {id: r, from: PID, link: {subject: pat", "patient"),
        ("inc", "include: "),
    ],
)
def test_rows_offer_resources_instances_and_segment_maps(text: str, first: str) -> None:
    found = offered(ROWS + text, "messages/X.yaml")
    assert found[:1] == [first]


def test_type_maps_offer_components_and_the_head_of_a_package_its_keys() -> None:
    head = "map: CX-X\nfrom: CX\nto: Identifier\nrules:\n"
    assert offered(head + "  - {id: a, from: CX.", "types/CX-X.yaml")[0] == "CX.1"
    assert offered("id: x\neng", "package.yaml") == ["engines: "]
    assert offered("id: x\nengines: [py", "package.yaml") == ["python"]


def test_nothing_is_offered_in_comments_and_code_maps() -> None:
    assert offered(HEAD + "  # PID-") == []
    assert offered("source_code,target_code\nF", "codes/administrative-sex.csv") == []


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([PID, "messages/ORU_R01.yaml", "types/CX-Identifier.yaml", "package.yaml"]), st.data())
def test_every_place_of_a_text_has_an_answer(file: str, data: st.DataObject) -> None:
    text = text_of(BASE, file)
    cut = data.draw(st.integers(0, len(text)))
    broken = text[:cut] + data.draw(st.sampled_from(["", "{", "[", "- ", ": ", '"']))
    lines = broken.split("\n")
    found = complete(BASE, file, broken, len(lines) - 1, len(lines[-1]))
    assert 0 <= found.start <= len(lines[-1])
