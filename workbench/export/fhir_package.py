"""Target `fhir-package`: an NPM package as FHIR tools read it (https://confluence.hl7.org/display/FHIR/NPM+Package+Specification).

package/package.json  package/.index.json          what it is and what is in it
package/ImplementationGuide-….json, ConceptMap-….json
package/mapping/…                                  the mapping package itself, file by file
package/evidence/….json                            what its suites proved
package/manifest.json                              SHA-256 of everything
"""

from __future__ import annotations

import re
from typing import Any

from workbench.export.archive import tgz
from workbench.export.manifest import MANIFEST, Release, manifest
from workbench.export.source_files import source_files
from workbench.fhir import json_tree
from workbench.fhir.bundle import urn_uuid
from workbench.terminology.code_map import RowStatus
from workbench.terminology.concept_map import EXPORTED, computable_name, to_concept_map

ROOT = "package/"
IN_DRAFTS = EXPORTED | {RowStatus.DRAFT, RowStatus.MAPPED, RowStatus.IN_REVIEW}
"""Code rows a draft carries beside the approved ones; a machine's suggestion is never exported."""


class FhirPackage:
    """Exporter of FHIR NPM packages."""

    name = "fhir-package"
    title = "FHIR package (.tgz)"

    def file_name(self, release: Release) -> str:
        return f"{release.file_stem}.tgz"

    def build(self, release: Release) -> bytes:
        """The archive, the same bytes for the same release.

        raises  Unavailable SUI-0013: a file of the mapping cannot be read
        """
        resources = list(_concept_maps(release))
        resources.append(_implementation_guide(release, resources))
        names = {f"{each['resourceType']}-{each['id']}.json": each for each in resources}
        files = {f"{ROOT}{name}": _written(each) for name, each in names.items()}
        files[f"{ROOT}package.json"] = _written(_package_json(release))
        files[f"{ROOT}.index.json"] = _written(_index(names))
        files |= {f"{ROOT}mapping/{name}": data for name, data in source_files(release.package).items()}
        for each in release.evidence:
            files[f"{ROOT}evidence/{_slug(each.suite)}.json"] = _written(each.to_json())
        return tgz({**files, ROOT + MANIFEST: manifest(release, self.name, files)})


def package_name(release: Release) -> str:
    """The NPM name: lower case, at least two parts with a dot between."""
    name = re.sub(r"[^a-z0-9.]+", "-", release.package.header.id.lower()).strip("-.")
    return name if "." in name else f"mapping.{name}"


def _concept_maps(release: Release) -> list[dict[str, Any]]:
    """One ConceptMap a code map that has rows to export, its status following that of the release."""
    found = []
    for code_map in release.package.codes.values():
        resource, _ = to_concept_map(code_map, IN_DRAFTS if release.draft else EXPORTED)
        if "group" not in resource:
            continue
        url = resource.get("url") or _canonical(release, "ConceptMap", code_map.id)
        status = "draft" if release.draft else "active"
        own = {"url": url, "version": release.version, "status": status, "experimental": release.draft}
        found.append({**resource, **own})
    return sorted(found, key=lambda resource: str(resource["id"]))


def _implementation_guide(release: Release, resources: list[dict[str, Any]]) -> dict[str, Any]:
    header = release.package.header
    guide: dict[str, Any] = {
        "resourceType": "ImplementationGuide",
        "id": _slug(header.id),
        "url": _canonical(release, "ImplementationGuide", header.id),
        "version": release.version,
        "name": computable_name(header.id),
        "title": f"{header.title or header.id}{' (DRAFT)' if release.draft else ''}",
        "status": "draft" if release.draft else "active",
        "experimental": release.draft,
        "packageId": package_name(release),
        "fhirVersion": ["4.0.1"],
    }
    if resources:
        references = [{"reference": {"reference": f"ConceptMap/{each['id']}"}} for each in resources]
        guide["definition"] = {"resource": references}
    return guide


def _package_json(release: Release) -> dict[str, Any]:
    header = release.package.header
    said = header.title or header.id
    return {
        "name": package_name(release),
        "version": release.version,
        "canonical": _canonical(release, "ImplementationGuide", header.id),
        "title": said,
        "description": f"DRAFT, not for production: {said}" if release.draft else said,
        "author": header.owner,
        "type": "Conformance",
        "fhirVersions": ["4.0.1"],
        "dependencies": {"hl7.fhir.r4.core": "4.0.1"},
    }


def _canonical(release: Release, kind: str, name: str) -> str:
    """A URL for what has none of its own: the same for every version, another for every package."""
    return urn_uuid(kind, release.package.header.name_space, name)


def _index(names: dict[str, dict[str, Any]]) -> dict[str, Any]:
    keys = ("resourceType", "id", "url", "version")
    files = [
        {"filename": name, **{key: resource[key] for key in keys if key in resource}}
        for name, resource in sorted(names.items())
    ]
    return {"index-version": 1, "files": files}


def _slug(text: str) -> str:
    """Fit for a resource id and a file name."""
    return re.sub(r"[^A-Za-z0-9\-.]", "-", text)[:64]


def _written(value: object) -> bytes:
    return json_tree.dumps(value, indent=2) + b"\n"
