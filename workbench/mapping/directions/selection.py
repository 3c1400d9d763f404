"""Which message maps a document is for.

A v2 message has one: by event, by structure, by message code, or the one for all others. A FHIR document whose
MessageHeader names an event a map is for becomes that one message. From any other each resource of a type that a map
is for becomes a message, where the map's `when` holds for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workbench.kernel.errors import Refused
from workbench.mapping.directions.fhir_document import FhirSource
from workbench.mapping.directions.fhir_json import type_of
from workbench.mapping.directions.rows import CompiledMessageMap
from workbench.mapping.directions.running import Frame, Instance, Node, Run
from workbench.mapping.directions.v2_reading import V2Source
from workbench.mapping.model import MessageMap
from workbench.mapping.values import Zone

EVERY = "*"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A message map and what its message is about: a resource, or the whole document."""

    map: str
    focus: Node


class Selection:
    """The message maps of a package by what they are for."""

    def __init__(self, maps: Iterable[MessageMap], compiled: Mapping[str, CompiledMessageMap]) -> None:
        """raises  Refused MAP-0113: two maps for the same messages"""
        self._compiled = compiled
        self._of_key: dict[str, str] = {}
        self._of_structure: dict[str, str] = {}
        for each in maps:
            for table, keys in ((self._of_key, each.triggers), (self._of_structure, each.structures)):
                for key in keys:
                    if key in table and key[:1].isupper() and "^" in key:
                        raise Refused(
                            "MAP-0113",
                            f"{each.place}: {each.name} and {table[key]} are both for {key}.",
                            "Leave the event to one of them.",
                        )
                    table.setdefault(key, each.name)
        self._types = [(key, each.name) for each in maps for key in each.triggers if "^" not in key and key != EVERY]

    def of(self, source: FhirSource | V2Source) -> Sequence[Chosen]:
        """The message maps for a document, with what each message is about; none when the package has none."""
        if isinstance(source, V2Source):
            message = source.message
            name = self._event(message.message_code, message.trigger_event, message.structure_id)
            return [Chosen(name, Node("", None))] if name else []
        code, event = event_of(source)
        name = self._event(code, event, "") if event else ""
        if name and name != self._of_key.get(EVERY):
            return [Chosen(name, source.root)]
        run = Run(source, Zone(), "", noting=False)
        chosen = [
            Chosen(name, node)
            for kind, name in self._types
            for node in source.of_type(kind)
            if self._fits(run, name, node)
        ]
        if not chosen and EVERY in self._of_key:
            return [Chosen(self._of_key[EVERY], source.root)]
        return chosen

    def what(self, source: FhirSource | V2Source) -> str:
        """What a document is, for a sentence that says there is no map for it."""
        if isinstance(source, V2Source):
            message = source.message
            return "^".join(filter(None, (message.message_code, message.trigger_event))) or "a message without MSH-9"
        kinds = sorted({type_of(node.value) for node in source.resources} - {""})
        more = f" and {len(kinds) - 3} other types" if len(kinds) > 3 else ""
        return f"a document of {', '.join(kinds[:3])}{more}" if kinds else "a document without resources"

    def _event(self, code: str, event: str, structure: str) -> str:
        keys = [f"{code}^{event}" if event else code, f"{code}^*"]
        if event and not code:
            keys = [key for key in self._of_key if key.endswith(f"^{event}")]
        return (
            self._of_key.get(keys[0] if keys else "", "")
            or self._of_structure.get(structure, "")
            or self._of_key.get(keys[-1] if keys else "", "")
            or self._of_key.get(EVERY, "")
        )

    def _fits(self, run: Run, name: str, node: Node) -> bool:
        when = self._compiled[name].when
        return when is None or when(Frame(run, node, Instance("", "", node, None), {}, {}))


def event_of(source: FhirSource) -> tuple[str, str]:
    """Message code and event that the MessageHeader states, as its `display` (`ORU^R01^ORU_R01`) or by event alone."""
    header = next(iter(source.of_type("MessageHeader")), None)
    coding = header.value.get("eventCoding") if header is not None and isinstance(header.value, dict) else None
    if not isinstance(coding, dict):
        return "", ""
    event, display = str(coding.get("code") or ""), str(coding.get("display") or "")
    code, _, rest = display.partition("^")
    return (code, rest.partition("^")[0] or event) if rest else ("", event)
