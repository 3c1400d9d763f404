"""The rules for HL7 v2 messages: V2-00xx whole message, 01xx structure, 02xx presence, 03xx values, 04xx codes.

Ids are stable and never used again for something else. V2-0001 to V2-0009 are refusals, not rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.kernel.issues import IssueType, RuleSource, Severity
from workbench.validation.validator import RuleDefinition


@dataclass(frozen=True, slots=True)
class V2Rule:
    """A rule with the sentence its findings are told in.

    code      FHIR issue type of the findings
    template  sentence with `{name}` places; `{value}` alone may hold patient data
    """

    definition: RuleDefinition
    code: IssueType
    template: str


DISPUTED = " (compilations of the standard differ on this point)"
OTHER_VERSIONS = " (the codes of all versions were used: those of this version alone are not known)"
NOT_STATED = " (the version does not state it, but the value means nothing without)"
PARTS_ALLOW_MORE = " (the standard contradicts itself here: the parts of the value may be longer together)"
"""Ends of sentences that are less than certain; an error with one of them is a warning, the last is information."""

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFORMATION


_CATEGORIES = {
    **dict.fromkeys(("0010", "0011", "0012", "0015"), "Character Set"),
    **dict.fromkeys(("0013", "0019"), "Delimiters"),
    **dict.fromkeys(("0014", "0016", "0017", "0018"), "Message Type"),
    **dict.fromkeys(("0101", "0102", "0201", "0202", "0204", "0208"), "Usage"),
    **dict.fromkeys(("0103", "0203", "0209"), "Cardinality"),
    **dict.fromkeys(("0104", "0105", "0106", "0107"), "Unexpected"),
    "0108": "Invalid Content",
    **dict.fromkeys(("0205", "0206", "0207"), "Extra"),
    **dict.fromkeys(("0210", "0211"), "Unresolved Field Model"),
    **dict.fromkeys(("0020", "0021"), "Message Type"),
    **dict.fromkeys(("0212", "0213"), "Usage"),
    "0314": "Format",
    "0301": "Length",
    **dict.fromkeys(("0302", "0303", "0304", "0305", "0306", "0311"), "Format"),
    "0307": "Unescaped Separator",
    **dict.fromkeys(("0308", "0309", "0310"), "Escape"),
    "0312": "Encoding",
    "0313": "Check Digit",
    **dict.fromkeys(("0401", "0402", "0403"), "Code Not Found"),
}
"""The words that conformance tools use for findings of a rule; those they have none for got one of ours."""


def v2_rule(
    number: str, severity: Severity, code: IssueType, title: str, template: str, explanation: str, section: str
) -> V2Rule:
    """A rule of this book by the four digits of its id; `section` is that of HL7 v2.5.1."""
    source = RuleSource("HL7 v2", "2.5.1", section)
    definition = RuleDefinition(f"V2-{number}", severity, title, explanation, source, _CATEGORIES.get(number, ""))
    return V2Rule(definition, code, template)


_ALL = (
    v2_rule(
        "0010",
        _W,
        IssueType.VALUE,
        "The bytes are in the character set of MSH-18.",
        "MSH-18 declares {declared}, but the bytes are {found}; the message was read as {found}",
        "Let the sender write MSH-18 as it encodes, or encode as it writes MSH-18.",
        "2.15.9.18",
    ),
    v2_rule(
        "0011",
        _E,
        IssueType.VALUE,
        "Every byte can be read in the message's character set.",
        "{count} bytes cannot be read as {encoding}",
        "Find out which character set the sender uses and have it declared in MSH-18.",
        "2.15.9.18",
    ),
    v2_rule(
        "0012",
        _W,
        IssueType.VALUE,
        "Values hold printable characters only.",
        "The segment holds the control character {character}",
        "Have the sender remove control characters or write them as \\Xhh\\.",
        "2.7.2",
    ),
    v2_rule(
        "0013",
        _E,
        IssueType.STRUCTURE,
        "MSH-1 and MSH-2 declare four distinct delimiters and, from 2.7 on, perhaps a fifth.",
        "The encoding characters are {reason}",
        "Use |^~\\& unless both sides agreed on others.",
        "2.5.4",
    ),
    v2_rule(
        "0014",
        _W,
        IssueType.NOT_SUPPORTED,
        "MSH-12 names a version of the standard.",
        "{value} is no published version; the message was checked against {nearest}",
        "Write one of 2.1 to 2.9 in MSH-12.1.",
        "2.15.9.12",
    ),
    v2_rule(
        "0015",
        _W,
        IssueType.VALUE,
        "Characters outside ASCII need a declared character set.",
        "The message holds characters outside ASCII, but MSH-18 is empty; it was read as {encoding}",
        "Have the sender fill MSH-18.",
        "2.15.9.18",
    ),
    v2_rule(
        "0016",
        _W,
        IssueType.NOT_SUPPORTED,
        "MSH-9 names a message whose structure is known.",
        "Version {version} has no structure for {value}; order and number of segments were not checked",
        "Correct MSH-9, or describe a local message in a profile.",
        "2.15.9.9",
    ),
    v2_rule(
        "0017",
        _W,
        IssueType.CONFLICT,
        "MSH-9.3 is the structure of the message code and trigger event.",
        "The structure of {message} is {expected}, not {stated}",
        "Correct MSH-9.3; receivers that trust it read the message by the wrong structure.",
        "2.15.9.9",
    ),
    v2_rule(
        "0018",
        _W,
        IssueType.CONFLICT,
        "EVN-1 repeats the trigger event of MSH-9.2.",
        "EVN-1 says {value}, MSH-9.2 says {trigger}",
        "Correct one of the two; receivers differ in which they believe.",
        "3.4.1.1",
    ),
    v2_rule(
        "0019",
        _W,
        IssueType.STRUCTURE,
        "The truncation character is declared from 2.7 on only.",
        "MSH-2 declares a fifth character, the truncation character of 2.7, in a message of {version}",
        "Receivers of earlier versions may refuse five characters; let the sender write four.",
        "2.5.5.2",
    ),
    v2_rule(
        "0101",
        _E,
        IssueType.REQUIRED,
        "Required segments are there.",
        "{structure} requires {segment}{where}",
        "Have the sender send the segment.",
        "2.13",
    ),
    v2_rule(
        "0102",
        _E,
        IssueType.REQUIRED,
        "Required groups are there.",
        "{structure} requires at least one group {group}{where}",
        "Have the sender send the segments of the group.",
        "2.13",
    ),
    v2_rule(
        "0103",
        _E,
        IssueType.STRUCTURE,
        "Segments and groups stand no more often than allowed.",
        "{structure} allows no more than {most} {name}{where}",
        "Remove the surplus, or send it in a message of its own.",
        "2.13",
    ),
    v2_rule(
        "0104",
        _E,
        IssueType.STRUCTURE,
        "Segments stand in the order of the structure.",
        "{segment} is out of place: {structure} has it elsewhere",
        "Have the sender put the segment where the structure has it.",
        "2.13",
    ),
    v2_rule(
        "0105",
        _E,
        IssueType.STRUCTURE,
        "Segments belong to the message's structure.",
        "{structure} has no segment {segment}",
        "Remove the segment, or agree on it in a profile.",
        "2.13",
    ),
    v2_rule(
        "0106",
        _E,
        IssueType.STRUCTURE,
        "Segments are known to the version.",
        "HL7 v{version} has no segment {segment}",
        "Correct the name; local segments begin with Z.",
        "2.5.2",
    ),
    v2_rule(
        "0107",
        _I,
        IssueType.INFORMATIONAL,
        "Local segments are agreed between sender and receiver.",
        "{segment} is a local segment; it was not checked",
        "Describe it in a profile to have it checked.",
        "2.11",
    ),
    v2_rule(
        "0108",
        _E,
        IssueType.STRUCTURE,
        "Every line begins with a segment name of three characters and a field separator.",
        "The line is no segment",
        "Look for a line break inside a value; it must be written as \\.br\\ or \\X0D\\.",
        "2.5.2",
    ),
    v2_rule(
        "0201",
        _E,
        IssueType.REQUIRED,
        "Required fields have a value.",
        "{field} {name} is required",
        "Have the sender fill the field.",
        "2.5.3",
    ),
    v2_rule(
        "0202",
        _W,
        IssueType.REQUIRED,
        'Required fields are not deleted with "".',
        '{field} {name} is required, but holds the null value ""',
        "Send the value; the null value asks the receiver to delete what it must have.",
        "2.5.3",
    ),
    v2_rule(
        "0203",
        _E,
        IssueType.STRUCTURE,
        "Fields repeat no more often than allowed.",
        "{field} {name} has {count} repetitions; no more than {most} are allowed",
        "Send one value, or the allowed number of them.",
        "2.5.3",
    ),
    v2_rule(
        "0204",
        _W,
        IssueType.STRUCTURE,
        "Withdrawn fields are empty.",
        "{field} {name} was withdrawn from the standard",
        "Have the sender use the field's successor.",
        "2.8.4",
    ),
    v2_rule(
        "0205",
        _W,
        IssueType.STRUCTURE,
        "Segments have no more fields than their definition.",
        "{segment} has {most} fields in HL7 v{version}; field {number} is beyond them",
        "Look for an unescaped field separator, or for a sender of a later version than MSH-12 says.",
        "2.8.2",
    ),
    v2_rule(
        "0206",
        _W,
        IssueType.STRUCTURE,
        "Values have no more components than their data type.",
        "{type} has {most} components; this value has {count}",
        "Look for an unescaped component separator, or for a sender of a later version.",
        "2.8.2",
    ),
    v2_rule(
        "0207",
        _W,
        IssueType.STRUCTURE,
        "Components have no more subcomponents than their data type.",
        "{type} has {most} subcomponents; this component has {count}",
        "Look for an unescaped subcomponent separator, or for a sender of a later version.",
        "2.8.2",
    ),
    v2_rule(
        "0208",
        _E,
        IssueType.REQUIRED,
        "Required components have a value.",
        "{type}.{number} {name} is required",
        "Have the sender fill the component.",
        "2.5.3.3",
    ),
    v2_rule(
        "0209",
        _W,
        IssueType.STRUCTURE,
        'The null value "" stands alone in its field.',
        'The null value "" stands beside other repetitions',
        "Send either the null value or the values that remain.",
        "2.5.3",
    ),
    v2_rule(
        "0210",
        _E,
        IssueType.REQUIRED,
        "OBX-2 says what OBX-5 is.",
        "OBX-5 has a value, but OBX-2 is empty; its data type is not known",
        "Have the sender fill OBX-2.",
        "7.4.2.2",
    ),
    v2_rule(
        "0211",
        _E,
        IssueType.NOT_SUPPORTED,
        "OBX-2 names a data type of the version.",
        "HL7 v{version} has no data type {value}; OBX-5 was not checked",
        "Use a data type of table 0125 in OBX-2.",
        "7.4.2.2",
    ),
    v2_rule(
        "0301",
        _W,
        IssueType.TOO_LONG,
        "Values are not longer than their element.",
        "{name} may have {most} characters and has {count}",
        "Shorten the value, or agree on a length in a profile; receivers may cut it.",
        "2.5.3.2",
    ),
    v2_rule(
        "0302",
        _E,
        IssueType.VALUE,
        "NM values are numbers.",
        "{value} is not a number (NM)",
        "Write digits with an optional sign and point, without blanks, comparators or exponent.",
        "2.A.47",
    ),
    v2_rule(
        "0303",
        _E,
        IssueType.VALUE,
        "SI values are non-negative integers.",
        "{value} is not a sequence number (SI)",
        "Write digits only.",
        "2.A.69",
    ),
    v2_rule(
        "0304",
        _E,
        IssueType.VALUE,
        "DT values are dates of the calendar.",
        "{value} is not a date (DT)",
        "Write YYYY, YYYYMM or YYYYMMDD.",
        "2.A.21",
    ),
    v2_rule(
        "0305",
        _E,
        IssueType.VALUE,
        "TM values are times of the day.",
        "{value} is not a time (TM)",
        "Write HH[MM[SS[.S[S[S[S]]]]]] and perhaps a zone such as +0100.",
        "2.A.75",
    ),
    v2_rule(
        "0306",
        _E,
        IssueType.VALUE,
        "DTM and TS values are dates and times of the calendar.",
        "{value} is not a date and time (DTM)",
        "Write YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]] and perhaps a zone such as +0100.",
        "2.A.22",
    ),
    v2_rule(
        "0307",
        _E,
        IssueType.STRUCTURE,
        "Primitive values hold no unescaped separators.",
        "{type} is a primitive data type, but the value is divided by {separator}",
        "Have the sender escape the separator (\\S\\, \\T\\), or check the data type.",
        "2.7.1",
    ),
    v2_rule(
        "0308",
        _E,
        IssueType.STRUCTURE,
        "Escape sequences are closed.",
        "The escape character at character {at} of the value begins no closed escape sequence",
        "Have the sender escape the escape character itself (\\E\\).",
        "2.7",
    ),
    v2_rule(
        "0309",
        _W,
        IssueType.VALUE,
        "Escape sequences are those of the standard.",
        "The escape sequence {value} is not one of the standard",
        "Use the sequences of section 2.7; local ones begin with Z.",
        "2.7.1",
    ),
    v2_rule(
        "0310",
        _E,
        IssueType.VALUE,
        "Hexadecimal escape sequences hold pairs of hexadecimal digits.",
        "The escape sequence {value} holds no pairs of hexadecimal digits",
        "Write two digits for each byte, such as \\X0D\\.",
        "2.7.6",
    ),
    v2_rule(
        "0311",
        _E,
        IssueType.VALUE,
        "SN values are comparator, number, separator, number.",
        "{value} is not a structured numeric (SN)",
        "Use one of > < >= <= = <> as comparator and one of - + / . : as separator.",
        "2.A.71",
    ),
    v2_rule(
        "0312",
        _E,
        IssueType.VALUE,
        "Encapsulated data are in the encoding of ED.4.",
        "The data are not {encoding}",
        "Have the sender encode the data as it says; look for line breaks and cut values.",
        "2.A.24",
    ),
    v2_rule(
        "0313",
        _E,
        IssueType.VALUE,
        "Check digits fit their identifier.",
        "The check digit does not fit the identifier by scheme {scheme}",
        "Look for a mistyped or cut identifier.",
        "2.A.14.2",
    ),
    v2_rule(
        "0401",
        _W,
        IssueType.CODE_INVALID,
        "Codes are those of the HL7 table.",
        "{value} is not in HL7 table {table} {title}",
        "Map the local code to a code of the table.",
        "2.5.3.6",
    ),
    v2_rule(
        "0402",
        _I,
        IssueType.CODE_INVALID,
        "Codes are among those suggested by the user-defined table.",
        "{value} is not among the suggested values of table {table} {title}",
        "Nothing is wrong when the site has agreed on its own codes; a profile can name them.",
        "2.5.3.6",
    ),
    v2_rule(
        "0403",
        _I,
        IssueType.CODE_INVALID,
        "Coded elements use the table of the field or name another system.",
        "{value} is not in table {table} {title}, and no other coding system is named",
        "Have the sender name the coding system of a local code in the third component.",
        "2.A.13",
    ),
)

V2_RULES = {rule.definition.id: rule for rule in _ALL}
"""Every rule by its id."""

RULES: tuple[RuleDefinition, ...] = tuple(rule.definition for rule in _ALL)
