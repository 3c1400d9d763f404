"""A rule as the texts of an editor, and back. Qt-free.

Only what the editor shows is changed; presets, blocks and everything else of the rule stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal

from workbench.gui.models.rule_tree import literal_text
from workbench.kernel.errors import Refused
from workbench.mapping.model import Null, Policy, Repeat, Row, Rule, RuleStatus, Unmapped, Write

JOINT = " + "
"""Between several sources that are joined; no source can hold it."""


@dataclass(frozen=True, slots=True)
class RuleFields:
    """What the editor shows of a rule; every field is a text."""

    source: str = ""
    target: str = ""
    using: str = ""
    codes: str = ""
    literal: str = ""
    default: str = ""
    when: str = ""
    unmapped: str = ""
    repeat: str = ""
    join: str = ""
    null: str = ""
    make: str = ""
    instance: str = ""
    reference: str = ""
    status: str = ""
    cite: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RowFields:
    """What the editor shows of a row of a message map; every field is a text."""

    source: str = ""
    make: str = ""
    fill: str = ""
    instance: str = ""
    using: str = ""
    when: str = ""
    follows: str = ""
    each: str = ""
    identity: str = ""
    link: str = ""
    write: str = ""
    status: str = ""
    cite: str = ""
    note: str = ""


_PLAIN = ("target", "using", "codes", "when", "make", "instance", "reference", "cite", "note")


def fields_of(rule: Rule) -> RuleFields:
    return RuleFields(
        source=JOINT.join(rule.source),
        literal="" if rule.literal is None else literal_text(rule.literal),
        default="" if rule.default is None else literal_text(rule.default),
        unmapped=_unmapped_text(rule.unmapped),
        repeat="" if rule.repeat is Repeat.EACH else str(rule.repeat),
        join=""
        if rule.join is None
        else f"“{rule.join}”"
        if rule.join != rule.join.strip() or not rule.join
        else rule.join,
        null="" if rule.null is Null.OMIT else str(rule.null),
        status=str(rule.status or ""),
        **{name: getattr(rule, name) for name in _PLAIN},
    )


def row_fields_of(row: Row) -> RowFields:
    return RowFields(
        source=row.source,
        make=row.make,
        fill=row.fill,
        instance=row.instance,
        using=", ".join(row.using),
        when=row.when,
        follows=row.follows,
        each=row.each,
        identity=", ".join(row.identity),
        link=", ".join(f"{path}: {name}" for path, name in row.link.items()),
        write="" if row.write is Write.UPDATE else str(row.write),
        status=str(row.status or ""),
        cite=row.cite,
        note=row.note,
    )


def with_fields(rule: Rule, given: RuleFields) -> Rule:
    """The rule as the editor now says it.

    raises  Refused GUI-0010: a policy that does not exist
    """
    shown = fields_of(rule)
    changed = {field.name: getattr(given, field.name) for field in fields(given)}
    changed = {name: text.strip() for name, text in changed.items() if text.strip() != getattr(shown, name).strip()}
    values: dict[str, object] = dict(changed)
    for name, read in _RULE_READERS.items():
        if name in changed:
            values[name] = read(changed[name])
    return replace(rule, **values)  # type: ignore[arg-type]  # names and types are those of RuleFields


def with_row_fields(row: Row, given: RowFields) -> Row:
    """The row as the editor now says it.

    raises  Refused GUI-0024: a link without the name it leads to
    """
    shown = row_fields_of(row)
    changed = {field.name: getattr(given, field.name) for field in fields(given)}
    changed = {name: text.strip() for name, text in changed.items() if text.strip() != getattr(shown, name).strip()}
    values: dict[str, object] = dict(changed)
    for name, read in _ROW_READERS.items():
        if name in changed:
            values[name] = read(changed[name])
    return replace(row, **values)  # type: ignore[arg-type]  # names and types are those of RowFields


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


def _join(text: str) -> str | None:
    """A text in typographic quotation marks keeps its blanks: `“, ”`."""
    return text[1:-1] if text.startswith("“") and text.endswith("”") and len(text) > 1 else text or None


def _sources(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(JOINT.strip()) if part.strip())


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _links(text: str) -> dict[str, str]:
    found = {}
    for part in _list(text):
        path, colon, name = part.partition(":")
        if not colon or not name.strip():
            raise Refused(
                "GUI-0024",
                f"“{part}” is no link.",
                "Say the element and the name of what it refers to, as in `subject: patient, encounter: visit`.",
            )
        found[path.strip()] = name.strip()
    return found


_RULE_READERS: Mapping[str, Callable[[str], object]] = {
    "source": _sources,
    "literal": _literal,
    "default": _literal,
    "unmapped": _unmapped,
    "repeat": lambda text: Repeat(text) if text else Repeat.EACH,
    "join": _join,
    "null": lambda text: Null(text) if text else Null.OMIT,
    "status": lambda text: RuleStatus(text) if text else None,
}
_ROW_READERS: Mapping[str, Callable[[str], object]] = {
    "using": _list,
    "identity": _list,
    "link": _links,
    "write": lambda text: Write(text) if text else Write.UPDATE,
    "status": lambda text: RuleStatus(text) if text else None,
}
