"""Places of a profile, and the profile after a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.validation.profile_samples import write_bundle
from workbench.v2 import er7
from workbench.validation.profiles.edit import changed, code_sets, places_sharing, separated, with_codes
from workbench.validation.profiles.edit_rules import new_predicate, rules_at, with_rule
from workbench.validation.profiles.expressions import Presence, ProfilePath
from workbench.validation.profiles.learn import learn_profile
from workbench.validation.profiles.load import load_profile
from workbench.validation.profiles.model import Code, Element, Predicate, Profile, Usage
from workbench.validation.profiles.places import Address, item_at, path_of, places, places_below
from workbench.validation.profiles.profile_validator import ProfileValidator
from workbench.validation.profiles.yaml_profile import read_yaml, write_yaml

ADT = (
    "MSH|^~\\&|REG|GH|||2026||ADT^A01^ADT_A01|C{n}|P|2.5.1\rEVN||2026\r"
    "PID|1||{n}^^^GH^MR||Roe^Ann||1980|F\rNK1|1|Roe^Jo|||||||||||\rPV1|1|I\r"
)


def learnt() -> Profile:
    return learn_profile((er7.parse(ADT.format(n=n).encode()) for n in range(100, 140)), "learnt")


def place(profile: Profile, path: str) -> Address:
    return next(at for at in places(profile) if path_of(profile, at) == path)


def rules(profile: Profile, raw: str) -> set[tuple[str, str]]:
    found = ProfileValidator(profile).validate(er7.parse(raw.encode()))
    return {(issue.rule, issue.location.path) for issue in found}


def test_every_place_has_a_path_and_is_below_the_one_above(tmp_path: Path) -> None:
    profile = load_profile(write_bundle(tmp_path))
    for at in places(profile):
        assert path_of(profile, at)
        above = at.above
        assert above is None or at in places_below(profile, above)


def test_a_changed_usage_changes_the_verdict() -> None:
    profile = learnt()
    raw = ADT.format(n=101).replace("|F\r", "|\r")
    assert ("V2-0501", "PID-8") in rules(profile, raw)
    eased = changed(profile, place(profile, "PID-8"), usage=Usage.O)
    assert ("V2-0501", "PID-8") not in rules(eased, raw)
    item = item_at(profile, place(profile, "PID-8"))
    assert isinstance(item, Element)
    assert item.usage is Usage.R, "the profile before is as it was"


def test_a_code_added_to_a_value_set_is_accepted() -> None:
    profile, raw = learnt(), ADT.format(n=101).replace("|F\r", "|X\r")
    at = place(profile, "PID-8")
    (bound,) = code_sets(profile, at)
    before = {rule for rule, path in rules(profile, raw) if path == "PID-8"}
    after = with_codes(profile, at, bound.id, (*bound.codes, Code("X")), closed=True)
    assert before
    assert not {rule for rule, path in rules(after, raw) if path == "PID-8"}


def test_codes_for_an_element_without_a_set_bind_it_to_a_new_one() -> None:
    profile, raw = learnt(), ADT.format(n=101)
    at = place(profile, "PID-1")
    bound = with_codes(profile, at, "", (Code("7"),), closed=True)
    assert [each.codes for each in code_sets(bound, at)] == [(Code("7"),)]
    assert "PID-1" in {path for _, path in rules(bound, raw)}


def test_a_change_of_a_shared_flavour_counts_everywhere_until_it_is_separated(tmp_path: Path) -> None:
    messages = [ADT, ADT.replace("A01", "A04", 1).replace("^ADT_A01", "^ADT_A01")]
    profile = learn_profile((er7.parse(m.format(n=n).encode()) for m in messages for n in range(100, 120)), "two")
    sexes = [at for at in places(profile) if path_of(profile, at) == "PID-8"]
    assert len(sexes) == 2
    assert places_sharing(profile, sexes[0]) == 2
    both = changed(profile, sexes[0], usage=Usage.X)
    own = changed(separated(profile, sexes[0]), sexes[0], usage=Usage.X)

    def usages(of: Profile) -> list[Usage]:
        return [item.usage for item in (item_at(of, at) for at in sexes) if isinstance(item, Element)]

    assert usages(both) == [Usage.X, Usage.X]
    assert usages(own) == [Usage.X, Usage.R]
    assert places_sharing(own, sexes[0]) == 1


def test_a_component_is_separated_with_the_field_that_holds_it() -> None:
    profile = learnt()
    at = place(profile, "PID-5.1")
    own = changed(separated(profile, at), at, usage=Usage.X)
    found = item_at(own, at)
    assert isinstance(found, Element)
    assert found.usage is Usage.X
    assert "PID-5.1" in {path for _, path in rules(own, ADT.format(n=1))}
    assert "PID-5.1" not in {path for _, path in rules(profile, ADT.format(n=1))}


def test_a_condition_is_told_at_its_place_and_judged() -> None:
    profile = learnt()
    at = place(profile, "PID-8")
    predicate = new_predicate(
        profile,
        at,
        id="P1",
        target=ProfilePath.parse("8[1]"),
        text="a name is there",
        test=Presence(ProfilePath.parse("5[1]")),
        when_true=Usage.X,
        when_false=Usage.O,
    )
    made = changed(with_rule(profile, None, predicate), at, usage=Usage.C)
    assert rules_at(made, at) == (predicate,)
    assert ("V2-0532", "PID-8") in rules(made, ADT.format(n=1))
    assert rules_at(with_rule(made, predicate, None), at) == ()


def test_a_rule_of_a_shared_flavour_follows_the_separated_place(tmp_path: Path) -> None:
    profile = load_profile(write_bundle(tmp_path))
    told = [(at, rules_at(profile, at)) for at in places(profile) if at.field]
    at, found = next((at, found) for at, found in told if any(isinstance(rule, Predicate) for rule in found))
    own = separated(profile, at)
    assert [rule.text for rule in rules_at(own, at)] == [rule.text for rule in found]


def test_an_edited_profile_survives_yaml(tmp_path: Path) -> None:
    profile = learnt()
    at = place(profile, "PID-5.1")
    edited = with_codes(separated(profile, at), at, "", (Code("Roe"), Code("Doe", display="unnamed")), closed=True)
    path = tmp_path / "edited.yaml"
    write_yaml(edited, path)
    again = read_yaml(path)
    assert code_sets(again, at) == code_sets(edited, at)
    assert [path_of(again, each) for each in places(again)] == [path_of(edited, each) for each in places(edited)]


def test_a_place_that_is_not_there_is_a_lookup_error() -> None:
    profile = learnt()
    with pytest.raises(LookupError):
        item_at(profile, Address(1, (1,), 99))
    with pytest.raises(LookupError):
        with_codes(profile, Address(1), "", (), closed=True)
