"""`python -m evals --data DIR`: every set, every system, one table; results named by commit.

Retrieval, highlights, answers and abstention are measured on the product's own path, from files to `ask`.
The passage rules of us-mexico (what holds a quote) are those of the data's own scorer, `eval/score.py`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

from evals import metrics
from evals.report import to_markdown
from evals.sets import NAMES, EvalSet, Question, load_set
from evals.systems import RANKINGS, VARIANTS, Outcome, Place, System, documents_of, plain_rival, product, rankings
from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from training.variants import keywords

_HERE = Path(__file__).parent
_DEPTH = 10
_GRADED_DEPTH = 100


def main(argv: Sequence[str] | None = None) -> int:
    """Run the measurements asked for and write their results."""
    parser = argparse.ArgumentParser(prog="python -m evals", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds eval/ and corpus/")
    parser.add_argument("--sets", nargs="+", choices=NAMES, default=list(NAMES), help="sets to measure (default: all)")
    parser.add_argument("--systems", nargs="+", default=None, help="systems by name (default: all)")
    parser.add_argument("--limit", type=int, default=0, help="questions a set at most, evenly picked (0: all)")
    parser.add_argument("--keywords", action="store_true", help="ask each question as its content words only")
    parser.add_argument("--work", type=Path, default=None, help="folder kept for documents and indexes")
    parser.add_argument("--out", type=Path, default=None, help="results file (default: evals/results/<commit>.json)")
    parser.add_argument("--table", type=Path, default=None, help="write the table as Markdown to this file, too")
    options = parser.parse_args(argv)
    data = options.data
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        results = {name: _measure(load_set(data, name), data, work, options) for name in options.sets}
    how = {"limit": options.limit, "keywords": options.keywords}
    whole = {"commit": _commit(), "machine": _machine(), **how, "sets": results}
    out = options.out or _HERE / "results" / f"{whole['commit']}.json"
    out.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    table = to_markdown(whole)
    if options.table:
        options.table.write_text(table, encoding="utf-8")
    print(table)
    print(f"Written: {out}")
    return 0


def _measure(chosen: EvalSet, data: Path, work: Path, options: argparse.Namespace) -> dict[str, Any]:
    embedder = SentenceTransformerEmbedder()
    docs = chosen.write(work)
    questions = chosen.questions
    if options.limit and len(questions) > options.limit:
        step = len(questions) / options.limit
        questions = tuple(questions[int(at * step)] for at in range(options.limit))
    scorer = _scorer(data) if chosen.name == "us-mexico" else None
    found: dict[str, Any] = {}
    for name in options.systems or [*VARIANTS, *RANKINGS, "plain dense"]:
        began = time.perf_counter()
        system: System
        if name == "plain dense":
            system = plain_rival(docs)
        elif name in RANKINGS:
            system = rankings(docs, work / chosen.name, embedder)[name]
        else:
            system = product(docs, work / chosen.name, embedder, VARIANTS[name])
        depth = _GRADED_DEPTH if chosen.graded else _DEPTH
        asked = [(options.keywords and keywords(question.text)) or question.text for question in questions]
        outcomes = [system(text, depth) for text in asked]
        found[name] = _figures(chosen, questions, outcomes, scorer)
        print(f"{chosen.name}, {name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return found


def _figures(
    chosen: EvalSet, questions: Sequence[Question], outcomes: Sequence[Outcome], scorer: ModuleType | None
) -> dict[str, Any]:
    """Return each figure by question type, and the abstention figures over all questions."""
    by_kind: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for question, outcome in zip(questions, outcomes, strict=True):
        if not question.answerable:
            continue
        one = _gold_figures(question, outcome, scorer, chosen) if scorer else _set_figures(question, outcome)
        kinds = [question.kind] if chosen.name != "us-mexico" else [question.kind, *_groups(question)]
        for kind in kinds:
            for name, value in one.items():
                by_kind[kind][name].append(value)
    result: dict[str, Any] = {
        kind: {name: asdict(metrics.estimate(values)) for name, values in figures.items()}
        for kind, figures in by_kind.items()
    }
    result["abstention"] = _abstention(questions, outcomes)
    taken = sorted(outcome.milliseconds for outcome in outcomes)
    result["milliseconds"] = {"p50": taken[len(taken) // 2], "p95": taken[int(len(taken) * 0.95)]}
    return result


def _groups(question: Question) -> list[str]:
    return ["answerable"] if question.kind == "spanish" else ["answerable", "answerable, Spanish aside"]


def _gold_figures(question: Question, outcome: Outcome, scorer: ModuleType, chosen: EvalSet) -> dict[str, float]:
    row = {
        "passages": [{"doc": p.document, "start": p.start, "end": p.end, "text": p.text} for p in outcome.passages],
        "highlights": [{"doc": m.document, "start": m.start, "end": m.end} for m in outcome.quotes],
        "answer": outcome.answer,
    }
    figures: dict[str, float] = scorer.item_figures(question.raw, row, scorer.Docs(chosen.documents))
    figures.pop("abst", None)
    return figures


def _set_figures(question: Question, outcome: Outcome) -> dict[str, float]:
    ranked = documents_of(outcome.passages)
    relevant = question.relevant
    if not any(grade > 0 for grade in relevant.values()):
        return {}
    first = next((rank for rank, name in enumerate(ranked[:10], start=1) if relevant.get(name, 0) > 0), 0)
    figures = {
        "hit@1": float(first == 1),
        "hit@5": float(0 < first <= 5),
        "MRR@10": 1 / first if first else 0.0,
        "nDCG@10": metrics.ndcg(ranked, relevant),
        "recall@100": metrics.recall(ranked, relevant, 100),
    }
    spans = [e for e in question.raw.get("evidence", ()) if "start" in e]
    if spans and outcome.marks:
        figures |= _highlight_figures(spans, outcome)
    if question.raw.get("answers") and outcome.verdict:
        figures["answer holds it"] = float(
            any(a.casefold() in outcome.answer.casefold() for a in question.raw["answers"])
        )
    return figures


def _highlight_figures(spans: Sequence[dict[str, Any]], outcome: Outcome) -> dict[str, float]:
    """Score the highlight where the right passage is among those found: what marks it within that passage."""
    gold = spans[0]["doc"]
    marks = [m for m in outcome.marks if m.document.removesuffix(".txt") == gold]
    if not marks:
        return {}
    held = any(m.start <= e["start"] and e["end"] <= m.end for m in marks for e in spans if e["doc"] == gold)
    best = max((metrics.overlap(_pairs(marks), [(e["start"], e["end"])]) for e in spans), key=lambda three: three[2])
    return {"sentence holds it": float(held), "mark precision": best[0], "mark recall": best[1], "mark F1": best[2]}


def _pairs(places: Sequence[Place]) -> list[tuple[int, int]]:
    return [(place.start, place.end) for place in places]


def _abstention(questions: Sequence[Question], outcomes: Sequence[Outcome]) -> dict[str, float]:
    known = [(q.answerable, o) for q, o in zip(questions, outcomes, strict=True) if o.confidence is not None]
    if not known or all(answerable for answerable, _ in known):
        return {}
    answerable = [yes for yes, _ in known]
    confidence = [float(o.confidence or 0.0) for _, o in known]
    figures = {
        "AUROC": metrics.auroc(
            [c for c, yes in zip(confidence, answerable, strict=True) if yes],
            [c for c, yes in zip(confidence, answerable, strict=True) if not yes],
        )
    }
    for coverage in (0.8, 0.9, 0.95):
        figures[f"false answers at {coverage:.0%}"] = metrics.false_answers(confidence, answerable, coverage)
    if any(o.verdict for _, o in known):
        figures |= metrics.refusals([o.verdict != "answered" for _, o in known], answerable)
        figures["calibration error"] = metrics.calibration_error(confidence, answerable)
    return figures


def _scorer(data: Path) -> ModuleType:
    path = data / "eval" / "score.py"
    spec = importlib.util.spec_from_file_location("eval_score", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _commit() -> str:
    run = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, cwd=_HERE, check=False
    )
    dirty = subprocess.run(
        ["git", "status", "--porcelain", "src"], capture_output=True, text=True, cwd=_HERE, check=False
    )
    return (run.stdout.strip() or "unknown") + ("-changed" if dirty.stdout.strip() else "")


def _machine() -> dict[str, Any]:
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    sys.exit(main())
