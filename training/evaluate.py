"""Measures a reader: spans, sentences, answerable or not; and fits the one score made of its two signs.

Owns how a span is picked from logits and every metric's definition; knows nothing of training.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.data import Batch, Example, Pair, collate, windows
from training.tokens import Tokens

Floats: TypeAlias = NDArray[np.float32]
Logits: TypeAlias = tuple[Floats, Floats, Floats]  # start, end: (batch, length); answerable: (batch,)
Figures: TypeAlias = dict[str, float]

MAX_SPAN = 48  # word pieces


@dataclass(frozen=True)
class Reading:
    """What the reader makes of a pair: the span, its `margin` over "no answer", the CLS head's `verdict`."""

    begin: int  # characters of the passage
    end: int
    margin: float
    verdict: float


def best_span(start: Floats, end: Floats, passage_begin: int, passage_end: int) -> tuple[int, int, float]:
    """Find the best span of at most `MAX_SPAN` word pieces: first and last place, margin over place 0."""
    size = passage_end - passage_begin
    sums = start[passage_begin:passage_end, None] + end[None, passage_begin:passage_end]
    span = np.arange(size)[None] - np.arange(size)[:, None]
    sums = np.where((span >= 0) & (span < MAX_SPAN), sums, -np.inf)
    first, last = divmod(int(np.argmax(sums)), size)
    return passage_begin + first, passage_begin + last, float(sums[first, last] - start[0] - end[0])


def read_pairs(infer: Callable[[Batch], Logits], tokens: Tokens, pairs: list[Pair], size: int = 16) -> list[Reading]:
    """Read each pair once; of a passage in several windows the best span and the surest verdict count."""
    tokens.learn(text for item in pairs for text in (item.question, item.passage, item.context))
    todo: list[tuple[int, Example]] = [
        (index, one) for index, item in enumerate(pairs) for one in windows(tokens, item)
    ]
    todo.sort(key=lambda entry: entry[1].length)
    found: dict[int, Reading] = {}
    for low in range(0, len(todo), size):
        part = todo[low : low + size]
        start, end, verdict = infer(collate(tokens, [one for _, one in part]))
        for row, (index, one) in enumerate(part):
            begin = one.length - 1 - (one.high - one.low)
            first, last, margin = best_span(start[row], end[row], begin, one.length - 1)
            _, starts, ends = tokens.of(one.pair.passage)
            reading = Reading(
                int(starts[one.low + first - begin]),
                int(ends[one.low + last - begin]),
                margin,
                float(verdict[row]),
            )
            old = found.get(index)
            if old is not None:
                better = reading if reading.margin > old.margin else old
                reading = Reading(better.begin, better.end, better.margin, max(old.verdict, reading.verdict))
            found[index] = reading
    return [found[index] for index in range(len(pairs))]


def words(text: str) -> list[str]:
    """Normalise as SQuAD does: lower case, without punctuation and articles."""
    return re.sub(r"\b(a|an|the)\b", " ", re.sub(r"[^\w\s]", "", text.lower())).split()


def overlap(found: str, gold: str) -> float:
    """F1 of two texts' normalised words."""
    left, right = words(found), words(gold)
    common = sum((Counter(left) & Counter(right)).values())
    if not left or not right:
        return float(left == right)
    return 2 * common / (len(left) + len(right))


def sentence_bounds(text: str) -> list[int]:
    """Find where sentences end: at . ! ? and a closing mark, unless a lower-case letter follows."""
    ends = [match.end() for match in re.finditer(r"[.!?][\"'”’)\]]*(?=\s+[^a-z\s])", text)]
    return [*ends, len(text)]


def sentence_hit(item: Pair, reading: Reading) -> bool:
    """Tell whether the sentences touched by the span hold a whole gold answer."""
    bounds = sentence_bounds(item.passage)
    first = int(np.searchsorted(bounds, reading.begin, side="right"))
    last = int(np.searchsorted(bounds, max(reading.begin, reading.end - 1), side="right"))
    low, high = (bounds[first - 1] if first else 0), bounds[min(last, len(bounds) - 1)]
    return any(low <= start and start + len(text) <= high for text, start in item.answers)


def auroc(positive: Floats, negative: Floats) -> float:
    """Estimate the chance that an answerable pair scores above an unanswerable one; ties count half."""
    if not len(positive) or not len(negative):
        return float("nan")
    both = np.concatenate([positive, negative])
    order = both.argsort(kind="stable")
    ranks = np.empty(len(both))
    ranks[order] = np.arange(1, len(both) + 1)
    _, inverse = np.unique(both, return_inverse=True)
    ranks = (np.bincount(inverse, ranks) / np.bincount(inverse))[inverse]
    below = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(below / (len(positive) * len(negative)))


def signs(readings: list[Reading]) -> NDArray[np.float64]:
    """Lay out verdict and margin, one row a reading."""
    return np.array([(one.verdict, one.margin) for one in readings], np.float64).reshape(-1, 2)


@dataclass(frozen=True)
class Score:
    """`score = sigmoid(verdict * a + margin * b + c)`: one probability of "this passage answers"."""

    verdict: float
    margin: float
    constant: float

    def logits(self, readings: list[Reading]) -> NDArray[np.float64]:
        """Score readings, before the sigmoid."""
        values = signs(readings)
        total: NDArray[np.float64] = values[:, 0] * self.verdict + values[:, 1] * self.margin + self.constant
        return total


def fit_score(pairs: list[Pair], readings: list[Reading], steps: int = 200) -> Score:
    """Regress answerability on the two signs by Newton's method, answerable and not weighing the same."""
    values = np.c_[signs(readings), np.ones(len(readings))]
    truth = np.array([item.answerable for item in pairs], np.float64)
    share = np.where(truth > 0, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))
    beta = np.zeros(3)
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-values @ beta))
        slope = values.T @ (share * (truth - chance)) - 1e-3 * beta
        bend = (values * (share * chance * (1 - chance))[:, None]).T @ values + 1e-3 * np.eye(3)
        beta = beta + np.linalg.solve(bend, slope)
    return Score(*(float(value) for value in beta))


def measure(pairs: list[Pair], readings: list[Reading], score: Score | None = None) -> dict[str, Figures]:
    """Take span figures on the answerable pairs, and AUROCs of them against each source of misses."""
    told = [(item, one) for item, one in zip(pairs, readings, strict=True) if item.answerable]
    best = [max((overlap(item.passage[one.begin : one.end], gold) for gold, _ in item.answers)) for item, one in told]
    exact = [
        any(words(item.passage[one.begin : one.end]) == words(gold) for gold, _ in item.answers) for item, one in told
    ]
    report: dict[str, Figures] = {
        "span": {
            "n": len(told),
            "f1": float(np.mean(best)),
            "exact": float(np.mean(exact)),
            "sentence": float(np.mean([sentence_hit(item, one) for item, one in told])),
        }
    }
    combined = (score or Score(0.5, 0.25, 0.0)).logits(readings)
    values = signs(readings)
    inside = np.array([item.answerable for item in pairs])
    for source in sorted({item.source for item in pairs if not item.answerable}):
        against = np.array([item.source == source and not item.answerable for item in pairs])
        report[f"auroc {source}"] = {
            "n": int(against.sum()),
            "verdict": auroc(values[inside, 0], values[against, 0]),
            "margin": auroc(values[inside, 1], values[against, 1]),
            "score": auroc(combined[inside], combined[against]),
        }
    return report


def sample(pairs: list[Pair], count: int, seed: int) -> list[Pair]:
    """Draw a seeded sample that keeps the order; everything where there is not more."""
    chosen = np.random.default_rng([seed, 19]).permutation(len(pairs))[:count]
    return [pairs[index] for index in sorted(chosen)]


def rounded(value: object) -> object:
    """Round every number in nested figures to five significant digits."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return value


def write_json(path: Path, content: object) -> None:
    """Write figures to a file that is whole or absent."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(rounded(content), indent=1, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(path)
