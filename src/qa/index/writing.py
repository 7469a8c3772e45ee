"""Writes an index: one document, one transaction; what is derived follows.

A build that is killed leaves every document it had committed, and the next goes on from there. Knows documents,
chunks and vectors; nothing of files, readers or models.
"""

from __future__ import annotations

import functools
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qa.index.database import EARLIER, PER_DOCUMENT, Database, checksum
from qa.index.derived import catch_up
from qa.index.places import pack_places
from qa.index.records import (
    CHUNK,
    DOCUMENT,
    Fingerprint,
    Record,
    StoredChunk,
    calibration_from,
    calibration_to,
    document_id,
    pack_hidden,
    pack_rows,
    read_ledger,
    roots_from,
    roots_to,
    unread_from,
    unread_to,
)
from qa.keyword import KeywordFolder
from qa.protocols import Rows, VectorStore
from qa.types import Calibration, Chunk, LedgerEntry

if TYPE_CHECKING:
    from qa.load import Reading

Stamp = tuple[int, ...]

UNKNOWN: Stamp = (-1, -1, -1)
_DRIFT = 0.1  # share of the chunks that may change before a calibration is made again
_BLOCK = 256  # chunks written in one statement
_LAG = 8_192  # chunks after which what is derived is brought in step within a build


@dataclass(frozen=True, slots=True)
class Known:
    """What the index knows of a document: its digest, its file's stamp, when that was seen, what reading took."""

    digest: str
    stamp: Stamp
    looked: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Embedding:
    """A chunk's vectors, as they are stored."""

    vector: bytes
    scales: bytes
    vectors: bytes

    @classmethod
    def of(cls, row: Rows, sentences: Rows) -> Embedding:
        """Pack what a model returned: half precision for the chunk, eight bits and a scale for each sentence."""
        packed, scales = pack_rows(sentences)
        return cls(row.astype("<f2").tobytes(), scales.astype("<f4").tobytes(), packed.tobytes())


class Writer:
    """The one who writes an index; call it under `writing`, and close it."""

    def __init__(
        self,
        folder: Path,
        fingerprint: Fingerprint,
        dim: Callable[[], int],
        store: Callable[[int], VectorStore],
        keyword: Callable[[], KeywordFolder],
    ) -> None:
        """Open or make the database; `dim` is asked only where it isn't known, `store` makes one of such rows."""
        self.database = Database(folder, write=True)
        self._fingerprint = fingerprint
        self._dim = dim
        self._make = store, keyword
        self.changed = 0  # chunks added and removed since the writer was opened
        self._lag = 0
        if not self.database.one("SELECT count(*) FROM meta")[0]:
            about = {
                "fingerprint": asdict(fingerprint),
                "dim": 0,
                "roots": [],
                "runtime": "",
                "whole": False,
                "drift": 0,
                "unread": 0,
                "partly": 0,
                "lines": 0,
                "looked": 0,
                "built": time.time_ns(),
            }
            with self.database.transaction():
                self.database.put("about", about)
                self.database.put("calibration", None)
                self.database.put(
                    "state", {"made": time.time_ns(), "revision": 0, "chunks": 0, "purged": 0, "builds": 0}
                )

    @functools.cached_property
    def derived(self) -> tuple[VectorStore, KeywordFolder]:
        """What follows the database."""
        store, keyword = self._make
        return store(self.about["dim"]), keyword()

    def close(self) -> None:
        """Let go of the files."""
        self.database.close()

    def known(self) -> dict[str, Known]:
        """Return what is known of each document, by source; of all when they were last found to be so."""
        looked = self.about["looked"]
        rows = self.database.all("SELECT source, digest, size, modified, altered, looked, seconds FROM documents")
        return {row[0]: Known(row[1], tuple(row[2:5]), max(row[5], looked), row[6]) for row in rows}

    @property
    def about(self) -> dict[str, Any]:
        """Facts about the whole."""
        found: dict[str, Any] = self.database.get("about")
        return found

    @property
    def roots(self) -> tuple[str, ...]:
        """The collection's roots, as the last build named them."""
        return roots_from(self.database.folder, self.about["roots"])

    def unread(self) -> list[LedgerEntry]:
        """Return the lines of the ledger that are no documents."""
        rows = self.database.all("SELECT source, entry, checksum FROM unread")
        return [unread_from(row, self.database) for row in rows]

    def ledger(self, sources: set[str], others: Sequence[LedgerEntry]) -> tuple[LedgerEntry, ...]:
        """Return the ledger of these documents and the lines that are none."""
        return read_ledger(self.database, others, sources)

    def begin(self, roots: Sequence[str]) -> None:
        """Say that a build is going on, and of what if that isn't known; a reader is told until it ends."""
        about = self.about
        if about["whole"] or not about["dim"]:
            dim = about["dim"] or self._dim()
            if not about["dim"]:  # a store that lies elsewhere may hold an earlier database's vectors
                self._make[0](dim).clear()
            with self.database.transaction():
                named = about["roots"] or roots_to(self.database.folder, roots)
                facts = {"whole": False, "roots": named, "dim": dim}
                self.database.put("about", {**about, **facts})

    def confirm(self, looked: int, stamps: dict[str, Stamp]) -> None:
        """Note that all files were found to be as recorded by a look that began then; some had other times."""
        with self.database.transaction():
            self._stamp(stamps, looked)
            self.database.put("about", {**self.about, "looked": looked})

    def find_alike(self, reading: Reading, chunks: Sequence[Chunk]) -> list[Embedding] | None:
        """Return the vectors of a document that would be embedded just so: moved, renamed or copied."""
        document, headers = reading.document, headers_of(chunks)
        sql = f"SELECT {DOCUMENT}, checksum FROM documents WHERE digest = ? AND title = ? AND reader = ? ORDER BY id"
        for row in self.database.all(sql, (document.digest, document.title, reading.reader)):
            record = Record.from_row(row, self.database)
            if (record.sections, record.headers, record.chunks) != (document.sections, headers, len(chunks)):
                continue
            stored = self._stored(record)
            if [(one.text, one.sentences, one.start) for one in stored] == [
                (chunk.text, _spans(chunk), chunk.span.start) for chunk in chunks
            ]:
                return [Embedding(one.vector, one.scales, one.vectors) for one in stored]
        return None

    def put(
        self,
        reading: Reading,
        chunks: Sequence[Chunk],
        embedded: Iterator[Embedding],
        stamp: Stamp,
        looked: int,
        seconds: float,
    ) -> None:
        """Write a document in the place of what bears its name; its chunks as they are embedded."""
        document = reading.document
        with self.database.transaction():
            revision = self._revision() + 1
            removed = self._remove(document.source, revision)
            record = Record(
                self._free_id(document.source),
                document.source,
                document.digest,
                document.title,
                document.author,
                document.date,
                reading.reader,
                reading.encoding,
                reading.note,
                len(document.text),
                len(chunks),
                document.by_line,
                document.is_prose,
                document.sections,
                headers_of(chunks),
                reading.extent,
            )
            self._insert("documents", (*record.to_row(), *(stamp or (0, 0, 0)), looked, seconds))
            contents = (record.id, document.text, pack_hidden(document.hidden), pack_places(document.places))
            self._insert("contents", (*contents, checksum(*contents)))
            rows = (stored.to_row() for stored in _stored(record, chunks, embedded, revision))
            # a block at a time: what is embedded is waited for while no statement runs
            while block := list(islice(rows, _BLOCK)):
                self.database.run_each(f"INSERT INTO chunks VALUES ({','.join('?' * 13)})", block)
            self._count(revision, len(chunks), removed)

    def finish_file(self, sources: Sequence[str], stamp: Stamp, looked: int, others: Sequence[LedgerEntry]) -> None:
        """Note that all documents in a file are written, so that it needn't be read again, and what isn't one."""
        with self.database.transaction():
            self._stamp(dict.fromkeys(sources, stamp), looked)
            for entry in others:
                self.database.run("DELETE FROM unread WHERE source = ?", (entry.source,))
                self._insert("unread", unread_to(entry))

    def remove(self, sources: Sequence[str]) -> None:
        """Take documents out."""
        if sources:
            with self.database.transaction():
                revision = self._revision() + 1
                self._count(revision, 0, sum(self._remove(source, revision) for source in sources))

    def catch_up(self, *, last: bool) -> None:
        """Bring what is derived in step; within a build only now and then."""
        if last or self._lag >= _LAG:
            catch_up(self.database, *self.derived, self._record, last=last)
            self._lag = 0

    def finish(
        self,
        *,
        unread: Sequence[LedgerEntry],
        roots: Sequence[str],
        runtime: str,
        looked: int,
        stamps: dict[str, Stamp],
        counts: dict[str, int],
        calibrate: Callable[[], Calibration | None] | None,
    ) -> None:
        """Write down what is known at the end of a build; `calibrate` is asked unless the last calibration holds."""
        self.catch_up(last=True)
        about, made = self.about, calibration_from(self.database.get("calibration"))
        drift, count = about["drift"] + self.changed, self.database.get("state")["chunks"]
        if calibrate and (made is None or drift > _DRIFT * count):
            drift, made = 0, calibrate()
        with self.database.transaction():
            self.database.run("DELETE FROM unread")
            for entry in unread:
                self._insert("unread", unread_to(entry))
            self._stamp(stamps, looked)
            facts = {"roots": roots_to(self.database.folder, roots), "runtime": runtime, "looked": looked}
            self.database.put(
                "about", {**about, **facts, **counts, "drift": drift, "whole": True, "built": time.time_ns()}
            )
            self.database.put("calibration", calibration_to(made))
            state = self.database.get("state")
            self.database.put("state", {**state, "builds": state["builds"] + 1})

    def tidy(self) -> None:
        """Fold the log into the database, and remove what a version before this one left."""
        self.database.run("PRAGMA busy_timeout = 0")  # who reads an older snapshot isn't waited for
        self.database.run("PRAGMA wal_checkpoint(TRUNCATE)")
        folder = self.database.folder
        if (folder / EARLIER).exists():
            for path in [*folder.glob("g[0-9]*"), folder / "partial"]:
                shutil.rmtree(path, ignore_errors=True)
            (folder / EARLIER).unlink(missing_ok=True)

    def _record(self, document: int) -> Record:
        row = self.database.one(f"SELECT {DOCUMENT}, checksum FROM documents WHERE id = ?", (document,))
        return Record.from_row(row, self.database)

    def _revision(self) -> int:
        """Return the transaction the database stands at; call it in one."""
        self._state: dict[str, int] = self.database.get("state")
        revision: int = self._state["revision"]
        return revision

    def _count(self, revision: int, added: int, removed: int) -> None:
        count = self._state["chunks"] + added - removed
        self.database.put("state", {**self._state, "revision": revision, "chunks": count})
        self.changed += added + removed
        self._lag += added

    def _insert(self, table: str, row: Sequence[object]) -> None:
        self.database.run(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)

    def _stamp(self, stamps: dict[str, Stamp], looked: int) -> None:
        rows = [(*(stamp or (0, 0, 0)), looked, source) for source, stamp in stamps.items()]
        sql = "UPDATE documents SET size = ?, modified = ?, altered = ?, looked = ? WHERE source = ?"
        self.database.run_each(sql, rows)

    def _remove(self, source: str, revision: int) -> int:
        """Take a document out, if it is there, and return how many chunks it had."""
        found = self.database.one("SELECT id FROM documents WHERE source = ?", (source,))
        if not found:
            return 0
        first, last = found[0] * PER_DOCUMENT, (found[0] + 1) * PER_DOCUMENT
        self.database.run(
            "INSERT INTO removed SELECT ?, id, revision FROM chunks WHERE id >= ? AND id < ?", (revision, first, last)
        )
        count = self.database.run("DELETE FROM chunks WHERE id >= ? AND id < ?", (first, last))
        self.database.run("DELETE FROM contents WHERE document = ?", found)
        self.database.run("DELETE FROM documents WHERE id = ?", found)
        return count

    def _free_id(self, source: str) -> int:
        attempt = 0
        while self.database.one("SELECT 1 FROM documents WHERE id = ?", (document_id(source, attempt),)):
            attempt += 1
        return document_id(source, attempt)

    def _stored(self, record: Record) -> list[StoredChunk]:
        first = record.id * PER_DOCUMENT
        sql = f"SELECT {CHUNK}, checksum FROM chunks WHERE id >= ? AND id < ? ORDER BY id"
        rows = self.database.all(sql, (first, first + PER_DOCUMENT))
        return [StoredChunk.from_row(row, self.database) for row in rows]


def headers_of(chunks: Sequence[Chunk]) -> tuple[str, ...]:
    """Return the chunks' table headers, each once, none first."""
    return tuple(dict.fromkeys(["", *(chunk.header for chunk in chunks)]))


def _stored(
    record: Record, chunks: Sequence[Chunk], embedded: Iterator[Embedding], revision: int
) -> Iterator[StoredChunk]:
    sections = {section.span.start: at for at, section in enumerate(record.sections)}
    headers = {header: at for at, header in enumerate(record.headers)}
    for at, (chunk, made) in enumerate(zip(chunks, embedded, strict=True)):
        yield StoredChunk(
            record.id * PER_DOCUMENT + at,
            record.id,
            revision,
            sections[chunk.section.span.start],
            headers[chunk.header],
            chunk.span.start,
            chunk.span.end,
            chunk.text,
            _spans(chunk),
            made.vector,
            made.scales,
            made.vectors,
        )


def _spans(chunk: Chunk) -> bytes:
    return np.array([(one.start, one.end) for one in chunk.sentences], dtype="<i4").tobytes()
