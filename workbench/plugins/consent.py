"""Which plug-ins the user allowed: one small file among the settings of the user, so that no package or workspace
that somebody sends can bring code with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused, Unavailable
from workbench.plugins.installed import Installed


class Allowed(msgspec.Struct, frozen=True):
    """Consent to one plug-in as it was then: another version, or other files, is asked about again.

    by, at  who allowed it, and when (ISO 8601, UTC)
    """

    name: str
    version: str
    digest: str
    by: str
    at: str

    def covers(self, plugin: Installed) -> bool:
        """True when this is what was allowed."""
        return (self.name, self.version, self.digest) == (plugin.name, plugin.version, plugin.digest)


class _Settings(msgspec.Struct, frozen=True):
    allowed: tuple[Allowed, ...] = ()


def read_allowed(path: Path) -> tuple[Allowed, ...]:
    """The plug-ins that are allowed, by name; none when there is no file.

    raises  Refused PLG-0006: the file is damaged; Unavailable PLG-0007: it cannot be read
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Settings).allowed
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Unavailable(
            "PLG-0007", f"{path} cannot be read ({error.strerror}); no plug-in is loaded.", "Check its permissions."
        ) from error
    except msgspec.DecodeError as error:
        raise Refused(
            "PLG-0006",
            f"{path} is no list of allowed plug-ins; none is loaded.",
            "Remove the file and allow the plug-ins again.",
        ) from error


def write_allowed(path: Path, allowed: Iterable[Allowed]) -> None:
    """Keep the list. raises Unavailable KRN-0002"""
    settings = _Settings(tuple(sorted(allowed, key=lambda each: each.name)))
    write_atomically(path, msgspec.json.format(msgspec.json.encode(settings), indent=2) + b"\n")
