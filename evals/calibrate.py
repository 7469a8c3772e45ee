"""`python -m evals.calibrate --data DIR --train DIR`: fits the verdict's numbers, and says how they carry over.

Fitted on collections of four kinds: papers (covidqa), filings (tatqa), and articles of squad and squad2, each
question also with all that answers it withheld. Confirmed on squad2's other articles and on sets that played no
part. Prints the numbers for `qa/answer/verdict.py`; changes nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals import metrics
from evals.sets import EvalSet, Question, load_set
from qa.answer.verdict import signals_of
from qa.config import Settings, load_settings
from qa.engine import Engine, build, make_embedder, make_reader
from qa.engine.adapters import weights_of
from qa.index import Index
from qa.protocols import Embedder, Reader
from qa.retrieve import rerank, retrieve
from qa.types import Hit, Signals
from training.data import held_out_groups, read_set

Floats = NDArray[np.float64]

FITTED_ON = ("covidqa", "tatqa", "squad", "squad2")
CONFIRMED_ON = ("squad2, other half", "clapnq", "us-mexico", "us-mexico, Spanish")
_SEED = 7  # of the training's own hold-out
_DEPTH = 40
_PULLS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Collection:
    """What was seen of one collection: signals of questions it answers and doesn't, and of those made from it."""

    name: str
    answerable: tuple[Signals, ...]
    unanswerable: tuple[Signals, ...]
    withheld: tuple[Signals, ...]
    absent: tuple[Signals, ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Look, fit, confirm, print."""
    parser = argparse.ArgumentParser(prog="python -m evals.calibrate", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds eval/ and corpus/")
    parser.add_argument("--train", type=Path, required=True, help="folder of the training sets")
    parser.add_argument("--limit", type=int, default=200, help="questions a set at most, evenly picked")
    parser.add_argument("--work", type=Path, default=None, help="folder kept for documents and indexes")
    parser.add_argument(
        "--keep", type=Path, default=None, help="file of what was seen, as JSON: written, or read if there"
    )
    options = parser.parse_args(argv)
    if options.keep and options.keep.exists():
        seen = [_unflat(row) for row in json.loads(options.keep.read_text(encoding="utf-8"))]
    else:
        seen = _look_and_keep(options)
    for read in (True, False):
        print(f"\n## {'With' if read else 'Without'} the reader\n")
        report(seen, read)
    return 0


def _look_and_keep(options: argparse.Namespace) -> list[Collection]:
    with tempfile.TemporaryDirectory() as scratch:
        seen = look(options.data, options.train, options.work or Path(scratch), options.limit)
    if options.keep:
        options.keep.write_text(json.dumps([_flat(one) for one in seen]), encoding="utf-8")
    return seen


def look(data: Path, train: Path, work: Path, limit: int) -> list[Collection]:
    """Index every collection and ask it its questions, with what answers them and without."""
    found = []
    embedder, reader = None, None
    for name in ("covidqa", "tatqa", "squad", "squad2", "clapnq", "us-mexico"):
        chosen = load_set(data, name) if name in ("squad2", "clapnq", "us-mexico") else training_set(train, name)
        folder = work / name
        settings = load_settings({"index": folder / "index-default"}, environ={}, folder=work)
        embedder, reader = embedder or make_embedder(settings), reader or make_reader(settings)
        build(settings, [chosen.write(work)], embedder=embedder, reader=reader)
        engine = Engine.open(settings, embedder)
        step = max(1.0, len(chosen.questions) / limit)
        questions = [chosen.questions[int(at * step)] for at in range(min(limit, len(chosen.questions)))]
        for part, asked in _parts(name, questions).items():
            found.append(_ask_all(part, asked, engine, settings, embedder, reader))
        print(f"{name}: {len(questions)} questions", file=sys.stderr, flush=True)
    return found


def training_set(folder: Path, name: str) -> EvalSet:
    """Return a training set's passages as documents and its questions; of squad the articles held out of training."""
    rows = read_set(folder, name)
    if name == "squad":
        out = held_out_groups(rows, _SEED)
        rows = [row for row in rows if row["group"] in out]
    numbers: dict[str, str] = {}
    questions = []
    for row in rows:
        own = numbers.setdefault(row["passage"], f"p{len(numbers):05d}")
        relevant = {own: 1} if row["answerable"] else {}
        raw = {"answers": [answer["text"] for answer in row["answers"]]}
        questions.append(Question(str(row["id"]), row["question"], name, row["answerable"], relevant, raw))
    return EvalSet(name, {f"{number}.txt": passage for passage, number in numbers.items()}, tuple(questions))


def _parts(name: str, questions: Sequence[Question]) -> dict[str, list[Question]]:
    if name == "squad2":  # in the order of its articles, so that no paragraph is in both halves
        half = len(questions) // 2
        return {"squad2": list(questions[:half]), "squad2, other half": list(questions[half:])}
    spanish = [question for question in questions if question.kind == "spanish"]
    others = [question for question in questions if question.kind != "spanish"]
    return {name: others} | ({f"{name}, Spanish": spanish} if spanish else {})


def _ask_all(
    name: str,
    questions: Sequence[Question],
    engine: Engine,
    settings: Settings,
    embedder: Embedder,
    reader: Reader | None,
) -> Collection:
    answerable, unanswerable, withheld = [], [], []
    for question in questions:
        text = engine.searched(question.text)
        hits = retrieve(
            engine.index,
            text,
            embedder.embed_query(text).row,
            weights=weights_of(settings),
            candidates=settings.retrieve.candidates,
            most=_DEPTH,
        )
        signals = _signals(engine.index, hits, reader, text, settings)
        if not question.answerable:
            unanswerable.append(signals)
            continue
        answerable.append(signals)
        without = [hit for hit in hits if not _answers(hit, question)]
        withheld.append(_signals(engine.index, without, reader, text, settings))
    made = engine.index.calibration
    return Collection(name, tuple(answerable), tuple(unanswerable), tuple(withheld), made.absent if made else ())


def _signals(index: Index, hits: Sequence[Hit], reader: Reader | None, text: str, settings: Settings) -> Signals:
    chosen = list(hits[: settings.reader.count])
    if reader:
        chosen = rerank(index, chosen, reader, text, count=len(chosen), weight=0.0)
    return signals_of(chosen) if chosen else Signals(0.0, 0.0, -30.0)


def _answers(hit: Hit, question: Question) -> bool:
    """Tell whether a hit is of a document that answers, or holds the answer's words."""
    if hit.chunk.source.removesuffix(".txt") in question.relevant and not question.raw.get("evidence"):
        return True
    words = [answer for answer in question.raw.get("answers") or () if isinstance(answer, str)]
    words += [evidence["quote"] for evidence in question.raw.get("evidence", ())]
    text = f" {_letters(hit.chunk.text)} "
    return any(len(_letters(word)) > 2 and f" {_letters(word)} " in text for word in words)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights of the signals, how far a collection's own absent questions count, and where they usually lie."""

    weights: Floats
    bias: float
    pull: float
    usual: float

    def odds(self, signals: Sequence[Signals], absent: Sequence[Signals], read: bool) -> Floats:
        """Return the log-odds of each of these signals in a collection with these absent questions."""
        shift = self.pull * (_median(absent, self.weights, read) - self.usual) if absent else 0.0
        odds: Floats = self.bias + _rows(signals, read) @ self.weights - shift
        return odds


def fit(collections: Sequence[Collection], read: bool, pull: float, prior: float = 3.0) -> Fit:
    """Fit weights with a level of its own for each collection, then one bias; `prior`: odds of an answer at hand.

    Collections weigh the same, and in each so do answerable and unanswerable questions.
    """
    rows, truth, share, level = [], [], [], []
    for at, one in enumerate(collections):
        for signals, answer in ((one.answerable, 1.0), (_misses(one), 0.0)):
            rows.append(_rows(signals, read))
            truth += [answer] * len(signals)
            share += [1 / max(1, len(signals))] * len(signals)
            level += [at] * len(signals)
    own = np.eye(len(collections))[level]
    scale = 100.0
    numbers = logistic(np.c_[np.concatenate(rows), own], np.array(truth), scale * np.array(share))
    weights = np.maximum(numbers[: -len(collections)], 0.0)
    medians = [_median(one.absent, weights, read) for one in collections]
    usual = statistics.fmean(medians)
    shifted = np.concatenate(rows) @ weights - pull * (np.array(medians)[level] - usual)
    bias = _level(shifted, np.array(truth), np.array(share)) + float(np.log(prior))
    return Fit(weights, bias, pull, usual)


def logistic(rows: Floats, truth: Floats, share: Floats, steps: int = 50) -> Floats:
    """Return the weights of a logistic regression (Newton's method, a little ridge)."""
    numbers = np.zeros(rows.shape[1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-rows @ numbers))
        slope = rows.T @ (share * (truth - chance)) - 1e-1 * numbers
        bend = (rows * (share * chance * (1 - chance))[:, None]).T @ rows + 1e-1 * np.eye(len(numbers))
        numbers = numbers + np.linalg.solve(bend, slope)
    fitted: Floats = numbers
    return fitted


def _level(odds: Floats, truth: Floats, share: Floats) -> float:
    """Return what to add to the odds so that, weighed by share, they are right on the whole."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        if float((share * (truth - 1 / (1 + np.exp(-(odds + middle))))).sum()) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def report(seen: Sequence[Collection], read: bool) -> None:
    """Print numbers and figures: each fitted collection by a fit on the others, then the sets kept apart."""
    fitted = [one for one in seen if one.name in FITTED_ON]
    for pull in _PULLS:
        print(f"pull {pull}:")
        for one in fitted:
            _print(one, fit([other for other in fitted if other is not one], read, pull), read)
        whole = fit(fitted, read, pull)
        for one in seen:
            if one.name in CONFIRMED_ON:
                _print(one, whole, read)
        weights = ", ".join(f"{weight:.2f}" for weight in whole.weights)
        print(f"  bias {whole.bias:.2f}, weights {weights}, usual {whole.usual:.2f}")


def _print(one: Collection, numbers: Fit, read: bool) -> None:
    def chances(signals: Sequence[Signals]) -> list[float]:
        return [float(chance) for chance in 1 / (1 + np.exp(-numbers.odds(signals, one.absent, read)))]

    answerable = chances(one.answerable)
    refused, lost = (np.mean([chance < edge for chance in answerable]) for edge in (0.5, 0.25))
    parts = [f"refused {refused:.2f} (not found {lost:.2f})"]
    for name, signals in (("unanswerable", one.unanswerable), ("withheld", one.withheld)):
        if signals:
            misses = chances(signals)
            refused = np.mean([c < 0.5 for c in misses])
            at = metrics.false_answers([*answerable, *misses], [True] * len(answerable) + [False] * len(misses), 0.92)
            curve = metrics.auroc(answerable, misses)
            parts.append(f"{name} {len(misses)}: AUROC {curve:.3f}, refused {refused:.2f}, at 8 % {1 - at:.2f}")
    print(f"  {one.name:20} {len(answerable):4} answerable: {'; '.join(parts)}")


def _misses(one: Collection) -> tuple[Signals, ...]:
    """Return what tells a lure from an answer: questions written to have none, where there are some."""
    return one.unanswerable or one.withheld


def _rows(signals: Sequence[Signals], read: bool) -> Floats:
    # the covered share tells nothing of written unanswerables that the reader doesn't, and misleads where
    # questions avoid the text's words
    rows = [[one.similarity, (one.read or 0.0) if read else one.coverage] for one in signals]
    return np.array(rows, dtype=np.float64).reshape(len(signals), 2)


def _median(signals: Sequence[Signals], weights: Floats, read: bool) -> float:
    usable = [one for one in signals if not read or one.read is not None]
    return float(np.median(_rows(usable, read) @ weights)) if usable else 0.0


_KINDS = ("answerable", "unanswerable", "withheld", "absent")


def _flat(one: Collection) -> dict[str, Any]:
    kinds = {kind: [[s.similarity, s.coverage, s.read] for s in getattr(one, kind)] for kind in _KINDS}
    return {"name": one.name} | kinds


def _unflat(row: dict[str, Any]) -> Collection:
    return Collection(row["name"], **{kind: tuple(Signals(*signals) for signals in row[kind]) for kind in _KINDS})


if __name__ == "__main__":
    sys.exit(main())
