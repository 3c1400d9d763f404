"""Build `resources/samples` from the synthetic population; the same sources give the same bytes.

    python packaging/build_samples.py [--check]

--check  compare only; exit code 1 when a file differs from what would be built
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from workbench.kernel.atomic_file import write_atomically  # noqa: E402
from workbench.synthetic.scenarios import generate  # noqa: E402

SEED = 2026
DAY = (
    ("emergency", 2),
    ("admission", 3),
    ("registration", 3),
    ("lab-result", 5),
    ("lab-order", 2),
    ("general-order", 2),
    ("medication-order", 3),
    ("immunization", 3),
    ("appointment", 3),
    ("document", 3),
    ("discharge", 1),
    ("update", 1),
    ("merge", 1),
    ("lab-correction", 1),
    ("hard-names", 3),
    ("several-numbers", 1),
    ("newborn", 1),
    ("deceased", 1),
)
"""What the general hospital sends on a day, and how many patients take part in each."""


def general_hospital() -> Iterator[bytes]:
    """About 60 messages; the last ones each have one defect on purpose, or one thing that needs a person."""
    for scenario, patients in DAY:
        for message in generate(scenario, patients, SEED):
            yield message.raw
    yield from _needing_attention()


def _needing_attention() -> Iterator[bytes]:
    one = next(iter(generate("registration", 1, SEED + 1))).raw
    yield _replaced(one, "EVN", 2, lambda _: b"20260231081500-0500")  # the 31st of February
    two = next(iter(generate("admission", 1, SEED + 2))).raw
    yield _replaced(two, "PID", 7, lambda _: b"1979-05-14")  # a date in another notation
    for message in generate("local-tests", 2, SEED + 3):
        yield message.raw
    for scenario in ("unmapped-allergy", "z-segment", "small-dose", "cleared-fields", "vague-birth"):
        yield next(iter(generate(scenario, 1, SEED + 4))).raw


def _replaced(raw: bytes, segment: str, position: int, change: Callable[[bytes], bytes]) -> bytes:
    """The message with one field of one segment changed."""
    lines = raw.split(b"\r")
    for number, line in enumerate(lines):
        fields = line.split(b"|")
        if fields[0] == segment.encode():
            fields[position] = change(fields[position])
            lines[number] = b"|".join(fields)
    return b"\r".join(lines)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="compare only")
    check: bool = options.parse_args().check
    path = ROOT / "resources" / "samples" / "general-hospital.hl7"
    messages = list(general_hospital())
    built = b"".join(messages)
    if check:
        same = path.is_file() and path.read_bytes() == built
        print(f"{path.name}: {'up to date' if same else 'differs from its sources'}")
        return 0 if same else 1
    write_atomically(path, built)
    print(f"{path.name}: {len(messages)} messages, {len(built)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
