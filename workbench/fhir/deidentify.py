"""A FHIR document without what says whose it is: codes, results, references and structure stay as they are.

What an element holds is told by its type in the definitions. Ids and references become pseudonyms together, so they
still resolve; dates move as the patient's do; narratives and documents are taken out; strings are searched. Elements
no definition describes are removed or kept as the policy says, and listed either way.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from workbench.fhir.definitions import choice_name, definitions
from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.kernel.errors import Refused
from workbench.security.deidentified import ASKED_TO_KEEP, Change, Deidentified, Fate, Policy, Rules
from workbench.security.free_text import SHORTEST_KNOWN, scan
from workbench.security.pseudonyms import Pseudonyms

_NOTE = "document removed by de-identification"
_NARRATIVE = '<div xmlns="http://www.w3.org/1999/xhtml">Narrative removed by de-identification.</div>'
_DATES = frozenset({"date", "dateTime", "instant"})
_TEXTS = frozenset({"string", "markdown"})
_KEPT = frozenset(
    """
    boolean integer decimal positiveInt unsignedInt code time canonical oid uri
    """.split()  # noqa: SIM905
)
_NAMES = frozenset({"url", "system", "code", "resourceType"})
"""What names a definition or a code, also where no definition says what the rest is."""
_UUID = re.compile(r"urn:uuid:([0-9a-fA-F-]{36})")
_RELATIVE = re.compile(
    r"(?P<base>(?:https?://[^\s?]*/)?(?P<type>[A-Z][A-Za-z]+)/)(?P<id>[A-Za-z0-9\-.]{1,64})(?P<rest>[/#].*)?"
)


def deidentify(document: FhirDocument, pseudonyms: Pseudonyms, rules: Rules | None = None) -> Deidentified:
    """Replace, move, search and remove; key order, numbers and what is not identifying stay as written."""
    walk = _Walk(pseudonyms, subject_of(document.value), rules or Rules())
    walk.learn(document.value)
    value = walk.resource(document.value, document.resource_type or "$this")
    return Deidentified(dumps(value), tuple(walk.changes))


def subject_of(value: Mapping[str, object]) -> str:
    """Whose document it is, for the key of names and dates.

    In a Bundle the Patient's number of type MR, else its first, else its id; otherwise the id of the Patient the
    resource is or refers to, so that the resources of one export stay together.
    """
    if value.get("resourceType") == "Bundle":
        return next((_number_of(patient) or str(patient.get("id", "")) for patient in _patients(value)), "")
    if value.get("resourceType") == "Patient":
        return str(value.get("id", "")) or _number_of(value)
    for key in ("subject", "patient", "beneficiary", "individual"):
        reference = value.get(key)
        if isinstance(reference, dict):
            return str(reference.get("reference", "")).rpartition("/")[2]
    return ""


@dataclass(slots=True)
class _Walk:
    pseudonyms: Pseudonyms
    subject: str
    rules: Rules
    changes: list[Change] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)

    def learn(self, value: object, inside: str = "") -> None:
        """Collect names and numbers that strings are searched for."""
        if isinstance(value, list):
            for item in value:
                self.learn(item, inside)
        if not isinstance(value, dict):
            return
        kind = value.get("resourceType")
        inside = str(kind) if isinstance(kind, str) else inside
        for key, item in value.items():
            if key in ("family", "given"):
                for word in item if isinstance(item, list) else [item]:
                    self._remember(str(word), self._name(str(word), inside, given=key == "given"))
            elif key == "identifier":
                for each in item if isinstance(item, list) else [item]:
                    number = str(each.get("value", "")) if isinstance(each, dict) else ""
                    self._remember(number, self.pseudonyms.identifier(number))
            self.learn(item, inside)

    def _remember(self, text: str, pseudonym: str) -> None:
        if len(text) >= SHORTEST_KNOWN:
            self.known.setdefault(text.casefold(), pseudonym)

    def _name(self, text: str, inside: str, given: bool) -> str:
        """Patients and their relatives under the patient's key, everybody else under one for all."""
        return self.pseudonyms.name(text, "" if inside in ("Practitioner", "Organization") else self.subject, given)

    def resource(self, value: Mapping[str, object], path: str) -> dict[str, object]:
        """A resource under its own type, wherever it stands."""
        kind = str(value.get("resourceType", ""))
        found: dict[str, object] = {}
        for key, item in value.items():
            after = item if key == "resourceType" else self._element(key, item, kind, kind, f"{path}.{key}")
            if after is not None:
                found[key] = after
        return found

    def _element(self, key: str, item: object, definition: str, inside: str, path: str) -> object:
        """An element by the definition of its parent; None when nothing of it is left."""
        if isinstance(item, list):
            kept = [self._element(key, each, definition, inside, f"{path}[{n}]") for n, each in enumerate(item)]
            return [each for each in kept if each is not None] or None
        if isinstance(item, dict) and "resourceType" in item:
            return self.resource(item, f"{path}({item['resourceType']})")
        place = f"{definition}.{key.removeprefix('_')}"
        if item is None:
            return None
        if key.startswith("_"):
            return self._removed(path, place, "unknown", item, "extension of a primitive")
        kind = _type_of(place)
        if not kind:
            return self._undescribed(item, place, path)
        if kind == "Extension" and isinstance(item, dict) and not _is_core(str(item.get("url", ""))):
            return self._undescribed(item, place, path)
        if self.rules.own and (asked := self.rules.asked(place, kind)) is not None:
            return self._as_asked(kind, item, place, path, asked)
        if isinstance(item, dict):
            return self._complex(kind, item, place, inside, path)
        return self._primitive(kind, item, place, inside, path)

    def _as_asked(self, kind: str, item: object, place: str, path: str, asked: Policy) -> object:
        if asked is Policy.REMOVE:
            return self._removed(path, place, kind, item)
        self._note(path, place, kind, Fate.KEPT, str(item), str(item), ASKED_TO_KEEP)
        return item

    def _complex(self, kind: str, item: Mapping[str, object], place: str, inside: str, path: str) -> object:
        if kind == "Narrative":
            self._note(path, place, "narrative", Fate.REMOVED, "", "", "")
            return {"status": item.get("status", "generated"), "div": _NARRATIVE}
        own = place if kind in ("BackboneElement", "Element") else kind
        found: dict[str, object] = {}
        for key, inner in item.items():
            where = f"{path}.{key}"
            after: object
            if kind == "HumanName" and key in ("family", "given"):
                after = self._named(inner, key, inside, place, where)
            elif kind in ("HumanName", "Address") and key == "text":
                after = self._removed(where, f"{place}.text", "text of a name or address", inner)
            elif kind == "Address" and key in _ADDRESS:
                after = self._address(key, inner, place, where)
            elif kind == "Reference" and key == "display":
                after = self._removed(where, f"{place}.display", "display of a reference", inner)
            elif kind == "Attachment" and key in ("url", "title", "hash"):
                after = self._removed(where, f"{place}.{key}", "document", inner)
            elif kind == "Identifier" and key == "value":
                after = self._replaced(
                    where, f"{place}.value", "identifier", inner, self.pseudonyms.identifier(str(inner))
                )
            elif kind == "ContactPoint" and key == "value":
                after = self._replaced(where, f"{place}.value", "contact", inner, self.pseudonyms.contact(str(inner)))
            elif kind == "Reference" and key == "reference":
                after = self._replaced(where, f"{place}.reference", "reference", inner, self._reference(str(inner)))
            else:
                after = self._element(key, inner, own, inside, where)
            if after is not None:
                found[key] = after
        return found or None

    def _primitive(self, kind: str, item: object, place: str, inside: str, path: str) -> object:
        text = str(item)
        name = place.rpartition(".")[2]
        if kind in _DATES:
            return self._date(text, place, path)
        if kind == "id" or (name == "id" and kind != "code"):
            return self._replaced(path, place, "id", text, self.pseudonyms.identifier(text))
        if kind == "base64Binary":
            self._note(path, place, "document", Fate.REMOVED, text, _NOTE, "a document was taken out")
            return base64.b64encode(_NOTE.encode()).decode()
        if kind == "uri" and name == "fullUrl":
            return self._replaced(path, place, "reference", text, self._reference(text))
        if place in ("Bundle.entry.request.url", "Bundle.entry.response.location", "Bundle.link.url"):
            after = self._reference(text.partition("?")[0]) + ("?removed" if "?" in text else "")
            return self._replaced(path, place, "reference", text, after)
        if place in ("Bundle.entry.request.ifNoneExist",):
            return self._removed(path, place, "search", item)
        if kind == "url":
            return self._removed(path, place, "address on a network", item, "an address may hold anything")
        if kind in _KEPT:
            return item
        if kind in _TEXTS or isinstance(item, str):
            return self._string(text, place, inside, path)
        return item

    def _string(self, text: str, place: str, inside: str, path: str) -> object:
        if place == "Organization.name":
            return self._replaced(path, place, "organization", text, self.pseudonyms.organization(text))
        if place.startswith("Extension.value") and self.rules.unknown is Policy.REMOVE:
            return self._removed(path, place, "unknown", text, "text in an extension")
        is_display = place.rpartition(".")[2] in ("display", "text", "unit", "version") and not place.endswith(
            "Annotation.text"
        )
        doubt = "" if is_display else "free text"
        if self.rules.text is Policy.REMOVE and not is_display:
            return self._removed(path, place, "free text", text, doubt)
        after = scan(text, self.known, self.pseudonyms, self.subject).text
        if after != text or doubt:
            self._note(path, place, "free text", Fate.SEARCHED, text, after, doubt)
        return after

    def _named(self, inner: object, key: str, inside: str, place: str, path: str) -> object:
        if isinstance(inner, list):
            return [self._named(each, key, inside, place, f"{path}[{n}]") for n, each in enumerate(inner)]
        after = self._name(str(inner), inside, given=key == "given")
        return self._replaced(path, f"{place}.{key}", "name", inner, after)

    def _address(self, key: str, inner: object, place: str, path: str) -> object:
        if isinstance(inner, list):
            return [self._address(key, each, place, f"{path}[{n}]") for n, each in enumerate(inner)]
        text = str(inner)
        if key == "line":
            after = self.pseudonyms.street(text, self.subject)
        elif key == "postalCode":
            after = self.pseudonyms.identifier(text)
        else:
            after = self.pseudonyms.city(text, self.subject)
        return self._replaced(path, f"{place}.{key}", "address", inner, after)

    def _date(self, text: str, place: str, path: str) -> object:
        day, mark, rest = text.partition("T")
        try:
            digits = self.pseudonyms.date_digits(day.replace("-", ""), self.subject)
        except ValueError:
            return self._removed(path, place, "date", text, "not a date that could be moved")
        moved = "-".join(filter(None, (digits[:4], digits[4:6], digits[6:])))
        self._note(path, place, "date", Fate.SHIFTED, text, moved + mark + rest, "")
        return moved + mark + rest

    def _reference(self, text: str) -> str:
        uuid = _UUID.fullmatch(text)
        if uuid:
            return f"urn:uuid:{self.pseudonyms.uuid(uuid[1])}"
        if text.startswith("#"):
            return f"#{self.pseudonyms.identifier(text[1:])}"
        found = _RELATIVE.fullmatch(text)
        if found is None:
            return text if "/" not in text and "?" not in text else "removed"
        return f"{found['base']}{self.pseudonyms.identifier(found['id'])}{found['rest'] or ''}"

    def _undescribed(self, item: object, place: str, path: str) -> object:
        """What nobody defined: removed, or kept with every string in it searched."""
        doubt = "no definition describes this element"
        if self.rules.unknown is Policy.REMOVE:
            return self._removed(path, place, "unknown", item, doubt)
        after = self._all_searched(item)
        self._note(path, place, "unknown", Fate.SEARCHED, str(item), str(after), doubt)
        return after

    def _all_searched(self, item: object) -> object:
        if isinstance(item, dict):
            return {key: inner if key in _NAMES else self._all_searched(inner) for key, inner in item.items()}
        if isinstance(item, list):
            return [self._all_searched(inner) for inner in item]
        return scan(item, self.known, self.pseudonyms, self.subject).text if isinstance(item, str) else item

    def _replaced(self, path: str, place: str, category: str, before: object, after: str) -> str:
        self._note(path, place, category, Fate.REPLACED, str(before), after, "")
        return after

    def _removed(self, path: str, place: str, category: str, before: object, doubt: str = "") -> object:
        """Nothing, which leaves the element out."""
        self._note(path, place, category, Fate.REMOVED, str(before), "", doubt)
        return None

    def _note(self, path: str, place: str, category: str, fate: Fate, before: str, after: str, doubt: str) -> None:
        self.changes.append(Change(path, place, category, fate, before, after, doubt))


_ADDRESS = frozenset({"line", "city", "district", "postalCode"})


@lru_cache(maxsize=8192)
def _type_of(place: str) -> str:
    """The type of an element, "" when no definition knows it; a chosen one by its name."""
    try:
        found = definitions().element(place)
    except Refused:
        return ""
    if found is None:
        return ""
    if found.content_reference:
        return "BackboneElement"
    codes = [reference.code for reference in found.types]
    name = place.rpartition(".")[2]
    chosen = next((code for code in codes if found.name.endswith("[x]") and choice_name(found.name, code) == name), "")
    kind = chosen or (codes[0] if codes else "")
    return "uri" if kind == "http://hl7.org/fhirpath/System.String" else kind


@lru_cache(maxsize=1024)
def _is_core(url: str) -> bool:
    """True for extensions the specification itself defines."""
    return definitions().profile(url) is not None


def _patients(bundle: Mapping[str, object]) -> list[Mapping[str, object]]:
    entries = bundle.get("entry")
    resources = (
        entry.get("resource") for entry in (entries if isinstance(entries, list) else ()) if isinstance(entry, dict)
    )
    return [each for each in resources if isinstance(each, dict) and each.get("resourceType") == "Patient"]


def _number_of(patient: Mapping[str, object]) -> str:
    listed = patient.get("identifier")
    numbers: list[tuple[bool, str]] = []
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and each.get("value"):
            kind = each.get("type")
            coding = kind.get("coding") if isinstance(kind, dict) else None
            codes = [item.get("code") for item in coding if isinstance(item, dict)] if isinstance(coding, list) else []
            numbers.append(("MR" in codes, str(each["value"])))
    return max(numbers, key=lambda number: number[0], default=(False, ""))[1]
