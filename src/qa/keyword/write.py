"""Writes a segment of BM25 from terms by number: what was cut into terms once is never cut again.

Memory is bounded: postings are sorted a block of chunks at a time and merged a range of terms at a time. A posting
holds how often a term stands in a chunk; what that is worth depends on the other segments, too.
"""

from __future__ import annotations

import json
import shutil
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.keyword.terms import Terms
from qa.sealed import Appender, Files, Sheet, write_sheet

K1, B = 1.5, 0.75
_AT_ONCE = 4_000_000  # terms sorted in one go

Numbers = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Termed:
    """Chunks as terms by number: piece `p` (a heading path or a sentence) holds `ids[edges[p]:edges[p + 1]]`.

    Chunk `c` is called `chunks[c]` elsewhere, and has the pieces `pieces[c]` to `pieces[c + 1]`, its heading path
    first; `words` spells the numbers.
    """

    words: Sequence[str]
    chunks: Sheet
    ids: Sheet
    edges: Sheet
    pieces: Sheet

    @classmethod
    def of(cls, chunks: Iterable[Sequence[str]], terms: Terms, names: Sequence[int] | None = None) -> Termed:
        """Cut chunks into terms; each is its heading path, then its sentences. Without names they are counted."""
        words: dict[str, int] = {}
        flat, edges, pieces = array("i"), array("q", [0]), array("q", [0])
        for chunk in chunks:
            for text in chunk:
                flat.extend(words.setdefault(term, len(words)) for term in terms.of(text))
                edges.append(len(flat))
            pieces.append(len(edges) - 1)
        called = range(len(pieces) - 1) if names is None else names
        tables = (
            np.array(called, dtype=np.int64),
            np.array(flat, dtype=np.int32),
            np.array(edges, dtype=np.int64),
            np.array(pieces, dtype=np.int64),
        )
        return cls(list(words), *(Sheet(table) for table in tables))

    def let_go(self) -> None:
        """Let the system have the memory of what was read."""
        for sheet in (self.chunks, self.ids, self.edges, self.pieces):
            sheet.let_go()

    def spilled(self, folder: Path) -> Termed:
        """Return the same, its tables on disk, so that many of these can be held at once."""
        folder.mkdir(parents=True)
        for name in ("chunks", "ids", "edges", "pieces"):
            write_sheet(folder / f"{name}.npy", getattr(self, name).values)
        files = Files(folder)
        return Termed(self.words, *(files.sheet(f"{name}.npy") for name in ("chunks", "ids", "edges", "pieces")))


@dataclass(frozen=True, slots=True)
class Run:
    """Chunks `first` to `last` of some that are cut into terms already."""

    termed: Termed
    first: int
    last: int


def write_keyword(folder: Path, runs: Sequence[Run]) -> None:
    """Write a segment over the chunks of these runs, in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    words, numbers = _vocabulary(runs)
    data = [word.encode("utf-8") for word in words]
    (folder / "words.bin").write_bytes(b"".join(data))
    write_sheet(folder / "words.npy", np.cumsum([0, *(len(word) for word in data)], dtype=np.int64))
    with (
        Appender(folder / "chunks.npy", "<i8") as chunks,
        Appender(folder / "ids.npy", "<i4") as ids,
        Appender(folder / "edges.npy", "<i8") as edges,
        Appender(folder / "pieces.npy", "<i8") as pieces,
    ):
        edges.add(np.zeros(1, dtype=np.int64))
        pieces.add(np.zeros(1, dtype=np.int64))
        for run in runs:
            for first, last in _blocks(run):
                owned = run.termed.pieces.cut(first, last + 1)
                bounds = run.termed.edges.cut(int(owned[0]), int(owned[-1]) + 1)
                pieces.add(owned[1:] - (owned[0] - (edges.count - 1)))
                edges.add(bounds[1:] - (bounds[0] - ids.count))
                ids.add(numbers[id(run.termed)][run.termed.ids.cut(int(bounds[0]), int(bounds[-1]))])
                chunks.add(run.termed.chunks.cut(first, last))
                run.termed.let_go()
    names = Files(folder).sheet("chunks.npy").whole()
    write_sheet(folder / "order.npy", np.argsort(names, kind="stable").astype(np.int32))
    _invert(folder, len(words))


def _blocks(run: Run) -> Iterator[tuple[int, int]]:
    """Cut a run into stretches that hold no more terms than can be had in memory."""
    bounds = run.termed.edges.take(run.termed.pieces.cut(run.first, run.last + 1))
    run.termed.let_go()
    for first, last in _stretches(bounds):
        yield run.first + first, run.first + last


def _stretches(bounds: Numbers) -> Iterator[tuple[int, int]]:
    first, count = 0, len(bounds) - 1
    while first < count:
        last = int(np.searchsorted(bounds, bounds[first] + _AT_ONCE, side="right")) - 1
        last = min(max(last, first + 1), count)
        yield first, last
        first = last


def _vocabulary(runs: Sequence[Run]) -> tuple[list[str], dict[int, Numbers]]:
    """Return the words that stand in the runs, sorted, and for each source of terms its numbers' new ones."""
    termed = {id(run.termed): run.termed for run in runs}
    used = {key: np.zeros(len(one.words), dtype=bool) for key, one in termed.items()}
    for run in runs:
        for first, last in _blocks(run):
            owned = run.termed.pieces.cut(first, last + 1)
            bounds = run.termed.edges.take(owned[[0, -1]])
            used[id(run.termed)][run.termed.ids.cut(int(bounds[0]), int(bounds[1]))] = True
            run.termed.let_go()
    standing = {key: np.flatnonzero(seen).tolist() for key, seen in used.items()}
    words = sorted({termed[key].words[number] for key, numbers in standing.items() for number in numbers})
    place = {word: number for number, word in enumerate(words)}
    found: dict[int, Numbers] = {}
    for key, numbers in standing.items():
        found[key] = np.zeros(len(termed[key].words), dtype=np.int32)
        found[key][numbers] = [place[termed[key].words[number]] for number in numbers]
    return words, found


def _invert(folder: Path, words: int) -> None:
    """Write, for each word, the chunks it stands in and how often, from the ids beside."""
    files = Files(folder)
    ids, edges, pieces = (files.sheet(f"{name}.npy") for name in ("ids", "edges", "pieces"))
    bounds = edges.take(pieces.whole())
    edges.let_go()
    lengths = np.diff(bounds)
    write_sheet(folder / "lengths.npy", lengths.astype(np.int32))
    total = int(lengths.sum())
    average = total / len(lengths) if len(lengths) else 0.0
    (folder / "about.json").write_text(json.dumps({"average": average, "terms": total}), encoding="utf-8")
    spill = folder / "spill"
    spill.mkdir()
    frequencies = np.zeros(words, dtype=np.int64)
    parts = []
    for number, (first, last) in enumerate(_stretches(bounds)):
        part = _sorted(ids.cut(int(bounds[first]), int(bounds[last])), lengths[first:last], first)
        ids.let_go()
        frequencies += np.bincount(part[0], minlength=words)
        parts.append(spill / f"{number}.npy")
        np.save(parts[-1], part)
    starts = np.concatenate([[0], np.cumsum(frequencies)])
    write_sheet(folder / "starts.npy", starts.astype(np.int64))
    with (
        Appender(folder / "rows.npy", "<i4") as rows,
        Appender(folder / "times.npy", "<i4") as times,
        Appender(folder / "highest.npy", "<f4") as highest,
    ):
        for first, last in _stretches(starts):
            postings = _merged(parts, first, last)
            rows.add(postings[1])
            times.add(postings[2])
            shares = saturated(postings[2], lengths[postings[1]], average)
            highest.add(np.maximum.reduceat(shares, starts[first:last] - starts[first]).astype(np.float32))
    shutil.rmtree(spill)


def saturated(times: Numbers, lengths: Numbers, average: float) -> NDArray[np.float64]:
    """Return what BM25 (the Lucene variant) makes of terms standing so often in chunks of these lengths, 0 to 1."""
    spread = K1 * ((1 - B) + B * lengths / average)
    found: NDArray[np.float64] = times / (spread + times)
    return found


def _sorted(ids: Numbers, lengths: Numbers, first: int) -> Numbers:
    """Return (word, chunk, times) of some chunks' terms as three rows, by word, then by chunk."""
    chunks = np.repeat(np.arange(len(lengths)), lengths)
    keys, times = np.unique(ids.astype(np.int64) * max(len(lengths), 1) + chunks, return_counts=True)
    word, chunk = np.divmod(keys, max(len(lengths), 1))
    return np.stack([word, chunk + first, times]).astype(np.int32)


def _merged(parts: Sequence[Path], first: int, last: int) -> Numbers:
    """Return what the parts hold of the words `first` to `last`, by word, then by chunk."""
    taken = []
    for path in parts:
        part = np.load(path, mmap_mode="r")
        low, high = np.searchsorted(part[0], [first, last])
        taken.append(np.asarray(part[:, low:high]))
    postings = np.concatenate(taken, axis=1)
    # each part is in order already, and later parts hold later chunks
    return postings if len(taken) == 1 else postings[:, np.argsort(postings[0], kind="stable")]
