"""Generations on disk: write one beside the last, switch by one atomic rename, open and check.

    index/
    ├── CURRENT                 "g000002 <SHA-256 of its manifest>": the pointer, replaced atomically
    ├── lock                    held while writing
    └── g000002/
        ├── manifest.json       schema, fingerprints, roots, calibration, and each file's SHA-256 and size
        ├── documents.jsonl     source, digest, title, sections, where its text and chunks stand
        ├── ledger.jsonl        one line a file met, read or not
        ├── texts.bin           canonical texts, UTF-8, one after another
        ├── chunks.npy          (n, 7): document, section, start, end, first byte, last byte, first sentence
        ├── sentences.npy       (m, 2): start, end
        ├── sentence_rows.npy   (m, dim) int8, and sentence_scales.npy (m,): row = int8 * scale
        ├── vectors.faiss       one row a chunk
        └── keyword/            BM25, as bm25s writes it, and terms.*.npy: each sentence's terms by number

Knows how things lie on disk; knows nothing of argv, readers, models or how scores are fused. Row i is
chunk i everywhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qa.errors import IndexCorrupt, IndexMismatch, IndexMissing
from qa.types import Section, Span

SCHEMA = 3
POINTER = "CURRENT"
REBUILD = "Run: qa index --rebuild"
CHUNK_COLUMNS = 7
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
        """Return the record as a line of documents.jsonl."""
        flat = {name: getattr(self, name) for name in self.__slots__ if name != "sections"}
        return flat | {
            "sections": [[s.page, list(s.heading), s.span.start, s.span.end] for s in self.sections],
        }

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> Record:
        """Read a line of documents.jsonl."""
        sections = tuple(Section(p, tuple(h), Span(a, b)) for p, h, a, b in line.pop("sections"))
        return cls(sections=sections, **line)


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


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a JSON Lines file."""
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def write_lines(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Write a JSON Lines file."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
