"""What the standards say of the selected place and of a finding, in words for the panes. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.fhir.definitions import definitions
from workbench.fhir.json_tree import FhirDocument
from workbench.fhir.path import FhirPath
from workbench.gui.masking import hides_v2, masked
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.v2.dictionary import Dictionary, dictionary
from workbench.v2.er7 import Element, Message
from workbench.v2.path import V2Path
from workbench.validation.validator import rules

_CODES_SHOWN = 60
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Details:
    """facts are pairs of a word and what it is; codes are those of the field's table, the value's first."""

    path: str
    title: str
    facts: tuple[tuple[str, str], ...]
    codes_title: str = ""
    codes: tuple[tuple[str, str], ...] = ()


def explain_v2(message: Message, path: str, mask: bool) -> Details | None:
    """What the dictionary of the message's version says of a place; None for a path that is none."""
    try:
        place = V2Path.parse(path)
    except Refused:
        return None
    known = dictionary(message.version)
    found = message.at(place)
    element = found[0] if found else None
    facts: list[tuple[str, str]] = []
    definition = known.segment(place.segment)
    field = definition.field(place.field) if definition and place.field else None
    if field is None:
        title = definition.title if definition else "Not in the dictionary"
        if definition:
            facts.append(("Fields", str(len(definition.fields))))
        return Details(path, title, (*facts, ("Version", known.version)))
    data_type = message.value(str(_sibling(place, 2))) if field.data_type == "varies" else field.data_type
    title, kind, table_id, usage, length = field.name, data_type, field.table, str(field.usage), field.max_length
    if place.component:
        part = _component(known, data_type, place.component, place.subcomponent)
        if part is not None:
            title, kind, table_id, usage, length = part
    facts += [("Data type", _type_words(known, kind)), ("Usage", _USAGE.get(usage, usage))]
    if not place.component:
        facts.append(("Repeats", "no" if not field.repeats else f"up to {field.max_repetitions or 'any number'}"))
    if length:
        facts.append(("Length", f"up to {length}"))
    facts += _value_facts(element, mask)
    facts.append(("Version", known.version))
    codes_title, codes = _codes(known, table_id, element.value if element is not None else "")
    return Details(path, title, tuple(facts), codes_title, codes)


_USAGE = {"R": "required", "O": "optional", "C": "conditional", "W": "withdrawn"}


def _sibling(place: V2Path, field: int) -> V2Path:
    return V2Path(place.segment, field, occurrence=place.occurrence)


def _component(
    known: Dictionary, data_type: str, component: int, subcomponent: int
) -> tuple[str, str, str, str, int | None] | None:
    definition = known.data_type(data_type)
    if definition is None or component > len(definition.components):
        return None
    part = definition.components[component - 1]
    if subcomponent:
        return _component(known, part.data_type, subcomponent, 0)
    return part.name, part.data_type, part.table, str(part.usage), part.max_length


def _type_words(known: Dictionary, name: str) -> str:
    definition = known.data_type(name)
    return f"{name} · {definition.title}" if definition and definition.title else name


def _value_facts(element: Element | None, mask: bool) -> list[tuple[str, str]]:
    if element is None:
        return [("Value", "absent")]
    hide = mask and hides_v2(element)
    if element.raw == '""':
        return [("Value", '"" – delete what you have')]
    value = masked(element.value) if hide else element.value
    facts = [("Value", _short(value))]
    if element.raw != element.value and not hide:
        facts.append(("As written", _short(element.raw)))
    facts.append(("Bytes", f"{element.span.start:,}–{element.span.end:,}"))
    return facts


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def _codes(known: Dictionary, table_id: str, value: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    table = known.table(table_id) if table_id else None
    if table is None:
        return "", ()
    ordered = sorted(table.codes.items(), key=lambda item: item[0] != value)
    return f"Table {table.id} · {table.title}", tuple(ordered[:_CODES_SHOWN])


def explain_fhir(document: FhirDocument, path: str) -> Details | None:
    """What FHIR R4 says of an element; inside a Bundle, of the element of the resource that holds it."""
    known = definitions()
    resource_path = _innermost(document, path)
    try:
        plain = FhirPath.parse(resource_path).definition_path
    except Refused:
        return None
    element = known.element(plain)
    if element is None:
        return Details(path, "Not an element of FHIR R4", ())
    most = "*" if element.max is None else str(element.max)
    types = ", ".join(_type_text(t.code, t.targets) for t in element.types)
    facts = [("Element", plain), ("Type", types), ("Cardinality", f"{element.min}..{most}")]
    codes: tuple[tuple[str, str], ...] = ()
    title = ""
    if element.binding is not None:
        facts.append(("Binding", element.binding.strength))
        value_set = known.value_set(element.binding.value_set)
        if value_set is not None:
            title = value_set.title
            concepts = known.concepts(element.binding.value_set)[:_CODES_SHOWN]
            codes = tuple((code, display) for _, code, display in concepts)
    return Details(path, element.short, tuple(facts), title, codes)


def _type_text(code: str, targets: tuple[str, ...]) -> str:
    return f"{code}({' | '.join(targets)})" if targets else code


def _innermost(document: FhirDocument, path: str) -> str:
    """`Bundle.entry[0].resource.name` → `Patient.name`."""
    head, found, tail = path.rpartition(".resource")
    if not found:
        return path
    holder = document.at(f"{head}.resource.resourceType")
    return f"{holder.value}{tail}" if holder is not None else path


@dataclass(frozen=True, slots=True)
class RuleWords:
    """What a rule demands, how to put a finding right, and where the standard says so."""

    title: str
    advice: str
    source: str


def explain_rule(issue: Issue) -> RuleWords:
    """What the rule of an issue says; a rule that only a plug-in knows is told by its sentence."""
    known = rules().get(issue.rule)
    if known is None:
        return RuleWords(
            issue.masked_text, _FOREIGN, " · ".join(filter(None, (issue.rule, issue.code, str(issue.source or ""))))
        )
    section = str(issue.source or known.source)
    kind = f" · {known.category}" if known.category else ""
    return RuleWords(known.title, known.explanation, f"{known.id}{kind} · {section}")


_FOREIGN = "This rule is not one of the workbench's own; ask whoever added it how to put a finding right."
