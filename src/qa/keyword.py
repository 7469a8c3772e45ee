"""BM25 over chunks, beside the vectors: question in, one score a row out, and how much of it each chunk holds.

Owns what counts as a term: words without accents or case, stemmed; a number with its separators is one
term ("1,972,550" and "1972550" are the same); "U.S." is "us".
"""

from __future__ import annotations

import functools
import itertools
import logging
import math
import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.errors import ConfigError, IndexCorrupt

Scores = NDArray[np.float32]

_TERM = re.compile(r"\d+(?:[.,]\d+)*|(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’][^\W\d_]+)?")
_THOUSANDS = re.compile(r"^\d{1,3}(?:,\d{3})+(?:\.\d+)?$")


class Terms:
    """Turns text into terms for one language (a Snowball stemmer's name)."""

    def __init__(self, language: str = "english") -> None:
        import Stemmer
        from bm25s import tokenization

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # on import it asks for every detail

        if language not in Stemmer.algorithms():
            known = ", ".join(Stemmer.algorithms())
            raise ConfigError(f"retrieve.language: no stemmer for {language!r}. Known: {known}.")
        listed = getattr(tokenization, "STOPWORDS_EN" if language == "english" else f"STOPWORDS_{language.upper()}", ())
        self._stop = frozenset(_fold(word) for word in listed)
        if language == "english":
            self._stop |= _ENGLISH_FUNCTION_WORDS
        self._stem = functools.lru_cache(maxsize=100_000)(Stemmer.Stemmer(language).stemWord)

    def of(self, text: str) -> list[str]:
        """Return the terms of a text in order, repeats and all, stop words left out."""
        found = []
        for match in _TERM.finditer(_fold(text)):
            word = match.group()
            if word[0].isdigit():
                found.append(word.replace(",", "") if _THOUSANDS.match(word) else word)
                continue
            word = word.replace(".", "").replace("’", "'").removesuffix("'s")
            if word and word not in self._stop:
                found.append(self._stem(word))
        return found


# beyond the library's list: words of which questions are built, and which say nothing of where an answer stands
_ENGLISH_FUNCTION_WORDS = frozenset(
    """
    about am an any are be been can could did do does doing for from had has have having how i if in into is it
    its me much many my of on or our shall should so than that the their them there these they this those to was
    we were what when where which while who whom whose why will with would you your
    """.split()
) - {"us"}


class Covered(NamedTuple):
    """Shares (0 to 1) of a question's terms, rare ones counting more, each of shape (n,).

    `chunk`: those that stand in the chunk or its heading path; `sentence`: those that stand together in one
    sentence, the best of the chunk.
    """

    chunk: Scores
    sentence: Scores


class KeywordIndex:
    """BM25 (the Lucene variant, k1 1.5, b 0.75) over chunks numbered from 0, and where their terms stand.

    Each sentence's terms are kept as numbers, `self._ids[edges[i]:edges[i + 1]]`; a chunk's are those of its
    heading path and its sentences, `pieces[n]` to `pieces[n + 1]`.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._bm25: Any = None
        self._size = 0
        self._ids = np.zeros(0, dtype=np.int32)
        self._edges = np.zeros(1, dtype=np.int64)
        self._pieces = np.zeros(1, dtype=np.int64)

    def __len__(self) -> int:
        return self._size

    def build(self, chunks: Iterable[Sequence[str]]) -> None:
        """Index these chunks in place of whatever was there; each is its heading path, then its sentences."""
        import bm25s
        from bm25s.tokenization import Tokenized

        vocabulary: dict[str, int] = {}  # in order of first sight, so that two builds agree
        flat, edges, pieces = array("i"), array("q", [0]), array("q", [0])
        for chunk in chunks:
            for text in chunk:
                flat.extend(vocabulary.setdefault(term, len(vocabulary)) for term in self._terms.of(text))
                edges.append(len(flat))
            pieces.append(len(edges) - 1)
        self._ids = np.array(flat, dtype=np.int32)
        self._edges, self._pieces = np.array(edges, dtype=np.int64), np.array(pieces, dtype=np.int64)
        self._size = len(pieces) - 1
        self._bm25 = bm25s.BM25()
        if vocabulary:
            bounds = self._edges[self._pieces]
            ids = [self._ids[low:high].tolist() for low, high in itertools.pairwise(bounds.tolist())]
            self._bm25.index(Tokenized(ids, vocabulary), show_progress=False)

    def scores(self, question: str) -> Scores:
        """Return the BM25 score of every text, of shape (n,); 0 where no term is shared."""
        known = self._known(question)
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        scores: Scores = self._bm25.get_scores(known).astype(np.float32)
        return scores

    def knows(self, word: str) -> bool:
        """Tell whether a word, stemmed, stands in any text; stop words don't."""
        return bool(self._known(word))

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
        known = sorted((self._vocabulary[term], weight) for term, weight in weights.items() if term in self._vocabulary)
        none = np.zeros(len(rows), dtype=np.float32)
        if not known or not len(rows):
            return Covered(none, none)
        wanted = np.array([number for number, _ in known], dtype=np.int32)
        worth = np.array([weight for _, weight in known], dtype=np.float32) / np.float32(sum(weights.values()))
        first, last = self._pieces[rows], self._pieces[np.asarray(rows) + 1]
        counts = last - first
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        pieces = np.repeat(first - starts, counts) + np.arange(counts.sum())
        lengths = self._edges[pieces + 1] - self._edges[pieces]
        ids = np.concatenate(
            [self._ids[self._edges[low] : self._edges[high]] for low, high in zip(first, last, strict=True)]
        )
        at = np.searchsorted(wanted, ids).clip(max=len(wanted) - 1)
        found = wanted[at] == ids
        there = np.zeros((len(pieces), len(wanted)), dtype=bool)
        there[np.repeat(np.arange(len(pieces)), lengths)[found], at[found]] = True
        chunk: Scores = (np.logical_or.reduceat(there, starts, axis=0) * worth).sum(axis=1)
        there[starts] = False  # the heading path is no sentence
        return Covered(chunk, np.maximum.reduceat((there * worth).sum(axis=1), starts))

    def save(self, folder: Path) -> None:
        """Write the index to a folder, as plain .npy and JSON files; without BM25's where no text has a term."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, values in (("ids", self._ids), ("edges", self._edges), ("pieces", self._pieces)):
            np.save(folder / f"terms.{name}.npy", values)
        if self._vocabulary:
            self._bm25.save(folder, show_progress=False)

    def load(self, folder: Path, size: int) -> None:
        """Replace the index by a saved one over `size` chunks, memory-mapped."""
        import bm25s

        self._size = size
        try:
            self._ids, self._edges, self._pieces = (
                np.load(folder / f"terms.{name}.npy", mmap_mode="r").view(np.ndarray)
                for name in ("ids", "edges", "pieces")
            )
            if len(self._ids):
                self._bm25 = bm25s.BM25.load(folder, mmap=True, load_corpus=False)
            else:
                self._bm25 = bm25s.BM25()
        except (OSError, ValueError, KeyError) as exc:
            raise IndexCorrupt(f"{folder}: the keyword index can't be read ({exc}). Run: qa index --rebuild") from exc

    def _known(self, question: str) -> list[str]:
        vocabulary = self._vocabulary
        return [term for term in self._terms.of(question) if term in vocabulary]

    @property
    def _vocabulary(self) -> dict[str, int]:
        vocabulary: dict[str, int] = getattr(self._bm25, "vocab_dict", {})
        return vocabulary

    def _weight(self, term: str) -> float:
        """Return the term's inverse document frequency, as BM25 counts it."""
        at = self._vocabulary.get(term)
        if at is None:
            frequency = 0
        else:
            edges = self._bm25.scores["indptr"]
            frequency = int(edges[at + 1] - edges[at])
        return math.log(1 + (self._size - frequency + 0.5) / (frequency + 0.5))


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
