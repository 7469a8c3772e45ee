"""`python -m evals.conversations --data DIR`: follow-ups found with their topic, and new questions taken for none.

Two looks. us-mexico's conversations: each follow-up as typed, with its turns before it, and as a person rewrote it.
squad2: questions that hardly name anything, asked after one about another article; what answered that one must not
be given again.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.sets import Question, load_set
from qa.chat.lookups import lookups
from qa.config import load_settings
from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from qa.engine import Engine, build
from qa.types import Answer, Turn, Verdict

_SEED = 5


@dataclass(frozen=True, slots=True)
class Follow:
    """A follow-up with what was asked before it, as a person rewrote it, and the places that answer."""

    question: str
    rewritten: str
    before: tuple[Turn, ...]
    evidence: tuple[tuple[str, int, int], ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure both, print."""
    parser = argparse.ArgumentParser(prog="python -m evals.conversations", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds eval/ and corpus/")
    parser.add_argument("--work", type=Path, default=None, help="folder kept for documents and indexes")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        followed(options.data, _engine(options.data, work, "us-mexico"))
        changed(options.data, _engine(options.data, work, "squad2"))
    return 0


def followed(data: Path, engine: Engine) -> None:
    """Print how often the evidence of us-mexico's follow-ups is first, or among five."""
    print("us-mexico, follow-ups: n, hit@1, hit@5")
    rows = list(_follow_ups(data))
    for name in ("as typed", "with its turns", "rewritten by a person"):
        first = five = 0
        for row in rows:
            asked = row.rewritten if name == "rewritten by a person" else row.question
            answer = engine.ask(asked, row.before if name == "with its turns" else ()).answer
            hits = [_holds(answer, at, row.evidence) for at in range(len(answer.passages[:5]))]
            first, five = first + any(hits[:1]), five + any(hits)
        print(f"  {name}: {len(rows)}, {first / len(rows):.3f}, {five / len(rows):.3f}")


def changed(data: Path, engine: Engine) -> None:
    """Print what becomes of squad2's barest questions after a question about another article."""
    titles = {row["id"]: row["title"] for row in _lines(data / "eval" / "squad2" / "corpus.jsonl")}
    questions = load_set(data, "squad2").questions
    before = Turn("Which town was asked about in the question before?")
    bare = [question for question in questions if lookups(question.text, [before]) != (question.text,)]
    others = [question for question in questions if question.answerable and question not in bare]
    rng = random.Random(_SEED)
    turns = {question.text: _elsewhere(question, others, titles, rng) for question in bare}
    print("squad2, bare questions after one about another article: n, answered, of these in another article's words")
    for answerable in (True, False):
        asked = [question for question in bare if question.answerable == answerable]
        for name in ("alone", "after the other"):
            found: Counter[str] = Counter()
            for question in asked:
                answer = engine.ask(question.text, [turns[question.text]] if name != "alone" else ()).answer
                if answer.verdict is Verdict.ANSWERED:
                    found["answered"] += 1
                    found["astray"] += titles[_document(answer)] != _title(question, titles)
            kind = "answerable" if answerable else "unanswerable"
            print(f"  {kind}, {name}: {len(asked)}, {found['answered']}, {found['astray']}")


def _engine(data: Path, work: Path, name: str) -> Engine:
    embedder = SentenceTransformerEmbedder()
    settings = load_settings({"index": work / name / "index-default"}, environ={}, folder=work)
    build(settings, [load_set(data, name).write(work)], embedder=embedder)
    return Engine.open(settings, embedder)


def _follow_ups(data: Path) -> Iterator[Follow]:
    for row in _lines(data / "eval" / "us-mexico" / "conversations.jsonl"):
        turns: list[Turn] = []
        for turn in row["turns"]:
            if turn["type"] == "followup" and turn["answerable"]:
                evidence = tuple((one["doc"], one["start"], one["end"]) for one in turn["evidence"])
                yield Follow(turn["question"], turn["standalone"], tuple(turns), evidence)
            turns.append(Turn(turn["question"]))


def _holds(answer: Answer, at: int, evidence: Sequence[tuple[str, int, int]]) -> bool:
    passage = answer.passages[at]
    return any(
        passage.source == document and passage.span.start < end and start < passage.span.end
        for document, start, end in evidence
    )


def _elsewhere(question: Question, others: Sequence[Question], titles: dict[str, str], rng: random.Random) -> Turn:
    """Draw a question about another article."""
    while True:
        other = rng.choice(others)
        if _title(other, titles) != _title(question, titles):
            return Turn(other.text)


def _title(question: Question, titles: dict[str, str]) -> str:
    return titles[next(iter(question.relevant), question.raw.get("about", ""))]


def _document(answer: Answer) -> str:
    return Path(answer.citations[0].passage.source).stem


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


if __name__ == "__main__":
    sys.exit(main())
