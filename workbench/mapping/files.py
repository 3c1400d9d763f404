"""One file of a package: what it is by its name, what its text says, and all that is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from workbench.kernel.errors import Refused
from workbench.mapping.model import Header, Json, MapKind, MessageMap, Package, Place, RuleMap
from workbench.mapping.reading import Part, header_of, message_map_of, rule_map_of
from workbench.mapping.writing import Plain, plain_header, plain_message_map, plain_rule_map
from workbench.mapping.yaml_text import YamlText, read_yaml
from workbench.terminology.code_map import CodeMap, read_code_map

PACKAGE_FILE = "package.yaml"
MESSAGES = "messages"
CODES = "codes"
FOLDERS = {MESSAGES: ".yaml", str(MapKind.SEGMENT): ".yaml", str(MapKind.TYPE): ".yaml", CODES: ".csv"}
"""The folders of a package and how the names of their files end."""

Content = Header | MessageMap | RuleMap | CodeMap
_PLACED = re.compile(r"(?P<file>[^:\n]+\.(?:yaml|csv))(?::|, line )(?P<line>\d+)(?::(?P<column>\d+))?:\s*")


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong in a package's files; `place` None where no file is to blame."""

    code: str
    sentence: str
    place: Place | None = None


class Defective(Refused):
    """A package with several defects; the code is that of the first."""

    def __init__(self, faults: Iterable[Refused]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        texts = "\n".join(fault.text for fault in self.faults)
        super().__init__(first.code, f"{len(self.faults)} defects:\n{texts}", first.hint)


def refuse_all(faults: list[Refused]) -> None:
    """Stop when something is wrong.

    raises  Refused: the one fault, or `Defective` with all of them
    """
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise Defective(faults)


def defects_of(problem: Refused) -> tuple[Defect, ...]:
    """What a refusal to load or compile a package says is wrong, each with its place."""
    if isinstance(problem, Defective):
        return tuple(defect for fault in problem.faults for defect in defects_of(fault))
    match = _PLACED.match(problem.text)
    if match is None:
        return (Defect(problem.code, problem.text),)
    place = Place(match["file"], int(match["line"]), int(match["column"] or 1))
    return (Defect(problem.code, problem.text[match.end() :], place),)


def file_of(folder: str, name: str) -> str:
    """`segments/PID-Patient.yaml`."""
    return f"{folder}/{name}{FOLDERS[folder]}"


def file_names(package: Package) -> tuple[str, ...]:
    """The files of a package, package.yaml first."""
    return (
        PACKAGE_FILE,
        *(file_of(MESSAGES, name) for name in sorted(package.messages)),
        *(file_of(rule_map.kind, rule_map.name) for rule_map in package.rule_maps()),
        *(file_of(CODES, name) for name in sorted(package.codes)),
    )


def read_file(name: str, text: str, faults: list[Refused] | None = None) -> Content:
    """What a file of that name says.

    faults  collects what is wrong in single rules and rows, which are then left out; None stops at the first
    raises  Refused MAP-0101, MAP-0102, MAP-0103, TERM-…: what its text says is not understood; MAP-0106: the map in it
            has another name; MAP-0109: no file of that name belongs to a package
    """
    path = PurePosixPath(name)
    folder = path.parent.as_posix()
    if name == PACKAGE_FILE:
        return header_of(_part(name, text, faults))
    if FOLDERS.get(folder) != path.suffix:
        raise Refused("MAP-0109", f"{name} is no file of a package.", f"Maps stand in {', '.join(FOLDERS)}.")
    if folder == CODES:
        code_map = read_code_map(text, name)
        if code_map.id != path.stem:
            raise Refused(
                "MAP-0106",
                f"{name}: the code map {code_map.id} must stand in a file of its name.",
                "Correct the id or the file's name.",
            )
        return code_map
    part = _part(name, text, faults)
    found = message_map_of(part) if folder == MESSAGES else rule_map_of(part, MapKind(folder))
    if found.name != path.stem:
        part.refuse(f"the map {found.name} must stand in a file of its name.", "map", code="MAP-0106")
    return found


def read_plain(name: str, plain: Json) -> Header | MessageMap | RuleMap:
    """What a YAML file of that name says when its values are these; raises as `read_file`."""
    part = Part(YamlText(name, plain, {}))
    folder = PurePosixPath(name).parent.as_posix()
    if name == PACKAGE_FILE:
        return header_of(part)
    return message_map_of(part) if folder == MESSAGES else rule_map_of(part, MapKind(folder))


def defects_in(name: str, text: str) -> tuple[Defect, ...]:
    """Everything that is wrong in a file by itself; () when it can be read."""
    faults: list[Refused] = []
    try:
        read_file(name, text, faults)
    except Refused as fault:
        faults.append(fault)
    return tuple(defect for fault in faults for defect in defects_of(fault))


def content_of(package: Package, name: str) -> Content | None:
    """What a package has in a file, None when it has none of that name."""
    if name == PACKAGE_FILE:
        return package.header
    path = PurePosixPath(name)
    maps = _MAPS.get(path.parent.as_posix())
    return maps(package).get(path.stem) if maps else None


def with_content(package: Package, name: str, content: Content | None) -> Package:
    """The package with another content of a file; None takes the file away. Other maps keep their order."""
    if isinstance(content, Header):
        return replace(package, header=content)
    path = PurePosixPath(name)
    folder = path.parent.as_posix()
    maps = dict(_MAPS[folder](package))
    maps.pop(path.stem, None) if content is None else maps.update({path.stem: content})
    return replace(package, **{folder: maps})  # type: ignore[arg-type]


def plain_content(content: Header | MessageMap | RuleMap) -> Plain:
    """What a YAML file says, as plain values in the language's order."""
    if isinstance(content, Header):
        return plain_header(content)
    return plain_message_map(content) if isinstance(content, MessageMap) else plain_rule_map(content)


_MAPS: dict[str, Callable[[Package], dict[str, Content]]] = {
    MESSAGES: lambda package: dict(package.messages),
    str(MapKind.SEGMENT): lambda package: dict(package.segments),
    str(MapKind.TYPE): lambda package: dict(package.types),
    CODES: lambda package: dict(package.codes),
}


def _part(name: str, text: str, faults: list[Refused] | None) -> Part:
    return Part(read_yaml(text, name), faults=faults)
