"""Packages that read FHIR or write v2: small packages, written for one point each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.fhir.json_tree import parse as parse_fhir
from workbench.kernel.errors import Refused
from workbench.mapping.directed import compile_any
from workbench.mapping.directions.mapping import DirectedMapping
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.load import load_package
from workbench.v2.er7 import Message, parse

HEADS = {
    "fhir-to-v2": "source: {standard: FHIR, version: 4.0.1}\ntarget: {standard: HL7 v2, version: 2.5.1}",
    "v2-to-v2": "source: {standard: HL7 v2, version: 2.5.1}\ntarget: {standard: HL7 v2, version: 2.5.1}",
    "fhir-to-fhir": "source: {standard: FHIR, version: 4.0.1}\ntarget: {standard: FHIR, version: 4.0.1}",
}
Make = Callable[..., DirectedMapping]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(direction: str, files: Mapping[str, str], header: str = "") -> DirectedMapping:
        head = f"id: small\nversion: 0.1.0\ndirection: {direction}\n{HEADS[direction]}\n{header}"
        for name, text in {"package.yaml": head, **files}.items():
            path = tmp_path / direction / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        compiled = compile_any(load_package(tmp_path / direction))
        assert isinstance(compiled, DirectedMapping)
        return compiled

    return made


def document(value: object) -> FhirDocument:
    return parse_fhir(json.dumps(value).encode())


def message(*segments: str) -> Message:
    return parse("\r".join((r"MSH|^~\&|A|B|C|D|20240102||ADT^A01|1|P|2.5.1", *segments)).encode())


def rules(name: str, source: str, target: str, *lines: str) -> str:
    return f"map: {name}\nfrom: {source}\nto: {target}\nrules:\n" + "".join(f"  - {line}\n" for line in lines)


MSH = rules("Any-MSH", "Resource", "MSH", "{id: code, to: MSH-9.1, literal: ADT}")
PATIENTS = """map: PATIENTS
for: [Patient]
rows:
  - {id: msh, from: $this, make: MSH, using: Any-MSH}
  - {id: patient, from: Patient, make: PID, using: Patient-PID}
"""


def patient_map(make: Make, *lines: str, header: str = "", types: Mapping[str, str] | None = None) -> DirectedMapping:
    pid = rules("Patient-PID", "Patient", "PID", *lines)
    files = {"messages/PATIENTS.yaml": PATIENTS, "segments/Any-MSH.yaml": MSH, "segments/Patient-PID.yaml": pid}
    return make("fhir-to-v2", {**files, **(types or {})}, header)


def pid_of(mapping: DirectedMapping, **patient: object) -> Message:
    (text,) = mapping.trace(document({"resourceType": "Patient", **patient})).texts
    return parse(text.encode())


# --- FHIR to v2 -------------------------------------------------------------------------------------------------------


def test_a_value_goes_through_a_filter_into_a_component(make: Make) -> None:
    mapping = patient_map(make, """{id: mr, from: "identifier[type.coding.code = 'MR'].value", to: PID-3.1}""")
    coding = {"coding": [{"code": "MR"}]}
    found = pid_of(mapping, identifier=[{"value": "1"}, {"type": coding, "value": "2"}])
    assert found.value("PID-3") == "2"


def test_each_value_of_an_element_that_repeats_makes_a_repetition(make: Make) -> None:
    types = {
        "types/HumanName-XPN.yaml": rules("HumanName-XPN", "HumanName", "XPN", "{id: f, from: family, to: XPN.1.1}")
    }
    mapping = patient_map(make, "{id: names, from: name, to: PID-5, using: HumanName-XPN}", types=types)
    found = pid_of(mapping, name=[{"family": "One"}, {"family": "Two"}])
    assert found.segments[1].raw(5) == "One~Two"


def test_a_date_loses_its_dashes_and_keeps_its_precision_and_zone(make: Make) -> None:
    lines = ("{id: birth, from: birthDate, to: PID-7}", "{id: death, from: deceasedDateTime, to: PID-29}")
    found = pid_of(patient_map(make, *lines), birthDate="1970-03", deceasedDateTime="2020-01-02T03:04:05.6789+01:00")
    assert (found.value("PID-7"), found.value("PID-29")) == ("197003", "20200102030405.6789+0100")


def test_what_cannot_be_a_date_is_kept_as_text_and_reported(make: Make) -> None:
    mapping = patient_map(make, "{id: birth, from: birthDate, to: PID-7}")
    traced = mapping.trace(document({"resourceType": "Patient", "birthDate": "1970-02-30"}))
    assert [issue.rule for issue in traced.issues] == ["MAP-0301"]
    assert [entry.fate for entry in traced.ledger.entries] == [Fate.PRESERVED]


def test_issues_stand_in_the_order_of_the_rules_in_fast_mode_too(make: Make) -> None:
    lines = (
        "{id: number, from: $number, to: PID-1}",
        "{id: birth, from: birthDate, to: PID-7}",
        "{id: death, from: deceasedDateTime, to: PID-29}",
        "{id: again, from: birthDate, to: PID-33}",
    )
    mapping = patient_map(make, *lines)
    value = document({"resourceType": "Patient", "birthDate": "1970-02-30", "deceasedDateTime": "no time"})
    found = [issue.location.path for issue in mapping.map(value).issues]
    assert found == ["Patient.birthDate", "Patient.deceasedDateTime", "Patient.birthDate"]
    assert mapping.trace(value).issues == mapping.map(value).issues


def test_an_extension_is_found_by_its_short_name_beside_a_primitive_too(make: Make) -> None:
    header = "extensions: {birth-time: http://example.org/time}\n"
    mapping = patient_map(
        make, "{id: t, from: birthDate.extension(birth-time).valueDateTime, to: PID-7}", header=header
    )
    beside = {"extension": [{"url": "http://example.org/time", "valueDateTime": "1970-01-02T03:04:00Z"}]}
    assert pid_of(mapping, birthDate="1970-01-02", _birthDate=beside).value("PID-7") == "19700102030400+0000"


def test_a_choice_is_found_by_its_stem(make: Make) -> None:
    mapping = patient_map(make, "{id: d, from: 'deceased[x]', to: PID-30}")
    assert pid_of(mapping, deceasedBoolean=True).value("PID-30") == "true"


def test_a_reference_is_resolved_in_the_bundle_and_by_contained_id(make: Make) -> None:
    line = '{id: org, from: "managingOrganization.resolve(Organization).name", to: PID-3.4.1}'
    mapping = patient_map(make, line)
    organization = {"resourceType": "Organization", "id": "o", "name": "Here"}
    inside = {"resourceType": "Patient", "contained": [organization], "managingOrganization": {"reference": "#o"}}
    beside = {"resourceType": "Patient", "managingOrganization": {"reference": "Organization/o"}}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": beside}, {"resource": organization}]}
    for value in (inside, bundle):
        (text,) = mapping.trace(document(value)).texts
        assert parse(text.encode()).value("PID-3.4.1") == "Here"


def test_a_reference_that_was_followed_counts_as_carried(make: Make) -> None:
    mapping = patient_map(make, '{id: org, from: "managingOrganization.resolve(Organization).name", to: PID-3.4.1}')
    inside = {
        "resourceType": "Patient",
        "contained": [{"resourceType": "Organization", "id": "o", "name": "Here"}],
        "managingOrganization": {"reference": "#o"},
    }
    fates = {entry.field: entry.fate for entry in mapping.trace(document(inside)).ledger.entries}
    assert fates["Patient.managingOrganization.reference"] is Fate.MAPPED
    assert fates["Patient.contained.id"] is Fate.LOST


def test_resources_that_refer_to_one_are_found_from_it(make: Make) -> None:
    rows = (
        PATIENTS
        + '  - {id: kin, within: patient, from: "referring(RelatedPerson.patient)", make: NK1, using: Kin-NK1}\n'
    )
    kin = rules(
        "Kin-NK1", "RelatedPerson", "NK1", "{id: n, from: $number, to: NK1-1}", "{id: b, from: birthDate, to: NK1-16}"
    )
    pid = rules("Patient-PID", "Patient", "PID", "{id: birth, from: birthDate, to: PID-7}")
    files = {"messages/PATIENTS.yaml": rows, "segments/Any-MSH.yaml": MSH, "segments/Patient-PID.yaml": pid}
    mapping = make("fhir-to-v2", {**files, "segments/Kin-NK1.yaml": kin})
    entries: list[object] = [{"resource": {"resourceType": "Patient", "id": p, "birthDate": "2000"}} for p in "ab"]
    for who, year in (("a", "1970"), ("b", "1971"), ("a", "1972")):
        person = {"resourceType": "RelatedPerson", "patient": {"reference": f"Patient/{who}"}, "birthDate": year}
        entries.append({"resource": person})
    first, second = mapping.trace(document({"resourceType": "Bundle", "entry": entries})).texts
    assert [line for line in first.split("\r") if line[:3] == "NK1"] == [
        "NK1|1" + "|" * 15 + "1970",
        "NK1|2" + "|" * 15 + "1972",
    ]
    assert "1971" in second and "1970" not in second


def test_a_code_map_translates_and_an_unknown_code_is_kept_and_seen(make: Make) -> None:
    codes = "# id: sex\n# citation: x\nsource_code,target_code,status\nmale,M,approved\n"
    mapping = patient_map(make, "{id: sex, from: gender, to: PID-8, codes: sex}", types={"codes/sex.csv": codes})
    assert pid_of(mapping, gender="male").value("PID-8") == "M"
    traced = mapping.trace(document({"resourceType": "Patient", "gender": "other"}))
    assert "other" in traced.texts[0] and traced.ledger.entries[0].fate is Fate.PRESERVED


def test_kept_values_stand_in_a_z_segment_with_their_place(make: Make) -> None:
    header = 'extensions: {kept: ZFH}\nkeep:\n  - {id: rest, from: "*", reason: no place}\n'
    mapping = patient_map(make, "{id: birth, from: birthDate, to: PID-7}", header=header)
    found = pid_of(mapping, id="p", birthDate="1970", photo=[{"title": "a^b"}])
    assert found.value("ZFH-2") == "Patient/p" and "photo[0].title^a\\S\\b" in found.text


def test_the_control_id_is_the_same_for_the_same_document_and_for_no_other(make: Make) -> None:
    mapping = patient_map(make, "{id: id, from: $message-id, to: PID-2.1}", "{id: birth, from: birthDate, to: PID-7}")
    one, same, other = (pid_of(mapping, birthDate=year).value("PID-2") for year in ("1970", "1970", "1971"))
    assert one == same != other and len(one) == 20


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{id: x, from: birthdate, to: PID-7}", "Patient has no element birthdate; did you mean birthDate?"),
        ("{id: x, from: birthDate, to: PID-99}", "PID has no field 99"),
        ("{id: x, from: birthDate, to: PV1-2}", "is not part of PID"),
        ("{id: x, from: name, to: PID-5}", "name a type map"),
        ("{id: x, from: extension(unknown).valueString, to: PID-5.2}", "no extension of that name"),
        ("{id: x, from: nobody/name, to: PID-5.2}", "no row is called nobody"),
        ("{id: x, from: birthDate, make: Patient, to: PID-5.2}", "belong to packages that go from v2 to FHIR"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_place(make: Make, line: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        patient_map(make, line)
    assert refused.value.code == "MAP-0110"
    assert said in refused.value.text and "segments/Patient-PID.yaml:5" in refused.value.text


def test_a_document_without_a_map_and_one_of_the_other_standard_are_refused(make: Make) -> None:
    mapping = patient_map(make, "{id: birth, from: birthDate, to: PID-7}")
    with pytest.raises(Refused) as refused:
        mapping.run(document({"resourceType": "Organization"}))
    assert refused.value.code == "MAP-0201"
    with pytest.raises(Refused) as refused:
        mapping.run(message())
    assert refused.value.code == "MAP-0202"


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(family=_TEXTS, given_name=_TEXTS)
def test_whatever_a_name_holds_comes_back_from_the_message(
    family: str, given_name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mapping = _names(tmp_path_factory)
    value = document({"resourceType": "Patient", "name": [{"family": family, "given": [given_name]}]})
    traced = mapping.trace(value)
    found = parse(traced.texts[0].encode())
    assert (found.value("PID-5.1"), found.value("PID-5.2")) == (family, given_name)
    assert dumps(mapping.run(value)) == dumps(traced.bundle)
    traced.ledger.check()


_NAMES: list[DirectedMapping] = []


def _names(folders: pytest.TempPathFactory) -> DirectedMapping:
    """Compiled once for all examples."""
    if not _NAMES:
        folder = folders.mktemp("names")
        lines = ('{id: f, from: "name[1].family", to: PID-5.1.1}', '{id: g, from: "name[1].given[1]", to: PID-5.2}')
        files = {
            "package.yaml": f"id: small\nversion: 0.1.0\ndirection: fhir-to-v2\n{HEADS['fhir-to-v2']}\n",
            "messages/PATIENTS.yaml": PATIENTS,
            "segments/Any-MSH.yaml": MSH,
            "segments/Patient-PID.yaml": rules("Patient-PID", "Patient", "PID", *lines),
        }
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        compiled = compile_any(load_package(folder))
        assert isinstance(compiled, DirectedMapping)
        _NAMES.append(compiled)
    return _NAMES[0]


# --- v2 to v2 ---------------------------------------------------------------------------------------------------------

EVERY = """map: EVERY
for: "*"
groups: {ORDER: {starts: [ORC, OBR]}}
rows:
  - {id: pid, from: PID, make: PID, using: PID-PID}
"""


def normal(make: Make, *lines: str, header: str = "", more: Mapping[str, str] | None = None) -> DirectedMapping:
    files = {"messages/EVERY.yaml": EVERY, "segments/PID-PID.yaml": rules("PID-PID", "PID", "PID", *lines)}
    return make("v2-to-v2", {**files, **(more or {})}, header)


NOTHING_TO_DO = "{id: none, from: PID-39.9, to: PID-39.9}"

_ATOMS = st.text(st.sampled_from("ab1 .\\E\\"), max_size=4).map(lambda text: text.replace("\\", ""))


def plain(text: str) -> list[str]:
    """The segments without trailing separators, which say nothing."""
    return [line.rstrip("|") for line in text.rstrip("\r").split("\r")]


@settings(max_examples=60, deadline=None)
@given(fields=st.lists(st.lists(_ATOMS, min_size=1, max_size=3).map("^".join), min_size=1, max_size=6))
def test_what_no_rule_takes_goes_over_as_it_stands(fields: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("copy")
    (folder / "messages").mkdir()
    (folder / "package.yaml").write_text(f"id: copy\nversion: 0.1.0\ndirection: v2-to-v2\n{HEADS['v2-to-v2']}\n")
    (folder / "messages" / "EVERY.yaml").write_text('map: EVERY\nfor: "*"\n')
    mapping = compile_any(load_package(folder))
    assert isinstance(mapping, DirectedMapping)
    source = message("PID|" + "|".join(fields), r"ZXY|\H\bold\N\|a&b^c~d|\X41\ ", "OBX|1||||x~y~~z")
    traced = mapping.trace(source)
    assert [element.raw for segment in parse(traced.texts[0].encode()).segments for element in segment.leaves()] == [
        element.raw for segment in source.segments for element in segment.leaves()
    ]
    assert traced.ledger.counts()[Fate.LOST] == 0
    assert dumps(mapping.run(source)) == dumps(traced.bundle)


def test_a_rule_changes_what_it_says_and_nothing_else(make: Make) -> None:
    mapping = normal(make, "{id: sex, from: PID-8, to: PID-8, transform: upper}")
    (text,) = mapping.trace(message("PID|1||4~5||O'Hara^A||1970|f|||s^^t", "ZZZ|1")).texts
    assert plain(text)[1:] == ["PID|1||4~5||O'Hara^A||1970|F|||s^^t", "ZZZ|1"]


def test_a_repetition_that_moved_is_not_copied_and_the_others_are(make: Make) -> None:
    mapping = normal(
        make, """{id: ss, from: "PID-3[CX.5 = 'SS'].1", to: PID-19, accounts-for: ["PID-3[CX.5 = 'SS']"]}"""
    )
    traced = mapping.trace(message("PID|1||1^^^^MR~2^^^^SS"))
    assert plain(traced.texts[0])[1] == "PID|1||1^^^^MR||||||||||||||||2"
    assert traced.ledger.counts()[Fate.LOST] == 0


def test_what_a_rule_leaves_of_a_repetition_is_lost_in_sight(make: Make) -> None:
    mapping = normal(make, "{id: id, from: PID-3.1, to: PID-3.1}")
    ledger = mapping.trace(message("PID|1||1^^^^MR")).ledger
    assert [entry.field for entry in ledger.of(Fate.LOST)] == ["PID-3.5"]


def test_an_ignored_value_is_not_copied(make: Make) -> None:
    mapping = normal(make, NOTHING_TO_DO, header="ignore:\n  - {id: ssn, from: PID-19, reason: not ours to pass on}\n")
    traced = mapping.trace(message("PID|1||1" + "|" * 16 + "123"))
    assert "123" not in traced.texts[0].split("\r")[1] and traced.ledger.counts()[Fate.IGNORED] == 1


@pytest.mark.parametrize("header", ["MSH|^~\\&", "MSH#*!?%"])
def test_a_header_that_says_nothing_goes_over_so_that_the_rest_can_be_read(make: Make, header: str) -> None:
    source = parse(f"{header}\rPID{header[3]}1\r".encode())
    (text,) = normal(make, NOTHING_TO_DO).trace(source).texts
    assert text == f"{header}\rPID{header[3]}1\r"


def test_an_explicit_null_goes_over(make: Make) -> None:
    mapping = normal(make, "{id: sex, from: PID-8, to: PID-8}")
    assert plain(mapping.trace(message('PID|1||""|||||""')).texts[0])[1] == 'PID|1||""|||||""'


def test_nothing_is_copied_when_the_package_says_so(make: Make) -> None:
    mapping = normal(make, "{id: sex, from: PID-8, to: PID-8}", header="copy: false\n")
    traced = mapping.trace(message("PID|1|||||||M"))
    assert plain(traced.texts[0]) == ["PID||||||||M"]
    assert "MSH-3" in [entry.field for entry in traced.ledger.of(Fate.LOST)]


def test_a_row_fills_the_segment_of_its_own_group_only(make: Make) -> None:
    rows = (
        EVERY
        + "  - {id: obr, from: OBR, make: OBR, using: OBR-OBR}\n  - {id: spm, from: SPM, fill: obr, using: SPM-OBR}\n"
    )
    obr = rules("OBR-OBR", "OBR", "OBR", "{id: four, from: OBR-4, to: OBR-4}")
    spm = rules("SPM-OBR", "SPM", "OBR", "{id: kind, from: SPM-4.1, to: OBR-15.1}")
    files = {"messages/EVERY.yaml": rows, "segments/OBR-OBR.yaml": obr, "segments/SPM-OBR.yaml": spm}
    mapping = normal(make, NOTHING_TO_DO, more=files)
    source = message("PID|1", "OBR|1|||a", "SPM|1|||BLD", "OBR|2|||b", "SPM|1|||UR", "OBR|3|||c")
    lines = [line for line in plain(mapping.trace(source).texts[0]) if line.startswith("OBR")]
    assert [parse(f"MSH|^~\\&|\r{line}".encode()).value("OBR-15") for line in lines] == ["BLD", "UR", ""]


# --- FHIR to FHIR -----------------------------------------------------------------------------------------------------

FHIR_PATIENTS = """map: PATIENTS
for: [Patient]
rows:
  - {id: patient, from: Patient, make: Patient, using: Patient-Patient}
"""


def test_fhir_goes_over_whole_but_for_what_rules_change(make: Make) -> None:
    change = rules("Patient-Patient", "Patient", "Patient", "{id: g, from: gender, to: gender, transform: lower}")
    files = {"messages/PATIENTS.yaml": FHIR_PATIENTS, "segments/Patient-Patient.yaml": change}
    mapping = make("fhir-to-fhir", files)
    patient = {"resourceType": "Patient", "id": "p", "gender": "MALE", "active": True, "name": [{"family": "X"}]}
    traced = mapping.trace(document(patient))
    assert traced.bundle == {**patient, "gender": "male"}
    assert traced.ledger.counts()[Fate.LOST] == 0


def test_other_resources_of_a_bundle_and_its_own_elements_go_over(make: Make) -> None:
    change = rules("Patient-Patient", "Patient", "Patient", "{id: g, from: gender, to: gender, transform: lower}")
    files = {"messages/PATIENTS.yaml": FHIR_PATIENTS, "segments/Patient-Patient.yaml": change}
    mapping = make("fhir-to-fhir", files)
    entries = [
        {"fullUrl": "urn:a", "resource": {"resourceType": "Patient", "gender": "MALE"}},
        {"fullUrl": "urn:b", "resource": {"resourceType": "Organization", "name": "O"}},
    ]
    bundle = mapping.trace(document({"resourceType": "Bundle", "type": "collection", "entry": entries})).bundle
    assert bundle["type"] == "collection"
    written: Any = bundle["entry"]
    assert [entry["resource"]["resourceType"] for entry in written] == ["Patient", "Organization"]


def test_a_key_that_is_no_element_name_stands_in_the_ledger_like_any_other(make: Make) -> None:
    change = rules("Patient-Patient", "Patient", "Patient", "{id: g, from: gender, to: gender, transform: lower}")
    files = {"messages/PATIENTS.yaml": FHIR_PATIENTS, "segments/Patient-Patient.yaml": change}
    traced = make("fhir-to-fhir", files).trace(document({"resourceType": "Patient", "odd key": "x", "gender": "M"}))
    entries = {entry.field: entry for entry in traced.ledger.entries}
    span = entries["Patient.odd key"].location.span
    assert span is not None and entries["Patient.odd key"].fate is Fate.MAPPED
    assert [entry.source[0].path for entry in traced.trace] == ["Patient.gender", "Patient.odd key"]
