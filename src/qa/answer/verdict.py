"""How sure one may be that the first quote answers, and what that makes of the answer.

The answer model's log-odds mean the same from question to question; a collection in which questions without an
answer get too far takes something off.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qa.types import Calibration, Trial, Verdict

_LET_PASS = 0.05  # share of the questions on other matters that may count as answered, at most
_FURTHEST = 1.0  # log-odds by which a collection moves its own threshold at most
_MOST = 30.0  # log-odds beyond this say no more
STRICTNESS = {"strict": 3.0, "even": 1.0, "lenient": 1 / 3}
"""How many times its odds a threshold takes, by how strict the verdict is to be."""


def confidence(log_odds: float, calibration: Calibration | None = None, *, answered: float = 0.5) -> float:
    """Return the probability, 0 to 1, that a first quote of these log-odds answers, given its collection's calibration.

    `answered` is the threshold that questions on other matters may hardly pass.
    """
    return _logistic(log_odds - _shift(calibration, answered))


def penalise_unknown_terms(confidence: float, unknown: Sequence[str]) -> float:
    """Return the confidence where a question names what stands in no document: half, which is no answer any more."""
    return confidence / 2 if unknown else confidence


def threshold_for(threshold: float, strictness: str) -> float:
    """Return the threshold, 0 to 1, moved the way the verdict is to lean."""
    odds = STRICTNESS[strictness] * threshold
    return odds / (odds + 1 - threshold)


def judge(confidence: float, *, answered: float, unsure: float) -> Verdict:
    """Return the verdict for a confidence, by the two thresholds."""
    if confidence >= answered:
        return Verdict.ANSWERED
    return Verdict.UNSURE if confidence >= unsure else Verdict.NOT_FOUND


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """What to expect of a threshold: shares (0 to 1) of made questions, and how many there were.

    `present_refused`: their source is there, and they are not answered; `absent_answered` and `swapped_answered`:
    nothing there answers them, and they are; `foreign_answered`: questions on other matters that are. `right`: of
    the answers given to those whose source is there, the share whose first quote is that source.
    """

    present_refused: float
    absent_answered: float
    swapped_answered: float
    foreign_answered: float
    right: float
    questions: int


def error_rates(calibration: Calibration, *, answered: float) -> ErrorRates | None:
    """Return what share of a calibration's own questions a threshold gets wrong; None where none was asked."""
    if not calibration.present:
        return None
    shift = _shift(calibration, answered)

    def passing(asked: Iterable[Trial]) -> list[Trial]:
        return [one for one in asked if _logistic(one.log_odds - shift) >= answered]

    def share(asked: Sequence[Trial]) -> float:
        return len(passing(asked)) / max(1, len(asked))

    given = passing(calibration.present)
    return ErrorRates(
        1 - share(calibration.present),
        share(calibration.absent),
        share(calibration.swapped),
        share(calibration.foreign),
        sum(one.right for one in given) / max(1, len(given)),
        len(calibration.present),
    )


def _shift(calibration: Calibration | None, answered: float) -> float:
    """Return what a collection takes off the log-odds, where too many questions on other matters would pass."""
    foreign = sorted((one.log_odds for one in calibration.foreign), reverse=True) if calibration else []
    if not foreign or not 0 < answered < 1:
        return 0.0
    threshold = math.log(answered / (1 - answered))
    return max(0.0, min(_FURTHEST, foreign[int(_LET_PASS * len(foreign))] - threshold + 1e-6))


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-_MOST, min(_MOST, odds))))
