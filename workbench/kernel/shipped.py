"""Files that come with the product and places that belong to the user."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from workbench.kernel.errors import Unavailable

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(*parts: str) -> Path:
    """A shipped file or folder: `shipped("resources", "themes", "light.toml")`.

    A checkout keeps `resources/` and `mappings/` beside the package; a wheel and a frozen build carry
    them inside it as `_bundled/`.

    raises  Unavailable KRN-0001: the installation lacks the file
    """
    for root in (_PACKAGE / "_bundled", _PACKAGE.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise Unavailable(
        "KRN-0001",
        f"The installation lacks {'/'.join(parts)}.",
        "Install the workbench again; no data of yours is touched by that.",
    )


def user_data_folder() -> Path:
    """Where workspaces are kept unless the user says otherwise; made when it is missing."""
    return platformdirs.user_data_path("clinical-mapping-workbench", appauthor=False, ensure_exists=True)


def user_config_folder() -> Path:
    """Where settings are kept; whoever writes there makes it."""
    return platformdirs.user_config_path("clinical-mapping-workbench", appauthor=False)
