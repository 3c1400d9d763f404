"""Examples as values, and how they are read from `examples/<map>.yaml` of a mapping package.

map: PID-Patient
input: |                       # what every example reads that has no input of its own
  PID|1||4711^^^LAB^MR||Doe^Jane||19800229|F
examples:
  pid-7:
    gives:
      Patient.birthDate: "1980-02-29"
  pid-7/year-only:             # a second example of the same rule
    input: PID|1||4711^^^LAB^MR||Doe^Jane||1980
    gives:
      Patient.birthDate: "1980"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from workbench.kernel.errors import Refused, Unavailable
from workbench.mapping.model import Json, Place, Row
from workbench.mapping.reading import Part, row_of
from workbench.mapping.yaml_text import read_yaml
from workbench.suites.fingerprint import EXAMPLES_FOLDER

_FILE_KEYS = ("map", "within", "with", "input", "examples")
_EXAMPLE_KEYS = ("input", "gives", "note")


@dataclass(frozen=True, slots=True)
class Example:
    """One rule on one input.

    name   the rule's id, or the id, a slash and what is special: `pid-7/year-only`
    input  segments, one a line, with or without MSH; of FHIR sources JSON
    gives  what the rule adds to the result: path -> value; None when nobody has said yet
    """

    name: str
    input: str
    gives: Mapping[str, Json] | None
    place: Place

    @property
    def rule(self) -> str:
        return self.name.partition("/")[0]

    @property
    def digest(self) -> str:
        """SHA-256 of the input."""
        return sha256(self.input.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """The examples of one segment, type or message map.

    within  of a type map: the segment map that uses it in these examples; of a message map: the one that includes it;
            "" for the first that fits
    rows    other rows of a message map, for instances that rules refer to
    input   of all examples without one of their own
    """

    path: Path
    map: str
    within: str
    rows: tuple[Row, ...]
    input: str
    examples: tuple[Example, ...]


def example_files(package: Path) -> Iterator[Path]:
    """The example files of a mapping package, by name."""
    yield from sorted((package / EXAMPLES_FOLDER).glob("*.yaml"))


def load_examples(path: Path) -> ExampleFile:
    """Read the examples of one map.

    raises  Refused MAP-0101, MAP-0102: no YAML, or wrong content, with file, line and column; MAP-0106: the file has
            another name than its map
            Unavailable SUI-0013: it cannot be read
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("MAP-0105", f"{path} is not UTF-8 (byte {error.start}).", "Save it again as UTF-8.") from None
    except OSError as error:
        raise Unavailable("SUI-0013", f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
    part = Part(read_yaml(text, f"{EXAMPLES_FOLDER}/{path.name}"))
    part.mapping(_FILE_KEYS)
    name = part.text("map", required=True)
    if name != path.stem:
        part.refuse(f"the examples of {name} must stand in a file of its name.", "map", code="MAP-0106")
    shared = part.text("input")
    below = part.at("examples")
    names = below.mapping() if part.mapping().get("examples") is not None else {}
    examples = [_example(below.at(name), name, shared) for name in names]
    return ExampleFile(
        path=path,
        map=name,
        within=part.text("within"),
        rows=tuple(row_of(row) for row in part.parts("with")),
        input=shared,
        examples=tuple(examples),
    )


def _example(part: Part, name: str, shared: str) -> Example:
    part = part.about(f"example {name}")
    content = part.mapping(_EXAMPLE_KEYS)
    text = part.text("input") or shared
    if not text:
        part.refuse("input is missing, and the file has none for all.")
    gives = part.at("gives").mapping() if content.get("gives") is not None else None
    return Example(name, text, gives, part.document.place(part.path))
