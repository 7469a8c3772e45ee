"""What the rows of the database mean: documents, chunks, lines of the ledger; each checked as it is read.

Knows the columns and the nouns; nothing of who asks.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.index.database import PER_DOCUMENT, Database, checksum
from qa.protocols import Rows
from qa.types import Calibration, Chunk, Extent, FileState, Hidden, LedgerEntry, Section, Span, Trial

DOCUMENT = (
    "id, source, digest, title, author, date, reader, encoding, note, characters, chunks, by_line, is_prose, "
    "sections, headers, extent"
)
CHUNK = 'id, document, revision, section, header, "start", "end", text, sentences, vector, scales, vectors'


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
class Record:
    """A document but for its contents. `note`: what to know of how it was read; `headers`: of tables, by number."""

    id: int
    source: str
    digest: str
    title: str
    author: str
    date: str
    reader: str
    encoding: str
    note: str
    characters: int
    chunks: int
    by_line: bool
    is_prose: bool
    sections: tuple[Section, ...]
    headers: tuple[str, ...]
    extent: Extent

    def to_row(self) -> tuple[object, ...]:
        """Return the columns `DOCUMENT` names, and their checksum."""
        sections = [[one.page, list(one.heading), one.span.start, one.span.end] for one in self.sections]
        row = (
            *(self.id, self.source, self.digest, self.title, self.author, self.date, self.reader, self.encoding),
            *(self.note, self.characters, self.chunks, int(self.by_line), int(self.is_prose)),
            *(_json(sections), _json(self.headers), _json(asdict(self.extent))),
        )
        return *row, checksum(*row)

    @classmethod
    def from_row(cls, row: Sequence[Any], database: Database) -> Record:
        """Read the columns `DOCUMENT` names, and their checksum."""
        if checksum(*row[:-1]) != row[-1]:
            raise database.corrupt(f"a document ({row[1]})")
        sections = tuple(Section(p, tuple(h), Span(a, b)) for p, h, a, b in json.loads(row[13]))
        headers, extent = tuple(json.loads(row[14])), Extent(**json.loads(row[15]))
        facts: list[Any] = [*row[:11], bool(row[11]), bool(row[12]), sections, headers, extent]
        return cls(*facts)

    def line(self) -> LedgerEntry:
        """Return the document's line in the ledger, but for its time and its copies."""
        state = FileState.PARTLY if self.extent.is_short else FileState.INDEXED
        facts = (self.source, state, self.note, self.reader, self.encoding, self.characters)
        return LedgerEntry(*facts, len(self.sections), self.chunks, self.extent)


class StoredChunk(NamedTuple):
    """A chunk as it is stored: its columns, its vectors as they were written."""

    id: int
    document: int
    revision: int
    section: int
    header: int
    start: int
    end: int
    text: str
    sentences: bytes
    vector: bytes
    scales: bytes
    vectors: bytes

    @classmethod
    def from_row(cls, row: Sequence[Any], database: Database) -> StoredChunk:
        """Read the columns `CHUNK` names, and their checksum."""
        stored = cls(*row[:-1])
        if stored._checksum() != row[-1]:
            raise database.corrupt(f"a chunk ({row[0]})")
        return stored

    def to_row(self) -> tuple[object, ...]:
        """Return the columns, and their checksum."""
        return *self, self._checksum()

    def _checksum(self) -> bytes:
        """Return a digest of what it is, whenever it was written."""
        return checksum(*self[:2], *self[3:])

    @property
    def spans(self) -> NDArray[np.int32]:
        """Where its sentences start and end."""
        return np.frombuffer(self.sentences, dtype="<i4").reshape(-1, 2)

    @property
    def row(self) -> Rows:
        """Its vector."""
        return np.frombuffer(self.vector, dtype="<f2").astype(np.float32)

    def chunk(self, record: Record) -> Chunk:
        """Return it as others know it."""
        return Chunk(
            f"{record.source}#{self.start}-{self.end}",
            record.source,
            record.sections[self.section],
            Span(self.start, self.end),
            self.text,
            tuple(Span(a, b) for a, b in self.spans.tolist()),
            record.headers[self.header],
        )


def document_id(source: str, attempt: int = 0) -> int:
    """Return the id a document of this name has, unless another has it: then the next attempt's."""
    data = hashlib.sha256(f"{attempt}:{source}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(data[:8], "big") % ((1 << 62) // PER_DOCUMENT)


def pack_rows(rows: Rows) -> tuple[NDArray[np.int8], Rows]:
    """Return rows as int8 with one scale each: cosine error under .003, a quarter of the bytes."""
    if not len(rows):
        return np.zeros((0, rows.shape[-1]), dtype=np.int8), np.zeros(0, dtype=np.float32)
    scales = (np.abs(rows).max(axis=1) / 127).astype(np.float32)
    safe = np.maximum(scales, np.float32(1e-12))
    return np.round(rows / safe[:, None]).astype(np.int8), scales


def pack_hidden(hidden: Sequence[Hidden]) -> bytes:
    """Return hidden stretches as JSON: for each reason, how far on each begins and how long it is, in turn."""
    runs: dict[str, list[int]] = {}
    reached: dict[str, int] = {}
    for item in sorted(hidden, key=lambda item: (item.span, item.why)):
        numbers, end = runs.setdefault(item.why, []), reached.get(item.why, 0)
        start = max(item.span.start, end)  # where two overlap, nothing is said twice
        if start >= item.span.end:
            continue
        if numbers and start == end:
            numbers[-1] += item.span.end - start
        else:
            numbers += [start - end, item.span.end - start]
        reached[item.why] = item.span.end
    return json.dumps({why: runs[why] for why in sorted(runs)}, ensure_ascii=False, separators=(",", ":")).encode()


def unpack_hidden(data: bytes) -> tuple[Hidden, ...]:
    """Return what `pack_hidden` packed, in the text's order."""
    found = []
    for why, numbers in json.loads(data).items():
        at = 0
        for gap, length in zip(numbers[::2], numbers[1::2], strict=True):
            found.append(Hidden(Span(at + gap, at + gap + length), why))
            at += gap + length
    return tuple(sorted(found, key=lambda item: (item.span, item.why)))


def read_ledger(
    database: Database, others: Sequence[LedgerEntry], sources: set[str] | None = None
) -> tuple[LedgerEntry, ...]:
    """Return one line a file met, sorted by source; of files of the same bytes all but the first name it.

    Of documents only those in `sources`, if given; `others` are the lines of files that are none.
    """
    first: dict[str, str] = {}
    entries = list(others)
    for row in database.each(f"SELECT {DOCUMENT}, checksum, seconds FROM documents ORDER BY source"):
        for one in row:
            if sources is None or one[1] in sources:
                original = first.setdefault(one[2], one[1])
                entries.append(_line(one[:-1], database, "" if original == one[1] else original, one[-1]))
    return tuple(sorted(entries, key=lambda entry: entry.source))


def _line(row: Sequence[Any], database: Database, same_as: str = "", seconds: float = 0.0) -> LedgerEntry:
    """Return a document's line in the ledger from the columns `DOCUMENT` names, and their checksum."""
    if checksum(*row[:-1]) != row[-1]:
        raise database.corrupt(f"a document ({row[1]})")
    extent = _extent(row[15])
    state = FileState.PARTLY if extent.is_short else FileState.INDEXED
    sections = len(json.loads(row[13]))
    facts = (row[1], state, row[8], row[6], row[7], row[9], sections, row[10], extent)
    return LedgerEntry(*facts, same_as, seconds)


@functools.lru_cache(maxsize=256)  # most files have the same: all was read
def _extent(text: str) -> Extent:
    return Extent(**json.loads(text))


def unread_to(entry: LedgerEntry) -> tuple[str, str, bytes]:
    """Return a line of the ledger as a row of `unread`."""
    text = _json(entry.facts())
    return entry.source, text, checksum(entry.source, text)


def unread_from(row: Sequence[Any], database: Database) -> LedgerEntry:
    """Read a row of `unread`."""
    source, text, expected = row
    if checksum(source, text) != expected:
        raise database.corrupt(f"the ledger ({source})")
    facts = json.loads(text)
    return LedgerEntry(**facts | {"state": FileState(facts["state"]), "extent": Extent(**facts["extent"])})


def calibration_to(calibration: Calibration | None) -> dict[str, list[list[float]]] | None:
    """Return a calibration as JSON."""
    if calibration is None:
        return None
    return {
        name: [[getattr(one, part) for part in one.__slots__] for one in getattr(calibration, name)]
        for name in calibration.__slots__
    }


def calibration_from(made: dict[str, list[tuple[float, bool]]] | None) -> Calibration | None:
    """Read what `calibration_to` returned."""
    if made is None:
        return None
    return Calibration(**{kind: tuple(Trial(*one) for one in asked) for kind, asked in made.items()})


def roots_to(folder: Path, roots: Sequence[str]) -> list[str]:
    """Return the collection's roots as the index names them: from its folder on, where that is possible."""
    named = []
    for root in roots:
        try:
            named.append(Path(os.path.relpath(root, folder)).as_posix())
        except ValueError:  # on another drive of Windows
            named.append(os.path.abspath(root))
    return named


def roots_from(folder: Path, named: Sequence[str]) -> tuple[str, ...]:
    """Return the roots that an index names as absolute paths, wherever the process runs."""
    return tuple(os.path.abspath(folder / name) for name in named)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
