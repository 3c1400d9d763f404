"""Mask PHI: which values are hidden when a screen is shared.

The rule errs on the side of hiding: what may say who somebody is in a v2 message is told by its data type and field
(`v2.phi`), as exports and de-identification have it; a FHIR value stays readable only under a key that never holds what
a patient said or is.
"""

from __future__ import annotations

from workbench.kernel.issues import MASK
from workbench.v2.dictionary import dictionary
from workbench.v2.er7 import Element as V2Element
from workbench.v2.er7 import Message
from workbench.v2.phi import data_type_of, is_phi

READABLE_SEGMENTS = frozenset({"MSH", "FHS", "BHS", "MSA", "SFT"})
"""They say of the message when it was sent, by what and to what: without it nobody could find a message."""
READABLE_KEYS = frozenset(
    """
    resourceType system code status use profile type mode method intent priority category unit comparator
    relationship linkId contentType version versionId source required
    """.split()  # noqa: SIM905  # a list of thirty quoted words hides what it says
)
_NAMED_BY_URL = frozenset({"", "resource", "extension", "modifierExtension"})
"""Where `url` names a definition; that of a request or a link holds who was searched for."""


def hides_v2(element: V2Element) -> bool:
    """True when the value of a place in a v2 message may identify somebody."""
    segment = element.segment
    if segment.name in READABLE_SEGMENTS or not element.field:
        return not segment.name
    data_type = data_type_of(segment, element.field, dictionary(segment.message.version))
    return is_phi(segment.name, element.field, element.component, data_type)


def hides_fhir(key: str, parent_key: str = "") -> bool:
    """True when a FHIR primitive under this key may identify somebody; items of an array count as their array's."""
    if key == "url":
        return parent_key not in _NAMED_BY_URL
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
