"""One version of one code system on disk: looked up by code, searched at every keystroke, asked for suggestions.

Each version is an SQLite file of its own, so versions stand side by side, an import that is cancelled leaves nothing
behind, and workspaces share them. Wordings are stored shortest first, retired concepts last: the first rows that a
search finds are the ones that people look for, and nothing needs sorting.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import overload

from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.terminology.codes import Coding, Concept
from workbench.terminology.ranking import ranker_for
from workbench.terminology.releases.records import Record
from workbench.terminology.suggest import CandidateIndex

LAYOUT = "5"
"""Changes whenever the tables or the packed indexes do; older files are made again from their release."""
_BATCH = 5_000
_FOUND = 50
_LOOKED_THROUGH = 6
"""Rows that are looked through for each one that is shown."""
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE concept (
    id INTEGER PRIMARY KEY, system TEXT NOT NULL, code TEXT NOT NULL, display TEXT NOT NULL DEFAULT '',
    rank INTEGER NOT NULL DEFAULT 1000, retired INTEGER NOT NULL DEFAULT 0, replaced_by TEXT NOT NULL DEFAULT '',
    properties TEXT NOT NULL DEFAULT '', UNIQUE (code, system)
);
CREATE TABLE wording (concept INTEGER NOT NULL, rank INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE prepared (name TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE found (id INTEGER PRIMARY KEY, concept INTEGER NOT NULL);
CREATE VIRTUAL TABLE search USING fts5(
    text, content='', detail='none', prefix='1 2 3 4', tokenize='unicode61 remove_diacritics 2'
);
"""
_UPSERT = """
INSERT INTO concept (system, code, display, rank, retired, replaced_by, properties) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (code, system) DO UPDATE SET
    display = CASE WHEN excluded.rank < rank AND excluded.display != '' THEN excluded.display ELSE display END,
    rank = min(rank, excluded.rank), retired = max(retired, excluded.retired),
    replaced_by = CASE WHEN excluded.replaced_by = '' THEN replaced_by ELSE excluded.replaced_by END,
    properties = CASE WHEN properties = '' THEN excluded.properties ELSE properties END
RETURNING id
"""
_COLUMNS = "id, system, code, display, retired, replaced_by, properties"
_Row = tuple[int, str, str, str, int, str, str]


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a code store holds.

    system   URI of the code system, "" when its rows name their own
    source   name and SHA-256 of the release it was made from
    """

    system: str
    title: str
    version: str
    concepts: int
    wordings: int
    retired: int
    imported: str
    source: str
    source_sha256: str


def write_store(path: Path, records: Iterable[Record], about: dict[str, str], ctx: JobContext) -> None:
    """Make the store of one version at `path`, which must not exist yet.

    about  system, title, version, source, source_sha256

    raises  Refused TERM-0038: the release holds no codes; Cancelled
    """
    connection = sqlite3.connect(path)
    try:
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE;" + _TABLES)
        _insert(connection, records, about["system"])
        counts = _counts(connection)
        if not counts["concepts"]:
            raise Refused("TERM-0038", f"{about['source']} holds no codes.", "Choose the main file of a release.")
        ctx.advance(1, 3, "indexing for search")
        _fill_search(connection)
        about = {**about, **{name: str(count) for name, count in counts.items()}, "layout": LAYOUT}
        about["imported"] = datetime.now(UTC).isoformat(timespec="seconds")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", about.items())
        ctx.advance(2, 3, "preparing suggestions")
        concepts = tuple(_concepts(connection, about["system"]))
        prepared = ranker_for(concepts).packed() if about["system"] else {}
        connection.executemany("INSERT INTO prepared VALUES (?, ?)", prepared.items())
        connection.commit()
        ctx.advance(3, 3, "ready")
    finally:
        connection.close()


def _insert(connection: sqlite3.Connection, records: Iterable[Record], system: str) -> None:
    wordings: list[tuple[int, int, str]] = []
    for record in records:
        facts = json.dumps(dict(record.properties), ensure_ascii=False) if record.properties else ""
        row = connection.execute(
            _UPSERT,
            (
                record.system or system,
                record.code,
                record.text,
                record.rank if record.text else 1000,
                int(bool(record.retired)),
                " ".join(record.replaced_by),
                facts,
            ),
        ).fetchone()
        wordings += [(row[0], record.rank, text) for text in (record.text, *record.synonyms) if text]
        if len(wordings) >= _BATCH:
            connection.executemany("INSERT INTO wording VALUES (?, ?, ?)", wordings)
            wordings.clear()
    connection.executemany("INSERT INTO wording VALUES (?, ?, ?)", wordings)
    connection.execute("CREATE INDEX wording_concept ON wording (concept, rank)")
    connection.execute("DELETE FROM concept WHERE display = '' AND replaced_by = '' AND retired = 1 AND rank >= 1000")


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    concepts, retired = connection.execute("SELECT count(*), coalesce(sum(retired), 0) FROM concept").fetchone()
    (wordings,) = connection.execute("SELECT count(*) FROM wording").fetchone()
    return {"concepts": concepts, "retired": retired, "wordings": wordings}


def _fill_search(connection: sqlite3.Connection) -> None:
    """One searchable row for each wording, code and display in front; shortest first, retired last."""
    connection.execute(
        "CREATE TEMP TABLE ordered AS SELECT w.concept, c.code || ' ' || w.text AS text "
        "FROM wording w JOIN concept c ON c.id = w.concept "
        "ORDER BY c.retired, w.rank > 0, length(w.text), w.rowid"
    )
    connection.execute("INSERT INTO found (id, concept) SELECT rowid, concept FROM ordered")
    connection.execute("INSERT INTO search (rowid, text) SELECT rowid, text FROM ordered")
    connection.execute("INSERT INTO search (search) VALUES ('optimize')")


def _concepts(connection: sqlite3.Connection, system: str) -> Iterator[Concept]:
    """Every concept with all its wordings, in the order of its first record."""
    texts: dict[int, list[str]] = {}
    for concept, text in connection.execute("SELECT concept, text FROM wording ORDER BY concept, rank, rowid"):
        texts.setdefault(concept, []).append(text)
    for row in connection.execute(f"SELECT {_COLUMNS} FROM concept ORDER BY id"):  # noqa: S608 - a constant
        yield _concept(row, texts.get(row[0], ()))


def _concept(row: _Row, texts: Sequence[str]) -> Concept:
    _, system, code, display, retired, replaced_by, properties = row
    return Concept(
        Coding(system, code, display),
        tuple(dict.fromkeys(text for text in texts if text != display)),
        json.loads(properties) if properties else {},
        bool(retired),
        tuple(replaced_by.split()),
    )


class StoredConcepts(Sequence[Concept]):
    """The concepts of a store in order, each read when it is looked at."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        rows = connection.execute("SELECT id, code FROM concept ORDER BY id").fetchall()
        self._ids = [row[0] for row in rows]
        self.codes = [row[1] for row in rows]
        self._read: dict[int, Concept] = {}

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, number: int) -> Concept: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Concept]: ...
    def __getitem__(self, number: int | slice) -> Concept | Sequence[Concept]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        known = self._read.get(number)
        if known is None:
            known = self._read[number] = _by_id(self._connection, self._ids[number])
        return known


def _by_id(connection: sqlite3.Connection, concept: int) -> Concept:
    row = connection.execute(f"SELECT {_COLUMNS} FROM concept WHERE id = ?", (concept,)).fetchone()  # noqa: S608
    texts = connection.execute("SELECT text FROM wording WHERE concept = ? ORDER BY rank, rowid", (concept,))
    return _concept(row, [text for (text,) in texts])


class CodeStore:
    """One version of a code system, opened for reading; each thread opens its own."""

    def __init__(self, path: Path) -> None:
        """raises  Refused TERM-0039: the file is no code store, or one of an older layout"""
        self.path = path
        try:
            where = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
            self._connection = sqlite3.connect(where, uri=True, check_same_thread=False)
            about = dict(self._connection.execute("SELECT key, value FROM meta"))
        except sqlite3.DatabaseError:
            raise Refused("TERM-0039", f"{path.name} is no code store.", "Import the release again.") from None
        if about.get("layout") != LAYOUT:
            self._connection.close()
            raise Refused("TERM-0039", f"{path.name} was made by another version.", "Import the release again.")
        self.info = StoreInfo(
            about["system"],
            about["title"],
            about["version"],
            int(about["concepts"]),
            int(about["wordings"]),
            int(about["retired"]),
            about["imported"],
            about["source"],
            about["source_sha256"],
        )

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> CodeStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def find(self, code: str, system: str = "") -> Concept | None:
        """The concept with this code; `system` matters only where a store holds several."""
        rows = self._connection.execute("SELECT id, system FROM concept WHERE code = ?", (code,)).fetchall()
        wanted = [concept for concept, own in rows if not system or own == system]
        return _by_id(self._connection, wanted[0]) if wanted else None

    def search(self, text: str, limit: int = _FOUND) -> tuple[Concept, ...]:
        """The concepts whose code or wording has words beginning as all of these do.

        Those whose display begins with the first of them come first, then short wordings, and retired concepts last.
        """
        terms = [term for term in re.split(r"[^\w]+", text) if term]
        if not terms:
            return ()
        match = " ".join(f'"{term}"*' for term in terms)
        found: dict[int, None] = {}
        query = "SELECT f.concept FROM search s JOIN found f ON f.id = s.rowid WHERE search MATCH ? LIMIT ?"
        for (concept,) in self._connection.execute(query, (match, limit * _LOOKED_THROUGH)):
            found.setdefault(concept)
        concepts = [_by_id(self._connection, concept) for concept in found]
        beginning = terms[0].casefold()
        concepts.sort(key=lambda each: (each.retired, not each.coding.display.casefold().startswith(beginning)))
        return tuple(concepts[:limit])

    def concepts(self) -> Iterator[Concept]:
        """Every concept with its wordings, in the order of the release."""
        return _concepts(self._connection, self.info.system)

    @cached_property
    def candidates(self) -> CandidateIndex:
        """What suggestions are drawn from; read once."""
        packed = dict(self._connection.execute("SELECT name, data FROM prepared"))
        if not packed:
            return CandidateIndex(tuple(self.concepts()))
        concepts = StoredConcepts(self._connection)
        return CandidateIndex(concepts, ranker_for(concepts, packed))

    def of_system(self, system: str) -> CandidateIndex:
        """What suggestions are drawn from when a store holds several code systems."""
        if self.info.system:
            return self.candidates
        known = self._indexes.get(system)
        if known is None:
            known = self._indexes[system] = CandidateIndex(self._concepts_by_system.get(system, ()))
        return known

    @cached_property
    def _indexes(self) -> dict[str, CandidateIndex]:
        return {}

    @cached_property
    def _concepts_by_system(self) -> dict[str, list[Concept]]:
        found: dict[str, list[Concept]] = {}
        for concept in self.concepts():
            found.setdefault(concept.coding.system, []).append(concept)
        return found
