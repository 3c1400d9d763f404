"""Messages applied to a record: what is newer, what stays, what `""` deletes, and never a step back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.records.updates.update_samples import PATIENT, VISIT, Bench, adt, order, result, said, written
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Severity
from workbench.mapping.model import Resolve, Silence
from workbench.records.updates.merging import merged
from workbench.records.updates.plan import Act, Policy
from workbench.records.updates.planning import plan_update
from workbench.records.updates.record import Record
from workbench.records.updates.stamps import Order, Stamp, order_of, stamp_of, stamped, unstamped


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- creating and updating ---------------------------------------------------------------------------------------


def test_what_the_record_lacks_is_created_on_a_condition_and_what_it_has_updated_on_its_version(bench: Bench) -> None:
    first, second = bench.feed(adt("A01", 10, VISIT), adt("A03", 20, VISIT + "|20240101200000"))
    assert written(first)["Patient"] == {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=urn:id:H|7"}
    place = f"Encounter/{bench.one('Encounter')['id']}"
    assert written(second)["Encounter"] == {"method": "PUT", "url": place, "ifMatch": 'W/"1"'}
    assert bench.one("Encounter")["status"] == "finished"
    assert bench.one("Encounter")["period"] == {"start": "2024-01-01T11:58:00Z", "end": "2024-01-01T20:00:00Z"}


def test_a_plan_worked_out_from_an_older_version_is_not_written(bench: Bench) -> None:
    bench.feed(adt("A01", 10, VISIT))
    stale = plan_update(said(adt("A08", 12, VISIT, pid="7^^^H^MR||Doe^Jane")), bench.record, bench.policy)
    bench.feed(adt("A08", 11, VISIT, pid="7^^^H^MR||Poe^Jane"))
    before = list(bench.record.resources())
    with pytest.raises(Refused) as refused:
        bench.record.apply(stale.transaction)
    assert refused.value.code == "UPD-0701"
    assert list(bench.record.resources()) == before


def test_references_of_what_is_created_lead_to_what_the_record_has(bench: Bench) -> None:
    bench.feed(adt("A01", 10, VISIT), adt("A08", 11, VISIT, "AL1|1|DA|PCN^Penicillin^L"))
    patient = f"Patient/{bench.one('Patient')['id']}"
    assert bench.one("AllergyIntolerance")["patient"] == {"reference": patient}
    assert bench.one("Encounter")["subject"] == {"reference": patient}


def test_segments_without_a_number_are_known_again_by_what_they_are_about(bench: Bench) -> None:
    allergy, diagnosis = "AL1|1|DA|PCN^Penicillin^L|{}|Rash", "DG1|1||I10^Hypertension^I10"
    bench.feed(adt("A01", 10, VISIT, allergy.format("SV"), diagnosis, "NK1|1|Roe^John|SPO", "IN1|1|P|I1|Payer"))
    (plan,) = bench.feed(
        adt("A08", 11, VISIT, allergy.format("MO"), diagnosis, "NK1|1|Roe^John|SPO", "IN1|1|P|I1|Payer")
    )
    assert {change.kind for change in plan.changes if change.act is Act.CREATE} == {"MessageHeader", "Provenance"}
    assert bench.one("AllergyIntolerance")["reaction"] == [
        {"manifestation": [{"text": "Rash"}], "severity": "moderate"}
    ]
    for kind in ("Condition", "RelatedPerson", "Coverage"):
        assert bench.one(kind)


def test_the_same_allergy_from_two_senders_is_two(bench: Bench) -> None:
    penicillin = "AL1|1|DA|PCN^Penicillin^L"
    bench.feed(adt("A01", 10, VISIT, penicillin), adt("A01", 11, VISIT, penicillin, sender="CLINIC"))
    assert len(bench.all("AllergyIntolerance")) == 2


def test_values_of_one_code_and_time_are_taken_in_turn(bench: Bench) -> None:
    def two(hour: int, *values: str) -> str:
        *head, obx = result("F", hour).split("\r")
        return "\r".join((*head, *(obx.replace("5.4", value) for value in values)))

    bench.feed(two(10, "1", "2"), two(11, "3", "4"))
    assert [str(each["valueQuantity"]["value"]) for each in bench.all("Observation")] == ["3", "4"]  # type: ignore[index]


def test_a_report_keeps_its_order_when_it_cannot_be_told_which_is_meant(bench: Bench) -> None:
    bench.feed(result("P", 10))
    (ordered,) = bench.all("ServiceRequest")
    twin = {**ordered, "id": "twin"}
    bench = Bench(record=Record([*bench.record.resources(), twin]))
    assert "UPD-0305" in bench.rules(result("F", 11))
    assert bench.one("DiagnosticReport")["status"] == "final"
    assert bench.one("DiagnosticReport")["basedOn"] == [{"reference": f"ServiceRequest/{ordered['id']}"}]


def test_allergies_without_a_code_are_never_taken_for_one_another(bench: Bench) -> None:
    bench.feed(
        adt("A01", 10, VISIT, "AL1|1|DA||SV|Rash", "AL1|2|FA||MI|Itch"), adt("A08", 11, VISIT, "AL1|1|DA||SV|Hives")
    )
    assert len(bench.all("AllergyIntolerance")) == 3


def test_orders_that_share_a_number_are_told_apart_by_what_was_ordered(bench: Bench) -> None:
    def panel(hour: int, *codes: str) -> str:
        head, pid, orc, _ = order("NW", hour).split("\r")
        return "\r".join((head, pid, *(part for code in codes for part in (orc, f"OBR|1|P1^OE||{code}^{code}^LN"))))

    assert bench.rules(panel(10, "CMP", "CBC"), panel(11, "CBC"), panel(12, "TSH", "CMP")) == []
    codes = [each["code"]["coding"][0]["code"] for each in bench.all("ServiceRequest")]  # type: ignore[index]
    assert codes == ["CMP", "CBC", "TSH"]


def test_a_physician_told_of_in_two_fields_is_one_resource(bench: Bench) -> None:
    head, pid, orc, obr = order("NW", 10).split("\r")
    who = "1004003^Marsh^Ada^^^Dr^MD^^STAFF^L"
    bench.feed("\r".join((head, pid, orc + "|" * 10 + who, obr + "|" * 12 + who)))
    assert len(bench.all("Practitioner")) == 1
    assert bench.one("ServiceRequest")["requester"] == {"reference": f"Practitioner/{bench.one('Practitioner')['id']}"}


def test_a_sender_who_counts_anew_overwrites_nothing_he_sent_before(bench: Bench) -> None:
    first = adt("A01", 10, VISIT, "DG1|1||I10^Hypertension^I10", control_id="1")
    again = adt("A01", 11, VISIT.replace("V1", "V2"), "DG1|1||T30^Burn^I10", pid="8^^^H^MR||Doe^John", control_id="1")
    assert bench.rules(first, again) == ["UPD-0602"]
    assert [each["code"]["coding"][0]["code"] for each in bench.all("Condition")] == ["I10", "T30"]  # type: ignore[index]
    assert len({str(each["subject"]) for each in bench.all("Condition")}) == 2


# --- nothing said, and deleted -----------------------------------------------------------------------------------


def test_what_a_message_does_not_say_stays(bench: Bench) -> None:
    bench.feed(adt("A01", 10, VISIT))
    bench.feed(result("F", 11))
    patient = bench.one("Patient")
    assert (patient["birthDate"], patient["gender"]) == ("1980-01-01", "female")
    assert [each["use"] for each in patient["telecom"]] == ["home", "work"]  # type: ignore[attr-defined]


def test_what_a_message_deletes_goes_and_what_stands_beside_it_stays(bench: Bench) -> None:
    bench.feed(adt("A01", 10, VISIT), adt("A08", 11, VISIT, pid='7^^^H^MR||Roe^Jane||""|F|||""||""'))
    patient = bench.one("Patient")
    assert "birthDate" not in patient and "address" not in patient
    assert [each["use"] for each in patient["telecom"]] == ["work"]  # type: ignore[attr-defined]


def test_a_deleted_end_of_a_visit_leaves_its_beginning(bench: Bench) -> None:
    bench.feed(adt("A03", 10, VISIT + "|20240101100000"), adt("A13", 11, VISIT + '|""'))
    assert bench.one("Encounter")["period"] == {"start": "2024-01-01T11:58:00Z"}
    assert bench.one("Encounter")["status"] == "in-progress"


def test_the_end_of_a_visit_leaves_the_beginning_that_only_another_message_told(bench: Bench) -> None:
    bench.feed(adt("A01", 10, VISIT), adt("A03", 11, VISIT.replace("20240101115800", "") + "|20240101110000"))
    assert bench.one("Encounter")["period"] == {"start": "2024-01-01T11:58:00Z", "end": "2024-01-01T11:00:00Z"}


def test_what_is_not_known_says_nothing() -> None:
    flavour = {"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "UNK"}
    there = {"resourceType": "Encounter", "id": "1", "class": {"code": "IMP"}, "status": "finished"}
    assert merged(there, {"class": flavour, "status": "unknown"}, (), Silence.KEEP) == there


def test_of_elements_with_a_choice_the_last_word_stands(bench: Bench) -> None:
    dead, alive = PATIENT + "|" * 15 + "20240101|Y", PATIENT + "|" * 15 + '""|N'
    bench.feed(adt("A08", 10, pid=dead))
    assert "deceasedDateTime" in bench.one("Patient")
    bench.feed(adt("A08", 11, pid=alive.replace('""', "")))
    assert bench.one("Patient").get("deceasedBoolean") is False
    assert "deceasedDateTime" not in bench.one("Patient")


def test_a_package_may_say_that_silence_replaces() -> None:
    bench = Bench()
    bench.policy = replace(bench.policy, silence=Silence.REPLACE)
    bench.feed(adt("A01", 10, VISIT), adt("A08", 11, VISIT, pid="7^^^H^MR||Roe^Jane"))
    assert "birthDate" not in bench.one("Patient")


def test_items_of_a_list_keep_their_places() -> None:
    def item(role: str, who: str) -> dict[str, object]:
        return {"type": [{"coding": [{"code": role}]}], "actor": {"reference": who}}

    first, other, second, third = item("ATND", "a"), item("CON", "b"), item("ATND", "c"), item("REF", "d")
    there = {"resourceType": "Appointment", "id": "1", "participant": [first, other, second]}
    assert merged(there, {"participant": [first, other, second]}, (), Silence.KEEP) == there
    found = merged(there, {"participant": [item("ATND", "x"), third]}, (), Silence.KEEP)["participant"]
    assert found == [item("ATND", "x"), other, third]


# --- late, stale, twice ------------------------------------------------------------------------------------------


def test_an_older_message_after_a_newer_one_changes_nothing_and_is_reported(bench: Bench) -> None:
    bench.feed(adt("A08", 12, pid="7^^^H^MR||New^Jane"))
    (plan,) = bench.feed(adt("A08", 11, pid="7^^^H^MR||Old^Jane"))
    assert [(issue.rule, issue.location.path, issue.severity) for issue in plan.findings] == [
        ("UPD-0101", "PID", Severity.WARNING)
    ]
    assert bench.one("Patient")["name"] == [{"family": "New", "given": ["Jane"]}]
    assert not any("Old" in str(issue.args) for issue in plan.findings)


def test_an_older_message_that_says_the_same_is_no_finding(bench: Bench) -> None:
    assert bench.rules(adt("A08", 12), adt("A08", 11)) == []


def test_a_late_message_says_what_no_later_one_has_told_of(bench: Bench) -> None:
    bench.feed(adt("A08", 12, pid="7^^^H^MR||Roe^Jane"))
    assert bench.rules(adt("A08", 11)) == []
    assert bench.one("Patient")["birthDate"] == "1980-01-01"
    (plan,) = bench.feed(adt("A08", 10, pid="7^^^H^MR||Poe^Jane||19990909|F||||||||M"))
    assert [(issue.rule, issue.args["kind"]) for issue in plan.findings] == [("UPD-0101", "Patient (name, birthDate)")]
    patient = bench.one("Patient")
    assert (patient["birthDate"], patient["name"]) == ("1980-01-01", [{"family": "Roe", "given": ["Jane"]}])
    assert "maritalStatus" in patient or "communication" in patient


def test_what_a_result_says_of_the_patient_in_passing_gives_way_to_admissions_at_any_time(bench: Bench) -> None:
    bench.feed(result("F", 12, pid="7^^^H^MR||Rho^J.||19700101"))
    assert bench.one("Patient")["name"] == [{"family": "Rho", "given": ["J."]}]
    assert bench.rules(adt("A08", 11)) == []
    assert bench.one("Patient")["name"] == [{"family": "Roe", "given": ["Jane"]}]
    (plan,) = bench.feed(result("C", 13, "6", pid="7^^^H^MR||Rho^J."))
    assert [(issue.rule, issue.severity) for issue in plan.findings] == [("UPD-0502", Severity.INFORMATION)]
    assert plan.is_whole and not any(change.kind == "Patient" and change.act.writes for change in plan.changes)
    assert bench.one("Patient")["name"] == [{"family": "Roe", "given": ["Jane"]}]


def test_a_result_that_repeats_what_is_known_writes_nothing_of_the_patient(bench: Bench) -> None:
    _, plan = bench.feed(adt("A08", 10), result("F", 12))
    assert [change.act for change in plan.changes if change.kind == "Patient"] == [Act.SAME]
    bench.feed(result("C", 13, "6", pid="7^^^H^MR||Roe^Jane" + "|" * 11 + "M"))
    assert "maritalStatus" in bench.one("Patient")
    stamp = stamp_of(bench.one("Patient"))
    assert stamp is not None and "name[]" in stamp.told and "name[]" not in stamp.passing


def test_an_old_number_stays_old_when_a_late_message_has_it_still(bench: Bench) -> None:
    bench.feed(adt("A47", 12, "MRG|6^^^H^MR"), adt("A08", 11, pid="7^^^H^MR~6^^^H^MR||Roe^Jane"))
    uses = {each["value"]: each.get("use") for each in bench.one("Patient")["identifier"]}  # type: ignore[attr-defined]
    assert uses == {"7": None, "6": "old"}


def test_a_result_after_the_discharge_leaves_the_visit_finished(bench: Bench) -> None:
    visited = result("F", 14).split("\r")
    visited.insert(2, VISIT)
    assert bench.rules("\r".join(visited), adt("A03", 12, VISIT + "|20240101120000")) == []
    assert bench.one("Encounter")["status"] == "finished"


def test_among_messages_that_tell_in_passing_the_later_counts(bench: Bench) -> None:
    bench.feed(result("F", 12, pid="7^^^H^MR||New^Jane"))
    assert bench.rules(result("P", 11, pid="7^^^H^MR||Old^Jane")).count("UPD-0502") == 1
    bench.feed(result("C", 13, "6", pid="7^^^H^MR||Newer^Jane"))
    assert bench.one("Patient")["name"] == [{"family": "Newer", "given": ["Jane"]}]


def test_a_result_does_not_change_the_patient_of_another_system() -> None:
    there = {
        "resourceType": "Patient",
        "id": "p1",
        "identifier": [{"system": "urn:id:H", "value": "7"}],
        "gender": "male",
    }
    bench = Bench(record=Record([{**there, "name": [{"family": "Doe"}]}]))
    assert bench.rules(result("F", 12, pid="7^^^H^MR||Roe^Jane||19800101")) == ["UPD-0502"]
    assert (bench.one("Patient")["name"], bench.one("Patient")["birthDate"]) == ([{"family": "Doe"}], "1980-01-01")


def test_a_late_message_brings_nothing_back_that_was_deleted(bench: Bench) -> None:
    bench.feed(adt("A08", 12, pid='7^^^H^MR||Roe^Jane||19800101|F|||""||""'))
    assert bench.rules(adt("A08", 11)) == ["UPD-0101"]
    patient = bench.one("Patient")
    assert "address" not in patient
    assert [each["use"] for each in patient["telecom"]] == ["work"]  # type: ignore[attr-defined]


def test_a_late_result_is_never_mixed_with_a_later_one(bench: Bench) -> None:
    bench.feed(result("F", 12))
    flagged = result("P", 11).replace("|mmol/L|||||P", "|mmol/L||H|||P")
    bench.feed(flagged)
    assert "interpretation" not in bench.one("Observation")


@pytest.mark.parametrize(
    ("late", "name", "rules", "refused"),
    [
        (Resolve.REVIEW, "New", ["UPD-0101"], False),
        (Resolve.REFUSE, "New", ["UPD-0101"], True),
        (Resolve.APPLY, "Old", ["UPD-0102"], False),
    ],
)
def test_the_package_says_what_becomes_of_late_messages(
    late: Resolve, name: str, rules: list[str], refused: bool
) -> None:
    bench = Bench()
    bench.policy = replace(bench.policy, late=late)
    bench.feed(adt("A08", 12, pid="7^^^H^MR||New^Jane"))
    (plan,) = bench.feed(adt("A08", 11, pid="7^^^H^MR||Old^Jane"))
    assert bench.one("Patient")["name"] == [{"family": name, "given": ["Jane"]}]
    assert ([issue.rule for issue in plan.findings], plan.refused, plan.writes) == (rules, refused, not refused)


def test_a_late_message_written_all_the_same_leaves_the_later_time() -> None:
    bench = Bench(Policy(late=Resolve.APPLY))
    bench.feed(adt("A08", 12), adt("A08", 10, pid="7^^^H^MR||Old^Jane"))
    stamp = stamp_of(bench.one("Patient"))
    assert stamp is not None and stamp.time.startswith("2024010112")
    bench.policy = Policy()
    assert bench.rules(adt("A08", 11, pid="7^^^H^MR||Other^Jane")) == ["UPD-0101"]


def test_a_message_that_confirms_is_remembered_as_the_newest(bench: Bench) -> None:
    first, again = adt("A08", 10), adt("A08", 12)
    _, plan = bench.feed(first, again)
    assert {change.act for change in plan.changes if change.kind == "Patient"} == {Act.CONFIRM}
    assert bench.rules(adt("A08", 11, pid="7^^^H^MR||Poe^Jane")) == ["UPD-0101"]


def test_the_same_message_again_changes_nothing_and_sends_nothing(bench: Bench) -> None:
    message = adt("A01", 10, VISIT, "AL1|1|DA|PCN^Penicillin^L")
    bench.feed(message, adt("A03", 12, VISIT + "|20240101120000"))
    before = list(bench.record.resources())
    (plan,) = bench.feed(message)
    assert ([issue.rule for issue in plan.findings], plan.writes) == (["UPD-0601"], False)
    assert list(bench.record.resources()) == before


def test_a_message_of_which_something_was_left_out_is_judged_again_when_it_comes_again(bench: Bench) -> None:
    late = adt("A08", 11, pid="7^^^H^MR||Old^Jane")
    bench.feed(adt("A08", 12, pid="7^^^H^MR||New^Jane"), late)
    bench.policy = replace(bench.policy, late=Resolve.APPLY)
    assert bench.rules(late) == ["UPD-0102"]
    assert bench.one("Patient")["name"] == [{"family": "Old", "given": ["Jane"]}]


def test_a_control_id_used_again_for_another_message_is_no_reason_to_drop_it(bench: Bench) -> None:
    rules = bench.rules(adt("A08", 10, control_id="1"), adt("A08", 11, control_id="1", pid="7^^^H^MR||Poe^Jane"))
    assert rules == ["UPD-0602"]
    assert bench.one("Patient")["name"] == [{"family": "Poe", "given": ["Jane"]}]


def test_two_messages_of_one_moment_are_applied_as_they_come_and_reported(bench: Bench) -> None:
    other = adt("A08", 10, control_id="other", pid="7^^^H^MR||Poe^Jane")
    assert bench.rules(adt("A08", 10), other) == ["UPD-0103"]


def test_messages_without_a_time_are_applied_as_they_come_and_reported(bench: Bench) -> None:
    first = adt("A08", 10).replace("20240101100000", "")
    other = adt("A08", 11, pid="7^^^H^MR||Poe^Jane").replace("20240101110000", "")
    assert bench.rules(first, other) == ["UPD-0103"]
    assert bench.one("Patient")["name"] == [{"family": "Poe", "given": ["Jane"]}]


def test_a_message_without_a_time_is_left_out_where_the_record_knows_one(bench: Bench) -> None:
    undated = adt("A08", 11, pid="7^^^H^MR||Poe^Jane").replace("20240101110000", "")
    assert bench.rules(adt("A08", 10), undated) == ["UPD-0104"]
    assert bench.rules(adt("A08", 12, pid="7^^^H^MR||Poe^Jane")) == []


def test_a_resource_of_others_is_newer_when_its_server_wrote_it_after_the_event() -> None:
    there = {
        "resourceType": "Patient",
        "id": "p1",
        "meta": {"versionId": "4", "lastUpdated": "2024-01-01T11:00:00Z"},
        "identifier": [{"system": "urn:id:H", "value": "7"}],
        "birthDate": "1979-01-01",
    }
    bench = Bench(record=Record([there]))
    assert bench.rules(adt("A08", 10)) == ["UPD-0101"]
    (plan,) = bench.feed(adt("A08", 12))
    assert written(plan)["Patient"] == {"method": "PUT", "url": "Patient/p1", "ifMatch": 'W/"4"'}


# --- statuses ----------------------------------------------------------------------------------------------------


def test_a_preliminary_result_after_the_final_one_is_left_out_however_new(bench: Bench) -> None:
    bench.feed(result("F", 12, "5.4"))
    assert bench.rules(result("P", 11, "9.9")).count("UPD-0101") == 2
    assert bench.rules(result("P", 13, "9.9")).count("UPD-0201") == 2
    observation = bench.one("Observation")
    assert (observation["status"], str(observation["valueQuantity"]["value"])) == ("final", "5.4")  # type: ignore[index]


def test_a_corrected_result_takes_the_place_of_the_final_one(bench: Bench) -> None:
    assert bench.rules(result("P", 11, "5"), result("F", 12, "5.4"), result("C", 13, "5.6")) == []
    observation = bench.one("Observation")
    assert (observation["status"], str(observation["valueQuantity"]["value"])) == ("corrected", "5.6")  # type: ignore[index]
    assert len(bench.all("DiagnosticReport")) == 1


def test_a_later_result_keeps_no_flag_of_an_earlier_one(bench: Bench) -> None:
    bench.feed(result("P", 10, "19.9").replace("|mmol/L|||||P", "|mmol/L||H|||P"))
    assert "interpretation" in bench.one("Observation")
    bench.feed(result("F", 11))
    assert "interpretation" not in bench.one("Observation")


def test_a_correction_of_one_value_leaves_the_others_in_the_report(bench: Bench) -> None:
    other = "OBX|2|NM|2160-0^Creatinine^LN||1.0|mg/dL|||||F|||20240101110000"
    bench.feed(result("F", 10) + "\r" + other, result("C", 11, "5.6"))
    assert len(bench.one("DiagnosticReport")["result"]) == 2  # type: ignore[arg-type]


def test_a_result_before_its_order_makes_one_order_of_both(bench: Bench) -> None:
    _, plan = bench.feed(result("F", 12), order("NW", 11))
    assert [issue.args["kind"] for issue in plan.findings] == ["ServiceRequest (extension)"]
    assert bench.one("ServiceRequest")["status"] == "active"
    assert bench.one("DiagnosticReport")["basedOn"] == [
        {"reference": f"ServiceRequest/{bench.one('ServiceRequest')['id']}"}
    ]


@pytest.mark.parametrize(("cancel", "new"), [(11, 12), (12, 11)])
def test_an_order_called_off_before_it_came_goes_to_review(bench: Bench, cancel: int, new: int) -> None:
    assert set(bench.rules(order("CA", cancel), order("NW", new))) & {"UPD-0201", "UPD-0101"}
    events = [each["valueCode"] for each in bench.one("ServiceRequest")["extension"] if "valueCode" in each]  # type: ignore[attr-defined]
    assert events == ["CA"]


def test_a_cancelled_admission_stays_cancelled(bench: Bench) -> None:
    bench.feed(adt("A11", 12, VISIT))
    assert bench.rules(adt("A01", 11, VISIT)) == ["UPD-0101"]
    assert bench.rules(adt("A01", 13, VISIT)) == ["UPD-0201"]
    assert bench.one("Encounter")["status"] == "cancelled"


def test_a_package_may_let_statuses_go_back() -> None:
    bench = Bench(Policy(backward=Resolve.APPLY))
    assert bench.rules(adt("A11", 12, VISIT), adt("A01", 13, VISIT)) == ["UPD-0202"]
    assert bench.one("Encounter")["status"] == "in-progress"


# --- whose word counts -------------------------------------------------------------------------------------------


def test_the_source_of_truth_keeps_its_word_and_others_fill_what_it_left_open() -> None:
    bench = Bench(Policy(truth={"Patient.telecom": frozenset({"HOSP"}), "Patient.maritalStatus": frozenset({"HOSP"})}))
    bench.feed(adt("A08", 10))
    other = "7^^^H^MR||Poe^Jane||19800101|F|||Main^^Town||999^PRN^PH|||M"
    (plan,) = bench.feed(adt("A08", 11, pid=other, sender="LAB"))
    patient = bench.one("Patient")
    assert [(issue.rule, issue.args["domain"]) for issue in plan.findings] == [("UPD-0501", "Patient.telecom")]
    assert [each["value"] for each in patient["telecom"]] == ["555", "777"]  # type: ignore[attr-defined]
    assert patient["name"] == [{"family": "Poe", "given": ["Jane"]}]
    assert "maritalStatus" in patient
    moved = adt("A08", 10, pid=PATIENT.replace("555^PRN", "888^PRN"), control_id="moved")
    moved = moved.replace("20240101100000", "20240101103000")
    (plan,) = bench.feed(moved)
    assert [each["value"] for each in bench.one("Patient")["telecom"]] == ["888", "777"]  # type: ignore[attr-defined]
    assert not any("telecom" in issue.text for issue in plan.findings)


def test_a_visit_number_of_another_patient_is_left_out(bench: Bench) -> None:
    rules = bench.rules(adt("A01", 10, VISIT), adt("A02", 11, VISIT, pid="8^^^H^MR||Doe^John"))
    assert rules == ["UPD-0306"]
    assert bench.one("Encounter")["subject"] == {"reference": f"Patient/{bench.patient('7')['id']}"}


def test_a_number_that_several_resources_have_is_left_out() -> None:
    same = [
        {"resourceType": "Patient", "id": name, "identifier": [{"system": "urn:id:H", "value": "7"}]} for name in "ab"
    ]
    bench = Bench(record=Record(same))
    (plan,) = bench.feed(adt("A01", 10, VISIT))
    assert [issue.rule for issue in plan.findings] == ["UPD-0305"]
    assert "subject" not in bench.one("Encounter")


# --- times and stamps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ("20240101120000+0000", "20240101130000+0100", Order.SAME),
        ("20240101120000+0000", "20240101120000.5+0000", Order.UNKNOWN),
        ("202401011200+0000", "20240101120030+0000", Order.UNKNOWN),
        ("202401011200+0000", "20240101120130+0000", Order.BEFORE),
        ("20240101", "20240101120000+0000", Order.UNKNOWN),
        ("20240102", "20240101120000+0000", Order.AFTER),
        ("2024-01-01T12:00:00Z", "20240101120001+0000", Order.BEFORE),
        ("", "20240101", Order.UNKNOWN),
    ],
)
def test_times_are_compared_as_far_as_both_were_stated(one: str, other: str, order: Order) -> None:
    assert order_of(one, other) is order
    mirrored = {Order.BEFORE: Order.AFTER, Order.AFTER: Order.BEFORE}.get(order, order)
    assert order_of(other, one) is mirrored


def test_the_time_of_an_event_has_the_zone_of_its_message(bench: Bench) -> None:
    message = adt("A08", 10)
    head, *others = message.split("\r")
    fields = head.split("|")
    fields[6] += "+0200"
    assert said("\r".join(("|".join(fields), *others))).time == "20240101100000+0200"
    assert said(message).time == "20240101100000+0000"
    assert said(message.replace("EVN||20240101100000", "EVN||")).time == "20240101100000+0000"


def test_a_stamp_is_read_as_it_was_written_and_leaves_other_extensions() -> None:
    patient: dict[str, object] = {"resourceType": "Patient", "extension": [{"url": "x", "valueCode": "y"}]}
    stamp = Stamp(
        "20240101", "HOSP", "1", "AL1", "d", {"name[]": "20240101", "gender": "2023", "telecom[home]": "2023"}
    )
    marked = stamped(stamped(patient, Stamp("2023")), stamp)
    assert stamp_of(marked) == stamp
    assert unstamped(marked) == patient
