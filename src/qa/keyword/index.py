"""BM25 as it is asked: question in, the best chunks out, and how much of the question each chunk holds.

Reads only what a question needs: its words by binary search, their postings, the best chunks' own terms.
"""

from __future__ import annotations

import difflib
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.errors import IndexCorrupt
from qa.keyword.terms import Terms
from qa.keyword.write import Termed
from qa.sealed import Files, Sheet

Scores = NDArray[np.float32]
Rows = NDArray[np.integer[Any]]


_FEW = 200_000  # postings that are sooner added up than picked from
_SPARSE = 64  # looking at so many scores takes as long as sorting one number
_SHORTEST, _ALIKE, _NEARLY = 4, 2, 0.75  # letters of a term, at its beginning; share of matching letters


class Covered(NamedTuple):
    """Shares (0 to 1) of a question's terms, rare ones counting more, each of shape (n,).

    `chunk`: those that stand in the chunk or its heading path; `sentence`: those that stand together in one
    sentence, the best of the chunk.
    """

    chunk: Scores
    sentence: Scores


def _first(rows: Rows, scores: Scores, count: int) -> list[int]:
    """Return the rows of the highest scores, best first, equal ones by number."""
    best: list[int] = rows[np.lexsort((rows, -scores))[:count]].tolist()
    return best


class KeywordIndex:
    """BM25 over chunks numbered from 0, and where their terms stand; empty until loaded."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._words, self._ends = Sheet(np.zeros(0, dtype=np.uint8)), Sheet(np.zeros(1, dtype=np.int64))
        self._ids, self._edges, self._pieces = (Sheet(np.zeros(n, dtype=np.int64)) for n in (0, 1, 1))
        self._starts = Sheet(np.zeros(1, dtype=np.int64))
        self._rows, self._scores, self._highest = (Sheet(np.zeros(0, dtype=np.float32)) for _ in range(3))
        self._numbers: dict[str, int | None] = {}  # words looked up so far

    def __len__(self) -> int:
        return len(self._pieces) - 1

    def load(self, files: Files) -> None:
        """Replace the index by one that was written, memory-mapped."""
        try:
            self._words, self._ends = files.raw("words.bin"), files.sheet("words.npy")
            self._ids, self._edges, self._pieces = (files.sheet(f"{name}.npy") for name in ("ids", "edges", "pieces"))
            self._starts = files.sheet("starts.npy")
            self._rows, self._scores, self._highest = (
                files.sheet(f"{name}.npy") for name in ("rows", "scores", "highest")
            )
        except FileNotFoundError as exc:
            raise IndexCorrupt(f"{exc.filename}: missing from the index. Run: qa index --rebuild") from exc
        self._numbers = {}

    def termed(self) -> Termed:
        """Return the chunks as terms by number, to write another index from."""
        data, ends = self._words.whole().tobytes(), self._ends.whole().tolist()
        words = [data[low:high].decode("utf-8") for low, high in itertools.pairwise(ends)]
        return Termed(words, self._ids, self._edges, self._pieces)

    def scores(self, question: str) -> Scores:
        """Return the BM25 score of every chunk, of shape (n,); 0 where no term is shared."""
        scores = np.zeros(len(self), dtype=np.float32)
        for number in self._known(question):
            rows, values = self._postings(number)
            scores[rows] += values
        return scores

    def best(self, question: str, count: int) -> list[int]:
        """Return up to `count` chunks of the highest scores above 0, best first, equal ones by number.

        Rare terms are read first; once no other chunk can come among the best, the common ones are only looked
        up for those that can.
        """
        times = Counter(self._known(question))
        if not times or count < 1:
            return []
        postings = {number: self._postings(number) for number in times}
        rows: Rows = np.zeros(0, dtype=np.int32)
        if sum(len(found) for found, _ in postings.values()) <= _FEW:
            scores = self.scores(question)
            rows = np.flatnonzero(scores)
            if len(rows) > count:
                rows = rows[scores[rows] >= np.partition(scores[rows], len(rows) - count)[len(rows) - count]]
            return _first(rows, scores[rows], count)
        most = {number: float(self._highest.cut(number, number + 1)[0]) * times[number] for number in times}
        order = sorted(times, key=lambda number: (len(postings[number][0]), number))
        partial = np.zeros(len(self), dtype=np.float32)
        met: list[Rows] = []
        for at, number in enumerate(order):
            found, values = postings[number]
            partial[found] += values * np.float32(times[number])
            met.append(found)
            left = sum(most[other] for other in order[at + 1 :]) * 1.0001  # sums are rounded
            if at + 1 < len(order) and sum(len(part) for part in met) < count:
                continue
            rows = self._met(partial, met)
            if len(rows) > count:
                reached = float(np.partition(partial[rows], len(rows) - count)[len(rows) - count])
                if left < reached:
                    rows = rows[partial[rows] + left >= reached * 0.9999]
                    break
        return _first(rows, self.scores_of(question, rows), count)

    def _met(self, partial: Scores, met: Sequence[Rows]) -> Rows:
        """Return the chunks met so far, each once, in order: those with a score, or in `met` if these are few."""
        if sum(len(part) for part in met) * _SPARSE > len(self):
            return np.flatnonzero(partial)
        return np.unique(np.concatenate(met))

    def scores_of(self, question: str, rows: Sequence[int] | Rows) -> Scores:
        """Return the BM25 score of these chunks, in the order given."""
        wanted = np.asarray(rows, dtype=np.int64)
        scores = np.zeros(len(wanted), dtype=np.float32)
        for number in self._known(question):
            there, values = self._postings(number)
            at = np.searchsorted(there, wanted).clip(max=len(there) - 1)
            scores += np.where(there[at] == wanted, values[at], np.float32(0))
        return scores

    def knows(self, word: str) -> bool:
        """Tell whether a word, stemmed, stands in any text; stop words don't."""
        return bool(self._known(word))

    def resembles(self, word: str) -> bool:
        """Tell whether each of a word's terms stands in some text, or one that begins alike and is spelled nearly so.

        Terms that can't be misspelled in earnest, of under four letters or with digits, count as known.
        """
        return all(
            self._number(term) is not None
            or len(term) < _SHORTEST
            or not term.isalpha()
            or bool(difflib.get_close_matches(term, self._beginning(term[:_ALIKE]), 1, _NEARLY))
            for term in self._terms.of(word)
        )

    def terms(self, text: str) -> frozenset[str]:
        """Return the terms of a text, stop words left out."""
        return frozenset(self._terms.of(text))

    def weigh(self, question: str) -> dict[str, tuple[float, bool]]:
        """Return, for each term of a question, its inverse document frequency and whether it stands in any text."""
        return {term: (self._weight(term), self._number(term) is not None) for term in self._terms.of(question)}

    def coverage(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return, for each text, the share of the question's terms that stand in it, rare terms counting more.

        A term that stands nowhere in the index counts as the rarest. 1.0 for a question without terms
        would claim too much, so that is 0.0.
        """
        weights = {term: self._weight(term) for term in self._terms.of(question)}
        total = sum(weights.values())
        found = []
        for text in texts:
            present = set(self._terms.of(text))
            found.append(sum(w for term, w in weights.items() if term in present) / total if total else 0.0)
        return found

    def covered(self, question: str, rows: Sequence[int]) -> Covered:
        """Return how much of the question's terms these chunks hold, as a whole and in their best sentence."""
        weights = {term: self._weight(term) for term in self._terms.of(question)}
        numbers = {term: self._number(term) for term in weights}
        known = sorted((number, weights[term]) for term, number in numbers.items() if number is not None)
        none = np.zeros(len(rows), dtype=np.float32)
        if not known or not len(rows):
            return Covered(none, none)
        wanted = np.array([number for number, _ in known], dtype=np.int32)
        worth = np.array([weight for _, weight in known], dtype=np.float32) / np.float32(sum(weights.values()))
        first, last = self._pieces.take(rows), self._pieces.take(np.asarray(rows) + 1)
        counts = last - first
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        bounds = self._edges.stretches(first, last + 1)  # of a chunk's pieces, one more than there are
        ends = np.cumsum(counts + 1) - 1
        lengths = np.delete(np.diff(bounds), ends[:-1])
        ids = self._ids.stretches(bounds[ends - counts], bounds[ends])
        at = np.searchsorted(wanted, ids).clip(max=len(wanted) - 1)
        found = wanted[at] == ids
        there = np.zeros((len(lengths), len(wanted)), dtype=bool)
        there[np.repeat(np.arange(len(lengths)), lengths)[found], at[found]] = True
        chunk: Scores = (np.logical_or.reduceat(there, starts, axis=0) * worth).sum(axis=1)
        there[starts] = False  # the heading path is no sentence
        return Covered(chunk, np.maximum.reduceat((there * worth).sum(axis=1), starts))

    def _postings(self, number: int) -> tuple[Rows, Scores]:
        first, last = self._starts.cut(number, number + 2).tolist()
        return self._rows.cut(first, last), self._scores.cut(first, last)

    def _known(self, question: str) -> list[int]:
        """Return the numbers of the question's terms that stand in the index, in order, repeats and all."""
        found = (self._number(term) for term in self._terms.of(question))
        return [number for number in found if number is not None]

    def _number(self, term: str) -> int | None:
        if term not in self._numbers:
            if len(self._numbers) > 100_000:
                self._numbers.clear()
            self._numbers[term] = self._look_up(term.encode("utf-8"))
        return self._numbers[term]

    def _look_up(self, term: bytes) -> int | None:
        at = self._first_from(term)
        return at if at < len(self._ends) - 1 and self._word(at) == term else None

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

    def _beginning(self, letters: str) -> list[str]:
        """Return the words that begin so."""
        first, after = letters.encode("utf-8"), letters.encode("utf-8") + b"\xff"
        low, high = self._first_from(first), self._first_from(after)
        edges = self._ends.cut(low, high + 1).tolist()
        data = self._words.cut(edges[0], edges[-1]).tobytes()
        return [data[a - edges[0] : b - edges[0]].decode("utf-8") for a, b in itertools.pairwise(edges)]

    def _weight(self, term: str) -> float:
        """Return the term's inverse document frequency, as BM25 counts it."""
        number = self._number(term)
        frequency = 0
        if number is not None:
            first, last = self._starts.cut(number, number + 2).tolist()
            frequency = last - first
        return math.log(1 + (len(self) - frequency + 0.5) / (frequency + 0.5))
