"""What a build that hasn't ended has made so far: a killed one goes on from it.

Documents are put down as they are read, with their chunks and terms, a line each in documents.jsonl; then their rows
as they are embedded, a line a block in rows.jsonl. Each line holds a digest of what it stands for, so that what
was half written when the power went is known and dropped.
"""

from __future__ import annotations

import bisect
import shutil
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.index.earlier import Earlier
from qa.index.journal import Growing, Journal
from qa.index.layout import (
    CHUNK_COLUMNS,
    DOCUMENT_COLUMNS,
    Fingerprint,
    Part,
    Record,
    pack_hidden,
    to_line,
)
from qa.index.places import pack_places
from qa.keyword import Termed, Terms
from qa.protocols import Embedded, Input, Rows
from qa.sealed import Sheet
from qa.types import Chunk, Document, LedgerEntry, Span, is_row

if TYPE_CHECKING:
    from qa.load import Reading

Stamp = tuple[int, ...]

_ENOUGH = 256  # chunks read before they are handed on,
_PATIENCE = 0.5  # or fewer after so many seconds

# what is put down of documents: name → (type, columns)
_OF_DOCUMENTS: dict[str, tuple[str, int]] = {
    "lines": ("u1", 0),
    "texts": ("u1", 0),
    "words": ("u1", 0),
    "chunks": ("<i8", CHUNK_COLUMNS),
    "sentences": ("<i8", 2),
    "ids": ("<i4", 0),
    "edges": ("<i8", 0),
    "pieces": ("<i8", 0),
    "places": ("<i8", DOCUMENT_COLUMNS),
    "seconds": ("<f8", 0),
}


@dataclass(frozen=True, slots=True)
class _Again:
    """How many chunks and sentences are embedded once more, only for what comes after them."""

    chunks: int = 0
    sentences: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """A document whose rows an earlier index holds: which these are, and its own first sentence here."""

    first: int
    last: int
    first_sentence: int


class _Numbered(dict[str, int]):
    """Words by number, in order of first sight: one that is asked for the first time gets the next."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__((word, number) for number, word in enumerate(words))
        self.spelled = list(words)

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        self.spelled.append(word)
        return number


@dataclass(frozen=True, slots=True)
class Made:
    """A document put down already: its number here, what its file looked like from outside, what reading it took.

    Its record stays on disk: a large collection's would fill memory.
    """

    number: int
    digest: str
    entry: LedgerEntry
    stamp: Stamp
    seconds: float

    @property
    def source(self) -> str:
        """Its name in the collection."""
        return self.entry.source

    def line(self, same_as: str = "", seconds: float = 0.0) -> LedgerEntry:
        """Return its line in the ledger."""
        return replace(self.entry, same_as=same_as, seconds=seconds)


class Partial:
    """A build's work so far, in a folder of its own; `documents` are those put down that still fit, by source."""

    def __init__(
        self, folder: Path, fingerprint: Fingerprint, dim: int, terms: Terms, fits: Callable[[str, Stamp], bool]
    ) -> None:
        self._folder = folder
        self._dim = dim
        self._terms = terms
        facts = to_line(asdict(fingerprint) | {"dim": dim})
        about = folder / "about.json"
        if not about.exists() or about.read_bytes() != facts:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            about.write_bytes(facts)
        self.documents: dict[str, Made] = {}
        self._again = _Again()
        self._earlier: Earlier | None = None
        self._known: dict[int, _Known] = {}  # by a document's first chunk
        self._firsts: list[int] = []  # these first chunks
        self._looked = 0  # documents looked up so far
        self._open()
        fitting = {source: made for source, made in self.documents.items() if fits(source, made.stamp)}
        if 2 * sum(made.entry.chunks for made in fitting.values()) < self.chunks:  # most of it is of no use
            self.close()
            shutil.rmtree(folder)
            folder.mkdir()
            about.write_bytes(facts)
            self._open()
        else:
            self.documents = fitting

    def _open(self) -> None:
        rows = {"rows": ("<f4", self._dim), "packed": ("i1", self._dim), "scales": ("<f4", 0)}
        self._put = Journal(self._folder, "documents", _OF_DOCUMENTS)
        self._embedded = Journal(self._folder, "rows", rows)
        self._words = _Numbered(self._spelled())
        lines = self._file("lines").sheet().values
        places = self._file("places").sheet().values.tolist()
        seconds = self._file("seconds").sheet().values.tolist()
        self.documents = {}
        for number, (place, took) in enumerate(zip(places, seconds, strict=True)):
            record = Record.from_line(lines[place[0] : place[1]].tobytes())
            self.documents[record.source] = Made(number, record.digest, record.line(), tuple(place[6:]), took)
        if not self._file("edges").count:
            self._put.add("edges", np.zeros(1, dtype=np.int64))
            self._put.add("pieces", np.zeros(1, dtype=np.int64))

    def _file(self, name: str) -> Growing:
        return self._put.files[name]

    def _spelled(self) -> list[str]:
        return self._file("words").sheet().values.tobytes().decode("utf-8").split("\n")[:-1]

    @property
    def chunks(self) -> int:
        """Chunks put down."""
        return self._file("chunks").count

    @property
    def embedded(self) -> int:
        """Chunks whose rows are there."""
        return self._embedded.files["rows"].count

    def put(self, reading: Reading, chunks: Sequence[Chunk], stamp: Stamp, seconds: float) -> None:
        """Put down a document that was read, in so many seconds."""
        document = reading.document
        record = Record(
            document.source,
            document.digest,
            document.title,
            document.sections,
            reading.note,
            reading.reader,
            reading.encoding,
            len(document.text),
            len(chunks),
            _headers(chunks),
            document.author,
            document.date,
            reading.extent,
            document.by_line,
            pack_places(document.places),
            pack_hidden(document.hidden),
        )
        number = self._file("places").count
        line, text = record.to_line(), document.text.encode("utf-8")
        byte, chunk, at = self._file("texts").count, self.chunks, self._file("lines").count
        table, sentences = _tabulate(document, chunks, number, byte, self._file("sentences").count)
        place = (at, at + len(line), byte, byte + len(text), chunk, chunk + len(chunks), *(stamp or (0, 0, 0)))
        known = len(self._words.spelled)
        edges, pieces = self._put_terms(document, chunks)
        words = "".join(f"{word}\n" for word in self._words.spelled[known:])
        self._put.add("words", _bytes(words.encode("utf-8")))
        for name, values in (
            ("lines", _bytes(line)),
            ("texts", _bytes(text)),
            ("chunks", table),
            ("sentences", sentences),
            ("edges", edges),
            ("pieces", pieces),
            ("places", np.array([place], dtype=np.int64)),
            ("seconds", np.array([seconds])),
        ):
            self._put.add(name, values)
        self._put.commit(least=1 << 20)
        self.documents[record.source] = Made(number, record.digest, record.line(), tuple(stamp), seconds)

    def _put_terms(self, document: Document, chunks: Sequence[Chunk]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Put down the chunks' terms by number; return where pieces and chunks end among them."""
        flat, edges, pieces = array("i"), array("q"), array("q")
        first_id, first_edge = self._file("ids").count, self._file("edges").count - 1
        words = self._words
        for chunk in chunks:
            texts = [chunk.text[s.start - chunk.span.start : s.end - chunk.span.start] for s in chunk.sentences]
            if chunk.header:  # a row says what its header's words say of it
                texts = [f"{chunk.header} {text}" if is_row(text, chunk.header) else text for text in texts]
            for text in (chunk.context(document.title), *texts):
                flat.extend(words[term] for term in self._terms.of(text))
                edges.append(first_id + len(flat))
            pieces.append(first_edge + len(edges))
        self._put.add("ids", np.array(flat, dtype=np.int32))
        return np.array(edges, dtype=np.int64), np.array(pieces, dtype=np.int64)

    def inputs(self, reading: Iterator[object]) -> Iterator[Input]:
        """Yield what is to be embedded yet, in order; `reading`, which puts more down, goes on as it's asked for.

        Before it comes once more what it repeats sentences of, if anything; `add_rows` passes over the rows of those.
        Another thread may add rows meanwhile.
        """
        embedded = row = self.embedded
        while self.chunks > row or self._more(reading, row):
            self._put.commit()
            part = self._part(self._no_rows())
            self._look_up(part, embedded)
            if row == embedded:
                row = _reached_back(part, row)
                again = part.first_sentence(embedded) - part.first_sentence(row)
                self._again = _Again(embedded - row, again)
            yield from self._given(part, row)
            row = len(part.chunks)

    def _more(self, reading: Iterator[object], row: int) -> bool:
        """Read on until a block's worth of chunks stands beyond `row`, or some do and it has taken long enough."""
        until = time.monotonic() + _PATIENCE
        for _ in reading:
            beyond = self.chunks - row
            if beyond >= _ENOUGH or (beyond and time.monotonic() > until):
                return True
        return self.chunks > row

    def _given(self, part: Part, begin: int) -> Iterator[Input]:
        """Yield what the embedder is given of a part's chunks, but for those whose rows are known."""
        record: Record | None = None
        owner = -1
        for row in range(begin, len(part.chunks)):
            number, section, start, _, first_byte, last_byte, first, header = part.chunks.values[row].tolist()
            line = part.places.values[number]
            if int(line[4]) in self._known:
                continue
            if number != owner:
                record = Record.from_line(part.lines.values[line[0] : line[1]].tobytes())
                owner = number
            assert record is not None
            spans = part.sentences.values[first : part.first_sentence(row + 1)].tolist()
            yield Input(
                record.sections[section].context(record.title, record.headers[header]),
                part.texts.values[first_byte:last_byte].tobytes().decode("utf-8"),
                tuple(Span(low - start, high - start) for low, high in spans),
                _repeated(part, row),
            )

    def add_rows(self, embedded: Embedded) -> None:
        """Put down the rows of the next chunks."""
        chunks, sentences = embedded.chunks[self._again.chunks :], embedded.sentences[self._again.sentences :]
        self._again = _Again(
            max(0, self._again.chunks - len(embedded.chunks)),
            max(0, self._again.sentences - len(embedded.sentences)),
        )
        packed, scales = _pack(sentences)
        while len(chunks):
            self.add_known()
            count, inner = self._until_known(len(chunks), len(packed))
            self._add_rows(chunks[:count], packed[:inner], scales[:inner])
            chunks, packed, scales = chunks[count:], packed[inner:], scales[inner:]
        self._embedded.commit()

    def know(self, earlier: Earlier) -> None:
        """Take over the rows of documents that an index holds under another name; call it before `inputs`."""
        self._earlier = earlier

    def _look_up(self, part: Part, embedded: int) -> None:
        """Find the documents put down since the last look, of which no row is there yet, in the earlier index."""
        if self._earlier is None:
            return
        for number in range(self._looked, len(part.places)):
            place = part.places.values[number].tolist()
            if place[4] >= embedded:  # else a killed build has begun to put its rows down
                record = Record.from_line(part.lines.values[place[0] : place[1]].tobytes())
                found = self._earlier.find(part, number, record)
                if found and found[0] < found[1]:
                    self._known[place[4]] = _Known(*found, part.first_sentence(place[4]))
                    self._firsts.append(place[4])
        self._looked = len(part.places)

    def add_known(self) -> None:
        """Put down the rows of the next documents, as long as they are known."""
        while self._earlier is not None and (found := self._known.get(self.embedded)):
            for block in self._earlier.blocks(found.first, found.last):
                self._add_rows(*block)
            self._embedded.commit(least=1 << 20)

    def _until_known(self, chunks: int, sentences: int) -> tuple[int, int]:
        """Return how many of the next chunks, and of their sentences, come before one whose rows are known."""
        first = self.embedded
        following = bisect.bisect_left(self._firsts, first)
        if following == len(self._firsts) or self._firsts[following] >= first + chunks:
            return chunks, sentences
        known = self._firsts[following]
        return known - first, self._known[known].first_sentence - self._embedded.files["scales"].count

    def _add_rows(self, chunks: NDArray[Any], packed: NDArray[Any], scales: NDArray[Any]) -> None:
        self._embedded.add("rows", chunks)
        self._embedded.add("packed", packed)
        self._embedded.add("scales", scales)

    def part(self) -> Part:
        """Return everything put down, to write a generation from."""
        return self._part({name: growing.sheet() for name, growing in self._embedded.files.items()})

    def _no_rows(self) -> dict[str, Sheet]:
        """Return empty sheets in the place of the rows', which another thread may be writing."""
        none = np.zeros((0, self._dim), dtype=np.float32)
        return {"rows": Sheet(none), "packed": Sheet(none.astype(np.int8)), "scales": Sheet(none[:, 0])}

    def _part(self, rows: dict[str, Sheet]) -> Part:
        put = {name: growing.sheet() for name, growing in self._put.files.items()}
        return Part(
            put["places"],
            put["lines"],
            put["texts"],
            put["chunks"],
            put["sentences"],
            rows["packed"],
            rows["scales"],
            rows["rows"].stream,
            Termed(self._words.spelled, put["ids"], put["edges"], put["pieces"]),
        )

    def close(self) -> None:
        """Let go of the files; what was put down stays for the next build."""
        self._put.commit()
        self._put.close()
        self._embedded.close()


def _repeated(part: Part, row: int) -> int:
    """Return how many of a chunk's first sentences are the last ones of the chunk before."""
    if not row or part.chunks.values[row, 0] != part.chunks.values[row - 1, 0]:
        return 0
    low, middle, high = (part.first_sentence(at) for at in (row - 1, row, row + 1))
    before, own = part.sentences.values[low:middle], part.sentences.values[middle:high]
    if not len(before) or not len(own):
        return 0
    count = int(np.searchsorted(own[:, 1], before[-1, 1], side="right"))
    return count if 0 < count <= len(before) and np.array_equal(before[-count:], own[:count]) else 0


def _reached_back(part: Part, row: int) -> int:
    """Return the first chunk whose own words are among the sentences that a chunk repeats; itself if it has none."""
    wanted = _repeated(part, row)
    while wanted > 0:
        row -= 1
        wanted -= part.first_sentence(row + 1) - part.first_sentence(row) - _repeated(part, row)
    return row


def _bytes(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8)


def _tabulate(
    document: Document, chunks: Sequence[Chunk], number: int, first_byte: int, first_sentence: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a document's chunk and sentence tables, offsets counted on from what is written already."""
    section_at = {section.span.start: at for at, section in enumerate(document.sections)}
    edges = sorted({edge for chunk in chunks for edge in (chunk.span.start, chunk.span.end)})
    byte_at, position, offset = {}, 0, 0
    for edge in edges:
        offset += len(document.text[position:edge].encode("utf-8"))
        position = edge
        byte_at[edge] = first_byte + offset
    headers = _headers(chunks)
    table: list[tuple[int, ...]] = []
    sentences: list[tuple[int, int]] = []
    for chunk in chunks:
        start, end = chunk.span.start, chunk.span.end
        section = section_at[chunk.section.span.start]
        first, header = first_sentence + len(sentences), headers.index(chunk.header)
        table.append((number, section, start, end, byte_at[start], byte_at[end], first, header))
        sentences.extend((sentence.start, sentence.end) for sentence in chunk.sentences)
    return (
        np.array(table, dtype=np.int64).reshape(-1, CHUNK_COLUMNS),
        np.array(sentences, dtype=np.int64).reshape(-1, 2),
    )


def _headers(chunks: Sequence[Chunk]) -> tuple[str, ...]:
    """Return the chunks' table headers, each once, none first."""
    return tuple(dict.fromkeys(["", *(chunk.header for chunk in chunks)]))


def _pack(rows: Rows) -> tuple[NDArray[np.int8], Rows]:
    """Return rows as int8 with one scale each: cosine error under .003, a quarter of the bytes."""
    if not len(rows):
        return np.zeros((0, rows.shape[1]), dtype=np.int8), np.zeros(0, dtype=np.float32)
    scales = (np.abs(rows).max(axis=1) / 127).astype(np.float32)
    safe = np.maximum(scales, np.float32(1e-12))
    return np.round(rows / safe[:, None]).astype(np.int8), scales
