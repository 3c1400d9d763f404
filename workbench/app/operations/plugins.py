"""Plug-ins: which are installed, which the user allowed, and what became of those that were loaded."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

from workbench.kernel.errors import Refused, WorkbenchError
from workbench.kernel.workers import prepare_workers
from workbench.plugins.consent import Allowed, read_allowed, write_allowed
from workbench.plugins.installed import Hook, Installed, all_installed, installed, normalised
from workbench.plugins.loading import Plugins, load_in_worker, plugins

_OFFERS = {
    Hook.MESSAGE_FORMATS: "ways to read files of messages",
    Hook.VALIDATORS: "rules that judge messages",
    Hook.TRANSFORMS: "transforms for mapping rules",
    Hook.EXPORTERS: "targets to export to",
}
WARNING = (
    "This is somebody else's program. It runs inside the workbench with your rights on this machine: it can read and "
    "change your files and use the network, and it sees the patients' data in every message you open. The workbench "
    "cannot hold it back. Allow it only when you know who made it and what it is for."
)


class PluginState(StrEnum):
    """How a plug-in stands."""

    IN_USE = "in use"
    ALLOWED = "allowed"
    NOT_ALLOWED = "not allowed"
    CHANGED = "changed since it was allowed"
    BROKEN = "does not work"
    MISSING = "allowed, but not installed"


@dataclass(frozen=True, slots=True)
class PluginRow:
    """A plug-in that is installed, or was when it was allowed.

    hooks    what it says it offers
    names    what it does offer, by hook; nothing before it is loaded
    allowed  the consent there is, maybe to another version
    problem  why it does not work, "" when nobody knows of anything
    """

    name: str
    version: str
    summary: str
    hooks: tuple[str, ...]
    names: tuple[str, ...]
    digest: str
    state: PluginState
    allowed: Allowed | None
    problem: str

    @property
    def title(self) -> str:
        """`acme-hl7 1.2.0`"""
        return f"{self.name} {self.version}".strip()


_PROBLEMS: dict[str, WorkbenchError] = {}
"""Why a plug-in of this process was not loaded, by its name."""


def plugin_rows(file: Path) -> tuple[PluginRow, ...]:
    """Every plug-in that is installed or allowed, by name; none of them is loaded for that.

    raises  Refused PLG-0006; Unavailable PLG-0007: the settings cannot be read
    """
    allowed = {each.name: each for each in read_allowed(file)}
    there = {each.name: each for each in all_installed()}
    in_use = {each.plugin.name: each for each in plugins().loaded}
    rows = []
    for name in sorted(allowed.keys() | there.keys()):
        found, consent, problem = there.get(name), allowed.get(name), _PROBLEMS.get(name)
        offered = in_use[name].offered.names() if name in in_use else {}
        rows.append(
            PluginRow(
                name,
                found.version if found else consent.version if consent else "",
                found.summary if found else "",
                found.hooks if found else (),
                tuple(each for names in offered.values() for each in names),
                found.digest if found else "",
                _state(found, consent, name in in_use, problem),
                consent,
                str(problem) if problem else "",
            )
        )
    return tuple(rows)


def _state(
    found: Installed | None, consent: Allowed | None, is_in_use: bool, problem: WorkbenchError | None
) -> PluginState:
    if found is None:
        return PluginState.MISSING
    if is_in_use:
        return PluginState.IN_USE
    if consent is None:
        return PluginState.NOT_ALLOWED
    if not consent.covers(found):
        return PluginState.CHANGED
    return PluginState.BROKEN if problem else PluginState.ALLOWED


def consent_text(name: str) -> str:
    """What the user must know before allowing a plug-in: what it is, what it says it offers, what it could do.

    raises  Refused PLG-0001
    """
    found = installed(name)
    offers = [f"  offers   {_OFFERS[Hook(hook)] if hook in set(Hook) else hook}" for hook in found.hooks]
    about = [f"  about    {found.summary}"] if found.summary else []
    files = f"  files    SHA-256 {found.digest}" if found.digest else "  files    its installation lists none"
    return "\n".join([found.title, *about, *offers, files, "", WARNING])


def allow(file: Path, name: str) -> PluginRow:
    """Keep the user's consent to a plug-in as it is installed now, and load it.

    raises  Refused PLG-0001: not installed; PLG-0003 to PLG-0005: it does not work, and the consent is not kept;
            PLG-0006; Unavailable PLG-0007, KRN-0002
    """
    found = installed(name)
    others = [each for each in read_allowed(file) if each.name != found.name]
    _load(plugins(), found)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    write_allowed(file, [*others, Allowed(found.name, found.version, found.digest, getpass.getuser(), at)])
    return next(row for row in plugin_rows(file) if row.name == found.name)


def forbid(file: Path, name: str) -> bool:
    """Take the consent back, and what the plug-in offers; False when it was not allowed.

    What was opened or compiled with it keeps it until it is closed.

    raises  Refused PLG-0006; Unavailable PLG-0007, KRN-0002
    """
    plain = normalised(name)
    allowed = read_allowed(file)
    rest = [each for each in allowed if each.name != plain]
    if len(rest) < len(allowed):
        write_allowed(file, rest)
    if any(each.plugin.name == plain for each in plugins().loaded):
        plugins().unload(plain)
        _tell_workers(plugins())
    _PROBLEMS.pop(plain, None)
    return len(rest) < len(allowed)


def load_wanted(file: Path, named: Sequence[str]) -> tuple[WorkbenchError, ...]:
    """Load what is allowed, and what is named for this run; returns why some are not loaded.

    An allowed plug-in that has changed since is not loaded, unless it is named.
    """
    problems: list[WorkbenchError] = []
    try:
        allowed = read_allowed(file)
    except WorkbenchError as problem:
        allowed = ()
        problems.append(problem)
    wanted: dict[str, Allowed | None] = {normalised(name): None for name in named}
    for consent in allowed:
        wanted.setdefault(consent.name, consent)
    for name, given in wanted.items():
        try:
            found = installed(name)
            if given is not None and not given.covers(found):
                raise _changed(given, found)
            _load(plugins(), found)
        except WorkbenchError as problem:
            _PROBLEMS[name] = problem
            problems.append(problem)
    return tuple(problems)


def _load(door: Plugins, found: Installed) -> None:
    door.load(found)
    _PROBLEMS.pop(found.name, None)
    _tell_workers(door)


def _tell_workers(door: Plugins) -> None:
    wanted = tuple((each.plugin.name, each.plugin.digest) for each in door.loaded)
    prepare_workers("plug-ins", partial(load_in_worker, wanted) if wanted else None)


def _changed(consent: Allowed, found: Installed) -> Refused:
    what = f"{found.title} is installed" if consent.version != found.version else "its files are others now"
    return Refused(
        "PLG-0002",
        f"The plug-in {consent.name} {consent.version} is allowed, and {what}; it is not loaded.",
        f"Look at it again: `workbench plugins allow {consent.name}`, or Plug-ins in the window.",
    )
