from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.validation.profile_samples import write_bundle
from workbench.app.operations.gap_report import write_html, write_xlsx
from workbench.kernel.errors import Refused
from workbench.v2.er7 import Message, parse
from workbench.validation.profiles.gap import Effect, Gap, compare_profiles
from workbench.validation.profiles.learn import learn_profile
from workbench.validation.profiles.load import load_profile
from workbench.validation.profiles.model import Profile, Usage
from workbench.validation.profiles.profile_validator import ProfileValidator
from workbench.validation.profiles.yaml_profile import format_yaml

SEXES = ("F", "M", "U")


def _message(number: int) -> bytes:
    note = f"ZPI|{number}\r" if number % 3 == 0 else ""
    allergy = "AL1|1||PEN^Penicillin^L\r" if number % 2 else ""
    return (
        f"MSH|^~\\&|A|B|C|D|20240102||ADT^A01^ADT_A01|{number}|P|2.5.1\rEVN||20240102\r"
        f"PID|1||{1000 + number}^^^H^MR||DOE{number}^ANN||19800102|{SEXES[number % 3]}\r{note}"
        f"PV1|1|I\r{allergy}"
    ).encode()


@pytest.fixture(scope="module")
def corpus() -> list[Message]:
    return [parse(_message(number)) for number in range(60)]


@pytest.fixture(scope="module")
def learnt(corpus: list[Message]) -> Profile:
    return learn_profile(corpus, "feed")


def _rules(profile: Profile, raw: bytes) -> set[tuple[str, str]]:
    return {(issue.rule, issue.location.path) for issue in ProfileValidator(profile).validate(parse(raw))}


def test_a_learnt_profile_accepts_what_it_was_learnt_from(corpus: list[Message], learnt: Profile) -> None:
    validator = ProfileValidator(learnt)
    assert [issue for message in corpus for issue in validator.validate(message)] == []


def test_it_reports_what_is_foreign(learnt: Profile) -> None:
    raw = _message(3)
    assert _rules(learnt, raw.replace(b"|U\r", b"|X\r").replace(b"|F\r", b"|X\r")) == {("V2-0551", "PID-8")}
    assert _rules(learnt, raw.replace(b"PV1|1", b"ZZZ|1\rPV1|1")) == {("V2-0521", "ZZZ")}
    assert ("V2-0503", "PID-19") in _rules(learnt, raw.replace(b"|F\r", b"|F|||||||||||123-45-6789\r"))
    assert ("V2-0501", "PV1") in _rules(learnt, raw.replace(b"PV1|1|I\r", b""))


def test_usage_lengths_and_codes_are_those_seen(learnt: Profile) -> None:
    patient = learnt.segments["PID"].fields
    assert [patient[n - 1].usage for n in (1, 3, 4, 8)] == [Usage.R, Usage.R, Usage.X, Usage.R]
    assert {code.value: code.count for code in learnt.value_sets["PID-8"].codes} == {"F": 20, "M": 20, "U": 20}
    assert (patient[6].comment, patient[6].cardinality.most) == ("in 100 % of 60", 1)


def test_no_value_of_a_patient_is_written_down(learnt: Profile) -> None:
    text = format_yaml(learnt)
    assert not any(value in text for value in ("DOE", "ANN", "1003", "19800102"))


def test_values_that_depart_from_the_standard_are_accepted_and_said() -> None:
    messages = [parse(_message(n).replace(b"|19800102|", b"|unknown|")) for n in range(20)]
    profile = learn_profile(messages, "odd")
    assert [issue for message in messages for issue in ProfileValidator(profile).validate(message)] == []
    assert "20 values do not fit TS" in profile.segments["PID"].fields[6].comment or "do not fit" in format_yaml(
        profile
    )


def test_an_order_that_the_standard_does_not_have_is_accepted_and_said() -> None:
    raws = [_message(n) for n in range(12)]
    mixed = [raw.replace(b"EVN||20240102\r", b"") + b"EVN||20240102\r" for raw in raws[:6]] + raws[6:]
    messages = [parse(raw) for raw in mixed]
    profile = learn_profile(messages, "mixed")
    assert [issue for message in messages for issue in ProfileValidator(profile).validate(message)] == []


def test_there_must_be_messages_to_learn_from() -> None:
    with pytest.raises(Refused) as refusal:
        learn_profile([], "nothing")
    assert refusal.value.code == "V2P-0010"


def test_a_profile_has_no_gap_to_itself(learnt: Profile) -> None:
    assert compare_profiles(learnt, learnt) == []


def test_gaps_name_place_aspect_and_effect(corpus: list[Message], learnt: Profile) -> None:
    others = [parse(_message(n).replace(b"|U\r", b"|O\r").replace(b"^ANN", b"")) for n in range(60)]
    gaps = {(gap.place, gap.aspect): gap for gap in compare_profiles(learnt, learn_profile(others, "other"))}
    assert gaps["PID-5.2", "usage"][3:] == ("R", "X", Effect.STRICTER)
    codes = [gap for gap in compare_profiles(learnt, learn_profile(others, "other")) if gap.aspect == "codes"]
    assert [(gap.first, gap.second, gap.effect) for gap in codes if gap.place == "PID-8"] == [
        ("U", "not in the set", Effect.STRICTER),
        ("not in the set", "O", Effect.LOOSER),
    ]


def test_a_gap_to_a_guide_shows_what_must_be_added(tmp_path: Path, learnt: Profile) -> None:
    guide = load_profile(write_bundle(tmp_path / "guide"))
    places = {(gap.place, gap.aspect) for gap in compare_profiles(learnt, guide)}
    assert {("ADT^A01", "presence"), ("ORU^R01", "presence")} <= places


def test_reports_keep_a_code_that_looks_like_a_formula_a_text(tmp_path: Path) -> None:
    gaps = [Gap("PID-8", "Sex <b>", "codes", "=1+1", "–", Effect.STRICTER)]
    write_xlsx(gaps, "a", "b", tmp_path / "g.xlsx")
    write_html(gaps, "a", "b & c", tmp_path / "g.html")
    cell = load_workbook(tmp_path / "g.xlsx").active["D2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    page = (tmp_path / "g.html").read_text("utf-8")
    assert "Sex &lt;b&gt;" in page and "b &amp; c" in page and "<b>" not in page
