"""One opened generation: rows to chunks, chunks to documents; every byte is checked before it is used."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import IndexCorrupt
from qa.index.hold import Hold
from qa.index.layout import (
    REBUILD,
    SECONDS,
    Fingerprint,
    Part,
    Record,
    Stand,
    ledger_of,
    read_manifest,
    read_pointer,
    read_seconds,
    roots_from,
    unread_from,
)
from qa.keyword import KeywordIndex
from qa.protocols import Rows, VectorStore
from qa.sealed import Files, Sheet
from qa.types import Calibration, Chunk, Document, LedgerEntry, Span, Trial


class Index:
    """One opened generation. What isn't asked for is neither read nor checked; `check` looks at every byte."""

    def __init__(self, files: Files, manifest: Mapping[str, Any], store: VectorStore, keyword: KeywordIndex) -> None:
        self.folder = files.folder
        self.fingerprint = Fingerprint(**manifest["fingerprint"])
        self.roots: tuple[str, ...] = roots_from(files.folder.parent, manifest["roots"])
        self.calibration = _calibration(manifest["calibration"])
        self.drift: int = manifest["drift"]
        self.runtime: str = manifest["runtime"]
        self.unread: int = manifest["unread"]  # files that aren't searched,
        self.partly: int = manifest["partly"]  # those of which some is,
        self.lines: int = manifest["lines"]  # and all that are in the ledger
        self.store = store
        self.keyword = keyword
        self._files = files
        self._lines = files.raw("documents.jsonl")
        self._places = files.sheet("documents.npy")
        self._chunks = files.sheet("chunks.npy")
        self._sentences = files.sheet("sentences.npy")
        self._packed = files.sheet("sentence_rows.npy")
        self._scales = files.sheet("sentence_scales.npy")
        self._texts = files.raw("texts.bin")
        self._cached: Document | None = None
        # no method of this object: one in a cache of its own would keep it, and its hold, for the garbage collector
        self._record = functools.lru_cache(maxsize=4_096)(functools.partial(_read_record, self._lines, self._places))
        self._hold: Hold | None = None

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self._chunks)

    @property
    def sources(self) -> tuple[str, ...]:
        """Every document's source, sorted."""
        return tuple(record.source for record in self.records)

    @functools.cached_property
    def records(self) -> list[Record]:
        """Every document but for its text, sorted by source."""
        return [Record.from_line(line) for line in self._lines.whole().tobytes().split(b"\n")[:-1]]

    @functools.cached_property
    def ledger(self) -> tuple[LedgerEntry, ...]:
        """One line a file met at the last build, read or not, sorted by source."""
        return ledger_of(self.records, self.others, self.seconds)

    @functools.cached_property
    def seconds(self) -> dict[str, float]:
        """What reading each file took, by source."""
        return read_seconds(self._files.path(SECONDS))

    @functools.cached_property
    def others(self) -> tuple[LedgerEntry, ...]:
        """The lines of files that are no documents: not read, or with all their text in files inside them."""
        return tuple(unread_from(self._files.read("unread.jsonl"), self.seconds))

    @property
    def stamps(self) -> list[tuple[int, ...]]:
        """What each document's file looked like from outside when it was read, in the order of `records`."""
        return [tuple(row) for row in self._places.whole()[:, 6:].tolist()]

    def digest(self, source: str) -> str | None:
        """Return the digest of the indexed revision of `source`, or None where it isn't indexed."""
        number = self._find(source)
        return None if number is None else self._record(number).digest

    def entry(self, source: str) -> LedgerEntry:
        """Return a document's line in the ledger, but for its time and its copies."""
        return self._record(self._number(source)).line()

    def title(self, source: str) -> str:
        """Return a document's title."""
        return self._record(self._number(source)).title

    def document(self, source: str) -> Document:
        """Return a document with its canonical text."""
        document = self._cached  # one look: another thread may put its own there meanwhile
        if document is None or document.source != source:
            number = self._number(source)
            record, place = self._record(number), self._place(number)
            text = self._decode(place.first_byte, place.last_byte)
            document = Document(
                record.source,
                record.digest,
                record.title,
                text,
                record.sections,
                record.places,
                record.author,
                record.date,
                record.hidden,
                record.by_line,
            )
            self._cached = document
        return document

    def chunk(self, row: int) -> Chunk:
        """Return chunk `row`, its text read from its own bytes, not through the document."""
        document, section, start, end, first_byte, last_byte, _, header = self._chunks.cut(row, row + 1)[0].tolist()
        record = self._record(document)
        first, last = self.sentence_range(row)
        return Chunk(
            f"{record.source}#{start}-{end}",
            record.source,
            record.sections[section],
            Span(start, end),
            self._decode(first_byte, last_byte),
            tuple(Span(a, b) for a, b in self._sentences.cut(first, last).tolist()),
            record.headers[header],
        )

    def sentence_rows(self, row: int) -> Rows:
        """Return the rows of chunk `row`'s sentences, of shape (its sentences, dim)."""
        first, last = self.sentence_range(row)
        scales: Rows = self._scales.cut(first, last)[:, None]
        return self._packed.cut(first, last).astype(np.float32) * scales

    def sentence_similarities(self, query: Rows, rows: Sequence[int]) -> tuple[Rows, NDArray[np.int64]]:
        """Return `query`'s similarity to each sentence of these chunks, one after another.

        The second array, one longer than `rows`, says where each chunk's begin and end among them.
        """
        numbers = np.asarray(rows, dtype=np.int64)
        first = self._chunks.take(numbers)[:, 6]
        last = self._chunks.take(np.minimum(numbers + 1, len(self) - 1))[:, 6]
        last = np.where(numbers + 1 < len(self), last, len(self._sentences))
        packed, scales = self._packed.stretches(first, last), self._scales.stretches(first, last)
        similarities: Rows = np.vecdot(packed.astype(np.float32), query) * scales
        return similarities, np.concatenate([[0], np.cumsum(last - first)])

    def texts(self) -> Iterator[tuple[int, list[int], bytes]]:
        """Yield all canonical texts in UTF-8, some documents' together, in order; none is kept in memory.

        With each block comes the number of its first document, and where in it each ends.
        """
        ends = self._places.whole()[:, 2:4]
        at = 0
        while at < len(ends):
            upto = max(at + 1, int(np.searchsorted(ends[:, 1], ends[at, 0] + _TOGETHER, side="right")))
            base = int(ends[at, 0])
            block = self._texts.cut(base, int(ends[upto - 1, 1])).tobytes()
            self._texts.let_go()
            yield at, (ends[at:upto, 1] - base).tolist(), block
            at = upto

    def source_of(self, number: int) -> str:
        """Return the source of document `number`, counted in the order of sources."""
        return self._record(number).source

    def record(self, source: str) -> Record:
        """Return all that is known of a document but its text."""
        return self._record(self._number(source))

    def row_at(self, source: str, offset: int) -> int | None:
        """Return the first of a document's chunks that holds the character at `offset`; None where none does."""
        rows = self.rows_of(source)
        bounds = self._chunks.cut(rows.start, rows.stop)[:, 2:4]
        holding = np.flatnonzero((bounds[:, 0] <= offset) & (offset < bounds[:, 1]))
        return rows.start + int(holding[0]) if len(holding) else None

    def rows_of(self, source: str) -> range:
        """Return the rows of a document's chunks."""
        place = self._place(self._number(source))
        return range(place.first_chunk, place.last_chunk)

    def size(self) -> int:
        """Return the generation's size on disk in bytes."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def sentence_range(self, row: int) -> tuple[int, int]:
        """Return where chunk `row`'s sentences begin and end in the sentence tables."""
        firsts = self._chunks.cut(row, min(row + 2, len(self._chunks)))[:, 6].tolist()
        return firsts[0], firsts[1] if len(firsts) > 1 else len(self._sentences)

    def check(self) -> None:
        """Check every byte; raise IndexCorrupt where one isn't what was written."""
        self._files.check()
        read_seconds(self._files.path(SECONDS))

    def held_by(self, hold: Hold) -> None:
        """Keep the files on disk as long as this is referred to, or until `let_go`."""
        self._hold = hold

    def let_go(self) -> None:
        """Let the files be removed: nothing will be read here any more that hasn't been opened."""
        if self._hold is not None:
            self._hold.let_go()

    def part(self) -> Part:
        """Return all documents with all that is known of them, to write another generation from."""
        return Part(
            self._places,
            self._lines,
            self._texts,
            self._chunks,
            self._sentences,
            self._packed,
            self._scales,
            self.store.rows,
            self.keyword.termed(),
            old=True,
        )

    def _find(self, source: str) -> int | None:
        low, high = 0, len(self._places)
        while low < high:
            middle = (low + high) // 2
            found = self._record(middle).source
            if found == source:
                return middle
            low, high = (middle + 1, high) if found < source else (low, middle)
        return None

    def _number(self, source: str) -> int:
        number = self._find(source)
        if number is None:
            raise KeyError(source)
        return number

    def _place(self, number: int) -> Stand:
        return _stand(self._places, number)

    def _decode(self, first: int, last: int) -> str:
        return self._texts.cut(first, last).tobytes().decode("utf-8")


_TOGETHER = 4_000_000  # bytes


def _stand(places: Sheet, number: int) -> Stand:
    return Stand(*places.cut(number, number + 1)[0].tolist())


def _read_record(lines: Sheet, places: Sheet, number: int) -> Record:
    place = _stand(places, number)
    return Record.from_line(lines.cut(place.first_of_line, place.last_of_line).tobytes())


_SWITCHES = 20  # builds that may switch generations, one after the other, while one is being opened
_CHECKED_WHOLE = 16_000_000  # bytes, which take some ten milliseconds


def open_index(folder: Path, store: VectorStore, keyword: KeywordIndex) -> Index:
    """Open the current generation; a small one is checked whole, the bytes of a large one as they are used.

    No build removes its files while it is open. Raises IndexMissing where there is none, IndexCorrupt where a file
    is missing or of another size, or where a byte of a small index isn't what was written.
    """
    for attempt in range(_SWITCHES):
        name, expected = read_pointer(folder)
        try:
            hold = Hold(folder / name)
            manifest = read_manifest(folder / name, expected)
            index = open_generation(Files(folder / name, manifest), manifest, store, keyword)
            if index.size() <= _CHECKED_WHOLE:
                index.check()
            index.held_by(hold)
            return index
        except FileNotFoundError as exc:
            # a build may have switched generations between reading the pointer and opening the files
            if attempt == _SWITCHES - 1 or read_pointer(folder)[0] == name:
                raise IndexCorrupt(f"{exc.filename}: missing from the index. {REBUILD}") from exc
    raise AssertionError("unreachable")


def open_generation(files: Files, manifest: Mapping[str, Any], store: VectorStore, keyword: KeywordIndex) -> Index:
    """Open a generation, current or about to become so."""
    store.load(files.under("vectors"))
    keyword.load(files.under("keyword"))
    index = Index(files, manifest, store, keyword)
    if not len(index) == len(store) == len(keyword) == manifest["chunks"]:
        raise IndexCorrupt(f"{files.folder}: {len(index)} chunks but {len(store)} rows. {REBUILD}")
    return index


def _calibration(made: dict[str, list[tuple[float, int]]] | None) -> Calibration | None:
    if made is None:
        return None
    return Calibration(
        **{kind: tuple(Trial(odds, bool(right)) for odds, right in asked) for kind, asked in made.items()}
    )
