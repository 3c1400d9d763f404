"""Profiles in our own form: YAML that people can read and change.

The names are those of `model`. A file begins with `format: workbench v2 profile`; what has its usual value is left
out. Lists of fields carry their position as a comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.issues import Severity
from workbench.validation.profiles.model import Profile
from workbench.validation.profiles.plain_form import NotThisForm, from_plain, to_plain
from workbench.validation.profiles.rules import PROFILE_RULES

FORMAT = "workbench v2 profile"
_WIDTH = 118
_SEVERITIES = frozenset({*Severity, "off"})
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_/() .+-]*(?<! )")
_SPECIAL = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Characters that YAML does not allow as they are."""
_PLAIN_NUMBERS = re.compile(r"\d+\.\.(?:\d+|\*)")


def read_yaml(path: Path) -> Profile:
    """The profile in a YAML file.

    raises  Refused V2P-0004: no YAML, or not of this form, with the place; Unavailable V2P-0001: unreadable file
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise _refused(path, "it is not UTF-8") from None
    except OSError as error:
        raise Unavailable("V2P-0001", f"{path.name} cannot be read.", "Check that you may read it.") from error
    return parse_yaml(text, path.name)


def parse_yaml(text: str, name: str) -> Profile:
    """The profile that YAML says; `name` is where it is from. raises Refused V2P-0004: no YAML, or not of this form"""
    path = Path(name)
    try:
        data = YAML(typ="safe").load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise _refused(path, f"it is no YAML{where}") from None
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise _refused(path, f"it does not say format: {FORMAT}")
    try:
        profile: Profile = from_plain(Profile, data)
    except NotThisForm as error:
        raise _refused(path, f"{error.place.lstrip('.')} {error.text}") from None
    return profile if profile.source else replace(profile, source=path.name)


def read_severities(path: Path) -> dict[str, str]:
    """Severities of a site by rule id, from a YAML mapping of rule ids or categories to severities or `off`.

    raises  Refused V2P-0004: no such mapping, or a word that is none of these; Unavailable V2P-0001: unreadable file
    """
    try:
        data = YAML(typ="safe").load(path.read_text("utf-8"))
    except (UnicodeDecodeError, YAMLError):
        raise _refused(path, "it is no YAML") from None
    except OSError as error:
        raise Unavailable("V2P-0001", f"{path.name} cannot be read.", "Check that you may read it.") from error
    if not isinstance(data, dict):
        raise _refused(path, "it is no mapping of rules to severities")
    found: dict[str, str] = {}
    for key, value in data.items():
        ids = [id_ for id_, rule in PROFILE_RULES.items() if str(key) in (id_, rule.definition.category)]
        text = "off" if value is False else str(value)  # YAML 1.1 readers take off for a truth value
        if not ids or text not in _SEVERITIES:
            raise _refused(path, f"{key}: {text} names no rule or category, or no severity")
        found |= dict.fromkeys(ids, text)
    return found


def write_yaml(profile: Profile, path: Path, heading: str = "") -> None:
    """Write a profile, all of it or nothing. raises Unavailable: the file cannot be written"""
    write_atomically(path, format_yaml(profile, heading).encode("utf-8"))


def format_yaml(profile: Profile, heading: str = "") -> str:
    """The text of the file; `heading` becomes comment lines at its top."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    lines.append(f"format: {FORMAT}")
    lines.extend(_mapping(to_plain(profile), 0, ""))
    return "\n".join(lines) + "\n"


def format_plain(data: Any) -> str:
    """Plain mappings, lists and texts as YAML in the same style."""
    flow = _flow(data)
    if not isinstance(data, dict) or flow is not None:
        return (flow or "").removeprefix("{").removesuffix("}") if isinstance(data, dict) else str(flow)
    return "\n".join(_mapping(data, 0, ""))


def _refused(path: Path, reason: str) -> Refused:
    return Refused("V2P-0004", f"{path.name} is no profile: {reason}.", "Correct the file at that place.")


def _mapping(data: dict[str, Any], depth: int, place: str) -> Iterator[str]:
    margin = "  " * depth
    for key, value in data.items():
        name = _scalar(str(key))
        flow = _flow(value)
        if not isinstance(value, dict | list) or (flow and len(margin) + len(name) + len(flow) + 2 <= _WIDTH):
            yield f"{margin}{name}: {flow}"
        elif isinstance(value, dict):
            yield f"{margin}{name}:"
            yield from _mapping(value, depth + 1, str(key))
        else:
            yield f"{margin}{name}:"
            yield from _list(value, depth + 1, f"{place} {key}")


def _list(data: list[Any], depth: int, place: str) -> Iterator[str]:
    margin = "  " * depth
    owner = place.split(" ")[0] if place.endswith((" fields", " components")) else ""
    mark = "-" if place.endswith(" fields") else "."
    for number, value in enumerate(data, start=1):
        note = f"  # {owner.partition('_')[0]}{mark}{number}" if owner else ""
        flow = _flow(value)
        if not isinstance(value, dict | list) or (flow and len(margin) + len(flow) + 2 <= _WIDTH):
            yield f"{margin}- {flow}{note}"
            continue
        lines = _mapping(value, depth + 1, place) if isinstance(value, dict) else _list(value, depth + 1, place)
        first = True
        for line in lines:
            if first:
                yield f"{margin}- {line.lstrip()}{note}"
            else:
                yield line
            first = False


def _flow(value: Any, depth: int = 0) -> str | None:
    """The value on one line, None when it is better told on several."""
    if isinstance(value, dict):
        if not value:
            return "{}"
        parts = {_scalar(str(key)): _flow(inner, depth + 1) for key, inner in value.items()}
        if depth > 3 or any(part is None for part in parts.values()) or (depth == 0 and "fields" in value):
            return None
        text = "{" + ", ".join(f"{key}: {part}" for key, part in parts.items()) + "}"
    elif isinstance(value, list):
        listed = [_flow(inner, depth + 1) for inner in value]
        if depth > 3 or any(part is None for part in listed) or (depth == 0 and len(listed) > 8):
            return None
        text = "[" + ", ".join(str(part) for part in listed) + "]"
    else:
        text = _scalar(value)
        return text if depth == 0 or len(text) <= _WIDTH else None
    return text if len(text) <= _WIDTH else None


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _PLAIN_NUMBERS.fullmatch(text) or (_PLAIN.fullmatch(text) and text.lower() not in _SPECIAL):
        return text
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))
