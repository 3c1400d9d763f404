"""Code rows that must not leave: flagged ones, and unsafe ones that nobody answered for in writing."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.export.package import EXPORTERS, export_package
from workbench.kernel.errors import Refused

FHIR = EXPORTERS["fhir-package"]
HEAD = (
    "# id: lab\n# source_system: urn:l\n# target_system: http://loinc.org\n"
    "source_code,source_display,target_code,target_display,relationship,status,author,approver,comment,marks\n"
)
SERUM = "2160-0,Creatinine [Mass/volume] in Serum or Plasma"


def lab(package: Path, *rows: str) -> None:
    (package / "codes" / "lab.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows), "utf-8")


def refusal(package: Path, tmp_path: Path) -> str:
    with pytest.raises(Refused) as refused:
        export_package(package, FHIR, tmp_path / "out", evidence=())
    return refused.value.text


def test_a_flagged_row_stops_the_release_although_it_is_approved(package: Path, tmp_path: Path) -> None:
    lab(package, f"CREA,Creatinine serum,{SERUM},equivalent,approved,Ann,Ben,,flagged")
    assert "1 code rows are flagged, in conflict or stale (lab: CREA)" in refusal(package, tmp_path)


def test_an_unsafe_row_stops_the_release_until_somebody_says_why(package: Path, tmp_path: Path) -> None:
    lab(package, f"CREAU,Creatinine urine,{SERUM},equivalent,approved,Ann,Ben,,")
    assert "have findings that nobody overrode in writing (lab: CREAU)" in refusal(package, tmp_path)
    lab(package, f"CREAU,Creatinine urine,{SERUM},equivalent,approved,Ann,Ben,the name is wrong,")
    assert "lab: CREAU" not in refusal(package, tmp_path)


def test_a_row_out_of_scope_without_a_target_stops_nothing(package: Path, tmp_path: Path) -> None:
    lab(package, "OLD,Old test,,,equivalent,unmapped,Ann,,,out-of-scope")
    assert "lab: OLD" not in refusal(package, tmp_path)
    lab(package, "OLD,Old test,,,equivalent,unmapped,Ann,,,")
    assert "1 code rows are not approved (lab: OLD)" in refusal(package, tmp_path)
