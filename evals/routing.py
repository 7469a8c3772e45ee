"""`python -m evals.routing`: what kind of reply a question is taken to want, against a set of our own.

Every second line of a kind was held out when patterns were written. With `--look-alikes FOLDER` it also says how many
questions of other sets, all of them about documents, are sent elsewhere.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.chat.router import route
from qa.types import Kind

DATA = Path(__file__).parent / "data" / "routing.txt"
# what "doc" lines name, and words that stand in the made-up collection
_NAMES = ("the staff handbook", "handbook.pdf", "the annual report")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line of the set: what is typed and the kind of reply it wants."""

    text: str
    kind: Kind
    held_out: bool


def utterances() -> Iterator[Utterance]:
    """Read the set."""
    kind, count = Kind.PASSAGE, 0
    for line in DATA.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("["):
            kind, count = Kind(line.strip("[]")), 0
            continue
        yield Utterance(line.removeprefix("doc: "), kind, count % 2 == 1)
        count += 1


def routed(text: str) -> Kind:
    """Return the kind a question is taken for, in a collection that has the two documents the set speaks of."""
    return route(text, lambda words: words.casefold().strip(" ?") in _NAMES, lambda word: word in ("html", "xlsx")).kind


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m evals.routing", description=__doc__.splitlines()[0])
    parser.add_argument("--look-alikes", type=Path, default=None, help="folder of sets with queries*.jsonl")
    parser.add_argument("--show", action="store_true", help="print what is taken wrongly; of what isn't held out")
    options = parser.parse_args(argv)
    every = list(utterances())
    for name, some in (
        ("tuned on", [u for u in every if not u.held_out]),
        ("held out", [u for u in every if u.held_out]),
    ):
        print(f"{name}: {len(some)} utterances; kind, n, precision, recall")
        taken = [(u, routed(u.text)) for u in some]
        for kind in Kind:
            right = sum(u.kind is kind is got for u, got in taken)
            n, said = sum(u.kind is kind for u in some), sum(got is kind for _, got in taken)
            print(f"  {kind.value:<10} {n:4}  {right / said if said else 1.0:.3f}  {right / n if n else 1.0:.3f}")
        if options.show and name == "tuned on":
            for u, got in taken:
                if got is not u.kind:
                    print(f"    {u.kind.value} taken for {got.value}: {u.text}")
    if options.look_alikes:
        began, sent = time.perf_counter(), Counter[Kind]()
        questions = list(_questions(options.look_alikes))
        sent.update(routed(question) for question in questions)
        each = (time.perf_counter() - began) / max(1, len(questions)) * 1e6
        astray = len(questions) - sent[Kind.PASSAGE]
        print(f"look-alikes: {len(questions)}, elsewhere {astray} ({astray / len(questions):.2%}), {each:.0f} µs each")
        print("  " + ", ".join(f"{kind.value} {count}" for kind, count in sent.items() if kind is not Kind.PASSAGE))
    return 0


def _questions(folder: Path) -> Iterator[str]:
    for path in sorted([*folder.glob("*/quer*.jsonl"), *folder.glob("*/train.jsonl.gz")]):
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if question := row.get("text") or row.get("question"):
                    yield question


if __name__ == "__main__":
    sys.exit(main())
