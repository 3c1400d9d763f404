"""What is humanly possible: limits of results and doses, made by us, to be read and corrected by clinicians."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from workbench.kernel.shipped import shipped

_SPELLINGS = {
    "mcg": "ug",
    "µg": "ug",
    "iu": "[iu]",
    "units": "[iu]",
    "unit": "[iu]",
    "c": "cel",
    "degc": "cel",
    "f": "[degf]",
    "degf": "[degf]",
    "mmhg": "mm[hg]",
    "mm hg": "mm[hg]",
    "bpm": "/min",
    "beats/min": "/min",
    "beats/minute": "/min",
    "k/ul": "10*3/ul",
    "10^3/ul": "10*3/ul",
    "x10^3/ul": "10*3/ul",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Below `lowest` or above `highest` a value is not humanly possible, or not given to people."""

    name: str
    unit: str
    lowest: Decimal
    highest: Decimal

    def allow(self, value: Decimal) -> bool:
        return self.lowest <= value <= self.highest


def unit_key(unit: str) -> str:
    """Spellings of one unit become one; UCUM's case is given up, for senders do not keep it."""
    plain = unit.strip().lower()
    return _SPELLINGS.get(plain, plain)


def result_limits(loinc: str, unit: str) -> Limits | None:
    """The limits of a test in a unit, None when no row says anything."""
    return _results().get((loinc, unit_key(unit)))


def dose_limits(drug: str, unit: str) -> Limits | None:
    """The limits of one dose of the first drug whose name stands in the text, None when no row says anything."""
    words = drug.casefold()
    return next((limits for (word, key), limits in _doses().items() if word in words and key == unit_key(unit)), None)


@cache
def _results() -> dict[tuple[str, str], Limits]:
    rows = _rows("results.csv")
    return {(row["loinc"], unit_key(row["unit"])): _limits(row["name"], row) for row in rows}


@cache
def _doses() -> dict[tuple[str, str], Limits]:
    return {(row["word"], unit_key(row["unit"])): _limits(row["word"], row) for row in _rows("doses.csv")}


def _limits(name: str, row: dict[str, str]) -> Limits:
    return Limits(name, row["unit"], Decimal(row["lowest"]), Decimal(row["highest"]))


def _rows(name: str) -> list[dict[str, str]]:
    with shipped("resources", "plausibility", name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
