"""Index throughput: from files to a saved index by `qa.engine.build()`, in a process of its own, by stage."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measure import StageClock, by_name, exponent, memory, spread, timed
from benchmarks.process import apart
from benchmarks.run import Run, say
from benchmarks.texts import Collection, collection


def measure(run: Run) -> dict[str, Any]:
    """Index collections of each size several times, sizes taking turns."""
    made = {size: made_collection(run, size) for size in run.sizes}
    rows: dict[int, list[dict[str, Any]]] = {size: [] for size in made}
    for at in range(run.rounds):
        for size, docs in made.items():
            say(f"index: round {at + 1} of {run.rounds}, about {size:,} chunks")
            index = run.work / f"index-{size}"
            shutil.rmtree(index, ignore_errors=True)
            rows[size].append(apart("indexing.in_child", docs=docs.folder, index=index))
    sizes = {str(size): _figures(made[size], found) for size, found in rows.items()}
    chunks = [figures["chunks"] for figures in sizes.values()]
    walls = [figures["wall"]["median"] for figures in sizes.values()]
    grown = {"exponent": exponent(chunks, walls)} if len(sizes) > 1 else {}
    return {"sizes": sizes, **grown, "reading": apart("indexing.reading", docs=made[min(made)].folder)}


def made_collection(run: Run, size: int) -> Collection:
    """Return this run's documents of a size, written once."""
    folder = run.work / f"docs-{size}"
    shutil.rmtree(folder, ignore_errors=True)
    return collection(folder, size, docs=run.docs)


def _figures(docs: Collection, rows: list[dict[str, Any]]) -> dict[str, Any]:
    chunks, walls, cpus = rows[0]["chunks"], by_name(rows, "wall"), by_name(rows, "cpu")
    stages = {name for row in rows for name in row["stages"]}
    return {
        "files": docs.files,
        "chunks": chunks,
        "characters": docs.characters,
        "wall": asdict(spread(walls)),
        "cpu": asdict(spread(cpus)),
        "chunks_per_second": asdict(spread([chunks / wall for wall in walls])),
        "characters_per_second": asdict(spread([docs.characters / wall for wall in walls])),
        "cpu_ms_per_chunk": asdict(spread([cpu / chunks * 1e3 for cpu in cpus])),
        "process_wall": asdict(spread([row["process"]["wall"] for row in rows])),
        "stages": {name: asdict(spread([row["stages"].get(name, 0.0) for row in rows])) for name in sorted(stages)},
        "peak_mb": asdict(spread([row["memory"].get("peak", 0.0) for row in rows])),
        "bytes": rows[0]["bytes"],
        "bytes_per_character": rows[0]["bytes"] / docs.characters,
        "runtime": rows[0]["runtime"],
    }


def in_child(docs: str, index: str) -> dict[str, Any]:
    """Build an index and tell what it took; importing isn't counted, opening the model is."""
    from qa.config import load_settings
    from qa.engine import build, make_embedder

    settings = load_settings({"index": index}, environ={}, folder=Path(index).parent)
    embedder = make_embedder(settings)
    stages = StageClock()
    report, taken = timed(lambda: build(settings, [Path(docs)], embedder=embedder, stage=stages))
    size = sum(path.stat().st_size for path in Path(index).rglob("*") if path.is_file())
    return {
        "chunks": report.chunks,
        "wall": taken.wall,
        "cpu": taken.cpu,
        "stages": stages.seconds,
        "bytes": size,
        "memory": memory(),
        "runtime": getattr(embedder, "runtime", ""),
    }


def reading(docs: str) -> dict[str, Any]:
    """Time what "reading" is made of, apart: files to documents, documents to chunks."""
    from qa.chunk import chunk_document
    from qa.config import ChunkSettings
    from qa.load import read_document, walk

    how = ChunkSettings()
    found, walked = timed(lambda: walk([Path(docs)]))
    documents, loaded = timed(lambda: [read_document(item, item.path.read_bytes()).document for item in found])
    chunk_document(documents[0], size=how.size, overlap=how.overlap)  # pays for the import
    chunks, cut = timed(
        lambda: [chunk for one in documents for chunk in chunk_document(one, size=how.size, overlap=how.overlap)]
    )
    return {"chunks": len(chunks), "walking": walked.wall, "loading": loaded.wall, "chunking": cut.wall}


def chunk_texts(docs: Path) -> list[str]:
    """Return the texts of all chunks of a folder, as the product cuts them by default."""
    from qa.chunk import chunk_document
    from qa.config import ChunkSettings
    from qa.load import read_document, walk

    how = ChunkSettings()
    documents = [read_document(item, item.path.read_bytes()).document for item in walk([docs])]
    return [chunk.text for one in documents for chunk in chunk_document(one, size=how.size, overlap=how.overlap)]
