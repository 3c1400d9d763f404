from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.app.session import standard_package_folder
from workbench.cli.command_line import run
from workbench.v2 import er7

ADT = (
    b"MSH|^~\\&|A|B|C|D|20240102120000+0000||ADT^A01^ADT_A01|M1|T|2.5.1\rEVN||20240102120000+0000\r"
    b"PID|1||7^^^H^MR||DOE^JOHN||19800103|M\rPV1|1|I\rAL1|1|DA|PCN^Penicillin^L\r"
)
MAPPING = ("--mapping", str(standard_package_folder()), "--workers", "1")


def _map(*arguments: object) -> int:
    return run(["map", *map(str, arguments), *MAPPING], None)


def test_each_message_gets_a_file_named_after_its_own(tmp_path: Path) -> None:
    (tmp_path / "feed.hl7").write_bytes(ADT + ADT.replace(b"M1", b"M2"))
    assert _map(tmp_path / "feed.hl7", "--out", tmp_path / "out") == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["feed-2.json", "feed.json"]
    bundle = json.loads((tmp_path / "out" / "feed.json").read_text())
    patient = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
    assert (patient["name"][0]["family"], patient["birthDate"]) == ("DOE", "1980-01-03")


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "feed.hl7").write_bytes(ADT)
    for out in ("one", "two"):
        _map(tmp_path / "feed.hl7", "--out", tmp_path / out)
    assert (tmp_path / "one" / "feed.json").read_bytes() == (tmp_path / "two" / "feed.json").read_bytes()


def test_ndjson_has_a_line_for_each_bundle_and_traces_stand_beside_it(tmp_path: Path) -> None:
    (tmp_path / "feed.hl7").write_bytes(ADT * 3)
    assert _map(tmp_path / "feed.hl7", "--out", tmp_path / "all.ndjson", "--trace") == 0
    lines = (tmp_path / "all.ndjson").read_text().splitlines()
    assert [json.loads(line)["resourceType"] for line in lines] == ["Bundle"] * 3
    traces = [json.loads(line) for line in (tmp_path / "all.trace.ndjson").read_text().splitlines()]
    assert [trace["message"] for trace in traces] == [0, 1, 2]
    (family,) = [t for t in traces[0]["trace"] if t["target"].endswith("name[0].family")]
    place = family["source"][0]
    assert ADT[place["start"] : place["end"]] == b"DOE"


def test_the_ledger_accounts_for_every_value(tmp_path: Path) -> None:
    (tmp_path / "feed.hl7").write_bytes(ADT)
    assert _map(tmp_path / "feed.hl7", "--out", tmp_path / "out", "--ledger", tmp_path / "ledger.json") == 0
    ledger = json.loads((tmp_path / "ledger.json").read_text())
    populated = sum(1 for segment in er7.parse(ADT).segments for _ in segment.leaves())
    assert sum(ledger["values"].values()) == populated
    assert ledger["values"]["lost"] == 0
    assert {line["field"] for line in ledger["fields"] if line["fate"] == "preserved"} == {"AL1-3"}


def test_a_message_no_map_is_for_is_told_and_the_others_are_mapped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.hl7").write_bytes(ADT)
    (tmp_path / "b.json").write_text('{"resourceType": "Patient"}')
    assert _map(tmp_path / "a.hl7", tmp_path / "b.json", "--out", tmp_path / "out") == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.json"]
    assert "APP-0004" in capsys.readouterr().err


def test_v2_xml_is_mapped_like_er7(tmp_path: Path) -> None:
    xml = (
        '<ADT_A01 xmlns="urn:hl7-org:v2xml"><MSH><MSH.1>|</MSH.1><MSH.2>^~\\&amp;</MSH.2>'
        "<MSH.7><TS.1>20240102</TS.1></MSH.7>"
        "<MSH.9><MSG.1>ADT</MSG.1><MSG.2>A01</MSG.2><MSG.3>ADT_A01</MSG.3></MSH.9><MSH.10>M1</MSH.10>"
        "<MSH.11><PT.1>T</PT.1></MSH.11><MSH.12><VID.1>2.5.1</VID.1></MSH.12></MSH>"
        "<PID><PID.3><CX.1>7</CX.1></PID.3><PID.5><XPN.1><FN.1>DOE</FN.1></XPN.1></PID.5></PID></ADT_A01>"
    )
    (tmp_path / "x.xml").write_text(xml)
    assert _map(tmp_path / "x.xml", "--out", tmp_path / "out") == 0
    bundle = json.loads((tmp_path / "out" / "x.json").read_text())
    names = [e["resource"]["name"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"]
    assert names == [[{"family": "DOE"}]]


def test_a_package_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "feed.hl7").write_bytes(ADT)
    assert run(["map", str(tmp_path / "feed.hl7"), "--mapping", str(tmp_path)], None) == 2
    assert "MAP-" in capsys.readouterr().err


PATIENTS = [{"resourceType": "Patient", "id": name, "birthDate": "1980-01-03"} for name in "ab"]


def _to_v2(*arguments: object) -> int:
    package = str(standard_package_folder().parent / "fhir-to-v2")
    return run(["map", *map(str, arguments), "--mapping", package, "--workers", "1"], None)


def test_fhir_becomes_a_file_for_each_message(tmp_path: Path) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": one} for one in PATIENTS]}
    (tmp_path / "two.json").write_text(json.dumps(bundle))
    assert _to_v2(tmp_path / "two.json", "--out", tmp_path / "out", "--trace") in (0, 1)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["trace.ndjson", "two-2.hl7", "two.hl7"]
    message = er7.parse((tmp_path / "out" / "two-2.hl7").read_bytes())
    assert message.value("PID-7") == "19800103"
    (line,) = (tmp_path / "out" / "trace.ndjson").read_text().splitlines()
    targets = [entry["target"] for entry in json.loads(line)["trace"]]
    assert "PID-7.1" in targets and "#2:PID-7.1" in targets


def test_all_messages_stand_in_one_file_when_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "all.ndjson").write_text("".join(json.dumps(one) + "\n" for one in PATIENTS))
    _to_v2(tmp_path / "all.ndjson", "--out", tmp_path / "out.hl7", "--ledger", tmp_path / "ledger.json")
    assert (tmp_path / "out.hl7").read_bytes().count(b"MSH|") == 2
    assert json.loads((tmp_path / "ledger.json").read_text())["messages"] == 2
