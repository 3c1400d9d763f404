"""Releases of code systems, in small pieces of our own making that have their layouts."""

import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext
from workbench.terminology.harvest import LocalCode
from workbench.terminology.library import CodeLibrary
from workbench.terminology.local_lists import read_local_codes
from workbench.terminology.releases.small import table_rows
from workbench.terminology.suggest import suggest

COLUMNS = (
    "LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,METHOD_TYP,STATUS,RELATEDNAMES2,SHORTNAME,"
    "LONG_COMMON_NAME,EXAMPLE_UCUM_UNITS,COMMON_TEST_RANK\n"
)
LOINC_TABLE = COLUMNS + (
    '"2951-2","Sodium","SCnc","Pt","Ser/Plas","Qn","","ACTIVE","Na; Natrium","Sodium SerPl-sCnc",'
    '"Sodium [Moles/volume] in Serum or Plasma","mmol/L","2"\n'
    '"2955-3","Sodium","SCnc","Pt","Urine","Qn","","ACTIVE","Na","Sodium Ur-sCnc",'
    '"Sodium [Moles/volume] in Urine","mmol/L","400"\n'
    '"9999-1","Sodium","SCnc","Pt","Ser","Qn","","DEPRECATED","","","Deprecated Sodium [Moles/volume] in Serum","",""\n'
)
RRF = (
    "6918|ENG|P|L1|PF|S1|Y|A1||6918||RXNORM|IN|6918|metoprolol||N|4096|\n"
    "866924|ENG|P|L2|PF|S2|Y|A2||866924||RXNORM|SCD|866924|metoprolol tartrate 25 MG Oral Tablet||N|4096|\n"
    "866924|ENG|P|L3|PF|S3|Y|A3||866924||RXNORM|PSN|866924|metoprolol tartrate 25 MG tablet||N|4096|\n"
    "6918|SPA|P|L4|PF|S4|Y|A4||6918||MSHSPA|IN|6918|metoprololo||N|4096|\n"
)
ORDER = "".join(
    f"{number:05} {code:7} {billable} {name[:60]:60} {name}\n"
    for number, code, billable, name in (
        (1, "E11", "0", "Type 2 diabetes mellitus"),
        (2, "E119", "1", "Type 2 diabetes mellitus without complications"),
    )
)


@pytest.fixture
def library(tmp_path: Path) -> CodeLibrary:
    return CodeLibrary(tmp_path / "library")


def test_loinc_keeps_axes_related_names_and_what_replaces_a_retired_term(tmp_path: Path, library: CodeLibrary) -> None:
    (tmp_path / "Loinc.csv").write_text(LOINC_TABLE, encoding="utf-8")
    (tmp_path / "MapTo.csv").write_text('"LOINC","MAP_TO","COMMENT"\n"9999-1","2951-2",""\n', encoding="utf-8")
    with library.import_release(tmp_path, "loinc", "2.80") as store:
        retired, sodium = store.find("9999-1"), store.find("2951-2")
        assert retired is not None and sodium is not None
        assert (retired.retired, retired.replaced_by) == (True, ("2951-2",))
        assert sodium.properties["SYSTEM"] == "Ser/Plas"
        assert "Natrium" in sodium.synonyms
        assert (store.info.concepts, store.info.retired, store.info.version) == (3, 1, "2.80")
        local = LocalCode("NA", texts=(("Na", 1),), specimens=(("Urine", 1),))
        assert suggest(local, store.candidates)[0].coding.code == "2955-3"


def test_answer_lists_beside_loinc_become_answers_of_its_terms(tmp_path: Path, library: CodeLibrary) -> None:
    (tmp_path / "Loinc.csv").write_text(LOINC_TABLE, encoding="utf-8")
    lists = "AnswerListId,DisplayText\nLL1,Low\nLL1,High\nLL2,Other\n"
    (tmp_path / "AnswerList.csv").write_text(lists, encoding="utf-8")
    (tmp_path / "LoincAnswerListLink.csv").write_text("LoincNumber,AnswerListId\n2951-2,LL1\n", encoding="utf-8")
    with library.import_release(tmp_path, "loinc") as store:
        assert (term := store.find("2951-2")) is not None
        assert term.properties["ANSWERS"] == "Low; High"


def test_parts_beside_loinc_fill_empty_axes_and_add_wordings(tmp_path: Path, library: CodeLibrary) -> None:
    (tmp_path / "Loinc.csv").write_text(
        "LOINC_NUM,COMPONENT,SYSTEM,STATUS,LONG_COMMON_NAME\n4548-4,,Bld,ACTIVE,HbA1c/Hb.total in Blood\n", "utf-8"
    )
    parts = tmp_path / "AccessoryFiles" / "PartFile"
    parts.mkdir(parents=True)
    (parts / "LoincPartLink_Primary.csv").write_text(
        "LoincNumber,PartNumber,PartName,PartTypeName\n"
        "4548-4,LP1,Hemoglobin A1c/Hemoglobin.total,COMPONENT\n4548-4,LP2,Whole blood,SYSTEM\n",
        "utf-8",
    )
    (parts / "Part.csv").write_text("PartNumber,PartDisplayName\nLP1,Glycated hemoglobin share\n", "utf-8")
    with library.import_release(tmp_path, "loinc") as store:
        assert (term := store.find("4548-4")) is not None
        assert (term.properties["COMPONENT"], term.properties["SYSTEM"]) == ("Hemoglobin A1c/Hemoglobin.total", "Bld")
        assert "Glycated hemoglobin share" in term.synonyms
        assert store.search("glyc shar")[0].coding.code == "4548-4"


def test_a_packed_index_suggests_what_a_fresh_one_does(tmp_path: Path, library: CodeLibrary) -> None:
    (tmp_path / "Loinc.csv").write_text(LOINC_TABLE, encoding="utf-8")
    local = LocalCode("NA", texts=(("Na serum", 1),), units=(("mmol/L", 1),))
    with library.import_release(tmp_path / "Loinc.csv", "loinc") as store:
        first = suggest(local, store.candidates)
    with library.import_release(tmp_path / "Loinc.csv", "loinc") as store:
        assert suggest(local, store.candidates) == first
        assert first


def test_rxnorm_takes_english_names_and_prefers_rxnorms_own(tmp_path: Path, library: CodeLibrary) -> None:
    (tmp_path / "RXNCONSO.RRF").write_text(RRF, encoding="utf-8")
    with library.import_release(tmp_path, "rxnorm") as store:
        drug = store.find("866924")
        assert drug is not None
        assert drug.coding.display == "metoprolol tartrate 25 MG Oral Tablet"
        assert drug.synonyms == ("metoprolol tartrate 25 MG tablet",)
        assert drug.properties == {"TTY": "SCD"}
        assert store.info.wordings == 3


def test_snomed_reads_descriptions_inactive_concepts_and_associations(tmp_path: Path, library: CodeLibrary) -> None:
    terminology, refsets = tmp_path / "Snapshot" / "Terminology", tmp_path / "Snapshot" / "Refset" / "Content"
    terminology.mkdir(parents=True)
    refsets.mkdir(parents=True)
    head = "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
    rows = (
        "11\t20240101\t1\t9\t73211009\ten\t900000000000003001\tDiabetes mellitus (disorder)\t9\n"
        '12\t20240101\t1\t9\t73211009\ten\t900000000000013009\tDiabetes "mellitus"\t9\n'
        "13\t20240101\t0\t9\t73211009\ten\t900000000000013009\tOld name\t9\n"
        "14\t20240101\t1\t9\t111\ten\t900000000000003001\tSugar illness (disorder)\t9\n"
    )
    (terminology / "sct2_Description_Snapshot-en_X.txt").write_text(head + rows, encoding="utf-8")
    concepts = "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\n73211009\t1\t1\t9\t9\n111\t1\t0\t9\t9\n"
    (terminology / "sct2_Concept_Snapshot_X.txt").write_text(concepts, encoding="utf-8")
    association = (
        "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\ttargetComponentId\n"
        "a\t1\t1\t9\t900000000000526001\t111\t73211009\n"
    )
    (refsets / "der2_cRefset_AssociationSnapshot_X.txt").write_text(association, encoding="utf-8")
    with library.import_release(tmp_path, "snomed", "20240101") as store:
        diabetes, old = store.find("73211009"), store.find("111")
        assert diabetes is not None and old is not None
        assert diabetes.texts == ("Diabetes mellitus (disorder)", 'Diabetes "mellitus"')
        assert diabetes.properties["semantic tag"] == "disorder"
        assert (old.retired, old.replaced_by) == (True, ("73211009",))


def test_icd_10_cm_reads_columns_and_inclusion_terms_beside_it(tmp_path: Path, library: CodeLibrary) -> None:
    (tmp_path / "icd10cm_order_2026.txt").write_text(ORDER, encoding="utf-8")
    (tmp_path / "icd10cm_inclusion_terms.csv").write_text("code,term\nE11.9,Adult-onset diabetes\n", encoding="utf-8")
    with library.import_release(tmp_path, "icd10cm") as store:
        heading, code = store.find("E11"), store.find("E11.9")
        assert heading is not None and code is not None
        assert heading.properties["billable"] == "0"
        assert code.synonyms == ("Adult-onset diabetes",)


def test_what_only_has_bars_is_no_cvx(tmp_path: Path, library: CodeLibrary) -> None:
    noise = tmp_path / "noise.txt"
    noise.write_text("a|b|c|d|e|f\nMSH|^~\\&|A|B|C|D\n1234|x|y|z|Active\n")
    with pytest.raises(Refused) as refused:
        library.import_release(noise, "cvx")
    assert refused.value.code == "TERM-0038"


def test_cvx_in_utf_16_keeps_leading_zeros_and_status(tmp_path: Path, library: CodeLibrary) -> None:
    text = "03|MMR|measles, mumps and rubella||Active|False|\r\n1|DTP|diphtheria||Inactive|False|\r\n"
    (tmp_path / "cvx.txt").write_text(text, encoding="utf-16")
    with library.import_release(tmp_path / "cvx.txt", "cvx") as store:
        assert (mmr := store.find("03")) is not None and mmr.coding.display == "MMR"
        assert (dtp := store.find("01")) is not None and dtp.retired


def test_a_local_list_comes_from_csv_with_semicolons_or_from_excel(tmp_path: Path, library: CodeLibrary) -> None:
    (tmp_path / "wards.csv").write_bytes("Code;Name;Building\n007;Intensivstation Süd;B\n".encode("cp1252"))
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Code", "Name", "Building"])
    book.worksheets[0].append(["007", "Intensivstation Süd", "B"])
    book.save(tmp_path / "wards.xlsx")
    for name in ("wards.csv", "wards.xlsx"):
        with library.import_release(tmp_path / name, "urn:wards") as store:
            ward = store.find("007")
            assert ward is not None
            assert (ward.coding.system, ward.coding.display) == ("urn:wards", "Intensivstation Süd")
            assert ward.properties == {"building": "B"}


def test_versions_stand_side_by_side_and_the_last_one_opens(tmp_path: Path, library: CodeLibrary) -> None:
    for version, name in (("1", "Old name"), ("2", "New name")):
        (tmp_path / "list.csv").write_text(f"code,display\nA,{name}\n", encoding="utf-8")
        library.import_release(tmp_path / "list.csv", "urn:list", version).close()
    assert {info.version for info in library.stores()} == {"1", "2"}
    with library.open("urn:list", "1") as store:
        assert (found := store.find("A")) is not None and found.coding.display == "Old name"


def test_search_finds_by_beginnings_of_words_shortest_first_retired_last(tmp_path: Path, library: CodeLibrary) -> None:
    (tmp_path / "Loinc.csv").write_text(LOINC_TABLE, encoding="utf-8")
    with library.import_release(tmp_path / "Loinc.csv", "loinc") as store:
        codes = [concept.coding.code for concept in store.search("sod mol")]
        assert codes == ["2955-3", "2951-2", "9999-1"]
        assert [concept.coding.code for concept in store.search("2951")] == ["2951-2"]
        assert store.search('"*') == ()


def test_a_cancelled_import_leaves_nothing(tmp_path: Path, library: CodeLibrary) -> None:
    (tmp_path / "Loinc.csv").write_text(LOINC_TABLE, encoding="utf-8")
    ctx = JobContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        library.import_release(tmp_path / "Loinc.csv", "loinc", ctx=ctx)
    assert not library.folder.exists() or list(library.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text", "system", "code"),
    [
        ("Loinc.csv", "A,B\n1,2\n", "loinc", "TERM-0031"),
        ("RXNCONSO.RRF", "1|2|3\n", "rxnorm", "TERM-0033"),
        ("x.csv", "colour\nred\n", "urn:x", "TERM-0035"),
        ("x.csv", "code,display\n", "urn:x", "TERM-0038"),
        ("x.xlsx", "no workbook", "urn:x", "TERM-0036"),
        ("x.json", "{", "urn:x", "TERM-0012"),
    ],
)
def test_what_is_no_release_is_refused_with_its_reason(
    tmp_path: Path, library: CodeLibrary, name: str, text: str, system: str, code: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        library.import_release(tmp_path / name, system)
    assert refused.value.code == code
    assert not list(library.folder.glob("*"))


def test_a_missing_release_and_an_unknown_system_are_refused(tmp_path: Path, library: CodeLibrary) -> None:
    with pytest.raises(Refused, match="no file"):
        library.import_release(tmp_path / "none.csv", "loinc")
    with pytest.raises(Refused, match="not imported"):
        library.open("loinc")


def rows(path: Path, text: str) -> Iterator[LocalCode]:
    path.write_text(text, encoding="utf-8")
    return (named.local for named in read_local_codes(path, JobContext()))


def test_a_list_of_local_codes_is_read_by_its_column_names(tmp_path: Path) -> None:
    text = "local_code,source_code,local_text,context,specimen,units,count,values\n"
    text += "K~1,K,Potassium,Chem,Blood,mmol/L|mEq/L,12,4.1|5\n"
    (local,) = rows(tmp_path / "local.csv", text)
    assert (local.code, local.text, local.specimen, local.unit, local.count) == (
        "K",
        "Potassium",
        "Blood",
        "mmol/L",
        12,
    )
    assert [value for value, _ in local.values] == ["4.1", "5"]
    with pytest.raises(Refused, match="no column of local codes"):
        list(rows(tmp_path / "local.csv", "a,b\n1,2\n"))


def test_a_damaged_workbook_is_refused_wherever_it_is_damaged(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for number in range(200):
        book.worksheets[0].append([f"code{number}", f"Name {number * 7919}"])
    whole, path = io.BytesIO(), tmp_path / "list.xlsx"
    book.save(whole)
    for at in range(60, len(whole.getvalue()) - 60, 61):
        damaged = bytearray(whole.getvalue())
        damaged[at : at + 20] = b"\xa5" * 20
        path.write_bytes(damaged)
        try:
            list(table_rows(path, JobContext()))
        except Refused as refused:
            assert refused.code == "TERM-0036"
