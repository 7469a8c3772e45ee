"""How sure one may be that the best hits answer: from signals that keep their meaning from question to question.

Fused scores and ranks have no such meaning: something always comes first. With a reader, its log-odds are
combined with the nearest sentence's similarity and the covered share of the question's terms; without one,
those two must do. A collection in which questions without an answer get too far takes something off.
`python -m evals.calibrate` fits the numbers and shows what they do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qa.types import Calibration, Hit, Signals, Verdict


@dataclass(frozen=True, slots=True)
class _Numbers:
    """log-odds = bias + similarity * … + read * the reader's log-odds + coverage * … + rewording * (plain - coverage).

    The last where coverage is under `_PLAIN`: a question that avoids the text's words lowers the reader's odds,
    right or wrong.
    """

    bias: float
    similarity: float
    read: float = 0.0
    coverage: float = 0.0
    rewording: float = 0.0


# weights fitted on papers, filings and articles; bias and rewording set so that hardly an answerable question is
# refused in any of them, nor more than 8 % of those that avoid the text's words
_WITH_READER = _Numbers(bias=-0.75, similarity=2.2, read=0.7, rewording=1.5)
_WITHOUT_READER = _Numbers(bias=-2.0, similarity=2.5, coverage=2.8)
_PLAIN = 0.8  # share of its terms that a question put in the text's own words covers
_LET_PASS = 2 / 3  # share of the questions made without an answer that may count as answered, at most
_FURTHEST = 0.5  # log-odds by which a collection moves its own threshold at most
_MOST = 30.0  # log-odds beyond this say no more
LEANS = {"strict": 3.0, "even": 1.0, "lenient": 1 / 3}
"""How many times its odds a threshold takes, by which way the verdict leans."""


def signals_of(hits: Sequence[Hit]) -> Signals:
    """Return what speaks for an answer among these hits, one at least."""
    return Signals(
        max(max(hit.parts.sentence, hit.parts.dense) for hit in hits),
        max(hit.parts.coverage for hit in hits),
        max((hit.reading.logit for hit in hits if hit.reading), default=None),
    )


def confidence_of(hits: Sequence[Hit], calibration: Calibration | None = None) -> float:
    """Return the confidence, 0 to 1, that one of these hits answers, given how their collection was calibrated."""
    return confidence(signals_of(hits), calibration) if hits else 0.0


def doubted(confidence: float, strangers: Sequence[str]) -> float:
    """Return the confidence where a question names what stands in no document: half, which is no answer any more."""
    return confidence / 2 if strangers else confidence


def confidence(signals: Signals, calibration: Calibration | None = None) -> float:
    """Return the confidence, 0 to 1, that these signals mean an answer."""
    read = signals.read is not None
    return _logistic(_evidence(signals, read) - _shift(calibration, read))


def leaning(threshold: float, lean: str) -> float:
    """Return the threshold, 0 to 1, moved the way the verdict is to lean."""
    odds = LEANS[lean] * threshold
    return odds / (odds + 1 - threshold)


def judge(confidence: float, *, answered: float, unsure: float) -> Verdict:
    """Return the verdict for a confidence, by the two thresholds."""
    if confidence >= answered:
        return Verdict.ANSWERED
    return Verdict.UNSURE if confidence >= unsure else Verdict.NOT_FOUND


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """What to expect of a threshold: shares (0 to 1) of made questions, and how many there were.

    `present_refused`: their source is there, and they are not answered; `absent_answered` and
    `swapped_answered`: nothing there answers them, and they are.
    """

    present_refused: float
    absent_answered: float
    swapped_answered: float
    questions: int


def error_rates(calibration: Calibration, *, answered: float, read: bool) -> ErrorRates | None:
    """Return what share of a calibration's own questions a threshold gets wrong; None where none was `read`."""
    if not _measured(calibration.present, read):
        return None
    shift = _shift(calibration, read)

    def share(asked: Sequence[Signals]) -> float:
        return sum(_logistic(_evidence(one, read) - shift) >= answered for one in asked) / max(1, len(asked))

    return ErrorRates(
        1 - share(calibration.present),
        share(calibration.absent),
        share(calibration.swapped),
        len(calibration.present),
    )


def _evidence(signals: Signals, read: bool) -> float:
    """Return the evidence in log-odds, whatever the collection."""
    numbers = _WITH_READER if read else _WITHOUT_READER
    logit = max(-_MOST, min(_MOST, signals.read or 0.0)) if read else 0.0
    return (
        numbers.bias
        + numbers.similarity * signals.similarity
        + numbers.read * logit
        + numbers.coverage * signals.coverage
        + numbers.rewording * max(0.0, _PLAIN - signals.coverage)
    )


def _shift(calibration: Calibration | None, read: bool) -> float:
    """Return what a collection takes off the evidence, where too many questions without an answer would pass."""
    absent = _measured(calibration.absent, read) if calibration else []
    evidence = sorted((_evidence(one, read) for one in absent), reverse=True)
    passing = int(_LET_PASS * len(evidence))
    return max(0.0, min(_FURTHEST, evidence[passing] + 1e-6)) if evidence else 0.0


def _measured(asked: Sequence[Signals], read: bool) -> list[Signals]:
    return [one for one in asked if not read or one.read is not None]


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-_MOST, min(_MOST, odds))))
