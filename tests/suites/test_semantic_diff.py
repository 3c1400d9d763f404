"""One difference is one change, told where it is; nothing that differs is hidden."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.suites.semantic_diff import ChangeKind, Nuance, diff

ADDED, REMOVED, CHANGED = ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.CHANGED


def observation(number: int, value: str = "5.40") -> dict[str, Any]:
    return {
        "fullUrl": f"urn:uuid:{number:08}",
        "resource": {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": f"{number}-1"}]},
            "subject": {"reference": "urn:uuid:patient"},
            "effectiveDateTime": "2026-03-02T08:00:00-05:00",
            "valueQuantity": {"value": Decimal(value), "unit": "mg/dL"},
        },
        "request": {"method": "POST", "url": "Observation"},
    }


def bundle(*entries: dict[str, Any]) -> dict[str, Any]:
    patient = {
        "fullUrl": "urn:uuid:patient",
        "resource": {
            "resourceType": "Patient",
            "identifier": [{"system": "urn:oid:1.2", "value": "A"}, {"system": "urn:oid:1.3", "value": "B"}],
            "name": [{"family": "O'Brien", "given": ["Zoë", "M"]}],
            "birthDate": "1957-03",
        },
        "request": {"method": "PUT", "url": "Patient?identifier=A"},
    }
    return copy.deepcopy({"resourceType": "Bundle", "type": "transaction", "entry": [patient, *entries]})


def told(expected: dict[str, Any], actual: dict[str, Any], *ignore: str) -> list[tuple[ChangeKind, str]]:
    return [(change.kind, change.path) for change in diff(expected, actual, ignore).changes]


def test_equal_bundles_differ_in_nothing_whatever_the_order_of_entries_and_keys() -> None:
    one = bundle(*map(observation, range(5)))
    other = copy.deepcopy(one)
    other["entry"].reverse()
    other["entry"] = [dict(reversed(entry.items())) for entry in other["entry"]]
    assert told(one, other) == []


@pytest.mark.parametrize("gone", [0, 2, 4])
def test_one_entry_removed_or_added_is_one_change(gone: int) -> None:
    one = bundle(*map(observation, range(5)))
    other = copy.deepcopy(one)
    del other["entry"][gone + 1]
    assert told(one, other) == [(REMOVED, f"Observation[{gone}]")]
    assert told(other, one) == [(ADDED, f"Observation[{gone}]")]


def test_a_changed_value_is_told_at_its_element_with_both_values() -> None:
    one, other = bundle(observation(1)), bundle(observation(1, "54.0"))
    (change,) = diff(one, other).changes
    assert (change.path, change.before, change.after) == (
        "Observation.valueQuantity.value",
        Decimal("5.40"),
        Decimal("54.0"),
    )
    assert change.nuance is Nuance.NONE


def test_the_same_number_with_other_digits_is_a_change_of_digits() -> None:
    (change,) = diff(bundle(observation(1, "5.40")), bundle(observation(1, "5.4"))).changes
    assert change.nuance is Nuance.DIGITS


@pytest.mark.parametrize(
    ("before", "after", "nuance"),
    [
        ("1957-03", "1957-03-01", Nuance.PRECISION),
        ("1957", "1957-03", Nuance.PRECISION),
        ("1957-03", "1958-03-01", Nuance.NONE),
        ("2026-03-02T08:00:00-05:00", "2026-03-02T13:00:00Z", Nuance.OFFSET),
        ("2026-03-02T08:00:00-05:00", "2026-03-02T08:00:00Z", Nuance.NONE),
        ("final", "corrected", Nuance.NONE),
    ],
)
def test_times_say_how_they_differ(before: str, after: str, nuance: Nuance) -> None:
    one, other = bundle(), bundle()
    one["entry"][0]["resource"]["birthDate"] = before
    other["entry"][0]["resource"]["birthDate"] = after
    (change,) = diff(one, other).changes
    assert (change.path, change.nuance) == ("Patient.birthDate", nuance)


def test_identified_items_are_matched_by_what_identifies_them() -> None:
    one, other = bundle(), bundle()
    other["entry"][0]["resource"]["identifier"].reverse()
    assert told(one, other) == []
    del other["entry"][0]["resource"]["identifier"][1]
    assert told(one, other) == [(REMOVED, "Patient.identifier[0]")]


def test_a_changed_identifier_is_one_change_and_not_two() -> None:
    one, other = bundle(), bundle()
    other["entry"][0]["resource"]["identifier"][1]["value"] = "C"
    assert told(one, other) == [(CHANGED, "Patient.identifier[1].value")]


def test_one_more_of_many_items_with_the_same_key_is_one_change() -> None:
    def kept(place: str) -> dict[str, Any]:
        return {"url": "urn:kept", "extension": [{"url": "place", "valueString": place}]}

    one, other = bundle(), bundle()
    one["entry"][0]["resource"]["extension"] = [kept(f"PID-{n}") for n in (10, 13, 22)]
    other["entry"][0]["resource"]["extension"] = [kept(f"PID-{n}") for n in (8, 10, 13, 22)]
    assert told(one, other) == [(ADDED, "Patient.extension[0]")]
    other["entry"][0]["resource"]["extension"][3] = kept("PID-23")
    assert told(one, other) == [
        (CHANGED, "Patient.extension[2].extension[0].valueString"),
        (ADDED, "Patient.extension[3]"),
    ]


def test_items_that_have_little_in_common_are_removed_and_added() -> None:
    one, other = bundle(), bundle()
    one["entry"][0]["resource"]["extension"] = [{"url": "urn:a", "valueString": "x"}]
    other["entry"][0]["resource"]["extension"] = [{"url": "urn:b", "valueCode": "y"}]
    assert told(one, other) == [(REMOVED, "Patient.extension[0]"), (ADDED, "Patient.extension[0]")]


def test_the_order_of_given_names_matters_and_an_inserted_one_is_one_change() -> None:
    one, other = bundle(), bundle()
    other["entry"][0]["resource"]["name"][0]["given"].reverse()
    assert len(told(one, other)) == 2
    other["entry"][0]["resource"]["name"][0]["given"] = ["Ann", "Zoë", "M"]
    assert told(one, other) == [(ADDED, "Patient.name[0].given[0]")]


def test_an_entry_under_another_full_url_is_the_same_thing_and_so_are_references_to_it() -> None:
    one = bundle(*map(observation, range(3)))
    other = copy.deepcopy(one)
    other["entry"][0]["fullUrl"] = "urn:uuid:elsewhere"
    for entry in other["entry"][1:]:
        entry["resource"]["subject"]["reference"] = "urn:uuid:elsewhere"
    assert told(one, other) == [(CHANGED, "Bundle.entry(Patient).fullUrl")]
    assert told(one, other, "Bundle.entry.fullUrl") == []


def test_a_reference_that_points_elsewhere_is_a_change() -> None:
    one, other = bundle(observation(1)), bundle(observation(1))
    other["entry"][1]["resource"]["subject"]["reference"] = "urn:uuid:stranger"
    assert told(one, other) == [(CHANGED, "Observation.subject.reference")]


def test_resources_without_any_identity_are_matched_by_likeness() -> None:
    one = bundle(*map(observation, range(4)))
    other = copy.deepcopy(one)
    for entry in one["entry"] + other["entry"]:
        entry.pop("fullUrl")
    other["entry"][2]["resource"]["status"] = "corrected"
    assert told(one, other) == [(CHANGED, "Observation[1].status")]


def test_ignored_differences_are_counted_by_rule() -> None:
    one, other = bundle(), bundle()
    one["timestamp"], other["timestamp"] = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    other["entry"][0]["resource"]["meta"] = {"lastUpdated": "2026-01-02T00:00:00Z"}
    comparison = diff(one, other, ["Bundle.timestamp", "*.meta.lastUpdated"])
    assert comparison.changes == ()
    assert comparison.ignored == {"Bundle.timestamp": 1, "*.meta.lastUpdated": 1}


def test_an_ignore_rule_keeps_only_what_it_names_away() -> None:
    one, other = bundle(), bundle()
    other["entry"][0]["resource"]["meta"] = {"lastUpdated": "2026-01-02T00:00:00Z", "versionId": "2"}
    assert told(one, other, "*.meta.lastUpdated") == [(ADDED, "Patient.meta")]
    other["entry"][0]["resource"] |= {"birthDateTime": "x"}
    assert (ADDED, "Patient.birthDateTime") in told(one, other, "Patient.birthDate")


def test_two_single_resources_are_compared_as_they_are() -> None:
    one, other = observation(1)["resource"], observation(2)["resource"]
    assert told(one, other) == [(CHANGED, "Observation.code.coding[0].code")]


def test_another_type_under_the_same_url_is_removed_and_added() -> None:
    one, other = bundle(observation(1)), bundle(observation(1))
    other["entry"][1]["resource"] = {"resourceType": "Basic", "code": {"text": "x"}}
    assert sorted(told(one, other)) == [(ADDED, "Basic"), (REMOVED, "Observation")]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "id", "url", "value"]), inner, max_size=3)
    ),
    max_leaves=12,
)
resources = st.dictionaries(st.sampled_from(["x", "y", "identifier", "name"]), json_values, max_size=4)


@given(resources)
def test_nothing_differs_from_itself(resource: dict[str, Any]) -> None:
    assert diff(resource, copy.deepcopy(resource)).changes == ()


@given(resources, resources)
def test_what_is_told_one_way_is_told_the_other_way(one: dict[str, Any], other: dict[str, Any]) -> None:
    forth, back = diff(one, other).changes, diff(other, one).changes
    assert (forth == ()) == (back == ())


entries = st.fixed_dictionaries(
    {
        "fullUrl": st.sampled_from(["urn:a", "urn:b", "urn:c"]),
        "resource": st.fixed_dictionaries(
            {
                "resourceType": st.sampled_from(["Patient", "Basic"]),
                "value": st.sampled_from([Decimal("5.4"), Decimal("5.40"), 5, "x"]),
                "subject": st.fixed_dictionaries({"reference": st.sampled_from(["urn:a", "urn:b", "urn:z"])}),
            }
        ),
    }
)


@given(st.lists(entries, max_size=5), st.lists(entries, max_size=5))
def test_two_bundles_differ_exactly_when_their_entries_do(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    def written(items: list[dict[str, Any]]) -> list[str]:
        told = [
            (each["fullUrl"], *(each["resource"][name] for name in ("resourceType", "value", "subject")))
            for each in items
        ]
        return sorted(map(repr, told))

    expected, actual = ({"resourceType": "Bundle", "entry": items} for items in (one, other))
    assert (diff(expected, actual).changes == ()) == (written(one) == written(other))
