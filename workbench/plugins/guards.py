"""What stands between the work and somebody else's code: whatever that raises becomes words that name the plug-in.

The texts of its exceptions are thrown away, because they may quote a patient's value; the kind and the place are told.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import le
from pathlib import PurePath
from typing import TypeVar

from workbench.export.manifest import Release
from workbench.export.package import Exporter
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.errors import Cancelled, Refused, WorkbenchError
from workbench.kernel.faults import where
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.log import area_log
from workbench.kernel.progress import JobContext
from workbench.mapping.transforms import Transform
from workbench.mapping.values import Misfit
from workbench.messages.buffers import Buffer
from workbench.messages.reading import Found, Reader, ReaderFault
from workbench.messages.registry import reader_named
from workbench.v2.er7 import Message
from workbench.validation.against import Against
from workbench.validation.validator import RuleDefinition, Validator

log = area_log("plugins")
FAULTS = (Exception, SystemExit)
"""Whatever somebody else's code may raise to its callers; only a user who stops the process is none of them."""

Made = TypeVar("Made")


def _stopped(plugin: str, doing: str, error: BaseException) -> Refused:
    place = _logged(plugin, doing, error)
    return Refused(
        "PLG-0010",
        f"The plug-in {plugin} failed in {doing} ({place}).",
        f"Tell its author; `workbench plugins forbid {plugin.partition(' ')[0]}` goes on without it.",
    )


def _finding(rule: str, plugin: str, doing: str, error: BaseException, file: str = "") -> Issue:
    return Issue(
        Severity.ERROR,
        IssueType.PROCESSING,
        rule,
        Location(file=file),
        "the plug-in {plugin} failed in {doing} ({where})",
        {"plugin": plugin, "doing": doing, "where": _logged(plugin, doing, error)},
    )


def _logged(plugin: str, doing: str, error: BaseException) -> str:
    place = where(error)
    log.warning("%s failed in %s: %s", plugin, doing, place)
    return place


def _of(made: object, kind: type[Made]) -> Made:
    if not isinstance(made, kind):
        raise TypeError(f"{kind.__name__} was to be given")
    return made


@dataclass(frozen=True, slots=True)
class GuardedReader:
    """A plug-in's reader; other processes find it by its name, in what they have loaded themselves."""

    plugin: str
    name: str
    reader: Reader

    def __reduce__(self) -> tuple[object, ...]:
        return reader_named, (self.name,)

    def sniff(self, head: bytes) -> bool:
        """raises  ReaderFault"""
        try:
            return bool(self.reader.sniff(head))
        except FAULTS as error:
            raise ReaderFault(_finding("PLG-0012", self.plugin, f"the reader {self.name}", error)) from None

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        """What was found before it failed stays; that it failed is the last issue. raises Cancelled"""
        last = 0
        try:
            for found in self.reader.read(name, buffer, ctx):
                if not isinstance(found, Issue):
                    last = _checked(_of(found, Found), buffer, last)
                yield found
        except Cancelled:
            raise
        except FAULTS as error:
            yield _finding("PLG-0012", self.plugin, f"the reader {self.name}", error, name)

    def cut(self, data: bytes) -> bytes:
        """raises  Refused PLG-0010"""
        try:
            return _of(self.reader.cut(data), bytes)
        except FAULTS as error:
            raise _stopped(self.plugin, f"the reader {self.name}", error) from None

    def put(self, message: bytes, original: bytes) -> bytes:
        """raises  Refused PLG-0010"""
        try:
            return _of(self.reader.put(message, original), bytes)
        except FAULTS as error:
            raise _stopped(self.plugin, f"the reader {self.name}", error) from None

    def received(self, buffer: Buffer, start: int) -> str:
        """Nobody says when the message was seen if the plug-in fails to."""
        try:
            return _of(self.reader.received(buffer, start), str)
        except FAULTS as error:
            _logged(self.plugin, f"the reader {self.name}", error)
            return ""


def _checked(found: Found, buffer: Buffer, last: int) -> int:
    """Where the last message begins; the capture relies on all of this. raises ValueError, TypeError"""
    starts, ends = _of(found.starts, array), _of(found.ends, array)
    counted = found.buffer if found.buffer is not None else buffer
    begin = last if found.buffer is None else 0
    if starts.typecode != "Q" or ends.typecode != "Q" or (ends and len(ends) != len(starts)):
        raise ValueError("arrays of one length and of type Q were to be given")
    if (
        not starts
        or starts[0] < begin
        or starts[-1] > len(counted)
        or any(one > next_ for one, next_ in pairwise(starts))
    ):
        raise ValueError("starts were to be in order and within the file")
    if ends and not (all(map(le, starts, ends)) and max(ends) <= len(counted)):
        raise ValueError("ends were to be behind starts and within the file")
    return starts[-1] if found.buffer is None else last


@dataclass(frozen=True, slots=True)
class GuardedValidator:
    """A plug-in's validator: that it failed is a finding of the message it failed on."""

    plugin: str
    name: str
    rules: Sequence[RuleDefinition]
    validator: Validator

    def validate(self, document: Message | FhirDocument, against: Against) -> Iterable[Issue]:
        try:
            found = tuple(_of(issue, Issue) for issue in self.validator.validate(document, against))
            for issue in found:
                _of(issue.text, str)  # a sentence whose places are not filled would fail where it is shown
        except FAULTS as error:
            return (_finding("PLG-0011", self.plugin, f"the validator {self.name}", error),)
        return found


@dataclass(frozen=True, slots=True)
class _GuardedFunction:
    plugin: str
    transform: Transform

    def __call__(self, text: str, *arguments: str | int | None) -> str | None:
        """raises  Misfit; Refused PLG-0010: the message cannot be mapped, because half a mapping is no result"""
        try:
            value = self.transform.apply(text, *arguments)
            return None if value is None else _of(value, str)
        except Misfit:
            raise Misfit("the plug-in cannot use it") from None
        except FAULTS as error:
            raise _stopped(self.plugin, f"the transform {self.transform.name}", error) from None


def guarded_transform(plugin: str, transform: Transform) -> Transform:
    """A plug-in's transform; never portable, whatever it says of itself."""
    return replace(transform, apply=_GuardedFunction(plugin, transform), portable=False)


@dataclass(frozen=True, slots=True)
class GuardedExporter:
    """A plug-in's target."""

    plugin: str
    name: str
    title: str
    exporter: Exporter

    def file_name(self, release: Release) -> str:
        """raises  Refused PLG-0010, and what the plug-in refuses"""
        try:
            name = _of(self.exporter.file_name(release), str)
            if PurePath(name).name != name:
                raise ValueError("the name of a file was to be given")
        except WorkbenchError:
            raise
        except FAULTS as error:
            raise _stopped(self.plugin, f"the target {self.name}", error) from None
        return name

    def build(self, release: Release) -> bytes:
        """raises  Refused PLG-0010, and what the plug-in refuses"""
        try:
            return _of(self.exporter.build(release), bytes)
        except WorkbenchError:
            raise
        except FAULTS as error:
            raise _stopped(self.plugin, f"the target {self.name}", error) from None
