"""`manifest.json`: what a package is, what it was made from and by, what was proven, and the SHA-256 of every file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import workbench
from workbench.fhir import json_tree
from workbench.kernel.shipped import shipped
from workbench.mapping.fingerprint import fingerprint as content_fingerprint
from workbench.mapping.model import Package, Place, RuleStatus
from workbench.suites.evidence import SuiteEvidence
from workbench.terminology.code_map import RowStatus

MANIFEST = "manifest.json"
FORMAT = 1
DRAFT = "DRAFT"
_DICTIONARIES = ("v2", "fhir")


@dataclass(frozen=True, slots=True)
class Release:
    """What is exported.

    package      laid over its base (`mapping.overlay.effective`)
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
        "mapping": {"sha256": release.fingerprint, "content": content_fingerprint(release.package)},
        "approvals": approvals(release.package),
        "evidence": [_summary(each) for each in release.evidence],
        "files": {name: sha256(files[name]).hexdigest() for name in sorted(files)},
    }
    return json_tree.dumps(value, indent=2) + b"\n"


def rules_of(package: Package) -> Iterator[tuple[str, RuleStatus]]:
    """(`PID-Patient/pid-7`, status) of every enabled rule and row; a row that several message maps include once."""
    for rule_map in package.rule_maps():
        yield from ((f"{rule_map.name}/{rule.id}", package.status_of(rule)) for rule in rule_map.walk() if rule.enabled)
    seen: set[Place] = set()
    for message_map in package.messages.values():
        for row in message_map.rows:
            if row.enabled and row.place not in seen:
                yield f"{message_map.name}/{row.id}", package.status_of(row)
            if row.place is not None:
                seen.add(row.place)


def approvals(package: Package) -> dict[str, dict[str, int]]:
    """How many rules and code rows there are in each status."""
    rules = Counter(status.value for _, status in rules_of(package))
    code_rows = Counter(row.status.value for code_map in package.codes.values() for row in code_map.rows)
    return {
        "rules": {status.value: rules[status.value] for status in RuleStatus},
        "codeRows": {status.value: code_rows[status.value] for status in RowStatus},
    }


def _summary(evidence: SuiteEvidence) -> dict[str, Any]:
    return {key: value for key, value in evidence.to_json().items() if key != "cases"}


def _folder_digest(name: str) -> str:
    """SHA-256 over the shipped dictionaries of one standard: which rules of the standard were used."""
    digest = sha256()
    for path in sorted(shipped("resources", name).iterdir()):
        if path.is_file() and not path.name.startswith("."):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
