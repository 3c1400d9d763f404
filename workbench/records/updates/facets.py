"""By what the items of a list are told apart, so that a message about one of them leaves the others alone.

Several fields of a message write into one list: PID-13 and PID-14 into `telecom`, PV1-7, PV1-8 and PV1-9 into
`participant`. What a message says of one of them is nothing about the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

FACETED = frozenset(
    {
        "address",
        "communication",
        "contact",
        "diagnosis",
        "extension",
        "identifier",
        "link",
        "name",
        "participant",
        "result",
        "telecom",
    }
)
"""Elements whose items have a facet; of any other list a message says the whole."""


def facet_of(name: str, item: object) -> str:
    """The facet of an item of `name`; "" when it says none."""
    if not isinstance(item, Mapping):
        return ""
    match name:
        case "address" | "telecom" | "name":
            return str(item.get("use", ""))
        case "identifier":
            return f"{item.get('system', '')}|{item.get('value', '')}"
        case "extension":
            return str(item.get("url", ""))
        case "result":
            return _reference(item)
        case "link":
            return _reference(item.get("other"))
        case "diagnosis":
            return _reference(item.get("condition"))
        case "participant" | "contact" | "communication":
            part = {"participant": "type", "contact": "relationship", "communication": "language"}[name]
            return " ".join(sorted(set(_codes(item.get(part)))))
    return ""


def _reference(value: object) -> str:
    return str(value.get("reference", "")) if isinstance(value, Mapping) else ""


def _codes(value: object) -> Iterator[str]:
    for concept in value if isinstance(value, list) else [value]:
        codings = concept.get("coding") if isinstance(concept, Mapping) else None
        for coding in codings if isinstance(codings, list) else ():
            if isinstance(coding, Mapping):
                yield str(coding.get("code", ""))
