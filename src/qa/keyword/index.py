"""BM25 as it is asked: question in, the best chunks out, and how much of the question each chunk holds.

Sees several segments as one: a term weighs by all chunks that count, whichever segment they stand in, so that what
is found doesn't depend on the history. Chunks go by the names they have elsewhere.
"""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.keyword.segment import Segment
from qa.keyword.terms import Terms

Scores = NDArray[np.float32]
Numbers = NDArray[np.integer[Any]]

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


class KeywordIndex:
    """BM25 (the Lucene variant, k1 1.5, b .75) over chunks, and where their terms stand; empty until loaded."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._segments: list[Segment] = []
        self._count, self._average = 0, 0.0
        self._numbers: dict[str, list[int | None]] = {}  # words looked up so far
        self._frequencies: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many chunks count."""
        return self._count

    @property
    def segments(self) -> Sequence[Segment]:
        """What is asked."""
        return self._segments

    @property
    def names(self) -> NDArray[np.int64]:
        """What the chunks are called, in order."""
        none = np.zeros(0, dtype=np.int64)
        kept = [one.chunks.take(one.alive(np.arange(len(one)))) for one in self._segments]
        names: NDArray[np.int64] = np.sort(np.concatenate([none, *kept]))
        return names

    def load(self, segments: Sequence[Segment]) -> None:
        """Ask these segments from now on."""
        self._segments = list(segments)
        self._count = sum(one.live for one in segments)
        self._average = sum(one.terms for one in segments) / self._count if self._count else 0.0
        self._numbers, self._frequencies = {}, {}

    def scores(self, question: str) -> Scores:
        """Return the BM25 score of every chunk, in the order of `names`; 0 where no term is shared."""
        return self.scores_of(question, self.names)

    def best(self, question: str, count: int) -> list[int]:
        """Return up to `count` chunks of the highest scores above 0, best first, equal ones by name."""
        known = Counter(self._known(question))
        if not known or count < 1:
            return []
        names, scores = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.float32)]
        for at, segment in enumerate(self._segments):
            words = [
                (number, times, self._idf(term))
                for term, times in known.items()
                if (number := self._at(term, at)) is not None
            ]
            rows, found = self._best_of(segment, words, count)
            names.append(segment.chunks.take(rows))
            scores.append(found)
        named, scored = np.concatenate(names), np.concatenate(scores)
        best: list[int] = named[np.lexsort((named, -scored))[:count]].tolist()
        return best

    def _best_of(
        self, segment: Segment, words: list[tuple[int, int, np.float32]], count: int
    ) -> tuple[Numbers, Scores]:
        """Return those of a segment's chunks that may be among the best, with their scores.

        Rare terms are read first; once no other chunk can come among the best, the common ones are only looked
        up for those that can.
        """
        if not words:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        standing = {number: segment.rows_of(number) for number, _, _ in words}
        if sum(len(rows) for rows in standing.values()) <= _FEW:
            scores = np.zeros(len(segment), dtype=np.float32)
            for number, times, idf in words:
                for _ in range(times):
                    scores[standing[number]] += self._values(segment, number, idf)
            rows = segment.alive(np.flatnonzero(scores))
            return _most(rows, scores[rows], count)
        most = {number: float(idf) * times * segment.highest(number, self._average) for number, times, idf in words}
        order = sorted(words, key=lambda word: (len(standing[word[0]]), word[0]))
        partial = np.zeros(len(segment), dtype=np.float32)
        met: list[Numbers] = []
        rows = np.zeros(0, dtype=np.int64)
        for at, (number, times, idf) in enumerate(order):
            partial[standing[number]] += self._values(segment, number, idf) * np.float32(times)
            met.append(standing[number])
            left = sum(most[other] for other, _, _ in order[at + 1 :]) * 1.0001  # sums are rounded
            if at + 1 < len(order) and sum(len(part) for part in met) < count:
                continue
            rows = segment.alive(_met(partial, met))
            if len(rows) > count:
                reached = float(np.partition(partial[rows], len(rows) - count)[len(rows) - count])
                if left < reached:
                    rows = rows[partial[rows] + left >= reached * 0.9999]
                    break
        return _most(rows, self._scores_in(segment, words, rows), count)

    def _values(self, segment: Segment, number: int, idf: np.float32) -> Scores:
        values: Scores = (idf * segment.postings(number, self._average)[1]).astype(np.float32)
        return values

    def _scores_in(self, segment: Segment, words: list[tuple[int, int, np.float32]], rows: Numbers) -> Scores:
        scores = np.zeros(len(rows), dtype=np.float32)
        for number, times, idf in words:
            values = (idf * segment.shares_of(number, rows, self._average)).astype(np.float32)
            for _ in range(times):
                scores += values
        return scores

    def scores_of(self, question: str, names: Sequence[int] | Numbers) -> Scores:
        """Return the BM25 score of these chunks, in the order given; 0 for one that isn't there."""
        wanted = np.asarray(names, dtype=np.int64)
        scores = np.zeros(len(wanted), dtype=np.float32)
        known = Counter(self._known(question))
        for at, segment in enumerate(self._segments):
            words = [
                (number, times, self._idf(term))
                for term, times in known.items()
                if (number := self._at(term, at)) is not None
            ]
            numbers = segment.locate(wanted)
            here = np.flatnonzero(numbers >= 0)
            if words and len(here):
                scores[here] = self._scores_in(segment, words, numbers[here])
        return scores

    def knows(self, word: str) -> bool:
        """Tell whether a word, stemmed, stands in any text; stop words don't."""
        return bool(self._known(word))

    def resembles(self, word: str) -> bool:
        """Tell whether each of a word's terms stands in some text, or one that begins alike and is spelled nearly so.

        Terms that can't be misspelled in earnest, of under four letters or with digits, count as known.
        """
        return all(
            bool(self._frequency(term))
            or len(term) < _SHORTEST
            or not term.isalpha()
            or any(
                difflib.get_close_matches(term, segment.beginning(term[:_ALIKE]), 1, _NEARLY)
                for segment in self._segments
            )
            for term in self._terms.of(word)
        )

    def terms(self, text: str) -> frozenset[str]:
        """Return the terms of a text, stop words left out."""
        return frozenset(self._terms.of(text))

    def weigh(self, question: str) -> dict[str, tuple[float, bool]]:
        """Return, for each term of a question, its inverse document frequency and whether it stands in any text."""
        return {term: (self._weight(term), bool(self._frequency(term))) for term in self._terms.of(question)}

    @property
    def highest(self) -> float:
        """The inverse document frequency of a term that stands nowhere."""
        return math.log(1 + (len(self) + 0.5) / 0.5)

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

    def covered(self, question: str, names: Sequence[int]) -> Covered:
        """Return how much of the question's terms these chunks hold, as a whole and in their best sentence."""
        weights = {term: self._weight(term) for term in self._terms.of(question)}
        total = np.float32(sum(weights.values()))
        chunk, sentence = np.zeros(len(names), dtype=np.float32), np.zeros(len(names), dtype=np.float32)
        wanted = np.asarray(names, dtype=np.int64)
        for at, segment in enumerate(self._segments):
            numbers = segment.locate(wanted)
            here = np.flatnonzero(numbers >= 0)
            known = [(weights[term], number) for term in weights if (number := self._at(term, at)) is not None]
            if len(here) and known:
                # whatever the numbers of the terms, their weights are added in one order
                found = _covered(segment, numbers[here], known, total)
                chunk[here], sentence[here] = found
        return Covered(chunk, sentence)

    def _known(self, question: str) -> list[str]:
        """Return the question's terms that stand in the index, in order, repeats and all."""
        return [term for term in self._terms.of(question) if self._frequency(term)]

    def _at(self, term: str, segment: int) -> int | None:
        """Return a term's number in a segment."""
        if term not in self._numbers:
            if len(self._numbers) > 100_000:
                self._numbers.clear()
            self._numbers[term] = [one.look_up(term) for one in self._segments]
        return self._numbers[term][segment]

    def _frequency(self, term: str) -> int:
        """Return in how many chunks a term stands."""
        if (known := self._frequencies.get(term)) is None:
            if len(self._frequencies) > 100_000:
                self._frequencies.clear()
            numbers = ((self._at(term, at), segment) for at, segment in enumerate(self._segments))
            known = sum(segment.frequency(number) for number, segment in numbers if number is not None)
            self._frequencies[term] = known
        return known

    def _weight(self, term: str) -> float:
        """Return the term's inverse document frequency, as BM25 counts it."""
        frequency = self._frequency(term)
        return math.log(1 + (len(self) - frequency + 0.5) / (frequency + 0.5))

    def _idf(self, term: str) -> np.float32:
        return np.float32(self._weight(term))


def _most(rows: Numbers, scores: Scores, count: int) -> tuple[Numbers, Scores]:
    """Return the rows of the highest scores, and all that are equal to the last of them."""
    if len(rows) > count:
        best = scores >= np.partition(scores, len(rows) - count)[len(rows) - count]
        rows, scores = rows[best], scores[best]
    return rows, scores


def _met(partial: Scores, met: Sequence[Numbers]) -> Numbers:
    """Return the chunks met so far, each once, in order: those with a score, or in `met` if these are few."""
    if sum(len(part) for part in met) * _SPARSE > len(partial):
        return np.flatnonzero(partial)
    return np.unique(np.concatenate(met))


def _covered(segment: Segment, numbers: Numbers, known: list[tuple[float, int]], total: np.float32) -> Covered:
    """Return how much of a question's terms chunks of one segment hold."""
    by_number = sorted(number for _, number in known)
    wanted = np.array(by_number, dtype=np.int32)
    first, last = segment.pieces.take(numbers), segment.pieces.take(numbers + 1)
    counts = last - first
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    bounds = segment.edges.stretches(first, last + 1)  # of a chunk's pieces, one more than there are
    ends = np.cumsum(counts + 1) - 1
    lengths = np.delete(np.diff(bounds), ends[:-1])
    ids = segment.ids.stretches(bounds[ends - counts], bounds[ends])
    at = np.searchsorted(wanted, ids).clip(max=len(wanted) - 1)
    found = wanted[at] == ids
    there = np.zeros((len(lengths), len(wanted)), dtype=bool)
    there[np.repeat(np.arange(len(lengths)), lengths)[found], at[found]] = True
    there = there[:, np.searchsorted(wanted, [number for _, number in known])]
    worth = np.array([weight for weight, _ in known], dtype=np.float32) / total
    chunk: Scores = (np.logical_or.reduceat(there, starts, axis=0) * worth).sum(axis=1)
    there[starts] = False  # the heading path is no sentence
    return Covered(chunk, np.maximum.reduceat((there * worth).sum(axis=1), starts))
