"""Keeping values that no rule maps: as extensions of the instance a `keep` rule names."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.kernel.errors import Refused
from workbench.mapping.covering import Covering
from workbench.mapping.ledger import Fate
from workbench.mapping.model import LedgerRule
from workbench.mapping.running import KEPT, Node, RuleName, Run, Written
from workbench.mapping.scope import Resource, SegmentScope
from workbench.mapping.trace import TracedResult
from workbench.v2.er7 import Element

KEPT_EXTENSION = "kept"
"""The short name in package.yaml of the extension that keeps values."""


def keep_the_rest(run: Run, bundle: Resource, covering: Covering, extensions: Mapping[str, str]) -> None:
    """Write every value that would be lost and that a keep rule covers, and trace it.

    raises  Refused MAP-0114: package.yaml names no extension for it
    """
    segments = {segment.index: segment for segment in run.laid_out.segments}
    for entry in TracedResult(bundle, run, covering).ledger.of(Fate.LOST):
        element = entry.element
        place = (element.segment.index, element.field, element.repetition, element.component or 1,
                 element.subcomponent or 1)  # fmt: skip
        rule = covering.kept(place)
        if rule is None or not element.field:
            continue
        if KEPT_EXTENSION not in extensions:
            raise Refused(
                "MAP-0114",
                f"{rule.place}: rule {rule.id} keeps values, and package.yaml has no URL for them.",
                "Add extensions: {kept: https://…}.",
            )
        scope = segments[element.segment.index]
        holder = _holder(run, scope, rule)
        if holder is None:
            continue
        there = holder.setdefault("extension", [])
        assert isinstance(there, list)
        there.append(
            {
                "url": extensions[KEPT_EXTENSION],
                "extension": [
                    {"url": "place", "valueString": element.path},
                    {"url": "value", "valueString": element.value},
                ],
            }
        )
        _trace(run, element, scope, holder, len(there) - 1, rule)


def _holder(run: Run, scope: SegmentScope, rule: LedgerRule) -> Resource | None:
    """The latest instance of the rule's name in scope, else the first of the bundle."""
    found = scope.find(rule.on) if rule.on else []
    if found:
        return found[-1].resource
    return run.order[0].resource if run.order else None


def _trace(run: Run, element: Element, scope: SegmentScope, holder: Resource, index: int, rule: LedgerRule) -> None:
    component, subcomponent = element.component or 1, element.subcomponent or 1
    node = Node(element.raw, 3, scope, element.field, element.repetition, component, subcomponent)
    assert run.trace is not None  # only traced runs keep
    run.trace.append(Written(RuleName("keep", rule.id), (node,), False, holder, "extension", index, KEPT))
