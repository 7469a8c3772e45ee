"""`python -m evals.calibrate --data DIR`: fits the verdict's three numbers, and says how they carry over.

Fitted on one half of squad2 (split by article), confirmed on the other half and on sets that played no part. Prints the
numbers for `qa/answer/verdict.py`; changes nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals import metrics
from evals.sets import EvalSet, Question, load_set
from qa.answer.verdict import signals_of
from qa.config import load_settings
from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from qa.engine import Engine, build

Floats = NDArray[np.float64]

_CONFIRMED_ON = ("us-mexico", "clapnq")


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, confirm, print."""
    parser = argparse.ArgumentParser(prog="python -m evals.calibrate", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds eval/ and corpus/")
    parser.add_argument("--limit", type=int, default=1000, help="questions a set at most, evenly picked")
    parser.add_argument("--work", type=Path, default=None, help="folder kept for documents and indexes")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        squad = load_set(options.data, "squad2")
        picked = _picked(squad.questions, options.limit)
        values, truth = _signals(squad, picked, work)
        half = np.array([_in_first_half(question) for question in picked])
        numbers = fit(values[half], truth[half])
        print(f"bias {numbers[0]:.3f}, read {numbers[1]:.3f}, similarity {numbers[2]:.3f}")
        _report("squad2, fitted half", values[half], truth[half], numbers)
        _report("squad2, other half", values[~half], truth[~half], numbers)
        for name in _CONFIRMED_ON:
            chosen = load_set(options.data, name)
            questions = _picked(chosen.questions, options.limit)
            _report(name, *_signals(chosen, questions, work), numbers)
    return 0


def fit(values: Floats, truth: Floats, steps: int = 50) -> Floats:
    """Return bias and weights of a logistic regression (Newton's method, a little ridge), classes weighing the same."""
    rows = np.c_[np.ones(len(values)), values]
    share = np.where(truth > 0, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))
    numbers = np.zeros(rows.shape[1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-rows @ numbers))
        slope = rows.T @ (share * (truth - chance)) - 1e-3 * numbers
        bend = (rows * (share * chance * (1 - chance))[:, None]).T @ rows + 1e-3 * np.eye(len(numbers))
        numbers = numbers + np.linalg.solve(bend, slope)
    fitted: Floats = numbers
    return fitted


def _signals(chosen: EvalSet, questions: Sequence[Question], work: Path) -> tuple[Floats, Floats]:
    embedder = SentenceTransformerEmbedder(threads=2)
    folder = work / chosen.name
    settings = load_settings({"index": folder / "index-default"}, environ={}, folder=folder)
    build(settings, [chosen.write(work)], embedder=embedder)
    engine = Engine.open(settings, embedder)
    rows = []
    for question in questions:
        similarity, read = signals_of(engine.ask(question.text).answer.passages)
        rows.append((-30.0 if read is None else read, similarity))
    return np.array(rows), np.array([float(question.answerable) for question in questions])


def _report(name: str, values: Floats, truth: Floats, numbers: Floats) -> None:
    confidence = (1 / (1 + np.exp(-np.c_[np.ones(len(values)), values] @ numbers))).tolist()
    answerable = (truth > 0).tolist()
    yes = [c for c, a in zip(confidence, answerable, strict=True) if a]
    no = [c for c, a in zip(confidence, answerable, strict=True) if not a]
    refused, lost = np.array(no), np.array(yes)
    print(
        f"{name}: n {len(truth)}, AUROC {metrics.auroc(yes, no):.3f}, "
        f"reader alone {metrics.auroc(_of(values, truth, 0), _of(values, truth, 0, 0)):.3f}, "
        f"similarity alone {metrics.auroc(_of(values, truth, 1), _of(values, truth, 1, 0)):.3f}, "
        f"refused at .5: unanswerable {np.mean(refused < 0.5):.3f}, answerable {np.mean(lost < 0.5):.3f}; "
        f"at .25: {np.mean(refused < 0.25):.3f}, {np.mean(lost < 0.25):.3f}"
    )


def _of(values: Floats, truth: Floats, column: int, wanted: int = 1) -> list[float]:
    picked: list[float] = values[truth == wanted, column].tolist()
    return picked


def _picked(questions: Sequence[Question], limit: int) -> list[Question]:
    if len(questions) <= limit:
        return list(questions)
    step = len(questions) / limit
    return [questions[int(at * step)] for at in range(limit)]


def _in_first_half(question: Question) -> bool:
    """Split by paragraph's neighbourhood: blocks of 40 paragraphs, about an article, fall on one side."""
    document = question.raw.get("about") or question.raw["evidence"][0]["doc"]
    block = int(document.removeprefix("sq-")) // 40
    return hashlib.sha256(str(block).encode()).digest()[0] % 2 == 0


if __name__ == "__main__":
    sys.exit(main())
