"""What makes two values one resource, and what does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from workbench.kernel.shipped import shipped
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.engine.identity import merge_into
from workbench.mapping.engine.running import Run
from workbench.mapping.load import load_package
from workbench.records.updates.record import Record
from workbench.v2.er7 import parse

STANDARD = compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))


def _resources(message: str, kind: str) -> list[dict[str, object]]:
    bundle = STANDARD.run(parse(message.encode()))
    assert bundle == STANDARD.trace(parse(message.encode())).bundle
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def _urls(message: str, kind: str) -> set[str]:
    bundle = STANDARD.run(parse(message.encode()))
    return {entry["fullUrl"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind}


def _admission(sender: str, doctor: str = "1234^WARD^WANDA", place: str = "4E^136^B", patient: str = "7^^^H^MR") -> str:
    return (
        f"MSH|^~\\&|APP|{sender}|C|D|20240102||ADT^A01|{sender}|P|2.5.1\r"
        f"PID|1||{patient}||DOE^ANN\rPV1|1|I|{place}||||{doctor}\r"
    )


def test_one_text_of_two_senders_names_two_people() -> None:
    assert not _urls(_admission("NORTH"), "Practitioner") & _urls(_admission("SOUTH"), "Practitioner")


def test_the_same_message_names_the_same_people_again() -> None:
    assert _urls(_admission("NORTH"), "Practitioner") == _urls(_admission("NORTH"), "Practitioner")


def test_two_patients_without_a_number_are_not_one() -> None:
    first = _admission("NORTH", patient="")
    second = first.replace("|NORTH|P|", "|NORTH2|P|").replace("DOE^ANN", "ROE^BOB")
    assert not _urls(first, "Patient") & _urls(second, "Patient")


def test_places_of_different_kinds_stay_apart_where_none_has_a_name_of_its_own() -> None:
    pv1 = "PV1|||A&Ward&C^1&Room&3^B&Bed&A^Hospital&2.4.4.4&ISO^^R^&Building^&Floor\r"
    header = "MSH|^~\\&|APP|NORTH|C|D|20240102||ORM^O01|1|P|2.5.1\r"
    kinds = [place["physicalType"]["coding"] for place in _resources(header + pv1 + pv1, "Location")]  # type: ignore[index]
    assert max(len(codings) for codings in kinds) == 1


def test_a_value_and_what_extends_it_stay_together_when_two_views_are_merged() -> None:
    run = cast(Run, SimpleNamespace(trace=None))
    unreadable = {"extension": [{"url": "http://example.org/text", "valueString": "?"}]}
    known = {"line": ["12 High Street"]}
    merge_into(run, known, {"line": ["12 High Street", None], "_line": [None, unreadable]})
    assert known == {"line": ["12 High Street", None], "_line": [None, unreadable]}
    merge_into(run, known, {"line": [None], "_line": [unreadable]})
    assert known == {"line": ["12 High Street", None], "_line": [None, unreadable]}
    merge_into(run, known, {"line": ["Flat 4"]})
    assert known == {"line": ["12 High Street", None, "Flat 4"], "_line": [None, unreadable, None]}


def test_a_patient_told_of_twice_is_alike_in_fast_and_traced_runs() -> None:
    twice = _admission("NORTH").replace("DOE^ANN\r", "^ \rPID|1||7^^^H^MR||^ \r")
    (patient,) = _resources(twice, "Patient")
    assert len(patient["name"]) == 1


def _report(panel: str, status: str = "F") -> str:
    return (
        f"MSH|^~\\&|LAB|NORTH|C|D|20240102||ORU^R01|{panel[:5]}{status}|P|2.5.1\rPID|1||7^^^H^MR\r"
        f"OBR|1|P1^REG|F1^LAB^2.16.840.1.113883.19.7^ISO|{panel}|||20240102|||||||||||||||20240102||CH|{status}\r"
        "OBX|1|NM|2345-7^Glucose^LN||5|mmol/L|||||F\r"
    )


def test_two_panels_under_one_accession_stay_two_reports_and_the_final_one_follows_its_preliminary() -> None:
    def address(message: str) -> str:
        entries = STANDARD.run(parse(message.encode()))["entry"]
        return next(e["request"]["url"] for e in entries if e["resource"]["resourceType"] == "DiagnosticReport")

    lipids, count = "24331-1^Lipid panel^LN", "58410-2^CBC^LN"
    assert address(_report(lipids)) != address(_report(count))
    assert address(_report(lipids, "P")) == address(_report(lipids))
    record = Record()
    for message in (_report(lipids, "P"), _report(count), _report(lipids)):
        record.apply(STANDARD.run(parse(message.encode())))
    reports = [one for one in record.resources() if one["resourceType"] == "DiagnosticReport"]
    assert [one["status"] for one in reports] == ["final", "final"]
