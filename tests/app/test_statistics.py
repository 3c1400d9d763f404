from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest

from workbench.app.operations.statistics import (
    Chosen,
    code_frequencies,
    count_all,
    count_messages,
    field_population,
    new_values,
    shape_table,
    smallest_set,
    types_over_time,
)
from workbench.app.tables import Column, Table, harmless, write_tables
from workbench.cli.command_line import run
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture

ADT = (
    "MSH|^~\\&|REG|H|EHR|H|{time}||ADT^A01^ADT_A01|{id}|T|2.5.1\rPID|1||7^^^H^MR~8||DOE^JOHN||1980|M\r"
    "PV1|1|I\rAL1|1|DA^Drug^HL70127|70618^Penicillin^RXN\r"
)
ORU = (
    "MSH|^~\\&|LAB|H|EHR|H|{time}||ORU^R01|{id}|T|2.5.1\rPID|1||7\rOBR|1\r"
    "OBX|1|NM|GLU^Glucose^L||5.1\rOBX|2|CE|RH^Rhesus^L||pos^positive^L\r"
)


def _capture(folder: Path, *messages: str, name: str = "feed.hl7") -> Capture:
    (folder / name).write_text("".join(messages), newline="")
    return open_capture([folder / name])


@pytest.fixture
def feed(tmp_path: Path) -> Capture:
    return _capture(
        tmp_path,
        ADT.format(time="20240102030405", id="1"),
        ADT.format(time="20240102040405", id="2"),
        ORU.format(time="20240103", id="3"),
        ORU.format(time="", id="4"),
    )


def _by(table: Table, key: str) -> dict[object, dict[str, object]]:
    return {row[key]: row for row in table.records()}


def test_types_are_counted_over_time_in_periods_that_suit_the_span(feed: Capture) -> None:
    table = types_over_time(count_all(feed, JobContext()))
    assert table.names == ("type", "messages", "2024-01-02 03", "2024-01-02 04", "2024-01-03", "no time")
    assert set(table.rows) == {("ADT^A01", 2, 1, 1, 0, 0), ("ORU^R01", 2, 0, 0, 1, 1)}


def test_long_spans_are_told_by_month(tmp_path: Path) -> None:
    feed = _capture(tmp_path, *(ADT.format(time=f"2024{month:02}01", id=month) for month in range(1, 13)))
    assert types_over_time(count_all(feed, JobContext())).names[2:4] == ("2024-01", "2024-02")


def test_an_empty_capture_gives_empty_tables(tmp_path: Path) -> None:
    tally = count_all(_capture(tmp_path, "nothing"), JobContext())
    tables = [make(tally) for make in (types_over_time, field_population, code_frequencies, shape_table)]
    assert [table.rows for table in tables] == [()] * 4
    assert smallest_set(tally) == []


def test_population_lengths_and_repetitions_are_told_by_field(feed: Capture) -> None:
    rows = _by(field_population(count_all(feed, JobContext())), "field")
    pid3 = rows["PID-3"]
    assert (pid3["name"], pid3["type"]) == ("Patient Identifier List", "CX")
    assert (pid3["messages"], pid3["segments"], pid3["share"], pid3["repetitions"]) == (4, 4, 1.0, 6)
    assert (pid3["most_repetitions"], pid3["shortest"], pid3["longest"], pid3["mean_length"]) == (2, 1, 8, 3.3)
    assert (rows["OBX-3"]["messages"], rows["OBX-3"]["segments"], rows["OBX-3"]["distinct"]) == (2, 4, 2)
    assert rows["PID-5"]["share"] == 0.5
    assert rows["PID-5"]["distinct"] is None, "names are not counted unless asked for"


def test_codes_are_counted_with_system_display_and_first_message(feed: Capture) -> None:
    table = code_frequencies(count_all(feed, JobContext()))
    rows = [row for row in table.records() if row["field"] in ("AL1-3", "OBX-5", "OBX-2", "PID-8")]
    assert [tuple(row.values()) for row in rows] == [
        ("AL1-3", "70618", "RXN", "Penicillin", 2, 1.0, 0),
        ("OBX-2", "CE", "", "", 2, 0.5, 2),
        ("OBX-2", "NM", "", "", 2, 0.5, 2),
        ("OBX-5", "pos", "L", "positive", 2, 0.5, 2),
        ("PID-8", "M", "", "", 2, 1.0, 0),
    ]
    assert table.masked() == table, "codes say nothing about anybody"


def test_chosen_values_that_identify_are_hidden_and_others_are_not(feed: Capture) -> None:
    tally = count_all(feed, JobContext(), Chosen.parse(["PID-5.1", "PV1-2"]))
    shown = [row for row in code_frequencies(tally).records() if row["field"] == "PID-5.1"]
    hidden = code_frequencies(tally).masked()
    assert [row["value"] for row in shown] == ["DOE"]
    assert [row["value"] for row in hidden.records() if row["field"] in ("PID-5.1", "PV1-2")] == ["I", "•••", "I"]


def test_shapes_are_covered_by_few_messages(feed: Capture) -> None:
    tally = count_all(feed, JobContext())
    rows = [(row["part"], row["shape"], row["messages"]) for row in shape_table(tally).records()]
    assert ("message", "MSH PID OBR OBX+", 2) in rows and ("PID", "1,3,5,7,8", 2) in rows
    assert smallest_set(tally) == [0, 3], "message 3 has no MSH-7, message 2 nothing of its own"


def test_new_values_are_those_the_first_capture_has_not(tmp_path: Path) -> None:
    before = count_all(_capture(tmp_path, ADT.format(time="2024", id=1)), JobContext())
    changed = ADT.format(time="2024", id=1).replace("70618^Penicillin", "723^Amoxicillin")
    after = count_all(_capture(tmp_path, changed, name="after.hl7"), JobContext())
    assert [(row[0], row[1]) for row in new_values(before, after).rows] == [("AL1-3", "723")]


def test_fhir_is_counted_by_resource(tmp_path: Path) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "timestamp": "2024-01-02T03:04:05Z",
        "entry": [
            {
                "resource": {
                    "resourceType": "Patient",
                    "gender": "male",
                    "name": [{"family": "Doe", "given": ["A", "B"]}],
                }
            },
            {"resource": {"resourceType": "Observation", "code": {"coding": [{"system": "s", "code": "c"}]}}},
        ],
    }
    (tmp_path / "feed.ndjson").write_text((json.dumps(bundle) + "\n") * 2)
    tally = count_all(open_capture([tmp_path / "feed.ndjson"]), JobContext(), Chosen.parse(["Patient.name.family"]))
    fields = _by(field_population(tally), "field")
    assert (fields["Patient.name.given"]["messages"], fields["Patient.name.given"]["repetitions"]) == (2, 4)
    codes = {(row["field"], row["value"], row["system"]) for row in code_frequencies(tally).records()}
    assert {("Patient.gender", "male", ""), ("Observation.code.coding.code", "c", "s")} <= codes
    assert [
        row["value"] for row in code_frequencies(tally).masked().records() if row["field"] == "Patient.name.family"
    ] == ["•••"]
    assert types_over_time(tally).rows == (("Bundle (transaction)", 2, 2),)
    assert ("Patient", "gender,name", 2, 0) in shape_table(tally).rows


def test_processes_give_the_same_counts_with_partial_results(tmp_path: Path) -> None:
    feed = _capture(tmp_path, *(ADT.format(time=f"20240102{n % 24:02}", id=n) for n in range(1300)))
    here, there = (count_all(feed, JobContext(), workers=workers) for workers in (1, 2))
    assert [make(here) for make in (types_over_time, field_population, code_frequencies, shape_table)] == [
        make(there) for make in (types_over_time, field_population, code_frequencies, shape_table)
    ]
    assert [counted.done for counted in count_messages(feed, JobContext(), workers=1)] == [0, 500, 1000, 1300]


def test_counting_can_be_cancelled(feed: Capture) -> None:
    ctx = JobContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        count_all(feed, ctx)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\r=1"])
def test_cells_that_look_like_formulas_become_text(text: str, tmp_path: Path) -> None:
    table = Table("t", (Column("a"), Column("b")), ((text, -1.5),))
    assert harmless(text) == f"'{text}" and harmless(-1.5) == -1.5 and harmless("a=1") == "a=1"
    write_tables(tmp_path / "t.xlsx", [table])
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert sheet is not None
    cell = sheet["A2"]
    assert (cell.data_type, sheet["B2"].value) == ("s", -1.5)
    write_tables(tmp_path / "t.csv", [table])
    written = list(csv.reader(io.StringIO((tmp_path / "t.csv").read_bytes().decode(), newline="")))
    assert written[1][0] == f"'{text}"


def test_files_hide_values_unless_asked(tmp_path: Path) -> None:
    table = Table("t", (Column("n"), Column("who", identifying=True)), (("x", "DOE"), ("y", "M")), frozenset({1}))
    write_tables(tmp_path / "t.csv", [table])
    assert "DOE" not in (tmp_path / "t.csv").read_text() and ",M" in (tmp_path / "t.csv").read_text()
    write_tables(tmp_path / "t.csv", [table], show_values=True)
    assert "DOE" in (tmp_path / "t.csv").read_text()


@pytest.mark.parametrize(("name", "count"), [("t.pdf", 1), ("t.csv", 2)])
def test_files_of_other_kinds_are_refused(name: str, count: int, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        write_tables(tmp_path / name, [Table("t", (), ())] * count)
    assert refusal.value.code == "APP-0008" and not (tmp_path / name).exists()


def test_control_characters_do_not_break_a_workbook(tmp_path: Path) -> None:
    write_tables(tmp_path / "t.xlsx", [Table("t", (Column("a"),), (("x\x00y\x0b" + "z" * 40_000,),))])
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert sheet is not None and str(sheet["A2"].value).startswith("x\N{REPLACEMENT CHARACTER}y")


def test_the_command_prints_and_writes(feed: Capture, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(feed.paths[0])
    assert run(["messages", "stats", source, "--by", "shapes"], None) == 0
    assert "every shape: 0 3" in capsys.readouterr().out
    assert run(["messages", "stats", source, "--by", "codes", "--values", "PID-5", "--format", "json"], None) == 0
    assert "DOE" not in capsys.readouterr().out
    assert run(["messages", "stats", source, "--out", str(tmp_path / "all.xlsx")], None) == 0
    assert openpyxl.load_workbook(tmp_path / "all.xlsx").sheetnames == ["types", "fields", "codes", "shapes"]
    assert run(["messages", "stats", source, "--against", source, "--format", "json"], None) == 0
    assert json.loads(capsys.readouterr().out) == []
