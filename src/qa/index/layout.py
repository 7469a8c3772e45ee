"""Generations on disk: write one beside the last, switch by one atomic rename, open and check.

    index/
    ├── CURRENT                 "g000002 <SHA-256 of its manifest>": the pointer, replaced atomically;
    │                           its own time says when the files were last known to be as recorded
    ├── lock                    held while writing
    ├── partial/                what a build that hasn't ended has made so far (see `partial`)
    └── g000002/
        ├── manifest.json       schema, fingerprints, roots, calibration, each file's size, the seal's SHA-256
        ├── seal.bin            a digest of every block of every file
        ├── documents.jsonl     one line a document, by source: source, digest, title, sections, how it was read
        ├── documents.npy       (d, 9): its line's, text's and chunks' first and last; size, two times of its file
        ├── unread.jsonl        one line a file that isn't indexed, and why
        ├── texts.bin           canonical texts, UTF-8, one after another
        ├── chunks.npy          (n, 7): document, section, start, end, first byte, last byte, first sentence
        ├── sentences.npy       (m, 2): start, end
        ├── sentence_rows.npy   (m, dim) int8, and sentence_scales.npy (m,): row = int8 * scale
        ├── vectors/            one row a chunk, and where there are many, what finds them
        └── keyword/            each sentence's terms by number, and for each term its chunks with its score there

Documents stand in the order of their sources, whatever the history: an index that was updated is one made anew.
Knows how things lie on disk; knows nothing of argv, readers, models or how scores are fused. Row i is
chunk i everywhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from qa.errors import IndexCorrupt, IndexMismatch, IndexMissing
from qa.keyword import Termed
from qa.protocols import Rows
from qa.sealed import Sheet
from qa.types import Extent, FileState, LedgerEntry, Place, Section, Span

SCHEMA = 7
POINTER = "CURRENT"
PARTIAL = "partial"
REBUILD = "Run: qa index --rebuild"
CHUNK_COLUMNS = 8
DOCUMENT_COLUMNS = 9
_POINTED = re.compile(rb"(g\d{6,}) ([0-9a-f]{64})\n")


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
    """A document's line in documents.jsonl: everything but its text. `note`: what to know of how it was read.

    Its places stand behind a tab in the line, as `packed`: a spreadsheet has many, and few are ever asked for.
    """

    source: str
    digest: str
    title: str
    sections: tuple[Section, ...]
    note: str
    reader: str
    encoding: str
    characters: int
    chunks: int
    headers: tuple[str, ...] = ("",)  # of tables; chunks name theirs by number
    author: str = ""
    date: str = ""
    extent: Extent = field(default_factory=Extent)
    packed: bytes = b"[]"

    @property
    def places(self) -> tuple[Place, ...]:
        """Where stretches of the text are found by a person who opens the file."""
        return tuple(Place(kind, label, Span(a, b)) for kind, label, a, b in json.loads(self.packed))

    def to_line(self) -> bytes:
        """Return the record as a line of documents.jsonl."""
        flat = {name: getattr(self, name) for name in self.__slots__ if name != "packed"}
        flat["sections"] = [[s.page, list(s.heading), s.span.start, s.span.end] for s in self.sections]
        flat["extent"] = asdict(self.extent)
        return to_line(flat)[:-1] + b"\t" + self.packed + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Record:
        """Read a line of documents.jsonl."""
        head, _, packed = line.rstrip(b"\n").partition(b"\t")
        flat = json.loads(head)
        sections = tuple(Section(p, tuple(h), Span(a, b)) for p, h, a, b in flat.pop("sections"))
        headers, extent = tuple(flat.pop("headers")), Extent(**flat.pop("extent"))
        return cls(sections=sections, headers=headers, extent=extent, packed=bytes(packed), **flat)

    @property
    def entry(self) -> LedgerEntry:
        """The document's line in the ledger."""
        partly = self.extent.empty or self.extent.lost
        return LedgerEntry(
            self.source,
            FileState.PARTLY if partly else FileState.INDEXED,
            self.note,
            self.reader,
            self.encoding,
            self.characters,
            len(self.sections),
            self.chunks,
            self.extent,
        )


def pack_places(places: Sequence[Place]) -> bytes:
    """Return places as JSON, for `Record.packed`."""
    flat = [[place.kind, place.label, place.span.start, place.span.end] for place in places]
    return json.dumps(flat, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


@dataclass(frozen=True, slots=True)
class Stand:
    """A row of documents.npy: where a document's parts stand, and its file's size and times."""

    first_of_line: int
    last_of_line: int
    first_byte: int
    last_byte: int
    first_chunk: int
    last_chunk: int
    size: int
    modified: int
    altered: int

    @property
    def stamp(self) -> tuple[int, int, int]:
        """What tells without reading that the file is still the same."""
        return self.size, self.modified, self.altered


@dataclass(frozen=True, slots=True)
class Part:
    """Documents with all that is known of them, to write a generation from."""

    places: Sheet
    lines: Sheet
    texts: Sheet
    chunks: Sheet
    sentences: Sheet
    packed: Sheet
    scales: Sheet
    rows: Callable[[int, int], Iterator[Rows]]
    termed: Termed
    old: bool = False  # whether they come from the generation before

    def first_sentence(self, chunk: int) -> int:
        """Return where a chunk's sentences begin in the sentence tables."""
        if chunk >= len(self.chunks):
            return len(self.sentences)
        return int(self.chunks.cut(chunk, chunk + 1)[0, 6])


@dataclass(frozen=True, slots=True)
class Stored:
    """What an index's manifest says of it: enough to tell whether it fits, without opening the rest."""

    fingerprint: Fingerprint
    dim: int
    roots: tuple[str, ...]


def stored(folder: Path) -> Stored:
    """Return what the current generation's manifest says."""
    name, expected = read_pointer(folder)
    try:
        manifest = read_manifest(folder / name, expected)
    except FileNotFoundError as exc:
        raise IndexCorrupt(f"{exc.filename}: missing from the index. {REBUILD}") from exc
    return Stored(Fingerprint(**manifest["fingerprint"]), int(manifest["dim"]), tuple(manifest["roots"]))


def exists(folder: Path) -> bool:
    """Tell whether there is an index in `folder`, sound or not."""
    return (folder / POINTER).exists()


def read_pointer(folder: Path) -> tuple[str, str]:
    """Return the current generation's name and its manifest's SHA-256; raise where there is none, or a damaged one."""
    path = folder / POINTER
    try:
        match = _POINTED.fullmatch(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise IndexMissing(f"{folder}: no index here yet. Run: qa index FOLDER --index {folder}") from exc
    except OSError as exc:
        raise IndexCorrupt(f"{path}: can't be read. {REBUILD}") from exc
    if match is None:
        raise IndexCorrupt(f"{path}: doesn't name a generation. {REBUILD}")
    name = match[1].decode("ascii")
    if not (folder / name).is_dir():
        raise IndexCorrupt(f"{path}: names {name}, which isn't there. {REBUILD}")
    return name, match[2].decode("ascii")


def read_manifest(folder: Path, expected: str) -> dict[str, Any]:
    """Return a generation's manifest, checked against the SHA-256 the pointer names and this version's schema."""
    path = folder / "manifest.json"
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != expected:
        raise IndexCorrupt(f"{path}: isn't the manifest the index points to. {REBUILD}")
    manifest: dict[str, Any] = json.loads(data)
    if manifest["schema"] != SCHEMA:
        raise IndexMismatch(
            f"{folder}: the index has schema {manifest['schema']}, this version reads {SCHEMA}. {REBUILD}"
        )
    return manifest


def to_line(facts: dict[str, Any]) -> bytes:
    """Return a line of a JSON Lines file."""
    return json.dumps(facts, ensure_ascii=False).encode("utf-8") + b"\n"


def ledger_of(records: Sequence[Record], others: Sequence[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """Return one line a file met, sorted by source; of files of the same bytes all but the first name it."""
    first: dict[str, str] = {}
    entries = list(others)
    for record in sorted(records, key=lambda record: record.source):
        original = first.setdefault(record.digest, record.source)
        entries.append(record.entry if original == record.source else replace(record.entry, same_as=original))
    return tuple(sorted(entries, key=lambda entry: entry.source))


def unread_from(data: bytes) -> Iterator[LedgerEntry]:
    """Read unread.jsonl."""
    for line in data.splitlines():
        facts = json.loads(line)
        yield LedgerEntry(**(facts | {"state": FileState(facts["state"]), "extent": Extent(**facts["extent"])}))
