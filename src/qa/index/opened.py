"""One opened generation: rows to chunks, chunks to documents, every byte checked on opening."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import IndexCorrupt
from qa.index.layout import REBUILD, SCHEMA, Fingerprint, Record, read_lines, read_manifest, read_pointer, sha256
from qa.keyword import KeywordIndex
from qa.protocols import Rows, VectorStore
from qa.types import Calibration, Chunk, Document, FileState, LedgerEntry, Signals, Span


class Index:
    """One opened generation: rows to chunks, chunks to documents, all checked against the manifest."""

    def __init__(self, folder: Path, manifest: dict[str, Any], store: VectorStore, keyword: KeywordIndex) -> None:
        self.folder = folder
        self.fingerprint = Fingerprint(**manifest["fingerprint"])
        self.roots: tuple[str, ...] = tuple(manifest["roots"])
        self.calibration = _calibration(manifest["calibration"])
        self.drift: int = manifest["drift"]
        self.store = store
        self.keyword = keyword
        self.records = [Record.from_json(line) for line in read_lines(folder / "documents.jsonl")]
        self._by_source = {record.source: record for record in self.records}
        self.chunk_table: NDArray[np.int64] = _map_array(folder / "chunks.npy")
        self.sentence_table: NDArray[np.int64] = _map_array(folder / "sentences.npy")
        self.packed_rows: NDArray[np.int8] = _map_array(folder / "sentence_rows.npy")
        self.scales: Rows = _map_array(folder / "sentence_scales.npy")
        self.texts: NDArray[np.uint8] = _map_bytes(folder / "texts.bin")
        self._cached: Document | None = None
        self.ledger = tuple(_ledger_entry(line) for line in read_lines(folder / "ledger.jsonl"))

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self.chunk_table)

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
        document, section, start, end, first_byte, last_byte, _ = (int(v) for v in self.chunk_table[row])
        record = self.records[document]
        first, last = self.sentence_range(row)
        return Chunk(
            f"{record.source}#{start}-{end}",
            record.source,
            record.sections[section],
            Span(start, end),
            self._decode(first_byte, last_byte),
            tuple(Span(int(a), int(b)) for a, b in self.sentence_table[first:last]),
        )

    def place(self, row: int) -> tuple[str, int]:
        """Return where chunk `row` begins, as (source, offset): an order that no history of updates changes."""
        return self.records[int(self.chunk_table[row, 0])].source, int(self.chunk_table[row, 2])

    def sentence_rows(self, row: int) -> Rows:
        """Return the rows of chunk `row`'s sentences, of shape (its sentences, dim)."""
        first, last = self.sentence_range(row)
        scales: Rows = self.scales[first:last, None]
        return self.packed_rows[first:last].astype(np.float32) * scales

    def rows_of(self, source: str) -> range:
        """Return the rows of a document's chunks."""
        record = self._by_source[source]
        return range(record.first_chunk, record.last_chunk)

    def size(self) -> int:
        """Return the generation's size on disk in bytes."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def sentence_range(self, row: int) -> tuple[int, int]:
        """Return where chunk `row`'s sentences begin and end in the sentence tables."""
        first = int(self.chunk_table[row, 6])
        last = int(self.chunk_table[row + 1, 6]) if row + 1 < len(self.chunk_table) else len(self.sentence_table)
        return first, last

    def _decode(self, first: int, last: int) -> str:
        return self.texts[first:last].tobytes().decode("utf-8")


def open_index(folder: Path, store: VectorStore, keyword: KeywordIndex) -> Index:
    """Open the current generation and check every byte of it.

    Raises IndexMissing where there is none, IndexCorrupt where a file isn't what was written.
    """
    for attempt in range(3):
        name, expected = read_pointer(folder)
        try:
            return _open_generation(folder / name, expected, store, keyword)
        except FileNotFoundError as exc:
            # a build may have switched generations between reading the pointer and opening the files
            if attempt == 2 or read_pointer(folder)[0] == name:
                raise IndexCorrupt(f"{exc.filename}: missing from the index. {REBUILD}") from exc
    raise AssertionError("unreachable")


def _open_generation(folder: Path, expected: str, store: VectorStore, keyword: KeywordIndex) -> Index:
    manifest = read_manifest(folder, expected)
    for name, facts in manifest["files"].items():
        path = folder / name
        if path.stat().st_size != facts["bytes"] or sha256(path) != facts["sha256"]:
            raise IndexCorrupt(f"{path}: its bytes aren't those that were written. {REBUILD}")
    fingerprint = Fingerprint(**manifest["fingerprint"])
    store.load(folder / "vectors.faiss")
    keyword.load(folder / "keyword", manifest["chunks"])
    index = Index(folder, manifest, store, keyword)
    if not len(index) == len(store) == manifest["chunks"] or fingerprint.schema != SCHEMA:
        raise IndexCorrupt(f"{folder}: {len(index)} chunks but {len(store)} rows. {REBUILD}")
    return index


def _map_array(path: Path) -> NDArray[Any]:
    # the view is a plain array: np.memmap's own class makes every small slice several times dearer
    array: NDArray[Any] = np.load(path, mmap_mode="r").view(np.ndarray)
    return array


def _map_bytes(path: Path) -> NDArray[np.uint8]:
    if not path.stat().st_size:
        return np.zeros(0, dtype=np.uint8)
    return np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)


def _calibration(made: dict[str, list[tuple[float, float, float | None]]] | None) -> Calibration | None:
    if made is None:
        return None
    return Calibration(**{kind: tuple(Signals(*one) for one in asked) for kind, asked in made.items()})


def _ledger_entry(line: dict[str, Any]) -> LedgerEntry:
    return LedgerEntry(**(line | {"state": FileState(line["state"])}))
