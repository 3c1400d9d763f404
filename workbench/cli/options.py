"""Options that several verbs share, and their meaning."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import cache
from math import isfinite
from pathlib import Path

from workbench.app.originals import originals_of, spare
from workbench.kernel.progress import JobContext, Progress
from workbench.messages.capture import Capture, Overrule, open_capture
from workbench.messages.parts import Unseal, Unsealed


def add_verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    example: str,
    aliases: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """A verb with its help; `example` closes it."""
    return verbs.add_parser(
        name,
        aliases=aliases,
        help=summary,
        description=summary,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="file, folder or archive with HL7 v2 or FHIR JSON messages",
    )


def open_inputs(
    inputs: Sequence[Path], job: JobContext, overrule: Overrule | None = None, writes: Sequence[Path | None] = ()
) -> Capture:
    """The messages a verb works on; what a workspace has received is opened with its passphrase.

    writes  the files the verb will write, None for those that were not asked for
    raises  Refused APP-0009: one of them is an input; as `open_capture` and `headless_unsealing`
    """
    capture = open_capture(inputs, job, {"": overrule} if overrule else {}, unseal=unsealed)
    originals = originals_of(capture)
    for target in writes:
        if target is not None:
            spare(originals, target)
    return capture


def unsealed(path: Path, data: bytes) -> Unsealed:
    """Open what a workspace has received; its passphrase is asked for once. Raises as `headless_unsealing`."""
    return _opener()(path, data)


@cache
def _opener() -> Unseal:
    from workbench.app.operations.received import headless_unsealing  # who opens plain files need not load it

    return headless_unsealing()


def at_least(least: float, number: Callable[[str], float] = int) -> Callable[[str], float]:
    """A number for argparse that is not smaller than `least`."""

    def read(text: str) -> float:
        try:
            found = number(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
        if found < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        if not isfinite(found):
            raise argparse.ArgumentTypeError(f"{text} is no number")
        return found

    return read


def add_workers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=at_least(1), default=None, metavar="N", help="processes (default: all cores)")


def console_job() -> JobContext:
    """A job that shows its progress on a terminal and stays silent elsewhere."""
    return JobContext(_show) if sys.stderr.isatty() else JobContext()


def _show(progress: Progress) -> None:
    share = "" if progress.fraction is None else f" {progress.fraction:4.0%}"
    end = "\n" if progress.total and progress.done >= progress.total else ""
    print(f"\r{progress.label}{share} ({progress.done})", end=end, file=sys.stderr, flush=True)
