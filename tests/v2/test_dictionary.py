from __future__ import annotations

import re

import pytest

from workbench.v2.dictionary import (
    DEFAULT_VERSION,
    VERSIONS,
    Disputed,
    GrammarItem,
    TableKind,
    Usage,
    dictionary,
    is_published,
    nearest,
)


def test_a_field_is_described_in_one_sentence() -> None:
    field = dictionary("2.5.1").field("PID", 5)
    assert field is not None
    assert field.description() == "PID-5 Patient Name, XPN, required, repeats"
    assert dictionary("2.5.1").describe("PID", 8) == "PID-8 Administrative Sex, IS, optional, table 0001"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_field_stands_at_its_own_position(version: str) -> None:
    known = dictionary(version)
    for name in known.segment_names:
        segment = known.segment(name)
        assert segment is not None
        assert [field.position for field in segment.fields] == list(range(1, len(segment.fields) + 1)), name
    for name in known.data_type_names:
        data_type = known.data_type(name)
        assert data_type is not None
        assert [part.position for part in data_type.components] == list(range(1, len(data_type.components) + 1)), name


@pytest.mark.parametrize("version", VERSIONS)
def test_every_segment_and_every_field_has_a_readable_name(version: str) -> None:
    known = dictionary(version)
    for name in known.segment_names:
        segment = known.segment(name)
        assert segment is not None and segment.title, name
        for field in segment.fields:
            assert field.name and re.fullmatch(r"[\w &'’()+,./:;%#-]+", field.name, re.ASCII), field.label
            assert "_" not in field.name and "  " not in field.name, field.label
            assert not field.name.isupper() or len(field.name) < 8, field.label


@pytest.mark.parametrize("version", VERSIONS)
def test_every_structure_consists_of_known_segments(version: str) -> None:
    known = dictionary(version)

    def unknown(items: tuple[GrammarItem, ...]) -> set[str]:
        leaves = {item.name for item in items if not item.is_group}
        return {name for name in leaves if name != "ANYHL7SEGMENT" and known.segment(name) is None}.union(
            *(unknown(item.children) for item in items if item.is_group)
        )

    for structure_id in known.structure_ids:
        structure = known.structure(structure_id)
        assert structure is not None and structure.items
        assert unknown(structure.items) == set(), structure_id


@pytest.mark.parametrize("version", VERSIONS)
def test_every_event_leads_to_a_structure_that_is_there(version: str) -> None:
    known = dictionary(version)
    for code, event in (("ADT", "A01"), ("ADT", "A03"), ("ADT", "A08"), ("ACK", "A01"), ("ORU", "R01"), ("ORM", "O01")):
        structure_id = known.structure_for(code, event)
        assert structure_id is not None, f"{code}^{event}"
        assert known.structure(structure_id) is not None


@pytest.mark.parametrize(
    ("version", "code", "event", "structure_id"),
    [
        ("2.5.1", "ADT", "A04", "ADT_A01"),
        ("2.5.1", "ADT", "A08", "ADT_A01"),
        ("2.5.1", "ADT", "A40", "ADT_A39"),
        ("2.3", "ADT", "A28", "ADT_A05"),
        ("2.3", "ADT", "A40", "ADT_A39"),
        ("2.5.1", "SIU", "S15", "SIU_S12"),
        ("2.5.1", "MDM", "T08", "MDM_T02"),
        ("2.5", "RSP", "K22", "RSP_K21"),
        ("2.8", "ORM", "O01", "ORM_O01"),
        ("2.5.1", "ACK", "", "ACK"),
        ("2.5.1", "VXU", "", "VXU_V04"),
    ],
)
def test_the_structure_follows_from_the_event(version: str, code: str, event: str, structure_id: str) -> None:
    assert dictionary(version).structure_for(code, event) == structure_id


def test_an_unknown_event_has_no_structure() -> None:
    assert dictionary("2.5.1").structure_for("ADT", "X99") is None
    assert dictionary("2.5.1").structure_for("ORU") is None, "ORU has several structures"


def test_withdrawn_positions_are_filled_and_marked() -> None:
    for path in (("EVN", 1), ("ERR", 1), ("DG1", 7), ("DG1", 14)):
        field = dictionary("2.8").field(*path)
        assert field is not None and field.usage is Usage.WITHDRAWN, path
    event_time = dictionary("2.8").field("EVN", 2)
    assert event_time is not None and event_time.name == "Recorded Date/Time"
    query = dictionary("2.7").segment("QRD")
    assert query is not None and len(query.fields) == 12


def test_lengths_end_with_2_6() -> None:
    assert [dictionary(v).field("PID", 8).max_length for v in ("2.3", "2.5.1", "2.6")] == [1, 1, 1]  # type: ignore[union-attr]
    later = dictionary("2.7")
    assert all(f.max_length is None for name in later.segment_names for f in later.segment(name).fields)  # type: ignore[union-attr]


def test_what_the_compilations_state_differently_is_marked() -> None:
    name = dictionary("2.3").field("PID", 5)
    callback = dictionary("2.4").field("OBR", 17)
    assert name is not None and Disputed.USAGE in name.disputed
    assert callback is not None and callback.disputed == Disputed.REPETITION
    assert dictionary("2.5.1").field("PID", 3).disputed == Disputed.NOTHING  # type: ignore[union-attr]


def test_tables_have_codes_with_displays() -> None:
    sex = dictionary("2.5.1").table("0001")
    assert sex is not None
    assert (sex.display("F"), sex.kind) == ("Female", TableKind.USER)
    assert sex is dictionary("2.5.1").table("HL70001") is dictionary("2.5.1").table("1")
    assert not sex.has("X")


def test_patterns_in_a_table_are_understood() -> None:
    systems = dictionary("2.4").table("0396")
    assert systems is not None
    assert [systems.has(code) for code in ("LN", "UCUM", "HL70005", "99LOCAL", "HL7xx", "99")] == [True] * 4 + [
        False
    ] * 2


def test_tables_without_a_version_of_their_own_say_so() -> None:
    assert dictionary("2.3").table("0001").by_version is False  # type: ignore[union-attr]
    assert dictionary("2.4").table("0001").by_version is True  # type: ignore[union-attr]
    assert dictionary("2.5.1").table("9998") is None


@pytest.mark.parametrize(
    ("version", "used"),
    [("2.5.1", "2.5.1"), ("2.7.1", "2.7"), ("2.3.2", "2.3.1"), ("2.9", "2.8.2"), ("2.0", "2.1"), ("", DEFAULT_VERSION)]
    + [(odd, DEFAULT_VERSION) for odd in ("5.0.0", "2.x", "2.5.1PID", "２.５")],
)
def test_an_unknown_version_is_read_with_its_nearest_relative(version: str, used: str) -> None:
    assert nearest(version) == used
    assert dictionary(version).version == used


def test_only_published_versions_count_as_published() -> None:
    assert is_published("2.7.1") and is_published("2.5.1")
    assert not is_published("2.10") and not is_published("")


def test_lookups_of_what_is_not_there_give_none() -> None:
    known = dictionary("2.5.1")
    assert known.segment("ZZZ") is None
    assert known.field("PID", 0) is None
    assert known.field("PID", 99) is None
    assert known.data_type("XXX") is None
    assert known.structure("ADT_A99") is None
    assert known.describe("ZZZ", 1) == "" == known.describe("PID", 5, 99)


def test_components_are_described() -> None:
    assert dictionary("2.5.1").describe("PID", 3, 5) == "PID-3.5 Identifier Type Code, ID, optional, table 0203"
    assert dictionary("2.5.1").describe("PID") == "PID Patient Identification"


def test_what_a_compilation_has_wrong_is_corrected() -> None:
    first_version = dictionary("2.1").data_type("TS")
    assert first_version is not None and [part.required for part in first_version.components] == [True, False]
    sub_id = dictionary("2.3.1").field("OBX", 4)
    assert sub_id is not None and sub_id.usage is Usage.CONDITIONAL
    quantity = dictionary("2.3").field("OBR", 27)
    assert quantity is not None and Disputed.USAGE in quantity.disputed
