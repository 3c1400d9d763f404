"""Suggestions by specimen, unit, strength and memory, and the reasons that come with them."""

from workbench.terminology.codes import Coding, Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.memory import remember
from workbench.terminology.ranking import RXNORM, UCUM
from workbench.terminology.suggest import REMEMBERED, CandidateIndex, suggest, suggestion

LOINC = "http://loinc.org"
LAB = CandidateIndex(
    Coding(LOINC, code, name)
    for code, name in (
        ("2345-7", "Glucose [Mass/volume] in Serum or Plasma"),
        ("14749-6", "Glucose [Moles/volume] in Serum or Plasma"),
        ("2350-7", "Glucose [Mass/volume] in Urine"),
        ("2349-9", "Glucose [Presence] in Urine"),
        ("2342-4", "Glucose [Mass/volume] in Cerebral spinal fluid"),
        ("1558-6", "Fasting glucose [Mass/volume] in Serum or Plasma"),
        ("5196-1", "Hepatitis B virus surface Ag [Presence] in Serum"),
        ("16935-9", "Hepatitis B virus surface Ab [Units/volume] in Serum"),
        ("789-8", "Erythrocytes [#/volume] in Blood by Automated count"),
        ("13945-1", "Erythrocytes [#/area] in Urine sediment by Microscopy high power field"),
        ("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma"),
        ("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma"),
    )
)
DRUGS = CandidateIndex(
    Concept(Coding(RXNORM, code, name), properties={"TTY": kind})
    for code, name, kind in (
        ("1", "metoprolol", "IN"),
        ("2", "metoprolol tartrate 50 MG Oral Tablet", "SCD"),
        ("3", "metoprolol tartrate 25 MG Oral Tablet", "SCD"),
        ("4", "24 HR metoprolol succinate 50 MG Extended Release Oral Tablet", "SCD"),
        ("5", "metoprolol tartrate 1 MG/ML Injectable Solution", "SCD"),
        ("6", "metoprolol tartrate 50 MG Oral Tablet [Lopressor]", "SBD"),
        ("7", "alfuzosin hydrochloride 10 MG [UroXatral]", "SBDC"),
        ("8", "levothyroxine sodium 0.137 MG [Levoxyl]", "SBDC"),
        ("9", "levothyroxine sodium 0.05 MG [Levoxyl]", "SBDC"),
    )
)


def local(text: str, specimen: str = "", unit: str = "", code: str = "X", context: str = "") -> LocalCode:
    return LocalCode(
        code,
        texts=((text, 1),),
        specimens=((specimen, 1),) if specimen else (),
        units=((unit, 1),) if unit else (),
        context=context,
    )


def first(text: str, specimen: str = "", unit: str = "") -> str:
    return suggest(local(text, specimen, unit), LAB)[0].coding.code


def test_the_specimen_decides_between_equal_names() -> None:
    assert first("Glucose", "Urine", "mg/dL") == "2350-7"
    assert first("Glucose", "CSF") == "2342-4"
    assert first("Glucose", "Serum", "mg/dL") == "2345-7"


def test_the_unit_decides_between_mass_and_amount() -> None:
    assert first("Glucose", "Serum", "mmol/L") == "14749-6"
    assert first("RBC", "Urine", "/hpf") == "13945-1"
    assert first("RBC", "Blood", "M/uL") == "789-8"


def test_words_for_a_screen_ask_for_presence() -> None:
    assert first("Urine glucose, qualitative", "Urine") == "2349-9"


def test_short_forms_and_torn_words_find_their_meaning() -> None:
    assert first("S.G.O.T.") == "1920-8"
    assert first("s g o t") == "1920-8"
    assert first("TSH") == "3016-3"
    assert first("HBsAg") == "5196-1"


def test_a_misspelt_word_is_still_found() -> None:
    assert first("Thyrotropn") == "3016-3"


def test_every_candidate_shows_its_parts_and_they_agree_or_conflict() -> None:
    found = suggest(local("Glucose", "Urine", "mg/dL"), LAB)
    serum = next(candidate for candidate in found if candidate.coding.code == "2345-7")
    assert "specimen" in found[0].agreeing
    assert "other specimen" in serum.conflicting
    assert found[0].confidence > 0
    assert all(candidate.confidence == 0 for candidate in found[1:])


def test_strength_form_and_release_decide_between_drugs() -> None:
    def drug(text: str, context: str = "") -> str:
        return suggest(local(text, context=context), DRUGS)[0].coding.code

    assert drug("Metoprolol") == "1"
    assert drug("metoprolol tartrate 25mg tab") == "3"
    assert drug("Metoprolol XL 50 mg Tab") == "4"
    assert drug("Metoprolol 5 mg/5 mL inj") == "5"
    assert drug("Lopressor 50mg tablet") == "6"
    assert drug("Uroxatral 10mg") == "7"
    assert drug("Levoxyl 137") == "8"
    assert drug("Levoxyl 50 mcg") == "9"


def test_units_are_found_by_their_grammar() -> None:
    units = CandidateIndex(Coding(UCUM, code) for code in ("mg/dL", "ug/dL", "10*3/uL", "mmol/L", "mg/(24.h)"))
    assert suggest(local("mcg/dl"), units)[0].coding.code == "ug/dL"
    assert suggest(local("mg/24hrs"), units)[0].coding.code == "mg/(24.h)"


def test_what_was_approved_before_comes_first_until_its_unit_changes() -> None:
    approved = Coding(LOINC, "2349-9", "Glucose [Presence] in Urine")
    memory = remember([(local("Glucose", "Urine", "mg/dL"), approved)])
    again = suggest(local("Glucose", "Urine", "mg/dl"), LAB, memory=memory)
    assert again[0].coding == approved
    assert again[0].why == (REMEMBERED,)
    assert [candidate.coding.code for candidate in again].count("2349-9") == 1
    assert suggest(local("Glucose", "Urine", "mmol/L"), LAB, memory=memory)[0].why != (REMEMBERED,)


def test_no_map_is_suggested_when_nothing_fits() -> None:
    assert suggestion(local("zzzz qqqq"), LAB).no_map
    assert suggestion(local("Red top hold", "Blood"), LAB).no_map
    assert not suggestion(local("Glucose", "Serum", "mg/dL"), LAB).no_map
