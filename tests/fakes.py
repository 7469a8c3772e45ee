"""Fakes of the seams: deterministic and text-dependent, so that "which page covers returns?" has one right answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from qa.protocols import Embedded, Input, Progress, Query, Rows
from qa.types import Reading, Span

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

    def read(self, question: str, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[Reading]:
        """Return one reading a text, in the order given."""
        self.read_texts.extend(texts)
        self.read_contexts.extend(contexts)
        self.asked.append(question)
        wanted = _WORD.findall(question)[-1].casefold()
        found = (next((m for m in _WORD.finditer(text) if m.group().casefold() == wanted), None) for text in texts)
        return [Reading(Span(*match.span()), 3.0) if match else Reading(Span(0, 0), -3.0) for match in found]
