from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from workbench.kernel.issues import blocks
from workbench.validation.fhir_validator import validate_value

LIMITS = "http://hl7.org/fhir/StructureDefinition/"
COLOURS = [{"valueCoding": {"system": "urn:c", "code": code}} for code in ("red", "blue")]
QUESTIONS: list[dict[str, Any]] = [
    {"linkId": "smoker", "type": "boolean", "required": True},
    {
        "linkId": "packs",
        "type": "decimal",
        "required": True,
        "enableWhen": [{"question": "smoker", "operator": "=", "answerBoolean": True}],
        "extension": [
            {"url": f"{LIMITS}maxValue", "valueDecimal": 9},
            {"url": f"{LIMITS}maxDecimalPlaces", "valueInteger": 1},
        ],
    },
    {"linkId": "colour", "type": "choice", "answerOption": COLOURS},
    {"linkId": "note", "type": "string", "maxLength": 5, "repeats": True},
    {"linkId": "group", "type": "group", "item": [{"linkId": "inner", "type": "date"}]},
    {"linkId": "hint", "type": "display", "text": "read this"},
]
NO = {"linkId": "smoker", "answer": [{"valueBoolean": False}]}
YES = {"linkId": "smoker", "answer": [{"valueBoolean": True}]}


def _found(*items: dict[str, Any], status: str = "completed") -> list[tuple[str, str]]:
    questionnaire = {"resourceType": "Questionnaire", "id": "q", "status": "active", "item": QUESTIONS}
    response: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "status": status,
        "questionnaire": "#q",
        "contained": [questionnaire],
        "item": list(items),
    }
    issues = validate_value(response)
    return [
        (issue.rule, issue.location.path.removeprefix("QuestionnaireResponse.")) for issue in issues if blocks(issue)
    ]


def _answer(link: str, **value: Any) -> dict[str, Any]:
    return {"linkId": link, "answer": [value]}


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([NO], []),
        ([YES, _answer("packs", valueDecimal=Decimal("1.5"))], []),
        ([NO, _answer("packs", valueDecimal=Decimal("1.5"))], [("FHIR-1503", "item[1]")]),
        ([YES], [("FHIR-1504", "QuestionnaireResponse")]),
        ([NO, _answer("elsewhere", valueString="x")], [("FHIR-1502", "item[1].linkId")]),
        ([NO, _answer("colour", valueCoding={"system": "urn:c", "code": "red"})], []),
        (
            [NO, _answer("colour", valueCoding={"system": "urn:c", "code": "pink"})],
            [("FHIR-1510", "item[1].answer[0].valueCoding")],
        ),
        ([NO, _answer("colour", valueBoolean=True)], [("FHIR-1508", "item[1].answer[0].valueBoolean")]),
        ([YES, _answer("packs", valueDecimal=Decimal("12"))], [("FHIR-1509", "item[1].answer[0].valueDecimal")]),
        ([YES, _answer("packs", valueDecimal=Decimal("1.25"))], [("FHIR-1509", "item[1].answer[0].valueDecimal")]),
        ([NO, _answer("note", valueString="too long")], [("FHIR-1509", "item[1].answer[0].valueString")]),
        ([NO, {"linkId": "note", "answer": [{"valueString": "a"}, {"valueString": "b"}]}], []),
        ([{"linkId": "smoker", "answer": [{"valueBoolean": False}] * 2}], [("FHIR-1505", "item[0].answer[1]")]),
        ([NO, NO], [("FHIR-1505", "item[1]")]),
        ([NO, {"linkId": "group", "item": [_answer("inner", valueDate="2024")]}], []),
        ([NO, _answer("inner", valueDate="2024")], [("FHIR-1502", "item[1].linkId")]),
        ([NO, _answer("hint", valueString="x")], [("FHIR-1506", "item[1].answer")]),
    ],
)
def test_answers_are_held_to_their_questions(items: list[dict[str, Any]], found: list[tuple[str, str]]) -> None:
    assert _found(*items) == found


def test_what_is_in_progress_need_not_be_complete() -> None:
    assert _found(YES, status="in-progress") == []


@pytest.mark.parametrize(
    ("operator", "answer", "enabled"),
    [
        ("exists", {"answerBoolean": True}, True),
        ("!=", {"answerBoolean": False}, False),
        ("=", {"answerBoolean": False}, True),
    ],
)
def test_conditions_compare_the_answers(operator: str, answer: dict[str, Any], enabled: bool) -> None:
    condition = [{"question": "smoker", "operator": operator, **answer}]
    questions = [QUESTIONS[0], {"linkId": "next", "type": "string", "enableWhen": condition}]
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": "#q",
        "contained": [{"resourceType": "Questionnaire", "id": "q", "status": "active", "item": questions}],
        "item": [NO, _answer("next", valueString="x")],
    }
    assert (not any(issue.rule == "FHIR-1503" for issue in validate_value(response))) is enabled


@pytest.mark.parametrize(("answer", "found"), [(NO, ["FHIR-1503"]), (YES, [])])
def test_a_condition_may_be_an_expression(answer: dict[str, Any], found: list[str]) -> None:
    expression = "QuestionnaireResponse.item.where(linkId = 'smoker').answer.value"
    url = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
    condition = {"url": url, "valueExpression": {"language": "text/fhirpath", "expression": expression}}
    questions = [QUESTIONS[0], {"linkId": "next", "type": "string", "extension": [condition]}]
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": "#q",
        "contained": [{"resourceType": "Questionnaire", "id": "q", "status": "active", "item": questions}],
        "item": [answer, _answer("next", valueString="x")],
    }
    assert [issue.rule for issue in validate_value(response) if blocks(issue)] == found


@pytest.mark.parametrize(("question", "found"), [("before", 0), ("inside", 1), ("nowhere", 1)])
def test_a_condition_asks_a_question_outside_the_item(question: str, found: int) -> None:
    condition = [{"question": question, "operator": "exists", "answerBoolean": True}]
    group = {"linkId": "g", "type": "group", "enableWhen": condition, "item": [{"linkId": "inside", "type": "string"}]}
    questionnaire: dict[str, object] = {
        "resourceType": "Questionnaire",
        "status": "active",
        "item": [{"linkId": "before", "type": "string"}, group],
    }
    issues = validate_value(questionnaire)
    assert len([issue for issue in issues if issue.rule == "FHIR-1501"]) == found
