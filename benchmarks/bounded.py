"""Memory while a large folder is indexed: the peak of a process of its own, at several sizes.

What the model takes is the same at any size, so the large sizes have rows drawn from a seed in its place: what is
measured there is the house itself, reading, cutting, counting terms, writing rows and cells. The real model indexes
the smaller ones; with --large 50 MB of text through it and 1 GB without.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import memory, timed
from benchmarks.process import apart
from benchmarks.run import Run, say
from benchmarks.texts import collection
from qa.protocols import Embedded, Input, Progress, Query, Rows

_A_CHUNK = 620  # characters that are new in a chunk
_SMALL, _LARGE = (5_000_000, 50_000_000), (50_000_000, 1_000_000_000)  # characters: with the model, without


def measure(run: Run) -> dict[str, Any]:
    """Index a large folder without the model, and a smaller one with it."""
    found = {}
    for kind, (small, large) in {"without": (_SMALL[1], _LARGE[1]), "with the model": (_SMALL[0], _LARGE[0])}.items():
        characters = large if run.large else small
        docs, index = run.work / f"docs-{characters}", run.work / "index-bounded"
        say(f"bounded: {characters / 1e6:,.0f} MB of text {kind}")
        made = collection(docs, characters // _A_CHUNK)
        shutil.rmtree(index, ignore_errors=True)
        found[kind] = {"characters": made.characters} | apart(
            "bounded.in_child", docs=docs, index=index, model=kind == "with the model"
        )
        shutil.rmtree(docs)
        shutil.rmtree(index, ignore_errors=True)
    return found


def in_child(docs: str, index: str, model: bool) -> dict[str, Any]:
    """Build an index and tell what it took at its peak."""
    from qa.config import load_settings
    from qa.engine import build

    # without the model there are no questions to calibrate on
    changes = {} if model else {"verdict.questions": 0}
    settings = load_settings({"index": index, **changes}, environ={}, folder=Path(index).parent)
    report, taken = timed(lambda: build(settings, [Path(docs)], embedder=None if model else DrawnRows()))
    return {"chunks": report.chunks, "wall": taken.wall, "cpu": taken.cpu, "peak_mb": memory()["peak"]}


class DrawnRows:
    """An embedder whose rows are drawn around a thousand centres, as texts about a thousand things would lie."""

    fingerprint, dim, max_tokens, runtime = "drawn", 384, 256, ""

    def __init__(self, seed: int = 1) -> None:
        self._rng = np.random.default_rng(seed)
        self._centres = self._rng.standard_normal((1_000, self.dim)).astype(np.float32)

    def embed_documents(self, inputs: Sequence[Input], progress: Progress | None = None) -> Embedded:
        """Draw a row for each chunk and each sentence."""
        return Embedded(self._draw(len(inputs)), self._draw(sum(len(item.sentences) for item in inputs)))

    def embed_stream(self, inputs: Iterable[Input], block: int = 256) -> Iterator[Embedded]:
        """Draw rows for so many chunks at a time."""
        waiting = iter(inputs)
        while batch := list(islice(waiting, block)):
            yield self.embed_documents(batch)

    def embed_query(self, question: str) -> Query:
        """Draw a row."""
        return Query(self._draw(1)[0], len(question))

    def _draw(self, count: int) -> Rows:
        noise = self._rng.standard_normal((count, self.dim), dtype=np.float32)
        rows: Rows = self._centres[self._rng.integers(0, len(self._centres), count)] + noise
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows
