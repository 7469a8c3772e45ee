"""The answer model: a candidate's signals in, the probability that it answers the question out.

Boosted trees, fitted by `python -m training.answers` with scikit-learn and kept as plain numbers; see
`docs/decisions/0016-one-model-of-an-answer.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.answer.rules import rule_log_odds
from qa.answer.signals import NAMES, Floats
from qa.errors import ModelUnavailable

WEIGHTS = Path(__file__).with_name("answer.npz")


class AnswerModel(Protocol):
    """Says how likely each candidate is to answer."""

    def log_odds(self, rows: Floats) -> Floats:
        """Return the log-odds of each row of signals, of shape (n,)."""


@dataclass(frozen=True)
class Trees:
    """Regression trees as arrays of shape (trees, nodes); a leaf is its own child.

    `gain` and `bias` turn the trees' sum, and what the rules take off, into log-odds (Platt scaling on questions left
    out of the fit).
    """

    feature: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    value: Floats
    depth: int
    start: float
    gain: float
    bias: float

    def log_odds(self, rows: Floats) -> Floats:
        """Return the log-odds of each row, of shape (n,)."""
        trees = np.arange(len(self.feature))[None, :]
        node = np.zeros((len(rows), len(self.feature)), dtype=np.int32)
        for _ in range(self.depth):
            seen = rows[np.arange(len(rows))[:, None], self.feature[trees, node]]
            goes_left = np.where(np.isnan(seen), self.missing_left[trees, node], seen <= self.threshold[trees, node])
            node = np.where(goes_left, self.left[trees, node], self.right[trees, node])
        total = self.value[trees, node].sum(axis=1) + self.start + rule_log_odds(rows)
        odds: Floats = (self.gain * total + self.bias).astype(np.float32)
        return odds


@cache
def load_model(path: Path = WEIGHTS) -> Trees:
    """Load the model that ships; raise ModelUnavailable where it is missing or was fitted to other signals."""
    try:
        with np.load(path) as stored:
            names = tuple(str(name) for name in stored["names"])
            arrays: dict[str, Any] = {
                name: stored[name] for name in ("feature", "threshold", "left", "right", "missing_left", "value")
            }
            numbers: dict[str, Any] = {name: float(stored[name]) for name in ("start", "gain", "bias")}
            depth = int(stored["depth"])
    except (OSError, KeyError, ValueError) as exc:
        raise ModelUnavailable("answer model", f"{path} can't be loaded ({exc}). Reinstall quoth.") from exc
    if names != NAMES:
        raise ModelUnavailable("answer model", f"{path} was fitted to other signals. Run: python -m training.answers")
    return Trees(**arrays, depth=depth, **numbers)
