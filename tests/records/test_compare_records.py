"""Source beside result: what is the same, what became something else, what is gone; the dangerous first."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.partial_time import PartialDateTime
from workbench.records.agreement import Kind, compare_facts
from workbench.records.clinical import ClinicalRecord, Fact, FactName, Item, SectionName, record_of, time_text
from workbench.records.compare import Difference, compare, differing
from workbench.records.from_fhir import record_of_bundle
from workbench.records.from_v2 import record_of_message
from workbench.terminology.codes import Coding
from workbench.v2.er7 import parse


def fact(text: str, *units: str, name: FactName = FactName.DOSE, **other: object) -> Fact:
    return Fact(name, text, units=units, **other)


def timed(text: str) -> Fact:
    time = PartialDateTime.from_fhir(text)
    return Fact(FactName.TIME, time_text(time), time=time)


def drug(label: str, *facts: Fact, code: str = "", **other: object) -> Item:
    return Item("ordered", label, facts, (Coding("L", code),) if code else (), **other)


def record(*items: Item, section: SectionName = SectionName.MEDICATIONS) -> ClinicalRecord:
    return record_of({section: items})


def one(source: Item, result: Item, section: SectionName = SectionName.MEDICATIONS) -> Difference:
    (difference,) = compare(record(source, section=section), record(result, section=section))
    return difference


@pytest.mark.parametrize(
    ("source", "result", "kind", "note"),
    [
        (fact("0.125", "mg"), fact("0.125", "mg"), Kind.SAME, ""),
        (fact("0.125", "mg"), fact("125", "mg"), Kind.CHANGED, "1,000 times as much"),
        (fact("100", "mg"), fact("1", "mg"), Kind.CHANGED, "a 100th of it"),
        (fact("5.40", "mg"), fact("5.4", "mg"), Kind.SAME, "same value, digits differ"),
        (fact(".5", "mg"), fact("0.5", "mg"), Kind.SAME, "same value, digits differ"),
        (fact("5", "mg"), fact("6", "mg"), Kind.CHANGED, ""),
        (fact("5", "mg"), fact("5", "g"), Kind.CHANGED, "the unit differs"),
        (fact("5", "mg"), fact("5"), Kind.CHANGED, "the unit is missing"),
        (fact("5"), fact("5", "mg"), Kind.CHANGED, "the sender gave no unit"),
        (fact("5", "mcg"), fact("5", "ug"), Kind.SAME, ""),
        (fact("5", "K/uL"), fact("5", "10*3/uL"), Kind.SAME, ""),
        (fact("5", "x", "mg"), fact("5", "milligram", "mg"), Kind.SAME, ""),
        (fact("< 5"), fact("5"), Kind.CHANGED, ""),
        (fact("-5"), fact("5"), Kind.CHANGED, ""),
        (fact("1 to 2"), fact("1 - 2"), Kind.SAME, ""),
        (fact("1 to 2"), fact("1 to 3"), Kind.CHANGED, ""),
        (fact("1e3"), fact("1000"), Kind.SAME, "same value, digits differ"),
        (fact("0"), fact("5"), Kind.CHANGED, ""),
        (fact("007", name=FactName.LOT), fact("7", name=FactName.LOT), Kind.CHANGED, ""),
    ],
)
def test_numbers_are_compared_by_value_and_unit(source: Fact, result: Fact, kind: Kind, note: str) -> None:
    found = compare_facts(SectionName.MEDICATIONS, "ordered", source, result)
    assert (found.kind, found.note) == (kind, note)


@pytest.mark.parametrize(
    ("source", "result", "kind", "note"),
    [
        ("1980", "1980", Kind.SAME, ""),
        ("1980", "1980-01-01", Kind.CHANGED, "more exact than the sender said"),
        ("1980-01-03", "1980-01", Kind.CHANGED, "less exact"),
        ("1980-01-03", "1980-03-01", Kind.CHANGED, ""),
        ("2024-01-02T08:00:00+01:00", "2024-01-02T07:00:00Z", Kind.SAME, ""),
        ("2024-01-02T08:00:00+01:00", "2024-01-02T08:00:00Z", Kind.CHANGED, ""),
        ("2024-01-02T08:00", "2024-01-02T08:00:00+01:00", Kind.SAME, "a time zone was added"),
        ("2024-01-02T08:00:00+01:00", "2024-01-02T08:00", Kind.SAME, "the time zone is missing"),
        ("2024-01-02T08:00", "2024-01-02T09:00", Kind.CHANGED, ""),
        ("2024-01-02T08:00", "2024-01-02", Kind.CHANGED, "the time of day is missing"),
        ("2024-01-02", "2024-01-02T00:00:00Z", Kind.CHANGED, "more exact than the sender said"),
    ],
)
def test_times_are_compared_as_far_as_they_were_stated(source: str, result: str, kind: Kind, note: str) -> None:
    found = compare_facts(SectionName.RESULTS, "", timed(source), timed(result))
    assert (found.kind, found.note) == (kind, note)


def test_a_dose_that_became_another_is_said_in_words_and_comes_first() -> None:
    digoxin = drug("Digoxin", fact("0.125", "mg"), fact("once daily", name=FactName.TIMING))
    wrong = drug("Digoxin", fact("125", "mg"), fact("once daily", name=FactName.TIMING))
    source = record_of({SectionName.VISIT: [Item("location", "Location", ())], SectionName.MEDICATIONS: [digoxin]})
    found = compare(source, record(wrong))
    assert found[0].danger == 0
    assert found[0].text == "Digoxin: dose 0.125 mg became 125 mg (1,000 times as much)."
    assert found[1].section is SectionName.VISIT


def test_a_vanished_allergy_is_the_most_dangerous_kind() -> None:
    penicillin = Item("", "Penicillin", (fact("hives", name=FactName.REACTION),), (Coding("L", "PCN"),))
    latex = Item("", "Latex", (), (Coding("L", "LTX"),))
    found = compare(
        record(latex, penicillin, section=SectionName.ALLERGIES), record(latex, section=SectionName.ALLERGIES)
    )
    assert [(difference.kind, difference.danger) for difference in found] == [(Kind.MISSING, 0), (Kind.SAME, 3)]
    assert found[0].text == "Penicillin (hives) is missing in the result."


def test_what_is_kept_as_text_is_unvalidated_not_the_same() -> None:
    kept = one(drug("Aspirin", code="A"), drug("Aspirin", unvalidated=True))
    assert (kept.kind, kept.text) == (Kind.UNVALIDATED, "Aspirin: kept as text, not validated.")


def test_what_nobody_sent_is_added() -> None:
    (added,) = compare(record(), record(drug("Aspirin", fact("100", "mg"))))
    assert (added.kind, added.text) == (Kind.ADDED, "Aspirin (100 mg) stands only in the result.")
    assert one(drug("A"), drug("A", fact("100", "mg"))).kind is Kind.CHANGED


def test_a_translated_code_is_paired_by_its_words_and_an_unlike_one_is_not() -> None:
    assert one(drug("Potassium", code="K"), drug("POTASSIUM", code="2823-3")).kind is Kind.SAME
    unlike = compare(record(drug("Potassium", code="K")), record(drug("Sodium", code="2951-2")))
    assert [difference.kind for difference in unlike] == [Kind.MISSING, Kind.ADDED]


def test_a_name_that_only_resembles_is_shown_as_a_change() -> None:
    found = one(drug("Penicillin", code="P"), drug("Penicillin G benzathine", code="7980"))
    assert found.text == "Penicillin: name Penicillin became Penicillin G benzathine."


def test_an_entry_that_lost_its_name_is_recognised_by_its_facts() -> None:
    found = one(drug("Aspirin", fact("100", "mg")), drug("", fact("100", "mg")))
    assert found.text == "Aspirin: name Aspirin is missing."
    assert found.danger == 0


def test_serial_results_of_one_test_find_their_own() -> None:
    def glucose(value: str, time: str) -> Item:
        return Item("", "Glucose", (fact(value, "mg/dL", name=FactName.VALUE), timed(time)), (Coding("L", "GLU"),))

    morning, noon, night = glucose("90", "2024-01-02"), glucose("120", "2024-01-03"), glucose("90", "2024-01-04")
    section = SectionName.RESULTS
    found = compare(record(morning, noon, night, section=section), record(night, morning, section=section))
    assert [(d.kind, d.source) for d in found] == [(Kind.MISSING, noon), (Kind.SAME, morning), (Kind.SAME, night)]


def test_an_identifier_is_never_taken_for_another() -> None:
    def number(text: str) -> Item:
        return Item("identifier", "Identifier", (fact(text, name=FactName.VALUE),))

    section = SectionName.DEMOGRAPHICS
    found = compare(
        record(number("1"), number("2"), section=section), record(number("2"), number("01"), section=section)
    )
    assert [(d.kind, d.danger) for d in found] == [(Kind.MISSING, 0), (Kind.ADDED, 2), (Kind.SAME, 3)]


def test_what_the_sender_deletes_must_not_stay_unsaid() -> None:
    gone = Fact(FactName.VALUE, "deleted", deleted=True)
    birth = Item("birth", "Date of birth", (gone,))
    stayed = Item("birth", "Date of birth", (fact("1980", name=FactName.VALUE),))
    masked = Item("birth", "Date of birth", (fact("not stated (masked)", name=FactName.VALUE),))
    assert one(birth, stayed, SectionName.DEMOGRAPHICS).text.endswith("became 1980 (the sender deletes it).")
    assert one(birth, masked, SectionName.DEMOGRAPHICS).kind is Kind.SAME


def test_notes_may_be_joined_but_not_lost() -> None:
    def noted(*texts: str) -> Item:
        return drug("A", *(fact(text, name=FactName.NOTE) for text in texts))

    assert one(noted("one", "two"), noted("one\ntwo")).kind is Kind.SAME
    assert one(noted("one", "two"), noted("one")).kind is Kind.CHANGED


MESSAGE = "\r".join(
    (
        r"MSH|^~\&|A|B|C|D|20240102030405||ADT^A01|1|T|2.5.1",
        "PID|||123^^^H^MR||Smith^Ann||19800103|F",
        "AL1|1|DA|PCN^Penicillin^L|SV|hives",
        "OBX|1|NM|GLU^Glucose^L||5.40|mmol/L|3.9-5.6|N|||F|||20240102",
    )
)
CODE = {"coding": [{"system": "urn:oid:1", "code": "GLU", "display": "Glucose"}]}


def test_a_faithful_bundle_is_the_same_but_for_what_is_not_validated() -> None:
    resources = [
        {
            "resourceType": "Patient",
            "identifier": [{"value": "123"}],
            "name": [{"family": "Smith", "given": ["Ann"]}],
            "birthDate": "1980-01-03",
            "gender": "female",
        },
        {
            "resourceType": "AllergyIntolerance",
            "category": ["medication"],
            "criticality": "high",
            "code": {"text": "Penicillin"},
            "reaction": [{"manifestation": [{"text": "hives"}]}],
        },
        {
            "resourceType": "Observation",
            "code": CODE,
            "status": "final",
            "effectiveDateTime": "2024-01-02",
            "valueQuantity": {"value": Decimal("5.4"), "unit": "mmol/L"},
            "referenceRange": [{"low": {"value": Decimal("3.9")}, "high": {"value": Decimal("5.6")}}],
            "interpretation": [{"coding": [{"code": "N", "display": "Normal"}]}],
        },
    ]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]}
    found = compare(record_of_message(parse(MESSAGE.encode())), record_of_bundle(bundle))
    assert [d.text for d in differing(found)] == ["Penicillin: kept as text, not validated."]
    assert [f.note for d in found for f in d.facts if f.note] == ["same value, digits differ"]


names = st.sampled_from(list(FactName))
facts = st.builds(Fact, names, st.text(min_size=1, max_size=8))
items = st.builds(Item, st.sampled_from(["", "given"]), st.text(min_size=1, max_size=6), st.tuples(facts, facts))
records = st.dictionaries(st.sampled_from(list(SectionName)), st.lists(items, max_size=4), max_size=3).map(record_of)


@given(records)
def test_a_record_is_the_same_as_itself(whole: ClinicalRecord) -> None:
    assert {difference.kind for difference in compare(whole, whole)} <= {Kind.SAME}


@given(records, records)
def test_every_item_of_both_sides_appears_exactly_once(source: ClinicalRecord, result: ClinicalRecord) -> None:
    found = compare(source, result)
    assert sorted(map(repr, (d.source for d in found if d.source))) == sorted(repr(item) for _, item in source)
    assert sorted(map(repr, (d.result for d in found if d.result))) == sorted(repr(item) for _, item in result)
