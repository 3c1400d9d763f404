"""What two states of a package say differently."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.conftest import SAMPLE
from workbench.kernel.errors import Refused
from workbench.mapping.changes import Aspect, ChangeKind, PackageChange, changes
from workbench.mapping.edits import AddRule, ChangeHeader, ChangeRule, DropMap, Edit, MoveRule, PutCodeMap, RemoveRule
from workbench.mapping.entries import EntryKind, EntryName
from workbench.mapping.fingerprint import fingerprint
from workbench.mapping.load import load_package
from workbench.mapping.model import Package, Row, Rule, RuleStatus
from workbench.terminology.code_map import CodeMapRow, RowStatus
from workbench.terminology.codes import Coding

PID = "segments/PID-Patient"
BASE = load_package(SAMPLE)


def after(*edits: Edit, package: Package = BASE) -> Package:
    for edit in edits:
        package, _ = edit.apply(package)
    return package


def told(*edits: Edit) -> list[PackageChange]:
    return list(changes(BASE, after(*edits)))


def rule_name(rule_id: str) -> EntryName:
    return EntryName(PID, EntryKind.RULE, rule_id)


def test_a_package_has_no_changes_against_itself() -> None:
    assert changes(BASE, load_package(SAMPLE)) == ()


def test_rules_added_removed_and_changed_are_told_by_what() -> None:
    rule = BASE.segments["PID-Patient"].rule("pid-8")
    assert rule is not None
    found = told(
        AddRule(PID, Rule("new", ("PID-15.1",), "language"), index=0),
        RemoveRule(PID, "pid-7"),
        ChangeRule(PID, "pid-8", replace(rule, codes="name-use", when="PID-8 valued")),
    )
    assert [(change.kind, change.entry.id) for change in found] == [
        (ChangeKind.ADDED, "new"),
        (ChangeKind.CHANGED, "pid-8"),
        (ChangeKind.REMOVED, "pid-7"),
    ]
    assert found[1].aspects == (
        Aspect("codes", "administrative-sex", "name-use"),
        Aspect("when", None, "PID-8 valued"),
    )


def test_one_moved_rule_is_one_change() -> None:
    (change,) = told(MoveRule(PID, "pid-13", index=0))
    assert (change.kind, change.entry) == (ChangeKind.MOVED, rule_name("pid-13"))
    assert change.aspects == (Aspect("place", "pid-8", ""),)
    (change,) = told(MoveRule(PID, "pid-8", parent="deceased", index=0))
    assert change.aspects == (Aspect("in block", "", "deceased"),)


def test_a_rule_with_another_id_is_the_same_rule() -> None:
    rule = BASE.segments["PID-Patient"].rule("pid-7")
    assert rule is not None
    (change,) = told(ChangeRule(PID, "pid-7", replace(rule, id="birth")))
    assert (change.kind, change.entry, change.was) == (ChangeKind.CHANGED, rule_name("birth"), "pid-7")


def test_a_map_that_came_or_went_is_one_change() -> None:
    (change,) = told(DropMap("types/XPN-HumanName"))
    assert (change.kind, change.entry) == (ChangeKind.REMOVED, EntryName("types/XPN-HumanName", EntryKind.MAP))
    assert change.holds == sum(1 for _ in BASE.types["XPN-HumanName"].walk())


def test_rows_codes_and_settings_are_told_key_by_key() -> None:
    row = BASE.messages["ADT_A01"].row("allergy")
    codes = BASE.codes["administrative-sex"]
    assert row is not None
    new = CodeMapRow(Coding(codes.source_system, "Q"), None, status=RowStatus.UNMAPPED)
    found = told(
        ChangeRule("messages/ADT_A01", "allergy", replace(row, link={"patient": "patient", "encounter": "encounter"})),
        PutCodeMap(codes.id, replace(codes, rows=(*codes.rows, new))),
        ChangeHeader(replace(BASE.header, status=RuleStatus.APPROVED)),
    )
    by_kind = {change.entry.kind: change for change in found}
    assert by_kind[EntryKind.ROW].aspects == (Aspect("link.encounter", None, "encounter"),)
    assert (by_kind[EntryKind.CODE].kind, by_kind[EntryKind.CODE].entry.id) == (ChangeKind.ADDED, "Q")
    assert by_kind[EntryKind.SETTING].aspects == (Aspect("status", str(BASE.header.status), "approved"),)


def test_digits_of_a_literal_are_a_change(package_of: Callable[..., Package]) -> None:
    text = "map: A-B\nfrom: PID\nto: Patient\nrules:\n  - {id: a, to: multipleBirthInteger, literal: 1.50}\n"
    one = package_of({"segments/A-B.yaml": text})
    two = package_of({"segments/A-B.yaml": text.replace("1.50", "1.5")})
    assert len(changes(one, two)) == 1


def _edits() -> list[Edit]:
    return [
        AddRule(PID, Rule("new", ("PID-10",), "language")),
        RemoveRule(PID, "pid-7"),
        RemoveRule(PID, "pid-29"),
        MoveRule(PID, "pid-8", index=0),
        MoveRule(PID, "pid-5"),
        MoveRule(PID, "pid-13", parent="deceased", index=1),
        ChangeRule(PID, "pid-3", Rule("pid-3", ("PID-3",), "identifier", using="CX-Identifier", note="n")),
        AddRule("messages/ORU_R01", Row("more", "PV1", make="Encounter")),
        RemoveRule("messages/ORU_R01", "comment"),
        ChangeHeader(replace(BASE.header, time_zone="Europe/Berlin")),
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_there_are_changes_exactly_when_the_fingerprint_differs(seed: int) -> None:
    chooser, package = random.Random(seed), BASE
    for edit in chooser.sample(_edits(), chooser.randint(0, 5)):
        try:
            package, _ = edit.apply(package)
        except Refused:
            continue
    assert bool(changes(BASE, package)) == (fingerprint(BASE) != fingerprint(package))
    there, back = changes(BASE, package), changes(package, BASE)
    assert {c.entry for c in there if c.kind is ChangeKind.ADDED} == {
        c.entry for c in back if c.kind is ChangeKind.REMOVED
    }
