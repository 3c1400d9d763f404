"""Conformance profiles: reading one for validation, learning one from a capture, comparing two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, MessageFormat, open_capture
from workbench.messages.parts import Unseal
from workbench.v2.er7 import Message, parse
from workbench.validation.profiles.gap import Gap, compare_profiles
from workbench.validation.profiles.learn import learn_profile
from workbench.validation.profiles.load import load_profile
from workbench.validation.profiles.model import Profile
from workbench.validation.profiles.yaml_profile import format_yaml, parse_yaml, write_yaml

_REPORT_EVERY = 500


def open_profile(path: Path) -> Profile:
    """A profile to look at and edit.

    raises  Refused V2P-0002 to V2P-0004; Unavailable V2P-0001: the profile cannot be read
    """
    return load_profile(path)


DRAFT = "validation.profile-draft"
"""The setting of a workspace that holds a profile with changes that were not saved, so that nothing is lost."""


def draft_of(profile: Profile, origin: str) -> dict[str, str]:
    """What to remember of an unsaved profile; the workspace that keeps it is encrypted."""
    return {"yaml": format_yaml(profile), "origin": origin}


def read_draft(draft: Mapping[str, str]) -> Profile:
    """The profile that was not saved. raises Refused V2P-0004: another version of the workbench wrote it"""
    return parse_yaml(draft["yaml"], "unsaved profile")


def save_profile(profile: Profile, target: Path, origin: str = "") -> None:
    """Write an edited profile as YAML that says where it came from. raises Unavailable: it cannot be written"""
    write_yaml(profile, target, f"Edited in the workbench; {origin}." if origin else "")


def learn_from(capture: Capture, title: str, ctx: JobContext) -> Profile:
    """A profile of the v2 messages of a capture; messages that cannot be read are passed over.

    raises  Cancelled; Refused V2P-0010: there are no v2 messages
    """
    return learn_profile(_messages(capture, ctx), title)


def write_learnt(profile: Profile, target: Path, inputs: tuple[str, ...], messages: int) -> None:
    """Write a learnt profile as YAML that says where it came from. raises Unavailable: it cannot be written"""
    heading = (
        f"Learnt from {messages:,} messages of {', '.join(inputs)}.\n"
        "A draft: R is what every message had, O what some had, X what none of enough had. Edit it before others\n"
        "are judged by it. Comments count how often an element was there; codes carry how often they were seen."
    )
    write_yaml(profile, target, heading)


def _messages(capture: Capture, ctx: JobContext) -> Iterator[Message]:
    total = len(capture)
    for number in range(total):
        if number % _REPORT_EVERY == 0:
            ctx.advance(number, total, "learning")
        if capture.format_of(number) is not MessageFormat.ER7:
            continue
        try:
            yield parse(capture.raw(number), capture.encoding_of(number) or None)
        except Refused:
            continue
    ctx.advance(total, total, "learning")


def profile_gap(first: Path, second: Path, ctx: JobContext, unseal: Unseal | None = None) -> list[Gap]:
    """The differences between two profiles; a capture stands for the profile learnt from it.

    unseal  opens what a listener has sealed
    raises  Cancelled; Refused, Unavailable: one of them can be read neither as a profile nor as a capture
    """
    return compare_profiles(profile_or_learnt(first, ctx, unseal), profile_or_learnt(second, ctx, unseal))


def profile_or_learnt(path: Path, ctx: JobContext, unseal: Unseal | None = None) -> Profile:
    """The profile at a path, or the one learnt from the capture that is there."""
    if (path / "profile.xml").is_file() or path.suffix.lower() in (".yaml", ".yml"):
        return load_profile(path)
    if path.suffix.lower() == ".xml":
        try:
            return load_profile(path)
        except Refused as refusal:
            if refusal.code != "V2P-0003":
                raise
    return learn_from(open_capture([path], ctx, unseal=unseal), path.name, ctx)
