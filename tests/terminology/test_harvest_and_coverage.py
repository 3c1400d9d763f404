"""What is harvested from a capture, and how much of it a code map covers."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.terminology.code_map import CodeMap, CodeMapRow, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.coverage import coverage
from workbench.terminology.harvest import LocalCode, SeenCode, harvest, merge, seen_codes


def test_a_coded_element_gives_both_its_triples() -> None:
    found = seen_codes("OBX-3", ["GLU", "Glucose", "L", "2345-7", "Glucose SerPl", "LN"], message=4, units="mg/dL")
    assert [(seen.code, seen.text, seen.system) for seen in found] == [
        ("GLU", "Glucose", "L"),
        ("2345-7", "Glucose SerPl", "LN"),
    ]
    assert {(seen.field, seen.message, seen.units) for seen in found} == {("OBX-3", 4, "mg/dL")}


def test_a_text_without_a_code_is_kept_and_a_deleted_code_is_not() -> None:
    assert [seen.text for seen in seen_codes("AL1-3", ["", "Bee stings"])] == ["Bee stings"]
    assert [seen.text for seen in seen_codes("AL1-3", ["", "", "", "", "", "", "", "", "Bee stings"])] == ["Bee stings"]
    assert seen_codes("AL1-3", ['""']) == ()
    assert seen_codes("AL1-3", [""]) == ()


def test_codes_are_counted_with_their_wordings_units_and_first_messages() -> None:
    seen = [SeenCode("GLU", "Glucose", "L", "OBX-3", number, "mg/dL") for number in range(9, -1, -1)]
    seen += [SeenCode("GLU", "GLUC", "L", "OBX-3", 11, "mmol/L"), SeenCode("NA", "", "L", "OBX-3", 2)]
    glucose, sodium = harvest(seen)
    assert (glucose.code, glucose.count, glucose.text, glucose.unit) == ("GLU", 11, "Glucose", "mg/dL")
    assert glucose.texts == (("Glucose", 10), ("GLUC", 1))
    assert glucose.messages == (0, 1, 2, 3, 4)
    assert (sodium.code, sodium.count, sodium.text) == ("NA", 1, "")


def test_the_same_letters_in_another_field_are_another_code() -> None:
    found = harvest([SeenCode("M", field="PID-8"), SeenCode("M", field="PID-16")])
    assert [(local.field, local.count) for local in found] == [("PID-16", 1), ("PID-8", 1)]


seen_code = st.builds(
    SeenCode,
    code=st.sampled_from(["", "A", "B"]),
    text=st.sampled_from(["", "a", "b"]),
    system=st.sampled_from(["", "L"]),
    field=st.sampled_from(["OBX-3", "AL1-3"]),
    message=st.integers(0, 30),
    units=st.sampled_from(["", "mg"]),
)


@given(st.lists(st.lists(seen_code, max_size=12), max_size=4))
def test_harvesting_parts_and_merging_them_is_harvesting_the_whole(parts: list[list[SeenCode]]) -> None:
    whole = harvest(code for part in parts for code in part)
    assert merge(harvest(part) for part in parts) == whole


def lab(*codes: str) -> CodeMap:
    rows = [CodeMapRow(Coding("", code), Coding("http://loinc.org", "1-8"), status=RowStatus.MAPPED) for code in codes]
    rows.append(CodeMapRow(Coding("", "OLD"), status=RowStatus.NO_MAP, comment="not made any more"))
    rows.append(CodeMapRow(Coding("", "K"), Coding("http://loinc.org", "2-6"), status=RowStatus.SUGGESTED))
    return CodeMap("lab", rows=tuple(rows))


def test_coverage_counts_codes_and_occurrences_and_names_what_is_open() -> None:
    seen = [LocalCode("NA", "L", count=990), LocalCode("OLD", "L", count=2), LocalCode("K", "L", count=8)]
    found = coverage(lab("NA"), seen)
    assert str(found) == "2 of 3 distinct codes, 99.2 % of occurrences covered"
    assert [local.code for local in found.open] == ["K"]


def test_coverage_never_rounds_up_to_all() -> None:
    found = coverage(lab("NA"), [LocalCode("NA", count=999_999), LocalCode("K", count=1)])
    assert str(found).endswith("99.9 % of occurrences covered")


def test_nothing_seen_is_all_covered() -> None:
    assert coverage(lab(), []).share == 1.0


def test_values_are_kept_as_a_sample_so_that_scales_can_be_checked() -> None:
    codes = [SeenCode("NA", field="OBX-3", value=str(number % 80)) for number in range(400)]
    (local,) = harvest(codes)
    assert len(local.values) == 50
    assert sum(count for _, count in local.values) == 250
    (merged,) = merge([[local], [local]])
    assert dict(merged.values)["0"] == 2 * dict(local.values)["0"]
