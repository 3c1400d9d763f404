"""Small readings of FHIR's JSON: types, texts, URLs, and what stands at a step or path."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from workbench.mapping.directions.patterns import Place
from workbench.mapping.model import Json

EXTENSIONS = frozenset({"extension", "modifierExtension"})
RESOURCE = "Resource"
"""The type of a resource that says none."""


def primitive_text(value: Json) -> str:
    """A JSON primitive as the text FHIR writes for it; "" for what is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f") if value.as_tuple().exponent != "n" else str(value)
    return str(value) if isinstance(value, int) else ""


def type_of(value: Json) -> str:
    """`resourceType`, "" when it says none."""
    kind = child_of(value, "resourceType")
    return kind if isinstance(kind, str) else ""


def child_of(value: Json, name: str) -> Json:
    """What stands at a key of an object, None when nothing does."""
    return value.get(name) if isinstance(value, dict) else None


def stepped(value: Json, step: str | int) -> Json:
    """What stands at a key or number, None when nothing does."""
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def url_of(value: Json) -> str:
    """`url` of an extension, "" when it has none."""
    url = child_of(value, "url")
    return url if isinstance(url, str) else ""


def at_path(value: Json, place: Place, path: tuple[str, ...]) -> Iterator[tuple[Place, Json]]:
    """The values of elements at a path, through every list on the way."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from at_path(item, (*place, number), path)
    elif not path:
        yield place, value
    elif isinstance(value, dict) and path[0] in value:
        yield from at_path(value[path[0]], (*place, path[0]), path[1:])
