"""FHIR NPM packages: a `.tgz`, or the folder one was unpacked to (FHIR NPM Package Specification).

A package is indexed when it is opened: which canonical URLs it has and where. Resources are read when they are asked
for. Examples are never read.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from workbench.kernel.errors import Refused, Unavailable

Json = dict[str, Any]

CONFORMANCE = frozenset({"StructureDefinition", "ValueSet", "CodeSystem", "ImplementationGuide", "Questionnaire"})
CORE_PACKAGES = {
    "hl7.fhir.r4.core": "4.0.1",
    "hl7.fhir.r4b.core": "4.3.0",
    "hl7.fhir.r5.core": "5.0.0",
}
_BIGGEST = 256 * 1024 * 1024
_decoder = msgspec.json.Decoder()


class _Head(msgspec.Struct):
    """The first questions about a resource file."""

    resourceType: str = ""  # noqa: N815 - names of JSON properties
    url: str = ""
    version: str = ""
    type: Any = ""
    kind: str = ""
    derivation: str = ""


_heads = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class Resource:
    """One conformance resource of a package; `read` decodes it."""

    url: str
    version: str
    resource_type: str
    type: str
    kind: str
    derivation: str
    raw: bytes = field(repr=False)

    def read(self) -> Json:
        value: Json = _decoder.decode(self.raw)
        return value


@dataclass(frozen=True, slots=True)
class FhirPackage:
    """name#version with its manifest's dependencies and its conformance resources."""

    name: str
    version: str
    fhir_versions: tuple[str, ...]
    dependencies: Mapping[str, str]
    resources: tuple[Resource, ...] = field(repr=False)

    @property
    def label(self) -> str:
        return f"{self.name}#{self.version}"

    @property
    def is_core(self) -> bool:
        """True for the definitions of a FHIR version itself."""
        return self.name in CORE_PACKAGES


def open_package(path: Path) -> FhirPackage:
    """A package from its `.tgz` or its folder.

    raises  Refused FHIR-0020: not a FHIR package; Unavailable FHIR-0021: the file cannot be read
    """
    try:
        files = dict(_folder_files(path) if path.is_dir() else _archive_files(path))
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise _no_package(path, "the archive is damaged") from error
    except OSError as error:
        raise Unavailable("FHIR-0021", f"{path.name} cannot be read.", "Check the path and your permission.") from error
    manifest = files.pop("package.json", None)
    try:
        about: Json = _decoder.decode(manifest or b"")
    except msgspec.DecodeError:
        about = {}
    if not isinstance(about, dict) or not isinstance(about.get("name"), str):
        raise _no_package(path, "it has no package.json with a name")
    versions = about.get("fhirVersions") or about.get("fhir-version-list") or ()
    dependencies = about.get("dependencies")
    return FhirPackage(
        about["name"].rpartition("/")[2],  # registries of scripts put the publisher before it
        str(about.get("version", "")),
        tuple(map(str, versions)) if isinstance(versions, list | tuple) else (),
        dependencies if isinstance(dependencies, dict) else {},
        tuple(_resources(files)),
    )


def _no_package(path: Path, why: str) -> Refused:
    return Refused("FHIR-0020", f"{path.name} is no FHIR package: {why}.", "Give a .tgz from a FHIR package registry.")


def _archive_files(path: Path) -> Iterator[tuple[str, bytes]]:
    total = 0
    with tarfile.open(path, "r:*") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if not member.isfile() or not _is_content(name):
                continue
            total += member.size
            if total > _BIGGEST:
                raise _no_package(path, "it is larger than 256 MB unpacked")
            stream = archive.extractfile(member)
            if stream is not None:
                yield name.rsplit("/", 1)[-1], stream.read()


def _folder_files(path: Path) -> Iterator[tuple[str, bytes]]:
    root = path / "package" if (path / "package").is_dir() else path
    for file in sorted(root.glob("*.json")):
        if _is_content(f"package/{file.name}"):
            yield file.name, file.read_bytes()


def _is_content(name: str) -> bool:
    """Files of the folder `package` itself: not its examples, not the index."""
    parts = name.split("/")
    return len(parts) == 2 and parts[1].endswith(".json") and not parts[1].startswith(".")


def _resources(files: Mapping[str, bytes]) -> Iterator[Resource]:
    for name in sorted(files):
        raw = files[name]
        try:
            head = _heads.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # other kinds of files may stand in a package
        if head.resourceType in CONFORMANCE and head.url:
            kind = head.type if isinstance(head.type, str) else ""
            yield Resource(head.url, head.version, head.resourceType, kind, head.kind, head.derivation, raw)


def find_packages(folder: Path) -> tuple[Path, ...]:
    """The packages of a folder: archives, unpacked packages, or the folder itself when it is one.

    raises  Refused FHIR-0022: there is no package
    """
    if folder.is_file():
        return (folder,)
    if _is_package(folder):
        return (folder,)
    found = [
        path
        for path in sorted(folder.iterdir() if folder.is_dir() else ())
        if path.name.endswith((".tgz", ".tar.gz")) or (path.is_dir() and _is_package(path))
    ]
    if not found:
        raise Refused(
            "FHIR-0022",
            f"There is no FHIR package in {folder.name}.",
            "Give a folder with .tgz packages, or a package that was unpacked.",
        )
    return tuple(found)


def _is_package(folder: Path) -> bool:
    return (folder / "package" / "package.json").is_file() or (folder / "package.json").is_file()


@dataclass(frozen=True, slots=True)
class PackageSet:
    """Packages that are used together.

    missing  dependencies that were found nowhere, as name#version
    """

    packages: tuple[FhirPackage, ...]
    missing: tuple[str, ...] = ()

    @property
    def fhir_version(self) -> str:
        """The version the packages are made for; that of a core package among them, else R4."""
        named = [CORE_PACKAGES[package.name] for package in self.packages if package.name in CORE_PACKAGES]
        return named[0] if named else "4.0.1"


def load_packages(places: Iterable[Path], cache: Path | None = None) -> PackageSet:
    """All packages in the places, and what they depend on.

    Dependencies are looked for in the places and in the cache (`~/.fhir/packages` by default). A core package that
    is the shipped R4 needs no file.

    raises  Refused FHIR-0020, FHIR-0022; Unavailable FHIR-0021
    """
    cache = Path.home() / ".fhir" / "packages" if cache is None else cache
    loaded: dict[str, FhirPackage] = {}
    for place in places:
        for path in find_packages(place):
            package = open_package(path)
            loaded.setdefault(package.label, package)
    missing: list[str] = []
    waiting = list(loaded.values())
    while waiting:
        package = waiting.pop(0)
        for name, version in package.dependencies.items():
            if _is_loaded(name, version, loaded) or f"{name}#{version}" in missing:
                continue
            found = _in_cache(cache, name, version)
            if found is None:
                missing.append(f"{name}#{version}")
                continue
            dependency = open_package(found)
            loaded[dependency.label] = dependency
            waiting.append(dependency)
    return PackageSet(tuple(loaded.values()), tuple(missing))


def _is_loaded(name: str, version: str, loaded: Mapping[str, FhirPackage]) -> bool:
    if name == "hl7.fhir.r4.core":
        return True
    return any(package.name == name and _meets(package.version, version) for package in loaded.values())


def _meets(version: str, wanted: str) -> bool:
    """`4.0.x` is met by any patch of 4.0."""
    if wanted.endswith((".x", ".X")):
        return version.startswith(wanted[:-1])
    return wanted in ("", "latest", "current", "dev", version)


def _in_cache(cache: Path, name: str, version: str) -> Path | None:
    if not cache.is_dir():
        return None
    exact = cache / f"{name}#{version}"
    if exact.is_dir():
        return exact
    near = [path for path in sorted(cache.glob(f"{name}#*")) if _meets(path.name.partition("#")[2], version)]
    return near[-1] if near else None
