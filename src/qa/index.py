"""Generations on disk: write one beside the last, switch by one atomic rename, open and check.

    index/
    ├── CURRENT                 "g000002 <SHA-256 of its manifest>": the pointer, replaced atomically
    ├── lock                    held while writing
    └── g000002/
        ├── manifest.json       schema, fingerprints, roots, and each file's SHA-256 and size
        ├── documents.jsonl     source, digest, title, sections, where its text and chunks stand
        ├── ledger.jsonl        one line a file met, read or not
        ├── texts.bin           canonical texts, UTF-8, one after another
        ├── chunks.npy          (n, 7): document, section, start, end, first byte, last byte, first sentence
        ├── sentences.npy       (m, 2): start, end
        ├── sentence_rows.npy   (m, dim) int8, and sentence_scales.npy (m,): row = int8 * scale
        ├── vectors.faiss       one row a chunk
        └── keyword/            BM25, as bm25s writes it

Knows how things lie on disk; knows nothing of argv, readers, models or how scores are fused. Row i is
chunk i everywhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from qa.errors import IndexCorrupt, IndexMismatch, IndexMissing, StoreError
from qa.keyword import KeywordIndex
from qa.protocols import Rows, VectorStore
from qa.types import Chunk, Document, FileState, LedgerEntry, Section, Span

logger = logging.getLogger(__name__)

SCHEMA = 1
_POINTER = "CURRENT"
_REBUILD = "Run: qa index --rebuild"
_POINTED = re.compile(rb"(g\d{6,}) ([0-9a-f]{64})\n")
_CHUNK_COLUMNS = 7


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What shapes an index's content; two indexes with equal fingerprints hold comparable rows."""

    schema: int
    embedder: str
    chunk_size: int
    chunk_overlap: int
    language: str

    def mismatch(self, other: Fingerprint) -> str:
        """Name the first field that differs, with both values; "" where none does."""
        for name, mine in asdict(self).items():
            theirs = getattr(other, name)
            if mine != theirs:
                return f"{name} is {mine!r} in the index and {theirs!r} in the settings"
        return ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents about to be written, with their chunks and vectors, in one order throughout.

    `chunk_rows` has shape (n chunks, dim); `sentence_rows` (n sentences, dim), all of unit length.
    """

    documents: tuple[Document, ...]
    chunks: tuple[tuple[Chunk, ...], ...]
    chunk_rows: Rows
    sentence_rows: Rows


@dataclass(frozen=True, slots=True)
class _Record:
    """A document's line in documents.jsonl: everything but its text."""

    source: str
    digest: str
    title: str
    sections: tuple[Section, ...]
    first_byte: int
    last_byte: int
    first_chunk: int
    last_chunk: int

    def to_json(self) -> dict[str, Any]:
        flat = {name: getattr(self, name) for name in self.__slots__ if name != "sections"}
        return flat | {
            "sections": [[s.page, list(s.heading), s.span.start, s.span.end] for s in self.sections],
        }

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> _Record:
        sections = tuple(Section(p, tuple(h), Span(a, b)) for p, h, a, b in line.pop("sections"))
        return cls(sections=sections, **line)


class Index:
    """One opened generation: rows to chunks, chunks to documents, all checked against the manifest."""

    def __init__(self, folder: Path, manifest: dict[str, Any], store: VectorStore, keyword: KeywordIndex) -> None:
        self.folder = folder
        self.fingerprint = Fingerprint(**manifest["fingerprint"])
        self.roots: tuple[str, ...] = tuple(manifest["roots"])
        self.store = store
        self.keyword = keyword
        self._records = [_Record.from_json(line) for line in _read_lines(folder / "documents.jsonl")]
        self._by_source = {record.source: record for record in self._records}
        self._chunks: NDArray[np.int64] = _map_array(folder / "chunks.npy")
        self._sentences: NDArray[np.int64] = _map_array(folder / "sentences.npy")
        self._sentence_rows: NDArray[np.int8] = _map_array(folder / "sentence_rows.npy")
        self._sentence_scales: Rows = _map_array(folder / "sentence_scales.npy")
        self._texts: NDArray[np.uint8] = _map_bytes(folder / "texts.bin")
        self._cached: Document | None = None
        self.ledger = tuple(_ledger_entry(line) for line in _read_lines(folder / "ledger.jsonl"))

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self._chunks)

    @property
    def sources(self) -> tuple[str, ...]:
        """Every document's source, in the index's own order."""
        return tuple(self._by_source)

    def digest(self, source: str) -> str | None:
        """Return the digest of the indexed revision of `source`, or None where it isn't indexed."""
        record = self._by_source.get(source)
        return record.digest if record else None

    def title(self, source: str) -> str:
        """Return a document's title."""
        return self._by_source[source].title

    def document(self, source: str) -> Document:
        """Return a document with its canonical text."""
        document = self._cached  # one look: another thread may put its own there meanwhile
        if document is None or document.source != source:
            record = self._by_source[source]
            text = self._decode(record.first_byte, record.last_byte)
            document = Document(record.source, record.digest, record.title, text, record.sections)
            self._cached = document
        return document

    def chunk(self, row: int) -> Chunk:
        """Return chunk `row`, its text read from its own bytes, not through the document."""
        document, section, start, end, first_byte, last_byte, _ = (int(v) for v in self._chunks[row])
        record = self._records[document]
        first, last = self._sentence_range(row)
        return Chunk(
            f"{record.source}#{start}-{end}",
            record.source,
            record.sections[section],
            Span(start, end),
            self._decode(first_byte, last_byte),
            tuple(Span(int(a), int(b)) for a, b in self._sentences[first:last]),
        )

    def place(self, row: int) -> tuple[str, int]:
        """Return where chunk `row` begins, as (source, offset): an order that no history of updates changes."""
        return self._records[int(self._chunks[row, 0])].source, int(self._chunks[row, 2])

    def sentence_rows(self, row: int) -> Rows:
        """Return the rows of chunk `row`'s sentences, of shape (its sentences, dim)."""
        first, last = self._sentence_range(row)
        scales: Rows = self._sentence_scales[first:last, None]
        return self._sentence_rows[first:last].astype(np.float32) * scales

    def rows_of(self, source: str) -> range:
        """Return the rows of a document's chunks."""
        record = self._by_source[source]
        return range(record.first_chunk, record.last_chunk)

    def size(self) -> int:
        """Return the generation's size on disk in bytes."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def _sentence_range(self, row: int) -> tuple[int, int]:
        first = int(self._chunks[row, 6])
        last = int(self._chunks[row + 1, 6]) if row + 1 < len(self._chunks) else len(self._sentences)
        return first, last

    def _decode(self, first: int, last: int) -> str:
        return self._texts[first:last].tobytes().decode("utf-8")


def open_index(folder: Path, store: VectorStore, keyword: KeywordIndex) -> Index:
    """Open the current generation and check every byte of it.

    Raises IndexMissing where there is none, IndexCorrupt where a file isn't what was written.
    """
    for attempt in range(3):
        name, expected = _read_pointer(folder)
        try:
            return _open_generation(folder / name, expected, store, keyword)
        except FileNotFoundError as exc:
            # a build may have switched generations between reading the pointer and opening the files
            if attempt == 2 or _read_pointer(folder)[0] == name:
                raise IndexCorrupt(f"{exc.filename}: missing from the index. {_REBUILD}") from exc
    raise AssertionError("unreachable")


def exists(folder: Path) -> bool:
    """Tell whether there is an index in `folder`, sound or not."""
    return (folder / _POINTER).exists()


@dataclass(frozen=True, slots=True)
class Stored:
    """What an index's manifest says of it: enough to tell whether it fits, without opening the rest."""

    fingerprint: Fingerprint
    dim: int
    roots: tuple[str, ...]


def stored(folder: Path) -> Stored:
    """Return what the current generation's manifest says."""
    name, expected = _read_pointer(folder)
    try:
        manifest = _read_manifest(folder / name, expected)
    except FileNotFoundError as exc:
        raise IndexCorrupt(f"{exc.filename}: missing from the index. {_REBUILD}") from exc
    return Stored(Fingerprint(**manifest["fingerprint"]), int(manifest["dim"]), tuple(manifest["roots"]))


def sweep(folder: Path) -> None:
    """Remove generations other than the current one: older ones, and what a killed build left behind."""
    _sweep(folder, _read_pointer(folder)[0])


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the index's lock; raise StoreError where another process holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as exc:
        raise StoreError(f"{folder}: another 'qa index' is writing here. Wait for it to end.") from exc
    try:
        yield
    finally:
        lock.release()


def write_generation(
    folder: Path,
    *,
    old: Index | None,
    keep: Sequence[str],
    batch: Batch,
    ledger: Sequence[LedgerEntry],
    roots: Sequence[str],
    fingerprint: Fingerprint,
    store: VectorStore,
    keyword: KeywordIndex,
) -> Path:
    """Write a generation of the documents `keep` (taken over from `old`) and those of `batch`; switch to it.

    `store` holds old's rows (all of them) or none; it comes out holding the new generation's. Call it under
    `writing`. A crash at any instant leaves the old generation current.
    """
    current = old.folder.name if old else _current(folder)
    _sweep(folder, current)
    name = f"g{int(current[1:] or 0) + 1:06d}"
    target = folder / name
    target.mkdir()
    _write_content(target, old, frozenset(keep), batch, store, keyword)
    _write_lines(target / "ledger.jsonl", [asdict(entry) for entry in ledger])
    manifest = {
        "schema": SCHEMA,
        "fingerprint": asdict(fingerprint),
        "dim": store.dim,
        "roots": list(roots),
        "documents": len(keep) + len(batch.documents),
        "chunks": len(store),
        "files": {
            path.relative_to(target).as_posix(): {"sha256": _sha256(path), "bytes": path.stat().st_size}
            for path in sorted(target.rglob("*"))
            if path.is_file()
        },
    }
    data = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
    (target / "manifest.json").write_bytes(data)
    for path in [*target.rglob("*"), target]:
        _sync(path)
    pointer = folder / f"{_POINTER}.new"
    pointer.write_bytes(f"{name} {hashlib.sha256(data).hexdigest()}\n".encode("ascii"))
    _sync(pointer)
    os.replace(pointer, folder / _POINTER)
    _sync(folder)
    _sweep(folder, name)
    return target


def _write_content(
    target: Path,
    old: Index | None,
    keep: frozenset[str],
    batch: Batch,
    store: VectorStore,
    keyword: KeywordIndex,
) -> None:
    """Write everything but ledger and manifest: kept documents first, in their old order, then the batch's."""
    records: list[_Record] = []
    chunk_table: list[NDArray[np.int64]] = []
    sentence_table: list[NDArray[np.int64]] = []
    rows: list[NDArray[np.int8]] = []
    scales: list[Rows] = []
    counts = _Counts()
    with (target / "texts.bin").open("wb") as texts:
        for record in old._records if old else ():
            if old is None or record.source not in keep:
                continue
            part = old._chunks[record.first_chunk : record.last_chunk].copy()
            first, last = _sentences_of(old, record)
            part[:, 0] = len(records)
            part[:, 4:6] += counts.bytes - record.first_byte
            part[:, 6] += counts.sentences - first
            texts.write(old._texts[record.first_byte : record.last_byte].tobytes())
            chunk_table.append(part)
            sentence_table.append(old._sentences[first:last])
            rows.append(old._sentence_rows[first:last])
            scales.append(old._sentence_scales[first:last])
            records.append(counts.advance(record, record.last_byte - record.first_byte, len(part), last - first))
        packed, packed_scales = _pack(batch.sentence_rows)
        for document, chunks in zip(batch.documents, batch.chunks, strict=True):
            texts.write(document.text.encode("utf-8"))
            part, sentences = _tabulate(document, chunks, len(records), counts)
            chunk_table.append(part)
            sentence_table.append(sentences)
            blank = _Record(document.source, document.digest, document.title, document.sections, 0, 0, 0, 0)
            records.append(counts.advance(blank, len(document.text.encode("utf-8")), len(chunks), len(sentences)))
        rows.append(packed)
        scales.append(packed_scales)
    _write_lines(target / "documents.jsonl", [record.to_json() for record in records])
    np.save(target / "chunks.npy", _stack(chunk_table, np.zeros((0, _CHUNK_COLUMNS), dtype=np.int64)))
    np.save(target / "sentences.npy", _stack(sentence_table, np.zeros((0, 2), dtype=np.int64)))
    np.save(target / "sentence_rows.npy", _stack(rows, np.zeros((0, store.dim), dtype=np.int8)))
    np.save(target / "sentence_scales.npy", _stack(scales, np.zeros(0, dtype=np.float32)))
    if old is not None:
        gone = [r for record in old._records if record.source not in keep for r in old.rows_of(record.source)]
        store.remove(gone)
    if len(batch.chunk_rows):
        store.add(batch.chunk_rows)
    store.save(target / "vectors.faiss")
    keyword.build(_keyword_texts(target, records))
    keyword.save(target / "keyword")


@dataclass(slots=True)
class _Counts:
    """How much has been written so far."""

    bytes: int = 0
    chunks: int = 0
    sentences: int = 0

    def advance(self, record: _Record, size: int, chunks: int, sentences: int) -> _Record:
        """Return the record with its places in this generation, and move past it."""
        placed = replace(
            record,
            first_byte=self.bytes,
            last_byte=self.bytes + size,
            first_chunk=self.chunks,
            last_chunk=self.chunks + chunks,
        )
        self.bytes += size
        self.chunks += chunks
        self.sentences += sentences
        return placed


def _tabulate(
    document: Document, chunks: Sequence[Chunk], number: int, counts: _Counts
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a document's chunk and sentence tables, offsets counted on from what is written already."""
    section_at = {section.span.start: at for at, section in enumerate(document.sections)}
    edges = sorted({edge for chunk in chunks for edge in (chunk.span.start, chunk.span.end)})
    byte_at, position, offset = {}, 0, 0
    for edge in edges:
        offset += len(document.text[position:edge].encode("utf-8"))
        position = edge
        byte_at[edge] = counts.bytes + offset
    table: list[tuple[int, ...]] = []
    sentences: list[tuple[int, int]] = []
    for chunk in chunks:
        start, end = chunk.span.start, chunk.span.end
        section = section_at[chunk.section.span.start]
        table.append((number, section, start, end, byte_at[start], byte_at[end], counts.sentences + len(sentences)))
        sentences.extend((sentence.start, sentence.end) for sentence in chunk.sentences)
    return (
        np.array(table, dtype=np.int64).reshape(-1, _CHUNK_COLUMNS),
        np.array(sentences, dtype=np.int64).reshape(-1, 2),
    )


def _keyword_texts(target: Path, records: Sequence[_Record]) -> Iterator[str]:
    """Yield each chunk's text with its heading path in front, as BM25 is to see it."""
    data = (target / "texts.bin").read_bytes()
    chunks: NDArray[np.int64] = np.load(target / "chunks.npy")
    for document, section, _, _, first_byte, last_byte, _ in chunks.tolist():
        record = records[document]
        heading = record.sections[section].context(record.title)
        yield f"{heading}\n{data[first_byte:last_byte].decode('utf-8')}"


def _sentences_of(index: Index, record: _Record) -> tuple[int, int]:
    if record.first_chunk == record.last_chunk:
        return 0, 0
    return index._sentence_range(record.first_chunk)[0], index._sentence_range(record.last_chunk - 1)[1]


def _pack(rows: Rows) -> tuple[NDArray[np.int8], Rows]:
    """Return rows as int8 with one scale each: cosine error under .003, a quarter of the bytes."""
    if not len(rows):
        return np.zeros((0, rows.shape[1]), dtype=np.int8), np.zeros(0, dtype=np.float32)
    scales = (np.abs(rows).max(axis=1) / 127).astype(np.float32)
    safe = np.maximum(scales, np.float32(1e-12))
    return np.round(rows / safe[:, None]).astype(np.int8), scales


def _stack(parts: Sequence[NDArray[Any]], empty: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else empty


def _open_generation(folder: Path, expected: str, store: VectorStore, keyword: KeywordIndex) -> Index:
    manifest = _read_manifest(folder, expected)
    for name, facts in manifest["files"].items():
        path = folder / name
        if path.stat().st_size != facts["bytes"] or _sha256(path) != facts["sha256"]:
            raise IndexCorrupt(f"{path}: its bytes aren't those that were written. {_REBUILD}")
    fingerprint = Fingerprint(**manifest["fingerprint"])
    store.load(folder / "vectors.faiss")
    (folder / "keyword").mkdir(exist_ok=True)
    keyword.load(folder / "keyword", manifest["chunks"])
    index = Index(folder, manifest, store, keyword)
    if not len(index) == len(store) == manifest["chunks"] or fingerprint.schema != SCHEMA:
        raise IndexCorrupt(f"{folder}: {len(index)} chunks but {len(store)} rows. {_REBUILD}")
    return index


def _current(folder: Path) -> str:
    """Return the current generation's name; "g" where there is none, or where the pointer is damaged."""
    try:
        return _read_pointer(folder)[0]
    except StoreError:
        return "g"


def _read_pointer(folder: Path) -> tuple[str, str]:
    path = folder / _POINTER
    try:
        match = _POINTED.fullmatch(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise IndexMissing(f"{folder}: no index here yet. Run: qa index FOLDER --index {folder}") from exc
    except OSError as exc:
        raise IndexCorrupt(f"{path}: can't be read. {_REBUILD}") from exc
    if match is None:
        raise IndexCorrupt(f"{path}: doesn't name a generation. {_REBUILD}")
    name = match[1].decode("ascii")
    if not (folder / name).is_dir():
        raise IndexCorrupt(f"{path}: names {name}, which isn't there. {_REBUILD}")
    return name, match[2].decode("ascii")


def _read_manifest(folder: Path, expected: str) -> dict[str, Any]:
    path = folder / "manifest.json"
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != expected:
        raise IndexCorrupt(f"{path}: isn't the manifest the index points to. {_REBUILD}")
    manifest: dict[str, Any] = json.loads(data)
    if manifest["schema"] != SCHEMA:
        raise IndexMismatch(
            f"{folder}: the index has schema {manifest['schema']}, this version reads {SCHEMA}. {_REBUILD}"
        )
    return manifest


def _sweep(folder: Path, current: str) -> None:
    for path in folder.glob("g[0-9]*"):
        if path.name != current and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows can't open a folder to flush it
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _map_array(path: Path) -> NDArray[Any]:
    # the view is a plain array: np.memmap's own class makes every small slice several times dearer
    array: NDArray[Any] = np.load(path, mmap_mode="r").view(np.ndarray)
    return array


def _map_bytes(path: Path) -> NDArray[np.uint8]:
    if not path.stat().st_size:
        return np.zeros(0, dtype=np.uint8)
    return np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def _write_lines(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _ledger_entry(line: dict[str, Any]) -> LedgerEntry:
    return LedgerEntry(**(line | {"state": FileState(line["state"])}))
