"""Map HL7 v2 messages with the mapping this package carries.

    python -m NAME FILE…        one Bundle a line, or the v2 messages, on standard output

FILE is anything that holds messages: one or many, batches, archives, in ER7, JSON or XML. What is wrong goes to
standard error by file and number of the message, never with a value of it. Exit codes: 0 all mapped, 1 some were not,
or part of a file is damaged, 2 nothing could be read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from workbench.fhir import json_tree
from workbench.kernel.errors import Refused, WorkbenchError
from workbench.kernel.issues import blocks
from workbench.mapping.directed import AnyMapping, compile_any, ran, reads_fhir
from workbench.mapping.directions.mapping import DirectedMapping
from workbench.mapping.load import load_package
from workbench.mapping.received import Document, document_at
from workbench.messages.capture import open_capture
from workbench.v2.er7 import parse

HERE = Path(__file__).resolve().parent
DRAFT_MARK = HERE / "DRAFT"


@cache
def mapping() -> AnyMapping:
    """The mapping of this package, compiled once."""
    return compile_any(load_package(HERE / "mapping"))


def map_message(raw: bytes) -> Mapping[str, object]:
    """The Bundle of one message (of messages that the mapping writes: their fields as JSON); decimals are `Decimal`.

    raises  Refused (with `code`, `text`, `hint`): not a message, or one the mapping has nothing for
    """
    return ran(mapping(), _read(raw))


def _documents(document: Document) -> tuple[bytes, ...]:
    """What goes into files: the Bundle as JSON, or each HL7 v2 message."""
    used = mapping()
    if isinstance(used, DirectedMapping):
        return used.map(document).documents
    return (json_tree.dumps(ran(used, document)),)


def _read(raw: bytes) -> Document:
    return json_tree.parse(raw) if reads_fhir(mapping()) else parse(raw)


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
    for issue in capture.issues:
        failed += blocks(issue)
        sys.stderr.write(f"{issue.severity.value}: {issue.rule} {issue.location.file}: {issue.masked_text}\n")
    for number in range(len(capture)):
        try:
            documents = _documents(document_at(capture, number))
        except Refused as refusal:
            failed += 1
            sys.stderr.write(f"{capture.file_of(number)}, message {number + 1}: {refusal}\n")
            continue
        sys.stdout.buffer.writelines(document + b"\n" for document in documents)
    if not len(capture):
        sys.stderr.write("No message was found.\n")
        return 2
    return 1 if failed else 0
