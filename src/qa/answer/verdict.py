"""How sure one may be that the best passages answer: a first judgement from the scores alone.

A logistic curve over three signals that keep their meaning from question to question. Fused scores and
ranks have none: something always comes first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from qa.types import Passage, Verdict

_BIAS = -3.2
_SENTENCE = 5.0
_COVERAGE = 1.0


def confidence_of(passages: Sequence[Passage], coverage: Sequence[float]) -> float:
    """Return the confidence, 0 to 1, that one of these passages answers.

    `coverage` runs beside `passages`: the share of the question's terms, rare ones counting more, that
    stand in each.
    """
    if not passages:
        return 0.0
    similarity = max(max(hit.parts.sentence, hit.parts.dense) for p in passages for hit in p.hits)
    covered = max(coverage)
    return 1 / (1 + math.exp(-(_BIAS + _SENTENCE * similarity + _COVERAGE * covered)))


def judge(confidence: float, *, answered: float, unsure: float) -> Verdict:
    """Return the verdict for a confidence, by the two thresholds."""
    if confidence >= answered:
        return Verdict.ANSWERED
    return Verdict.UNSURE if confidence >= unsure else Verdict.NOT_FOUND
