"""Edits: applied, undone, journalled and saved without touching anything else."""

from __future__ import annotations

import difflib
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mapping.conftest import SAMPLE
from workbench.kernel.errors import Refused
from workbench.mapping.edits import (
    AddRule,
    ChangeHeader,
    ChangeRule,
    DropMap,
    Edit,
    MoveRule,
    PutCodeMap,
    PutGroup,
    PutMap,
    PutText,
    RemoveRule,
    from_json,
    to_json,
)
from workbench.mapping.fingerprint import fingerprint
from workbench.mapping.load import load_package
from workbench.mapping.model import Group, MapKind, Package, Row, Rule, RuleMap, RuleStatus
from workbench.mapping.save import merged_text, save_package, text_of
from workbench.mapping.writing import plain_rule_map
from workbench.terminology.code_map import CodeMapRow, RowStatus
from workbench.terminology.codes import Coding

PID = "segments/PID-Patient"
TEXT = (
    "map: PD1-Patient   # as text\nfrom: PD1\nto: Patient\nrules:\n  # nothing else\n  - {id: a, from: PD1-4, to: id}\n"
)
ADT = "messages/ADT_A01"


@pytest.fixture
def copy(tmp_path: Path) -> Package:
    """The sample package in a folder of its own."""
    shutil.copytree(SAMPLE, tmp_path / "package")
    return load_package(tmp_path / "package")


def code_map_edit(package: Package) -> PutCodeMap:
    codes = package.codes["allergens"]
    row = CodeMapRow(Coding("", "ZZZ"), Coding("http://snomed.info/sct", "1"), status=RowStatus.MAPPED, author="ann")
    return PutCodeMap("allergens", replace(codes, rows=(*codes.rows, row)))


def some_edits(package: Package) -> list[Edit]:
    rules = package.segments["PID-Patient"].rules
    new = Rule(
        "new", source=("PID-10",), target="extension(religion).valueCodeableConcept", using="CWE-CodeableConcept"
    )
    return [
        AddRule(PID, new),
        AddRule(PID, new, index=0),
        AddRule(PID, Rule("inner", source=("PID-31",), target="active"), parent="deceased", index=1),
        AddRule(ADT, Row("coverage", "IN1", make="Coverage"), index=2),
        RemoveRule(PID, "pid-7"),
        RemoveRule(PID, "pid-30"),
        RemoveRule(ADT, "encounter"),
        ChangeRule(PID, rules[0].id, replace(rules[0], when="PID-3 valued", note="a: b # c")),
        ChangeRule(PID, "pid-29", Rule("pid-29-new", source=("PID-29",), target="deceasedDateTime")),
        MoveRule(PID, "pid-8", index=0),
        MoveRule(PID, "pid-30"),
        MoveRule(PID, "pid-8", parent="deceased", index=0),
        MoveRule(ADT, "encounter", index=0),
        PutMap("types/EI-Identifier", replace(package.types["EI-Identifier"], cite="other")),
        PutMap("types/NEW", RuleMap(MapKind.TYPE, "NEW", "ST", "string", (Rule("a", ("ST",), "$value"),))),
        DropMap("types/EI-Identifier"),
        code_map_edit(package),
        PutCodeMap("allergens", None),
        PutGroup(ADT, "PROCEDURE", None),
        PutGroup(ADT, "VISIT", Group("VISIT", ("PV1",)), 0),
        PutGroup(ADT, "PROCEDURE", Group("PROCEDURES", ("PR1", "ROL"), holds=())),
        PutText("segments/PD1-Patient.yaml", TEXT),
        PutText("segments/NEW-Patient.yaml", TEXT.replace("PD1", "NEW")),
        PutText("package.yaml", "id: other\nversion: 2.0.0 # a remark\n"),
        ChangeHeader(replace(package.header, status=RuleStatus.APPROVED, time_zone="")),
    ]


EDITS = some_edits(load_package(SAMPLE))


@pytest.mark.parametrize("number", range(len(EDITS)))
def test_an_edit_changes_the_package_and_its_inverse_restores_it(sample: Package, number: int) -> None:
    changed, change = EDITS[number].apply(sample)
    assert changed != sample
    restored, _ = change.inverse.apply(changed)
    assert restored == sample
    assert fingerprint(restored) == fingerprint(sample)


@pytest.mark.parametrize("number", range(len(EDITS)))
def test_an_edit_and_its_inverse_come_back_from_the_journal(sample: Package, number: int) -> None:
    _, change = EDITS[number].apply(sample)
    assert from_json(to_json(change.edit)) == change.edit
    assert from_json(to_json(change.inverse)) == change.inverse
    assert "\n" not in to_json(change.edit)


@pytest.mark.parametrize("number", range(len(EDITS)))
def test_a_saved_edit_is_read_again_and_undoing_it_restores_every_byte(copy: Package, number: int) -> None:
    assert copy.folder is not None
    before = {path: path.read_bytes() for path in copy.folder.rglob("*.*")}
    changed, change = EDITS[number].apply(copy)
    touched = save_package(changed)
    assert set(touched) == set(change.files)
    assert load_package(copy.folder) == replace(changed, layout={})
    restored, _ = change.inverse.apply(changed)
    save_package(restored)
    assert load_package(copy.folder) == copy
    if not isinstance(EDITS[number], PutCodeMap):
        assert {path: path.read_bytes() for path in copy.folder.rglob("*.*")} == before


def test_two_hundred_edits_and_as_many_undos_end_at_the_start(sample: Package) -> None:
    chooser = random.Random(7)
    package, done = sample, []
    while len(done) < 200:
        try:
            package, change = chooser.choice(some_edits(sample)).apply(package)
        except Refused:
            continue  # the rule was removed or moved by an earlier edit
        done.append(change)
    for change in reversed(done):
        package, _ = change.inverse.apply(package)
    assert package == sample


def test_edits_undone_between_saves_leave_every_byte_as_it_was(copy: Package) -> None:
    assert copy.folder is not None
    before = {path: path.read_bytes() for path in copy.folder.rglob("*.*") if path.suffix == ".yaml"}
    chooser, package, done = random.Random(11), copy, []
    while len(done) < 60:
        try:
            package, change = chooser.choice(some_edits(copy)).apply(package)
        except Refused:
            continue
        done.append(change)
        if len(done) % 20 == 0:
            save_package(package)
    for change in reversed(done):
        package, _ = change.inverse.apply(package)
    save_package(package)
    assert {path: path.read_bytes() for path in copy.folder.rglob("*.*") if path.suffix == ".yaml"} == before


def test_a_comment_alone_is_an_edit_that_is_saved_and_can_be_undone(copy: Package) -> None:
    file = "segments/PD1-Patient.yaml"
    text = text_of(copy, file)
    changed, change = PutText(file, f"# why\n{text}").apply(copy)
    assert changed != copy
    assert fingerprint(changed) == fingerprint(copy)
    save_package(changed)
    assert copy.folder is not None
    assert (copy.folder / file).read_text(encoding="utf-8") == f"# why\n{text}"
    restored, _ = change.inverse.apply(changed)
    assert restored == copy
    save_package(restored)
    assert (copy.folder / file).read_text(encoding="utf-8") == text


def test_an_edit_in_the_picture_keeps_the_comments_written_in_the_text(copy: Package) -> None:
    package, _ = PutText("segments/PD1-Patient.yaml", TEXT).apply(copy)
    package, _ = AddRule("segments/PD1-Patient", Rule("b", ("PD1-3",), "language")).apply(package)
    assert text_of(package, "segments/PD1-Patient.yaml") == TEXT + "  - {id: b, from: PD1-3, to: language}\n"


def test_an_unchanged_package_is_not_written(copy: Package) -> None:
    assert save_package(copy) == ()


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_one_changed_rule_is_one_changed_line_and_comments_stay() -> None:
    text = (
        "# the head\nmap: M   # its name\nfrom: PID\nto: Patient\nrules:\n"
        "  # about a\n  - {id: a,  from: PID-1, to: id}   # aligned\n\n"
        "  # about b\n  - id: b\n    # why\n    from: PID-2   # which\n    to: language\n"
        "  - {id: c, from: PID-3, to: gender}\n# the end\n"
    )
    rules = (
        Rule("a", ("PID-1",), "id"),
        Rule("b", ("PID-2",), "language", when="PID-3 valued"),
        Rule("c", ("PID-3",), "gender"),
    )
    rule_map = RuleMap(MapKind.SEGMENT, "M", "PID", "Patient", rules)
    after = merged_text(text, "segments/M.yaml", plain_rule_map(rule_map))
    assert changed_lines(text, after) == ["+    when: PID-3 valued"]
    moved = replace(rule_map, rules=(rules[1], rules[0], rules[2]))
    swapped = merged_text(after, "segments/M.yaml", plain_rule_map(moved))
    assert swapped.index("# about b") < swapped.index("id: b") < swapped.index("# about a") < swapped.index("id: a")
    removed = replace(rule_map, rules=rules[:1])
    assert changed_lines(after, merged_text(after, "segments/M.yaml", plain_rule_map(removed)))[-1].startswith("-")
    assert "# the end" in merged_text(after, "segments/M.yaml", plain_rule_map(removed))


def test_an_edit_of_what_is_gone_is_refused(sample: Package) -> None:
    for edit in (RemoveRule(PID, "none"), MoveRule("segments/NONE", "a"), AddRule(PID, Rule("x"), parent="none")):
        with pytest.raises(Refused) as refused:
            edit.apply(sample)
        assert refused.value.code == "MAP-0401"
    with pytest.raises(Refused) as refused:
        AddRule(PID, Rule("pid-8", ("PID-8",), "gender")).apply(sample)
    assert refused.value.code == "MAP-0402"
    with pytest.raises(Refused) as refused:
        from_json('{"edit": "Explode"}')
    assert refused.value.code == "MAP-0403"


def test_the_fingerprint_is_of_the_content_not_of_its_layout(copy: Package) -> None:
    assert copy.folder is not None
    path = copy.folder / "segments" / "PD1-Patient.yaml"
    before = fingerprint(copy)
    path.write_text("# a remark\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert fingerprint(load_package(copy.folder)) == before
    path.write_text(path.read_text(encoding="utf-8").replace("PD1-4", "PD1-3"), encoding="utf-8")
    assert fingerprint(load_package(copy.folder)) != before
