"""What the source tree says of fields before and after their ledger is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workbench.app.session import standard_package_folder
from workbench.gui.models.nodes import EMPTY_TREE
from workbench.gui.views.mapping.reach import NO_REACH, Reach, reach_of
from workbench.gui.views.mapping.source_looks import NO_RULE, UNDECIDED, source_looks
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.engine.ledger import CaptureLedger, aggregate
from workbench.mapping.load import load_package
from workbench.mapping.model import LedgerRule, Package
from workbench.messages.tally import Tally
from workbench.v2.er7 import parse


@pytest.fixture(scope="module")
def standard() -> Package:
    return load_package(standard_package_folder())


@pytest.fixture(scope="module")
def strict(standard: Package) -> Package:
    """Keeps what it knows a place for and loses segments that it has never heard of."""
    kept = tuple(rule for rule in standard.header.keep if rule.source != ("*",))
    return replace(standard, header=replace(standard.header, keep=kept))


def _tally(*fields: str) -> Tally:
    tally = Tally(messages=1)
    for path in fields:
        part, _, label = path.partition("-")
        tally.parts[part] = 1
        tally.field_of(part, label).note(0, ["x"])
    return tally


def _marks(tally: Tally, reach: Reach, ledger: CaptureLedger | None = None) -> dict[str, str]:
    looks = source_looks(EMPTY_TREE, {}, tally, ledger, True, frozenset({"PID-3"}), reach)
    return {path: look.mark.word if look.mark else "" for path, look in looks.items() if "-" in path}


def test_a_field_that_a_keep_rule_may_preserve_is_undecided_before_its_ledger_is_there(strict: Package) -> None:
    marks = _marks(_tally("PID-3", "PID-9", "ZZZ-1"), reach_of(strict))
    assert marks == {"PID-3": "", "PID-9": UNDECIDED.word, "ZZZ-1": NO_RULE.word}


def test_only_fields_that_nothing_takes_care_of_are_counted_as_open(strict: Package) -> None:
    reach = reach_of(strict)
    looks = source_looks(EMPTY_TREE, {}, _tally("PID-9", "PID-25", "ZZZ-1"), None, True, frozenset(), reach)
    assert (looks["PID"].texts[0], looks["PID"].mark) == ("", None)
    assert looks["ZZZ"].texts[0] == "1 open"


def test_the_ledger_has_the_last_word(standard: Package) -> None:
    message = parse(b"MSH|^~\\&|A|B|C|D|20260101||ADT^A08^ADT_A01|1|P|2.5.1\rPID|1||7^^^H^MR||Roe||||ALIAS\r")
    traced = compile_package(standard).trace(message)
    marks = _marks(_tally("PID-9"), reach_of(standard), aggregate([traced.ledger]))
    assert marks["PID-9"] in {"mapped", "preserved"}


def test_patterns_reach_segments_by_beginning_and_fields_by_number(standard: Package) -> None:
    rules = (LedgerRule("z", ("Z*", "NTE-2", "CX.4"), "why"),)
    package = Package(replace(standard.header, ignore=rules, keep=()))
    reach = reach_of(package)
    found = {path: reach.has(path) for path in ("ZPI-2", "ZPI", "NTE-2.1", "NTE-3", "CX-4")}
    assert found == {"ZPI-2": True, "ZPI": True, "NTE-2.1": True, "NTE-3": False, "CX-4": False}
    assert not NO_REACH.has("PID-1")
