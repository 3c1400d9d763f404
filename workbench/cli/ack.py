"""`workbench ack`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from workbench.app.operations.acknowledge import Answer, acknowledge_capture
from workbench.app.operations.validation import Against
from workbench.cli.options import add_inputs, add_verb, console_job, open_inputs
from workbench.cli.verdict import told
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import ExitCode
from workbench.v2.ack import AckCode


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "ack",
        "write the acknowledgement each v2 message should get",
        "workbench ack feed.hl7 --profile guide/ --out acks.hl7",
    )
    add_inputs(verb)
    verb.add_argument("--profile", type=Path, metavar="P", help="v2 conformance profile to judge by")
    verb.add_argument("--out", type=Path, metavar="FILE", help="file for the acknowledgements (default: the screen)")
    verb.set_defaults(run=_ack)


def _ack(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.inputs, job, writes=[options.out])
    verdict = told(capture)
    answers = list(acknowledge_capture(capture, datetime.now(UTC), job, Against(v2_profile=options.profile)))
    if options.out is not None:
        write_atomically(options.out, b"".join(answer.raw for answer in answers))
    else:
        for answer in answers:
            sys.stdout.write(_shown(answer))
    counts = Counter(answer.code for answer in answers)
    print(", ".join(f"{counts[code]} {code}" for code in AckCode), file=sys.stderr)
    return verdict.exit_code(failed=counts[AckCode.ACCEPT] != len(answers))


def _shown(answer: Answer) -> str:
    """The acknowledgement with a line for each segment."""
    return answer.raw.decode("utf-8", "replace").replace("\r", "\n") + "\n"
