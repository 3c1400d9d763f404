"""A quick look at a message: its header and who it is about, without parsing it.

Lists of a million rows are filled from here, so only the first bytes are touched and nothing is kept.
"""

from __future__ import annotations

from typing import NamedTuple

from workbench.v2.charset import characters_of
from workbench.v2.delimiters import Delimiters

_LOOK_BYTES = 4096
"""Header, EVN and PID lie at the beginning; what is beyond this is not looked at."""


class Header(NamedTuple):
    """What a message list shows. Texts are as written, "" where the message says nothing.

    time is MSH-7.1 in v2 form; patient_name is `FAMILY, GIVEN`; birth_date is PID-7 as written.
    """

    time: str
    message_code: str
    trigger_event: str
    control_id: str
    version: str
    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    patient_id: str
    patient_name: str
    birth_date: str
    visit: str

    @property
    def message_type(self) -> str:
        """`ADT^A01`, or the code alone."""
        return f"{self.message_code}^{self.trigger_event}" if self.trigger_event else self.message_code


EMPTY = Header(*[""] * 13)


def read_header(raw: bytes) -> Header:
    """The header of one ER7 message; `EMPTY` when the bytes do not begin with MSH and a separator."""
    head = bytes(raw[:_LOOK_BYTES])
    encoding, mark, _ = characters_of(head)
    text = head[mark:].decode("cp1252" if encoding == "latin-1" else encoding, "replace")
    if not text.startswith("MSH") or len(text) < 5:
        return EMPTY
    delimiters = Delimiters.of_header(text)
    lines = text.replace("\r\n", "\r").replace("\n", "\r").split("\r")
    header = lines[0].split(delimiters.field)
    patient = _segment(lines, "PID", delimiters.field)
    visit = _segment(lines, "PV1", delimiters.field)

    def part(fields: list[str], number: int, component: int = 1) -> str:
        """Component of the first repetition of a field; `number` counts as `split` does."""
        if number >= len(fields):
            return ""
        text = fields[number]
        if delimiters.repetition:
            text = text.split(delimiters.repetition, 1)[0]
        parts = text.split(delimiters.component) if delimiters.component else [text]
        if component > len(parts):
            return ""
        text = parts[component - 1]
        return text.split(delimiters.subcomponent, 1)[0] if delimiters.subcomponent else text

    name = ", ".join(filter(None, (part(patient, 5), part(patient, 5, 2))))
    return Header(
        time=part(header, 6),
        message_code=part(header, 8),
        trigger_event=part(header, 8, 2),
        control_id=part(header, 9),
        version=part(header, 11),
        sending_application=part(header, 2),
        sending_facility=part(header, 3),
        receiving_application=part(header, 4),
        receiving_facility=part(header, 5),
        patient_id=part(patient, 3) or part(patient, 2),
        patient_name=name,
        birth_date=part(patient, 7),
        visit=part(visit, 19),
    )


def _segment(lines: list[str], name: str, separator: str) -> list[str]:
    """The fields of the first segment of that name, as `split` counts them; none when it is not in sight."""
    start = name + separator
    return next((line.split(separator) for line in lines if line.startswith(start)), [])
