"""Wires the rooms together: `build()` and `Engine.ask()`. The only room that names concrete adapters.

Path ─load→ Document ─chunk→ Chunk… ─embed→ rows ─add→ Index
Index ─retrieve→ Hit… ─gather→ Passage… ─answer→ Draft ─cite→ Answer
"""

from qa.engine.adapters import make_embedder, make_reader, make_store, open_collection
from qa.engine.ask import Engine, Reply, Timings, status
from qa.engine.build import DEFAULT_COLLECTION, BuildReport, build

__all__ = [
    "DEFAULT_COLLECTION",
    "BuildReport",
    "Engine",
    "Reply",
    "Timings",
    "build",
    "make_embedder",
    "make_reader",
    "make_store",
    "open_collection",
    "status",
]
