"""Judging messages: one for the window, a whole capture in worker processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from workbench.app.batch import HEAVY_BYTES, Task, in_batches, tasks_of, weight_of
from workbench.app.defects import defect_issue
from workbench.app.documents import Document, read_task, unreadable
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, MessageFormat
from workbench.v2.er7 import Message
from workbench.validation.against import STANDARDS, Against
from workbench.validation.fhir_validator import prepare
from workbench.validation.profiles.kept import profile_validator
from workbench.validation.validator import VALIDATORS

__all__ = ["STANDARDS", "Against", "Judged", "validate_alone", "validate_capture", "validate_document"]


class Judged(NamedTuple):
    """What was found in one message; `number` is its place in the capture."""

    number: int
    issues: tuple[Issue, ...]


def validate_document(document: Document, against: Against = STANDARDS) -> tuple[Issue, ...]:
    """Every finding for one message, in the order of the document; locations are within the message.

    raises  Refused V2P-0002, V2P-0003: the profile cannot be used
    """
    return tuple(issue for validator in VALIDATORS.values() for issue in validator.validate(document, against))


def validate_alone(document: Document, ctx: JobContext, against: Against = STANDARDS) -> tuple[Issue, ...]:
    """As `validate_document`, for a job: what is large is judged in a process, which cancelling ends.

    raises  Refused as `validate_document`; Cancelled; Unavailable APP-0002
    """
    if len(document.raw) <= HEAVY_BYTES:
        return validate_document(document, against)
    kind, encoding = MessageFormat.FHIR_JSON, ""
    if isinstance(document, Message):
        kind, encoding = MessageFormat.ER7, document.encoding
    tasks = [Task(0, document.raw, kind, encoding)]
    (judged,) = in_batches(partial(_judge, against), tasks, 1, ctx, weight=weight_of)
    return judged.issues


def validate_capture(
    capture: Capture,
    ctx: JobContext,
    workers: int | None = None,
    numbers: Sequence[int] | None = None,
    against: Against = STANDARDS,
) -> Iterator[Judged]:
    """The findings for each message, in order, with the file and number they belong to.

    A message that cannot be read at all is a finding like any other.

    raises  Refused V2P-0002, V2P-0003: the profile cannot be used
            Refused FHIR-0020 to FHIR-0024: FHIR packages or a profile in them cannot be used
    """
    if against.v2_profile is not None:
        profile_validator(against.v2_profile)  # refused here, not once for each message
    prepare(against.fhir)
    total = len(capture) if numbers is None else len(numbers)
    tasks = tasks_of(capture, numbers)
    for judged in in_batches(partial(_judge, against), tasks, total, ctx, workers, "validating", weight=weight_of):
        file, index = capture.file_of(judged.number), capture.number_in_file(judged.number)
        yield Judged(judged.number, tuple(issue.within(file, index) for issue in judged.issues))


def _judge(against: Against, tasks: Sequence[Task]) -> list[Judged]:
    return [Judged(task.number, _findings(task, against)) for task in tasks]


def _findings(task: Task, against: Against) -> tuple[Issue, ...]:
    try:
        return validate_document(read_task(task), against)
    except Refused as refusal:
        return (unreadable(refusal, task.raw),)
    except Exception as defect:  # noqa: BLE001 - one message must not cost the others their findings
        return (defect_issue(defect),)
