"""One opened index: chunk ids to chunks, chunks to documents, as they were at one transaction.

What isn't asked for isn't read, and what is read is checked; `check` looks at everything.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from qa.errors import IndexCorrupt
from qa.index.database import PER_DOCUMENT, Database, checksum
from qa.index.derived import Chunks, Search, Vectors, ids_since, pending_terms
from qa.index.places import Places
from qa.index.records import (
    CHUNK,
    DOCUMENT,
    Fingerprint,
    Record,
    StoredChunk,
    calibration_from,
    document_id,
    read_ledger,
    roots_from,
    unpack_hidden,
    unread_from,
)
from qa.keyword import KeywordFolder
from qa.protocols import Rows, VectorStore
from qa.types import Chunk, Document, LedgerEntry

_TOGETHER = 4_000_000  # bytes of texts given at once
_CHECKED_WHOLE = 16_000_000  # bytes, which take some ten milliseconds


class Index:
    """One snapshot of an index. Chunks go by their ids, which are no row of numbers: see `chunk_ids`."""

    def __init__(self, database: Database, store: VectorStore, keyword: KeywordFolder) -> None:
        self.folder = database.folder
        about = database.get("about")
        self.fingerprint = Fingerprint(**about["fingerprint"])
        self.roots: tuple[str, ...] = roots_from(self.folder, about["roots"])
        self.runtime: str = about["runtime"]
        self.unread: int = about["unread"]  # files that aren't searched,
        self.partly: int = about["partly"]  # those of which some is,
        self.lines: int = about["lines"]  # and all that are in the ledger
        self.drift: int = about["drift"]  # chunks that have changed since it was calibrated
        self.is_whole: bool = about["whole"]  # whether the last build came to its end
        self.calibration = calibration_from(database.get("calibration"))
        state = database.get("state")
        self.moment = (state["made"], state["revision"], state["builds"])
        self._count: int = state["chunks"]
        self._database = database
        self._derived = store, keyword
        self._cached: Document | None = None
        self._chunks = Chunks(database)
        self.store = Search(store, Vectors(database), self._chunks)
        gone, added = pending_terms(database, keyword, self.record)
        self.keyword = keyword.add_in_memory(gone, added) if len(gone) or added else keyword.index
        if not len(self) == len(self.store) == len(self.keyword):
            raise IndexCorrupt(
                f"{self.folder}: {len(self)} chunks, but {len(self.store)} in FAISS and {len(self.keyword)} in the "
                "keyword index. Run: qa index --rebuild"
            )

    def __len__(self) -> int:
        """Return the number of chunks."""
        return self._count

    @functools.cached_property
    def chunk_ids(self) -> list[int]:
        """Every chunk's id, in order."""
        return ids_since(self._database, 0)

    @property
    def sources(self) -> tuple[str, ...]:
        """Every document's source, sorted."""
        return tuple(record.source for record in self.records)

    @functools.cached_property
    def records(self) -> list[Record]:
        """Every document but for its contents, sorted by source."""
        rows = self._database.all(f"SELECT {DOCUMENT}, checksum FROM documents ORDER BY source")
        return [Record.from_row(row, self._database) for row in rows]

    @functools.cached_property
    def ledger(self) -> tuple[LedgerEntry, ...]:
        """One line a file met at the last build, read or not, sorted by source."""
        return read_ledger(self._database, self.others)

    @functools.cached_property
    def others(self) -> tuple[LedgerEntry, ...]:
        """The lines of files that are no documents: not read, or with all their text in files inside them."""
        rows = self._database.all("SELECT source, entry, checksum FROM unread ORDER BY source, rowid")
        return tuple(unread_from(row, self._database) for row in rows)

    def digest(self, source: str) -> str | None:
        """Return the digest of the indexed revision of `source`, or None where it isn't indexed."""
        found = self._id_of(source)
        return None if found is None else self.record(found).digest

    def entry(self, source: str) -> LedgerEntry:
        """Return a document's line in the ledger, but for its time and its copies."""
        return self._named(source).line()

    def title(self, source: str) -> str:
        """Return a document's title."""
        return self._named(source).title

    def document(self, source: str) -> Document:
        """Return a document with its canonical text."""
        document = self._cached  # one look: another thread may put its own there meanwhile
        if document is None or document.source != source:
            record = self._named(source)
            text, hidden, places = self._contents(record.id)
            document = Document(
                record.source,
                record.digest,
                record.title,
                text,
                record.sections,
                Places(places),
                record.author,
                record.date,
                unpack_hidden(hidden),
                record.by_line,
                record.is_prose,
            )
            self._cached = document
        return document

    def chunk(self, row: int) -> Chunk:
        """Return the chunk of this id, its text read for itself, not through the document."""
        (stored,) = self.stored([row])
        return stored.chunk(self.record(stored.document))

    def stored(self, ids: Sequence[int]) -> list[StoredChunk]:
        """Return chunks as they are stored, in the order asked for."""
        return self._chunks.get(ids)

    def sentence_rows(self, row: int) -> Rows:
        """Return the rows of a chunk's sentences, of shape (its sentences, dim)."""
        (stored,) = self.stored([row])
        scales = np.frombuffer(stored.scales, dtype="<f4")
        packed = np.frombuffer(stored.vectors, dtype="i1").reshape(len(scales), -1)
        rows: Rows = packed.astype(np.float32) * scales[:, None]
        return rows

    def similarities(self, query: Rows, rows: Sequence[int]) -> list[float]:
        """Return `query`'s similarity to each of these chunks, in the order given."""
        return self.store.similarities(query, rows)

    def sentence_similarities(self, query: Rows, rows: Sequence[int]) -> tuple[Rows, NDArray[np.int64]]:
        """Return `query`'s similarity to each sentence of these chunks, one after another.

        The second array, one longer than `rows`, says where each chunk's begin and end among them.
        """
        stored = self.stored(rows)
        scales = np.frombuffer(b"".join(one.scales for one in stored), dtype="<f4")
        packed = np.frombuffer(b"".join(one.vectors for one in stored), dtype="i1").reshape(len(scales), -1)
        similarities: Rows = np.vecdot(packed.astype(np.float32), query) * scales
        counts = [len(one.scales) // 4 for one in stored]
        return similarities, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def texts(self) -> Iterator[tuple[int, list[int], bytes]]:
        """Yield all canonical texts in UTF-8, some documents' together, in order of sources; none is kept in memory.

        With each block comes the number of its first document, and where in it each ends.
        """
        first, ends, block = 0, list[int](), bytearray()
        for number, source in enumerate(self.sources):
            data = self._contents(self._named(source).id)[0].encode("utf-8")
            if block and len(block) + len(data) > _TOGETHER:
                yield first, ends, bytes(block)
                first, ends, block = number, [], bytearray()
            block += data
            ends.append(len(block))
        if ends:
            yield first, ends, bytes(block)

    def source_of(self, number: int) -> str:
        """Return the source of document `number`, counted in the order of sources."""
        return self.records[number].source

    def record_of(self, source: str) -> Record:
        """Return all that is known of a document but its contents."""
        return self._named(source)

    def row_at(self, source: str, offset: int) -> int | None:
        """Return the first of a document's chunks that holds the character at `offset`; None where none does."""
        found = self._database.one(
            'SELECT id FROM chunks WHERE document = ? AND "start" <= ? AND "end" > ? ORDER BY id LIMIT 1',
            (self._named(source).id, offset, offset),
        )
        return found[0] if found else None

    def rows_of(self, source: str) -> range:
        """Return the ids of a document's chunks."""
        record = self._named(source)
        return range(record.id * PER_DOCUMENT, record.id * PER_DOCUMENT + record.chunks)

    def size(self) -> int:
        """Return the index's size on disk in bytes."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def check(self) -> None:
        """Read everything; raise IndexCorrupt where something isn't what was written."""
        if self._database.one("PRAGMA quick_check(1)") != ("ok",):
            raise self._database.corrupt("its pages")
        chunks = {record.id: record.chunks for record in self.records}
        for record in self.records:
            self._contents(record.id)
        for block in self._database.each(f"SELECT {CHUNK}, checksum FROM chunks ORDER BY id"):
            for row in block:
                stored = StoredChunk.from_row(row, self._database)
                chunks[stored.document] = chunks.get(stored.document, 0) - 1
        if any(chunks.values()) or sum(record.chunks for record in self.records) != len(self):
            raise self._database.corrupt("chunks are missing or belong to nothing")
        assert self.others is not None
        store, keyword = self._derived
        store.check()
        keyword.check()

    @functools.cached_property
    def record(self) -> functools._lru_cache_wrapper[Record]:
        """Return the document of an id, but for its contents: `index.record(id)`."""
        # no method of this object: one in a cache of its own would keep it for the garbage collector
        return functools.lru_cache(maxsize=4_096)(functools.partial(_read_record, self._database))

    @functools.cached_property
    def _id_of(self) -> functools._lru_cache_wrapper[int | None]:
        """Return the id of a source, None where there is none: it is asked for with each chunk that is shown."""
        return functools.lru_cache(maxsize=4_096)(functools.partial(_read_id, self._database))

    def _named(self, source: str) -> Record:
        found = self._id_of(source)
        if found is None:
            raise KeyError(source)
        record: Record = self.record(found)
        return record

    def _contents(self, document: int) -> tuple[str, bytes, bytes]:
        row = self._database.one(
            "SELECT document, text, hidden, places, checksum FROM contents WHERE document = ?", (document,)
        )
        if not row or checksum(*row[:-1]) != row[-1]:
            raise self._database.corrupt(f"the text of a document ({self.record(document).source})")
        return row[1], row[2], row[3]


def _read_id(database: Database, source: str) -> int | None:
    found = database.one("SELECT id FROM documents WHERE source = ?", (source,))
    if not found and database.one(
        "SELECT id FROM documents WHERE id = ? AND +source = ?", (document_id(source), source)
    ):
        raise database.corrupt("the names of documents")
    return found[0] if found else None


def _read_record(database: Database, document: int) -> Record:
    row = database.one(f"SELECT {DOCUMENT}, checksum FROM documents WHERE id = ?", (document,))
    if not row:
        raise database.corrupt(f"a document ({document}) is missing")
    return Record.from_row(row, database)


def open_index(database: Database, store: VectorStore, keyword: KeywordFolder) -> Index:
    """Open a snapshot; a small index is checked whole, what a large one holds as it is used.

    Raises IndexCorrupt where a file is missing or of another size, or where a byte of a small index isn't what
    was written.
    """
    index = Index(database, store, keyword)
    if index.size() <= _CHECKED_WHOLE:
        index.check()
    return index
