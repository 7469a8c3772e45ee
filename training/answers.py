"""Fits the answer model: `python -m training.answers look|fit --data DIR --train DIR --work DIR`.

`look` indexes each collection and asks its questions on the product's own path, with what answers them and with it
withheld, and questions of other collections; it keeps every candidate's signals. `fit` fits boosted trees to them,
checks them on collections left out, and writes the model as plain numbers.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.answer.candidates import PASSAGES, as_rows, find_candidates
from qa.answer.signals import NAMES
from qa.config import load_settings
from qa.engine import Engine, build, make_embedder, make_reader
from qa.engine.adapters import weights_of
from qa.passages import gather
from qa.protocols import Embedder, Reader
from qa.retrieve import rerank, retrieve
from qa.types import Hit, Passage, Reading, Span
from training.questions import Asked, Collection, collections, is_right, some

FOREIGN, FOREIGN_EVERYDAY = 45, 15  # questions of other collections asked of each; the everyday ones are many
WITHHELD = 0.35  # of the answerable questions are asked again with what answers them taken away
SOURCES = ("nq", "squad2-0", "covidqa", "tatqa")  # whose questions are asked of others


class Remembering:
    """A reader that keeps what it has read in a file, so that other signals are looked at without reading anew."""

    def __init__(self, reader: Reader, path: Path) -> None:
        self._reader, self._path = reader, path
        self._known: dict[tuple[object, ...], Reading] = pickle.loads(path.read_bytes()) if path.exists() else {}

    def read(
        self,
        question: str,
        texts: Sequence[str],
        contexts: Sequence[str] = (),
        sentences: Sequence[Sequence[Span]] = (),
    ) -> list[Reading]:
        """Return one reading a text, in the order given."""
        asked = [
            (question, text, context, tuple(spans))
            for text, context, spans in zip(
                texts, contexts or [""] * len(texts), sentences or [()] * len(texts), strict=True
            )
        ]
        new = [one for one in asked if one not in self._known]
        read = self._reader.read(question, [one[1] for one in new], [one[2] for one in new], [one[3] for one in new])
        self._known.update(zip(new, read, strict=True))
        return [self._known[one] for one in asked]

    def save(self) -> None:
        """Write what was read."""
        self._path.write_bytes(pickle.dumps(self._known))


class Lookout:
    """One indexed collection, asked on the product's path."""

    def __init__(self, one: Collection, work: Path, embedder: Embedder, reader: Reader) -> None:
        docs = work / one.name / "docs"
        docs.mkdir(parents=True, exist_ok=True)
        for name, text in one.documents.items():
            (docs / name).write_bytes(text.encode("utf-8"))
        self.settings = load_settings(
            {"index": work / one.name / "index", "verdict.questions": 0}, environ={}, folder=work
        )
        build(self.settings, [docs], embedder=embedder, reader=reader)
        self.engine = Engine.open(self.settings, embedder)
        self.embedder, self.reader = embedder, reader

    def hits(self, question: str) -> list[Hit]:
        """Look a question up."""
        how = self.settings.retrieve
        row = self.embedder.embed_query(question).row
        return retrieve(
            self.engine.index, question, row, weights=weights_of(self.settings), candidates=how.candidates, most=30
        )

    def passages(self, question: str, hits: Sequence[Hit]) -> list[Passage]:
        """Read the best hits and gather them."""
        how = self.settings.reader
        read = rerank(self.engine.index, hits, self.reader, question, count=how.count, weight=how.weight)
        return gather(read, 10)[:PASSAGES]

    def rows(self, asked: Asked, hits: Sequence[Hit]) -> tuple[NDArray[np.float32], list[int]]:
        """Return the signals of every candidate, and whether it is right (1), wrong (0) or not to be judged (-1)."""
        passages = self.passages(asked.question, hits)
        candidates = find_candidates(asked.question, passages, self.engine.index.keyword, self.reader)
        truth = []
        for one in candidates:
            right = is_right(asked, one.passage.source, one.sentence.start, one.sentence.end, one.text)
            truth.append(-1 if right is None else int(right))
        return as_rows(candidates), truth


def look(one: Collection, others: dict[str, Collection], work: Path, embedder: Embedder, reader: Reader) -> None:
    """Ask a collection its questions and some of the others', and keep what was seen in one file."""
    began = time.monotonic()
    remembering = Remembering(reader, work / f"{one.name}.reads")
    out = Lookout(one, work, embedder, remembering)
    rng = np.random.default_rng(5)
    seen: list[tuple[NDArray[np.float32], list[int], str]] = []
    for asked in one.questions:
        hits = out.hits(asked.question)
        seen.append((*out.rows(asked, hits[:20]), "answerable" if asked.answers else asked.without))
        if asked.answers and rng.random() < WITHHELD:
            without = [hit for hit in hits if not _answers(asked, hit)]
            nothing = Asked(asked.question, "", 0, 0, ())
            seen.append((*out.rows(nothing, without[:20]), "withheld"))
    foreign = FOREIGN_EVERYDAY if one.name.startswith("everyday") else FOREIGN
    for name in SOURCES:
        if name.split("-")[0] != one.name.split("-")[0]:
            for asked in some(others[name].questions, foreign // 3, seed=len(one.name)):
                nothing = Asked(asked.question, "", 0, 0, ())
                seen.append((*out.rows(nothing, out.hits(asked.question)[:20]), "foreign"))
    remembering.save()
    kinds = [kind for rows, _, kind in seen if len(rows)]
    kept = [(rows, truth) for rows, truth, _ in seen if len(rows)]
    np.savez_compressed(
        work / f"{one.name}.npz",
        names=np.array(NAMES),
        rows=np.concatenate([rows for rows, _ in kept]),
        truth=np.concatenate([np.array(truth, np.int8) for _, truth in kept]),
        question=np.repeat(np.arange(len(kept)), [len(rows) for rows, _ in kept]),
        kinds=np.array(kinds),
    )
    print(f"{one.name}: {len(kept)} questions in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def _answers(asked: Asked, hit: Hit) -> bool:
    """Tell whether a chunk overlaps the question's passage, or holds its answer's words."""
    span = hit.chunk.span
    if hit.chunk.source == asked.source and span.start < asked.end and asked.start < span.end:
        return True
    return is_right(asked, "", 0, 0, hit.chunk.text) is not False


def main(argv: Sequence[str] | None = None) -> int:
    """Look, or fit."""
    parser = argparse.ArgumentParser(prog="python -m training.answers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("step", choices=("look", "fit"))
    parser.add_argument("--data", type=Path, required=True, help="folder that holds eval/")
    parser.add_argument("--train", type=Path, required=True, help="folder of the training sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for documents, indexes and signals")
    parser.add_argument("--out", type=Path, help="where `fit` writes the model")
    parser.add_argument("--only", nargs="*", help="collections to look at")
    given = parser.parse_args(argv)
    if given.step == "fit":
        from training.boosting import fit_and_report

        fit_and_report(given.work, given.out)
        return 0
    settings = load_settings({}, environ={}, folder=given.work)
    embedder, reader = make_embedder(settings), make_reader(settings)
    assert reader is not None
    known = {one.name: one for one in collections(given.data, given.train)}
    for one in _chosen(known, given.only):
        look(one, known, given.work, embedder, reader)
    return 0


def _chosen(known: dict[str, Any], only: Sequence[str] | None) -> Iterator[Collection]:
    for name in only or known:
        yield known[name]


if __name__ == "__main__":
    sys.exit(main())
