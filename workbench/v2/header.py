"""A quick look at a message: its header and who it is about, without parsing it.

Lists of a million rows are filled from here, so only the first bytes are touched and nothing is kept.
"""

from __future__ import annotations

from functools import lru_cache
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
    """The header of one ER7 message; `EMPTY` when the bytes do not begin with MSH and a separator.

    A few µs for UTF-8 with the usual delimiters; anything else is read with care and takes ten times as long.
    """
    return peek(raw)[0]


def peek(raw: bytes) -> tuple[Header, bool]:
    """`read_header`, and whether MSH is *plain*: the usual delimiters, and no repetition, subcomponent or escape in it.

    Then the first component of a field is all there is of it but for further components.
    """
    head = raw[:_LOOK_BYTES]
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if len(head) < _LOOK_BYTES or error.start < _LOOK_BYTES - 3:
            return _read_with_care(head), False
        text = head[: error.start].decode()  # the look ended inside a character
    if text[:9] != "MSH|^~\\&|" or "\x1b" in text:
        return _read_with_care(head), False
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    end = text.find("\r")
    line = text[9:end] if end >= 0 else text[9:]
    fields = line.split("|", 10)
    if len(fields) < 10:
        return _read_with_care(head), False
    application, facility, receiver, receiving_facility, time, _, kind, control_id, _, version = fields[:10]
    plain = "~" not in line and "&" not in line and "\\" not in line
    if not plain or "^" in time or "^" in control_id:
        time, control_id = _first(time), _first(control_id)
    code, trigger = _message_type(kind)
    patient_id, patient_name, birth_date = _patient(text)
    return _tuple(
        Header,
        (
            time,
            code,
            trigger,
            control_id,
            _usual(version),
            _usual(application),
            _usual(facility),
            _usual(receiver),
            _usual(receiving_facility),
            patient_id,
            patient_name,
            birth_date,
            _visit(text),
        ),
    ), plain


def _patient(text: str) -> tuple[str, str, str]:
    """PID-3.1 (PID-2.1 where that is empty), the name and PID-7 of the first PID."""
    at = text.find("\rPID|")
    if at < 0:
        return "", "", ""
    end = text.find("\r", at + 5)
    fields = (text[at:end] if end >= 0 else text[at:]).split("|", 8)
    count = len(fields)
    identity = _first(fields[3]) if count > 3 else ""
    if not identity and count > 2:
        identity = _first(fields[2])
    return identity, _name(fields[5]) if count > 5 else "", _first(fields[7]) if count > 7 else ""


def _visit(text: str) -> str:
    """PV1-19.1 of the first PV1."""
    at = text.find("\rPV1|")
    if at < 0:
        return ""
    end = text.find("\r", at + 5)
    fields = (text[at:end] if end >= 0 else text[at:]).split("|", 20)
    return _first(fields[19]) if len(fields) > 19 else ""


_tuple = tuple.__new__
"""Makes a `Header` in a third of the time its own constructor takes."""


def _first(field: str) -> str:
    """The first subcomponent of the first component of the first repetition, by the usual delimiters."""
    if "^" in field:
        field = field[: field.index("^")]
    if "~" in field:
        field = field[: field.index("~")]
    if "&" in field:
        field = field[: field.index("&")]
    return field


_usual = lru_cache(maxsize=4096)(_first)
"""`_first` for what is the same in many messages."""


@lru_cache(maxsize=1024)
def _message_type(field: str) -> tuple[str, str]:
    parts = field.split("~", 1)[0].split("^", 2)
    return _first(parts[0]), _first(parts[1]) if len(parts) > 1 else ""


def _name(field: str) -> str:
    if "~" in field:
        field = field[: field.index("~")]
    parts = field.split("^", 2)
    family, given = parts[0], parts[1] if len(parts) > 1 else ""
    if "&" in field:
        family, given = _first(family), _first(given)
    return f"{family}, {given}" if family and given else family or given


def _read_with_care(head: bytes) -> Header:
    """Any character set and any delimiters."""
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
