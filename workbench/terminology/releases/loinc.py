"""The LOINC table: `Loinc.csv`, with what stands beside it: `MapTo.csv` for retired terms, answer lists, parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from workbench.kernel.progress import JobContext
from workbench.terminology.releases.records import STEP, Record, beside, rows_of, text_of

KEPT = (
    "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS", "STATUS", "CLASSTYPE",
    "SHORTNAME", "ORDER_OBS", "EXAMPLE_UNITS", "EXAMPLE_UCUM_UNITS", "COMMON_TEST_RANK", "PanelType",
    "EXTERNAL_COPYRIGHT_NOTICE",
)  # fmt: skip
ANSWERS = "ANSWERS"
"""Property with the texts of a term's answer list, divided by `; `."""
_RETIRED = frozenset({"DEPRECATED", "DISCOURAGED"})
_NEEDED = ("LOINC_NUM", "LONG_COMMON_NAME", "STATUS")


def read_loinc(path: Path, ctx: JobContext) -> Iterator[Record]:
    """A record for each term; raises as `text_of` and `rows_of`, and Cancelled."""
    replaced, answers, parts = _map_to(path), _answers(path), _parts(path)
    with text_of(path) as text:
        for number, row in enumerate(rows_of(text, path.name, _NEEDED)):
            if number % STEP == 0:
                ctx.advance(number, label="reading LOINC")
            code = row["LOINC_NUM"]
            yield Record(
                code,
                row["LONG_COMMON_NAME"],
                synonyms=_synonyms(row, parts.get(code, ())),
                properties=_properties(row, answers.get(code, ()), parts.get(code, ())),
                retired=row["STATUS"].upper() in _RETIRED,
                replaced_by=tuple(replaced.get(code, ())),
            )


def _properties(row: dict[str, str], answers: Sequence[str], parts: Sequence[_Part]) -> dict[str, str]:
    """What is kept of a row; axes that its columns leave empty come from the parts."""
    found = {part.axis: part.name for part in parts if part.axis in _PART_AXES}
    found |= {name: value for name in KEPT if (value := row.get(name, "")) and value != "0"}
    return {**found, ANSWERS: "; ".join(answers)} if answers else found


def _synonyms(row: dict[str, str], parts: Sequence[_Part]) -> tuple[str, ...]:
    related = (part.strip() for part in row.get("RELATEDNAMES2", "").split(";"))
    named = (row.get(name, "").strip() for name in ("DisplayName", "CONSUMER_NAME", "SHORTNAME"))
    displays = (
        part.display for part in parts if part.axis in ("COMPONENT", "METHOD_TYP") and part.display != part.name
    )
    return tuple(dict.fromkeys(text for text in (*named, *related, *displays) if text))


def _map_to(path: Path) -> dict[str, list[str]]:
    found = beside(path, "MapTo.csv", "LoincTable/MapTo.csv")
    replaced: dict[str, list[str]] = defaultdict(list)
    if found is not None:
        with text_of(found) as text:
            for row in rows_of(text, found.name, ("LOINC", "MAP_TO")):
                replaced[row["LOINC"]].append(row["MAP_TO"])
    return replaced


class _Part(NamedTuple):
    """A part of a term: the column it belongs to, its name there, and how people word it."""

    axis: str
    name: str
    display: str


def _parts(path: Path) -> dict[str, list[_Part]]:
    """The parts of each term, from the primary links and the list of parts."""
    links = beside(path, "LoincPartLink_Primary.csv", "AccessoryFiles/PartFile/LoincPartLink_Primary.csv")
    listed = beside(path, "Part.csv", "AccessoryFiles/PartFile/Part.csv")
    parts: dict[str, list[_Part]] = defaultdict(list)
    if links is None:
        return parts
    displays: dict[str, str] = {}
    if listed is not None:
        with text_of(listed) as text:
            for row in rows_of(text, listed.name, ("PartNumber", "PartDisplayName")):
                displays[row["PartNumber"]] = row["PartDisplayName"]
    with text_of(links) as text:
        for row in rows_of(text, links.name, ("LoincNumber", "PartNumber", "PartName", "PartTypeName")):
            axis = _AXIS_OF_PART.get(row["PartTypeName"].upper())
            if axis is not None:
                name = row["PartName"]
                parts[row["LoincNumber"]].append(_Part(axis, name, displays.get(row["PartNumber"]) or name))
    return parts


_PART_AXES = ("COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP")
_AXIS_OF_PART = {
    "COMPONENT": "COMPONENT", "PROPERTY": "PROPERTY", "TIME": "TIME_ASPCT", "SYSTEM": "SYSTEM", "SCALE": "SCALE_TYP",
    "METHOD": "METHOD_TYP",
}  # fmt: skip


def _answers(path: Path) -> dict[str, list[str]]:
    """The texts of the answer list that each term names as its own."""
    links = beside(path, "LoincAnswerListLink.csv", "AccessoryFiles/AnswerFile/LoincAnswerListLink.csv")
    lists = beside(path, "AnswerList.csv", "AccessoryFiles/AnswerFile/AnswerList.csv")
    answers: dict[str, list[str]] = defaultdict(list)
    if links is None or lists is None:
        return answers
    texts: dict[str, list[str]] = defaultdict(list)
    with text_of(lists) as text:
        for row in rows_of(text, lists.name, ("AnswerListId", "DisplayText")):
            texts[row["AnswerListId"]].append(row["DisplayText"])
    with text_of(links) as text:
        for row in rows_of(text, links.name, ("LoincNumber", "AnswerListId")):
            answers[row["LoincNumber"]] += texts.get(row["AnswerListId"], [])
    return answers
