"""Reading a mapping package from its folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from workbench.kernel.errors import Refused, Unavailable
from workbench.mapping.model import MapKind, MessageMap, Package, RuleMap
from workbench.mapping.reading import Part, header_of, message_map_of, rule_map_of
from workbench.mapping.yaml_text import read_yaml
from workbench.terminology.code_map import CodeMap, load_code_map

PACKAGE_FILE = "package.yaml"
_Map = TypeVar("_Map", MessageMap, RuleMap)


def load_package(folder: Path) -> Package:
    """Read a package with, as its `base`, the one it extends. `overlay.effective` lays them over each other.

    raises  Refused MAP-0100: no package there; MAP-0101…MAP-0109: a defect, with file, line, column and rule;
            TERM-…: a defective code map
            Unavailable MAP-0190: a file cannot be read
    """
    return _load(folder, ())


def _load_own(folder: Path) -> Package:
    if not (folder / PACKAGE_FILE).is_file():
        raise Refused(
            "MAP-0100",
            f"{folder} is no mapping package: it has no {PACKAGE_FILE}.",
            "Give the folder that holds package.yaml, messages, segments, types and codes.",
        )
    header = header_of(_document(folder, folder / PACKAGE_FILE))
    return Package(
        header=header,
        messages=_maps(folder, "messages", message_map_of),
        segments=_maps(folder, MapKind.SEGMENT, lambda part: rule_map_of(part, MapKind.SEGMENT)),
        types=_maps(folder, MapKind.TYPE, lambda part: rule_map_of(part, MapKind.TYPE)),
        codes=_code_maps(folder / "codes"),
        folder=folder,
    )


def _load(folder: Path, above: tuple[Path, ...]) -> Package:
    own = _load_own(folder)
    if not own.header.extends:
        return own
    place = folder.resolve()
    base_folder = (folder / own.header.extends).resolve()
    if base_folder in (*above, place):
        raise Refused("MAP-0104", f"{folder} extends itself.", "Correct extends in package.yaml.")
    return replace(own, base=_load(base_folder, (*above, place)))


def _document(folder: Path, path: Path) -> Part:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("MAP-0105", f"{path} is not UTF-8 (byte {error.start}).", "Save it again as UTF-8.") from None
    except OSError as error:
        raise Unavailable("MAP-0190", f"{path} could not be read ({error.strerror}).", "Check permissions.") from error
    return Part(read_yaml(text, path.relative_to(folder).as_posix()))


def _maps(folder: Path, kind: str, read: Callable[[Part], _Map]) -> dict[str, _Map]:
    found: dict[str, _Map] = {}
    for path in sorted((folder / kind).glob("*.yaml")):
        part = _document(folder, path)
        read_map = read(part)
        if read_map.name != path.stem:
            part.refuse(f"the map {read_map.name} must stand in a file of its name.", "map", code="MAP-0106")
        found[read_map.name] = read_map
    return found


def _code_maps(folder: Path) -> dict[str, CodeMap]:
    found: dict[str, CodeMap] = {}
    for path in sorted(folder.glob("*.csv")):
        code_map = load_code_map(path)
        if code_map.id != path.stem:
            raise Refused(
                "MAP-0106",
                f"codes/{path.name}: the code map {code_map.id} must stand in a file of its name.",
                "Correct the id or the file's name.",
            )
        found[code_map.id] = code_map
    return found
