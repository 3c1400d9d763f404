from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.partial_time import PartialDateTime, Precision


@pytest.mark.parametrize(
    ("hl7", "fhir", "precision"),
    [
        ("2016", "2016", Precision.YEAR),
        ("201602", "2016-02", Precision.MONTH),
        ("20160229", "2016-02-29", Precision.DAY),
        ("2016022913+0100", "2016-02-29T13:00:00+01:00", Precision.HOUR),
        ("201602291314-0530", "2016-02-29T13:14:00-05:30", Precision.MINUTE),
        ("20160229131415+0000", "2016-02-29T13:14:15Z", Precision.SECOND),
        ("20160229131415.1250-0800", "2016-02-29T13:14:15.1250-08:00", Precision.FRACTION),
    ],
)
def test_precision_survives_the_way_to_fhir(hl7: str, fhir: str, precision: Precision) -> None:
    value = PartialDateTime.from_hl7(hl7)
    assert (value.to_fhir(), value.precision) == (fhir, precision)
    assert value.to_hl7() == hl7


@pytest.mark.parametrize(
    "text",
    ["", "12", "201613", "20140431", "20150229", " 2016", "2016010124", "201601010060", "2016+2400", "2016+00000"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        PartialDateTime.from_hl7(text)


def test_a_time_of_unknown_zone_is_told_to_fhir_as_its_day() -> None:
    assert PartialDateTime.from_hl7("20240102030405").to_fhir() == "2024-01-02"


def test_a_zone_gives_the_offset_of_that_day() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    winter = PartialDateTime.from_hl7("202401021200").in_zone(berlin)
    summer = PartialDateTime.from_hl7("202407021200").in_zone(berlin)
    assert (winter.to_fhir(), summer.to_fhir()) == ("2024-01-02T12:00:00+01:00", "2024-07-02T12:00:00+02:00")


def test_a_zone_changes_neither_a_day_nor_a_stated_offset() -> None:
    day = PartialDateTime.from_hl7("20240102")
    offset = PartialDateTime.from_hl7("202401021200-0500")
    assert day.in_zone(ZoneInfo("Asia/Tokyo")) is day
    assert offset.in_zone(ZoneInfo("Asia/Tokyo")) is offset


@given(
    st.datetimes(),
    st.sampled_from(list(Precision)),
    st.one_of(st.none(), st.integers(-23 * 60 - 59, 23 * 60 + 59)),
    st.integers(0, 9999),
)
def test_v2_text_reads_back_as_itself(when, precision: Precision, offset: int | None, fraction: int) -> None:
    units = (when.year, when.month, when.day, when.hour, when.minute, when.second)
    text = f"{units[0]:04}" + "".join(f"{unit:02}" for unit in units[1 : min(precision, Precision.SECOND)])
    if precision is Precision.FRACTION:
        text += f".{fraction:04}"
    if offset is not None:
        text += f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}{abs(offset) % 60:02}"
    assert PartialDateTime.from_hl7(text).to_hl7() == text
