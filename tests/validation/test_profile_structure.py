"""Members, fields and components added to a profile and taken out; what speaks of them follows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from workbench.v2 import er7
from workbench.validation.profiles.edit_structure import may_go, with_element, with_group, with_segment, without
from workbench.validation.profiles.expressions import All, Counted, Presence, ProfilePath, Step
from workbench.validation.profiles.learn import learn_profile
from workbench.validation.profiles.model import Context, Element, Profile, Scope, SegmentUse, Statement
from workbench.validation.profiles.places import Address, item_at, path_of, places, places_below
from workbench.validation.profiles.profile_validator import ProfileValidator
from workbench.validation.profiles.yaml_profile import read_yaml, write_yaml

ADT = "MSH|^~\\&|REG|GH|||2026||ADT^A01^ADT_A01|C{n}|P|2.5.1\rEVN||2026\rPID|1||{n}^^^GH^MR||Roe^Ann||1980|F\rPV1|1|I\r"
TOP = Address(1)


def learnt() -> Profile:
    return learn_profile((er7.parse(ADT.format(n=n).encode()) for n in range(100, 110)), "learnt")


def place(profile: Profile, path: str) -> Address:
    return next(at for at in places(profile) if path_of(profile, at) == path)


def found(profile: Profile, more: str = "") -> set[tuple[str, str]]:
    raw = ADT.format(n=101) + more
    return {(issue.rule, issue.location.path) for issue in ProfileValidator(profile).validate(er7.parse(raw.encode()))}


def demand(profile: Profile, *way: int) -> Profile:
    """PID-5 must be there, said from the message."""
    path = ProfilePath(tuple(Step(each, 1) for each in way))
    rule = Statement("S1", Context(Scope.MESSAGE, profile.messages[0].id), path, "x", All((Presence(path),)))
    return replace(profile, statements=(rule,))


def test_an_added_segment_is_accepted_and_has_the_fields_of_the_standard(tmp_path: Path) -> None:
    profile = learnt()
    before = found(profile, "PV2||I\r")
    assert any(path.startswith("PV2") for _, path in before)
    made = with_segment(profile, TOP, 5, "PV2")
    assert not any(path.startswith("PV2") for _, path in found(made, "PV2||I\r"))
    field = item_at(made, place(made, "PV2-3"))
    assert isinstance(field, Element)
    assert field.name == "Admit Reason"
    write_yaml(made, tmp_path / "p.yaml")
    assert found(read_yaml(tmp_path / "p.yaml"), "PV2||I\r") == found(made, "PV2||I\r")


def test_what_speaks_of_the_members_behind_is_renumbered_and_of_a_removed_one_goes() -> None:
    profile = demand(learnt(), 3, 5)
    assert path_of(profile, Address(1, (3,))).endswith("/PID")
    moved = with_segment(profile, TOP, 2, "SFT")
    assert [step.place for step in moved.statements[0].target.steps] == [4, 5]
    test = moved.statements[0].test
    assert isinstance(test, All)
    assert test.parts == (Presence(moved.statements[0].target),)
    back = without(moved, Address(1, (2,)))
    assert back.statements == profile.statements
    assert without(profile, Address(1, (3,))).statements == ()


def test_a_count_below_a_parent_is_renumbered_from_the_parent() -> None:
    profile = with_group(learnt(), TOP, 5, "VISIT")
    for number, name in enumerate(("PV1", "PV2"), start=1):
        profile = with_segment(profile, Address(1, (5,)), number, name)
    counted = Counted(ProfilePath((Step(5),)), ProfilePath((Step(2), Step(1))))
    rule = Statement("S", Context(Scope.MESSAGE, profile.messages[0].id), ProfilePath((Step(5),)), "x", counted)
    moved = with_segment(replace(profile, statements=(rule,)), Address(1, (5,)), 1, "NTE")
    test = moved.statements[0].test
    assert isinstance(test, Counted)
    assert [step.place for step in test.element.steps] == [3, 1]


def test_a_group_begins_empty_and_takes_segments(tmp_path: Path) -> None:
    made = with_segment(with_group(learnt(), TOP, 5, "EXTRA"), Address(1, (5,)), 1, "ZPI")
    assert [path_of(made, at) for at in places(made) if at.members[:1] == (5,)][1].endswith("/EXTRA/ZPI")
    assert isinstance(item_at(made, Address(1, (5, 1))), SegmentUse)
    twice = with_group(made, TOP, 6, "EXTRA")
    assert len({getattr(item_at(twice, Address(1, (n,))), "id", "") for n in (5, 6)}) == 2
    found(twice)


def test_fields_and_components_come_and_go_at_the_end_only() -> None:
    profile = learnt()
    pid = place(profile, "PID-1").above
    assert pid is not None
    count = len(places_below(profile, pid))
    made = with_element(profile, pid)
    added = places_below(made, pid)[-1]
    assert path_of(made, added) == f"PID-{count + 1}"
    assert may_go(made, added)
    assert not may_go(made, place(made, "PID-3"))
    with pytest.raises(LookupError):
        without(made, place(made, "PID-3"))
    assert len(places_below(without(made, added), pid)) == count
    name = place(profile, "PID-5")
    parts = len(places_below(profile, name))
    more = with_element(profile, name)
    last = places_below(more, name)[-1]
    assert path_of(more, last) == f"PID-5.{parts + 1}"
    assert len(places_below(without(more, last), name)) == parts


def test_a_cut_segment_gets_its_next_field_from_the_standard() -> None:
    profile = learnt()
    segment = profile.segments["PV1"]
    cut = replace(profile, segments={**profile.segments, "PV1": replace(segment, fields=segment.fields[:2])})
    pv1 = place(cut, "PV1-1").above
    assert pv1 is not None
    made = with_element(cut, pv1)
    field = item_at(made, place(made, "PV1-3"))
    assert isinstance(field, Element)
    assert (field.name, field.data_type) == ("Assigned Patient Location", "PL")
    assert "PL" in made.data_types
