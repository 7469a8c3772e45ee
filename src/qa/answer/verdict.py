"""How sure one may be that the best passages answer: from signals that keep their meaning from question to question.

Fused scores and ranks have no such meaning: something always comes first. With a reader, its log-odds over
the passages it read are combined with the nearest sentence's similarity; without one, similarity and the
covered share of the question's words must do. `python -m evals.calibrate` fits the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from qa.types import Passage, Verdict

# log-odds = bias + reader * (log of the summed odds) + sentence * similarity; fitted where half of the questions
# were made to mislead (bias -2.87), then moved by log 3, since most questions people ask have their answer there
_READ_BIAS, _READ, _READ_SENTENCE = -2.87 + math.log(3), 0.51, 3.34
# without a reader: bias + sentence * similarity + coverage * covered share
_BIAS, _SENTENCE, _COVERAGE = -3.2, 5.0, 1.0
_MOST = 30.0  # log-odds beyond this say no more


def signals_of(passages: Sequence[Passage]) -> tuple[float, float | None]:
    """Return the nearest sentence's (or chunk's) similarity, and the log of the readings' summed odds.

    The second is None where nothing was read.
    """
    hits = [hit for passage in passages for hit in passage.hits]
    similarity = max((max(hit.parts.sentence, hit.parts.dense) for hit in hits), default=0.0)
    logits = [max(-_MOST, min(_MOST, hit.reading.logit)) for hit in hits if hit.reading]
    if not logits:
        return similarity, None
    return similarity, math.log(sum(math.exp(logit) for logit in logits))


def confidence_of(passages: Sequence[Passage], coverage: Sequence[float]) -> float:
    """Return the confidence, 0 to 1, that one of these passages answers.

    `coverage` holds the share of the question's terms, rare ones counting more, that stand in each of the
    best passages; it counts only where no reader has read.
    """
    if not passages:
        return 0.0
    similarity, read = signals_of(passages)
    if read is None:
        return _logistic(_BIAS + _SENTENCE * similarity + _COVERAGE * max(coverage, default=0.0))
    return _logistic(_READ_BIAS + _READ * read + _READ_SENTENCE * similarity)


def judge(confidence: float, *, answered: float, unsure: float) -> Verdict:
    """Return the verdict for a confidence, by the two thresholds."""
    if confidence >= answered:
        return Verdict.ANSWERED
    return Verdict.UNSURE if confidence >= unsure else Verdict.NOT_FOUND


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-_MOST, min(_MOST, odds))))
