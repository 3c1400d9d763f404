"""A v2 message without what says whose it is: structure, codes, results and delimiters stay as they are.

What a place holds is told by its data type (`v2.phi`). Names, numbers, addresses become pseudonyms, dates move by as
many days as the patient's key says, free text is searched, documents are taken out. What no dictionary describes
cannot be recognised safely: it is removed or kept as the policy says, and listed either way.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from workbench.security.deidentified import ASKED_TO_KEEP, Change, Deidentified, Fate, Policy, Rules
from workbench.security.free_text import replace_known, scan
from workbench.security.pseudonyms import Pseudonyms
from workbench.v2.dictionary import Dictionary, dictionary
from workbench.v2.er7 import HEADERS, Message, Segment
from workbench.v2.escapes import escaper
from workbench.v2.identifying import LONG_CODE, Leaf, Leaves, as_one, finder
from workbench.v2.phi import Category, data_type_of

_NOTE = "document removed by de-identification"
_AFFIXES = frozenset(
    """
    jr sr i ii iii iv v dr mr mrs ms miss mx prof md do phd rn np pa bs ba ma msc mba dds dmd pharmd esq rev frcp mb
    mbbs frcs fcp faap facp rph lpn cna crna dvm od dpm dc
    """.split()  # noqa: SIM905  # a list of forty quoted words hides what it says
)
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{400,}={0,2}\s*")
_HIDDEN = re.compile(r"(?:X[0-9A-Fa-f]{2}|[CM][0-9A-Fa-f]{4})")
_DATE = re.compile(
    r"(\d{8}(?=(?:\d\d){0,3}(?:\.\d{1,4})?(?:[+-]\d{4})?$)|\d{4}(?:\d\d)?(?=(?:[+-]\d{4})?$))[\d.+-]*", re.ASCII
)
_TEXTS = frozenset({Category.TEXT, Category.CODED_TEXT, Category.UNKNOWN})
_PATIENT_ID_TYPES = ("MR", "PI", "PN", "PT")


def deidentify(
    message: Message, pseudonyms: Pseudonyms, rules: Rules | None = None, places: bool = True
) -> Deidentified:
    """Replace, move, search and remove; never raises for what a message holds.

    places  work out the path of every change; without, `Change.path` is the field, and it takes half the time
    """
    walk = _Walk(
        message, pseudonyms, rules or Rules(), dictionary(message.version), places, escaper(message.delimiters)
    )
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


class _Field(NamedTuple):
    """A populated field on its way; `name` is as reports count it."""

    segment: Segment
    number: int
    name: str
    subject: str
    leaves: Leaves

    def path(self, leaf: Leaf) -> str:
        repetition, component, subcomponent = leaf.place
        parts = self.segment.components(self.number, repetition)
        whole = len(parts) <= 1 and component == 1 and subcomponent <= 1
        return self.segment.path(
            self.number, repetition, 0 if whole else component, 0 if subcomponent <= 1 else subcomponent
        )


@dataclass(slots=True)
class _Walk:
    """One message under way.

    known    what identifies somebody here, casefolded, with its pseudonym
    telling  those so long that a code does not hold them by chance
    escaped  writes a text with the delimiters of the message
    """

    message: Message
    pseudonyms: Pseudonyms
    rules: Rules
    dictionary: Dictionary
    places: bool
    escaped: Callable[[str], str]
    changes: list[Change] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    telling: dict[str, str] = field(default_factory=dict)
    subjects: list[str] = field(default_factory=list)
    fields: dict[int, list[_Field]] = field(default_factory=dict)

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
                self.fields[segment.index] = fields = self._fields_of(segment)
                for each in fields:
                    for leaf in each.leaves.telling:
                        self._remember(leaf, each.subject)
        self.telling = {value: after for value, after in self.known.items() if len(value) >= LONG_CODE}

    def segment(self, segment: Segment) -> str:
        """The text of a segment as it leaves."""
        populated = self.fields.get(segment.index)
        if populated is None:
            return self._unknown_segment(segment)
        fields = list(segment.fields)
        for each in populated:
            fields[each.number] = self._field(each)
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

    def _field(self, each: _Field) -> str:
        text, at = each.segment.fields[each.number], 0
        pieces: list[str] = []
        for leaf in each.leaves.all:
            after = self._leaf(each, leaf)
            if after is not leaf.text:
                pieces += (text[at : leaf.at], after)
                at = leaf.at + len(leaf.text)
        return "".join((*pieces, text[at:])) if pieces else text

    def _fields_of(self, segment: Segment) -> list[_Field]:
        """The populated fields with primitives that may have to change."""
        first, name, known = 3 if segment.name in HEADERS else 1, segment.name, self.dictionary
        find, subject = finder(self.message.delimiters, known), self.subjects[segment.index]
        found: list[_Field] = []
        for number, text in enumerate(segment.fields):
            if text and number >= first:
                data_type = data_type_of(segment, number, known)
                leaves, place = find(name, number, data_type, text), f"{name}-{number}"
                if self.rules.own and self.rules.asked(place, data_type) is Policy.REMOVE:
                    leaves = as_one(text, data_type, leaves)
                if leaves.all:
                    found.append(_Field(segment, number, place, subject, leaves))
        return found

    def _remember(self, leaf: Leaf, subject: str) -> None:
        """Take a value into the list free text is searched for."""
        for value, folded in leaf.known:
            if folded not in self.known:
                self.known[folded] = leaf.make(self.pseudonyms, value, subject)

    def _leaf(self, each: _Field, leaf: Leaf) -> str:
        """The text that stands for a leaf from now on."""
        kind = leaf.category
        if self.rules.own and (asked := self.rules.asked(each.name, leaf.data_type)) is not None:
            return self._as_asked(each, leaf, asked)
        if kind is Category.NONE:
            return self._code(each, leaf)
        if kind is Category.DATE:
            return self._date(each, leaf)
        if kind in _TEXTS:
            return self._text(each, leaf)
        if kind is Category.DOCUMENT:
            return self._removed(each, leaf, _note(each.segment), "a document was taken out; nobody looked into it")
        if kind is Category.CHECK_DIGIT:
            return self._removed(each, leaf, "")
        if kind is Category.AFFIX:
            plain = "".join(filter(str.isalpha, leaf.text)).casefold()
            is_usual = all(word in _AFFIXES for word in re.split(r"[^a-z]+", leaf.text.casefold()) if word)
            return (
                leaf.text
                if is_usual or plain in _AFFIXES
                else self._removed(each, leaf, "", "an unusual prefix or suffix")
            )
        after = self.escaped(leaf.make(self.pseudonyms, leaf.value, each.subject))
        self._note(each, leaf, Fate.REPLACED, after)
        return after

    def _as_asked(self, each: _Field, leaf: Leaf, asked: Policy) -> str:
        if asked is Policy.REMOVE:
            return self._removed(each, leaf, "")
        if leaf.category is not Category.NONE:
            self._note(each, leaf, Fate.KEPT, leaf.text, ASKED_TO_KEEP)
        return leaf.text

    def _code(self, each: _Field, leaf: Leaf) -> str:
        """Codes stay, unless one says what identifies somebody elsewhere in this message."""
        for value in self.telling:
            if value in leaf.folded:
                break
        else:
            return leaf.text
        after = replace_known(leaf.text, self.telling, self.escaped)
        if after != leaf.text:
            self._note(each, leaf, Fate.REPLACED, after, "a code says what identifies somebody elsewhere")
        return after

    def _date(self, each: _Field, leaf: Leaf) -> str:
        digits = _date_digits(leaf.text)
        try:
            after = self.pseudonyms.date_digits(digits, each.subject) + leaf.text[len(digits) :]
        except ValueError:
            return self._removed(each, leaf, "", "not a date that could be moved")
        self._note(each, leaf, Fate.SHIFTED, after)
        return after

    def _text(self, each: _Field, leaf: Leaf) -> str:
        mark = self.message.delimiters.escape
        doubt = "" if leaf.category is Category.CODED_TEXT else "free text"
        if leaf.category is Category.UNKNOWN:
            doubt = "no dictionary describes this field"
            if self.rules.unknown is Policy.REMOVE:
                return self._removed(each, leaf, "", doubt)
        elif leaf.category is Category.TEXT and self.rules.text is Policy.REMOVE:
            return self._removed(each, leaf, "", doubt)
        if len(leaf.text) >= 400 and _BASE64.fullmatch(leaf.text):
            return self._removed(each, leaf, _NOTE, "what looks like a document was taken out")
        if mark and any(_HIDDEN.match(part) for part in leaf.text.split(mark)[1:]):
            return self._removed(each, leaf, "", "text hidden by hexadecimal or character set escapes")
        if leaf.category is Category.TEXT and leaf.data_type == "ST" and not any(map(str.isalpha, leaf.text)):
            doubt = ""  # a number or a sign in a string field: searched, and nothing to read
        after = self._searched(leaf.text, each.subject)
        if after != leaf.text or doubt:
            self._note(each, leaf, Fate.SEARCHED, after, doubt)
        return after

    def _searched(self, text: str, subject: str) -> str:
        return scan(text, self.known, self.pseudonyms, subject, self.escaped).text

    def _removed(self, each: _Field, leaf: Leaf, after: str, doubt: str = "") -> str:
        self._note(each, leaf, Fate.REMOVED, after, doubt)
        return after

    def _note(self, each: _Field, leaf: Leaf, fate: Fate, after: str, doubt: str = "") -> None:
        path = each.path(leaf) if self.places else each.name
        self.changes.append(Change(path, each.name, leaf.category, fate, leaf.text, after, doubt))


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
