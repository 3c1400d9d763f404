"""A site's package laid over a standard one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mapping.conftest import SAMPLE, message
from workbench.kernel.errors import Refused
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.load import load_package
from workbench.mapping.overlay import effective
from workbench.mapping.save import save_package


def site(folder: Path, rules: str = "", codes: str = "") -> Path:
    base = Path(*[".."] * len(folder.resolve().parts[1:]), *SAMPLE.parts[1:])
    (folder / "segments").mkdir()
    (folder / "codes").mkdir()
    (folder / "package.yaml").write_text(f"id: site\nversion: 1.0.0\nextends: {base}\n", encoding="utf-8")
    text = f"map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n{rules}"
    (folder / "segments" / "PID-Patient.yaml").write_text(text, encoding="utf-8")
    if codes:
        (folder / "codes" / "administrative-sex.csv").write_text(codes, encoding="utf-8")
    return folder


def test_rules_are_replaced_removed_and_added_where_the_site_says(tmp_path: Path) -> None:
    rules = (
        "  - {id: pid-8, from: PID-8, to: gender, literal: unknown}\n  - {id: pid-13, remove: true}\n"
        "  - {id: own, from: PID-15.1, to: language, after: pid-3}\n  - {id: pid-30, remove: true}\n"
    )
    package = effective(load_package(site(tmp_path, rules)))
    found = [rule.id for rule in package.segments["PID-Patient"].walk()]
    assert found == ["pid-3", "own", "pid-5", "pid-7", "pid-8", "deceased", "pid-29"]
    assert package.segments["PID-Patient"].rule("pid-8").literal == "unknown"  # type: ignore[union-attr]
    assert package.header.id == "site"
    assert package.header.name_space == "https://example.org/ids"


def test_an_overlay_runs_as_its_base_where_it_says_nothing(tmp_path: Path) -> None:
    package = load_package(site(tmp_path, "  - {id: own, from: PID-15.1, to: language}\n"))
    given = message("ADT^A01", "PID|1||123^^^HOSP^MR")
    assert compile_package(package).run(given) == compile_package(load_package(SAMPLE)).run(given)
    assert save_package(package) == ()


def test_code_map_rows_of_the_site_replace_the_base_rows_of_the_same_code(tmp_path: Path) -> None:
    codes = "# id: administrative-sex\n# citation: site\nsource_code,target_code\nF,other\n"
    rows = effective(load_package(site(tmp_path, codes=codes))).codes["administrative-sex"].rows
    assert [(row.source.code, row.target.code) for row in rows if row.target] == [("A", "other"), ("F", "other")]


def test_what_names_nothing_in_the_base_is_refused(tmp_path: Path) -> None:
    package = load_package(site(tmp_path, "  - {id: no-such, remove: true}\n"))
    with pytest.raises(Refused) as refused:
        effective(package)
    assert refused.value.code == "MAP-0108"
    assert "segments/PID-Patient.yaml:5:5" in refused.value.text


def test_a_package_that_extends_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "package.yaml").write_text("id: a\nversion: 1.0.0\nextends: .\n", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        load_package(tmp_path)
    assert refused.value.code == "MAP-0104"
