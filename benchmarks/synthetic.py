"""Rows synthesised around real ones: a million chunks without the hours that embedding them would take.

A text's row is a mix of two real rows and some noise, chosen by the text's own words: the same text always has the
same row. What is synthesised is kept, so that search can be compared with the exact order.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from qa.protocols import Embedded, Input, Progress, Query, Rows

_POOL = 4093  # rows of noise
_NOISE = 0.45  # length of the noise beside a row's 1
_MOST_SHARE = 0.35  # of the second real row


class SynthesisedEmbedder:
    """Behaves as an embedder whose rows lie around `real`."""

    fingerprint = "synthesised:1"
    max_tokens = 256

    def __init__(self, real: Rows, keep: NDArray[np.float16] | None = None) -> None:
        self._real = real
        self.dim = int(real.shape[1])
        rng = np.random.default_rng(7)
        self._noise = (rng.standard_normal((_POOL, self.dim)) * (_NOISE / np.sqrt(self.dim))).astype(np.float32)
        self._keep = keep
        self.kept = 0

    def rows(self, texts: Sequence[str]) -> Rows:
        """Return the rows of these texts."""
        codes = np.array([zlib.crc32(text.encode()) for text in texts], dtype=np.int64)
        other = np.array([zlib.adler32(text.encode()) for text in texts], dtype=np.int64)
        share = ((codes >> 8) % 1000 / 1000 * _MOST_SHARE).astype(np.float32)[:, None]
        mixed = (1 - share) * self._real[codes % len(self._real)] + share * self._real[other % len(self._real)]
        mixed += self._noise[(codes >> 4) % _POOL] * np.float32(0.8) + self._noise[other % _POOL] * np.float32(0.6)
        rows: Rows = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
        return rows

    def embed_documents(self, inputs: Sequence[Input], progress: Progress | None = None) -> Embedded:
        """Synthesise the rows of chunks and of their sentences."""
        chunks = self.rows([item.text for item in inputs])
        sentences = [sentence.of(item.text) for item in inputs for sentence in item.sentences]
        if self._keep is not None:
            self._keep[self.kept : self.kept + len(chunks)] = chunks[: max(0, len(self._keep) - self.kept)]
            self.kept += len(chunks)
        if progress:
            progress(len(inputs), len(inputs))
        return Embedded(chunks, self.rows(sentences) if sentences else np.zeros((0, self.dim), np.float32))

    def embed_stream(self, inputs: Iterable[Input], block: int = 256) -> Iterator[Embedded]:
        """Synthesise so many inputs at a time, as they come."""
        coming = iter(inputs)
        while taken := list(islice(coming, block)):
            yield self.embed_documents(taken)

    def embed_query(self, question: str) -> Query:
        """Synthesise a question's row as any text's."""
        return Query(self.rows([question])[0], len(question))
