"""Plug-ins at the start of a face: nothing is loaded, nor looked for, unless somebody has named one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.kernel.errors import WorkbenchError
from workbench.kernel.shipped import user_config_folder

SETTINGS = "plugins.json"


def settings_file() -> Path:
    """Where it is kept which plug-ins the user allowed: for this user on this machine, whatever the workspace."""
    return user_config_folder() / SETTINGS


def start_plugins(named: Sequence[str] = ()) -> tuple[WorkbenchError, ...]:
    """Load the plug-ins that are allowed, and those named for this run only; returns what is wrong with which.

    Naming one on the command line is consent for that run.
    """
    file = settings_file()
    if not named and not file.exists():
        return ()
    from workbench.app.operations.plugins import load_wanted  # most people have none

    return load_wanted(file, named)
