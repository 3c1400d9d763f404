"""Messages of synthetic patients, written as files."""

from __future__ import annotations

from pathlib import Path

from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.progress import JobContext
from workbench.synthetic.scenarios import generate


def write_messages(scenario: str, patients: int, seed: int, folder: Path, ctx: JobContext) -> int:
    """Write one file for each message; returns how many. The same arguments write the same bytes.

    raises  Refused SYN-0001: no such scenario; Refused SYN-0003: no patients asked for
    """
    count = 0
    for message in generate(scenario, patients, seed):
        ctx.advance(count, label="writing")
        write_atomically(folder / f"{message.name}.hl7", message.raw)
        count += 1
    return count
