"""From installed distributions to what everybody finds in the tables of readers, validators, transforms and targets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from types import ModuleType
from typing import TypeVar

import pluggy

from workbench.export.package import EXPORTERS, Exporter
from workbench.kernel.errors import Refused, WorkbenchError
from workbench.kernel.faults import where
from workbench.kernel.log import area_log
from workbench.mapping.transforms import TRANSFORMS, Transform
from workbench.messages.reading import Reader
from workbench.messages.registry import READERS
from workbench.plugins import built_in, hooks
from workbench.plugins.guards import FAULTS, GuardedExporter, GuardedReader, GuardedValidator, guarded_transform
from workbench.plugins.installed import GROUP, Hook, Installed, installed
from workbench.validation.validator import VALIDATORS, RuleDefinition, Validator, rules

log = area_log("plugins")
_TRANSFORM_NAME = re.compile(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*")
_RULE_ID = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+")


@dataclass(frozen=True, slots=True)
class Offered:
    """What one plug-in brings, by hook."""

    message_formats: tuple[Reader, ...] = ()
    validators: tuple[Validator, ...] = ()
    transforms: tuple[Transform, ...] = ()
    exporters: tuple[Exporter, ...] = ()

    def names(self) -> dict[Hook, tuple[str, ...]]:
        """The names of what it brings, by hook."""
        found = {Hook(field.name): tuple(each.name for each in getattr(self, field.name)) for field in fields(self)}
        return {hook: names for hook, names in found.items() if names}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plug-in in use; `parts` are its modules and objects."""

    plugin: Installed
    offered: Offered
    parts: tuple[object, ...]


class Plugins:
    """The door: what the product brings itself, and the plug-ins that were loaded."""

    def __init__(self) -> None:
        self._door = pluggy.PluginManager(GROUP)
        self._door.add_hookspecs(hooks)
        self._door.register(built_in)
        self._own = _offered({hook: self._ask(built_in, hook) for hook in Hook})
        self._loaded: dict[str, Loaded] = {}
        self._imported: dict[str, str] = {}
        self._fill()

    @property
    def loaded(self) -> tuple[Loaded, ...]:
        """The plug-ins in use, in the order they were loaded."""
        return tuple(self._loaded.values())

    def load(self, plugin: Installed) -> Offered:
        """Run the plug-in's code and offer what it brings; loading it again does nothing.

        Whoever calls this has the user's consent.

        raises  Refused PLG-0003: cannot be imported; PLG-0004: it is not what it says, or not what a hook takes;
                PLG-0005: a hook failed; PLG-0009: other files of it were imported before. Nothing of it is offered then
        """
        if plugin.name in self._loaded:
            return self._loaded[plugin.name].offered
        if self._imported.setdefault(plugin.name, plugin.digest) != plugin.digest:
            raise Refused(
                "PLG-0009",
                f"The plug-in {plugin.name} was changed after this process imported it; it cannot be replaced here.",
                "Close the window and open it again.",
            )
        found: dict[Hook, tuple[object, ...]] = {}
        parts = _imported(plugin)
        try:
            for part, declared in parts:
                self._register(plugin, part, declared)
                for hook in declared:
                    found[hook] = (*found.get(hook, ()), *self._asked(plugin, part, hook))
            offered = _guarded(plugin, found)
            _check_names(plugin, offered)
        except Refused:
            self._unregister(part for part, _ in parts)
            raise
        self._loaded[plugin.name] = Loaded(plugin, offered, tuple(part for part, _ in parts))
        self._fill()
        log.info("%s is loaded", plugin.title)
        return offered

    def unload(self, name: str) -> None:
        """Take back what a plug-in offers. What was compiled or opened with it keeps it until it is closed."""
        loaded = self._loaded.pop(name, None)
        if loaded is not None:
            self._unregister(loaded.parts)
            self._fill()

    def _register(self, plugin: Installed, part: object, declared: Sequence[Hook]) -> None:
        try:
            self._door.register(part)
            callers = self._door.get_hookcallers(part) or []
        except FAULTS as error:
            raise _unfit(plugin, f"its hooks are not as they must be ({type(error).__name__})") from None
        implemented = {caller.name for caller in callers}
        for name in sorted(implemented - set(declared)):
            raise _unfit(plugin, f"it implements {name}, and its metadata does not say so")
        for name in sorted(set(declared) - implemented):
            raise _unfit(plugin, f"its metadata names {name}, and it does not implement it")

    def _unregister(self, parts: Iterable[object]) -> None:
        for part in parts:
            if self._door.is_registered(part):
                self._door.unregister(part)

    def _ask(self, part: object, hook: Hook) -> tuple[object, ...]:
        others = [each for each in self._door.get_plugins() if each is not part]
        answers: list[Iterable[object]] = self._door.subset_hook_caller(hook, others)()
        return tuple(each for answer in answers for each in answer)

    def _asked(self, plugin: Installed, part: object, hook: Hook) -> tuple[object, ...]:
        try:
            return self._ask(part, hook)
        except FAULTS as error:
            raise Refused(
                "PLG-0005", f"The plug-in {plugin.title} failed in its hook {hook} ({where(error)}).", _HINT
            ) from None

    def _fill(self) -> None:
        others = [each.offered for each in self._loaded.values()]
        READERS.fill([*(each for one in others for each in one.message_formats), *self._own.message_formats])
        VALIDATORS.fill([*self._own.validators, *(each for one in others for each in one.validators)])
        TRANSFORMS.fill([*self._own.transforms, *(each for one in others for each in one.transforms)])
        EXPORTERS.fill([*self._own.exporters, *(each for one in others for each in one.exporters)])


_HINT = "Everything else works without it. Tell its author, or install another version."


@cache
def plugins() -> Plugins:
    """Those of this process: the tables are of the process, too."""
    return Plugins()


def load_in_worker(wanted: Sequence[tuple[str, str]]) -> None:
    """Load in a worker process what its parent has loaded, each by name and digest; never raises.

    What cannot be loaded is missed by whoever needs it, and says so there.
    """
    for name, digest in wanted:
        try:
            plugin = installed(name)
            if plugin.digest == digest:
                plugins().load(plugin)
        except WorkbenchError as problem:
            log.warning("%s is not loaded in a worker: %s", name, problem.code)


def _unfit(plugin: Installed, why: str) -> Refused:
    return Refused("PLG-0004", f"The plug-in {plugin.title} cannot be used: {why}.", _HINT)


def _imported(plugin: Installed) -> list[tuple[object, tuple[Hook, ...]]]:
    """Its modules or objects, each with the hooks that its metadata names for it.

    raises  Refused PLG-0003, PLG-0004
    """
    for name in plugin.hooks:
        if name not in set(Hook):
            raise _unfit(plugin, f"its metadata names the hook {name}; hooks are {', '.join(Hook)}")
    found: list[tuple[object, tuple[Hook, ...]]] = []
    for value in dict.fromkeys(point.value for point in plugin.entry_points):
        points = [point for point in plugin.entry_points if point.value == value]
        try:
            part = points[0].load()
        except FAULTS as error:
            missing = f": {error.name}" if isinstance(error, ImportError) and error.name else ""
            raise Refused(
                "PLG-0003",
                f"The plug-in {plugin.title} cannot be imported ({type(error).__name__}{missing}).",
                _HINT,
            ) from None
        if not isinstance(part, ModuleType) and isinstance(part, type):
            raise _unfit(plugin, f"{value} is a class; give a module or an object")
        found.append((part, tuple(Hook(point.name) for point in points)))
    return found


Made = TypeVar("Made")


def _all(hook: Hook, found: Mapping[Hook, tuple[object, ...]], kind: type[Made]) -> tuple[Made, ...]:
    offers = []
    for offer in found.get(hook, ()):
        if not isinstance(offer, kind) or not isinstance(getattr(offer, "name", None), str):
            raise _Shape(f"what {hook} gives is no {kind.__name__}")
        offers.append(offer)
    return tuple(offers)


def _offered(found: Mapping[Hook, tuple[object, ...]]) -> Offered:
    """What hooks gave, each of the kind its hook is for. raises _Shape"""
    return Offered(
        _all(Hook.MESSAGE_FORMATS, found, Reader),  # type: ignore[type-abstract]
        _all(Hook.VALIDATORS, found, Validator),  # type: ignore[type-abstract]
        _all(Hook.TRANSFORMS, found, Transform),
        _all(Hook.EXPORTERS, found, Exporter),  # type: ignore[type-abstract]
    )


class _Shape(ValueError):
    """What a hook gave is not what it is for; the text is a clause of ours."""


def _guarded(plugin: Installed, found: Mapping[Hook, tuple[object, ...]]) -> Offered:
    """What the hooks of a plug-in gave, each behind a guard. raises Refused PLG-0004"""
    title = plugin.title
    try:
        offered = _offered(found)
        for name in (each.name for each in offered.transforms if not _TRANSFORM_NAME.fullmatch(each.name)):
            raise _Shape(f"the transform {name} is not named like acme.check-digit")
        for rule in (rule for validator in offered.validators for rule in validator.rules):
            if not isinstance(rule, RuleDefinition) or not _RULE_ID.fullmatch(rule.id):
                raise _Shape("a rule is no RuleDefinition, or its id is not like ACME-0001")
        return Offered(
            tuple(GuardedReader(title, str(each.name), each) for each in offered.message_formats),
            tuple(GuardedValidator(title, each.name, tuple(each.rules), each) for each in offered.validators),
            tuple(guarded_transform(title, each) for each in offered.transforms),
            tuple(GuardedExporter(title, each.name, str(each.title), each) for each in offered.exporters),
        )
    except _Shape as shape:
        raise _unfit(plugin, str(shape)) from None
    except FAULTS as error:
        raise _unfit(plugin, f"what it offers cannot be looked at ({where(error)})") from None


_TABLES: Mapping[Hook, Mapping[str, object]] = {
    Hook.MESSAGE_FORMATS: READERS,
    Hook.VALIDATORS: VALIDATORS,
    Hook.TRANSFORMS: TRANSFORMS,
    Hook.EXPORTERS: EXPORTERS,
}


def _check_names(plugin: Installed, offered: Offered) -> None:
    """raises  Refused PLG-0004: a name is taken"""
    for hook, names in offered.names().items():
        taken = set(_TABLES[hook])
        for name in names:
            if name in taken:
                raise _unfit(plugin, f"something else among the {hook} is called {name}")
            taken.add(name)
    known = set(rules()) if offered.validators else set()
    for rule in (rule for validator in offered.validators for rule in validator.rules):
        if rule.id in known:
            raise _unfit(plugin, f"another rule is called {rule.id}")
        known.add(rule.id)
