"""What an evaluation knows besides its input: the resources around it, variables, and who answers questions."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from workbench.fhir.fhirpath.model import Model
from workbench.fhir.fhirpath.values import EMPTY, Items, Node

_VARIABLES = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}
_VALUE_SET = "http://hl7.org/fhir/ValueSet/"
_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"


class Surroundings(Protocol):
    """Answers that need more than the resource itself."""

    def resolve(self, reference: str) -> dict[str, object] | None:
        """The resource a reference points to, None when it is not at hand."""

    def member_of(self, system: str, code: str, value_set: str) -> bool | None:
        """Whether the code is in the value set; None when that cannot be known. `system` "" stands for any."""

    def conforms_to(self, value: dict[str, object], profile: str) -> bool | None:
        """Whether a resource or element meets a profile; None when the profile is not known."""


class Alone:
    """Surroundings that know nothing."""

    def resolve(self, reference: str) -> dict[str, object] | None:
        return None

    def member_of(self, system: str, code: str, value_set: str) -> bool | None:
        return None

    def conforms_to(self, value: dict[str, object], profile: str) -> bool | None:
        return None


class Environment:
    """One evaluation, or many over the same resource.

    resource, root  %resource and %rootResource
    context         %context
    index, total    $index and $total of the innermost loop
    """

    __slots__ = ("_now", "context", "index", "model", "resource", "root", "surroundings", "total", "variables")

    def __init__(
        self,
        model: Model,
        resource: Node,
        root: Node | None = None,
        surroundings: Surroundings | None = None,
        variables: dict[str, Items] | None = None,
    ) -> None:
        self.model = model
        self.resource = resource
        self.root = root or resource
        self.context: Items = (resource,)
        self.surroundings: Surroundings = surroundings or Alone()
        self.variables = variables or {}
        self.index: int | None = None
        self.total: Items = EMPTY
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The moment of the evaluation, the same however often it is asked for."""
        if self._now is None:
            self._now = datetime.now().astimezone()
        return self._now

    def variable(self, name: str) -> Items | None:
        """The value of `%name`, None for an unknown one."""
        match name:
            case "context":
                return self.context
            case "resource":
                return (self.resource,)
            case "rootResource":
                return (self.root,)
        if name in self.variables:
            return self.variables[name]
        if name in _VARIABLES:
            return (_VARIABLES[name],)
        if name.startswith("vs-"):
            return (_VALUE_SET + name[3:],)
        return (_EXTENSION + name[4:],) if name.startswith("ext-") else None
