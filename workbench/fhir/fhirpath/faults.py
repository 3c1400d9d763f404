"""What goes wrong with an expression, and where in it."""

from __future__ import annotations

from workbench.kernel.errors import Refused

SYNTAX = "FHIR-0151"
EVALUATION = "FHIR-0152"
UNKNOWN = "FHIR-0153"
OTHER_TYPE = "FHIR-0154"


class ExpressionRefused(Refused):
    """An expression that cannot be read or evaluated; `position` is the 0-based character it fails at."""

    def __init__(self, code: str, text: str, expression: str, position: int, hint: str = "") -> None:
        before = expression[:position]
        line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
        place = f"character {column}" if "\n" not in expression else f"line {line}, character {column}"
        super().__init__(code, f"{text} (at {place} of the expression).", hint)
        self.position = position


class Fault(Exception):
    """A function or operator met what it cannot work on; the compiler adds the place."""
