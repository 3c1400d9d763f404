"""Reading a mapping package from its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench.kernel.errors import Refused, Unavailable
from workbench.mapping.files import CODES, FOLDERS, PACKAGE_FILE, Content, read_file, refuse_all
from workbench.mapping.model import Header, Package

__all__ = ["PACKAGE_FILE", "load_package", "read_text"]


def load_package(folder: Path) -> Package:
    """Read a package with, as its `base`, the one it extends. `overlay.effective` lays them over each other.

    raises  Refused MAP-0100: no package there; MAP-0101…MAP-0109: a defect, with file, line, column and rule;
            TERM-…: a defective code map; with several defects `files.Defective`, which has all of them
            Unavailable MAP-0190: a file cannot be read
    """
    return _load(folder, ())


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


def _load(folder: Path, above: tuple[Path, ...]) -> Package:
    own = _load_own(folder)
    if not own.header.extends:
        return own
    place = folder.resolve()
    base_folder = (folder / own.header.extends).resolve()
    if base_folder in (*above, place):
        raise Refused("MAP-0104", f"{folder} extends itself.", "Correct extends in package.yaml.")
    return replace(own, base=_load(base_folder, (*above, place)))


def _load_own(folder: Path) -> Package:
    if not (folder / PACKAGE_FILE).is_file():
        raise Refused(
            "MAP-0100",
            f"{folder} is no mapping package: it has no {PACKAGE_FILE}.",
            "Give the folder that holds package.yaml, messages, segments, types and codes.",
        )
    faults: list[Refused] = []
    texts: dict[str, str] = {}
    maps: dict[str, dict[str, Content]] = {name: {} for name in FOLDERS}
    header = _read(folder, PACKAGE_FILE, texts, faults)
    for name, ending in FOLDERS.items():
        for path in sorted((folder / name).glob(f"*{ending}")):
            content = _read(folder, f"{name}/{path.name}", texts, faults)
            if content is not None:
                maps[name][path.stem] = content
    refuse_all(faults)
    assert isinstance(header, Header)
    return Package(header=header, folder=folder, texts=texts, **maps)  # type: ignore[arg-type]


def _read(folder: Path, name: str, texts: dict[str, str], faults: list[Refused]) -> Content | None:
    """What one file says; None, with a fault more, when it cannot be said."""
    try:
        text = read_text(folder / name)
        if not name.startswith(f"{CODES}/"):
            texts[name] = text
        return read_file(name, text, faults)
    except Refused as fault:
        faults.append(fault)
        return None
