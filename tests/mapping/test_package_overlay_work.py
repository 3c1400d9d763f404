"""Working on an overlay: what comes from where, taking changes back, and standing on a newer base."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mapping.conftest import SAMPLE
from workbench.kernel.errors import Refused
from workbench.mapping.changes import changes
from workbench.mapping.edits import (
    AddRule,
    ChangeRule,
    Edit,
    MoveRule,
    PutCodeMap,
    Rebase,
    RemoveRule,
    from_json,
    to_json,
)
from workbench.mapping.entries import EntryKind, EntryName
from workbench.mapping.load import load_package
from workbench.mapping.model import Package, Row, Rule
from workbench.mapping.origins import (
    Origin,
    change_edits,
    origin_of,
    origins,
    own_rules,
    remove_edits,
    revert_edits,
    shown,
    site_edits,
)
from workbench.mapping.overlay import effective
from workbench.mapping.save import save_package
from workbench.mapping.upgrade import Choice, Why, plan_upgrade, upgrade_edits, upgraded

PID = "segments/PID-Patient"
ADT = "messages/ADT_A01"
RULES_AND_ROWS = (EntryKind.RULE, EntryKind.ROW)
RULES = (
    "  - {id: pid-8, from: PID-8, to: gender, codes: yes-no}\n"
    "  - {id: pid-13, remove: true}\n"
    "  - {id: own, from: PID-15.1, to: language, after: pid-3}\n"
)


@pytest.fixture
def base(tmp_path: Path) -> Package:
    shutil.copytree(SAMPLE, tmp_path / "base")
    return load_package(tmp_path / "base")


@pytest.fixture
def site(base: Package, tmp_path: Path) -> Package:
    folder = tmp_path / "site"
    files = {
        "package.yaml": f"id: site\nversion: 1.0.0\nextends: ../{base.folder.name if base.folder else ''}\n",
        f"{PID}.yaml": f"map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n{RULES}",
        f"{ADT}.yaml": "map: ADT_A01\nrows:\n  - {id: allergy, from: AL1, make: AllergyIntolerance, note: n}\n",
        "codes/administrative-sex.csv": "# id: administrative-sex\n# citation: us\nsource_code,target_code\nF,other\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return load_package(folder)


def name_of(rule_id: str, where: str = PID) -> EntryName:
    kind = EntryKind.ROW if where.startswith("messages/") else EntryKind.RULE
    return EntryName(where, kind, rule_id)


def applied(package: Package, edits: tuple[Edit, ...]) -> Package:
    for edit in edits:
        package, _ = edit.apply(package)
    return package


def rule(package: Package, rule_id: str) -> Rule:
    found = package.segments["PID-Patient"].rule(rule_id)
    assert found is not None
    return found


# --- origins ---------------------------------------------------------------------------------------------------------


def test_every_rule_says_where_it_comes_from(site: Package) -> None:
    found = {rule_id: origin_of(site, PID, rule_id) for rule_id in ("pid-3", "pid-8", "pid-13", "own", "pid-29", "no")}
    assert found == {
        "pid-3": Origin.BASE,
        "pid-8": Origin.CHANGED,
        "pid-13": Origin.REMOVED,
        "own": Origin.ADDED,
        "pid-29": Origin.BASE,
        "no": None,
    }
    assert origin_of(site, ADT, "allergy") is Origin.CHANGED
    codes = EntryName("codes/administrative-sex", EntryKind.CODE, "F")
    assert origins(site)[codes] is Origin.CHANGED


def test_the_rules_a_site_changes_are_known_at_once(site: Package, base: Package) -> None:
    found = own_rules(site)
    assert found == {(PID, "pid-8"): Origin.CHANGED, (PID, "own"): Origin.ADDED, (ADT, "allergy"): Origin.CHANGED}
    slow = {(name.map, name.id): origin for name, origin in origins(site).items() if name.kind in RULES_AND_ROWS}
    assert {name: slow[name] for name in found} == found
    assert own_rules(base) == {}


def test_a_package_without_a_base_is_all_its_own(base: Package) -> None:
    assert set(origins(base).values()) == {Origin.OWN}
    assert shown(base) is base
    assert revert_edits(base, name_of("pid-8")) == ()


def test_changing_a_rule_of_the_base_gives_the_site_one_of_its_own(site: Package) -> None:
    before = rule(shown(site), "pid-29")
    changed = applied(site, change_edits(site, PID, "pid-29", replace(before, when="PID-30 valued")))
    assert [found.id for found in changed.segments["PID-Patient"].rules] == ["pid-8", "pid-13", "own", "pid-29"]
    assert rule(effective(changed), "pid-29").when == "PID-30 valued"
    other = "segments/PD1-Patient"
    first = shown(site).segments["PD1-Patient"].rules[0]
    changed = applied(site, change_edits(site, other, first.id, replace(first, note="n")))
    assert [found.id for found in changed.segments["PD1-Patient"].rules] == [first.id]
    with pytest.raises(Refused) as refused:
        change_edits(site, other, first.id, replace(first, id="other"))
    assert refused.value.code == "MAP-0406"


@pytest.mark.parametrize(("where", "rule_id"), [(PID, "pid-3"), (PID, "pid-8"), (PID, "own"), (ADT, "allergy")])
def test_a_rule_taken_out_is_gone_whatever_its_origin_and_comes_back(site: Package, where: str, rule_id: str) -> None:
    gone = applied(site, remove_edits(site, where, rule_id))
    assert name_of(rule_id, where) not in {n for n, o in origins(gone).items() if o is not Origin.REMOVED}
    back = applied(gone, revert_edits(gone, name_of(rule_id, where)))
    assert origin_of(back, where, rule_id) is (None if rule_id == "own" else Origin.BASE)


def test_reverting_everything_leaves_the_base(site: Package, base: Package) -> None:
    for name, origin in origins(site).items():
        if origin not in (Origin.BASE, Origin.OWN):
            site = applied(site, revert_edits(site, name))
    assert not site.segments and not site.messages
    assert {change.entry.kind for change in changes(base, site)} <= {EntryKind.SETTING}


def ids(package: Package) -> list[str]:
    return [found.id for found in shown(package).segments["PID-Patient"].walk()]


def test_edits_of_what_is_shown_are_said_by_the_site(site: Package) -> None:
    new = Rule("new", ("PID-16",), "maritalStatus")
    assert ids(applied(site, site_edits(site, AddRule(PID, new, index=1))))[:3] == ["pid-3", "new", "own"]
    assert ids(applied(site, site_edits(site, AddRule(PID, new))))[-1] == "new"
    nested = applied(site, site_edits(site, AddRule(PID, new, "deceased", 1)))
    assert ids(nested)[-4:] == ["deceased", "pid-29", "new", "pid-30"]
    assert ids(applied(nested, site_edits(nested, RemoveRule(PID, "new"))))[-3:] == ["deceased", "pid-29", "pid-30"]
    moved = applied(site, site_edits(site, MoveRule(PID, "own", index=2)))
    assert ids(moved)[:4] == ["pid-3", "pid-5", "own", "pid-7"]
    with pytest.raises(Refused) as refused:
        site_edits(site, MoveRule(PID, "pid-5", index=0))
    assert refused.value.code == "MAP-0413"
    with pytest.raises(Refused) as refused:
        site_edits(site, AddRule("segments/NO-Such", new))
    assert refused.value.code == "MAP-0401"


def test_edits_of_a_package_without_a_base_stay_what_they_are(base: Package) -> None:
    for edit in (RemoveRule(PID, "pid-3"), MoveRule(PID, "pid-3"), AddRule(PID, Rule("new"))):
        assert site_edits(base, edit) == (edit,)


# --- upgrades --------------------------------------------------------------------------------------------------------


def test_a_base_that_changed_nothing_of_the_site_asks_nothing(site: Package, base: Package) -> None:
    newer, _ = MoveRule(PID, "pid-7", index=0).apply(base)
    plan = plan_upgrade(site, newer)
    assert (plan.questions, plan.settled) == ((), ())
    assert upgraded(plan, {}).segments == site.segments


def test_changes_that_fit_together_are_merged(site: Package, base: Package) -> None:
    newer, _ = ChangeRule(PID, "pid-8", replace(rule(base, "pid-8"), note="newer")).apply(base)
    (question,) = plan_upgrade(site, newer).questions
    assert (question.entry, question.why, question.suggested) == (name_of("pid-8"), Why.CHANGED, Choice.MERGED)
    after = upgraded(plan_upgrade(site, newer), {})
    assert rule(after, "pid-8") == Rule("pid-8", ("PID-8",), "gender", codes="yes-no", note="newer")
    assert rule(upgraded(plan_upgrade(site, newer), {question.entry: Choice.MINE}), "pid-8").note == ""
    theirs = upgraded(plan_upgrade(site, newer), {question.entry: Choice.THEIRS})
    assert theirs.segments["PID-Patient"].rule("pid-8") is None
    assert rule(effective(theirs), "pid-8").note == "newer"


def test_what_contradicts_itself_is_asked_and_never_merged(site: Package, base: Package) -> None:
    newer, _ = ChangeRule(PID, "pid-8", replace(rule(base, "pid-8"), codes="name-use")).apply(base)
    plan = plan_upgrade(site, newer)
    (question,) = plan.questions
    assert (question.merged, question.suggested) == (None, Choice.MINE)
    assert rule(upgraded(plan, {}), "pid-8").codes == "yes-no"
    with pytest.raises(Refused) as refused:
        upgraded(plan, {question.entry: Choice.MERGED})
    assert refused.value.code == "MAP-0409"
    given = upgraded(plan, {question.entry: {"from": "PID-8", "to": "gender", "literal": "unknown"}})
    assert rule(given, "pid-8").literal == "unknown"


def test_what_the_new_base_no_longer_has_is_asked_or_settled(site: Package, base: Package) -> None:
    newer = applied(base, (RemoveRule(PID, "pid-13"), RemoveRule(PID, "pid-3"), RemoveRule(PID, "pid-8")))
    plan = plan_upgrade(site, newer)
    assert [(question.entry.id, question.why) for question in plan.questions] == [("pid-8", Why.REMOVED)]
    assert {settled.entry.id for settled in plan.settled} == {"pid-13", "own"}
    after = upgraded(plan, {})
    assert [found.id for found in effective(after).segments["PID-Patient"].rules][-2:] == ["pid-8", "own"]
    assert upgraded(plan, {}, otherwise=Choice.THEIRS).segments["PID-Patient"].rule("pid-8") is None


def test_what_the_base_says_itself_by_now_is_dropped_from_the_site(site: Package, base: Package) -> None:
    newer, _ = ChangeRule(PID, "pid-8", rule(site, "pid-8")).apply(base)
    plan = plan_upgrade(site, newer)
    assert [settled.entry for settled in plan.settled] == [name_of("pid-8")]
    assert upgraded(plan, {}).segments["PID-Patient"].rule("pid-8") is None


def test_rows_of_messages_and_codes_are_asked_like_rules(site: Package, base: Package) -> None:
    row = base.messages["ADT_A01"].row("allergy")
    codes = base.codes["administrative-sex"]
    assert row is not None
    changed = tuple(replace(found, comment="newer") if found.source.code == "F" else found for found in codes.rows)
    newer = applied(
        base,
        (ChangeRule(ADT, "allergy", replace(row, cite="IG")), PutCodeMap(codes.id, replace(codes, rows=changed))),
    )
    plan = plan_upgrade(site, newer)
    assert [str(question.entry) for question in plan.questions] == [
        "messages/ADT_A01: row allergy",
        "codes/administrative-sex: code F",
    ]
    after = upgraded(plan, {}, otherwise=Choice.THEIRS)
    assert after.codes["administrative-sex"].rows == ()
    assert effective(upgraded(plan, {})).messages["ADT_A01"].row("allergy") is not None
    assert isinstance(plan.questions[0].new, dict)


def test_an_upgraded_package_is_saved_on_its_new_base(site: Package, base: Package, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "base-2")
    newer, _ = ChangeRule(PID, "pid-8", replace(rule(base, "pid-8"), note="newer")).apply(
        load_package(tmp_path / "base-2")
    )
    save_package(newer)
    assert site.folder is not None
    extends = os.path.relpath(tmp_path / "base-2", site.folder)
    save_package(upgraded(plan_upgrade(site, newer), {}, extends))
    loaded = load_package(site.folder)
    assert loaded.header.extends == extends
    assert rule(effective(loaded), "pid-8").note == "newer"


def test_an_upgrade_by_edits_can_be_undone_and_journalled(site: Package, base: Package, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "base-2")
    changed = ChangeRule(PID, "pid-8", replace(rule(base, "pid-8"), note="newer"))
    save_package(applied(load_package(tmp_path / "base-2"), (changed,)))
    newer = load_package(tmp_path / "base-2")
    package, inverses = site, []
    for edit in (*upgrade_edits(plan_upgrade(site, newer), {}), Rebase("../base-2")):
        package, change = from_json(to_json(edit)).apply(package)
        inverses.append(change.inverse)
    assert rule(effective(package), "pid-8").note == "newer"
    for inverse in reversed(inverses):
        package, _ = inverse.apply(package)
    assert package == site
    with pytest.raises(Refused):
        Rebase("../none").apply(site)


def test_only_overlays_have_a_base_to_upgrade(base: Package) -> None:
    with pytest.raises(Refused) as refused:
        plan_upgrade(base, base)
    assert refused.value.code == "MAP-0408"


def test_both_sides_adding_one_name_is_asked(site: Package, base: Package) -> None:
    newer = applied(
        base,
        (
            ChangeRule(PID, "pid-7", Rule("own", ("PID-7",), "birthDate")),
            ChangeRule(ADT, "note", Row("note", "NTE", fill="patient")),
        ),
    )
    assert [question.why for question in plan_upgrade(site, newer).questions] == [Why.ADDED]
