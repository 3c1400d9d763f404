"""The acknowledgement an engine owes the sender of a message (HL7 v2.5.1 2.9.2, 2.15.8 MSA, 2.15.5 ERR)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from workbench.kernel.issues import Issue, IssueType, Severity, blocks
from workbench.v2.delimiters import STANDARD, Delimiters
from workbench.v2.dictionary import DEFAULT_VERSION
from workbench.v2.er7 import Message, Segment
from workbench.v2.escapes import escape
from workbench.v2.path import V2Path

_FIRST_WITH_CODED_ERR = (2, 5)
_MOST_ERR = 20


class AckCode(StrEnum):
    """Table 0008, the codes of original mode."""

    ACCEPT = "AA"
    ERROR = "AE"
    REJECT = "AR"


_CONDITIONS = {
    IssueType.STRUCTURE: ("100", "Segment sequence error"),
    IssueType.REQUIRED: ("101", "Required field missing"),
    IssueType.VALUE: ("102", "Data type error"),
    IssueType.TOO_LONG: ("102", "Data type error"),
    IssueType.CODE_INVALID: ("103", "Table value not found"),
    IssueType.NOT_SUPPORTED: ("102", "Data type error"),
    IssueType.NOT_FOUND: ("204", "Unknown key identifier"),
    IssueType.DUPLICATE: ("205", "Duplicate key identifier"),
}
"""Table 0357 for each kind of issue; what is not named is `207 Application internal error`."""
_UNSUPPORTED = {
    "MSH-9": ("200", "Unsupported message type"),
    "MSH-9.2": ("201", "Unsupported event code"),
    "MSH-11": ("202", "Unsupported processing id"),
    "MSH-12": ("203", "Unsupported version id"),
}
"""Table 0357 for what is not supported of a message as a whole, by the beginning of its path; the longest fits."""


def ack_code(issues: Iterable[Issue]) -> AckCode:
    """AR for a message that cannot be processed at all, AE for one with errors, AA otherwise (2.9.2.2)."""
    blocking = [issue for issue in issues if blocks(issue)]
    if any(issue.severity is Severity.FATAL or _unsupported(issue) is not None for issue in blocking):
        return AckCode.REJECT
    return AckCode.ERROR if blocking else AckCode.ACCEPT


def _unsupported(issue: Issue) -> tuple[str, str] | None:
    """What of the whole message is not supported, None when the issue is about anything else."""
    if issue.code is not IssueType.NOT_SUPPORTED:
        return None
    fitting = (path for path in _UNSUPPORTED if issue.location.path.startswith(path))
    longest = max(fitting, key=len, default="")
    return _UNSUPPORTED.get(longest)


def acknowledge(message: Message, code: AckCode, control_id: str, at: datetime, issues: Iterable[Issue] = ()) -> bytes:
    """The ACK message for `message`, in its version, delimiters and encoding, segments ended by CR.

    Where a message declares no usable delimiters or no version, the answer has those of the standard.

    control_id  MSH-10 of the acknowledgement itself, new for each
    at          now; aware, so that MSH-7 carries its offset
    issues      the errors told in ERR segments, at most twenty; warnings are not told. ERR texts name the rule's
                demand and never the offending value
    """
    header, delimiters = message.segments[0], _usable(message.delimiters)
    encoding = message.encoding if message.encoding != "ascii" else "utf-8"
    build = _Builder(delimiters, encoding)
    msh = [
        header.raw(5),
        header.raw(6),
        header.raw(3),
        header.raw(4),
        at.strftime("%Y%m%d%H%M%S%z"),
        "",
        delimiters.component.join(("ACK", header.text_of(9, 1, 2), "ACK" if _coded(message) else "")).rstrip(
            delimiters.component
        ),
        build.text(control_id),
        header.raw(11),
        header.raw(12) or DEFAULT_VERSION,
    ]
    lines = [f"MSH{delimiters.field}{delimiters.encoding_characters}{delimiters.field}{delimiters.field.join(msh)}"]
    lines.append(delimiters.field.join(("MSA", code.value, header.raw(10))))
    blocking = [issue for issue in issues if blocks(issue)][:_MOST_ERR]
    lines.extend(build.error(issue, _coded(message)) for issue in blocking)
    text = "".join(line + "\r" for line in lines)
    return text.encode(encoding, "surrogateescape")


def _usable(declared: Delimiters) -> Delimiters:
    """The delimiters to answer with: those declared, or ^~\\& beside the field separator where they are none."""
    characters = declared.encoding_characters
    if declared.subcomponent and len({declared.field, *characters}) == len(characters) + 1:
        return declared
    field = STANDARD.field if declared.field in STANDARD.encoding_characters else declared.field
    return Delimiters(field)


class _Builder:
    """Writes values and ERR segments with the delimiters and characters of the message that is answered."""

    def __init__(self, delimiters: Delimiters, encoding: str) -> None:
        self._delimiters = delimiters
        self._encoding = encoding

    def text(self, value: str) -> str:
        """Words of ours, escaped; a question mark stands for what the sender's characters do not have."""
        return escape(value.encode(self._encoding, "replace").decode(self._encoding), self._delimiters)

    def error(self, issue: Issue, coded: bool) -> str:
        """ERR of v2.5 and later (location, code, severity, text), or ERR-1 with location and code before that."""
        otherwise = _CONDITIONS.get(issue.code, ("207", "Application internal error"))
        condition, meaning = _unsupported(issue) or otherwise
        component, field = self._delimiters.component, self._delimiters.field
        code = component.join((condition, meaning, "HL70357"))
        place = _place(issue.location.path)
        if not coded:
            inner = self._delimiters.subcomponent or component
            return field.join(("ERR", component.join((*place[:4:2], "", code.replace(component, inner)))))
        return field.join(
            ("ERR", "", component.join(place).rstrip(component), code, "E", "", "", "", self.text(issue.masked_text))
        )


def _place(path: str) -> tuple[str, ...]:
    """ERL: segment, its number, field, its repetition, component, subcomponent; empty when the path names no place."""
    place = V2Path.read(path)
    if place is None:
        return ("",) * 6
    numbers = (max(place.occurrence, 1), place.field, max(place.repetition, 1) if place.field else 0)
    return (place.segment, *(str(n) if n else "" for n in (*numbers, place.component, place.subcomponent)))


def _coded(message: Message) -> bool:
    """True from version 2.5 on, where ERR got its own fields; an unreadable version counts as new."""
    try:
        return tuple(int(part) for part in message.version.split(".")[:2]) >= _FIRST_WITH_CODED_ERR
    except ValueError:
        return True


def answered_control_id(acknowledgement: Segment | None) -> str:
    """MSA-2, by which an acknowledgement belongs to its message; "" without an MSA."""
    return acknowledgement.value(2) if acknowledgement else ""
