"""What people do to a package in one go, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.mapping.conftest import SAMPLE, message
from workbench.kernel.errors import Refused
from workbench.mapping.composing import (
    duplicate_edits,
    new_map_edits,
    new_overlay,
    new_package,
    rename_group_edits,
    rename_map_edits,
    rename_row_edits,
    switch_edits,
)
from workbench.mapping.edits import AddRule, Edit, from_json, to_json
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.load import load_package
from workbench.mapping.model import MessageMap, Package, Row, Rule, RuleStatus
from workbench.mapping.overlay import effective
from workbench.mapping.save import save_package

PID = "segments/PID-Patient"
ORU = "messages/ORU_R01"
BASE = load_package(SAMPLE)
RESULT = (
    "PID|1||123^^^HOSP^MR||Berg^Anna",
    "ORC|RE|1|2",
    "OBR|1|1|2|GLU^Glucose^L",
    "OBX|1|NM|GLU^Glucose^L||5.40|mmol/L|||||F",
)


def after(package: Package, edits: tuple[Edit, ...]) -> Package:
    """The package with the edits; each of them comes back from the journal, and all of them can be undone."""
    changed, done = package, []
    for edit in edits:
        assert from_json(to_json(edit)) == edit
        changed, change = edit.apply(changed)
        done.append(change)
    restored = changed
    for change in reversed(done):
        restored, _ = change.inverse.apply(restored)
    assert restored == package
    return changed


def test_a_package_made_from_nothing_maps_and_is_read_again(tmp_path: Path) -> None:
    package = new_package("ward", "The ward's feed")
    package = after(package, new_map_edits(package, "messages", "ADT", "ADT^A01"))
    package = after(package, new_map_edits(package, "segments", "PID-Patient", "PID", "Patient"))
    package = after(package, (AddRule("messages/ADT", Row("patient", "PID", make="Patient", using=("PID-Patient",))),))
    package = after(package, (AddRule(PID, Rule("pid-7", ("PID-7",), "birthDate")),))
    save_package(package, tmp_path)
    loaded = load_package(tmp_path)
    assert loaded == package
    bundle = compile_package(loaded).run(message("ADT^A01", "PID|1||||||19800103"))
    assert bundle["entry"][0]["resource"]["birthDate"] == "1980-01-03"  # type: ignore[index]


def test_a_site_begins_with_a_package_that_changes_nothing(tmp_path: Path) -> None:
    overlay = new_overlay("site", BASE, "../base")
    assert effective(overlay).segments == effective(BASE).segments
    save_package(overlay, tmp_path)
    assert (tmp_path / "package.yaml").read_text(encoding="utf-8").count("\n") < 12


@pytest.mark.parametrize("name", ["", "../x", "a b", "-x", "a/b"])
def test_what_cannot_name_a_file_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        new_map_edits(BASE, "segments", name, "PID", "Patient")
    assert refused.value.code == "MAP-0407"


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        new_map_edits(BASE, "segments", "PID-Patient", "PID", "Patient")
    assert refused.value.code == "MAP-0402"


def test_a_duplicate_stands_behind_its_original_with_ids_of_its_own() -> None:
    twice = after(BASE, duplicate_edits(BASE, PID, "deceased"))
    thrice = after(twice, duplicate_edits(twice, PID, "deceased"))
    assert [rule.id for rule in thrice.segments["PID-Patient"].walk()][5:] == [
        "deceased", "pid-29", "pid-30", "deceased-3", "pid-29-3", "pid-30-3", "deceased-2", "pid-29-2", "pid-30-2",
    ]  # fmt: skip
    inner = after(BASE, duplicate_edits(BASE, PID, "pid-29")).segments["PID-Patient"].rule("deceased")
    assert inner is not None
    assert [(rule.id, rule.status) for rule in inner.first_of][:2] == [("pid-29", None), ("pid-29-2", RuleStatus.DRAFT)]
    rows = after(BASE, duplicate_edits(BASE, ORU, "comment")).messages["ORU_R01"].rows
    assert [row.id for row in rows][-2:] == ["comment", "comment-2"]


def test_switching_is_a_change_only_when_something_changes() -> None:
    off = after(BASE, switch_edits(BASE, PID, "pid-8", False))
    assert off.segments["PID-Patient"].rule("pid-8").enabled is False  # type: ignore[union-attr]
    assert switch_edits(off, PID, "pid-8", False) == ()
    assert after(off, switch_edits(off, PID, "pid-8", True)) == BASE
    with pytest.raises(Refused):
        switch_edits(BASE, PID, "none", False)


@pytest.mark.parametrize(
    "edits",
    [
        rename_map_edits(BASE, "types/CWE-CodeableConcept", "CWE-Concept"),
        rename_map_edits(BASE, PID, "PID-Person"),
        rename_map_edits(BASE, ORU, "RESULTS"),
        rename_row_edits(BASE, ORU, "patient", "subject"),
        rename_row_edits(BASE, ORU, "observation", "result"),
        rename_group_edits(BASE, ORU, "OBSERVATION", "RESULT"),
        rename_group_edits(BASE, ORU, "PATIENT_RESULT", "PERSON"),
    ],
    ids=["type map", "segment map", "message map", "row", "linked row", "group", "enclosing group"],
)
def test_a_renamed_thing_is_followed_by_all_that_names_it(edits: tuple[Edit, ...]) -> None:
    given = message("ORU^R01", *RESULT)
    before, now = compile_package(BASE).run(given), compile_package(after(BASE, edits)).run(given)
    kinds = [
        [entry["resource"]["resourceType"] for entry in bundle["entry"]]  # type: ignore[index]
        for bundle in (before, now)
    ]
    assert kinds[0] == kinds[1]
    report = [
        next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "DiagnosticReport")  # type: ignore[index]
        for bundle in (before, now)
    ]
    assert report[0].keys() == report[1].keys()
    assert len(report[1]["result"]) == 1


def test_an_include_follows_the_map_it_names() -> None:
    more = replace(BASE, messages={**BASE.messages, "MORE": MessageMap("MORE", ("ORU^R02",), include=("ORU_R01",))})
    assert after(more, rename_map_edits(more, ORU, "RESULTS")).messages["MORE"].include == ("RESULTS",)
