"""BM25 over chunk texts, beside the vectors: question in, one score a row out.

Owns what counts as a term: words without accents or case, stemmed; a number with its separators is one
term ("1,972,550" and "1972550" are the same); "U.S." is "us".
"""

from __future__ import annotations

import functools
import logging
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

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


class KeywordIndex:
    """BM25 (the Lucene variant, k1 1.5, b 0.75) over texts numbered from 0."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._bm25: Any = None
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def build(self, texts: Iterable[str]) -> None:
        """Index these texts in place of whatever was there."""
        import bm25s
        from bm25s.tokenization import Tokenized

        vocabulary: dict[str, int] = {}  # in order of first sight, so that two builds agree
        ids = [[vocabulary.setdefault(term, len(vocabulary)) for term in self._terms.of(text)] for text in texts]
        self._size = len(ids)
        self._bm25 = bm25s.BM25()
        if vocabulary:
            self._bm25.index(Tokenized(ids, vocabulary), show_progress=False)

    def scores(self, question: str) -> Scores:
        """Return the BM25 score of every text, of shape (n,); 0 where no term is shared."""
        known = self._known(question)
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        scores: Scores = self._bm25.get_scores(known).astype(np.float32)
        return scores

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

    def save(self, folder: Path) -> None:
        """Write the index to a folder, as plain .npy and JSON files; to an empty one where no text has a term."""
        folder.mkdir(parents=True, exist_ok=True)
        if self._vocabulary:
            self._bm25.save(folder, show_progress=False)

    def load(self, folder: Path, size: int) -> None:
        """Replace the index by a saved one over `size` texts, memory-mapped."""
        import bm25s

        self._size = size
        if not any(folder.iterdir()):
            self._bm25 = bm25s.BM25()
            return
        try:
            self._bm25 = bm25s.BM25.load(folder, mmap=True, load_corpus=False)
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
