"""All that is wrong in a package is told at once, each thing with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.kernel.errors import Refused
from workbench.mapping.files import Defective, defects_in, defects_of
from workbench.mapping.load import load_package
from workbench.mapping.model import Package, Place

BROKEN = (
    "map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n"
    "  - {id: a, from: PID-3, frm: x}\n"
    "  - {id: b, from: PID-5, to: name}\n"
    "  - id: block\n    rules:\n      - {id: c, repeat: often, from: PID-7}\n      - {id: b}\n"
    "  - {id: d, from: PID-8, status: done}\n"
)


def test_every_defect_of_a_file_is_told_with_its_place() -> None:
    found = defects_in("segments/PID-Patient.yaml", BROKEN)
    assert [(defect.place and defect.place.line, defect.place and defect.place.column) for defect in found] == [
        (5, 26),
        (9, 17),
        (10, 9),
        (11, 26),
    ]
    assert found[0].sentence.startswith("rule a: unknown key frm; did you mean from?")


def test_a_file_without_defects_has_none_and_text_that_is_no_yaml_has_one() -> None:
    assert defects_in("segments/A-B.yaml", "map: A-B\nfrom: PID\nto: Patient\n") == ()
    (defect,) = defects_in("segments/A-B.yaml", "map: A-B\nfrom: [PID\n")
    assert defect.code == "MAP-0101"
    assert defect.place is not None
    assert defect.place.file == "segments/A-B.yaml"
    (defect,) = defects_in("other/A-B.yaml", "map: A-B\n")
    assert (defect.code, defect.place) == ("MAP-0109", None)


def test_loading_tells_the_defects_of_all_files(package_of: Callable[..., Package]) -> None:
    files = {
        "segments/PID-Patient.yaml": BROKEN,
        "types/CX-Identifier.yaml": "map: Other\nfrom: CX\nto: Identifier\n",
        "codes/sex.csv": "# id: sex\nsource_code\nF\n",
        "messages/A.yaml": "map: A\nrows:\n  - {id: a, from: PID, make: Patient}\n  - {id: a, from: PV1, fill: a}\n",
    }
    with pytest.raises(Defective) as refused:
        package_of(files)
    defects = defects_of(refused.value)
    assert len(defects) == 7
    assert {defect.place.file for defect in defects if defect.place} == set(files)
    assert all(fault.text in refused.value.text for fault in refused.value.faults)


def test_one_defect_is_refused_as_before(package_of: Callable[..., Package]) -> None:
    with pytest.raises(Refused) as refused:
        package_of({"segments/PID-Patient.yaml": "map: PID-Patient\nfrom: PID\n"})
    assert not isinstance(refused.value, Defective)
    assert defects_of(refused.value)[0].place == Place("segments/PID-Patient.yaml", 1, 1)


def test_text_that_is_not_utf_8_is_one_defect_among_others(tmp_path: Path) -> None:
    (tmp_path / "package.yaml").write_bytes(b"id: \xff\n")
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "A-B.yaml").write_text("map: A-B\n", encoding="utf-8")
    with pytest.raises(Defective) as refused:
        load_package(tmp_path)
    assert [fault.code for fault in refused.value.faults] == ["MAP-0105", "MAP-0102"]
