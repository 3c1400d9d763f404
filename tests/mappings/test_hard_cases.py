# ruff: noqa: E501 (a segment is one line)
"""The ten cases that tell mapping languages apart, each with all its branches, by the shipped package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.mappings.conftest import Mapped
from workbench.fhir.json_tree import dumps, parse
from workbench.kernel.issues import Severity
from workbench.validation.fhir_validator import validate_resource

Json = dict[str, Any]
Convert = Callable[[str], Mapped]

PATIENT = "PID|1||4711^^^NORTH^MR||Muster^Anna||19700401|F"


def mapped(convert: Convert, kind: str, *lines: str, version: str = "2.5.1", header: str = "") -> Mapped:
    """A valid Bundle of the lines under a header of the kind."""
    msh = header or f"MSH|^~\\&|APP|NORTH|EHR|SOUTH|20240105093000+0100||{kind}|M1|P|{version}"
    result = convert("\n".join((msh, *lines)))
    issues = validate_resource(parse(dumps(result.bundle)))
    assert [issue.rule for issue in issues if issue.severity in (Severity.ERROR, Severity.FATAL)] == []
    return result


def plain(value: object) -> object:
    """The value with numbers as their texts and without extensions."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key != "extension"}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str) else str(value)


def observation(convert: Convert, obx: str) -> Json:
    order = "OBR|1|P|F|C^Panel^L|||20240105080000+0100||||||||||||||||||F"
    return mapped(convert, "ORU^R01^ORU_R01", PATIENT, order, obx).one("Observation")


def value_of(found: Json) -> Json:
    return {key: plain(value) for key, value in found.items() if key.startswith("value")}


# --- 1: OBX-5 by OBX-2; SN by its separators ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value_type", "value", "expected"),
    [
        ("NM", "5.40", {"valueQuantity": {"value": "5.40", "unit": "mg"}}),
        (
            "CE",
            "A^Alpha^L",
            {"valueCodeableConcept": {"coding": [{"code": "A", "display": "Alpha", "system": "urn:id:L"}]}},
        ),
        (
            "CWE",
            "A^Alpha^L",
            {"valueCodeableConcept": {"coding": [{"code": "A", "display": "Alpha", "system": "urn:id:L"}]}},
        ),
        ("ST", "a \\T\\ b", {"valueString": "a & b"}),
        ("TX", "text", {"valueString": "text"}),
        ("FT", "text", {"valueString": "text"}),
        ("DT", "20240105", {"valueDateTime": "2024-01-05"}),
        ("DTM", "20240105", {"valueDateTime": "2024-01-05"}),
        ("TS", "202401050815+0100", {"valueDateTime": "2024-01-05T08:15:00+01:00"}),
        ("TM", "0815", {"valueTime": "08:15:00"}),
        ("DR", "20240105^20240106", {"valuePeriod": {"start": "2024-01-05", "end": "2024-01-06"}}),
        ("NR", "1^2", {"valueRange": {"low": {"value": "1"}, "high": {"value": "2"}}}),
        ("XX", "whatever", {"valueString": "whatever"}),
        ("", "whatever", {"valueString": "whatever"}),
    ],
)
def test_1_the_value_type_decides_the_element(convert: Convert, value_type: str, value: str, expected: Json) -> None:
    unit = "mg" if value_type == "NM" else ""
    assert value_of(observation(convert, f"OBX|1|{value_type}|C^x^L||{value}|{unit}|||||F")) == expected


UNIT = {"unit": "mg"}


@pytest.mark.parametrize(
    ("sn", "expected"),
    [
        ("<>^7", {"valueString": "<> 7 mg"}),
        ("<>^7^-^9", {"valueString": "<> 7 - 9 mg"}),
        ("^1^:^128", {"valueRatio": {"numerator": {"value": "1", **UNIT}, "denominator": {"value": "128"}}}),
        ("^1^/^2", {"valueRatio": {"numerator": {"value": "1", **UNIT}, "denominator": {"value": "2"}}}),
        (
            ">^1^:^128",
            {"valueRatio": {"numerator": {"value": "1", "comparator": ">", **UNIT}, "denominator": {"value": "128"}}},
        ),
        ("^10^-^20", {"valueRange": {"low": {"value": "10", **UNIT}, "high": {"value": "20", **UNIT}}}),
        ("^2^+", {"valueString": "2 + mg"}),
        ("^5.0", {"valueQuantity": {"value": "5.0", **UNIT}}),
        ("=^5.0", {"valueQuantity": {"value": "5.0", **UNIT}}),
        (">=^5.0", {"valueQuantity": {"value": "5.0", "comparator": ">=", **UNIT}}),
        (">^1^.^3", {"valueString": "> 1 . 3 mg"}),
    ],
)
def test_1_a_structured_number_splits_on_its_comparator_and_separator(
    convert: Convert, sn: str, expected: Json
) -> None:
    assert value_of(observation(convert, f"OBX|1|SN|C^x^L||{sn}|mg|||||F")) == expected


# --- 2: OBX-5 repeats --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value_type", "values", "expected"),
    [
        ("NM", "60~120", [{"valueQuantity": {"value": "60", **UNIT}}, {"valueQuantity": {"value": "120", **UNIT}}]),
        ("DT", "20240105~20240106", [{"valueDateTime": "2024-01-05"}, {"valueDateTime": "2024-01-06"}]),
        ("XX", "a~b", [{"valueString": "a"}, {"valueString": "b"}]),
    ],
)
def test_2_each_of_several_values_is_a_component_with_the_code(
    convert: Convert, value_type: str, values: str, expected: list[Json]
) -> None:
    found = observation(convert, f"OBX|1|{value_type}|C^x^L||{values}|{'mg' if value_type == 'NM' else ''}|||||F")
    assert [value_of(component) for component in found["component"]] == expected
    assert {component["code"]["coding"][0]["code"] for component in found["component"]} == {"C"}
    assert value_of(found) == {}


def test_2_components_of_a_result_without_a_code_say_that_it_is_unknown(convert: Convert) -> None:
    found = observation(convert, "OBX|1|CE|||A^Alpha^L~B^Beta^L||||||F")
    assert [component["code"]["coding"][0]["code"] for component in found["component"]] == ["unknown", "unknown"]


@pytest.mark.parametrize(("value_type", "dimensions"), [("NA", "1"), ("MA", None)])
def test_2_an_array_is_sampled_data(convert: Convert, value_type: str, dimensions: str | None) -> None:
    found = observation(convert, f"OBX|1|{value_type}|C^Wave^L||1^2.50^-3|mV|||||F")
    data = found["valueSampledData"]
    assert (data["data"], plain(data["origin"])) == ("1 2.50 -3", {"value": "0", "unit": "mV"})
    assert (str(data["dimensions"]) if "dimensions" in data else None) == dimensions
    assert "component" not in found


def test_2_the_rows_of_an_array_stay_together_and_can_be_told_apart(convert: Convert) -> None:
    found = observation(convert, "OBX|1|NA|C^Wave^L||1^2~3^4||||||F")
    assert found["valueSampledData"]["data"] == "1 2 3 4"
    assert found["valueSampledData"]["extension"][0]["valueString"] == "1^2~3^4"
    assert "component" not in found


# --- 3: OBX-29 and the specimen ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "asked"), [("QST", True), ("SCI", True), ("RSLT", False), ("", False)])
def test_3_questions_support_the_request_and_results_stand_in_the_report(
    convert: Convert, kind: str, asked: bool
) -> None:
    obx = f"OBX|1|ST|Q^Fasting?^L||yes||||||F{'|' * 18}{kind}"
    found = mapped(
        convert, "ORU^R01", PATIENT, "ORC|RE|P|F", "OBR|1|P|F|C^Panel^L" + "|" * 21 + "F", obx, version="2.8"
    )
    request, report = found.one("ServiceRequest"), found.one("DiagnosticReport")
    (one,) = found.all("Observation")
    assert [found.at(each) for each in request.get("supportingInfo", [])] == ([one] if asked else [])
    assert [found.at(each) for each in report.get("result", [])] == ([] if asked else [one])
    assert "focus" not in one


@pytest.mark.parametrize("kind", ["QST", ""])
def test_3_below_a_specimen_the_specimen_is_the_focus(convert: Convert, kind: str) -> None:
    lines = (PATIENT, "OBR|1|P|F|C^Panel^L" + "|" * 21 + "F", "SPM|1|S1||BLD^Blood^HL70487")
    obx = f"OBX|1|ST|H^Haemolysis^L||none||||||F{'|' * 18}{kind}"
    found = mapped(convert, "ORU^R01", *lines, obx, version="2.8")
    (one,) = found.all("Observation")
    assert found.at(one["focus"][0]) == found.one("Specimen")
    assert "result" not in found.one("DiagnosticReport") and "supportingInfo" not in found.one("ServiceRequest")


# --- 4: PL -------------------------------------------------------------------------------------------------------------

LEVELS = {"bd": ("B", 3), "ro": ("12", 2), "lvl": ("2", 8), "wa": ("W3", 1), "bu": ("MAIN", 7), "si": ("NORTH", 4)}


def place(levels: tuple[str, ...], number: str = "") -> str:
    parts = [""] * 11
    for level in levels:
        name, component = LEVELS[level]
        parts[component] = name
    parts[10] = number
    return "^".join(parts[1:])


def way_up(found: Mapped) -> list[Json]:
    way = [found.at(found.one("Encounter")["location"][0]["location"])]
    while "partOf" in way[-1]:
        way.append(found.at(way[-1]["partOf"]))
    return way


@pytest.mark.parametrize(
    "levels",
    [tuple(LEVELS)[start:] for start in range(len(LEVELS))]
    + [("bd", "wa", "si"), ("ro", "si"), ("bd", "bu"), ("wa", "bu"), ("bd",), ("lvl", "wa")],
)
def test_4_the_parts_of_a_place_lie_in_one_another_up_to_the_site(convert: Convert, levels: tuple[str, ...]) -> None:
    found = mapped(convert, "ADT^A01", PATIENT, f"PV1|1|I|{place(levels, 'L-12&NORTH')}")
    way = way_up(found)
    said = [(each["physicalType"]["coding"][0]["code"], each["name"]) for each in way]
    assert said == [(level, LEVELS[level][0]) for level in levels]
    assert [[i["value"] for i in each["identifier"] if i["value"] == "L-12"] for each in way] == [
        ["L-12"],
        *[[]] * (len(way) - 1),
    ]


def test_4_who_gave_the_number_of_the_place_is_its_assigner(convert: Convert) -> None:
    found = mapped(convert, "ADT^A01", PATIENT, f"PV1|1|I|{place(('bd', 'si'), 'L-12&NORTH')}^CLINIC&1.2.3.9&ISO")
    number = next(i for i in way_up(found)[0]["identifier"] if i["value"] == "L-12")
    assert found.at(number["assigner"])["identifier"][0]["value"] == "CLINIC"
    assert "system" not in number


# --- 5: XTN ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("xtn", "value", "system"),
    [
        ("old^NET^Internet^a@example.org^43^1^555^9^^^^777", "a@example.org", "email"),
        ("old^NET^X.400^c=at;s=a^43^1^555^9^^^^777", "c=at;s=a", "email"),
        ("old^PRN^PH^^43^1^555^9^^^^+43 1 777", "+43 1 777", "phone"),
        ("old^PRN^PH^a@example.org^43^1^555^9^^^^+43 1 777", "+43 1 777", "phone"),
        ("old^PRN^PH^^43^1^555^9", "+43 1 555 X9", "phone"),
        ("old^PRN^PH^^43^1^555", "+43 1 555", "phone"),
        ("old^PRN^PH^^43^^555^9", "+43 555 X9", "phone"),
        ("old^PRN^PH^^^1^555^9", "1 555 X9", "phone"),
        ("old^PRN^PH^^^^555^9", "555 X9", "phone"),
        ("old^PRN^PH^^^1^555", "1 555", "phone"),
        ("old^PRN^FX^^^^555", "555", "fax"),
        ("(01)555^PRN^CP", "(01)555", "phone"),
        ("^PRN^^a@example.org", "a@example.org", "email"),
        ("(01)555", "(01)555", "phone"),
        ("https://example.org/a", "https://example.org/a", "url"),
        ("ask her sister", "ask her sister", "other"),
    ],
)
def test_5_a_telephone_is_taken_from_its_most_precise_component(
    convert: Convert, xtn: str, value: str, system: str
) -> None:
    (telecom,) = mapped(convert, "ADT^A08", f"{PATIENT}|||||{xtn}", version="2.8").one("Patient")["telecom"]
    assert (telecom["value"], telecom["system"]) == (value, system)


# --- 6: PID-12 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pid_11", "districts"),
    [
        ("S 1^^Wien", ["GL"]),
        ("S 1^^Wien^^^^^^GL", ["GL"]),
        ("S 1^^Wien^^^^^^ZH", ["ZH", "GL"]),
        ("S 1^^Wien~S 2^^Graz", [None, None, "GL"]),
        ("S 1^^Wien^^^^^^ZH~S 2^^Graz", ["ZH", None, "GL"]),
        ("", ["GL"]),
    ],
)
def test_6_the_county_joins_the_only_address_unless_that_names_another(
    convert: Convert, pid_11: str, districts: list[str | None]
) -> None:
    found = mapped(convert, "ADT^A08", f"{PATIENT}|||{pid_11}|GL", version="2.3")
    assert [address.get("district") for address in found.one("Patient")["address"]] == districts


def test_6_without_a_county_the_address_says_its_own(convert: Convert) -> None:
    found = mapped(convert, "ADT^A08", f"{PATIENT}|||S 1^^Wien^^^^^^ZH")
    assert [address.get("district") for address in found.one("Patient")["address"]] == ["ZH"]


# --- 7: the endpoint ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("msh_3", "msh_24", "endpoint"),
    [
        ("APP^9.9.9^ISO", "NET^1.2.4^ISO", "urn:oid:1.2.4"),
        ("APP", "NET^123e4567-e89b-12d3-a456-426614174000^UUID", "urn:uuid:123e4567-e89b-12d3-a456-426614174000"),
        ("APP", "NET^app.example.org^DNS", "urn:dns:app.example.org"),
        ("APP", "NET^https://example.org/in^URI", "https://example.org/in"),
        ("APP^1.2.3^ISO", "", "urn:oid:1.2.3"),
        ("APP^app.example.org^DNS", "", "urn:dns:app.example.org"),
        ("APP", "", None),
        ("", "", None),
    ],
)
def test_7_the_endpoint_is_the_network_address_else_the_application_else_unknown(
    convert: Convert, msh_3: str, msh_24: str, endpoint: str | None
) -> None:
    header = f"MSH|^~\\&|{msh_3}|F|||20240105||ADT^A08|1|P|2.8||||||||||||{msh_24}"
    source = mapped(convert, "", PATIENT, header=header).one("MessageHeader")["source"]
    assert source.get("endpoint") == endpoint
    reasons = [each["valueCode"] for each in source.get("_endpoint", {}).get("extension", [])]
    assert reasons == ([] if endpoint else ["unknown"])


# --- 8: RXA-20 and RXA-21 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rxa_20", "rxa_21", "status"),
    [
        ("CP", "D", "entered-in-error"),
        ("RE", "D", "entered-in-error"),
        ("", "D", "entered-in-error"),
        ("CP", "A", "completed"),
        ("RE", "A", "not-done"),
        ("NA", "U", "not-done"),
        ("PA", "", "completed"),
        ("", "A", "completed"),
        ("", "", "completed"),
        ("XX", "", "completed"),
    ],
)
def test_8_a_deleted_vaccination_is_an_error_whatever_its_completion(
    convert: Convert, rxa_20: str, rxa_21: str, status: str
) -> None:
    rxa = f"RXA|0|1|20240105||208^COVID-19^CVX|0.30|mL^^UCUM||00^New record^NIP001|||||||||||{rxa_20}|{rxa_21}"
    found = mapped(convert, "VXU^V04^VXU_V04", PATIENT, "ORC|RE|P1^A|F1^B", rxa)
    assert found.one("Immunization")["status"] == status


# --- 9: TQ1-6 to TQ1-8 -------------------------------------------------------------------------------------------------

START, END = "20240105080000+0100", "20240105100000+0100"
PERIOD = {"start": "2024-01-05T08:00:00+01:00", "end": "2024-01-05T10:00:00+01:00"}
BOUNDS = [
    ("2^H", START, "", {"boundsPeriod": PERIOD}),
    ("2^H", "", END, {"boundsPeriod": PERIOD}),
    ("", START, END, {"boundsPeriod": PERIOD}),
    ("2^H", START, END, {"boundsPeriod": PERIOD}),
    ("", START, "", {"boundsPeriod": {"start": PERIOD["start"]}}),
    ("", "", END, {"boundsPeriod": {"end": PERIOD["end"]}}),
    (
        "2^H",
        "",
        "",
        {"boundsDuration": {"value": "2", "unit": "H", "code": "h", "system": "http://unitsofmeasure.org"}},
    ),
]


@pytest.mark.parametrize(("tq1_6", "tq1_7", "tq1_8", "bounds"), BOUNDS)
def test_9_start_end_and_duration_bound_an_order(
    convert: Convert, tq1_6: str, tq1_7: str, tq1_8: str, bounds: Json
) -> None:
    lines = (PATIENT, "ORC|NW|P", f"TQ1|1|||||{tq1_6}|{tq1_7}|{tq1_8}", "OBR|1|P||C^x^L")
    repeat = mapped(convert, "OML^O21", *lines).one("ServiceRequest")["occurrenceTiming"]["repeat"]
    assert {key: plain(value) for key, value in repeat.items()} == bounds


@pytest.mark.parametrize(("tq1_6", "tq1_7", "tq1_8", "bounds"), BOUNDS)
def test_9_they_bound_a_prescription_in_the_same_way(
    convert: Convert, tq1_6: str, tq1_7: str, tq1_8: str, bounds: Json
) -> None:
    lines = (PATIENT, "ORC|NW|P", "RXE||197361^Amlodipine^RXN|5||mg", f"TQ1|1|||||{tq1_6}|{tq1_7}|{tq1_8}", "RXR|PO")
    (dosage,) = mapped(convert, "RDE^O11", *lines).one("MedicationRequest")["dosageInstruction"]
    assert {key: plain(value) for key, value in dosage["timing"]["repeat"].items()} == bounds


# --- 10: ORC and OBR ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orc", "obr", "numbers"),
    [
        ("P1|F1", "P2|F2", [("PLAC", "P2"), ("FILL", "F2")]),
        ("P1|F1", "|F2", [("PLAC", "P1"), ("FILL", "F2")]),
        ("P1|F1", "P2|", [("PLAC", "P2"), ("FILL", "F1")]),
        ("P1|F1", "|", [("PLAC", "P1"), ("FILL", "F1")]),
        ("|", "P2|F2", [("PLAC", "P2"), ("FILL", "F2")]),
    ],
)
def test_10_order_numbers_are_those_of_the_request_else_of_the_order(
    convert: Convert, orc: str, obr: str, numbers: list[tuple[str, str]]
) -> None:
    request = mapped(convert, "ORM^O01", PATIENT, f"ORC|NW|{orc}", f"OBR|1|{obr}|C^x^L", version="2.3").one(
        "ServiceRequest"
    )
    assert sorted((i["type"]["coding"][0]["code"], i["value"]) for i in request["identifier"]) == sorted(numbers)


@pytest.mark.parametrize(
    ("orc_1", "orc_5", "status"),
    [
        ("NW", "CM", "completed"),
        ("CA", "IP", "active"),
        ("NW", "CA", "revoked"),
        ("NW", "??", "unknown"),
        ("OC", "", "revoked"),
        ("NW", "", "active"),
        ("", "", "unknown"),
    ],
)
def test_10_the_status_is_that_of_the_order_else_of_its_control_code(
    convert: Convert, orc_1: str, orc_5: str, status: str
) -> None:
    lines = (PATIENT, f"ORC|{orc_1}|P1|F1||{orc_5}", "OBR|1|P1|F1|C^x^L")
    assert mapped(convert, "ORM^O01", *lines, version="2.3").one("ServiceRequest")["status"] == status


@pytest.mark.parametrize("given", ["21", "22", "23", "21 22 23"])
def test_10_provider_and_facility_of_an_order_are_one_role(convert: Convert, given: str) -> None:
    facility = {"21": "Clinic North^L", "22": "Street 1^^Wien", "23": "^WPN^PH^^^1^555"}
    orc = ["ORC", "NW", "P1", "F1", *[""] * 8, "1001^Huber^Eva", *[""] * 8]
    orc += [facility[number] if number in given else "" for number in facility]
    found = mapped(convert, "ORM^O01", PATIENT, "|".join(orc), "OBR|1|P1|F1|C^x^L")
    role = found.at(found.one("ServiceRequest")["requester"])
    assert role["resourceType"] == "PractitionerRole"
    assert found.at(role["practitioner"])["name"][0]["family"] == "Huber"
    organization = found.at(role["organization"])
    said = {"21": "name" in organization, "22": "address" in organization, "23": "telecom" in organization}
    assert said == {number: number in given for number in facility}
    assert found.all("PractitionerRole") == [role]


def test_10_a_provider_without_a_facility_is_no_role(convert: Convert) -> None:
    found = mapped(convert, "ORM^O01", PATIENT, "ORC|NW|P1|F1|||||||||1001^Huber^Eva", "OBR|1|P1|F1|C^x^L")
    assert found.at(found.one("ServiceRequest")["requester"])["resourceType"] == "Practitioner"
    assert found.all("PractitionerRole") == []
