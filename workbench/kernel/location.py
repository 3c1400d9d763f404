"""Where something is: a path in the field's own notation and the bytes it stands on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of byte offsets, `start` included, `end` not."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def shifted(self, by: int) -> Span:
        """The same bytes seen from a place `by` bytes earlier."""
        return Span(self.start + by, self.end + by)

    def covers(self, offset: int) -> bool:
        return self.start <= offset < self.end


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a message.

    path     `PID-3[2].1` (1-based) in v2, `Patient.identifier[0].system` (0-based) in FHIR; "" is the whole
    span     bytes of the message when `message` is set or unknown, bytes of the file when the damage
             lies outside any message
    file     the file as the user named it, "" when the bytes did not come from one
    message  0-based number of the message in its capture
    """

    path: str = ""
    span: Span | None = None
    file: str = ""
    message: int | None = None

    def within(self, file: str, message: int | None) -> Location:
        """The same place, said with its file and the number of its message."""
        return replace(self, file=file, message=message)
