"""Words in one form, specimens in one list, axes out of names."""

from workbench.terminology.codes import Coding, Concept
from workbench.terminology.loinc_axes import axes_of, named_axes
from workbench.terminology.specimens import conflicts, fit, named_specimen, specimen_class, stated_specimen
from workbench.terminology.words import phrases, short_forms, tokens


def test_tokens_have_one_form_on_either_side_of_the_ocean_and_of_the_plural() -> None:
    assert tokens("Haemoglobin, Leucocytes & Antibodies") == ("hemoglobin", "leukocyte", "antibody")
    assert tokens("S.G.O.T. (serum)") == ("sgot", "serum")
    assert tokens("carBAMazepine 50mg T4 CD57") == ("carbamazepine", "50", "mg", "t4", "cd57")
    assert tokens("β-2 µg 1,500") == ("beta", "2", "ug", "1500")


def test_the_longest_short_form_is_taken() -> None:
    forms = short_forms(("laboratory",))
    found = phrases(tokens("Red cell distribution width"), forms)
    assert found == [(("red", "cell", "distribution", "width"), (("erythrocyte", "distribution", "width"),))]


def test_specimens_have_one_class_whatever_they_are_called() -> None:
    assert specimen_class("Ser/Plas") == specimen_class("Serum or Plasma") == specimen_class("plasma") == "serum"
    assert specimen_class("CSF") == specimen_class("Cerebral spinal fluid") == "csf"
    assert specimen_class("Ascites") == specimen_class("Peritoneal fluid") == "peritoneal"
    assert specimen_class("anything else") == ""


def test_cells_in_a_name_are_what_is_counted_and_no_specimen() -> None:
    assert named_specimen("Leukocyte count") == ""
    assert named_specimen("Urine leukocytes") == "urine"


def test_several_parts_of_the_airways_are_the_airways() -> None:
    assert stated_specimen("nasopharyngeal swab; anterior nasal swab") == "respiratory"
    assert stated_specimen("saliva") == "saliva"


def test_blood_covers_serum_and_urine_does_not() -> None:
    assert not conflicts("blood", "serum")
    assert conflicts("urine", "serum")
    assert conflicts("csf", "blood")
    assert fit("", "serum") == 0


def test_axes_come_from_the_columns_or_else_from_the_name() -> None:
    axes = named_axes("Cortisol [Mass/volume] in 24 hour Urine by Immunoassay --post dose corticotropin")
    assert (axes.component, axes.kind, axes.specimen, axes.timing, axes.method, axes.challenge) == (
        *("Cortisol", "MCnc", "urine", "24H", "Immunoassay"),
        True,
    )
    columns = {"COMPONENT": "Cortisol", "PROPERTY": "SCnc", "SYSTEM": "Ser", "SCALE_TYP": "Qn", "TIME_ASPCT": "Pt"}
    concept = Concept(Coding("http://loinc.org", "1-8", "Cortisol [Mass/volume] in Urine"), properties=columns)
    assert (axes_of(concept).kind, axes_of(concept).specimen, axes_of(concept).timing) == ("SCnc", "serum", "")
    assert axes_of(concept).qualitative is False
    assert named_axes("HIV 1 Ab [Presence] in Serum").qualitative is True
