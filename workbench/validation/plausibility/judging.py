"""What both standards are asked: dates, flags, words. A question that lacks an answer says nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from workbench.kernel.partial_time import PartialDateTime, Precision

OLDEST_YEARS = 125
CLOCK_DRIFT = timedelta(days=1)
"""Clocks and zones of senders differ; only what is beyond a day is told."""

PREGNANCY = re.compile(r"O\d\d|O9A")
"""Codes of ICD-10-CM, chapter 15."""
_SENSITIVE = re.compile(
    r"\b(psychotherap\w*|psychiatr\w*|hiv|substance (?:use|abuse)|drug abuse|alcohol abuse|addiction|abortion|"
    r"sexual (?:assault|abuse)|domestic violence)\b",
    re.IGNORECASE,
)


def surely_before(one: PartialDateTime, other: PartialDateTime) -> bool:
    """True when `one` is earlier as far as both are stated, to the day."""
    precision = min(one.precision, other.precision, Precision.DAY)
    return (one.year, one.month, one.day)[:precision] < (other.year, other.month, other.day)[:precision]


def surely_after(at: PartialDateTime, sent: PartialDateTime) -> bool:
    """True when what is stated to the day lies after the message by more than clocks differ."""
    if min(at.precision, sent.precision) < Precision.DAY:
        return False
    return at.moment().replace(tzinfo=None) > sent.moment().replace(tzinfo=None) + CLOCK_DRIFT


def number_of(text: str) -> Decimal | None:
    """A finite number, None for anything else."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def disagreement(flag: str, value: Decimal, low: Decimal | None, high: Decimal | None) -> str:
    """Where the value lies when its flag says something else: `below`, `above` or `within`; "" when they agree."""
    if low is None or high is None:
        return ""
    where = "below" if value < low else "above" if value > high else "within"
    meant = {"N": "within", "H": "above", "HH": "above", "L": "below", "LL": "below"}.get(flag, where)
    return where if meant != where else ""


def is_sensitive(text: str) -> bool:
    """True for words of matters that laws on health records protect more than others (42 CFR part 2 and its like)."""
    return _SENSITIVE.search(text) is not None
