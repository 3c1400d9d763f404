"""A v2 message without what says whose it is: structure, codes, results and delimiters stay as they are.

What a place holds is told by its data type (`v2.phi`). Names, numbers, addresses become pseudonyms, dates move by as
many days as the patient's key says, free text is searched, documents are taken out. What no dictionary describes
cannot be recognised safely: it is removed or kept as the policy says, and listed either way.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from workbench.security.deidentified import Change, Deidentified, Fate, Policy, Rules
from workbench.security.free_text import SHORTEST_KNOWN, replace_known, scan
from workbench.security.pseudonyms import Pseudonyms
from workbench.v2.delimiters import NULL
from workbench.v2.dictionary import Dictionary, dictionary
from workbench.v2.er7 import HEADERS, Message, Segment
from workbench.v2.escapes import escape, unescape
from workbench.v2.phi import Category, category, data_type_of

_NOTE = "document removed by de-identification"
_AFFIXES = frozenset(
    """
    jr sr i ii iii iv v dr mr mrs ms miss mx prof md do phd rn np pa bs ba ma msc mba dds dmd pharmd esq rev frcp mb
    mbbs frcs fcp faap facp rph lpn cna crna dvm od dpm dc
    """.split()  # noqa: SIM905  # a list of forty quoted words hides what it says
)
_FAMILY = {"XPN": 1, "PN": 1, "XCN": 2, "CN": 2, "CNN": 2, "PPN": 2, "CM_NDL": 2}
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{400,}={0,2}\s*")
_HIDDEN = re.compile(r"(?:X[0-9A-Fa-f]{2}|[CM][0-9A-Fa-f]{4})")
_DATE = re.compile(
    r"(\d{8}(?=(?:\d\d){0,3}(?:\.\d{1,4})?(?:[+-]\d{4})?$)|\d{4}(?:\d\d)?(?=(?:[+-]\d{4})?$))[\d.+-]*", re.ASCII
)
_NAMED_NUMBERS = frozenset({Category.IDENTIFIER, Category.CONTACT, Category.STREET, Category.CITY})
_LONG_CODE = 6
_NUMBERS = frozenset({"NM", "SI", "TM", "SN", "VID", "MSG", "CM_MSG", "PT", "ID", "CQ", "MO", "CP"})
_PATIENT_ID_TYPES = ("MR", "PI", "PN", "PT")


def deidentify(
    message: Message, pseudonyms: Pseudonyms, rules: Rules | None = None, places: bool = True
) -> Deidentified:
    """Replace, move, search and remove; never raises for what a message holds.

    places  work out the path of every change; without, `Change.path` is the field, and it takes half the time
    """
    walk = _Walk(message, pseudonyms, rules or Rules(), dictionary(message.version), places)
    walk.learn()
    pieces: list[str] = []
    at = 0
    for segment in message.segments:
        pieces += (message.text[at : segment.start], walk.segment(segment))
        at = segment.start + len(segment.text)
    pieces.append(message.text[at:])
    mark = message.raw[: message.byte_span(0, 0).start]
    raw = mark + "".join(pieces).encode(message.encoding, "surrogateescape")
    return Deidentified(raw, tuple(walk.changes))


def subject_of(patient: Segment | None) -> str:
    """Who a PID is about, for the key of names and dates: the first number of type MR, else the first of all.

    The same in every message that states the same number, so captures can be de-identified one by one.
    """
    if patient is None:
        return ""
    numbers = [
        (patient.value(3, repetition, 5), patient.value(3, repetition))
        for repetition in range(1, len(patient.repetitions(3)) + 1)
    ]
    for wanted in _PATIENT_ID_TYPES:
        for kind, number in numbers:
            if kind == wanted and number:
                return number
    fallback = (number for _, number in numbers if number)
    return (
        next(fallback, "") or patient.value(2) or patient.value(18) or f"{patient.value(5)} {patient.value(7)}".strip()
    )


@dataclass(slots=True)
class _Leaf:
    """One primitive on its way: where it stands and what it is."""

    segment: Segment
    place: tuple[int, int, int, int]
    data_type: str
    category: Category
    text: str

    @property
    def path(self) -> str:
        field_number, repetition, component, subcomponent = self.place
        parts = self.segment.components(field_number, repetition)
        whole = len(parts) <= 1 and component == 1 and subcomponent <= 1
        return self.segment.path(
            field_number, repetition, 0 if whole else component, 0 if subcomponent <= 1 else subcomponent
        )

    @property
    def field(self) -> str:
        return f"{self.segment.name or 'no segment'}-{self.place[0]}"


@dataclass(slots=True)
class _Walk:
    """One message under way.

    known    what identifies somebody here, casefolded, with its pseudonym
    telling  those so long that a code does not hold them by chance
    """

    message: Message
    pseudonyms: Pseudonyms
    rules: Rules
    dictionary: Dictionary
    places: bool
    changes: list[Change] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    telling: dict[str, str] = field(default_factory=dict)
    subjects: list[str] = field(default_factory=list)
    leaves: dict[int, dict[int, list[_Leaf]]] = field(default_factory=dict)

    def learn(self) -> None:
        """Find out whose message it is and collect what free text is searched for."""
        first = self.message.first("PID")
        subject = subject_of(first)
        for segment in self.message.segments:
            if segment.name == "PID" and segment is not first:
                subject = subject_of(segment)
            self.subjects.append(subject)
        for segment in self.message.segments:
            if self._is_described(segment):
                self.leaves[segment.index] = fields = self._leaves(segment)
                for leaves in fields.values():
                    for leaf in leaves:
                        self._remember(leaf)
        self.telling = {value: after for value, after in self.known.items() if len(value) >= _LONG_CODE}

    def segment(self, segment: Segment) -> str:
        """The text of a segment as it leaves."""
        leaves = self.leaves.get(segment.index)
        if leaves is None:
            return self._unknown_segment(segment)
        fields = list(segment.fields)
        for number, found in leaves.items():
            fields[number] = self._field(segment, number, found)
        if segment.name in HEADERS:
            del fields[1]
        return self.message.delimiters.field.join(fields)

    def _is_described(self, segment: Segment) -> bool:
        return bool(segment.name) and self.dictionary.segment(segment.name) is not None

    def _unknown_segment(self, segment: Segment) -> str:
        """Z segments, segments of other versions and lines that are no segments."""
        name = segment.name or "no segment"
        doubt = "no dictionary describes this segment"
        if self.rules.unknown is Policy.KEEP:
            separator = self.message.delimiters.field
            head, mark, rest = segment.text.partition(separator) if segment.name else ("", "", segment.text)
            after = head + mark + self._searched(rest, self.subjects[segment.index])
            self.changes.append(
                Change(segment.path(), name, Category.UNKNOWN, Fate.SEARCHED, segment.text, after, doubt)
            )
            return after
        after = segment.name + self.message.delimiters.field if segment.name else ""
        self.changes.append(Change(segment.path(), name, Category.UNKNOWN, Fate.REMOVED, segment.text, after, doubt))
        return after

    def _field(self, segment: Segment, number: int, leaves: list[_Leaf]) -> str:
        delimiters = self.message.delimiters
        after = {leaf.place[1:]: self._leaf(leaf) for leaf in leaves}
        repetitions = segment.repetitions(number)
        for repetition, text in enumerate(repetitions, 1):
            components = _split(text, delimiters.component)
            for component, part in enumerate(components, 1):
                inner = _split(part, delimiters.subcomponent)
                for place, old in enumerate(inner, 1):
                    inner[place - 1] = after.get((repetition, component, place), old)
                components[component - 1] = delimiters.subcomponent.join(inner)
            repetitions[repetition - 1] = delimiters.component.join(components)
        return delimiters.repetition.join(repetitions)

    def _leaves(self, segment: Segment) -> dict[int, list[_Leaf]]:
        """By field, the populated primitives that may have to change; explicit nulls say nothing about anybody."""
        first = 3 if segment.name in HEADERS else 1
        found = ((n, list(self._leaves_of(segment, n))) for n, text in enumerate(segment.fields) if n >= first and text)
        return {n: leaves for n, leaves in found if leaves}

    def _leaves_of(self, segment: Segment, number: int) -> Iterator[_Leaf]:
        data_type = data_type_of(segment, number, self.dictionary)
        delimiters = self.message.delimiters
        for repetition, whole in enumerate(segment.repetitions(number), 1):
            for component, text in enumerate(_split(whole, delimiters.component), 1):
                for place, part in enumerate(_split(text, delimiters.subcomponent) if text else (), 1):
                    if part and part != NULL and not part.isspace():
                        kind = category(segment.name, number, component, data_type, self.dictionary, place)
                        if kind is not Category.NONE or self._may_tell(part, data_type):
                            yield _Leaf(segment, (number, repetition, component, place), data_type, kind, part)

    def _may_tell(self, text: str, data_type: str) -> bool:
        """True for codes so long that nobody would take one of a person's names or numbers for them by chance."""
        return len(text) >= _LONG_CODE and data_type not in _NUMBERS

    def _remember(self, leaf: _Leaf) -> None:
        """Take a value into the list free text is searched for."""
        value = unescape(leaf.text, self.message.delimiters)
        if leaf.category is Category.NAME:
            for word in (*value.split(), *re.split(r"[\s\-]+", value)):
                plain = word.strip(".,")
                if len(plain) >= SHORTEST_KNOWN:
                    self.known.setdefault(plain.casefold(), self._pseudonym(leaf, plain))
        elif leaf.category in _NAMED_NUMBERS and len(value) > SHORTEST_KNOWN and not value.isspace():
            self.known.setdefault(value.casefold(), self._pseudonym(leaf, value))

    def _leaf(self, leaf: _Leaf) -> str:
        """The text that stands for a leaf from now on."""
        kind = leaf.category
        if kind is Category.NONE:
            return self._code(leaf)
        if kind is Category.DATE:
            return self._date(leaf)
        if kind in (Category.TEXT, Category.CODED_TEXT, Category.UNKNOWN):
            return self._text(leaf)
        if kind is Category.DOCUMENT:
            return self._removed(leaf, _note(leaf.segment), "a document was taken out; nobody looked into it")
        if kind is Category.CHECK_DIGIT:
            return self._removed(leaf, "")
        if kind is Category.AFFIX:
            plain = "".join(filter(str.isalpha, leaf.text)).casefold()
            is_usual = all(word in _AFFIXES for word in re.split(r"[^a-z]+", leaf.text.casefold()) if word)
            return (
                leaf.text if is_usual or plain in _AFFIXES else self._removed(leaf, "", "an unusual prefix or suffix")
            )
        after = escape(self._pseudonym(leaf, unescape(leaf.text, self.message.delimiters)), self.message.delimiters)
        self._note(leaf, Fate.REPLACED, after)
        return after

    def _pseudonym(self, leaf: _Leaf, value: str) -> str:
        _, _, component, subcomponent = leaf.place
        subject = self.subjects[leaf.segment.index]
        match leaf.category:
            case Category.NAME:
                is_provider = leaf.data_type in ("XCN", "CN", "CNN", "NDL", "PPN", "CM_NDL")
                position = subcomponent if leaf.data_type == "NDL" else component
                is_family = position == _FAMILY.get(leaf.data_type, 2 if leaf.data_type == "NDL" else 0)
                return self.pseudonyms.name(value, "" if is_provider else subject, given=not is_family)
            case Category.STREET if component == 1 and subcomponent == 1:
                return self.pseudonyms.street(value, subject)
            case Category.CITY:
                return self.pseudonyms.city(value, subject)
            case Category.AREA if " " in value:
                return self.pseudonyms.city(value, subject)
            case Category.CONTACT if leaf.data_type == "XTN" and component == 6:
                return self.pseudonyms.identifier(value)
            case Category.CONTACT:
                return self.pseudonyms.contact(value)
            case Category.ORGANIZATION:
                return self.pseudonyms.organization(value)
            case _:
                return self.pseudonyms.identifier(value)

    def _code(self, leaf: _Leaf) -> str:
        """Codes stay, unless one says what identifies somebody elsewhere in this message."""
        delimiters = self.message.delimiters
        after = replace_known(leaf.text, self.telling, lambda found: escape(found, delimiters))
        if after != leaf.text:
            self._note(leaf, Fate.REPLACED, after, "a code says what identifies somebody elsewhere")
        return after

    def _date(self, leaf: _Leaf) -> str:
        digits = _date_digits(leaf.text)
        try:
            after = self.pseudonyms.date_digits(digits, self.subjects[leaf.segment.index]) + leaf.text[len(digits) :]
        except ValueError:
            return self._removed(leaf, "", "not a date that could be moved")
        self._note(leaf, Fate.SHIFTED, after)
        return after

    def _text(self, leaf: _Leaf) -> str:
        mark = self.message.delimiters.escape
        doubt = "" if leaf.category is Category.CODED_TEXT else "free text"
        if leaf.category is Category.UNKNOWN:
            doubt = "no dictionary describes this field"
            if self.rules.unknown is Policy.REMOVE:
                return self._removed(leaf, "", doubt)
        elif leaf.category is Category.TEXT and self.rules.text is Policy.REMOVE:
            return self._removed(leaf, "", doubt)
        if len(leaf.text) >= 400 and _BASE64.fullmatch(leaf.text):
            return self._removed(leaf, _NOTE, "what looks like a document was taken out")
        if mark and any(_HIDDEN.match(part) for part in leaf.text.split(mark)[1:]):
            return self._removed(leaf, "", "text hidden by hexadecimal or character set escapes")
        if leaf.category is Category.TEXT and leaf.data_type == "ST" and not any(map(str.isalpha, leaf.text)):
            doubt = ""  # a number or a sign in a string field: searched, and nothing to read
        after = self._searched(leaf.text, self.subjects[leaf.segment.index])
        if after != leaf.text or doubt:
            self._note(leaf, Fate.SEARCHED, after, doubt)
        return after

    def _searched(self, text: str, subject: str) -> str:
        delimiters = self.message.delimiters
        return scan(text, self.known, self.pseudonyms, subject, lambda found: escape(found, delimiters)).text

    def _removed(self, leaf: _Leaf, after: str, doubt: str = "") -> str:
        self._note(leaf, Fate.REMOVED, after, doubt)
        return after

    def _note(self, leaf: _Leaf, fate: Fate, after: str, doubt: str = "") -> None:
        path = leaf.path if self.places else leaf.field
        self.changes.append(Change(path, leaf.field, leaf.category, fate, leaf.text, after, doubt))


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator) if separator else [text]


def _note(segment: Segment) -> str:
    """The remark that stands for a document, in its own encoding (ED.4, table 0299)."""
    encoding = segment.value(5, 1, 4).casefold()
    data = _NOTE.encode("ascii")
    return (
        base64.b64encode(data).decode() if encoding == "base64" else data.hex().upper() if encoding == "hex" else _NOTE
    )


@lru_cache(maxsize=1 << 14)
def _date_digits(text: str) -> str:
    """The digits of the day; "" for what is not written as the standard writes dates and times (2.A.22)."""
    match = _DATE.fullmatch(text)
    return match[1] if match else ""
