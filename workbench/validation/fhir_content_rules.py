"""The rules the specification writes in words: contents, questionnaires, search results, documents."""

from __future__ import annotations

from workbench.kernel.issues import IssueType, Severity
from workbench.validation.fhir_rule import RuleBook

_book = RuleBook()
_rule = _book.rule

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

CONDITION_QUESTION = _rule(
    "1501",
    IssueType.INVARIANT,
    "enableWhen refers to a question of the questionnaire outside the item itself.",
    "enableWhen refers to {question}, which does not exist or stands inside this item.",
    "Name the linkId of a question before or beside this item.",
    "questionnaire.html",
)
UNKNOWN_LINK = _rule(
    "1502",
    IssueType.STRUCTURE,
    "An answer's linkId is one of its questionnaire, at that level.",
    "The questionnaire has no item {link} here.",
    "Correct the linkId or the nesting.",
    "questionnaireresponse.html",
)
NOT_ENABLED = _rule(
    "1503",
    IssueType.INVARIANT,
    "Only enabled items are answered.",
    "Item {link} is answered, though its enableWhen does not enable it.",
    "Remove the answer, or correct the answer the condition asks for.",
    "questionnaireresponse.html",
)
ANSWER_MISSING = _rule(
    "1504",
    IssueType.REQUIRED,
    "Required items are answered in a completed response.",
    "The questionnaire requires item {link}, and there is no answer.",
    "Answer it, or say that the response is in progress.",
    "questionnaireresponse.html",
)
ONE_ANSWER = _rule(
    "1505",
    IssueType.STRUCTURE,
    "An item that does not repeat has one answer.",
    "Item {link} does not repeat in the questionnaire, and there are several answers.",
    "Keep one answer.",
    "questionnaireresponse.html",
)
NO_ANSWER_HERE = _rule(
    "1506",
    IssueType.STRUCTURE,
    "Groups and displayed texts have no answers.",
    "An item of type {type} has no answer.",
    "Move the answer to a question.",
    "questionnaireresponse.html",
)
ITEMS_IN_ANSWER = _rule(
    "1507",
    IssueType.STRUCTURE,
    "Items below a question stand in its answer.",
    "The items below question {link} must stand in its answer.",
    "Move them into the answer.",
    "questionnaireresponse.html",
)
ANSWER_TYPE = _rule(
    "1508",
    IssueType.VALUE,
    "An answer has the type of its question.",
    "Item {link} is of type {type}, and the answer has another type.",
    "Give the answer in the type of the question.",
    "questionnaireresponse.html",
)
ANSWER_LIMIT = _rule(
    "1509",
    IssueType.VALUE,
    "An answer keeps the limits of its question.",
    "Item {link} demands {limit}.",
    "Correct the answer.",
    "questionnaire.html",
)
NOT_AN_OPTION = _rule(
    "1510",
    IssueType.CODE_INVALID,
    "An answer is one of the options of its question.",
    "The answer to item {link} is none of its options.",
    "Choose one of the options.",
    "questionnaire.html",
)

REPEATED_LINK = _rule(
    "0608",
    IssueType.DUPLICATE,
    "A Bundle has one link of each of the relations self, first, previous, next and last.",
    "The link relation {relation} stands more than once.",
    "Keep one link of each relation and remove the others.",
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

RELATIVE_FULL_URL = _rule(
    "0614",
    IssueType.VALUE,
    "A fullUrl is absolute.",
    "The fullUrl of an entry must be an absolute URL.",
    "Write the whole URL of the resource, or urn:uuid: with a UUID where it has none.",
    "bundle.html#bundle-unique",
)
OTHER_ID = _rule(
    "0615",
    IssueType.CONFLICT,
    "A fullUrl ends in the type and id of its resource.",
    "The resource of this entry is {expected}; the fullUrl names another.",
    "Correct the fullUrl or the id; receivers differ in which of the two they believe.",
    "bundle.html#bundle-unique",
    Severity.WARNING,
)

REPEATED_ID = _rule(
    "1412",
    IssueType.DUPLICATE,
    "The id of an element is unique in its resource.",
    "An element of this resource already has this id.",
    "Give each element its own id, or none.",
    "element.html#id",
)
WRONG_DISPLAY = _rule(
    "1413",
    IssueType.CODE_INVALID,
    "The display of a coding is the one its code system gives.",
    "The display of {code} in {system} is “{expected}”.",
    "Write that display, or leave it out and keep your own words in the text.",
    "datatypes.html#Coding",
)
OTHER_DISPLAY = _rule(
    "1414",
    IssueType.CODE_INVALID,
    "The display of a coding is the one its code system gives in the version FHIR R4 carries.",
    "The display of {code} in {system} is “{expected}” in the version at hand.",
    "Check that code and display mean the same.",
    "datatypes.html#Coding",
    Severity.INFORMATION,
)
DISPLAY_OF_ANOTHER = _rule(
    "1419",
    IssueType.CONFLICT,
    "The display of a coding is not that of another code.",
    "The display of {code} in {system} is “{expected}”; the one given here is that of {other}.",
    "Find out which of the two is meant: people read the display, programs the code.",
    "datatypes.html#Coding",
    Severity.WARNING,
)

NOT_MAPPED_SET = _rule(
    "1415",
    IssueType.CODE_INVALID,
    "A concept map goes between the codes of its two value sets.",
    "The {side} value set of the map has no code “{value}” of this system.",
    "Correct the code, or name the value set that has it.",
    "conceptmap.html",
)
NO_UNIT = _rule(
    "1416",
    IssueType.CODE_INVALID,
    "A code of UCUM is a unit by its grammar.",
    "“{value}” is no unit of UCUM.",
    "Use the UCUM code of the unit; what is counted stands in curly braces. A local unit needs a system of its own.",
    "datatypes.html#Quantity",
    Severity.WARNING,
)
COMPARATOR = _rule(
    "1417",
    IssueType.STRUCTURE,
    "A simple quantity has no comparator (sqty-1).",
    "{element} is a simple quantity; a comparator is not allowed.",
    "Move the bound to an element that takes a Range or a Quantity, or say it in the text.",
    "datatypes.html#SimpleQuantity (sqty-1)",
)
NO_SYSTEM_URI = _rule(
    "1418",
    IssueType.VALUE,
    "The system of a code or identifier is an absolute URI.",
    "The system “{value}” is no absolute URI.",
    "Write the URI of the code system or assigning authority; a local one can be urn:oid:…, urn:uuid:… or a URL.",
    "datatypes.html#Coding",
)

RULES = _book.definitions()
