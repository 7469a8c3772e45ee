"""Query time as the collection grows to a million chunks, with rows synthesised around real ones.

Everything but the rows is the product's own: files, chunks, BM25, sentence rows, the index on disk, retrieval. Chunks
are short here, so that a million of them can be made in minutes; the real model's time for a question is added apart.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.indexing import chunk_texts, made_collection
from benchmarks.measure import exponent, memory, percentiles, timed
from benchmarks.process import apart
from benchmarks.run import Run, say
from benchmarks.synthetic import SynthesisedEmbedder
from benchmarks.texts import Writer

_A_FILE = 200_000  # characters
_CHUNK = 240
_DEPTH = 10


def measure(run: Run) -> dict[str, Any]:
    """Measure at 1k and 10k chunks, with --large at 10k, 100k and 1M."""
    real = run.work / "real-rows.npy"
    docs = made_collection(run, 1_000)
    say("scale: rows of real texts to synthesise around")
    apart("scale.real_rows", docs=docs.folder, out=real)
    sizes = run.sizes if max(run.sizes) > 10_000 else (10_000, 100_000, 1_000_000) if run.large else (1_000, 10_000)
    found: dict[str, Any] = {}
    for size in sizes:
        say(f"scale: {size:,} chunks")
        found[str(size)] = apart("scale.in_child", work=run.work, real=real, size=size, questions=run.questions)
    chunks = [one["chunks"] for one in found.values()]
    grown = {
        part: exponent(chunks, [one["milliseconds"][part]["p50"] for one in found.values()])
        for part in ("search", "vectors", "words")
    }
    return {"sizes": found, "exponents": grown if len(found) > 1 else {}}


def real_rows(docs: str, out: str) -> dict[str, Any]:
    """Embed a folder's chunks with the real model and keep their rows."""
    from qa.config import Settings
    from qa.engine import make_embedder
    from qa.protocols import Input

    rows = make_embedder(Settings()).embed_documents([Input("", text, ()) for text in chunk_texts(Path(docs))]).chunks
    np.save(out, rows)
    return {"rows": len(rows)}


def in_child(work: str, real: str, size: int, questions: int) -> dict[str, Any]:
    """Build an index of so many chunks and question it."""
    from qa.config import load_settings
    from qa.engine import build, open_collection
    from qa.engine.adapters import weights_of
    from qa.retrieve import retrieve

    folder = Path(work) / f"scale-{size}"
    shutil.rmtree(folder, ignore_errors=True)
    characters = _write(folder / "docs", size)
    kept = np.lib.format.open_memmap(folder / "rows.npy", mode="w+", dtype=np.float16, shape=(size * 2, 384))
    embedder = SynthesisedEmbedder(np.load(real), kept)
    settings = load_settings(
        {
            "index": folder / "index",
            "chunk.size": _CHUNK,
            "chunk.overlap": 0,
            "reader.enabled": False,
            "verdict.questions": 0,
        },
        environ={},
        folder=folder,
    )
    _, built = timed(lambda: build(settings, [folder / "docs"], embedder=embedder))
    after = memory()
    index, opened = timed(lambda: open_collection(settings))
    asked = _questions(questions)
    rows = embedder.rows(asked)
    weights, candidates = weights_of(settings), settings.retrieve.candidates
    taken: dict[str, list[float]] = {"search": [], "vectors": [], "words": []}
    exact, recalls = _exact(kept[: embedder.kept], rows), []
    for at in range(-5, len(asked)):  # the first five are there to warm up
        question, row = asked[at], rows[at]
        whole = timed(lambda q=question, r=row: retrieve(index, q, r, weights=weights, candidates=candidates, most=30))  # type: ignore[misc]
        vectors = timed(lambda r=row: index.store.search(r, candidates))  # type: ignore[misc]
        words = timed(lambda q=question: index.keyword.scores(q))  # type: ignore[misc]
        if at < 0:
            continue
        for part, one in (("search", whole), ("vectors", vectors), ("words", words)):
            taken[part].append(one[1].wall * 1e3)
        nearest = [similarity for _, similarity in index.store.search(row, _DEPTH)]
        recalls.append(recall(nearest, exact[at]))
    return {
        "chunks": len(index),
        "characters": characters,
        "build": {"wall": built.wall, "cpu": built.cpu, "peak_mb": after.get("peak", 0.0)},
        "opening": opened.wall,
        "memory": _memory_of(folder / "index", asked, rows),
        "index_bytes": sum(path.stat().st_size for path in (folder / "index").rglob("*") if path.is_file()),
        "milliseconds": {part: percentiles(values) for part, values in taken.items()},
        "recall@10": sum(recalls) / len(recalls),
        "store": _kind(index.store),
    }


def recall(found: Sequence[float], exact: Sequence[float], tolerance: float = 2e-3) -> float:
    """Return the share of the exact best whose similarity is matched by what was found, from the best down.

    By similarity, not by number: equal rows are equally right. The exact ones come from rows kept in half precision,
    hence the tolerance.
    """
    worst = exact[-1] - tolerance
    return sum(similarity >= worst for similarity in found) / len(exact)


def _exact(kept: Any, rows: Any) -> list[list[float]]:  # noqa: ANN401 -- arrays of two precisions
    """Return the best similarities of each row to all that were kept, a block at a time."""
    best = np.full((len(rows), _DEPTH), -2.0, dtype=np.float32)
    for first in range(0, len(kept), 50_000):
        block = rows @ kept[first : first + 50_000].astype(np.float32).T
        best = -np.sort(-np.concatenate([best, block], axis=1), axis=1)[:, :_DEPTH]
    return [[float(value) for value in row] for row in best]


def _memory_of(index: Path, questions: Sequence[str], rows: Any) -> dict[str, float]:  # noqa: ANN401
    np.save(index.parent / "question-rows.npy", rows[:20])
    found = apart("scale.serving", index=index, questions=list(questions[:20]), rows=index.parent / "question-rows.npy")
    return {name: float(value) for name, value in found["memory"].items()}


def serving(index: str, questions: Sequence[str], rows: str) -> dict[str, Any]:
    """Return the memory of a process that serves this index, the real model loaded beside it."""
    from qa.config import load_settings
    from qa.engine import make_embedder, open_collection
    from qa.engine.adapters import weights_of
    from qa.retrieve import retrieve

    settings = load_settings({"index": index}, environ={}, folder=Path(index))
    opened = open_collection(settings)
    make_embedder(settings).embed_query("warm up")
    for question, row in zip(questions, np.load(rows), strict=True):
        retrieve(opened, question, row, weights=weights_of(settings), candidates=settings.retrieve.candidates, most=30)
    return {"memory": memory()}


def _write(folder: Path, size: int) -> int:
    """Write documents that make about so many short chunks."""
    folder.mkdir(parents=True)
    writer, characters, number = Writer(2), 0, 0
    began = time.perf_counter()
    while characters < size * _CHUNK * 0.72:
        text, _ = writer.document(number, min(_A_FILE, int(size * _CHUNK * 0.72) - characters + 100))
        (folder / f"{number:05}.md").write_bytes(text.encode("utf-8"))
        characters, number = characters + len(text), number + 1
    say(f"scale: {number} files written in {time.perf_counter() - began:.0f} s")
    return characters


def _questions(count: int) -> list[str]:
    writer = Writer(2)
    asked = [question for number in range(5) for question in writer.document(number, _A_FILE // 10)[1][:80]]
    return asked[:count]


def _kind(store: Any) -> str:  # noqa: ANN401 -- whatever the engine chose
    return str(getattr(store, "description", "") or type(store).__name__)
