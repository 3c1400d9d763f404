"""What is done beside the window with a new index of the open capture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture

if TYPE_CHECKING:
    from workbench.app.operations.index import MessageIndex


def keep_beside(bench: Bench, session: Session, capture: Capture, index: MessageIndex) -> None:
    """Save a new index when it is shown already."""

    def keep(_ctx: JobContext) -> None:
        from workbench.app.operations.kept_index import keep_index  # the first screen need not wait for pyarrow

        keep_index(session, capture, index)

    handle = bench.jobs.start("Keeping the index", keep, quiet=True, writes=True)
    handle.failed.connect(bench.report)


def pair_answers(bench: Bench, capture: Capture, index: MessageIndex) -> None:
    """Find the acknowledgements that the capture holds."""

    def pair(ctx: JobContext) -> dict[int, str]:
        from workbench.app.operations.acknowledge import paired_answers

        paired = paired_answers(capture, index, ctx)
        return {number: ", ".join(given.code for given in answers) for number, answers in paired.items()}

    def take(answers: dict[int, str]) -> None:
        if capture is bench.capture and answers:
            bench.take_answers(answers)

    handle = bench.jobs.newest("answers", "Pairing acknowledgements", pair)
    handle.succeeded.connect(take)
    handle.failed.connect(bench.report)
