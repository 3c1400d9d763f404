"""The Plug-ins dialog: what is installed, consent before anything runs, and what changes in the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import settled
from tests.plugins.conftest import Install, acme, install, settings
from workbench.gui.main_window import MainWindow
from workbench.gui.shell.plugins_dialog import ConsentDialog, PluginsDialog
from workbench.gui.theme.theme import Theme
from workbench.gui.views.mapping.transform_examples import steps_on
from workbench.gui.views.mapping.transform_list import TransformRow
from workbench.mapping.model import TransformCall
from workbench.mapping.transforms import TRANSFORMS
from workbench.plugins.consent import read_allowed
from workbench.plugins.installed import installed
from workbench.plugins.loading import plugins

__all__ = ["acme", "install", "settings"]


@pytest.fixture
def dialog(
    window: MainWindow, qtbot: QtBot, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PluginsDialog]:
    monkeypatch.setattr("workbench.gui.shell.plugins_dialog.settings_file", lambda: settings)
    window.actions_by_id["file.plugins"].trigger()
    (made,) = window.findChildren(PluginsDialog)
    settled(qtbot, window)
    yield made
    made.close()
    made.deleteLater()


def test_without_a_plug_in_it_says_how_to_get_one(dialog: PluginsDialog) -> None:
    assert dialog.stack.currentIndex() == 0
    assert not dialog.allow.isEnabled() and not dialog.forbid.isEnabled()


def test_consent_is_asked_before_anything_runs(acme: str, dialog: PluginsDialog, settings: Path) -> None:
    row = dialog.chosen
    assert row is not None and (row.title, row.state) == ("acme-hl7 1.2.0", "not allowed")
    dialog.allow.click()
    (consent,) = dialog.findChildren(ConsentDialog)
    assert not consent.ok.isEnabled(), "nobody has said that they know it"
    consent.known.click()
    assert consent.ok.isEnabled()
    consent.reject()
    assert plugins().loaded == () and not settings.exists()


def test_what_is_allowed_is_in_use_at_once_and_gone_when_it_is_forbidden(
    acme: str, dialog: PluginsDialog, window: MainWindow, qtbot: QtBot, settings: Path
) -> None:
    window.complete()
    dialog.allow.click()
    (consent,) = dialog.findChildren(ConsentDialog)
    consent.known.click()
    consent.ok.click()
    settled(qtbot, window)
    row = dialog.chosen
    assert row is not None and row.state == "in use" and "acme.check-digit" in row.names
    assert "acme.check-digit" in TRANSFORMS
    assert [each.name for each in read_allowed(settings)] == [acme]
    titles = [choice.text() for choice in window.pages["export"].targets.buttons()]  # type: ignore[attr-defined]
    assert titles[-1] == "Rule list for the change board (.tgz)"
    dialog.forbid.click()
    settled(qtbot, window)
    assert "acme.check-digit" not in TRANSFORMS and read_allowed(settings) == ()
    assert len(window.pages["export"].targets.buttons()) == 2  # type: ignore[attr-defined]
    actions = [entry.action for entry in window.session.audit_entries()]
    assert actions[-2:] == ["plugin.allow", "plugin.forbid"]


def test_a_transform_of_a_plug_in_is_edited_with_its_parameters_and_its_failure_is_told(
    install: Install, theme: Theme, qtbot: QtBot
) -> None:
    module = (
        "from workbench.mapping.transforms import Parameter, Transform\n"
        "from workbench.plugins.hooks import hookimpl\n"
        "def cut(text, wide):\n    return text[: 1 // (wide - 1)]\n"
        "@hookimpl\ndef transforms():\n"
        "    return [Transform('acme.cut', 'cut', cut, (Parameter('wide', int),))]\n"
    )
    install("acme-cut", "1", {"transforms": "acme_cut"}, {"acme_cut.py": module})
    plugins().load(installed("acme-cut"))
    row = TransformRow(theme, lambda: None, lambda: None)
    qtbot.addWidget(row)
    call = TransformCall("acme.cut", {"": 2})
    row.show_call(call)
    assert row.lines["wide"].text() == "2" and row.call() == call
    assert "not portable" in row.says.text()
    assert steps_on("V9", (call,)) == "V9 → V"
    assert "acme-cut 1 failed in the transform acme.cut" in steps_on("V9", (TransformCall("acme.cut", {"": 1}),))


def test_one_that_does_not_work_is_told_and_not_allowed(
    acme: str, dialog: PluginsDialog, window: MainWindow, qtbot: QtBot, settings: Path, tmp_path: Path
) -> None:
    (tmp_path / "site" / "acme_hl7.py").write_text("raise KeyError('Zebrastripe')")
    dialog.refresh()
    settled(qtbot, window)
    told: list[BaseException] = []
    window.bench.refused.disconnect(window._refused)
    window.bench.refused.connect(told.append)
    row = dialog.chosen
    assert row is not None
    dialog.agree(row)
    settled(qtbot, window)
    (problem,) = told
    assert "acme-hl7 1.2.0" in str(problem) and "Zebrastripe" not in str(problem)
    assert not settings.exists()
