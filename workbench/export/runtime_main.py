"""Map HL7 v2 messages with the mapping this package carries.

    python -m NAME FILE…        one Bundle a line on standard output

FILE is anything that holds messages: one or many, batches, archives. What is wrong goes to standard error by file and
number of the message, never with a value of it. Exit codes: 0 all mapped, 1 some were not, 2 nothing could be read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from workbench.fhir import json_tree
from workbench.kernel.errors import Refused, WorkbenchError
from workbench.mapping.compile import CompiledMapping, compile_package
from workbench.mapping.load import load_package
from workbench.messages.capture import MessageFormat, open_capture
from workbench.v2.er7 import parse

HERE = Path(__file__).resolve().parent
DRAFT_MARK = HERE / "DRAFT"


@cache
def mapping() -> CompiledMapping:
    """The mapping of this package, compiled once."""
    return compile_package(load_package(HERE / "mapping"))


def map_message(raw: bytes) -> Mapping[str, object]:
    """The transaction Bundle of one HL7 v2 message; decimals are `decimal.Decimal`.

    raises  Refused (with `code`, `text`, `hint`): not a message, or one the mapping has nothing for
    """
    return mapping().run(parse(raw))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    files = list(sys.argv[1:] if arguments is None else arguments)
    if not files or files[0] in ("-h", "--help"):
        sys.stderr.write((__doc__ or "").strip() + "\n")
        return 0 if files else 2
    if DRAFT_MARK.exists():
        sys.stderr.write("DRAFT: this mapping was not released; do not use its results for patients.\n")
    try:
        capture = open_capture([Path(file) for file in files])
        mapping()
    except WorkbenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    failed = 0
    for number in range(len(capture)):
        try:
            if capture.format_of(number) is not MessageFormat.ER7:
                raise Refused("RUN-0001", "This is no HL7 v2 message.")
            bundle = map_message(capture.raw(number))
        except Refused as refusal:
            failed += 1
            sys.stderr.write(f"{capture.file_of(number)}, message {number + 1}: {refusal}\n")
            continue
        sys.stdout.buffer.write(json_tree.dumps(bundle) + b"\n")
    if not len(capture):
        sys.stderr.write("No message was found.\n")
        return 2
    return 1 if failed else 0
