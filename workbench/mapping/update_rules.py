"""`updates:` of package.yaml: read, written, laid over a base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING

from workbench.mapping.model import Json, Removal, Resolve, SegmentMode, Silence, Updates
from workbench.v2.path import V2Path

if TYPE_CHECKING:
    from workbench.mapping.reading import Part

UPDATE_KEYS = ("time", "late", "backward", "merged", "silence", "missing", "emptied", "repeating")

ACTION_FIELDS: Mapping[str, int] = MappingProxyType(
    {"DG1": 21, "GOL": 1, "IAM": 6, "IN1": 55, "PR1": 20, "PRB": 1, "PRT": 2, "RF1": 25, "ROL": 2, "RXA": 21}
)
"""The field in which a repeating segment says what becomes of it (tables 0206, 0287 and 0323 of v2.8)."""


def updates_of(part: Part) -> Updates:
    """The value of `updates:`.

    raises  Refused MAP-0102: an unknown key or word, a time that is no place of a message, a segment without an action
            code that is to be read by its action code
    """
    part = part.about("updates")
    part.mapping(UPDATE_KEYS)
    modes = _modes(part.at("repeating")) if part.mapping().get("repeating") is not None else {}
    given = part.mapping()
    return Updates(
        time=_times(part),
        late=part.word("late", Resolve, Resolve.REVIEW) if "late" in given else None,
        backward=part.word("backward", Resolve, Resolve.REVIEW) if "backward" in given else None,
        merged=part.word("merged", Resolve, Resolve.APPLY) if "merged" in given else None,
        silence=part.word("silence", Silence, Silence.KEEP) if "silence" in given else None,
        missing=part.word("missing", Removal, Removal.REVIEW) if "missing" in given else None,
        emptied=part.word("emptied", Removal, Removal.REVIEW) if "emptied" in given else None,
        repeating=modes,
        place=part.document.place(part.path),
    )


def _times(part: Part) -> tuple[str, ...]:
    """The sources of `time`, which are tried in turn."""
    texts = tuple(text.strip() for text in part.text("time").split("|") if text.strip())
    for text in texts:
        path = V2Path.read(text)
        if path is None or not path.field:
            part.refuse(f"{text} is no field of a message; write EVN-2 | MSH-7.", "time")
    return texts


def _modes(part: Part) -> Mapping[str, SegmentMode]:
    found = {}
    for name in part.mapping():
        path = V2Path.read(name)
        if path is None or path.field or path.groups or path.occurrence:
            part.refuse(f"{name} is no segment.", name)
        mode = part.word(name, SegmentMode, SegmentMode.EACH)
        if mode is SegmentMode.ACTION_CODE and name not in ACTION_FIELDS:
            part.refuse(f"{name} has no action code; {', '.join(ACTION_FIELDS)} have one.", name)
        found[name] = mode
    return found


def plain_updates(updates: Updates) -> dict[str, Json]:
    """As it is written in package.yaml; empty when nothing is said."""
    said: dict[str, Json] = {"time": " | ".join(updates.time)}
    for name in ("late", "backward", "merged", "silence", "missing", "emptied"):
        word = getattr(updates, name)
        said[name] = "" if word is None else str(word)
    said["repeating"] = {segment: str(mode) for segment, mode in updates.repeating.items()}
    return {key: value for key, value in said.items() if value}


def updates_over(base: Updates, own: Updates) -> Updates:
    """What the overlay says wins; segments are joined."""
    chosen = {item.name: getattr(own, item.name) or getattr(base, item.name) for item in fields(Updates)}
    return Updates(**{**chosen, "repeating": {**base.repeating, **own.repeating}})
