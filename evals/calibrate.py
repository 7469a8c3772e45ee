"""`python -m evals.calibrate --data DIR --train DIR`: fits the verdict's weights, and shows what its numbers do.

Fitted on collections of four kinds: papers (covidqa), filings (tatqa), and articles of squad and squad2, each
question also with all that answers it withheld. Confirmed on squad2's other articles and on sets that played no
part. Changes nothing: the numbers stand in `qa/answer/verdict.py`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals import metrics
from evals.sets import EvalSet, Question, load_set
from qa.answer.verdict import confidence, signals_of
from qa.config import Settings, load_settings
from qa.engine import Engine, build, make_embedder, make_reader
from qa.engine.adapters import weights_of
from qa.index import Index
from qa.protocols import Embedder, Reader
from qa.retrieve import rerank, retrieve
from qa.types import Calibration, Hit, Signals
from training.data import held_out_groups, read_set

Floats = NDArray[np.float64]

FITTED_ON = ("covidqa", "tatqa", "squad", "squad2")
CONFIRMED_ON = ("squad2, other half", "clapnq", "us-mexico", "us-mexico, Spanish")
_SEED = 7  # of the training's own hold-out
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Collection:
    """What was seen of one collection: signals of questions it answers and doesn't, and of those made from it."""

    name: str
    answerable: tuple[Signals, ...]
    unanswerable: tuple[Signals, ...]
    withheld: tuple[Signals, ...]
    made: Calibration


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
    made = engine.index.calibration or Calibration((), (), ())
    return Collection(name, tuple(answerable), tuple(unanswerable), tuple(withheld), made)


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


def fit(collections: Sequence[Collection], read: bool) -> Floats:
    """Return the weights of similarity and reader (unread: coverage), each collection with a level of its own.

    Collections weigh the same, and in each so do answerable and unanswerable questions.
    """
    rows, truth, share, level = [], [], [], []
    for at, one in enumerate(collections):
        for signals, answer in ((one.answerable, 1.0), (one.unanswerable or one.withheld, 0.0)):
            rows.append(_rows(signals, read))
            truth += [answer] * len(signals)
            share += [1 / max(1, len(signals))] * len(signals)
            level += [at] * len(signals)
    own = np.eye(len(collections))[level]
    return logistic(np.c_[np.concatenate(rows), own], np.array(truth), 100 * np.array(share))[: -len(collections)]


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


def report(seen: Sequence[Collection], read: bool) -> None:
    """Print fitted weights, and what the verdict's own numbers do on every collection."""
    fitted = [one for one in seen if one.name in FITTED_ON]
    weights = ", ".join(f"{weight:.2f}" for weight in fit(fitted, read))
    print(f"weights of similarity and {'reader' if read else 'coverage'}, fitted: {weights}\n")
    print("| collection | | answerable | refused | not found | unanswerable: n, AUROC, refused | withheld |")
    print("|---|---|---|---|---|---|---|")
    for one in seen:
        if one.name in (*FITTED_ON, *CONFIRMED_ON):
            print(_line(one, read))


def _line(one: Collection, read: bool) -> str:
    def chances(asked: Sequence[Signals]) -> list[float]:
        return [confidence(signals if read else replace(signals, read=None), one.made) for signals in asked]

    answerable = chances(one.answerable)
    refused, lost = (float(np.mean([chance < edge for chance in answerable])) for edge in (0.5, 0.25))
    cells = [one.name, "fitted" if one.name in FITTED_ON else "", str(len(answerable)), f"{refused:.2f}", f"{lost:.2f}"]
    for asked in (one.unanswerable, one.withheld):
        misses = chances(asked)
        share = float(np.mean([chance < 0.5 for chance in misses])) if misses else 0.0
        cells.append(f"{len(misses)}, {metrics.auroc(answerable, misses):.3f}, {share:.2f}" if misses else "")
    return f"| {' | '.join(cells)} |"


def _rows(signals: Sequence[Signals], read: bool) -> Floats:
    # the covered share tells nothing of written unanswerables that the reader doesn't, and misleads where
    # questions avoid the text's words
    rows = [[one.similarity, (one.read or 0.0) if read else one.coverage] for one in signals]
    return np.array(rows, dtype=np.float64).reshape(len(signals), 2)


_ASKED = ("answerable", "unanswerable", "withheld")
_MADE = ("present", "absent", "swapped")


def _flat(one: Collection) -> dict[str, Any]:
    asked = {kind: getattr(one, kind) for kind in _ASKED} | {kind: getattr(one.made, kind) for kind in _MADE}
    rows = {kind: [[s.similarity, s.coverage, s.read] for s in signals] for kind, signals in asked.items()}
    return {"name": one.name} | rows


def _unflat(row: dict[str, Any]) -> Collection:
    asked = {kind: tuple(Signals(*signals) for signals in row[kind]) for kind in (*_ASKED, *_MADE)}
    made = Calibration(**{kind: asked[kind] for kind in _MADE})
    return Collection(row["name"], **{kind: asked[kind] for kind in _ASKED}, made=made)


if __name__ == "__main__":
    sys.exit(main())
