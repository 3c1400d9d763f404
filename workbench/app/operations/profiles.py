"""Conformance profiles: reading one for validation, learning one from a capture, comparing."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from workbench.validation.profiles.load import load_profile
from workbench.validation.profiles.profile_validator import ProfileValidator


@lru_cache(maxsize=8)
def profile_validator(path: Path) -> ProfileValidator:
    """The validator of a profile, read once for each process.

    raises  Refused V2P-0002, V2P-0003; Unavailable V2P-0001: the profile cannot be read
    """
    return ProfileValidator(load_profile(path))
