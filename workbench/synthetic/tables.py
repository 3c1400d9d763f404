"""What synthetic patients are made of: our own weighted tables in `resources/synthetic`, UTF-8 CSV with a header."""

from __future__ import annotations

import csv
from functools import cache
from typing import TypeAlias

from workbench.kernel.shipped import shipped
from workbench.synthetic.draw import Weighted

Row: TypeAlias = dict[str, str]


@cache
def rows(name: str) -> tuple[Row, ...]:
    """All rows of one table, in file order.

    raises  Unavailable KRN-0001: the installation lacks the table
    """
    with shipped("resources", "synthetic", f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


@cache
def weighted(name: str, column: str = "", value: str = "") -> Weighted[Row]:
    """The rows of one table with their weights; only those with `value` in `column` when a column is named."""
    return Weighted.of([(int(row["weight"]), row) for row in rows(name) if not column or row[column] == value])
