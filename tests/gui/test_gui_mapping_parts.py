"""The Qt-free parts of the mapping page: conditions as rows, ends, the index of rules, fields, transforms."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.app.session import standard_package_folder
from workbench.fhir.json_tree import parse as parse_fhir
from workbench.gui.models.rule_tree import RuleName, rule_tree
from workbench.gui.views.mapping.condition_rows import OF_PLACES, ConditionRow, Joint, Test, rows_of, text_of
from workbench.gui.views.mapping.ends import End, FhirEnds, V2Ends, above, plain_sources, plain_target
from workbench.gui.views.mapping.rule_fields import (
    RowFields,
    RuleFields,
    fields_of,
    row_fields_of,
    with_fields,
    with_row_fields,
)
from workbench.gui.views.mapping.rule_index import RuleIndex
from workbench.gui.views.mapping.target_looks import missing, values_of
from workbench.gui.views.mapping.transform_examples import EXAMPLES, example, steps_on
from workbench.kernel.errors import Refused
from workbench.mapping.conditions import SyntaxProblem, read_condition
from workbench.mapping.load import load_package
from workbench.mapping.model import Package, Repeat, Row, Rule, TransformCall
from workbench.mapping.transforms import TRANSFORMS


@pytest.fixture(scope="module")
def standard() -> Package:
    return load_package(standard_package_folder())


# --- conditions ------------------------------------------------------------------------------------------------------


def test_every_condition_of_the_standard_package_keeps_its_text_through_the_rows(standard: Package) -> None:
    rules = [rule for rule_map in standard.rule_maps() for rule in rule_map.walk()]
    texts = {rule.when for rule in rules if rule.when}
    assert len(texts) > 100
    assert {text: text_of(rows_of(text)) for text in texts} == {text: text for text in texts}


def test_a_condition_is_taken_apart_into_path_relation_and_value() -> None:
    rows = rows_of("PID-8 in ('F', 'M') and not PID-3.5 = 'MR' or count(PID-11) > 1")
    assert rows == (
        ConditionRow(Joint.AND, False, "PID-8", Test.IN, "F, M"),
        ConditionRow(Joint.AND, True, "PID-3.5", Test.EQUAL, "MR"),
        ConditionRow(Joint.OR, False, "count(PID-11)", Test.MORE, "1"),
    )


def test_what_stands_in_brackets_stays_one_row() -> None:
    rows = rows_of("PID-7 valued and (PID-8 = 'F' or PID-8 = 'M')")
    assert [row.test for row in rows] == [Test.VALUED, Test.EXPRESSION]
    assert text_of(rows) == "PID-7 valued and (PID-8 = 'F' or PID-8 = 'M')"


def test_words_in_quotation_marks_part_nothing() -> None:
    assert [row.value for row in rows_of("OBX-3.2 = 'salt and pepper' and OBX-2 = 'ST'")] == ["salt and pepper", "ST"]


def test_rows_without_a_path_say_nothing() -> None:
    assert text_of([ConditionRow(), ConditionRow(operand="PID-8"), ConditionRow(test=Test.MADE)]) == "PID-8 valued"


def test_a_condition_that_is_none_is_refused_with_its_place() -> None:
    with pytest.raises(SyntaxProblem) as problem:
        rows_of("PID-8 resembles 'F'")
    assert problem.value.at == 6


_paths = st.sampled_from(["PID-8", "PID-3[1].4.2", "OBX-5[OBX-2 = 'ST'].1", "CX.4"])
_names = st.sampled_from(["sex", "no-such-map"])
_texts = st.text(alphabet="abc F/-1", min_size=1, max_size=6).map(str.strip).filter(bool)


@st.composite
def _rows(draw: st.DrawFn) -> ConditionRow:
    joint, negated = draw(st.sampled_from(Joint)), draw(st.booleans())
    test = draw(
        st.sampled_from([t for t in Test if t is not Test.EXPRESSION and t not in "<>" and t not in ("<=", ">=")])
    )
    if test is Test.MADE:
        return ConditionRow(joint, negated, "", test, "visit")
    if test in (Test.VALUED, Test.NOT_VALUED, Test.NULL):
        return ConditionRow(joint, negated, draw(_paths), test)
    if test in OF_PLACES:
        return ConditionRow(joint, negated, draw(_paths), test, draw(_paths))
    value = draw(_names) if test in (Test.IN_CODES, Test.NOT_IN_CODES) else draw(_texts)
    return ConditionRow(joint, negated, draw(_paths), test, value)


def test_a_row_compares_with_another_path_when_the_value_has_no_quotes() -> None:
    (row,) = rows_of("not PID-12 != PID-11.9")
    assert row == ConditionRow(Joint.AND, True, "PID-12", Test.OTHER_THAN, "PID-11.9")
    assert rows_of("PID-12 = 'PID-11.9'")[0].test is Test.EQUAL
    assert rows_of("count(PID-11) = 2")[0].test is Test.EQUAL


def test_blanks_inside_a_value_are_kept() -> None:
    assert text_of(rows_of("PID-8 in ('1  1')")) == "PID-8 in ('1  1')"
    assert text_of(rows_of("PID-8 = 'a  b'")) == "PID-8 = 'a  b'"


@given(st.lists(_rows(), min_size=1, max_size=4))
def test_rows_come_back_from_their_text(rows: list[ConditionRow]) -> None:
    rows[0] = replace(rows[0], joint=Joint.AND)
    text = text_of(rows)
    assert read_condition(text_of(rows_of(text))) == read_condition(text)
    assert text_of(rows_of(text)) == text


# --- ends ------------------------------------------------------------------------------------------------------------


def _below(ends: V2Ends | FhirEnds, path: str) -> dict[str, End]:
    found = {end.path: end for end in ends.roots()}
    for step in reversed(_arounds(path)):
        found = {end.path: end for end in ends.below(found[step])}
    return found


def _arounds(path: str) -> list[str]:
    found = [path]
    while above(found[-1]):
        found.append(above(found[-1]))
    return found


def test_fields_and_components_are_those_of_the_dictionary() -> None:
    ends = V2Ends("2.5.1", ("PID",))
    assert _below(ends, "PID")["PID-3"].help == "PID-3 Patient Identifier List, CX, 1..*"
    assert _below(ends, "PID-3")["PID-3.4"].name == "Assigning Authority"
    assert not _below(ends, "PID-3.4")["PID-3.4.1"].holds


def test_a_segment_of_the_site_has_the_fields_that_were_seen() -> None:
    assert list(_below(V2Ends("2.5.1", ("ZPI",), (("ZPI", (1, 4)),)), "ZPI")) == ["ZPI-1", "ZPI-4"]


def test_a_data_type_has_its_parts_as_type_maps_name_them() -> None:
    assert [end.path for end in V2Ends("2.5.1", of_type="CX").roots()][:2] == ["CX.1", "CX.2"]


def test_a_choice_is_one_end_for_each_type_with_its_cardinality_and_binding() -> None:
    patient = {end.path: end for end in FhirEnds("Patient").roots()}
    assert {"deceasedBoolean", "deceasedDateTime"} <= patient.keys()
    assert patient["gender"].binding == "administrative-gender, required"
    assert (patient["identifier"].cardinality, patient["identifier"].holds) == ("0..*", True)


def test_backbone_elements_open_into_what_the_resource_says() -> None:
    assert "contact.name.family" in _below(FhirEnds("Patient"), "contact.name")


@pytest.mark.parametrize(
    ("written", "plain"),
    [("name[legal].family", "name.family"), ("extension(religion).valueString", "extension.valueString"), ("id", "id")],
)
def test_targets_lose_slices_and_names_of_extensions(written: str, plain: str) -> None:
    assert plain_target(written) == plain


def test_sources_lose_repetitions_conditions_and_groups() -> None:
    assert plain_sources("ORDER/OBX-5[OBX-2 = 'ST'].1") == ("OBX-5.1",)
    assert plain_sources("PID-3[1].4.2 | 'none'") == ("PID-3.4.2",)


def test_a_required_element_without_a_rule_is_missing_and_a_choice_counts_once() -> None:
    observation = FhirEnds("Observation")
    assert {end.path for end in missing(observation, {})} == {"status", "code"}
    assert [end.path for end in missing(observation, {"code": 1})] == ["status"]
    statement = FhirEnds("MedicationStatement")
    assert {end.choice for end in missing(statement, {"status": 1, "subject": 1})} == {"medication[x]"}
    assert not missing(statement, {"status": 1, "subject": 1, "medicationReference": 2})


# --- which rule reads and writes what --------------------------------------------------------------------------------


def test_rules_are_found_by_either_end(standard: Package) -> None:
    index = RuleIndex(standard)
    assert RuleName("PID-Patient", "pid-3") in index.reading("PID-3.1")
    assert RuleName("PID-Patient", "pid-8") in index.writing("Patient", "gender")
    assert RuleName("PID-Patient", "pid-15-language") in index.writing("Patient", "communication")
    assert index.ends[RuleName("PID-Patient", "pid-15-language")].sources == ("PID-15",)


def test_rules_that_read_fhir_are_found_by_type_and_element() -> None:
    index = RuleIndex(load_package(standard_package_folder().parent / "fhir-to-v2"))
    assert RuleName("Patient-PID", "names") in index.reading("name.family", read="Patient")
    assert RuleName("Patient-PID", "names") not in index.reading("name.family", read="Practitioner")
    assert RuleName("Patient-PID", "names") in index.writing("PID", "PID-5")


def test_maps_an_edit_does_not_touch_are_taken_over(standard: Package) -> None:
    before = RuleIndex(standard)
    changed = dict(standard.segments)
    changed["PID-Patient"] = replace(changed["PID-Patient"], rules=changed["PID-Patient"].rules[1:])
    after = RuleIndex(replace(standard, segments=changed), before)
    assert (
        after.ends[RuleName("AL1-AllergyIntolerance", "al1-3")]
        is before.ends[RuleName("AL1-AllergyIntolerance", "al1-3")]
    )
    assert RuleName("PID-Patient", "pid-3") not in after.ends


def test_the_tree_of_rules_has_message_maps_with_rows_and_keeps_only_what_is_wanted(standard: Package) -> None:
    whole = rule_tree(standard, lambda _name, _entry: True)
    assert RuleName("messages/part-patient", standard.messages["part-patient"].rows[0].id) in whole.numbers
    one = rule_tree(standard, lambda name, _entry: name.rule == "pid-15-language")
    assert [name.rule for name in one.names] == ["", "pid-15", "pid-15-language"]


# --- fields of the editor --------------------------------------------------------------------------------------------


def test_every_rule_and_row_of_the_standard_package_survives_the_editor(standard: Package) -> None:
    for rule_map in standard.rule_maps():
        for rule in rule_map.walk():
            assert with_fields(rule, RuleFields(**asdict(fields_of(rule)))) == rule
    for message_map in standard.messages.values():
        for row in message_map.rows:
            assert with_row_fields(row, RowFields(**asdict(row_fields_of(row)))) == row


def test_fields_are_read_as_the_language_has_them() -> None:
    rule = with_fields(Rule("r"), RuleFields(source="PID-5.2 + PID-5.1", join="“, ”", repeat="first", default="12.50"))
    assert (rule.source, rule.join, rule.repeat, str(rule.default)) == (
        ("PID-5.2", "PID-5.1"),
        ", ",
        Repeat.FIRST,
        "12.50",
    )


def test_a_policy_that_is_none_and_a_link_that_leads_nowhere_are_refused() -> None:
    with pytest.raises(Refused, match="forget"):
        with_fields(Rule("r"), RuleFields(unmapped="forget"))
    with pytest.raises(Refused, match="subject"):
        with_row_fields(Row("r", "PID"), RowFields(link="subject"))


# --- transforms ------------------------------------------------------------------------------------------------------


def test_every_transform_has_an_example_that_gives_something() -> None:
    assert EXAMPLES.keys() == TRANSFORMS.keys()
    assert [name for name in TRANSFORMS if "nothing" in example(name)] == []


def test_the_steps_on_a_value_are_shown_one_by_one() -> None:
    calls = (TransformCall("trim"), TransformCall("upper"), TransformCall("prefix", {"": "ID-"}))
    assert steps_on(" ab ", calls) == " ab  → ab → AB → ID-AB"


# --- values ----------------------------------------------------------------------------------------------------------


def test_values_of_a_result_read_as_in_json() -> None:
    bundle = b"""{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "active": false,
        "multipleBirthInteger": 2, "gender": "female"}}]}"""
    found = values_of(parse_fhir(bundle), "Patient", mask=False)
    assert found == {"active": ["false"], "multipleBirthInteger": ["2"], "gender": ["female"]}
