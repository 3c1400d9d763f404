"""Where in the resource the items of a result stand.

The resource is evaluated as a copy in which every primitive has a companion of its own (`_birthDate: {}` where there
is none), so that an item can be told by the identity of what it carries. An empty companion says nothing in FHIRPath.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from workbench.fhir.fhirpath.values import Node, plain


class Placed(NamedTuple):
    """An item as callers get it, and the path of the JSON it is, such as `Patient.name[0].given[1]`.

    path  "" for what the expression made; `Patient._birthDate` for a primitive that has extensions only
    """

    value: object
    path: str


@dataclass(frozen=True, slots=True)
class _Original:
    value: object
    path: str


class Placing:
    """A resource to evaluate, and the answer where its elements stand."""

    def __init__(self, resource: dict[str, object]) -> None:
        self._known: dict[int, _Original] = {}
        self._kept: list[object] = []
        self.resource = self._object(resource, str(resource.get("resourceType", "")))
        """The copy to evaluate."""

    def of(self, item: object) -> Placed:
        """An item of a result over `resource`."""
        if not isinstance(item, Node):
            return Placed(item, "")
        told = self._known.get(id(item.value)) if isinstance(item.value, dict) else None
        if told is None and item.extra is not None:
            told = self._known.get(id(item.extra))
        if told is None:
            return Placed(plain(item), "")
        return Placed(told.value if isinstance(item.value, dict) or item.value is None else item.value, told.path)

    def _object(self, source: dict[str, object], path: str) -> dict[str, object]:
        made: dict[str, object] = {}
        for name, value in source.items():
            if name == "resourceType":
                made[name] = value
            elif not name.startswith("_"):
                self._member(made, source, name, path)
            elif name[1:] not in source:
                self._companion(made, name, value, f"{path}.{name}")
        self._note(made, source, path)
        return made

    def _member(self, made: dict[str, object], source: dict[str, object], name: str, path: str) -> None:
        value, companion = source[name], source.get(f"_{name}")
        if isinstance(value, dict):
            made[name] = self._object(value, f"{path}.{name}")
        elif isinstance(value, list):
            beside = companion if isinstance(companion, list) else []
            marks: list[object] = []
            items: list[object] = []
            for number, item in enumerate(value):
                at, inside = f"{path}.{name}[{number}]", f"{path}._{name}[{number}]"
                items.append(self._object(item, at) if isinstance(item, dict) else item)
                marks.append(self._mark(beside[number] if number < len(beside) else None, inside, item, at))
            made[name] = items
            if any(not isinstance(item, dict) for item in value):
                made[f"_{name}"] = marks
        else:
            made[name] = value
            made[f"_{name}"] = self._mark(companion, f"{path}._{name}", value, f"{path}.{name}")

    def _companion(self, made: dict[str, object], name: str, value: object, path: str) -> None:
        """A primitive that has extensions and no value."""
        if isinstance(value, list):
            made[name] = [self._mark(each, f"{path}[{n}]") if each else None for n, each in enumerate(value)]
        else:
            made[name] = self._mark(value, path)

    def _mark(self, companion: object, inside: str, value: object = None, path: str = "") -> dict[str, object]:
        """What stands beside a primitive; it tells the place of its value where there is one."""
        made = self._object(companion, inside) if isinstance(companion, dict) else {}
        if value is None:
            self._note(made, companion, inside)
        else:
            self._note(made, value, path)
        return made

    def _note(self, made: object, value: object, path: str) -> None:
        self._kept.append(made)  # an identity is only good as long as its object lives
        self._known[id(made)] = _Original(value, path)
