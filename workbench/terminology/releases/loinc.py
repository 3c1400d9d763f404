"""The LOINC table: `Loinc.csv`, with `MapTo.csv` for retired terms and parts when they stand beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from workbench.kernel.progress import JobContext
from workbench.terminology.releases.records import STEP, Record, beside, rows_of, text_of

KEPT = (
    "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS", "STATUS", "CLASSTYPE",
    "SHORTNAME", "ORDER_OBS", "EXAMPLE_UNITS", "EXAMPLE_UCUM_UNITS", "COMMON_TEST_RANK", "PanelType",
    "EXTERNAL_COPYRIGHT_NOTICE",
)  # fmt: skip
_RETIRED = frozenset({"DEPRECATED", "DISCOURAGED"})
_NEEDED = ("LOINC_NUM", "LONG_COMMON_NAME", "STATUS")


def read_loinc(path: Path, ctx: JobContext) -> Iterator[Record]:
    """A record for each term; raises as `text_of` and `rows_of`, and Cancelled."""
    replaced = _map_to(path)
    with text_of(path) as text:
        for number, row in enumerate(rows_of(text, path.name, _NEEDED)):
            if number % STEP == 0:
                ctx.advance(number, label="reading LOINC")
            code = row["LOINC_NUM"]
            yield Record(
                code,
                row["LONG_COMMON_NAME"],
                synonyms=_synonyms(row),
                properties={name: value for name in KEPT if (value := row.get(name, "")) and value != "0"},
                retired=row["STATUS"].upper() in _RETIRED,
                replaced_by=tuple(replaced.get(code, ())),
            )


def _synonyms(row: dict[str, str]) -> tuple[str, ...]:
    related = (part.strip() for part in row.get("RELATEDNAMES2", "").split(";"))
    named = (row.get(name, "").strip() for name in ("DisplayName", "CONSUMER_NAME", "SHORTNAME"))
    return tuple(dict.fromkeys(text for text in (*named, *related) if text))


def _map_to(path: Path) -> dict[str, list[str]]:
    found = beside(path, "MapTo.csv", "LoincTable/MapTo.csv")
    replaced: dict[str, list[str]] = defaultdict(list)
    if found is not None:
        with text_of(found) as text:
            for row in rows_of(text, found.name, ("LOINC", "MAP_TO")):
                replaced[row["LOINC"]].append(row["MAP_TO"])
    return replaced
