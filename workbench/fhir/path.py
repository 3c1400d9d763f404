"""Simple element paths: `Patient.identifier[0].system`, 0-based, as FHIR OperationOutcome.expression writes them.

This is the navigation subset of FHIRPath (names and indexes, nothing else). `value[x]` names a choice element as
definitions do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.kernel.errors import Refused

_STEP = re.compile(r"(_?[A-Za-z][A-Za-z0-9]*(?:\[x\])?)((?:\[\d+\])?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path; `index` is None when the path does not say which repetition."""

    name: str
    index: int | None = None

    def __str__(self) -> str:
        return self.name if self.index is None else f"{self.name}[{self.index}]"


@dataclass(frozen=True, slots=True)
class FhirPath:
    """A parsed path; `str(FhirPath.parse(text)) == text`."""

    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> FhirPath:
        """Read `Patient.identifier[0].system`.

        raises  Refused FHIR-0010: not a path of names and indexes
        """
        steps = []
        for part in text.split("."):
            match = _STEP.fullmatch(part)
            if match is None:
                raise Refused(
                    "FHIR-0010",
                    f"“{text}” is not an element path.",
                    "Write names and 0-based indexes, such as Patient.identifier[0].system.",
                )
            name, index = match.groups()
            steps.append(Step(name, int(index[1:-1]) if index else None))
        return cls(tuple(steps))

    def __str__(self) -> str:
        return ".".join(map(str, self.steps))

    @property
    def definition_path(self) -> str:
        """The path without indexes, as element definitions are named."""
        return ".".join(step.name for step in self.steps)

    def values(self, resource: Mapping[str, object]) -> list[object]:
        """What stands at the path in a decoded resource; a step without an index goes through all repetitions.

        The first step is skipped when it is the resource's own type. `value[x]` finds whichever type was chosen.
        """
        steps = self.steps[1:] if self.steps[0].name == resource.get("resourceType") else self.steps
        found: list[object] = [resource]
        for step in steps:
            found = [value for parent in found for value in _children(parent, step)]
        return found


def _children(parent: object, step: Step) -> list[object]:
    if not isinstance(parent, Mapping):
        return []
    value = _choice(parent, step.name[:-3]) if step.name.endswith("[x]") else parent.get(step.name)
    if value is None:
        return []
    repetitions = value if isinstance(value, list) else [value]
    return repetitions if step.index is None else repetitions[step.index : step.index + 1]


def _choice(parent: Mapping[str, object], stem: str) -> object:
    return next((parent[name] for name in parent if is_choice_of(name, stem)), None)


def is_choice_of(name: str, stem: str) -> bool:
    """True when `name` is `stem` with a type's name appended: `valueQuantity` is a choice of `value`."""
    return name.startswith(stem) and name[len(stem) : len(stem) + 1].isupper()
