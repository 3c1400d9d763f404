"""How large things may grow: a file 500 lines, a class 300, a function 60."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "workbench"
FILE, CLASS, FUNCTION = 500, 300, 60

EXCUSED: dict[str, str] = {}
"""Path, or path::name, and the reason why it may be larger."""


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _too_large(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > FILE and _name(path) not in EXCUSED:
        yield f"{_name(path)} has {lines} lines"
    for node in ast.walk(ast.parse(text)):
        limit = CLASS if isinstance(node, ast.ClassDef) else FUNCTION
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.end_lineno is None:
            continue
        length = node.end_lineno - node.lineno + 1
        if length > limit and f"{_name(path)}::{node.name}" not in EXCUSED:
            yield f"{_name(path)}::{node.name} has {length} lines"


def test_nothing_grows_beyond_its_ceiling() -> None:
    assert len(_modules()) > 50
    assert [problem for path in _modules() for problem in _too_large(path)] == []


def test_a_function_that_is_too_long_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    (tmp_path / "long.py").write_text("def long():\n" + "    pass\n" * 70)
    assert list(_too_large(tmp_path / "long.py")) == ["long.py::long has 71 lines"]


def test_every_excuse_is_still_needed() -> None:
    names = {_name(path) for path in _modules()}
    assert [name for name in EXCUSED if name.partition("::")[0] not in names] == []


@pytest.mark.parametrize("banned", ["utils", "helpers", "manager", "misc", "common"])
def test_no_module_has_a_name_that_says_nothing(banned: str) -> None:
    assert [_name(path) for path in _modules() if path.stem == banned] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [_name(path) for path in _modules() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []
