"""Answers against their questionnaire, and a questionnaire's conditions (R4 questionnaireresponse.html, sdc limits)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from workbench.fhir.definitions import Definitions
from workbench.fhir.fhirpath import ExpressionRefused, evaluate
from workbench.fhir.fhirpath.comparison import order, same_item
from workbench.fhir.fhirpath.faults import Fault
from workbench.fhir.fhirpath.temporal import parse_date_time, parse_time
from workbench.validation import fhir_content_rules as content_rules
from workbench.validation.fhir_content import objects
from workbench.validation.fhir_findings import Findings, Place

Node = dict[str, object]
Answers = list[tuple[Node, Place]]

_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
_ENABLED_BY = frozenset(
    {
        "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression",
        "http://phr.kanta.fi/StructureDefinition/fiphr-ext-questionnaire-enablewhen",
    }
)
_VALUE_OF = {
    "boolean": ("valueBoolean",),
    "decimal": ("valueDecimal",),
    "integer": ("valueInteger",),
    "date": ("valueDate",),
    "dateTime": ("valueDateTime",),
    "time": ("valueTime",),
    "string": ("valueString",),
    "text": ("valueString",),
    "url": ("valueUri",),
    "choice": ("valueCoding", "valueString", "valueInteger", "valueDate", "valueTime", "valueReference"),
    "open-choice": ("valueCoding", "valueString", "valueInteger", "valueDate", "valueTime", "valueReference"),
    "attachment": ("valueAttachment",),
    "reference": ("valueReference",),
    "quantity": ("valueQuantity",),
}


def check_conditions(questionnaire: Node, place: Place, findings: Findings) -> None:
    """A condition refers to a question that exists and does not stand inside the item itself."""
    known = set(_link_ids(questionnaire))
    waiting = [(item, (place, "item", n)) for n, item in objects(questionnaire, "item")]
    while waiting:
        item, at = waiting.pop()
        inner = set(_link_ids(item))
        for number, condition in objects(item, "enableWhen"):
            question = str(condition.get("question"))
            if question in inner or question not in known:
                where: Place = ((at, "enableWhen", number), "question", -1)
                findings.report(content_rules.CONDITION_QUESTION, where, question=question)
        waiting.extend((child, (at, "item", n)) for n, child in objects(item, "item"))


def _link_ids(node: Node) -> Iterator[str]:
    for _, item in objects(node, "item"):
        yield str(item.get("linkId"))
        yield from _link_ids(item)


def check_response(
    response: Node, place: Place, questionnaire: Node, definitions: Definitions, findings: Findings
) -> None:
    """Every item of a response against the item of its questionnaire with that linkId."""
    _Response(response, definitions, findings).level(response, place, questionnaire, [response])


class _Response:
    def __init__(self, response: Node, definitions: Definitions, findings: Findings) -> None:
        self._done = response.get("status") in ("completed", "amended")
        self._response = response
        self._definitions = definitions
        self._report = findings.report

    def level(self, given: Node, place: Place, asked: Node, scopes: Sequence[Node]) -> None:
        """The items below one node; scopes are the nodes around, outermost first."""
        expected = {str(item.get("linkId")): item for _, item in objects(asked, "item")}
        found: dict[str, Answers] = {}
        for number, item in objects(given, "item"):
            link = str(item.get("linkId"))
            at: Place = (place, "item", number)
            if link not in expected:
                self._report(content_rules.UNKNOWN_LINK, (at, "linkId", -1), link=link)
            found.setdefault(link, []).append((item, at))
        for link, question in expected.items():
            self._item(question, found.get(link, []), place, scopes)

    def _item(self, question: Node, items: Answers, place: Place, scopes: Sequence[Node]) -> None:
        link = question.get("linkId")
        enabled = _enabled(question, scopes) and self._expression_holds(question)
        answered = [(item, at) for item, at in items if "answer" in item or "item" in item]
        if not enabled:
            for _, at in answered:
                self._report(content_rules.NOT_ENABLED, at, link=link)
            return
        if question.get("required") is True and self._done and not answered and question.get("type") != "display":
            self._report(content_rules.ANSWER_MISSING, place, link=link)
        if len(items) > 1 and question.get("repeats") is not True:
            self._report(content_rules.ONE_ANSWER, items[1][1], link=link)
        for item, at in items:
            self._answers(question, item, at, scopes)

    def _expression_holds(self, question: Node) -> bool:
        """The condition an extension gives as FHIRPath; one that cannot be evaluated enables."""
        for _, extension in objects(question, "extension"):
            if extension.get("url") not in _ENABLED_BY:
                continue
            given = extension.get("valueExpression")
            text = given.get("expression") if isinstance(given, dict) else extension.get("valueString")
            try:
                found = evaluate(self._response, str(text), using=self._definitions)
            except ExpressionRefused:
                return True
            return bool(found) and found != [False]
        return True

    def _answers(self, question: Node, item: Node, place: Place, scopes: Sequence[Node]) -> None:
        kind = str(question.get("type"))
        answers = list(objects(item, "answer"))
        if kind in ("group", "display"):
            if answers:
                self._report(content_rules.NO_ANSWER_HERE, (place, "answer", -1), type=kind)
            self.level(item, place, question, [*scopes, item])
            return
        if "item" in item:
            self._report(content_rules.ITEMS_IN_ANSWER, (place, "item", 0), link=question.get("linkId"))
        repeats = question.get("repeats") is True
        if len(answers) > 1 and not repeats:
            self._report(content_rules.ONE_ANSWER, (place, "answer", 1), link=question.get("linkId"))
        least = _limit(question, "questionnaire-minOccurs")
        if isinstance(least, int) and self._done and 0 < len(answers) < least:
            self._report(
                content_rules.ANSWER_LIMIT, place, limit=f"at least {least} answers", link=question.get("linkId")
            )
        for number, answer in answers:
            at: Place = (place, "answer", number)
            self._answer(question, kind, answer, at)
            if "item" in answer:
                self.level(answer, at, question, [*scopes, answer])

    def _answer(self, question: Node, kind: str, answer: Node, place: Place) -> None:
        name = next((key for key in answer if key.startswith("value")), "")
        allowed = _VALUE_OF.get(kind)
        if not name or allowed is None:
            return
        if name not in allowed:
            self._report(content_rules.ANSWER_TYPE, (place, name, -1), link=question.get("linkId"), type=kind)
            return
        value = answer[name]
        at: Place = (place, name, -1)
        for limit in _broken_limits(question, value):
            self._report(content_rules.ANSWER_LIMIT, at, limit=limit, link=question.get("linkId"))
        if not self._is_option(question, kind, name, value):
            self._report(content_rules.NOT_AN_OPTION, at, link=question.get("linkId"))

    def _is_option(self, question: Node, kind: str, name: str, value: object) -> bool:
        options = [each[key] for _, each in objects(question, "answerOption") for key in each if key == name]
        if objects_exist(question, "answerOption") and not (kind == "open-choice" and name == "valueString"):
            return any(_same_answer(value, option) for option in options)
        url = question.get("answerValueSet")
        if not isinstance(url, str) or name != "valueCoding" or not isinstance(value, dict) or kind == "open-choice":
            return True
        codes = self._definitions.value_set_codes(url)
        return codes is None or (value.get("system"), value.get("code")) in codes


def objects_exist(node: Node, name: str) -> bool:
    return next(objects(node, name), None) is not None


def _enabled(question: Node, scopes: Sequence[Node]) -> bool:
    conditions = [each for _, each in objects(question, "enableWhen")]
    if not conditions:
        return True
    outcomes = (_condition_holds(each, scopes) for each in conditions)
    return all(outcomes) if question.get("enableBehavior") == "all" else any(outcomes)


def _condition_holds(condition: Node, scopes: Sequence[Node]) -> bool:
    name = next((key for key in condition if key.startswith("answer")), "")
    expected, operator = condition.get(name), condition.get("operator")
    given = _given(str(condition.get("question")), scopes)
    if operator == "exists":
        return bool(given) is (expected is True)
    return any(_compares(value, str(operator), expected) for value in given)


def _given(link: str, scopes: Sequence[Node]) -> list[object]:
    """The answers to a question, from the nearest surrounding that has it."""
    for scope in reversed(scopes):
        items = [item for item in _items_below(scope) if item.get("linkId") == link]
        if items:
            answers = (answer for item in items for _, answer in objects(item, "answer"))
            return [answer[key] for answer in answers for key in answer if key.startswith("value")]
    return []


def _items_below(node: Node) -> Iterator[Node]:
    for _, item in objects(node, "item"):
        yield item
        yield from _items_below(item)
        for _, answer in objects(item, "answer"):
            yield from _items_below(answer)


def _compares(value: object, operator: str, expected: object) -> bool:
    if operator in ("=", "!="):
        return _same_answer(value, expected) is (operator == "=")
    sign = _order(value, expected)
    if sign is None:
        return False
    return {">": sign > 0, "<": sign < 0, ">=": sign >= 0, "<=": sign <= 0}.get(operator, False)


def _same_answer(value: object, expected: object) -> bool:
    if isinstance(value, dict) and isinstance(expected, dict):
        if "code" in expected:
            return value.get("code") == expected["code"] and value.get("system") == expected.get("system")
        return all(value.get(key) == each for key, each in expected.items())
    return same_item(value, expected) is True


def _order(value: object, limit: object) -> int | None:
    if isinstance(value, dict) and isinstance(limit, dict):
        value, limit = value.get("value"), limit.get("value")
    one, other = _system(value), _system(limit)
    try:
        return order((one,), (other,))
    except Fault:
        return None


def _system(value: object) -> object:
    if isinstance(value, str):
        return parse_date_time(value) or parse_time(value) or value
    return value


def _limit(question: Node, name: str) -> object:
    for _, extension in objects(question, "extension"):
        if extension.get("url") == f"{_EXTENSION}{name}":
            return next((extension[key] for key in extension if key.startswith("value")), None)
    return None


def _broken_limits(question: Node, value: object) -> Iterator[str]:
    """What the extensions for limits say and the value does not meet."""
    least, most = _limit(question, "minValue"), _limit(question, "maxValue")
    if least is not None and (_order(value, least) or 0) < 0:
        yield f"a value not below {least}"
    if most is not None and (_order(value, most) or 0) > 0:
        yield f"a value not above {most}"
    if isinstance(value, Decimal):
        places, exponent = _limit(question, "maxDecimalPlaces"), value.as_tuple().exponent
        if isinstance(places, int) and isinstance(exponent, int) and -exponent > places:
            yield f"at most {places} decimal places"
    if isinstance(value, str):
        yield from _text_limits(question, value)
    if isinstance(value, dict):
        size, biggest = value.get("size"), _limit(question, "maxSize")
        if isinstance(size, int) and isinstance(biggest, int | Decimal) and size > biggest:
            yield f"at most {biggest} bytes"


def _text_limits(question: Node, value: str) -> Iterator[str]:
    longest, shortest, form = question.get("maxLength"), _limit(question, "minLength"), _limit(question, "regex")
    if isinstance(longest, int) and len(value) > longest:
        yield f"at most {longest} characters"
    if isinstance(shortest, int) and len(value) < shortest:
        yield f"at least {shortest} characters"
    if isinstance(form, str):
        try:
            if re.fullmatch(form, value) is None:
                yield "the form its regular expression gives"
        except re.error:
            return
