"""Reviews: roles, two opinions, staleness, urgency, drift."""

import pytest

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.terminology.code_map import CodeMap, CodeMapRow, Mark, Relationship, RowStatus
from workbench.terminology.codes import Coding, Concept
from workbench.terminology.drift import DriftKind, drift
from workbench.terminology.edits import RowKey
from workbench.terminology.harvest import LocalCode
from workbench.terminology.memory import key_of
from workbench.terminology.review import (
    TRANSITIONS,
    Event,
    Opinion,
    Review,
    Role,
    exportable,
    from_json,
    may,
    reconciled,
    reopened,
    to_json,
    urgency,
    with_opinion,
)

KEY = RowKey("urn:l", "NA")
SODIUM, POTASSIUM = Coding("http://loinc.org", "2951-2"), Coding("http://loinc.org", "2823-3")


def event(what: str = "chose") -> Event:
    return Event("2026-05-04T10:00:00+00:00", "ann", what, "Workbench 1", evidence=("specimen 3.8",))


def test_only_reviewers_approve_and_only_authors_map() -> None:
    assert may(Role.REVIEWER, RowStatus.IN_REVIEW, RowStatus.APPROVED)
    assert not may(Role.AUTHOR, RowStatus.IN_REVIEW, RowStatus.APPROVED)
    assert not may(Role.REVIEWER, RowStatus.SUGGESTED, RowStatus.APPROVED)
    assert set(TRANSITIONS) == set(RowStatus)


def test_two_equal_opinions_agree_and_two_different_ones_are_a_conflict_for_a_third() -> None:
    one = with_opinion(Review(KEY), Opinion("ann", SODIUM), event())
    assert with_opinion(one, Opinion("bob", SODIUM), event()).marks == frozenset()
    differing = with_opinion(one, Opinion("bob", POTASSIUM), event())
    assert differing.marks == {Mark.CONFLICT}
    with pytest.raises(Refused, match="between"):
        reconciled(differing, "bob", event())
    decided = reconciled(differing, "cat", event("decided"))
    assert decided.marks == frozenset()
    assert [entry.what for entry in decided.history] == ["chose", "chose", "decided"]
    with pytest.raises(Refused):
        with_opinion(one, Opinion("ann", POTASSIUM), event())


def test_another_unit_makes_an_approved_row_stale() -> None:
    local = LocalCode("NA", "urn:l", texts=(("Sodium", 1),), units=(("mmol/L", 1),))
    review = Review(KEY, seen=key_of(local))
    assert reopened(review, local, event()).marks == frozenset()
    changed = LocalCode("NA", "urn:l", texts=(("Sodium", 1),), units=(("mg/dL", 1),))
    assert reopened(review, changed, event()).marks == {Mark.STALE}


def test_what_is_frequent_and_dangerous_comes_first() -> None:
    potassium = LocalCode("K", field="OBX-3", count=10, texts=(("Potassium", 10),))
    allergy = LocalCode("PEN", field="AL1-3", count=10, texts=(("Penicillin", 10),))
    colour = LocalCode("COL", field="OBX-3", count=10, texts=(("Colour of urine", 10),))
    assert sorted((colour, allergy, potassium), key=urgency, reverse=True) == [allergy, potassium, colour]


def test_flagged_rows_and_rows_with_errors_are_not_exported_unless_overridden() -> None:
    row = CodeMapRow(Coding("urn:l", "NA"), SODIUM, status=RowStatus.APPROVED, approver="bob", author="ann")
    error = Issue(Severity.ERROR, IssueType.CONFLICT, "TERM-0301", Location(""), "wrong specimen")
    assert exportable(row, None)
    assert not exportable(row, Review(KEY, marks=frozenset({Mark.FLAGGED})))
    assert not exportable(row, None, [error])
    overridden = CodeMapRow(row.source, SODIUM, Relationship.EQUIVALENT, RowStatus.APPROVED, "ann", "bob", "checked")
    assert exportable(overridden, None, [error])


def test_a_review_survives_json() -> None:
    review = with_opinion(Review(KEY, frozenset({Mark.FLAGGED}), seen=("a", "b")), Opinion("ann", None), event())
    assert from_json(to_json(review)) == review
    with pytest.raises(Refused):
        from_json({"key": {}})


def test_drift_names_what_became_of_each_target() -> None:
    codes = ("gone", "retired", "renamed", "redefined", "same")
    rows = tuple(CodeMapRow(Coding("l", code), Coding("s", code), status=RowStatus.MAPPED) for code in codes)
    code_map = CodeMap("m", source_system="l", target_system="s", rows=rows)
    old = {code: Concept(Coding("s", code, "Name"), properties={"SYSTEM": "Ser"}) for code in codes}
    new = {
        "retired": Concept(Coding("s", "retired", "Name"), (), {"SYSTEM": "Ser"}, True, ("other",)),
        "renamed": Concept(Coding("s", "renamed", "New"), properties={"SYSTEM": "Ser"}),
        "redefined": Concept(Coding("s", "redefined", "Name"), properties={"SYSTEM": "Urine"}),
        "same": old["same"],
    }
    found = drift(code_map, old.get, new.get)
    assert [(each.row, each.kind) for each in found] == [
        (0, DriftKind.GONE),
        (1, DriftKind.RETIRED),
        (2, DriftKind.RENAMED),
        (3, DriftKind.REDEFINED),
    ]
    assert found[1].after == "other"
