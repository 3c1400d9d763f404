"""What is found while messages are read, before anything is judged: damage, and what cannot be used.

These findings come from the readers, and from parsers that refuse a message. Here they are only explained.
"""

from __future__ import annotations

from workbench.kernel.issues import RuleSource, Severity
from workbench.validation.validator import RuleDefinition

_CAPTURE = RuleSource("Clinical Mapping Workbench", "", "reading captures")
_PLUGINS = RuleSource("Clinical Mapping Workbench", "", "plug-ins")
_MLLP = RuleSource("HL7 Minimal Lower Layer Protocol", "1", "2 Block format")
_BATCH = RuleSource("HL7 v2", "2.5.1", "2.10.3")
_MESSAGE = RuleSource("HL7 v2", "2.5.1", "2.5.2")
_CHARACTERS = RuleSource("HL7 v2", "2.5.1", "2.15.9.18")
_XML = RuleSource("HL7 v2", "2.5.1", "XML Encoding Syntax")
_FHIR_JSON = RuleSource("FHIR", "4.0.1", "json.html")
_FHIR_XML = RuleSource("FHIR", "4.0.1", "xml.html")
_F, _E, _W, _I = Severity.FATAL, Severity.ERROR, Severity.WARNING, Severity.INFORMATION

RULES: tuple[RuleDefinition, ...] = (
    RuleDefinition(
        "APP-0006",
        _F,
        "The workbench can judge every message.",
        "This is a defect of the workbench, not of the message. Report it; the other messages were judged.",
        RuleSource("Clinical Mapping Workbench", "", "defects"),
    ),
    RuleDefinition(
        "PLG-0010",
        _F,
        "Every plug-in does its work.",
        "The message has no result, because half a result is none. Tell the plug-in's author, or go on without it.",
        _PLUGINS,
    ),
    RuleDefinition(
        "PLG-0011",
        _E,
        "Every validator judges every message.",
        "The plug-in that is named has not judged this message; the others have. Tell its author, or go on without it.",
        _PLUGINS,
    ),
    RuleDefinition(
        "PLG-0012",
        _E,
        "Every reader reads every file it is asked about.",
        "What the plug-in that is named would have found is missing. Tell its author, or go on without it.",
        _PLUGINS,
    ),
    RuleDefinition(
        "CAP-0001",
        _E,
        "A file of a capture holds messages.",
        "Check that it is the right file; if it is, say how it is framed and encoded (How the capture was read).",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0003",
        _W,
        "Every byte belongs to a message.",
        "Look at the bytes: they may be a log's words, a cut message, or the end of a message that lost its MSH.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0004",
        _E,
        "Every message is there to its end.",
        "Ask the sender or the engine for the message again; the connection or the copy broke off.",
        _MLLP,
    ),
    RuleDefinition(
        "CAP-0005",
        _W,
        "Batch and file trailers count what is in the batch.",
        "Find out whether messages are missing, or the sender counts wrongly (BTS-1, FTS-1).",
        _BATCH,
    ),
    RuleDefinition(
        "CAP-0006",
        _E,
        "The file is of a kind that is read.",
        "Open the file the messages were exported to; JSON and XML must be FHIR, HL7 v2 XML or an engine's export.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0007",
        _I,
        "Only messages are read from a log.",
        "Nothing need be done; the words around the messages were passed over.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0008",
        _E,
        "Messages of an engine's export are not encrypted.",
        "Export them from the engine again without encryption.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0009",
        _W,
        "Messages of an engine's export are HL7 v2 or FHIR.",
        "Nothing need be done when the channel also carries other kinds; they were passed over.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0011",
        _E,
        "Every file and folder can be read.",
        "Give yourself the right to read it, or copy it; the other files were read.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0012",
        _W,
        "Archives are as deep and as large as anybody needs.",
        "Unpack the archive first and open what is wanted.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0013",
        _E,
        "Files and archives are undamaged.",
        "Copy or download the file again; what could be read of it was read.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0014",
        _E,
        "Members of an archive are not locked.",
        "Unpack the archive with its password and open the folder.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0016",
        _W,
        "A packet trace has every packet of its connections.",
        "Record the trace again with a larger buffer, or take the messages from the engine's log.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0017",
        _W,
        "Connections of a packet trace are in clear text.",
        "Take the messages from the sender or the receiver: what TLS protects cannot be read from the wire.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0018",
        _E,
        "A packet trace is of a link type that is read.",
        "Record on an Ethernet, loopback or raw IP interface, or convert the trace.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0023",
        _E,
        "Sealed files are opened in the workspace that sealed them.",
        "Open the workspace that received the messages, and the file from there.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0024",
        _E,
        "The records of a sealed file are whole.",
        "Restore the file from a backup; the other records were read.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0025",
        _E,
        "Every line of NDJSON is one JSON document.",
        "Look at the bytes that are named: a line was cut off, or broken in two. The other lines were read.",
        _CAPTURE,
    ),
    RuleDefinition(
        "CAP-0026",
        _E,
        "Every line of NDJSON is a FHIR resource.",
        "A resource says what it is in resourceType. The other lines were read.",
        _CAPTURE,
    ),
    RuleDefinition(
        "V2-0001",
        _F,
        "A message begins with MSH and a field separator.",
        "Check that the whole message was sent, with MSH first and nothing before it.",
        _MESSAGE,
    ),
    RuleDefinition(
        "V2-0004",
        _F,
        "A message is in the encoding it is read in.",
        "Choose another encoding for this capture, or none to have it detected.",
        _CHARACTERS,
    ),
    RuleDefinition(
        "V2-0005",
        _F,
        "A message in XML is well-formed and in the form of the standard.",
        "Ask the sender for the complete message; its root is named after the structure, such as ADT_A01.",
        _XML,
    ),
    RuleDefinition(
        "FHIR-0001",
        _F,
        "A resource is JSON.",
        "Correct the text at the place named, or ask the sender for the complete message.",
        _FHIR_JSON,
    ),
    RuleDefinition(
        "FHIR-0002",
        _F,
        "A resource is a JSON object.",
        "A resource begins with { and has a resourceType; send the entries of a list one by one or in a Bundle.",
        _FHIR_JSON,
    ),
    RuleDefinition(
        "FHIR-0003",
        _F,
        "A resource is nested no deeper than FHIR needs.",
        "The text is damaged or made to do harm; ask the sender what it is.",
        _FHIR_JSON,
    ),
    RuleDefinition(
        "FHIR-0013",
        _F,
        "A resource in XML is well-formed and in the form of FHIR.",
        "Ask the sender for the complete resource in the namespace http://hl7.org/fhir.",
        _FHIR_XML,
    ),
    RuleDefinition(
        "FHIR-0025",
        _F,
        "Definitions in FHIR packages have the form of their kind.",
        "Validate the definition by itself to see where it is wrong, or get its package again.",
        RuleSource("FHIR", "4.0.1", "structuredefinition.html"),
    ),
)
