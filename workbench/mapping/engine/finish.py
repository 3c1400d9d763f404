"""From the instances of a run to a FHIR transaction Bundle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workbench.mapping.engine.identity import SHARE_NUMBERS, TOLD_BY_CODE, code_search, named_id, search_of
from workbench.mapping.engine.running import REFERENCED, Pending, Run, Written
from workbench.mapping.engine.scope import Instance, Resource, Scope
from workbench.mapping.model import Json, Write


def tie_references(run: Run) -> None:
    """Put the waiting references in their places; those that find nothing go."""
    around: dict[tuple[Scope, str], list[Instance]] = {}
    everywhere = {name: run.seen_everywhere(name) for name in {pending.name for pending in run.pending}}
    traced = run.trace is not None
    untied: list[Pending] = []
    for pending in run.pending:
        one, owner = everywhere[pending.name], pending.owner
        if one is None:
            found = _referred(run, pending, around)
        else:
            found = [one] if owner is None or one.identity != owner.identity else []
        if len(found) == 1 and not traced:
            pending.slot.setdefault("reference", found[0].full_url)
        elif found:
            _tie(run, pending, found)
        else:
            untied.append(pending)
            if pending.repeats:
                del _items(pending)[_number(pending)]
    for pending in untied:
        if not pending.repeats and not pending.slot:  # a rule for the same element may have found something
            pending.container.pop(pending.key, None)
    bare = [one.owner for one in untied if one.owner is not None and not _says_something(one)]
    for owner in {id(owner): owner for owner in bare}.values():
        _prune(owner.resource)


def _tie(run: Run, pending: Pending, found: list[Instance]) -> None:
    """Put references where the placeholder stands; an element that does not repeat takes the first."""
    index = _number(pending) if pending.repeats else None
    if index is not None and len(found) > 1:
        _items(pending)[index : index + 1] = [{"reference": instance.full_url} for instance in found]
    elif "reference" not in pending.slot:
        pending.slot["reference"] = found[0].full_url
    if run.trace is not None:
        run.trace.append(Written(pending.rule, (), False, pending.container, pending.key, index, REFERENCED))


def _items(pending: Pending) -> list[Json]:
    """The list in which the placeholder stands."""
    there = pending.container[pending.key]
    assert isinstance(there, list)  # the element repeats
    return there


def _number(pending: Pending) -> int:
    """Which item of its list the placeholder is."""
    return next(index for index, item in enumerate(_items(pending)) if item is pending.slot)


def _says_something(pending: Pending) -> bool:
    """True when the object that lost a reference, and the list it stood in, hold something else."""
    return bool(pending.container) and bool(pending.container.get(pending.key, True))


def _referred(run: Run, pending: Pending, around: dict[tuple[Scope, str], list[Instance]]) -> list[Instance]:
    """The instances of the name in the nearest place that has any besides the one that refers.

    around  what was found before from the group around a segment, where the many segments of a report look
    """
    scope, name, owner = pending.scope, pending.name, pending.owner
    besides = owner.identity if owner is not None else ""
    if scope.outer is None or scope.way or (scope.made is not None and name in scope.made):
        return run.find(name, scope, besides)
    found = around.get((scope.outer, name))
    if found is None:
        found = around[scope.outer, name] = run.find(name, scope.outer)
    if len(found) == 1 and found[0].identity != besides:
        return found
    return found if all(one.identity != besides for one in found) else run.find(name, scope, besides)


def _prune(value: Json) -> bool:
    """Remove what became empty below; True when the value itself is empty."""
    if isinstance(value, dict):
        for key in [key for key, item in value.items() if isinstance(item, dict | list) and _prune(item)]:
            del value[key]
        return not value
    if isinstance(value, list):
        value[:] = [item for item in value if not (isinstance(item, dict | list) and _prune(item))]
        return not value
    return False


def assemble(run: Run, name_space: str) -> Resource:
    """The transaction: an entry for each instance in order."""
    tie_references(run)
    entries = _entries(run.order)
    bundle: Resource = {"resourceType": "Bundle", "id": named_id(name_space, "Bundle", *run.key)}
    own = {key: value for key, value in run.bundle.items() if key not in ("resourceType", "entry", "type", "id")}
    for key in ("meta", "identifier"):
        if key in own:
            bundle[key] = own.pop(key)
    bundle["type"] = "transaction"
    bundle.update(own)
    if entries:
        bundle["entry"] = entries
    return bundle


def _entries(order: Iterable[Instance]) -> list[Json]:
    """PUT by identifier or id, or POST that creates only where nothing is; a search is used for one resource of a type
    only."""
    taken: set[str] = set()
    entries: list[Json] = []
    create = Write.CREATE
    for instance in order:
        resource, (search, silent) = instance.resource, instance.search
        kind = resource["resourceType"]
        if not search:
            identifiers: Any = resource.get("identifier", ())
            if len(identifiers) > silent and kind not in SHARE_NUMBERS:
                search = search_of(identifiers)
        if search and kind in TOLD_BY_CODE:
            search += code_search(resource)
        if search and (searched := f"{kind}?{search}") not in taken:
            taken.add(searched)
            request: Resource = {"method": "PUT", "url": searched}
            if instance.write is create:
                request = {"method": "POST", "url": kind, "ifNoneExist": search}
        elif instance.write is create:
            request = {"method": "POST", "url": kind}
        else:
            identity = instance.identity
            named = {"resourceType": kind, "id": identity, **resource}
            resource.clear()
            resource.update(named)  # the same object, which trace and keep rules hold
            request = {"method": "PUT", "url": f"{kind}/{identity}"}
        entries.append({"fullUrl": instance.full_url, "resource": resource, "request": request})
    return entries
