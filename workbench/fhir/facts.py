"""What one FHIR document adds to the statistics of a capture: each resource of a Bundle counts as a part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from workbench.fhir.json_tree import FhirDocument
from workbench.fhir.path import FhirPath
from workbench.messages.tally import FieldTally, Shape, Tally, Value

_CODES = frozenset(
    """
    status gender use type mode kind intent priority severity criticality clinicalStatus verificationStatus
    category language contentType rank system comparator
    """.split()  # noqa: SIM905  # a list of quoted words hides what it says
)


def note_document(tally: Tally, document: FhirDocument, number: int, chosen: Sequence[FhirPath] = ()) -> None:
    """Count one document; `chosen` are element paths whose values are counted beside codes."""
    value = document.value
    tally.messages += 1
    kind = document.resource_type
    tally.types[_kind(document), _hour(value)] += 1
    tally.versions["FHIR"] += 1
    shapes = {Shape("", " ".join(sorted({name for name, _ in resources(value)})))}
    for name, resource in resources(value):
        tally.parts[name] += 1
        leaves: dict[str, list[object]] = {}
        for path, leaf in _leaves(resource, ""):
            leaves.setdefault(path, []).append(leaf)
        for path, found in leaves.items():
            counts = tally.field_of(name, path)
            counts.note(number, [str(item) for item in found])
            last = path.rpartition(".")[2]
            if last in _CODES:
                for item in found:
                    counts.note_value(Value(str(item)), number)
        for path, coding in _codings(resource, ""):
            display = str(coding.get("display", ""))
            known = Value(str(coding.get("code", "")), str(coding.get("system", "")))
            tally.field_of(name, path).note_value(known, number, display)
        names = (key for key in resource if key != "resourceType" and not (kind == "Bundle" and key == "entry"))
        shapes.add(Shape(name, ",".join(sorted(names))))
    tally.note_shapes(shapes, number)
    for wanted in chosen:
        counts = tally.chosen.setdefault(str(wanted), FieldTally())
        values = [str(item) for _, resource in resources(value) for item in _primitives(wanted, resource)]
        if values:
            counts.note(number, values)
        for text in values:
            counts.note_value(Value(text), number)


def resources(value: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The resource itself and those of its entries, with their types."""
    yield str(value.get("resourceType", "")), {key: item for key, item in value.items() if key != "entry"}
    entries = value.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        inner = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(inner, dict):
            yield from resources(inner)


def _kind(document: FhirDocument) -> str:
    """`Patient`, or `Bundle (transaction)`."""
    kind = document.resource_type
    return f"{kind} ({document.value.get('type', '')})" if kind == "Bundle" else kind


def _hour(value: Mapping[str, object]) -> str:
    """`YYYYMMDDHH` of Bundle.timestamp or meta.lastUpdated, as far as it is stated."""
    meta = value.get("meta")
    text = value.get("timestamp") or (meta.get("lastUpdated") if isinstance(meta, dict) else "") or ""
    digits = "".join(character for character in str(text)[:13] if character.isdigit())
    return digits[:10]


def _leaves(value: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    """Every primitive with its path without indexes; `resourceType` is no element."""
    for key, item in value.items():
        if key == "resourceType":
            continue
        path = f"{prefix}.{key}" if prefix else key
        for one in item if isinstance(item, list) else (item,):
            if isinstance(one, dict):
                yield from _leaves(one, path)
            elif one is not None:
                yield path, one


def _codings(value: Mapping[str, object], prefix: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    for key, item in value.items():
        path = f"{prefix}.{key}" if prefix else key
        for one in item if isinstance(item, list) else (item,):
            if not isinstance(one, dict):
                continue
            if key == "coding" and "code" in one:
                yield f"{path}.code", one
            else:
                yield from _codings(one, path)


def _primitives(path: FhirPath, resource: Mapping[str, object]) -> list[object]:
    first = path.steps[0].name
    if first[:1].isupper() and first != resource.get("resourceType"):
        return []
    return [item for item in path.values(resource) if not isinstance(item, dict | list)]
