from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from workbench.cli import messages
from workbench.cli.command_line import VERBS, run
from workbench.kernel.errors import Cancelled, Unavailable


def _failing_with(error: BaseException):
    def fail(options: argparse.Namespace) -> int:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("X-1", "The disk is away.", "Plug it in."), 3),
        (Cancelled(), 130),
        (KeyboardInterrupt(), 130),
        (RuntimeError("patient DOE^JOHN"), 70),
    ],
)
def test_every_outcome_has_its_exit_code_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int
) -> None:
    monkeypatch.setattr(messages, "_list", _failing_with(error))
    assert run(["messages", "list", "x"], None) == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "DOE" not in said


def test_wrong_usage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["messages", "frobnicate"], None) == 2
    assert "usage:" in capsys.readouterr().err


def test_without_a_verb_the_window_opens() -> None:
    assert run([], open_window=lambda: 42) == 42


def test_every_verb_helps_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for name in VERBS:
        assert run([name, "--help"], None) == 0
        assert "example:\n  " in capsys.readouterr().out


def test_only_the_module_of_the_verb_is_loaded() -> None:
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from workbench.cli.command_line import run; run(['messages', '--help'], None);"
            "print('workbench.mapping.engine' in sys.modules, 'PySide6' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.splitlines()[-1] == "False False"
