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
from workbench.plugins.loading import Offered, Plugins, load_in_worker, plugins

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
    in_use = {each.plugin.name: each.offered for each in plugins().loaded}
    return tuple(_row(name, there.get(name), allowed.get(name), in_use.get(name)) for name in sorted(allowed | there))


def _row(name: str, found: Installed | None, consent: Allowed | None, offered: Offered | None) -> PluginRow:
    problem = _PROBLEMS.get(name)
    return PluginRow(
        name,
        found.version if found else consent.version if consent else "",
        found.summary if found else "",
        found.hooks if found else (),
        tuple(each for names in offered.names().values() for each in names) if offered else (),
        found.digest if found else "",
        _state(found, consent, offered is not None, problem),
        consent,
        str(problem) if problem else "",
    )


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


def plugin_row(file: Path, name: str) -> PluginRow:
    """One plug-in.

    raises  Refused PLG-0001: neither installed nor allowed; and as `plugin_rows`
    """
    plain = normalised(name)
    for row in plugin_rows(file):
        if row.name == plain:
            return row
    return _row(plain, installed(plain), None, None)  # which says that there is none


def offers_of(row: PluginRow) -> tuple[str, ...]:
    """What a plug-in says it offers, in words."""
    return tuple(_OFFERS[Hook(hook)] if hook in set(Hook) else hook for hook in row.hooks)


def consent_text(row: PluginRow) -> str:
    """What the user must know before allowing a plug-in: what it is, what it says it offers, what it could do."""
    about = [f"  about    {row.summary}"] if row.summary else []
    offers = [f"  offers   {offer}" for offer in offers_of(row)]
    files = f"  files    SHA-256 {row.digest}" if row.digest else "  files    its installation lists none"
    return "\n".join([row.title, *about, *offers, files, "", WARNING])


def allow(file: Path, seen: PluginRow) -> PluginRow:
    """Keep the user's consent to what was shown, and load it.

    raises  Refused PLG-0001: not installed; PLG-0002: it is not what was shown any more; PLG-0006
            Refused PLG-0003 to PLG-0005, PLG-0009: it does not work, and the consent is not kept
            Unavailable PLG-0007, KRN-0002
    """
    found = installed(seen.name)
    if (found.version, found.digest) != (seen.version, seen.digest):
        raise Refused("PLG-0002", f"The plug-in {seen.title} was changed meanwhile.", "Look at it again.")
    others = [each for each in read_allowed(file) if each.name != found.name]
    _load(plugins(), found)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    write_allowed(file, [*others, Allowed(found.name, found.version, found.digest, getpass.getuser(), at)])
    return plugin_row(file, found.name)


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
