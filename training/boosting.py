"""Fits boosted trees to candidates' signals, checks them on collections left out, writes them as plain numbers.

Owns the fit and its figures; knows nothing of how signals arose. Trees are scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from qa.answer.model import Trees
from qa.answer.signals import NAMES
from training.evaluate import auroc

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# more of these never makes an answer less likely, all else alike; less of those neither
RISING = frozenset(
    """margin chunk_logit alone_margin alone_logit alone_agrees similarity chunk_similarity sentence_share here_share
    before_share around_share rarest_here rarest_around names_here names_around years_here years_around numbers_here
    labels_here labels_around span_fit sentence_fit subject_here subject_first subject_defined score echoes
    label_share""".split()
)
FALLING = frozenset(
    """unknown margin_behind similarity_behind score_behind share_behind heaviest_missing ends_as_question heading
    markup span_repeats row_behind code names_nobody header""".split()
)
READ = frozenset(
    """margin margin_behind chunk_logit best_logit alone_margin alone_logit alone_agrees span_fit span_words
    span_repeats span_covers""".split()
)
# how much a question weighs in the fit, by its kind …
KINDS = {"answerable": 1.0, "written": 0.6, "absent": 0.8, "withheld": 0.8, "foreign": 0.6}
# … and in the calibration: as people ask, two thirds stand in the documents, and few are written to mislead
ASKED = {"answerable": 1.0, "written": 0.15, "absent": 0.6, "withheld": 0.35, "foreign": 0.2}


@dataclass(frozen=True)
class Seen:
    """The candidates of one collection's questions; `truth` is 1, 0, or -1 where it can't be told."""

    name: str
    rows: NDArray[np.float32]
    truth: NDArray[np.int8]
    question: NDArray[np.int64]
    kinds: NDArray[np.str_]

    @classmethod
    def load(cls, path: Path) -> Seen:
        """Read what `answers look` kept; raise ValueError where it was made of other signals."""
        with np.load(path) as stored:
            if tuple(stored["names"]) != NAMES:
                raise ValueError(f"{path}: made of other signals. Run: python -m training.answers look")
            return cls(path.stem, stored["rows"], stored["truth"], stored["question"], stored["kinds"])


def unread(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the same candidates as they look where no reader read."""
    other = rows.copy()
    other[:, [at for at, name in enumerate(NAMES) if name in READ]] = np.nan
    other[:, NAMES.index("echoes")] = 0.0
    return other


def fit_trees(seen: Sequence[Seen], trees: int = 120) -> Trees:
    """Fit to every candidate whose truth is known; each question weighs the same, by its kind."""
    rows, truth, weights = [], [], []
    for one in seen:
        told = one.truth >= 0
        sizes = np.bincount(one.question, minlength=len(one.kinds))
        weight = np.array([KINDS[kind] for kind in one.kinds])[one.question] / np.sqrt(sizes[one.question])
        rows += [one.rows[told], unread(one.rows[told])]
        truth += [one.truth[told]] * 2
        weights += [weight[told], 0.4 * weight[told]]
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.08,
        max_leaf_nodes=10,
        min_samples_leaf=40,
        l2_regularization=5.0,
        monotonic_cst=[1 if name in RISING else -1 if name in FALLING else 0 for name in NAMES],
        random_state=7,
        early_stopping=False,
    )
    model.fit(np.concatenate(rows), np.concatenate(truth), sample_weight=np.concatenate(weights))
    return as_arrays(model)


def as_arrays(model: Any) -> Trees:  # noqa: ANN401 -- scikit-learn ships no types
    """Lay a fitted model out as `qa.answer.model` reads it."""
    nodes = [predictors[0].nodes for predictors in model._predictors]
    size = max(len(tree) for tree in nodes)
    shape = (len(nodes), size)
    feature, left, right = (np.zeros(shape, np.int32) for _ in range(3))
    threshold, value, missing = np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
    for at, tree in enumerate(nodes):
        count, own = len(tree), np.arange(len(tree))
        leaf = tree["is_leaf"].astype(bool)
        feature[at, :count] = np.where(leaf, 0, tree["feature_idx"])
        # rounded towards the side the value was on, so that float32 decides as float64 did
        threshold[at, :count] = np.where(
            leaf, 0.0, np.nextafter(tree["num_threshold"].astype(np.float32), np.float32(np.inf))
        )
        left[at, :count] = np.where(leaf, own, tree["left"])
        right[at, :count] = np.where(leaf, own, tree["right"])
        missing[at, :count] = tree["missing_go_to_left"].astype(bool)
        value[at, :count] = np.where(leaf, tree["value"], 0.0)
    depth = max(int(tree["depth"].max()) for tree in nodes)
    return Trees(
        feature, threshold, left, right, missing, value, depth, float(model._baseline_prediction[0, 0]), 1.0, 0.0
    )


@dataclass(frozen=True)
class Picks:
    """The first pick of each question: its log-odds, whether it is right, and the question's kind."""

    odds: Floats
    right: Bools
    kinds: NDArray[np.str_]


def picks(trees: Trees, one: Seen, rows: NDArray[np.float32]) -> Picks:
    """Let the model choose; a pick that can't be judged counts as wrong."""
    odds = trees.log_odds(rows).astype(np.float64)
    order = np.lexsort((np.arange(len(odds)), -odds, one.question))
    first = order[np.r_[True, np.diff(one.question[order]) > 0]]
    return Picks(odds[first], one.truth[first] == 1, one.kinds[one.question[first]])


def platt(groups: Sequence[Picks]) -> tuple[float, float]:
    """Fit gain and bias on first picks of collections that were left out, each collection weighing the same."""
    odds = np.concatenate([one.odds for one in groups])
    right = np.concatenate([one.right for one in groups])
    weights = np.concatenate([np.array([ASKED[kind] for kind in one.kinds]) / len(one.kinds) for one in groups])
    found = LogisticRegression(C=1e3).fit(odds[:, None], right, sample_weight=weights * len(odds))
    return float(found.coef_[0, 0]), float(found.intercept_[0])


def line(name: str, found: Picks, gain: float, bias: float, threshold: float) -> str:
    """Put a collection's figures on one line."""
    chance = 1 / (1 + np.exp(-(gain * found.odds + bias)))
    able = found.kinds == "answerable"
    given = chance >= threshold
    parts = [f"{name:11s} n {len(chance):4d}", f"first right {found.right[able].mean():.3f}"]
    parts.append(f"right and answered {(found.right & given)[able].mean():.3f}")
    parts.append(f"wrong and answered {(~found.right & given)[able].mean():.3f}")
    for kind in ("written", "absent", "withheld", "foreign"):
        if (found.kinds == kind).any():
            parts.append(f"{kind} answered {given[found.kinds == kind].mean():.3f}")
    parts.append(f"precision {found.right[given].mean() if given.any() else 1.0:.3f}")
    parts.append(f"AUROC {auroc(chance[found.right].astype(np.float32), chance[~found.right].astype(np.float32)):.3f}")
    parts.append(f"ECE {calibration_error(chance, found.right):.3f}")
    return "  ".join(parts)


def calibration_error(chance: Floats, right: Bools, bins: int = 10) -> float:
    """Return the expected calibration error: mean |confidence - share right| over bins of equal width, by size."""
    at = np.minimum((chance * bins).astype(int), bins - 1)
    gaps = [
        abs(chance[at == b].mean() - right[at == b].mean()) * (at == b).sum() for b in range(bins) if (at == b).any()
    ]
    return float(sum(gaps) / len(chance))


def fit_and_report(work: Path, out: Path | None, threshold: float = 0.4) -> None:
    """Check with each collection left out, then fit to all and write the model."""
    seen = [Seen.load(path) for path in sorted(work.glob("*.npz"))]
    left_out = {}
    for one in seen:
        family = one.name.split("-")[0]
        trees = fit_trees([other for other in seen if other.name.split("-")[0] != family])
        left_out[one.name] = (picks(trees, one, one.rows), picks(trees, one, unread(one.rows)))
    gain, bias = platt([read for read, _ in left_out.values()])
    print(f"gain {gain:.3f} bias {bias:.3f}")
    for name, (read, without) in left_out.items():
        print(line(name, read, gain, bias, threshold))
        print(line("  unread", without, gain, bias, threshold))
    trees = fit_trees(seen)
    if out is not None:
        save(trees, gain, bias, out)
        print(f"{out}: {out.stat().st_size:,} bytes")


def save(trees: Trees, gain: float, bias: float, path: Path) -> None:
    """Write a model for `qa.answer.model.load_model`."""
    np.savez_compressed(
        path,
        names=np.array(NAMES),
        feature=trees.feature,
        threshold=trees.threshold,
        left=trees.left,
        right=trees.right,
        missing_left=trees.missing_left,
        value=trees.value,
        depth=trees.depth,
        start=trees.start,
        gain=gain,
        bias=bias,
    )
