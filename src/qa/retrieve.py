"""Question to hits: candidates from vectors and BM25, three scores fused, in an order that never varies.

Scores are fused, not ranks: each part is scaled to 0..1 and weighted. Meaning counts by the best sentence,
since an answer is a sentence and a chunk dilutes it; words count by how many of the question's stand there,
so that BM25 is heard where it has something to say and not where the question avoids the text's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qa.index import Index
from qa.protocols import Reader, Rows
from qa.sentences import is_verbatim
from qa.types import Hit, Parts, Reading, SentenceReading, Span

Scores = NDArray[np.float32]

_VERBATIM = 0.5  # a passage that was pasted in as a question comes first, whatever a reader makes of it


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts; they need not sum to one.

    `dense`: the chunk's similarity; `sentence`: its best sentence's; `keyword`: BM25 times the share of the
    question's terms the chunk holds; `coverage`: the share its best sentence holds.
    """

    dense: float = 0.1
    sentence: float = 0.45
    keyword: float = 0.15
    coverage: float = 0.3


def retrieve(index: Index, question: str, row: Rows, *, weights: Weights, candidates: int, most: int) -> list[Hit]:
    """Return the `most` best candidates as hits, best first; equal scores by source and place.

    Candidates are the `candidates` chunks nearest by vector and as many by BM25; `row` is the question's
    row, of shape (dim,).
    """
    rows = _candidates(index, question, row, candidates)
    if not rows:
        return []
    dense = np.array(index.similarities(row, rows), dtype=np.float32)
    by_sentence, firsts = index.sentence_similarities(row, rows)
    sentence = np.maximum.reduceat(by_sentence, firsts[:-1])
    keyword = index.keyword.scores_of(question, rows)
    covered = index.keyword.covered(question, rows)
    keyword = keyword / max(float(keyword.max()), 1e-9) * covered.chunk
    fused = (
        weights.dense * _scaled(dense)
        + weights.sentence * _scaled(sentence)
        + weights.keyword * keyword
        + weights.coverage * covered.sentence
    ) / (weights.dense + weights.sentence + weights.keyword + weights.coverage)
    fused = fused + _VERBATIM * _holding(index, question, rows, covered.chunk)
    order = np.argsort(-fused, kind="stable")[:most].tolist()
    hits = [
        Hit(
            index.chunk(rows[at]),
            float(fused[at]),
            Parts(float(dense[at]), float(sentence[at]), float(keyword[at]), float(covered.sentence[at])),
            tuple(by_sentence[firsts[at] : firsts[at + 1]].tolist()),
        )
        for at in order
    ]
    return sorted(hits, key=_rank)


def rerank(index: Index, hits: Sequence[Hit], reader: Reader, question: str, *, count: int, weight: float) -> list[Hit]:
    """Let a reader read the first `count` hits; each one's score grows by `weight` times its probability.

    Hits that weren't read keep their scores, so they can be overtaken but not lost.
    """
    chunks = [hit.chunk for hit in hits[:count]]
    contexts = [chunk.context(index.title(chunk.source)) for chunk in chunks]
    sentences = [[_moved(span, -chunk.span.start) for span in chunk.sentences] for chunk in chunks]
    readings = reader.read(question, [chunk.text for chunk in chunks], contexts, sentences)
    read = []
    for hit, reading in zip(hits, readings, strict=False):
        start = hit.chunk.span.start
        apart = tuple(SentenceReading(_moved(one.span, start), one.margin) for one in reading.sentences)
        placed = Reading(_moved(reading.span, start), reading.logit, apart)
        read.append(replace(hit, score=hit.score + weight * reading.probability, reading=placed))
    return sorted([*read, *hits[count:]], key=_rank)


def _rank(hit: Hit) -> tuple[float, str, Span]:
    return -hit.score, hit.chunk.source, hit.chunk.span


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def _candidates(index: Index, question: str, row: Rows, count: int) -> list[int]:
    nearest = {number for number, _ in index.store.search(row, count)}
    return sorted(nearest | set(index.keyword.best(question, count)))


def _holding(index: Index, question: str, rows: Sequence[int], shares: Scores) -> Scores:
    """Return 1 for each candidate in which the question stands word for word, else 0."""
    # only a chunk that holds all the question's terms can, so few are read
    held = [
        share > 0.99 and is_verbatim(question, index.chunk(row).text) for row, share in zip(rows, shares, strict=True)
    ]
    return np.array(held, dtype=np.float32)


def _scaled(scores: Scores) -> Scores:
    """Scale to 0..1 over the candidates; all alike means none stands out, which is 0."""
    low, high = float(scores.min()), float(scores.max())
    if high - low < 1e-9:
        return np.zeros_like(scores)
    return (scores - low) / np.float32(high - low)
