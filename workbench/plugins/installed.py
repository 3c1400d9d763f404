"""What installed distributions say of themselves. Metadata only: no line of a plug-in runs here.

A distribution is a plug-in when it has entry points in the group `clinical_mapping_workbench`, one for each hook it
implements, named like the hook:

    [project.entry-points.clinical_mapping_workbench]
    transforms = "acme_hl7"
    validators = "acme_hl7.rules"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, entry_points
from pathlib import Path

from workbench.kernel.errors import Refused

GROUP = "clinical_mapping_workbench"
_OF_THE_INSTALLER = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


class Hook(StrEnum):
    """What a plug-in may offer."""

    MESSAGE_FORMATS = "message_formats"
    VALIDATORS = "validators"
    TRANSFORMS = "transforms"
    EXPORTERS = "exporters"


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed plug-in.

    name     of the distribution, normalised (`acme-hl7`)
    hooks    what it says it offers, by the names of its entry points; one that is no `Hook` keeps it from being loaded
    digest   SHA-256 over its installed files, "" when the installation lists none
    """

    name: str
    version: str
    summary: str
    hooks: tuple[str, ...]
    digest: str
    entry_points: tuple[EntryPoint, ...]

    @property
    def title(self) -> str:
        """`acme-hl7 1.2.0`"""
        return f"{self.name} {self.version}"


def all_installed() -> tuple[Installed, ...]:
    """Every installed plug-in, by name."""
    names = {normalised(point.dist.name) for point in entry_points(group=GROUP) if point.dist is not None}
    return tuple(installed(name) for name in sorted(names))


def installed(name: str) -> Installed:
    """The plug-in of that name.

    raises  Refused PLG-0001: there is none
    """
    try:
        found = distribution(name)
    except (PackageNotFoundError, ValueError):
        found = None
    points = tuple(found.entry_points.select(group=GROUP)) if found is not None else ()
    if found is None or not points:
        raise Refused(
            "PLG-0001",
            f"There is no plug-in “{name}” installed.",
            "`workbench plugins list` shows those that are; a plug-in is installed beside the workbench, with pip.",
        )
    return Installed(
        name=normalised(found.name),
        version=found.version,
        summary=str(found.metadata.json.get("summary", "")),
        hooks=tuple(sorted({point.name for point in points})),
        digest=_digest(found),
        entry_points=points,
    )


def normalised(name: str) -> str:
    """The one spelling of a distribution's name (https://packaging.python.org/en/latest/specifications/name-normalization/)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _digest(found: Distribution) -> str:
    """Over names and bytes of what was installed, but for what Python and the installer write themselves."""
    digest, count = sha256(), 0
    for file in sorted(found.files or (), key=str):
        path = file.locate()
        if file.name in _OF_THE_INSTALLER or file.suffix == ".pyc" or not isinstance(path, Path):
            continue
        if path.is_file():
            digest.update(f"{file.as_posix()}\0".encode() + sha256(path.read_bytes()).digest())
            count += 1
    return digest.hexdigest() if count else ""
