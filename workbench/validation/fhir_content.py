"""What the specification demands in words, not in its definitions: sizes, identifiers, code systems, Bundles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from workbench.fhir.bundle import BundleIndex, contained, literal_reference, references
from workbench.fhir.definitions import Definitions
from workbench.fhir.ucum import unit
from workbench.validation import fhir_content_rules as content_rules
from workbench.validation.fhir_findings import Findings, Place

Node = dict[str, object]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_UCUM = "http://unitsofmeasure.org"
_ONCE = frozenset({"self", "first", "previous", "prev", "next", "last"})
_WHITE = re.compile(r"\s+")
_LINK = re.compile(r"""<a\s[^>]*?\bhref\s*=\s*["']#([^"']+)["']""")
_ANCHOR = re.compile(r"""\b(?:id|name)\s*=\s*["']([^"']+)["']""")


def check_value(type_name: str, node: Node, place: Place, findings: Findings) -> None:
    """A value of a data type."""
    check = _OF_VALUES.get(type_name)
    if check is not None:
        check(node, place, findings)


def check_resource(node: Node, place: Place, findings: Findings) -> None:
    """A resource as a whole."""
    check = _OF_RESOURCES.get(str(node.get("resourceType")))
    if check is not None:
        check(node, place, findings)
    text = node.get("text")
    if isinstance(text, dict) and isinstance(text.get("div"), str) and 'href="#' in text["div"]:
        _links(node, text["div"], place, findings)


def _attachment(node: Node, place: Place, findings: Findings) -> None:
    data, size = node.get("data"), node.get("size")
    if not isinstance(data, str) or not isinstance(size, int):
        return
    text = _WHITE.sub("", data)
    found = len(text) // 4 * 3 - text[-2:].count("=")
    if found != size:
        findings.report(content_rules.WRONG_SIZE, (place, "size", -1), stated=size, found=found)


def _identifier(node: Node, place: Place, findings: Findings) -> None:
    value = node.get("value")
    _system(node, place, findings)
    if node.get("system") == "urn:ietf:rfc:3986" and isinstance(value, str) and not _SCHEME.match(value):
        findings.report(content_rules.IDENTIFIER_NOT_URI, (place, "value", -1))


def _system(node: Node, place: Place, findings: Findings) -> None:
    system = node.get("system")
    if isinstance(system, str) and system and not _SCHEME.match(system):
        findings.report(content_rules.NO_SYSTEM_URI, (place, "system", -1), value=system)


def _coding(node: Node, place: Place, findings: Findings) -> None:
    """A system that is none, and what claims to be a unit."""
    _system(node, place, findings)
    code = node.get("code")
    if node.get("system") == _UCUM and isinstance(code, str) and unit(code) is None:
        findings.report(content_rules.NO_UNIT, (place, "code", -1), value=code)


def _simple_quantity(node: Node, place: Place, findings: Findings) -> None:
    _coding(node, place, findings)
    if "comparator" in node:
        findings.report(content_rules.COMPARATOR, (place, "comparator", -1), element=place[1])


def _absolute_url(node: Node, place: Place, findings: Findings) -> None:
    url = node.get("url")
    if isinstance(url, str) and not _SCHEME.match(url):
        findings.report(content_rules.RELATIVE_URL, (place, "url", -1), element="url")


def _value_set(node: Node, place: Place, findings: Findings) -> None:
    _absolute_url(node, place, findings)
    compose = node.get("compose")
    for name in ("include", "exclude"):
        for index, include in objects(compose, name):
            system = include.get("system")
            if isinstance(system, str) and (not _SCHEME.match(system) or system.startswith("urn:uuid:#")):
                at: Place = (((place, "compose", -1), name, index), "system", -1)
                findings.report(content_rules.RELATIVE_SYSTEM, at, element="system")


def _code_system(node: Node, place: Place, findings: Findings) -> None:
    _absolute_url(node, place, findings)
    content = node.get("content")
    if content == "not-present" and node.get("concept"):
        findings.report(content_rules.CONCEPTS_NOT_PRESENT, (place, "concept", 0))
    if "supplements" in node and content != "supplement":
        findings.report(content_rules.NOT_A_SUPPLEMENT, (place, "content", -1))
    for name in ("code", "uri"):
        seen: set[object] = set()
        for index, each in objects(node, "property"):
            value = each.get(name)
            if isinstance(value, str) and value in seen:
                findings.report(content_rules.REPEATED_PROPERTY, ((place, "property", index), name, -1), name=name)
            seen.add(value if isinstance(value, str) else None)


def _measure_report(node: Node, place: Place, findings: Findings) -> None:
    kind = node.get("type")
    for number, group in objects(node, "group"):
        for index, population in objects(group, "population"):
            listed = population.get("subjectResults")
            if not isinstance(listed, dict):
                continue
            at: Place = ((place, "group", number), "population", index)
            if kind != "subject-list":
                findings.report(content_rules.SUBJECTS_NOT_LISTED, (at, "subjectResults", -1), type=kind)
            found, count = _subjects(node, str(listed.get("reference", ""))), population.get("count")
            if found is not None and isinstance(count, int) and found != count:
                findings.report(content_rules.SUBJECT_COUNT, (at, "count", -1), count=count, found=found)


def _subjects(node: Node, reference: str) -> int | None:
    """How many subjects a reference lists: those of a contained List, or the one it names; None where that is open."""
    inside = contained(node, reference)
    if inside is not None:
        entries = inside.get("entry")
        return len(entries) if isinstance(entries, list) else None
    literal = literal_reference(reference)
    return 1 if literal is not None and literal.type != "List" else None


def check_concept_map(node: Node, place: Place, findings: Findings, known: Definitions) -> None:
    """The codes of a map are those of the value sets it goes between, as far as these can be listed."""
    between = {side: _codes_of(node, side, known) for side in ("source", "target")}
    for number, group in objects(node, "group"):
        for index, element in objects(group, "element"):
            at: Place = ((place, "group", number), "element", index)
            _mapped(element, group.get("source"), between["source"], at, "source", findings)
            for each, target in objects(element, "target"):
                _mapped(target, group.get("target"), between["target"], (at, "target", each), "target", findings)


def _codes_of(node: Node, side: str, known: Definitions) -> frozenset[tuple[str, str]] | None:
    url = node.get(f"{side}Canonical", node.get(f"{side}Uri"))
    return known.value_set_codes(url) if isinstance(url, str) else None


def _mapped(
    item: Node, system: object, codes: frozenset[tuple[str, str]] | None, at: Place, side: str, findings: Findings
) -> None:
    code = item.get("code")
    if codes is None or not isinstance(code, str) or not isinstance(system, str) or (system, code) in codes:
        return
    if any(each == system for each, _ in codes):  # else the map speaks of codes that the set does not list
        findings.report(content_rules.NOT_MAPPED_SET, (at, "code", -1), side=side, value=code)


def _links(node: Node, div: str, place: Place, findings: Findings) -> None:
    """Links within the narrative: to its own anchors, or to ids of elements and contained resources."""
    anchors = set(_ANCHOR.findall(div)) | set(_ids(node))
    for target in _LINK.findall(div):
        if target not in anchors:
            findings.report_once(content_rules.LINK_TARGET, "", ((place, "text", -1), "div", -1), found=f"#{target}")


def _ids(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            identity = item.get("id")
            if isinstance(identity, str):
                yield identity
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def objects(node: object, name: str) -> Iterator[tuple[int, Node]]:
    """The objects of a list property, with their numbers."""
    found = node.get(name) if isinstance(node, dict) else None
    for index, each in enumerate(found if isinstance(found, list) else ()):
        if isinstance(each, dict):
            yield index, each


def check_entries(bundle: Node, index: BundleIndex, place: Place, findings: Findings) -> None:
    """Links, search results, fullUrls and references of a Bundle, beyond its constraints."""
    kind = bundle.get("type")
    _relations(bundle, place, findings)
    for number in range(len(index.entries)):
        resource = index.resource(number)
        if resource is None:
            continue
        at: Place = (place, "entry", number)
        if kind == "searchset":
            _search_result(index.entries[number].get("search"), resource, at, findings)
        _full_url(index.full_url(number), resource, kind in ("document", "message"), at, findings)
    _relative_references(bundle, index, place, findings)
    if kind == "document" and index.entries:
        for number in _unreachable(index):
            findings.report(content_rules.UNREACHABLE, (place, "entry", number))


def _relations(bundle: Node, place: Place, findings: Findings) -> None:
    seen: set[str] = set()
    for number, link in objects(bundle, "link"):
        relation = link.get("relation")
        if isinstance(relation, str) and relation in _ONCE:
            if relation in seen:
                findings.report(content_rules.REPEATED_LINK, (place, "link", number), relation=relation)
            seen.add(relation)


def _search_result(search: object, resource: Node, place: Place, findings: Findings) -> None:
    mode = search.get("mode") if isinstance(search, dict) else None
    name = resource.get("resourceType")
    is_outcome = name == "OperationOutcome"
    if not is_outcome and "id" not in resource:
        findings.report(content_rules.RESULT_WITHOUT_ID, (place, "resource", -1))
    if mode is not None and (mode == "outcome") != is_outcome:
        findings.report(content_rules.NOT_AN_OUTCOME, (place, "resource", -1), mode=mode, found=name)


def _full_url(full_url: str, resource: Node, is_unit: bool, place: Place, findings: Findings) -> None:
    """Absolute, and of the resource; in documents and messages entries are found by nothing else."""
    if full_url and not _SCHEME.match(full_url):
        findings.report(content_rules.RELATIVE_FULL_URL, (place, "fullUrl", -1))
    literal = literal_reference(full_url)
    if literal is None or not literal.base:
        return
    name, identity = resource.get("resourceType"), resource.get("id")
    if not isinstance(identity, str):
        return
    if literal.type == name and literal.id != identity:
        rule = content_rules.FULL_URL_MISMATCH if is_unit else content_rules.OTHER_ID
        findings.report(rule, (place, "fullUrl", -1), expected=f"{name}/{identity}")


def _relative_references(bundle: Node, index: BundleIndex, place: Place, findings: Findings) -> None:
    """`Patient/1` where an entry is that patient, but under a fullUrl the reference does not lead to.

    From an entry with a RESTful fullUrl the reference may still be right: it means the server of that entry.
    """
    present: set[str] = set()
    for number in range(len(index.entries)):
        resource = index.resource(number)
        if resource is not None and "id" in resource:
            name = f"{resource.get('resourceType')}/{resource['id']}"
            if not index.full_url(number).endswith(f"/{name}"):
                present.add(name)
    if bundle.get("type") not in ("document", "message"):
        return
    for found in references(bundle):
        if found.entry is None or found.reference not in present:
            continue
        own = literal_reference(index.full_url(found.entry))
        if own is None and index.find(found.reference, found.entry) is None:
            at: Place = (place, "entry", found.entry)
            element = found.path.rsplit(".", 1)[-1]
            findings.report_once(
                content_rules.NOT_BY_FULL_URL, f"{found.entry} {found.path}", at, element=element, value=found.reference
            )


def _unreachable(index: BundleIndex) -> list[int]:
    """Entries that no chain of references joins to the first one, in either direction."""
    number_of = {id(index.resource(number)): number for number in range(len(index.entries))}
    joined: dict[int, set[int]] = {}
    for number in range(len(index.entries)):
        resource = index.resource(number)
        for found in references(resource) if resource is not None else ():
            target = index.find(found.reference, number)
            other = number_of.get(id(target))
            if other is not None:
                joined.setdefault(number, set()).add(other)
                joined.setdefault(other, set()).add(number)
    reached, waiting = {0}, [0]
    while waiting:
        for other in joined.get(waiting.pop(), ()):
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return [n for n in range(len(index.entries)) if n not in reached and index.resource(n) is not None]


_OF_VALUES: dict[str, Callable[[Node, Place, Findings], None]] = {
    "Attachment": _attachment,
    "Coding": _coding,
    "Identifier": _identifier,
    "SimpleQuantity": _simple_quantity,
    **dict.fromkeys(("Quantity", "Age", "Count", "Distance", "Duration"), _coding),
}
_OF_RESOURCES: dict[str, Callable[[Node, Place, Findings], None]] = {
    "ValueSet": _value_set,
    "CodeSystem": _code_system,
    "StructureDefinition": _absolute_url,
    "ConceptMap": _absolute_url,
    "MeasureReport": _measure_report,
}
