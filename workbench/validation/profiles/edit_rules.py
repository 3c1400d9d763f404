"""The conditions of a profile by the place they speak of: which there are, and the profile with others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.validation.profiles.model import (
    Context,
    ContextBinding,
    Element,
    GroupUse,
    MessageProfile,
    Predicate,
    Profile,
    Scope,
    Statement,
)
from workbench.validation.profiles.places import Address, holding_type, item_at, segment_at

Rule = Predicate | Statement


def rules_at(profile: Profile, at: Address) -> tuple[Rule, ...]:
    """The predicates and conformance statements that are told at a place."""
    found: tuple[Rule, ...] = (*profile.predicates, *profile.statements)
    return tuple(rule for rule in found if points_at(profile, rule, at))


def contexts_of(profile: Profile, at: Address) -> tuple[tuple[Context, tuple[int, ...]], ...]:
    """What a rule about a place can be attached to, nearest first, each with the way from there to the place."""
    found: list[tuple[Context, tuple[int, ...]]] = []
    for depth in range(len(at.parts) - 1, -1, -1):
        kind = holding_type(profile, at._replace(parts=at.parts[: depth + 1]))
        found.append((Context(Scope.DATA_TYPE, kind), at.parts[depth:]))
    inside: tuple[int, ...] = ()
    if at.field:
        inside = (at.field, *at.parts)
        found.append((Context(Scope.SEGMENT, segment_at(profile, at).id), inside))
    for depth in range(len(at.members) - 1, -1, -1):
        holder = item_at(profile, Address(at.message, at.members[:depth]))
        if isinstance(holder, GroupUse | MessageProfile):
            scope = Scope.GROUP if isinstance(holder, GroupUse) else Scope.MESSAGE
            found.append((Context(scope, holder.id), at.members[depth:] + inside))
    return tuple(found)


def points_at(profile: Profile, rule: Rule | ContextBinding, at: Address) -> bool:
    """True when what is attached to an element has this place as its target."""
    wanted = tuple(step.place for step in rule.target.steps)
    return bool(wanted) and any(
        context.scope is rule.context.scope and way == wanted and _is_meant(profile, rule.context, context, at)
        for context, way in contexts_of(profile, at)
    )


def _is_meant(profile: Profile, meant: Context, context: Context, at: Address) -> bool:
    return meant.id == context.id if meant.id else meant.name in ("", _name_of(profile, context, at))


def _name_of(profile: Profile, context: Context, at: Address) -> str:
    match context.scope:
        case Scope.SEGMENT:
            return profile.segments[context.id].name
        case Scope.DATA_TYPE:
            return profile.data_types[context.id].name
        case Scope.MESSAGE:
            return profile.messages[at.message - 1].structure_id
    above = (item_at(profile, Address(at.message, at.members[:depth])) for depth in range(1, len(at.members) + 1))
    return next((item.name for item in above if isinstance(item, GroupUse) and item.id == context.id), "")


def new_predicate(profile: Profile, at: Address, **said: Any) -> Predicate:
    """A predicate about a field or part, attached to its segment or data type.

    raises  LookupError: a predicate cannot speak of this place
    """
    if not isinstance(item_at(profile, at), Element):
        raise LookupError("only fields and their parts have conditions")
    context, _way = contexts_of(profile, at)[0]
    return Predicate(context=context, **said)


def with_rule(profile: Profile, before: Rule | None, after: Rule | None) -> Profile:
    """The profile with one rule in place of another; no `before` adds one, no `after` takes it out."""
    new_predicates = (after,) if isinstance(after, Predicate) else ()
    new_statements = (after,) if isinstance(after, Statement) else ()
    if before is None:
        predicates = (*profile.predicates, *new_predicates)
        statements = (*profile.statements, *new_statements)
    else:
        predicates = tuple(e for rule in profile.predicates for e in (new_predicates if rule is before else (rule,)))
        statements = tuple(e for rule in profile.statements for e in (new_statements if rule is before else (rule,)))
    return replace(profile, predicates=predicates, statements=statements)
