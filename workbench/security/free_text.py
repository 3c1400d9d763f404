"""Finding what identifies somebody in free text: what is known from the same message, and what has a telling form.

Known names, numbers and addresses are found in any case; dates, telephone numbers, e-mail addresses, long numbers and
names after a title by their form. A name that stands nowhere else and has no title is not found: whoever publishes
de-identified text has to read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from workbench.security.pseudonyms import Pseudonyms

SHORTEST_KNOWN = 3
_MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in _MONTHS)
_FORMS = re.compile(
    rf"""
    (?P<email>[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+)
    |(?P<url>\b(?i:https?)://[^\s|^~&]+(?<![.,;:!?)]))
    |(?P<iso>\b(?P<iy>(?:1[89]|20)\d\d)-(?P<im>\d\d)-(?P<id>\d\d)(?!\d))
    |(?P<numeric>(?<![\d./\-])(?P<n1>\d{{1,2}})(?P<sep>[/.\-])(?P<n2>\d{{1,2}})(?P=sep)(?P<ny>(?:1[89]|20)?\d\d)(?![\d]))
    |(?P<dmy>\b(?P<dd>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<dm>(?i:{_MONTH}))\.?,?\s+(?P<dy>(?:1[89]|20)\d\d)\b)
    |(?P<mdy>\b(?P<mm>(?i:{_MONTH}))\.?\s+(?P<md>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<my>(?:1[89]|20)\d\d)\b)
    |(?P<hl7>(?<!\d)(?:1[89]|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[0-2]\d[0-5]\d(?:[0-5]\d)?)?(?!\d))
    |(?P<phone>(?<![\w])(?:\+\d{{1,3}}[\s.\-]?)?(?:\(\d{{2,4}}\)[\s.\-]?|\d{{2,4}}[\s.\-])\d{{3,4}}[\s.\-]?\d{{3,4}}(?!\d))
    |(?P<ssn>(?<!\d)\d{{3}}-\d\d-\d{{4}}(?!\d))
    |(?P<number>(?<![\d.,])(?:[A-Z]{{1,4}}-?)?\d{{6,}}(?![\d]|[.,]\d))
    |(?P<titled>\b(?i:mr|mrs|ms|miss|dr|prof|nurse|sister|patient|pt|herr|frau|mme|sr|sra)\.?\s+
        (?P<who>[A-Z\u00c0-\u00de][\w'\u2019\-]+(?:\s+[A-Z\u00c0-\u00de][\w'\u2019\-]+)?))
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A text without what was found, and how much that was; `doubtful` counts dates whose form has two readings."""

    text: str
    found: int
    doubtful: int = 0


def scan(
    text: str,
    known: Mapping[str, str],
    pseudonyms: Pseudonyms,
    subject: str,
    quoted: Callable[[str], str] = str,
) -> Scanned:
    """Replace what identifies somebody.

    known    what stands elsewhere in the message, casefolded, with its pseudonym
    subject  whose dates they are
    quoted   how a pseudonym is written in this place (escapes)
    """
    found = doubtful = 0

    def telling_form(match: re.Match[str]) -> str:
        nonlocal found, doubtful
        replacement, is_doubtful = _replacement(match, pseudonyms, subject)
        found += replacement != match.group()
        doubtful += is_doubtful
        return quoted(replacement) if replacement != match.group() else match.group()

    # What a known value became must not be found again by its form: text between known values is searched apart.
    pieces = []
    for piece, is_known in _split_at_known(text, known):
        found += is_known
        pieces.append(quoted(piece) if is_known else _FORMS.sub(telling_form, piece))
    return Scanned("".join(pieces), found, doubtful)


def replace_known(text: str, known: Mapping[str, str], quoted: Callable[[str], str] = str) -> str:
    """Replace only what stands elsewhere in the message; for places that hold codes."""
    return "".join(quoted(piece) if is_known else piece for piece, is_known in _split_at_known(text, known))


def _split_at_known(text: str, known: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """The text in pieces: as it is, or the pseudonym of a known value, spelled as the value was."""
    folded = text.casefold()
    pattern = _known_pattern(tuple(value for value in known if value in folded))
    at = 0
    for match in pattern.finditer(text) if pattern else ():
        yield text[at : match.start()], False
        value = known.get(match.group().casefold(), "removed")
        yield value.upper() if match.group().isupper() else value, True
        at = match.end()
    yield text[at:], False


def _known_pattern(values: tuple[str, ...]) -> re.Pattern[str] | None:
    listed = sorted((value for value in values if len(value) >= SHORTEST_KNOWN), key=len, reverse=True)
    if not listed:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, listed))})(?!\w)", re.IGNORECASE)


def _replacement(match: re.Match[str], pseudonyms: Pseudonyms, subject: str) -> tuple[str, bool]:
    """What stands for a found text, and whether it had two readings."""
    text, groups = match.group(), match.groupdict()
    if groups["email"] or groups["phone"]:
        return pseudonyms.contact(text), False
    if groups["url"]:
        return "https://example.org/removed", False
    if groups["titled"]:
        who = groups["who"]
        return text[: -len(who)] + pseudonyms.name(who, subject, given=False), False
    if groups["ssn"] or groups["number"]:
        return pseudonyms.identifier(text), False
    try:
        return _moved(groups, text, pseudonyms, subject)
    except ValueError:
        # No such day: a version number or a ratio such as 3/4/99, or a number that only looks like a date.
        return (pseudonyms.identifier(text) if groups["hl7"] else text), False


def _moved(groups: Mapping[str, str | None], text: str, pseudonyms: Pseudonyms, subject: str) -> tuple[str, bool]:
    """A date in its own way of writing; raises ValueError when there is no such day."""
    if groups["hl7"]:
        return pseudonyms.date_digits(text[:8], subject) + text[8:], False
    if groups["iso"]:
        digits = pseudonyms.date_digits(text.replace("-", ""), subject)
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}", False
    if groups["numeric"]:
        return _numeric(groups, pseudonyms, subject)
    day, name, year = (
        (groups["dd"], groups["dm"], groups["dy"]) if groups["dmy"] else (groups["md"], groups["mm"], groups["my"])
    )
    month = next(n for n, full in enumerate(_MONTHS, 1) if full.startswith(str(name)[:3].casefold()))
    moved = _day(pseudonyms, subject, int(str(year)), month, int(str(day)))
    written = _MONTHS[moved.month - 1][: len(str(name)) if len(str(name)) == 3 else None]
    written = written.upper() if str(name).isupper() else written.title() if str(name)[0].isupper() else written
    return (f"{moved.day} {written} {moved.year}" if groups["dmy"] else f"{written} {moved.day}, {moved.year}"), False


def _numeric(groups: Mapping[str, str | None], pseudonyms: Pseudonyms, subject: str) -> tuple[str, bool]:
    first, second, year, mark = (str(groups[name]) for name in ("n1", "n2", "ny", "sep"))
    full = int(year) if len(year) == 4 else 1900 + int(year) if int(year) > 30 else 2000 + int(year)
    day_first = int(first) > 12 or (mark == "." and int(second) <= 12)
    day, month = (int(first), int(second)) if day_first else (int(second), int(first))
    moved = _day(pseudonyms, subject, full, month, day)
    parts = (moved.day, moved.month) if day_first else (moved.month, moved.day)
    one, two = (f"{n:0{len(old)}}" for n, old in zip(parts, (first, second), strict=True))
    is_doubtful = int(first) <= 12 and int(second) <= 12 and first != second
    return f"{one}{mark}{two}{mark}{str(moved.year)[-len(year) :]}", is_doubtful


def _day(pseudonyms: Pseudonyms, subject: str, year: int, month: int, day: int) -> date:
    digits = pseudonyms.date_digits(f"{year:04}{month:02}{day:02}", subject)
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
