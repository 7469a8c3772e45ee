"""What is derived from the database, FAISS's file and the keyword segments, and what they lack yet.

Each says for which transaction it stands. Chunks written since are searched beside it, chunks removed since are left
out, so that neither must be rewritten for a small change; `catch_up` brings them in step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from qa.errors import IndexCorrupt
from qa.index.database import Database
from qa.index.records import CHUNK, Record, StoredChunk
from qa.keyword import KeywordFolder, Termed
from qa.protocols import Block, Ids, Rows, VectorStore
from qa.types import is_row

_ALWAYS = 20_000  # rows up to which FAISS's file is rewritten at each change
_SHARE, _MOST = 50, 4_096  # above, once a fiftieth of the rows, or so many, have changed
_BLOCK = 512  # rows at a time
_KEPT = 2_048  # chunks read last, kept for whoever asks again
_CUT_AT_ONCE = 16_384  # chunks cut into terms before they are put on disk


class Derived(Protocol):
    """What stands for a transaction."""

    @property
    def revision(self) -> int:
        """Which."""


class Vectors:
    """Chunk vectors as the database holds them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sample(self, count: int) -> Rows:
        """Return so many rows, picked evenly, or all there are."""
        ids = ids_since(self._database, 0)
        picked = np.unique(np.linspace(0, len(ids) - 1, min(count, len(ids))).astype(np.int64)).tolist()
        return np.concatenate([rows for _, rows in self._of([ids[number] for number in picked])])

    def blocks(self) -> Iterator[Block]:
        """Yield all rows in blocks, in the order of their ids."""
        yield from self.since(0)

    def since(self, revision: int) -> Iterator[Block]:
        """Yield the rows of chunks written after a transaction, in the order of their ids."""
        yield from self._of(ids_since(self._database, revision))

    def _of(self, ids: Sequence[int]) -> Iterator[Block]:
        for rows in rows_of(self._database, "id, vector", ids):
            packed = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f2")
            yield np.array([row[0] for row in rows], dtype=np.int64), packed.reshape(len(rows), -1).astype(np.float32)


def ids_since(database: Database, revision: int) -> list[int]:
    """Return the ids of chunks written after a transaction, in order."""
    return [row[0] for row in database.all("SELECT id FROM chunks WHERE revision > ? ORDER BY id", (revision,))]


def rows_of(database: Database, columns: str, ids: Sequence[int]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield columns of chunks, in blocks, by id."""
    for at in range(0, len(ids), _BLOCK):
        wanted = ids[at : at + _BLOCK]
        marks = ",".join("?" * len(wanted))
        yield database.all(f"SELECT {columns} FROM chunks WHERE id IN ({marks}) ORDER BY id", wanted)


class Chunks:
    """Chunks as they are stored, by id; those asked for last are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[int, StoredChunk] = {}

    def get(self, ids: Sequence[int]) -> list[StoredChunk]:
        """Return them in the order asked for; raise IndexCorrupt where one is missing."""
        kept = self._kept  # another thread may put another in its place
        found = {number: kept[number] for number in ids if number in kept}
        missing = [number for number in dict.fromkeys(ids) if number not in found]
        for rows in rows_of(self._database, f"{CHUNK}, checksum", missing):
            found |= {row[0]: StoredChunk.from_row(row, self._database) for row in rows}
        if lost := [number for number in ids if number not in found]:
            raise self._database.corrupt(f"a chunk ({lost[0]}) is missing")
        more = {number: found[number] for number in missing[:_KEPT]}
        self._kept = more if len(kept) + len(more) > _KEPT else kept | more
        return [found[number] for number in ids]


class Search:
    """A vector store, and beside it what it doesn't hold yet: as if it stood for the snapshot."""

    def __init__(self, store: VectorStore, vectors: Vectors, chunks: Chunks) -> None:
        self._store, self._chunks = store, chunks
        self._gone = _removed(vectors._database, store)
        ids, rows = [np.zeros(0, dtype=np.int64)], [np.zeros((0, store.dim), dtype=np.float32)]
        if _lags(vectors._database, store):
            for block in vectors.since(store.revision):
                ids.append(block[0])
                rows.append(block[1])
        self._ids, self._rows = np.concatenate(ids), np.concatenate(rows)

    def __len__(self) -> int:
        return len(self._store) - len(self._gone) + len(self._ids)

    @property
    def dim(self) -> int:
        """Length of a row."""
        return self._store.dim

    @property
    def about(self) -> dict[str, Any]:
        """How it searches, and how many rows stand beside FAISS's file."""
        return {**self._store.about, "beside": len(self._ids), "rows": len(self)}

    def similarities(self, query: Rows, ids: Sequence[int]) -> list[float]:
        """Return `query`'s similarity to each of these chunks, by what the database holds, in the order given."""
        if not len(ids):
            return []
        packed = np.frombuffer(b"".join(one.vector for one in self._chunks.get(ids)), dtype="<f2")
        return [float(value) for value in np.vecdot(packed.reshape(len(ids), -1).astype(np.float32), query)]

    def search(self, query: Rows, k: int) -> list[tuple[int, float]]:
        """Return up to `k` (id, similarity), best first, ties by id."""
        found = self._store.search(query, k, self._gone)
        if len(self._ids):
            found += zip(self._ids.tolist(), np.vecdot(self._rows, query).tolist(), strict=True)
        return sorted(found, key=lambda one: (-one[1], one[0]))[: max(k, 0)]


def pending_terms(
    database: Database, keyword: KeywordFolder, record: Callable[[int], Record]
) -> tuple[Ids, Termed | None]:
    """Return the chunks a keyword index holds too many, and those it lacks, cut into terms, if any."""
    if not _lags(database, keyword):
        return np.zeros(0, dtype=np.int64), None
    batches = list(_termed(database, keyword, record, most=1 << 62))
    return _removed(database, keyword), batches[0] if batches else None


def catch_up(
    database: Database,
    store: VectorStore,
    keyword: KeywordFolder,
    record: Callable[[int], Record],
    *,
    last: bool = True,
) -> None:
    """Bring what is derived in step with the database; FAISS's file only where that is worth it, or it is small.

    Call it as the only one who writes. What can't be used is made from everything; where it isn't the `last` time
    in a build, FAISS's file is left until it would double.
    """
    for derived in (store, keyword):
        if not is_usable(database, derived):
            derived.clear()
    state = database.get("state")
    revision, count = state["revision"], state["chunks"]
    if _lags(database, keyword):
        keyword.update(revision, _removed(database, keyword), _termed(database, keyword, record))
    if store.revision < revision:
        vectors, gone = Vectors(database), _removed(database, store)
        (added,) = database.one("SELECT count(*) FROM chunks WHERE revision > ?", (store.revision,))
        most = 0 if count <= _ALWAYS else min(count // _SHARE, _MOST)
        if added + len(gone) > (most if last else len(store)):
            store.update(revision, gone, vectors.since(store.revision), count, vectors)
    with database.transaction():
        oldest = min(store.revision, keyword.revision)
        database.run("DELETE FROM removed WHERE revision <= ?", (oldest,))
        database.put("state", {**state, "purged": max(oldest, state["purged"])})


def is_usable(database: Database, derived: Derived) -> bool:
    """Tell whether something derived can be brought in step: it holds nothing, or what was removed since is known."""
    state = database.get("state")
    return not derived.revision or bool(state["purged"] <= derived.revision <= state["revision"])


def expect_usable(database: Database, derived: Derived) -> None:
    """Raise IndexCorrupt where it can't be."""
    if not is_usable(database, derived):
        what = type(derived).__name__
        raise IndexCorrupt(f"{database.folder}: {what} doesn't go with the database. Run: qa index --rebuild")


def _lags(database: Database, derived: Derived) -> bool:
    return bool(derived.revision < database.get("state")["revision"])


def _removed(database: Database, derived: Derived) -> Ids:
    """Return the chunks it holds that the database holds no more."""
    rows = database.all(
        "SELECT DISTINCT chunk FROM removed WHERE revision > ?1 AND written <= ?1 ORDER BY chunk", (derived.revision,)
    )
    return np.array([row[0] for row in rows], dtype=np.int64)


def _termed(
    database: Database, keyword: KeywordFolder, record: Callable[[int], Record], most: int = _CUT_AT_ONCE
) -> Iterator[Termed]:
    """Cut the chunks a keyword index lacks into terms, so many at a time."""
    ids: list[int] = []
    chunks: list[list[str]] = []
    for rows in rows_of(database, f"{CHUNK}, checksum", ids_since(database, keyword.revision)):
        for row in rows:
            stored = StoredChunk.from_row(row, database)
            ids.append(stored.id)
            chunks.append(_texts(stored, record(stored.document)))
        if len(ids) >= most:
            yield Termed.of(chunks, keyword.terms, ids)
            ids, chunks = [], []
    if ids:
        yield Termed.of(chunks, keyword.terms, ids)


def _texts(stored: StoredChunk, record: Record) -> list[str]:
    """Return what a chunk is looked up by: its heading path, then its sentences."""
    chunk = stored.chunk(record)
    texts = [chunk.text[s.start - chunk.span.start : s.end - chunk.span.start] for s in chunk.sentences]
    if chunk.header:  # a row says what its header's words say of it
        texts = [f"{chunk.header} {text}" if is_row(text, chunk.header) else text for text in texts]
    return [chunk.context(record.title), *texts]
