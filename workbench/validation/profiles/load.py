"""Any form of profile, by looking at what was given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.validation.profiles.conformance_xml import ROOT, read_conformance_xml
from workbench.validation.profiles.igamt_profile import read_igamt
from workbench.validation.profiles.model import Profile
from workbench.validation.profiles.xml_source import read_xml
from workbench.validation.profiles.yaml_profile import read_severities, read_yaml

SEVERITIES = "severities.yaml"
"""Beside a profile: what the site thinks of each rule or category."""


def load_profile(path: Path) -> Profile:
    """The profile in a folder (profile.xml with its companions) or a file (XML, YAML), with the site's severities.

    raises  Refused V2P-0003: no form of profile that is known; Refused V2P-0002, Unavailable V2P-0001 as the readers
    """
    profile = _load(path)
    beside = (path if path.is_dir() else path.parent) / SEVERITIES
    if not beside.is_file():
        return profile
    return replace(profile, severities={**profile.severities, **read_severities(beside)})


def _load(path: Path) -> Profile:
    file = path / "profile.xml" if path.is_dir() else path
    if file.is_file() and file.suffix.lower() == ".xml":
        root = read_xml(file)
        return read_conformance_xml(file, root) if root.name == ROOT else read_igamt(file.parent, root)
    if file.is_file() and file.suffix.lower() in (".yaml", ".yml"):
        return read_yaml(file)
    raise Refused(
        "V2P-0003", f"{path.name} holds no profile.", "Give a folder with profile.xml, an XML or a YAML file."
    )
