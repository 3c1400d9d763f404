"""`manifest.json`: what a package is, what it was made from and by, what was proven, and the SHA-256 of every file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import workbench
from workbench.fhir import json_tree
from workbench.kernel.shipped import shipped
from workbench.mapping.model import Package, RuleStatus
from workbench.suites.evidence import SuiteEvidence
from workbench.terminology.code_map import RowStatus

MANIFEST = "manifest.json"
FORMAT = 1
DRAFT = "DRAFT"
_DICTIONARIES = ("v2", "fhir")


@dataclass(frozen=True, slots=True)
class Release:
    """What is exported.

    fingerprint  of the mapping package's files (`suites.fingerprint`)
    draft        True marks every artefact DRAFT: for trying out, never for production
    """

    package: Package
    fingerprint: str
    evidence: tuple[SuiteEvidence, ...]
    draft: bool

    @property
    def version(self) -> str:
        """The semantic version, with `-draft` for a draft."""
        return f"{self.package.header.version}-draft" if self.draft else self.package.header.version

    @property
    def file_stem(self) -> str:
        """`v2-to-fhir-r4-1.0.0` or `v2-to-fhir-r4-1.0.0-DRAFT`."""
        stem = f"{self.package.header.id}-{self.package.header.version}"
        return f"{stem}-{DRAFT}" if self.draft else stem


def manifest(release: Release, target: str, files: Mapping[str, bytes]) -> bytes:
    """The manifest of an artefact, UTF-8 JSON; `files` are all its files but the manifest itself."""
    header = release.package.header
    value: dict[str, Any] = {
        "format": FORMAT,
        "id": header.id,
        "version": release.version,
        "title": header.title,
        "target": target,
        "draft": release.draft,
        "engine": {"name": "Clinical Mapping Workbench", "version": workbench.__version__},
        "source": {"standard": header.source.name, "version": header.source.version},
        "result": {"standard": header.target.name, "version": header.target.version},
        "dictionaries": {name: _folder_digest(name) for name in _DICTIONARIES},
        "mapping": {"sha256": release.fingerprint},
        "approvals": approvals(release.package),
        "evidence": [_summary(each) for each in release.evidence],
        "files": {name: sha256(files[name]).hexdigest() for name in sorted(files)},
    }
    return json_tree.dumps(value, indent=2) + b"\n"


def approvals(package: Package) -> dict[str, dict[str, int]]:
    """How many rules and code rows there are in each status."""
    rules: dict[str, int] = dict.fromkeys(map(str, RuleStatus), 0)
    for rule_map in package.rule_maps():
        for rule in rule_map.walk():
            rules[package.status_of(rule).value] += rule.enabled
    for message_map in package.messages.values():
        for row in message_map.rows:
            rules[package.status_of(row).value] += row.enabled
    code_rows: dict[str, int] = dict.fromkeys(map(str, RowStatus), 0)
    for code_map in package.codes.values():
        for code_row in code_map.rows:
            code_rows[code_row.status.value] += 1
    return {"rules": rules, "codeRows": code_rows}


def _summary(evidence: SuiteEvidence) -> dict[str, Any]:
    return {key: value for key, value in evidence.to_json().items() if key != "cases"}


def _folder_digest(name: str) -> str:
    """SHA-256 over the shipped dictionaries of one standard: which rules of the standard were used."""
    digest = sha256()
    for path in sorted(shipped("resources", name).iterdir()):
        if path.is_file() and not path.name.startswith("."):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
