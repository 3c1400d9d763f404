"""The delimiters a message declares for itself (HL7 v2.5.1 2.5.4, MSH-1 and MSH-2)."""

from __future__ import annotations

from functools import lru_cache

import msgspec

NULL = '""'
"""The two characters that say "delete what you have" (v2.5.1 2.5.3): present, and empty."""


class Delimiters(msgspec.Struct, frozen=True):
    """One character each; "" where the message declares none."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""

    @classmethod
    def of_header(cls, header: str) -> Delimiters:
        """The delimiters of a text that begins with MSH, FHS or BHS and its field separator.

        MSH-2 is read up to the next field separator or the end of the line: fewer than four characters leave the later
        delimiters undeclared, so nothing is split that the sender did not mean to be split.
        """
        return _of_start(header[3:9])

    @property
    def encoding_characters(self) -> str:
        """MSH-2 as it is written."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


@lru_cache(maxsize=64)
def _of_start(start: str) -> Delimiters:
    """The delimiters of what follows the name of a segment: most messages begin as one before."""
    field, declared = start[:1], start[1:]
    for end in (field, "\r", "\n"):
        declared = declared.partition(end)[0] if end else ""
    component, repetition, escape, subcomponent, truncation = (
        "" if character == "\0" else character for character in declared.ljust(5, "\0")
    )
    return Delimiters(field, component, repetition, escape, subcomponent, truncation)


STANDARD = Delimiters()
