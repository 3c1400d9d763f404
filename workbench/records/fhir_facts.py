"""Facts from the elements of FHIR resources, in the same clinical words as those from v2.

A reader of results must not stop at what is malformed, so anything that has not the form R4 gives it is passed over;
finding it is the validator's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from workbench.fhir.bundle import BundleIndex
from workbench.kernel.location import Location
from workbench.kernel.partial_time import PartialDateTime
from workbench.records.clinical import Fact, FactName, Item, time_text
from workbench.records.wording import FREQUENCY, times_per, worded
from workbench.terminology.codes import Coding

Json = Mapping[str, Any]
ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
ALTERNATE_CODES = "http://hl7.org/fhir/StructureDefinition/alternate-codes"
ORIGINAL_TEXT = "http://hl7.org/fhir/StructureDefinition/originalText"
NULL_FLAVOR = "http://hl7.org/fhir/StructureDefinition/iso21090-nullFlavor"
NULL_FLAVORS = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
ABSENT_REASONS = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
NOT_ENCODED = "UNC"  # v3 NullFlavor "un-encoded": the value stands there, but not in the receiver's codes
UNVALIDATED = "unvalidated"
_NOTHING: Json = {}
_LONGEST_FRACTION = 30  # digits after the point beyond which a decimal is shown with its exponent
_NO_WORDS: Mapping[str, str] = {}


class Contents:
    """The resources of a Bundle and the ways from one to another."""

    def __init__(self, bundle: Json) -> None:
        self._index = BundleIndex(bundle)
        self.resources = [
            Resource(self, number, value)
            for number in range(len(self._index.entries))
            if (value := self._index.resource(number))
        ]
        self._by_id = {f"{resource.kind}/{resource.value.get('id')}": resource.value for resource in self.resources}
        self._users: dict[tuple[str, int], Resource] = {}
        self._reported: set[str] = set()
        for report in self.resources:
            if report.kind == "DiagnosticReport":
                self._reported.update(coding.code for coding in concept(report.value.get("code"))[1])
                for element in ("result", "basedOn"):
                    for reference in many(report.value.get(element)):
                        self._users.setdefault((element, id(report.referred(reference))), report)

    def find(self, target: str, number: int) -> Json:
        """What a reference in entry `number` points to, an empty resource when it is not in this Bundle.

        A server stores a resource under its type and id, so these count too, whatever fullUrl the entry has.
        """
        return self._index.find(target, number) or self._by_id.get(target, _NOTHING)

    def report_with(self, element: str, resource: Resource) -> Resource | None:
        """The DiagnosticReport whose `result` or `basedOn` names a resource."""
        return self._users.get((element, id(resource.value)))

    def is_reported(self, order: Resource) -> bool:
        """True when a report is based on the order, or is about the same test: then the report is what is read."""
        codes = {coding.code for coding in concept(order.value.get("code"))[1]}
        return bool(codes & self._reported) or self.report_with("basedOn", order) is not None


class Resource:
    """One resource of a Bundle with the way to what it refers to."""

    def __init__(self, contents: Contents, number: int, value: Json) -> None:
        self.contents = contents
        self.number = number
        self.value = value
        self.kind = str(value.get("resourceType", ""))

    def place(self, path: str = "") -> Location:
        """Where an element stands."""
        return Location(f"Bundle.entry[{self.number}].resource" + (f".{path}" if path else ""))

    def referred(self, reference: object) -> Json:
        """The resource a Reference points to, an empty one when it is not in this Bundle."""
        target = one(reference).get("reference")
        return self.contents.find(target, self.number) if isinstance(target, str) else _NOTHING


def one(value: object) -> Json:
    """An object, or an empty one."""
    return value if isinstance(value, Mapping) else _NOTHING


def many(value: object) -> Sequence[Json]:
    """The objects of a list."""
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []


def text_of(value: object) -> str:
    """A primitive as it is written; decimals keep their digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        plainly = isinstance(exponent, int) and -_LONGEST_FRACTION <= exponent <= 0
        return format(value, "f") if plainly else str(value)
    return str(value).strip() if isinstance(value, str | int | float) else ""


def extensions(element: object, url: str) -> Iterator[Json]:
    """The extensions of an element with this URL."""
    return (extension for extension in many(one(element).get("extension")) if extension.get("url") == url)


def is_unvalidated(element: object) -> bool:
    """True when a code was kept as text: marked so by an extension, or words without any coding."""
    value = one(element)
    if is_marked(value):
        return True
    codings = many(value.get("coding"))
    if any(is_unvalidated(coding) for coding in codings):
        return True
    return bool(value.get("text")) and not codings


def is_marked(element: object) -> bool:
    """True when an extension says that the element was not validated."""
    marks = many(one(element).get("extension"))
    return any(
        (mark.get("url") == NULL_FLAVOR and mark.get("valueCode") == NOT_ENCODED)
        or UNVALIDATED in text_of(mark.get("url")).lower()
        for mark in marks
    )


def is_tagged_unvalidated(resource: Json) -> bool:
    """True when the whole resource is marked as not validated (meta.tag, meta.security)."""
    meta = one(resource.get("meta"))
    tags = [*many(meta.get("tag")), *many(meta.get("security"))]
    return any(UNVALIDATED in text_of(tag.get("code")).lower() for tag in tags)


def concept(element: object) -> tuple[str, tuple[Coding, ...]]:
    """(words, codes) of a CodeableConcept, a Coding or a code."""
    if isinstance(element, str):
        return element, (Coding("", element),)
    value = one(element)
    given = many(value.get("coding")) or ([value] if "code" in value else [])
    codes = tuple(
        Coding(text_of(coding.get("system")), text_of(coding.get("code")), text_of(coding.get("display")))
        for coding in given
        if coding.get("code")
    )
    displays = (text_of(coding.get("display")) for coding in given)
    words = text_of(value.get("text")) or next((display for display in displays if display), "")
    return words or (codes[0].code if codes else ""), codes


def coded(name: FactName, element: object, source: Location, table: Mapping[str, str] = _NO_WORDS) -> Fact | None:
    """A coded element; its words come from `table` when that knows one of the codes."""
    text, codes = concept(element)
    if codes and all(coding.system == NULL_FLAVORS for coding in codes):
        return None  # what stands in a required element when nobody stated it
    known = next((word for coding in codes if (word := worded(coding.code, table)) != coding.code), "")
    if not known and codes and codes[0].code in table:
        known = table[codes[0].code]
    if not text:
        return absent(name, element, source)
    kept_as_text = not isinstance(element, str) and is_unvalidated(element)
    return Fact(name, known or text, codes=codes, unvalidated=kept_as_text, source=source)


def primitive(
    name: FactName, value: Json, key: str, source: Location, table: Mapping[str, str] = _NO_WORDS
) -> Fact | None:
    """A code or time of `value`, or what its extensions (`_key`) keep in its stead: the sender's code or text."""
    beside = value.get(f"_{key}")
    kept = next((found.get("valueCodeableConcept") for found in extensions(beside, ALTERNATE_CODES)), None)
    original = next((text_of(found.get("valueString")) for found in extensions(beside, ORIGINAL_TEXT)), "")
    if is_marked(beside) and (kept or original):
        text, codes = concept(kept) if kept else (original, ())
        return Fact(name, text, codes=codes, unvalidated=True, source=source)
    text = text_of(value.get(key))
    if not text:
        return absent(name, beside, source)
    if table:
        _, codes = concept(kept)
        return Fact(name, worded(text, table), codes=(Coding("", text), *codes), source=source)
    return moment(name, text, source)


def stated(status: object) -> str:
    """A required status, "" when it is the `unknown` that stands there because nobody stated it."""
    text = text_of(status)
    return "" if text == "unknown" else text


def absent(name: FactName, element: object, source: Location) -> Fact | None:
    """The fact that a value is absent for a stated reason."""
    reason = next((text_of(found.get("valueCode")) for found in extensions(element, ABSENT_REASON)), "")
    return Fact(name, f"not stated ({reason})", source=source) if reason else None


def plain(name: FactName, value: object, source: Location) -> Fact | None:
    """A primitive as text."""
    text = text_of(value)
    return Fact(name, text, source=source) if text else None


def moment(name: FactName, value: object, source: Location) -> Fact | None:
    """A date, dateTime or instant with the precision it has."""
    text = text_of(value)
    if not text:
        return None
    try:
        time = PartialDateTime.from_fhir(text)
    except ValueError:
        return Fact(name, text, source=source)
    return Fact(name, time_text(time), time=time, source=source)


def quantity(name: FactName, element: object, source: Location) -> Fact | None:
    """A Quantity: comparator, number and every spelling of its unit."""
    value = one(element)
    number = text_of(value.get("value"))
    kept = next((text_of(found.get("valueString")) for found in extensions(value.get("_value"), ORIGINAL_TEXT)), "")
    if not number and not kept:
        return absent(name, element, source) or absent(name, value.get("_value"), source)
    units = dict.fromkeys(unit for unit in (text_of(value.get("unit")), text_of(value.get("code"))) if unit)
    comparator = text_of(value.get("comparator"))
    text = f"{comparator} {number or kept}".strip()
    return Fact(name, text, units=tuple(units), unvalidated=not number, source=source)


def span(name: FactName, element: object, source: Location, between: str = "to") -> Fact | None:
    """A Range: `1 to 2` with the unit of either end."""
    value = one(element)
    low, high = quantity(name, value.get("low"), source), quantity(name, value.get("high"), source)
    if low is None or high is None:
        end = low or high
        return end and Fact(name, f"{'>=' if low else '<='} {end.text}", units=end.units, source=source)
    return Fact(name, f"{low.text} {between} {high.text}", units=low.units or high.units, source=source)


def ratio(name: FactName, element: object, source: Location) -> Fact | None:
    """A Ratio: `1 : 128`, `5 mg / 1 mL`."""
    value = one(element)
    above, below = quantity(name, value.get("numerator"), source), quantity(name, value.get("denominator"), source)
    if above is None or below is None:
        return above
    if below.text == "1" and not below.units:
        return above
    return Fact(name, f"{above.shown} {'/' if above.units else ':'} {below.shown}", source=source)


def person_name(element: object) -> str:
    """A HumanName: prefix, given names, family name, suffix; its text when it has no parts."""
    value = one(element)
    parts = [*_texts(value.get("prefix")), *_texts(value.get("given")), text_of(value.get("family"))]
    parts += _texts(value.get("suffix"))
    return " ".join(part for part in parts if part) or text_of(value.get("text"))


def address(element: object) -> str:
    """An Address: lines, city, state, postal code, country; its text when it has no parts."""
    value = one(element)
    parts = [*_texts(value.get("line"))]
    parts += [text_of(value.get(name)) for name in ("city", "state", "postalCode", "country")]
    return ", ".join(part for part in parts if part) or text_of(value.get("text"))


def timing(element: object, source: Location) -> Fact | None:
    """A Timing: its code in words, else its repeat pattern, else its text."""
    value = one(element)
    text, codes = concept(value.get("code"))
    repeat = one(value.get("repeat"))
    for coding in codes:
        word = worded(coding.code, FREQUENCY)
        if word != coding.code:
            return Fact(FactName.TIMING, word, codes=codes, source=source)
    if repeat.get("period") is not None:
        frequency, period = text_of(repeat.get("frequency")) or "1", text_of(repeat.get("period"))
        text = times_per(frequency, period, text_of(repeat.get("periodUnit")))
    return Fact(FactName.TIMING, text, codes=codes, source=source) if text else None


def notes(resource: Resource) -> Iterator[Fact]:
    """Annotations."""
    for number, note in enumerate(many(resource.value.get("note"))):
        fact = plain(FactName.NOTE, note.get("text"), resource.place(f"note[{number}]"))
        if fact is not None:
            yield fact


def item(key: str, named: object, resource: Resource, path: str, found: Iterable[Fact | None]) -> Item:
    """An item named by a CodeableConcept, or by the display of a Reference."""
    label, codes = concept(named)
    label = label or text_of(one(named).get("display"))
    if codes and all(coding.system in (NULL_FLAVORS, ABSENT_REASONS) for coding in codes):
        label, codes = "", ()
    unvalidated = is_unvalidated(named) or is_tagged_unvalidated(resource.value)
    known = tuple(fact for fact in found if fact is not None)
    return Item(key, label, known, codes, unvalidated, resource.place(path))


def provider_name(element: object) -> str:
    """A HumanName without titles, as `v2_facts.provider_name` reads an XCN."""
    value = one(element)
    parts = [*_texts(value.get("given")), text_of(value.get("family"))]
    return " ".join(part for part in parts if part) or text_of(value.get("text"))


def _texts(values: object) -> list[str]:
    return [text_of(value) for value in values] if isinstance(values, list) else []
