"""The wheel maps messages on its own: no workbench, no Qt, same results."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from workbench.export.archive import zipped
from workbench.export.package import EXPORTERS, export_package
from workbench.export.python_runtime import closure, record_of
from workbench.export.verify import verify
from workbench.fhir import json_tree
from workbench.kernel.errors import Refused
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.load import load_package
from workbench.synthetic.scenarios import generate
from workbench.v2.er7 import parse
from workbench.v2.xml_form import read_xml

PYTHON = EXPORTERS["python"]
_IN_XML = b"""<ADT_A01 xmlns="urn:hl7-org:v2xml"><MSH><MSH.1>|</MSH.1><MSH.2>^~\\&amp;</MSH.2><MSH.9><MSG.1>ADT</MSG.1>
<MSG.2>A01</MSG.2></MSH.9><MSH.10>X1</MSH.10><MSH.12><VID.1>2.5.1</VID.1></MSH.12></MSH>
<PID><PID.3><CX.1>7</CX.1></PID.3><PID.5><XPN.1><FN.1>Roe</FN.1></XPN.1></PID.5></PID></ADT_A01>"""


def unpacked(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """In a process of its own that sees the wheel and the installed libraries, and not this checkout."""
    environment = {"PYTHONPATH": str(folder), "PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, cwd=folder, env=environment, timeout=120, check=False)


def test_a_clean_process_gives_the_same_bundles_as_the_workbench(package: Path, tmp_path: Path) -> None:
    folder = unpacked(export_package(package, PYTHON, tmp_path).path, tmp_path / "site")
    messages = list(generate("hard-names", 8, 9)) + list(generate("deceased", 1, 9))
    source = tmp_path / "messages.hl7"
    source.write_bytes(b"".join(message.raw for message in messages))
    done = run(folder, "-m", "small_map", str(source))
    assert (done.returncode, done.stderr) == (0, b"")
    compiled = compile_package(load_package(package))
    assert done.stdout.splitlines() == [json_tree.dumps(compiled.run(parse(each.raw))) for each in messages]


def test_nothing_of_the_workbench_and_no_window_is_loaded(package: Path, tmp_path: Path) -> None:
    folder = unpacked(export_package(package, PYTHON, tmp_path).path, tmp_path / "site")
    raw = next(generate("deceased", 1, 9)).raw
    script = (
        "import sys, small_map\n"
        f"bundle = small_map.map_message({raw!r})\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('workbench', 'PySide6')])\n"
        "print(bundle['entry'][0]['resource']['resourceType'])\n"
    )
    done = run(folder, "-c", script)
    assert done.stdout.decode().split("\n")[:2] == ["[]", "Patient"], done.stderr.decode()


def test_what_cannot_be_mapped_is_said_without_values_and_the_rest_is_mapped(package: Path, tmp_path: Path) -> None:
    folder = unpacked(export_package(package, PYTHON, tmp_path).path, tmp_path / "site")
    source = tmp_path / "mixed.hl7"
    report, admission = next(generate("lab-result", 1, 9)), next(generate("admission", 1, 9))
    source.write_bytes(report.raw + admission.raw)
    done = run(folder, "-m", "small_map", str(source))
    assert done.returncode == 1
    assert b"message 1" in done.stderr and b"SYN-" not in done.stderr
    assert json.loads(done.stdout)["entry"][0]["resource"]["resourceType"] == "Patient"
    assert run(folder, "-m", "small_map", str(tmp_path / "nowhere.hl7")).returncode == 2
    assert run(folder, "-m", "small_map").returncode == 2


def test_a_draft_says_so_each_time_it_runs(package: Path, tmp_path: Path) -> None:
    path = export_package(package, PYTHON, tmp_path, draft=True).path
    assert "draft" in path.name
    source = tmp_path / "one.hl7"
    source.write_bytes(next(generate("deceased", 1, 9)).raw)
    done = run(unpacked(path, tmp_path / "site"), "-m", "small_map", str(source))
    assert done.returncode == 0 and done.stderr.startswith(b"DRAFT")


def test_pip_can_install_it(package: Path, tmp_path: Path) -> None:
    pip = pytest.importorskip("pip")
    assert pip.__name__ == "pip"
    path = export_package(package, PYTHON, tmp_path).path
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(tmp_path / "lib"),
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "lib" / "small_map" / "mapping" / "package.yaml").is_file()


def test_a_wheel_is_verified_and_a_tampered_one_names_the_file(package: Path, tmp_path: Path) -> None:
    path = export_package(package, PYTHON, tmp_path).path
    assert verify(path).target == "python"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    record = next(name for name in files if name.endswith("RECORD"))
    for name in ("small_map/run.py", record):
        path.write_bytes(zipped({**files, name: files[name] + b"# more\n"}))
        with pytest.raises(Refused) as refused:
            verify(path)
        assert refused.value.code == "EXP-0202" and name in refused.value.text
    assert files[record] == record_of({name: data for name, data in files.items() if name != record}, record)


def test_the_runtime_holds_only_what_mapping_needs() -> None:
    layers = {module.split(".")[1] for module in closure("workbench.export.runtime_main") if "." in module}
    assert layers == {"export", "fhir", "kernel", "mapping", "messages", "terminology", "v2"}


def test_the_wheel_reads_what_the_workbench_reads_and_tells_of_damage(package: Path, tmp_path: Path) -> None:
    folder = unpacked(export_package(package, PYTHON, tmp_path).path, tmp_path / "site")
    messages = list(generate("deceased", 3, 9))
    wide, packed, xml = tmp_path / "wide.hl7", tmp_path / "cut.hl7.gz", tmp_path / "one.xml"
    wide.write_bytes(messages[0].raw.decode().encode("utf-16"))
    packed.write_bytes(gzip.compress(b"".join(message.raw for message in messages) * 50)[:-20])
    xml.write_bytes(_IN_XML)
    done = run(folder, "-m", "small_map", str(wide), str(xml), str(packed))
    first, second, *others = done.stdout.splitlines()
    compiled = compile_package(load_package(package))
    expected = (parse(messages[0].raw), read_xml(_IN_XML))
    assert [first, second] == [json_tree.dumps(compiled.run(each)) for each in expected]
    assert (done.returncode, b"CAP-0013" in done.stderr, len(others) > 100) == (1, True, True)
