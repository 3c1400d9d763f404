"""What every test may rely on: an offscreen window system and, where it is present, the shared corpus."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_material() -> Path:
    """The folder with other people's messages and reference tables; never part of the project."""
    folder = Path(os.environ.get("WORKBENCH_SHARED", _BESIDE_CHECKOUT))
    if not (folder / "corpus" / "v2").is_dir():
        pytest.skip(
            f"the shared corpus is not beside the checkout ({folder.name}/corpus); set WORKBENCH_SHARED to its folder"
        )
    return folder


@pytest.fixture(scope="session")
def corpus_root(shared_material: Path) -> Path:
    """The corpus of messages and conversion pairs."""
    return shared_material / "corpus"
