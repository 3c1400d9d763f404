"""Names of files and values that a terminal, a pipe or JSON would stumble over."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.cli.tables import print_ndjson, print_table

_ADT = "MSH|^~\\&|A|B|C|D|20240101||ADT^A01|M1|T|2.5.1\rPID|1||7||{name}^Jane\rPV1|1|I\r"


def _run(*arguments: bytes | str, encoding: str = "ascii") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "workbench", *arguments]
    return subprocess.run(command, capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding}, check=False)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names of files are Unicode there")
def test_a_file_whose_name_is_no_utf_8_is_listed_and_judged(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/r\xf6ntgen\n.hl7"
    Path(os.fsdecode(name)).write_bytes(_ADT.format(name="Roe").encode())
    listed = _run("messages", "list", name, "--format", "ndjson")
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout)["file"].endswith("/r\\xf6ntgen\\x0a.hl7")
    judged = _run("validate", name, "--format", "ndjson")
    assert {json.loads(line)["file"] for line in judged.stdout.splitlines()} == {"r\\xf6ntgen\\x0a.hl7"}


def test_output_into_a_file_is_utf_8_whatever_the_system_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.hl7"
    path.write_text(_ADT.format(name="山田"), encoding="utf-8")
    for form in ("ndjson", "table"):
        listed = _run("messages", "list", str(path), "--format", form)
        assert (listed.returncode, "山田" in listed.stdout.decode("utf-8")) == (0, True)


def test_a_value_cannot_steer_the_terminal() -> None:
    out = io.StringIO()
    print_table([{"name": "a\x1b[2Jb\nc\x9b"}], ("name",), out)
    assert out.getvalue() == "name\na\\x1b[2Jb\\x0ac\\x9b\n"


def test_bytes_that_could_not_be_read_are_still_json() -> None:
    out = io.StringIO()
    print_ndjson([{"text": "a\udcffb", "path": Path("x")}], out)
    assert json.loads(out.getvalue()) == {"text": "a\udcffb", "path": "x"}
