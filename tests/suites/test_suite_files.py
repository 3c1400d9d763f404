"""A suite file is read strictly, and every refusal says where it is wrong."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from workbench.kernel.errors import Refused
from workbench.suites.suite import Check, Invariant, cases, load_suite
from workbench.synthetic.scenarios import generate

HEAD = "suite: s\nmapping: ../package\n"


def test_a_suite_is_read_with_its_defaults(bench: Any) -> None:
    suite = bench.suite(HEAD + "inputs:\n  - {scenario: merge}\n")
    assert suite.mapping == bench.folder / "package"
    assert suite.baseline == bench.folder / "suite" / "baseline.json"
    assert suite.invariants == tuple(Invariant)
    assert [case.id for case in cases(suite)] == [
        "merge-0000-1-ADT_A04",
        "merge-0000-2-ADT_A04",
        "merge-0000-3-ADT_A40",
    ]


def test_numbers_in_expectations_keep_their_digits(bench: Any) -> None:
    text = HEAD + "inputs:\n  - {scenario: merge}\nexpect:\n  - {at: Patient.x, equals: 0.1250}\n"
    (assertion,) = bench.suite(text).assertions
    assert (assertion.check, str(assertion.value), assertion.cases) == (Check.EQUALS, "0.1250", "*")
    assert assertion.value == Decimal("0.125")
    assert assertion.place == "suite.yaml:6:5"


def test_message_files_become_cases_in_the_order_of_their_names(bench: Any) -> None:
    folder = bench.folder / "suite" / "messages"
    folder.mkdir()
    for name, scenario in (("b.hl7", "merge"), ("a.hl7", "admission")):
        (folder / name).write_bytes(b"".join(message.raw for message in generate(scenario, 1, 1)))
    suite = bench.suite(HEAD + 'inputs:\n  - {id: ward, messages: ["messages/*.hl7"]}\n')
    found = list(cases(suite))
    assert [case.id for case in found] == ["ward-0001", "ward-0002", "ward-0003", "ward-0004"]
    assert b"ADT^A01" in found[0].raw and b"ADT^A40" in found[3].raw
    assert not any(case.synthetic for case in found)


def test_a_pattern_that_finds_nothing_is_refused(bench: Any) -> None:
    suite = bench.suite(HEAD + 'inputs:\n  - {id: ward, messages: ["nowhere/*.hl7"]}\n')
    with pytest.raises(Refused, match="finds no file") as refused:
        list(cases(suite))
    assert refused.value.code == "SUI-0004"


def test_message_files_may_be_named_by_their_whole_path(bench: Any) -> None:
    folder = bench.folder / "elsewhere"
    folder.mkdir()
    (folder / "a.hl7").write_bytes(b"".join(message.raw for message in generate("admission", 1, 1)))
    suite = bench.suite(HEAD + f'inputs:\n  - {{id: ward, messages: ["{folder}/*.hl7"]}}\n')
    assert [case.id for case in cases(suite)] == ["ward-0001"]


@pytest.mark.parametrize("pattern", ["", "a\\0b", "/", "/nowhere-at-all/*.hl7"])
def test_a_pattern_that_cannot_be_or_finds_nothing_is_refused(bench: Any, pattern: str) -> None:
    suite = bench.suite(HEAD + f'inputs:\n  - {{id: ward, messages: ["{pattern}"]}}\n')
    with pytest.raises(Refused) as refused:
        list(cases(suite))
    assert refused.value.code == "SUI-0004"


def test_a_damaged_message_file_is_refused_and_not_skipped(bench: Any) -> None:
    (bench.folder / "suite" / "cut.hl7.gz").write_bytes(gzip.compress(b"MSH|^~\\&|" * 5000)[:-30])
    suite = bench.suite(HEAD + "inputs:\n  - {id: ward, messages: [cut.hl7.gz]}\n")
    with pytest.raises(Refused) as refused:
        list(cases(suite))
    assert refused.value.code == "SUI-0005"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inputs: [", "SUI-0002 suite.yaml:"),
        (HEAD, "SUI-0003 suite.yaml:1:1: `inputs` is a list."),
        (HEAD + "inputs: []", "A suite without inputs tests nothing."),
        ("mapping: x\ninputs:\n  - {scenario: merge}", "`suite` is missing."),
        (HEAD + "inputs:\n  - {scenario: nowhere}", "suite.yaml:4:6: There is no scenario “nowhere”."),
        (HEAD + "inputs:\n  - {scenario: merge}\n  - {scenario: merge}", "The input id merge is used twice"),
        (HEAD + "inputs:\n  - {scenario: merge, patients: many}", "`patients` is a whole number."),
        (HEAD + "inputs:\n  - {scenario: merge, messages: [x]}", "either a `scenario` or `messages`"),
        (HEAD + "inputs:\n  - {messages: [x]}", "needs an `id`"),
        (HEAD + "inputs:\n  - {scenario: merge}\ninvariants: [fast]", "“fast” is none of nothing-lost"),
        (HEAD + "inputs:\n  - {scenario: merge}\nwatch: 1", "suite.yaml:5:1: The key `watch` is unknown"),
        (HEAD + "inputs:\n  - {scenario: merge}\nexpect:\n  - {at: Patient.x}", "exactly one of equals"),
        (HEAD + "inputs:\n  - {scenario: merge}\nexpect:\n  - {equals: 1}", "needs `at`"),
        (HEAD + "inputs:\n  - {scenario: merge}\nexpect:\n  - {at: Patient.x, count: two}", "`count` takes a int"),
        (HEAD + "inputs:\n  - {scenario: merge}\nexpect:\n  - {at: 'Patient..x', count: 2}", "is not an element path"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(refusal_of: Callable[[str], str], text: str, said: str) -> None:
    assert said in refusal_of(text)


def test_a_folder_without_a_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        load_suite(tmp_path)
    assert refused.value.code == "SUI-0001"
