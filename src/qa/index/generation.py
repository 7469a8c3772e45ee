"""Writes a generation beside the last and switches to it by one rename; a crash leaves the old one current."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from qa.errors import StoreError
from qa.index.layout import CHUNK_COLUMNS, POINTER, SCHEMA, Fingerprint, Record, read_pointer, sha256, write_lines
from qa.index.opened import Index
from qa.keyword import KeywordIndex
from qa.protocols import Rows, VectorStore
from qa.types import Calibration, Chunk, Document, LedgerEntry

Calibrate = Callable[[Index], Calibration | None]
"""Measures how questions made from an index fare on it."""

_DRIFT = 0.1  # share of the chunks that may change before a calibration is made anew


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents about to be written, with their chunks and vectors, in one order throughout.

    `chunk_rows` has shape (n chunks, dim); `sentence_rows` (n sentences, dim), all of unit length.
    """

    documents: tuple[Document, ...]
    chunks: tuple[tuple[Chunk, ...], ...]
    chunk_rows: Rows
    sentence_rows: Rows


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
    calibrate: Calibrate | None = None,
) -> Path:
    """Write a generation of the documents `keep` (taken over from `old`) and those of `batch`; switch to it.

    `store` holds old's rows (all of them) or none; it comes out holding the new generation's. `calibrate` is
    called on the new content before it becomes current, unless old's calibration still holds. Call it under
    `writing`. A crash at any instant leaves the old generation current.
    """
    current = old.folder.name if old else _current(folder)
    _sweep(folder, current)
    name = f"g{int(current[1:] or 0) + 1:06d}"
    target = folder / name
    target.mkdir()
    _write_content(target, old, frozenset(keep), batch, store, keyword)
    write_lines(target / "ledger.jsonl", [asdict(entry) for entry in ledger])
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "fingerprint": asdict(fingerprint),
        "dim": store.dim,
        "roots": list(roots),
        "documents": len(keep) + len(batch.documents),
        "chunks": len(store),
        "drift": 0,
        "calibration": None,
    }
    if calibrate:
        manifest |= _calibration(Index(target, manifest, store, keyword), old, frozenset(keep), batch, calibrate)
    manifest["files"] = {
        path.relative_to(target).as_posix(): {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in sorted(target.rglob("*"))
        if path.is_file()
    }
    data = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
    (target / "manifest.json").write_bytes(data)
    for path in [*target.rglob("*"), target]:
        _sync(path)
    pointer = folder / f"{POINTER}.new"
    pointer.write_bytes(f"{name} {hashlib.sha256(data).hexdigest()}\n".encode("ascii"))
    _sync(pointer)
    os.replace(pointer, folder / POINTER)
    _sync(folder)
    _sweep(folder, name)
    return target


def _calibration(
    new: Index, old: Index | None, keep: frozenset[str], batch: Batch, calibrate: Calibrate
) -> dict[str, Any]:
    """Return the manifest's part: old's calibration while a tenth of the chunks at most has changed since."""
    if old and old.calibration:
        gone = sum(len(old.rows_of(source)) for source in old.sources if source not in keep)
        drift = old.drift + gone + sum(len(chunks) for chunks in batch.chunks)
        if drift <= _DRIFT * len(new):
            return {"drift": drift, "calibration": _to_json(old.calibration)}
    return {"drift": 0, "calibration": _to_json(calibrate(new))}


def _to_json(calibration: Calibration | None) -> dict[str, list[list[float | None]]] | None:
    if calibration is None:
        return None
    asked = {"present": calibration.present, "absent": calibration.absent, "swapped": calibration.swapped}
    return {kind: [[one.similarity, one.coverage, one.read] for one in signals] for kind, signals in asked.items()}


def _write_content(
    target: Path,
    old: Index | None,
    keep: frozenset[str],
    batch: Batch,
    store: VectorStore,
    keyword: KeywordIndex,
) -> None:
    """Write everything but ledger and manifest: kept documents first, in their old order, then the batch's."""
    records: list[Record] = []
    chunk_table: list[NDArray[np.int64]] = []
    sentence_table: list[NDArray[np.int64]] = []
    rows: list[NDArray[np.int8]] = []
    scales: list[Rows] = []
    counts = _Counts()
    with (target / "texts.bin").open("wb") as texts:
        for record in old.records if old else ():
            if old is None or record.source not in keep:
                continue
            part = old.chunk_table[record.first_chunk : record.last_chunk].copy()
            first, last = _sentences_of(old, record)
            part[:, 0] = len(records)
            part[:, 4:6] += counts.bytes - record.first_byte
            part[:, 6] += counts.sentences - first
            texts.write(old.texts[record.first_byte : record.last_byte].tobytes())
            chunk_table.append(part)
            sentence_table.append(old.sentence_table[first:last])
            rows.append(old.packed_rows[first:last])
            scales.append(old.scales[first:last])
            records.append(counts.advance(record, record.last_byte - record.first_byte, len(part), last - first))
        packed, packed_scales = _pack(batch.sentence_rows)
        for document, chunks in zip(batch.documents, batch.chunks, strict=True):
            texts.write(document.text.encode("utf-8"))
            part, sentences = _tabulate(document, chunks, len(records), counts)
            chunk_table.append(part)
            sentence_table.append(sentences)
            blank = Record(document.source, document.digest, document.title, document.sections, 0, 0, 0, 0)
            records.append(counts.advance(blank, len(document.text.encode("utf-8")), len(chunks), len(sentences)))
        rows.append(packed)
        scales.append(packed_scales)
    write_lines(target / "documents.jsonl", [record.to_json() for record in records])
    np.save(target / "chunks.npy", _stack(chunk_table, np.zeros((0, CHUNK_COLUMNS), dtype=np.int64)))
    np.save(target / "sentences.npy", _stack(sentence_table, np.zeros((0, 2), dtype=np.int64)))
    np.save(target / "sentence_rows.npy", _stack(rows, np.zeros((0, store.dim), dtype=np.int8)))
    np.save(target / "sentence_scales.npy", _stack(scales, np.zeros(0, dtype=np.float32)))
    if old is not None:
        gone = [r for record in old.records if record.source not in keep for r in old.rows_of(record.source)]
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

    def advance(self, record: Record, size: int, chunks: int, sentences: int) -> Record:
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
        np.array(table, dtype=np.int64).reshape(-1, CHUNK_COLUMNS),
        np.array(sentences, dtype=np.int64).reshape(-1, 2),
    )


def _keyword_texts(target: Path, records: Sequence[Record]) -> Iterator[list[str]]:
    """Yield each chunk as BM25 is to see it: its heading path, then its sentences."""
    data = np.memmap(target / "texts.bin", dtype=np.uint8, mode="r") if records else np.zeros(0, dtype=np.uint8)
    chunks: NDArray[np.int64] = np.load(target / "chunks.npy")
    sentences: NDArray[np.int64] = np.load(target / "sentences.npy")
    ends = np.append(chunks[1:, 6], len(sentences))
    for (document, section, start, _, first_byte, last_byte, first), last in zip(chunks.tolist(), ends, strict=True):
        record = records[document]
        text = data[first_byte:last_byte].tobytes().decode("utf-8")
        parts = [text[low - start : high - start] for low, high in sentences[first:last].tolist()]
        yield [record.sections[section].context(record.title), *parts]


def _sentences_of(index: Index, record: Record) -> tuple[int, int]:
    if record.first_chunk == record.last_chunk:
        return 0, 0
    return index.sentence_range(record.first_chunk)[0], index.sentence_range(record.last_chunk - 1)[1]


def _pack(rows: Rows) -> tuple[NDArray[np.int8], Rows]:
    """Return rows as int8 with one scale each: cosine error under .003, a quarter of the bytes."""
    if not len(rows):
        return np.zeros((0, rows.shape[1]), dtype=np.int8), np.zeros(0, dtype=np.float32)
    scales = (np.abs(rows).max(axis=1) / 127).astype(np.float32)
    safe = np.maximum(scales, np.float32(1e-12))
    return np.round(rows / safe[:, None]).astype(np.int8), scales


def _stack(parts: Sequence[NDArray[Any]], empty: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else empty


def sweep(folder: Path) -> None:
    """Remove generations other than the current one: older ones, and what a killed build left behind."""
    _sweep(folder, read_pointer(folder)[0])


def _current(folder: Path) -> str:
    """Return the current generation's name; "g" where there is none, or where the pointer is damaged."""
    try:
        return read_pointer(folder)[0]
    except StoreError:
        return "g"


def _sweep(folder: Path, current: str) -> None:
    for path in folder.glob("g[0-9]*"):
        if path.name != current and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows can't open a folder to flush it
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
