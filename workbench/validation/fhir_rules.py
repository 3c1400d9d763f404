"""The rules of FHIR base validation: structure, cardinality, formats, codes, references, Bundles, narrative."""

from __future__ import annotations

from workbench.kernel.issues import IssueType, Severity
from workbench.validation.fhir_rule import RuleBook

_book = RuleBook()
_rule = _book.rule

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
    Severity.WARNING,
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
NOT_A_URL = _rule(
    "0506",
    IssueType.VALUE,
    "A reference is a URL.",
    "{element} refers to “{value}”, which is no URL.",
    "Write Type/id, an absolute URL, urn:uuid: with a UUID, or # with the id of a contained resource.",
    "references.html#literal",
)
UNKNOWN_TARGET_TYPE = _rule(
    "0507",
    IssueType.VALUE,
    "Reference.type names a resource type.",
    "“{value}” is no resource type.",
    "Correct the name, which is case-sensitive, or leave the type out.",
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
    "Remove the element; the resource that contains it says so for both.",
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
REPEATED_CONTAINED = _rule(
    "0905",
    IssueType.DUPLICATE,
    "Contained resources have ids of their own.",
    "An earlier contained resource already has the id {value}.",
    "Give each contained resource its own id, and refer to it by that.",
    "references.html#contained",
)

# Invariants
# Profiles
# Slicing
# Extensions
# Content that the specification demands in words
# Questionnaires
# Bundles, continued

RULES = _book.definitions()

NATIVE_CONSTRAINTS = frozenset(
    {"ele-1", "ext-1", "ref-1", "dom-2", "dom-3", "dom-4", "dom-5", "txt-1", "txt-2"}
    | {"bdl-3", "bdl-4", "bdl-5", "bdl-7", "bdl-8", "bdl-11", "bdl-12"}
)
"""Invariants of the definitions that are checked here and need no FHIRPath."""
