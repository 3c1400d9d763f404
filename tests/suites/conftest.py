"""A suite in a folder of its own, over a small mapping that misbehaves on demand."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.suites.mapper import MapperSource
from workbench.suites.suite import Suite, load_suite

SUITE = """\
suite: test/main
title: A suite for tests
mapping: ../package
inputs:
  - {scenario: unmapped-allergy, patients: 2, seed: 4}
  - {scenario: small-dose, patients: 2, seed: 4}
  - {scenario: merge, seed: 4}
invariants: [nothing-lost, references-resolve, idempotent]
ignore: ["*.meta.lastUpdated"]
"""


class Bench:
    """suite(text) reads a suite, behave(…) changes what the mapping does, source is its mapper."""

    def __init__(self, folder: Path, source: MapperSource) -> None:
        self.folder = folder
        self.source = source
        (folder / "suite").mkdir()
        (folder / "package").mkdir()
        self.behave()

    def behave(self, **faults: str) -> None:
        (self.folder / "package" / "behaviour.json").write_text(
            json.dumps({k.replace("_", "-"): v for k, v in faults.items()})
        )

    def suite(self, text: str = SUITE) -> Suite:
        (self.folder / "suite" / "suite.yaml").write_text(text, encoding="utf-8")
        return load_suite(self.folder / "suite")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    source: MapperSource = importlib.import_module("fake_mapping").fake_mapper
    return Bench(tmp_path, source)


@pytest.fixture
def refusal_of(bench: Bench) -> Callable[[str], str]:
    """The text with which a suite of this content is refused."""
    from workbench.kernel.errors import Refused

    def text_of(content: str) -> str:
        with pytest.raises(Refused) as refused:
            bench.suite(content)
        return f"{refused.value.code} {refused.value.text}"

    return text_of
