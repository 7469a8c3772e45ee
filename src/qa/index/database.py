"""The database of an index: its schema, its connections, and how damage in it is noticed.

Standard SQLite in WAL mode, so that whoever reads sees one transaction while another process writes. Each row whose
content may reach an answer carries a checksum of it, compared when the row is read. Knows SQL; nothing of chunking,
models or scores.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qa.errors import IndexBusy, IndexCorrupt, IndexMismatch, IndexMissing, StoreError

SCHEMA = 9
DATABASE = "index.db"
EARLIER = "CURRENT"  # the file by which versions before 9 found their newest generation
REBUILD = "Run: qa index --rebuild"
VECTORS, KEYWORD = "vectors", "keyword"  # folders of what is derived
PER_DOCUMENT = 1 << 21  # ids of chunks that a document has for itself

_TABLES = """
CREATE TABLE meta (                     -- facts about the whole, each as JSON
    name        TEXT PRIMARY KEY,
    value       TEXT NOT NULL,
    checksum    BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE documents (                -- one row a document that is searched
    id          INTEGER PRIMARY KEY,    -- from the hash of its source, whatever the history
    source      TEXT NOT NULL UNIQUE,   -- its name in the collection
    digest      TEXT NOT NULL,          -- "sha256:…" of its file's bytes
    title       TEXT NOT NULL,
    author      TEXT NOT NULL,
    date        TEXT NOT NULL,
    reader      TEXT NOT NULL,
    encoding    TEXT NOT NULL,
    note        TEXT NOT NULL,          -- what to know of how it was read
    characters  INTEGER NOT NULL,
    chunks      INTEGER NOT NULL,
    by_line     INTEGER NOT NULL,
    is_prose    INTEGER NOT NULL,
    sections    TEXT NOT NULL,          -- JSON: [page, [heading, …], start, end], …
    headers     TEXT NOT NULL,          -- JSON: first rows of tables; chunks name theirs by number
    extent      TEXT NOT NULL,          -- JSON: how much of the file was read
    checksum    BLOB NOT NULL,          -- of all above
    size        INTEGER NOT NULL,       -- its file from outside: bytes and two times in nanoseconds; -1 where unknown
    modified    INTEGER NOT NULL,
    altered     INTEGER NOT NULL,
    looked      INTEGER NOT NULL,       -- when that was found to be so
    seconds     REAL NOT NULL           -- what reading it took
);
CREATE INDEX documents_by_digest ON documents (digest);

CREATE TABLE contents (                 -- what of a document is long
    document    INTEGER PRIMARY KEY REFERENCES documents,
    text        TEXT NOT NULL,          -- canonical
    hidden      BLOB NOT NULL,          -- JSON: what nobody who looks at the file sees
    places      BLOB NOT NULL,          -- JSON in blocks: pages, slides, cells …
    checksum    BLOB NOT NULL
);

CREATE TABLE chunks (
    id          INTEGER PRIMARY KEY,    -- document * 2097152 + its place among the document's chunks
    document    INTEGER NOT NULL REFERENCES documents,
    revision    INTEGER NOT NULL,       -- the transaction that wrote it
    section     INTEGER NOT NULL,       -- its place among the document's sections
    header      INTEGER NOT NULL,
    "start"     INTEGER NOT NULL,       -- characters of the document's text
    "end"       INTEGER NOT NULL,
    text        TEXT NOT NULL,
    sentences   BLOB NOT NULL,          -- int32: start, end of each, in the document's text
    vector      BLOB NOT NULL,          -- float16
    scales      BLOB NOT NULL,          -- float32, one a sentence: vector = int8 * scale
    vectors     BLOB NOT NULL,          -- int8, one vector a sentence
    checksum    BLOB NOT NULL
);
CREATE INDEX chunks_by_revision ON chunks (revision);

CREATE TABLE removed (                  -- chunks taken out since the oldest transaction that FAISS or BM25 stand for
    revision    INTEGER NOT NULL,       -- the transaction that took it out
    chunk       INTEGER NOT NULL,
    written     INTEGER NOT NULL,       -- the transaction that had written it
    PRIMARY KEY (revision, chunk)
) WITHOUT ROWID;

CREATE TABLE unread (                   -- files met that are no documents, and why
    source      TEXT NOT NULL,
    entry       TEXT NOT NULL,          -- JSON: the line of the ledger
    checksum    BLOB NOT NULL
);
"""


def checksum(*values: object) -> bytes:
    """Return a digest of values: numbers, texts, bytes or None, told apart by type and length."""
    head: list[object] = []
    raw: list[bytes] = []
    for value in values:
        if type(value) is bytes:
            raw.append(value)
            head.append((len(value),))
        else:
            head.append(value)
    return hashlib.sha256(b"".join([repr(head).encode("utf-8", "surrogatepass"), *raw])).digest()[:16]


def remove_database(folder: Path) -> None:
    """Remove an index, sound or not; whoever has it open goes on reading what was there."""
    for name in (VECTORS, KEYWORD):  # first: without them all is searched as it stands in the database
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
        (folder / name).unlink(missing_ok=True)


class Database:
    """A connection: to read one snapshot, or to write transactions. For several threads, one at a time."""

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        self.folder = folder
        self.path = folder / DATABASE
        if not write and not self.path.exists():
            if (folder / EARLIER).exists():
                raise IndexMismatch(f"{folder}: the index is of an earlier version's format. {REBUILD}")
            raise self._missing()
        self._lock = threading.RLock()
        with self._noticed():
            self._connection = self._connect(write)
            weakref.finalize(self, self._connection.close)
            schema = self.one("PRAGMA user_version")[0]
            if not self.one("SELECT count(*) FROM sqlite_master")[0]:
                if not write:  # whoever was about to make it was stopped
                    raise self._missing()
                self._create()
            elif schema != SCHEMA:
                raise IndexMismatch(f"{folder}: the index has schema {schema}, this version reads {SCHEMA}. {REBUILD}")
            elif not write and not self.one("SELECT count(*) FROM meta")[0]:
                raise self._missing()

    def _missing(self) -> IndexMissing:
        return IndexMissing(f"{self.folder}: no index here yet. Run: qa index FOLDER --index {self.folder}")

    def _connect(self, write: bool) -> sqlite3.Connection:
        where = f"file:{quote(str(self.path.absolute()))}"
        if not write:
            # a folder that can't be written to has nobody writing there
            where += "?mode=rw" if os.access(self.folder, os.W_OK) else "?immutable=1"
        connection = sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
        connection.execute("PRAGMA cell_size_check = ON")
        if write:
            connection.execute("PRAGMA page_size = 16384")  # three chunks a page: less is left empty than in small ones
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")  # what was deleted is gone
            connection.execute("PRAGMA cache_size = -64000")
        else:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA mmap_size = 2000000000")
        return connection

    def _create(self) -> None:
        self._connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {SCHEMA};COMMIT;")

    def close(self) -> None:
        """Let go of the file; its write-ahead log is folded in by whoever closes last."""
        with self._lock:
            self._connection.close()

    def snapshot(self) -> None:
        """See from now on what is there now, whoever writes meanwhile."""
        self.run("BEGIN")
        self.one("SELECT count(*) FROM meta")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run a statement and return how many rows it changed."""
        with self._lock, self._noticed():
            return self._connection.execute(sql, values).rowcount

    def run_each(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each row."""
        with self._lock, self._noticed():
            self._connection.executemany(sql, rows)

    def all(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._lock, self._noticed():
            return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[object] = ()) -> tuple[Any, ...]:
        """Return the first row of a query, () where there is none."""
        with self._lock, self._noticed():
            return self._connection.execute(sql, values).fetchone() or ()

    def each(self, sql: str, values: Sequence[object] = (), most: int = 256) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query a block at a time."""
        with self._lock, self._noticed():
            cursor = self._connection.execute(sql, values)
        while True:
            with self._lock, self._noticed():
                rows = cursor.fetchmany(most)
            if not rows:
                return
            yield rows

    def get(self, name: str) -> Any:  # noqa: ANN401
        """Return a fact about the whole."""
        found = self.one("SELECT value, checksum FROM meta WHERE name = ?", (name,))
        if not found or checksum(name, found[0]) != found[1]:
            raise self.corrupt(f"what it says of itself ({name})")
        return json.loads(found[0])

    def put(self, name: str, value: object) -> None:
        """Write a fact about the whole."""
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        self.run("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (name, text, checksum(name, text)))

    def corrupt(self, what: str) -> IndexCorrupt:
        """Return the error that says some bytes aren't those that were written."""
        return IndexCorrupt(f"{self.path}: {what}: its bytes aren't those that were written. {REBUILD}")

    @contextlib.contextmanager
    def _noticed(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise self._error(exc) from exc

    def _error(self, exc: sqlite3.Error) -> StoreError:
        code = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return IndexBusy(f"{self.path}: another process is writing here. Wait for it to end.")
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return StoreError(f"{self.path}: {exc}. Make room, or see who may write there; then run: qa index")
        if code == sqlite3.SQLITE_IOERR and self.path.exists():
            return StoreError(f"{self.path}: {exc}. See whether the disk is full or failing; then run: qa index")
        return IndexCorrupt(f"{self.path}: can't be read ({exc}). {REBUILD}")
