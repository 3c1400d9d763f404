"""What is wrong in the user's data, said as a value in the words of FHIR OperationOutcome.

An `Issue` never stops work; what stops work is an exception of `kernel.errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from workbench.kernel.location import Location

MASK = "•••"


class Severity(StrEnum):
    """http://hl7.org/fhir/R4/valueset-issue-severity.html, most severe first."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"

    @property
    def rank(self) -> int:
        """0 for the most severe; sorts and compares severities."""
        return _RANK[self]


_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class IssueType(StrEnum):
    """The codes of http://hl7.org/fhir/R4/valueset-issue-type.html that this product uses."""

    INVALID = "invalid"
    STRUCTURE = "structure"
    REQUIRED = "required"
    VALUE = "value"
    INVARIANT = "invariant"
    PROCESSING = "processing"
    NOT_SUPPORTED = "not-supported"
    DUPLICATE = "duplicate"
    NOT_FOUND = "not-found"
    TOO_LONG = "too-long"
    CODE_INVALID = "code-invalid"
    EXTENSION = "extension"
    BUSINESS_RULE = "business-rule"
    CONFLICT = "conflict"
    INCOMPLETE = "incomplete"
    INFORMATIONAL = "informational"


@dataclass(frozen=True, slots=True)
class RuleSource:
    """Where a rule is written: `RuleSource("HL7 v2", "2.5.1", "2.A.21")`."""

    standard: str
    version: str = ""
    section: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.standard, self.version, self.section) if part)


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding.

    rule      stable id (`V2-0103`, `FHIR-0207`, `MAP-0301`, `CAP-0002`); groups, suppresses, explains
    template  one sentence with `{name}` places; `{value}` is the only place that may hold patient data
    args      what fills those places
    """

    severity: Severity
    code: IssueType
    rule: str
    location: Location
    template: str
    args: Mapping[str, str] = field(default_factory=dict)
    source: RuleSource | None = None

    @property
    def text(self) -> str:
        """The sentence in full. It may hold patient data: show it, never log it."""
        return self.template.format_map(self.args) if self.args else self.template

    @property
    def masked_text(self) -> str:
        """The sentence with the patient's value hidden; fit for screenshots and shared screens."""
        if "value" not in self.args:
            return self.text
        return self.template.format_map({**self.args, "value": MASK})

    def within(self, file: str, message: int | None) -> Issue:
        """The same finding, said with the file and the number of the message it was found in."""
        return replace(self, location=self.location.within(file, message))


def worst(issues: Iterable[Issue]) -> Severity | None:
    """The most severe severity among the issues, None when there are none."""
    return min((issue.severity for issue in issues), key=lambda severity: severity.rank, default=None)


def blocks(issue: Issue) -> bool:
    """True when an issue of this severity makes a message unacceptable (fatal or error)."""
    return issue.severity.rank <= Severity.ERROR.rank
