"""What runs remember: the same bytes, issues and traces as runs that start afresh, whatever came before."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.conftest import message
from tests.mapping.engine.test_mapping_rules import SEX
from workbench.fhir.json_tree import dumps
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.shipped import shipped
from workbench.mapping.engine import fusing, memory
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.engine.scope import SegmentScope
from workbench.mapping.load import load_package
from workbench.v2.er7 import Message, parse

STANDARD = compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))

CX = st.sampled_from(["1^^^HOSP^MR", "2^^^HOSP^MR~3^^^NAT&1.2.3&ISO^SS", "4", "^^^HOSP", '""', ""])
XCN = st.sampled_from(["12^WARD^WANDA^^^DR^^^HOSP", "12^WARD^WALTER^^^DR^^^HOSP~13^REFER", "^WARD^W", "14", ""])
PL = st.sampled_from(["W1^2^B^HOSP", "W1^3^B^HOSP^^N^MAIN^4", "W2^^^OTHER", ""])
WHEN = st.sampled_from(["20240102", "202401020304+0100", "20249999", ""])
CWE = st.sampled_from(["I^Inpatient", "I", "XX^Odd^L", "&amp", ""])
PID = st.builds("PID|1||{}||DOE^JANE~ROE^J||{}|F||{}||||||||{}".format, CX, WHEN, CWE, CX)
PV1 = st.builds(
    "PV1|1|{}|{}||||{}|{}||||||||||{}||{}|||||||||||||||||||||||||{}".format, CWE, PL, XCN, XCN, XCN, CX, WHEN
)
ROL = st.builds("ROL|1|AD|AT^^HL70443|{}".format, XCN)
OBX = st.builds(
    "OBX|1|{}|2345-7^Glucose^LN||{}|mmol/L|3-5|{}|||F|||{}||{}".format,
    st.sampled_from(["NM", "ST", "CE", "SN"]), st.sampled_from(["5.1", "5.10", "A^B^L", ">^5", '""', ""]),
    st.sampled_from(["N", "H~L", "Q", ""]), WHEN, XCN,
)  # fmt: skip
STREAMS = st.lists(
    st.one_of(
        st.tuples(PID, PV1, ROL).map(lambda lines: message("ADT^A01", *lines)),
        st.tuples(PID, PV1, OBX, OBX).map(lambda lines: message("ORU^R01", *lines[:2], "OBR|1|||X^Y^L", *lines[2:])),
    ),
    min_size=1,
    max_size=12,
)


def told(issues: Iterable[Issue]) -> list[tuple[object, ...]]:
    return [
        (issue.rule, issue.severity, issue.template, sorted(issue.args.items()), issue.location) for issue in issues
    ]


def assert_equal_in_both_modes(mapping: CompiledMapping, given_message: Message) -> None:
    """Fast and traced runs, which remember, against one that starts afresh."""
    afresh = mapping.trace(given_message, afresh=True)
    bundle, issues = mapping.run_with_issues(given_message)
    assert dumps(bundle) == dumps(afresh.bundle)
    assert told(issues) == told(afresh.issues)
    traced = mapping.trace(given_message)
    assert dumps(traced.bundle) == dumps(afresh.bundle)
    assert told(traced.issues) == told(afresh.issues)
    assert traced.trace == afresh.trace
    assert traced.ledger.entries == afresh.ledger.entries


@settings(max_examples=60, deadline=None)
@given(STREAMS)
def test_what_came_before_changes_neither_bytes_nor_issues(stream: list[Message]) -> None:
    for given_message in stream:
        assert_equal_in_both_modes(STANDARD, given_message)


@settings(max_examples=60, deadline=None)
@given(STREAMS)
def test_rules_that_run_as_one_from_the_start_make_the_same_bytes_and_issues(stream: list[Message]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fusing, "OBSERVED_RUNS", 1)
        for given_message in stream:
            assert_equal_in_both_modes(STANDARD, given_message)


@pytest.mark.corpus
def test_issues_are_equal_in_both_modes_on_the_corpus(corpus_root: Path) -> None:
    from tests.mapping.engine.test_mapping_corpus import messages

    known = [one for one in messages(sorted(corpus_root.rglob("*.hl7"))[::11]) if STANDARD.map_for(one)]
    assert len(known) > 50
    for given_message in known:
        assert told(STANDARD.run_with_issues(given_message)[1]) == told(
            STANDARD.trace(given_message, afresh=True).issues
        )


@pytest.mark.corpus
def test_a_feed_of_messages_that_differ_in_their_number_changes_nothing_in_what_is_made(corpus_root: Path) -> None:
    from tests.mapping.engine.test_mapping_corpus import messages

    mapping = compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))
    fed = 0
    for one in messages(sorted(corpus_root.rglob("*.hl7"))[::37]):
        number = one.control_id.encode()
        if not number or mapping.map_for(one) is None or len(one.raw) > 8000:
            continue
        for count in range(fusing.OBSERVED_RUNS + 4):
            mapping.run(parse(one.raw.replace(number, b"%s%d" % (number, count), 1)))
        assert_equal_in_both_modes(mapping, one)
        fed += 1
    assert fed > 20


ODD_NUMBERS = ("", '""', r"7\T\8", "7&8", " ", "1" * 600)


def test_numbers_that_never_come_again_are_put_into_what_is_remembered_of_the_rest() -> None:
    mapping = compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))
    for number in range(3 * memory.FAIR_TRIAL):
        odd = ODD_NUMBERS[number // 9 % len(ODD_NUMBERS)] if number % 9 == 8 else f"N{number}"
        authority = "HOSP" if number % 5 else "NAT&1.2.3&ISO"
        given_message = message(
            "ADT^A01",
            f"PID|1||{odd}^^^{authority}^MR~X{number}^5^M10^HOSP^PI||DOE^JANE||1970|F||||||||||{odd}^^^{authority}",
        )
        assert_equal_in_both_modes(mapping, given_message)
    patient: Any = next(
        entry["resource"]
        for entry in mapping.run(message("ADT^A01", "PID|1||last^^^HOSP^MR||DOE^JANE"))["entry"]  # type: ignore[index, union-attr]
        if entry["resource"]["resourceType"] == "Patient"
    )
    assert [identifier["value"] for identifier in patient["identifier"]] == ["last"]


ODD_RESULTS = ("", '""', r"5\T\8", "5&8", "5^8", "5~8", "<5", ">=5.0", "none", "1e5", "5.10", " ")


def test_results_that_never_come_again_are_put_into_what_is_remembered_of_the_rest() -> None:
    mapping = compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))
    for number in range(4 * fusing.OBSERVED_RUNS):
        odd = ODD_RESULTS[number // 5 % len(ODD_RESULTS)] if number % 5 == 4 else f"{number}.50"
        unit = "mmol/L" if number % 7 else "mg/dL^^UCUM"
        when = f"2024{number % 12 + 1:02}02{number % 24:02}0000" + ("+0100" if number % 3 else "")
        lines = [f"OBX|{one}|NM|2345-7^Glucose^LN||{odd}|{unit}|3-5|N|||F|||{when}" for one in (1, 2)]
        given_message = message("ORU^R01", "PID|1||7^^^HOSP^MR", f"OBR|1||{number}|X^Y^L|||{when}", *lines)
        assert_equal_in_both_modes(mapping, given_message)
    last: Any = mapping.run(
        message(
            "ORU^R01", "PID|1||7^^^HOSP^MR", "OBR|1||9|X^Y^L", "OBX|1|NM|2345-7^Glucose^LN||0.0700|mmol/L|3-5|N|||F"
        )
    )
    (found,) = [e["resource"] for e in last["entry"] if e["resource"]["resourceType"] == "Observation"]
    assert str(found["valueQuantity"]["value"]) == "0.0700"


ODD_DATES = ("", '""', r"1970\T\1", "1970~1971", "1970^1", "20249999", "197001011200", "~1970")
ODD_WORDS = ("", '""', r"x\T\1", "x~y", "x^y", "x&y", "^x", " ")


def test_parts_that_never_come_again_are_put_between_what_does(mapping_of: Callable[..., CompiledMapping]) -> None:
    mapping = mapping_of(
        "  - {id: sex, from: PID-8, to: gender, codes: sex}\n"
        "  - {id: born, from: PID-7, to: birthDate}\n"
        "  - {id: word, from: PID-2, to: language}\n"
        "  - {id: family, from: PID-5.1, to: 'name[].family'}\n",
        SEX,
    )
    for number in range(4 * fusing.OBSERVED_RUNS):
        word = ODD_WORDS[number // 5 % len(ODD_WORDS)] if number % 5 == 4 else f"x{number}"
        odd = (
            ODD_DATES[number // 4 % len(ODD_DATES)]
            if number % 4 == 3
            else f"19{number % 90 + 10}01{number % 28 + 1:02}"
        )
        assert_equal_in_both_modes(mapping, message("ADT^A01", f"PID|1|{word}|7||DOE||{odd}|F"))
    found = fused(mapping, ["PID|1|last|7||DOE||20010203|F"])[0]
    assert list(found.items()) == [
        ("gender", "female"),
        ("birthDate", "2001-02-03"),
        ("language", "last"),
        ("name", [{"family": "DOE"}]),
    ]


def fused(mapping: CompiledMapping, pids: Iterable[str]) -> list[dict[str, Any]]:
    """The Patients of messages that come after enough others for rules to run as one."""
    for number in range(fusing.OBSERVED_RUNS + 1):
        mapping.run(message("ADT^A01", f"PID|1||{number}||DOE^JANE|M|19700101|F"))
    found = []
    for pid in pids:
        bundle: Any = mapping.run(message("ADT^A01", pid))
        found.append({k: v for k, v in bundle["entry"][0]["resource"].items() if k not in ("resourceType", "id")})
    return found


def test_a_value_that_misfits_is_reported_at_each_of_its_places(mapping_of: Callable[..., CompiledMapping]) -> None:
    doctor = "map: XCN-Practitioner\nfrom: XCN\nto: Practitioner\nrules:\n  - {id: n, from: XCN.1, to: birthDate}\n"
    mapping = mapping_of(
        "  - {id: gp, from: PID-9, to: generalPractitioner, make: Practitioner, using: XCN-Practitioner}\n",
        {"types/XCN-Practitioner.yaml": doctor},
    )
    twice = message("ADT^A01", "PID|||||||||odd~odd")
    issues = mapping.run_with_issues(twice)[1]
    assert [issue.location.path for issue in issues if issue.location] == ["PID-9[1].1", "PID-9[2].1"]
    assert told(issues) == told(mapping.trace(twice, afresh=True).issues)


def test_rules_that_share_an_element_still_do_when_one_of_their_fields_is_never_the_same(
    mapping_of: Callable[..., CompiledMapping],
) -> None:
    rules = (
        "  - {id: sex, from: PID-8, to: gender, codes: sex}\n"
        "  - {id: use, literal: home, to: 'contact[a].address.use'}\n"
        "  - {id: number, from: PID-3, to: 'contact[a].address.text'}\n"
        "  - {id: born, from: PID-7, to: birthDate}\n"
    )
    mapping = mapping_of(rules, SEX)
    assert fused(mapping, ["PID|1||x1||DOE^JANE|M|19700101|F"]) == [
        {
            "gender": "female",
            "contact": [{"address": {"use": "home", "text": "x1"}}],
            "birthDate": "1970-01-01",
        }
    ]


def test_lists_keep_the_order_of_the_rules_when_some_run_as_one(mapping_of: Callable[..., CompiledMapping]) -> None:
    rules = (
        "  - {id: number, from: PID-3, to: 'identifier[].value'}\n"
        "  - {id: second, from: PID-6, to: 'identifier[].value'}\n"
        "  - {id: third, from: PID-8, to: 'identifier[].value'}\n"
    )
    found = fused(mapping_of(rules), ["PID|1||a||DOE^JANE|M|19700101|F", "PID|1||b||DOE^JANE|M|19700101|F"])
    assert [[item["value"] for item in patient["identifier"]] for patient in found] == [
        ["a", "M", "F"],
        ["b", "M", "F"],
    ]


def test_a_bundle_that_was_changed_leaves_later_ones_as_they_should_be(
    mapping_of: Callable[..., CompiledMapping],
) -> None:
    mapping = mapping_of(
        "  - {id: a, from: PID-6, to: 'name[a].family'}\n  - {id: b, from: PID-8, to: 'name[a].given'}\n"
    )
    one, other = "PID|1||1||DOE^JANE|M|19700101|F", "PID|1||2||DOE^JANE|M|19700101|F"
    first = fused(mapping, [one])[0]
    first["name"][0]["family"] = "changed"
    assert fused(mapping, [other])[0]["name"] == [{"family": "M", "given": ["F"]}]


def test_a_filter_may_ask_a_code_map(
    mapping_of: Callable[..., CompiledMapping], patient_of: Callable[..., dict[str, object]]
) -> None:
    rules = '  - {id: a, from: "PID-10[CWE.1 in codes sex].1", to: language}\n'
    assert patient_of(mapping_of(rules, SEX), "PID||||||||||A~F~C") == {"language": "F"}


def test_a_filter_that_asks_a_code_map_the_package_lacks_is_refused_with_its_place(
    mapping_of: Callable[..., CompiledMapping],
) -> None:
    with pytest.raises(Refused, match=r"PID-Patient\.yaml:5.*there is no code map race") as refused:
        mapping_of('  - {id: a, from: "PID-10[CWE.1 in codes race].1", to: language}\n')
    assert refused.value.code == "MAP-0110"


RULES_WITH_CONTEXT = (
    "  - {id: number, from: PID-3, to: 'identifier[].value'}\n"
    "  - {id: kind, from: [MSH-9.1, MSH-9.2], join: '^', to: 'name[].text'}\n"
    "  - {id: doctor, reference: doctor, to: generalPractitioner}\n"
    "  - {id: sex, from: PID-8, to: gender, codes: sex}\n"
    "  - {id: keeper, reference: doctor, to: managingOrganization}\n"
)
DOCTOR = {
    "messages/ALL.yaml": 'map: ALL\nfor: ["*"]\nrows:\n'
    "  - {id: patient, from: PID, make: Patient, using: PID-Patient}\n"
    "  - {id: doctor, from: PV1, make: Practitioner, using: PV1-Practitioner}\n",
    "segments/PV1-Practitioner.yaml": "map: PV1-Practitioner\nfrom: PV1\nto: Practitioner\nrules:\n"
    "  - {id: name, from: PV1-7, to: 'name[].text'}\n",
}


def test_references_and_the_kind_of_message_are_remembered_and_tied_anew(
    mapping_of: Callable[..., CompiledMapping],
) -> None:
    mapping = mapping_of(RULES_WITH_CONTEXT, {**SEX, **DOCTOR})
    for number in range(3 * fusing.OBSERVED_RUNS):
        kind = "ADT^A08" if number % 3 else "ADT^A01"
        doctor = () if number % 5 == 4 else (f"PV1|||||||{number}",)
        given_message = message(kind, f"PID|1||{number}|||||F", *doctor)
        assert_equal_in_both_modes(mapping, given_message)
        entries: Any = mapping.run(given_message)["entry"]
        patient = entries[0]["resource"]
        assert patient["name"] == [{"text": kind}]
        assert [one["reference"] for one in patient.get("generalPractitioner", [])] == [
            entry["fullUrl"] for entry in entries[1:]
        ]


def test_of_two_rules_that_refer_from_one_element_the_first_that_finds_something_does(
    mapping_of: Callable[..., CompiledMapping],
) -> None:
    rules = (
        "  - {id: number, from: PID-3, to: 'identifier[].value'}\n"
        "  - {id: keeper, reference: doctor, to: managingOrganization}\n"
        "  - {id: other, reference: nurse, to: managingOrganization}\n"
    )
    rows = DOCTOR["messages/ALL.yaml"] + "  - {id: nurse, from: PV2, make: Practitioner, using: PV2-Practitioner}\n"
    nurse = DOCTOR["segments/PV1-Practitioner.yaml"].replace("PV1", "PV2")
    mapping = mapping_of(rules, {**DOCTOR, "messages/ALL.yaml": rows, "segments/PV2-Practitioner.yaml": nurse})
    seen = ("PV1|||||||7", "PV2|||||||8"), ("PV2|||||||8",), ("PV1|||||||7",), ()
    for number in range(3 * fusing.OBSERVED_RUNS):
        given_message = message("ADT^A01", f"PID|1||{number}", *seen[number % 4])
        assert_equal_in_both_modes(mapping, given_message)
        entries: Any = mapping.run(given_message)["entry"]
        keeper = entries[0]["resource"].get("managingOrganization")
        assert keeper == ({"reference": entries[1]["fullUrl"]} if entries[1:] else None)


def test_what_is_remembered_holds_no_message(mapping_of: Callable[..., CompiledMapping]) -> None:
    mapping = mapping_of(RULES_WITH_CONTEXT, {**SEX, **DOCTOR})
    segments = []
    for number in range(fusing.OBSERVED_RUNS + 8):
        given_message = message("ADT^A01", f"PID|1||{number}|||||F", "PV1|||||||7")
        mapping.run(given_message)
        mapping.trace(given_message)
        segments.append(given_message.segments[1])
    gc.collect()
    assert [kept for kept in gc.get_referrers(*segments) if isinstance(kept, SegmentScope)] == []
