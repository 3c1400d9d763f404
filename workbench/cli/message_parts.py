"""How captures are read: what was detected, and options to say otherwise."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator

from workbench.app.documents import origin_at
from workbench.cli.options import add_inputs, add_verb, console_job, open_inputs
from workbench.cli.tables import print_rows
from workbench.cli.verdict import Verdict
from workbench.kernel.errors import ExitCode
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, Framing, Overrule

_COLUMNS = ("file", "read_as", "messages", "encoding", "line_ending")
_ENDINGS = {"\r": "CR", "\n": "LF", "\r\n": "CRLF", "": ""}


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action `formats`."""
    showing = add_verb(
        actions, "formats", "how each file is read: framing, encoding, line ends", "workbench messages formats feed.zip"
    )
    add_inputs(showing)
    add_overrules(showing)
    showing.add_argument("--format", choices=("table", "ndjson"), default="table")
    showing.set_defaults(run=_show)


def add_overrules(parser: argparse.ArgumentParser) -> None:
    """Options that overrule the detection, for `opened`."""
    names = ", ".join(framing.name.lower().replace("_", "-") for framing in Framing)
    parser.add_argument("--read-as", default="", metavar="FRAMING", help=f"instead of what is detected: {names}")
    parser.add_argument(
        "--encoding", default="", metavar="CODEC", help="instead of what the messages say: utf-8, cp1252"
    )


def opened(options: argparse.Namespace, job: JobContext) -> Capture:
    """The capture of `options.inputs`, read as the user says.

    raises  Refused CAP-0010, CAP-0019, CAP-0020, Unavailable CAP-0011, Cancelled
    """
    name = options.read_as.upper().replace("-", "_")
    framing = Framing[name] if name in Framing.__members__ else options.read_as
    return open_inputs(options.inputs, job, Overrule(framing, options.encoding))


def _show(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = opened(options, job)
    print_rows(_rows(capture, job), _COLUMNS, options.format)
    verdict = Verdict()
    verdict.warn(capture.issues)
    return verdict.exit_code()


def _rows(capture: Capture, job: JobContext) -> Iterator[dict[str, object]]:
    framings = dict(capture.framings)
    for part in capture.parts:
        encodings: Counter[str] = Counter()
        endings: Counter[str] = Counter()
        numbers = capture.numbers_of(part)
        for number in numbers:
            job.check()
            origin = origin_at(capture, number)
            encodings[origin.encoding] += 1
            endings[_ENDINGS[origin.line_ending]] += 1
        yield {
            "file": part.name,
            "read_as": str(framings.get(part.name, "")),
            "messages": len(numbers),
            "encoding": ", ".join(name for name, _ in encodings.most_common()),
            "line_ending": ", ".join(name for name, _ in endings.most_common() if name),
        }
