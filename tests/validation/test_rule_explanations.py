"""Whatever rule a finding names, somebody can look up what it demands, how to put it right and who says so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench
from workbench.validation.validator import RuleDefinition, rules

_ID = re.compile(r"(?:V2|FHIR|CAP|PLA|APP)-\d{4}")
_STOPS = frozenset({"Refused", "Unavailable", "ExpressionRefused", "Cancelled"})
_PARSERS = ("v2/er7.py", "v2/xml_form.py", "fhir/json_tree.py", "fhir/xml_form.py")
"""Their refusals to read one message are findings of the capture that holds it."""
_FOLDERS = ("messages", "v2", "fhir", "validation")
_FURTHER = ("app/documents.py", "app/defects.py", "app/operations/validation.py")
_ROOT = Path(workbench.__file__).parent
_NOT_MESSAGES = frozenset({"FHIR-0151", "FHIR-0152", "FHIR-0153", "FHIR-0154"})
"""What is wrong with an expression somebody typed."""


def _files() -> Iterator[Path]:
    for folder in _FOLDERS:
        yield from sorted((_ROOT / folder).rglob("*.py"))
    yield from (_ROOT / name for name in _FURTHER)


def _ids(path: Path) -> set[str]:
    """The rule ids that a module can put into a finding."""
    tree = ast.parse(path.read_text("utf-8"))
    stops: set[int] = set()
    if not path.as_posix().endswith(_PARSERS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _STOPS and node.args:
                stops.add(id(node.args[0]))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _ID.fullmatch(node.value)
        and id(node) not in stops
    }


def _emitted() -> set[str]:
    return set().union(*map(_ids, _files())) - _NOT_MESSAGES


def test_the_walk_finds_what_the_code_emits() -> None:
    found = _emitted()
    assert {"V2-0103", "V2-0571", "FHIR-0004", "CAP-0004", "V2-0001", "FHIR-0001", "APP-0006"} <= found
    assert "CAP-0010" not in found, "a path that is not there stops work; it is no finding"


def test_every_rule_that_can_be_emitted_is_explained() -> None:
    assert sorted(_emitted() - rules().keys()) == []


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_an_explanation_says_what_how_and_where(rule: RuleDefinition) -> None:
    assert rule.title.endswith(".")
    assert rule.title[0].isupper() or re.match(r"[a-z]+[A-Z]", rule.title), "a sentence, or the name of an element"
    assert len(rule.explanation) >= 15
    assert rule.explanation.endswith((".", ")", "\\"))
    assert rule.explanation != rule.title
    assert rule.source.standard
    assert rule.source.section
