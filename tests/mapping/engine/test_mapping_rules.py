"""What single rules do, one sentence of the language at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.mapping.conftest import message
from workbench.mapping.engine.compile import CompiledMapping

NULL_FLAVOR = {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-nullFlavor", "valueCode": "UNC"}
ORIGINAL = "http://hl7.org/fhir/StructureDefinition/originalText"
ALTERNATE = "http://hl7.org/fhir/StructureDefinition/alternate-codes"

XPN = {
    "types/XPN-HumanName.yaml": "map: XPN-HumanName\nfrom: XPN\nto: HumanName\nrules:\n"
    "  - {id: xpn-1, from: XPN.1.1, to: family}\n  - {id: xpn-2, from: XPN.2, to: given}\n"
    "  - {id: xpn-7, from: XPN.7, to: use}\n"
}
SEX = {
    "codes/sex.csv": "# id: sex\n# source_system: urn:v2\n# target_system: urn:fhir\n"
    "source_code,target_code\nF,female\nM,male\n"
}

Make = Callable[..., CompiledMapping]
Patient = Callable[[CompiledMapping, str], dict[str, object]]

PLAIN_CASES = {
    "each repetition adds an element": (
        "  - {id: a, from: PID-5, to: name, using: XPN-HumanName}\n",
        "PID|||||Doe^Jo~Roe^Ann",
        {"name": [{"family": "Doe", "given": ["Jo"]}, {"family": "Roe", "given": ["Ann"]}]},
    ),
    "repeat first takes the first": (
        "  - {id: a, from: PID-5, to: name, using: XPN-HumanName, repeat: first}\n",
        "PID|||||Doe~Roe",
        {"name": [{"family": "Doe"}]},
    ),
    "repeat last takes the last": (
        "  - {id: a, from: PID-5, to: name, using: XPN-HumanName, repeat: last}\n",
        "PID|||||Doe~Roe",
        {"name": [{"family": "Roe"}]},
    ),
    "a repetition is chosen by number": (
        '  - {id: a, from: "PID-5[2]", to: name, using: XPN-HumanName}\n',
        "PID|||||Doe~Roe",
        {"name": [{"family": "Roe"}]},
    ),
    "repetitions are chosen by condition": (
        "  - {id: a, from: \"PID-5[XPN.7 = 'L']\", to: name, using: XPN-HumanName}\n",
        "PID|||||Doe^^^^^^A~Roe^^^^^^L",
        {"name": [{"family": "Roe", "use": "L"}]},
    ),
    "repetitions are joined": (
        '  - {id: a, from: PID-5.1, to: language, repeat: join, join: "-"}\n',
        "PID|||||Doe~Roe",
        {"language": "Doe-Roe"},
    ),
    "sources are joined with literal texts": (
        '  - {id: a, from: [PID-5.2, "\'de\'", PID-5.1], join: " ", to: language}\n',
        "PID|||||Roe^Jo",
        {"language": "Jo de Roe"},
    ),
    "the first valued alternative is taken": (
        "  - {id: a, from: PID-2 | PID-3.1, to: language}\n",
        "PID|||77^x",
        {"language": "77"},
    ),
    "an alternative of separators only says nothing": (
        "  - {id: a, from: PID-2 | PID-3.1, to: language}\n",
        "PID||^^|77^x",
        {"language": "77"},
    ),
    "the first rule keeps the place": (
        "  - {id: a, from: PID-2, to: language}\n  - {id: b, from: PID-3, to: language}\n",
        "PID||one|two",
        {"language": "one"},
    ),
    "one choice type excludes the others": (
        "  - {id: a, from: PID-29, to: deceasedDateTime}\n  - {id: b, when: PID-30 valued, literal: true, "
        "to: deceasedBoolean}\n",
        "PID" + "|" * 29 + "2020|Y",
        {"deceasedDateTime": "2020"},
    ),
    "a default stands where the source gives nothing": (
        "  - {id: a, from: PID-8, to: gender, default: unknown}\n  - {id: b, from: PID-3, to: language}\n",
        "PID|||77",
        {"gender": "unknown", "language": "77"},
    ),
    "presets fill what the type map left open": (
        "  - {id: a, from: PID-5, to: name, using: XPN-HumanName, preset: {use: official}}\n",
        "PID|||||Doe~Roe^^^^^^usual",
        {"name": [{"family": "Doe", "use": "official"}, {"family": "Roe", "use": "usual"}]},
    ),
    "a name in brackets shares one element": (
        '  - {id: a, from: PID-13.1, to: "telecom[home].value"}\n'
        '  - {id: b, from: PID-14.1, to: "telecom[work].value"}\n'
        '  - {id: c, when: PID-13 valued, literal: home, to: "telecom[home].use"}\n',
        "PID|||||||||||||1|2",
        {"telecom": [{"value": "1", "use": "home"}, {"value": "2"}]},
    ),
    "a number in brackets is the place in the list": (
        '  - {id: a, from: PID-5, to: name, using: XPN-HumanName}\n  - {id: b, from: PID-2, to: "name[0].text"}\n',
        "PID||text|||Doe",
        {"name": [{"family": "Doe", "text": "text"}]},
    ),
    "empty brackets make a new element": (
        '  - {id: a, from: PID-2, to: "name[].text"}\n  - {id: b, from: PID-4, to: "name[].text"}\n',
        "PID||1||2",
        {"name": [{"text": "1"}, {"text": "2"}]},
    ),
    "paths share the elements on their way": (
        "  - {id: a, from: PID-2, to: maritalStatus.coding.code}\n"
        "  - {id: b, from: PID-4, to: maritalStatus.coding.system}\n",
        "PID||M||urn:x",
        {"maritalStatus": {"coding": [{"code": "M", "system": "urn:x"}]}},
    ),
    "an extension is made by its URL": (
        '  - {id: a, from: PID-17.1, to: "extension(urn:religion).valueCode"}\n',
        "PID" + "|" * 17 + "CAT",
        {"extension": [{"url": "urn:religion", "valueCode": "CAT"}]},
    ),
    "a primitive is extended beside itself": (
        "  - {id: a, from: PID-7, to: birthDate, transform: date}\n"
        '  - {id: b, from: PID-7, to: "birthDate.extension(urn:time).valueDateTime"}\n',
        "PID|||||||20200101120000+0000",
        {
            "birthDate": "2020-01-01",
            "_birthDate": {"extension": [{"url": "urn:time", "valueDateTime": "2020-01-01T12:00:00Z"}]},
        },
    ),
    "a primitive that repeats is extended value by value": (
        "  - {id: a, from: PID-9.1, to: name.given}\n"
        '  - {id: b, from: PID-2, to: "name.given[1].extension(urn:x).valueCode"}\n',
        "PID||X|||||||Jo~Ann",
        {"name": [{"given": ["Jo", "Ann"], "_given": [None, {"extension": [{"url": "urn:x", "valueCode": "X"}]}]}]},
    ),
    "a literal with a source needs the source": (
        "  - {id: a, from: PID-2, to: active, literal: true}\n  - {id: b, from: PID-4, to: gender, literal: x}\n",
        "PID||1",
        {"active": True},
    ),
    "constants alone keep no element alive": (
        "  - id: a\n    to: name\n    rules:\n      - {id: b, from: PID-5.1, to: family}\n"
        "      - {id: c, to: use, literal: official}\n",
        "PID||x",
        {},
    ),
    "the first alternative that writes ends the list": (
        "  - id: a\n    first-of:\n      - {id: b, from: PID-2, to: language}\n"
        "      - {id: c, from: PID-3, to: gender}\n",
        "PID||de|x",
        {"language": "de"},
    ),
    "a rule that is switched off does nothing": (
        "  - {id: a, from: PID-2, to: language, enabled: false}\n"
        "  - {id: b, from: PID-3, to: gender, status: rejected}\n",
        "PID||de|x",
        {},
    ),
    "escapes become characters and text keeps separators": (
        "  - {id: a, from: PID-2, to: language}\n  - {id: b, from: PID-3, to: gender, transform: text}\n",
        "PID||a\\T\\b|x^y&z",
        {"language": "a&b", "gender": "x^y&z"},
    ),
    "nothing written and separators only write nothing": (
        "  - {id: a, from: PID-5, to: name, using: XPN-HumanName}\n",
        "PID|||||^^~",
        {},
    ),
}


@pytest.mark.parametrize(("rules", "pid", "expected"), PLAIN_CASES.values(), ids=PLAIN_CASES.keys())
def test_a_rule_does_what_the_language_says(
    mapping_of: Make, patient_of: Patient, rules: str, pid: str, expected: dict[str, object]
) -> None:
    mapping = mapping_of(rules, XPN)
    assert patient_of(mapping, pid) == expected
    assert patient_of(mapping, pid) == expected  # remembered values too


CODED = "  - {{id: a, from: PID-8, to: gender, codes: sex{more}}}\n"


@pytest.mark.parametrize(
    ("more", "pid", "expected"),
    [
        ("", "F", {"gender": "female"}),
        (", unmapped: omit", "X", {}),
        (", unmapped: passthrough", "X", {"gender": "X"}),
        (', unmapped: {prefix: "urn:"}', "X", {"gender": "urn:X"}),
    ],
)
def test_a_code_is_translated_or_treated_by_its_policy(
    mapping_of: Make, patient_of: Patient, more: str, pid: str, expected: dict[str, object]
) -> None:
    assert patient_of(mapping_of(CODED.format(more=more), SEX), f"PID||||||||{pid}") == expected


@pytest.mark.parametrize(("more", "value"), [("", None), (", unmapped: {default: unknown}", "unknown")])
def test_a_preserved_code_stands_beside_the_element_with_its_flag(
    mapping_of: Make, patient_of: Patient, more: str, value: str | None
) -> None:
    patient = patient_of(mapping_of(CODED.format(more=more), SEX), "PID||||||||X^other")
    concept = {"coding": [{"system": "urn:v2", "code": "X", "display": "other"}], "text": "other"}
    extensions = [NULL_FLAVOR, {"url": ALTERNATE, "valueCodeableConcept": concept}]
    assert patient["_gender"] == {"extension": extensions}
    assert patient.get("gender") == value


def test_a_preserved_concept_keeps_code_and_words_and_is_flagged(mapping_of: Make, patient_of: Patient) -> None:
    rules = "  - {id: a, from: PID-16, to: maritalStatus, codes: sex}\n"
    patient = patient_of(mapping_of(rules, SEX), "PID" + "|" * 16 + "W^Widowed")
    assert patient["maritalStatus"] == {
        "extension": [NULL_FLAVOR],
        "coding": [{"system": "urn:v2", "code": "W", "display": "Widowed"}],
        "text": "Widowed",
    }


def test_an_unmapped_code_may_be_an_error(mapping_of: Make) -> None:
    mapping = mapping_of(CODED.format(more=", unmapped: error"), SEX)
    _, issues = mapping.run_with_issues(message("ADT^A01", "PID||||||||X"))
    assert [(issue.rule, issue.severity, issue.location.path) for issue in issues] == [("MAP-0302", "error", "PID-8")]
    assert "X" not in issues[0].masked_text


@pytest.mark.parametrize(
    ("target", "text"), [("birthDate", "19800230"), ("deceasedDateTime", "yesterday"), ("multipleBirthInteger", "two")]
)
def test_a_text_that_does_not_fit_is_kept_and_said(
    mapping_of: Make, patient_of: Patient, target: str, text: str
) -> None:
    mapping = mapping_of(f"  - {{id: a, from: PID-7, to: {target}}}\n")
    kept = {"extension": [NULL_FLAVOR, {"url": ORIGINAL, "valueString": text}]}
    assert patient_of(mapping, f"PID|||||||{text}") == {f"_{target}": kept}
    _, issues = mapping.run_with_issues(message("ADT^A01", f"PID|||||||{text}"))
    assert [issue.rule for issue in issues] == ["MAP-0301"]


def test_an_explicit_null_deletes_by_leaving_out_or_says_so(mapping_of: Make, patient_of: Patient) -> None:
    rules = (
        "  - {id: a, from: PID-7, to: birthDate}\n  - {id: b, from: PID-8, to: gender, null: absent-reason}\n"
        "  - {id: c, from: PID-2, when: PID-2 null, to: active, literal: true}\n"
    )
    assert patient_of(mapping_of(rules), 'PID||""|||||""|""') == {
        "_gender": {
            "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
        }
    }


@pytest.mark.parametrize(
    ("head", "written", "expected"),
    [
        ("", "202001021530-0500", "2020-01-02T15:30:00-05:00"),
        ("", "202001021530", "2020-01-02T15:30:00+01:00"),  # MSH-7 says +0100
        ("time-zone: America/New_York\n", "202001021530", "2020-01-02T15:30:00+01:00"),
        ("", "202001", "2020-01"),
    ],
)
def test_a_time_keeps_its_precision_and_takes_the_zone_of_its_message(
    mapping_of: Make, patient_of: Patient, head: str, written: str, expected: str
) -> None:
    mapping = mapping_of("  - {id: a, from: PID-29, to: deceasedDateTime}\n", head=head)
    assert patient_of(mapping, "PID" + "|" * 29 + written) == {"deceasedDateTime": expected}


@pytest.mark.parametrize(
    ("condition", "pid", "holds"),
    [
        ("PID-8 valued", 'PID||||||||""', False),
        ("PID-8 null", 'PID||||||||""', True),
        ("PID-8 != 'F'", "PID", True),
        ("PID-3.1 = '2'", "PID|||1~2", True),
        ("PID-3.1 not in ('1', '2')", "PID|||3", True),
        ("count(PID-3) = 2", "PID|||1~2", True),
        ("length(PID-3.1) > 2", "PID|||12", False),
        ("PID-3.1 matches '[0-9]+'", "PID|||12", True),
        ("PID-3.1 matches '[0-9]+'", "PID|||12a", False),
        ("version >= '2.5'", "PID", True),
        ("version < '2.10'", "PID", True),
        ("PV1 valued", "PID", False),
        ("MSH-4 = 'HOSP' and not PV1 valued", "PID", True),
        ("PID-8 in codes sex", "PID||||||||F", True),
        ("PID-8 in codes sex", "PID||||||||X", False),
        ("PID-2 valued or PID-4 valued", "PID||||x", True),
    ],
)
def test_conditions_hold_as_written(
    mapping_of: Make, patient_of: Patient, condition: str, pid: str, holds: bool
) -> None:
    mapping = mapping_of(f'  - {{id: a, when: "{condition}", to: active, literal: true}}\n', SEX)
    assert patient_of(mapping, pid) == ({"active": True} if holds else {})


def test_a_rule_may_raise_an_issue(mapping_of: Make) -> None:
    rules = "  - {id: a, when: PID-3 not valued, raise: {severity: error, text: No number.}}\n"
    _, issues = mapping_of(rules).run_with_issues(message("ADT^A01", "PID||x"))
    assert [(issue.rule, issue.text) for issue in issues] == [("MAP-0303", "No number. (PID-Patient/a)")]


def test_a_value_makes_one_resource_for_each_identity(mapping_of: Make) -> None:
    types = {
        "types/XCN-Practitioner.yaml": "map: XCN-Practitioner\nfrom: XCN\nto: Practitioner\nrules:\n"
        "  - {id: id, from: XCN.1, to: identifier.value}\n  - {id: family, from: XCN.2.1, to: name.family}\n"
    }
    rules = (
        "  - {id: a, from: PID-2, to: generalPractitioner, make: Practitioner, using: XCN-Practitioner, "
        "identity: XCN.1}\n"
    )
    bundle = mapping_of(rules, types).run(message("ADT^A01", "PID||7^House~7^House~8^Wilson"))
    entries = bundle["entry"]
    assert isinstance(entries, list)
    doctors = [entry["resource"] for entry in entries if entry["resource"]["resourceType"] == "Practitioner"]
    assert [doctor["identifier"][0]["value"] for doctor in doctors] == ["7", "8"]
    urls = [entry["fullUrl"] for entry in entries if entry["resource"]["resourceType"] == "Practitioner"]
    patient = entries[0]["resource"]
    assert [reference["reference"] for reference in patient["generalPractitioner"]] == [urls[0], urls[0], urls[1]]


def test_a_type_map_may_become_a_primitive_and_write_beside_its_element(mapping_of: Make, patient_of: Patient) -> None:
    types = {
        "types/HD-uri.yaml": "map: HD-uri\nfrom: HD\nto: uri\nrules:\n"
        "  - {id: oid, from: HD.2, to: $value, transform: oid}\n"
        "  - {id: name, from: HD.1, to: $value, transform: {prefix: 'urn:id:'}}\n",
        "types/CX-Identifier.yaml": "map: CX-Identifier\nfrom: CX\nto: Identifier\nrules:\n"
        "  - {id: value, from: CX.1, to: value}\n  - {id: system, from: CX.4, to: system, using: HD-uri}\n"
        "  - {id: beside, from: CX.6, to: ../language}\n",
    }
    mapping = mapping_of("  - {id: a, from: PID-3, to: identifier, using: CX-Identifier}\n", types)
    assert patient_of(mapping, "PID|||1^^^&1.2.3&ISO~2^^^X^^de") == {
        "identifier": [{"value": "1", "system": "urn:oid:1.2.3"}, {"value": "2", "system": "urn:id:X"}],
        "language": "de",
    }


def test_a_resource_found_again_takes_what_its_second_place_adds(mapping_of: Make) -> None:
    types = {
        "types/XCN-Practitioner.yaml": "map: XCN-Practitioner\nfrom: XCN\nto: Practitioner\nrules:\n"
        "  - {id: id, from: XCN.1, to: identifier.value}\n",
        "messages/ALL.yaml": 'map: ALL\nfor: ["*"]\nrows:\n'
        "  - {id: order, from: ORC, make: ServiceRequest, using: ORC-ServiceRequest}\n",
        "segments/ORC-ServiceRequest.yaml": "map: ORC-ServiceRequest\nfrom: ORC\nto: ServiceRequest\nrules:\n"
        "  - {id: who, from: ORC-12, to: requester, make: Practitioner, using: XCN-Practitioner, identity: XCN.1, "
        "rules: [{id: phone, from: ORC-14.1, to: telecom.value}]}\n",
    }
    mapping = mapping_of("  - {id: a, from: PID-2, to: gender}\n", types)
    orders = [f"ORC|{'|' * 11}7||{phone}" for phone in ("111", "222", "111")]
    given = message("ORM^O01", *orders)
    entries = mapping.run(given)["entry"]
    assert isinstance(entries, list)
    (doctor,) = [entry["resource"] for entry in entries if entry["resource"]["resourceType"] == "Practitioner"]
    assert doctor["telecom"] == [{"value": "111"}, {"value": "222"}]
    assert mapping.trace(given).bundle["entry"] == entries


WAYS = (
    "maritalStatus.extension(seen).valueHumanName",
    "extension(seen).valueHumanName",
    "extension(seen)[one].valueHumanName",
    "birthDate.extension(seen).valueHumanName",
    "contact.name",
    "contact[one].name",
    "contact[].name",
    "contact[0].name",
)
"""Paths of several steps to something a rule fills."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rest", ["from: PID-5, using: XPN-HumanName", "rules: [{id: c, from: PID-5.1, to: family}]"])
def test_what_fills_an_element_and_finds_nothing_to_write_makes_nothing_on_the_way(
    way: str, rest: str, mapping_of: Make, patient_of: Patient
) -> None:
    mapping = mapping_of(
        f"  - {{id: a, from: PID-8, to: gender}}\n  - {{id: b, to: '{way}', {rest}}}\n",
        XPN,
        "extensions: {seen: urn:seen}\n",
    )
    assert patient_of(mapping, "PID|||||^^Middle|||female") == {"gender": "female"}
    traced = mapping.trace(message("ADT^A01", "PID|||||^^Middle|||female"))
    assert traced.bundle == mapping.run(message("ADT^A01", "PID|||||^^Middle|||female"))
    assert set(patient_of(mapping, "PID|||||Doe|||female")) > {"gender"}
