"""The shipped packages from v2 to v2."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.kernel.shipped import shipped
from workbench.mapping.directed import compile_any
from workbench.mapping.directions.mapping import DirectedMapping
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.load import load_package
from workbench.messages.capture import MessageFormat, open_capture
from workbench.v2.er7 import Message, parse


def package(name: str) -> DirectedMapping:
    compiled = compile_any(load_package(shipped(f"mappings/{name}")))
    assert isinstance(compiled, DirectedMapping)
    return compiled


@pytest.fixture(scope="module")
def up() -> DirectedMapping:
    return package("v2-normalise")


@pytest.fixture(scope="module")
def down() -> DirectedMapping:
    return package("v2-normalise-23")


def normal(mapping: DirectedMapping, *segments: str, sender: str = "LAB") -> Message:
    head = rf"MSH|^~\&|APP|{sender}|HIS|GH|2024-03-01 10:11:12||ORU^R01|42|P|2.3"
    result = mapping.trace(parse("\r".join((head, *segments)).encode()))
    result.ledger.check()
    assert not result.ledger.of(Fate.LOST)
    return parse(result.texts[0].encode())


def test_the_header_says_the_new_version_and_the_structure(up: DirectedMapping) -> None:
    found = normal(up, "PID|1")
    assert (found.value("MSH-12"), found.segments[0].raw(9)) == ("2.5.1", "ORU^R01^ORU_R01")


def test_dates_with_dashes_and_colons_become_those_of_v2(up: DirectedMapping) -> None:
    found = normal(up, "PID|1||4711||A^B||1970-01-02")
    assert (found.value("MSH-7"), found.value("PID-7")) == ("20240301101112", "19700102")


def test_withdrawn_identifier_fields_go_into_the_list(up: DirectedMapping) -> None:
    found = normal(up, "PID|1|E1|4711^^^GH^mr|A1|A^B||||||||||||||123-45-6789")
    assert found.segments[1].raw(3) == "4711^^^GH^MR~E1^^^^PT~A1^^^^U~123456789^^^USSSA&2.16.840.1.113883.4.1&ISO^SS"
    assert not found.value("PID-2") and not found.value("PID-4") and not found.value("PID-19")


def test_a_code_of_one_sender_means_nothing_at_another(up: DirectedMapping) -> None:
    assert normal(up, "PID|1||1||A||1970|2", sender="OLDLAB").value("PID-8") == "F"
    assert normal(up, "PID|1||1||A||1970|2").value("PID-8") == "2"


def test_an_order_number_missing_in_obr_is_that_of_its_own_orc(up: DirectedMapping) -> None:
    found = normal(up, "PID|1", "ORC|RE|P1|F1", "OBR|1||F1|a", "ORC|RE|P2|F2", "OBR|2|||b")
    assert [(obr.value(2), obr.value(3)) for obr in found.named("OBR")] == [("P1", "F1"), ("P2", "F2")]


def test_site_segments_escapes_and_order_stay(up: DirectedMapping) -> None:
    found = normal(up, "PID|1", r"ZPI|\H\a\N\|x&y^z", "NTE|1||text")
    assert [segment.text for segment in found.segments[2:]] == [r"ZPI|\H\a\N\|x&y^z", "NTE|1||text"]


def test_a_receiver_of_2_3_finds_the_specimen_in_its_own_order(down: DirectedMapping) -> None:
    segments = ("PID|1", "OBR|1|||a", "OBX|1|CWE|k||x", "SPM|1|||BLD^Blood", "OBR|2|||b", "SPM|1|||UR")
    found = normal(down, *segments)
    assert [obr.value(15) for obr in found.named("OBR")] == ["BLD", "UR"]
    assert (found.value("MSH-12"), found.segments[0].raw(9), found.value("OBX-2")) == ("2.3", "ORU^R01", "CE")


def test_a_specimen_goes_over_whole_and_stands_in_its_order_as_well(down: DirectedMapping) -> None:
    specimen = "SPM|1|S1||BLD^Whole blood^HL70487|||||||||||||20240131080000|20240131093000"
    found = normal(down, "PID|1||4711||A^B", "OBR|1|P|F|718-7^Hb^LN", specimen)
    order, copy = (one for one in found.segments if one.name in ("OBR", "SPM"))
    assert (order.raw(7), order.raw(14), order.raw(15)) == (
        "20240131080000", "20240131093000", "BLD&Whole blood&HL70487"
    )  # fmt: skip
    assert copy.text == specimen


def test_codes_that_2_3_has_alone_lose_their_words_to_the_kept_values(down: DirectedMapping) -> None:
    found = normal(down, "PID|1||4711||A^B|||||2106-3^White^CDCREC")
    assert found.value("PID-10") == "2106-3" == found.segments[1].raw(10)
    assert [one.raw(3) for one in found.segments if one.name == "ZNK"] == ["PID-10.2.1^White~PID-10.3.1^CDCREC"]


def test_the_only_number_of_a_patient_stays_when_it_is_a_social_security_number(down: DirectedMapping) -> None:
    found = normal(down, "PID|1||999999999^^^SSA^SS||A^B")
    assert (found.segments[1].raw(3), found.value("PID-19")) == ("999999999^^^SSA^SS", "999999999")


def test_a_number_does_not_come_twice_on_the_way_there_and_back(down: DirectedMapping, up: DirectedMapping) -> None:
    there = normal(down, "PID|1||4711^^^GH^MR~999999999^^^SSA^SS||A^B")
    back = parse(up.map(there).texts[0].encode())
    assert back.segments[1].raw(3) == "4711^^^GH^MR~999999999^^^SSA^SS"


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["v2-normalise", "v2-normalise-23"])
def test_nothing_of_the_corpus_is_lost_on_the_way(name: str, corpus_root: Path) -> None:
    mapping = package(name)
    capture = open_capture([corpus_root / "v2"])
    seen = 0
    for number in range(0, len(capture), 7):
        if capture.format_of(number) is not MessageFormat.ER7:
            continue
        result = mapping.trace(parse(capture.raw(number)))
        result.ledger.check()
        assert not result.ledger.of(Fate.LOST), (capture.file_of(number), result.ledger.of(Fate.LOST)[0].field)
        assert mapping.run(parse(capture.raw(number))) == result.bundle
        seen += 1
    assert seen > 100
