"""A plug-in as a user has it: installed beside the workbench, with metadata, and settings of its own for each test."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from workbench.app.operations import plugins as operations
from workbench.kernel.shipped import shipped
from workbench.kernel.workers import prepare_workers
from workbench.plugins.loading import plugins

HELP = shipped("resources", "docs", "help", "plugins.md")
Install = Callable[..., None]


def example() -> tuple[dict[str, object], str]:
    """The metadata and the module of the help page."""
    text = HELP.read_text(encoding="utf-8")
    (metadata,) = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (module,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return tomllib.loads(metadata)["project"], module


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says what is allowed; nothing of the person who runs the tests."""
    file = tmp_path / "settings" / "plugins.json"
    monkeypatch.setattr("workbench.app.plugin_start.settings_file", lambda: file)
    monkeypatch.setattr("workbench.cli.plugins.settings_file", lambda: file)
    return file


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Path) -> Iterator[Install]:
    """Puts distributions where Python finds them, as an installer does; all are gone after the test."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    modules = set(sys.modules)

    def install(name: str, version: str, hooks: Mapping[str, str], files: Mapping[str, str], summary: str = "") -> None:
        information = f"{name.replace('-', '_')}-{version}.dist-info"
        for older in site.glob(f"{name.replace('-', '_')}-*.dist-info"):
            shutil.rmtree(older)
        points = "".join(f"{hook} = {place}\n" for hook, place in hooks.items())
        written = {
            **files,
            f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {summary}\n",
            f"{information}/entry_points.txt": f"[clinical_mapping_workbench]\n{points}",
        }
        written[f"{information}/RECORD"] = "".join(f"{path},,\n" for path in (*written, f"{information}/RECORD"))
        for path, text in written.items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_text(text, encoding="utf-8")

    yield install
    for loaded in plugins().loaded:
        plugins().unload(loaded.plugin.name)
    prepare_workers("plug-ins", None)
    plugins()._imported.clear()
    operations._PROBLEMS.clear()
    for module in set(sys.modules) - modules:
        file = getattr(sys.modules[module], "__file__", None)
        if file is not None and Path(file).is_relative_to(site):
            del sys.modules[module]


@pytest.fixture
def acme(install: Install) -> str:
    """The plug-in of the help page, installed; its name."""
    project, module = example()
    (hooks,) = project["entry-points"].values()  # type: ignore[attr-defined]
    name, version, summary = (str(project[key]) for key in ("name", "version", "description"))
    install(name, version, hooks, {"acme_hl7.py": module}, summary)
    return name
