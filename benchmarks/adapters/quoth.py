"""Quoth itself: from files to a saved index with sentence vectors, BM25 and calibration, then its whole answer."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.adapters.serve import Given, Peer, serve


def load(given: Given) -> Peer:
    """Load the model; `options.reader` says whether the reader reads, when asked. Indexing is by default settings."""
    from qa.config import load_settings
    from qa.engine import Engine, build, make_embedder

    settings = load_settings(environ={}, folder=given.work)
    reader = settings.reader.model_copy(update={"enabled": bool(given.options.get("reader"))})
    embedder = make_embedder(settings)
    embedder.embed_query("warm up")
    kept: list[Engine] = []
    # what indexing imports is imported before the clock runs, as others' is
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch, "docs", "page.txt")
        page.parent.mkdir()
        page.write_text("Warm up.", encoding="utf-8")
        build(settings.model_copy(update={"index": Path(scratch, "index")}), [page.parent], embedder=embedder)

    def index(folder: Path) -> int:
        here = settings.model_copy(update={"index": folder})
        report = build(here, [given.docs], embedder=embedder)
        kept[:] = [Engine.open(here.model_copy(update={"reader": reader}), embedder)]
        return report.chunks

    def ask(question: str) -> Sequence[int]:
        answer = kept[0].ask(question).answer
        return [-1 for _ in answer.passages]

    return Peer(index, ask, str(getattr(embedder, "runtime", "")))


if __name__ == "__main__":
    serve(load)
