"""SNOMED CT in Release Format 2: descriptions, with concepts and historical associations of the same release.

Layouts: SNOMED CT Release File Specification §4.2. Only a snapshot is read: of a full release the last state counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.terminology.releases.records import STEP, Record, rows_of, text_of

FULLY_SPECIFIED, SYNONYM = "900000000000003001", "900000000000013009"
_REPLACED_BY = frozenset({"900000000000526001", "900000000000527005"})
"""Association reference sets "replaced by" and "same as"."""
_DESCRIPTION = ("conceptId", "active", "typeId", "term", "languageCode")


def read_snomed(path: Path, ctx: JobContext) -> Iterator[Record]:
    """A record for each active description, then the state of the concepts and what replaces retired ones.

    path  the description file, or a folder of the release

    raises  Refused TERM-0034: no description file; else as `text_of` and `rows_of`, and Cancelled
    """
    root = path if path.is_dir() else path.parent
    descriptions = (
        path if path.is_file() else _find(root, "sct2_Description_*Snapshot*-en*.txt", "sct2_Description_*.txt")
    )
    if descriptions is None:
        raise Refused(
            "TERM-0034", f"{path.name} holds no SNOMED CT description file.", "Choose sct2_Description_….txt."
        )
    count = 0
    with text_of(descriptions) as text:
        for row in rows_of(text, descriptions.name, _DESCRIPTION, "\t"):
            count += 1
            if count % STEP == 0:
                ctx.advance(count, label="reading SNOMED CT")
            if row["active"] == "1" and row["typeId"] in (FULLY_SPECIFIED, SYNONYM):
                yield _description(row)
    concepts = _find(root, "sct2_Concept_*Snapshot*.txt", "sct2_Concept_*.txt")
    if concepts is not None:
        with text_of(concepts) as text:
            for row in rows_of(text, concepts.name, ("id", "active"), "\t"):
                if row["active"] != "1":
                    yield Record(row["id"], rank=99, retired=True)
    yield from _associations(root)


def _description(row: dict[str, str]) -> Record:
    """The fully specified name says in brackets what kind of thing it is; synonyms are what people write."""
    term = row["term"]
    if row["typeId"] == SYNONYM:
        return Record(row["conceptId"], term, rank=1)
    kind = term[term.rfind("(") + 1 : -1] if term.endswith(")") else ""
    return Record(row["conceptId"], term, rank=0, properties={"semantic tag": kind} if kind else {})


def _associations(root: Path) -> Iterator[Record]:
    found = _find(root, "der2_cRefset_*Association*Snapshot*.txt", "der2_cRefset_*Association*.txt")
    if found is None:
        return
    with text_of(found) as text:
        for row in rows_of(
            text, found.name, ("active", "refsetId", "referencedComponentId", "targetComponentId"), "\t"
        ):
            if row["active"] == "1" and row["refsetId"] in _REPLACED_BY:
                yield Record(row["referencedComponentId"], rank=99, replaced_by=(row["targetComponentId"],))


def _find(root: Path, *patterns: str) -> Path | None:
    folders = (root, root.parent) if root.name in ("Terminology", "Content") else (root,)
    return next((found for folder in folders for pattern in patterns for found in sorted(folder.rglob(pattern))), None)
