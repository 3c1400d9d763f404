"""A rule as the texts of an editor, and back. Qt-free.

Only what the editor shows is changed; presets, blocks and everything else of the rule stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal

from workbench.gui.models.rule_tree import literal_text
from workbench.kernel.errors import Refused
from workbench.mapping.model import Policy, Rule, RuleStatus, Unmapped

JOINT = " + "
"""Between several sources that are joined; no source can hold it."""


@dataclass(frozen=True, slots=True)
class RuleFields:
    """What the editor shows; every field is a text."""

    source: str = ""
    target: str = ""
    using: str = ""
    codes: str = ""
    literal: str = ""
    when: str = ""
    unmapped: str = ""
    status: str = ""
    cite: str = ""
    note: str = ""


def fields_of(rule: Rule) -> RuleFields:
    return RuleFields(
        source=JOINT.join(rule.source),
        target=rule.target,
        using=rule.using,
        codes=rule.codes,
        literal="" if rule.literal is None else literal_text(rule.literal),
        when=rule.when,
        unmapped=_unmapped_text(rule.unmapped),
        status=str(rule.status or ""),
        cite=rule.cite,
        note=rule.note,
    )


def with_fields(rule: Rule, given: RuleFields) -> Rule:
    """The rule as the editor now says it.

    raises  Refused GUI-0010: a policy that does not exist
    """
    changed = {
        field.name for field in fields(given) if getattr(given, field.name) != getattr(fields_of(rule), field.name)
    }
    values: dict[str, object] = {name: getattr(given, name).strip() for name in changed}
    if "source" in changed:
        values["source"] = tuple(part.strip() for part in given.source.split(JOINT.strip()) if part.strip())
    if "literal" in changed:
        values["literal"] = _literal(given.literal.strip())
    if "unmapped" in changed:
        values["unmapped"] = _unmapped(given.unmapped.strip())
    if "status" in changed:
        values["status"] = RuleStatus(given.status) if given.status else None
    return replace(rule, **values)  # type: ignore[arg-type]  # names and types are those of RuleFields


def new_id(target: str, source: str, taken: Mapping[str, object] | frozenset[str]) -> str:
    """A readable id that the map does not have yet: `pid-8-gender`."""
    words = [part for part in (source.lower().split("|")[0].strip(), target.split(".")[0]) if part]
    stem = "-".join("".join(c if c.isalnum() else "-" for c in word).strip("-") for word in words) or "rule"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name


def _literal(text: str) -> object:
    """Structures, numbers and truth values are JSON; anything else is itself."""
    if not text:
        return None
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def _unmapped_text(unmapped: Unmapped | None) -> str:
    if unmapped is None:
        return ""
    return f"{unmapped.policy}: {unmapped.text}" if unmapped.text else str(unmapped.policy)


def _unmapped(text: str) -> Unmapped | None:
    if not text:
        return None
    policy, _, rest = text.partition(":")
    try:
        return Unmapped(Policy(policy.strip()), rest.strip())
    except ValueError:
        raise Refused(
            "GUI-0010",
            f"“{policy.strip()}” is no policy for unmapped codes.",
            f"Choose one of {', '.join(Policy)}; default and prefix take a text, as in `default: unknown`.",
        ) from None
