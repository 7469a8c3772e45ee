"""`python -m evals.followups`: follow-ups of our own about a small collection of our own, by what they leave out.

For each kind: how often the passage that answers is among the first five, and how often the first quote answers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.config import load_settings
from qa.engine import Engine, build
from qa.types import Answer, Turn

_HERE = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What was asked first, the follow-up, and words of the passage that answers it."""

    kind: str
    first: str
    question: str
    expected: str


def follow_ups() -> list[FollowUp]:
    """Read the set."""
    lines = (_HERE / "followups.txt").read_text(encoding="utf-8").splitlines()
    return [
        FollowUp(*(part.strip() for part in line.split("|"))) for line in lines if line and not line.startswith("#")
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m evals.followups", description=__doc__.splitlines()[0])
    parser.add_argument("--show", action="store_true", help="print what isn't found")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        settings = load_settings({"index": Path(scratch) / "index"}, environ={}, folder=Path(scratch))
        build(settings, [_HERE / "followups"])
        engine = Engine.open(settings)
        tally: dict[str, Counter[str]] = {}
        for one in follow_ups():
            answer = engine.ask(one.question, [Turn(one.first)]).answer
            count = tally.setdefault(one.kind, Counter())
            count["n"] += 1
            count["five"] += _found(answer, one.expected)
            first = bool(answer.citations) and one.expected in answer.citations[0].text
            count["first"] += first
            if options.show and not (first and _found(answer, one.expected)):
                quote = answer.citations[0].text[:90] if answer.citations else "no quote"
                print(f"  {one.kind}: {one.first} / {one.question} -> {answer.searched}: {quote}")
    print("follow-ups: kind, n, hit@5, first quote answers")
    for kind, count in tally.items():
        n = count["n"]
        print(f"  {kind:<14} {n:3}  {count['five'] / n:.2f}  {count['first'] / n:.2f}")
    return 0


def _found(answer: Answer, expected: str) -> bool:
    return any(expected in passage.text for passage in answer.passages[:5])


if __name__ == "__main__":
    sys.exit(main())
