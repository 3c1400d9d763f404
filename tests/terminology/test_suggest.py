"""Suggestions: what comes first, why, and that the same question gets the same answer."""

from itertools import pairwise

from workbench.terminology.codes import Coding, Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.memory import remember
from workbench.terminology.suggest import ALIKE, SAME_CODE, CandidateIndex, suggest
from workbench.terminology.words import long_words, words

LOINC = "http://loinc.org"
LAB = CandidateIndex(
    [
        Coding(LOINC, "2345-7", "Glucose [Mass/volume] in Serum or Plasma"),
        Coding(LOINC, "1558-6", "Fasting glucose [Mass/volume] in Serum or Plasma"),
        Coding(LOINC, "2951-2", "Sodium [Moles/volume] in Serum or Plasma"),
        Coding(LOINC, "2823-3", "Potassium [Moles/volume] in Serum or Plasma"),
        Coding(LOINC, "2828-2", "Potassium [Moles/volume] in Urine"),
        Concept(Coding(LOINC, "718-7", "Hemoglobin [Mass/volume] in Blood"), ("Hgb Bld-mCnc",)),
    ]
)


def local(code: str, text: str = "") -> LocalCode:
    return LocalCode(code, texts=((text, 1),) if text else ())


def first(code: str, text: str = "") -> str:
    return suggest(local(code, text), LAB)[0].coding.code


def test_the_nearest_text_comes_first_with_the_words_that_agree() -> None:
    found = suggest(local("GLU-F", "Glucose fasting serum"), LAB)
    assert found[0].coding.code == "1558-6"
    assert found[0].why == ("fasting", "glucose", "serum")
    assert all(earlier.score >= later.score for earlier, later in pairwise(found))
    assert all(0 <= candidate.score <= 1 for candidate in found)


def test_short_forms_add_their_long_words() -> None:
    assert first("NA", "Na serum") == "2951-2"
    assert first("K-U", "K ur") == "2828-2"


def test_a_code_without_a_text_is_searched_by_its_own_letters() -> None:
    assert first("HGB") == "718-7"


def test_an_equal_code_is_found_whatever_its_words_and_says_so() -> None:
    found = suggest(local("2951-2", "Natrium im Blut"), LAB)
    assert found[0].coding.code == "2951-2"
    assert found[0].why[0] == SAME_CODE


def test_a_concept_is_suggested_once_however_many_wordings_it_has() -> None:
    codes = [candidate.coding.code for candidate in suggest(local("HB", "Hemoglobin Bld"), LAB)]
    assert codes.count("718-7") == 1


def test_nothing_is_suggested_when_nothing_resembles() -> None:
    assert suggest(local("ZZZ", "qqq"), LAB) == ()
    assert suggest(local("NA", "Sodium"), CandidateIndex([])) == ()


def test_the_number_of_candidates_is_limited() -> None:
    assert len(suggest(local("X", "Serum or plasma"), LAB, limit=2)) == 2


def test_equal_scores_come_in_the_order_of_the_codes() -> None:
    index = CandidateIndex([Coding("s", "b", "Other"), Coding("s", "a", "Other")])
    assert [candidate.coding.code for candidate in suggest(local("X", "other"), index)] == ["a", "b"]


def test_words_lose_case_accents_and_filling_but_keep_numbers() -> None:
    assert words("Größe of the Täglich 0.125mg") == ("grosse", "taglich", "0.125", "mg")
    assert words("CreatinineClearance") == ("creatinine", "clearance")
    assert long_words(("na", "serum")) == ("sodium",)
    assert long_words(("na", "sodium")) == ()


def test_what_was_approved_for_the_same_words_of_another_sender_comes_first_and_says_so() -> None:
    sodium, potassium = (
        Coding("http://loinc.org", "2951-2", "Sodium"),
        Coding("http://loinc.org", "2823-3", "Potassium"),
    )
    own = LocalCode("NA", "urn:a", texts=(("Natrium S", 1),), units=(("mmol/L", 1),))
    other = LocalCode("1234", "urn:b", texts=(("Natrium S", 1),), units=(("mmol/L", 1),))
    memory = remember([(own, sodium)])
    found = suggest(other, CandidateIndex([sodium, potassium]), memory=memory)
    assert (found[0].coding, found[0].why) == (sodium, (ALIKE,))
    in_urine = LocalCode("1234", "urn:b", texts=(("Natrium S", 1),), specimens=(("Urine", 1),))
    assert all(candidate.why != (ALIKE,) for candidate in suggest(in_urine, CandidateIndex([sodium]), memory=memory))
