"""The sample package beside these tests, and a maker of small packages from a few lines of text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.load import load_package
from workbench.mapping.model import Package
from workbench.v2.er7 import Message, parse

SAMPLE = Path(__file__).parent / "sample"

HEADER = "MSH|^~\\&|APP|HOSP|EHR|HOSP|20240102030405+0100||{kind}|1|P|2.5.1"


def message(kind: str, *segments: str) -> Message:
    """A message of MSH and the segments given."""
    return parse("\r".join((HEADER.format(kind=kind), *segments)).encode())


@pytest.fixture(scope="session")
def sample() -> Package:
    return load_package(SAMPLE)


@pytest.fixture(scope="session")
def mapping(sample: Package) -> CompiledMapping:
    return compile_package(sample)


@pytest.fixture
def package_of(tmp_path: Path) -> Callable[..., Package]:
    """A package of files given as `{"segments/PID-Patient.yaml": text}`; package.yaml is filled in."""

    def make(files: dict[str, str], head: str = "") -> Package:
        for name, text in {"package.yaml": f"id: test\nversion: 1.0.0\n{head}", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load_package(tmp_path)

    return make


@pytest.fixture
def mapping_of(package_of: Callable[..., Package]) -> Callable[..., CompiledMapping]:
    """A compiled package whose one row maps PID to a Patient by the rules given, besides other files."""

    def make(rules: str, files: dict[str, str] | None = None, head: str = "") -> CompiledMapping:
        own = {
            "messages/ALL.yaml": 'map: ALL\nfor: ["*"]\nrows:\n'
            "  - {id: patient, from: PID, make: Patient, using: PID-Patient}\n",
            "segments/PID-Patient.yaml": f"map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n{rules}",
        }
        return compile_package(package_of({**own, **(files or {})}, head))

    return make


@pytest.fixture
def patient_of() -> Callable[[CompiledMapping, str], dict[str, object]]:
    """The Patient that a PID becomes, without resourceType and id."""

    def run(mapping: CompiledMapping, pid: str) -> dict[str, object]:
        bundle = mapping.run(message("ADT^A01", pid))
        entries = bundle.get("entry", [])
        assert isinstance(entries, list)
        found = [entry["resource"] for entry in entries if entry["resource"]["resourceType"] == "Patient"]
        return {key: value for key, value in (found[0] if found else {}).items() if key not in ("resourceType", "id")}

    return run
