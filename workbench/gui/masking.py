"""Mask PHI: which values are hidden when a screen is shared.

The rule errs on the side of hiding: a v2 value stays readable only when its data type can hold nothing but a
code, a count or a name of a system; a FHIR value only under a key that never holds what a patient said or is.
"""

from __future__ import annotations

from workbench.kernel.issues import MASK
from workbench.v2.dictionary import dictionary
from workbench.v2.er7 import Element as V2Element
from workbench.v2.er7 import Message

READABLE_TYPES = frozenset(
    {"ID", "IS", "SI", "CE", "CWE", "CNE", "CF", "HD", "VID", "PT", "MSG", "CM_MSG", "NA", "SPS"}
)
READABLE_SEGMENTS = frozenset({"MSH", "FHS", "BHS", "EVN", "MSA", "ERR", "SFT"})
READABLE_KEYS = frozenset(
    """
    resourceType system code status url use profile type mode method intent priority category fullUrl reference
    unit comparator relationship linkId contentType version versionId source event required
    """.split()  # noqa: SIM905  # a list of sixty quoted words hides what it says
)


def hides_v2(element: V2Element) -> bool:
    """True when the value of a place in a v2 message may identify somebody."""
    segment = element.segment
    if segment.name in READABLE_SEGMENTS or not element.field:
        return not segment.name
    definition = dictionary(segment.message.version).field(segment.name, element.field)
    return definition is None or definition.data_type not in READABLE_TYPES


def hides_fhir(key: str, parent_key: str = "") -> bool:
    """True when a FHIR primitive under this key may identify somebody; items of an array count as their array's."""
    return (parent_key if key.startswith("[") or key.isdigit() else key) not in READABLE_KEYS


def masked(value: str) -> str:
    """What stands for a hidden value; an absent one stays absent."""
    return MASK if value else value


def masked_characters(message: Message) -> str:
    """The text of a message with every letter and digit of hidden values replaced, so that positions stay."""
    text = list(message.text)
    for segment in message.segments:
        for leaf in segment.leaves():
            if not hides_v2(leaf):
                continue
            span = leaf.span
            start, end = message.character_at(span.start), message.character_at(span.end)
            text[start:end] = ["•" if character.isalnum() else character for character in text[start:end]]
    return "".join(text)
