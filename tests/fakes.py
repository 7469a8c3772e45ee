"""Fakes of the seams: deterministic and text-dependent, so that "which page covers returns?" has one right answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from qa.answer.rules import rule_log_odds
from qa.answer.signals import NAMES, Floats
from qa.protocols import Embedded, Input, Progress, Query, Rows
from qa.types import Reading, SentenceReading, Span

_WORD = re.compile(r"\w+")


class HashingEmbedder:
    """Hashes words to dimensions: texts that share words are near, without weights."""

    fingerprint = "hashing:1"
    dim = 64
    max_tokens = 200

    def __init__(self) -> None:
        self.embedded = 0  # chunks embedded so far, to see what an update left alone

    def embed_documents(self, inputs: Sequence[Input], progress: Progress | None = None) -> Embedded:
        """Embed chunks with their context, and each sentence by its own words."""
        self.embedded += len(inputs)
        chunks = [self._row(f"{item.context} {item.text}") for item in inputs]
        sentences = [self._row(sentence.of(item.text)) for item in inputs for sentence in item.sentences]
        if progress:
            progress(len(inputs), len(inputs))
        return Embedded(self._stack(chunks), self._stack(sentences))

    def embed_stream(self, inputs: Iterable[Input], block: int = 256) -> Iterator[Embedded]:
        """Embed a block at a time."""
        coming = iter(inputs)
        while some := list(islice(coming, block)):
            yield self.embed_documents(some)

    def embed_query(self, question: str) -> Query:
        """Embed the question's first `max_tokens` words."""
        words = list(_WORD.finditer(question))
        kept = words[self.max_tokens - 1].end() if len(words) > self.max_tokens else len(question)
        return Query(self._row(question[:kept]), kept)

    def _row(self, text: str) -> Rows:
        row = np.zeros(self.dim, dtype=np.float32)
        for word in _WORD.findall(text.casefold()):
            digest = hashlib.sha256(word.encode()).digest()
            row[digest[0] % self.dim] += 1.0 if digest[1] % 2 else -1.0
        length = float(np.linalg.norm(row))
        if length == 0.0:
            row[0] = length = 1.0
        unit: Rows = (row / length).astype(np.float32)
        return unit

    def _stack(self, rows: Sequence[Rows]) -> Rows:
        return np.stack(rows) if rows else np.zeros((0, self.dim), dtype=np.float32)


class WordReader:
    """Reads a text as answering where it holds the question's last word, and marks that word."""

    def __init__(self) -> None:
        self.read_texts: list[str] = []  # what it was given, in order
        self.read_contexts: list[str] = []
        self.asked: list[str] = []  # the questions, in order
        self.counts: list[int] = []  # texts of each call

    def read(
        self,
        question: str,
        texts: Sequence[str],
        contexts: Sequence[str] = (),
        sentences: Sequence[Sequence[Span]] = (),
    ) -> list[Reading]:
        """Return one reading a text, in the order given."""
        self.read_texts.extend(texts)
        self.read_contexts.extend(contexts)
        self.asked.append(question)
        self.counts.append(len(texts))
        wanted = _WORD.findall(question)[-1].casefold()
        return [
            Reading(*self._found(text, wanted), self._apart(text, wanted, parts))
            for text, parts in zip(texts, sentences or [()] * len(texts), strict=True)
        ]

    def _found(self, text: str, wanted: str) -> tuple[Span, float]:
        found = next((match for match in _WORD.finditer(text) if match.group().casefold() == wanted), None)
        return (Span(*found.span()), 3.0) if found else (Span(0, 0), -3.0)

    def _apart(self, text: str, wanted: str, parts: Sequence[Span]) -> tuple[SentenceReading, ...]:
        apart = []
        for part in parts:
            span, logit = self._found(part.of(text), wanted)
            apart.append(SentenceReading(Span(part.start + span.start, part.start + span.end), logit))
        return tuple(apart)


class LatinTranslator:
    """Knows one word of Latin."""

    def translate(self, question: str, known: Callable[[str], bool]) -> str | None:
        """Put `panem` in English where documents speak of bread."""
        return question.replace("panem", "bread") if "panem" in question and known("bread") else None


class PlainVocabulary:
    """Every word in small letters is a term worth one; the words of questions are stop words."""

    def __init__(self, unknown: Iterable[str] = ()) -> None:
        self.unknown = frozenset(unknown)

    def terms(self, text: str) -> frozenset[str]:
        """Return the words of a text."""
        return frozenset(_WORD.findall(text.casefold())) - _STOP_WORDS

    highest = 1.0

    def weigh(self, question: str) -> dict[str, tuple[float, bool]]:
        """Return each word of a question, known unless it was said not to be."""
        return {term: (1.0, term not in self.unknown) for term in self.terms(question)}


_STOP_WORDS = frozenset("a an and the is are was what which who when where how of in on to does do did it".split())


class SumModel:
    """Log-odds are a sum of signals, each times its weight, and what the rules take off."""

    def __init__(self, **weights: float) -> None:
        self._weights = np.array([weights.get(name, 0.0) for name in NAMES], dtype=np.float32)

    def log_odds(self, rows: Floats) -> Floats:
        """Return the log-odds of each row."""
        odds: Floats = (np.nan_to_num(rows) * self._weights).sum(axis=1).astype(np.float32) + rule_log_odds(rows)
        return odds
