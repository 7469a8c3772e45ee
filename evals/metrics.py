"""Figures of one question, and of many: pure functions over what was asked, what is right and what came back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` questions with its bootstrap 95 % interval."""

    mean: float
    low: float
    high: float
    n: int


def estimate(values: Sequence[float], seed: int = 0) -> Estimate:
    """Return the mean and the percentile interval of 1,000 bootstrap resamples of the questions."""
    array = np.asarray(values, dtype=np.float64)
    if not len(array):
        return Estimate(math.nan, math.nan, math.nan, 0)
    picks = np.random.default_rng(seed).integers(0, len(array), size=(_RESAMPLES, len(array)))
    means = array[picks].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(array.mean()), float(low), float(high), len(array))


def ndcg(ranked: Sequence[str], relevant: dict[str, int], k: int = 10) -> float:
    """Return nDCG@k with linear gain over documents in the order found."""
    gains = [max(0, relevant.get(document, 0)) for document in ranked[:k]]
    best = sorted((grade for grade in relevant.values() if grade > 0), reverse=True)[:k]
    ideal = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(best))
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains)) / ideal if ideal else 0.0


def recall(ranked: Sequence[str], relevant: dict[str, int], k: int) -> float:
    """Return the share of the relevant documents among the first k."""
    wanted = {document for document, grade in relevant.items() if grade > 0}
    return len(wanted & set(ranked[:k])) / len(wanted) if wanted else 0.0


def overlap(marks: Sequence[tuple[int, int]], gold: Sequence[tuple[int, int]]) -> tuple[float, float, float]:
    """Return character precision, recall and F1 of the marked characters against the gold ones."""
    marked = {at for start, end in marks for at in range(start, end)}
    wanted = {at for start, end in gold for at in range(start, end)}
    both = len(marked & wanted)
    if not both:
        return 0.0, 0.0, 0.0
    precision, found = both / len(marked), both / len(wanted)
    return precision, found, 2 * precision * found / (precision + found)


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the chance that a positive scores above a negative, ties half."""
    if not positive or not negative:
        return math.nan
    values = np.concatenate([positive, negative])
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    above = float(ranks[: len(positive)].sum()) - len(positive) * (len(positive) + 1) / 2
    return above / (len(positive) * len(negative))


def false_answers(confidence: Sequence[float], answerable: Sequence[bool], coverage: float) -> float:
    """Return the share of unanswerable questions answered when `coverage` of the answerable ones are."""
    positive = sorted((c for c, yes in zip(confidence, answerable, strict=True) if yes), reverse=True)
    negative = [c for c, yes in zip(confidence, answerable, strict=True) if not yes]
    if not positive or not negative:
        return math.nan
    threshold = positive[min(len(positive), math.ceil(coverage * len(positive))) - 1]
    return sum(c >= threshold for c in negative) / len(negative)


def calibration_error(confidence: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Return the expected calibration error: mean gap of confidence and truth over equal-width bins."""
    if not confidence:
        return math.nan
    values, truth = np.asarray(confidence), np.asarray(right, dtype=np.float64)
    which = np.minimum((values * bins).astype(int), bins - 1)
    gaps = [
        abs(values[which == b].mean() - truth[which == b].mean()) * (which == b).mean()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def refusals(refused: Sequence[bool], answerable: Sequence[bool]) -> dict[str, float]:
    """Return precision, recall and F1 of refusing, and the share of answerable questions refused."""
    pairs = list(zip(refused, answerable, strict=True))
    hit = sum(no and not yes for no, yes in pairs)
    said, true = sum(refused), sum(not yes for yes in answerable)
    precision, found = hit / said if said else 0.0, hit / true if true else math.nan
    total = precision + found
    return {
        "refusal precision": precision,
        "refusal recall": found,
        "refusal F1": 2 * precision * found / total if total else 0.0,
        "answerable refused": sum(no and yes for no, yes in pairs) / max(1, len(pairs) - true),
    }
