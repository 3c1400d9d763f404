"""RxNorm's `RXNCONSO.RRF`, with `RXNATOMARCHIVE.RRF` for merged concepts when it stands beside it.

Fields: RXCUI|LAT|TS|LUI|STT|SUI|ISPREF|RXAUI|SAUI|SCUI|SDUI|SAB|TTY|CODE|STR|SRL|SUPPRESS|CVF| (RxNorm Technical
Documentation §12.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.terminology.releases.records import STEP, Record, beside, text_of

_FIELDS = 18
_ORDER = (
    "SCD",
    "SBD",
    "GPCK",
    "BPCK",
    "SCDC",
    "SBDC",
    "SCDF",
    "SBDF",
    "SCDG",
    "SBDG",
    "IN",
    "PIN",
    "MIN",
    "BN",
    "DF",
    "DFG",
)
_SYNONYM = frozenset({"SY", "PSN", "TMSY", "ET"})


def read_rxnorm(path: Path, ctx: JobContext) -> Iterator[Record]:
    """A record for each English name that RxNorm itself or its prescribable names give.

    raises  Refused TERM-0033: a line has too few fields; else as `text_of`, and Cancelled
    """
    with text_of(path) as text:
        for number, line in enumerate(text):
            if number % STEP == 0:
                ctx.advance(number, label="reading RxNorm")
            fields = line.rstrip("\r\n").split("|")
            if len(fields) < _FIELDS:
                if not line.strip():
                    continue
                raise Refused(
                    "TERM-0033",
                    f"{path.name}, line {number + 1}: {len(fields)} fields instead of {_FIELDS}.",
                    "Choose RXNCONSO.RRF of a release.",
                )
            code, language, source, kind, name, suppress = (fields[n] for n in (0, 1, 11, 12, 14, 16))
            if language != "ENG" or (source not in ("RXNORM", "MTHSPL") and kind not in _SYNONYM):
                continue
            if source != "RXNORM" or kind in _SYNONYM:
                yield Record(code, name, rank=90)
            else:
                rank = _ORDER.index(kind) if kind in _ORDER else 50
                yield Record(code, name, rank, properties={"TTY": kind}, retired=suppress == "O")
    yield from _merged(path)


def _merged(path: Path) -> Iterator[Record]:
    """Concepts that a later release merged into another: the last two fields but one of the archive."""
    found = beside(path, "RXNATOMARCHIVE.RRF")
    if found is None:
        return
    with text_of(found) as text:
        for line in text:
            fields = line.rstrip("\r\n").split("|")
            if len(fields) > 14 and fields[14] and fields[14] != fields[13]:
                yield Record(fields[13], fields[2], rank=99, retired=True, replaced_by=(fields[14],))
