"""The code systems a person has imported, every version side by side, for all workspaces."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.progress import JobContext
from workbench.kernel.shipped import user_data_folder
from workbench.terminology.code_store import LAYOUT, CodeStore, StoreInfo, write_store
from workbench.terminology.releases.choose import Format, format_named, main_file

SUFFIX = ".codes"


class CodeLibrary:
    """A folder of code stores."""

    def __init__(self, folder: Path | None = None) -> None:
        """folder  by default one of the user's own"""
        self.folder = folder or user_data_folder() / "terminology"

    def stores(self) -> Iterator[StoreInfo]:
        """What is there, the newest import of each code system first."""
        infos = []
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                with CodeStore(path) as store:
                    infos.append(store.info)
            except Refused:
                continue  # of an older layout: it is made again when its release is next imported
        yield from sorted(infos, key=lambda info: (info.title, info.imported), reverse=True)

    def open(self, system: str, version: str = "") -> CodeStore:
        """The store of a code system; without a version the one imported last.

        raises  Refused TERM-0040: there is none
        """
        wanted = format_named(system)
        infos = [info for info in self.stores() if info.system == wanted.system and version in ("", info.version)]
        if not infos:
            raise Refused(
                "TERM-0040", f"{wanted.title} {version} was not imported.".replace("  ", " "), "Import a release first."
            )
        return CodeStore(self._path(wanted, infos[0].version, infos[0].source_sha256))

    def import_release(self, path: Path, system: str, version: str = "", ctx: JobContext | None = None) -> CodeStore:
        """The store of a release; read when its bytes were not seen before, opened when they were.

        path     the main file of the release, or its folder
        system   short name (`loinc`) or URI
        version  as people say it; by default the first signs of the file's SHA-256

        raises  Refused TERM-003x: what is wrong with the release; Unavailable TERM-0091: disk; Cancelled
        """
        job = ctx or JobContext()
        wanted = format_named(system)
        source = main_file(path, wanted)
        digest = _digest(source, job)
        target = self._path(wanted, version or digest[:8], digest)
        if not target.exists():
            self._write(source, wanted, version or digest[:8], digest, target, job)
        return CodeStore(target)

    def _write(self, source: Path, wanted: Format, version: str, digest: str, target: Path, ctx: JobContext) -> None:
        about = {
            "system": wanted.system,
            "title": wanted.title,
            "version": version,
            "source": source.name,
            "source_sha256": digest,
        }
        staged = target.with_name(f".{target.name}.{uuid4().hex}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_store(staged, wanted.read(source, ctx), about, ctx)
            staged.replace(target)
        except (OSError, sqlite3.OperationalError) as error:
            raise Unavailable(
                "TERM-0091",
                f"The code store could not be written ({error}).",
                "Check free space and permissions.",
            ) from error
        finally:
            staged.unlink(missing_ok=True)

    def _path(self, wanted: Format, version: str, digest: str) -> Path:
        name = re.sub(r"[^\w.]+", "-", f"{wanted.title}-{version}".casefold()).strip("-")
        return self.folder / f"{name}-{digest[:8]}-{LAYOUT}{SUFFIX}"


def _digest(path: Path, ctx: JobContext) -> str:
    """SHA-256 of a file, or of the names and sizes in a folder."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(path.rglob("*.txt")):
            digest.update(f"{file.relative_to(path).as_posix()} {file.stat().st_size} ".encode())
        return digest.hexdigest()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            ctx.check()
            digest.update(block)
    return digest.hexdigest()
