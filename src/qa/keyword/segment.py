"""One segment of BM25 on disk: written once, then only read, but for the chunks that are gone from it.

Reads only what a question needs: its words by binary search, their postings, the best chunks' own terms. Knows
numbers from 0 on within the segment and, for each, what the chunk is called elsewhere.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import IndexCorrupt
from qa.keyword.write import Termed, saturated
from qa.sealed import Files

Numbers = NDArray[np.integer[Any]]
Shares = NDArray[np.float64]


class Segment:
    """Chunks by number, and where their terms stand; `gone` are the numbers of those that count no more."""

    def __init__(self, files: Files, gone: Numbers | None = None) -> None:
        try:
            self._words, self._ends = files.raw("words.bin"), files.sheet("words.npy")
            self.chunks, self._order = files.sheet("chunks.npy"), files.sheet("order.npy")
            self.ids, self.edges, self.pieces = (files.sheet(f"{name}.npy") for name in ("ids", "edges", "pieces"))
            self._starts, self.lengths = files.sheet("starts.npy"), files.sheet("lengths.npy")
            self._rows, self._times, self._highest = (
                files.sheet(f"{name}.npy") for name in ("rows", "times", "highest")
            )
            about = json.loads(files.read("about.json"))
        except FileNotFoundError as exc:
            raise IndexCorrupt(f"{exc.filename}: missing from the index. Run: qa index --rebuild") from exc
        self.files = files
        self.average: float = about["average"]
        self.terms: int = about["terms"]  # in all live chunks, repeats and all
        self.gone = np.zeros(0, dtype=np.int64)
        self._dead: NDArray[np.bool_] | None = None
        self._fewer: dict[int, int] = {}  # how many chunks that are gone a word stands in
        self._sorted: NDArray[np.int64] | None = None
        if gone is not None and len(gone):
            self.remove(gone)

    def __len__(self) -> int:
        """Return how many chunks there are, gone or not."""
        return len(self.pieces) - 1

    @property
    def live(self) -> int:
        """How many chunks count."""
        return len(self) - len(self.gone)

    def remove(self, numbers: Numbers) -> None:
        """Count these chunks no more, in addition to those that are gone already."""
        numbers = np.setdiff1d(numbers, self.gone)
        if not len(numbers):
            return
        self._dead = np.zeros(len(self), dtype=bool) if self._dead is None else self._dead
        self._dead[numbers] = True
        self.gone = np.flatnonzero(self._dead)
        for number in numbers.tolist():
            own = self.own_terms(number)
            self.terms -= len(own)
            for word in np.unique(own).tolist():
                self._fewer[word] = self._fewer.get(word, 0) + 1

    def own_terms(self, number: int) -> Numbers:
        """Return a chunk's terms by number, repeats and all."""
        first, last = self.pieces.cut(number, number + 2).tolist()
        bounds = self.edges.cut(first, last + 1)
        return self.ids.cut(int(bounds[0]), int(bounds[-1]))

    def locate(self, names: NDArray[np.int64]) -> Numbers:
        """Return the numbers of the chunks that are called so, -1 for those that aren't here or are gone."""
        if not len(self):
            return np.full(len(names), -1)
        if self._sorted is None:
            self._sorted = self.chunks.whole()[self._order.whole()]
        at = np.searchsorted(self._sorted, names).clip(max=len(self) - 1)
        numbers = self._order.whole()[at].astype(np.int64)
        here = self._sorted[at] == names
        if self._dead is not None:
            here &= ~self._dead[numbers]
        return np.where(here, numbers, -1)

    def alive(self, numbers: Numbers) -> Numbers:
        """Return those of these numbers that count."""
        return numbers if self._dead is None else numbers[~self._dead[numbers]]

    def postings(self, word: int, average: float) -> tuple[Numbers, Shares]:
        """Return the chunks a word stands in, gone or not, and its share there, before its weight."""
        first, last = self._starts.cut(word, word + 2).tolist()
        rows = self._rows.cut(first, last)
        return rows, saturated(self._times.cut(first, last), self.lengths.take(rows), average)

    def rows_of(self, word: int) -> Numbers:
        """Return the chunks a word stands in, gone or not."""
        first, last = self._starts.cut(word, word + 2).tolist()
        return self._rows.cut(first, last)

    def shares_of(self, word: int, numbers: Numbers, average: float) -> Shares:
        """Return a word's share in each of these chunks, 0 where it doesn't stand."""
        first, last = self._starts.cut(word, word + 2).tolist()
        rows = self._rows.cut(first, last)
        at = np.searchsorted(rows, numbers).clip(max=len(rows) - 1)
        found = rows[at] == numbers
        shares = np.zeros(len(numbers))
        times = self._times.take(first + at[found])
        shares[found] = saturated(times, self.lengths.take(np.asarray(numbers)[found]), average)
        return shares

    def highest(self, word: int, average: float) -> float:
        """Return what a word's share is at most, whatever its chunk."""
        grown = max(1.0, average / self.average) if self.average else 1.0
        return float(self._highest.cut(word, word + 1)[0]) * grown

    def frequency(self, word: int) -> int:
        """Return in how many chunks that count a word stands."""
        first, last = self._starts.cut(word, word + 2).tolist()
        return int(last - first) - self._fewer.get(word, 0)

    def termed(self) -> Termed:
        """Return the chunks as terms by number, to write another segment from."""
        data, ends = self._words.whole().tobytes(), self._ends.whole().tolist()
        words = [data[low:high].decode("utf-8") for low, high in itertools.pairwise(ends)]
        return Termed(words, self.chunks, self.ids, self.edges, self.pieces)

    def stretches(self) -> list[tuple[int, int]]:
        """Return the first and last of the chunks that count, as long as they stand side by side."""
        if self._dead is None:
            return [(0, len(self))] if len(self) else []
        edges = np.flatnonzero(np.diff(np.concatenate([[True], self._dead, [True]]).astype(np.int8)))
        return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

    def look_up(self, term: str) -> int | None:
        """Return a term's number, None where it stands nowhere here."""
        data = term.encode("utf-8")
        at = self._first_from(data)
        return at if at < len(self._ends) - 1 and self._word(at) == data else None

    def beginning(self, letters: str) -> list[str]:
        """Return the words that begin so and stand in a chunk that counts."""
        first, after = letters.encode("utf-8"), letters.encode("utf-8") + b"\xff"
        low, high = self._first_from(first), self._first_from(after)
        edges = self._ends.cut(low, high + 1).tolist()
        data = self._words.cut(edges[0], edges[-1]).tobytes()
        words = [data[a - edges[0] : b - edges[0]].decode("utf-8") for a, b in itertools.pairwise(edges)]
        if not self._fewer:
            return words
        return [word for number, word in enumerate(words, low) if self.frequency(number)]

    def _first_from(self, term: bytes) -> int:
        """Return the number of the first word that is `term` or comes after it."""
        low, high = 0, len(self._ends) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._word(middle) < term else (low, middle)
        return low

    def _word(self, number: int) -> bytes:
        first, last = self._ends.cut(number, number + 2).tolist()
        return self._words.cut(first, last).tobytes()
