"""What a verb writes never takes the place of what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from workbench.cli.command_line import run
from workbench.kernel.errors import ExitCode

_ADT = b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01^ADT_A01|M1|T|2.5.1\rEVN|A01|20240101\rPID|1||7^^^H||Roe^Jane\rPV1|1|I\r"
_NORMALISE = Path(__file__).parents[2] / "mappings" / "v2-normalise"
_CALLS = {
    "map to one file": ("map", "{}", "--mapping", str(_NORMALISE), "--out", "{}"),
    "map to the folder": ("map", "{}", "--mapping", str(_NORMALISE), "--out", "{folder}"),
    "ledger": ("map", "{}", "--mapping", str(_NORMALISE), "--ledger", "{}"),
    "acknowledgements": ("ack", "{}", "--out", "{}"),
    "profile": ("profile", "learn", "{folder}", "--out", "{}"),
    "statistics": ("messages", "stats", "{}", "--out", "{}"),
    "through a link": ("ack", "{}", "--out", "{link}"),
    "codes": ("terms", "collect", "{folder}", "--out", "{}"),
}


@pytest.mark.parametrize("words", _CALLS.values(), ids=_CALLS)
def test_an_input_is_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> None:
    file, link = tmp_path / "feed.hl7", tmp_path / "link.hl7"
    file.write_bytes(_ADT)
    link.symlink_to(file)
    filled = [word.replace("{}", str(file)).format(folder=tmp_path, link=link) for word in words]
    assert run(filled, None) == ExitCode.REFUSED
    assert "APP-0009" in capsys.readouterr().err
    assert file.read_bytes() == _ADT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.hl7", "link.hl7"]


def test_another_file_beside_it_is_written(tmp_path: Path) -> None:
    file, other = tmp_path / "feed.hl7", tmp_path / "acks.hl7"
    file.write_bytes(_ADT)
    other.write_bytes(b"earlier answers")
    assert run(["ack", str(file), "--out", str(other)], None) == ExitCode.CLEAN
    assert b"MSA|AA|M1" in other.read_bytes()
