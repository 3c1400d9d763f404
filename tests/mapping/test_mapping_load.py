"""Reading packages: what the words of YAML mean here, and where each defect is said to be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from workbench.kernel.errors import Refused
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.load import load_package
from workbench.mapping.model import Package, Policy, Unmapped
from workbench.mapping.yaml_text import read_yaml

PID = "map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n"


def test_unquoted_words_are_texts_unless_they_are_plain_numbers_or_true_and_false() -> None:
    text = "a: NO\nb: 012\nc: 1.50\nd: true\ne: '1'\nf: 7\ng: 1e5\nh: 2.5.1"
    assert read_yaml(text, "x").value == {
        "a": "NO",
        "b": "012",
        "c": Decimal("1.50"),
        "d": True,
        "e": "1",
        "f": 7,
        "g": "1e5",
        "h": "2.5.1",
    }
    assert str(read_yaml("c: 1.50", "x").value["c"]) == "1.50"  # type: ignore[index]


def test_every_value_knows_its_line_and_column() -> None:
    document = read_yaml("rules:\n  - {id: a, from: PID-1}\n", "f.yaml")
    assert str(document.place(("rules", 0, "from"))) == "f.yaml:2:13"


@pytest.mark.parametrize(
    ("rules", "code", "said"),
    [
        (
            "  - {id: a, form: PID-1, to: gender}\n",
            "MAP-0102",
            "segments/PID-Patient.yaml:5:13: rule a: unknown key form",
        ),
        ("  - {id: a, form: PID-1, to: gender}\n", "MAP-0102", "did you mean from?"),
        ("  - {id: a, to: gender}\n", "MAP-0102", "segments/PID-Patient.yaml:5:5: rule a: a rule needs from"),
        ("  - {id: a, from: PID-1, to: id}\n  - {id: a, from: PID-2, to: id}\n", "MAP-0103", ":6:"),
        ("  - {id: a, id: b}\n", "MAP-0101", ":5:13: id stands here twice"),
        ("  - {id: a, from: PID-1, to: [x}\n", "MAP-0101", "segments/PID-Patient.yaml:5:"),
        ("  - {id: a, from: PID-1, to: id, repeat: all}\n", "MAP-0102", "repeat is one of each, first, last, join"),
        ("  - {id: a, from: PID-1, to: id, unmapped: maybe}\n", "MAP-0102", "unmapped is preserve"),
        ("  - {id: a, from: PID-1, to: id, literal: null}\n", "MAP-0102", "null is no literal"),
    ],
)
def test_a_defect_is_refused_with_its_place_and_rule(
    package_of: Callable[..., Package], rules: str, code: str, said: str
) -> None:
    with pytest.raises(Refused) as refused:
        package_of({"segments/PID-Patient.yaml": PID + rules})
    assert refused.value.code == code
    assert said in refused.value.text


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("from: PID-8, to: sex", "Patient has no element sex"),
        ("from: PID-8, to: gendr", "did you mean gender?"),
        ("from: PID-5, to: name", "name a type map with using"),
        ("from: PID-5, to: name, using: XPN", "there is no type map XPN"),
        ("from: PID-8, to: gender, codes: sex", "there is no code map sex"),
        ("from: PID8, to: gender", "“PID8”"),
        (
            'from: PID-8, to: gender, when: "PID-8 is F"',
            "in or matches is expected at character 7",
        ),
        ("from: PID-8, to: gender, transform: shout", "there is no transform shout"),
        ("from: PID-8, to: gender, transform: {substring: {length: 2}}", "substring needs start"),
        ("from: PID-8, to: gender, reference: patient", "gender is no Reference"),
        ('from: PID-8, to: "gender[0]"', "does not repeat"),
        ("from: PID-8, to: ../gender", "nothing to write to beside"),
        ("from: PID-8, to: generalPractitioner, make: Doctor", "Doctor is no resource type"),
        ("from: PID-8, to: gender, when: \"PID-8 matches '(?=x)'\"", "no look-around"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_when_it_is_compiled(
    package_of: Callable[..., Package], rule: str, said: str
) -> None:
    package = package_of(
        {
            "segments/PID-Patient.yaml": PID + f"  - {{id: wrong, {rule}}}\n",
            "messages/ALL.yaml": "map: ALL\nfor: ['*']\nrows:\n"
            "  - {id: p, from: PID, make: Patient, using: PID-Patient}\n",
        }
    )
    with pytest.raises(Refused) as refused:
        compile_package(package)
    assert refused.value.code == "MAP-0110"
    assert "segments/PID-Patient.yaml:5:5: rule wrong: " in refused.value.text
    assert said in refused.value.text


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{id: r, from: PID, make: Patient, fill: x}", "exactly one"),
        ("{id: r, from: PID, make: Patient, using: NONE}", "there is no segment map NONE"),
        ("{id: r, from: PV1, make: Patient, using: PID-Patient}", "PID-Patient reads PID"),
        ("{id: r, from: PID, make: Encounter, using: PID-Patient}", "fills a Patient, not a Encounter"),
        ("{id: r, from: PID, fill: nobody, using: PID-Patient}", "nobody is made by no row"),
        ("{id: r, from: ORDER/PID, make: Patient, using: PID-Patient}", "ORDER is no group"),
        ("{id: r, from: PID, make: Patient, using: PID-Patient, link: {gender: x}}", "gender is no Reference"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_place(
    package_of: Callable[..., Package], row: str, said: str
) -> None:
    with pytest.raises(Refused) as refused:
        compile_package(
            package_of(
                {
                    "segments/PID-Patient.yaml": PID + "  - {id: a, from: PID-8, to: gender}\n",
                    "messages/ALL.yaml": f"map: ALL\nfor: ['*']\nrows:\n  - {row}\n",
                }
            )
        )
    assert "messages/ALL.yaml:4:" in refused.value.text
    assert said in refused.value.text


def test_a_control_character_is_refused_with_its_place() -> None:
    with pytest.raises(Refused, match=r"rules.yaml:2:5: a control character \(U\+0007\)") as refusal:
        read_yaml("a: 1\nb: x\x07y\n", "rules.yaml")
    assert refusal.value.code == "MAP-0101"


def test_a_folder_without_package_yaml_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        load_package(tmp_path)
    assert refused.value.code == "MAP-0100"


def test_a_map_must_stand_in_a_file_of_its_name(package_of: Callable[..., Package]) -> None:
    with pytest.raises(Refused) as refused:
        package_of({"segments/OTHER.yaml": PID})
    assert refused.value.code == "MAP-0106"


def test_policies_are_read(package_of: Callable[..., Package]) -> None:
    rules = "  - {id: a, from: PID-8, to: gender, unmapped: {default: unknown}}\n"
    package = package_of({"segments/PID-Patient.yaml": PID + rules}, "unmapped: error\n")
    assert package.header.unmapped == Unmapped(Policy.ERROR)
    assert package.segments["PID-Patient"].rules[0].unmapped == Unmapped(Policy.DEFAULT, "unknown")


def test_two_maps_for_the_same_message_are_refused(package_of: Callable[..., Package]) -> None:
    one = "map: {name}\nfor: [ADT^A01]\nrows: []\n"
    package = package_of({f"messages/{name}.yaml": one.format(name=name) for name in ("A", "B")})
    with pytest.raises(Refused) as refused:
        compile_package(package)
    assert refused.value.code == "MAP-0113"


def test_keep_rules_need_an_extension_for_what_they_keep(package_of: Callable[..., Package]) -> None:
    files = {"messages/A.yaml": 'map: A\nfor: ["*"]\nrows: []\n'}
    keep = 'keep:\n  - {id: rest, from: "Z*", reason: Nobody knows.}\n'
    with pytest.raises(Refused) as refused:
        compile_package(package_of(files, keep))
    assert refused.value.code == "MAP-0114"
    compile_package(package_of(files, keep + "extensions: {kept: urn:kept}\n"))
