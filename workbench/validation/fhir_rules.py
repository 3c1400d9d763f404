"""The rules of FHIR base validation: ids, severities, sentences, sources.

`{name}` places of a template are filled by the check; `{value}` is the only one that holds patient data.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.kernel.issues import IssueType, RuleSource, Severity
from workbench.validation.validator import RuleDefinition


@dataclass(frozen=True, slots=True)
class FhirRule:
    """A rule with the sentence its findings say."""

    definition: RuleDefinition
    code: IssueType
    template: str


_ALL: list[FhirRule] = []


def _rule(
    number: str,
    code: IssueType,
    title: str,
    template: str,
    explanation: str,
    section: str,
    severity: Severity = Severity.ERROR,
) -> FhirRule:
    source = RuleSource("FHIR", "4.0.1", section)
    rule = FhirRule(RuleDefinition(f"FHIR-{number}", severity, title, explanation, source), code, template)
    _ALL.append(rule)
    return rule


# Text. The issues of these two are made by fhir.json_tree.
REPEATED_KEY = _rule(
    "0004",
    IssueType.STRUCTURE,
    "A property stands once in its object.",
    "The key {key} stands more than once in this object; a reader keeps only the last.",
    "Remove the repetition, or make a list of the values if the element repeats.",
    "json.html",
)
BYTE_ORDER_MARK = _rule(
    "0005",
    IssueType.INFORMATIONAL,
    "JSON text has no byte order mark.",
    "The text begins with a byte order mark, which JSON does not allow (RFC 8259, 8.1); it was skipped.",
    "Save as UTF-8 without a byte order mark.",
    "json.html",
    Severity.INFORMATION,
)

# Structure
UNKNOWN_RESOURCE = _rule(
    "0101",
    IssueType.STRUCTURE,
    "A resource names a resource type of the standard.",
    "“{value}” is no resource type of FHIR {version}.",
    "Correct resourceType; names are case-sensitive.",
    "resource.html",
)
NO_RESOURCE_TYPE = _rule(
    "0102",
    IssueType.STRUCTURE,
    "A resource has a resourceType.",
    "The resource has no resourceType.",
    "Add the property resourceType with the name of the type.",
    "json.html#resources",
)
UNKNOWN_PROPERTY = _rule(
    "0103",
    IssueType.STRUCTURE,
    "An object has only properties its type defines.",
    "{type} has no element {property}.",
    "Correct the name, or carry the value in an extension.",
    "json.html",
)
LIST_EXPECTED = _rule(
    "0104",
    IssueType.STRUCTURE,
    "An element that may repeat is a JSON array.",
    "{element} may repeat, so its value must be an array, even with one item.",
    "Put the value in square brackets.",
    "json.html#repeating",
)
SINGLE_EXPECTED = _rule(
    "0105",
    IssueType.STRUCTURE,
    "An element that may not repeat is no JSON array.",
    "{element} may not repeat, so its value must not be an array.",
    "Keep the one value that is meant, without square brackets.",
    "json.html#repeating",
)
WRONG_KIND = _rule(
    "0106",
    IssueType.STRUCTURE,
    "A value has the JSON type its FHIR type demands.",
    "{element} is a {type}, which is {expected} in JSON; here is {found}.",
    "Write the value in the JSON type that is demanded: numbers and booleans without quotation marks, "
    "texts with them, complex types as objects.",
    "json.html#primitive",
)
EMPTY = _rule(
    "0107",
    IssueType.STRUCTURE,
    "Nothing is empty: no object, array, string or null (ele-1).",
    "{element} is {found}; an element without content is left out.",
    "Remove the property, or give it content. To say why a value is missing use the extension data-absent-reason.",
    "element.html (ele-1), json.html",
)
NOT_ALIGNED = _rule(
    "0108",
    IssueType.STRUCTURE,
    "An array of primitives and its _ companion have the same items.",
    "{element} has {count} items and its companion _{name} has {other}; missing items must be null.",
    "Fill the shorter array with null.",
    "json.html#primitive",
    Severity.WARNING,
)

# Cardinality
MISSING = _rule(
    "0201",
    IssueType.REQUIRED,
    "A required element is there.",
    "{element} is required (minimum {min}, found {count}).",
    "Add the element; if the value is not known, say so with the extension data-absent-reason.",
    "conformance-rules.html#cardinality",
)
TOO_MANY = _rule(
    "0202",
    IssueType.STRUCTURE,
    "An element repeats no more often than its maximum.",
    "{element} may stand {max} times at most, found {count}.",
    "Remove the surplus repetitions.",
    "conformance-rules.html#cardinality",
)
SEVERAL_CHOICES = _rule(
    "0203",
    IssueType.STRUCTURE,
    "A choice element has one type.",
    "{element} has more than one type here: {found}.",
    "Keep the one that is meant.",
    "formats.html#choice",
)

# Formats
BAD_FORMAT = _rule(
    "0301",
    IssueType.VALUE,
    "A primitive value has the form of its type.",
    "{element}: “{value}” is no {type} ({form}).",
    "Write the value in that form.",
    "datatypes.html#primitive",
)
BLANK = _rule(
    "0302",
    IssueType.VALUE,
    "A text is more than white space.",
    "{element} is only white space.",
    "Remove the element, or give it content.",
    "datatypes.html#string",
    Severity.WARNING,
)
TOO_LONG = _rule(
    "0303",
    IssueType.TOO_LONG,
    "A text is no longer than its element allows.",
    "{element} has {count} characters, {max} are allowed.",
    "Shorten the text.",
    "elementdefinition.html#maxLength",
)

# Terminology
NOT_IN_VALUE_SET = _rule(
    "0401",
    IssueType.CODE_INVALID,
    "A code comes from the value set of its required binding.",
    "{element}: “{value}” is not in the value set {value_set} (required).",
    "Use a code of the value set; map local codes before they get here.",
    "terminologies.html#required",
)
NO_CODE = _rule(
    "0402",
    IssueType.CODE_INVALID,
    "A concept with a required binding has a code.",
    "{element} has no code, and one from the value set {value_set} is required.",
    "Add a coding from the value set; the text alone is not enough.",
    "terminologies.html#required",
)
NOT_CHECKED = _rule(
    "0403",
    IssueType.NOT_SUPPORTED,
    "Codes are checked when their code system is at hand.",
    "{element}: not checked, because {value_set} cannot be enumerated here.",
    "Nothing to correct. Load the code system to have the code checked.",
    "terminologies.html#required",
    Severity.INFORMATION,
)
UNKNOWN_CODE = _rule(
    "0404",
    IssueType.CODE_INVALID,
    "A code exists in the code system it names.",
    "“{value}” is no code of {system}.",
    "Correct the code or the system.",
    "datatypes.html#Coding",
)
UNKNOWN_CODE_NOW = _rule(
    "0405",
    IssueType.CODE_INVALID,
    "A code exists in the version of its code system that FHIR R4 carries.",
    "“{value}” is no code of {system} in the version at hand.",
    "Check the code; the code system may have a newer version, or the code is local and needs a system of its own.",
    "datatypes.html#Coding",
    Severity.INFORMATION,
)

# References
NOT_CONTAINED = _rule(
    "0501",
    IssueType.NOT_FOUND,
    "A reference to a contained resource finds it (ref-1).",
    "{element} refers to {value}, which the resource does not contain.",
    "Contain the resource with that id, or correct the reference.",
    "references.html#contained (ref-1)",
)
NOT_IN_BUNDLE = _rule(
    "0502",
    IssueType.NOT_FOUND,
    "A urn: reference finds an entry of its Bundle.",
    "{element} refers to {value}, and no entry of the Bundle has that fullUrl.",
    "Add the entry, or correct the reference or the fullUrl.",
    "bundle.html#references",
)
WRONG_TARGET = _rule(
    "0503",
    IssueType.STRUCTURE,
    "A reference points to a type of resource its element allows.",
    "{element} refers to a {found}; allowed: {allowed}.",
    "Refer to a resource of an allowed type.",
    "references.html#Reference",
)
WRONG_TARGET_TYPE = _rule(
    "0504",
    IssueType.STRUCTURE,
    "Reference.type names the type of the target.",
    "{element} says type {type} and refers to a {found}.",
    "Correct the type, or leave it out.",
    "references.html#Reference",
)
UNEXPECTED_TARGET = _rule(
    "0505",
    IssueType.STRUCTURE,
    "A reference names a type of resource its element allows, as far as its text tells.",
    "{element} seems to refer to a {found}; allowed: {allowed}.",
    "Refer to a resource of an allowed type.",
    "references.html#Reference",
    Severity.WARNING,
)

# Bundles
REPEATED_FULL_URL = _rule(
    "0601",
    IssueType.DUPLICATE,
    "A fullUrl is unique in its Bundle (bdl-7).",
    "An earlier entry already has this fullUrl with the same version.",
    "Give each entry its own fullUrl.",
    "bundle.html (bdl-7)",
)
REQUEST_MISMATCH = _rule(
    "0602",
    IssueType.INVARIANT,
    "Entries of a transaction, batch or history have a request, others have none (bdl-3).",
    "An entry of a {type} Bundle {must} request.",
    "Add or remove entry.request, or correct Bundle.type.",
    "bundle.html (bdl-3)",
)
RESPONSE_MISMATCH = _rule(
    "0603",
    IssueType.INVARIANT,
    "Entries of a response or history have a response, others have none (bdl-4).",
    "An entry of a {type} Bundle {must} response.",
    "Add or remove entry.response, or correct Bundle.type.",
    "bundle.html (bdl-4)",
)
EMPTY_ENTRY = _rule(
    "0604",
    IssueType.INVARIANT,
    "An entry has a resource, a request or a response (bdl-5).",
    "The entry has neither resource nor request nor response.",
    "Remove the entry, or add what it is about.",
    "bundle.html (bdl-5)",
)
VERSIONED_FULL_URL = _rule(
    "0605",
    IssueType.INVARIANT,
    "A fullUrl names no version (bdl-8).",
    "The fullUrl of an entry must not be specific to a version.",
    "Remove /_history/… from the fullUrl.",
    "bundle.html (bdl-8)",
)
FIRST_ENTRY = _rule(
    "0606",
    IssueType.INVARIANT,
    "A document begins with a Composition, a message with a MessageHeader (bdl-11, bdl-12).",
    "The first entry of a {type} Bundle must be a {expected}.",
    "Put that resource first.",
    "bundle.html (bdl-11, bdl-12)",
)
NO_FULL_URL = _rule(
    "0607",
    IssueType.REQUIRED,
    "A resource in a Bundle has a fullUrl, except in transactions and batches.",
    "An entry of a {type} Bundle must have a fullUrl.",
    "Add the URL that identifies the resource, urn:uuid:… if it has none.",
    "bundle.html#bundle-unique",
)

# Extensions
VALUE_OR_EXTENSIONS = _rule(
    "0701",
    IssueType.INVARIANT,
    "An extension has a value or extensions, not both (ext-1).",
    "The extension has {found}; it must have exactly one of them.",
    "Keep either value[x] or the nested extensions.",
    "extensibility.html (ext-1)",
)
RELATIVE_EXTENSION = _rule(
    "0702",
    IssueType.EXTENSION,
    "The url of an extension is absolute, unless it is nested in another.",
    "The url of this extension must be absolute.",
    "Use the canonical URL under which the extension is published.",
    "extensibility.html#Extension",
)

# Narrative
NOT_XHTML = _rule(
    "0801",
    IssueType.STRUCTURE,
    "The narrative is well-formed XHTML.",
    "The narrative is not well-formed: {reason} (line {line}, column {column} of the div).",
    "Close every tag, quote every attribute, escape < and &.",
    "narrative.html#xhtml",
)
NOT_A_DIV = _rule(
    "0802",
    IssueType.STRUCTURE,
    "The narrative is one div of the XHTML namespace.",
    "The narrative must be a div element in the namespace http://www.w3.org/1999/xhtml; here is {found}.",
    'Begin with <div xmlns="http://www.w3.org/1999/xhtml">.',
    "narrative.html#xhtml",
)
FORBIDDEN_HTML = _rule(
    "0803",
    IssueType.INVARIANT,
    "The narrative holds formatting only (txt-1).",
    "{found} is not allowed in a narrative.",
    "Remove it: no scripts, forms, frames, event handlers, external styles.",
    "narrative.html (txt-1)",
)
EMPTY_NARRATIVE = _rule(
    "0804",
    IssueType.INVARIANT,
    "The narrative says something (txt-2).",
    "The narrative has neither text nor an image.",
    "Give it content, or leave the narrative out.",
    "narrative.html (txt-2)",
    Severity.WARNING,
)

# Contained resources
NESTED = _rule(
    "0901",
    IssueType.INVARIANT,
    "A contained resource contains no other (dom-2).",
    "A contained resource must not contain resources itself.",
    "Move the inner resource to the outermost one.",
    "domainresource.html (dom-2)",
)
NOT_REFERRED_TO = _rule(
    "0902",
    IssueType.INVARIANT,
    "A contained resource is referred to, or refers to its container (dom-3).",
    "Nothing refers to the contained resource {value}.",
    "Refer to it as # and its id, or remove it.",
    "domainresource.html (dom-3)",
)
VERSIONED = _rule(
    "0903",
    IssueType.INVARIANT,
    "A contained resource has no meta.versionId and no meta.lastUpdated (dom-4).",
    "A contained resource has no version of its own: meta.{found} is not allowed.",
    "Remove it.",
    "domainresource.html (dom-4)",
)
LABELLED = _rule(
    "0904",
    IssueType.INVARIANT,
    "A contained resource has no security label (dom-5).",
    "A contained resource has no security labels of its own: meta.security is not allowed.",
    "Put the label on the outer resource.",
    "domainresource.html (dom-5)",
)

# Invariants
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

# Profiles
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

# Slicing
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

# Extensions
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
NO_SUCH_EXTENSION = _rule(
    "1305",
    IssueType.EXTENSION,
    "An extension of the FHIR specification exists in it.",
    "The specification defines no extension {url}.",
    "Correct the url; check it on the registry of extensions.",
    "extensibility.html",
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

# Content that the specification demands in words
WRONG_SIZE = _rule(
    "1401",
    IssueType.VALUE,
    "Attachment.size is the number of bytes of its data.",
    "The attachment says {stated} bytes and holds {found}.",
    "Correct size, or leave it out.",
    "datatypes.html#Attachment",
)
IDENTIFIER_NOT_URI = _rule(
    "1402",
    IssueType.VALUE,
    "An identifier whose system is urn:ietf:rfc:3986 is a URI.",
    "The identifier's system is urn:ietf:rfc:3986, so its value must be a URI with a scheme.",
    "Write urn:oid: or urn:uuid: before the value.",
    "datatypes.html#Identifier",
)
RELATIVE_SYSTEM = _rule(
    "1403",
    IssueType.VALUE,
    "The system of a value set's include is an absolute URI.",
    "{element} must be an absolute URI; a contained code system is named by its URL.",
    "Write the canonical URL of the code system.",
    "valueset.html#include",
)
RELATIVE_URL = _rule(
    "1404",
    IssueType.VALUE,
    "The canonical URL of a resource is absolute.",
    "{element} must be an absolute URI.",
    "Write the URL under which the resource is published.",
    "references.html#canonical",
)
CONCEPTS_NOT_PRESENT = _rule(
    "1405",
    IssueType.INVARIANT,
    "A code system with content not-present holds no concepts.",
    "content is not-present, and there are concepts.",
    "Remove the concepts, or say complete, fragment or example.",
    "codesystem.html",
)
NOT_A_SUPPLEMENT = _rule(
    "1406",
    IssueType.INVARIANT,
    "A code system that supplements another has content supplement.",
    "supplements is given, so content must be supplement.",
    "Correct content, or remove supplements.",
    "codesystem.html#supplements",
)
SUPPLEMENT_AS_SYSTEM = _rule(
    "1407",
    IssueType.CODE_INVALID,
    "A code system supplement is never the system of a coding.",
    "{value} is a supplement; the system of its codes is the code system it supplements.",
    "Name the code system that is supplemented.",
    "codesystem.html#supplements",
)
REPEATED_PROPERTY = _rule(
    "1408",
    IssueType.DUPLICATE,
    "A code system defines each property once.",
    "A property with this {name} is defined before.",
    "Remove one of them.",
    "codesystem.html",
)
SUBJECTS_NOT_LISTED = _rule(
    "1409",
    IssueType.INVARIANT,
    "Only a MeasureReport of type subject-list lists subjects.",
    "subjectResults stands in a report of type {type}.",
    "Remove it, or correct the type.",
    "measurereport.html",
)
LINK_TARGET = _rule(
    "1410",
    IssueType.NOT_FOUND,
    "A link within the narrative finds its target.",
    "The narrative links to {found}, and nothing has that id.",
    "Correct the link, or give its target the id.",
    "narrative.html",
    Severity.WARNING,
)
SUBJECT_COUNT = _rule(
    "1411",
    IssueType.INVARIANT,
    "The count of a population is the number of subjects listed for it.",
    "The population counts {count} and lists {found}.",
    "Correct the count or the list.",
    "measurereport.html",
)

# Bundles, continued
REPEATED_LINK = _rule(
    "0608",
    IssueType.DUPLICATE,
    "A Bundle has one link of each of the relations self, first, previous, next and last.",
    "The link relation {relation} stands more than once.",
    "Keep one.",
    "bundle.html#searchset",
)
RESULT_WITHOUT_ID = _rule(
    "0609",
    IssueType.REQUIRED,
    "A search result has an id.",
    "A resource in a searchset must have an id.",
    "Add the id under which the server knows the resource.",
    "bundle.html#searchset",
)
NOT_AN_OUTCOME = _rule(
    "0610",
    IssueType.STRUCTURE,
    "An entry with search mode outcome is an OperationOutcome, and no other entry is.",
    "The entry's search mode is {mode}, and its resource is a {found}.",
    "Correct the mode.",
    "bundle.html#searchset",
)
FULL_URL_MISMATCH = _rule(
    "0611",
    IssueType.VALUE,
    "A RESTful fullUrl ends with the type and id of its resource.",
    "The fullUrl looks RESTful, so it must end with {expected}.",
    "Correct the fullUrl or the id.",
    "bundle.html#bundle-unique",
)
NOT_BY_FULL_URL = _rule(
    "0612",
    IssueType.NOT_FOUND,
    "A relative reference in a Bundle finds its target by the fullUrl.",
    "{element} refers to {value}, which no fullUrl says, though an entry has that type and id.",
    "Refer to the entry's fullUrl, or correct the fullUrl.",
    "bundle.html#references",
)
UNREACHABLE = _rule(
    "0613",
    IssueType.NOT_FOUND,
    "Each entry of a document can be reached from its Composition.",
    "Nothing that the Composition reaches refers to this entry, nor does it refer to them.",
    "Refer to it from a section, or remove it.",
    "documents.html#content",
)

RULES: tuple[RuleDefinition, ...] = tuple(rule.definition for rule in _ALL)

NATIVE_CONSTRAINTS = frozenset(
    {"ele-1", "ext-1", "ref-1", "dom-2", "dom-3", "dom-4", "dom-5", "txt-1", "txt-2"}
    | {"bdl-3", "bdl-4", "bdl-5", "bdl-7", "bdl-8", "bdl-11", "bdl-12"}
)
"""Invariants of the definitions that are checked here and need no FHIRPath."""
