"""txtai's Embeddings with its texts stored; `options.hybrid` adds its BM25."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.adapters.serve import Given, Peer, serve


def load(given: Given) -> Peer:
    """Load the framework and the model."""
    from txtai import Embeddings

    hybrid = bool(given.options.get("hybrid"))
    made = Embeddings(path=given.model, content=True, hybrid=hybrid, gpu=False)
    made.batchtransform(["warm up"])

    def index(folder: Path) -> int:
        made.index((str(number), {"text": text}, None) for number, text in enumerate(given.chunks))
        made.save(str(folder))
        return int(made.count())

    def ask(question: str) -> Sequence[int]:
        return [int(found["id"]) for found in made.search(question, 10)]

    return Peer(index, ask, f"txtai {version('txtai')}")


if __name__ == "__main__":
    serve(load)
