"""The rules of constraints, profiles, slicing and extensions."""

from __future__ import annotations

from workbench.kernel.issues import IssueType, Severity
from workbench.validation.fhir_rule import RuleBook

_book = RuleBook()
_rule = _book.rule

INVARIANT = _rule(
    "1001",
    IssueType.INVARIANT,
    "An element meets the constraints its type and its profiles put on it.",
    "Constraint {key} is not met: {human}",
    "The constraint is FHIRPath in the definition of the element; `workbench fhirpath` shows what its parts give.",
    "conformance-rules.html#constraints",
)
INVARIANT_WARNING = _rule(
    "1002",
    IssueType.INVARIANT,
    "An element meets the constraints that are recommended for it.",
    "Constraint {key} is not met: {human}",
    "Nothing must be corrected; the constraint says what is better.",
    "conformance-rules.html#constraints",
    Severity.WARNING,
)
NOT_EVALUATED = _rule(
    "1003",
    IssueType.NOT_SUPPORTED,
    "The constraints of a definition can be evaluated.",
    "Constraint {key} was not evaluated: its expression does not fit here.",
    "Correct what else is wrong in the element; else the expression of the definition is defective.",
    "conformance-rules.html#constraints",
    Severity.INFORMATION,
)

UNKNOWN_PROFILE = _rule(
    "1101",
    IssueType.NOT_FOUND,
    "A profile that a resource names is loaded.",
    "The profile {profile} is not loaded, so the resource was not checked against it.",
    "Load the FHIR package that defines it.",
    "profiling.html",
    Severity.WARNING,
)
WRONG_PROFILE_TYPE = _rule(
    "1102",
    IssueType.STRUCTURE,
    "A profile is for the type of the resource it is used on.",
    "The profile {profile} is for {type}; this is a {found}.",
    "Correct meta.profile, or choose the profile for this type.",
    "profiling.html",
)
PROFILE_MISSING = _rule(
    "1103",
    IssueType.REQUIRED,
    "Elements stand at least as often as the profile demands.",
    "{element} is required by the profile {profile} (minimum {min}, found {count}).",
    "Add the element; if the value is not known, say so with the extension data-absent-reason.",
    "profiling.html#cardinality",
)
PROFILE_TOO_MANY = _rule(
    "1104",
    IssueType.STRUCTURE,
    "Elements stand no more often than the profile allows.",
    "{element} may stand {max} times at most by the profile {profile}, found {count}.",
    "Remove the surplus repetitions.",
    "profiling.html#cardinality",
)
NOT_FIXED = _rule(
    "1105",
    IssueType.VALUE,
    "A value that a profile fixes is exactly that value (fixed[x]).",
    "{element} must have the fixed value {expected} (profile {profile}).",
    "Write the fixed value.",
    "elementdefinition.html#fixed",
)
NOT_PATTERN = _rule(
    "1106",
    IssueType.VALUE,
    "A value holds everything the profile's pattern holds (pattern[x]).",
    "{element} must match the pattern {expected} (profile {profile}).",
    "Add what the pattern holds.",
    "elementdefinition.html#pattern",
)
WRONG_CHOICE = _rule(
    "1107",
    IssueType.STRUCTURE,
    "A choice has a type the profile allows.",
    "{element} is a {found} here; the profile {profile} allows {allowed}.",
    "Use an allowed type.",
    "profiling.html#types",
)
PROFILE_NOT_IN_VALUE_SET = _rule(
    "1108",
    IssueType.CODE_INVALID,
    "A code comes from the value set the profile binds it to.",
    "{element}: “{value}” is not in the value set {value_set} (required by the profile {profile}).",
    "Use a code of the value set; map local codes before they get here.",
    "terminologies.html#required",
)
PROFILE_NO_CODE = _rule(
    "1109",
    IssueType.CODE_INVALID,
    "A concept with a required binding has a code of the value set.",
    "{element} has no code, and one from the value set {value_set} is required (profile {profile}).",
    "Add a coding from the value set.",
    "terminologies.html#required",
)
OUTSIDE_EXTENSIBLE = _rule(
    "1110",
    IssueType.CODE_INVALID,
    "A code of an extensible binding comes from the value set when that has one for the meaning.",
    "{element}: “{value}” is not in the value set {value_set} (extensible).",
    "Use a code of the value set if one fits.",
    "terminologies.html#extensible",
    Severity.WARNING,
)
PROFILE_TARGET = _rule(
    "1111",
    IssueType.STRUCTURE,
    "A reference points to a resource of a profile its element allows.",
    "{element} refers to a {found} that meets none of: {allowed}.",
    "Refer to a resource of an allowed profile, or correct that resource.",
    "references.html",
)
VALUE_PROFILE = _rule(
    "1112",
    IssueType.STRUCTURE,
    "A value meets one of the profiles its element names.",
    "{element} meets none of the profiles {allowed}.",
    "Correct the value.",
    "profiling.html#types",
)
OUT_OF_RANGE = _rule(
    "1113",
    IssueType.VALUE,
    "A value lies within the limits of the profile.",
    "{element} is {side} the limit {limit} (profile {profile}).",
    "Correct the value.",
    "elementdefinition.html#minValue",
)
PROFILE_TOO_LONG = _rule(
    "1114",
    IssueType.TOO_LONG,
    "A text is no longer than the profile allows.",
    "{element} has {count} characters, {max} are allowed (profile {profile}).",
    "Shorten the text.",
    "elementdefinition.html#maxLength",
)
AGGREGATION = _rule(
    "1115",
    IssueType.STRUCTURE,
    "A reference's target is where the profile demands it: contained, in the Bundle, elsewhere.",
    "{element}: the target must be {allowed}, and is {found} (profile {profile}).",
    "Move the resource, or correct the reference.",
    "elementdefinition.html#aggregation",
)

PROFILE_TOO_SHORT = _rule(
    "1116",
    IssueType.VALUE,
    "A text is as long as the profile demands.",
    "{element} has {count} characters, at least {min} are demanded (profile {profile}).",
    "Give the complete text.",
    "elementdefinition.html",
)
VALUE_DEMANDED = _rule(
    "1117",
    IssueType.REQUIRED,
    "A primitive has the value, or the substitute for it, that the profile demands.",
    "{element} must have {allowed} (profile {profile}).",
    "Give the value; an extension in its place is not enough unless the profile names it.",
    "elementdefinition.html",
)

SLICE_MISSING = _rule(
    "1201",
    IssueType.REQUIRED,
    "A slice stands at least as often as the profile demands.",
    "Slice {slice} of {element} is required (minimum {min}, found {count}; profile {profile}).",
    "Add a repetition that belongs to the slice; its discriminator says how it is known.",
    "profiling.html#slicing",
)
SLICE_TOO_MANY = _rule(
    "1202",
    IssueType.STRUCTURE,
    "A slice stands no more often than the profile allows.",
    "Slice {slice} of {element} may stand {max} times at most, found {count} (profile {profile}).",
    "Remove the surplus repetitions.",
    "profiling.html#slicing",
)
SLICE_CLOSED = _rule(
    "1203",
    IssueType.STRUCTURE,
    "Closed slicing: every repetition belongs to a slice.",
    "This {element} belongs to no slice, and the slicing is closed (profile {profile}).",
    "Remove it, or make it one of the slices.",
    "profiling.html#slicing",
)
SLICE_ORDER = _rule(
    "1204",
    IssueType.STRUCTURE,
    "Ordered slicing: slices stand in the order of the profile.",
    "This {element} belongs to slice {slice}, which is out of order (profile {profile}).",
    "Reorder the repetitions.",
    "profiling.html#slicing",
)

EXTENSION_CONTEXT = _rule(
    "1301",
    IssueType.EXTENSION,
    "An extension stands where its definition allows it.",
    "The extension {url} may not stand on {found}; allowed: {allowed}.",
    "Move it to an element it is made for.",
    "defining-extensions.html#context",
)
UNKNOWN_MODIFIER = _rule(
    "1302",
    IssueType.EXTENSION,
    "A modifier extension is known.",
    "The modifier extension {url} is not known, so the resource cannot be understood safely.",
    "Load the FHIR package that defines it, or leave it out.",
    "extensibility.html#modifierExtension",
)
UNKNOWN_EXTENSION = _rule(
    "1303",
    IssueType.EXTENSION,
    "An extension is known.",
    "The extension {url} is not known here, so it was not checked.",
    "Load the FHIR package that defines it to have it checked.",
    "extensibility.html",
    Severity.INFORMATION,
)
MISPLACED_MODIFIER = _rule(
    "1304",
    IssueType.EXTENSION,
    "An extension that modifies stands in modifierExtension, and no other does.",
    "The extension {url} {must} stand in modifierExtension.",
    "Move it to the other list.",
    "extensibility.html#modifierExtension",
)
FOREIGN_EXTENSION = _rule(
    "1308",
    IssueType.EXTENSION,
    "The definition of every extension is loaded.",
    "The extension {url} is not known, so what it holds was not checked.",
    "Load the FHIR package that defines it. A site that accepts unknown extensions lowers the severity of this rule.",
    "extensibility.html",
)
UNDEFINED_PART = _rule(
    "1306",
    IssueType.EXTENSION,
    "A complex extension holds only the parts its definition names.",
    "The extension {url} has no part {part}.",
    "Correct the url of the nested extension.",
    "defining-extensions.html",
)
CONTEXT_INVARIANT = _rule(
    "1307",
    IssueType.EXTENSION,
    "An extension stands where the condition of its definition holds.",
    "The extension {url} may not stand here: {condition} does not hold.",
    "Remove the extension, or correct the element it stands on.",
    "defining-extensions.html#context",
)

MISSING_PACKAGE = _rule(
    "1118",
    IssueType.NOT_FOUND,
    "The packages that a package depends on are there.",
    "The package {package} was not found; what it defines is not checked.",
    "Put it into the same folder, or into ~/.fhir/packages.",
    "packages.html",
    Severity.INFORMATION,
)

RULES = _book.definitions()
