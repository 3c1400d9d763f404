"""Which reader a file wants, by what is asked for and by what the file is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.terminology.loinc_axes import LOINC
from workbench.terminology.ranking import CVX, ICD_10_CM, RXNORM, SNOMED_CT, UCUM
from workbench.terminology.releases.loinc import read_loinc
from workbench.terminology.releases.records import Record
from workbench.terminology.releases.rxnorm import read_rxnorm
from workbench.terminology.releases.small import read_cvx, read_icd10cm, read_list
from workbench.terminology.releases.snomed import read_snomed

Reader = Callable[[Path, JobContext], Iterator[Record]]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of release: its short name, the URI of its code system, its reader, and file names that give it away."""

    name: str
    system: str
    read: Reader
    title: str
    main_files: tuple[str, ...] = ()


FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        Format("loinc", LOINC, read_loinc, "LOINC", ("Loinc.csv", "LoincTable/Loinc.csv")),
        Format("rxnorm", RXNORM, read_rxnorm, "RxNorm", ("RXNCONSO.RRF", "rrf/RXNCONSO.RRF")),
        Format("snomed", SNOMED_CT, read_snomed, "SNOMED CT"),
        Format("icd10cm", ICD_10_CM, read_icd10cm, "ICD-10-CM", ("icd10cm*order*.txt",)),
        Format("cvx", CVX, read_cvx, "CVX", ("cvx.txt",)),
        Format("ucum", UCUM, read_list, "UCUM"),
        Format("hl7", "", read_list, "HL7 tables"),
        Format("list", "", read_list, "local list"),
    )
}


def format_named(name: str) -> Format:
    """The format of a short name or of the URI of its code system; any other URI or name is a plain list of it.

    raises  Refused TERM-0037: an empty name
    """
    if not name:
        raise Refused(
            "TERM-0037", "Which code system it is was not said.", f"Say one of {', '.join(FORMATS)}, or a URI."
        )
    known = FORMATS.get(name.casefold()) or next((each for each in FORMATS.values() if each.system == name), None)
    return known or Format("list", name, read_list, name)


def main_file(path: Path, wanted: Format) -> Path:
    """The file that a reader starts from, when a folder was given.

    raises  Refused TERM-0030: nothing there
    """
    if path.is_dir() and wanted.main_files:
        for pattern in wanted.main_files:
            found = sorted(path.glob(pattern))
            if found:
                return found[0]
        raise Refused(
            "TERM-0030",
            f"{path.name} holds no {wanted.main_files[0]}.",
            f"Choose the folder of a {wanted.title} release.",
        )
    if not path.exists():
        raise Refused("TERM-0030", f"There is no file {path.name}.", "Check the name.")
    return path
