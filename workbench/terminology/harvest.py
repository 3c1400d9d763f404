"""The codes that a sender really sends: each once, with how often, how worded and where it was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

EXAMPLES = 5
SAMPLE_VALUES = 50
"""Distinct values that are kept of one code: enough to tell numbers from words."""
NULL = '""'


@dataclass(frozen=True, slots=True)
class SeenCode:
    """One occurrence of a code.

    field     what the code was found in, without repetition: `OBX-3`. Fields that share a code map may be given one
              name by the caller; codes of different fields are never counted together, for `M` means many things
    message   0-based number of the message in its capture
    units     as sent beside the value (OBX-6), specimen as sent beside the order (SPM-4, OBR-15)
    value     the result reported under the code (OBX-5), a patient's: it stays in memory
    range     reference range as sent beside the value (OBX-7)
    context   the panel or order it stands in (OBR-4)
    """

    code: str
    text: str = ""
    system: str = ""
    field: str = ""
    message: int = 0
    units: str = ""
    specimen: str = ""
    value: str = ""
    range: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class LocalCode:
    """A distinct code of one field, with everything that was seen of it; the most frequent wording comes first.

    code      "" for a text that came without a code; then the text is the identity
    count     occurrences
    texts     (wording, occurrences); likewise units and specimens
    messages  0-based numbers of the first messages that hold it
    values    (value, occurrences) of the results reported under it. They are patients' values: keep them in memory
    context   what it stands in most often: a panel, a department, an order category
    ranges    (reference range, occurrences)
    """

    code: str
    system: str = ""
    field: str = ""
    count: int = 0
    texts: tuple[tuple[str, int], ...] = ()
    units: tuple[tuple[str, int], ...] = ()
    specimens: tuple[tuple[str, int], ...] = ()
    messages: tuple[int, ...] = ()
    values: tuple[tuple[str, int], ...] = ()
    context: str = ""
    ranges: tuple[tuple[str, int], ...] = ()

    @property
    def text(self) -> str:
        """The wording seen most often, "" when there was none."""
        return self.texts[0][0] if self.texts else ""

    @property
    def unit(self) -> str:
        """The unit seen most often, "" when there was none."""
        return self.units[0][0] if self.units else ""

    @property
    def specimen(self) -> str:
        """The specimen seen most often, "" when there was none."""
        return self.specimens[0][0] if self.specimens else ""


@dataclass(slots=True)
class _Tally:
    count: int = 0
    texts: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    specimens: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    ranges: Counter[str] = field(default_factory=Counter)
    contexts: Counter[str] = field(default_factory=Counter)
    messages: set[int] = field(default_factory=set)


_Key = tuple[str, str, str, str]


def seen_codes(
    field_path: str, components: Sequence[str], message: int = 0, units: str = "", specimen: str = ""
) -> tuple[SeenCode, ...]:
    """What a CWE, CE or CNE says (v2.5.1 2.A.13): its first triple, its alternate one, or its text alone.

    components  unescaped values of components 1, 2, 3…; a coded field without components (ID, IS) has just one
    """
    parts = ["" if value == NULL else value.strip() for value in components]
    parts += [""] * (9 - len(parts))
    found = tuple(
        SeenCode(code, text, system, field_path, message, units, specimen)
        for code, text, system in (parts[0:3], parts[3:6])
        if code
    )
    text = parts[1] or parts[8] or parts[4]
    if found or not text:
        return found
    return (SeenCode("", text, parts[2], field_path, message, units, specimen),)


def harvest(codes: Iterable[SeenCode]) -> tuple[LocalCode, ...]:
    """Every distinct code, most frequent first (then by field, system and code)."""
    tallies: dict[_Key, _Tally] = {}
    for seen in codes:
        if not seen.code and not seen.text:
            continue
        key = (seen.field, seen.system, seen.code, "" if seen.code else seen.text)
        tally = tallies.get(key)
        if tally is None:
            tally = tallies[key] = _Tally()
        tally.count += 1
        if seen.text:
            tally.texts[seen.text] += 1
        if seen.units:
            tally.units[seen.units] += 1
        if seen.specimen:
            tally.specimens[seen.specimen] += 1
        if seen.range:
            tally.ranges[seen.range] += 1
        if seen.context:
            tally.contexts[seen.context] += 1
        if seen.value and (len(tally.values) < SAMPLE_VALUES or seen.value in tally.values):
            tally.values[seen.value] += 1
        if len(tally.messages) < EXAMPLES or seen.message < max(tally.messages):
            tally.messages.add(seen.message)
    return _ordered(tallies)


def merge(harvests: Iterable[Iterable[LocalCode]]) -> tuple[LocalCode, ...]:
    """The harvest of all parts of a capture from the harvests of each part."""
    tallies: dict[_Key, _Tally] = {}
    for local in (local for part in harvests for local in part):
        key = (local.field, local.system, local.code, "" if local.code else local.text)
        tally = tallies.setdefault(key, _Tally())
        tally.count += local.count
        tally.texts.update(dict(local.texts))
        tally.units.update(dict(local.units))
        tally.specimens.update(dict(local.specimens))
        tally.values.update(dict(local.values))
        tally.ranges.update(dict(local.ranges))
        if local.context:
            tally.contexts[local.context] += local.count
        tally.messages.update(local.messages)
    return _ordered(tallies)


def _ordered(tallies: dict[_Key, _Tally]) -> tuple[LocalCode, ...]:
    locals_ = [
        LocalCode(
            code=code,
            system=system,
            field=field_path,
            count=tally.count,
            texts=_by_count(tally.texts),
            units=_by_count(tally.units),
            specimens=_by_count(tally.specimens),
            messages=tuple(sorted(tally.messages)[:EXAMPLES]),
            values=_by_count(tally.values)[:SAMPLE_VALUES],
            context=_by_count(tally.contexts)[0][0] if tally.contexts else "",
            ranges=_by_count(tally.ranges),
        )
        for (field_path, system, code, _), tally in tallies.items()
    ]
    return tuple(sorted(locals_, key=lambda local: (-local.count, local.field, local.system, local.code, local.text)))


def _by_count(counter: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
