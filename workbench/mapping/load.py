"""Reading a mapping package from its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench.kernel.errors import Refused, Unavailable
from workbench.mapping.files import FOLDERS, PACKAGE_FILE, Content, content_of, read_file, refuse_all
from workbench.mapping.model import Header, Package

__all__ = ["PACKAGE_FILE", "load_package", "read_text"]


def load_package(folder: Path, known: Package | None = None) -> Package:
    """Read a package with, as its `base`, the one it extends. `overlay.effective` lays them over each other.

    known   the same package as it was loaded before, and not edited: files with the same text are not read again

    raises  Refused MAP-0100: no package there; MAP-0101…MAP-0109: a defect, with file, line, column and rule;
            TERM-…: a defective code map; with several defects `files.Defective`, which has all of them
            Unavailable MAP-0190: a file cannot be read
    """
    return _load(folder, (), known)


def read_text(path: Path) -> str:
    """The text of a file of a package.

    raises  Refused MAP-0105: it is not UTF-8; Unavailable MAP-0190: it cannot be read
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("MAP-0105", f"{path} is not UTF-8 (byte {error.start}).", "Save it again as UTF-8.") from None
    except OSError as error:
        raise Unavailable("MAP-0190", f"{path} could not be read ({error.strerror}).", "Check permissions.") from error


def _load(folder: Path, above: tuple[Path, ...], known: Package | None) -> Package:
    own = _load_own(folder, known)
    if not own.header.extends:
        return own
    place = folder.resolve()
    base_folder = (folder / own.header.extends).resolve()
    if base_folder in (*above, place):
        raise Refused("MAP-0104", f"{folder} extends itself.", "Correct extends in package.yaml.")
    base = known.base if known is not None and known.base is not None and known.base.folder == base_folder else None
    return replace(own, base=_load(base_folder, (*above, place), base))


def _load_own(folder: Path, known: Package | None) -> Package:
    if not (folder / PACKAGE_FILE).is_file():
        raise Refused(
            "MAP-0100",
            f"{folder} is no mapping package: it has no {PACKAGE_FILE}.",
            "Give the folder that holds package.yaml, messages, segments, types and codes.",
        )
    reader = _Reader(folder, known)
    maps: dict[str, dict[str, Content]] = {name: {} for name in FOLDERS}
    header = reader.read(PACKAGE_FILE)
    for name, ending in FOLDERS.items():
        for path in sorted((folder / name).glob(f"*{ending}")):
            content = reader.read(f"{name}/{path.name}")
            if content is not None:
                maps[name][path.stem] = content
    refuse_all(reader.faults)
    assert isinstance(header, Header)
    return Package(header=header, folder=folder, texts=reader.texts, **maps)  # type: ignore[arg-type]


class _Reader:
    """The files of one folder on their way into a package: their texts, and what is wrong in them."""

    def __init__(self, folder: Path, known: Package | None) -> None:
        self._folder = folder
        self._known = known
        self.texts: dict[str, str] = {}
        self.faults: list[Refused] = []

    def read(self, name: str) -> Content | None:
        """What one file says; None, with a fault more, when it cannot be said."""
        try:
            text = self.texts[name] = read_text(self._folder / name)
            if self._known is not None and self._known.texts.get(name) == text:
                return content_of(self._known, name)
            return read_file(name, text, self.faults)
        except Refused as fault:
            self.faults.append(fault)
            return None
