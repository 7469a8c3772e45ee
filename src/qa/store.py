"""Rows behind the `VectorStore` seam: rows in, (row, similarity) out. No text, no file names.

Few rows are searched one by one, which is exact. Many are sorted into cells by likeness, in eight bits a number;
a question looks into the nearest cells and scores what it finds there by the rows themselves. FAISS does
neither faster for one question at a time, and takes a third of a second to import.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import IndexCorrupt, IndexMismatch
from qa.protocols import Rows
from qa.sealed import Appender, Files, Sheet, write_sheet

EXACT_TO = 50_000
"""Rows up to which each is looked at."""

_REMEDY = "Run: qa index --rebuild"
_WANTED = 0.985  # recall@10 aimed at
_ASKED = 200  # questions it is measured with
_TO_LEARN = 16  # rows a cell is learned from
_ROUNDS = 6


class RowStore:
    """Inner-product search over rows of unit length; empty until loaded."""

    def __init__(self, dim: int, exact_to: int = EXACT_TO) -> None:
        self.dim = dim
        self.about: dict[str, Any] = {}
        self._exact_to = exact_to
        self._rows = Sheet(np.zeros((0, dim), dtype=np.float32))
        self._cells: _Cells | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def write(self, folder: Path, blocks: Iterable[Rows]) -> None:
        """Write rows as they come, and what finds them."""
        with Appender(folder / "rows.npy", "<f4", self.dim) as out:
            for block in blocks:
                self._check(block)
                out.add(block)
        about: dict[str, Any] = {"kind": "flat", "rows": out.count}
        if out.count > self._exact_to:
            about |= _write_cells(folder, self.dim)
        (folder / "search.json").write_text(json.dumps(about, sort_keys=True), encoding="utf-8")

    def load(self, files: Files) -> None:
        """Replace the rows by those that were written, memory-mapped."""
        try:
            rows = files.sheet("rows.npy")
            about = json.loads(files.read("search.json"))
        except (FileNotFoundError, ValueError) as exc:
            raise IndexCorrupt(f"{files.path('rows.npy')}: no rows can be read ({exc}). {_REMEDY}") from exc
        if rows.values.ndim != 2 or rows.values.shape[1] != self.dim:
            found = rows.values.shape[-1]
            raise IndexMismatch(
                f"{files.path('rows.npy')}: rows have {found} dimensions, the model's have {self.dim}. Run: qa index"
            )
        self._rows, self.about = rows, about
        self._cells = _Cells(files, about["probes"]) if about["kind"] == "cells" else None

    def search(self, query: Rows, k: int) -> list[tuple[int, float]]:
        """Return up to `k` (row, similarity), best first, ties by row."""
        self._check(query)
        if not len(self) or k < 1:
            return []
        if self._cells:
            rows = self._cells.near(query, 4 * k)
            similarities = np.vecdot(self._rows.take(rows), query)
        else:
            # row by row on this thread alone: a product of matrices would wake others, which a busy machine punishes
            similarities = np.vecdot(self._rows.whole(), query)
            rows = _highest(similarities, k)
            similarities = similarities[rows]
        order = np.lexsort((rows, -similarities))[:k]
        return [(int(rows[at]), float(similarities[at])) for at in order]

    def similarities(self, query: Rows, rows: Sequence[int]) -> list[float]:
        """Return the similarity of `query` to each of these rows, in the order given."""
        self._check(query)
        if not len(rows):
            return []
        return [float(value) for value in np.vecdot(self._rows.take(rows), query)]

    def rows(self, first: int, last: int) -> Iterator[Rows]:
        """Yield the rows from `first` to `last` in blocks."""
        yield from self._rows.stream(first, last)

    def _check(self, rows: Rows) -> None:
        if rows.shape[-1] != self.dim:
            raise ValueError(f"rows have {rows.shape[-1]} dimensions, the store's have {self.dim}")


class _Cells:
    """Rows in eight bits, those of one cell beside each other."""

    def __init__(self, files: Files, probes: int) -> None:
        self._centres = files.sheet("centres.npy")
        self._starts = files.sheet("starts.npy")
        self._members = files.sheet("members.npy")
        self._codes = files.sheet("codes.npy")
        self._scales = files.sheet("scales.npy")
        self.probes = probes

    def let_go(self) -> None:
        """Let the system have the memory of what was looked at."""
        self._codes.let_go()

    def near(self, query: Rows, count: int) -> NDArray[np.integer[Any]]:
        """Return up to `count` rows of the nearest cells, those that look best in eight bits."""
        nearness = np.vecdot(self._centres.whole(), query)
        chosen = np.sort(_highest(nearness, self.probes))
        members, scores = [], []
        for cell in chosen.tolist():
            first, last = self._starts.cut(cell, cell + 2).tolist()
            members.append(self._members.cut(first, last))
            codes = self._codes.cut(first, last).astype(np.float32)
            scores.append(np.vecdot(codes, query) * self._scales.cut(first, last))
        rows: NDArray[np.integer[Any]] = np.concatenate(members)
        best: NDArray[np.integer[Any]] = rows[_highest(np.concatenate(scores), count)]
        return best


def _highest(scores: NDArray[np.float32], count: int) -> NDArray[np.integer[Any]]:
    """Return where the highest scores stand, in no order; of equal ones at the edge the first."""
    if count >= len(scores):
        return np.arange(len(scores))
    edge = np.partition(scores, len(scores) - count)[len(scores) - count]
    above = np.flatnonzero(scores > edge)
    return np.concatenate([above, np.flatnonzero(scores == edge)[: count - len(above)]])


def _write_cells(folder: Path, dim: int) -> dict[str, Any]:
    """Sort the rows beside into cells; return how many, how many to look into, and how well that finds."""
    files = Files(folder)
    rows = files.sheet("rows.npy")
    cells = min(2 ** round(math.log2(4 * math.sqrt(len(rows)))), len(rows))
    centres = _learn(rows, cells)
    home = np.concatenate([_nearest(block, centres) for block in rows.stream(0, len(rows))])
    members = np.argsort(home, kind="stable").astype(np.int32)
    write_sheet(folder / "centres.npy", centres)
    write_sheet(folder / "starts.npy", np.searchsorted(home[members], np.arange(cells + 1)).astype(np.int64))
    write_sheet(folder / "members.npy", members)
    with Appender(folder / "codes.npy", "i1", dim) as codes, Appender(folder / "scales.npy", "<f4") as scales:
        for block in rows.gather(members):
            scale = np.maximum(np.abs(block).max(axis=1) / 127, np.float32(1e-12))
            scales.add(scale)
            codes.add(np.round(block / scale[:, None]).astype(np.int8))
    probes, recall = _tune(files, rows, cells)
    size = sum((folder / f"{name}.npy").stat().st_size for name in ("centres", "starts", "members", "codes", "scales"))
    return {"kind": "cells", "cells": cells, "probes": probes, "recall": recall, "bytes": size}


def _evenly(rows: Sheet, count: int) -> Rows:
    """Return so many rows, picked evenly; the others don't stay in memory."""
    numbers = np.linspace(0, len(rows) - 1, count).astype(np.int64)
    picked, done = [], 0
    for block in rows.stream(0, len(rows)):
        low, high = np.searchsorted(numbers, [done, done + len(block)])
        picked.append(block[numbers[low:high] - done])
        done += len(block)
    return np.concatenate(picked)


def _learn(rows: Sheet, cells: int) -> Rows:
    """Return the middles of the cells: spherical k-means over rows picked evenly."""
    sample = _evenly(rows, min(len(rows), _TO_LEARN * cells))
    centres = sample[np.random.default_rng(0).choice(len(sample), cells, replace=False)]
    for _ in range(_ROUNDS):
        home = _nearest(sample, centres)
        order = np.argsort(home, kind="stable")
        peopled, starts = np.unique(home[order], return_index=True)
        centres = centres.copy()
        centres[peopled] = np.add.reduceat(sample[order], starts, axis=0)
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), np.float32(1e-12))
    return np.ascontiguousarray(centres)


def _nearest(rows: Rows, centres: Rows) -> NDArray[np.int64]:
    """Return each row's cell."""
    step = max(1, (1 << 24) // len(centres))
    found: NDArray[np.int64] = np.concatenate(
        [np.argmax(rows[low : low + step] @ centres.T, axis=1) for low in range(0, len(rows), step)]
    )
    return found


def _tune(files: Files, rows: Sheet, cells: int) -> tuple[int, float]:
    """Return how many cells to look into, and the share of the ten nearest rows that finds.

    Asked with rows of the index, each mixed with as much noise as leaves a cosine of .7: questions lie between
    rows, not upon them.
    """
    noise = np.random.default_rng(1).standard_normal((_ASKED, rows.values.shape[1])).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    asked = _evenly(rows, _ASKED) + noise
    asked = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)
    true = _exact(rows, asked, 10)
    probes = 4
    while True:
        probes *= 2
        searcher = _Cells(files, probes)
        found = 0
        for query, wanted in zip(asked, true, strict=True):
            near = searcher.near(query, 40)
            best = near[_highest(np.vecdot(rows.take(near), query), 10)]
            found += len(np.intersect1d(best, wanted))
            searcher.let_go()
        rows.let_go()
        recall = found / true.size
        if recall >= _WANTED or probes >= cells:
            return min(probes, cells), round(recall, 4)


def _exact(rows: Sheet, asked: Rows, count: int) -> NDArray[np.int64]:
    """Return the rows nearest to each of several questions."""
    scores = np.full((len(asked), 0), 0, dtype=np.float32)
    numbers = np.zeros((len(asked), 0), dtype=np.int64)
    done = 0
    for rows_at_once in rows.stream(0, len(rows)):
        block = asked @ rows_at_once.T
        scores = np.concatenate([scores, block], axis=1)
        there = np.arange(done, done + len(rows_at_once))
        numbers = np.concatenate([numbers, np.broadcast_to(there, block.shape)], axis=1)
        done += len(rows_at_once)
        keep = np.argsort(-scores, axis=1, kind="stable")[:, :count]
        scores, numbers = np.take_along_axis(scores, keep, axis=1), np.take_along_axis(numbers, keep, axis=1)
    return numbers
