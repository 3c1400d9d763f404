"""From the parts of a package to plain values, the inverse of `reading`: for files, the journal and fingerprints."""

from __future__ import annotations

from workbench.mapping.model import (
    Group,
    Header,
    Json,
    LedgerRule,
    MessageMap,
    Null,
    Policy,
    Raise,
    Repeat,
    Row,
    Rule,
    RuleMap,
    Standard,
    TransformCall,
    Unmapped,
    Write,
)
from workbench.mapping.update_rules import plain_updates

Plain = dict[str, Json]


def plain_rule(rule: Rule) -> Plain:
    """The rule with the keys of the language, in the language's order; what is usual is left out."""
    return _given(
        {
            "id": rule.id,
            "from": _one_or_many(rule.source),
            "to": rule.target,
            "using": rule.using,
            "codes": rule.codes,
            "unmapped": _unmapped(rule.unmapped),
            "literal": rule.literal,
            "default": rule.default,
            "transform": _transforms(rule.transform),
            "when": rule.when,
            "repeat": "" if rule.repeat is Repeat.EACH else str(rule.repeat),
            "join": rule.join,
            "preset": dict(rule.preset),
            "make": rule.make,
            "as": rule.instance,
            "identity": _one_or_many(rule.identity),
            "write": "" if rule.write is Write.UPDATE else str(rule.write),
            "reference": rule.reference,
            "null": "" if rule.null is Null.OMIT else str(rule.null),
            "accounts-for": _one_or_many(rule.accounts_for),
            "raise": _raise(rule.raises),
            "rules": [plain_rule(child) for child in rule.rules],
            "first-of": [plain_rule(child) for child in rule.first_of],
            "status": rule.status and str(rule.status),
            "cite": rule.cite,
            "note": rule.note,
            "enabled": None if rule.enabled else False,
            "remove": rule.remove or None,
            "after": rule.after,
        }
    )


def plain_row(row: Row) -> Plain:
    """As `plain_rule`, for a row of a message map."""
    return _given(
        {
            "id": row.id,
            "from": row.source,
            "within": row.within,
            "make": row.make,
            "fill": row.fill,
            "group": row.group,
            "as": row.instance,
            "using": _one_or_many(row.using),
            "when": row.when,
            "follows": row.follows,
            "each": row.each,
            "identity": _one_or_many(row.identity),
            "write": "" if row.write is Write.UPDATE else str(row.write),
            "link": dict(row.link),
            "raise": _raise(row.raises),
            "status": row.status and str(row.status),
            "cite": row.cite,
            "note": row.note,
            "enabled": None if row.enabled else False,
            "remove": row.remove or None,
            "after": row.after,
        }
    )


def plain_ledger_rule(rule: LedgerRule) -> Plain:
    return _given(
        {
            "id": rule.id,
            "from": _one_or_many(rule.source),
            "on": rule.on,
            "reason": rule.reason,
            "by": rule.by,
            "when": rule.when,
        }
    )


def plain_rule_map(rule_map: RuleMap) -> Plain:
    return _given(
        {
            "map": rule_map.name,
            "title": rule_map.title,
            "from": rule_map.source,
            "to": rule_map.target,
            "cite": rule_map.cite,
            "note": rule_map.note,
            "rules": [plain_rule(rule) for rule in rule_map.rules],
            "ignore": [plain_ledger_rule(rule) for rule in rule_map.ignore],
            "keep": [plain_ledger_rule(rule) for rule in rule_map.keep],
        }
    )


def plain_message_map(message_map: MessageMap) -> Plain:
    return _given(
        {
            "map": message_map.name,
            "title": message_map.title,
            "for": list(message_map.triggers),
            "structures": list(message_map.structures),
            "when": message_map.when,
            "include": list(message_map.include),
            "cite": message_map.cite,
            "note": message_map.note,
            "groups": {group.name: plain_group(group) for group in message_map.groups},
            "rows": [plain_row(row) for row in message_map.rows],
            "ignore": [plain_ledger_rule(rule) for rule in message_map.ignore],
            "keep": [plain_ledger_rule(rule) for rule in message_map.keep],
        }
    )


def plain_header(header: Header) -> Plain:
    return _given(
        {
            "id": header.id,
            "title": header.title,
            "version": header.version,
            "owner": header.owner,
            "direction": str(header.direction),
            "source": _standard(header.source),
            "target": _standard(header.target),
            "status": str(header.status),
            "extends": header.extends,
            "unmapped": _unmapped(header.unmapped),
            "copy": None if header.copy else False,
            "time-zone": header.time_zone,
            "sender": header.sender,
            "identity": header.identity,
            "extensions": dict(header.extensions),
            "ignore": [plain_ledger_rule(rule) for rule in header.ignore],
            "keep": [plain_ledger_rule(rule) for rule in header.keep],
            "engines": list(header.engines),
            "suites": list(header.suites),
            "truth": dict(header.truth),
            "updates": plain_updates(header.updates),
            "note": header.note,
        }
    )


def _given(entries: Plain) -> Plain:
    """Without what says nothing; False and an empty `join` or literal do say something."""
    return {
        key: value
        for key, value in entries.items()
        if not (value is None or value == [] or value == {} or (value == "" and key not in ("join", "literal")))
    }


def _one_or_many(texts: tuple[str, ...]) -> Json:
    return texts[0] if len(texts) == 1 else list(texts)


def _unmapped(unmapped: Unmapped | None) -> Json:
    if unmapped is None:
        return None
    if unmapped.policy in (Policy.DEFAULT, Policy.PREFIX):
        return {str(unmapped.policy): unmapped.text}
    return str(unmapped.policy)


def _transforms(calls: tuple[TransformCall, ...]) -> Json:
    items = [_transform(call) for call in calls]
    return items[0] if len(items) == 1 else items


def _transform(call: TransformCall) -> Json:
    if not call.arguments:
        return call.name
    return {call.name: call.arguments[""] if "" in call.arguments else dict(call.arguments)}


def _raise(raises: Raise | None) -> Json:
    return None if raises is None else {"severity": raises.severity, "text": raises.text}


def plain_group(group: Group) -> Plain:
    plain: Plain = {"starts": _one_or_many(group.starts)}
    if group.within:
        plain["within"] = group.within
    if group.holds is not None:
        plain["holds"] = list(group.holds)
    return plain


def _standard(standard: Standard) -> Plain:
    return _given({"standard": standard.name, "version": standard.version})
