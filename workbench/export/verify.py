"""Is an artefact still what was built? Every file is hashed again and held against the manifest.

The manifest is not signed: this finds damage and careless changes. Whoever can build a package can build another one;
compare `sha256` of the report with what the release notes say.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from workbench.export.manifest import FORMAT, MANIFEST
from workbench.export.python_runtime import record_of
from workbench.fhir import json_tree
from workbench.kernel.errors import Refused, Unavailable

LARGEST = 1 << 30
"""Bytes of all files together; more is no package of ours, and may be made to fill the memory."""
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """A package that is whole.

    files   how many were checked; `sha256` of the artefact itself
    """

    id: str
    version: str
    target: str
    draft: bool
    engine: str
    mapping_fingerprint: str
    files: int
    sha256: str


def verify(path: Path) -> VerifyReport:
    """Check a `.tgz` or `.whl` that `export_package` made.

    raises  Refused EXP-0201: no package, or cut short; EXP-0202: a file was changed; EXP-0203: a file is missing;
            EXP-0204: a file was added, EXP-0206: no such file. Each names the file
            Unavailable EXP-0205: cannot be read
    """
    if not path.is_file():
        raise Refused("EXP-0206", f"There is no package {path}.", "Name the .tgz or .whl that was exported.")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unavailable(
            "EXP-0205", f"{path} cannot be read ({error.strerror}).", "Check the name and permissions."
        ) from error
    files = _files(path, raw)
    place, stated = _manifest(path, files)
    _check(path, files, place, stated)
    return VerifyReport(
        id=str(stated["id"]),
        version=str(stated["version"]),
        target=str(stated["target"]),
        draft=bool(stated["draft"]),
        engine=str(stated["engine"]["version"]),
        mapping_fingerprint=str(stated["mapping"]["sha256"]),
        files=len(files),
        sha256=sha256(raw).hexdigest(),
    )


def _files(path: Path, raw: bytes) -> dict[str, bytes]:
    reader = _zip_members if raw.startswith(b"PK") else _tar_members
    found: dict[str, bytes] = {}
    try:
        for name, data in reader(raw):
            if name in found:
                raise Refused("EXP-0204", f"{path.name}: {name} is there twice.", "Get the package again.")
            found[name] = data
    except _BROKEN as error:
        raise Refused(
            "EXP-0201",
            f"{path.name} is no package, or was cut short.",
            "Get the package again from where it was released.",
        ) from error
    return found


def _tar_members(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Everything is unpacked first: only then has the check sum of the whole been looked at."""
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
        unpacked = stream.read(LARGEST + 1)
    if len(unpacked) > LARGEST:
        raise ValueError("too large")
    with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                raise ValueError("something that is no plain file")
            yield member.name, content.read()


def _zip_members(raw: bytes) -> Iterator[tuple[str, bytes]]:
    left = LARGEST
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for member in archive.infolist():
            if member.file_size > left:
                raise ValueError("too large")
            left -= member.file_size
            yield member.filename, archive.read(member)


def _manifest(path: Path, files: Mapping[str, bytes]) -> tuple[str, dict[str, Any]]:
    """(its name, its content)"""
    places = [name for name in files if name.count("/") == 1 and name.endswith(f"/{MANIFEST}")]
    try:
        (place,) = places
        stated: dict[str, Any] = json_tree.parse(files[place]).value
        whole = stated["format"] == FORMAT and isinstance(stated["files"], dict)
        whole = whole and {"id", "version", "target", "draft"} <= stated.keys()
        whole = whole and bool(stated["engine"]["version"]) and bool(stated["mapping"]["sha256"])
    except (Refused, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        text = f"{path.name} has no manifest of format {FORMAT}, so it is no package of this workbench."
        raise Refused("EXP-0201", text, "Get the package again from where it was released.")
    return place, stated


def _check(path: Path, files: Mapping[str, bytes], place: str, stated: Mapping[str, Any]) -> None:
    """Hold the files against the manifest; RECORD of a wheel follows from all the others."""
    hashes: Mapping[str, str] = stated["files"]
    hint = "Do not use it; get the package again from where it was released."
    changed = "{0}: {1} was changed after the package was built."
    for name, digest in hashes.items():
        if name not in files:
            raise Refused("EXP-0203", f"{path.name}: {name} is missing.", hint)
        if sha256(files[name]).hexdigest() != digest:
            raise Refused("EXP-0202", changed.format(path.name, name), hint)
    for name in sorted(files.keys() - hashes.keys() - {place}):
        if not name.endswith(".dist-info/RECORD"):
            raise Refused("EXP-0204", f"{path.name}: {name} does not belong to the package.", hint)
        if files[name] != record_of({each: data for each, data in files.items() if each != name}, name):
            raise Refused("EXP-0202", changed.format(path.name, name), hint)
