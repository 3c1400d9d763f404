"""Codes of messages with what stands beside them; worklists, views and checks over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.app.operations.code_candidates import BY_GRAMMAR, CodeSources, hints_for, memory_of, offers_for
from workbench.app.operations.code_decisions import Actor, choose, decide, set_mark, set_status
from workbench.app.operations.code_fields import fields_of_maps
from workbench.app.operations.code_harvest import collect, seen_in
from workbench.app.operations.local_codes import Known, Show, View, Worklist, chosen, is_sure, judge, judge_again
from workbench.kernel.progress import JobContext
from workbench.mapping.model import Header, MapKind, Package, Rule, RuleMap
from workbench.messages.capture import open_capture
from workbench.terminology.code_map import CodeMap, CodeMapRow, Mark, Relationship, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.harvest import LocalCode
from workbench.terminology.library import CodeLibrary
from workbench.terminology.loinc_axes import LOINC
from workbench.terminology.ranking import UCUM
from workbench.terminology.review import Role
from workbench.v2.er7 import parse

ORU = (
    b"MSH|^~\\&|LAB|H|WB|T|20260302120000||ORU^R01^ORU_R01|L1|T|2.5.1\rPID|1||1^^^H^MR||Roe^Jo||19800103|F\r"
    b"OBR|1|||ELY^Electrolytes^L|||20260302||||||||Urine&Urine sample\r"
    b"OBX|1|NM|NA^Sodium \\T\\ more^L~NAX^Sodium^L||71|mmol/L|40-220|N|||F\r"
    b"OBX|2|CE|COL^Colour^L||YEL^yellow^L||||||F\r"
    b"OBR|2|||GAS^Gases^L|||20260302\rOBX|3|SN|PO2^pO2^L||<^5|mm Hg|||||F\rSPM|1|||ABLD^Arterial blood^HL70487\r"
)
RELEASE = (
    "LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,STATUS,LONG_COMMON_NAME,EXAMPLE_UCUM_UNITS\n"
    "2951-2,Sodium,SCnc,Pt,Ser/Plas,Qn,ACTIVE,Sodium [Moles/volume] in Serum or Plasma,mmol/L\n"
    "2955-3,Sodium,SCnc,Pt,Urine,Qn,ACTIVE,Sodium [Moles/volume] in Urine,mmol/L\n"
)
ANN = Actor("Ann", frozenset({Role.AUTHOR, Role.REVIEWER}), "2026-05-04")
SERUM, URINE = (
    Coding(LOINC, "2951-2", "Sodium [Moles/volume] in Serum or Plasma"),
    Coding(LOINC, "2955-3", "Urine sodium"),
)
LOCALS = (
    LocalCode("NA", "L", "OBX-3", 900, (("Sodium", 900),), (("mmol/L", 900),), (("Serum", 900),)),
    LocalCode("NAU", "L", "OBX-3", 100, (("Sodium", 100),), (("mmol/L", 100),), (("Urine", 100),)),
    LocalCode("GREET", "L", "OBX-3", 5, (("Holiday greetings", 5),)),
)


@pytest.fixture
def sources(tmp_path: Path) -> CodeSources:
    (tmp_path / "Loinc.csv").write_text(RELEASE, "utf-8")
    library = CodeLibrary(tmp_path / "library")
    library.import_release(tmp_path / "Loinc.csv", "loinc", "1", JobContext()).close()
    return CodeSources(library)


def lab(*rows: CodeMapRow) -> Package:
    return Package(Header("p", "1"), codes={"lab": CodeMap("lab", target_system=LOINC, rows=rows)})


def decided(package: Package, worklist: Worklist, code: str, target: Coding) -> Package:
    line = worklist.line_of("lab", code)
    assert line is not None
    for edit in decide(package, [line], choose(target, Relationship.EQUIVALENT, "", ANN)).edits:
        package, _ = edit.apply(package)
    worklist.follow(package)
    return package


def test_results_know_panel_specimen_unit_range_and_value() -> None:
    seen = {each.code: each for each in seen_in(parse(ORU), 7) if each.field == "OBX-3"}
    sodium = seen["NA"]
    assert (sodium.text, sodium.context, sodium.specimen) == ("Sodium & more", "Electrolytes", "Urine sample")
    assert (sodium.units, sodium.range, sodium.value, sodium.message) == ("mmol/L", "40-220", "71", 7)
    assert seen["NAX"].value == "71"
    assert seen["COL"].value == "yellow"
    assert (seen["PO2"].specimen, seen["PO2"].value) == ("Arterial blood", "<5")


def test_coded_results_are_codes_of_their_own_and_other_fields_only_when_they_are_mapped() -> None:
    seen = [(each.field, each.code) for each in seen_in(parse(ORU), 0)]
    assert ("OBX-5", "YEL") in seen
    assert ("PID-8", "F") not in seen
    assert ("PID-8", "F") in [(each.field, each.code) for each in seen_in(parse(ORU), 0, frozenset({"PID-8"}))]


def test_a_capture_is_collected_the_same_in_parts_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "feed.hl7"
    path.write_bytes(b"\r".join([ORU] * 30))
    found = collect(open_capture([path]), None, JobContext(), workers=1)
    sodium = next(each for each in found if each.code == "NA")
    assert (sodium.count, sodium.messages, sodium.ranges) == (30, (0, 1, 2, 3, 4), (("40-220", 30),))


def test_a_worklist_keeps_its_order_and_counts_while_decisions_are_made() -> None:
    package = lab()
    worklist = Worklist(LOCALS, package, "lab")
    assert [line.local.code for line in worklist.lines] == ["NA", "NAU", "GREET"]
    package = decided(package, worklist, "NA", SERUM)
    assert [line.local.code for line in worklist.lines] == ["NA", "NAU", "GREET"]
    assert str(worklist.coverage()) == "1 of 3 distinct codes, 89.5 % of occurrences covered"
    assert worklist.unreviewed == 1
    changes = worklist.follow(lab())
    assert [(change.before is None, change.after is None) for change in changes] == [(False, True)]
    assert str(worklist.coverage()).startswith("0 of 3")


def test_codes_of_published_systems_wait_for_nobody_where_the_map_leads_to_such_systems() -> None:
    loinc, local = LocalCode("2951-2", "LN", "OBX-3", 50), LocalCode("NA", "L", "OBX-3", 10)
    worklist = Worklist((loinc, local), lab(), "lab")
    assert [line.local.code for line in chosen(worklist.lines, View("", Show.WAITING))] == ["NA"]
    assert str(worklist.coverage()) == "1 of 2 distinct codes, 83.3 % of occurrences covered"
    to_local = Package(Header("p", "1"), codes={"lab": CodeMap("lab", target_system="urn:our-lab")})
    assert len(chosen(Worklist((loinc, local), to_local, "lab").lines, View("", Show.WAITING))) == 2


def test_a_map_for_a_part_of_a_component_is_not_that_of_the_field() -> None:
    rules = tuple(
        Rule(each, (source,), "code", codes=each) for each, source in (("part", "OBX-3.1.2"), ("unit", "OBX-6.1"))
    )
    package = Package(Header("p", "1"), segments={"m": RuleMap(MapKind.SEGMENT, "m", "OBX", "Observation", rules)})
    assert fields_of_maps(package) == {"OBX-6": "unit"}


def test_views_show_what_they_say() -> None:
    package = lab()
    worklist = Worklist(LOCALS, package, "lab")
    package = decided(package, worklist, "NAU", SERUM)
    worklist.take(judge(worklist.lines, worklist.maps(), {}, {}))

    def codes(show: Show, text: str = "", field: str = "") -> list[str]:
        return [line.local.code for line in chosen(worklist.lines, View("", show, field, text))]

    assert codes(Show.WAITING) == ["NA", "GREET"]
    assert codes(Show.REVIEW) == codes(Show.FINDINGS) == ["NAU"]
    assert codes(Show.EVERYTHING, "SODIUM urine") == ["NAU"]
    assert codes(Show.EVERYTHING, "", "AL1-3") == []
    assert codes(Show.MARKED) == codes(Show.DECIDED) == codes(Show.WITHOUT_MAP) == []


def test_what_was_judged_is_not_judged_again_until_the_row_changes() -> None:
    package = lab()
    worklist = Worklist(LOCALS, package, "lab")
    package = decided(package, worklist, "NAU", SERUM)
    known: Known = {}
    first = judge(worklist.lines, worklist.maps(), {}, known)
    assert [issue.rule for issue in first["lab", "NAU"]] == ["TERM-0301"]
    assert len(known) == 1
    assert judge(worklist.lines, worklist.maps(), {}, known) == first
    decided(package, worklist, "NAU", URINE)
    assert ("lab", "NAU") not in judge(worklist.lines, worklist.maps(), {}, known)


def test_candidates_come_with_what_the_checks_would_say_and_no_map_is_suggested(sources: CodeSources) -> None:
    worklist = Worklist(LOCALS, lab(), "lab")
    urine = offers_for(worklist.lines[1], lab(), LOCALS, sources)
    assert [offer.candidate.coding.code for offer in urine.offers] == ["2955-3", "2951-2"]
    assert [[issue.rule for issue in offer.issues] for offer in urine.offers] == [[], ["TERM-0301"]]
    assert offers_for(worklist.lines[2], lab(), LOCALS, sources).no_map
    hints = hints_for(worklist.lines, lab(), sources, None, JobContext())
    assert [is_sure(hints[local]) for local in LOCALS][2] is False
    assert hints[LOCALS[0]].candidate is not None


def test_units_are_read_by_the_grammar_without_any_release(tmp_path: Path) -> None:
    unit = LocalCode("MG/DL", "L", "OBX-6", 3)
    package = Package(Header("p", "1"), codes={"u": CodeMap("u", target_system=UCUM)})
    offer = offers_for(
        Worklist([unit], package, "u").lines[0], package, [unit], CodeSources(CodeLibrary(tmp_path))
    ).offers[0]
    assert (offer.candidate.coding, offer.candidate.why) == (Coding(UCUM, "mg/dL"), (BY_GRAMMAR,))


def test_only_what_people_approved_is_remembered() -> None:
    approved = CodeMapRow(Coding("L", "NA"), SERUM, status=RowStatus.APPROVED, author="Ann", approver="Bea")
    mapped = CodeMapRow(Coding("L", "NAU"), URINE, status=RowStatus.MAPPED, author="Ann")
    memory = memory_of(lab(approved, mapped), LOCALS)
    assert memory.recall(LOCALS[0]) == (SERUM,)
    assert memory.recall(LOCALS[1]) == ()


def test_roles_decide_who_may_do_what() -> None:
    package = lab(CodeMapRow(Coding("L", "NA", "Sodium"), SERUM, status=RowStatus.MAPPED, author="Ann"))
    line = Worklist(LOCALS, package, "lab").line_of("lab", "NA")
    assert line is not None
    author = Actor("Bea", frozenset({Role.AUTHOR}))
    assert decide(package, [line], set_status(RowStatus.APPROVED, author)).refused[0][1].code == "APP-0030"
    reviewer = Actor("Bea", frozenset({Role.REVIEWER}), "2026-05-05")
    edits = decide(package, [line], set_status(RowStatus.APPROVED, reviewer)).edits
    assert len(edits) == 1
    flagged = decide(package, [line], set_mark(Mark.FLAGGED, None, reviewer))
    after, _ = flagged.edits[0].apply(package)
    assert after.codes["lab"].rows[0].marks == {Mark.FLAGGED}


def test_checking_what_a_decision_concerns_finds_what_checking_everything_finds() -> None:
    def mapped(code: str, display: str, target: Coding) -> CodeMapRow:
        return CodeMapRow(Coding("L", code, display), target, status=RowStatus.MAPPED, author="bob")

    package = lab(mapped("NA", "Sodium", SERUM), mapped("NAU", "Sodium urine", URINE), mapped("K", "Potassium", URINE))
    worklist = Worklist((*LOCALS, LocalCode("K", "L", "OBX-3", 3, (("Potassium", 3),))), package, "lab")
    worklist.take(judge(worklist.lines, worklist.maps(), {}, {}))
    decided = decide(package, [worklist.lines_of([("lab", "NA")])[0]], choose(URINE, Relationship.EQUIVALENT, "", ANN))
    after, _ = decided.edits[0].apply(package)
    changes = worklist.follow(after)
    judged, concerned = judge_again(worklist, changes, {}, {})
    assert {code for _, code in concerned} == {"NA", "NAU", "K"}
    assert worklist.take(judged, concerned)
    assert {(line.map, line.local.code): line.issues for line in worklist.lines if line.issues} == judge(
        worklist.lines, worklist.maps(), {}, {}
    )
