"""Messages as they are read before anything maps, judges or shows them: v2 or FHIR, in whatever form they came."""

from __future__ import annotations

from workbench.fhir import json_tree
from workbench.fhir import xml_form as fhir_xml
from workbench.fhir.json_tree import FhirDocument
from workbench.messages.capture import Capture, MessageFormat
from workbench.v2 import er7
from workbench.v2 import xml_form as v2_xml
from workbench.v2.er7 import Message

Document = Message | FhirDocument


def read_document(raw: bytes, message_format: MessageFormat, encoding: str = "") -> Document:
    """Parse one message in its own format; what came as XML is the ER7 or JSON it stands for.

    encoding  a codec that overrules what an ER7 message says of itself
    raises    Refused V2-0001, V2-0004, V2-0005, FHIR-0001 and others: it is not what its format says
    """
    match message_format:
        case MessageFormat.ER7:
            return er7.parse(raw, encoding or None)
        case MessageFormat.V2_XML:
            return v2_xml.read_xml(raw)
        case MessageFormat.FHIR_XML:
            return fhir_xml.read_xml(raw)
        case MessageFormat.FHIR_JSON:
            return json_tree.parse(raw)


def document_at(capture: Capture, number: int) -> Document:
    """The message of that number, read; raises as `read_document` does."""
    return read_document(capture.raw(number), capture.format_of(number), capture.encoding_of(number))
