from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fhir.definitions import definitions
from workbench.fhir.fhirpath import ExpressionRefused, compile_expression, evaluate
from workbench.kernel.errors import Refused

PATIENT: dict[str, object] = {
    "resourceType": "Patient",
    "id": "p1",
    "active": True,
    "name": [
        {"use": "official", "family": "Berg", "given": ["Asa", "Bo"]},
        {
            "use": "nickname",
            "given": [None, "Bosse"],
            "_given": [{"extension": [{"url": "http://x", "valueCode": "u"}]}],
        },
    ],
    "birthDate": "1980-03",
    "gender": "female",
    "deceasedDateTime": "2024-01-02T03:04:05Z",
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Ward"}],
    "managingOrganization": {"reference": "#o"},
    "extension": [{"url": "http://age", "valueAge": {"value": 44, "code": "a", "system": "http://unitsofmeasure.org"}}],
}


def _shown(expression: str, resource: dict[str, object] = PATIENT) -> list[str]:
    return [str(value) for value in evaluate(resource, expression)]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("Patient.name.given", ["Asa", "Bo", "{'extension': [{'url': 'http://x', 'valueCode': 'u'}]}", "Bosse"]),
        ("name[0].given[1]", ["Bo"]),
        ("name.where(use = 'official').family", ["Berg"]),
        ("name.given.count()", ["4"]),
        ("name.given.where(hasValue()).count()", ["3"]),
        ("name.given.extension('http://x').value", ["u"]),
        ("deceased is dateTime", ["True"]),
        ("deceased.ofType(boolean)", []),
        ("gender is string", ["True"]),
        ("gender.as(string)", []),
        ("managingOrganization.resolve().name", ["Ward"]),
        ("contained.ofType(Organization).name", ["Ward"]),
        ("extension('http://age').value is Quantity", ["True"]),
        ("extension.value > 40 years", []),
        ("extension.value > 40 'a'", ["True"]),
        ("descendants().where($this is code).count()", ["5"]),
        ("name.select(given.first() & '-' & family)", ["Asa-Berg", "-"]),
        ("name.given.aggregate(iif($total.empty(), 1, $total + 1))", ["4"]),
        ("name.all($index < 2)", ["True"]),
        ("%resource.id = %context.id and %rootResource.id = 'p1'", ["True"]),
        ("iif(active, 'yes', 'no')", ["yes"]),
        ("('b' | 'a' | 'c').sort()", ["a", "b", "c"]),
        ("name.sort(-use).first().use", ["official"]),
        ("conformsTo('http://hl7.org/fhir/StructureDefinition/DomainResource')", ["True"]),
        ("active.type().namespace & '.' & active.type().name", ["FHIR.boolean"]),
        ("'aXb'.replaceMatches('[A-Z]', '-')", ["a-b"]),
        ("'1' in name.given or 3 in (1 | 3)", ["True"]),
        ("name.family = 'Berg' implies birthDate.exists()", ["True"]),
        ("photo.exists() or link.empty()", ["True"]),
    ],
)
def test_expressions_give_what_the_specification_says(expression: str, result: list[str]) -> None:
    assert _shown(expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("{} and false", ["False"]),
        ("{} and true", []),
        ("{} or true", ["True"]),
        ("{} implies true", ["True"]),
        ("true xor {}", []),
        ("@2018-03 = @2018-03-01", []),
        ("@2018-03 < @2018-04-01", ["True"]),
        ("@2020-01-01T10:00:00Z = @2020-01-01T12:00:00+02:00", ["True"]),
        ("@2020-01-01T10:00:00Z = @2020-01-01T10:00:00", []),
        ("@T10:30 < @T10:30:00", []),
        ("1 year = 1 'a'", []),
        ("1 'wk' = 7 days", ["True"]),
        ("birthDate < @1980", []),
        ("birthDate < @1981", ["True"]),
    ],
)
def test_what_is_not_known_stays_open(expression: str, result: list[str]) -> None:
    assert _shown(expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1.50 * 2", "3.00"),
        ("7 div 2", "3"),
        ("2.2 mod 1.8", "0.4"),
        ("1 / 0", ""),
        ("1000 'mg' + 1 'g'", "2000 'mg'"),
        ("2.0 'cm' * 2.0 'm' = 0.04 'm2'", "True"),
        ("4 'g' / 2 'g'", "2 '1'"),
        ("1 '[in_i]' > 2.5 'cm'", "True"),
        ("4 'g' ~ 4040 'mg'", "True"),
        ("@2024-01-31 + 1 month", "2024-02-29"),
        ("@2014 + 25 months", "2016"),
        ("@2024-02-28T23:59:59Z + 2 seconds", "2024-02-29T00:00:01Z"),
        ("@T23:30 + 45 minutes", "00:15"),
        ("@2024-03-01 - 1 day", "2024-02-29"),
        ("1.587.lowBoundary(2)", "1.58"),
        ("@2014.highBoundary(8)", "2014-12-31"),
        ("@2014-05.precision()", "6"),
        ("'12'.toInteger() + 1", "13"),
        ("'3 days'.toQuantity()", "3 day"),
        ("-7.abs() = -7", "True"),
        ("16.log(2) = 4", "True"),
        ("'dGVzdA=='.decode('base64')", "test"),
    ],
)
def test_arithmetic_keeps_digits_units_and_precision(expression: str, result: str) -> None:
    assert " ".join(_shown(expression)) == result


@pytest.mark.parametrize(
    ("expression", "code", "position"),
    [
        ("name.given.", "FHIR-0151", 11),
        ("name.given where", "FHIR-0151", 11),
        ("'open", "FHIR-0151", 0),
        ("1 /* open", "FHIR-0151", 2),
        ("@2024-02-30", "FHIR-0151", 0),
        ("name.frobnicate()", "FHIR-0153", 5),
        ("name.substring()", "FHIR-0153", 5),
        ("name.single()", "FHIR-0152", 5),
        ("active > 'x'", "FHIR-0152", 7),
        ("gender.ofType(Nonsense)", "FHIR-0152", 7),
        ("%nowhere", "FHIR-0152", 0),
        ("@2024-01-01 + 1 'cm'", "FHIR-0152", 12),
        ("name.conformsTo('http://unknown')", "FHIR-0152", 5),
        ("name.given1", "FHIR-0153", 5),
        ("name.where(used = 'x')", "FHIR-0153", 11),
        ("deceasedDateTime.exists()", "FHIR-0153", 0),
        ("(deceased as Period).unit", "FHIR-0153", 21),
        ("name.select(family.text)", "FHIR-0153", 19),
        ("Encounter.status", "FHIR-0154", 0),
    ],
)
def test_a_bad_expression_is_refused_with_its_place(expression: str, code: str, position: int) -> None:
    with pytest.raises(ExpressionRefused) as refusal:
        evaluate(PATIENT, expression)
    assert (refusal.value.code, refusal.value.position) == (code, position)
    assert isinstance(refusal.value, Refused)


def test_what_may_be_anything_is_not_refused() -> None:
    bundle: dict[str, object] = {"resourceType": "Bundle", "entry": [{"resource": PATIENT}]}
    assert evaluate(bundle, "entry.resource.name.family") == ["Berg"]
    assert evaluate(PATIENT, "descendants().url") == ["http://age", "http://x"]
    assert evaluate(PATIENT, "children().family") == ["Berg"]


def test_a_refusal_says_line_and_character_and_never_the_value() -> None:
    with pytest.raises(ExpressionRefused) as refusal:
        evaluate(PATIENT, "name.family.first()\n  > 3")
    assert "line 2, character 3" in refusal.value.text
    assert "Berg" not in refusal.value.text


@pytest.mark.parametrize(
    "text", ["(" * 5000, "name" + ".given" * 5000, "not(" * 3000 + ")" * 3000, "1" + " + 1" * 5000]
)
def test_an_expression_without_end_is_refused(text: str) -> None:
    with pytest.raises(ExpressionRefused):
        evaluate(PATIENT, text)


def test_variables_of_the_caller_are_known() -> None:
    assert evaluate(PATIENT, "%wanted = gender", {"wanted": "female"}) == [True]


def test_a_value_set_needs_surroundings_to_be_asked() -> None:
    class Shipped:
        def resolve(self, reference: str) -> dict[str, object] | None:
            return None

        def member_of(self, system: str, code: str, value_set: str) -> bool | None:
            codes = definitions().value_set_codes(value_set)
            return None if codes is None else any(code == each for _, each in codes)

        def conforms_to(self, value: dict[str, object], profile: str) -> bool | None:
            return None

    genders = "http://hl7.org/fhir/ValueSet/administrative-gender"
    assert evaluate(PATIENT, f"gender.memberOf('{genders}')", surroundings=Shipped()) == [True]
    assert evaluate(PATIENT, f"gender.memberOf('{genders}')") == []


def test_every_invariant_of_the_specification_compiles() -> None:
    shipped = definitions()
    names = (*shipped.resource_types(), *shipped.data_types())
    expressions = {
        constraint.expression
        for name in names
        if (definition := shipped.type_definition(name)) is not None
        for constraint in definition.constraints.values()
        if constraint.expression
    }
    assert len(expressions) > 150
    assert all(compile_expression(expression).text == expression for expression in expressions)


@given(st.text(max_size=30))
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    try:
        evaluate(PATIENT, text)
    except ExpressionRefused as refusal:
        assert 0 <= refusal.position <= len(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000))
def test_a_decimal_equals_its_own_text(value: Decimal) -> None:
    observation: dict[str, object] = {"resourceType": "Observation", "valueQuantity": {"value": value}}
    assert evaluate(observation, f"value.value = ({value:f})") == [True]
    assert evaluate(observation, "value.value.toString().toDecimal() = value.value") == [True]


@pytest.mark.corpus
def test_the_official_suite_passes_as_far_as_it_did(shared_material: Path) -> None:
    """Share of expressions without a type-checking engine's demands whose results agree."""
    document = json.loads(
        (shared_material / "fhir" / "fhirpath" / "tests-fhir-r4.json").read_bytes(), parse_float=Decimal
    )
    agreed = 0
    for test in document["tests"]:
        resource = document["inputs"][test["input"]] if test["input"] else {}
        try:
            found = evaluate(resource, test["expr"])
        except ExpressionRefused:
            agreed += bool(test["invalid"])
            continue
        agreed += not test["invalid"] and (bool(test["predicate"]) or len(found) == len(test["outputs"]))
    assert agreed / len(document["tests"]) > 0.97


_GIANTS = [Decimal("1e999999999"), Decimal("-1e30"), 10**40, Decimal("9" * 40 + ".5"), Decimal("1e-999999")]


@pytest.mark.parametrize("number", _GIANTS, ids=str)
@pytest.mark.parametrize(
    "work",
    ["floor()", "truncate()", "round(2)", "lowBoundary()", "highBoundary(28)", "power(9)", "log(10)", "div 3", "mod 3"],
)
def test_a_number_of_any_size_has_a_result_or_none(number: Decimal | int, work: str) -> None:
    resource = {"resourceType": "Observation", "valueQuantity": {"value": number}}
    separator = " " if work[0] in "dm" else "."
    assert len(evaluate(resource, f"Observation.value.value{separator}{work}")) <= 1


def test_a_large_number_keeps_its_digits() -> None:
    resource = {"resourceType": "Observation", "valueQuantity": {"value": Decimal("1e30")}}
    assert evaluate(resource, "Observation.value.value.round(2)") == [Decimal("1e30")]
    assert evaluate(resource, "Observation.value.value ~ 1.5") == [False]
