"""Rules about several values of an HL7 v2 message that must agree with one another."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.kernel.issues import IssueType, Severity
from workbench.validation.v2_rules import V2_RULES, V2Rule, v2_rule
from workbench.validation.validator import RuleDefinition

_E, _W = Severity.ERROR, Severity.WARNING

_ALL = (
    v2_rule(
        "0020",
        _W,
        IssueType.CODE_INVALID,
        "MSH-9.1 is a message code of the standard.",
        "{value} is no message code of HL7 v{version}; the message was judged by its structure {structure}",
        "Correct MSH-9; receivers route by code and trigger event. Codes of a site begin with Z.",
        "2.15.9.9",
    ),
    v2_rule(
        "0021",
        _W,
        IssueType.CODE_INVALID,
        "MSH-9.2 is a trigger event of the standard.",
        "{value} is no trigger event of HL7 v{version}; the message was judged by its structure {structure}",
        "Correct MSH-9.2; events of a site begin with Z.",
        "2.15.9.9",
    ),
    v2_rule(
        "0212",
        _W,
        IssueType.REQUIRED,
        "Required fields hold more than blanks.",
        "{field} {name} is required, but holds only blanks",
        "Have the sender fill the field.",
        "2.5.3",
    ),
    v2_rule(
        "0213",
        _W,
        IssueType.REQUIRED,
        "A universal id and its type stand together.",
        "{type}.{there} has a value, {type}.{missing} has none",
        "Have the sender write both, such as 1.2.840.113619 and ISO, or neither.",
        "2.A.33",
    ),
    v2_rule(
        "0314",
        _W,
        IssueType.VALUE,
        "A universal id of type ISO is an object identifier.",
        "{value} is no object identifier, though its type is ISO",
        "Write numbers divided by points, the first 0, 1 or 2, or another type.",
        "2.A.33",
    ),
    v2_rule(
        "0320",
        _W,
        IssueType.VALUE,
        "Set ids count the segments of their name from 1.",
        "The set id is {value} where {expected} would follow",
        "Have the sender number the segments 1, 2, 3 … and begin again with a new group; receivers use the set id to "
        "tell which segment an update means.",
        "2.5.2",
    ),
    v2_rule(
        "0321",
        _W,
        IssueType.CONFLICT,
        "ORC and OBR of one order have the same placer and filler numbers.",
        "{field} is not the number of {other}",
        "Correct one of the two; receivers differ in which they file the result under.",
        "4.5.1.2",
    ),
    v2_rule(
        "0322",
        _W,
        IssueType.CONFLICT,
        "What ends does not end before it begins.",
        "{end} is before {start}",
        "Look for exchanged fields, or a time in another zone without its offset.",
        "2.A.22",
    ),
)

ACROSS_RULES: Mapping[str, V2Rule] = {rule.definition.id: rule for rule in _ALL}
EVERY_RULE: Mapping[str, V2Rule] = {**V2_RULES, **ACROSS_RULES}
"""The rules of `validate_message` by their ids."""

RULES: tuple[RuleDefinition, ...] = tuple(rule.definition for rule in _ALL)
