"""Profiles that many messages are judged by, read once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from workbench.validation.profiles.load import SEVERITIES, load_profile
from workbench.validation.profiles.profile_validator import ProfileValidator


def profile_validator(path: Path) -> ProfileValidator:
    """The validator of a profile, read once for each process and again when its files have changed.

    raises  Refused V2P-0002 to V2P-0004; Unavailable V2P-0001: the profile cannot be read
    """
    return _validator(path, _state_of(path))


@lru_cache(maxsize=8)
def _validator(path: Path, _state: tuple[tuple[str, int, int], ...]) -> ProfileValidator:
    return ProfileValidator(load_profile(path))


def _state_of(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of the files that a profile may be read from."""
    folder = path if path.is_dir() else path.parent
    candidates = sorted(folder.glob("*.xml")) if path.is_dir() or path.suffix.lower() == ".xml" else [path]
    found = []
    for file in (*candidates, folder / SEVERITIES):
        try:
            stat = file.stat()
        except OSError:
            continue  # what cannot be read is refused by the reader, in words
        found.append((file.name, stat.st_mtime_ns, stat.st_size))
    return tuple(found)
