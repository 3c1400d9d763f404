"""Numbers that mean nothing are refused before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.cli.command_line import run
from workbench.kernel.errors import ExitCode


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["validate", "x.hl7", "--workers", "0"], "0 is less than 1"),
        (["validate", "x.hl7", "--workers", "two"], "'two' is no number"),
        (["send", "x.hl7", "--to", "h:1", "--rate", "-5"], "-5 is less than 0"),
        (["send", "x.hl7", "--to", "h:1", "--timeout", "nan"], "nan is no number"),
        (["send", "x.hl7", "--to", "h:1", "--timeout", "inf"], "inf is no number"),
        (["sync", "x.hl7", "--mapping", "m", "--try-orders", "-4"], "-4 is less than 0"),
        (["terms", "search", "x", "--system", "ucum", "--top", "0"], "0 is less than 1"),
        (["listen", "--out", "x", "--port", "-1"], "-1 is less than 0"),
    ],
)
def test_a_number_that_means_nothing_is_refused(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words, None) == ExitCode.REFUSED
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["package", "verify", "absent.tgz"], "EXP-0206 There is no package"),
        (["suite", "run", "absent"], "SUI-0001 There is no suite"),
    ],
)
def test_a_file_that_is_not_there_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(words, None) == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert told in said and "Error" not in said
