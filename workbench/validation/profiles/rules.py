"""The rules of conformance profiles: V2-05xx. Rules V2-0559 to V2-0569 and V2-058x speak about the profile itself."""

from __future__ import annotations

from workbench.kernel.issues import IssueType, RuleSource, Severity
from workbench.validation.v2_rules import V2Rule
from workbench.validation.validator import RuleDefinition

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFORMATION
_SECTION = "2.B"


def _rule(
    number: str, severity: Severity, category: str, code: IssueType, title: str, template: str, explanation: str
) -> V2Rule:
    source = RuleSource("HL7 v2", "2.7", _SECTION)
    definition = RuleDefinition(f"V2-{number}", severity, title, explanation, source, category)
    return V2Rule(definition, code, template)


_ASK = "Have the sender fill the element, or ask for another usage in the profile."
_OURS = "Have the author of the profile correct it; the message is not to blame."

_USAGE = (
    _rule(
        "0500",
        _E,
        "Unexpected Message",
        IssueType.NOT_SUPPORTED,
        "The profile describes this kind of message.",
        "The profile {profile} does not describe {value}",
        "Choose the profile for this message, or correct MSH-9.",
    ),
    _rule("0501", _E, "Usage", IssueType.REQUIRED, "Elements with usage R are there.", "{name} is required (R)", _ASK),
    _rule(
        "0502",
        _W,
        "Usage",
        IssueType.REQUIRED,
        "Elements with usage RE are sent when they are known.",
        "{name} is missing; it is required when it is known (RE)",
        "Nothing is wrong when the sender does not know it; otherwise have the sender fill it.",
    ),
    _rule(
        "0503",
        _E,
        "Usage",
        IssueType.STRUCTURE,
        "Elements with usage X are not sent.",
        "{name} is not supported (X) and must not be sent",
        "Have the sender leave it out, or map it elsewhere.",
    ),
    _rule(
        "0504",
        _E,
        "Usage",
        IssueType.STRUCTURE,
        "Withdrawn elements (W) are not sent.",
        "{name} is withdrawn (W) and must not be sent",
        "Have the sender leave it out, or map it elsewhere.",
    ),
    _rule(
        "0505",
        _E,
        "Cardinality",
        IssueType.STRUCTURE,
        "Elements do not repeat more often than the profile allows.",
        "{name} stands here {count} times, allowed is {range}",
        "Look for a repetition that belongs elsewhere, or have the profile allow more.",
    ),
    _rule(
        "0506",
        _E,
        "Cardinality",
        IssueType.STRUCTURE,
        "Elements repeat as often as the profile demands.",
        "{name} stands here {count} times, demanded is {range}",
        _ASK,
    ),
    _rule(
        "0507",
        _E,
        "Cardinality",
        IssueType.STRUCTURE,
        'The null value "" stands alone in its field.',
        "{name} is null and has other repetitions beside it",
        "Send either the null value or the values that remain.",
    ),
)

_VALUES = (
    _rule(
        "0511",
        _W,
        "Length",
        IssueType.TOO_LONG,
        "Values have a length that the profile allows.",
        "{name} has {count} characters, allowed are {limits}",
        "Shorten the value, or have the profile allow more.",
    ),
    _rule(
        "0512",
        _W,
        "Length",
        IssueType.TOO_LONG,
        "Values that must not be cut stay within their conformance length.",
        "{name} has {count} characters; only {limit} are sure to be kept, and it must not be cut",
        "Shorten the value; a receiver may cut it without notice.",
    ),
    _rule(
        "0513",
        _E,
        "Format",
        IssueType.VALUE,
        "Values fit their data type.",
        "{name}: {value} is not a well-formed {type}",
        "Correct the value; dates are YYYYMMDD, times HHMM[SS], numbers have no blanks and no exponent.",
    ),
    _rule(
        "0514",
        _E,
        "Unescaped Separator",
        IssueType.STRUCTURE,
        "Primitive values hold no unescaped separators.",
        "{name} is primitive, but holds the separator {separator}",
        "Have the sender escape the separator, or check the data type.",
    ),
    _rule(
        "0515",
        _E,
        "Extra",
        IssueType.STRUCTURE,
        "Elements have no more parts than their definition.",
        "{name} has {count} parts, the profile defines {most}",
        "Look for an unescaped separator, or for a sender of a later version.",
    ),
    _rule(
        "0516",
        _E,
        "Constant Value",
        IssueType.VALUE,
        "Elements with a constant value have that value.",
        "{name} must be {constant} and is {value}",
        "Have the sender write the constant.",
    ),
    _rule(
        "0517",
        _E,
        "Unresolved Field Model",
        IssueType.STRUCTURE,
        "The data type of a varying field can be told.",
        "The data type of this field cannot be told: the profile has none for {value}",
        "Have the sender write a data type that the profile allows in the deciding field (OBX-2).",
    ),
)

_STRUCTURE = (
    _rule(
        "0521",
        _E,
        "Unexpected",
        IssueType.STRUCTURE,
        "Segments stand where the profile places them.",
        "The segment {name} has no place here",
        "Look for a segment out of order: what comes after it has no place either. Local segments need a place in the "
        "profile.",
    ),
    _rule(
        "0522",
        _E,
        "Invalid Content",
        IssueType.STRUCTURE,
        "Every line begins with a segment name.",
        "This line is no segment",
        "Look for a line break inside a value.",
    ),
)

_STATEMENTS = (
    _rule(
        "0531",
        _E,
        "Predicate Failure",
        IssueType.REQUIRED,
        "Conditional elements are there when their condition demands it.",
        "{name} is required here: {condition}",
        _ASK,
    ),
    _rule(
        "0532",
        _E,
        "Predicate Failure",
        IssueType.STRUCTURE,
        "Conditional elements are not there when their condition excludes it.",
        "This element must not be sent here, because the condition is not met: {condition}",
        "Have the sender leave it out, or look at the condition's own fields.",
    ),
    _rule(
        "0541",
        _E,
        "Constraint Failure",
        IssueType.INVARIANT,
        "Conformance statements (SHALL) are met.",
        "{statement}: {demand}",
        "Read the statement in the implementation guide and correct the value it speaks about.",
    ),
    _rule(
        "0542",
        _W,
        "Constraint Failure",
        IssueType.INVARIANT,
        "Conformance statements (SHOULD) are met.",
        "{statement}: {demand}",
        "Read the statement in the implementation guide; it is a recommendation.",
    ),
    _rule(
        "0571",
        _E,
        "Co-Constraint",
        IssueType.INVARIANT,
        "Co-constraints are met.",
        "{demand}",
        "Look at the segments whose code selects the row of the table.",
    ),
)

_CODES = (
    _rule(
        "0551",
        _E,
        "Code Not Found",
        IssueType.CODE_INVALID,
        "Codes are in the value set that is bound.",
        "{value} is not in {sets}",
        "Map the code, or have the value set extended.",
    ),
    _rule(
        "0552",
        _I,
        "Code Not Found",
        IssueType.CODE_INVALID,
        "Codes are in the value set that is suggested.",
        "{value} is not in {sets}, which is only suggested",
        "Nothing is wrong when both sides know the code.",
    ),
    _rule(
        "0553",
        _E,
        "Code Not Found",
        IssueType.CODE_INVALID,
        "Codes name their code system.",
        "{value} is in {sets}, but the code system is not given",
        "Have the sender name the code system beside the code.",
    ),
    _rule(
        "0554",
        _E,
        "Coded Element",
        IssueType.CODE_INVALID,
        "A code of a value set stands in one place of a coded element.",
        "More than one place of this element has a code of {sets}",
        "Have the sender write the other place from another code system.",
    ),
    _rule(
        "0555",
        _E,
        "EVS",
        IssueType.CODE_INVALID,
        "Excluded codes are not used.",
        "{value} is excluded from {set}",
        "Use another code of the set.",
    ),
    _rule(
        "0563",
        _I,
        "EVS",
        IssueType.CODE_INVALID,
        "Codes excluded from a suggested set are noted.",
        "{value} is excluded from {set}, which is only suggested",
        "Use another code of the set.",
    ),
    _rule(
        "0556",
        _I,
        "PVS",
        IssueType.INFORMATIONAL,
        "Permitted codes are noted.",
        "{value} is permitted, not required, in {set}",
        "Make sure that the receiver supports the code.",
    ),
    _rule(
        "0558",
        _E,
        "Single Code Failure",
        IssueType.CODE_INVALID,
        "Elements with a fixed code hold it, in one place.",
        "The code must be {code} of {system}; found was {value}",
        "Have the sender write that code.",
    ),
)

_PROFILE = (
    _rule(
        "0557",
        _I,
        "VS Error",
        IssueType.INFORMATIONAL,
        "Closed value sets have no permitted codes.",
        "{value} is permitted in {set}, which is closed; it cannot be both",
        _OURS,
    ),
    _rule(
        "0559",
        _I,
        "Undetermined Binding Strength",
        IssueType.INFORMATIONAL,
        "Bindings say how strong they are.",
        "The binding to {sets} has no strength; its codes are not judged strictly",
        _OURS,
    ),
    _rule(
        "0560",
        _I,
        "VS Not Found",
        IssueType.INCOMPLETE,
        "Value sets that are named are there.",
        "The value set {set} is not in the profile; the code was not checked",
        "Add the value set to the profile.",
    ),
    _rule(
        "0561",
        _I,
        "Excluded From Validation",
        IssueType.INFORMATIONAL,
        "The profile can be read as a whole.",
        "In the profile, {place}: {reason}",
        _OURS,
    ),
    _rule(
        "0581",
        _I,
        "Length Spec Error",
        IssueType.INCOMPLETE,
        "Elements have a length or a conformance length, and not both.",
        "The profile gives {name} no usable length; the length was not checked",
        _OURS,
    ),
    _rule(
        "0582",
        _I,
        "Constraint Spec Error",
        IssueType.INCOMPLETE,
        "Conformance statements can be evaluated.",
        "The statement {statement} was not decided: {reason}",
        _OURS,
    ),
    _rule(
        "0583",
        _I,
        "Predicate Spec Error",
        IssueType.INCOMPLETE,
        "Predicates can be evaluated.",
        "The predicate {statement} was not decided: {reason}",
        _OURS,
    ),
    _rule(
        "0584",
        _I,
        "Co-Constraint Spec Error",
        IssueType.INCOMPLETE,
        "Co-constraints can be evaluated.",
        "A co-constraint was not decided: {reason}",
        _OURS,
    ),
)

_ALL = (*_USAGE, *_VALUES, *_STRUCTURE, *_STATEMENTS, *_CODES, *_PROFILE)

PROFILE_RULES = {rule.definition.id: rule for rule in _ALL}
"""Every rule by its id."""

RULES: tuple[RuleDefinition, ...] = tuple(rule.definition for rule in _ALL)
