"""A workspace whose passphrase is cheap to check, and ways to look at it as another program would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.security.keys import Argon2Cost
from workbench.store.workspace import Workspace

PASSPHRASE = "correct horse battery"
CHEAP = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed workspace without documents."""
    path = tmp_path / "acme.workspace"
    Workspace.create(path, PASSPHRASE, cost=CHEAP).close()
    return path


@pytest.fixture
def workspace(folder: Path) -> Iterator[Workspace]:
    """The same, open for writing."""
    with Workspace.open(folder, PASSPHRASE) as opened:
        yield opened
