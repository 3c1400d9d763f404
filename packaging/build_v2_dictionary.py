"""Build `resources/v2/`: the HL7 v2 dictionary of twelve versions, from two registry packages and our overlay.

    python packaging/build_v2_dictionary.py path/to/hl7-dictionary-1.0.1.tgz [output folder]

hl7apy (PyPI, MIT) gives structures, segments, data types, cardinality and the codes of tables by version.
hl7-dictionary (npm, MIT) gives readable names, lengths up to 2.6, code displays and the event table.
`v2_dictionary_overlay.toml` beside this script holds what neither has or what one of them has wrong.

Rules. Positions come from the element's own number, so that a withdrawn position never shifts its neighbours.
Where both sources speak and differ, hl7apy's value stands and the difference is recorded (`DISPUTED_*`), so that
a finding that rests on it can say so. Lengths end with 2.6: from 2.7 on the standard has conformance lengths.
The output is the same byte for byte each time it is built from the same inputs.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
import tomllib
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2")
LAST_VERSION_WITH_LENGTHS = "2.6"
FORMAT = 1
"""Raised when the layout below changes; `workbench.v2.dictionary` refuses another."""

REQUIRED, CONDITIONAL, WITHDRAWN = 1, 2, 4
DISPUTED_TYPE, DISPUTED_USAGE, DISPUTED_REPETITION = 8, 16, 32

_MEMBER = "package/lib/"
_SMALL_WORDS = frozenset(re.findall(r"\w+", "a an and at by for from if in into of on or per that the to with"))
_ACRONYMS = frozenset(
    re.findall(
        r"\w+", "AE BP CMS DEA DRG DST HL7 HPC ID IDs LOINC MPI NDC NPI OID PAC PID PR1 SSN UB UPIN URL USP VIP XML"
    )
)
_PLACEHOLDER = re.compile(r"\.\.\.|…|<\w|^_$|^\d+ _( ?\d+)?$|^(Meal Related|An [Ii]dentifier|For mic)")
_EMPTY_TABLE = "9999"

Json = dict[str, Any]
"""What both sources come as: dictionaries within dictionaries."""


class Published:
    """The npm package: one JSON object in each of its JavaScript files."""

    def __init__(self, tarball: Path) -> None:
        self._files: dict[str, Json] = {}
        with tarfile.open(tarball) as archive:
            for member in archive.getmembers():
                if member.name.startswith(_MEMBER) and member.name.endswith(("s.js",)):
                    stream = archive.extractfile(member)
                    if stream is not None:
                        self._files[member.name.removeprefix(_MEMBER)] = _first_object(stream.read().decode("utf-8"))
        self.tables = self._files["tables.js"]

    def of(self, version: str, kind: str) -> Json:
        """`segments`, `fields` or `messages` of the version, or of 2.7.1 for everything after it."""
        return self._files[f"{version if version <= '2.7' else '2.7.1'}/{kind}.js"]


def _first_object(script: str) -> Json:
    value: Json = json.JSONDecoder().raw_decode(script, script.index("{"))[0]
    return value


def _elements(version: str) -> Json:
    elements: Json = import_module(f"hl7apy.v{version.replace('.', '_')}").ELEMENTS
    return elements


def _children(definition: Any) -> Any:
    """The children of an hl7apy definition; a segment of a single field is not wrapped there."""
    if definition and definition[0] in ("sequence", "choice"):
        return definition[1] if len(definition) > 1 and definition[1] else ()
    return definition


def _plain(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def _mended(text: str) -> str:
    """The text as it was before its UTF-8 bytes were once read as Windows-1251."""
    if not re.search("[\u0400-\u04ff]", text):
        return text
    try:
        return text.encode("cp1251").decode("utf-8")
    except UnicodeError:
        return text


def _tidy(text: str) -> str:
    """A published name without its footnote marks, each word capitalised unless it is a small one."""
    text = re.sub(r"\s*–\s*", " - ", _mended(text))
    text = text.replace(" _ ", " - ").replace("_", "'").replace(" / ", "/").strip(" +*#-")
    text = re.sub(r" [Ss] (?=[A-Z])", "'s ", re.sub(r"\s+", " ", text))
    return " ".join(
        word.lower() if index and word.lower() in _SMALL_WORDS - {"a"} else word[:1].upper() + word[1:]
        for index, word in enumerate(text.split(" "))
    )


def _spoken(name: str) -> str:
    """`DATE_TIME_OF_BIRTH` as `Date/Time of Birth`."""
    text = name.upper().replace("_S_", "'S_").replace("DATE_TIME", "DATE/TIME").strip("_")
    words = [word for word in text.split("_") if word]
    spoken = [
        word
        if word in _ACRONYMS
        else word.lower()
        if index and word.lower() in _SMALL_WORDS
        else "/".join(part.capitalize() for part in word.split("/"))
        for index, word in enumerate(words)
    ]
    return " ".join(spoken)


def _care(text: str) -> tuple[int, int]:
    """How carefully a name was typed: apostrophes, then capitals."""
    return text.count("'"), sum(character.isupper() for character in text)


class Names:
    """Readable names of fields and components, found by position and spelling in any version."""

    def __init__(self, published: Published) -> None:
        self._seen: dict[tuple[str, str, int, str], str] = {}
        for version in VERSIONS:
            for kind, list_name in (("segments", "fields"), ("fields", "subfields")):
                for owner, definition in published.of(version, kind).items():
                    for position, entry in enumerate(definition[list_name], start=1):
                        self._offer(kind, owner, position, _tidy(entry["desc"]))

    def _offer(self, kind: str, owner: str, position: int, title: str) -> None:
        key = (kind, owner, position, _plain(title))
        if _care(title) > _care(self._seen.get(key, "")):
            self._seen[key] = title

    def title(self, kind: str, owner: str, position: int, name: str) -> str:
        return self._seen.get((kind, owner, position, _plain(name))) or _spoken(name)


def _table_id(reference: Any) -> str:
    """`0001` of `HL70001` or 1; "" when there is none."""
    digits = re.sub(r"^HL7", "", str(reference or ""))
    return digits.zfill(4) if digits.isdigit() and digits != _EMPTY_TABLE else ""


def _entry(
    kind: str, version: str, owner: str, position: int, child: Any, said: Json | None, names: Names
) -> list[Any]:
    """One field or component as `[position, name, type, flags, most, length, table]`; most 0 is unlimited."""
    data_type, (name, table, _) = child[1][2], child[1][-3:]  # RX1-30 of 2.1 carries a second type between
    least, most = child[2]
    withdrawn = data_type in ("WD", "wd") or most == 0
    flags = WITHDRAWN if withdrawn else REQUIRED if least else 0
    length = None
    if said is not None:
        flags |= 0 if withdrawn else _differences(kind, version, data_type or "", least, most, said)
        if version <= LAST_VERSION_WITH_LENGTHS and (said.get("len") or 0) > 0:
            length = said["len"]
        if not table and data_type == said["datatype"]:
            table = said.get("table")
    if withdrawn and said is not None:
        data_type, title = said["datatype"], _tidy(said["desc"])
    else:
        title = names.title(kind, owner, position, name or "")
    return [position, title, data_type or "ST", flags, max(most, 0), length, _table_id(table)]


def _differences(kind: str, version: str, data_type: str, least: int, most: int, said: Json) -> int:
    """What the second source says otherwise; after 2.7 it has nothing of its own to say but "conditional"."""
    usage = said.get("opt")
    flags = CONDITIONAL if usage == 3 and not least else 0
    if kind == "fields" and version < "2.6":
        return (
            REQUIRED if usage == 2 else CONDITIONAL if usage == 3 else 0
        )  # hl7apy states no usage of components before 2.6
    if version > "2.7":
        return flags
    if bool(least) != (usage == 2):
        flags |= DISPUTED_USAGE
    if kind == "segments" and max(most, 0) != said["rep"]:
        flags |= DISPUTED_REPETITION
    if said["datatype"].upper() != data_type.upper():
        flags |= DISPUTED_TYPE
    return flags


def _gap(version: str, position: int, said: Json) -> list[Any]:
    """A position that hl7apy leaves out: withdrawn from 2.7 on, kept for backward compatibility before."""
    withdrawn = version >= "2.7"
    length = said.get("len") if version <= LAST_VERSION_WITH_LENGTHS else None
    return [
        position,
        _tidy(said["desc"]),
        said["datatype"],
        WITHDRAWN if withdrawn else 0,
        said["rep"],
        length,
        _table_id(said.get("table")),
    ]


def _entries(kind: str, version: str, owner: str, children: Any, said: list[Json], names: Names) -> list[list[Any]]:
    by_position: dict[int, list[Any]] = {}
    for child in children:
        position = int(child[0].rsplit("_", 1)[1])
        words = said[position - 1] if position <= len(said) else None
        by_position[position] = _entry(kind, version, owner, position, child, words, names)
    for position, words in enumerate(said, start=1):
        if position not in by_position and (kind == "segments" or position < max(by_position, default=0)):
            by_position[position] = _gap(version, position, words)
    for position in range(1, max(by_position, default=0)):
        by_position.setdefault(position, [position, "Withdrawn", "ST", WITHDRAWN, 1, None, ""])
    return [by_position[position] for position in sorted(by_position)]


def _segments(version: str, published: Published, names: Names) -> Json:
    said = published.of(version, "segments")
    titles = {name: definition["desc"] for v in VERSIONS for name, definition in published.of(v, "segments").items()}
    result: Json = {}
    for name, definition in _elements(version)["Segment"].items():
        if name == "ANYHL7SEGMENT":
            continue
        fields = said.get(name, {}).get("fields", [])
        entries = _entries("segments", version, name, _children(definition), fields, names)
        result[name] = [_tidy(titles.get(name, "")), entries]
    return result


def _types(version: str, published: Published, names: Names) -> Json:
    said = published.of(version, "fields")
    titles = {name: definition["desc"] for v in VERSIONS for name, definition in published.of(v, "fields").items()}
    result: Json = {}
    for name, children in _elements(version)["Datatypes_Structs"].items():
        base = name.removesuffix("_SIMPLE")
        components = said.get(name if name in said else base, {}).get("subfields", [])
        result[name] = [_tidy(titles.get(base, "")), _entries("fields", version, base, children, components, names)]
    for name in import_module(f"hl7apy.v{version.replace('.', '_')}").BASE_DATATYPES:
        result.setdefault(name, [_tidy(titles.get(name, "")), []])
    return result


def _codes(given: Any, displays: Json) -> tuple[Json, bool]:
    """Codes with their displays, and whether the table leaves room for others that it only describes."""
    codes: Json = {}
    is_open = False
    for code in given:
        for part in re.split(r",\s*", code) if re.fullmatch(r"\w(,\s*\w)+", code) else (code,):
            text = re.sub(r"\s*\(obsolete\)$", "", part.strip())
            if _PLACEHOLDER.search(text) and text not in displays:
                is_open = True
            elif text:
                codes[text] = re.sub(r"\s+", " ", _mended(str(displays.get(text, "")))).strip()
    return codes, is_open


def _table_kinds(version: str) -> dict[str, str]:
    """`user` for tables that IS elements of the version use, `HL7` for those that only ID elements use.

    Before 2.3 there was no IS; those versions, and tables a version only names, take the kind from all versions.
    """
    kinds: dict[str, str] = {}
    for versions in (VERSIONS, (version,) if version >= "2.3" else ()):
        used: dict[str, set[str]] = {}
        for each in versions:
            elements = _elements(each)
            for source in ("Field", "Component"):
                for definition in elements[source].values():
                    if each >= "2.3" and definition[2] in ("ID", "IS"):
                        used.setdefault(_table_id(definition[4]), set()).add(definition[2])
        kinds |= {table: "user" if "IS" in types else "HL7" for table, types in used.items()}
    return kinds


def _tables(version: str, published: Published, kinds: dict[str, str]) -> Json:
    """`[title, kind, open, by version, {code: display}]` for each table."""
    result: Json = {}
    for number, table in published.tables.items():
        codes, is_open = _codes(table["values"], table["values"])
        result[_table_id(number)] = [_tidy(table["desc"]), kinds.get(_table_id(number), ""), is_open, False, codes]
    for reference, (title, given) in _elements(version)["Table"].items():
        table_id = _table_id(reference)
        if not table_id:
            continue
        displays: Json = (
            published.tables[str(int(table_id))]["values"] if str(int(table_id)) in published.tables else {}
        )
        codes, is_open = _codes(given, displays)
        result[table_id] = [_tidy(title), kinds.get(table_id, ""), is_open, True, codes]
    return {table_id: result[table_id] for table_id in sorted(result)}


_SEQUENCES_MARKED_AS_CHOICE = frozenset({"PAYMENT_REMITTANCE_HEADER_INFO", "QUERY", "QUERY_INFORMATION"})


def _grammar(children: Any, group_names: Json) -> list[Any]:
    """A segment is `[name, least, most]`, a group `[name, least, most, is choice, children]`; most 0 is unlimited.

    hl7apy marks some sequences as choices; a real one has nothing but single segments to choose from.
    """
    result: list[Any] = []
    for name, definition, (least, most), kind in children:
        if kind == "SEG":
            result.append([name, least, max(most, 0)])
            continue
        short = re.sub(r"^[A-Z0-9]{3}_[A-Za-z0-9]{3}_", "", name)
        inner = _grammar(_children(definition), group_names)
        single = all(item[1:] == [1, 1] for item in inner)
        is_choice = definition[0] == "choice" and single and short not in _SEQUENCES_MARKED_AS_CHOICE
        if inner:
            result.append([group_names.get(short, short), least, max(most, 0), is_choice, inner])
    return result


def _structures(version: str, published: Published, group_names: Json) -> Json:
    said = published.of(version, "messages")
    return {
        name: [_tidy(said.get(name, {}).get("desc", "")), _grammar(_children(definition), group_names)]
        for name, definition in sorted(_elements(version)["Message"].items())
    }


def _table_0354(published: Published) -> Json:
    """`ADT^A04` → `ADT_A01`, for every version at once."""
    events: Json = {}
    for structure, triggers in published.tables["354"]["values"].items():
        for trigger in re.findall(r"[A-Z][A-Z0-9]{2}", triggers) if structure != "ACK" else ():
            event = f"{structure[:3]}^{trigger}"
            if events.get(event, "").replace("_", "^") != event:  # RPI_I04 is listed for I04 beside RPI_I01
                events[event] = structure
    return events


def _add_missing_structures(version: str, structures: Json, segments: Json, published: Published) -> None:
    """The structures of events that hl7apy leaves out, such as ADT^A28 of 2.3, from the second source."""
    if version > "2.7":
        return
    said, by_event = published.of(version, "messages"), _table_0354(published)
    for key in sorted(said):
        if not re.fullmatch(r"[A-Z]{3}_[A-Y][A-Z0-9]{2}", key):
            continue
        target = by_event.get(key.replace("_", "^"), key)
        if key not in structures and target not in structures:
            message = said[target if target in said else key]
            grammar = _published_grammar(message["segments"]["segments"])
            if all(name in segments for name in _segment_names(grammar)):
                structures[target] = [_tidy(message["desc"]), grammar]


def _published_grammar(children: list[Json]) -> list[Any]:
    """The second source's tree in our form; `OBR,RXO` stands there for a choice."""
    result: list[Any] = []
    for child in children:
        name, least, most = child["name"], child["min"], child["max"]
        if "children" in child:
            result.append([name, least, most, False, _published_grammar(child["children"])])
        elif "," in name:
            result.append(["CHOICE", least, most, True, [[choice, 1, 1] for choice in name.split(",")]])
        else:
            result.append([name, least, most])
    return result


def _events(version: str, structures: Json, published: Published) -> Json:
    """Each structure for the event it is named after, unless table 0354 (since 2.3.1) gives another."""
    events: Json = {name.replace("_", "^"): name for name in structures}
    by_table = {event: name for event, name in _table_0354(published).items() if name in structures}
    return events | by_table if version >= "2.3" else by_table | events


def _apply_overlay(version: str, data: Json, built: dict[str, Json], overlay: Json) -> None:
    applies = [rule for rule in overlay["rule"] if version in rule["versions"]]
    for rule in applies:
        for structure in rule.get("structures_of", ()):
            data["structures"].setdefault(structure, built[rule["from"]]["structures"][structure])
            data["events"].update({e: s for e, s in built[rule["from"]]["events"].items() if s == structure})
            for name in _segment_names(data["structures"][structure][1]):
                data["segments"].setdefault(name, built[rule["from"]]["segments"].get(name, ["", []]))
        for path, change in rule.get("fields", {}).items():
            _change(data["segments"], *path.split("-"), change)
        for path, change in rule.get("components", {}).items():
            _change(data["types"], *path.split("."), change)
        for name, title in rule.get("segment_titles", {}).items():
            if name in data["segments"] and not data["segments"][name][0]:
                data["segments"][name][0] = title
        for event, structure in rule.get("events", {}).items():
            if structure in data["structures"]:
                data["events"][event] = structure
        for table, codes in rule.get("codes", {}).items():
            data["tables"][table][4].update(codes)
        for table in rule.get("open_tables", ()):
            if table in data["tables"]:
                data["tables"][table][2] = True


def _unite(table_id: str, tables: list[Json], published: Published) -> None:
    """Give every version the codes of all: the table is kept up to date outside the versions of the standard."""
    displays = published.tables.get(str(int(table_id)), {}).get("values", {})
    codes, _ = _codes([*displays, *(code for version in tables for code in version.get(table_id, [{}])[-1])], displays)
    for version in tables:
        if table_id in version:
            version[table_id][2:] = [False, True, codes]


def _change(owners: Json, owner: str, position: str, change: Json) -> None:
    """A field of a segment, or a component of a data type."""
    field = owners[owner][1][int(position) - 1]
    if field[0] != int(position):
        raise ValueError(f"{owner} {position} is not at its place")
    usage = {"R": REQUIRED, "C": CONDITIONAL, "O": 0, "W": WITHDRAWN}
    field[1] = change.get("name", field[1])
    field[2] = change.get("type", field[2])
    if "usage" in change:
        field[3] = usage[change["usage"]] | (field[3] & (DISPUTED_TYPE | DISPUTED_REPETITION))
    if change.get("disputed"):
        field[3] |= DISPUTED_USAGE
    field[4] = change.get("most", field[4])
    field[5] = change.get("length", field[5])
    field[6] = change.get("table", field[6])


def _segment_names(grammar: list[Any]) -> list[str]:
    return [n for item in grammar for n in ([item[0]] if len(item) == 3 else _segment_names(item[4]))]


def build(tarball: Path) -> dict[str, bytes]:
    """File name → content, for every version."""
    published = Published(tarball)
    names = Names(published)
    overlay = tomllib.loads(Path(__file__).with_name("v2_dictionary_overlay.toml").read_text(encoding="utf-8"))
    built: dict[str, Json] = {}
    for version in VERSIONS:
        structures = _structures(version, published, overlay["group_names"])
        segments = _segments(version, published, names)
        _add_missing_structures(version, structures, segments, published)
        built[version] = {
            "format": FORMAT,
            "version": version,
            "segments": segments,
            "types": _types(version, published, names),
            "structures": structures,
            "events": _events(version, structures, published),
            "tables": _tables(version, published, _table_kinds(version)),
        }
        _apply_overlay(version, built[version], built, overlay)
    for table_id in overlay["living_tables"]:
        _unite(table_id, [data["tables"] for data in built.values()], published)
    encoder = msgspec.msgpack.Encoder(order="sorted")
    return {f"{version}.msgpack": zlib.compress(encoder.encode(data), 9) for version, data in built.items()}


def main() -> None:
    tarball = Path(sys.argv[1])
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent.parent / "resources" / "v2"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in build(tarball).items():
        (folder / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
