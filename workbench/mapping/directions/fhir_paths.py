"""Paths over FHIR resources, as rules write them.

    path    [name '/'] step ('.' step)*
    step    Type | element | element[x] | extension(name) | resolve(Type?) | referring(Type.path)
            | $this | $number | $number-in-message | $message-id
            each with [n] | [last] | [condition] behind it

The sources and conditions around them are those of `conditions`; only the places differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import cast

from workbench.mapping.conditions import ALL, Condition, Operand, Scanner, Text, V2Path


class StepKind(StrEnum):
    """What a step does."""

    ELEMENT = "element"
    CHOICE = "choice"
    TYPE = "type"
    EXTENSION = "extension"
    RESOLVE = "resolve"
    REFERRING = "referring"
    THIS = "this"
    NUMBER = "number"
    NUMBER_IN_MESSAGE = "number in message"
    MESSAGE_ID = "message id"


@dataclass(frozen=True, slots=True)
class FhirStep:
    """One step.

    name  of the element or type, the extension as it is written; of `referring` the type that refers
    more  of `referring` the path of its reference
    pick  ALL, LAST, or the number of the value, from 1
    only  holds for the values that count
    """

    kind: StepKind
    name: str = ""
    more: str = ""
    pick: int = ALL
    only: Condition | None = None


@dataclass(frozen=True, slots=True)
class FhirPath:
    """A place in resources; `start` names the enclosing row, or `bundle`, "" for the value at hand."""

    start: str
    steps: tuple[FhirStep, ...]


FhirAlternatives = tuple[FhirPath | Text, ...]

_START = re.compile(r"([a-z][\w-]*)/")
_DOLLAR = re.compile(r"\$(this|number-in-message|number|message-id)")
_CALL = re.compile(r"(extension|resolve|referring)\(\s*([^()\s]*)\s*\)")
_ELEMENT = re.compile(r"([A-Za-z][A-Za-z0-9]*)(\[x\])?")
_FUNCTION = re.compile(r"(count|length)\(")
_CLOSE = re.compile(r"\)")
_DOT = re.compile(r"\.")
_DOLLARS = {
    "this": StepKind.THIS,
    "number": StepKind.NUMBER,
    "number-in-message": StepKind.NUMBER_IN_MESSAGE,
    "message-id": StepKind.MESSAGE_ID,
}


class _FhirScanner(Scanner):
    """Looks the same sentences about places in FHIR."""

    def path(self) -> V2Path:
        # The grammar around places is written for those of v2; see `path_of`.
        start = self.take(_START)
        steps = [self._step()]
        while self._here(_DOT):
            steps.append(self._step())
        return cast(V2Path, FhirPath(start.group(1) if start else "", tuple(steps)))

    def _operand(self) -> tuple[Operand, V2Path | None]:
        """`count` and `length` only before a bracket: FHIR has elements of these names, and of that of `version`."""
        match = self.take(_FUNCTION)
        if match is None:
            return Operand.VALUE, self.path()
        path = self.path()
        self.need(_CLOSE, ")")
        return Operand(match.group(1)), path

    def names_no_part(self, path: V2Path) -> bool:
        """False: elements that FHIR does not have are refused where the path is compiled."""
        return False

    def _step(self) -> FhirStep:
        if match := self.take(_DOLLAR):
            return self._picked(_DOLLARS[match.group(1)], "", "")
        if match := self.take(_CALL):
            kind, name = StepKind(match.group(1)), match.group(2)
            more = ""
            if kind is StepKind.REFERRING:
                name, _, more = name.partition(".")
            if (not name and kind is not StepKind.RESOLVE) or (kind is StepKind.REFERRING and not more):
                self.fail(f"{kind}() needs a name")
            return self._picked(kind, name, more)
        match = self.need(_ELEMENT, "an element")
        name = match.group(1)
        kind = StepKind.TYPE if name[0].isupper() else StepKind.CHOICE if match.group(2) else StepKind.ELEMENT
        return self._picked(kind, name, "")

    def _picked(self, kind: StepKind, name: str, more: str) -> FhirStep:
        if not self._here(re.compile(r"(?=\[)")):
            return FhirStep(kind, name, more)
        pick, only = self._bracket()
        return FhirStep(kind, name, more, pick, only)

    def _here(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match is not None


def path_of(path: object) -> FhirPath:
    """The place of a `Check` that `read_fhir_condition` has read."""
    return cast(FhirPath, path)


@lru_cache(maxsize=8192)
def read_fhir_condition(text: str) -> Condition:
    """raises  SyntaxProblem"""
    scanner = _FhirScanner(text)
    condition = scanner.condition()
    scanner.end()
    return condition


_BAR = re.compile(r"\|")


@lru_cache(maxsize=8192)
def read_fhir_source(text: str) -> FhirAlternatives:
    """The alternatives of one source text, in order.

    raises  SyntaxProblem
    """
    scanner = _FhirScanner(text)
    found = [scanner.alternative()]
    while scanner.take(_BAR):
        found.append(scanner.alternative())
    scanner.end()
    return tuple(one if isinstance(one, Text) else path_of(one) for one in found)
