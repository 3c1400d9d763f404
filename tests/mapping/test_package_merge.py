"""Two changes of one thing put together."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mapping.conftest import SAMPLE
from workbench.mapping.changes import changes
from workbench.mapping.edits import AddRule, ChangeRule, DropMap, PutCodeMap, PutText, RemoveRule
from workbench.mapping.load import load_package
from workbench.mapping.merge import Conflict, Side, edits_between, merged, merged_packages
from workbench.mapping.model import Package, Rule
from workbench.mapping.save import text_of

PID = "segments/PID-Patient"
FILE = f"{PID}.yaml"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner.filter(lambda v: v is not None), max_size=3),
    max_leaves=6,
)


@pytest.fixture
def package(tmp_path: Path) -> Package:
    shutil.copytree(SAMPLE, tmp_path / "package")
    return load_package(tmp_path / "package")


def rule(package: Package, rule_id: str) -> Rule:
    found = package.segments["PID-Patient"].rule(rule_id)
    assert found is not None
    return found


@given(JSON, JSON)
def test_a_change_of_one_side_alone_is_taken(old: object, new: object) -> None:
    assert merged(old, new, old).value == new
    assert merged(old, old, new).value == new
    assert merged(old, new, new) == merged(old, new, old)


@given(JSON, JSON, JSON)
def test_sides_may_be_exchanged_when_nothing_contradicts(old: object, mine: object, theirs: object) -> None:
    one, other = merged(old, mine, theirs), merged(old, theirs, mine)
    assert len(one.conflicts) == len(other.conflicts)
    if not one.conflicts:
        assert one.value == other.value


def test_different_keys_of_one_rule_go_together() -> None:
    old = {"id": "a", "to": "x"}
    assert merged(old, {**old, "when": "W"}, {**old, "note": "N"}).value == {**old, "when": "W", "note": "N"}


def test_the_same_key_is_a_conflict_and_the_preferred_side_stands() -> None:
    old = {"rules": [{"id": "a", "to": "x"}]}
    mine, theirs = {"rules": [{"id": "a", "to": "y"}]}, {"rules": [{"id": "a", "to": "z"}]}
    found = merged(old, mine, theirs, Side.THEIRS)
    assert found.value == theirs
    assert found.conflicts == (Conflict(("rules", "a", "to"), "x", "y", "z"),)


def test_a_rule_removed_by_one_and_changed_by_the_other_is_a_conflict() -> None:
    old = {"rules": [{"id": "a", "to": "x"}, {"id": "b", "to": "x"}]}
    found = merged(
        old, {"rules": [{"id": "b", "to": "x"}]}, {"rules": [{"id": "a", "to": "y"}, {"id": "b", "to": "x"}]}
    )
    assert [conflict.path for conflict in found.conflicts] == [("rules", "a")]


def test_what_one_side_adds_stands_behind_its_neighbour_in_the_others_order() -> None:
    def rules(ids: str) -> dict[str, object]:
        return {"rules": [{"id": name, "to": "x"} for name in ids]}

    found = merged(rules("abc"), rules("axbc"), rules("cab")).value
    assert found == rules("caxb")


def test_a_file_changed_outside_and_one_changed_here_go_together(package: Package) -> None:
    assert package.folder is not None
    mine, _ = RemoveRule(PID, "pid-7").apply(package)
    outside = text_of(package, FILE).replace("to: gender,", "to: gender, note: theirs,") + "# a remark\n"
    (package.folder / FILE).write_text(outside, encoding="utf-8")
    pd1 = "segments/PD1-Patient.yaml"
    (package.folder / pd1).write_text("# only a comment\n" + text_of(package, pd1), encoding="utf-8")
    both = merged_packages(package, mine, load_package(package.folder))
    assert both.conflicts == ()
    assert both.package.segments["PID-Patient"].rule("pid-7") is None
    assert rule(both.package, "pid-8").note == "theirs"
    assert text_of(both.package, FILE).endswith("# a remark\n")
    assert text_of(both.package, pd1).startswith("# only a comment\n")


def test_contradictions_of_two_states_are_told_by_file_and_key(package: Package) -> None:
    mine, _ = ChangeRule(PID, "pid-8", replace(rule(package, "pid-8"), codes="name-use")).apply(package)
    theirs, _ = ChangeRule(PID, "pid-8", replace(rule(package, "pid-8"), codes="yes-no")).apply(package)
    both = merged_packages(package, mine, theirs, Side.THEIRS)
    assert [(each.file, each.conflict.path) for each in both.conflicts] == [(FILE, ("rules", "pid-8", "codes"))]
    assert rule(both.package, "pid-8").codes == "yes-no"
    assert rule(merged_packages(package, mine, theirs).package, "pid-8").codes == "name-use"


def test_merging_what_did_not_change_changes_nothing(package: Package) -> None:
    mine, _ = AddRule(PID, Rule("own", ("PID-15.1",), "language")).apply(package)
    assert merged_packages(package, mine, package).package == mine
    text, _ = PutText(FILE, "# x\n" + text_of(package, FILE)).apply(package)
    assert merged_packages(package, text, package).package == text


def test_the_edits_between_two_states_lead_from_one_to_the_other(package: Package) -> None:
    after, _ = RemoveRule(PID, "pid-7").apply(package)
    after, _ = PutText("segments/PD1-Patient.yaml", "# x\n" + text_of(package, "segments/PD1-Patient.yaml")).apply(
        after
    )
    after, _ = DropMap("types/EI-Identifier").apply(after)
    after, _ = PutCodeMap("name-use", None).apply(after)
    found = package
    edits = edits_between(package, after)
    for edit in edits:
        found, _ = edit.apply(found)
    assert len(edits) == 4
    assert changes(found, after) == ()
    assert text_of(found, "segments/PD1-Patient.yaml").startswith("# x\n")
    assert edits_between(package, package) == ()
