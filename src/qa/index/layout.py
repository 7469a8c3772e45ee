"""Generations on disk: write one beside the last, switch by one atomic rename, open and check.

    index/
    ├── CURRENT                 "g000002 <SHA-256 of its manifest>": the pointer, replaced atomically;
    │                           its own time says when the files were last known to be as recorded
    ├── lock                    held while writing
    ├── partial/                what a build that hasn't ended has made so far (see `partial`)
    └── g000002/
        ├── manifest.json       schema, fingerprints, roots (from index/ on, so that both may be moved together),
        │                       calibration, each file's size, the seal's SHA-256
        ├── seal.bin            a digest of every block of every file
        ├── documents.jsonl     one line a document, by source: source, digest, title, sections, how it was read;
        │                       behind a tab its places (see `places`), behind another what is hidden in it
        ├── documents.npy       (d, 9): its line's, text's and chunks' first and last; size, two times of its file
        ├── unread.jsonl        one line a file that isn't indexed, and why
        ├── seconds.jsonl       what reading each file took, under a digest of its own: of all that is here it alone
        │                       differs between two builds of the same files
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
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from qa.errors import IndexCorrupt, IndexMismatch, IndexMissing
from qa.index.places import Places
from qa.keyword import Termed
from qa.protocols import Rows
from qa.sealed import Sheet
from qa.types import Extent, FileState, Hidden, LedgerEntry, Section, Span

SCHEMA = 8
POINTER = "CURRENT"
MANIFEST = "manifest.json"
PARTIAL = "partial"
SECONDS = "seconds.jsonl"
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

    Its places stand behind a tab in the line, as `packed`: a spreadsheet has many, and few are ever asked for; behind
    another, as `concealed`, what is hidden in it.
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
    by_line: bool = False
    packed: bytes = b"[]"
    concealed: bytes = b"{}"

    @property
    def hidden(self) -> tuple[Hidden, ...]:
        """What nobody who looks at the file sees of its text."""
        return unpack_hidden(self.concealed)

    @property
    def places(self) -> Places:
        """Where stretches of the text are found by a person who opens the file."""
        return Places(self.packed)

    def to_line(self) -> bytes:
        """Return the record as a line of documents.jsonl."""
        flat = {name: getattr(self, name) for name in self.__slots__ if name not in ("packed", "concealed")}
        flat["sections"] = [[s.page, list(s.heading), s.span.start, s.span.end] for s in self.sections]
        flat["extent"] = asdict(self.extent)
        return to_line(flat)[:-1] + b"\t" + self.packed + b"\t" + self.concealed + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Record:
        """Read a line of documents.jsonl."""
        head, packed, concealed = bytes(line).rstrip(b"\n").split(b"\t")
        flat = json.loads(head.decode("utf-8"))  # given bytes, it would ask of each which encoding it is
        sections = tuple(Section(p, tuple(h), Span(a, b)) for p, h, a, b in flat.pop("sections"))
        headers, extent = tuple(flat.pop("headers")), Extent(**flat.pop("extent"))
        return cls(sections=sections, headers=headers, extent=extent, packed=packed, concealed=concealed, **flat)

    def line(self, same_as: str = "", seconds: float = 0.0) -> LedgerEntry:
        """Return the document's line in the ledger."""
        partly = self.extent.is_short
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
            same_as,
            seconds,
        )


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
    """Return what `pack_hidden` put down, in the text's order."""
    found = []
    for why, numbers in json.loads(data).items():
        at = 0
        for gap, length in zip(numbers[::2], numbers[1::2], strict=True):
            found.append(Hidden(Span(at + gap, at + gap + length), why))
            at += gap + length
    return tuple(sorted(found, key=lambda item: (item.span, item.why)))


def pack_seconds(seconds: Mapping[str, float]) -> bytes:
    """Return what reading each file took as seconds.jsonl: a line a file by source, and before them their SHA-256."""
    lines = b"".join(
        json.dumps([source, seconds[source]], ensure_ascii=False).encode("utf-8") + b"\n" for source in sorted(seconds)
    )
    return hashlib.sha256(lines).hexdigest().encode("ascii") + b"\n" + lines


def read_seconds(path: Path) -> dict[str, float]:
    """Return what reading each file took, from seconds.jsonl; raise IndexCorrupt where it isn't as it was written."""
    digest, _, lines = path.read_bytes().partition(b"\n")
    if hashlib.sha256(lines).hexdigest().encode("ascii") != digest:
        raise IndexCorrupt(f"{path}: its bytes aren't those that were written. {REBUILD}")
    return dict(json.loads(line) for line in lines.splitlines())


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
        if read_pointer(folder)[0] != name:
            return stored(folder)  # a build switched generations meanwhile
        raise IndexCorrupt(f"{exc.filename}: missing from the index. {REBUILD}") from exc
    return Stored(Fingerprint(**manifest["fingerprint"]), int(manifest["dim"]), roots_from(folder, manifest["roots"]))


def roots_to(folder: Path, roots: Sequence[str]) -> list[str]:
    """Return the collection's roots as the manifest names them: from the index's folder on, where that is possible."""
    named = []
    for root in roots:
        try:
            named.append(Path(os.path.relpath(root, folder)).as_posix())
        except ValueError:  # on another drive of Windows
            named.append(os.path.abspath(root))
    return named


def roots_from(folder: Path, named: Sequence[str]) -> tuple[str, ...]:
    """Return the roots that a manifest names as absolute paths, wherever the process runs."""
    return tuple(os.path.abspath(folder / name) for name in named)


def exists(folder: Path) -> bool:
    """Tell whether there is an index in `folder`, sound or not."""
    return (folder / POINTER).exists()


def read_pointer(folder: Path) -> tuple[str, str]:
    """Return the current generation's name and its manifest's SHA-256; raise where there is none, or a damaged one."""
    path = folder / POINTER
    try:
        data = path.read_bytes()
        match = _POINTED.fullmatch(data)
        if match and not (folder / match[1].decode("ascii")).is_dir() and path.read_bytes() != data:
            return read_pointer(folder)  # a build switched generations between two looks
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
    path = folder / MANIFEST
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


class Listed(Protocol):
    """What the ledger says of a document."""

    @property
    def source(self) -> str:
        """Its name in the collection."""

    @property
    def digest(self) -> str:
        """The digest of its bytes."""

    def line(self, same_as: str = "", seconds: float = 0.0) -> LedgerEntry:
        """Return its line, with the file it is a copy of and the time it took."""


def ledger_of(
    listed: Iterable[Listed], others: Sequence[LedgerEntry], seconds: Mapping[str, float]
) -> tuple[LedgerEntry, ...]:
    """Return one line a file met, sorted by source; of files of the same bytes all but the first name it.

    `seconds` says what reading each of the documents took.
    """
    first: dict[str, str] = {}
    entries = list(others)
    for one in sorted(listed, key=lambda one: one.source):
        original = first.setdefault(one.digest, one.source)
        same_as = "" if original == one.source else original
        entries.append(one.line(same_as, seconds.get(one.source, 0.0)))
    return tuple(sorted(entries, key=lambda entry: entry.source))


def unread_to(entries: Sequence[LedgerEntry]) -> bytes:
    """Return lines of the ledger as unread.jsonl, but for their times."""
    facts = [entry.facts() for entry in entries]
    return b"".join(to_line({name: value for name, value in one.items() if name != "seconds"}) for one in facts)


def unread_from(data: bytes, seconds: Mapping[str, float]) -> Iterator[LedgerEntry]:
    """Read unread.jsonl."""
    for line in data.splitlines():
        facts = json.loads(line)
        took = seconds.get(facts["source"], 0.0)
        facts |= {"state": FileState(facts["state"]), "extent": Extent(**facts["extent"]), "seconds": took}
        yield LedgerEntry(**facts)
